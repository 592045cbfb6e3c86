//! The rules of the house, checked from `cargo metadata` and the sources.
//!
//! A rule is a function from a [`Tree`] to findings, and nothing else: it builds nothing and reads
//! no file, so that every rule is proven by planting one violation in a miniature workspace.

mod house;
mod rules;
mod source;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace;
use tree::Tree;

use rules::RULES;

/// One rule: its name as findings print it, and the check.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&Tree) -> Vec<Finding>,
}

/// One breach of a rule, with the place and the way to mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    what: String,
    mend: String,
}

impl Finding {
    /// A finding at `path:line`; the rule's name is filled in by [`check`].
    fn new(path: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            rule: "",
            what: what.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            rule,
            what,
            mend,
        } = self;
        write!(f, "{path}:{line}: [{rule}] {what}; {mend}")
    }
}

/// Runs `tidy`: prints every finding, and fails when there is one.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if let Some(arg) = args.first() {
        bail!("takes no argument, but was given {arg:?}");
    }
    inspect(&workspace::root())
}

/// Checks the workspace at `root`, and prints what is found.
fn inspect(root: &Path) -> Result<ExitCode> {
    let tree = Tree::read(root)?;
    let findings = check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    let (rules, files, found) = (RULES.len(), tree.texts.len(), findings.len());
    println!("tidy: {rules} rules, {files} files, {found} findings");
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What all rules find in the tree, in the order of the places.
fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES
        .iter()
        .flat_map(|rule| {
            let found = (rule.check)(tree);
            found.into_iter().map(|finding| Finding {
                rule: rule.name,
                ..finding
            })
        })
        .collect();
    findings.sort();
    findings
}
