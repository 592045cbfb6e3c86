//! Which faults are proven to be borne: the catalogue, the tests that inject what it names, and the
//! few faults that no test can make.
//!
//! A test claims catalogue ids by a mark, a comment on the lines above its attributes:
//!
//! ```text
//! // faults: A1, A3 by a resolver that never answers,
//! // and a socket that is accepted and says nothing
//! #[test]
//! fn every_wait_ends_in_time() {
//! ```
//!
//! The mark has to stand at a test that exists, is compiled and is not ignored, names at most three
//! ids, and says what it injects. What no test can make offline stands in `reasoned.txt`, with a
//! sentence that says why.

mod account;
mod catalogue;
mod marks;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace;
use account::Account;
use catalogue::Catalogue;
use marks::File;

const CATALOGUE: &str = include_str!("catalogue.txt");
const REASONED: &str = include_str!("reasoned.txt");

/// Runs `faults [--all] [--list]`: prints what is wrong and what is missing, and fails when
/// anything is. `--list` prints each id with the tests that claim it.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let (mut all, mut list) = (false, false);
    for arg in args {
        match arg.as_str() {
            "--all" => all = true,
            "--list" => list = true,
            other => bail!("takes --all and --list, but was given {other:?}"),
        }
    }
    let catalogue = Catalogue::parse(CATALOGUE)?;
    let files = read(&workspace::root())?;
    let account = Account::draw(&catalogue, &files, REASONED, all);
    if list {
        print!("{}", account.listing());
    }
    for problem in &account.problems {
        println!("{problem}");
    }
    for (id, words) in account.uncovered() {
        println!("{id} is covered by no test: {words}");
    }
    println!("{}", account.line());
    Ok(if account.is_green() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Every Rust file of the workspace but this program's own, whose tests hold marks that are made up.
fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for folder in [
        "protocol",
        "transport",
        "session",
        "runner",
        "providers",
        "examples",
    ] {
        marks::collect(root, &root.join(folder), &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
