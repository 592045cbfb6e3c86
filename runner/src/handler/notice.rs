//! What travels on the lanes.

use std::sync::Arc;

use antiphon_protocol::{
    AudioChunk, Delegation, Ended, Event, Interruption, ResponseDone, Rotation, Speech, TextDelta,
    ToolCall, TurnTimes, UpdateOutcome,
};
use tokio::time::Instant;

use super::{Handler, HandlerResult, Lane};
use crate::{Control, Lag, Problem, ToolEnd};

#[derive(Clone, Debug)]
pub(crate) enum Notice {
    Audio(AudioChunk),
    /// What is not played yet must not be heard; with the moment of the interruption, where this is the
    /// first word of it.
    Flush(Option<Instant>),
    Text(TextDelta),
    InputTranscript(TextDelta),
    OutputTranscript(TextDelta),
    SpeechStarted(Speech),
    SpeechStopped(Speech),
    Interruption(Interruption),
    ResponseDone(ResponseDone),
    TurnTimed(Arc<TurnTimes>),
    ToolStart(Arc<ToolCall>),
    ToolProgress(Arc<ToolCall>, String),
    ToolEnd(ToolEnd),
    Delegation(Delegation),
    Rotation(Rotation),
    Updated(Arc<UpdateOutcome>),
    Lag(Lag),
    End(Ended),
    Error(Arc<Problem>),
}

impl Notice {
    /// What an event says to handlers by itself, if anything.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::Audio(chunk) => Self::Audio(chunk.clone()),
            Event::OutputText(text) => Self::Text(text.clone()),
            Event::InputTranscript(text) => Self::InputTranscript(text.clone()),
            Event::OutputTranscript(text) => Self::OutputTranscript(text.clone()),
            Event::SpeechStarted(speech) => Self::SpeechStarted(speech.clone()),
            Event::SpeechStopped(speech) => Self::SpeechStopped(speech.clone()),
            Event::InterruptionSettled(settled) => Self::Interruption(settled.clone()),
            Event::ResponseDone(done) => Self::ResponseDone(done.clone()),
            Event::Delegation(delegation) => Self::Delegation(delegation.clone()),
            Event::TurnTimed(times) => Self::TurnTimed(Arc::new(times.clone())),
            Event::Rotated(rotation) => Self::Rotation(rotation.clone()),
            Event::ConfigUpdated(outcome) => Self::Updated(Arc::new(outcome.clone())),
            Event::Ended(ended) => Self::End(ended.clone()),
            _ => return None,
        })
    }

    pub(crate) fn lane(&self) -> Lane {
        match self {
            Self::Audio(_) | Self::Flush(_) => Lane::Audio,
            Self::Text(_) | Self::InputTranscript(_) | Self::OutputTranscript(_) => Lane::Text,
            Self::SpeechStarted(_)
            | Self::SpeechStopped(_)
            | Self::Interruption(_)
            | Self::ResponseDone(_)
            | Self::TurnTimed(_) => Lane::Turn,
            Self::ToolStart(_)
            | Self::ToolProgress(..)
            | Self::ToolEnd(_)
            | Self::Delegation(_) => Lane::Tool,
            Self::Rotation(_) | Self::Updated(_) | Self::Lag(_) | Self::End(_) => Lane::Session,
            Self::Error(_) => Lane::Error,
        }
    }

    /// Bytes it keeps in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let content = match self {
            Self::Audio(chunk) => chunk.data.len(),
            Self::Text(text) | Self::InputTranscript(text) | Self::OutputTranscript(text) => {
                text.text.len()
            }
            Self::ToolStart(call) => call.arguments.len(),
            Self::ToolProgress(_, message) => message.len(),
            Self::ToolEnd(end) => end.result.as_ref().map_or(0, |result| result.output.len()),
            Self::Delegation(delegation) => delegation.task.as_ref().map_or(0, String::len),
            Self::TurnTimed(times) => {
                size_of::<TurnTimes>().saturating_add(size_of_val(times.tools.as_slice()))
            }
            Self::Updated(_) => size_of::<UpdateOutcome>(),
            _ => 0,
        };
        content.saturating_add(size_of::<Self>())
    }

    pub(crate) async fn tell(self, handler: &dyn Handler, control: &Control) -> HandlerResult {
        match self {
            Self::Audio(chunk) => handler.on_audio(control, chunk).await,
            Self::Flush(_) => handler.on_flush(control).await,
            Self::Text(text) => handler.on_text(control, text).await,
            Self::InputTranscript(text) => handler.on_input_transcript(control, text).await,
            Self::OutputTranscript(text) => handler.on_output_transcript(control, text).await,
            Self::SpeechStarted(speech) => handler.on_speech_started(control, speech).await,
            Self::SpeechStopped(speech) => handler.on_speech_stopped(control, speech).await,
            Self::Interruption(settled) => handler.on_interruption(control, settled).await,
            Self::ResponseDone(done) => handler.on_response_done(control, done).await,
            Self::TurnTimed(times) => handler.on_turn_timed(control, &times).await,
            Self::ToolStart(call) => handler.on_tool_start(control, &call).await,
            Self::ToolProgress(call, message) => {
                handler.on_tool_progress(control, &call, &message).await
            }
            Self::ToolEnd(end) => handler.on_tool_end(control, end).await,
            Self::Delegation(delegation) => handler.on_delegation(control, delegation).await,
            Self::Rotation(rotation) => handler.on_rotation(control, rotation).await,
            Self::Updated(outcome) => handler.on_update(control, &outcome).await,
            Self::Lag(lag) => handler.on_lag(control, lag).await,
            Self::End(ended) => handler.on_end(control, ended).await,
            Self::Error(problem) => handler.on_error(control, &problem).await,
        }
    }
}
