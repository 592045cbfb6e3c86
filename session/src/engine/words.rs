//! What goes into the engine and comes out of it.

use std::{fmt, time::Duration};

use antiphon_protocol::{
    Command, CommandId, DelegationId, Event, Interruption, Item, ItemId, UpdateOutcome,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Delivery, EventFilter, SessionError, Snapshot, Update, UsageAccount};

/// The bounds of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limits {
    /// Unread media, in bytes, over which reading from the socket pauses. Default 8 MiB.
    pub inbox_bytes: usize,
    /// How long reading may be paused for a reader that takes nothing. Default 15 s.
    pub reader_stall: Duration,
    /// Whether a stalled reader loses unread media instead of its session. Default `false`.
    pub drop_media: bool,
    /// How long the user's audio is worth sending. Default 5 s.
    pub audio_hold: Duration,
    /// How long a command may wait for a connection. Default 15 s.
    pub command_patience: Duration,
    /// Entries of history that are kept; what a new connection is told is part of them. Default 1,024.
    ///
    /// When there are more, the oldest goes first, a call together with its answer; calls that wait for
    /// an answer go after all else, and what the application itself has said to the model last.
    pub history_items: usize,
    /// The same in tokens, as they are estimated from here: four ASCII letters, or one other character,
    /// are one; a picture is 1,000. Default 32,000, which leaves room in every context window there is.
    pub history_tokens: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inbox_bytes: 8 << 20,
            reader_stall: Duration::from_secs(15),
            drop_media: false,
            audio_hold: Duration::from_secs(5),
            command_patience: Duration::from_secs(15),
            history_items: 1024,
            history_tokens: 32_000,
        }
    }
}

/// What becomes of a tool's result that comes late: the provider has cancelled the call, or the
/// connection that made it is gone. A late result is used once, and never as an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LateResults {
    /// It is refused, with [`CallError::Void`](crate::CallError::Void); the caller decides what to do
    /// with it.
    #[default]
    Refuse,
    /// The model is told it in words, as context: by the wire's way for such, else as a message of the
    /// application. No response is asked for.
    Tell,
    /// It is taken and goes nowhere; an [`Event::LateResult`] says so.
    Drop,
}

/// What a player has reported.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Played {
    pub(crate) item: Option<ItemId>,
    pub(crate) samples: u64,
}

/// All that players have reported so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports {
    pub(crate) played: Option<Played>,
    /// How many times one fell silent.
    pub(crate) silences: u64,
    /// How many times because what it had was thrown away.
    pub(crate) flushes: u64,
}

/// What a caller asks.
pub(crate) enum Verb {
    Audio(Bytes),
    Text(String),
    Say(Command),
    Interrupt,
    History,
    Mute(bool),
    /// Nothing more will be said about this delegation.
    Release(DelegationId),
    Update(Update),
    Usage,
    Snapshot,
}

/// Content stays out of debug output.
impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audio(_) => "audio",
            Self::Text(_) => "text",
            Self::Say(command) => command.name(),
            Self::Interrupt => "interrupt",
            Self::History => "history",
            Self::Mute(_) => "mute",
            Self::Release(_) => "release a delegation",
            Self::Update(_) => "update",
            Self::Usage => "usage",
            Self::Snapshot => "snapshot",
        })
    }
}

/// What the port puts in.
#[derive(Debug)]
pub(crate) enum EngineCommand {
    Do {
        id: CommandId,
        verb: Verb,
    },
    Played(Played),
    /// The player has fallen silent, and may have thrown away what it had not played.
    Silent {
        flushed: bool,
    },
    /// The classes of events that observers want.
    Observe(EventFilter),
    /// The primary reader is gone.
    ReaderGone,
}

/// What became of a caller's command.
#[derive(Debug)]
pub(crate) enum Outcome {
    Delivered(Delivery),
    Interrupted(Interruption),
    History(Vec<Item>),
    Updated(UpdateOutcome),
    Usage(Box<UsageAccount>),
    Snapshot(Box<Snapshot>),
    Failed(SessionError),
}

/// What the port takes out.
#[derive(Debug)]
pub(crate) enum EngineOutput {
    Resolve { id: CommandId, outcome: Outcome },
    Show(Event),
}
