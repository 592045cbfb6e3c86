//! What a reader of a session sees.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::{
    AudioChunk, CallId, DelegationId, Ended, Fault, Interruption, Item, ItemId, PeerText, Phase,
    RawEvent, ResponseId, Rotation, ToolCall, TurnTimes, UpdateOutcome, Usage, UsageReport,
    WallTime, text::Hidden,
};

/// The provider has opened a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SessionStarted {
    /// The provider's id of it.
    pub id: Option<String>,
    /// The model that answers, as the provider reports it.
    pub model: Option<String>,
    /// When the provider will end it.
    pub expires: Option<WallTime>,
}

/// The user's speech began or ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speech {
    /// The item that will hold it, where the provider names one.
    pub item: Option<ItemId>,
    /// Where in the session's input audio.
    pub at: Option<Duration>,
    /// Whether this side concluded it, because the wire has no such event.
    pub derived: bool,
}

/// A piece of text or of a transcript, or the whole at its end.
#[derive(Clone, PartialEq, Serialize)]
pub struct TextDelta {
    /// The item it belongs to.
    pub item: Option<ItemId>,
    /// The response it belongs to; `None` for what the user said.
    pub response: Option<ResponseId>,
    /// Which content part of the item.
    pub content_index: u32,
    /// The piece, or with `done` the whole text where the provider sends it.
    pub text: String,
    /// Whether the text is complete; `text` is then all of it.
    pub done: bool,
}

/// Content stays out of debug output: only place and size are shown.
impl fmt::Debug for TextDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextDelta")
            .field("item", &self.item)
            .field("bytes", &self.text.len())
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// How a response ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
#[non_exhaustive]
pub enum ResponseStatus {
    /// As the model meant it.
    Completed,
    /// The user spoke over it or the caller cancelled it.
    Cancelled {
        /// Why, in the provider's word.
        reason: Option<String>,
    },
    /// Cut off, for instance by a token limit or a content filter.
    Incomplete {
        /// Why, in the provider's word.
        reason: Option<String>,
    },
    /// The provider could not.
    Failed {
        /// The provider's error.
        error: Option<ServerError>,
    },
}

/// A response has ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResponseDone {
    /// Which one.
    pub response: Option<ResponseId>,
    /// How.
    #[serde(flatten)]
    pub status: ResponseStatus,
    /// What it cost, where the provider says so here.
    pub usage: Option<Usage>,
}

/// An error the provider reported while the connection stayed open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerError {
    /// The provider's class of error.
    pub kind: Option<String>,
    /// The provider's code.
    pub code: Option<String>,
    /// Its message.
    pub message: PeerText,
    /// The field at fault.
    pub param: Option<String>,
    /// The command at fault, where the provider names it.
    pub command: Option<crate::CommandId>,
    /// What it means.
    pub fault: Fault,
    /// Whether it is one of the refusals that ordinary races produce, such as cancelling a response
    /// that has just ended.
    pub benign: bool,
}

/// A frame that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Malformed {
    /// What is wrong with it; a position, never its content.
    pub error: String,
    /// The event's type name, where it could be read.
    pub name: Option<PeerText>,
    /// Its size in bytes.
    pub bytes: usize,
}

/// A full-duplex model asks the agent to do work and to say or think the result (GPT-Live).
#[derive(Clone, PartialEq, Serialize)]
pub struct Delegation {
    /// The provider's id of it; [`Command::Context`](crate::Command::Context) answers by naming it.
    pub id: DelegationId,
    /// The task in words, where the provider states one.
    pub task: Option<String>,
    /// Where on the input's timeline the model decided to delegate, where the provider says so.
    pub at: Option<Duration>,
}

/// Content stays out of debug output: of the task only the size is shown.
impl fmt::Debug for Delegation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegation")
            .field("id", &self.id)
            .field("task", &Hidden::text(self.task.as_ref()))
            .field("at", &self.at)
            .finish()
    }
}

/// What happened. Everything a reader can learn arrives as one of these, in order.
///
/// Variants exist where two providers have the thing or an agent needs it; all else arrives as
/// [`Event::Other`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event", content = "data")]
#[non_exhaustive]
pub enum Event {
    /// The provider has opened a session.
    ///
    /// Source: `session.created` of OpenAI Realtime, `session.started` of GPT-Live, `setupComplete`
    /// of Gemini Live.
    SessionStarted(SessionStarted),
    /// The provider has accepted the configuration.
    ///
    /// Source: `session.updated` of OpenAI Realtime and GPT-Live, `setupComplete` of Gemini Live.
    Configured,
    /// The user began to speak.
    ///
    /// Source: `input_audio_buffer.speech_started` of OpenAI Realtime; else derived.
    SpeechStarted(Speech),
    /// The user stopped speaking.
    ///
    /// Source: `input_audio_buffer.speech_stopped` of OpenAI Realtime; else derived.
    SpeechStopped(Speech),
    /// The user's audio became an item.
    ///
    /// Source: `input_audio_buffer.committed` of OpenAI Realtime.
    InputCommitted {
        /// The new item.
        item: ItemId,
        /// The one before it.
        previous: Option<ItemId>,
    },
    /// The user's uncommitted audio is gone.
    ///
    /// Source: `input_audio_buffer.cleared` of OpenAI Realtime.
    InputCleared,
    /// What the user said.
    ///
    /// Source: `conversation.item.input_audio_transcription.delta` and `….completed` of OpenAI
    /// Realtime, `session.input_transcript.delta` of GPT-Live, `inputTranscription` of Gemini Live.
    InputTranscript(TextDelta),
    /// What the user said could not be transcribed.
    ///
    /// Source: `conversation.item.input_audio_transcription.failed` of OpenAI Realtime.
    InputTranscriptFailed {
        /// The item that was spoken.
        item: Option<ItemId>,
        /// Why.
        error: ServerError,
    },
    /// The conversation has a new item.
    ///
    /// Source: `conversation.item.added` of OpenAI Realtime.
    ItemAdded {
        /// The item, as far as it is known yet.
        item: Item,
        /// The one before it.
        previous: Option<ItemId>,
    },
    /// An item is final.
    ///
    /// Source: `conversation.item.done` of OpenAI Realtime.
    ItemDone {
        /// The item.
        item: Item,
    },
    /// An item is gone.
    ///
    /// Source: `conversation.item.deleted` of OpenAI Realtime.
    ItemDeleted {
        /// Which one.
        item: ItemId,
    },
    /// An item was shortened to what was heard.
    ///
    /// Source: `conversation.item.truncated` of OpenAI Realtime.
    ItemTruncated {
        /// Which one.
        item: ItemId,
        /// Where it ends.
        audio_end: Duration,
    },
    /// The model began to answer.
    ///
    /// Source: `response.created` of OpenAI Realtime; else derived.
    ResponseStarted {
        /// The answer's id, where it has one.
        response: Option<ResponseId>,
    },
    /// A piece of the model's speech.
    ///
    /// Source: `response.output_audio.delta` of OpenAI Realtime, `session.output_audio.delta` of
    /// GPT-Live, `inlineData` of Gemini Live.
    Audio(AudioChunk),
    /// An item's speech is complete.
    ///
    /// Source: `response.output_audio.done` of OpenAI Realtime.
    AudioDone {
        /// The item that was spoken.
        item: Option<ItemId>,
        /// The response it belongs to.
        response: Option<ResponseId>,
    },
    /// What the model says, as text.
    ///
    /// Source: `response.output_audio_transcript.delta` and `….done` of OpenAI Realtime,
    /// `session.output_transcript.delta` of GPT-Live, `outputTranscription` of Gemini Live.
    OutputTranscript(TextDelta),
    /// What the model writes.
    ///
    /// Source: `response.output_text.delta` and `….done` of OpenAI Realtime, text parts of Gemini
    /// Live.
    OutputText(TextDelta),
    /// What the model thinks, apart from what it says.
    ///
    /// Source: parts marked `thought` of Gemini Live.
    Thought(TextDelta),
    /// The model asks for a tool.
    ///
    /// Source: see [`ToolCall`].
    ToolCall(ToolCall),
    /// A call that another process was told of still waits for its answer: it is told once more, after
    /// the [`Event::Rotated`] with [`RotationCause::Restore`](crate::RotationCause::Restore).
    ToolCallRestored {
        /// The call.
        call: ToolCall,
        /// Whether its tool may have begun over there; `false` only where that process said that it
        /// had not and would not.
        begun: bool,
    },
    /// A tool's result came when its call was void, and was not sent as an answer.
    LateResult {
        /// The call.
        call: CallId,
        /// Whether the model is told it in words; else it went nowhere.
        told: bool,
    },
    /// The provider no longer wants these calls answered.
    ///
    /// Source: `toolCallCancellation` of Gemini Live.
    ToolCallsCancelled {
        /// Which ones.
        calls: Vec<CallId>,
    },
    /// The provider stopped the model because the user spoke.
    ///
    /// Source: `interrupted` of Gemini Live, a response cancelled by `turn_detected` of OpenAI
    /// Realtime.
    Interrupted {
        /// The response that was stopped, where named.
        response: Option<ResponseId>,
    },
    /// A response has ended.
    ///
    /// Source: `response.done` of OpenAI Realtime, `turnComplete` of Gemini Live.
    ResponseDone(ResponseDone),
    /// A full-duplex model asks for work.
    ///
    /// Source: `session.delegation.created` of GPT-Live.
    Delegation(Delegation),
    /// Usage that belongs to no response's end.
    ///
    /// Source: `session.usage.updated` of GPT-Live, `usageMetadata` of Gemini Live.
    Usage(UsageReport),
    /// An error the provider reported while the connection stayed open.
    ///
    /// Source: `error` of OpenAI Realtime and GPT-Live.
    Error(ServerError),
    /// A frame that could not be understood.
    Malformed(Malformed),
    /// Anything else, as it came.
    Other(RawEvent),
    /// The link moved to another phase.
    Phase(Phase),
    /// A new connection took over.
    Rotated(Rotation),
    /// An interruption is settled: playback flushed, history shortened to what was heard.
    InterruptionSettled(Interruption),
    /// What became of a wish to configure the session in another way.
    ConfigUpdated(UpdateOutcome),
    /// A turn is over: when what happened in it.
    TurnTimed(TurnTimes),
    /// The session is over. The last event, exactly once.
    Ended(Ended),
}

/// Groups of events, for filters and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventClass {
    /// Media deltas; the only class that may wait for a reader.
    Media,
    /// Text and transcripts.
    Text,
    /// Speech, turns, items and responses.
    Turn,
    /// Tool calls, cancellations, delegations.
    Tool,
    /// Errors and malformed frames.
    Fault,
    /// Session, phase, rotation, end.
    Lifecycle,
    /// Everything without a neutral word.
    Other,
}

impl Event {
    /// The group this event belongs to.
    pub const fn class(&self) -> EventClass {
        match self {
            Self::Audio(_) => EventClass::Media,
            Self::InputTranscript(_)
            | Self::InputTranscriptFailed { .. }
            | Self::OutputTranscript(_)
            | Self::OutputText(_)
            | Self::Thought(_) => EventClass::Text,
            Self::SpeechStarted(_)
            | Self::SpeechStopped(_)
            | Self::InputCommitted { .. }
            | Self::InputCleared
            | Self::ItemAdded { .. }
            | Self::ItemDone { .. }
            | Self::ItemDeleted { .. }
            | Self::ItemTruncated { .. }
            | Self::ResponseStarted { .. }
            | Self::AudioDone { .. }
            | Self::Interrupted { .. }
            | Self::InterruptionSettled(_)
            | Self::TurnTimed(_)
            | Self::ResponseDone(_)
            | Self::Usage(_) => EventClass::Turn,
            Self::ToolCall(_)
            | Self::ToolCallRestored { .. }
            | Self::LateResult { .. }
            | Self::ToolCallsCancelled { .. }
            | Self::Delegation(_) => EventClass::Tool,
            Self::Error(_) | Self::Malformed(_) => EventClass::Fault,
            Self::SessionStarted(_)
            | Self::Configured
            | Self::Phase(_)
            | Self::Rotated(_)
            | Self::ConfigUpdated(_)
            | Self::Ended(_) => EventClass::Lifecycle,
            Self::Other(_) => EventClass::Other,
        }
    }

    /// Bytes this event keeps in memory beyond its own size, roughly.
    pub fn payload_bytes(&self) -> usize {
        match self {
            Self::Audio(chunk) => chunk.data.len(),
            Self::InputTranscript(text)
            | Self::OutputTranscript(text)
            | Self::OutputText(text)
            | Self::Thought(text) => text.text.len(),
            Self::ToolCall(call) | Self::ToolCallRestored { call, .. } => call.arguments.len(),
            Self::Other(raw) => raw.json().len(),
            Self::ItemAdded { item, .. } | Self::ItemDone { item } => item.payload_bytes(),
            _ => 0,
        }
    }
}
