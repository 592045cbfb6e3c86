//! `interop`: the official Python SDKs hold conversations with our emulator.
//!
//! The SDKs come from the package index by name, into a folder of their own under the target folder;
//! where they cannot be had, that is said and counted as a skip. The conversations themselves are a
//! Python script beside the emulator.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{suites, workspace};

/// What is installed, in the versions that the script was written against.
const PACKAGES: &[&str] = &[
    "openai[realtime]==3.54.0",
    "google-genai==3.4.0",
    "trustme==1.2.1",
];
/// The conversations.
const SCRIPT: &str = "providers/emulator/interop/conversation.py";
/// The key that the conversations bring along.
const KEY: &str = "interop-key";
/// How long the emulator may take to stop once it is told to.
const GOODBYE: Duration = Duration::from_secs(5);

/// Runs `cargo xtask interop [SDK[/SCENARIO]]`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let wanted = match args {
        [] => "",
        [wanted] if !wanted.starts_with('-') => wanted,
        _ => bail!("usage: cargo xtask interop [SDK[/SCENARIO]]"),
    };
    match provide()? {
        Ok(python) => hold(&python, wanted),
        Err(missing) => {
            println!("interop skipped: {missing}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The Python that has the SDKs, or why there is none.
pub(crate) fn provide() -> Result<Result<PathBuf, String>> {
    let folder = suites::target_folder()?.join("interop");
    let python = folder.join("bin").join("python");
    let stamp = folder.join("packages");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Ok(python));
    }
    let venv = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .stdout(Stdio::null())
        .status();
    if !venv.is_ok_and(|status| status.success()) {
        return Ok(Err(
            "python3 with its venv module is not installed".to_owned()
        ));
    }
    let pip = Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--timeout", "15", "--retries", "1"])
        .args(PACKAGES)
        .status();
    if !pip.is_ok_and(|status| status.success()) {
        return Ok(Err("the Python packages cannot be had".to_owned()));
    }
    fs::write(&stamp, wanted).context("the list of packages cannot be written")?;
    Ok(Ok(python))
}

/// Starts the emulator behind TLS, as the SDKs want it, and lets the script talk with it.
pub(crate) fn hold(python: &Path, wanted: &str) -> Result<ExitCode> {
    let folder = suites::target_folder()?.join("interop");
    let trustme = Command::new(python)
        .args([
            "-m",
            "trustme",
            "--quiet",
            "--identities",
            "127.0.0.1",
            "localhost",
            "--dir",
        ])
        .arg(&folder)
        .status()
        .context("the certificates cannot be made")?;
    if !trustme.success() {
        bail!("the certificates cannot be made");
    }
    let mut emulator = Emulator::start(&folder)?;
    let status = Command::new(python)
        .arg("-B")
        .arg(workspace::root().join(SCRIPT))
        .args([&emulator.address, wanted])
        .env("SSL_CERT_FILE", folder.join("client.pem"))
        .env("NO_PROXY", "*")
        .status()
        .context("the conversations cannot be started")?;
    emulator.stop();
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A running emulator; it ends when this is dropped.
struct Emulator {
    child: Child,
    address: String,
}

impl Emulator {
    fn start(certificates: &Path) -> Result<Self> {
        let mut command = workspace::cargo(&workspace::root());
        command
            .args([
                "run",
                "--quiet",
                "--package=antiphon-emulator",
                "--features=cli",
            ])
            .args([
                "--bin=antiphon-emulator",
                "--",
                "serve",
                "--port=0",
                "--until-eof",
            ])
            .args(["--key", KEY, "--tls"])
            .arg(certificates.join("server.pem"))
            .arg(certificates.join("server.key"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("the emulator does not start")?;
        let stdout = child.stdout.take().context("the emulator has no output")?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines.find_map(|line| address(&line));
        // What it says later is of no interest here, but must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        let mut emulator = Self {
            child,
            address: String::new(),
        };
        match address {
            Some(address) => emulator.address = address,
            None => bail!("the emulator does not say where it listens"),
        }
        Ok(emulator)
    }

    fn stop(&mut self) {
        // The end of its input is the order to stop.
        drop(self.child.stdin.take());
        let told = Instant::now();
        while told.elapsed() < GOODBYE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        // If it has ended by itself meanwhile, there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// The `host:port` of the first address in `line`.
fn address(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("wss://")?;
    let end = rest.find(['/', ' ']).unwrap_or(rest.len());
    rest.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_what_the_emulator_says() {
        for (line, found) in [
            (
                "openai-realtime wss://127.0.0.1:4711/v1/realtime",
                Some("127.0.0.1:4711"),
            ),
            ("wss://localhost:1", Some("localhost:1")),
            ("ws://127.0.0.1:80/v1", None),
            ("", None),
        ] {
            assert_eq!(address(line).as_deref(), found, "{line}");
        }
    }

    #[test]
    fn the_script_is_where_it_is_looked_for() {
        assert!(workspace::root().join(SCRIPT).is_file());
    }
}
