//! How planted defects are counted and explained.

use super::{
    ROOMS, SURVIVORS,
    account::{Account, Explanations, is_in},
};
use crate::workspace;

const OUTCOMES: &str =
    r#"{"total_mutants": 20, "caught": 16, "missed": 2, "timeout": 1, "unviable": 1}"#;
const MISSED: &str = "\
a/src/x.rs:12:9: replace > with >= in X::of
a/src/x.rs:70:5: replace X::to -> bool with true
";
const TIMEOUT: &str = "a/src/x.rs:30:9: replace += with *= in X::of\n";

#[test]
fn what_survives_is_counted_and_named_without_its_place() {
    let account = Account::read(OUTCOMES, MISSED, TIMEOUT).unwrap();
    assert_eq!(
        account.to_string(),
        "killed=16 survived=2 unviable=1 timeout=1 ratio=89%"
    );
    assert_eq!(
        account.survivors,
        [
            "a/src/x.rs: replace > with >= in X::of",
            "a/src/x.rs: replace X::to -> bool with true"
        ]
    );
    assert_eq!(account.hung, ["a/src/x.rs: replace += with *= in X::of"]);
}

#[test]
fn a_result_that_contradicts_itself_is_none() {
    assert!(Account::read(OUTCOMES, "", TIMEOUT).is_err());
    assert!(Account::read(OUTCOMES, MISSED, "").is_err());
    assert!(Account::read("{}", MISSED, TIMEOUT).is_err());
}

#[test]
fn where_nothing_was_planted_nothing_was_noticed() {
    assert_eq!(Account::default().ratio(), 0);
}

#[test]
fn a_survivor_needs_a_reason_and_one_reason_may_serve_several() {
    let said = "# heading\none\ntwo\n  the same in effect\n";
    let explanations = Explanations::parse(said).unwrap();
    let survivors = ["one", "two", "three"].map(str::to_owned);
    assert_eq!(explanations.missing(&survivors), ["three"]);
    assert!(Explanations::parse("one\n").is_err(), "no reason");
}

#[test]
fn an_explanation_is_of_use_only_while_its_defect_survives() {
    let said = "a/x.rs: one\na/x.rs: two\nb/x.rs: three\n  the same in effect\n";
    let explanations = Explanations::parse(said).unwrap();
    let survivors = ["a/x.rs: one".to_owned()];
    assert_eq!(explanations.idle(&["a/x.rs"], &survivors), ["a/x.rs: two"]);
    assert_eq!(
        explanations.idle(&["b/x.rs"], &survivors),
        ["b/x.rs: three"]
    );
    assert!(explanations.idle(&["x.rs"], &survivors).is_empty());
}

#[test]
fn every_room_is_there_and_every_survivor_of_record_is_in_one() {
    let files: Vec<&str> = ROOMS.iter().flat_map(|room| room.files).copied().collect();
    for file in &files {
        assert!(workspace::root().join(file).is_file(), "{file}");
    }
    Explanations::parse(SURVIVORS).unwrap();
    for name in SURVIVORS
        .lines()
        .filter(|line| !line.starts_with([' ', '#']))
    {
        let known = name.is_empty() || files.iter().any(|file| is_in(name, file));
        assert!(known, "{name}");
    }
}
