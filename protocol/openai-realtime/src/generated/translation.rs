//! Translation sessions: speech in one language in, speech in another out, without turns.
//!
//! Generated from `schema/translation.wire` by `cargo xtask codegen`; change that file.

use super::server::ErrorEvent;
use super::session::NoiseReductionType;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// What a client sends in a translation session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TranslationClientEvent {
    /// `session.update`: Changes the configuration; only what is set changes.
    SessionUpdate(TranslationSessionUpdate),
    /// `session.input_audio_buffer.append`: Appends audio to translate.
    SessionInputAudioBufferAppend(TranslationAudioAppend),
    /// `session.close`: Translates what is left, then ends the session.
    SessionClose(TranslationSessionClose),
    /// A type that this enum does not name.
    Unknown(RawEvent),
    /// A type that this enum names, in a shape that does not fit it.
    Degraded(Box<Degraded>),
}

events! { TranslationClientEvent {
    "session.update" => SessionUpdate(TranslationSessionUpdate),
    "session.input_audio_buffer.append" => SessionInputAudioBufferAppend(TranslationAudioAppend),
    "session.close" => SessionClose(TranslationSessionClose),
}}

/// Changes the configuration; only what is set changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationSessionUpdate {
    /// The session.
    pub session: TranslationSessionConfig,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationSessionUpdate {
    tag "type" = "session.update";
    req session = "session";
    opt event_id = "event_id";
}}

impl TranslationSessionUpdate {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(session: impl Into<TranslationSessionConfig>) -> Self {
        Self {
            session: session.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

setters! { TranslationSessionUpdate {
    into with_event_id event_id: String;
}}

/// Appends audio to translate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationAudioAppend {
    /// Audio in base64, PCM16 at 24000 Hz.
    pub audio: String,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationAudioAppend {
    tag "type" = "session.input_audio_buffer.append";
    req audio = "audio";
    opt event_id = "event_id";
}}

impl TranslationAudioAppend {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(audio: impl Into<String>) -> Self {
        Self {
            audio: audio.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

setters! { TranslationAudioAppend {
    into with_event_id event_id: String;
}}

/// Translates what is left, then ends the session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationSessionClose {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationSessionClose {
    tag "type" = "session.close";
    opt event_id = "event_id";
}}

setters! { TranslationSessionClose {
    into with_event_id event_id: String;
}}

/// What may be configured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationSessionConfig {
    /// Audio in both directions.
    pub audio: Option<TranslationAudioConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationSessionConfig {
    opt audio = "audio";
}}

setters! { TranslationSessionConfig {
    into with_audio audio: TranslationAudioConfig;
}}

/// Audio in both directions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationAudioConfig {
    /// The speech to translate.
    pub input: Option<TranslationInputConfig>,
    /// The translation.
    pub output: Option<TranslationOutput>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationAudioConfig {
    opt input = "input";
    opt output = "output";
}}

setters! { TranslationAudioConfig {
    into with_input input: TranslationInputConfig;
    into with_output output: TranslationOutput;
}}

/// How the speech arrives and is understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationInputConfig {
    /// Filtering of the input; null switches it off.
    pub noise_reduction: Nullable<TranslationNoiseReduction>,
    /// Transcription of the input; null switches it off.
    pub transcription: Nullable<TranslationTranscription>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationInputConfig {
    nul noise_reduction = "noise_reduction";
    nul transcription = "transcription";
}}

setters! { TranslationInputConfig {
    into with_noise_reduction noise_reduction: TranslationNoiseReduction;
    into with_transcription transcription: TranslationTranscription;
}}

/// Filtering of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct TranslationNoiseReduction {
    /// Which kind it is.
    pub kind: NoiseReductionType,
    /// How strongly to filter.
    pub strength: Option<f64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationNoiseReduction {
    req kind = "type";
    opt strength = "strength";
}}

impl TranslationNoiseReduction {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(kind: impl Into<NoiseReductionType>) -> Self {
        Self {
            kind: kind.into(),
            strength: None,
            extra: Extra::new(),
        }
    }
}

setters! { TranslationNoiseReduction {
    plain with_strength strength: f64;
}}

/// Transcription of the input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationTranscription {
    /// The transcriber.
    pub model: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationTranscription {
    req model = "model";
}}

impl TranslationTranscription {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            extra: Extra::new(),
        }
    }
}

/// The translation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationOutput {
    /// Language to translate to.
    pub language: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationOutput {
    opt language = "language";
}}

setters! { TranslationOutput {
    into with_language language: String;
}}

/// What the service sends in a translation session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TranslationServerEvent {
    /// `error`: A command failed, or the service did.
    Error(ErrorEvent),
    /// `session.created`: The session is open; sent unasked, first.
    SessionCreated(Box<TranslationSessionCreated>),
    /// `session.updated`: The configuration after a change.
    SessionUpdated(Box<TranslationSessionUpdated>),
    /// `session.closed`: The session has ended.
    SessionClosed(TranslationSessionClosed),
    /// `session.input_transcript.delta`: The next words of the speech.
    SessionInputTranscriptDelta(TranslationInputTranscriptDelta),
    /// `session.output_transcript.delta`: The next words of the translation.
    SessionOutputTranscriptDelta(TranslationOutputTranscriptDelta),
    /// `session.output_audio.delta`: The next piece of translated speech.
    SessionOutputAudioDelta(TranslationOutputAudioDelta),
    /// A type that this enum does not name.
    Unknown(RawEvent),
    /// A type that this enum names, in a shape that does not fit it.
    Degraded(Box<Degraded>),
}

events! { TranslationServerEvent {
    "error" => Error(ErrorEvent),
    "session.created" => SessionCreated(TranslationSessionCreated),
    "session.updated" => SessionUpdated(TranslationSessionUpdated),
    "session.closed" => SessionClosed(TranslationSessionClosed),
    "session.input_transcript.delta" => SessionInputTranscriptDelta(TranslationInputTranscriptDelta),
    "session.output_transcript.delta" => SessionOutputTranscriptDelta(TranslationOutputTranscriptDelta),
    "session.output_audio.delta" => SessionOutputAudioDelta(TranslationOutputAudioDelta),
}}

/// The session is open; sent unasked, first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationSessionCreated {
    /// The session.
    pub session: TranslationSession,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationSessionCreated {
    tag "type" = "session.created";
    req session = "session";
    opt event_id = "event_id";
}}

impl TranslationSessionCreated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(session: impl Into<TranslationSession>) -> Self {
        Self {
            session: session.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The configuration after a change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationSessionUpdated {
    /// The session.
    pub session: TranslationSession,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationSessionUpdated {
    tag "type" = "session.updated";
    req session = "session";
    opt event_id = "event_id";
}}

impl TranslationSessionUpdated {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(session: impl Into<TranslationSession>) -> Self {
        Self {
            session: session.into(),
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The session has ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationSessionClosed {
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationSessionClosed {
    tag "type" = "session.closed";
    opt event_id = "event_id";
}}

/// The next words of the speech.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationInputTranscriptDelta {
    /// The next piece.
    pub delta: String,
    /// Place in the session's audio, in ms.
    pub elapsed_ms: Option<u64>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationInputTranscriptDelta {
    tag "type" = "session.input_transcript.delta";
    req delta = "delta";
    opt elapsed_ms = "elapsed_ms";
    opt event_id = "event_id";
}}

impl TranslationInputTranscriptDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(delta: impl Into<String>) -> Self {
        Self {
            delta: delta.into(),
            elapsed_ms: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next words of the translation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationOutputTranscriptDelta {
    /// The next piece.
    pub delta: String,
    /// Place in the session's audio, in ms.
    pub elapsed_ms: Option<u64>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationOutputTranscriptDelta {
    tag "type" = "session.output_transcript.delta";
    req delta = "delta";
    opt elapsed_ms = "elapsed_ms";
    opt event_id = "event_id";
}}

impl TranslationOutputTranscriptDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(delta: impl Into<String>) -> Self {
        Self {
            delta: delta.into(),
            elapsed_ms: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// The next piece of translated speech.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationOutputAudioDelta {
    /// Audio in base64; its length varies.
    pub delta: String,
    /// Number of channels.
    pub channels: Option<u64>,
    /// Place in the session's audio, in ms.
    pub elapsed_ms: Option<u64>,
    /// `pcm16`.
    pub format: Option<String>,
    /// In Hz.
    pub sample_rate: Option<u64>,
    /// Identifier of this event: minted by its sender, named by an error.
    pub event_id: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationOutputAudioDelta {
    tag "type" = "session.output_audio.delta";
    req delta = "delta";
    opt channels = "channels";
    opt elapsed_ms = "elapsed_ms";
    opt format = "format";
    opt sample_rate = "sample_rate";
    opt event_id = "event_id";
}}

impl TranslationOutputAudioDelta {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(delta: impl Into<String>) -> Self {
        Self {
            delta: delta.into(),
            channels: None,
            elapsed_ms: None,
            format: None,
            sample_rate: None,
            event_id: None,
            extra: Extra::new(),
        }
    }
}

/// A translation session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationSession {
    /// The service's identifier.
    pub id: String,
    /// Audio in both directions.
    pub audio: TranslationAudio,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// The model.
    pub model: String,
    /// Additional output, as observed.
    pub include: Option<serde_json::Value>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationSession {
    tag "type" = "translation";
    req id = "id";
    req audio = "audio";
    req expires_at = "expires_at";
    req model = "model";
    opt include = "include";
}}

impl TranslationSession {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        audio: impl Into<TranslationAudio>,
        expires_at: u64,
        model: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            audio: audio.into(),
            expires_at,
            model: model.into(),
            include: None,
            extra: Extra::new(),
        }
    }
}

/// Audio in both directions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationAudio {
    /// The speech to translate.
    pub input: Option<TranslationInput>,
    /// The translation.
    pub output: Option<TranslationOutput>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationAudio {
    opt input = "input";
    opt output = "output";
}}

/// How the speech is understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationInput {
    /// Filtering of the input; null switches it off.
    pub noise_reduction: Option<TranslationNoiseReduction>,
    /// Transcription of the input; null switches it off.
    pub transcription: Option<TranslationTranscription>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationInput {
    opt noise_reduction = "noise_reduction";
    opt transcription = "transcription";
}}
