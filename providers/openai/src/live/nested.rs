//! Events of the backend model, which are nested in events of the session.
//!
//! A nested event rarely says which response it belongs to; the delegation outside does, or, where
//! there is none, the order. Calls are collected from completed items only: reports of the whole
//! response are reduced and leave them out. When a response fails, its calls are void.

use std::collections::VecDeque;

use antiphon_openai_live_types as wire;
use antiphon_protocol::{
    CallId, Event, ItemId, ModalityTokens, ResponseDone, ResponseId, ResponseStatus, Sink,
    ToolCall, ToolResult, Usage,
};
use serde_json::Value;
use wire::ResponsesEvent as Inner;

use super::codec::LiveCodec;
use crate::{calls::Calls, error::Report, raw::other};

/// Most responses, and most unanswered calls, that are known at once.
const LIMIT: usize = 256;

/// The delegation a nested event belongs to; `None` is one that this side began.
type Key = Option<String>;

/// What runs behind the session.
#[derive(Debug, Default)]
pub(super) struct Nested {
    calls: Calls,
    running: VecDeque<(Key, Option<ResponseId>)>,
    unanswered: VecDeque<(Key, CallId)>,
    /// Whether something was given to the backend model that it has not been asked to go on with.
    is_asked: bool,
}

impl Nested {
    fn begin(&mut self, key: Key, response: Option<ResponseId>) {
        self.running.retain(|(running, _)| *running != key);
        bounded(&mut self.running, (key, response));
    }

    fn response(&self, key: &Key) -> Option<ResponseId> {
        let running = self.running.iter().find(|(running, _)| running == key)?;
        running.1.clone()
    }

    fn end(&mut self, key: &Key) {
        self.running.retain(|(running, _)| running != key);
    }

    /// The calls of `key` that nobody can answer any more.
    fn void(&mut self, key: &Key) -> Vec<CallId> {
        let (void, open) = std::mem::take(&mut self.unanswered)
            .into_iter()
            .partition::<VecDeque<_>, _>(|(of, _)| of == key);
        self.unanswered = open;
        void.into_iter().map(|(_, call)| call).collect()
    }

    pub(super) const fn is_asked(&self) -> bool {
        self.is_asked
    }

    pub(super) const fn ask(&mut self, is_asked: bool) {
        self.is_asked = is_asked;
    }

    /// These calls are answered.
    pub(super) fn answered(&mut self, results: &[ToolResult]) {
        self.unanswered
            .retain(|(_, call)| !results.iter().any(|result| result.call == *call));
    }
}

fn bounded<T>(list: &mut VecDeque<T>, entry: T) {
    if list.len() >= LIMIT {
        list.pop_front();
    }
    list.push_back(entry);
}

impl LiveCodec {
    pub(super) fn nested_event(
        &mut self,
        event: wire::ResponseEvent,
        text: &str,
        out: &mut dyn Sink,
    ) {
        let key = event.delegation_id;
        match event.event {
            Inner::ResponseCreated(event) => {
                let response = event.response.id.map(ResponseId::from);
                self.nested.begin(key, response.clone());
                out.event(Event::ResponseStarted { response });
            }
            Inner::ResponseOutputItemDone(event) => match event.item {
                wire::Item::FunctionCall(call) => self.nested_call(key, call, text, out),
                _ => out.event(other("response.event", text)),
            },
            Inner::ResponseCompleted(event) => {
                self.nested_done(&key, &event.response, ResponseStatus::Completed, out);
            }
            Inner::ResponseFailed(event) => {
                let error = event.response.error.as_ref();
                let error = error.map(|error| Report::from(error).neutral());
                let status = ResponseStatus::Failed { error };
                self.nested_failed(&key, &event.response, status, out);
            }
            Inner::ResponseIncomplete(event) => {
                let details = event.response.extra.get("incomplete_details");
                let reason = details.and_then(|details| details.get("reason"));
                let reason = reason.and_then(Value::as_str).map(str::to_owned);
                let status = ResponseStatus::Incomplete { reason };
                self.nested_failed(&key, &event.response, status, out);
            }
            _ => out.event(other("response.event", text)),
        }
    }

    /// A call that is complete; one that was cut off must not run.
    fn nested_call(&mut self, key: Key, call: wire::FunctionCall, text: &str, out: &mut dyn Sink) {
        let is_whole = matches!(call.status, None | Some(wire::ItemStatus::Completed));
        let announced = (is_whole && !call.name.is_empty())
            .then(|| ToolCall {
                id: CallId::from(call.call_id),
                name: call.name,
                arguments: call.arguments,
                item: call.id.map(ItemId::from),
                response: self.nested.response(&key),
            })
            .and_then(|call| self.nested.calls.announce(call));
        match announced {
            Some(call) => {
                bounded(&mut self.nested.unanswered, (key, call.id.clone()));
                out.event(Event::ToolCall(call));
            }
            None => out.event(other("response.event", text)),
        }
    }

    fn nested_failed(
        &mut self,
        key: &Key,
        response: &wire::BackendResponse,
        status: ResponseStatus,
        out: &mut dyn Sink,
    ) {
        let calls = self.nested.void(key);
        if !calls.is_empty() {
            out.event(Event::ToolCallsCancelled { calls });
        }
        self.nested_done(key, response, status, out);
    }

    fn nested_done(
        &mut self,
        key: &Key,
        response: &wire::BackendResponse,
        status: ResponseStatus,
        out: &mut dyn Sink,
    ) {
        let id = response.id.as_deref().map(ResponseId::from);
        let id = id.or_else(|| self.nested.response(key));
        self.nested.end(key);
        out.event(Event::ResponseDone(ResponseDone {
            response: id,
            status,
            usage: response.usage.as_ref().map(usage),
        }));
    }
}

/// Tokens of the backend model. It works on text, and the wire does not say so.
fn usage(usage: &wire::BackendUsage) -> Usage {
    let detail = |details: &str, name: &str| {
        let details = usage.extra.get(details)?;
        details.get(name)?.as_u64()
    };
    Usage {
        input: ModalityTokens {
            total: usage.input_tokens.unwrap_or(0),
            cached: detail("input_tokens_details", "cached_tokens").unwrap_or(0),
            ..ModalityTokens::default()
        },
        output: ModalityTokens {
            total: usage.output_tokens.unwrap_or(0),
            reasoning: detail("output_tokens_details", "reasoning_tokens").unwrap_or(0),
            ..ModalityTokens::default()
        },
        ..Usage::default()
    }
}
