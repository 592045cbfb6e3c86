//! What a running tool knows of its call.

use std::sync::Arc;

use antiphon_protocol::ToolCall;
use tokio::sync::watch;

use crate::Control;

/// Why work is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// The user interrupted, and the tool's policy says that this stops it.
    Interrupted,
    /// The provider no longer wants the call answered.
    Withdrawn,
    /// The connection that made the call is gone.
    ConnectionLost,
    /// The work took too long.
    TimedOut,
    /// The call was answered by hand.
    AnsweredByHand,
    /// The session is over.
    SessionEnded,
}

/// Tells work when to stop. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Cancellation(watch::Receiver<Option<CancelReason>>);

impl Cancellation {
    pub(crate) fn new() -> (watch::Sender<Option<CancelReason>>, Self) {
        let (order, seen) = watch::channel(None);
        (order, Self(seen))
    }

    /// Why to stop, once that is so.
    pub fn reason(&self) -> Option<CancelReason> {
        *self.0.borrow()
    }

    /// Waits until the work should stop, perhaps for ever. Cancel safe.
    pub async fn cancelled(&self) -> CancelReason {
        let mut seen = self.0.clone();
        let reason = seen.wait_for(Option::is_some).await.map(|reason| *reason);
        match reason {
            Ok(Some(reason)) => reason,
            // Nobody is left who could tell: the runner is gone.
            _ => CancelReason::SessionEnded,
        }
    }
}

/// A call's surroundings, given to the tool that serves it.
#[derive(Clone, Debug)]
pub struct ToolContext {
    pub(crate) call: Arc<ToolCall>,
    pub(crate) cancellation: Cancellation,
    pub(crate) control: Control,
}

impl ToolContext {
    /// The call as the model made it.
    pub fn call(&self) -> &ToolCall {
        &self.call
    }

    /// A handle on the conversation. An answer sent by it to this very call stands in for the tool's
    /// own.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// What tells the work to stop.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Whether the work should stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.reason().is_some()
    }

    /// Waits until the work should stop. Cancel safe.
    pub async fn cancelled(&self) -> CancelReason {
        self.cancellation.cancelled().await
    }

    /// Tells handlers how far the work has come, in words.
    pub fn progress(&self, message: impl Into<String>) {
        self.control.report_progress(&self.call, message.into());
    }
}
