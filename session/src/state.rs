//! What can be watched of a session at any moment.

use antiphon_protocol::{Ended, Generation, Phase};
use serde::Serialize;

use crate::{LatencyTotals, UpdateProgress, UsageTotals};

/// What the user is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserTurn {
    /// Silent.
    #[default]
    Idle,
    /// Speaking.
    Speaking,
}

/// What the model is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelTurn {
    /// Nothing.
    #[default]
    Idle,
    /// A response is asked for or is being made, and nothing of it was heard yet.
    Thinking,
    /// Speech or text of a response is arriving.
    Answering,
}

/// Who is speaking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// The user's side.
    pub user: UserTurn,
    /// The model's side.
    pub model: ModelTurn,
    /// Tool calls that are not answered yet.
    pub open_calls: usize,
    /// Delegations of the last two minutes that are not answered yet (GPT-Live).
    pub open_delegations: usize,
    /// Whether produced speech is, by report or estimate, still being played.
    pub playing: bool,
}

impl Turn {
    /// Whether the user is silent, no response is open, and neither a call nor a delegation waits for
    /// an answer. Speech that has been produced may still be playing.
    pub const fn is_idle(&self) -> bool {
        matches!(self.user, UserTurn::Idle)
            && matches!(self.model, ModelTurn::Idle)
            && self.open_calls == 0
            && self.open_delegations == 0
    }
}

/// The account of the user's audio, in samples at the input rate. What was accepted is either
/// written, dropped, or still waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UplinkMarks {
    /// Taken from the caller.
    pub accepted: u64,
    /// Given to a connection, each sample counted once.
    pub sent: u64,
    /// Given to a connection again after the one before was lost.
    pub replayed: u64,
    /// Dropped: too old, or more than may wait.
    pub dropped: u64,
    /// Of what was taken: replaced by silence, because the caller is muted.
    pub muted: u64,
    /// Silence of the session's own, sent for a provider whose clock is the caller's audio; no part
    /// of the other counts.
    pub silence: u64,
}

/// How much of the conversation is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HistoryMarks {
    /// Entries that are kept.
    pub items: usize,
    /// Their tokens: an estimate, as only the provider's tokenizer knows. See
    /// [`Limits::history_tokens`](crate::Limits::history_tokens).
    pub estimated_tokens: u64,
    /// Entries that had to go because there were more than may be kept.
    pub pruned_items: u64,
    /// The tokens of those, estimated in the same way.
    pub pruned_tokens: u64,
}

/// A session at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionState {
    /// Where the link is.
    pub phase: Phase,
    /// Which connection is live.
    pub generation: Option<Generation>,
    /// The provider's id of the session on the live connection. A connection that resumes may keep
    /// it; any other has one of its own.
    pub session_id: Option<String>,
    /// Who is speaking.
    pub turn: Turn,
    /// Whether the caller's audio leaves as silence.
    pub muted: bool,
    /// The account of the user's audio. Changes of this field alone wake nobody.
    pub uplink: UplinkMarks,
    /// How much of the conversation is kept. Changes of this field alone wake nobody.
    pub history: HistoryMarks,
    /// Unread audio that was dropped for a slow reader, in bytes.
    pub media_dropped: u64,
    /// Refusals that ordinary races produce, absorbed.
    pub benign_refusals: u64,
    /// New connections after the first.
    pub rotations: u32,
    /// A wish to configure the session in another way that is on its way.
    pub update: Option<UpdateProgress>,
    /// What was used so far.
    pub usage: UsageTotals,
    /// How long users waited for answers.
    pub latency: LatencyTotals,
    /// How the session ended, once it has.
    pub ended: Option<Ended>,
}

impl Default for SessionState {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            generation: None,
            session_id: None,
            turn: Turn::default(),
            muted: false,
            uplink: UplinkMarks::default(),
            history: HistoryMarks::default(),
            media_dropped: 0,
            benign_refusals: 0,
            rotations: 0,
            update: None,
            usage: UsageTotals::default(),
            latency: LatencyTotals::default(),
            ended: None,
        }
    }
}
