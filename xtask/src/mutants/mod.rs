//! `mutants`: plants small defects, one at a time, where a wrong decision would be hardest to see from
//! outside, and counts how many of them the tests of the same crate notice.
//!
//! cargo-mutants does the planting. What survives must be explained in `survivors.txt`; where the tool
//! is not installed this says so and fails: what did not run has not passed.

mod account;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};

use self::account::{Account, Explanations};
use crate::{suites, workspace};

/// What share of the defects that compile must be noticed, in hundredths.
const WANTED: u64 = 90;
const SURVIVORS: &str = include_str!("survivors.txt");

/// Files of one package, and the tests that have to notice defects in them.
struct Room {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
    /// The program that holds these tests; no other is built.
    program: &'static str,
    tests: &'static [&'static str],
}

const ROOMS: &[Room] = &[
    Room {
        name: "gate",
        package: "antiphon-session",
        files: &["session/src/engine/gate.rs"],
        program: "--lib",
        tests: &["engine::gate::"],
    },
    Room {
        name: "ledger",
        package: "antiphon-session",
        files: &["session/src/engine/ledger.rs"],
        program: "--lib",
        tests: &["engine::ledger::"],
    },
    Room {
        name: "playhead",
        package: "antiphon-session",
        files: &["session/src/engine/playhead.rs"],
        program: "--lib",
        tests: &["engine::playhead::"],
    },
    Room {
        name: "usage",
        package: "antiphon-session",
        files: &["session/src/engine/usage.rs"],
        program: "--lib",
        tests: &["engine::usage::"],
    },
    Room {
        name: "backoff",
        package: "antiphon-transport",
        files: &["transport/src/backoff.rs"],
        program: "--lib",
        tests: &["backoff::"],
    },
    Room {
        name: "classify",
        package: "antiphon-protocol",
        files: &[
            "protocol/core/src/fault.rs",
            "protocol/core/src/fault/tables.rs",
        ],
        program: "--test=faults",
        tests: &[],
    },
    Room {
        name: "classify-openai",
        package: "antiphon-openai",
        files: &[
            "providers/openai/src/end.rs",
            "providers/openai/src/error.rs",
        ],
        program: "--lib",
        tests: &["--", "end::tests::", "error::tests::", "--skip=append::"],
    },
    Room {
        name: "classify-gemini",
        package: "antiphon-gemini",
        files: &["providers/gemini/src/live/end.rs"],
        program: "--lib",
        tests: &["end::"],
    },
];

/// Runs `mutants [ROOM]...`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let names: Vec<&str> = ROOMS.iter().map(|room| room.name).collect();
    if let Some(other) = args.iter().find(|arg| !names.contains(&arg.as_str())) {
        bail!("there is no room {other:?}; there are {}", names.join(", "));
    }
    ensure!(
        is_installed(),
        "cargo-mutants is not installed: cargo install cargo-mutants --locked"
    );
    let begun = Instant::now();
    let wanted = |room: &&Room| args.is_empty() || args.iter().any(|arg| arg == room.name);
    let mut all = Account::default();
    let mut planted = Vec::new();
    for room in ROOMS.iter().filter(wanted) {
        let account = plant(room)?;
        println!("mutants room={} {account}", room.name);
        planted.extend_from_slice(room.files);
        all.add(account);
    }
    let explained = judge(&planted, &all)?;
    println!("mutants {all} wall={}s", begun.elapsed().as_secs());
    Ok(if explained && all.ratio() >= WANTED {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Names what needs a person's eye. Returns whether `survivors.txt` explains what survived in these
/// files, and nothing else of them.
fn judge(planted: &[&str], all: &Account) -> Result<bool> {
    for hung in &all.hung {
        println!("noticed because a test hangs: {hung}");
    }
    let explanations = Explanations::parse(SURVIVORS)?;
    let unexplained = explanations.missing(&all.survivors);
    for survivor in &unexplained {
        println!("survives without a word in survivors.txt: {survivor}");
    }
    let idle = explanations.idle(planted, &all.survivors);
    for name in &idle {
        println!("explained in survivors.txt, yet does not survive: {name}");
    }
    Ok(unexplained.is_empty() && idle.is_empty())
}

fn is_installed() -> bool {
    let mut probe = workspace::cargo(&workspace::root());
    probe
        .args(["mutants", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// Plants every defect of a room.
fn plant(room: &Room) -> Result<Account> {
    let target = suites::target_folder()?;
    let output = target.join("mutants-found").join(room.name);
    fs::create_dir_all(&output)?;
    let status = command(room, &output, &target).status();
    let status = status.context("cargo mutants does not start")?;
    // 0: all noticed; 2: some survive; 3: some ran into the time limit. Anything else is no result.
    ensure!(
        matches!(status.code(), Some(0 | 2 | 3)),
        "cargo mutants fails in {}: {status}",
        room.name
    );
    let found = output.join("mutants.out");
    let outcomes = fs::read_to_string(found.join("outcomes.json"))
        .context("cargo mutants left no outcomes behind")?;
    let list = |name: &str| fs::read_to_string(found.join(name)).unwrap_or_default();
    Account::read(&outcomes, &list("missed.txt"), &list("timeout.txt"))
}

fn command(room: &Room, output: &Path, target: &Path) -> Command {
    let mut command = workspace::cargo(&workspace::root());
    command.args(["mutants", "--package", room.package, "--profile=mutants"]);
    for file in room.files {
        command.args(["--file", file]);
    }
    command
        .args(["--no-shuffle", "--colors=never", "--baseline=run"])
        .args(["--minimum-test-timeout=60", "--output"])
        .arg(output)
        .arg(format!("--cargo-arg={}", room.program))
        .arg("--")
        .args(room.tests)
        // One folder for all runs, so that what we depend on is built once.
        .env("CARGO_TARGET_DIR", target.join("mutants-build"))
        .env("CARGO_INCREMENTAL", "1")
        .env("PROPTEST_CASES", "100");
    command
}
