//! `suite [NAME]`: every scenario against every plug-in of the workspace.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program answers on its standard streams"
)]

use std::{env, process::ExitCode};

use antiphon_conformance::suite::{Verdict, run, subjects};

const USAGE: &str = "usage: suite [SUBJECT[/SCENARIO]]";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let wanted = args.next().unwrap_or_default();
    if args.next().is_some() || wanted.starts_with('-') {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let (subject, scenario) = wanted.split_once('/').unwrap_or((&wanted, ""));
    let (mut cases, mut ok, mut skipped, mut failed) = (0_u32, 0_u32, 0_u32, 0_u32);
    for candidate in subjects::all() {
        if !candidate.name().contains(subject) {
            continue;
        }
        let lines = run(&*candidate, scenario, |line| println!("{line}"));
        let lines = match lines {
            Ok(lines) => lines,
            Err(error) => {
                eprintln!("suite: a runtime could not be made: {error}");
                return ExitCode::from(2);
            }
        };
        for line in lines {
            cases += 1;
            match line.verdict {
                Verdict::Ok => ok += 1,
                Verdict::Skipped(_) => skipped += 1,
                Verdict::Failed(_) => failed += 1,
            }
        }
    }
    if cases == 0 {
        eprintln!("suite: there is no {wanted:?}\n{USAGE}");
        return ExitCode::from(2);
    }
    println!("cases={cases} ok={ok} skipped={skipped} failed={failed}");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
