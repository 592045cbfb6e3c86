//! Responses: how one is asked for, and what it becomes.
//!
//! Generated from `schema/response.wire` by `cargo xtask codegen`; change that file.

use super::items::Item;
use super::session::{
    AudioFormat, MaxOutputTokens, Modality, Prompt, Reasoning, Tool, ToolChoice, Voice,
};
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// Configuration of one response; what is not set is the session's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseParams {
    /// The model's audio.
    pub audio: Option<ResponseAudio>,
    /// Whether the response joins the conversation.
    pub conversation: Option<ResponseConversation>,
    /// What the response reads instead of the conversation.
    pub input: Option<Vec<Item>>,
    /// The system instructions.
    pub instructions: Option<String>,
    /// Bound on one response.
    pub max_output_tokens: Option<MaxOutputTokens>,
    /// Key and value pairs of the caller's own.
    pub metadata: Nullable<std::collections::BTreeMap<String, String>>,
    /// What the model answers with.
    pub output_modalities: Option<Vec<Modality>>,
    /// Whether one response may hold several calls.
    pub parallel_tool_calls: Option<bool>,
    /// A stored prompt.
    pub prompt: Nullable<Prompt>,
    /// How hard the model thinks.
    pub reasoning: Option<Reasoning>,
    /// Whether, and which, tool must be called.
    pub tool_choice: Option<ToolChoice>,
    /// Tools that the model may call.
    pub tools: Option<Vec<Tool>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseParams {
    opt audio = "audio";
    opt conversation = "conversation";
    opt input = "input";
    opt instructions = "instructions";
    opt max_output_tokens = "max_output_tokens";
    opt output_modalities = "output_modalities";
    opt parallel_tool_calls = "parallel_tool_calls";
    opt reasoning = "reasoning";
    opt tool_choice = "tool_choice";
    opt tools = "tools";
    nul metadata = "metadata";
    nul prompt = "prompt";
}}

setters! { ResponseParams {
    into with_audio audio: ResponseAudio;
    into with_conversation conversation: ResponseConversation;
    into with_instructions instructions: String;
    into with_max_output_tokens max_output_tokens: MaxOutputTokens;
    into with_prompt prompt: Prompt;
    into with_reasoning reasoning: Reasoning;
    into with_tool_choice tool_choice: ToolChoice;
    plain with_input input: Vec<Item>;
    plain with_metadata metadata: std::collections::BTreeMap<String, String>;
    plain with_output_modalities output_modalities: Vec<Modality>;
    plain with_parallel_tool_calls parallel_tool_calls: bool;
    plain with_tools tools: Vec<Tool>;
}}

/// Which conversation a response joins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseConversation {
    /// `auto`.
    Auto,
    /// `none`.
    None,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ResponseConversation {
    Auto = "auto",
    None = "none",
}}

/// Audio of one response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseAudio {
    /// The model's audio.
    pub output: Option<ResponseAudioOutput>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseAudio {
    opt output = "output";
}}

setters! { ResponseAudio {
    into with_output output: ResponseAudioOutput;
}}

/// Format and voice of one response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseAudioOutput {
    /// Encoding of the audio.
    pub format: Option<AudioFormat>,
    /// The model's voice.
    pub voice: Option<Voice>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseAudioOutput {
    opt format = "format";
    opt voice = "voice";
}}

setters! { ResponseAudioOutput {
    into with_format format: AudioFormat;
    into with_voice voice: Voice;
}}

/// One answer of the model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    /// The service's identifier.
    pub id: Option<String>,
    /// The audio it was made with.
    pub audio: Option<ResponseAudio>,
    /// The conversation it joined.
    pub conversation_id: Option<String>,
    /// Bound on one response.
    pub max_output_tokens: Option<MaxOutputTokens>,
    /// Key and value pairs of the caller's own.
    pub metadata: Option<std::collections::BTreeMap<String, String>>,
    /// `realtime.response`.
    pub object: Option<String>,
    /// The items it made.
    pub output: Option<Vec<Item>>,
    /// What the model answers with.
    pub output_modalities: Option<Vec<Modality>>,
    /// How far it has come.
    pub status: Option<ResponseStatus>,
    /// Why it ended so.
    pub status_details: Option<ResponseStatusDetails>,
    /// What it cost.
    pub usage: Option<ResponseUsage>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Response {
    opt id = "id";
    opt audio = "audio";
    opt conversation_id = "conversation_id";
    opt max_output_tokens = "max_output_tokens";
    opt metadata = "metadata";
    opt object = "object";
    opt output = "output";
    opt output_modalities = "output_modalities";
    opt status = "status";
    opt status_details = "status_details";
    opt usage = "usage";
}}

/// How far a response has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseStatus {
    /// `completed`.
    Completed,
    /// `cancelled`.
    Cancelled,
    /// `failed`.
    Failed,
    /// `incomplete`.
    Incomplete,
    /// `in_progress`.
    InProgress,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ResponseStatus {
    Completed = "completed",
    Cancelled = "cancelled",
    Failed = "failed",
    Incomplete = "incomplete",
    InProgress = "in_progress",
}}

/// Why a response ended so; some compatible servers send a string, which is kept raw.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ResponseStatusDetails {
    /// An object.
    Details(StatusDetails),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { ResponseStatusDetails {
    object Details;
}}

from_branch! { ResponseStatusDetails {
    from Details(StatusDetails);
}}

/// Why a response ended so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StatusDetails {
    /// What went wrong.
    pub error: Option<StatusError>,
    /// The cause.
    pub reason: Option<StatusReason>,
    /// Which kind it is.
    pub kind: Option<ResponseStatus>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { StatusDetails {
    opt error = "error";
    opt reason = "reason";
    opt kind = "type";
}}

/// Why a response ended early.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusReason {
    /// `turn_detected`.
    TurnDetected,
    /// `client_cancelled`.
    ClientCancelled,
    /// `max_output_tokens`.
    MaxOutputTokens,
    /// `content_filter`.
    ContentFilter,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { StatusReason {
    TurnDetected = "turn_detected",
    ClientCancelled = "client_cancelled",
    MaxOutputTokens = "max_output_tokens",
    ContentFilter = "content_filter",
}}

/// The error that ended a response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StatusError {
    /// A code for programs.
    pub code: Option<String>,
    /// A message for people.
    pub message: Option<String>,
    /// Which kind it is.
    pub kind: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { StatusError {
    opt code = "code";
    opt message = "message";
    opt kind = "type";
}}

/// Tokens of one response; the whole conversation counts each time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseUsage {
    /// What was read.
    pub input_token_details: Option<InputTokenDetails>,
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// What was written.
    pub output_token_details: Option<OutputTokenDetails>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// Tokens in all.
    pub total_tokens: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseUsage {
    opt input_token_details = "input_token_details";
    opt input_tokens = "input_tokens";
    opt output_token_details = "output_token_details";
    opt output_tokens = "output_tokens";
    opt total_tokens = "total_tokens";
}}

/// Tokens read, by kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputTokenDetails {
    /// Audio tokens.
    pub audio_tokens: Option<u64>,
    /// Tokens from the cache.
    pub cached_tokens: Option<u64>,
    /// Tokens from the cache, by kind.
    pub cached_tokens_details: Option<CachedTokensDetails>,
    /// Image tokens.
    pub image_tokens: Option<u64>,
    /// Text tokens.
    pub text_tokens: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { InputTokenDetails {
    opt audio_tokens = "audio_tokens";
    opt cached_tokens = "cached_tokens";
    opt cached_tokens_details = "cached_tokens_details";
    opt image_tokens = "image_tokens";
    opt text_tokens = "text_tokens";
}}

/// Tokens from the cache, by kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CachedTokensDetails {
    /// Audio tokens.
    pub audio_tokens: Option<u64>,
    /// Image tokens.
    pub image_tokens: Option<u64>,
    /// Text tokens.
    pub text_tokens: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CachedTokensDetails {
    opt audio_tokens = "audio_tokens";
    opt image_tokens = "image_tokens";
    opt text_tokens = "text_tokens";
}}

/// Tokens written, by kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputTokenDetails {
    /// Audio tokens.
    pub audio_tokens: Option<u64>,
    /// Text tokens.
    pub text_tokens: Option<u64>,
    /// Tokens of thought, as observed.
    pub reasoning_tokens: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { OutputTokenDetails {
    opt audio_tokens = "audio_tokens";
    opt text_tokens = "text_tokens";
    opt reasoning_tokens = "reasoning_tokens";
}}
