//! What a connection is for: to talk, to transcribe, to translate, or to join a call that runs already.

use super::config::Purpose;

/// What is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A conversation of its own.
    Conversation,
    /// A session without responses.
    Transcription,
    /// A session that speaks in another language as it listens.
    Translation,
    /// A call that someone else's audio connection holds.
    Call(String),
}

impl Target {
    pub(crate) const fn purpose(&self) -> Purpose {
        match self {
            Self::Conversation | Self::Call(_) => Purpose::Conversation,
            Self::Transcription => Purpose::Transcription,
            Self::Translation => Purpose::Translation,
        }
    }

    /// The last part of the path.
    pub(crate) const fn endpoint(&self) -> &'static str {
        match self {
            Self::Translation => "/realtime/translations",
            _ => "/realtime",
        }
    }

    /// A running call has its model already.
    pub(crate) const fn needs_model(&self) -> bool {
        !matches!(self, Self::Call(_))
    }

    /// What the address says about it.
    pub(crate) fn parameters<'a>(&'a self, model: &'a str) -> (&'static str, &'a str) {
        match self {
            Self::Conversation | Self::Translation => ("model", model),
            Self::Transcription => ("intent", "transcription"),
            Self::Call(call) => ("call_id", call),
        }
    }
}
