//! A planted difference of each kind is told, and only that.

use super::{Notes, compare::Comparison, glob, schema::Bundle};
use crate::codegen::{self, model::Description};

const WIRE: &str = "
events ServerEvent
event item.added : An item.
  item Item
  size?? uint
  id* str
  phase? Phase
  at? float
union Item
  string Name str
  by type
  message Message
object Message
  tag type message
  parts? [str]
enum Phase
  early late
";

const BUNDLE: &str = r##"{"$defs": {
  "Server": {"oneOf": [{"$ref": "#/$defs/Added"}]},
  "Added": {"type": "object", "required": ["type", "item", "id"], "properties": {
    "type": {"const": "item.added", "type": "string"},
    "item": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Message"}]},
    "size": {"anyOf": [{"type": "integer"}, {"type": "null"}], "x-null-meaningful": true},
    "id": {"type": "string"},
    "phase": {"enum": ["early", "late"], "type": "string"},
    "at": {"type": "number"}
  }},
  "Message": {"type": "object", "required": ["type"], "properties": {
    "type": {"const": "message", "type": "string"},
    "parts": {"type": "array", "items": {"type": "string"}}
  }}
}}"##;

fn differences(wire: &str, bundle: &str) -> Vec<String> {
    let mut description = Description::default();
    codegen::parse::file(&mut description, "server", wire).expect("a description");
    let bundle = Bundle::parse(bundle).expect("a bundle");
    let mut comparison = Comparison::new(&description, &bundle);
    comparison
        .root("server", "ServerEvent", "Server")
        .expect("both sides have the root");
    comparison.differences.into_iter().collect()
}

#[test]
fn two_sides_that_agree_do_not_differ() {
    assert_eq!(differences(WIRE, BUNDLE), Vec::<String>::new());
}

#[test]
fn each_planted_difference_is_told() {
    for (from, to, told) in [
        (
            r#""at": {"type": "number"}"#,
            r#""at": {"type": "integer"}"#,
            "number against integer",
        ),
        (
            r#""at": {"type": "number"}"#,
            r#""to": {"type": "number"}"#,
            "field at is ours only",
        ),
        (
            r#""at": {"type": "number"}"#,
            r#""to": {"type": "number"}"#,
            "field to is theirs only",
        ),
        (r#""item", "id"]"#, r#""item"]"#, "required is ours only"),
        (
            r#""item", "id"]"#,
            r#""item", "id", "at"]"#,
            "required is theirs only",
        ),
        (
            r#", "x-null-meaningful": true"#,
            "",
            "meaning of null is ours only",
        ),
        (
            r#"["early", "late"]"#,
            r#"["early", "latest"]"#,
            "value late is ours only",
        ),
        (
            r#"["early", "late"]"#,
            r#"["early", "latest"]"#,
            "value latest is theirs only",
        ),
        (
            r#""const": "item.added""#,
            r#""const": "item.gone""#,
            "branch item.added is ours only",
        ),
        (
            r#""const": "message""#,
            r#""const": "letter""#,
            "branch Message is theirs only",
        ),
        (
            r#"{"type": "string"}, {"$ref"#,
            r#"{"type": "boolean"}, {"$ref"#,
            "branch Name is ours",
        ),
        (
            r#""items": {"type": "string"}"#,
            r#""items": {"type": "boolean"}"#,
            "string against bool",
        ),
    ] {
        assert!(BUNDLE.contains(from), "{from}");
        let found = differences(WIRE, &BUNDLE.replacen(from, to, 1));
        assert!(
            found.iter().any(|line| line.contains(told)),
            "{told}: {found:?}"
        );
    }
}

#[test]
fn notes_hold_roots_and_reasons() {
    let notes = Notes::parse("root a.B = C\n\nwhy Because.\n  x / *: y\n").expect("notes");
    assert_eq!(notes.roots.len(), 1);
    assert_eq!(
        notes
            .explanations
            .first()
            .map(|known| known.reason.as_str()),
        Some("Because.")
    );
    assert!(Notes::parse("  a line without a reason\n").is_err());
    assert!(Notes::parse("root nothing\n").is_err());
}

#[test]
fn a_star_stands_for_anything() {
    assert!(glob("a / *: b", "a / X.y: b"));
    assert!(glob("*", ""));
    assert!(!glob("a*c", "ab"));
    assert!(!glob("ab", "abc"));
}
