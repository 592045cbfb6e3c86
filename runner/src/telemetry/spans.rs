//! One span per session, turn, response and tool. With the feature `otel` they have the names and
//! attributes that OpenTelemetry gives to what generative models do, and what tells its exporters a
//! span's name, kind and status; without it, short words for log lines. Never content.

use antiphon_protocol::{
    Ended, EndedCause, Event, Fault, OutputModality, ResponseDone, ResponseId, ResponseStatus,
    SessionConfig, ToolCall, Usage,
};
use antiphon_session::ConnectError;
use tracing::{Span, field::Empty, info_span};

use crate::{ToolEnd, ToolOutcome};

/// A span in the words of log lines, or in those of the conventions.
macro_rules! span {
    ($parent:expr, $short:literal { $($few:tt)* } $name:literal { $($all:tt)* }) => {{
        #[cfg(not(feature = "otel"))]
        let span = info_span!(target: "antiphon::runner", parent: $parent, $short, $($few)*);
        #[cfg(feature = "otel")]
        let span = info_span!(target: "antiphon::runner", parent: $parent, $name, $($all)*);
        span
    }};
}

/// What is recorded once it is known, in either form.
const STATUS: &str = either("gen_ai.response.finish_reasons", "status");
const INPUT_TOKENS: &str = either("gen_ai.usage.input_tokens", "input_tokens");
const OUTPUT_TOKENS: &str = either("gen_ai.usage.output_tokens", "output_tokens");
const CONVERSATION: &str = either("gen_ai.conversation.id", "id");
const ERROR: &str = either("error.type", "error");

/// The conventions' word for an error that none of the others tells.
const OTHER: &str = "_OTHER";

const fn either(convention: &'static str, short: &'static str) -> &'static str {
    if cfg!(feature = "otel") {
        convention
    } else {
        short
    }
}

/// Whose run it is.
#[derive(Debug)]
struct Subject {
    provider: &'static str,
    model: String,
    /// What the model is asked to give, where the configuration says so.
    output: Option<&'static str>,
    conversation: Option<String>,
}

/// The spans that are open.
#[derive(Debug)]
pub(crate) struct Spans {
    subject: Subject,
    session: Span,
    turn: Option<Span>,
    response: Option<Span>,
    calls: u32,
}

impl Spans {
    /// `provider` is called as the conventions list it. The session's span belongs to the one that is
    /// current.
    pub(crate) fn new(provider: &'static str, agent: Option<&str>, config: &SessionConfig) -> Self {
        let subject = Subject {
            provider,
            model: config.model.clone(),
            output: config.output.map(|output| match output {
                OutputModality::Text => "text",
                _ => "speech",
            }),
            conversation: None,
        };
        Self {
            session: session_span(&subject, agent),
            subject,
            turn: None,
            response: None,
            calls: 0,
        }
    }

    /// Follows an event.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::SessionStarted(started) if self.subject.conversation.is_none() => {
                if let Some(id) = &started.id {
                    self.session.record(CONVERSATION, id.as_str());
                }
                self.subject.conversation.clone_from(&started.id);
            }
            Event::SpeechStarted(_) => self.turn = Some(self.new_turn()),
            Event::ResponseStarted { response } => {
                let turn = self.turn.take().unwrap_or_else(|| self.new_turn());
                self.calls = 0;
                self.response = Some(response_span(&self.subject, &turn, response.as_ref()));
                self.turn = Some(turn);
            }
            Event::ToolCall(_) | Event::ToolCallRestored { .. } => {
                self.calls = self.calls.saturating_add(1);
            }
            Event::ResponseDone(done) => self.done(done),
            Event::Rotated(_) => self.rest(),
            Event::Ended(ended) => {
                self.rest();
                if let Some(error) = error_of(ended) {
                    fail(&self.session, error);
                }
            }
            _ => {}
        }
    }

    /// The session could not be opened.
    pub(crate) fn refused(&self, error: &ConnectError) {
        let error = match error {
            ConnectError::Ended(ended) => error_of(ended),
            _ => Some("unsupported"),
        };
        fail(&self.session, error.unwrap_or(OTHER));
    }

    /// What the run used.
    pub(crate) fn used(&self, usage: &Usage) {
        record(&self.session, usage);
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
            // Whatever else a provider may call it: the response is not whole.
            _ => "incomplete",
        };
        response.record(STATUS, status);
        if let ResponseStatus::Failed { error } = &done.status {
            let fault = error.as_ref().map_or(Fault::Unknown, |error| error.fault);
            fail(&response, word_of(fault));
        }
        if let Some(usage) = &done.usage {
            record(&response, usage);
        }
        // The answers of calls lead to another response of the same turn.
        if self.calls == 0 {
            self.turn = None;
        }
    }

    fn rest(&mut self) {
        self.response = None;
        self.turn = None;
    }

    fn new_turn(&self) -> Span {
        span!(&self.session, "turn" {} "turn" {})
    }
}

fn session_span(subject: &Subject, agent: Option<&str>) -> Span {
    span!(
        Span::current().id(),
        "session" {
            provider = subject.provider,
            model = subject.model.as_str(),
            agent,
            output = subject.output,
            id = Empty,
            input_tokens = Empty,
            output_tokens = Empty,
            error = Empty,
        }
        "invoke_agent" {
            otel.name = agent.map(|agent| format!("invoke_agent {agent}")),
            otel.status_code = Empty,
            gen_ai.operation.name = "invoke_agent",
            gen_ai.provider.name = subject.provider,
            gen_ai.request.model = subject.model.as_str(),
            gen_ai.agent.name = agent,
            gen_ai.conversation.id = Empty,
            gen_ai.output.r#type = subject.output,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.audio.input_tokens = Empty,
            gen_ai.usage.audio.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            error.r#type = Empty,
        }
    )
}

fn response_span(subject: &Subject, turn: &Span, response: Option<&ResponseId>) -> Span {
    span!(
        turn,
        "response" {
            model = subject.model.as_str(),
            id = response.map(ResponseId::as_str),
            status = Empty,
            input_tokens = Empty,
            output_tokens = Empty,
            error = Empty,
        }
        "chat" {
            otel.name = format!("chat {}", subject.model),
            otel.kind = "client",
            otel.status_code = Empty,
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = subject.provider,
            gen_ai.request.model = subject.model.as_str(),
            gen_ai.request.stream = true,
            gen_ai.conversation.id = subject.conversation.as_deref(),
            gen_ai.output.r#type = subject.output,
            gen_ai.response.id = response.map(ResponseId::as_str),
            gen_ai.response.finish_reasons = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.audio.input_tokens = Empty,
            gen_ai.usage.audio.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            error.r#type = Empty,
        }
    )
}

/// The span of one call's work, within the one that is current.
pub(crate) fn tool_span(call: &ToolCall) -> Span {
    span!(
        Span::current().id(),
        "tool" {
            name = call.name.as_str(),
            call = call.id.as_str(),
            error = Empty,
        }
        "execute_tool" {
            otel.name = format!("execute_tool {}", call.name),
            otel.status_code = Empty,
            gen_ai.operation.name = "execute_tool",
            gen_ai.tool.name = call.name.as_str(),
            gen_ai.tool.r#type = "function",
            gen_ai.tool.call.id = call.id.as_str(),
            error.r#type = Empty,
        }
    )
}

/// Writes on a tool's span how its work ended.
pub(crate) fn tool_failed(span: &Span, end: &ToolEnd) {
    if let ToolOutcome::Failed(kind) = end.outcome {
        fail(span, kind.word());
    }
}

fn fail(span: &Span, error: &str) {
    span.record(ERROR, error);
    span.record("otel.status_code", "error");
}

fn record(span: &Span, usage: &Usage) {
    span.record(INPUT_TOKENS, usage.input.total);
    span.record(OUTPUT_TOKENS, usage.output.total);
    for (name, count) in [
        ("gen_ai.usage.audio.input_tokens", usage.input.audio),
        ("gen_ai.usage.audio.output_tokens", usage.output.audio),
        ("gen_ai.usage.cache_read.input_tokens", usage.input.cached),
    ] {
        if count > 0 {
            span.record(name, count);
        }
    }
}

/// What a session ended of, in a word; `None` when it ended as its caller wished.
const fn error_of(ended: &Ended) -> Option<&'static str> {
    Some(match ended.cause {
        EndedCause::Closed | EndedCause::Dropped => return None,
        EndedCause::Fault(fault) | EndedCause::BudgetSpent(fault) => word_of(fault),
        EndedCause::Unsupported => "unsupported",
        EndedCause::ReaderStalled => "reader_stalled",
        EndedCause::OverBudget(_) => "over_budget",
        EndedCause::Panicked => "panicked",
        _ => OTHER,
    })
}

const fn word_of(fault: Fault) -> &'static str {
    match fault {
        Fault::Network => "network",
        Fault::Timeout => "timeout",
        Fault::Tls => "tls",
        Fault::Auth => "auth",
        Fault::Forbidden => "forbidden",
        Fault::NotFound => "not_found",
        Fault::Invalid => "invalid",
        Fault::RateLimit => "rate_limit",
        Fault::Quota => "quota",
        Fault::Overloaded => "overloaded",
        Fault::Server => "server",
        Fault::SessionLimit => "session_limit",
        Fault::ResumeRefused => "resume_refused",
        Fault::ContextFull => "context_full",
        Fault::TooLarge => "too_large",
        Fault::Protocol => "protocol",
        Fault::Closed => "closed",
        Fault::Internal => "internal",
        _ => OTHER,
    }
}
