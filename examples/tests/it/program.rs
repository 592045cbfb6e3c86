//! Runs `talk` as a person does, and keeps everything it left behind.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// No run may take longer; one that does is ended and fails its test.
const LONGEST: Duration = Duration::from_secs(50);

/// A run of the program in a folder of its own.
pub(crate) struct Talk {
    folder: TempDir,
    command: Command,
}

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    folder: TempDir,
}

impl Talk {
    /// The program with these arguments, and without any key in its surroundings.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_talk"));
        command.args(arguments).current_dir(folder.path());
        command
            .env_remove("OPENAI_API_KEY")
            .env_remove("GEMINI_API_KEY");
        Self { folder, command }
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.command.env("OPENAI_API_KEY", key);
        self
    }

    /// The folder it runs in, to put files there.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(self) -> Ran {
        self.run_and(|_, _| {})
    }

    /// Runs it; `meanwhile` is called once it has begun, with the file its standard error goes to.
    pub(crate) fn run_and(mut self, meanwhile: impl FnOnce(&Child, &Path)) -> Ran {
        let began = Instant::now();
        // Files instead of pipes: nothing to drain while it runs.
        let (out, err) = (
            self.folder.path().join("stdout"),
            self.folder.path().join("stderr"),
        );
        self.command.stdout(std::fs::File::create(&out).unwrap());
        self.command
            .stderr(std::fs::File::create(&err).unwrap())
            .stdin(Stdio::null());
        let mut child = self.command.spawn().unwrap();
        meanwhile(&child, &err);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > LONGEST {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it never ended: {}", std::fs::read_to_string(&err).unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Ran {
            code: status.code(),
            took: began.elapsed(),
            stdout: std::fs::read_to_string(&out).unwrap(),
            stderr: std::fs::read_to_string(&err).unwrap(),
            folder: self.folder,
        }
    }
}

impl Ran {
    /// The summary of a run with `--json`.
    pub(crate) fn summary(&self) -> Value {
        assert_eq!(
            self.stdout.lines().count(),
            1,
            "{}{}",
            self.stdout,
            self.stderr
        );
        serde_json::from_str(&self.stdout).unwrap()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The samples of the reply.
    pub(crate) fn reply(&self) -> Vec<i16> {
        let reader = hound::WavReader::open(self.path("talk-reply.wav")).unwrap();
        let spec = reader.spec();
        assert_eq!(
            (spec.channels, spec.sample_rate, spec.bits_per_sample),
            (1, 24_000, 16)
        );
        reader.into_samples::<i16>().map(Result::unwrap).collect()
    }

    pub(crate) fn timeline(&self) -> String {
        std::fs::read_to_string(self.path("talk-timeline.svg")).unwrap()
    }

    /// Checks that it failed with this code and one sentence that holds these words, told the same in
    /// its summary, and neither panicked nor took longer than `within`.
    pub(crate) fn failed(&self, code: u8, words: &[&str], within: Duration) {
        let told = format!("{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(i32::from(code)), "{told}");
        assert!(self.took < within, "took {:?}: {told}", self.took);
        assert!(!self.stderr.contains("panicked"), "{told}");
        let sentences: Vec<_> = self
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("error: "))
            .collect();
        let [sentence] = sentences.as_slice() else {
            panic!("one sentence, not {sentences:?}")
        };
        for word in words {
            assert!(sentence.contains(word), "{word:?} is not in {sentence:?}");
        }
        let ended = &self.summary()["ended"];
        assert_eq!(
            (&ended["exit"], &ended["message"]),
            (&code.into(), &(*sentence).into()),
            "{told}"
        );
    }
}
