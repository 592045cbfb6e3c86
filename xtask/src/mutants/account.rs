//! What became of the planted defects, and what is said about those that nobody noticed.

use std::{collections::BTreeSet, fmt};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What became of the planted defects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) killed: u64,
    /// Defects that made a test hang, by name; noticed, too.
    pub(super) hung: Vec<String>,
    /// Defects that do not compile.
    pub(super) unviable: u64,
    /// Defects that nobody noticed, by name.
    pub(super) survivors: Vec<String>,
}

impl Account {
    /// Reads what cargo-mutants leaves behind: its `outcomes.json`, `missed.txt` and `timeout.txt`.
    pub(super) fn read(outcomes: &str, missed: &str, timeout: &str) -> Result<Self> {
        let outcomes: Value = serde_json::from_str(outcomes).context("outcomes.json")?;
        let count = |name: &str| {
            outcomes
                .get(name)
                .and_then(Value::as_u64)
                .with_context(|| format!("outcomes.json has no {name}"))
        };
        let account = Self {
            killed: count("caught")?,
            hung: timeout.lines().map(without_place).collect(),
            unviable: count("unviable")?,
            survivors: missed.lines().map(without_place).collect(),
        };
        if account.survivors.len() as u64 != count("missed")?
            || account.hung.len() as u64 != count("timeout")?
        {
            bail!("missed.txt or timeout.txt disagrees with outcomes.json");
        }
        Ok(account)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.killed += other.killed;
        self.hung.extend(other.hung);
        self.unviable += other.unviable;
        self.survivors.extend(other.survivors);
    }

    /// The share of those that compile which was noticed, in hundredths, rounded down.
    pub(super) fn ratio(&self) -> u64 {
        let noticed = self.killed + self.hung.len() as u64;
        let viable = noticed + self.survivors.len() as u64;
        (noticed * 100).checked_div(viable).unwrap_or(0)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "killed={} survived={} unviable={} timeout={} ratio={}%",
            self.killed,
            self.survivors.len(),
            self.unviable,
            self.hung.len(),
            self.ratio()
        )
    }
}

/// A defect's name without line and column, which change with every edit.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(what)) => format!("{file}:{what}"),
        _ => name.to_owned(),
    }
}

/// Why defects may survive: each is named at the start of a line, and the lines below it that begin
/// with a space say why.
#[derive(Debug)]
pub(super) struct Explanations(BTreeSet<String>);

impl Explanations {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut explained = BTreeSet::new();
        let mut waiting: Vec<&str> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if line.trim().is_empty() {
                continue;
            }
            if line.starts_with(' ') {
                explained.extend(waiting.drain(..).map(str::to_owned));
            } else {
                waiting.push(line);
            }
        }
        match waiting.first() {
            Some(name) => bail!("survivors.txt gives no reason for: {name}"),
            None => Ok(Self(explained)),
        }
    }

    /// The survivors that nothing is said about.
    pub(super) fn missing<'a>(&self, survivors: &'a [String]) -> Vec<&'a str> {
        survivors
            .iter()
            .map(String::as_str)
            .filter(|name| !self.0.contains(*name))
            .collect()
    }

    /// What is explained of `files`, though it does not survive there, or not any more.
    pub(super) fn idle(&self, files: &[&str], survivors: &[String]) -> Vec<&str> {
        let planted = |name: &str| files.iter().any(|file| is_in(name, file));
        let explained = self.0.iter().filter(|name| planted(name));
        explained
            .filter(|name| !survivors.contains(name))
            .map(String::as_str)
            .collect()
    }
}

/// Whether the defect of this name is one of `file`.
pub(super) fn is_in(name: &str, file: &str) -> bool {
    name.strip_prefix(file)
        .is_some_and(|rest| rest.starts_with(':'))
}
