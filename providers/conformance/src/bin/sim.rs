//! `sim`: whole conversations in virtual time, from seeds.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program answers on its standard streams"
)]

use std::{alloc::System, env, process::ExitCode, sync::Arc};

use antiphon_conformance::sim::{DEFECTS, Plan, run};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

const USAGE: &str =
    "usage: sim [--seeds N] [--first S] [--seed S] [--break N] [--threads N] [--trace]";
/// How many conversations are held unless somebody says so.
const SEEDS: u64 = 30;

/// Counts what is in use.
#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn in_use() -> usize {
    let stats = HEAP.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}

fn main() -> ExitCode {
    let plan = match parse(env::args().skip(1)) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("sim: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let tally = run(&plan, |report| {
        for failure in &report.failures {
            println!(
                "seed={} wire={} failed: {failure}",
                report.seed, report.wire
            );
        }
    });
    match tally {
        Ok(tally) => {
            println!("{tally}");
            if tally.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("sim: a runtime could not be made: {error}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Plan, String> {
    let mut plan = Plan::new(0, SEEDS);
    plan.heap = Some(in_use);
    while let Some(arg) = args.next() {
        let mut number = || -> Result<u64, String> {
            let value = args.next().ok_or_else(|| format!("{arg} needs a number"))?;
            value
                .parse()
                .map_err(|_| format!("{arg} needs a number, not {value:?}"))
        };
        match arg.as_str() {
            "--seeds" => plan.seeds = number()?,
            "--first" => plan.first = number()?,
            "--seed" => {
                plan.first = number()?;
                plan.seeds = 1;
            }
            "--break" => {
                let given = number()?;
                let place = usize::try_from(given).ok().and_then(|n| n.checked_sub(1));
                let defect = place.and_then(|place| DEFECTS.get(place));
                let most = DEFECTS.len();
                plan.defect = Some(*defect.ok_or_else(|| {
                    format!("there is no defect {given}; the defects are numbered from 1 to {most}")
                })?);
            }
            "--threads" => {
                plan.threads = usize::try_from(number()?)
                    .unwrap_or(usize::MAX)
                    .clamp(1, 64);
            }
            "--trace" => plan.tell = Some(Arc::new(|line| println!("{line}"))),
            _ => return Err(format!("there is no option {arg}")),
        }
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Plan, String> {
        parse(args.iter().map(ToString::to_string))
    }

    #[test]
    fn ranges_and_defects_are_read() {
        let plan = parsed(&["--first", "7", "--seeds", "20", "--break", "1"]).unwrap();
        assert_eq!((plan.first, plan.seeds), (7, 20));
        assert_eq!(plan.defect, Some(DEFECTS[0]));
        let plan = parsed(&["--seed", "9", "--break", "10"]).unwrap();
        assert_eq!((plan.first, plan.seeds), (9, 1));
        assert_eq!(plan.defect, Some(DEFECTS[9]));
    }

    #[test]
    fn what_cannot_be_done_is_refused_in_a_sentence() {
        for given in ["99", "0", "11"] {
            let refused = parsed(&["--break", given]).unwrap_err();
            let expected =
                format!("there is no defect {given}; the defects are numbered from 1 to 10");
            assert_eq!(refused, expected);
        }
        assert_eq!(parsed(&["--seeds"]).unwrap_err(), "--seeds needs a number");
        assert_eq!(
            parsed(&["--fast"]).unwrap_err(),
            "there is no option --fast"
        );
    }
}
