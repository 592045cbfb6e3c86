//! The account: which faults are covered by what, and which are not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::catalogue::{Catalogue, Id};
use super::marks::{self, File};

/// The most ids that one test may claim.
const MOST_BY_A_TEST: usize = 3;
/// The most ids that may be reasoned away.
const MOST_REASONED: usize = 10;

/// A fault with what stands for it.
#[derive(Debug, Default)]
struct Row {
    words: String,
    /// Where the tests are that claim it, and what they inject.
    tests: Vec<String>,
    reason: Option<String>,
}

/// What is covered, what is not, and what is wrong.
#[derive(Debug)]
pub(super) struct Account {
    rows: BTreeMap<Id, Row>,
    pub(super) problems: Vec<String>,
}

impl Account {
    /// Sets the claims of `files` and the reasons against the catalogue: its proven sections, or
    /// all of it.
    pub(super) fn draw(catalogue: &Catalogue, files: &[File], reasons: &str, all: bool) -> Self {
        let rows = catalogue
            .faults
            .iter()
            .filter(|fault| all || fault.proven)
            .map(|fault| {
                let row = Row {
                    words: fault.words.clone(),
                    ..Row::default()
                };
                (fault.id, row)
            })
            .collect();
        let mut account = Self {
            rows,
            problems: Vec::new(),
        };
        let makers = marks::makers(files);
        for file in files {
            account.claims(catalogue, file, files, &makers);
        }
        account.reasons(catalogue, reasons);
        account
    }

    fn claims(&mut self, catalogue: &Catalogue, file: &File, files: &[File], makers: &[&str]) {
        let (claims, strays) = marks::read(&file.content, makers);
        let path = &file.path;
        for stray in strays {
            let (line, why) = (stray.line, stray.why);
            self.problems
                .push(format!("{path}:{line}: a mark that claims nothing: {why}"));
        }
        if !claims.is_empty() && !marks::is_compiled(path, files) {
            self.problems.push(format!(
                "{path}: claims faults, but no crate declares this module"
            ));
            return;
        }
        let mut by_test: BTreeMap<&str, usize> = BTreeMap::new();
        for claim in &claims {
            let line = claim.line;
            let count = by_test.entry(&claim.test).or_default();
            *count += claim.ids.len();
            if *count > MOST_BY_A_TEST {
                self.problems.push(format!(
                    "{path}:{line}: {} claims {count} faults; split it, a test claims {MOST_BY_A_TEST} at most",
                    claim.test
                ));
            }
            for id in &claim.ids {
                if catalogue.find(*id).is_none() {
                    self.problems
                        .push(format!("{path}:{line}: there is no fault {id}"));
                }
                if let Some(row) = self.rows.get_mut(id) {
                    row.tests
                        .push(format!("{path}: {}, by {}", claim.test, claim.injection));
                }
            }
        }
    }

    fn reasons(&mut self, catalogue: &Catalogue, reasons: &str) {
        let mut count = 0;
        for line in reasons.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            count += 1;
            let (id, reason) = line.split_once(": ").unwrap_or((line, ""));
            let Some(id) = Id::parse(id).filter(|id| catalogue.find(*id).is_some()) else {
                self.problems
                    .push(format!("a reason is given for {id:?}, which is no fault"));
                continue;
            };
            if !is_sentence(reason) {
                self.problems
                    .push(format!("the reason for {id} is no sentence: {reason:?}"));
            }
            if let Some(row) = self.rows.get_mut(&id) {
                if !row.tests.is_empty() {
                    self.problems
                        .push(format!("{id} is reasoned, and a test claims it"));
                }
                if row.reason.replace(reason.to_owned()).is_some() {
                    self.problems.push(format!("{id} is reasoned twice"));
                }
            }
        }
        if count > MOST_REASONED {
            self.problems.push(format!(
                "{count} faults are reasoned; {MOST_REASONED} may be"
            ));
        }
    }

    /// The faults that nothing stands for, with their words.
    pub(super) fn uncovered(&self) -> impl Iterator<Item = (Id, &str)> {
        self.rows
            .iter()
            .filter(|(_, row)| row.tests.is_empty() && row.reason.is_none())
            .map(|(id, row)| (*id, row.words.as_str()))
    }

    /// Whether nothing is missing and nothing is wrong.
    pub(super) fn is_green(&self) -> bool {
        self.problems.is_empty() && self.uncovered().next().is_none()
    }

    /// The closing line.
    pub(super) fn line(&self) -> String {
        let count =
            |counted: fn(&Row) -> bool| self.rows.values().filter(|row| counted(row)).count();
        format!(
            "ids={} covered={} reasoned={} uncovered={}",
            self.rows.len(),
            count(|row| !row.tests.is_empty()),
            count(|row| row.tests.is_empty() && row.reason.is_some()),
            self.uncovered().count(),
        )
    }

    /// Every fault with what stands for it.
    pub(super) fn listing(&self) -> String {
        let mut text = String::new();
        for (id, row) in &self.rows {
            let _ = writeln!(text, "{id} {}", row.words);
            for test in &row.tests {
                let _ = writeln!(text, "    {test}");
            }
            if let Some(reason) = &row.reason {
                let _ = writeln!(text, "    reasoned: {reason}");
            }
        }
        text
    }
}

/// A capital letter, some words and a full stop.
fn is_sentence(text: &str) -> bool {
    text.starts_with(char::is_uppercase)
        && text.ends_with('.')
        && text.split_whitespace().count() >= 6
}
