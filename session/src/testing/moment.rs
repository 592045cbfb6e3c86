//! All that a session is at one moment.

use antiphon_protocol::{CallId, Heard, Item, ResponseId, Time};
use serde::Serialize;

use crate::SessionState;

/// All that a session is at one moment of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// How many frames had been heard.
    pub frame: usize,
    /// When, on the session's clock: the last input that is part of it.
    pub at: Time,
    /// What callers could watch: phase, turn, uplink, usage and more.
    pub state: SessionState,
    /// Whether a response may be asked for.
    pub gate: GateAt,
    /// The calls that are known, oldest first.
    pub calls: Vec<CallAt>,
    /// What is being played.
    pub playhead: PlayheadAt,
    /// Whether an interruption has still to be settled.
    pub interrupting: bool,
    /// What waits for a connection or for its time.
    pub waiting: WaitingAt,
    /// What was said, as far as it was heard.
    pub history: Vec<Item>,
}

/// The response gate at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GateAt {
    /// `free`, `requested` or `active`.
    pub state: &'static str,
    /// The response that runs, where it is named.
    pub response: Option<ResponseId>,
    /// Creates that wait for their turn.
    pub waiting: usize,
    /// Whether the response is being cancelled, or will be when it begins.
    pub cancelling: bool,
}

/// A call at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallAt {
    /// Which one.
    pub call: CallId,
    /// `announced`, `answered`, `void`, or `spent` when its late result was used.
    pub state: &'static str,
}

/// The playhead at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlayheadAt {
    /// Whether playback is estimated, because no player has reported.
    pub estimated: bool,
    /// What is not wholly heard, in the order in which it is played.
    pub open: Vec<Heard>,
}

/// What waits at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WaitingAt {
    /// Samples of the caller's audio.
    pub samples: u64,
    /// Commands that keep their place among it.
    pub commands: usize,
    /// Bytes of the next event that the reader has not taken, if there is one.
    pub unread: Option<usize>,
}
