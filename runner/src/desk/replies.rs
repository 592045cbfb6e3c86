//! How answers leave: calls through the session's ledger, delegations as words.

use std::sync::Arc;

use antiphon_protocol::{Context, ContextKind, DelegationId, Scheduling, ToolResult};
use antiphon_session::{CallError, SessionError, Undelivered};
use serde_json::Value;

use super::{Desk, Inner};
use crate::board::{Input, Sent};

impl Desk {
    pub(super) fn answer(
        self: &Arc<Self>,
        inner: &mut Inner,
        result: ToolResult,
        delegation: Option<DelegationId>,
    ) {
        let desk = Arc::clone(self);
        let call = result.call.clone();
        let sending = async move {
            let sent = if let Some(delegation) = delegation {
                let words = words(result, delegation);
                desk.say(words).await
            } else {
                let sent = desk.session.send_tool_results(vec![result]).await;
                fate(sent.err().as_ref())
            };
            desk.tell(Input::Sent(call, sent));
        };
        inner.tasks.spawn_on(sending, &self.runtime);
    }

    /// Answers a delegation.
    async fn say(&self, words: Context) -> Sent {
        let delegation = words.delegation.clone();
        let sent = self.session.send_context(words).await;
        let fate = fate_of_words(sent.err().as_ref());
        // The session takes commentary alone for an answer, and a rotation would wait for one.
        if let Some(delegation) = delegation.filter(|_| fate != Sent::Returned) {
            // It fails when the session is over, and then nothing waits.
            let _ = self.session.release_delegation(delegation).await;
        }
        fate
    }
}

/// What became of an answer, by what the session said.
fn fate(refusal: Option<&SessionError>) -> Sent {
    match refusal {
        None => Sent::Taken,
        Some(SessionError::Call(CallError::Answered(_))) => Sent::Answered,
        Some(SessionError::Call(_)) => Sent::Void,
        Some(SessionError::Ended) => Sent::Ended,
        Some(SessionError::Rejected(_) | SessionError::Unsupported(_)) => Sent::Refused,
        // The session's ledger opens the call again when an answer comes back, and knows whether one
        // that it gave up waiting for has left.
        Some(_) => Sent::Returned,
    }
}

/// The answer to a delegation: to be spoken of, unless it is meant to be silent.
fn words(result: ToolResult, delegation: DelegationId) -> Context {
    let kind = match result.scheduling {
        Some(Scheduling::Silent) => ContextKind::Thinking,
        _ => ContextKind::Commentary,
    };
    Context {
        kind,
        text: result.output,
        delegation: Some(delegation),
    }
}

/// What became of words, of which the session keeps no ledger: what may have left is not said again.
fn fate_of_words(refusal: Option<&SessionError>) -> Sent {
    match refusal {
        None => Sent::Taken,
        Some(SessionError::Ended) => Sent::Ended,
        Some(SessionError::Rejected(_) | SessionError::Unsupported(_)) => Sent::Refused,
        Some(SessionError::Undelivered(Undelivered::Lost) | SessionError::Deadline) => Sent::Void,
        Some(_) => Sent::Returned,
    }
}

/// Whether a provider's own configuration holds something of this name.
pub(super) fn names(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get("name").and_then(Value::as_str) == Some(name)
                || fields.values().any(|value| names(value, name))
        }
        Value::Array(values) => values.iter().any(|value| names(value, name)),
        _ => false,
    }
}
