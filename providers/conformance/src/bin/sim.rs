//! `sim`: whole conversations in virtual time, from seeds.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program answers on its standard streams"
)]

use std::{
    env,
    hash::{DefaultHasher, Hasher},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use antiphon_conformance::sim::{Counts, Tell, play};

const USAGE: &str = "usage: sim [--seeds N] [--first S] [--seed S] [--trace]";

struct Call {
    first: u64,
    seeds: u64,
    trace: bool,
}

fn main() -> ExitCode {
    let call = match parse(env::args().skip(1)) {
        Ok(call) => call,
        Err(error) => {
            eprintln!("sim: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let begun = Instant::now();
    let mut counts = Counts::default();
    let mut hash = DefaultHasher::new();
    let mut failed = 0_u64;
    for seed in call.first..call.first.saturating_add(call.seeds) {
        let tell = call
            .trace
            .then(|| -> Tell { Arc::new(|line| println!("{line}")) });
        let report = match play(seed, tell) {
            Ok(report) => report,
            Err(error) => {
                eprintln!("sim: a runtime could not be made: {error}");
                return ExitCode::from(2);
            }
        };
        hash.write_u64(report.hash);
        counts.add(&report.counts);
        if !report.failures.is_empty() {
            failed += 1;
            for failure in &report.failures {
                println!(
                    "seed={} wire={} failed: {failure}",
                    report.seed, report.wire
                );
            }
        }
    }
    let hours = counts.virtual_time.as_secs_f64() / 3_600.0;
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    println!(
        "{counts} virtual_hours_per_minute={:.1}",
        hours / minutes.max(1e-9)
    );
    let missing = counts.missing();
    let enough = call.seeds < 100 || missing.is_empty();
    if !enough {
        println!("of these nothing happened: {}", missing.join(", "));
    }
    println!(
        "cases={} failed={failed} virtual_hours={hours:.1} hash={:016x}",
        call.seeds,
        hash.finish()
    );
    if failed == 0 && enough {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Call, String> {
    let mut call = Call {
        first: 0,
        seeds: 30,
        trace: false,
    };
    while let Some(arg) = args.next() {
        let mut number = || -> Result<u64, String> {
            let value = args.next().ok_or_else(|| format!("{arg} needs a number"))?;
            value
                .parse()
                .map_err(|_| format!("{arg} needs a number, not {value:?}"))
        };
        match arg.as_str() {
            "--seeds" => call.seeds = number()?,
            "--first" => call.first = number()?,
            "--seed" => {
                call.first = number()?;
                call.seeds = 1;
            }
            "--trace" => call.trace = true,
            _ => return Err(format!("there is no option {arg}")),
        }
    }
    Ok(call)
}
