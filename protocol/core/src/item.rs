//! Entries of the conversation, for reading, seeding and restoring.

use std::fmt;

use bytes::Bytes;
use serde::{Serialize, Serializer};

use crate::{ItemId, RawEvent, ToolCall, ToolResult, text::Hidden};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// The application.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// How complete an item is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Still being made.
    InProgress,
    /// Whole.
    #[default]
    Completed,
    /// Cut off by an interruption, a limit or a fault.
    Incomplete,
}

/// One part of a message.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Written text.
    Text(String),
    /// Speech; the audio itself is not kept.
    Audio {
        /// What was said, where known.
        transcript: Option<String>,
    },
    /// A still image.
    Image {
        /// Its media type, such as `image/png`.
        mime: String,
        /// The encoded image.
        #[serde(serialize_with = "as_length")]
        data: Bytes,
    },
    /// A part the neutral language has no word for.
    Other(RawEvent),
}

/// Content stays out of debug output: only kind and size are shown.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = Hidden(self.bytes());
        match self {
            Self::Text(_) => f.debug_tuple("Text").field(&size).finish(),
            Self::Audio { .. } => f.debug_struct("Audio").field("transcript", &size).finish(),
            Self::Image { mime, .. } => f
                .debug_struct("Image")
                .field("mime", mime)
                .field("data", &size)
                .finish(),
            Self::Other(raw) => f.debug_tuple("Other").field(raw).finish(),
        }
    }
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ItemKind {
    /// Something said or written.
    Message {
        /// By whom.
        role: Role,
        /// In which parts.
        content: Vec<Content>,
    },
    /// A call of a tool.
    ToolCall(ToolCall),
    /// The answer to a call.
    ToolResult(ToolResult),
    /// An item the neutral language has no word for, such as a hosted tool's.
    Other(RawEvent),
}

/// One entry of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Its id, once it has one.
    pub id: Option<ItemId>,
    /// What it is.
    pub kind: ItemKind,
    /// How complete it is.
    pub status: ItemStatus,
}

impl Item {
    /// A complete item without an id yet.
    pub fn new(kind: ItemKind) -> Self {
        Self {
            id: None,
            kind,
            status: ItemStatus::Completed,
        }
    }

    /// A text message of `role`.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::new(ItemKind::Message {
            role,
            content: vec![Content::Text(text.into())],
        })
    }

    /// The same item under `id`.
    #[must_use]
    pub fn with_id(mut self, id: ItemId) -> Self {
        self.id = Some(id);
        self
    }
}

fn as_length<S: Serializer>(data: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(data.len() as u64)
}

impl Item {
    /// Bytes the item's content takes, roughly.
    pub fn payload_bytes(&self) -> usize {
        match &self.kind {
            ItemKind::Message { content, .. } => content.iter().map(Content::bytes).sum(),
            ItemKind::ToolCall(call) => call.arguments.len(),
            ItemKind::ToolResult(result) => result.output.len(),
            ItemKind::Other(raw) => raw.json().len(),
        }
    }
}

impl Content {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Audio { transcript } => transcript.as_ref().map_or(0, String::len),
            Self::Image { data, .. } => data.len(),
            Self::Other(raw) => raw.json().len(),
        }
    }
}
