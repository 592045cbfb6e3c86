//! What a connection is for, and how far its opening has come.

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
    /// The path below the base; `None` for an id that cannot stand in one.
    pub(crate) fn path(&self, sessions: &str) -> Option<String> {
        let is_plain = |id: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            !id.is_empty() && id.chars().all(is_plain)
        };
        match self {
            Self::Session => Some(sessions.to_owned()),
            Self::Attached(id) => is_plain(id).then(|| format!("{sessions}/{id}/attach")),
            Self::Fork(id) => is_plain(id).then(|| format!("{sessions}/{id}/fork")),
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
