//! Handlers: what an agent's surroundings are told.
//!
//! Handlers never hold up the conversation. Each class of notices has a lane of its own: a task fed by
//! a bounded queue, in order. A handler that is slow, fails or panics is reported to the error lane,
//! and holds up nobody but its own lane.

mod closures;
mod lanes;
mod notice;
mod queue;

use antiphon_protocol::{
    AudioChunk, Delegation, Ended, Interruption, ResponseDone, Rotation, Speech, TextDelta,
    ToolCall, TurnTimes, UpdateOutcome,
};
use async_trait::async_trait;
use serde::Serialize;

use crate::{Control, Lag, Problem, ToolEnd};

pub(crate) use self::{
    closures::Closures,
    lanes::{Lanes, Routes},
    notice::Notice,
};
pub use self::{closures::HandlerReturn, queue::LaneLimits};

/// What a handler gives back; an error is reported to the error lane.
pub type HandlerResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A class of notices, delivered in order and apart from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The model's speech, and the order to stop playing it.
    Audio,
    /// Text and transcripts.
    Text,
    /// Speech, interruptions and responses.
    Turn,
    /// Tools and delegations.
    Tool,
    /// Rotations, updates, lag and the end.
    Session,
    /// Problems.
    Error,
}

impl Lane {
    pub(crate) const ALL: [Self; 6] = [
        Self::Audio,
        Self::Text,
        Self::Turn,
        Self::Tool,
        Self::Session,
        Self::Error,
    ];

    /// The lane's name, for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Text => "text",
            Self::Turn => "turn",
            Self::Tool => "tool",
            Self::Session => "session",
            Self::Error => "error",
        }
    }
}

/// Hears what happens. All methods do nothing unless they are written.
///
/// Calls of one [`Lane`] come in order, one at a time; different lanes run beside each other. A method
/// may await as long as it likes: its lane waits, and drops what is oldest when it is full, which
/// [`Handler::on_lag`] tells. A method that blocks its thread instead holds up a thread of the runtime.
///
/// For a few closures, see the builder's `on_…` methods.
#[async_trait]
#[expect(
    unused_variables,
    reason = "the provided methods do nothing with what they are given"
)]
pub trait Handler: Send + Sync {
    /// The model speaks: the next piece, in order. Audio lane.
    async fn on_audio(&self, control: &Control, chunk: AudioChunk) -> HandlerResult {
        Ok(())
    }

    /// What was given to [`Handler::on_audio`] and is not played yet must not be heard: drop it.
    /// Comes in order with the audio. Audio lane.
    async fn on_flush(&self, control: &Control) -> HandlerResult {
        Ok(())
    }

    /// The model writes. Text lane.
    async fn on_text(&self, control: &Control, text: TextDelta) -> HandlerResult {
        Ok(())
    }

    /// What the user said. Text lane.
    async fn on_input_transcript(&self, control: &Control, text: TextDelta) -> HandlerResult {
        Ok(())
    }

    /// What the model says. Text lane.
    async fn on_output_transcript(&self, control: &Control, text: TextDelta) -> HandlerResult {
        Ok(())
    }

    /// The user began to speak. Turn lane.
    async fn on_speech_started(&self, control: &Control, speech: Speech) -> HandlerResult {
        Ok(())
    }

    /// The user stopped speaking. Turn lane.
    async fn on_speech_stopped(&self, control: &Control, speech: Speech) -> HandlerResult {
        Ok(())
    }

    /// An interruption is settled. Players hear of it earlier, by [`Handler::on_flush`]. Turn lane.
    async fn on_interruption(
        &self,
        control: &Control,
        interruption: Interruption,
    ) -> HandlerResult {
        Ok(())
    }

    /// A response has ended. Turn lane.
    async fn on_response_done(&self, control: &Control, done: ResponseDone) -> HandlerResult {
        Ok(())
    }

    /// When what happened in a turn, at its end, on the session's clock: the end of the user's speech,
    /// the first sound of the answer, when that was heard, tools, an interruption. Turn lane.
    async fn on_turn_timed(&self, control: &Control, times: &TurnTimes) -> HandlerResult {
        Ok(())
    }

    /// A tool begins its work. Tool lane.
    async fn on_tool_start(&self, control: &Control, call: &ToolCall) -> HandlerResult {
        Ok(())
    }

    /// A tool tells how far it has come. Tool lane.
    async fn on_tool_progress(
        &self,
        control: &Control,
        call: &ToolCall,
        message: &str,
    ) -> HandlerResult {
        Ok(())
    }

    /// A call's work is over, or will never begin; exactly once per call. Tool lane.
    async fn on_tool_end(&self, control: &Control, end: ToolEnd) -> HandlerResult {
        Ok(())
    }

    /// A full-duplex model asks for work; told also where a tool does it
    /// ([`RunnerBuilder::delegate_to`](crate::RunnerBuilder::delegate_to)). Else it is answered by
    /// [`Control::send_context`]. Tool lane.
    async fn on_delegation(&self, control: &Control, delegation: Delegation) -> HandlerResult {
        Ok(())
    }

    /// A new connection took over. Session lane.
    async fn on_rotation(&self, control: &Control, rotation: Rotation) -> HandlerResult {
        Ok(())
    }

    /// What became of a change of the configuration; [`UpdateOutcome::Failed`] is also told to
    /// [`Handler::on_error`]. Session lane.
    async fn on_update(&self, control: &Control, outcome: &UpdateOutcome) -> HandlerResult {
        Ok(())
    }

    /// A lane was too slow and dropped its oldest notices. Session lane.
    async fn on_lag(&self, control: &Control, lag: Lag) -> HandlerResult {
        Ok(())
    }

    /// The session is over; the last of the session lane, exactly once.
    async fn on_end(&self, control: &Control, ended: Ended) -> HandlerResult {
        Ok(())
    }

    /// Something went wrong and the conversation goes on. Error lane.
    async fn on_error(&self, control: &Control, problem: &Problem) -> HandlerResult {
        Ok(())
    }
}
