//! What the link and the session report about themselves: phases, rotations, interruptions, ends.

use std::time::Duration;

use serde::Serialize;

use crate::{CallId, Fault, Generation, ItemId, PeerText, Refusal, Stage, Time};

/// Where the link is, as readers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
#[non_exhaustive]
pub enum Phase {
    /// Nothing has begun.
    Idle,
    /// A connection is being made.
    Dialing {
        /// Which attempt since the last success, from 1.
        attempt: u32,
    },
    /// The provider's opening dialogue runs.
    Opening,
    /// In use.
    Live,
    /// Saying goodbye.
    Draining,
    /// Waiting before the next attempt.
    Waiting {
        /// Which attempt will follow, from 1.
        attempt: u32,
        /// How long the wait is.
        delay: Duration,
    },
    /// Over.
    Closed,
}

/// Why a new connection is, or will be, opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RotationCause {
    /// The first connection.
    Start,
    /// A limit on the life of session or connection.
    Limit,
    /// The provider asked for it.
    GoAway,
    /// The connection was lost.
    Drop,
    /// The peer fell silent.
    DeadPeer,
    /// The caller asked for it.
    Request,
    /// The session shall be configured in a way that a live connection cannot take up.
    Update,
    /// A conversation of another process is continued.
    Restore,
    /// The provider failed several times in a row on a connection that stayed open.
    Failures,
}

/// What a new connection knows of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recovery {
    /// Everything, by the provider's handle.
    Resumed,
    /// What was replayed.
    Reseeded,
    /// Nothing.
    Fresh,
    /// The old connection was kept after all.
    Reverted,
}

/// What a change of connection cost. Contract 4: nothing is lost without being named here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// History items that the new connection was given.
    pub items_kept: usize,
    /// History items that it was not.
    pub items_lost: usize,
    /// Whether a response was cut off.
    pub response_lost: bool,
    /// Whether that response is asked for again.
    pub response_asked_again: bool,
    /// Calls whose answers have no one left to take them.
    pub calls_void: Vec<CallId>,
    /// Samples of the user's audio that were sent again.
    pub samples_replayed: u64,
    /// Samples of the user's audio that were dropped.
    pub samples_dropped: u64,
}

/// A new connection took over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// The connection that is live from here on.
    pub generation: Generation,
    /// Why.
    pub cause: RotationCause,
    /// What it knows.
    pub recovery: Recovery,
    /// What it cost.
    pub losses: Losses,
}

/// How much of an item was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// The item; `None` on a continuous track.
    pub item: Option<ItemId>,
    /// Samples heard, at the output rate.
    pub heard: u64,
    /// Samples produced.
    pub produced: u64,
}

/// A settled interruption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interruption {
    /// What was being said, item by item, and how much of it was heard.
    pub items: Vec<Heard>,
    /// Whether how much was heard is an estimate by the clock, because no player has reported.
    pub estimated: bool,
    /// Bytes of audio that the reader had not taken and will not get.
    pub unread_bytes: usize,
    /// Whether the provider confirmed that history now ends at what was heard.
    pub confirmed: bool,
}

/// Who ended the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closer {
    /// This side.
    Local,
    /// The provider.
    Peer,
    /// Neither: the network, or a bound on waiting.
    Network,
}

/// Why the session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndedCause {
    /// `close()` was called.
    Closed,
    /// The last handle and reader were dropped.
    Dropped,
    /// The configuration cannot be sent.
    Unsupported,
    /// A failure that is not worth another try.
    Fault(Fault),
    /// Another try might have helped, but the budget is used up.
    BudgetSpent(Fault),
    /// The primary reader took nothing for too long.
    ReaderStalled,
    /// The session has used up what it was allowed.
    OverBudget(Allowance),
    /// The session's own task failed.
    Panicked,
}

/// What a session may be allowed only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Allowance {
    /// Tokens, of both directions.
    Tokens,
    /// Money, by the caller's own prices.
    Money,
    /// Time since the session was ready.
    Time,
}

/// What became of a wish to configure the session in another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[non_exhaustive]
pub enum UpdateOutcome {
    /// The live connection has taken it up.
    AppliedLive {
        /// Whether the provider said so; else it is known to be written and was not refused.
        confirmed: bool,
    },
    /// It is still on its way; an event will tell what became of it.
    Pending,
    /// A new connection was opened with it.
    Rotated {
        /// What that connection knows of the conversation.
        recovery: Recovery,
    },
    /// It was refused. The session is configured as before.
    Failed {
        /// Why.
        reason: PeerText,
    },
}

/// When a tool was asked for and when its answer was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolTimes {
    /// The call.
    pub call: CallId,
    /// When the model asked.
    pub begun: Time,
    /// When the caller gave the answer.
    pub answered: Option<Time>,
}

/// When what happened in one turn, all on the session's one clock. What did not happen is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TurnTimes {
    /// The user stopped speaking, as this side was told or concluded.
    pub speech_end: Option<Time>,
    /// The user's input was complete: the audio was committed, or text was sent.
    pub committed: Option<Time>,
    /// The first piece of the answer arrived: speech, text, or a call.
    pub first_byte: Option<Time>,
    /// The first sample that is not silence arrived.
    pub first_sound: Option<Time>,
    /// That sample was heard, by the player's report or by the estimate.
    pub first_heard: Option<Time>,
    /// The calls of the turn, in order; the first 64.
    pub tools: Vec<ToolTimes>,
    /// The answer was interrupted; what the reader has not taken falls silent at once.
    pub interrupted: Option<Time>,
    /// The player fell silent after that: by its report, within 1 s; where playback is estimated, at
    /// once, as the player that is imagined holds nothing back.
    pub silenced: Option<Time>,
    /// The interruption was settled.
    pub settled: Option<Time>,
    /// The turn was over.
    pub ended: Time,
}

impl TurnTimes {
    /// When the user's part was over: the end of speech, else of input.
    pub fn asked(&self) -> Option<Time> {
        self.speech_end.or(self.committed)
    }

    /// How long the user waited until the answer's first sound arrived.
    pub fn to_first_sound(&self) -> Option<Duration> {
        Some(self.first_sound? - self.asked()?)
    }

    /// How long the player still spoke after the interruption.
    pub fn to_silence(&self) -> Option<Duration> {
        Some(self.silenced? - self.interrupted?)
    }

    /// How long the user waited until the answer's first sound was heard.
    pub fn to_first_heard(&self) -> Option<Duration> {
        Some(self.first_heard? - self.asked()?)
    }
}

/// The end of a session: the last event, exactly once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// Why.
    pub cause: EndedCause,
    /// Who ended it.
    pub by: Closer,
    /// How far the last connection had come.
    pub stage: Option<Stage>,
    /// Close code, where a close frame was exchanged.
    pub code: Option<u16>,
    /// HTTP status, where an upgrade was refused.
    pub status: Option<u16>,
    /// The peer's or the system's words.
    pub reason: PeerText,
    /// All that was said, where an upgrade was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Box<Refusal>>,
    /// Whether a new session might succeed.
    pub retry_could_help: bool,
    /// Whether the provider still keeps the conversation for a resume.
    pub state_kept: bool,
    /// Whether a response was cut off.
    pub response_cut: bool,
}

impl Ended {
    /// An end of this side's own making.
    pub fn local(cause: EndedCause) -> Self {
        Self {
            cause,
            by: Closer::Local,
            stage: None,
            code: None,
            status: None,
            reason: PeerText::default(),
            refusal: None,
            retry_could_help: false,
            state_kept: false,
            response_cut: false,
        }
    }

    /// Whether the session ended as the caller asked.
    pub const fn is_orderly(&self) -> bool {
        matches!(self.cause, EndedCause::Closed | EndedCause::Dropped)
    }
}
