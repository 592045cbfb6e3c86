//! Turns and their parts, in both directions.
//!
//! Generated from `schema/content.wire` by `cargo xtask codegen`; change that file.

use super::proto::ProtoDuration;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// Bytes with their type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Blob {
    /// The bytes, in base64.
    pub data: Option<String>,
    /// A name for people.
    pub display_name: Option<String>,
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Blob {
    opt data = "data";
    opt display_name = "displayName" | "display_name";
    opt mime_type = "mimeType" | "mime_type";
}}

setters! { Blob {
    into with_data data: String;
    into with_display_name display_name: String;
    into with_mime_type mime_type: String;
}}

/// A turn, or part of one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// What it is made of.
    pub parts: Option<Vec<Part>>,
    /// Who says it: `user` or `model`.
    pub role: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Content {
    opt parts = "parts";
    opt role = "role";
}}

setters! { Content {
    into with_role role: String;
    plain with_parts parts: Vec<Part>;
}}

/// A piece of a turn: one of its members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    /// `mediaResolution`.
    pub media_resolution: Option<Box<PartMediaResolution>>,
    /// What that code returned.
    pub code_execution_result: Option<Box<CodeExecutionResult>>,
    /// Code that the model wrote.
    pub executable_code: Option<Box<ExecutableCode>>,
    /// A file by address.
    pub file_data: Option<Box<FileData>>,
    /// A call of a function.
    pub function_call: Option<Box<FunctionCall>>,
    /// The answer to a call.
    pub function_response: Option<Box<FunctionResponse>>,
    /// Bytes.
    pub inline_data: Option<Blob>,
    /// The text.
    pub text: Option<String>,
    /// Whether this is a thought and not an answer.
    pub thought: Option<bool>,
    /// Opaque state of a thought, to be sent back.
    pub thought_signature: Option<String>,
    /// `videoMetadata`.
    pub video_metadata: Option<Box<VideoMetadata>>,
    /// A call of a built-in tool. Developer API only.
    pub tool_call: Option<Box<BuiltinToolCall>>,
    /// The answer of a built-in tool. Developer API only.
    pub tool_response: Option<Box<BuiltinToolResponse>>,
    /// Developer API only.
    pub part_metadata: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// `audioTranscription`.
    pub audio_transcription: Option<Box<Transcription>>,
    /// `mediaProcessing`.
    pub media_processing: Option<MediaProcessing>,
    /// `speechMetadata`.
    pub speech_metadata: Option<Box<SpeechMetadata>>,
    /// `documentMetadata`.
    pub document_metadata: Option<Box<DocumentMetadata>>,
    /// `spreadsheetMetadata`.
    pub spreadsheet_metadata: Option<Box<SpreadsheetMetadata>>,
    /// `audioMetadata`.
    pub audio_metadata: Option<Box<AudioMetadata>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Part {
    opt media_resolution = "mediaResolution" | "media_resolution";
    opt code_execution_result = "codeExecutionResult" | "code_execution_result";
    opt executable_code = "executableCode" | "executable_code";
    opt file_data = "fileData" | "file_data";
    opt function_call = "functionCall" | "function_call";
    opt function_response = "functionResponse" | "function_response";
    opt inline_data = "inlineData" | "inline_data";
    opt text = "text";
    opt thought = "thought";
    opt thought_signature = "thoughtSignature" | "thought_signature";
    opt video_metadata = "videoMetadata" | "video_metadata";
    opt tool_call = "toolCall" | "tool_call";
    opt tool_response = "toolResponse" | "tool_response";
    opt part_metadata = "partMetadata" | "part_metadata";
    opt audio_transcription = "audioTranscription" | "audio_transcription";
    opt media_processing = "mediaProcessing" | "media_processing";
    opt speech_metadata = "speechMetadata" | "speech_metadata";
    opt document_metadata = "documentMetadata" | "document_metadata";
    opt spreadsheet_metadata = "spreadsheetMetadata" | "spreadsheet_metadata";
    opt audio_metadata = "audioMetadata" | "audio_metadata";
}}

setters! { Part {
    into with_media_resolution media_resolution: Box<PartMediaResolution>;
    into with_code_execution_result code_execution_result: Box<CodeExecutionResult>;
    into with_executable_code executable_code: Box<ExecutableCode>;
    into with_file_data file_data: Box<FileData>;
    into with_function_call function_call: Box<FunctionCall>;
    into with_function_response function_response: Box<FunctionResponse>;
    into with_inline_data inline_data: Blob;
    into with_text text: String;
    into with_thought_signature thought_signature: String;
    into with_video_metadata video_metadata: Box<VideoMetadata>;
    into with_tool_call tool_call: Box<BuiltinToolCall>;
    into with_tool_response tool_response: Box<BuiltinToolResponse>;
    into with_audio_transcription audio_transcription: Box<Transcription>;
    into with_media_processing media_processing: MediaProcessing;
    into with_speech_metadata speech_metadata: Box<SpeechMetadata>;
    into with_document_metadata document_metadata: Box<DocumentMetadata>;
    into with_spreadsheet_metadata spreadsheet_metadata: Box<SpreadsheetMetadata>;
    into with_audio_metadata audio_metadata: Box<AudioMetadata>;
    plain with_thought thought: bool;
    plain with_part_metadata part_metadata: std::collections::BTreeMap<String, serde_json::Value>;
}}

/// `PartMediaResolution`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartMediaResolution {
    /// `level`.
    pub level: Option<PartMediaResolutionLevel>,
    /// `numTokens`.
    pub num_tokens: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { PartMediaResolution {
    opt level = "level";
    opt num_tokens = "numTokens" | "num_tokens";
}}

setters! { PartMediaResolution {
    into with_level level: PartMediaResolutionLevel;
    plain with_num_tokens num_tokens: i64;
}}

/// `CodeExecutionResult`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CodeExecutionResult {
    /// `outcome`.
    pub outcome: Option<Outcome>,
    /// `output`.
    pub output: Option<String>,
    /// The service's identifier.
    pub id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CodeExecutionResult {
    opt outcome = "outcome";
    opt output = "output";
    opt id = "id";
}}

setters! { CodeExecutionResult {
    into with_outcome outcome: Outcome;
    into with_output output: String;
    into with_id id: String;
}}

/// `ExecutableCode`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExecutableCode {
    /// `code`.
    pub code: Option<String>,
    /// `language`.
    pub language: Option<Language>,
    /// The service's identifier.
    pub id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ExecutableCode {
    opt code = "code";
    opt language = "language";
    opt id = "id";
}}

setters! { ExecutableCode {
    into with_code code: String;
    into with_language language: Language;
    into with_id id: String;
}}

/// A file by address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileData {
    /// A name for people.
    pub display_name: Option<String>,
    /// `fileUri`.
    pub file_uri: Option<String>,
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FileData {
    opt display_name = "displayName" | "display_name";
    opt file_uri = "fileUri" | "file_uri";
    opt mime_type = "mimeType" | "mime_type";
}}

setters! { FileData {
    into with_display_name display_name: String;
    into with_file_uri file_uri: String;
    into with_mime_type mime_type: String;
}}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionCall {
    /// The call, as its answer names it.
    pub id: Option<String>,
    /// The arguments, an object.
    pub args: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// The function.
    pub name: Option<String>,
    /// Vertex only.
    pub partial_args: Option<Vec<PartialArg>>,
    /// Whether more follows for the same call. Vertex only.
    pub will_continue: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionCall {
    opt id = "id";
    opt args = "args";
    opt name = "name";
    opt partial_args = "partialArgs" | "partial_args";
    opt will_continue = "willContinue" | "will_continue";
}}

setters! { FunctionCall {
    into with_id id: String;
    into with_name name: String;
    plain with_args args: std::collections::BTreeMap<String, serde_json::Value>;
    plain with_partial_args partial_args: Vec<PartialArg>;
    plain with_will_continue will_continue: bool;
}}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionResponse {
    /// Whether more follows for the same call. Developer API only.
    pub will_continue: Option<bool>,
    /// When the model reacts to the answer.
    pub scheduling: Option<FunctionResponseScheduling>,
    /// What it is made of.
    pub parts: Option<Vec<FunctionResponsePart>>,
    /// The call that is answered.
    pub id: Option<String>,
    /// The function.
    pub name: Option<String>,
    /// The answer, an object.
    pub response: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionResponse {
    opt will_continue = "willContinue" | "will_continue";
    opt scheduling = "scheduling";
    opt parts = "parts";
    opt id = "id";
    opt name = "name";
    opt response = "response";
}}

setters! { FunctionResponse {
    into with_scheduling scheduling: FunctionResponseScheduling;
    into with_id id: String;
    into with_name name: String;
    plain with_will_continue will_continue: bool;
    plain with_parts parts: Vec<FunctionResponsePart>;
    plain with_response response: std::collections::BTreeMap<String, serde_json::Value>;
}}

/// `VideoMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VideoMetadata {
    /// End, from the beginning of the audio.
    pub end_offset: Option<ProtoDuration>,
    /// `fps`.
    pub fps: Option<f64>,
    /// Start, from the beginning of the audio.
    pub start_offset: Option<ProtoDuration>,
    /// `contentLayers`.
    pub content_layers: Option<Vec<VideoMetadataContentLayer>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VideoMetadata {
    opt end_offset = "endOffset" | "end_offset";
    opt fps = "fps";
    opt start_offset = "startOffset" | "start_offset";
    opt content_layers = "contentLayers" | "content_layers";
}}

setters! { VideoMetadata {
    into with_end_offset end_offset: ProtoDuration;
    into with_start_offset start_offset: ProtoDuration;
    plain with_fps fps: f64;
    plain with_content_layers content_layers: Vec<VideoMetadataContentLayer>;
}}

/// `BuiltinToolCall`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BuiltinToolCall {
    /// The service's identifier.
    pub id: Option<String>,
    /// `toolType`.
    pub tool_type: Option<ToolType>,
    /// The arguments, an object.
    pub args: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { BuiltinToolCall {
    opt id = "id";
    opt tool_type = "toolType" | "tool_type";
    opt args = "args";
}}

setters! { BuiltinToolCall {
    into with_id id: String;
    into with_tool_type tool_type: ToolType;
    plain with_args args: std::collections::BTreeMap<String, serde_json::Value>;
}}

/// `BuiltinToolResponse`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BuiltinToolResponse {
    /// The service's identifier.
    pub id: Option<String>,
    /// `toolType`.
    pub tool_type: Option<ToolType>,
    /// The answer, an object.
    pub response: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { BuiltinToolResponse {
    opt id = "id";
    opt tool_type = "toolType" | "tool_type";
    opt response = "response";
}}

setters! { BuiltinToolResponse {
    into with_id id: String;
    into with_tool_type tool_type: ToolType;
    plain with_response response: std::collections::BTreeMap<String, serde_json::Value>;
}}

/// Words that were spoken.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcription {
    /// The text.
    pub text: Option<String>,
    /// Whether the transcription is complete.
    pub finished: Option<bool>,
    /// Language, as a BCP-47 code.
    pub language_code: Option<String>,
    /// Who speaks.
    pub speaker_label: Option<String>,
    /// The words with their times.
    pub words: Option<Vec<WordInfo>>,
    /// Start, from the beginning of the audio.
    pub start_offset: Option<ProtoDuration>,
    /// End, from the beginning of the audio.
    pub end_offset: Option<ProtoDuration>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Transcription {
    opt text = "text";
    opt finished = "finished";
    opt language_code = "languageCode" | "language_code";
    opt speaker_label = "speakerLabel" | "speaker_label";
    opt words = "words";
    opt start_offset = "startOffset" | "start_offset";
    opt end_offset = "endOffset" | "end_offset";
}}

setters! { Transcription {
    into with_text text: String;
    into with_language_code language_code: String;
    into with_speaker_label speaker_label: String;
    into with_start_offset start_offset: ProtoDuration;
    into with_end_offset end_offset: ProtoDuration;
    plain with_finished finished: bool;
    plain with_words words: Vec<WordInfo>;
}}

/// `MediaProcessing`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaProcessing {
    /// `MEDIA_PROCESSING_UNSPECIFIED`.
    MediaProcessingUnspecified,
    /// `STATIC`.
    Static,
    /// `AGENTIC`.
    Agentic,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { MediaProcessing {
    MediaProcessingUnspecified = "MEDIA_PROCESSING_UNSPECIFIED",
    Static = "STATIC",
    Agentic = "AGENTIC",
}}

/// `SpeechMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpeechMetadata {
    /// `speaker`.
    pub speaker: Option<String>,
    /// `style`.
    pub style: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SpeechMetadata {
    opt speaker = "speaker";
    opt style = "style";
}}

setters! { SpeechMetadata {
    into with_speaker speaker: String;
    into with_style style: String;
}}

/// `DocumentMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DocumentMetadata {
    /// `startPage`.
    pub start_page: Option<i64>,
    /// `endPage`.
    pub end_page: Option<i64>,
    /// `contentLayers`.
    pub content_layers: Option<Vec<DocumentMetadataContentLayer>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { DocumentMetadata {
    opt start_page = "startPage" | "start_page";
    opt end_page = "endPage" | "end_page";
    opt content_layers = "contentLayers" | "content_layers";
}}

setters! { DocumentMetadata {
    plain with_start_page start_page: i64;
    plain with_end_page end_page: i64;
    plain with_content_layers content_layers: Vec<DocumentMetadataContentLayer>;
}}

/// `SpreadsheetMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpreadsheetMetadata {
    /// `visibleCells`.
    pub visible_cells: Option<String>,
    /// `sheetIndex`.
    pub sheet_index: Option<i64>,
    /// `contentLayers`.
    pub content_layers: Option<Vec<SpreadsheetMetadataContentLayer>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SpreadsheetMetadata {
    opt visible_cells = "visibleCells" | "visible_cells";
    opt sheet_index = "sheetIndex" | "sheet_index";
    opt content_layers = "contentLayers" | "content_layers";
}}

setters! { SpreadsheetMetadata {
    into with_visible_cells visible_cells: String;
    plain with_sheet_index sheet_index: i64;
    plain with_content_layers content_layers: Vec<SpreadsheetMetadataContentLayer>;
}}

/// `AudioMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioMetadata {
    /// Start, from the beginning of the audio.
    pub start_offset: Option<String>,
    /// End, from the beginning of the audio.
    pub end_offset: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioMetadata {
    opt start_offset = "startOffset" | "start_offset";
    opt end_offset = "endOffset" | "end_offset";
}}

setters! { AudioMetadata {
    into with_start_offset start_offset: String;
    into with_end_offset end_offset: String;
}}

/// `PartMediaResolutionLevel`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartMediaResolutionLevel {
    /// `MEDIA_RESOLUTION_UNSPECIFIED`.
    Unspecified,
    /// `MEDIA_RESOLUTION_LOW`.
    Low,
    /// `MEDIA_RESOLUTION_MEDIUM`.
    Medium,
    /// `MEDIA_RESOLUTION_HIGH`.
    High,
    /// `MEDIA_RESOLUTION_ULTRA_HIGH`.
    UltraHigh,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { PartMediaResolutionLevel {
    Unspecified = "MEDIA_RESOLUTION_UNSPECIFIED",
    Low = "MEDIA_RESOLUTION_LOW",
    Medium = "MEDIA_RESOLUTION_MEDIUM",
    High = "MEDIA_RESOLUTION_HIGH",
    UltraHigh = "MEDIA_RESOLUTION_ULTRA_HIGH",
}}

/// How code execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// `OUTCOME_UNSPECIFIED`.
    Unspecified,
    /// `OUTCOME_OK`.
    Ok,
    /// `OUTCOME_FAILED`.
    Failed,
    /// `OUTCOME_DEADLINE_EXCEEDED`.
    DeadlineExceeded,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Outcome {
    Unspecified = "OUTCOME_UNSPECIFIED",
    Ok = "OUTCOME_OK",
    Failed = "OUTCOME_FAILED",
    DeadlineExceeded = "OUTCOME_DEADLINE_EXCEEDED",
}}

/// Language of code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// `LANGUAGE_UNSPECIFIED`.
    LanguageUnspecified,
    /// `PYTHON`.
    Python,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Language {
    LanguageUnspecified = "LANGUAGE_UNSPECIFIED",
    Python = "PYTHON",
}}

/// A piece of an argument, streamed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartialArg {
    /// `boolValue`.
    pub bool_value: Option<bool>,
    /// `jsonPath`.
    pub json_path: Option<String>,
    /// The argument is null; null itself or `NULL_VALUE`.
    pub null_value: Nullable<NullValue>,
    /// `numberValue`.
    pub number_value: Option<f64>,
    /// `stringValue`.
    pub string_value: Option<String>,
    /// Whether more follows for the same call.
    pub will_continue: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { PartialArg {
    opt bool_value = "boolValue" | "bool_value";
    opt json_path = "jsonPath" | "json_path";
    opt number_value = "numberValue" | "number_value";
    opt string_value = "stringValue" | "string_value";
    opt will_continue = "willContinue" | "will_continue";
    nul null_value = "nullValue" | "null_value";
}}

setters! { PartialArg {
    into with_json_path json_path: String;
    into with_null_value null_value: NullValue;
    into with_string_value string_value: String;
    plain with_bool_value bool_value: bool;
    plain with_number_value number_value: f64;
    plain with_will_continue will_continue: bool;
}}

/// The null of protobuf.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NullValue {
    /// `NULL_VALUE`.
    NullValue,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { NullValue {
    NullValue = "NULL_VALUE",
}}

/// When the model reacts to an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FunctionResponseScheduling {
    /// `SCHEDULING_UNSPECIFIED`.
    SchedulingUnspecified,
    /// `SILENT`.
    Silent,
    /// `WHEN_IDLE`.
    WhenIdle,
    /// `INTERRUPT`.
    Interrupt,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { FunctionResponseScheduling {
    SchedulingUnspecified = "SCHEDULING_UNSPECIFIED",
    Silent = "SILENT",
    WhenIdle = "WHEN_IDLE",
    Interrupt = "INTERRUPT",
}}

/// `FunctionResponsePart`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionResponsePart {
    /// Bytes.
    pub inline_data: Option<FunctionResponseBlob>,
    /// A file by address.
    pub file_data: Option<FunctionResponseFileData>,
    /// Developer API only.
    pub media_processing: Option<MediaProcessing>,
    /// `mediaResolution`.
    pub media_resolution: Option<Box<PartMediaResolution>>,
    /// `videoMetadata`.
    pub video_metadata: Option<Box<VideoMetadata>>,
    /// `documentMetadata`.
    pub document_metadata: Option<Box<DocumentMetadata>>,
    /// `spreadsheetMetadata`.
    pub spreadsheet_metadata: Option<Box<SpreadsheetMetadata>>,
    /// `audioMetadata`.
    pub audio_metadata: Option<Box<AudioMetadata>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionResponsePart {
    opt inline_data = "inlineData" | "inline_data";
    opt file_data = "fileData" | "file_data";
    opt media_processing = "mediaProcessing" | "media_processing";
    opt media_resolution = "mediaResolution" | "media_resolution";
    opt video_metadata = "videoMetadata" | "video_metadata";
    opt document_metadata = "documentMetadata" | "document_metadata";
    opt spreadsheet_metadata = "spreadsheetMetadata" | "spreadsheet_metadata";
    opt audio_metadata = "audioMetadata" | "audio_metadata";
}}

setters! { FunctionResponsePart {
    into with_inline_data inline_data: FunctionResponseBlob;
    into with_file_data file_data: FunctionResponseFileData;
    into with_media_processing media_processing: MediaProcessing;
    into with_media_resolution media_resolution: Box<PartMediaResolution>;
    into with_video_metadata video_metadata: Box<VideoMetadata>;
    into with_document_metadata document_metadata: Box<DocumentMetadata>;
    into with_spreadsheet_metadata spreadsheet_metadata: Box<SpreadsheetMetadata>;
    into with_audio_metadata audio_metadata: Box<AudioMetadata>;
}}

/// `VideoMetadataContentLayer`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VideoMetadataContentLayer {
    /// `CONTENT_LAYER_UNSPECIFIED`.
    ContentLayerUnspecified,
    /// `FRAMES`.
    Frames,
    /// `AUDIO`.
    Audio,
    /// `TRANSCRIPT`.
    Transcript,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { VideoMetadataContentLayer {
    ContentLayerUnspecified = "CONTENT_LAYER_UNSPECIFIED",
    Frames = "FRAMES",
    Audio = "AUDIO",
    Transcript = "TRANSCRIPT",
}}

/// `ToolType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolType {
    /// `TOOL_TYPE_UNSPECIFIED`.
    ToolTypeUnspecified,
    /// `GOOGLE_SEARCH_WEB`.
    GoogleSearchWeb,
    /// `GOOGLE_SEARCH_IMAGE`.
    GoogleSearchImage,
    /// `URL_CONTEXT`.
    UrlContext,
    /// `GOOGLE_MAPS`.
    GoogleMaps,
    /// `FILE_SEARCH`.
    FileSearch,
    /// `MEDIA_PROCESSING`.
    MediaProcessing,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ToolType {
    ToolTypeUnspecified = "TOOL_TYPE_UNSPECIFIED",
    GoogleSearchWeb = "GOOGLE_SEARCH_WEB",
    GoogleSearchImage = "GOOGLE_SEARCH_IMAGE",
    UrlContext = "URL_CONTEXT",
    GoogleMaps = "GOOGLE_MAPS",
    FileSearch = "FILE_SEARCH",
    MediaProcessing = "MEDIA_PROCESSING",
}}

/// A word with its times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WordInfo {
    /// The word.
    pub word: Option<String>,
    /// Start, from the beginning of the audio.
    pub start_offset: Option<ProtoDuration>,
    /// End, from the beginning of the audio.
    pub end_offset: Option<ProtoDuration>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { WordInfo {
    opt word = "word";
    opt start_offset = "startOffset" | "start_offset";
    opt end_offset = "endOffset" | "end_offset";
}}

setters! { WordInfo {
    into with_word word: String;
    into with_start_offset start_offset: ProtoDuration;
    into with_end_offset end_offset: ProtoDuration;
}}

/// `DocumentMetadataContentLayer`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocumentMetadataContentLayer {
    /// `CONTENT_LAYER_UNSPECIFIED`.
    ContentLayerUnspecified,
    /// `PAGE_IMAGE`.
    PageImage,
    /// `PAGE_TEXT`.
    PageText,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { DocumentMetadataContentLayer {
    ContentLayerUnspecified = "CONTENT_LAYER_UNSPECIFIED",
    PageImage = "PAGE_IMAGE",
    PageText = "PAGE_TEXT",
}}

/// `SpreadsheetMetadataContentLayer`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpreadsheetMetadataContentLayer {
    /// `CONTENT_LAYER_UNSPECIFIED`.
    ContentLayerUnspecified,
    /// `DATA`.
    Data,
    /// `FORMULAS`.
    Formulas,
    /// `VISUAL`.
    Visual,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { SpreadsheetMetadataContentLayer {
    ContentLayerUnspecified = "CONTENT_LAYER_UNSPECIFIED",
    Data = "DATA",
    Formulas = "FORMULAS",
    Visual = "VISUAL",
}}

/// `FunctionResponseBlob`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionResponseBlob {
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// The bytes, in base64.
    pub data: Option<String>,
    /// A name for people.
    pub display_name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionResponseBlob {
    opt mime_type = "mimeType" | "mime_type";
    opt data = "data";
    opt display_name = "displayName" | "display_name";
}}

setters! { FunctionResponseBlob {
    into with_mime_type mime_type: String;
    into with_data data: String;
    into with_display_name display_name: String;
}}

/// `FunctionResponseFileData`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionResponseFileData {
    /// `fileUri`.
    pub file_uri: Option<String>,
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// A name for people.
    pub display_name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionResponseFileData {
    opt file_uri = "fileUri" | "file_uri";
    opt mime_type = "mimeType" | "mime_type";
    opt display_name = "displayName" | "display_name";
}}

setters! { FunctionResponseFileData {
    into with_file_uri file_uri: String;
    into with_mime_type mime_type: String;
    into with_display_name display_name: String;
}}
