//! Tools as the model knows them, its calls, and the answers.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CallId, ItemId, ResponseId, text::Hidden};

/// Whether the model waits for a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolBehavior {
    /// The model waits for the answer, as every provider can.
    #[default]
    Blocking,
    /// The model goes on talking while the tool works, where the provider can.
    NonBlocking,
}

/// A tool offered to the model.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The name the model calls it by.
    pub name: String,
    /// What it does and when to use it, in words for the model.
    pub description: String,
    /// JSON Schema of its arguments: an object schema.
    pub parameters: Value,
    /// Whether the model waits for it.
    pub behavior: ToolBehavior,
}

impl ToolSpec {
    /// A blocking tool; `parameters` is the JSON Schema of its arguments object.
    pub fn new(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            parameters,
            behavior: ToolBehavior::Blocking,
        }
    }
}

/// Content stays out of debug output: the words for the model are as private as its instructions.
impl fmt::Debug for ToolSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolSpec")
            .field("name", &self.name)
            .field("description", &Hidden(self.description.len()))
            .field("behavior", &self.behavior)
            .finish_non_exhaustive()
    }
}

/// Which tools the model may or must call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// As the model sees fit.
    Auto,
    /// No calls.
    None,
    /// At least one call.
    Required,
    /// A call of this tool.
    Function(String),
}

/// The model asks for a tool.
///
/// Sources: the `function_call` item and `response.function_call_arguments.done` of OpenAI
/// Realtime, `toolCall.functionCalls` of Gemini Live.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: CallId,
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text, exactly as the model wrote them; may be malformed.
    pub arguments: String,
    /// The item that holds the call, where the provider has items.
    pub item: Option<ItemId>,
    /// The response that made the call, where the provider names it.
    pub response: Option<ResponseId>,
}

/// Content stays out of debug output: of the arguments only the size is shown.
impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("arguments", &Hidden(self.arguments.len()))
            .field("item", &self.item)
            .field("response", &self.response)
            .finish()
    }
}

/// When the model should take up the answer of a non-blocking tool (Gemini `scheduling`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduling {
    /// At once, interrupting what is being said.
    Interrupt,
    /// When it has finished speaking.
    WhenIdle,
    /// Without saying anything.
    Silent,
}

/// The answer to a call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call that is answered.
    pub call: CallId,
    /// The tool's name; some wires want it beside the id.
    pub name: String,
    /// What the model reads: text, by custom JSON.
    pub output: String,
    /// Whether the tool failed; wires that can tell errors apart are told.
    pub is_error: bool,
    /// When the model should take it up, for non-blocking tools.
    pub scheduling: Option<Scheduling>,
}

impl ToolResult {
    /// A successful answer.
    pub fn new(call: CallId, name: impl Into<String>, output: impl Into<String>) -> Self {
        Self {
            call,
            name: name.into(),
            output: output.into(),
            is_error: false,
            scheduling: None,
        }
    }
}

/// Content stays out of debug output: of the answer only the size is shown.
impl fmt::Debug for ToolResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolResult")
            .field("call", &self.call)
            .field("name", &self.name)
            .field("output", &Hidden(self.output.len()))
            .field("is_error", &self.is_error)
            .field("scheduling", &self.scheduling)
            .finish()
    }
}
