//! What the board is told.

use antiphon_protocol::{CallId, DelegationId, ToolCall};
use thiserror::Error;

use crate::{ToolError, ToolOutput};

/// A fact.
#[derive(Debug)]
pub(crate) enum Input {
    /// The model made a call.
    Called(ToolCall),
    /// The model made the call to another process, where its work may have begun.
    Restored(ToolCall, bool),
    /// The model delegated work, which is run as this call of the delegate.
    Delegated(DelegationId, ToolCall),
    /// Whether the model was told of a tool that the runner does not have, which this call asks for.
    Known(CallId, bool),
    /// The call may run.
    Approved(CallId),
    /// The call may not run; the words are for the model.
    Denied(CallId, String),
    /// The work has ended.
    Done(CallId, Result<ToolOutput, ToolError>),
    /// The work, or the question, broke down or was dropped.
    Crashed(CallId),
    /// What became of an answer that was given to the session.
    Sent(CallId, Sent),
    /// The provider no longer wants these calls answered.
    Withdrawn(Vec<CallId>),
    /// The connection that made these calls is gone.
    Lost(Vec<CallId>),
    /// The connection that delegated work is gone, and its delegations with it.
    DelegationsLost,
    /// The user spoke over the model, or the caller interrupted it.
    Interrupted,
    /// The caller answered these calls by hand.
    AnsweredByHand(Vec<CallId>),
    /// The session is over.
    Ended,
    /// A deadline may have come.
    Timeout,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It left.
    Taken,
    /// The call had been answered.
    Answered,
    /// The call is void.
    Void,
    /// It did not leave, and may yet.
    Returned,
    /// The provider or the wire would not have it.
    Refused,
    /// The session is over.
    Ended,
}

/// A call could not be executed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The model made no such call.
    #[error("the model made no such call")]
    Unknown,
    /// No tool of that name was given to the runner.
    #[error("no tool of that name was given to the runner; answer the call with send_tool_results")]
    NoTool,
    /// The call runs already, or has run.
    #[error("the call runs already, or has run")]
    AlreadyStarted,
    /// The call is settled.
    #[error("the call is settled")]
    Over,
    /// The runner is gone.
    #[error("the session is over")]
    Ended,
}
