//! `capabilities [README.md]`: the table of what every provider and model can do, printed, or written
//! to its place in a file.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program answers on its standard streams"
)]

use std::{env, fs, process::ExitCode};

use antiphon_conformance::capabilities::{placed, table};

fn main() -> ExitCode {
    let Some(path) = env::args().nth(1) else {
        print!("{}", table());
        return ExitCode::SUCCESS;
    };
    let written = fs::read_to_string(&path).map_err(|error| error.to_string());
    let written = written.and_then(|readme| placed(&readme).ok_or("no place for it".to_owned()));
    let written =
        written.and_then(|readme| fs::write(&path, readme).map_err(|error| error.to_string()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("capabilities: {path}: {why}");
            ExitCode::FAILURE
        }
    }
}
