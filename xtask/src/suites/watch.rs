//! Ends a suite that hangs on a machine where nobody watches.
//!
//! A person at a terminal sees which test does not return and stops it; there the suite stays in the
//! terminal's process group, so that one Ctrl-C ends everything. CI would wait for its own limit and
//! then tell nothing.

use std::env;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// Far beyond any everyday budget, with the first build in it.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// A running suite.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) child: Child,
    /// Dropped with the suite, which calls the watch off.
    _watch: Option<Sender<()>>,
}

/// Starts the command, and in CI a watch over it and whatever it starts.
pub(super) fn start(mut command: Command, budget: Duration) -> io::Result<Watched> {
    command.stdin(Stdio::null());
    if env::var_os("CI").is_none() {
        return Ok(Watched {
            child: command.spawn()?,
            _watch: None,
        });
    }
    watched(command, LIMIT.max(budget))
}

#[cfg(unix)]
fn watched(mut command: Command, limit: Duration) -> io::Result<Watched> {
    use std::os::unix::process::CommandExt;
    use std::sync::mpsc::{self, RecvTimeoutError};
    use std::thread;

    let child = command.process_group(0).spawn()?;
    let group = format!("-{}", child.id());
    let (watch, over) = mpsc::channel();
    thread::spawn(move || {
        if over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            eprintln!("the suite is ended: it runs for over {} s", limit.as_secs());
            // If the group is gone already, there is nothing left to end.
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        }
    });
    Ok(Watched {
        child,
        _watch: Some(watch),
    })
}

#[cfg(not(unix))]
fn watched(mut command: Command, _limit: Duration) -> io::Result<Watched> {
    Ok(Watched {
        child: command.spawn()?,
        _watch: None,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_suite_that_hangs_is_ended_with_all_that_it_started() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 600 & sleep 600; true"])
            .stdout(Stdio::piped());
        let mut watched = watched(command, Duration::from_millis(50)).unwrap();
        let mut output = String::new();
        // The pipe ends only when the last process that holds it has ended.
        watched
            .child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut output)
            .unwrap();
        assert!(!watched.child.wait().unwrap().success());
    }

    #[test]
    fn a_suite_that_ends_is_left_alone() {
        let mut watched = watched(Command::new("true"), Duration::from_secs(60)).unwrap();
        assert!(watched.child.wait().unwrap().success());
    }
}
