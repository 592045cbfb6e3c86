//! Whole frames come back equal: every event type, optional field, union branch and enum member.

use std::collections::BTreeSet;

use antiphon_conformance::wire::{Outcome, READERS, difference};

use crate::{
    generate::{Fill, Generator},
    random::{Random, nightly, seed},
    shapes::{PROTOCOLS, Shapes},
};

#[test]
fn frames_of_every_shape_come_back_equal() {
    let rounds = if nightly() { 2_000 } else { 60 };
    let (seed, mut cases) = (seed(), 0);
    for (protocol, folder) in PROTOCOLS {
        let shapes = Shapes::of(folder);
        let mut used = BTreeSet::new();
        for (index, root) in shapes.roots().iter().enumerate() {
            let reader = READERS
                .iter()
                .find(|reader| reader.protocol == protocol && reader.events == root.events)
                .unwrap_or_else(|| panic!("no reader for {folder} {}", root.events));
            for round in 0..rounds {
                let fill = match round {
                    0 => Fill::Least,
                    round if round % 2 == 1 => Fill::All,
                    _ => Fill::Mixed,
                };
                let random = Random::new(seed ^ (index as u64) << 32 ^ round);
                let mut generator = Generator::new(&shapes, random, fill);
                let frame = generator.object(&root.object, 0).to_string();
                used.append(&mut generator.used);
                match (reader.read)(&frame) {
                    Outcome::Known { json } => {
                        let difference = difference(protocol, &frame, &json);
                        assert_eq!(difference, None, "{} {frame}", root.event);
                    }
                    other => panic!("{}: {other:?}\n{frame}", root.event),
                }
                cases += 1;
            }
        }
        let missed: Vec<_> = reachable(&shapes).difference(&used).cloned().collect();
        assert_eq!(
            missed,
            Vec::<String>::new(),
            "{folder}: shapes that no frame had"
        );
    }
    eprintln!("frames_of_every_shape cases={cases} failed=0 seed={seed}");
}

/// Every field and branch that the events of a description reach. Members of enums are many and
/// alike, so that a few rounds need not meet them all.
fn reachable(shapes: &Shapes) -> BTreeSet<String> {
    let mut open: Vec<String> = shapes.roots().into_iter().map(|root| root.object).collect();
    let (mut seen, mut all) = (BTreeSet::new(), BTreeSet::new());
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let shape = shapes.get(&name);
        let mut types = Vec::new();
        for field in shape["fields"].as_array().into_iter().flatten() {
            all.insert(format!("{name}.{}", field["name"].as_str().unwrap()));
            types.push(&field["type"]);
        }
        for (index, branch) in shape["branches"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            all.insert(format!("{name} | {index}"));
            types.push(&branch["type"]);
        }
        for mut ty in types {
            while let Some(inner) = [&ty["list"], &ty["map"]].into_iter().find(|t| !t.is_null()) {
                ty = inner;
            }
            open.extend(ty["name"].as_str().map(str::to_owned));
        }
    }
    all
}
