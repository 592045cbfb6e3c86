//! What a session is asked to do.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    DelegationId, Item, ItemId, OutputModality, ResponseId, SessionConfig, ToolChoice, ToolResult,
    text::Hidden,
};

/// Overrides for one response; all `None` means as the session is configured.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ResponseOptions {
    /// Instructions for this response only.
    pub instructions: Option<String>,
    /// Speech or text.
    pub output: Option<OutputModality>,
    /// Which tools may or must be called.
    pub tool_choice: Option<ToolChoice>,
    /// Most tokens.
    pub max_output_tokens: Option<u32>,
}

impl ResponseOptions {
    /// The session's own settings, with these instructions for this response only.
    pub fn instructed(text: impl Into<String>) -> Self {
        Self {
            instructions: Some(text.into()),
            ..Self::default()
        }
    }
}

/// Content stays out of debug output: of the instructions only the size is shown.
impl fmt::Debug for ResponseOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseOptions")
            .field("instructions", &Hidden::text(self.instructions.as_ref()))
            .field("output", &self.output)
            .field("tool_choice", &self.tool_choice)
            .field("max_output_tokens", &self.max_output_tokens)
            .finish()
    }
}

/// How the model should take a [`Context`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextKind {
    /// As an order that holds from here on: `session.instructions.append` of GPT-Live, a `system`
    /// item of OpenAI Realtime.
    Instructions,
    /// As knowledge that is not spoken of by itself: `session.thinking.append` of GPT-Live.
    Thinking,
    /// As something to say in the model's own words: `session.commentary.append` of GPT-Live.
    Commentary,
}

/// Words for the model that are not the user's.
#[derive(Clone, PartialEq, Eq)]
pub struct Context {
    /// How the model should take them.
    pub kind: ContextKind,
    /// The words.
    pub text: String,
    /// The delegation they belong to, where they answer one.
    pub delegation: Option<DelegationId>,
}

/// Content stays out of debug output: of the words only the size is shown.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("kind", &self.kind)
            .field("text", &Hidden(self.text.len()))
            .field("delegation", &self.delegation)
            .finish()
    }
}

/// One picture of what the user's camera or screen shows.
#[derive(Clone, PartialEq, Eq)]
pub struct VideoFrame {
    /// Its media type, such as `image/jpeg`.
    pub mime: String,
    /// The encoded picture.
    pub data: Bytes,
}

/// Content stays out of debug output: of the picture only the size is shown.
impl fmt::Debug for VideoFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoFrame")
            .field("mime", &self.mime)
            .field("data", &Hidden(self.data.len()))
            .finish()
    }
}

/// One command, in neutral words. A codec turns it into frames or says that the wire cannot.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// The user's audio, in the session's input format.
    Audio(Bytes),
    /// The user's audio so far is a turn.
    CommitAudio,
    /// Forget the user's uncommitted audio.
    ClearAudio,
    /// The user began to speak, where the caller detects activity.
    ActivityStart,
    /// The user stopped speaking, where the caller detects activity.
    ActivityEnd,
    /// No audio will come for a while; the server should not wait for it.
    AudioStreamEnd,
    /// What the user's camera or screen shows at this moment of the audio: `realtimeInput.video` of
    /// Gemini Live.
    Video(VideoFrame),
    /// New entries of the conversation, in order.
    AddItems(Vec<Item>),
    /// Words for the model that are not the user's; asks for no response.
    Context(Context),
    /// Answer calls; several at once where they belong to one batch.
    ToolResults(Vec<ToolResult>),
    /// Start a response.
    CreateResponse(ResponseOptions),
    /// Stop a response; the current one when `None`.
    CancelResponse(Option<ResponseId>),
    /// Shorten an item to what was heard.
    Truncate {
        /// The spoken item.
        item: ItemId,
        /// Which content part.
        content_index: u32,
        /// Samples heard, at the session's output rate.
        heard: u64,
    },
    /// Remove an item.
    DeleteItem(ItemId),
    /// Make the session like this.
    Configure(Arc<SessionConfig>),
    /// A frame of the provider's own, passed through verbatim.
    Native(Box<RawJson>),
}

/// Content stays out of debug output: audio and native frames show their size.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut command = f.debug_tuple(self.name());
        match self {
            Self::Audio(data) => command.field(&Hidden(data.len())),
            Self::Video(frame) => command.field(frame),
            Self::AddItems(items) => command.field(items),
            Self::Context(context) => command.field(context),
            Self::ToolResults(results) => command.field(results),
            Self::CreateResponse(options) => command.field(options),
            Self::CancelResponse(response) => command.field(response),
            Self::Truncate {
                item,
                content_index,
                heard,
            } => command.field(item).field(content_index).field(heard),
            Self::DeleteItem(item) => command.field(item),
            Self::Configure(config) => command.field(config),
            Self::Native(json) => command.field(json),
            Self::CommitAudio
            | Self::ClearAudio
            | Self::ActivityStart
            | Self::ActivityEnd
            | Self::AudioStreamEnd => &mut command,
        };
        command.finish()
    }
}

/// JSON text that compares by its characters.
#[derive(Clone)]
pub struct RawJson(pub Box<RawValue>);

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// Content stays out of debug output: only the size is shown.
impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawJson")
            .field(&Hidden(self.0.get().len()))
            .finish()
    }
}

/// The order a command keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandClass {
    /// Overtakes everything that waits.
    Urgent,
    /// Keeps its exact place among audio.
    Ordered,
    /// Numbered by sample and paced.
    Audio,
}

impl Command {
    /// The order this command keeps.
    pub const fn class(&self) -> CommandClass {
        match self {
            Self::CancelResponse(_) | Self::Truncate { .. } | Self::DeleteItem(_) => {
                CommandClass::Urgent
            }
            Self::Audio(_) => CommandClass::Audio,
            _ => CommandClass::Ordered,
        }
    }

    /// The command's name, for errors and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Audio(_) => "audio",
            Self::CommitAudio => "commit audio",
            Self::ClearAudio => "clear audio",
            Self::ActivityStart => "activity start",
            Self::ActivityEnd => "activity end",
            Self::AudioStreamEnd => "audio stream end",
            Self::Video(_) => "video",
            Self::AddItems(_) => "add items",
            Self::Context(_) => "context",
            Self::ToolResults(_) => "tool results",
            Self::CreateResponse(_) => "create response",
            Self::CancelResponse(_) => "cancel response",
            Self::Truncate { .. } => "truncate",
            Self::DeleteItem(_) => "delete item",
            Self::Configure(_) => "configure",
            Self::Native(_) => "native",
        }
    }
}
