//! Each rule is proven by planting one violation in a miniature of the workspace: the rule finds
//! it, says where it is and how to mend it, and no other rule complains.

mod miniature;
mod plants;

use std::collections::BTreeSet;
use std::process::ExitCode;

use miniature::Miniature;
use plants::PLANTS;

use super::inspect;
use super::rules::RULES;

#[test]
fn a_clean_house_has_no_findings() {
    let found = Miniature::new().findings();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_planted_violation_is_found_and_nothing_else() {
    for plant in PLANTS {
        let mut house = Miniature::new();
        for (path, content) in plant.files {
            house.plant(path, content);
        }
        let found = house.findings();
        let [finding] = found.as_slice() else {
            panic!("{}: one finding expected, got {found:#?}", plant.what);
        };
        let place = format!("{}: [{}] ", plant.place, plant.rule);
        assert!(
            finding.starts_with(&place),
            "{}: {finding:?} is not at {place:?}",
            plant.what
        );
        let (_, mend) = finding.rsplit_once("; ").unwrap_or_default();
        assert!(
            mend.contains(plant.mend),
            "{}: {mend:?} lacks {:?}",
            plant.what,
            plant.mend
        );
    }
}

#[test]
fn one_finding_fails_the_command() {
    let mut house = Miniature::new();
    assert_eq!(inspect(house.root()).unwrap(), ExitCode::SUCCESS);
    house.plant("session/src/mute.rs", "fn mute() {}\n");
    assert_eq!(inspect(house.root()).unwrap(), ExitCode::FAILURE);
}

#[test]
fn what_looks_like_a_violation_but_is_none_is_let_through() {
    for (what, path, content) in plants::INNOCENT {
        let mut house = Miniature::new();
        house.plant(path, content);
        let found = house.findings();
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
}

#[test]
fn every_rule_is_proven_by_a_plant() {
    let proven: BTreeSet<&str> = PLANTS.iter().map(|plant| plant.rule).collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(proven, rules);
}
