//! Responses aside from the conversation (`conversation: none`).
//!
//! Any number of them may run beside the one response of the conversation. They are asked for by a
//! native command and told apart by their metadata, so that their events are left as they came.

use std::collections::VecDeque;

use antiphon_openai_realtime_types as wire;
use serde_json::Value;
use wire::ServerEvent as Wire;

/// Most responses aside that are known at once.
const LIMIT: usize = 64;

/// The responses aside that run.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// Whether any was ever asked for. Some services leave the conversation of every response
    /// open, and must not lose it for that.
    is_expected: bool,
    running: VecDeque<String>,
}

impl Aside {
    /// One was asked for.
    pub(crate) fn expect(&mut self) {
        self.is_expected = true;
    }

    /// Whether a response says that it is part of no conversation.
    pub(crate) fn is_one(&self, response: &wire::Response) -> bool {
        self.is_expected
            && response.conversation_id.is_none()
            && response.extra.get("conversation_id") == Some(&Value::Null)
    }

    pub(crate) fn begin(&mut self, id: Option<&str>) {
        if self.running.len() >= LIMIT {
            self.running.pop_front();
        }
        self.running.extend(id.map(str::to_owned));
    }

    pub(crate) fn end(&mut self, id: Option<&str>) {
        self.running.retain(|running| Some(running.as_str()) != id);
    }

    /// Whether this is one of them.
    pub(crate) fn holds(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.running.iter().any(|running| running == id))
    }
}

/// The response that an event belongs to.
pub(crate) fn response_of(event: &Wire) -> Option<&str> {
    match event {
        Wire::ResponseOutputItemAdded(event) => Some(&event.response_id),
        Wire::ResponseOutputItemDone(event) => Some(&event.response_id),
        Wire::ResponseContentPartAdded(event) => Some(&event.response_id),
        Wire::ResponseContentPartDone(event) => Some(&event.response_id),
        Wire::ResponseOutputTextDelta(event) => Some(&event.response_id),
        Wire::ResponseOutputTextDone(event) => Some(&event.response_id),
        Wire::ResponseOutputAudioDelta(event) => Some(&event.response_id),
        Wire::ResponseOutputAudioDone(event) => Some(&event.response_id),
        Wire::ResponseOutputAudioTranscriptDelta(event) => Some(&event.response_id),
        Wire::ResponseOutputAudioTranscriptDone(event) => Some(&event.response_id),
        Wire::ResponseFunctionCallArgumentsDelta(event) => Some(&event.response_id),
        Wire::ResponseFunctionCallArgumentsDone(event) => Some(&event.response_id),
        Wire::ResponseMcpCallArgumentsDelta(event) => Some(&event.response_id),
        Wire::ResponseMcpCallArgumentsDone(event) => Some(&event.response_id),
        _ => None,
    }
}
