//! The description language, and what becomes of it.

use std::fs;

use super::{emit, generate, model::Description, parse};

fn describe(text: &str) -> Description {
    let mut description = Description::default();
    parse::file(&mut description, "wire", text).expect("a description");
    description
}

fn emitted(text: &str) -> String {
    let description = describe(text);
    let file = description.files.first().expect("one file");
    emit::module(&description, file).expect("a module")
}

#[test]
fn each_presence_becomes_its_type() {
    let text = emitted("object O\n  a str\n  b~ str\n  c* str\n  d? str\n  e?? str\n");
    for field in [
        "pub a: String,",
        "pub b: Option<String>,",
        "pub c: Option<String>,",
        "pub d: Option<String>,",
        "pub e: Nullable<String>,",
        "req a = \"a\";",
        "req b = \"b\";",
        "opt c = \"c\";",
        "nul e = \"e\";",
        "pub fn new(a: impl Into<String>)",
    ] {
        assert!(text.contains(field), "{field} is not in\n{text}");
    }
}

#[test]
fn camel_case_is_read_in_snake_case_too() {
    let text = emitted("object O\n  turnComplete? bool\n");
    assert!(
        text.contains("opt turn_complete = \"turnComplete\" | \"turn_complete\";"),
        "{text}"
    );
}

#[test]
fn a_large_event_is_boxed_and_a_small_one_is_not() {
    let fields: String = (0..9).map(|index| format!("  f{index}? str\n")).collect();
    let text = emitted(&format!(
        "events E\nevent big\n{fields}event small\n  a? str\n"
    ));
    assert!(
        text.contains("Big(Box<Big>),") && text.contains("Small(Small),"),
        "{text}"
    );
}

#[test]
fn a_scoped_file_is_seen_by_itself_only() {
    let mut description = Description::default();
    parse::file(&mut description, "a", "scoped\nobject O\n").expect("a file");
    parse::file(&mut description, "b", "object O\n").expect("a file");
    let home = |file| {
        description
            .find(file, "O")
            .map(|(home, _)| home.name.as_str())
    };
    assert_eq!(
        (home("a"), home("b"), home("c")),
        (Some("a"), Some("b"), Some("b"))
    );
}

#[test]
fn a_fault_is_told_by_file_and_line() {
    for (text, told) in [
        ("object O\n  a text\n", "wire.wire:2: unknown type `text`"),
        (
            "  a str\n",
            "wire.wire:1: an indented line before any header",
        ),
        ("thing O\n", "wire.wire:1: unknown header `thing`"),
        (
            "event a.b\n",
            "wire.wire:1: an event before any `events` header",
        ),
        (
            "object O\n  a\n",
            "wire.wire:2: expected `name type [= constant]`",
        ),
    ] {
        let error = parse::file(&mut Description::default(), "wire", text);
        assert_eq!(format!("{:#}", error.expect_err(told)), told);
    }
    let description = describe("object O\n  a Missing\n");
    let file = description.files.first().expect("one file");
    let error = format!(
        "{:#}",
        emit::module(&description, file).expect_err("a dangling name")
    );
    assert!(error.contains("no type is named `Missing`"), "{error}");
}

#[test]
fn writing_is_done_once_and_checking_tells_what_is_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("schema")).expect("a folder");
    fs::write(
        path("schema/wire.wire"),
        "events E\nevent a.b : A.\n  x? str\n",
    )
    .expect("a file");
    let readme = "<!-- begin: events, written by cargo xtask codegen -->\n<!-- end: events -->\n";
    fs::write(path("README.md"), readme).expect("a file");

    assert!(!generate(folder.path(), true).expect("a check").is_empty());
    assert!(
        !path("src/generated/wire.rs").exists(),
        "a check writes nothing"
    );
    assert!(!generate(folder.path(), false).expect("a run").is_empty());
    assert!(generate(folder.path(), true).expect("a check").is_empty());
    assert!(generate(folder.path(), false).expect("a run").is_empty());

    fs::write(path("src/generated/old.rs"), "").expect("a file");
    fs::write(path("src/generated/wire.rs"), "edited").expect("a file");
    let stale = generate(folder.path(), true).expect("a check");
    let names: Vec<_> = stale.iter().filter_map(|path| path.file_name()).collect();
    assert_eq!(names, ["wire.rs", "old.rs"]);
}
