//! How much fits on a page.

use crate::tidy::Finding;
use crate::tidy::tree::Tree;

/// Lines of a file that need no excuse.
const FILE_LINES: usize = 600;
/// Lines of code in a function that need no excuse; clippy.toml says the same.
const FUNCTION_LINES: usize = 80;
/// How a long file says why it is long.
const EXCUSE: &str = "// tidy: long file: ";
/// Fewer letters than this are no reason.
const REASON_LETTERS: usize = 20;

/// A long file says why.
pub(crate) fn files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(|source| !source.generated) {
        let text = tree.text(&source.path).unwrap_or_default();
        let reason = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(EXCUSE));
        let excused = reason.is_some_and(|reason| reason.trim().len() >= REASON_LETTERS);
        if source.line_count > FILE_LINES && !excused {
            let what = format!(
                "the file has {} lines, over {FILE_LINES}",
                source.line_count
            );
            let mend = format!("split it by subject, or write why it is one: `{EXCUSE}REASON`");
            findings.push(Finding::new(&source.path, FILE_LINES + 1, what, mend));
        }
    }
    findings
}

/// A long function says why, in the words that clippy asks for too.
pub(crate) fn functions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(|source| !source.generated) {
        for function in &source.functions {
            let lines = function.code_lines;
            if lines > FUNCTION_LINES && !function.excused {
                let name = &function.name;
                let what = format!("`{name}` has {lines} lines of code, over {FUNCTION_LINES}");
                let mend = "move a decision out of it, or write why it is one (a flat table, \
                            say): `#[expect(clippy::too_many_lines, reason = \"…\")]`";
                findings.push(Finding::new(&source.path, function.line, what, mend));
            }
        }
    }
    findings
}
