//! What a client sends.
//!
//! Generated from `schema/client.wire` by `cargo xtask codegen`; change that file.

use super::items::Item;
use super::response::ResponseParams;
use super::session::Session;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// What a client sends in a conversation or transcription session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// `session.update`: Changes the configuration; only what is set changes.
    SessionUpdate(SessionUpdate),
    /// `input_audio_buffer.append`: Appends audio to the input buffer; it is not acknowledged.
    InputAudioBufferAppend(InputAudioBufferAppend),
    /// `input_audio_buffer.commit`: Makes the buffered audio a message of the user.
    InputAudioBufferCommit(InputAudioBufferCommit),
    /// `input_audio_buffer.clear`: Drops the buffered audio.
    InputAudioBufferClear(InputAudioBufferClear),
    /// `output_audio_buffer.clear`: Stops playback on the service's side (WebRTC and SIP).
    OutputAudioBufferClear(OutputAudioBufferClear),
    /// `conversation.item.create`: Adds an item to the conversation.
    ConversationItemCreate(Box<ConversationItemCreate>),
    /// `conversation.item.delete`: Removes an item from the conversation.
    ConversationItemDelete(ConversationItemDelete),
    /// `conversation.item.retrieve`: Asks for an item as the service holds it.
    ConversationItemRetrieve(ConversationItemRetrieve),
    /// `conversation.item.truncate`: Cuts an item of the assistant to what was heard.
    ConversationItemTruncate(ConversationItemTruncate),
    /// `response.create`: Asks for a response.
    ResponseCreate(Box<ResponseCreate>),
    /// `response.cancel`: Stops a response.
    ResponseCancel(ResponseCancel),
    /// A type that this enum does not name.
    Unknown(RawEvent),
    /// A type that this enum names, in a shape that does not fit it.
    Degraded(Box<Degraded>),
}

events! { ClientEvent {
    "session.update" => SessionUpdate(SessionUpdate),
    "input_audio_buffer.append" => InputAudioBufferAppend(InputAudioBufferAppend),
    "input_audio_buffer.commit" => InputAudioBufferCommit(InputAudioBufferCommit),
    "input_audio_buffer.clear" => InputAudioBufferClear(InputAudioBufferClear),
    "output_audio_buffer.clear" => OutputAudioBufferClear(OutputAudioBufferClear),
    "conversation.item.create" => ConversationItemCreate(ConversationItemCreate),
    "conversation.item.delete" => ConversationItemDelete(ConversationItemDelete),
    "conversation.item.retrieve" => ConversationItemRetrieve(ConversationItemRetrieve),
    "conversation.item.truncate" => ConversationItemTruncate(ConversationItemTruncate),
    "response.create" => ResponseCreate(ResponseCreate),
    "response.cancel" => ResponseCancel(ResponseCancel),
}}

/// Changes the configuration; only what is set changes.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionUpdate {
    /// The session.
    pub session: Session,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SessionUpdate {
    tag "type" = "session.update";
    req session = "session";
    opt event_id = "event_id";
}}

impl SessionUpdate {
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

setters! { SessionUpdate {
    into with_event_id event_id: String;
}}

/// Appends audio to the input buffer; it is not acknowledged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferAppend {
    /// Audio in base64, in the session's format; at most 15 MiB.
    pub audio: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferAppend {
    tag "type" = "input_audio_buffer.append";
    req audio = "audio";
    opt event_id = "event_id";
}}

impl InputAudioBufferAppend {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(audio: impl Into<String>) -> Self {
        Self {
            audio: audio.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

setters! { InputAudioBufferAppend {
    into with_event_id event_id: String;
}}

/// Makes the buffered audio a message of the user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferCommit {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferCommit {
    tag "type" = "input_audio_buffer.commit";
    opt event_id = "event_id";
}}

setters! { InputAudioBufferCommit {
    into with_event_id event_id: String;
}}

/// Drops the buffered audio.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputAudioBufferClear {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputAudioBufferClear {
    tag "type" = "input_audio_buffer.clear";
    opt event_id = "event_id";
}}

setters! { InputAudioBufferClear {
    into with_event_id event_id: String;
}}

/// Stops playback on the service's side (WebRTC and SIP).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputAudioBufferClear {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { OutputAudioBufferClear {
    tag "type" = "output_audio_buffer.clear";
    opt event_id = "event_id";
}}

setters! { OutputAudioBufferClear {
    into with_event_id event_id: String;
}}

/// Adds an item to the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationItemCreate {
    /// The item.
    pub item: Item,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// The item after which this one stands; `root` or none for the first.
    pub previous_item_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemCreate {
    tag "type" = "conversation.item.create";
    req item = "item";
    opt event_id = "event_id";
    opt previous_item_id = "previous_item_id";
}}

impl ConversationItemCreate {
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

setters! { ConversationItemCreate {
    into with_event_id event_id: String;
    into with_previous_item_id previous_item_id: String;
}}

/// Removes an item from the conversation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemDelete {
    /// The conversation item.
    pub item_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemDelete {
    tag "type" = "conversation.item.delete";
    req item_id = "item_id";
    opt event_id = "event_id";
}}

impl ConversationItemDelete {
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

setters! { ConversationItemDelete {
    into with_event_id event_id: String;
}}

/// Asks for an item as the service holds it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemRetrieve {
    /// The conversation item.
    pub item_id: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemRetrieve {
    tag "type" = "conversation.item.retrieve";
    req item_id = "item_id";
    opt event_id = "event_id";
}}

impl ConversationItemRetrieve {
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

setters! { ConversationItemRetrieve {
    into with_event_id event_id: String;
}}

/// Cuts an item of the assistant to what was heard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationItemTruncate {
    /// The conversation item.
    pub item_id: String,
    /// Place of the content part in the item, from 0.
    pub content_index: u64,
    /// How much of its audio was heard, in ms.
    pub audio_end_ms: u64,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ConversationItemTruncate {
    tag "type" = "conversation.item.truncate";
    req item_id = "item_id";
    req content_index = "content_index";
    req audio_end_ms = "audio_end_ms";
    opt event_id = "event_id";
}}

impl ConversationItemTruncate {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(item_id: impl Into<String>, content_index: u64, audio_end_ms: u64) -> Self {
        Self {
            item_id: item_id.into(),
            content_index,
            audio_end_ms,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

setters! { ConversationItemTruncate {
    into with_event_id event_id: String;
}}

/// Asks for a response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseCreate {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// The response.
    pub response: Option<ResponseParams>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseCreate {
    tag "type" = "response.create";
    opt event_id = "event_id";
    opt response = "response";
}}

setters! { ResponseCreate {
    into with_event_id event_id: String;
    into with_response response: ResponseParams;
}}

/// Stops a response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseCancel {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// The response.
    pub response_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseCancel {
    tag "type" = "response.cancel";
    opt event_id = "event_id";
    opt response_id = "response_id";
}}

setters! { ResponseCancel {
    into with_event_id event_id: String;
    into with_response_id response_id: String;
}}
