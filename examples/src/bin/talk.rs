//! Holds a spoken conversation; see `talk --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    antiphon_examples::talk::main(std::env::args_os())
}
