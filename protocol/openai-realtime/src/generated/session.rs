//! The session and its configuration: audio, turn detection, tools, limits.
//!
//! One set of types serves what a client asks for, what the service reports back, and the REST
//! bodies; a report carries `id`, `object` and `expires_at` besides.
//!
//! Generated from `schema/session.wire` by `cargo xtask codegen`; change that file.

#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// A session, told by what it is for. Without a type it is a conversation, as some compatible servers send it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Session {
    /// `realtime`.
    Realtime(Box<RealtimeSession>),
    /// `transcription`.
    Transcription(Box<TranscriptionSession>),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { Session {
    by "type" {
        "realtime" => Realtime,
        "transcription" => Transcription,
        absent => Realtime,
    }
}}

from_branch! { Session {
    from Realtime(RealtimeSession);
    from Transcription(TranscriptionSession);
}}

/// A conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct RealtimeSession {
    /// `realtime`.
    pub kind: Option<String>,
    /// The service's identifier.
    pub id: Option<String>,
    /// `realtime.session`.
    pub object: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// Audio in both directions.
    pub audio: Option<AudioConfig>,
    /// Additional output to include.
    pub include: Option<Vec<Include>>,
    /// The system instructions.
    pub instructions: Option<String>,
    /// Bound on one response.
    pub max_output_tokens: Option<MaxOutputTokens>,
    /// The model; fixed once the session is open.
    pub model: Option<RealtimeModel>,
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
    /// Traces on the platform; null switches them off.
    pub tracing: Nullable<Tracing>,
    /// What to do when the context is full.
    pub truncation: Option<Truncation>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RealtimeSession {
    opt kind = "type";
    opt id = "id";
    opt object = "object";
    opt expires_at = "expires_at";
    opt audio = "audio";
    opt include = "include";
    opt instructions = "instructions";
    opt max_output_tokens = "max_output_tokens";
    opt model = "model";
    opt output_modalities = "output_modalities";
    opt parallel_tool_calls = "parallel_tool_calls";
    opt reasoning = "reasoning";
    opt tool_choice = "tool_choice";
    opt tools = "tools";
    opt truncation = "truncation";
    nul prompt = "prompt";
    nul tracing = "tracing";
}}

impl Default for RealtimeSession {
    fn default() -> Self {
        Self {
            kind: Some("realtime".into()),
            id: Default::default(),
            object: Default::default(),
            expires_at: Default::default(),
            audio: Default::default(),
            include: Default::default(),
            instructions: Default::default(),
            max_output_tokens: Default::default(),
            model: Default::default(),
            output_modalities: Default::default(),
            parallel_tool_calls: Default::default(),
            prompt: Default::default(),
            reasoning: Default::default(),
            tool_choice: Default::default(),
            tools: Default::default(),
            tracing: Default::default(),
            truncation: Default::default(),
            extra: Extra::new(),
        }
    }
}

setters! { RealtimeSession {
    into with_kind kind: String;
    into with_id id: String;
    into with_object object: String;
    into with_audio audio: AudioConfig;
    into with_instructions instructions: String;
    into with_max_output_tokens max_output_tokens: MaxOutputTokens;
    into with_model model: RealtimeModel;
    into with_prompt prompt: Prompt;
    into with_reasoning reasoning: Reasoning;
    into with_tool_choice tool_choice: ToolChoice;
    into with_tracing tracing: Tracing;
    into with_truncation truncation: Truncation;
    plain with_expires_at expires_at: u64;
    plain with_include include: Vec<Include>;
    plain with_output_modalities output_modalities: Vec<Modality>;
    plain with_parallel_tool_calls parallel_tool_calls: bool;
    plain with_tools tools: Vec<Tool>;
}}

/// A session that only transcribes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionSession {
    /// The service's identifier.
    pub id: Option<String>,
    /// `realtime.transcription_session`.
    pub object: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// The audio to transcribe.
    pub audio: Option<TranscriptionAudio>,
    /// Additional output to include.
    pub include: Option<Vec<Include>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranscriptionSession {
    tag "type" = "transcription";
    opt id = "id";
    opt object = "object";
    opt expires_at = "expires_at";
    opt audio = "audio";
    opt include = "include";
}}

setters! { TranscriptionSession {
    into with_id id: String;
    into with_object object: String;
    into with_audio audio: TranscriptionAudio;
    plain with_expires_at expires_at: u64;
    plain with_include include: Vec<Include>;
}}

/// Additional output.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Include {
    /// `item.input_audio_transcription.logprobs`.
    TranscriptionLogprobs,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Include {
    TranscriptionLogprobs = "item.input_audio_transcription.logprobs",
}}

/// Models of this API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RealtimeModel {
    /// `gpt-realtime`.
    GptRealtime,
    /// `gpt-realtime-1.5`.
    GptRealtime1_5,
    /// `gpt-realtime-2`.
    GptRealtime2,
    /// `gpt-realtime-2.1`.
    GptRealtime2_1,
    /// `gpt-realtime-2.1-mini`.
    GptRealtime2_1Mini,
    /// `gpt-realtime-2025-08-28`.
    GptRealtime2025_08_28,
    /// `gpt-4o-realtime-preview`.
    Gpt4oRealtimePreview,
    /// `gpt-4o-realtime-preview-2024-10-01`.
    Gpt4oRealtimePreview2024_10_01,
    /// `gpt-4o-realtime-preview-2024-12-17`.
    Gpt4oRealtimePreview2024_12_17,
    /// `gpt-4o-realtime-preview-2025-06-03`.
    Gpt4oRealtimePreview2025_06_03,
    /// `gpt-4o-mini-realtime-preview`.
    Gpt4oMiniRealtimePreview,
    /// `gpt-4o-mini-realtime-preview-2024-12-17`.
    Gpt4oMiniRealtimePreview2024_12_17,
    /// `gpt-realtime-mini`.
    GptRealtimeMini,
    /// `gpt-realtime-mini-2025-10-06`.
    GptRealtimeMini2025_10_06,
    /// `gpt-realtime-mini-2025-12-15`.
    GptRealtimeMini2025_12_15,
    /// `gpt-audio-1.5`.
    GptAudio1_5,
    /// `gpt-audio-mini`.
    GptAudioMini,
    /// `gpt-audio-mini-2025-10-06`.
    GptAudioMini2025_10_06,
    /// `gpt-audio-mini-2025-12-15`.
    GptAudioMini2025_12_15,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { RealtimeModel {
    GptRealtime = "gpt-realtime",
    GptRealtime1_5 = "gpt-realtime-1.5",
    GptRealtime2 = "gpt-realtime-2",
    GptRealtime2_1 = "gpt-realtime-2.1",
    GptRealtime2_1Mini = "gpt-realtime-2.1-mini",
    GptRealtime2025_08_28 = "gpt-realtime-2025-08-28",
    Gpt4oRealtimePreview = "gpt-4o-realtime-preview",
    Gpt4oRealtimePreview2024_10_01 = "gpt-4o-realtime-preview-2024-10-01",
    Gpt4oRealtimePreview2024_12_17 = "gpt-4o-realtime-preview-2024-12-17",
    Gpt4oRealtimePreview2025_06_03 = "gpt-4o-realtime-preview-2025-06-03",
    Gpt4oMiniRealtimePreview = "gpt-4o-mini-realtime-preview",
    Gpt4oMiniRealtimePreview2024_12_17 = "gpt-4o-mini-realtime-preview-2024-12-17",
    GptRealtimeMini = "gpt-realtime-mini",
    GptRealtimeMini2025_10_06 = "gpt-realtime-mini-2025-10-06",
    GptRealtimeMini2025_12_15 = "gpt-realtime-mini-2025-12-15",
    GptAudio1_5 = "gpt-audio-1.5",
    GptAudioMini = "gpt-audio-mini",
    GptAudioMini2025_10_06 = "gpt-audio-mini-2025-10-06",
    GptAudioMini2025_12_15 = "gpt-audio-mini-2025-12-15",
}}

/// What a response is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modality {
    /// `text`.
    Text,
    /// `audio`.
    Audio,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Modality {
    Text = "text",
    Audio = "audio",
}}

/// Audio in both directions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioConfig {
    /// The caller's audio.
    pub input: Option<AudioInput>,
    /// The model's audio.
    pub output: Option<AudioOutput>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioConfig {
    opt input = "input";
    opt output = "output";
}}

setters! { AudioConfig {
    into with_input input: AudioInput;
    into with_output output: AudioOutput;
}}

/// Audio of a transcription session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionAudio {
    /// The audio to transcribe.
    pub input: Option<AudioInput>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranscriptionAudio {
    opt input = "input";
}}

setters! { TranscriptionAudio {
    into with_input input: AudioInput;
}}

/// How the caller's audio arrives and is understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioInput {
    /// Encoding of the audio.
    pub format: Option<AudioFormat>,
    /// Filtering of the input; null switches it off.
    pub noise_reduction: Nullable<NoiseReduction>,
    /// Transcription of the input; null switches it off.
    pub transcription: Nullable<Transcription>,
    /// How the end of the caller's turn is found; null leaves it to the client.
    pub turn_detection: Nullable<TurnDetection>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioInput {
    opt format = "format";
    nul noise_reduction = "noise_reduction";
    nul transcription = "transcription";
    nul turn_detection = "turn_detection";
}}

setters! { AudioInput {
    into with_format format: AudioFormat;
    into with_noise_reduction noise_reduction: NoiseReduction;
    into with_transcription transcription: Transcription;
    into with_turn_detection turn_detection: TurnDetection;
}}

/// How the model's audio leaves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioOutput {
    /// Encoding of the audio.
    pub format: Option<AudioFormat>,
    /// Speed of speech, 1.0 being normal.
    pub speed: Option<f64>,
    /// The model's voice.
    pub voice: Option<Voice>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioOutput {
    opt format = "format";
    opt speed = "speed";
    opt voice = "voice";
}}

setters! { AudioOutput {
    into with_format format: AudioFormat;
    into with_voice voice: Voice;
    plain with_speed speed: f64;
}}

/// Encoding of audio.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AudioFormat {
    /// `audio/pcm`.
    Pcm(AudioPcm),
    /// `audio/pcmu`.
    Pcmu(AudioPcmu),
    /// `audio/pcma`.
    Pcma(AudioPcma),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { AudioFormat {
    by "type" {
        "audio/pcm" => Pcm,
        "audio/pcmu" => Pcmu,
        "audio/pcma" => Pcma,
    }
}}

from_branch! { AudioFormat {
    from Pcm(AudioPcm);
    from Pcmu(AudioPcmu);
    from Pcma(AudioPcma);
}}

/// PCM16, little-endian, mono.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioPcm {
    /// Sample rate in Hz; 24000 is the only one.
    pub rate: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioPcm {
    tag "type" = "audio/pcm";
    opt rate = "rate";
}}

setters! { AudioPcm {
    plain with_rate rate: u64;
}}

/// G.711 mu-law, 8000 Hz.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioPcmu {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioPcmu {
    tag "type" = "audio/pcmu";
}}

/// G.711 A-law, 8000 Hz.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioPcma {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioPcma {
    tag "type" = "audio/pcma";
}}

/// Filtering of the input before voice activity detection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoiseReduction {
    /// How strongly to filter.
    pub strength: Option<f64>,
    /// Which kind it is.
    pub kind: Option<NoiseReductionType>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { NoiseReduction {
    opt strength = "strength";
    opt kind = "type";
}}

setters! { NoiseReduction {
    into with_kind kind: NoiseReductionType;
    plain with_strength strength: f64;
}}

/// How far away the microphone is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoiseReductionType {
    /// `near_field`.
    NearField,
    /// `far_field`.
    FarField,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { NoiseReductionType {
    NearField = "near_field",
    FarField = "far_field",
}}

/// How the caller's speech is transcribed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcription {
    /// How long the transcriber may wait for context.
    pub delay: Option<TranscriptionDelay>,
    /// Words to expect.
    pub keywords: Option<Vec<String>>,
    /// ISO 639-1 code of the language.
    pub language: Option<String>,
    /// Languages to expect.
    pub languages: Option<Vec<String>>,
    /// The transcriber.
    pub model: Option<TranscriptionModel>,
    /// A hint at style and vocabulary.
    pub prompt: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Transcription {
    opt delay = "delay";
    opt keywords = "keywords";
    opt language = "language";
    opt languages = "languages";
    opt model = "model";
    opt prompt = "prompt";
}}

setters! { Transcription {
    into with_delay delay: TranscriptionDelay;
    into with_language language: String;
    into with_model model: TranscriptionModel;
    into with_prompt prompt: String;
    plain with_keywords keywords: Vec<String>;
    plain with_languages languages: Vec<String>;
}}

/// Latency against accuracy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TranscriptionDelay {
    /// `minimal`.
    Minimal,
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// `xhigh`.
    Xhigh,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TranscriptionDelay {
    Minimal = "minimal",
    Low = "low",
    Medium = "medium",
    High = "high",
    Xhigh = "xhigh",
}}

/// Transcribers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TranscriptionModel {
    /// `whisper-1`.
    Whisper1,
    /// `gpt-transcribe`.
    GptTranscribe,
    /// `gpt-live-transcribe`.
    GptLiveTranscribe,
    /// `gpt-4o-mini-transcribe`.
    Gpt4oMiniTranscribe,
    /// `gpt-4o-mini-transcribe-2025-12-15`.
    Gpt4oMiniTranscribe2025_12_15,
    /// `gpt-4o-transcribe`.
    Gpt4oTranscribe,
    /// `gpt-4o-transcribe-diarize`.
    Gpt4oTranscribeDiarize,
    /// `gpt-realtime-whisper`.
    GptRealtimeWhisper,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TranscriptionModel {
    Whisper1 = "whisper-1",
    GptTranscribe = "gpt-transcribe",
    GptLiveTranscribe = "gpt-live-transcribe",
    Gpt4oMiniTranscribe = "gpt-4o-mini-transcribe",
    Gpt4oMiniTranscribe2025_12_15 = "gpt-4o-mini-transcribe-2025-12-15",
    Gpt4oTranscribe = "gpt-4o-transcribe",
    Gpt4oTranscribeDiarize = "gpt-4o-transcribe-diarize",
    GptRealtimeWhisper = "gpt-realtime-whisper",
}}

/// How the end of the caller's turn is found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TurnDetection {
    /// `server_vad`.
    ServerVad(ServerVad),
    /// `semantic_vad`.
    SemanticVad(SemanticVad),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { TurnDetection {
    by "type" {
        "server_vad" => ServerVad,
        "semantic_vad" => SemanticVad,
    }
}}

from_branch! { TurnDetection {
    from ServerVad(ServerVad);
    from SemanticVad(SemanticVad);
}}

/// By silence.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerVad {
    /// Whether the end of a turn starts a response.
    pub create_response: Option<bool>,
    /// Ask the caller after this many ms of silence; null switches it off.
    pub idle_timeout_ms: Nullable<u64>,
    /// Whether speech interrupts the running response.
    pub interrupt_response: Option<bool>,
    /// Audio kept from before speech was detected, in ms.
    pub prefix_padding_ms: Option<u64>,
    /// Silence that ends a turn, in ms.
    pub silence_duration_ms: Option<u64>,
    /// Activation threshold, 0 to 1.
    pub threshold: Option<f64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ServerVad {
    tag "type" = "server_vad";
    opt create_response = "create_response";
    opt interrupt_response = "interrupt_response";
    opt prefix_padding_ms = "prefix_padding_ms";
    opt silence_duration_ms = "silence_duration_ms";
    opt threshold = "threshold";
    nul idle_timeout_ms = "idle_timeout_ms";
}}

setters! { ServerVad {
    plain with_create_response create_response: bool;
    plain with_idle_timeout_ms idle_timeout_ms: u64;
    plain with_interrupt_response interrupt_response: bool;
    plain with_prefix_padding_ms prefix_padding_ms: u64;
    plain with_silence_duration_ms silence_duration_ms: u64;
    plain with_threshold threshold: f64;
}}

/// By what was said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SemanticVad {
    /// Whether the end of a turn starts a response.
    pub create_response: Option<bool>,
    /// How soon a turn is taken to be over.
    pub eagerness: Option<Eagerness>,
    /// Whether speech interrupts the running response.
    pub interrupt_response: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SemanticVad {
    tag "type" = "semantic_vad";
    opt create_response = "create_response";
    opt eagerness = "eagerness";
    opt interrupt_response = "interrupt_response";
}}

setters! { SemanticVad {
    into with_eagerness eagerness: Eagerness;
    plain with_create_response create_response: bool;
    plain with_interrupt_response interrupt_response: bool;
}}

/// How soon a turn is taken to be over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Eagerness {
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// `auto`.
    Auto,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Eagerness {
    Low = "low",
    Medium = "medium",
    High = "high",
    Auto = "auto",
}}

/// A built-in voice by name, or one's own by id.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Voice {
    /// A string.
    Name(VoiceName),
    /// An object.
    Custom(VoiceId),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { Voice {
    string Name;
    object Custom;
}}

from_branch! { Voice {
    from Custom(VoiceId);
    str Name(VoiceName);
}}

/// Built-in voices.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VoiceName {
    /// `alloy`.
    Alloy,
    /// `ash`.
    Ash,
    /// `ballad`.
    Ballad,
    /// `coral`.
    Coral,
    /// `echo`.
    Echo,
    /// `sage`.
    Sage,
    /// `shimmer`.
    Shimmer,
    /// `verse`.
    Verse,
    /// `marin`.
    Marin,
    /// `cedar`.
    Cedar,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { VoiceName {
    Alloy = "alloy",
    Ash = "ash",
    Ballad = "ballad",
    Coral = "coral",
    Echo = "echo",
    Sage = "sage",
    Shimmer = "shimmer",
    Verse = "verse",
    Marin = "marin",
    Cedar = "cedar",
}}

/// One's own voice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VoiceId {
    /// The service's identifier.
    pub id: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VoiceId {
    req id = "id";
}}

impl VoiceId {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            extra: Extra::new(),
        }
    }
}

/// Bound on one response.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MaxOutputTokens {
    /// A string.
    Limit(TokenLimit),
    /// A number.
    Count(u64),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { MaxOutputTokens {
    string Limit;
    number Count;
}}

from_branch! { MaxOutputTokens {
    from Count(u64);
    str Limit(TokenLimit);
}}

/// A bound by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenLimit {
    /// `inf`.
    Inf,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TokenLimit {
    Inf = "inf",
}}

/// How hard the model thinks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reasoning {
    /// The effort.
    pub effort: Option<Effort>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Reasoning {
    opt effort = "effort";
}}

setters! { Reasoning {
    into with_effort effort: Effort;
}}

/// How hard the model thinks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effort {
    /// `minimal`.
    Minimal,
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// `xhigh`.
    Xhigh,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Effort {
    Minimal = "minimal",
    Low = "low",
    Medium = "medium",
    High = "high",
    Xhigh = "xhigh",
}}

/// A stored prompt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prompt {
    /// The service's identifier.
    pub id: String,
    /// Values for its placeholders.
    pub variables: Option<std::collections::BTreeMap<String, PromptVariable>>,
    /// Its version.
    pub version: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Prompt {
    req id = "id";
    opt variables = "variables";
    opt version = "version";
}}

impl Prompt {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            variables: None,
            version: None,
            extra: Extra::new(),
        }
    }
}

setters! { Prompt {
    into with_version version: String;
    plain with_variables variables: std::collections::BTreeMap<String, PromptVariable>;
}}

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PromptVariable {
    /// A string.
    Text(String),
    /// `input_text`.
    InputText(PromptText),
    /// `input_image`.
    InputImage(PromptImage),
    /// `input_file`.
    InputFile(PromptFile),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { PromptVariable {
    string Text;
    by "type" {
        "input_text" => InputText,
        "input_image" => InputImage,
        "input_file" => InputFile,
    }
}}

from_branch! { PromptVariable {
    from InputText(PromptText);
    from InputImage(PromptImage);
    from InputFile(PromptFile);
    str Text(String);
}}

/// Text for a placeholder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PromptText {
    /// The text.
    pub text: String,
    /// Where a cached prefix may end.
    pub prompt_cache_breakpoint: Option<PromptCacheBreakpoint>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { PromptText {
    tag "type" = "input_text";
    req text = "text";
    opt prompt_cache_breakpoint = "prompt_cache_breakpoint";
}}

impl PromptText {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            prompt_cache_breakpoint: None,
            extra: Extra::new(),
        }
    }
}

setters! { PromptText {
    into with_prompt_cache_breakpoint prompt_cache_breakpoint: PromptCacheBreakpoint;
}}

/// An image for a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptImage {
    /// How closely to look.
    pub detail: Detail,
    /// An uploaded file.
    pub file_id: Option<String>,
    /// Address, or data URL, of the image.
    pub image_url: Option<String>,
    /// Where a cached prefix may end.
    pub prompt_cache_breakpoint: Option<PromptCacheBreakpoint>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { PromptImage {
    tag "type" = "input_image";
    req detail = "detail";
    opt file_id = "file_id";
    opt image_url = "image_url";
    opt prompt_cache_breakpoint = "prompt_cache_breakpoint";
}}

impl PromptImage {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(detail: impl Into<Detail>) -> Self {
        Self {
            detail: detail.into(),
            file_id: None,
            image_url: None,
            prompt_cache_breakpoint: None,
            extra: Extra::new(),
        }
    }
}

setters! { PromptImage {
    into with_file_id file_id: String;
    into with_image_url image_url: String;
    into with_prompt_cache_breakpoint prompt_cache_breakpoint: PromptCacheBreakpoint;
}}

/// A file for a placeholder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PromptFile {
    /// How closely to look.
    pub detail: Option<Detail>,
    /// The content, in base64.
    pub file_data: Option<String>,
    /// An uploaded file.
    pub file_id: Option<String>,
    /// Address of the file.
    pub file_url: Option<String>,
    /// Its name.
    pub filename: Option<String>,
    /// Where a cached prefix may end.
    pub prompt_cache_breakpoint: Option<PromptCacheBreakpoint>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { PromptFile {
    tag "type" = "input_file";
    opt detail = "detail";
    opt file_data = "file_data";
    opt file_id = "file_id";
    opt file_url = "file_url";
    opt filename = "filename";
    opt prompt_cache_breakpoint = "prompt_cache_breakpoint";
}}

setters! { PromptFile {
    into with_detail detail: Detail;
    into with_file_data file_data: String;
    into with_file_id file_id: String;
    into with_file_url file_url: String;
    into with_filename filename: String;
    into with_prompt_cache_breakpoint prompt_cache_breakpoint: PromptCacheBreakpoint;
}}

/// How closely to look at an image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detail {
    /// `auto`.
    Auto,
    /// `low`.
    Low,
    /// `high`.
    High,
    /// `original`.
    Original,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Detail {
    Auto = "auto",
    Low = "low",
    High = "high",
    Original = "original",
}}

/// Where a cached prefix may end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PromptCacheBreakpoint {
    /// How long to keep it.
    pub ttl: Option<CacheTtl>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { PromptCacheBreakpoint {
    tag "mode" = "explicit";
    opt ttl = "ttl";
}}

setters! { PromptCacheBreakpoint {
    into with_ttl ttl: CacheTtl;
}}

/// How long to keep a cached prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheTtl {
    /// `30m`.
    Minutes30,
    /// `12h`.
    Hours12,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { CacheTtl {
    Minutes30 = "30m",
    Hours12 = "12h",
}}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Tool {
    /// `function`.
    Function(FunctionTool),
    /// `mcp`.
    Mcp(Box<McpTool>),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { Tool {
    by "type" {
        "function" => Function,
        "mcp" => Mcp,
        absent => Function,
    }
}}

from_branch! { Tool {
    from Function(FunctionTool);
    from Mcp(McpTool);
}}

/// A function that the client runs.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionTool {
    /// `function`.
    pub kind: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// When and how to call it.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub parameters: Option<serde_json::Value>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionTool {
    opt kind = "type";
    opt name = "name";
    opt description = "description";
    opt parameters = "parameters";
}}

impl Default for FunctionTool {
    fn default() -> Self {
        Self {
            kind: Some("function".into()),
            name: Default::default(),
            description: Default::default(),
            parameters: Default::default(),
            extra: Extra::new(),
        }
    }
}

setters! { FunctionTool {
    into with_kind kind: String;
    into with_name name: String;
    into with_description description: String;
    plain with_parameters parameters: serde_json::Value;
}}

/// A remote MCP server that the service calls.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpTool {
    /// The MCP server, as the tool configuration names it.
    pub server_label: String,
    /// Who may call.
    pub allowed_callers: Nullable<Vec<McpCaller>>,
    /// Which of its tools may be called.
    pub allowed_tools: Nullable<McpAllowedTools>,
    /// Token for the server.
    pub authorization: Option<Secret>,
    /// A connector of the service instead of a URL.
    pub connector_id: Option<McpConnector>,
    /// Load its tools when they are first needed.
    pub defer_loading: Option<bool>,
    /// HTTP headers for the server.
    pub headers: Nullable<std::collections::BTreeMap<String, Secret>>,
    /// Which calls need approval.
    pub require_approval: Nullable<McpApproval>,
    /// What the server is for.
    pub server_description: Option<String>,
    /// Its address.
    pub server_url: Option<String>,
    /// A tunnel to it.
    pub tunnel_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpTool {
    tag "type" = "mcp";
    req server_label = "server_label";
    opt authorization = "authorization";
    opt connector_id = "connector_id";
    opt defer_loading = "defer_loading";
    opt server_description = "server_description";
    opt server_url = "server_url";
    opt tunnel_id = "tunnel_id";
    nul allowed_callers = "allowed_callers";
    nul allowed_tools = "allowed_tools";
    nul headers = "headers";
    nul require_approval = "require_approval";
}}

impl McpTool {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(server_label: impl Into<String>) -> Self {
        Self {
            server_label: server_label.into(),
            allowed_callers: Nullable::Absent,
            allowed_tools: Nullable::Absent,
            authorization: None,
            connector_id: None,
            defer_loading: None,
            headers: Nullable::Absent,
            require_approval: Nullable::Absent,
            server_description: None,
            server_url: None,
            tunnel_id: None,
            extra: Extra::new(),
        }
    }
}

setters! { McpTool {
    into with_allowed_tools allowed_tools: McpAllowedTools;
    into with_authorization authorization: Secret;
    into with_connector_id connector_id: McpConnector;
    into with_require_approval require_approval: McpApproval;
    into with_server_description server_description: String;
    into with_server_url server_url: String;
    into with_tunnel_id tunnel_id: String;
    plain with_allowed_callers allowed_callers: Vec<McpCaller>;
    plain with_defer_loading defer_loading: bool;
    plain with_headers headers: std::collections::BTreeMap<String, Secret>;
}}

/// Who may call an MCP tool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum McpCaller {
    /// `direct`.
    Direct,
    /// `programmatic`.
    Programmatic,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { McpCaller {
    Direct = "direct",
    Programmatic = "programmatic",
}}

/// Tools of a server that may be called.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum McpAllowedTools {
    /// A list.
    Names(Vec<String>),
    /// An object.
    Filter(McpToolFilter),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { McpAllowedTools {
    array Names;
    object Filter;
}}

from_branch! { McpAllowedTools {
    from Names(Vec<String>);
    from Filter(McpToolFilter);
}}

/// A choice among a server's tools.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpToolFilter {
    /// Only those that change nothing.
    pub read_only: Option<bool>,
    /// Only these.
    pub tool_names: Option<Vec<String>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpToolFilter {
    opt read_only = "read_only";
    opt tool_names = "tool_names";
}}

setters! { McpToolFilter {
    plain with_read_only read_only: bool;
    plain with_tool_names tool_names: Vec<String>;
}}

/// Connectors of the service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum McpConnector {
    /// `connector_dropbox`.
    Dropbox,
    /// `connector_gmail`.
    Gmail,
    /// `connector_googlecalendar`.
    GoogleCalendar,
    /// `connector_googledrive`.
    GoogleDrive,
    /// `connector_microsoftteams`.
    MicrosoftTeams,
    /// `connector_outlookcalendar`.
    OutlookCalendar,
    /// `connector_outlookemail`.
    OutlookEmail,
    /// `connector_sharepoint`.
    SharePoint,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { McpConnector {
    Dropbox = "connector_dropbox",
    Gmail = "connector_gmail",
    GoogleCalendar = "connector_googlecalendar",
    GoogleDrive = "connector_googledrive",
    MicrosoftTeams = "connector_microsoftteams",
    OutlookCalendar = "connector_outlookcalendar",
    OutlookEmail = "connector_outlookemail",
    SharePoint = "connector_sharepoint",
}}

/// Which calls need approval.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum McpApproval {
    /// A string.
    All(McpApprovalMode),
    /// An object.
    Filter(McpApprovalFilter),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { McpApproval {
    string All;
    object Filter;
}}

from_branch! { McpApproval {
    from Filter(McpApprovalFilter);
    str All(McpApprovalMode);
}}

/// Approval of all calls, or none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum McpApprovalMode {
    /// `always`.
    Always,
    /// `never`.
    Never,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { McpApprovalMode {
    Always = "always",
    Never = "never",
}}

/// Approval by tool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpApprovalFilter {
    /// Tools that always need it.
    pub always: Option<McpToolFilter>,
    /// Tools that never need it.
    pub never: Option<McpToolFilter>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpApprovalFilter {
    opt always = "always";
    opt never = "never";
}}

setters! { McpApprovalFilter {
    into with_always always: McpToolFilter;
    into with_never never: McpToolFilter;
}}

/// Whether, and which, tool must be called.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// A string.
    Mode(ToolChoiceMode),
    /// `function`.
    Function(ToolChoiceFunction),
    /// `mcp`.
    Mcp(ToolChoiceMcp),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { ToolChoice {
    string Mode;
    by "type" {
        "function" => Function,
        "mcp" => Mcp,
    }
}}

from_branch! { ToolChoice {
    from Function(ToolChoiceFunction);
    from Mcp(ToolChoiceMcp);
    str Mode(ToolChoiceMode);
}}

/// Whether a tool must be called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolChoiceMode {
    /// `none`.
    None,
    /// `auto`.
    Auto,
    /// `required`.
    Required,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ToolChoiceMode {
    None = "none",
    Auto = "auto",
    Required = "required",
}}

/// This function must be called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolChoiceFunction {
    /// The name.
    pub name: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolChoiceFunction {
    tag "type" = "function";
    req name = "name";
}}

impl ToolChoiceFunction {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            extra: Extra::new(),
        }
    }
}

/// A tool of this server must be called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolChoiceMcp {
    /// The MCP server, as the tool configuration names it.
    pub server_label: String,
    /// The name.
    pub name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolChoiceMcp {
    tag "type" = "mcp";
    req server_label = "server_label";
    opt name = "name";
}}

impl ToolChoiceMcp {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(server_label: impl Into<String>) -> Self {
        Self {
            server_label: server_label.into(),
            name: None,
            extra: Extra::new(),
        }
    }
}

setters! { ToolChoiceMcp {
    into with_name name: String;
}}

/// Traces on the platform.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Tracing {
    /// A string.
    Mode(TracingMode),
    /// An object.
    Config(TracingConfig),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { Tracing {
    string Mode;
    object Config;
}}

from_branch! { Tracing {
    from Config(TracingConfig);
    str Mode(TracingMode);
}}

/// Traces with defaults.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TracingMode {
    /// `auto`.
    Auto,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TracingMode {
    Auto = "auto",
}}

/// Names that a trace carries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TracingConfig {
    /// Groups several sessions.
    pub group_id: Option<String>,
    /// Key and value pairs of the caller's own.
    pub metadata: Option<serde_json::Value>,
    /// Names the workflow.
    pub workflow_name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TracingConfig {
    opt group_id = "group_id";
    opt metadata = "metadata";
    opt workflow_name = "workflow_name";
}}

setters! { TracingConfig {
    into with_group_id group_id: String;
    into with_workflow_name workflow_name: String;
    plain with_metadata metadata: serde_json::Value;
}}

/// What to do when the context is full.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Truncation {
    /// A string.
    Mode(TruncationMode),
    /// `retention_ratio`.
    RetentionRatio(RetentionRatio),
    /// A shape that this enum does not name.
    Unknown(Raw),
}

union! { Truncation {
    string Mode;
    by "type" {
        "retention_ratio" => RetentionRatio,
    }
}}

from_branch! { Truncation {
    from RetentionRatio(RetentionRatio);
    str Mode(TruncationMode);
}}

/// Whether the oldest items may go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TruncationMode {
    /// `auto`.
    Auto,
    /// `disabled`.
    Disabled,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TruncationMode {
    Auto = "auto",
    Disabled = "disabled",
}}

/// Keep this share when truncating.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RetentionRatio {
    /// Share to keep, 0 to 1.
    pub retention_ratio: f64,
    /// Bounds that bring truncation on.
    pub token_limits: Option<TokenLimits>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RetentionRatio {
    tag "type" = "retention_ratio";
    req retention_ratio = "retention_ratio";
    opt token_limits = "token_limits";
}}

impl RetentionRatio {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(retention_ratio: f64) -> Self {
        Self {
            retention_ratio,
            token_limits: None,
            extra: Extra::new(),
        }
    }
}

setters! { RetentionRatio {
    into with_token_limits token_limits: TokenLimits;
}}

/// Bounds that bring truncation on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TokenLimits {
    /// Tokens of conversation after the instructions.
    pub post_instructions: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TokenLimits {
    opt post_instructions = "post_instructions";
}}

setters! { TokenLimits {
    plain with_post_instructions post_instructions: u64;
}}
