//! What is written is read, and what is promised runs.

use crate::tidy::Finding;
use crate::tidy::source::{Kind, begins};
use crate::tidy::tree::Tree;

/// The line with which a library takes its README as its documentation.
const README: &str = "#![doc = include_str!(\"../README.md\")]";

/// No documentation test is passed over, and no test without a reason.
pub(crate) fn tests_run(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in &tree.texts {
        let is_rust = text.path.ends_with(".rs");
        if !is_rust && !text.path.ends_with(".md") {
            continue;
        }
        for (index, line) in text.content.lines().enumerate() {
            let line = line.trim_start();
            let doc = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"));
            let written = if is_rust { doc } else { Some(line) };
            let fence = written.and_then(|line| line.trim_start().strip_prefix("```"));
            if fence.is_some_and(|words| words.split([',', ' ']).any(|word| word == "ignore")) {
                let what = "an example that no test compiles";
                let mend = "use `no_run` or `compile_fail`, or `text` if it is no Rust";
                findings.push(Finding::new(&text.path, index + 1, what, mend));
            }
        }
    }
    for source in &tree.sources {
        for attribute in &source.attributes {
            let reason = attribute
                .tokens
                .get(2)
                .filter(|token| token.kind == Kind::Literal);
            if begins(&attribute.tokens, &["ignore"]) && reason.is_none() {
                let what = "a test is ignored without a reason";
                let mend = "write `#[ignore = \"nightly: …\"]` for a large test, or mend the test";
                findings.push(Finding::new(&source.path, attribute.line, what, mend));
            }
        }
    }
    findings
}

/// Every file says why it exists.
pub(crate) fn module_docs(tree: &Tree) -> Vec<Finding> {
    let undocumented = tree
        .sources
        .iter()
        .filter(|source| !source.documented && !source.generated);
    let finding = |source: &crate::tidy::source::Source| {
        let what = "the file does not say why it exists";
        Finding::new(&source.path, 1, what, "begin it with a `//!` line")
    };
    undocumented.map(finding).collect()
}

/// Every crate has a README, and a library's README is its documentation.
pub(crate) fn crate_readme(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        let readme = format!("{}/README.md", package.folder);
        if tree.text(&readme).is_none_or(|text| text.trim().is_empty()) {
            let what = format!("{} has no README", package.name);
            let mend = format!("write {readme}: what it is, the smallest example, where next");
            findings.push(Finding::new(&package.manifest(), 1, what, mend));
        }
        let Some(library) = &package.library else {
            continue;
        };
        if !tree
            .text(library)
            .is_some_and(|text| text.lines().any(|line| line == README))
        {
            let what = format!("the documentation of {} is not its README", package.name);
            findings.push(Finding::new(
                library,
                1,
                what,
                format!("begin it with `{README}`"),
            ));
        }
    }
    findings
}
