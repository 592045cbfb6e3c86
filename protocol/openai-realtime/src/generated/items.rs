//! Entries of the conversation.
//!
//! Generated from `schema/items.wire` by `cargo xtask codegen`; change that file.

use super::session::Detail;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// An entry of the conversation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// `message`.
    Message(Message),
    /// `function_call`.
    FunctionCall(FunctionCall),
    /// `function_call_output`.
    FunctionCallOutput(FunctionCallOutput),
    /// `mcp_approval_request`.
    McpApprovalRequest(McpApprovalRequest),
    /// `mcp_approval_response`.
    McpApprovalResponse(McpApprovalResponse),
    /// `mcp_list_tools`.
    McpListTools(McpListTools),
    /// `mcp_call`.
    McpCall(Box<McpCall>),
    /// `item_reference`.
    ItemReference(ItemReference),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { Item {
    by "type" {
        "message" => Message,
        "function_call" => FunctionCall,
        "function_call_output" => FunctionCallOutput,
        "mcp_approval_request" => McpApprovalRequest,
        "mcp_approval_response" => McpApprovalResponse,
        "mcp_list_tools" => McpListTools,
        "mcp_call" => McpCall,
        "item_reference" => ItemReference,
    }
}}

from_branch! { Item {
    from Message(Message);
    from FunctionCall(FunctionCall);
    from FunctionCallOutput(FunctionCallOutput);
    from McpApprovalRequest(McpApprovalRequest);
    from McpApprovalResponse(McpApprovalResponse);
    from McpListTools(McpListTools);
    from McpCall(McpCall);
    from ItemReference(ItemReference);
}}

/// Something said or shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Option<Vec<ContentPart>>,
    /// The service's identifier.
    pub id: Option<String>,
    /// `realtime.item`.
    pub object: Option<String>,
    /// How far it has come.
    pub status: Option<ItemStatus>,
    /// Phase of the answer, as observed from reasoning models.
    pub phase: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Message {
    tag "type" = "message";
    req role = "role";
    opt content = "content";
    opt id = "id";
    opt object = "object";
    opt status = "status";
    opt phase = "phase";
}}

impl Message {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(role: impl Into<Role>) -> Self {
        Self {
            role: role.into(),
            content: None,
            id: None,
            object: None,
            status: None,
            phase: None,
            extra: Extra::new(),
        }
    }
}

setters! { Message {
    into with_id id: String;
    into with_object object: String;
    into with_status status: ItemStatus;
    into with_phase phase: String;
    plain with_content content: Vec<ContentPart>;
}}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// `system`.
    System,
    /// `user`.
    User,
    /// `assistant`.
    Assistant,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Role {
    System = "system",
    User = "user",
    Assistant = "assistant",
}}

/// How far an item has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ItemStatus {
    /// `completed`.
    Completed,
    /// `incomplete`.
    Incomplete,
    /// `in_progress`.
    InProgress,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ItemStatus {
    Completed = "completed",
    Incomplete = "incomplete",
    InProgress = "in_progress",
}}

/// A piece of a message. Which members it has depends on its type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContentPart {
    /// Which kind it is.
    pub kind: Option<ContentType>,
    /// Text.
    pub text: Option<String>,
    /// Audio in base64, in the session's format.
    pub audio: Option<String>,
    /// What the audio says.
    pub transcript: Option<String>,
    /// Image as a data URL.
    pub image_url: Option<String>,
    /// How closely to look at the image.
    pub detail: Option<Detail>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ContentPart {
    opt kind = "type";
    opt text = "text";
    opt audio = "audio";
    opt transcript = "transcript";
    opt image_url = "image_url";
    opt detail = "detail";
}}

setters! { ContentPart {
    into with_kind kind: ContentType;
    into with_text text: String;
    into with_audio audio: String;
    into with_transcript transcript: String;
    into with_image_url image_url: String;
    into with_detail detail: Detail;
}}

/// Which kind of content a part holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentType {
    /// `input_text`.
    InputText,
    /// `input_audio`.
    InputAudio,
    /// `input_image`.
    InputImage,
    /// `output_text`.
    OutputText,
    /// `output_audio`.
    OutputAudio,
    /// `text`.
    Text,
    /// `audio`.
    Audio,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ContentType {
    InputText = "input_text",
    InputAudio = "input_audio",
    InputImage = "input_image",
    OutputText = "output_text",
    OutputAudio = "output_audio",
    Text = "text",
    Audio = "audio",
}}

/// The model asks the client to run a function.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionCall {
    /// Arguments of the call, a JSON text.
    pub arguments: String,
    /// The name.
    pub name: String,
    /// The service's identifier.
    pub id: Option<String>,
    /// The tool call, as its answer names it.
    pub call_id: Option<String>,
    /// `realtime.item`.
    pub object: Option<String>,
    /// How far it has come.
    pub status: Option<ItemStatus>,
    /// Phase of the answer, as observed from reasoning models.
    pub phase: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionCall {
    tag "type" = "function_call";
    req arguments = "arguments";
    req name = "name";
    opt id = "id";
    opt call_id = "call_id";
    opt object = "object";
    opt status = "status";
    opt phase = "phase";
}}

impl FunctionCall {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(arguments: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            arguments: arguments.into(),
            name: name.into(),
            id: None,
            call_id: None,
            object: None,
            status: None,
            phase: None,
            extra: Extra::new(),
        }
    }
}

setters! { FunctionCall {
    into with_id id: String;
    into with_call_id call_id: String;
    into with_object object: String;
    into with_status status: ItemStatus;
    into with_phase phase: String;
}}

/// The answer to a function call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionCallOutput {
    /// The tool call, as its answer names it.
    pub call_id: String,
    /// Free text, usually JSON.
    pub output: String,
    /// The service's identifier.
    pub id: Option<String>,
    /// `realtime.item`.
    pub object: Option<String>,
    /// How far it has come.
    pub status: Option<ItemStatus>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionCallOutput {
    tag "type" = "function_call_output";
    req call_id = "call_id";
    req output = "output";
    opt id = "id";
    opt object = "object";
    opt status = "status";
}}

impl FunctionCallOutput {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(call_id: impl Into<String>, output: impl Into<String>) -> Self {
        Self {
            call_id: call_id.into(),
            output: output.into(),
            id: None,
            object: None,
            status: None,
            extra: Extra::new(),
        }
    }
}

setters! { FunctionCallOutput {
    into with_id id: String;
    into with_object object: String;
    into with_status status: ItemStatus;
}}

/// An MCP call waits for approval.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpApprovalRequest {
    /// The service's identifier.
    pub id: String,
    /// Arguments of the call, a JSON text.
    pub arguments: String,
    /// The name.
    pub name: String,
    /// The MCP server, as the tool configuration names it.
    pub server_label: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpApprovalRequest {
    tag "type" = "mcp_approval_request";
    req id = "id";
    req arguments = "arguments";
    req name = "name";
    req server_label = "server_label";
}}

impl McpApprovalRequest {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        arguments: impl Into<String>,
        name: impl Into<String>,
        server_label: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            arguments: arguments.into(),
            name: name.into(),
            server_label: server_label.into(),
            extra: Extra::new(),
        }
    }
}

/// Approval, or refusal, of an MCP call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpApprovalResponse {
    /// The service's identifier.
    pub id: String,
    /// The request.
    pub approval_request_id: String,
    /// Whether it may run.
    pub approve: bool,
    /// Why.
    pub reason: Nullable<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpApprovalResponse {
    tag "type" = "mcp_approval_response";
    req id = "id";
    req approval_request_id = "approval_request_id";
    req approve = "approve";
    nul reason = "reason";
}}

impl McpApprovalResponse {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        approval_request_id: impl Into<String>,
        approve: bool,
    ) -> Self {
        Self {
            id: id.into(),
            approval_request_id: approval_request_id.into(),
            approve,
            reason: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

setters! { McpApprovalResponse {
    into with_reason reason: String;
}}

/// The tools of an MCP server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpListTools {
    /// The MCP server, as the tool configuration names it.
    pub server_label: String,
    /// Its tools.
    pub tools: Vec<McpListedTool>,
    /// The service's identifier.
    pub id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpListTools {
    tag "type" = "mcp_list_tools";
    req server_label = "server_label";
    req tools = "tools";
    opt id = "id";
}}

impl McpListTools {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(server_label: impl Into<String>, tools: Vec<McpListedTool>) -> Self {
        Self {
            server_label: server_label.into(),
            tools,
            id: None,
            extra: Extra::new(),
        }
    }
}

setters! { McpListTools {
    into with_id id: String;
}}

/// A tool that an MCP server offers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpListedTool {
    /// JSON Schema of its arguments.
    pub input_schema: serde_json::Value,
    /// The name.
    pub name: String,
    /// Further annotations.
    pub annotations: Nullable<serde_json::Value>,
    /// What it does.
    pub description: Nullable<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpListedTool {
    req input_schema = "input_schema";
    req name = "name";
    nul annotations = "annotations";
    nul description = "description";
}}

impl McpListedTool {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(input_schema: serde_json::Value, name: impl Into<String>) -> Self {
        Self {
            input_schema,
            name: name.into(),
            annotations: Nullable::Absent,
            description: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

setters! { McpListedTool {
    into with_description description: String;
    plain with_annotations annotations: serde_json::Value;
}}

/// A call of an MCP tool, run by the service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpCall {
    /// The service's identifier.
    pub id: String,
    /// Arguments of the call, a JSON text.
    pub arguments: String,
    /// The name.
    pub name: String,
    /// The MCP server, as the tool configuration names it.
    pub server_label: String,
    /// The approval it waited for.
    pub approval_request_id: Nullable<String>,
    /// What went wrong.
    pub error: Nullable<McpError>,
    /// What it returned.
    pub output: Nullable<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpCall {
    tag "type" = "mcp_call";
    req id = "id";
    req arguments = "arguments";
    req name = "name";
    req server_label = "server_label";
    nul approval_request_id = "approval_request_id";
    nul error = "error";
    nul output = "output";
}}

impl McpCall {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        arguments: impl Into<String>,
        name: impl Into<String>,
        server_label: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            arguments: arguments.into(),
            name: name.into(),
            server_label: server_label.into(),
            approval_request_id: Nullable::Absent,
            error: Nullable::Absent,
            output: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

setters! { McpCall {
    into with_approval_request_id approval_request_id: String;
    into with_error error: McpError;
    into with_output output: String;
}}

/// Why an MCP call failed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum McpError {
    /// `protocol_error`.
    ProtocolError(McpProtocolError),
    /// `tool_execution_error`.
    ToolExecutionError(McpToolExecutionError),
    /// `http_error`.
    HttpError(McpHttpError),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { McpError {
    by "type" {
        "protocol_error" => ProtocolError,
        "tool_execution_error" => ToolExecutionError,
        "http_error" => HttpError,
    }
}}

from_branch! { McpError {
    from ProtocolError(McpProtocolError);
    from ToolExecutionError(McpToolExecutionError);
    from HttpError(McpHttpError);
}}

/// The server broke the protocol.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpProtocolError {
    /// A code for programs.
    pub code: i64,
    /// A message for people.
    pub message: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpProtocolError {
    tag "type" = "protocol_error";
    req code = "code";
    req message = "message";
}}

impl McpProtocolError {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            extra: Extra::new(),
        }
    }
}

/// The tool failed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpToolExecutionError {
    /// A message for people.
    pub message: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpToolExecutionError {
    tag "type" = "tool_execution_error";
    req message = "message";
}}

impl McpToolExecutionError {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            extra: Extra::new(),
        }
    }
}

/// The server answered with an HTTP error.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpHttpError {
    /// A code for programs.
    pub code: i64,
    /// A message for people.
    pub message: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpHttpError {
    tag "type" = "http_error";
    req code = "code";
    req message = "message";
}}

impl McpHttpError {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            extra: Extra::new(),
        }
    }
}

/// Stands for an item of the conversation, in the input of a response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemReference {
    /// The service's identifier.
    pub id: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ItemReference {
    tag "type" = "item_reference";
    req id = "id";
}}

impl ItemReference {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            extra: Extra::new(),
        }
    }
}
