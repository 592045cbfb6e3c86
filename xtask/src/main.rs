//! Every command that a person or CI runs.
//!
//! The crate depends on nothing of ours, so that it still builds when a crate is broken; what needs
//! our crates is a binary of theirs that [`program`] starts through cargo.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program answers on its standard streams"
)]

mod codegen;
mod drift;
mod faults;
mod fuzz;
mod interop;
mod mutants;
mod program;
mod suites;
mod tidy;
mod workspace;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND [OPTION]...

  codegen [--check]                   write the wire types from their descriptions, or fail on drift
  drift --protocol P SCHEMA.json      compare a description with an official JSON Schema bundle
  faults [--all] [--list]             which faults of the catalogue are injected by which test
  fuzz [--seconds N]                  run every fuzz target, N seconds each
  interop [SDK[/SCENARIO]]            the official Python SDKs talk with the emulator
  mutants [ROOM]...                   how many planted defects the tests notice
  tidy                                check the rules of the house
  test [--tier everyday|nightly]      everything that a change can break
       [--only SUITE]...
";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "codegen" => codegen::run(&args),
        "drift" => drift::run(&args),
        "faults" => faults::run(&args),
        "fuzz" => fuzz::run(&args),
        "interop" => interop::run(&args),
        "mutants" => mutants::run(&args),
        "tidy" => tidy::run(&args),
        "test" => suites::run(&args),
        "help" | "--help" | "-h" => {
            print!("{USAGE}{}", program::usage());
            Ok(ExitCode::SUCCESS)
        }
        name => match program::find(name) {
            Some(program) => program.run(&args),
            None => {
                eprint!(
                    "xtask: there is no command {name:?}\n\n{USAGE}{}",
                    program::usage()
                );
                Ok(ExitCode::from(2))
            }
        },
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("xtask {command}: {error:#}");
        ExitCode::FAILURE
    })
}
