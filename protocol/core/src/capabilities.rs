//! What a provider and model can do, known before the call, as data.

use std::{borrow::Cow, time::Duration};

use serde::Serialize;

use crate::{AudioFormat, ContextKind, SessionConfig};

/// A field of [`SessionConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConfigField {
    /// `model`
    Model,
    /// `instructions`
    Instructions,
    /// `voice`
    Voice,
    /// `output`
    Output,
    /// `input_format`
    InputFormat,
    /// `output_format`
    OutputFormat,
    /// `turn_detection`
    TurnDetection,
    /// `input_transcription`
    InputTranscription,
    /// `output_transcription`
    OutputTranscription,
    /// `noise_reduction`
    NoiseReduction,
    /// `tools`
    Tools,
    /// `tool_choice`
    ToolChoice,
    /// `parallel_tool_calls`
    ParallelToolCalls,
    /// `max_output_tokens`
    MaxOutputTokens,
    /// `temperature`
    Temperature,
    /// `speed`
    Speed,
    /// `language`
    Language,
    /// `native`
    Native,
}

impl ConfigField {
    /// The field's name, as it stands in [`SessionConfig`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Instructions => "instructions",
            Self::Voice => "voice",
            Self::Output => "output",
            Self::InputFormat => "input_format",
            Self::OutputFormat => "output_format",
            Self::TurnDetection => "turn_detection",
            Self::InputTranscription => "input_transcription",
            Self::OutputTranscription => "output_transcription",
            Self::NoiseReduction => "noise_reduction",
            Self::Tools => "tools",
            Self::ToolChoice => "tool_choice",
            Self::ParallelToolCalls => "parallel_tool_calls",
            Self::MaxOutputTokens => "max_output_tokens",
            Self::Temperature => "temperature",
            Self::Speed => "speed",
            Self::Language => "language",
            Self::Native => "native",
        }
    }

    /// The names of what `config` sets, and of each member of its `native` map. No values.
    pub fn names_in(config: &SessionConfig) -> Vec<String> {
        let native = config.native.keys().map(|key| format!("native.{key}"));
        let set = Self::set_in(config)
            .into_iter()
            .filter(|field| *field != Self::Native);
        set.map(|field| field.name().to_owned())
            .chain(native)
            .collect()
    }

    /// The fields in which two configurations differ, in declaration order.
    pub fn differing(one: &SessionConfig, other: &SessionConfig) -> Vec<Self> {
        // Destructured without a rest pattern, so that a new field cannot be forgotten here.
        let SessionConfig {
            model,
            instructions,
            voice,
            output,
            input_format,
            output_format,
            turn_detection,
            input_transcription,
            output_transcription,
            noise_reduction,
            tools,
            tool_choice,
            parallel_tool_calls,
            max_output_tokens,
            temperature,
            speed,
            language,
            native,
        } = one;
        [
            (Self::Model, *model == other.model),
            (Self::Instructions, *instructions == other.instructions),
            (Self::Voice, *voice == other.voice),
            (Self::Output, *output == other.output),
            (Self::InputFormat, *input_format == other.input_format),
            (Self::OutputFormat, *output_format == other.output_format),
            (Self::TurnDetection, *turn_detection == other.turn_detection),
            (
                Self::InputTranscription,
                *input_transcription == other.input_transcription,
            ),
            (
                Self::OutputTranscription,
                *output_transcription == other.output_transcription,
            ),
            (
                Self::NoiseReduction,
                *noise_reduction == other.noise_reduction,
            ),
            (Self::Tools, *tools == other.tools),
            (Self::ToolChoice, *tool_choice == other.tool_choice),
            (
                Self::ParallelToolCalls,
                *parallel_tool_calls == other.parallel_tool_calls,
            ),
            (
                Self::MaxOutputTokens,
                *max_output_tokens == other.max_output_tokens,
            ),
            (Self::Temperature, *temperature == other.temperature),
            (Self::Speed, *speed == other.speed),
            (Self::Language, *language == other.language),
            (Self::Native, *native == other.native),
        ]
        .into_iter()
        .filter_map(|(field, same)| (!same).then_some(field))
        .collect()
    }

    /// The fields that `config` sets, in declaration order; the model is always set.
    pub fn set_in(config: &SessionConfig) -> Vec<Self> {
        // Destructured without a rest pattern, so that a new field cannot be forgotten here.
        let SessionConfig {
            model: _,
            instructions,
            voice,
            output,
            input_format,
            output_format,
            turn_detection,
            input_transcription,
            output_transcription,
            noise_reduction,
            tools,
            tool_choice,
            parallel_tool_calls,
            max_output_tokens,
            temperature,
            speed,
            language,
            native,
        } = config;
        [
            (Self::Model, true),
            (Self::Instructions, instructions.is_some()),
            (Self::Voice, voice.is_some()),
            (Self::Output, output.is_some()),
            (Self::InputFormat, input_format.is_some()),
            (Self::OutputFormat, output_format.is_some()),
            (Self::TurnDetection, turn_detection.is_some()),
            (Self::InputTranscription, input_transcription.is_some()),
            (Self::OutputTranscription, output_transcription.is_some()),
            (Self::NoiseReduction, noise_reduction.is_some()),
            (Self::Tools, !tools.is_empty()),
            (Self::ToolChoice, tool_choice.is_some()),
            (Self::ParallelToolCalls, parallel_tool_calls.is_some()),
            (Self::MaxOutputTokens, max_output_tokens.is_some()),
            (Self::Temperature, temperature.is_some()),
            (Self::Speed, speed.is_some()),
            (Self::Language, language.is_some()),
            (Self::Native, !native.is_empty()),
        ]
        .into_iter()
        .filter_map(|(field, set)| set.then_some(field))
        .collect()
    }

    /// The fields in which two configurations differ, in declaration order.
    pub fn changed(from: &SessionConfig, to: &SessionConfig) -> Vec<Self> {
        // Destructured without a rest pattern, so that a new field cannot be forgotten here.
        let SessionConfig {
            model,
            instructions,
            voice,
            output,
            input_format,
            output_format,
            turn_detection,
            input_transcription,
            output_transcription,
            noise_reduction,
            tools,
            tool_choice,
            parallel_tool_calls,
            max_output_tokens,
            temperature,
            speed,
            language,
            native,
        } = from;
        [
            (Self::Model, *model != to.model),
            (Self::Instructions, *instructions != to.instructions),
            (Self::Voice, *voice != to.voice),
            (Self::Output, *output != to.output),
            (Self::InputFormat, *input_format != to.input_format),
            (Self::OutputFormat, *output_format != to.output_format),
            (Self::TurnDetection, *turn_detection != to.turn_detection),
            (
                Self::InputTranscription,
                *input_transcription != to.input_transcription,
            ),
            (
                Self::OutputTranscription,
                *output_transcription != to.output_transcription,
            ),
            (Self::NoiseReduction, *noise_reduction != to.noise_reduction),
            (Self::Tools, *tools != to.tools),
            (Self::ToolChoice, *tool_choice != to.tool_choice),
            (
                Self::ParallelToolCalls,
                *parallel_tool_calls != to.parallel_tool_calls,
            ),
            (
                Self::MaxOutputTokens,
                *max_output_tokens != to.max_output_tokens,
            ),
            (Self::Temperature, *temperature != to.temperature),
            (Self::Speed, *speed != to.speed),
            (Self::Language, *language != to.language),
            (Self::Native, *native != to.native),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }
}

/// What tells that a command has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipts {
    /// Nothing: a command is written and never heard of again.
    Written,
    /// Refusals name the command; some successes are acknowledged.
    Refusals,
    /// Each command is acknowledged or refused.
    Each,
}

/// Whether a new connection can continue an old conversation by a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// It cannot; history is replayed.
    None,
    /// By a handle that the server updates.
    Handle,
    /// By a handle, and the server says up to which message it had read.
    TransparentHandle,
}

/// How the model goes on after tool results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUp {
    /// A response must be asked for.
    Explicit,
    /// By itself.
    Automatic,
}

/// What drives the provider's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InputClock {
    /// Its own; audio may pause.
    Free,
    /// The caller's audio; silence must be sent when there is none.
    Continuous,
}

/// Who may decide when the user has finished: the kinds of
/// [`TurnDetection`](crate::TurnDetection).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TurnDetector {
    /// The caller.
    Manual,
    /// The server, by energy.
    ServerVad,
    /// The server, by meaning.
    SemanticVad,
    /// The model itself, which has no turns to configure.
    Model,
}

/// Where the words of speech can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transcripts {
    /// There are none.
    Never,
    /// When the configuration asks for them.
    OnRequest,
    /// They always come.
    Always,
}

/// What happens to calls while somebody speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolsDuringSpeech {
    /// The model waits for the answer; the user's speech cancels nothing.
    Waits,
    /// The provider may cancel calls when the user speaks.
    Cancels,
    /// Tools may be declared non-blocking: the talk goes on while they run.
    NonBlocking,
}

/// How long things may last and how big they may be. `None` means not stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SessionLimits {
    /// Life of a conversation.
    pub session: Option<Duration>,
    /// Life of one connection.
    pub connection: Option<Duration>,
    /// Largest message the provider takes, in bytes.
    pub message_bytes: Option<u64>,
}

/// How much history a new session can be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SeedLimits {
    /// Most items; 0 means that none can be given.
    pub items: usize,
    /// Most bytes of text in all.
    pub bytes: usize,
}

/// What a provider's model can do. Data with a source and a date; a caller may override it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// The document or recording this was read from, and when.
    pub source: Cow<'static, str>,
    /// The fields of `SessionConfig` that can be sent.
    pub fields: Cow<'static, [ConfigField]>,
    /// Those that can change while the connection lives.
    pub live_fields: Cow<'static, [ConfigField]>,
    /// Formats the caller may send; the first is the default.
    pub input_formats: Cow<'static, [AudioFormat]>,
    /// Formats the model may send; the first is the default.
    pub output_formats: Cow<'static, [AudioFormat]>,
    /// Whether an item can be shortened to what was heard.
    pub truncate: bool,
    /// Whether a response can be asked for; else the model alone decides when it speaks, and text
    /// from the user is answered by itself.
    pub create_response: bool,
    /// Whether a response can be cancelled.
    pub cancel: bool,
    /// Whether items can be removed.
    pub delete_items: bool,
    /// Whether only one response may run at a time.
    pub single_response: bool,
    /// Whether a response can be asked for only once every call of the last one is answered.
    pub answers_first: bool,
    /// Whether the server itself cancels its response when the user speaks.
    pub server_interrupts: bool,
    /// Whether the wire has frames for turns; else they are derived.
    pub server_turns: bool,
    /// Whether the model listens while it speaks.
    pub full_duplex: bool,
    /// What tells that a command has arrived.
    pub receipts: Receipts,
    /// Whether a new connection can continue by a handle.
    pub resume: Resume,
    /// Whether two connections may be open at once.
    pub overlap: bool,
    /// How the model goes on after tool results.
    pub follow_up: FollowUp,
    /// What drives the provider's clock.
    pub input_clock: InputClock,
    /// Who may decide when the user has finished; the first is the default.
    pub turn_detectors: Cow<'static, [TurnDetector]>,
    /// What the user said, as text.
    pub input_transcripts: Transcripts,
    /// What the model said, as text.
    pub output_transcripts: Transcripts,
    /// What happens to calls while somebody speaks.
    pub tools_during_speech: ToolsDuringSpeech,
    /// The ways in which context can be given without speech.
    pub contexts: Cow<'static, [ContextKind]>,
    /// Whether the model delegates work to the caller.
    pub delegations: bool,
    /// Whether it can see still images.
    pub images: bool,
    /// Whether it can watch a camera or a screen.
    pub video: bool,
    /// Whether it can answer in text only.
    pub text_output: bool,
    /// Least audio that can be committed.
    pub min_commit: Duration,
    /// How long the provider may take to say goodbye.
    pub close_drain: Duration,
    /// Silence after which a peer that owes nothing is taken for dead.
    pub liveness: Duration,
    /// How much history a new session can be given.
    pub seed_limits: SeedLimits,
    /// Whether that history may hold a call whose answer comes later.
    pub seed_open_calls: bool,
    /// How long things may last and how big they may be.
    pub limits: SessionLimits,
}

impl Capabilities {
    /// A cautious provider that can do nothing special; adjust what differs.
    pub fn minimal(source: impl Into<Cow<'static, str>>) -> Self {
        Self {
            source: source.into(),
            fields: Cow::Borrowed(&[ConfigField::Model]),
            live_fields: Cow::Borrowed(&[]),
            input_formats: Cow::Borrowed(&[AudioFormat::PCM16_24K]),
            output_formats: Cow::Borrowed(&[AudioFormat::PCM16_24K]),
            truncate: false,
            create_response: true,
            cancel: false,
            delete_items: false,
            single_response: true,
            answers_first: false,
            server_interrupts: false,
            server_turns: true,
            full_duplex: false,
            receipts: Receipts::Written,
            resume: Resume::None,
            overlap: false,
            follow_up: FollowUp::Automatic,
            input_clock: InputClock::Free,
            turn_detectors: Cow::Borrowed(&[TurnDetector::ServerVad]),
            input_transcripts: Transcripts::Never,
            output_transcripts: Transcripts::Never,
            tools_during_speech: ToolsDuringSpeech::Waits,
            contexts: Cow::Borrowed(&[]),
            delegations: false,
            images: false,
            video: false,
            text_output: false,
            min_commit: Duration::ZERO,
            close_drain: Duration::ZERO,
            liveness: Duration::from_secs(60),
            seed_limits: SeedLimits::default(),
            seed_open_calls: false,
            limits: SessionLimits::default(),
        }
    }

    /// Format of the caller's audio under `config`.
    pub fn input_format(&self, config: &SessionConfig) -> AudioFormat {
        config
            .input_format
            .or_else(|| self.input_formats.first().copied())
            .unwrap_or(AudioFormat::PCM16_24K)
    }

    /// Format of the model's audio under `config`.
    pub fn output_format(&self, config: &SessionConfig) -> AudioFormat {
        config
            .output_format
            .or_else(|| self.output_formats.first().copied())
            .unwrap_or(AudioFormat::PCM16_24K)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_fields_are_named_in_order() {
        let from = SessionConfig::new("m").voice("v").instructions("i");
        let to = SessionConfig::new("n").voice("w").instructions("i");
        assert_eq!(
            ConfigField::changed(&from, &to),
            [ConfigField::Model, ConfigField::Voice]
        );
        assert_eq!(ConfigField::changed(&from, &from), []);
    }

    #[test]
    fn differing_fields_are_named_in_order() {
        let one = SessionConfig::new("m").voice("v");
        let other = SessionConfig::new("m").voice("w").instructions("i");
        assert_eq!(
            ConfigField::differing(&one, &other),
            [ConfigField::Instructions, ConfigField::Voice]
        );
        assert!(ConfigField::differing(&one, &one.clone()).is_empty());
    }

    #[test]
    fn set_fields_are_named_in_order() {
        let config = SessionConfig::new("m").voice("v").instructions("i");
        assert_eq!(
            ConfigField::set_in(&config),
            [
                ConfigField::Model,
                ConfigField::Instructions,
                ConfigField::Voice
            ]
        );
    }
}
