//! What the service sends.
//!
//! Generated from `schema/server.wire` by `cargo xtask codegen`; change that file.

use super::content::{Content, FunctionCall, Transcription};
use super::proto::{Int64, ProtoDuration};
use super::setup::VoiceConsentSignature;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// One frame from the service, text or binary.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerFrame {
    /// A message with members that it names, or none.
    Message(Box<ServerMessage>),
    /// A message of which no member is named.
    Unknown(RawEvent),
    /// A message in a shape that does not fit.
    Degraded(Box<Degraded>),
}

frames! { ServerFrame(ServerMessage) {
    "setupComplete", "setup_complete",
    "serverContent", "server_content",
    "toolCall", "tool_call",
    "toolCallCancellation", "tool_call_cancellation",
    "usageMetadata", "usage_metadata",
    "goAway", "go_away",
    "sessionResumptionUpdate", "session_resumption_update",
    "voiceActivityDetectionSignal", "voice_activity_detection_signal",
    "voiceActivity", "voice_activity",
}}

/// What the service sends: one or several of its members; none is a sign of life.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerMessage {
    /// The session is open.
    pub setup_complete: Option<SetupComplete>,
    /// What the model says.
    pub server_content: Option<ServerContent>,
    /// Calls to answer.
    pub tool_call: Option<ToolCall>,
    /// Calls that are void.
    pub tool_call_cancellation: Option<ToolCallCancellation>,
    /// What has been used.
    pub usage_metadata: Option<UsageMetadata>,
    /// The connection ends soon.
    pub go_away: Option<GoAway>,
    /// A newer handle to resume by.
    pub session_resumption_update: Option<SessionResumptionUpdate>,
    /// A signal of voice activity.
    pub voice_activity_detection_signal: Option<VoiceActivityDetectionSignal>,
    /// A change of the caller's voice activity.
    pub voice_activity: Option<VoiceActivity>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ServerMessage {
    opt setup_complete = "setupComplete" | "setup_complete";
    opt server_content = "serverContent" | "server_content";
    opt tool_call = "toolCall" | "tool_call";
    opt tool_call_cancellation = "toolCallCancellation" | "tool_call_cancellation";
    opt usage_metadata = "usageMetadata" | "usage_metadata";
    opt go_away = "goAway" | "go_away";
    opt session_resumption_update = "sessionResumptionUpdate" | "session_resumption_update";
    opt voice_activity_detection_signal = "voiceActivityDetectionSignal" | "voice_activity_detection_signal";
    opt voice_activity = "voiceActivity" | "voice_activity";
}}

/// The session is open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SetupComplete {
    /// The session.
    pub session_id: Option<String>,
    /// Proof of consent to a replicated voice.
    pub voice_consent_signature: Option<VoiceConsentSignature>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SetupComplete {
    opt session_id = "sessionId" | "session_id";
    opt voice_consent_signature = "voiceConsentSignature" | "voice_consent_signature";
}}

/// What the model says, and where its turn stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerContent {
    /// The next parts of the answer.
    pub model_turn: Option<Content>,
    /// Whether the turn is over.
    pub turn_complete: Option<bool>,
    /// The caller interrupted; what is not yet played must not be.
    pub interrupted: Option<bool>,
    /// Sources of the answer.
    pub grounding_metadata: Option<GroundingMetadata>,
    /// The answer is generated; playback may still run.
    pub generation_complete: Option<bool>,
    /// The next words of the caller.
    pub input_transcription: Option<Transcription>,
    /// The next words that the speech says.
    pub output_transcription: Option<Transcription>,
    /// Addresses that were read.
    pub url_context_metadata: Option<UrlContextMetadata>,
    /// Why the turn is over.
    pub turn_complete_reason: Option<TurnCompleteReason>,
    /// The model waits for more input.
    pub waiting_for_input: Option<bool>,
    /// A first guess at the words of the caller.
    pub interim_input_transcription: Option<Transcription>,
    /// Whether more follows for the same request.
    pub interaction_status: Option<InteractionStatus>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ServerContent {
    opt model_turn = "modelTurn" | "model_turn";
    opt turn_complete = "turnComplete" | "turn_complete";
    opt interrupted = "interrupted";
    opt grounding_metadata = "groundingMetadata" | "grounding_metadata";
    opt generation_complete = "generationComplete" | "generation_complete";
    opt input_transcription = "inputTranscription" | "input_transcription";
    opt output_transcription = "outputTranscription" | "output_transcription";
    opt url_context_metadata = "urlContextMetadata" | "url_context_metadata";
    opt turn_complete_reason = "turnCompleteReason" | "turn_complete_reason";
    opt waiting_for_input = "waitingForInput" | "waiting_for_input";
    opt interim_input_transcription = "interimInputTranscription" | "interim_input_transcription";
    opt interaction_status = "interactionStatus" | "interaction_status";
}}

/// Calls that the client is to answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolCall {
    /// The calls.
    pub function_calls: Option<Vec<FunctionCall>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolCall {
    opt function_calls = "functionCalls" | "function_calls";
}}

/// Calls that an interruption made void.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolCallCancellation {
    /// The calls that are void.
    pub ids: Option<Vec<String>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolCallCancellation {
    opt ids = "ids";
}}

/// What has been used.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UsageMetadata {
    /// Tokens read.
    pub prompt_token_count: Option<i64>,
    /// Tokens from the cache.
    pub cached_content_token_count: Option<i64>,
    /// Tokens written.
    pub response_token_count: Option<i64>,
    /// Tokens of tool answers read.
    pub tool_use_prompt_token_count: Option<i64>,
    /// Tokens of thought.
    pub thoughts_token_count: Option<i64>,
    /// Tokens in all.
    pub total_token_count: Option<i64>,
    /// Tokens read, by kind.
    pub prompt_tokens_details: Option<Vec<ModalityTokenCount>>,
    /// Tokens from the cache, by kind.
    pub cache_tokens_details: Option<Vec<ModalityTokenCount>>,
    /// Tokens written, by kind.
    pub response_tokens_details: Option<Vec<ModalityTokenCount>>,
    /// Tokens of tool answers, by kind.
    pub tool_use_prompt_tokens_details: Option<Vec<ModalityTokenCount>>,
    /// Kind of quota used. Vertex only.
    pub traffic_type: Option<TrafficType>,
    /// Tier of service. Developer API only.
    pub service_tier: Option<ServiceTier>,
    /// Tokens written, as Vertex names it. Vertex only.
    pub candidates_token_count: Option<i64>,
    /// Tokens written, by kind, as Vertex names it. Vertex only.
    pub candidates_tokens_details: Option<Vec<ModalityTokenCount>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { UsageMetadata {
    opt prompt_token_count = "promptTokenCount" | "prompt_token_count";
    opt cached_content_token_count = "cachedContentTokenCount" | "cached_content_token_count";
    opt response_token_count = "responseTokenCount" | "response_token_count";
    opt tool_use_prompt_token_count = "toolUsePromptTokenCount" | "tool_use_prompt_token_count";
    opt thoughts_token_count = "thoughtsTokenCount" | "thoughts_token_count";
    opt total_token_count = "totalTokenCount" | "total_token_count";
    opt prompt_tokens_details = "promptTokensDetails" | "prompt_tokens_details";
    opt cache_tokens_details = "cacheTokensDetails" | "cache_tokens_details";
    opt response_tokens_details = "responseTokensDetails" | "response_tokens_details";
    opt tool_use_prompt_tokens_details = "toolUsePromptTokensDetails" | "tool_use_prompt_tokens_details";
    opt traffic_type = "trafficType" | "traffic_type";
    opt service_tier = "serviceTier" | "service_tier";
    opt candidates_token_count = "candidatesTokenCount" | "candidates_token_count";
    opt candidates_tokens_details = "candidatesTokensDetails" | "candidates_tokens_details";
}}

/// The connection ends soon.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoAway {
    /// Time until the connection ends.
    pub time_left: Option<ProtoDuration>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GoAway {
    opt time_left = "timeLeft" | "time_left";
}}

/// Where the session can be resumed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionResumptionUpdate {
    /// The handle; empty while the session cannot be resumed.
    pub new_handle: Option<Secret>,
    /// Whether the session can be resumed at this point.
    pub resumable: Option<bool>,
    /// Index of the last message of the client that the handle covers.
    pub last_consumed_client_message_index: Option<Int64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SessionResumptionUpdate {
    opt new_handle = "newHandle" | "new_handle";
    opt resumable = "resumable";
    opt last_consumed_client_message_index = "lastConsumedClientMessageIndex" | "last_consumed_client_message_index";
}}

/// A signal of voice activity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VoiceActivityDetectionSignal {
    /// `vadSignalType`.
    pub vad_signal_type: Option<VadSignalType>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VoiceActivityDetectionSignal {
    opt vad_signal_type = "vadSignalType" | "vad_signal_type";
}}

/// A change of the caller's voice activity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VoiceActivity {
    /// `type`.
    pub kind: Option<VoiceActivityType>,
    /// When, from the beginning of the audio.
    pub audio_offset: Option<ProtoDuration>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VoiceActivity {
    opt kind = "type";
    opt audio_offset = "audioOffset" | "audio_offset";
}}

/// Sources of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingMetadata {
    /// `imageSearchQueries`.
    pub image_search_queries: Option<Vec<String>>,
    /// `groundingChunks`.
    pub grounding_chunks: Option<Vec<GroundingChunk>>,
    /// `groundingSupports`.
    pub grounding_supports: Option<Vec<GroundingSupport>>,
    /// `retrievalMetadata`.
    pub retrieval_metadata: Option<RetrievalMetadata>,
    /// `searchEntryPoint`.
    pub search_entry_point: Option<SearchEntryPoint>,
    /// `webSearchQueries`.
    pub web_search_queries: Option<Vec<String>>,
    /// `googleMapsWidgetContextToken`.
    pub google_maps_widget_context_token: Option<String>,
    /// Vertex only.
    pub retrieval_queries: Option<Vec<String>>,
    /// Vertex only.
    pub source_flagging_uris: Option<Vec<GroundingMetadataSourceFlaggingUri>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingMetadata {
    opt image_search_queries = "imageSearchQueries" | "image_search_queries";
    opt grounding_chunks = "groundingChunks" | "grounding_chunks";
    opt grounding_supports = "groundingSupports" | "grounding_supports";
    opt retrieval_metadata = "retrievalMetadata" | "retrieval_metadata";
    opt search_entry_point = "searchEntryPoint" | "search_entry_point";
    opt web_search_queries = "webSearchQueries" | "web_search_queries";
    opt google_maps_widget_context_token = "googleMapsWidgetContextToken" | "google_maps_widget_context_token";
    opt retrieval_queries = "retrievalQueries" | "retrieval_queries";
    opt source_flagging_uris = "sourceFlaggingUris" | "source_flagging_uris";
}}

/// `UrlContextMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UrlContextMetadata {
    /// `urlMetadata`.
    pub url_metadata: Option<Vec<UrlMetadata>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { UrlContextMetadata {
    opt url_metadata = "urlMetadata" | "url_metadata";
}}

/// Why a turn is over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TurnCompleteReason {
    /// `TURN_COMPLETE_REASON_UNSPECIFIED`.
    TurnCompleteReasonUnspecified,
    /// `MALFORMED_FUNCTION_CALL`.
    MalformedFunctionCall,
    /// `RESPONSE_REJECTED`.
    ResponseRejected,
    /// `NEED_MORE_INPUT`.
    NeedMoreInput,
    /// `PROHIBITED_INPUT_CONTENT`.
    ProhibitedInputContent,
    /// `IMAGE_PROHIBITED_INPUT_CONTENT`.
    ImageProhibitedInputContent,
    /// `INPUT_TEXT_CONTAIN_PROMINENT_PERSON_PROHIBITED`.
    InputTextContainProminentPersonProhibited,
    /// `INPUT_IMAGE_CELEBRITY`.
    InputImageCelebrity,
    /// `INPUT_IMAGE_PHOTO_REALISTIC_CHILD_PROHIBITED`.
    InputImagePhotoRealisticChildProhibited,
    /// `INPUT_TEXT_NCII_PROHIBITED`.
    InputTextNciiProhibited,
    /// `INPUT_OTHER`.
    InputOther,
    /// `INPUT_IP_PROHIBITED`.
    InputIpProhibited,
    /// `BLOCKLIST`.
    Blocklist,
    /// `UNSAFE_PROMPT_FOR_IMAGE_GENERATION`.
    UnsafePromptForImageGeneration,
    /// `GENERATED_IMAGE_SAFETY`.
    GeneratedImageSafety,
    /// `GENERATED_CONTENT_SAFETY`.
    GeneratedContentSafety,
    /// `GENERATED_AUDIO_SAFETY`.
    GeneratedAudioSafety,
    /// `GENERATED_VIDEO_SAFETY`.
    GeneratedVideoSafety,
    /// `GENERATED_CONTENT_PROHIBITED`.
    GeneratedContentProhibited,
    /// `GENERATED_CONTENT_BLOCKLIST`.
    GeneratedContentBlocklist,
    /// `GENERATED_IMAGE_PROHIBITED`.
    GeneratedImageProhibited,
    /// `GENERATED_IMAGE_CELEBRITY`.
    GeneratedImageCelebrity,
    /// `GENERATED_IMAGE_PROMINENT_PEOPLE_DETECTED_BY_REWRITER`.
    GeneratedImageProminentPeopleDetectedByRewriter,
    /// `GENERATED_IMAGE_IDENTIFIABLE_PEOPLE`.
    GeneratedImageIdentifiablePeople,
    /// `GENERATED_IMAGE_MINORS`.
    GeneratedImageMinors,
    /// `OUTPUT_IMAGE_IP_PROHIBITED`.
    OutputImageIpProhibited,
    /// `GENERATED_OTHER`.
    GeneratedOther,
    /// `MAX_REGENERATION_REACHED`.
    MaxRegenerationReached,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TurnCompleteReason {
    TurnCompleteReasonUnspecified = "TURN_COMPLETE_REASON_UNSPECIFIED",
    MalformedFunctionCall = "MALFORMED_FUNCTION_CALL",
    ResponseRejected = "RESPONSE_REJECTED",
    NeedMoreInput = "NEED_MORE_INPUT",
    ProhibitedInputContent = "PROHIBITED_INPUT_CONTENT",
    ImageProhibitedInputContent = "IMAGE_PROHIBITED_INPUT_CONTENT",
    InputTextContainProminentPersonProhibited = "INPUT_TEXT_CONTAIN_PROMINENT_PERSON_PROHIBITED",
    InputImageCelebrity = "INPUT_IMAGE_CELEBRITY",
    InputImagePhotoRealisticChildProhibited = "INPUT_IMAGE_PHOTO_REALISTIC_CHILD_PROHIBITED",
    InputTextNciiProhibited = "INPUT_TEXT_NCII_PROHIBITED",
    InputOther = "INPUT_OTHER",
    InputIpProhibited = "INPUT_IP_PROHIBITED",
    Blocklist = "BLOCKLIST",
    UnsafePromptForImageGeneration = "UNSAFE_PROMPT_FOR_IMAGE_GENERATION",
    GeneratedImageSafety = "GENERATED_IMAGE_SAFETY",
    GeneratedContentSafety = "GENERATED_CONTENT_SAFETY",
    GeneratedAudioSafety = "GENERATED_AUDIO_SAFETY",
    GeneratedVideoSafety = "GENERATED_VIDEO_SAFETY",
    GeneratedContentProhibited = "GENERATED_CONTENT_PROHIBITED",
    GeneratedContentBlocklist = "GENERATED_CONTENT_BLOCKLIST",
    GeneratedImageProhibited = "GENERATED_IMAGE_PROHIBITED",
    GeneratedImageCelebrity = "GENERATED_IMAGE_CELEBRITY",
    GeneratedImageProminentPeopleDetectedByRewriter = "GENERATED_IMAGE_PROMINENT_PEOPLE_DETECTED_BY_REWRITER",
    GeneratedImageIdentifiablePeople = "GENERATED_IMAGE_IDENTIFIABLE_PEOPLE",
    GeneratedImageMinors = "GENERATED_IMAGE_MINORS",
    OutputImageIpProhibited = "OUTPUT_IMAGE_IP_PROHIBITED",
    GeneratedOther = "GENERATED_OTHER",
    MaxRegenerationReached = "MAX_REGENERATION_REACHED",
}}

/// Whether more follows for the same request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InteractionStatus {
    /// `INTERACTION_STATUS_UNSPECIFIED`.
    InteractionStatusUnspecified,
    /// `IN_PROGRESS`.
    InProgress,
    /// `REQUIRES_ACTION`.
    RequiresAction,
    /// `IDLE`.
    Idle,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { InteractionStatus {
    InteractionStatusUnspecified = "INTERACTION_STATUS_UNSPECIFIED",
    InProgress = "IN_PROGRESS",
    RequiresAction = "REQUIRES_ACTION",
    Idle = "IDLE",
}}

/// Tokens of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModalityTokenCount {
    /// What was counted.
    pub modality: Option<MediaModality>,
    /// Tokens.
    pub token_count: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ModalityTokenCount {
    opt modality = "modality";
    opt token_count = "tokenCount" | "token_count";
}}

/// `TrafficType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrafficType {
    /// `TRAFFIC_TYPE_UNSPECIFIED`.
    TrafficTypeUnspecified,
    /// `ON_DEMAND`.
    OnDemand,
    /// `ON_DEMAND_PRIORITY`.
    OnDemandPriority,
    /// `ON_DEMAND_FLEX`.
    OnDemandFlex,
    /// `ON_DEMAND_OFFPEAK`.
    OnDemandOffpeak,
    /// `PROVISIONED_THROUGHPUT`.
    ProvisionedThroughput,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TrafficType {
    TrafficTypeUnspecified = "TRAFFIC_TYPE_UNSPECIFIED",
    OnDemand = "ON_DEMAND",
    OnDemandPriority = "ON_DEMAND_PRIORITY",
    OnDemandFlex = "ON_DEMAND_FLEX",
    OnDemandOffpeak = "ON_DEMAND_OFFPEAK",
    ProvisionedThroughput = "PROVISIONED_THROUGHPUT",
}}

/// `ServiceTier`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceTier {
    /// `unspecified`.
    Unspecified,
    /// `flex`.
    Flex,
    /// `standard`.
    Standard,
    /// `priority`.
    Priority,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ServiceTier {
    Unspecified = "unspecified",
    Flex = "flex",
    Standard = "standard",
    Priority = "priority",
}}

/// What is signalled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VadSignalType {
    /// `VAD_SIGNAL_TYPE_UNSPECIFIED`.
    Unspecified,
    /// `VAD_SIGNAL_TYPE_SOS`.
    Sos,
    /// `VAD_SIGNAL_TYPE_EOS`.
    Eos,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { VadSignalType {
    Unspecified = "VAD_SIGNAL_TYPE_UNSPECIFIED",
    Sos = "VAD_SIGNAL_TYPE_SOS",
    Eos = "VAD_SIGNAL_TYPE_EOS",
}}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VoiceActivityType {
    /// `TYPE_UNSPECIFIED`.
    TypeUnspecified,
    /// `ACTIVITY_START`.
    ActivityStart,
    /// `ACTIVITY_END`.
    ActivityEnd,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { VoiceActivityType {
    TypeUnspecified = "TYPE_UNSPECIFIED",
    ActivityStart = "ACTIVITY_START",
    ActivityEnd = "ACTIVITY_END",
}}

/// A source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunk {
    /// `image`.
    pub image: Option<Box<GroundingChunkImage>>,
    /// `maps`.
    pub maps: Option<Box<GroundingChunkMaps>>,
    /// `retrievedContext`.
    pub retrieved_context: Option<Box<GroundingChunkRetrievedContext>>,
    /// `web`.
    pub web: Option<GroundingChunkWeb>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunk {
    opt image = "image";
    opt maps = "maps";
    opt retrieved_context = "retrievedContext" | "retrieved_context";
    opt web = "web";
}}

/// Which part of an answer a source supports.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingSupport {
    /// `confidenceScores`.
    pub confidence_scores: Option<Vec<f64>>,
    /// `groundingChunkIndices`.
    pub grounding_chunk_indices: Option<Vec<i64>>,
    /// `segment`.
    pub segment: Option<Segment>,
    /// `renderedParts`.
    pub rendered_parts: Option<Vec<i64>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingSupport {
    opt confidence_scores = "confidenceScores" | "confidence_scores";
    opt grounding_chunk_indices = "groundingChunkIndices" | "grounding_chunk_indices";
    opt segment = "segment";
    opt rendered_parts = "renderedParts" | "rendered_parts";
}}

/// `RetrievalMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RetrievalMetadata {
    /// `googleSearchDynamicRetrievalScore`.
    pub google_search_dynamic_retrieval_score: Option<f64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RetrievalMetadata {
    opt google_search_dynamic_retrieval_score = "googleSearchDynamicRetrievalScore" | "google_search_dynamic_retrieval_score";
}}

/// `SearchEntryPoint`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchEntryPoint {
    /// `renderedContent`.
    pub rendered_content: Option<String>,
    /// `sdkBlob`.
    pub sdk_blob: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SearchEntryPoint {
    opt rendered_content = "renderedContent" | "rendered_content";
    opt sdk_blob = "sdkBlob" | "sdk_blob";
}}

/// `GroundingMetadataSourceFlaggingUri`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingMetadataSourceFlaggingUri {
    /// `flagContentUri`.
    pub flag_content_uri: Option<String>,
    /// `sourceId`.
    pub source_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingMetadataSourceFlaggingUri {
    opt flag_content_uri = "flagContentUri" | "flag_content_uri";
    opt source_id = "sourceId" | "source_id";
}}

/// `UrlMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UrlMetadata {
    /// `retrievedUrl`.
    pub retrieved_url: Option<String>,
    /// `urlRetrievalStatus`.
    pub url_retrieval_status: Option<UrlRetrievalStatus>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { UrlMetadata {
    opt retrieved_url = "retrievedUrl" | "retrieved_url";
    opt url_retrieval_status = "urlRetrievalStatus" | "url_retrieval_status";
}}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaModality {
    /// `MODALITY_UNSPECIFIED`.
    ModalityUnspecified,
    /// `TEXT`.
    Text,
    /// `IMAGE`.
    Image,
    /// `VIDEO`.
    Video,
    /// `AUDIO`.
    Audio,
    /// `DOCUMENT`.
    Document,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { MediaModality {
    ModalityUnspecified = "MODALITY_UNSPECIFIED",
    Text = "TEXT",
    Image = "IMAGE",
    Video = "VIDEO",
    Audio = "AUDIO",
    Document = "DOCUMENT",
}}

/// `GroundingChunkImage`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkImage {
    /// `sourceUri`.
    pub source_uri: Option<String>,
    /// `imageUri`.
    pub image_uri: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// `domain`.
    pub domain: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkImage {
    opt source_uri = "sourceUri" | "source_uri";
    opt image_uri = "imageUri" | "image_uri";
    opt title = "title";
    opt domain = "domain";
}}

/// `GroundingChunkMaps`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkMaps {
    /// `placeAnswerSources`.
    pub place_answer_sources: Option<GroundingChunkMapsPlaceAnswerSources>,
    /// `placeId`.
    pub place_id: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The address.
    pub uri: Option<String>,
    /// `route`.
    pub route: Option<GroundingChunkMapsRoute>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkMaps {
    opt place_answer_sources = "placeAnswerSources" | "place_answer_sources";
    opt place_id = "placeId" | "place_id";
    opt text = "text";
    opt title = "title";
    opt uri = "uri";
    opt route = "route";
}}

/// `GroundingChunkRetrievedContext`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkRetrievedContext {
    /// Vertex only.
    pub document_name: Option<String>,
    /// Vertex only.
    pub rag_chunk: Option<RagChunk>,
    /// The text.
    pub text: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The address.
    pub uri: Option<String>,
    /// Developer API only.
    pub custom_metadata: Option<Vec<GroundingChunkCustomMetadata>>,
    /// Developer API only.
    pub file_search_store: Option<String>,
    /// Developer API only.
    pub page_number: Option<i64>,
    /// Developer API only.
    pub media_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkRetrievedContext {
    opt document_name = "documentName" | "document_name";
    opt rag_chunk = "ragChunk" | "rag_chunk";
    opt text = "text";
    opt title = "title";
    opt uri = "uri";
    opt custom_metadata = "customMetadata" | "custom_metadata";
    opt file_search_store = "fileSearchStore" | "file_search_store";
    opt page_number = "pageNumber" | "page_number";
    opt media_id = "mediaId" | "media_id";
}}

/// `GroundingChunkWeb`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkWeb {
    /// Vertex only.
    pub domain: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The address.
    pub uri: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkWeb {
    opt domain = "domain";
    opt title = "title";
    opt uri = "uri";
}}

/// `Segment`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Segment {
    /// `startIndex`.
    pub start_index: Option<i64>,
    /// `endIndex`.
    pub end_index: Option<i64>,
    /// `partIndex`.
    pub part_index: Option<i64>,
    /// The text.
    pub text: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Segment {
    opt start_index = "startIndex" | "start_index";
    opt end_index = "endIndex" | "end_index";
    opt part_index = "partIndex" | "part_index";
    opt text = "text";
}}

/// `UrlRetrievalStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlRetrievalStatus {
    /// `URL_RETRIEVAL_STATUS_UNSPECIFIED`.
    Unspecified,
    /// `URL_RETRIEVAL_STATUS_SUCCESS`.
    Success,
    /// `URL_RETRIEVAL_STATUS_ERROR`.
    Error,
    /// `URL_RETRIEVAL_STATUS_PAYWALL`.
    Paywall,
    /// `URL_RETRIEVAL_STATUS_UNSAFE`.
    Unsafe,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { UrlRetrievalStatus {
    Unspecified = "URL_RETRIEVAL_STATUS_UNSPECIFIED",
    Success = "URL_RETRIEVAL_STATUS_SUCCESS",
    Error = "URL_RETRIEVAL_STATUS_ERROR",
    Paywall = "URL_RETRIEVAL_STATUS_PAYWALL",
    Unsafe = "URL_RETRIEVAL_STATUS_UNSAFE",
}}

/// `GroundingChunkMapsPlaceAnswerSources`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkMapsPlaceAnswerSources {
    /// `reviewSnippet`.
    pub review_snippet: Option<Vec<GroundingChunkMapsPlaceAnswerSourcesReviewSnippet>>,
    /// `flagContentUri`.
    pub flag_content_uri: Option<String>,
    /// `reviewSnippets`.
    pub review_snippets: Option<Vec<GroundingChunkMapsPlaceAnswerSourcesReviewSnippet>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkMapsPlaceAnswerSources {
    opt review_snippet = "reviewSnippet" | "review_snippet";
    opt flag_content_uri = "flagContentUri" | "flag_content_uri";
    opt review_snippets = "reviewSnippets" | "review_snippets";
}}

/// `GroundingChunkMapsRoute`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkMapsRoute {
    /// `distanceMeters`.
    pub distance_meters: Option<i64>,
    /// `duration`.
    pub duration: Option<String>,
    /// `encodedPolyline`.
    pub encoded_polyline: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkMapsRoute {
    opt distance_meters = "distanceMeters" | "distance_meters";
    opt duration = "duration";
    opt encoded_polyline = "encodedPolyline" | "encoded_polyline";
}}

/// `RagChunk`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagChunk {
    /// `pageSpan`.
    pub page_span: Option<RagChunkPageSpan>,
    /// The text.
    pub text: Option<String>,
    /// `chunkId`.
    pub chunk_id: Option<String>,
    /// `fileId`.
    pub file_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagChunk {
    opt page_span = "pageSpan" | "page_span";
    opt text = "text";
    opt chunk_id = "chunkId" | "chunk_id";
    opt file_id = "fileId" | "file_id";
}}

/// `GroundingChunkCustomMetadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkCustomMetadata {
    /// `key`.
    pub key: Option<String>,
    /// `numericValue`.
    pub numeric_value: Option<f64>,
    /// `stringListValue`.
    pub string_list_value: Option<GroundingChunkStringList>,
    /// `stringValue`.
    pub string_value: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkCustomMetadata {
    opt key = "key";
    opt numeric_value = "numericValue" | "numeric_value";
    opt string_list_value = "stringListValue" | "string_list_value";
    opt string_value = "stringValue" | "string_value";
}}

/// `GroundingChunkMapsPlaceAnswerSourcesReviewSnippet`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkMapsPlaceAnswerSourcesReviewSnippet {
    /// `authorAttribution`.
    pub author_attribution: Option<GroundingChunkMapsPlaceAnswerSourcesAuthorAttribution>,
    /// `flagContentUri`.
    pub flag_content_uri: Option<String>,
    /// `googleMapsUri`.
    pub google_maps_uri: Option<String>,
    /// `relativePublishTimeDescription`.
    pub relative_publish_time_description: Option<String>,
    /// `review`.
    pub review: Option<String>,
    /// `reviewId`.
    pub review_id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkMapsPlaceAnswerSourcesReviewSnippet {
    opt author_attribution = "authorAttribution" | "author_attribution";
    opt flag_content_uri = "flagContentUri" | "flag_content_uri";
    opt google_maps_uri = "googleMapsUri" | "google_maps_uri";
    opt relative_publish_time_description = "relativePublishTimeDescription" | "relative_publish_time_description";
    opt review = "review";
    opt review_id = "reviewId" | "review_id";
    opt title = "title";
}}

/// `RagChunkPageSpan`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagChunkPageSpan {
    /// `firstPage`.
    pub first_page: Option<i64>,
    /// `lastPage`.
    pub last_page: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagChunkPageSpan {
    opt first_page = "firstPage" | "first_page";
    opt last_page = "lastPage" | "last_page";
}}

/// `GroundingChunkStringList`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkStringList {
    /// `values`.
    pub values: Option<Vec<String>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkStringList {
    opt values = "values";
}}

/// `GroundingChunkMapsPlaceAnswerSourcesAuthorAttribution`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroundingChunkMapsPlaceAnswerSourcesAuthorAttribution {
    /// A name for people.
    pub display_name: Option<String>,
    /// `photoUri`.
    pub photo_uri: Option<String>,
    /// The address.
    pub uri: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GroundingChunkMapsPlaceAnswerSourcesAuthorAttribution {
    opt display_name = "displayName" | "display_name";
    opt photo_uri = "photoUri" | "photo_uri";
    opt uri = "uri";
}}
