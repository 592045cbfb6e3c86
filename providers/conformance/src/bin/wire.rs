//! `wire check`: recorded frames through the wire types and back.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program answers on its standard streams"
)]

use std::{env, fs, process::ExitCode};

use antiphon_conformance::wire::{Counts, Direction, Protocol, check};

const USAGE: &str = "usage: wire check --protocol openai-realtime|openai-live|gemini-live \
                     [--direction client|server] FILE.jsonl...";

struct Call {
    protocol: Protocol,
    direction: Option<Direction>,
    files: Vec<String>,
}

fn main() -> ExitCode {
    let call = match parse(env::args().skip(1)) {
        Ok(call) => call,
        Err(error) => {
            eprintln!("wire: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut counts = Counts::default();
    for file in &call.files {
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("wire: cannot read {file}: {error}");
                return ExitCode::from(2);
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        check(
            call.protocol,
            call.direction,
            &text,
            &mut counts,
            |problem| {
                println!("{file}: {problem}");
            },
        );
    }
    println!("{counts}");
    if counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Call, String> {
    if args.next().as_deref() != Some("check") {
        return Err("the only command is check".to_owned());
    }
    let (mut protocol, mut direction, mut files) = (None, None, Vec::new());
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--protocol" => protocol = Some(value()?.parse()?),
            "--direction" => direction = Some(value()?.parse()?),
            flag if flag.starts_with("--") => return Err(format!("there is no option {flag}")),
            _ => files.push(arg),
        }
    }
    if files.is_empty() {
        return Err("name a file of frames".to_owned());
    }
    Ok(Call {
        protocol: protocol.ok_or("name a protocol")?,
        direction,
        files,
    })
}
