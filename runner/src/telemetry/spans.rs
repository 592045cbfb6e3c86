//! One span per session, turn, response and tool, under the names that OpenTelemetry gives to what
//! generative models do.

use antiphon_protocol::{Event, ResponseDone, ResponseId, ResponseStatus, ToolCall};
use tracing::{Span, field::Empty, info_span};

use crate::{ToolEnd, ToolOutcome};

/// The spans that are open.
#[derive(Debug)]
pub(crate) struct Spans {
    session: Span,
    turn: Option<Span>,
    response: Option<Span>,
    calls: u32,
}

impl Spans {
    pub(crate) fn new(provider: &'static str, model: &str) -> Self {
        let session = info_span!(
            target: "antiphon::runner",
            parent: None,
            "invoke_agent",
            gen_ai.operation.name = "invoke_agent",
            gen_ai.provider.name = provider,
            gen_ai.request.model = model,
            gen_ai.conversation.id = Empty,
        );
        Self {
            session,
            turn: None,
            response: None,
            calls: 0,
        }
    }

    /// Follows an event.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::SessionStarted(started) => {
                if let Some(id) = &started.id {
                    self.session.record("gen_ai.conversation.id", id.as_str());
                }
            }
            Event::SpeechStarted(_) => self.turn = Some(self.new_turn()),
            Event::ResponseStarted { response } => {
                let turn = self.turn.take().unwrap_or_else(|| self.new_turn());
                self.calls = 0;
                self.response = Some(info_span!(
                    target: "antiphon::runner",
                    parent: &turn,
                    "chat",
                    gen_ai.operation.name = "chat",
                    gen_ai.response.id = response.as_ref().map(ResponseId::as_str),
                    gen_ai.response.finish_reasons = Empty,
                    gen_ai.usage.input_tokens = Empty,
                    gen_ai.usage.output_tokens = Empty,
                ));
                self.turn = Some(turn);
            }
            Event::ToolCall(_) => self.calls = self.calls.saturating_add(1),
            Event::ResponseDone(done) => self.done(done),
            Event::Rotated(_) | Event::Ended(_) => {
                self.response = None;
                self.turn = None;
            }
            _ => {}
        }
    }

    /// The innermost span that is open.
    pub(crate) fn current(&self) -> &Span {
        let inner = self.response.as_ref().or(self.turn.as_ref());
        inner.unwrap_or(&self.session)
    }

    fn done(&mut self, done: &ResponseDone) {
        let Some(response) = self.response.take() else {
            return;
        };
        let status = match &done.status {
            ResponseStatus::Completed if self.calls > 0 => "tool_calls",
            ResponseStatus::Completed => "stop",
            ResponseStatus::Cancelled { .. } => "cancelled",
            ResponseStatus::Failed { .. } => "error",
            _ => "incomplete",
        };
        response.record("gen_ai.response.finish_reasons", status);
        if let Some(usage) = &done.usage {
            response.record("gen_ai.usage.input_tokens", usage.input.total);
            response.record("gen_ai.usage.output_tokens", usage.output.total);
        }
        // The answers of calls lead to another response of the same turn.
        if self.calls == 0 {
            self.turn = None;
        }
    }

    fn new_turn(&self) -> Span {
        info_span!(target: "antiphon::runner", parent: &self.session, "turn")
    }
}

/// The span of one call's work.
pub(crate) fn tool_span(call: &ToolCall) -> Span {
    info_span!(
        target: "antiphon::runner",
        "execute_tool",
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = call.name.as_str(),
        gen_ai.tool.call.id = call.id.as_str(),
        error.r#type = Empty,
    )
}

/// Writes on a tool's span how its work ended.
pub(crate) fn tool_failed(span: &Span, end: &ToolEnd) {
    if let ToolOutcome::Failed(kind) = end.outcome {
        span.record("error.type", kind.word());
    }
}
