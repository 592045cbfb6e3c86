//! The program `talk`: a spoken conversation from recordings, with everything it was kept.

pub mod account;
pub mod agent;
pub mod cli;
pub mod clip;
pub mod clock;
pub mod conversation;
pub mod events_log;
pub mod exit;
pub mod microphone;
pub mod picture;
pub mod plan;
pub mod progress;
pub mod reply;
pub mod run;
pub mod service;
pub mod speaker;
pub mod summary;
pub mod target;
pub mod timeline;
pub mod verdict;
pub mod weather;
pub mod wire;
pub mod wire_audio;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use tokio::{runtime, time::Instant};
use tracing_subscriber::EnvFilter;

use self::{
    cli::Options,
    exit::{Exit, Failure},
    progress::Progress,
    summary::{EndReport, Summary},
};

/// How long threads may take to come to rest when all is done.
const REST: Duration = Duration::from_millis(100);

/// Runs the program with this command line, the program's name first.
pub fn main(line: impl IntoIterator<Item = OsString>) -> ExitCode {
    let started = Instant::now();
    let line: Vec<OsString> = line.into_iter().collect();
    let options = match Options::read(line.clone()) {
        Ok(options) => options,
        Err(error) => return not_understood(&error, line.iter().any(|word| word == "--json")),
    };
    if options.verbose > 1 {
        log();
    }
    let progress = Progress::new(options.verbose > 0);
    let (summary, failure) = match runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let result = runtime.block_on(run::run(&options, progress, started));
            runtime.shutdown_timeout(REST);
            result
        }
        Err(error) => {
            let failure = Failure::new(
                Exit::Turn,
                format!("no threads to run on ({error}): free some memory"),
            );
            (Summary::failed(&options, &failure), Some(failure))
        }
    };
    if options.json {
        print_json(&summary);
    } else if failure.is_none() || !summary.turns.is_empty() {
        print(&summary);
    }
    if let Some(failure) = &failure {
        complain(failure);
    }
    failure.map_or(Exit::Success, |failure| failure.exit).into()
}

/// Help, a version, or a command line that is wrong.
fn not_understood(error: &clap::Error, json: bool) -> ExitCode {
    // A person who closes the pipe early does not want the rest.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Success.into();
    }
    if json {
        let what = error.render().to_string();
        let first = what
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let failure = Failure::new(Exit::Usage, first);
        print_json(&Summary {
            ended: EndReport::failed(&failure, None),
            ..Summary::default()
        });
    }
    Exit::Usage.into()
}

fn print_json(summary: &Summary) {
    let mut out = io::stdout().lock();
    // Nothing in a summary can fail to be JSON; a closed pipe is the reader's choice.
    let _ = serde_json::to_writer(&mut out, summary)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(out));
}

fn print(summary: &Summary) {
    let _ = writeln!(io::stdout().lock(), "{summary}");
}

fn complain(failure: &Failure) {
    let _ = writeln!(io::stderr().lock(), "error: {failure}");
}

/// The library's own log. Only our crates: a wire library's log may hold what must not be seen.
fn log() {
    let crates = [
        "transport",
        "session",
        "runner",
        "openai",
        "gemini",
        "emulator",
    ];
    let filter: Vec<String> = crates
        .iter()
        .map(|name| format!("antiphon_{name}=debug"))
        .collect();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter.join(",")))
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}
