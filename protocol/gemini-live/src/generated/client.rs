//! What a client sends.
//!
//! Generated from `schema/client.wire` by `cargo xtask codegen`; change that file.

use super::content::{Blob, Content, FunctionResponse};
use super::setup::Setup;
use super::tools::Tool;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// One frame from a client.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ClientFrame {
    /// A message with members that it names, or none.
    Message(Box<ClientMessage>),
    /// A message of which no member is named.
    Unknown(RawEvent),
    /// A message in a shape that does not fit.
    Degraded(Box<Degraded>),
}

frames! { ClientFrame(ClientMessage) {
    "setup",
    "clientContent", "client_content",
    "realtimeInput", "realtime_input",
    "toolResponse", "tool_response",
    "contextUpdate", "context_update",
}}

/// What a client sends: one of its members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClientMessage {
    /// Opens the session; the first message.
    pub setup: Option<Box<Setup>>,
    /// Adds to the conversation.
    pub client_content: Option<ClientContent>,
    /// What the caller says and shows, as it happens.
    pub realtime_input: Option<RealtimeInput>,
    /// Answers to tool calls.
    pub tool_response: Option<ToolResponse>,
    /// Replaces instructions or tools; newer models only.
    pub context_update: Option<ContextUpdate>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ClientMessage {
    opt setup = "setup";
    opt client_content = "clientContent" | "client_content";
    opt realtime_input = "realtimeInput" | "realtime_input";
    opt tool_response = "toolResponse" | "tool_response";
    opt context_update = "contextUpdate" | "context_update";
}}

setters! { ClientMessage {
    into with_setup setup: Box<Setup>;
    into with_client_content client_content: ClientContent;
    into with_realtime_input realtime_input: RealtimeInput;
    into with_tool_response tool_response: ToolResponse;
    into with_context_update context_update: ContextUpdate;
}}

/// Adds to the conversation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClientContent {
    /// What was said, in order.
    pub turns: Option<Vec<Content>>,
    /// Whether the turn is over.
    pub turn_complete: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ClientContent {
    opt turns = "turns";
    opt turn_complete = "turnComplete" | "turn_complete";
}}

setters! { ClientContent {
    plain with_turns turns: Vec<Content>;
    plain with_turn_complete turn_complete: bool;
}}

/// What the caller says and shows, as it happens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RealtimeInput {
    /// Media in the older form.
    pub media_chunks: Option<Vec<Blob>>,
    /// Audio.
    pub audio: Option<Blob>,
    /// The microphone is off; for automatic detection. Developer API only.
    pub audio_stream_end: Option<bool>,
    /// A frame of video.
    pub video: Option<Blob>,
    /// The text.
    pub text: Option<String>,
    /// The caller began to speak; for manual detection.
    pub activity_start: Option<ActivityStart>,
    /// The caller fell silent; for manual detection.
    pub activity_end: Option<ActivityEnd>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RealtimeInput {
    opt media_chunks = "mediaChunks" | "media_chunks";
    opt audio = "audio";
    opt audio_stream_end = "audioStreamEnd" | "audio_stream_end";
    opt video = "video";
    opt text = "text";
    opt activity_start = "activityStart" | "activity_start";
    opt activity_end = "activityEnd" | "activity_end";
}}

setters! { RealtimeInput {
    into with_audio audio: Blob;
    into with_video video: Blob;
    into with_text text: String;
    into with_activity_start activity_start: ActivityStart;
    into with_activity_end activity_end: ActivityEnd;
    plain with_media_chunks media_chunks: Vec<Blob>;
    plain with_audio_stream_end audio_stream_end: bool;
}}

/// Answers to tool calls.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolResponse {
    /// Answers to calls.
    pub function_responses: Option<Vec<FunctionResponse>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolResponse {
    opt function_responses = "functionResponses" | "function_responses";
}}

setters! { ToolResponse {
    plain with_function_responses function_responses: Vec<FunctionResponse>;
}}

/// Replaces what it names; the rest stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextUpdate {
    /// The system instructions.
    pub system_instruction: Option<Content>,
    /// The new tools; absent keeps the old ones.
    pub tools: Option<ContextUpdateTools>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ContextUpdate {
    opt system_instruction = "systemInstruction" | "system_instruction";
    opt tools = "tools";
}}

setters! { ContextUpdate {
    into with_system_instruction system_instruction: Content;
    into with_tools tools: ContextUpdateTools;
}}

/// The caller began to speak.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActivityStart {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ActivityStart {
}}

/// The caller fell silent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActivityEnd {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ActivityEnd {
}}

/// The new tools; an empty list takes all away.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextUpdateTools {
    /// Tools that the model may use.
    pub tools: Option<Vec<Tool>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ContextUpdateTools {
    opt tools = "tools";
}}

setters! { ContextUpdateTools {
    plain with_tools tools: Vec<Tool>;
}}
