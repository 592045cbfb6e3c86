//! What a session should be, in neutral words. Total: each field is sent or refused.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AudioFormat, ToolChoice, ToolSpec, text::Hidden};

/// What the model answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutputModality {
    /// Speech, with its transcript.
    Audio,
    /// Text only.
    Text,
}

/// How keenly a semantic detector ends the user's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Eagerness {
    /// Lets the user take their time.
    Low,
    /// In between.
    Medium,
    /// Answers as soon as it can.
    High,
    /// As the provider sees fit.
    Auto,
}

/// Who decides when the user has finished. `None` in an inner field means the provider's default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TurnDetection {
    /// The caller does, by commit and create, or by activity marks.
    Manual,
    /// The server does, by energy.
    ServerVad {
        /// Activation threshold, 0 to 1.
        threshold: Option<f64>,
        /// Audio kept from before speech was noticed.
        prefix_padding: Option<Duration>,
        /// Silence that ends a turn.
        silence: Option<Duration>,
        /// Whether the end of a turn starts a response.
        create_response: Option<bool>,
        /// Whether the user's speech interrupts the model.
        interrupt_response: Option<bool>,
        /// Silence after which the server speaks up by itself.
        idle_timeout: Option<Duration>,
    },
    /// The server does, by meaning.
    SemanticVad {
        /// How keenly.
        eagerness: Option<Eagerness>,
        /// Whether the end of a turn starts a response.
        create_response: Option<bool>,
        /// Whether the user's speech interrupts the model.
        interrupt_response: Option<bool>,
    },
}

impl TurnDetection {
    /// Detection by energy with the provider's own settings.
    pub const fn server_vad() -> Self {
        Self::ServerVad {
            threshold: None,
            prefix_padding: None,
            silence: None,
            create_response: None,
            interrupt_response: None,
            idle_timeout: None,
        }
    }

    /// Whether the server decides.
    pub const fn is_automatic(&self) -> bool {
        !matches!(self, Self::Manual)
    }
}

/// Transcription of what the user says.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputTranscription {
    /// The transcription model, where the provider lets one choose.
    pub model: Option<String>,
    /// The spoken language, as an ISO-639-1 code.
    pub language: Option<String>,
    /// Words to expect.
    pub prompt: Option<String>,
}

/// Content stays out of debug output: of the prompt only the size is shown.
impl fmt::Debug for InputTranscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputTranscription")
            .field("model", &self.model)
            .field("language", &self.language)
            .field("prompt", &Hidden::text(self.prompt.as_ref()))
            .finish()
    }
}

/// Cleaning of the user's audio before it is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoiseReduction {
    /// A microphone near the mouth, such as a headset.
    NearField,
    /// A microphone in the room, such as a laptop's.
    FarField,
}

/// The desired state of a session.
///
/// A field that is `None` (or empty) is not sent and means the provider's default. A field that is
/// set is sent, or the session refuses to be built with [`Unsupported`](crate::Unsupported).
///
/// ```
/// use antiphon_protocol::{SessionConfig, TurnDetection};
///
/// let config = SessionConfig::new("gpt-realtime")
///     .instructions("Answer in one sentence.")
///     .voice("marin")
///     .turn_detection(TurnDetection::server_vad());
/// assert_eq!(config.voice.as_deref(), Some("marin"));
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The model, as the provider names it.
    pub model: String,
    /// What the model is told to be and do.
    pub instructions: Option<String>,
    /// The voice, as the provider names it.
    pub voice: Option<String>,
    /// Speech or text.
    pub output: Option<OutputModality>,
    /// Format of the audio the caller sends. The session always has one: see [`Self::input_format`].
    pub input_format: Option<AudioFormat>,
    /// Format of the audio the model sends.
    pub output_format: Option<AudioFormat>,
    /// Who decides when the user has finished.
    pub turn_detection: Option<TurnDetection>,
    /// Transcription of the user's speech.
    pub input_transcription: Option<InputTranscription>,
    /// Transcription of the model's speech, on wires where it must be asked for.
    pub output_transcription: Option<bool>,
    /// Cleaning of the user's audio.
    pub noise_reduction: Option<NoiseReduction>,
    /// The tools offered to the model.
    pub tools: Vec<ToolSpec>,
    /// Which tools the model may or must call.
    pub tool_choice: Option<ToolChoice>,
    /// Whether the model may call several tools at once.
    pub parallel_tool_calls: Option<bool>,
    /// Most tokens of one response.
    pub max_output_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Speed of speech; 1.0 is natural.
    pub speed: Option<f64>,
    /// The spoken language, as a BCP-47 code, on wires where it is set apart from instructions.
    pub language: Option<String>,
    /// Members of the provider's own session object, passed through verbatim. They win over the
    /// neutral fields they name.
    pub native: Map<String, Value>,
}

impl SessionConfig {
    /// A session with `model` and everything else at the provider's default.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            ..Self::default()
        }
    }

    /// Sets what the model is told to be and do.
    #[must_use]
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// Sets the voice.
    #[must_use]
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = Some(voice.into());
        self
    }

    /// Chooses speech or text.
    #[must_use]
    pub fn output(mut self, modality: OutputModality) -> Self {
        self.output = Some(modality);
        self
    }

    /// Sets the format of the audio the caller sends.
    #[must_use]
    pub fn input_format(mut self, format: AudioFormat) -> Self {
        self.input_format = Some(format);
        self
    }

    /// Sets the format of the audio the model sends.
    #[must_use]
    pub fn output_format(mut self, format: AudioFormat) -> Self {
        self.output_format = Some(format);
        self
    }

    /// Sets who decides when the user has finished.
    #[must_use]
    pub fn turn_detection(mut self, detection: TurnDetection) -> Self {
        self.turn_detection = Some(detection);
        self
    }

    /// Asks for transcription of the user's speech.
    #[must_use]
    pub fn input_transcription(mut self, transcription: InputTranscription) -> Self {
        self.input_transcription = Some(transcription);
        self
    }

    /// Offers a tool.
    #[must_use]
    pub fn tool(mut self, tool: ToolSpec) -> Self {
        self.tools.push(tool);
        self
    }

    /// Sets which tools the model may or must call.
    #[must_use]
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = Some(choice);
        self
    }

    /// Passes a member of the provider's own session object through.
    #[must_use]
    pub fn native(mut self, key: impl Into<String>, value: Value) -> Self {
        self.native.insert(key.into(), value);
        self
    }
}

/// Content stays out of debug output: instructions show their size, tools their names, and native
/// members their keys.
impl fmt::Debug for SessionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Destructured without a rest pattern, so that a new field cannot be forgotten here.
        let Self {
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
        } = self;
        let tools: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
        let native: Vec<&String> = native.keys().collect();
        f.debug_struct("SessionConfig")
            .field("model", model)
            .field("instructions", &Hidden::text(instructions.as_ref()))
            .field("voice", voice)
            .field("output", output)
            .field("input_format", input_format)
            .field("output_format", output_format)
            .field("turn_detection", turn_detection)
            .field("input_transcription", input_transcription)
            .field("output_transcription", output_transcription)
            .field("noise_reduction", noise_reduction)
            .field("tools", &tools)
            .field("tool_choice", tool_choice)
            .field("parallel_tool_calls", parallel_tool_calls)
            .field("max_output_tokens", max_output_tokens)
            .field("temperature", temperature)
            .field("speed", speed)
            .field("language", language)
            .field("native", &native)
            .finish()
    }
}
