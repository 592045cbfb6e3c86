//! What the service sends.
//!
//! Generated from `schema/server.wire` by `cargo xtask codegen`; change that file.

use super::items::{ContentPart, Item};
use super::response::Response;
use super::session::Session;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// What the service sends in a conversation or transcription session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// `error`: A command failed, or the service did; most errors leave the session open.
    Error(ErrorEvent),
    /// `session.created`: The session is open; sent unasked, first.
    SessionCreated(SessionCreated),
    /// `session.updated`: The configuration after a change.
    SessionUpdated(SessionUpdated),
    /// `conversation.created`: The conversation has begun.
    ConversationCreated(ConversationCreated),
    /// `conversation.item.created`: An item joined the conversation; succeeded by `added` and `done`.
    ConversationItemCreated(Box<ConversationItemCreated>),
    /// `conversation.item.added`: An item joined the conversation, perhaps still empty.
    ConversationItemAdded(Box<ConversationItemAdded>),
    /// `conversation.item.done`: An item is complete.
    ConversationItemDone(Box<ConversationItemDone>),
    /// `conversation.item.retrieved`: The item that was asked for.
    ConversationItemRetrieved(Box<ConversationItemRetrieved>),
    /// `conversation.item.truncated`: The item was cut.
    ConversationItemTruncated(ConversationItemTruncated),
    /// `conversation.item.deleted`: The item was removed.
    ConversationItemDeleted(ConversationItemDeleted),
    /// `conversation.item.input_audio_transcription.delta`: The next words of the caller.
    ConversationItemInputAudioTranscriptionDelta(ConversationItemInputAudioTranscriptionDelta),
    /// `conversation.item.input_audio_transcription.segment`: A stretch of speech by one speaker.
    ConversationItemInputAudioTranscriptionSegment(ConversationItemInputAudioTranscriptionSegment),
    /// `conversation.item.input_audio_transcription.completed`: All that the caller said.
    ConversationItemInputAudioTranscriptionCompleted(
        Box<ConversationItemInputAudioTranscriptionCompleted>,
    ),
    /// `conversation.item.input_audio_transcription.failed`: The caller's words are not known.
    ConversationItemInputAudioTranscriptionFailed(ConversationItemInputAudioTranscriptionFailed),
    /// `input_audio_buffer.committed`: The buffered audio became a message of the user.
    InputAudioBufferCommitted(InputAudioBufferCommitted),
    /// `input_audio_buffer.cleared`: The buffered audio was dropped.
    InputAudioBufferCleared(InputAudioBufferCleared),
    /// `input_audio_buffer.speech_started`: The caller began to speak.
    InputAudioBufferSpeechStarted(InputAudioBufferSpeechStarted),
    /// `input_audio_buffer.speech_stopped`: The caller fell silent.
    InputAudioBufferSpeechStopped(InputAudioBufferSpeechStopped),
    /// `input_audio_buffer.timeout_triggered`: The caller was silent for longer than the idle timeout.
    InputAudioBufferTimeoutTriggered(InputAudioBufferTimeoutTriggered),
    /// `input_audio_buffer.dtmf_event_received`: The caller pressed a key (SIP).
    InputAudioBufferDtmfEventReceived(InputAudioBufferDtmfEventReceived),
    /// `output_audio_buffer.started`: Playback began on the service's side (WebRTC and SIP).
    OutputAudioBufferStarted(OutputAudioBufferStarted),
    /// `output_audio_buffer.stopped`: Playback ended on the service's side.
    OutputAudioBufferStopped(OutputAudioBufferStopped),
    /// `output_audio_buffer.cleared`: Playback was stopped on the service's side.
    OutputAudioBufferCleared(OutputAudioBufferCleared),
    /// `response.created`: A response has begun.
    ResponseCreated(Box<ResponseCreated>),
    /// `response.done`: A response has ended, in whatever way.
    ResponseDone(Box<ResponseDone>),
    /// `response.output_item.added`: A response makes an item.
    ResponseOutputItemAdded(Box<ResponseOutputItemAdded>),
    /// `response.output_item.done`: The item is complete.
    ResponseOutputItemDone(Box<ResponseOutputItemDone>),
    /// `response.content_part.added`: An item gets a part.
    ResponseContentPartAdded(Box<ResponseContentPartAdded>),
    /// `response.content_part.done`: The part is complete.
    ResponseContentPartDone(Box<ResponseContentPartDone>),
    /// `response.output_text.delta`: The next words of a text answer.
    ResponseOutputTextDelta(ResponseOutputTextDelta),
    /// `response.output_text.done`: All the words of a text answer.
    ResponseOutputTextDone(ResponseOutputTextDone),
    /// `response.output_audio.delta`: The next piece of speech.
    ResponseOutputAudioDelta(ResponseOutputAudioDelta),
    /// `response.output_audio.done`: The speech of a part is complete.
    ResponseOutputAudioDone(ResponseOutputAudioDone),
    /// `response.output_audio_transcript.delta`: The next words that the speech says.
    ResponseOutputAudioTranscriptDelta(ResponseOutputAudioTranscriptDelta),
    /// `response.output_audio_transcript.done`: All the words that the speech says.
    ResponseOutputAudioTranscriptDone(ResponseOutputAudioTranscriptDone),
    /// `response.function_call_arguments.delta`: The next piece of a call's arguments.
    ResponseFunctionCallArgumentsDelta(ResponseFunctionCallArgumentsDelta),
    /// `response.function_call_arguments.done`: The arguments are complete.
    ResponseFunctionCallArgumentsDone(ResponseFunctionCallArgumentsDone),
    /// `response.mcp_call_arguments.delta`: The next piece of an MCP call's arguments.
    ResponseMcpCallArgumentsDelta(ResponseMcpCallArgumentsDelta),
    /// `response.mcp_call_arguments.done`: The arguments are complete.
    ResponseMcpCallArgumentsDone(ResponseMcpCallArgumentsDone),
    /// `response.mcp_call.in_progress`: An MCP call runs.
    ResponseMcpCallInProgress(ResponseMcpCallInProgress),
    /// `response.mcp_call.completed`: An MCP call has ended well.
    ResponseMcpCallCompleted(ResponseMcpCallCompleted),
    /// `response.mcp_call.failed`: An MCP call has failed.
    ResponseMcpCallFailed(ResponseMcpCallFailed),
    /// `mcp_list_tools.in_progress`: An MCP server is asked for its tools.
    McpListToolsInProgress(McpListToolsInProgress),
    /// `mcp_list_tools.completed`: An MCP server has told its tools.
    McpListToolsCompleted(McpListToolsCompleted),
    /// `mcp_list_tools.failed`: An MCP server did not tell its tools.
    McpListToolsFailed(McpListToolsFailed),
    /// `rate_limits.updated`: What the account has left.
    RateLimitsUpdated(RateLimitsUpdated),
    /// A type that this enum does not name.
    Unknown(RawEvent),
    /// A type that this enum names, in a shape that does not fit it.
    Degraded(Box<Degraded>),
}

events! { ServerEvent {
    "error" => Error(ErrorEvent),
    "session.created" => SessionCreated(SessionCreated),
    "session.updated" => SessionUpdated(SessionUpdated),
    "conversation.created" => ConversationCreated(ConversationCreated),
    "conversation.item.created" => ConversationItemCreated(ConversationItemCreated),
    "conversation.item.added" => ConversationItemAdded(ConversationItemAdded),
    "conversation.item.done" => ConversationItemDone(ConversationItemDone),
    "conversation.item.retrieved" => ConversationItemRetrieved(ConversationItemRetrieved),
    "conversation.item.truncated" => ConversationItemTruncated(ConversationItemTruncated),
    "conversation.item.deleted" => ConversationItemDeleted(ConversationItemDeleted),
    "conversation.item.input_audio_transcription.delta" => ConversationItemInputAudioTranscriptionDelta(ConversationItemInputAudioTranscriptionDelta),
    "conversation.item.input_audio_transcription.segment" => ConversationItemInputAudioTranscriptionSegment(ConversationItemInputAudioTranscriptionSegment),
    "conversation.item.input_audio_transcription.completed" => ConversationItemInputAudioTranscriptionCompleted(ConversationItemInputAudioTranscriptionCompleted),
    "conversation.item.input_audio_transcription.failed" => ConversationItemInputAudioTranscriptionFailed(ConversationItemInputAudioTranscriptionFailed),
    "input_audio_buffer.committed" => InputAudioBufferCommitted(InputAudioBufferCommitted),
    "input_audio_buffer.cleared" => InputAudioBufferCleared(InputAudioBufferCleared),
    "input_audio_buffer.speech_started" => InputAudioBufferSpeechStarted(InputAudioBufferSpeechStarted),
    "input_audio_buffer.speech_stopped" => InputAudioBufferSpeechStopped(InputAudioBufferSpeechStopped),
    "input_audio_buffer.timeout_triggered" => InputAudioBufferTimeoutTriggered(InputAudioBufferTimeoutTriggered),
    "input_audio_buffer.dtmf_event_received" => InputAudioBufferDtmfEventReceived(InputAudioBufferDtmfEventReceived),
    "output_audio_buffer.started" => OutputAudioBufferStarted(OutputAudioBufferStarted),
    "output_audio_buffer.stopped" => OutputAudioBufferStopped(OutputAudioBufferStopped),
    "output_audio_buffer.cleared" => OutputAudioBufferCleared(OutputAudioBufferCleared),
    "response.created" => ResponseCreated(ResponseCreated),
    "response.done" => ResponseDone(ResponseDone),
    "response.output_item.added" => ResponseOutputItemAdded(ResponseOutputItemAdded),
    "response.output_item.done" => ResponseOutputItemDone(ResponseOutputItemDone),
    "response.content_part.added" => ResponseContentPartAdded(ResponseContentPartAdded),
    "response.content_part.done" => ResponseContentPartDone(ResponseContentPartDone),
    "response.output_text.delta" => ResponseOutputTextDelta(ResponseOutputTextDelta),
    "response.output_text.done" => ResponseOutputTextDone(ResponseOutputTextDone),
    "response.output_audio.delta" => ResponseOutputAudioDelta(ResponseOutputAudioDelta),
    "response.output_audio.done" => ResponseOutputAudioDone(ResponseOutputAudioDone),
    "response.output_audio_transcript.delta" => ResponseOutputAudioTranscriptDelta(ResponseOutputAudioTranscriptDelta),
    "response.output_audio_transcript.done" => ResponseOutputAudioTranscriptDone(ResponseOutputAudioTranscriptDone),
    "response.function_call_arguments.delta" => ResponseFunctionCallArgumentsDelta(ResponseFunctionCallArgumentsDelta),
    "response.function_call_arguments.done" => ResponseFunctionCallArgumentsDone(ResponseFunctionCallArgumentsDone),
    "response.mcp_call_arguments.delta" => ResponseMcpCallArgumentsDelta(ResponseMcpCallArgumentsDelta),
    "response.mcp_call_arguments.done" => ResponseMcpCallArgumentsDone(ResponseMcpCallArgumentsDone),
    "response.mcp_call.in_progress" => ResponseMcpCallInProgress(ResponseMcpCallInProgress),
    "response.mcp_call.completed" => ResponseMcpCallCompleted(ResponseMcpCallCompleted),
    "response.mcp_call.failed" => ResponseMcpCallFailed(ResponseMcpCallFailed),
    "mcp_list_tools.in_progress" => McpListToolsInProgress(McpListToolsInProgress),
    "mcp_list_tools.completed" => McpListToolsCompleted(McpListToolsCompleted),
    "mcp_list_tools.failed" => McpListToolsFailed(McpListToolsFailed),
    "rate_limits.updated" => RateLimitsUpdated(RateLimitsUpdated),
}}

/// A command failed, or the service did; most errors leave the session open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErrorEvent {
    /// What went wrong.
    pub error: ErrorDetails,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ErrorEvent {
    tag "type" = "error";
    req error = "error";
    opt event_id = "event_id";
}}

impl ErrorEvent {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(error: impl Into<ErrorDetails>) -> Self {
        Self {
            error: error.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErrorDetails {
    /// A message for people.
    pub message: String,
    /// Which kind it is.
    pub kind: String,
    /// A code for programs.
    pub code: Option<String>,
    /// The client event at fault.
    pub event_id: Option<String>,
    /// The parameter at fault.
    pub param: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ErrorDetails {
    req message = "message";
    req kind = "type";
    opt code = "code";
    opt event_id = "event_id";
    opt param = "param";
}}

impl ErrorDetails {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(message: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: kind.into(),
            code: None,
            event_id: None,
            param: None,
            extra: Extra::new(),
        }
    }
}

/// The session is open; sent unasked, first.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionCreated {
    /// The session.
    pub session: Session,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SessionCreated {
    tag "type" = "session.created";
    req session = "session";
    opt event_id = "event_id";
}}

impl SessionCreated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(session: impl Into<Session>) -> Self {
        Self {
            session: session.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The configuration after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionUpdated {
    /// The session.
    pub session: Session,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SessionUpdated {
    tag "type" = "session.updated";
    req session = "session";
    opt event_id = "event_id";
}}

impl SessionUpdated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(session: impl Into<Session>) -> Self {
        Self {
            session: session.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The conversation has begun.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationCreated {
    /// The conversation.
    pub conversation: Conversation,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationCreated {
    tag "type" = "conversation.created";
    req conversation = "conversation";
    opt event_id = "event_id";
}}

impl ConversationCreated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(conversation: impl Into<Conversation>) -> Self {
        Self {
            conversation: conversation.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conversation {
    /// The service's identifier.
    pub id: Option<String>,
    /// `realtime.conversation`.
    pub object: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Conversation {
    opt id = "id";
    opt object = "object";
}}

/// An item joined the conversation; succeeded by `added` and `done`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationItemCreated {
    /// The item.
    pub item: Item,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// The item after which this one stands; `root` or none for the first.
    pub previous_item_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemCreated {
    tag "type" = "conversation.item.created";
    req item = "item";
    opt event_id = "event_id";
    opt previous_item_id = "previous_item_id";
}}

impl ConversationItemCreated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item: impl Into<Item>) -> Self {
        Self {
            item: item.into(),
            event_id: None,
            previous_item_id: None,
            extra: Extra::new(),
        }
    }
}

/// An item joined the conversation, perhaps still empty.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationItemAdded {
    /// The item.
    pub item: Item,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// The item after which this one stands; `root` or none for the first.
    pub previous_item_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemAdded {
    tag "type" = "conversation.item.added";
    req item = "item";
    opt event_id = "event_id";
    opt previous_item_id = "previous_item_id";
}}

impl ConversationItemAdded {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item: impl Into<Item>) -> Self {
        Self {
            item: item.into(),
            event_id: None,
            previous_item_id: None,
            extra: Extra::new(),
        }
    }
}

/// An item is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationItemDone {
    /// The item.
    pub item: Item,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// The item after which this one stands; `root` or none for the first.
    pub previous_item_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemDone {
    tag "type" = "conversation.item.done";
    req item = "item";
    opt event_id = "event_id";
    opt previous_item_id = "previous_item_id";
}}

impl ConversationItemDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item: impl Into<Item>) -> Self {
        Self {
            item: item.into(),
            event_id: None,
            previous_item_id: None,
            extra: Extra::new(),
        }
    }
}

/// The item that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationItemRetrieved {
    /// The item.
    pub item: Item,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemRetrieved {
    tag "type" = "conversation.item.retrieved";
    req item = "item";
    opt event_id = "event_id";
}}

impl ConversationItemRetrieved {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item: impl Into<Item>) -> Self {
        Self {
            item: item.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The item was cut.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemTruncated {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// What is kept of its audio, in ms.
    pub audio_end_ms: u64,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemTruncated {
    tag "type" = "conversation.item.truncated";
    req item_id = "item_id";
    req audio_end_ms = "audio_end_ms";
    opt content_index = "content_index";
    opt event_id = "event_id";
}}

impl ConversationItemTruncated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, audio_end_ms: u64) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            audio_end_ms,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The item was removed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemDeleted {
    /// The conversation item.
    pub item_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemDeleted {
    tag "type" = "conversation.item.deleted";
    req item_id = "item_id";
    opt event_id = "event_id";
}}

impl ConversationItemDeleted {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next words of the caller.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemInputAudioTranscriptionDelta {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// The next piece.
    pub delta: Option<String>,
    /// Log probabilities, when asked for by `include`.
    pub logprobs: Option<Vec<LogProb>>,
    /// Padding against traffic analysis.
    pub obfuscation: Option<String>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemInputAudioTranscriptionDelta {
    tag "type" = "conversation.item.input_audio_transcription.delta";
    req item_id = "item_id";
    opt content_index = "content_index";
    opt delta = "delta";
    opt logprobs = "logprobs";
    opt obfuscation = "obfuscation";
    opt event_id = "event_id";
}}

impl ConversationItemInputAudioTranscriptionDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            delta: None,
            logprobs: None,
            obfuscation: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// A stretch of speech by one speaker.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemInputAudioTranscriptionSegment {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// The service's identifier.
    pub id: String,
    /// Who speaks.
    pub speaker: String,
    /// Start, in seconds.
    pub start: f64,
    /// End, in seconds.
    pub end: f64,
    /// What is said.
    pub text: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemInputAudioTranscriptionSegment {
    tag "type" = "conversation.item.input_audio_transcription.segment";
    req item_id = "item_id";
    req id = "id";
    req speaker = "speaker";
    req start = "start";
    req end = "end";
    req text = "text";
    opt content_index = "content_index";
    opt event_id = "event_id";
}}

impl ConversationItemInputAudioTranscriptionSegment {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        item_id: impl Into<String>,
        id: impl Into<String>,
        speaker: impl Into<String>,
        start: f64,
        end: f64,
        text: impl Into<String>,
    ) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            id: id.into(),
            speaker: speaker.into(),
            start,
            end,
            text: text.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// All that the caller said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemInputAudioTranscriptionCompleted {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// The words.
    pub transcript: String,
    /// What the transcription cost.
    pub usage: Option<TranscriptionUsage>,
    /// Languages that were heard.
    pub languages: Option<Vec<TranscriptionLanguage>>,
    /// Log probabilities, when asked for by `include`.
    pub logprobs: Option<Vec<LogProb>>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemInputAudioTranscriptionCompleted {
    tag "type" = "conversation.item.input_audio_transcription.completed";
    req item_id = "item_id";
    req transcript = "transcript";
    opt content_index = "content_index";
    opt usage = "usage";
    opt languages = "languages";
    opt logprobs = "logprobs";
    opt event_id = "event_id";
}}

impl ConversationItemInputAudioTranscriptionCompleted {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, transcript: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            transcript: transcript.into(),
            usage: None,
            languages: None,
            logprobs: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The caller's words are not known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemInputAudioTranscriptionFailed {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// What went wrong.
    pub error: TranscriptionError,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemInputAudioTranscriptionFailed {
    tag "type" = "conversation.item.input_audio_transcription.failed";
    req item_id = "item_id";
    req error = "error";
    opt content_index = "content_index";
    opt event_id = "event_id";
}}

impl ConversationItemInputAudioTranscriptionFailed {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, error: impl Into<TranscriptionError>) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            error: error.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// Why transcription failed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionError {
    /// A code for programs.
    pub code: Option<String>,
    /// A message for people.
    pub message: Option<String>,
    /// The parameter at fault.
    pub param: Option<String>,
    /// Which kind it is.
    pub kind: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranscriptionError {
    opt code = "code";
    opt message = "message";
    opt param = "param";
    opt kind = "type";
}}

/// How probable a token was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogProb {
    /// The token.
    pub token: String,
    /// Its bytes in UTF-8.
    pub bytes: Vec<u64>,
    /// Its log probability.
    pub logprob: f64,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { LogProb {
    req token = "token";
    req bytes = "bytes";
    req logprob = "logprob";
}}

impl LogProb {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(token: impl Into<String>, bytes: Vec<u64>, logprob: f64) -> Self {
        Self {
            token: token.into(),
            bytes,
            logprob,
            extra: Extra::new(),
        }
    }
}

/// A language that was heard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionLanguage {
    /// A code for programs.
    pub code: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranscriptionLanguage {
    req code = "code";
}}

impl TranscriptionLanguage {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            extra: Extra::new(),
        }
    }
}

/// What a transcription cost.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TranscriptionUsage {
    /// `tokens`.
    Tokens(TranscriptionTokens),
    /// `duration`.
    Duration(TranscriptionDuration),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { TranscriptionUsage {
    by "type" {
        "tokens" => Tokens,
        "duration" => Duration,
    }
}}

from_branch! { TranscriptionUsage {
    from Tokens(TranscriptionTokens);
    from Duration(TranscriptionDuration);
}}

/// Cost by token.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionTokens {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens in all.
    pub total_tokens: u64,
    /// What was read.
    pub input_token_details: Option<TranscriptionInputTokens>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranscriptionTokens {
    tag "type" = "tokens";
    req input_tokens = "input_tokens";
    req output_tokens = "output_tokens";
    req total_tokens = "total_tokens";
    opt input_token_details = "input_token_details";
}}

impl TranscriptionTokens {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(input_tokens: u64, output_tokens: u64, total_tokens: u64) -> Self {
        Self {
            input_tokens,
            output_tokens,
            total_tokens,
            input_token_details: None,
            extra: Extra::new(),
        }
    }
}

/// Tokens read, by kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionInputTokens {
    /// Audio tokens.
    pub audio_tokens: Option<u64>,
    /// Text tokens.
    pub text_tokens: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranscriptionInputTokens {
    opt audio_tokens = "audio_tokens";
    opt text_tokens = "text_tokens";
}}

/// Cost by length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionDuration {
    /// Length of the audio in seconds.
    pub seconds: f64,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranscriptionDuration {
    tag "type" = "duration";
    req seconds = "seconds";
}}

impl TranscriptionDuration {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(seconds: f64) -> Self {
        Self {
            seconds,
            extra: Extra::new(),
        }
    }
}

/// The buffered audio became a message of the user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferCommitted {
    /// The conversation item.
    pub item_id: String,
    /// The item after which this one stands; `root` or none for the first.
    pub previous_item_id: Option<String>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferCommitted {
    tag "type" = "input_audio_buffer.committed";
    req item_id = "item_id";
    opt previous_item_id = "previous_item_id";
    opt event_id = "event_id";
}}

impl InputAudioBufferCommitted {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            previous_item_id: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The buffered audio was dropped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferCleared {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferCleared {
    tag "type" = "input_audio_buffer.cleared";
    opt event_id = "event_id";
}}

/// The caller began to speak.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferSpeechStarted {
    /// The conversation item.
    pub item_id: String,
    /// Start in the audio written to the buffer so far, in ms.
    pub audio_start_ms: u64,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferSpeechStarted {
    tag "type" = "input_audio_buffer.speech_started";
    req item_id = "item_id";
    req audio_start_ms = "audio_start_ms";
    opt event_id = "event_id";
}}

impl InputAudioBufferSpeechStarted {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, audio_start_ms: u64) -> Self {
        Self {
            item_id: item_id.into(),
            audio_start_ms,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The caller fell silent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferSpeechStopped {
    /// The conversation item.
    pub item_id: String,
    /// End in the audio written to the buffer so far, in ms.
    pub audio_end_ms: u64,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferSpeechStopped {
    tag "type" = "input_audio_buffer.speech_stopped";
    req item_id = "item_id";
    req audio_end_ms = "audio_end_ms";
    opt event_id = "event_id";
}}

impl InputAudioBufferSpeechStopped {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, audio_end_ms: u64) -> Self {
        Self {
            item_id: item_id.into(),
            audio_end_ms,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The caller was silent for longer than the idle timeout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferTimeoutTriggered {
    /// The conversation item.
    pub item_id: String,
    /// Start in the audio written to the buffer so far, in ms.
    pub audio_start_ms: u64,
    /// End in the audio written to the buffer so far, in ms.
    pub audio_end_ms: u64,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferTimeoutTriggered {
    tag "type" = "input_audio_buffer.timeout_triggered";
    req item_id = "item_id";
    req audio_start_ms = "audio_start_ms";
    req audio_end_ms = "audio_end_ms";
    opt event_id = "event_id";
}}

impl InputAudioBufferTimeoutTriggered {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, audio_start_ms: u64, audio_end_ms: u64) -> Self {
        Self {
            item_id: item_id.into(),
            audio_start_ms,
            audio_end_ms,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The caller pressed a key (SIP).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferDtmfEventReceived {
    /// The key.
    pub event: String,
    /// When, in seconds since 1970.
    pub received_at: u64,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferDtmfEventReceived {
    tag "type" = "input_audio_buffer.dtmf_event_received";
    req event = "event";
    req received_at = "received_at";
}}

impl InputAudioBufferDtmfEventReceived {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(event: impl Into<String>, received_at: u64) -> Self {
        Self {
            event: event.into(),
            received_at,
            extra: Extra::new(),
        }
    }
}

/// Playback began on the service's side (WebRTC and SIP).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputAudioBufferStarted {
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { OutputAudioBufferStarted {
    tag "type" = "output_audio_buffer.started";
    req response_id = "response_id";
    opt event_id = "event_id";
}}

impl OutputAudioBufferStarted {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(response_id: impl Into<String>) -> Self {
        Self {
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// Playback ended on the service's side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputAudioBufferStopped {
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { OutputAudioBufferStopped {
    tag "type" = "output_audio_buffer.stopped";
    req response_id = "response_id";
    opt event_id = "event_id";
}}

impl OutputAudioBufferStopped {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(response_id: impl Into<String>) -> Self {
        Self {
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// Playback was stopped on the service's side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputAudioBufferCleared {
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { OutputAudioBufferCleared {
    tag "type" = "output_audio_buffer.cleared";
    req response_id = "response_id";
    opt event_id = "event_id";
}}

impl OutputAudioBufferCleared {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(response_id: impl Into<String>) -> Self {
        Self {
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// A response has begun.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseCreated {
    /// The response.
    pub response: Response,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseCreated {
    tag "type" = "response.created";
    req response = "response";
    opt event_id = "event_id";
}}

impl ResponseCreated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(response: impl Into<Response>) -> Self {
        Self {
            response: response.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// A response has ended, in whatever way.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseDone {
    /// The response.
    pub response: Response,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseDone {
    tag "type" = "response.done";
    req response = "response";
    opt event_id = "event_id";
}}

impl ResponseDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(response: impl Into<Response>) -> Self {
        Self {
            response: response.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// A response makes an item.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseOutputItemAdded {
    /// The item.
    pub item: Item,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputItemAdded {
    tag "type" = "response.output_item.added";
    req item = "item";
    req response_id = "response_id";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseOutputItemAdded {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item: impl Into<Item>, response_id: impl Into<String>) -> Self {
        Self {
            item: item.into(),
            output_index: None,
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The item is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseOutputItemDone {
    /// The item.
    pub item: Item,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputItemDone {
    tag "type" = "response.output_item.done";
    req item = "item";
    req response_id = "response_id";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseOutputItemDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item: impl Into<Item>, response_id: impl Into<String>) -> Self {
        Self {
            item: item.into(),
            output_index: None,
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// An item gets a part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseContentPartAdded {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The part, as yet empty.
    pub part: Option<ContentPart>,
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseContentPartAdded {
    tag "type" = "response.content_part.added";
    req item_id = "item_id";
    req response_id = "response_id";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt part = "part";
    opt event_id = "event_id";
}}

impl ResponseContentPartAdded {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, response_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            output_index: None,
            part: None,
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The part is complete.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseContentPartDone {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The part, without its audio.
    pub part: Option<ContentPart>,
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseContentPartDone {
    tag "type" = "response.content_part.done";
    req item_id = "item_id";
    req response_id = "response_id";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt part = "part";
    opt event_id = "event_id";
}}

impl ResponseContentPartDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, response_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            output_index: None,
            part: None,
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next words of a text answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseOutputTextDelta {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// The next piece.
    pub delta: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Padding against traffic analysis.
    pub obfuscation: Option<String>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputTextDelta {
    tag "type" = "response.output_text.delta";
    req item_id = "item_id";
    req delta = "delta";
    req response_id = "response_id";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt obfuscation = "obfuscation";
    opt event_id = "event_id";
}}

impl ResponseOutputTextDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        item_id: impl Into<String>,
        delta: impl Into<String>,
        response_id: impl Into<String>,
    ) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            delta: delta.into(),
            output_index: None,
            response_id: response_id.into(),
            obfuscation: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// All the words of a text answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseOutputTextDone {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// The words.
    pub text: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputTextDone {
    tag "type" = "response.output_text.done";
    req item_id = "item_id";
    req response_id = "response_id";
    req text = "text";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseOutputTextDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        item_id: impl Into<String>,
        response_id: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            output_index: None,
            response_id: response_id.into(),
            text: text.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next piece of speech.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseOutputAudioDelta {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// Audio in base64, in the session's format.
    pub delta: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Padding against traffic analysis.
    pub obfuscation: Option<String>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputAudioDelta {
    tag "type" = "response.output_audio.delta";
    req item_id = "item_id";
    req delta = "delta";
    req response_id = "response_id";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt obfuscation = "obfuscation";
    opt event_id = "event_id";
}}

impl ResponseOutputAudioDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        item_id: impl Into<String>,
        delta: impl Into<String>,
        response_id: impl Into<String>,
    ) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            delta: delta.into(),
            output_index: None,
            response_id: response_id.into(),
            obfuscation: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The speech of a part is complete.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseOutputAudioDone {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputAudioDone {
    tag "type" = "response.output_audio.done";
    req item_id = "item_id";
    req response_id = "response_id";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseOutputAudioDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, response_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            output_index: None,
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next words that the speech says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseOutputAudioTranscriptDelta {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// The next piece.
    pub delta: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Padding against traffic analysis.
    pub obfuscation: Option<String>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputAudioTranscriptDelta {
    tag "type" = "response.output_audio_transcript.delta";
    req item_id = "item_id";
    req delta = "delta";
    req response_id = "response_id";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt obfuscation = "obfuscation";
    opt event_id = "event_id";
}}

impl ResponseOutputAudioTranscriptDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        item_id: impl Into<String>,
        delta: impl Into<String>,
        response_id: impl Into<String>,
    ) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            delta: delta.into(),
            output_index: None,
            response_id: response_id.into(),
            obfuscation: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// All the words that the speech says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseOutputAudioTranscriptDone {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: Option<u64>,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// The words.
    pub transcript: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseOutputAudioTranscriptDone {
    tag "type" = "response.output_audio_transcript.done";
    req item_id = "item_id";
    req response_id = "response_id";
    req transcript = "transcript";
    opt content_index = "content_index";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseOutputAudioTranscriptDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        item_id: impl Into<String>,
        response_id: impl Into<String>,
        transcript: impl Into<String>,
    ) -> Self {
        Self {
            item_id: item_id.into(),
            content_index: None,
            output_index: None,
            response_id: response_id.into(),
            transcript: transcript.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next piece of a call's arguments.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseFunctionCallArgumentsDelta {
    /// The tool call, as its answer names it.
    pub call_id: String,
    /// The next piece.
    pub delta: String,
    /// The conversation item.
    pub item_id: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Padding against traffic analysis.
    pub obfuscation: Option<String>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseFunctionCallArgumentsDelta {
    tag "type" = "response.function_call_arguments.delta";
    req call_id = "call_id";
    req delta = "delta";
    req item_id = "item_id";
    req response_id = "response_id";
    opt output_index = "output_index";
    opt obfuscation = "obfuscation";
    opt event_id = "event_id";
}}

impl ResponseFunctionCallArgumentsDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        call_id: impl Into<String>,
        delta: impl Into<String>,
        item_id: impl Into<String>,
        response_id: impl Into<String>,
    ) -> Self {
        Self {
            call_id: call_id.into(),
            delta: delta.into(),
            item_id: item_id.into(),
            output_index: None,
            response_id: response_id.into(),
            obfuscation: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The arguments are complete.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseFunctionCallArgumentsDone {
    /// Arguments of the call, a JSON text.
    pub arguments: String,
    /// The tool call, as its answer names it.
    pub call_id: String,
    /// The conversation item.
    pub item_id: String,
    /// The function.
    pub name: Option<String>,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseFunctionCallArgumentsDone {
    tag "type" = "response.function_call_arguments.done";
    req arguments = "arguments";
    req call_id = "call_id";
    req item_id = "item_id";
    req response_id = "response_id";
    opt name = "name";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseFunctionCallArgumentsDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        arguments: impl Into<String>,
        call_id: impl Into<String>,
        item_id: impl Into<String>,
        response_id: impl Into<String>,
    ) -> Self {
        Self {
            arguments: arguments.into(),
            call_id: call_id.into(),
            item_id: item_id.into(),
            name: None,
            output_index: None,
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next piece of an MCP call's arguments.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseMcpCallArgumentsDelta {
    /// The next piece.
    pub delta: String,
    /// The conversation item.
    pub item_id: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Padding against traffic analysis.
    pub obfuscation: Option<String>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseMcpCallArgumentsDelta {
    tag "type" = "response.mcp_call_arguments.delta";
    req delta = "delta";
    req item_id = "item_id";
    req response_id = "response_id";
    opt output_index = "output_index";
    opt obfuscation = "obfuscation";
    opt event_id = "event_id";
}}

impl ResponseMcpCallArgumentsDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        delta: impl Into<String>,
        item_id: impl Into<String>,
        response_id: impl Into<String>,
    ) -> Self {
        Self {
            delta: delta.into(),
            item_id: item_id.into(),
            output_index: None,
            response_id: response_id.into(),
            obfuscation: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The arguments are complete.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseMcpCallArgumentsDone {
    /// Arguments of the call, a JSON text.
    pub arguments: String,
    /// The conversation item.
    pub item_id: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// The response.
    pub response_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseMcpCallArgumentsDone {
    tag "type" = "response.mcp_call_arguments.done";
    req arguments = "arguments";
    req item_id = "item_id";
    req response_id = "response_id";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseMcpCallArgumentsDone {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        arguments: impl Into<String>,
        item_id: impl Into<String>,
        response_id: impl Into<String>,
    ) -> Self {
        Self {
            arguments: arguments.into(),
            item_id: item_id.into(),
            output_index: None,
            response_id: response_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// An MCP call runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseMcpCallInProgress {
    /// The conversation item.
    pub item_id: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseMcpCallInProgress {
    tag "type" = "response.mcp_call.in_progress";
    req item_id = "item_id";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseMcpCallInProgress {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            output_index: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// An MCP call has ended well.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseMcpCallCompleted {
    /// The conversation item.
    pub item_id: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseMcpCallCompleted {
    tag "type" = "response.mcp_call.completed";
    req item_id = "item_id";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseMcpCallCompleted {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            output_index: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// An MCP call has failed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseMcpCallFailed {
    /// The conversation item.
    pub item_id: String,
    /// Place of the item in the response, from 0.
    pub output_index: Option<u64>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseMcpCallFailed {
    tag "type" = "response.mcp_call.failed";
    req item_id = "item_id";
    opt output_index = "output_index";
    opt event_id = "event_id";
}}

impl ResponseMcpCallFailed {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            output_index: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// An MCP server is asked for its tools.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpListToolsInProgress {
    /// The conversation item.
    pub item_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpListToolsInProgress {
    tag "type" = "mcp_list_tools.in_progress";
    req item_id = "item_id";
    opt event_id = "event_id";
}}

impl McpListToolsInProgress {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// An MCP server has told its tools.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpListToolsCompleted {
    /// The conversation item.
    pub item_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpListToolsCompleted {
    tag "type" = "mcp_list_tools.completed";
    req item_id = "item_id";
    opt event_id = "event_id";
}}

impl McpListToolsCompleted {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// An MCP server did not tell its tools.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpListToolsFailed {
    /// The conversation item.
    pub item_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpListToolsFailed {
    tag "type" = "mcp_list_tools.failed";
    req item_id = "item_id";
    opt event_id = "event_id";
}}

impl McpListToolsFailed {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>) -> Self {
        Self {
            item_id: item_id.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// What the account has left.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RateLimitsUpdated {
    /// The limits.
    pub rate_limits: Vec<RateLimit>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RateLimitsUpdated {
    tag "type" = "rate_limits.updated";
    req rate_limits = "rate_limits";
    opt event_id = "event_id";
}}

impl RateLimitsUpdated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(rate_limits: Vec<RateLimit>) -> Self {
        Self {
            rate_limits,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// One limit of the account.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RateLimit {
    /// What is allowed in all.
    pub limit: Option<u64>,
    /// What is counted.
    pub name: Option<RateLimitName>,
    /// What is left.
    pub remaining: Option<u64>,
    /// When it starts anew, in seconds from the event.
    pub reset_seconds: Option<f64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RateLimit {
    opt limit = "limit";
    opt name = "name";
    opt remaining = "remaining";
    opt reset_seconds = "reset_seconds";
}}

/// What a limit counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RateLimitName {
    /// `requests`.
    Requests,
    /// `tokens`.
    Tokens,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { RateLimitName {
    Requests = "requests",
    Tokens = "tokens",
}}
