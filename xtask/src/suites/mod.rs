//! Everything that a change can break, as suites that run one after another to the last, so that one
//! run tells everything.

mod features;
mod output;
mod plan;
mod tally;
mod tool;
mod watch;

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use crate::{interop, workspace};
use output::TestOutput;
use plan::{SUITES, Suite, Tier, Work};
use tally::{Tally, Verdict};

/// How long a probe may take.
const PROBE: Duration = Duration::from_secs(60);

/// What the caller asked for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    tier: Tier,
    /// Names of the suites to run; all of the tier when empty.
    only: Vec<String>,
}

/// Runs `test [--tier everyday|nightly] [--only SUITE]...`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let request = Request::parse(args)?;
    let features = features::all(&workspace::root())?;
    let mut tally = Tally::default();
    for suite in SUITES.iter().filter(|suite| request.wants(suite)) {
        println!("\n── {}: {}", suite.name, suite.about);
        // A tool that has to be built first is not the suite's expense.
        let path = provide(suite)?;
        let started = Instant::now();
        let verdict = match path {
            Err(why) => Verdict::Skipped(why),
            Ok(path) => perform(suite, &features, path.as_deref(), &mut tally.tests)
                .unwrap_or_else(|error| {
                    eprintln!("{error:#}");
                    Verdict::Failed
                }),
        };
        let line = tally.record(suite, verdict, started.elapsed());
        println!("{line}");
    }
    println!("\n{tally}");
    Ok(if tally.is_green() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Request {
    fn parse(args: &[String]) -> Result<Self> {
        let mut parser = lexopt::Parser::from_args(args);
        let mut request = Self {
            tier: Tier::Everyday,
            only: Vec::new(),
        };
        while let Some(arg) = parser.next()? {
            match arg {
                Long("tier") => {
                    request.tier = match parser.value()?.string()?.as_str() {
                        "everyday" => Tier::Everyday,
                        "nightly" => Tier::Nightly,
                        tier => bail!("there is no tier {tier:?}; everyday and nightly are"),
                    }
                }
                Long("only") => {
                    let name = parser.value()?.string()?;
                    if !SUITES.iter().any(|suite| suite.name == name) {
                        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
                        bail!("there is no suite {name:?}; there are {}", names.join(", "));
                    }
                    request.only.push(name);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(request)
    }

    /// A suite that is named runs in any tier.
    fn wants(&self, suite: &Suite) -> bool {
        if self.only.is_empty() {
            suite.tier <= self.tier
        } else {
            self.only.iter().any(|name| name == suite.name)
        }
    }
}

/// The folder that everything is built into.
pub(crate) fn target_folder() -> Result<PathBuf> {
    features::target_folder(&workspace::root())
}

/// The search path on which the suite's tool is found, if it needs one; else why it is not.
fn provide(suite: &Suite) -> Result<Result<Option<OsString>, String>> {
    let Work::Tool { tool, .. } = suite.work else {
        return Ok(Ok(None));
    };
    let target = target_folder()?;
    Ok(tool.provide(&target).map(Some))
}

fn perform(
    suite: &Suite,
    features: &str,
    path: Option<&OsStr>,
    tests: &mut TestOutput,
) -> Result<Verdict> {
    match suite.work {
        Work::Own(command, args) => {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            Ok(Verdict::of(command(&args)? == ExitCode::SUCCESS))
        }
        Work::Cargo(args) => check(suite, cargo(suite, args, features)),
        Work::Interop => match interop::provide()? {
            Ok(python) => Ok(Verdict::of(
                interop::hold(&python, "")? == ExitCode::SUCCESS,
            )),
            Err(missing) => Ok(Verdict::Skipped(missing)),
        },
        Work::Tests(args) => run_tests(suite, cargo(suite, args, features), tests),
        Work::Tool { probe, args, .. } => {
            let tool = |args| {
                let mut command = cargo(suite, args, features);
                command.envs(path.map(|path| ("PATH", path)));
                command
            };
            match probe {
                Some((probe, missing)) if !answers(tool(probe)) => {
                    Ok(Verdict::Skipped((*missing).to_owned()))
                }
                _ => check(suite, tool(args)),
            }
        }
        Work::Toolchain(args) => {
            let version = env!("CARGO_PKG_RUST_VERSION");
            let mut probe = Command::new("rustup");
            probe.args(["run", version, "cargo", "--version"]);
            if !answers(probe) {
                return Ok(Verdict::Skipped(format!("Rust {version} is not installed")));
            }
            let mut command = Command::new("rustup");
            command.args(["run", version, "cargo"]).args(args);
            command.current_dir(workspace::root());
            check(suite, command)
        }
    }
}

/// The cargo command of a suite, with [`plan::FEATURES`] filled in.
fn cargo(suite: &Suite, args: &[&str], features: &str) -> Command {
    let mut command = workspace::cargo(&workspace::root());
    for arg in args {
        match *arg {
            plan::FEATURES if features.is_empty() => &mut command,
            plan::FEATURES => command.arg(format!("--features={features}")),
            arg => command.arg(arg),
        };
    }
    command.envs(suite.env.iter().copied());
    command
}

/// Whether the command is there and succeeds, quietly and before long: a network that swallows what
/// it is sent would keep a probe waiting for minutes.
fn answers(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    let began = Instant::now();
    while began.elapsed() < PROBE {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => thread::sleep(Duration::from_millis(20)),
            Err(_) => break,
        }
    }
    // If it has ended by itself meanwhile, there is nothing left to end.
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn check(suite: &Suite, command: Command) -> Result<Verdict> {
    let mut watched = start(suite, command)?;
    let status = watched
        .child
        .wait()
        .context("the suite cannot be waited for")?;
    Ok(Verdict::of(status.success()))
}

fn start(suite: &Suite, command: Command) -> Result<watch::Watched> {
    let name = command.get_program().to_owned();
    let budget = Duration::from_secs(suite.budget);
    watch::start(command, budget).with_context(|| format!("{} does not start", name.display()))
}

/// Runs test programs and reads from their output how many tests there were and what they left out.
fn run_tests(suite: &Suite, mut command: Command, tests: &mut TestOutput) -> Result<Verdict> {
    command.stdout(Stdio::piped());
    let mut watched = start(suite, command)?;
    let child = &mut watched.child;
    let before = tests.passed;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("the output of the tests breaks off")?;
            if let Some(line) = tests.read(&String::from_utf8_lossy(&line)) {
                println!("{line}");
            }
        }
    }
    let status = child.wait().context("the tests cannot be waited for")?;
    if status.success() && tests.passed == before {
        eprintln!("no test ran");
        return Ok(Verdict::Failed);
    }
    Ok(Verdict::of(status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(args: &[&str]) -> Result<Request> {
        Request::parse(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn names(request: &Request) -> Vec<&'static str> {
        SUITES
            .iter()
            .filter(|suite| request.wants(suite))
            .map(|suite| suite.name)
            .collect()
    }

    #[test]
    fn nightly_runs_all_of_everyday_and_more() {
        let everyday = names(&request(&[]).unwrap());
        let nightly = names(&request(&["--tier", "nightly"]).unwrap());
        assert!(everyday.iter().all(|name| nightly.contains(name)));
        assert!(nightly.len() > everyday.len());
    }

    #[test]
    fn a_named_suite_runs_alone_whatever_its_tier() {
        assert_eq!(names(&request(&["--only", "msrv"]).unwrap()), ["msrv"]);
        assert_eq!(
            names(&request(&["--only=tidy", "--only=fmt"]).unwrap()),
            ["fmt", "tidy"]
        );
    }

    #[test]
    fn every_feature_is_asked_for_in_one_option_or_not_at_all() {
        let suite = SUITES.iter().find(|suite| suite.name == "docs").unwrap();
        let args = |features| -> Vec<String> {
            let command = cargo(suite, &["doc", plan::FEATURES, "--no-deps"], features);
            command
                .get_args()
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(args("a/x,b/y"), ["doc", "--features=a/x,b/y", "--no-deps"]);
        assert_eq!(args(""), ["doc", "--no-deps"]);
    }

    #[test]
    fn a_probe_that_fails_or_is_not_there_does_not_answer() {
        assert!(answers(Command::new("true")));
        assert!(!answers(Command::new("false")));
        assert!(!answers(Command::new("no-such-program")));
    }

    #[test]
    fn a_wrong_word_is_refused_by_name() {
        for (args, word) in [
            (&["--tier", "weekly"][..], "weekly"),
            (&["--only", "flying"], "flying"),
            (&["--fast"], "--fast"),
            (&["everyday"], "everyday"),
        ] {
            let error = request(args).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
