//! What goes into the engine and comes out of it.

use std::{fmt, time::Duration};

use antiphon_protocol::{
    Command, CommandId, DelegationId, Event, Interruption, Item, ItemId, UpdateOutcome,
};
use bytes::Bytes;

use crate::{Delivery, EventFilter, SessionError, Snapshot, Update, UsageAccount};

/// The bounds of a session.
#[derive(Clone, Debug)]
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inbox_bytes: 8 << 20,
            reader_stall: Duration::from_secs(15),
            drop_media: false,
            audio_hold: Duration::from_secs(5),
            command_patience: Duration::from_secs(15),
        }
    }
}

/// What a player has reported.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Played {
    pub(crate) item: Option<ItemId>,
    pub(crate) samples: u64,
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
