//! Each way to claim wrongly, planted and found.

use std::collections::BTreeSet;
use std::path::Path;

use super::account::Account;
use super::catalogue::{Catalogue, Id};
use super::marks::{self, File};
use super::{CATALOGUE, REASONED, read, workspace};

const SMALL: &str = "\
== A connecting: proven
A1 it hangs
A2 it hangs again
A3 it hangs in TLS
A4 a stranger's root
== F turns: later
F1 two at once
";

const MAIN: &str = "mod wires;";

fn account(test: &str, reasons: &str, all: bool) -> Account {
    let file = |path: &str, content: &str| File {
        path: path.to_owned(),
        content: content.to_owned(),
    };
    let files = [
        file("transport/tests/it/main.rs", MAIN),
        file("transport/tests/it/wires.rs", test),
    ];
    Account::draw(&Catalogue::parse(SMALL).unwrap(), &files, reasons, all)
}

const THREE: &str = "\
// faults: A1, A2 by a dial that is held
#[test]
fn dials_end() {}

/// Documented.
// faults: A3 by a socket that is accepted,
// and then left alone
#[tokio::test(
    start_paused = true
)]
async fn hellos_end() {}
";

#[test]
fn what_is_claimed_and_what_is_reasoned_add_up() {
    let green = account(
        THREE,
        "A4: The roots of this machine are not ours to change.",
        false,
    );
    assert!(green.is_green(), "{:?}", green.problems);
    assert_eq!(green.line(), "ids=4 covered=3 reasoned=1 uncovered=0");
    assert!(
        green
            .listing()
            .contains("hellos_end, by a socket that is accepted, and then left alone")
    );

    let missing = account(THREE, "", false);
    assert!(!missing.is_green());
    assert_eq!(missing.line(), "ids=4 covered=3 reasoned=0 uncovered=1");
    let uncovered: Vec<_> = missing.uncovered().map(|(id, _)| id.to_string()).collect();
    assert_eq!(uncovered, ["A4"]);

    let all = account(
        THREE,
        "A4: The roots of this machine are not ours to change.",
        true,
    );
    assert_eq!(all.line(), "ids=5 covered=3 reasoned=1 uncovered=1");
}

#[test]
fn a_function_that_a_macro_makes_a_test_of_may_claim() {
    let claims = |given: &str| {
        let test = format!(
            "// faults: A1 by a dial that is held\nasync fn dials_end(wire: Wire) {{}}\n\
             macro_rules! on_each {{\n($($test:ident),*) => {{ $(#[tokio::test]\n\
             async fn $test() {{}})* }};\n}}\non_each![\n    {given},\n];\n"
        );
        account(&test, "", false).problems
    };
    assert_eq!(claims("hellos_end, dials_end"), [""; 0]);
    assert!(claims("hellos_end")[0].contains("dials_end is no test"));
}

#[test]
fn a_mark_that_claims_wrongly_is_a_problem() {
    let planted = [
        (
            "// faults: A1 by a dial that is held\nfn helper() {}",
            "helper is no test",
        ),
        (
            "// faults: A1 by a dial that is held\nconst X: u8 = 1;",
            "no test follows",
        ),
        (
            "// faults: A1 by a dial that is held\n\n#[test]\nfn t() {}",
            "no test follows",
        ),
        (
            "// faults: A1 by a dial that is held\n#[test]\n#[ignore]\nfn t() {}",
            "t is ignored",
        ),
        (
            "// faults: A1 by a dial that is held\n#[test]\n#[ignore = \"slow\"]\nfn t() {}",
            "t is ignored",
        ),
        (
            "// faults: A1 by a dial that is held\n#[cfg_attr(miri, ignore)]\n#[test]\nfn t() {}",
            "t is ignored",
        ),
        ("// faults: A1\n#[test]\nfn t() {}", "does not say by what"),
        (
            "// faults: A1 by magic\n#[test]\nfn t() {}",
            "does not say what is injected",
        ),
        (
            "// faults: a1 by a dial that is held\n#[test]\nfn t() {}",
            "\"a1\" is no id",
        ),
        (
            "// faults: A01 by a dial that is held\n#[test]\nfn t() {}",
            "\"A01\" is no id",
        ),
        (
            "// faults: A9 by a dial that is held\n#[test]\nfn t() {}",
            "there is no fault A9",
        ),
        (
            "// faults: A1, A2, A3, A4 by a dial that is held\n#[test]\nfn t() {}",
            "t claims 4 faults",
        ),
        (
            "// faults: A1, A2 by a dial that is held\n// faults: A3, A4 by another dial held\n\
             #[test]\nfn t() {}",
            "t claims 4 faults",
        ),
    ];
    for (test, problem) in planted {
        let account = account(test, "", false);
        let problems = account.problems.join("\n");
        assert!(problems.contains(problem), "{test}\n→ {problems}");
        assert!(!account.is_green());
    }
}

#[test]
fn a_reason_that_does_not_hold_is_a_problem() {
    let planted = [
        ("A4: because", "no sentence"),
        (
            "A4: this one does not begin like a sentence.",
            "no sentence",
        ),
        ("A4: The roots of this machine are not ours", "no sentence"),
        ("A4", "no sentence"),
        (
            "A9: There is no such fault in the whole catalogue.",
            "which is no fault",
        ),
        (
            "A1: The dial cannot be held by anybody at all.",
            "a test claims it",
        ),
    ];
    for (reason, problem) in planted {
        let problems = account(THREE, reason, false).problems.join("\n");
        assert!(problems.contains(problem), "{reason}\n→ {problems}");
    }
    let twice = "A4: The roots of this machine are not ours to change.\n".repeat(2);
    let problems = account(THREE, &twice, false).problems;
    assert_eq!(problems, ["A4 is reasoned twice"]);
    let many = "A4: The roots of this machine are not ours to change.\n".repeat(11);
    let problems = account(THREE, &many, false).problems.join("\n");
    assert!(problems.contains("11 faults are reasoned"), "{problems}");
}

#[test]
fn a_module_that_no_crate_declares_covers_nothing() {
    let files = |parent: &str| {
        [
            ("a/src/lib.rs", "pub mod one;\nmod two;"),
            ("a/src/one.rs", parent),
            ("a/src/one/inner.rs", ""),
            ("a/src/two/mod.rs", "#[cfg(test)]\nmod deep;"),
            ("a/src/two/deep.rs", ""),
            ("a/src/three.rs", ""),
            ("a/tests/wires.rs", "mod common;"),
            ("a/tests/common/mod.rs", ""),
        ]
        .map(|(path, content)| File {
            path: path.to_owned(),
            content: content.to_owned(),
        })
    };
    let declared = files("pub(crate) mod inner;");
    for path in [
        "a/src/lib.rs",
        "a/src/one/inner.rs",
        "a/src/two/deep.rs",
        "a/tests/wires.rs",
        "a/tests/common/mod.rs",
    ] {
        assert!(marks::is_compiled(path, &declared), "{path}");
    }
    assert!(!marks::is_compiled("a/src/three.rs", &declared));
    assert!(!marks::is_compiled(
        "a/src/one/inner.rs",
        &files("// mod inner;")
    ));
}

#[test]
fn a_catalogue_out_of_order_is_refused() {
    for text in [
        "A1 before any section",
        "== A x\nA1 y",
        "== A x: proven\nB1 y",
        "== A x: proven\nA2 y\nA1 z",
        "== A x: proven\nA1 y\nA1 z",
        "== A x: proven\nA1",
    ] {
        assert!(Catalogue::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_catalogue_is_the_one_of_the_specification() {
    let catalogue = Catalogue::parse(CATALOGUE).unwrap();
    let ours: BTreeSet<Id> = catalogue.faults.iter().map(|fault| fault.id).collect();
    assert_eq!(ours.len(), 169);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/FAULTS.md");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: the specification of faults is not beside the repository");
        return;
    };
    let theirs: BTreeSet<Id> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next())
        .filter_map(Id::parse)
        .filter(|id| ('A'..='I').contains(&id.section))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn no_mark_of_this_workspace_is_wrong() {
    let catalogue = Catalogue::parse(CATALOGUE).unwrap();
    let files = read(&workspace::root()).unwrap();
    let account = Account::draw(&catalogue, &files, REASONED, true);
    assert!(account.problems.is_empty(), "{:#?}", account.problems);
}
