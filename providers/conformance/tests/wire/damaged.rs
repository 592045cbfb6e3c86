//! Damaged frames: deleted, nulled, retyped, renamed, duplicated and nested members at every path,
//! and damaged text. Nothing panics, an unknown frame is never an error, and what does not fit is
//! kept as it came.

use std::panic::{AssertUnwindSafe, catch_unwind};

use antiphon_conformance::wire::{Outcome, decode, difference};
use serde_json::{Map, Value, json};

use crate::{
    corpus::{Frame, frames},
    random::{Random, nightly, seed},
};

// faults: E3, E4, E8 by members that are deleted, nulled, retyped, renamed, doubled and
// nested, and lone surrogates
#[test]
fn damaged_frames_are_data() {
    let cases: u64 = if nightly() { 2_000_000 } else { 20_000 };
    let start = std::time::Instant::now();
    let seed = seed();
    let frames = frames(seed);
    let (mut known, mut unknown, mut degraded, mut failed) = (0_u64, 0_u64, 0_u64, 0_u64);
    for case in 0..cases {
        let mut random = Random::new(seed.wrapping_add(case));
        let frame = &frames[random.below(frames.len())];
        let text = damage(frame, &mut random);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            decode(frame.protocol, Some(frame.direction), &text)
        }));
        let Ok(outcome) = outcome else {
            panic!("case {case} seed {seed} panics:\n{text}")
        };
        match &outcome {
            Outcome::Known { json } => {
                known += 1;
                let difference = difference(frame.protocol, &text, json);
                assert_eq!(difference, None, "case {case} seed {seed}\n{text}\n{json}");
            }
            Outcome::Unknown { json, .. } => {
                unknown += 1;
                assert_eq!(json, &text, "case {case} seed {seed}");
            }
            Outcome::Degraded { json, .. } => {
                degraded += 1;
                assert_eq!(json, &text, "case {case} seed {seed}");
            }
            Outcome::Failed(error) => {
                failed += 1;
                assert!(
                    is_no_frame(&text),
                    "case {case} seed {seed}: {error}\n{text}"
                );
            }
        }
    }
    eprintln!(
        "damaged_frames cases={cases} failed=0 seed={seed} wall={:?} known={known} \
         unknown={unknown} degraded={degraded} refused={failed}",
        start.elapsed()
    );
    assert!(
        known > 0 && unknown > 0 && degraded > 0 && failed > 0,
        "each outcome is met"
    );
}

/// Whether a text may be refused: no JSON object, or nested beyond the limit.
fn is_no_frame(text: &str) -> bool {
    let object = serde_json::from_str::<&serde_json::value::RawValue>(text)
        .is_ok_and(|raw| raw.get().starts_with('{'));
    let (mut depth, mut deepest) = (0_usize, 0);
    for letter in text.chars() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    !object || deepest > 100
}

fn damage(frame: &Frame, random: &mut Random) -> String {
    let mut value = frame.value.clone();
    for _ in 0..=random.below(3) {
        let path = path_of(&value, random.below(count(&value)));
        damage_at(&mut value, &path, random);
    }
    let duplicates = if random.once_in(5) { 3 } else { 0 };
    let mut writer = Writer {
        random,
        duplicates,
        out: String::new(),
    };
    writer.value(&value);
    let mut text = writer.out;
    if random.once_in(20) {
        damage_text(&mut text, random);
    }
    text
}

enum Step {
    Member(String),
    Index(usize),
}

/// How many values stand below this one.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(|value| 1 + count(value)).sum(),
        Value::Array(list) => list.iter().map(|value| 1 + count(value)).sum(),
        _ => 0,
    }
}

/// Path of the value that stands `nth` below this one, in order.
fn path_of(value: &Value, mut nth: usize) -> Vec<Step> {
    let children: Vec<(Step, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (Step::Member(name.clone()), value))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| (Step::Index(index), value))
            .collect(),
        _ => Vec::new(),
    };
    for (step, child) in children {
        if nth == 0 {
            return vec![step];
        }
        let below = count(child);
        if nth <= below {
            let mut path = vec![step];
            path.extend(path_of(child, nth - 1));
            return path;
        }
        nth -= 1 + below;
    }
    Vec::new()
}

fn damage_at(value: &mut Value, path: &[Step], random: &mut Random) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut parent = value;
    for step in parents {
        parent = match step {
            Step::Member(name) => &mut parent[name.as_str()],
            Step::Index(index) => &mut parent[*index],
        };
    }
    let operation = random.below(6);
    match (last, parent) {
        (Step::Member(name), Value::Object(map)) => match operation {
            0 => drop(map.remove(name)),
            1 => rename(map, name, random),
            operation => {
                let member = map.get_mut(name).unwrap();
                *member = damaged(member.take(), operation, random);
            }
        },
        (Step::Index(index), Value::Array(list)) => match operation {
            0 => drop(list.remove(*index)),
            1 => list.push(list[*index].clone()),
            operation => list[*index] = damaged(list[*index].take(), operation, random),
        },
        _ => panic!("a path leads through objects and arrays"),
    }
}

fn rename(map: &mut Map<String, Value>, name: &str, random: &mut Random) {
    let value = map.remove(name).unwrap();
    let known: Vec<String> = map.keys().cloned().collect();
    let name = match random.below(3) {
        0 if !known.is_empty() => random.pick(&known).clone(),
        1 => "type".to_owned(),
        _ => format!("{name}_of_tomorrow"),
    };
    map.insert(name, value);
}

fn damaged(value: Value, operation: usize, random: &mut Random) -> Value {
    match operation {
        2 => Value::Null,
        3 => nested(value, random),
        _ => random
            .pick(&[
                json!("text"),
                json!(""),
                json!(-1),
                json!(0.5),
                json!(u64::MAX),
                json!(1e300),
                json!(true),
                json!([]),
                json!([[null]]),
                json!({}),
                json!({"type": "a type of tomorrow"}),
                Value::Null,
            ])
            .clone(),
    }
}

/// The value deep inside of arrays or objects, now and then deeper than the limit.
fn nested(mut value: Value, random: &mut Random) -> Value {
    let levels = if random.once_in(20) {
        110
    } else {
        1 + random.below(4)
    };
    for _ in 0..levels {
        value = if random.once_in(2) {
            json!([value])
        } else {
            json!({ "in": value })
        };
    }
    value
}

/// Writes JSON, with a few members written twice.
struct Writer<'a> {
    random: &'a mut Random,
    duplicates: usize,
    out: String,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                self.out.push('{');
                let mut first = true;
                for (name, member) in map {
                    let twice = self.duplicates > 0 && self.random.once_in(4);
                    self.duplicates -= usize::from(twice);
                    for _ in 0..=usize::from(twice) {
                        if !std::mem::take(&mut first) {
                            self.out.push(',');
                        }
                        self.out.push_str(&json!(name).to_string());
                        self.out.push(':');
                        self.value(member);
                    }
                }
                self.out.push('}');
            }
            Value::Array(list) => {
                self.out.push('[');
                for (index, member) in list.iter().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.value(member);
                }
                self.out.push(']');
            }
            other => self.out.push_str(&other.to_string()),
        }
    }
}

fn damage_text(text: &mut String, random: &mut Random) {
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let Some(&at) = boundaries.get(random.below(boundaries.len())) else {
        return;
    };
    match random.below(4) {
        0 => text.truncate(at),
        1 => drop(text.remove(at)),
        2 => text.insert(
            at,
            *random.pick(&['"', '{', '}', '[', ']', ',', ':', '\\', '\u{0}', '1']),
        ),
        _ => text.insert_str(at, "\\ud800"),
    }
}
