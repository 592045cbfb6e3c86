//! What a run amounts to.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_protocol::{CallId, Ended, Losses, ToolCall, ToolResult, TurnTimes, Usage};
use antiphon_session::{LatencyTotals, UplinkMarks};
use serde::Serialize;
use thiserror::Error;

use crate::{Lane, ToolErrorKind};

/// How a call's work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "error")]
pub enum ToolOutcome {
    /// With an output.
    Completed,
    /// With an error of this kind, or not at all.
    Failed(ToolErrorKind),
}

/// What became of a call's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolAnswer {
    /// It was sent.
    Sent,
    /// The caller sent another in its place.
    ByHand,
    /// Void: the provider withdrew the call.
    Withdrawn,
    /// Void: the connection that made the call is gone.
    Lost,
    /// It could not be sent, in several tries.
    Unsent,
    /// The provider or its wire would not have it.
    Refused,
    /// Void: the session ended first.
    SessionEnded,
}

/// A call whose work is over, as handlers are told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolEnd {
    /// The call.
    pub call: Arc<ToolCall>,
    /// How the work ended.
    pub outcome: ToolOutcome,
    /// What the model is told, or should be told by hand; `None` when nobody waits for it.
    pub result: Option<ToolResult>,
    /// How long the work ran.
    pub took: Duration,
}

/// One call in a run's outcome, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolRecord {
    /// The provider's id of it.
    pub call: CallId,
    /// The tool's name.
    pub name: String,
    /// How the work ended.
    #[serde(flatten)]
    pub outcome: ToolOutcome,
    /// What became of the answer.
    pub answer: ToolAnswer,
    /// Whether the work began.
    pub ran: bool,
    /// How long the work ran.
    pub took: Duration,
    /// From the call until both work and answer had ended.
    pub settled_after: Duration,
}

/// What a lane of handlers missed because it was too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lag {
    /// Which lane.
    pub lane: Lane,
    /// How many notices were dropped.
    pub missed: u64,
}

/// How many responses ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Responses {
    /// As the model meant them.
    pub completed: u64,
    /// Because the user spoke over them or the caller cancelled them.
    pub cancelled: u64,
    /// By a limit or a filter.
    pub incomplete: u64,
    /// By the provider's failure.
    pub failed: u64,
}

/// What a run amounts to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Why it ended.
    pub ended: Ended,
    /// Turns of the user, as far as the provider tells them: stretches of speech.
    pub user_turns: u64,
    /// The model's responses.
    pub responses: Responses,
    /// When what happened in each turn, on the session's clock; the first 1024, oldest first.
    pub turns: Vec<TurnTimes>,
    /// How long the user waited, over all turns.
    pub latency: LatencyTotals,
    /// Settled interruptions.
    pub interruptions: u64,
    /// The calls, oldest first; at most 1024.
    pub tool_calls: Vec<ToolRecord>,
    /// Calls beyond those.
    pub tool_calls_unlisted: u64,
    /// What was used.
    pub usage: Usage,
    /// What that costs, in the millionths that the session's prices count; 0 without prices.
    pub cost: u64,
    /// The account of the user's audio, in samples at the input rate.
    pub audio_in: UplinkMarks,
    /// How much the model spoke.
    pub audio_out: Duration,
    /// New connections after the first.
    pub rotations: u32,
    /// What those cost, summed up.
    pub losses: Losses,
    /// What handlers missed, by lane.
    pub lag: Vec<Lag>,
    /// Problems that were reported to error handlers.
    pub problems: u64,
}

/// A run that did not end as its caller asked.
#[derive(Clone, Debug, Error)]
#[error("the session ended: {:?}: {}", .outcome.ended.cause, .outcome.ended.reason)]
pub struct RunError {
    outcome: Box<Outcome>,
}

impl RunError {
    pub(crate) fn new(outcome: Outcome) -> Self {
        Self {
            outcome: Box::new(outcome),
        }
    }

    /// What was done until then.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What was done until then.
    pub fn into_outcome(self) -> Outcome {
        *self.outcome
    }
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} lane missed {}", self.lane.name(), self.missed)
    }
}
