//! How the program ends: its exit codes, and a failure with the one sentence that explains it.

use std::{fmt, process::ExitCode};

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Every turn was completed or interrupted by the caller, and the end was ours.
    Success = 0,
    /// The command line is wrong.
    Usage = 2,
    /// A recording cannot be used.
    Input = 3,
    /// The provider is unknown, or refuses the configuration.
    Configuration = 4,
    /// No connection could be made.
    Dial = 5,
    /// The credential is missing or was refused.
    Authentication = 6,
    /// The time was up.
    Timeout = 7,
    /// The peer closed the connection.
    Closed = 8,
    /// The peer does not speak the protocol.
    Garbage = 9,
    /// A turn failed.
    Turn = 10,
}

impl Exit {
    /// The cause in one word, as the summary names an end that no session reported.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Success => "closed",
            Self::Usage => "usage",
            Self::Input => "input_file",
            Self::Configuration => "configuration",
            Self::Dial => "dial",
            Self::Authentication => "authentication",
            Self::Timeout => "timeout",
            Self::Closed => "closed_by_peer",
            Self::Garbage => "protocol",
            Self::Turn => "turn_failed",
        }
    }

    /// The number handed to the system.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why the program could not do what it was asked: a sentence that names the thing and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code it ends with.
    pub exit: Exit,
    /// The sentence.
    pub sentence: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self {
            exit,
            sentence: sentence.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}
