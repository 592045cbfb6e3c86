//! What a connection is for, and how far its opening has come.

use antiphon_protocol::{Subject, Unsupported};

use crate::rest::plain;

/// What is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Target {
    /// A session of its own.
    #[default]
    Session,
    /// A running session, beside its audio connection.
    Attached(String),
    /// A new session that goes on where a stored one ended.
    Fork(String),
}

impl Target {
    /// The path below the base; refused for an id that cannot stand in one.
    pub(crate) fn path(&self, sessions: &str, subject: &Subject) -> Result<String, Unsupported> {
        match self {
            Self::Session => Ok(sessions.to_owned()),
            Self::Attached(id) => Ok(format!("{sessions}/{}/attach", plain(id, subject)?)),
            Self::Fork(id) => Ok(format!("{sessions}/{}/fork", plain(id, subject)?)),
        }
    }

    /// Whether another connection carries the audio.
    pub(crate) const fn is_attached(&self) -> bool {
        matches!(self, Self::Attached(_))
    }
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// What opens it is on its way.
    Opening,
    /// In use.
    Ready,
    /// Saying goodbye.
    Closing,
    /// Of no more use.
    Over,
}
