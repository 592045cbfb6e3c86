//! Runs every fuzz target for a while.
//!
//! The targets live outside of the workspace, in `fuzz/`, because they need a nightly toolchain and
//! cargo-fuzz. Where either is missing this says so and fails: what did not run has not passed.

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::codegen;
use crate::workspace;

/// Runs `fuzz [--seconds N]`, N for each target.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let seconds = match args {
        [] => 60,
        [flag, seconds] if flag == "--seconds" => seconds
            .parse::<u64>()
            .context("--seconds takes a whole number")?,
        _ => bail!("usage: cargo xtask fuzz [--seconds N]"),
    };
    let folder = workspace::root().join("fuzz");
    check_tools(&folder)?;
    let start = Instant::now();
    let (mut executions, mut broken, mut count) = (0, 0, 0);
    for target in targets(&folder)? {
        let outcome = run_target(&folder, &target, seconds)?;
        let crashes = usize::from(outcome.crashed);
        println!(
            "target={target} executions={} crashes={crashes}",
            outcome.executions
        );
        if outcome.crashed {
            println!("{}", outcome.log);
        }
        executions += outcome.executions;
        broken += crashes;
        count += 1;
    }
    let wall = start.elapsed().as_secs();
    println!("fuzz targets={count} executions={executions} crashes={broken} wall={wall}s");
    Ok(if broken == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A cargo of the nightly toolchain: the one that runs this names itself in the environment, and
/// would be taken in its place.
fn nightly(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command
        .arg("+nightly")
        .current_dir(folder)
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}

fn check_tools(folder: &Path) -> Result<()> {
    let answers = |args: &[&str]| {
        let mut command = nightly(folder);
        command
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    ensure!(
        answers(&["--version"]),
        "there is no nightly toolchain: rustup toolchain install nightly"
    );
    ensure!(
        answers(&["fuzz", "--version"]),
        "cargo-fuzz is not installed: cargo install cargo-fuzz"
    );
    Ok(())
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let output = nightly(folder).args(["fuzz", "list"]).output()?;
    ensure!(output.status.success(), "cargo fuzz list failed");
    Ok(String::from_utf8(output.stdout)?
        .lines()
        .map(str::to_owned)
        .collect())
}

struct Outcome {
    executions: u64,
    crashed: bool,
    log: String,
}

fn run_target(folder: &Path, target: &str, seconds: u64) -> Result<Outcome> {
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let mut command = nightly(folder);
    command
        .args(["fuzz", "run", target])
        .arg(&corpus)
        .arg(folder.join("fixtures").join(target))
        .args(["--", "-print_final_stats=1", "-max_len=8192"])
        .arg(format!("-max_total_time={seconds}"));
    if codegen::PROTOCOLS.contains(&target) {
        let dictionary = folder.join("corpus").join(format!("{target}.dict"));
        fs::write(&dictionary, words(target)?)?;
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let output = command.output()?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let executions = log
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|count| count.trim().parse().ok());
    let crashed = !output.status.success();
    ensure!(
        crashed || executions.is_some(),
        "{target} did not say what it ran:\n{log}"
    );
    Ok(Outcome {
        executions: executions.unwrap_or_default(),
        crashed,
        log,
    })
}

/// Names of a wire for the fuzzer to put together.
fn words(protocol: &str) -> Result<String> {
    let description = codegen::read(&codegen::protocol_folder(protocol))?;
    let words = description.words();
    Ok(words.iter().map(|word| format!("\"{word}\"\n")).collect())
}
