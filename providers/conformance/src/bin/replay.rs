//! `replay`: a recorded session, lived through again to any frame, and what it was there.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program answers on its standard streams"
)]

use std::{env, fs, process::ExitCode};

use antiphon_conformance::replay;
use antiphon_session::testing::TimeTravel;

const USAGE: &str = "usage: replay FILE.jsonl [--provider NAME] [--to FRAME] [--each]";

struct Call {
    file: String,
    provider: Option<String>,
    frame: usize,
    each: bool,
}

fn main() -> ExitCode {
    let call = match parse(env::args().skip(1)) {
        Ok(call) => call,
        Err(error) => {
            eprintln!(
                "replay: {error}\n{USAGE}\nproviders: {}",
                replay::names().join(", ")
            );
            return ExitCode::from(2);
        }
    };
    match show(&call) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay: {}: {error}", call.file);
            ExitCode::FAILURE
        }
    }
}

fn show(call: &Call) -> Result<(), String> {
    let recording = fs::read_to_string(&call.file).map_err(|error| error.to_string())?;
    let provider = match &call.provider {
        Some(name) => replay::provider(name).ok_or(format!("there is no plug-in {name:?}"))?,
        None => replay::recorded(&recording)?,
    };
    let mut travel = TimeTravel::new(provider, &recording).map_err(|error| error.to_string())?;
    let last = call.frame.min(travel.frames());
    if call.each {
        for frame in 0..=last {
            println!("{}", replay::line(&travel.to(frame)));
        }
        return Ok(());
    }
    // Past the last frame comes what followed it, down to the end.
    let moment = travel.to(call.frame);
    let shown = serde_json::to_string_pretty(&moment).map_err(|error| error.to_string())?;
    println!("{shown}");
    Ok(())
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Call, String> {
    let (mut file, mut provider, mut frame, mut each) = (None, None, usize::MAX, false);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--provider" => provider = Some(value()?),
            "--to" => {
                let text = value()?;
                frame = text
                    .parse()
                    .map_err(|_| format!("--to needs a number, not {text:?}"))?;
            }
            "--each" => each = true,
            flag if flag.starts_with("--") => return Err(format!("there is no option {flag}")),
            _ if file.is_none() => file = Some(arg),
            _ => return Err("name one file".to_owned()),
        }
    }
    Ok(Call {
        file: file.ok_or("name a recording")?,
        provider,
        frame,
        each,
    })
}
