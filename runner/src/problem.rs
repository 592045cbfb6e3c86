//! What goes wrong while a conversation goes on.

use std::{any::Any, time::Duration};

use antiphon_protocol::{CallId, Malformed, PeerText, ServerError};
use thiserror::Error;

use crate::{Lane, ToolAnswer, UpdateError};

/// Something went wrong, and the conversation goes on.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The provider reported an error, other than the refusals that ordinary races produce.
    #[error("the provider reported an error: {}", .0.message)]
    Provider(ServerError),
    /// What the user said could not be transcribed.
    #[error("the user's speech could not be transcribed: {}", .0.message)]
    Transcription(ServerError),
    /// A frame could not be understood.
    #[error("a frame of {} bytes could not be understood: {}", .0.bytes, .0.error)]
    Malformed(Malformed),
    /// A handler failed.
    #[error("a handler of the {} lane {fault}", .lane.name())]
    Handler {
        /// Which lane it serves.
        lane: Lane,
        /// How it failed.
        fault: HandlerFault,
    },
    /// The answer to a call could not be sent.
    #[error("the answer of tool {name} to call {call} could not be sent: {answer:?}")]
    Unanswered {
        /// The call.
        call: CallId,
        /// The tool's name.
        name: String,
        /// What became of the answer.
        answer: ToolAnswer,
    },
    /// The agent was not changed as it was asked to be; whoever asked is told, too.
    #[error(transparent)]
    Update(UpdateError),
    /// A tool broke down; the model was told that it did, not how.
    #[error("tool {name} panicked in call {call}: {words}")]
    ToolPanicked {
        /// The call.
        call: CallId,
        /// The tool's name.
        name: String,
        /// What the panic said.
        words: PeerText,
    },
}

impl Problem {
    /// The kind of problem in a word, without any content: for log lines.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Provider(_) => "provider",
            Self::Transcription(_) => "transcription",
            Self::Malformed(_) => "malformed",
            Self::Handler { .. } => "handler",
            Self::Unanswered { .. } => "unanswered",
            Self::Update(_) => "update",
            Self::ToolPanicked { .. } => "tool_panicked",
        }
    }
}

/// How a handler failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandlerFault {
    /// It gave back an error, in these words.
    #[error("failed: {0}")]
    Failed(String),
    /// It panicked, in these words.
    #[error("panicked: {0}")]
    Panicked(PeerText),
    /// It takes longer than this; it goes on.
    #[error("is slow: it has taken {0:?}")]
    Slow(Duration),
}

/// What a panic said, made safe to print.
pub(crate) fn words_of(payload: &(dyn Any + Send)) -> PeerText {
    let words = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    PeerText::new(words.unwrap_or("no words"))
}
