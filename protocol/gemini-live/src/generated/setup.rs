//! The setup of a session.
//!
//! Generated from `schema/setup.wire` by `cargo xtask codegen`; change that file.

use super::content::Content;
use super::tools::{Schema, Tool};
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// How speech is transcribed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioTranscriptionConfig {
    /// Languages, as BCP-47 codes.
    pub language_codes: Option<Vec<String>>,
    /// `languageAuto`.
    pub language_auto: Option<LanguageAuto>,
    /// `languageHints`.
    pub language_hints: Option<LanguageHints>,
    /// `customVocabulary`.
    pub custom_vocabulary: Option<Vec<String>>,
    /// `adaptationPhrases`.
    pub adaptation_phrases: Option<Vec<String>>,
    /// `wordTimestamp`.
    pub word_timestamp: Option<bool>,
    /// `diarization`.
    pub diarization: Option<bool>,
    /// `mode`.
    pub mode: Option<AudioTranscriptionConfigMode>,
    /// `sourceText`.
    pub source_text: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioTranscriptionConfig {
    opt language_codes = "languageCodes" | "language_codes";
    opt language_auto = "languageAuto" | "language_auto";
    opt language_hints = "languageHints" | "language_hints";
    opt custom_vocabulary = "customVocabulary" | "custom_vocabulary";
    opt adaptation_phrases = "adaptationPhrases" | "adaptation_phrases";
    opt word_timestamp = "wordTimestamp" | "word_timestamp";
    opt diarization = "diarization";
    opt mode = "mode";
    opt source_text = "sourceText" | "source_text";
}}

setters! { AudioTranscriptionConfig {
    into with_language_auto language_auto: LanguageAuto;
    into with_language_hints language_hints: LanguageHints;
    into with_mode mode: AudioTranscriptionConfigMode;
    into with_source_text source_text: String;
    plain with_language_codes language_codes: Vec<String>;
    plain with_custom_vocabulary custom_vocabulary: Vec<String>;
    plain with_adaptation_phrases adaptation_phrases: Vec<String>;
    plain with_word_timestamp word_timestamp: bool;
    plain with_diarization diarization: bool;
}}

/// `LanguageAuto`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LanguageAuto {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { LanguageAuto {
}}

/// `LanguageHints`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LanguageHints {
    /// Languages, as BCP-47 codes.
    pub language_codes: Option<Vec<String>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { LanguageHints {
    opt language_codes = "languageCodes" | "language_codes";
}}

setters! { LanguageHints {
    plain with_language_codes language_codes: Vec<String>;
}}

/// `AudioTranscriptionConfigMode`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AudioTranscriptionConfigMode {
    /// `MODE_UNSPECIFIED`.
    ModeUnspecified,
    /// `VERBATIM`.
    Verbatim,
    /// `SMART`.
    Smart,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { AudioTranscriptionConfigMode {
    ModeUnspecified = "MODE_UNSPECIFIED",
    Verbatim = "VERBATIM",
    Smart = "SMART",
}}

/// Opens the session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Setup {
    /// The model, as `models/...`, or its full resource name on Vertex.
    pub model: String,
    /// How the model generates.
    pub generation_config: Option<Box<GenerationConfig>>,
    /// The system instructions.
    pub system_instruction: Option<Content>,
    /// Tools that the model may use.
    pub tools: Option<Vec<Tool>>,
    /// Switches resumption on, and names the session to resume.
    pub session_resumption: Option<SessionResumptionConfig>,
    /// What to do when the context grows too large.
    pub context_window_compression: Option<ContextWindowCompressionConfig>,
    /// Transcribes the caller's audio when set.
    pub input_audio_transcription: Option<AudioTranscriptionConfig>,
    /// Transcribes the model's audio when set.
    pub output_audio_transcription: Option<AudioTranscriptionConfig>,
    /// Whether the model may stay silent or speak unasked.
    pub proactivity: Option<ProactivityConfig>,
    /// Sends signals of voice activity. Vertex only.
    pub explicit_vad_signal: Option<bool>,
    /// How history is handed over.
    pub history_config: Option<HistoryConfig>,
    /// A face for the voice.
    pub avatar_config: Option<AvatarConfig>,
    /// What is blocked.
    pub safety_settings: Option<Vec<SafetySetting>>,
    /// Labels for billing. Developer API only.
    pub labels: Option<std::collections::BTreeMap<String, String>>,
    /// How realtime input is understood.
    pub realtime_input_config: Option<RealtimeInputConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Setup {
    req model = "model";
    opt generation_config = "generationConfig" | "generation_config";
    opt system_instruction = "systemInstruction" | "system_instruction";
    opt tools = "tools";
    opt session_resumption = "sessionResumption" | "session_resumption";
    opt context_window_compression = "contextWindowCompression" | "context_window_compression";
    opt input_audio_transcription = "inputAudioTranscription" | "input_audio_transcription";
    opt output_audio_transcription = "outputAudioTranscription" | "output_audio_transcription";
    opt proactivity = "proactivity";
    opt explicit_vad_signal = "explicitVadSignal" | "explicit_vad_signal";
    opt history_config = "historyConfig" | "history_config";
    opt avatar_config = "avatarConfig" | "avatar_config";
    opt safety_settings = "safetySettings" | "safety_settings";
    opt labels = "labels";
    opt realtime_input_config = "realtimeInputConfig" | "realtime_input_config";
}}

impl Setup {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            generation_config: None,
            system_instruction: None,
            tools: None,
            session_resumption: None,
            context_window_compression: None,
            input_audio_transcription: None,
            output_audio_transcription: None,
            proactivity: None,
            explicit_vad_signal: None,
            history_config: None,
            avatar_config: None,
            safety_settings: None,
            labels: None,
            realtime_input_config: None,
            extra: Extra::new(),
        }
    }
}

setters! { Setup {
    into with_generation_config generation_config: Box<GenerationConfig>;
    into with_system_instruction system_instruction: Content;
    into with_session_resumption session_resumption: SessionResumptionConfig;
    into with_context_window_compression context_window_compression: ContextWindowCompressionConfig;
    into with_input_audio_transcription input_audio_transcription: AudioTranscriptionConfig;
    into with_output_audio_transcription output_audio_transcription: AudioTranscriptionConfig;
    into with_proactivity proactivity: ProactivityConfig;
    into with_history_config history_config: HistoryConfig;
    into with_avatar_config avatar_config: AvatarConfig;
    into with_realtime_input_config realtime_input_config: RealtimeInputConfig;
    plain with_tools tools: Vec<Tool>;
    plain with_explicit_vad_signal explicit_vad_signal: bool;
    plain with_safety_settings safety_settings: Vec<SafetySetting>;
    plain with_labels labels: std::collections::BTreeMap<String, String>;
}}

/// How the model generates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GenerationConfig {
    /// `modelSelectionConfig`.
    pub model_selection_config: Option<ModelSelectionConfig>,
    /// `responseJsonSchema`.
    pub response_json_schema: Option<serde_json::Value>,
    /// Vertex only.
    pub audio_timestamp: Option<bool>,
    /// `candidateCount`.
    pub candidate_count: Option<i64>,
    /// `enableAffectiveDialog`.
    pub enable_affective_dialog: Option<bool>,
    /// `frequencyPenalty`.
    pub frequency_penalty: Option<f64>,
    /// `logprobs`.
    pub logprobs: Option<i64>,
    /// Bound on one answer, in tokens.
    pub max_output_tokens: Option<i64>,
    /// `mediaResolution`.
    pub media_resolution: Option<MediaResolution>,
    /// `presencePenalty`.
    pub presence_penalty: Option<f64>,
    /// `responseLogprobs`.
    pub response_logprobs: Option<bool>,
    /// `responseMimeType`.
    pub response_mime_type: Option<String>,
    /// What the model answers with.
    pub response_modalities: Option<Vec<Modality>>,
    /// `responseSchema`.
    pub response_schema: Option<Box<Schema>>,
    /// Vertex only.
    pub routing_config: Option<GenerationConfigRoutingConfig>,
    /// `seed`.
    pub seed: Option<i64>,
    /// Voice and language.
    pub speech_config: Option<SpeechConfig>,
    /// `stopSequences`.
    pub stop_sequences: Option<Vec<String>>,
    /// Randomness of sampling.
    pub temperature: Option<f64>,
    /// How the model thinks.
    pub thinking_config: Option<ThinkingConfig>,
    /// Number of tokens to sample from.
    pub top_k: Option<f64>,
    /// Share of probability to sample from.
    pub top_p: Option<f64>,
    /// Developer API only.
    pub enable_enhanced_civic_answers: Option<bool>,
    /// `responseFormat`.
    pub response_format: Option<Vec<ResponseFormat>>,
    /// `translationConfig`.
    pub translation_config: Option<TranslationConfig>,
    /// `audioTranscriptionConfig`.
    pub audio_transcription_config: Option<AudioTranscriptionConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GenerationConfig {
    opt model_selection_config = "modelSelectionConfig" | "model_selection_config";
    opt response_json_schema = "responseJsonSchema" | "response_json_schema";
    opt audio_timestamp = "audioTimestamp" | "audio_timestamp";
    opt candidate_count = "candidateCount" | "candidate_count";
    opt enable_affective_dialog = "enableAffectiveDialog" | "enable_affective_dialog";
    opt frequency_penalty = "frequencyPenalty" | "frequency_penalty";
    opt logprobs = "logprobs";
    opt max_output_tokens = "maxOutputTokens" | "max_output_tokens";
    opt media_resolution = "mediaResolution" | "media_resolution";
    opt presence_penalty = "presencePenalty" | "presence_penalty";
    opt response_logprobs = "responseLogprobs" | "response_logprobs";
    opt response_mime_type = "responseMimeType" | "response_mime_type";
    opt response_modalities = "responseModalities" | "response_modalities";
    opt response_schema = "responseSchema" | "response_schema";
    opt routing_config = "routingConfig" | "routing_config";
    opt seed = "seed";
    opt speech_config = "speechConfig" | "speech_config";
    opt stop_sequences = "stopSequences" | "stop_sequences";
    opt temperature = "temperature";
    opt thinking_config = "thinkingConfig" | "thinking_config";
    opt top_k = "topK" | "top_k";
    opt top_p = "topP" | "top_p";
    opt enable_enhanced_civic_answers = "enableEnhancedCivicAnswers" | "enable_enhanced_civic_answers";
    opt response_format = "responseFormat" | "response_format";
    opt translation_config = "translationConfig" | "translation_config";
    opt audio_transcription_config = "audioTranscriptionConfig" | "audio_transcription_config";
}}

setters! { GenerationConfig {
    into with_model_selection_config model_selection_config: ModelSelectionConfig;
    into with_media_resolution media_resolution: MediaResolution;
    into with_response_mime_type response_mime_type: String;
    into with_response_schema response_schema: Box<Schema>;
    into with_routing_config routing_config: GenerationConfigRoutingConfig;
    into with_speech_config speech_config: SpeechConfig;
    into with_thinking_config thinking_config: ThinkingConfig;
    into with_translation_config translation_config: TranslationConfig;
    into with_audio_transcription_config audio_transcription_config: AudioTranscriptionConfig;
    plain with_response_json_schema response_json_schema: serde_json::Value;
    plain with_audio_timestamp audio_timestamp: bool;
    plain with_candidate_count candidate_count: i64;
    plain with_enable_affective_dialog enable_affective_dialog: bool;
    plain with_frequency_penalty frequency_penalty: f64;
    plain with_logprobs logprobs: i64;
    plain with_max_output_tokens max_output_tokens: i64;
    plain with_presence_penalty presence_penalty: f64;
    plain with_response_logprobs response_logprobs: bool;
    plain with_response_modalities response_modalities: Vec<Modality>;
    plain with_seed seed: i64;
    plain with_stop_sequences stop_sequences: Vec<String>;
    plain with_temperature temperature: f64;
    plain with_top_k top_k: f64;
    plain with_top_p top_p: f64;
    plain with_enable_enhanced_civic_answers enable_enhanced_civic_answers: bool;
    plain with_response_format response_format: Vec<ResponseFormat>;
}}

/// Resumption of a session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionResumptionConfig {
    /// The session to resume.
    pub handle: Option<Secret>,
    /// Asks to be told which messages were consumed. Vertex only.
    pub transparent: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SessionResumptionConfig {
    opt handle = "handle";
    opt transparent = "transparent";
}}

setters! { SessionResumptionConfig {
    into with_handle handle: Secret;
    plain with_transparent transparent: bool;
}}

/// What to do when the context grows too large.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextWindowCompressionConfig {
    /// Tokens that bring compression on.
    pub trigger_tokens: Option<i64>,
    /// Keeps the newest part of the context.
    pub sliding_window: Option<SlidingWindow>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ContextWindowCompressionConfig {
    opt trigger_tokens = "triggerTokens" | "trigger_tokens";
    opt sliding_window = "slidingWindow" | "sliding_window";
}}

setters! { ContextWindowCompressionConfig {
    into with_sliding_window sliding_window: SlidingWindow;
    plain with_trigger_tokens trigger_tokens: i64;
}}

/// Whether the model may stay silent or speak unasked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProactivityConfig {
    /// `proactiveAudio`.
    pub proactive_audio: Option<bool>,
    /// `proactiveVideo`.
    pub proactive_video: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ProactivityConfig {
    opt proactive_audio = "proactiveAudio" | "proactive_audio";
    opt proactive_video = "proactiveVideo" | "proactive_video";
}}

setters! { ProactivityConfig {
    plain with_proactive_audio proactive_audio: bool;
    plain with_proactive_video proactive_video: bool;
}}

/// How history is handed over.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistoryConfig {
    /// History follows as client content, and is not answered.
    pub initial_history_in_client_content: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { HistoryConfig {
    opt initial_history_in_client_content = "initialHistoryInClientContent" | "initial_history_in_client_content";
}}

setters! { HistoryConfig {
    plain with_initial_history_in_client_content initial_history_in_client_content: bool;
}}

/// `AvatarConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AvatarConfig {
    /// `avatarName`.
    pub avatar_name: Option<String>,
    /// `customizedAvatar`.
    pub customized_avatar: Option<CustomizedAvatar>,
    /// `audioBitrateBps`.
    pub audio_bitrate_bps: Option<i64>,
    /// `videoBitrateBps`.
    pub video_bitrate_bps: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AvatarConfig {
    opt avatar_name = "avatarName" | "avatar_name";
    opt customized_avatar = "customizedAvatar" | "customized_avatar";
    opt audio_bitrate_bps = "audioBitrateBps" | "audio_bitrate_bps";
    opt video_bitrate_bps = "videoBitrateBps" | "video_bitrate_bps";
}}

setters! { AvatarConfig {
    into with_avatar_name avatar_name: String;
    into with_customized_avatar customized_avatar: CustomizedAvatar;
    plain with_audio_bitrate_bps audio_bitrate_bps: i64;
    plain with_video_bitrate_bps video_bitrate_bps: i64;
}}

/// What is blocked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SafetySetting {
    /// `category`.
    pub category: Option<HarmCategory>,
    /// Vertex only.
    pub method: Option<HarmBlockMethod>,
    /// `threshold`.
    pub threshold: Option<HarmBlockThreshold>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SafetySetting {
    opt category = "category";
    opt method = "method";
    opt threshold = "threshold";
}}

setters! { SafetySetting {
    into with_category category: HarmCategory;
    into with_method method: HarmBlockMethod;
    into with_threshold threshold: HarmBlockThreshold;
}}

/// How realtime input is understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RealtimeInputConfig {
    /// Detection of activity by the service.
    pub automatic_activity_detection: Option<AutomaticActivityDetection>,
    /// Whether activity interrupts the model.
    pub activity_handling: Option<ActivityHandling>,
    /// Which input belongs to a turn.
    pub turn_coverage: Option<TurnCoverage>,
    /// `interimTranscriptTimestampEnabled`.
    pub interim_transcript_timestamp_enabled: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RealtimeInputConfig {
    opt automatic_activity_detection = "automaticActivityDetection" | "automatic_activity_detection";
    opt activity_handling = "activityHandling" | "activity_handling";
    opt turn_coverage = "turnCoverage" | "turn_coverage";
    opt interim_transcript_timestamp_enabled = "interimTranscriptTimestampEnabled" | "interim_transcript_timestamp_enabled";
}}

setters! { RealtimeInputConfig {
    into with_automatic_activity_detection automatic_activity_detection: AutomaticActivityDetection;
    into with_activity_handling activity_handling: ActivityHandling;
    into with_turn_coverage turn_coverage: TurnCoverage;
    plain with_interim_transcript_timestamp_enabled interim_transcript_timestamp_enabled: bool;
}}

/// `ModelSelectionConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelSelectionConfig {
    /// `featureSelectionPreference`.
    pub feature_selection_preference: Option<FeatureSelectionPreference>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ModelSelectionConfig {
    opt feature_selection_preference = "featureSelectionPreference" | "feature_selection_preference";
}}

setters! { ModelSelectionConfig {
    into with_feature_selection_preference feature_selection_preference: FeatureSelectionPreference;
}}

/// `MediaResolution`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaResolution {
    /// `MEDIA_RESOLUTION_UNSPECIFIED`.
    Unspecified,
    /// `MEDIA_RESOLUTION_LOW`.
    Low,
    /// `MEDIA_RESOLUTION_MEDIUM`.
    Medium,
    /// `MEDIA_RESOLUTION_HIGH`.
    High,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { MediaResolution {
    Unspecified = "MEDIA_RESOLUTION_UNSPECIFIED",
    Low = "MEDIA_RESOLUTION_LOW",
    Medium = "MEDIA_RESOLUTION_MEDIUM",
    High = "MEDIA_RESOLUTION_HIGH",
}}

/// What an answer is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modality {
    /// `MODALITY_UNSPECIFIED`.
    ModalityUnspecified,
    /// `TEXT`.
    Text,
    /// `IMAGE`.
    Image,
    /// `AUDIO`.
    Audio,
    /// `VIDEO`.
    Video,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Modality {
    ModalityUnspecified = "MODALITY_UNSPECIFIED",
    Text = "TEXT",
    Image = "IMAGE",
    Audio = "AUDIO",
    Video = "VIDEO",
}}

/// `GenerationConfigRoutingConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GenerationConfigRoutingConfig {
    /// `autoMode`.
    pub auto_mode: Option<GenerationConfigRoutingConfigAutoRoutingMode>,
    /// `manualMode`.
    pub manual_mode: Option<GenerationConfigRoutingConfigManualRoutingMode>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GenerationConfigRoutingConfig {
    opt auto_mode = "autoMode" | "auto_mode";
    opt manual_mode = "manualMode" | "manual_mode";
}}

setters! { GenerationConfigRoutingConfig {
    into with_auto_mode auto_mode: GenerationConfigRoutingConfigAutoRoutingMode;
    into with_manual_mode manual_mode: GenerationConfigRoutingConfigManualRoutingMode;
}}

/// Voice and language.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpeechConfig {
    /// The voice.
    pub voice_config: Option<VoiceConfig>,
    /// Language, as a BCP-47 code.
    pub language_code: Option<String>,
    /// `multiSpeakerVoiceConfig`.
    pub multi_speaker_voice_config: Option<MultiSpeakerVoiceConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SpeechConfig {
    opt voice_config = "voiceConfig" | "voice_config";
    opt language_code = "languageCode" | "language_code";
    opt multi_speaker_voice_config = "multiSpeakerVoiceConfig" | "multi_speaker_voice_config";
}}

setters! { SpeechConfig {
    into with_voice_config voice_config: VoiceConfig;
    into with_language_code language_code: String;
    into with_multi_speaker_voice_config multi_speaker_voice_config: MultiSpeakerVoiceConfig;
}}

/// How the model thinks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ThinkingConfig {
    /// `includeThoughts`.
    pub include_thoughts: Option<bool>,
    /// `thinkingBudget`.
    pub thinking_budget: Option<i64>,
    /// `thinkingLevel`.
    pub thinking_level: Option<ThinkingLevel>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ThinkingConfig {
    opt include_thoughts = "includeThoughts" | "include_thoughts";
    opt thinking_budget = "thinkingBudget" | "thinking_budget";
    opt thinking_level = "thinkingLevel" | "thinking_level";
}}

setters! { ThinkingConfig {
    into with_thinking_level thinking_level: ThinkingLevel;
    plain with_include_thoughts include_thoughts: bool;
    plain with_thinking_budget thinking_budget: i64;
}}

/// `ResponseFormat`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseFormat {
    /// Audio.
    pub audio: Option<AudioResponseFormat>,
    /// `image`.
    pub image: Option<ImageResponseFormat>,
    /// The text.
    pub text: Option<TextResponseFormat>,
    /// A frame of video.
    pub video: Option<VideoResponseFormat>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ResponseFormat {
    opt audio = "audio";
    opt image = "image";
    opt text = "text";
    opt video = "video";
}}

setters! { ResponseFormat {
    into with_audio audio: AudioResponseFormat;
    into with_image image: ImageResponseFormat;
    into with_text text: TextResponseFormat;
    into with_video video: VideoResponseFormat;
}}

/// `TranslationConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationConfig {
    /// `echoTargetLanguage`.
    pub echo_target_language: Option<bool>,
    /// `targetLanguageCode`.
    pub target_language_code: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationConfig {
    opt echo_target_language = "echoTargetLanguage" | "echo_target_language";
    opt target_language_code = "targetLanguageCode" | "target_language_code";
}}

setters! { TranslationConfig {
    into with_target_language_code target_language_code: String;
    plain with_echo_target_language echo_target_language: bool;
}}

/// Keeps the newest part of the context.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SlidingWindow {
    /// Tokens to keep.
    pub target_tokens: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SlidingWindow {
    opt target_tokens = "targetTokens" | "target_tokens";
}}

setters! { SlidingWindow {
    plain with_target_tokens target_tokens: i64;
}}

/// `CustomizedAvatar`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CustomizedAvatar {
    /// `imageMimeType`.
    pub image_mime_type: Option<String>,
    /// `imageData`.
    pub image_data: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CustomizedAvatar {
    opt image_mime_type = "imageMimeType" | "image_mime_type";
    opt image_data = "imageData" | "image_data";
}}

setters! { CustomizedAvatar {
    into with_image_mime_type image_mime_type: String;
    into with_image_data image_data: String;
}}

/// `HarmCategory`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HarmCategory {
    /// `HARM_CATEGORY_UNSPECIFIED`.
    Unspecified,
    /// `HARM_CATEGORY_HARASSMENT`.
    Harassment,
    /// `HARM_CATEGORY_HATE_SPEECH`.
    HateSpeech,
    /// `HARM_CATEGORY_SEXUALLY_EXPLICIT`.
    SexuallyExplicit,
    /// `HARM_CATEGORY_DANGEROUS_CONTENT`.
    DangerousContent,
    /// `HARM_CATEGORY_CIVIC_INTEGRITY`.
    CivicIntegrity,
    /// `HARM_CATEGORY_JAILBREAK`.
    Jailbreak,
    /// `HARM_CATEGORY_IMAGE_HATE`.
    ImageHate,
    /// `HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT`.
    ImageDangerousContent,
    /// `HARM_CATEGORY_IMAGE_HARASSMENT`.
    ImageHarassment,
    /// `HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT`.
    ImageSexuallyExplicit,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { HarmCategory {
    Unspecified = "HARM_CATEGORY_UNSPECIFIED",
    Harassment = "HARM_CATEGORY_HARASSMENT",
    HateSpeech = "HARM_CATEGORY_HATE_SPEECH",
    SexuallyExplicit = "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    DangerousContent = "HARM_CATEGORY_DANGEROUS_CONTENT",
    CivicIntegrity = "HARM_CATEGORY_CIVIC_INTEGRITY",
    Jailbreak = "HARM_CATEGORY_JAILBREAK",
    ImageHate = "HARM_CATEGORY_IMAGE_HATE",
    ImageDangerousContent = "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT",
    ImageHarassment = "HARM_CATEGORY_IMAGE_HARASSMENT",
    ImageSexuallyExplicit = "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT",
}}

/// `HarmBlockMethod`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HarmBlockMethod {
    /// `HARM_BLOCK_METHOD_UNSPECIFIED`.
    HarmBlockMethodUnspecified,
    /// `SEVERITY`.
    Severity,
    /// `PROBABILITY`.
    Probability,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { HarmBlockMethod {
    HarmBlockMethodUnspecified = "HARM_BLOCK_METHOD_UNSPECIFIED",
    Severity = "SEVERITY",
    Probability = "PROBABILITY",
}}

/// `HarmBlockThreshold`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HarmBlockThreshold {
    /// `HARM_BLOCK_THRESHOLD_UNSPECIFIED`.
    HarmBlockThresholdUnspecified,
    /// `BLOCK_LOW_AND_ABOVE`.
    BlockLowAndAbove,
    /// `BLOCK_MEDIUM_AND_ABOVE`.
    BlockMediumAndAbove,
    /// `BLOCK_ONLY_HIGH`.
    BlockOnlyHigh,
    /// `BLOCK_NONE`.
    BlockNone,
    /// `OFF`.
    Off,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { HarmBlockThreshold {
    HarmBlockThresholdUnspecified = "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    BlockLowAndAbove = "BLOCK_LOW_AND_ABOVE",
    BlockMediumAndAbove = "BLOCK_MEDIUM_AND_ABOVE",
    BlockOnlyHigh = "BLOCK_ONLY_HIGH",
    BlockNone = "BLOCK_NONE",
    Off = "OFF",
}}

/// How the service detects speech.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutomaticActivityDetection {
    /// Whether the client tells activity itself.
    pub disabled: Option<bool>,
    /// How readily speech is heard.
    pub start_of_speech_sensitivity: Option<StartSensitivity>,
    /// How readily silence is heard.
    pub end_of_speech_sensitivity: Option<EndSensitivity>,
    /// Speech needed before activity starts, in ms.
    pub prefix_padding_ms: Option<i64>,
    /// Silence that ends activity, in ms.
    pub silence_duration_ms: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AutomaticActivityDetection {
    opt disabled = "disabled";
    opt start_of_speech_sensitivity = "startOfSpeechSensitivity" | "start_of_speech_sensitivity";
    opt end_of_speech_sensitivity = "endOfSpeechSensitivity" | "end_of_speech_sensitivity";
    opt prefix_padding_ms = "prefixPaddingMs" | "prefix_padding_ms";
    opt silence_duration_ms = "silenceDurationMs" | "silence_duration_ms";
}}

setters! { AutomaticActivityDetection {
    into with_start_of_speech_sensitivity start_of_speech_sensitivity: StartSensitivity;
    into with_end_of_speech_sensitivity end_of_speech_sensitivity: EndSensitivity;
    plain with_disabled disabled: bool;
    plain with_prefix_padding_ms prefix_padding_ms: i64;
    plain with_silence_duration_ms silence_duration_ms: i64;
}}

/// Whether activity interrupts the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActivityHandling {
    /// `ACTIVITY_HANDLING_UNSPECIFIED`.
    ActivityHandlingUnspecified,
    /// `START_OF_ACTIVITY_INTERRUPTS`.
    StartOfActivityInterrupts,
    /// `NO_INTERRUPTION`.
    NoInterruption,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ActivityHandling {
    ActivityHandlingUnspecified = "ACTIVITY_HANDLING_UNSPECIFIED",
    StartOfActivityInterrupts = "START_OF_ACTIVITY_INTERRUPTS",
    NoInterruption = "NO_INTERRUPTION",
}}

/// Which input belongs to a turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TurnCoverage {
    /// `TURN_COVERAGE_UNSPECIFIED`.
    CoverageUnspecified,
    /// `TURN_INCLUDES_ONLY_ACTIVITY`.
    IncludesOnlyActivity,
    /// `TURN_INCLUDES_ALL_INPUT`.
    IncludesAllInput,
    /// `TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO`.
    IncludesAudioActivityAndAllVideo,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { TurnCoverage {
    CoverageUnspecified = "TURN_COVERAGE_UNSPECIFIED",
    IncludesOnlyActivity = "TURN_INCLUDES_ONLY_ACTIVITY",
    IncludesAllInput = "TURN_INCLUDES_ALL_INPUT",
    IncludesAudioActivityAndAllVideo = "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO",
}}

/// `FeatureSelectionPreference`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FeatureSelectionPreference {
    /// `FEATURE_SELECTION_PREFERENCE_UNSPECIFIED`.
    FeatureSelectionPreferenceUnspecified,
    /// `PRIORITIZE_QUALITY`.
    PrioritizeQuality,
    /// `BALANCED`.
    Balanced,
    /// `PRIORITIZE_COST`.
    PrioritizeCost,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { FeatureSelectionPreference {
    FeatureSelectionPreferenceUnspecified = "FEATURE_SELECTION_PREFERENCE_UNSPECIFIED",
    PrioritizeQuality = "PRIORITIZE_QUALITY",
    Balanced = "BALANCED",
    PrioritizeCost = "PRIORITIZE_COST",
}}

/// `GenerationConfigRoutingConfigAutoRoutingMode`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GenerationConfigRoutingConfigAutoRoutingMode {
    /// `modelRoutingPreference`.
    pub model_routing_preference: Option<ModelRoutingPreference>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GenerationConfigRoutingConfigAutoRoutingMode {
    opt model_routing_preference = "modelRoutingPreference" | "model_routing_preference";
}}

setters! { GenerationConfigRoutingConfigAutoRoutingMode {
    into with_model_routing_preference model_routing_preference: ModelRoutingPreference;
}}

/// A choice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelRoutingPreference {
    /// `UNKNOWN`.
    NoPreference,
    /// `PRIORITIZE_QUALITY`.
    PrioritizeQuality,
    /// `BALANCED`.
    Balanced,
    /// `PRIORITIZE_COST`.
    PrioritizeCost,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ModelRoutingPreference {
    NoPreference = "UNKNOWN",
    PrioritizeQuality = "PRIORITIZE_QUALITY",
    Balanced = "BALANCED",
    PrioritizeCost = "PRIORITIZE_COST",
}}

/// `GenerationConfigRoutingConfigManualRoutingMode`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GenerationConfigRoutingConfigManualRoutingMode {
    /// `modelName`.
    pub model_name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GenerationConfigRoutingConfigManualRoutingMode {
    opt model_name = "modelName" | "model_name";
}}

setters! { GenerationConfigRoutingConfigManualRoutingMode {
    into with_model_name model_name: String;
}}

/// The voice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VoiceConfig {
    /// `replicatedVoiceConfig`.
    pub replicated_voice_config: Option<ReplicatedVoiceConfig>,
    /// A built-in voice.
    pub prebuilt_voice_config: Option<PrebuiltVoiceConfig>,
    /// `voice`.
    pub voice: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VoiceConfig {
    opt replicated_voice_config = "replicatedVoiceConfig" | "replicated_voice_config";
    opt prebuilt_voice_config = "prebuiltVoiceConfig" | "prebuilt_voice_config";
    opt voice = "voice";
}}

setters! { VoiceConfig {
    into with_replicated_voice_config replicated_voice_config: ReplicatedVoiceConfig;
    into with_prebuilt_voice_config prebuilt_voice_config: PrebuiltVoiceConfig;
    into with_voice voice: String;
}}

/// `MultiSpeakerVoiceConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MultiSpeakerVoiceConfig {
    /// `speakerVoiceConfigs`.
    pub speaker_voice_configs: Option<Vec<SpeakerVoiceConfig>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { MultiSpeakerVoiceConfig {
    opt speaker_voice_configs = "speakerVoiceConfigs" | "speaker_voice_configs";
}}

setters! { MultiSpeakerVoiceConfig {
    plain with_speaker_voice_configs speaker_voice_configs: Vec<SpeakerVoiceConfig>;
}}

/// How hard the model thinks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ThinkingLevel {
    /// `THINKING_LEVEL_UNSPECIFIED`.
    ThinkingLevelUnspecified,
    /// `MINIMAL`.
    Minimal,
    /// `LOW`.
    Low,
    /// `MEDIUM`.
    Medium,
    /// `HIGH`.
    High,
    /// `XHIGH`.
    Xhigh,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ThinkingLevel {
    ThinkingLevelUnspecified = "THINKING_LEVEL_UNSPECIFIED",
    Minimal = "MINIMAL",
    Low = "LOW",
    Medium = "MEDIUM",
    High = "HIGH",
    Xhigh = "XHIGH",
}}

/// `AudioResponseFormat`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioResponseFormat {
    /// `bitRate`.
    pub bit_rate: Option<i64>,
    /// `delivery`.
    pub delivery: Option<Delivery>,
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// `sampleRate`.
    pub sample_rate: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AudioResponseFormat {
    opt bit_rate = "bitRate" | "bit_rate";
    opt delivery = "delivery";
    opt mime_type = "mimeType" | "mime_type";
    opt sample_rate = "sampleRate" | "sample_rate";
}}

setters! { AudioResponseFormat {
    into with_delivery delivery: Delivery;
    into with_mime_type mime_type: String;
    plain with_bit_rate bit_rate: i64;
    plain with_sample_rate sample_rate: i64;
}}

/// `ImageResponseFormat`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageResponseFormat {
    /// `aspectRatio`.
    pub aspect_ratio: Option<AspectRatio>,
    /// `delivery`.
    pub delivery: Option<Delivery>,
    /// `imageSize`.
    pub image_size: Option<ImageSize>,
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ImageResponseFormat {
    opt aspect_ratio = "aspectRatio" | "aspect_ratio";
    opt delivery = "delivery";
    opt image_size = "imageSize" | "image_size";
    opt mime_type = "mimeType" | "mime_type";
}}

setters! { ImageResponseFormat {
    into with_aspect_ratio aspect_ratio: AspectRatio;
    into with_delivery delivery: Delivery;
    into with_image_size image_size: ImageSize;
    into with_mime_type mime_type: String;
}}

/// `TextResponseFormat`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextResponseFormat {
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// `schema`.
    pub schema: Option<serde_json::Value>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TextResponseFormat {
    opt mime_type = "mimeType" | "mime_type";
    opt schema = "schema";
}}

setters! { TextResponseFormat {
    into with_mime_type mime_type: String;
    plain with_schema schema: serde_json::Value;
}}

/// `VideoResponseFormat`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VideoResponseFormat {
    /// `aspectRatio`.
    pub aspect_ratio: Option<AspectRatio>,
    /// `delivery`.
    pub delivery: Option<Delivery>,
    /// `duration`.
    pub duration: Option<String>,
    /// `gcsUri`.
    pub gcs_uri: Option<String>,
    /// `resolution`.
    pub resolution: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VideoResponseFormat {
    opt aspect_ratio = "aspectRatio" | "aspect_ratio";
    opt delivery = "delivery";
    opt duration = "duration";
    opt gcs_uri = "gcsUri" | "gcs_uri";
    opt resolution = "resolution";
}}

setters! { VideoResponseFormat {
    into with_aspect_ratio aspect_ratio: AspectRatio;
    into with_delivery delivery: Delivery;
    into with_duration duration: String;
    into with_gcs_uri gcs_uri: String;
    into with_resolution resolution: String;
}}

/// How readily speech is heard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartSensitivity {
    /// `START_SENSITIVITY_UNSPECIFIED`.
    Unspecified,
    /// `START_SENSITIVITY_HIGH`.
    High,
    /// `START_SENSITIVITY_LOW`.
    Low,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { StartSensitivity {
    Unspecified = "START_SENSITIVITY_UNSPECIFIED",
    High = "START_SENSITIVITY_HIGH",
    Low = "START_SENSITIVITY_LOW",
}}

/// How readily silence is heard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndSensitivity {
    /// `END_SENSITIVITY_UNSPECIFIED`.
    Unspecified,
    /// `END_SENSITIVITY_HIGH`.
    High,
    /// `END_SENSITIVITY_LOW`.
    Low,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { EndSensitivity {
    Unspecified = "END_SENSITIVITY_UNSPECIFIED",
    High = "END_SENSITIVITY_HIGH",
    Low = "END_SENSITIVITY_LOW",
}}

/// `ReplicatedVoiceConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplicatedVoiceConfig {
    /// MIME type; audio carries its rate, as in `audio/pcm;rate=16000`.
    pub mime_type: Option<String>,
    /// `voiceSampleAudio`.
    pub voice_sample_audio: Option<String>,
    /// Developer API only.
    pub consent_audio: Option<String>,
    /// Proof of consent to a replicated voice. Developer API only.
    pub voice_consent_signature: Option<VoiceConsentSignature>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ReplicatedVoiceConfig {
    opt mime_type = "mimeType" | "mime_type";
    opt voice_sample_audio = "voiceSampleAudio" | "voice_sample_audio";
    opt consent_audio = "consentAudio" | "consent_audio";
    opt voice_consent_signature = "voiceConsentSignature" | "voice_consent_signature";
}}

setters! { ReplicatedVoiceConfig {
    into with_mime_type mime_type: String;
    into with_voice_sample_audio voice_sample_audio: String;
    into with_consent_audio consent_audio: String;
    into with_voice_consent_signature voice_consent_signature: VoiceConsentSignature;
}}

/// `PrebuiltVoiceConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PrebuiltVoiceConfig {
    /// Name of the voice.
    pub voice_name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { PrebuiltVoiceConfig {
    opt voice_name = "voiceName" | "voice_name";
}}

setters! { PrebuiltVoiceConfig {
    into with_voice_name voice_name: String;
}}

/// `SpeakerVoiceConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpeakerVoiceConfig {
    /// `speaker`.
    pub speaker: Option<String>,
    /// The voice.
    pub voice_config: Option<VoiceConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SpeakerVoiceConfig {
    opt speaker = "speaker";
    opt voice_config = "voiceConfig" | "voice_config";
}}

setters! { SpeakerVoiceConfig {
    into with_speaker speaker: String;
    into with_voice_config voice_config: VoiceConfig;
}}

/// `Delivery`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// `DELIVERY_UNSPECIFIED`.
    DeliveryUnspecified,
    /// `INLINE`.
    Inline,
    /// `URI`.
    Uri,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Delivery {
    DeliveryUnspecified = "DELIVERY_UNSPECIFIED",
    Inline = "INLINE",
    Uri = "URI",
}}

/// `AspectRatio`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AspectRatio {
    /// `ASPECT_RATIO_UNSPECIFIED`.
    Unspecified,
    /// `ASPECT_RATIO_ONE_BY_ONE`.
    OneByOne,
    /// `ASPECT_RATIO_TWO_BY_THREE`.
    TwoByThree,
    /// `ASPECT_RATIO_THREE_BY_TWO`.
    ThreeByTwo,
    /// `ASPECT_RATIO_THREE_BY_FOUR`.
    ThreeByFour,
    /// `ASPECT_RATIO_FOUR_BY_THREE`.
    FourByThree,
    /// `ASPECT_RATIO_FOUR_BY_FIVE`.
    FourByFive,
    /// `ASPECT_RATIO_FIVE_BY_FOUR`.
    FiveByFour,
    /// `ASPECT_RATIO_NINE_BY_SIXTEEN`.
    NineBySixteen,
    /// `ASPECT_RATIO_SIXTEEN_BY_NINE`.
    SixteenByNine,
    /// `ASPECT_RATIO_TWENTY_ONE_BY_NINE`.
    TwentyOneByNine,
    /// `ASPECT_RATIO_ONE_BY_EIGHT`.
    OneByEight,
    /// `ASPECT_RATIO_EIGHT_BY_ONE`.
    EightByOne,
    /// `ASPECT_RATIO_ONE_BY_FOUR`.
    OneByFour,
    /// `ASPECT_RATIO_FOUR_BY_ONE`.
    FourByOne,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { AspectRatio {
    Unspecified = "ASPECT_RATIO_UNSPECIFIED",
    OneByOne = "ASPECT_RATIO_ONE_BY_ONE",
    TwoByThree = "ASPECT_RATIO_TWO_BY_THREE",
    ThreeByTwo = "ASPECT_RATIO_THREE_BY_TWO",
    ThreeByFour = "ASPECT_RATIO_THREE_BY_FOUR",
    FourByThree = "ASPECT_RATIO_FOUR_BY_THREE",
    FourByFive = "ASPECT_RATIO_FOUR_BY_FIVE",
    FiveByFour = "ASPECT_RATIO_FIVE_BY_FOUR",
    NineBySixteen = "ASPECT_RATIO_NINE_BY_SIXTEEN",
    SixteenByNine = "ASPECT_RATIO_SIXTEEN_BY_NINE",
    TwentyOneByNine = "ASPECT_RATIO_TWENTY_ONE_BY_NINE",
    OneByEight = "ASPECT_RATIO_ONE_BY_EIGHT",
    EightByOne = "ASPECT_RATIO_EIGHT_BY_ONE",
    OneByFour = "ASPECT_RATIO_ONE_BY_FOUR",
    FourByOne = "ASPECT_RATIO_FOUR_BY_ONE",
}}

/// `ImageSize`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageSize {
    /// `IMAGE_SIZE_UNSPECIFIED`.
    Unspecified,
    /// `IMAGE_SIZE_FIVE_TWELVE`.
    FiveTwelve,
    /// `IMAGE_SIZE_ONE_K`.
    OneK,
    /// `IMAGE_SIZE_TWO_K`.
    TwoK,
    /// `IMAGE_SIZE_FOUR_K`.
    FourK,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ImageSize {
    Unspecified = "IMAGE_SIZE_UNSPECIFIED",
    FiveTwelve = "IMAGE_SIZE_FIVE_TWELVE",
    OneK = "IMAGE_SIZE_ONE_K",
    TwoK = "IMAGE_SIZE_TWO_K",
    FourK = "IMAGE_SIZE_FOUR_K",
}}

/// `VoiceConsentSignature`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VoiceConsentSignature {
    /// `signature`.
    pub signature: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VoiceConsentSignature {
    opt signature = "signature";
}}

setters! { VoiceConsentSignature {
    into with_signature signature: String;
}}
