//! The lints stay on, and every exception says why.

use toml::{Table, Value};

use crate::tidy::Finding;
use crate::tidy::source::{Attribute, Kind, Role, Source, Token, begins};
use crate::tidy::tree::Tree;

/// Entries that the workspace's lint table may not lose, with the weakest level allowed.
const REQUIRED: &[(&str, &str, Level)] = &[
    ("rust", "unsafe_code", Level::Forbid),
    ("rust", "missing_docs", Level::Warn),
    ("rustdoc", "broken_intra_doc_links", Level::Warn),
    ("clippy", "all", Level::Warn),
    ("clippy", "allow_attributes_without_reason", Level::Warn),
    ("clippy", "await_holding_lock", Level::Warn),
    ("clippy", "dbg_macro", Level::Warn),
    ("clippy", "expect_used", Level::Warn),
    ("clippy", "indexing_slicing", Level::Warn),
    ("clippy", "panic", Level::Warn),
    ("clippy", "print_stderr", Level::Warn),
    ("clippy", "print_stdout", Level::Warn),
    ("clippy", "string_slice", Level::Warn),
    ("clippy", "todo", Level::Warn),
    ("clippy", "too_many_lines", Level::Warn),
    ("clippy", "unimplemented", Level::Warn),
    ("clippy", "unreachable", Level::Warn),
    ("clippy", "unwrap_used", Level::Warn),
];

/// Lints against panics: an exception is made for one place and vanishes with it.
const PANICS: &[&str] = &[
    "expect_used",
    "indexing_slicing",
    "panic",
    "string_slice",
    "todo",
    "unimplemented",
    "unreachable",
    "unwrap_used",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Allow,
    Warn,
    Deny,
    Forbid,
}

/// The workspace demands the lints, and every crate takes them over.
pub(crate) fn lint_table(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let root = manifest(tree, "Cargo.toml");
    let table = root
        .as_ref()
        .and_then(|root| root.get("workspace")?.get("lints"));
    for (tool, lint, weakest) in REQUIRED {
        let entry = table.and_then(|table| table.get(tool)?.get(lint));
        if level(entry) < *weakest {
            let word = format!("{weakest:?}").to_lowercase();
            let what = format!("the workspace lints do not hold `{tool}::{lint}` at {word:?}");
            let mend = format!("write `{lint} = {word:?}` under `[workspace.lints.{tool}]`");
            findings.push(Finding::new("Cargo.toml", 1, what, mend));
        }
    }
    for package in &tree.packages {
        let table = manifest(tree, &package.manifest());
        let lints = table
            .as_ref()
            .and_then(|table| table.get("lints")?.get("workspace"));
        if lints.and_then(Value::as_bool) != Some(true) {
            let what = format!("{} does not take over the workspace lints", package.name);
            let mend = "add `[lints]` with `workspace = true`";
            findings.push(Finding::new(&package.manifest(), 1, what, mend));
        }
    }
    findings
}

/// Every `allow` and `expect` has a reason; panics are excused by `expect` only, and in a library
/// one place at a time.
pub(crate) fn exceptions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(|source| !source.generated) {
        for attribute in &source.attributes {
            for (word, content) in exceptions_in(&attribute.tokens) {
                if let Some((what, mend)) = complaint(source, attribute, word, content) {
                    findings.push(Finding::new(&source.path, attribute.line, what, mend));
                }
            }
        }
    }
    findings
}

fn complaint(
    source: &Source,
    attribute: &Attribute,
    word: &str,
    content: &[Token],
) -> Option<(String, &'static str)> {
    let panic = content
        .iter()
        .find(|token| PANICS.contains(&token.text.as_str()));
    if let (Some(panic), "allow") = (panic, word) {
        let what = format!("`allow` switches `{}` off", panic.text);
        return Some((
            what,
            "return an error, or use `expect` with the invariant as its reason",
        ));
    }
    let library = source.role == Role::Library && !source.is_test(attribute.line);
    if let (Some(panic), true, true) = (panic, attribute.inner, library) {
        let what = format!(
            "`{}` is excused for a whole library file or module",
            panic.text
        );
        return Some((
            what,
            "put the `expect` on the expression or function that needs it",
        ));
    }
    let reasons = (0..content.len()).filter_map(|at| content.get(at..));
    let given = reasons
        .filter(|rest| begins(rest, &["reason", "="]))
        .any(|rest| {
            let text = rest.get(2).filter(|token| token.kind == Kind::Literal);
            text.is_some_and(|token| token.text.trim_matches('"').trim().len() > 2)
        });
    let mend = "add `reason = \"…\"` that names what makes the exception right";
    (!given).then(|| (format!("`{word}` without a reason"), mend))
}

/// The `allow(…)` and `expect(…)` in an attribute, those within `cfg_attr` too.
fn exceptions_in(tokens: &[Token]) -> Vec<(&str, &[Token])> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let Some([word, open, rest @ ..]) = tokens.get(at..) else {
            continue;
        };
        if matches!(word.text.as_str(), "allow" | "expect") && open.text == "(" {
            let mut depth = 1_usize;
            let end = rest.iter().position(|token| {
                match token.text.as_str() {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            found.push((
                word.text.as_str(),
                rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest),
            ));
        }
    }
    found
}

fn manifest(tree: &Tree, path: &str) -> Option<Table> {
    tree.text(path)?.parse().ok()
}

fn level(entry: Option<&Value>) -> Level {
    let word = entry.and_then(|entry| entry.as_str().or_else(|| entry.get("level")?.as_str()));
    match word {
        Some("warn") => Level::Warn,
        Some("deny") => Level::Deny,
        Some("forbid") => Level::Forbid,
        _ => Level::Allow,
    }
}
