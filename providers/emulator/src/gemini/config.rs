//! The configuration of a session: what `setup` says and `contextUpdate` replaces.

use antiphon_gemini_live_types::{
    Behavior, Content, ContextUpdate, EndSensitivity, GenerationConfig, Int64, RealtimeInputConfig,
    Setup, StartSensitivity, ThinkingLevel, Tool,
};
use antiphon_protocol::Secret;
use serde_json::Value;

use super::{Settings, model::Model, refusal::Refusal, usage::Tokens};
use crate::vad::VadSettings;

/// Quiet that ends a turn when `setup` gives no duration, by sensitivity, in milliseconds.
const SILENCE: (u64, u64) = (500, 800);
/// Speech that begins a turn when `setup` gives no duration, in milliseconds.
const PREFIX: u64 = 20;
/// The longest durations that are taken, in milliseconds.
const MAX_MS: i64 = 60_000;
/// Tokens that bring compression on when `setup` gives no number: four fifths of the window.
const TRIGGER: u64 = 104_857;

/// The configuration.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) model: Model,
    /// Whether answers are text.
    pub(super) text: bool,
    instructions: Tokens,
    pub(super) tools: Vec<Declared>,
    pub(super) transcribes_input: bool,
    pub(super) transcribes_output: bool,
    pub(super) thoughts: bool,
    /// How the caller's turns are found; nothing when the client says when they begin and end.
    pub(super) detection: Option<Detection>,
    /// Whether the caller's activity interrupts the model.
    pub(super) interrupts: bool,
    pub(super) signals_activity: bool,
    pub(super) compression: Option<Compression>,
    pub(super) resumption: Option<Resume>,
    /// Whether content is history until the first complete turn.
    pub(super) history: bool,
}

/// A function that the client declared.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    /// Whether the model waits for the answer.
    pub(super) blocking: bool,
    /// The schema of its arguments, as JSON Schema.
    pub(super) schema: Value,
    tokens: Tokens,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Detection {
    pub(super) vad: VadSettings,
    /// How long speech must last before it counts, in milliseconds.
    pub(super) prefix_ms: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Compression {
    pub(super) trigger: u64,
    pub(super) target: u64,
}

/// What `sessionResumption` asks for.
#[derive(Clone, Debug)]
pub(super) struct Resume {
    pub(super) handle: Option<Secret>,
    pub(super) transparent: bool,
}

impl Config {
    /// Reads `setup`.
    ///
    /// # Errors
    /// When the service would not open such a session.
    pub(super) fn read(setup: &Setup, settings: &Settings) -> Result<Self, Refusal> {
        let model = Model::read(&setup.model, settings.service, &settings.version)?;
        let generation = setup.generation_config.as_deref();
        let realtime = setup.realtime_input_config.as_ref();
        check_thinking(&model, generation, settings)?;
        let handling = realtime.and_then(|config| config.activity_handling.as_ref());
        let thinking = generation.and_then(|config| config.thinking_config.as_ref());
        let resumption = setup.session_resumption.as_ref().map(|resumption| Resume {
            handle: resumption
                .handle
                .as_ref()
                .map(|handle| Secret::from(handle.expose()))
                .filter(|handle| !handle.is_empty()),
            transparent: resumption.transparent == Some(true),
        });
        let history = setup.history_config.as_ref();
        Ok(Self {
            text: reads_text(&model, generation)?,
            instructions: tokens_of(setup.system_instruction.as_ref()),
            tools: read_tools(&model, setup.tools.as_deref(), "setup.tools")?,
            transcribes_input: setup.input_audio_transcription.is_some(),
            transcribes_output: setup.output_audio_transcription.is_some(),
            thoughts: thinking.and_then(|config| config.include_thoughts) == Some(true),
            detection: detection(realtime, settings)?,
            interrupts: handling.is_none_or(|handling| handling.as_str() != "NO_INTERRUPTION"),
            signals_activity: setup.explicit_vad_signal == Some(true),
            compression: compression(setup)?,
            resumption,
            history: history.and_then(|config| config.initial_history_in_client_content)
                == Some(true),
            model,
        })
    }

    /// Carries out a `contextUpdate`: what it names is replaced, the rest stays.
    ///
    /// # Errors
    /// When the model has no such update, or it names nothing.
    pub(super) fn update(&mut self, update: &ContextUpdate) -> Result<(), Refusal> {
        if !self.model.updates_context() {
            return Err(Refusal::invalid(
                "contextUpdate is not supported by this model.",
            ));
        }
        if update.system_instruction.is_none() && update.tools.is_none() {
            let reason = "context_update must have system_instruction or tools.";
            return Err(Refusal::invalid(reason));
        }
        if let Some(tools) = &update.tools {
            let path = "context_update.tools.tools";
            self.tools = read_tools(&self.model, tools.tools.as_deref(), path)?;
        }
        if update.system_instruction.is_some() {
            self.instructions = tokens_of(update.system_instruction.as_ref());
        }
        Ok(())
    }

    pub(super) fn tool(&self, name: &str) -> Option<&Declared> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// What the model reads before the conversation.
    pub(super) fn tokens(&self) -> Tokens {
        let tools = self.tools.iter();
        tools.fold(self.instructions, |sum, tool| sum + tool.tokens)
    }
}

/// Whether answers are text.
fn reads_text(model: &Model, generation: Option<&GenerationConfig>) -> Result<bool, Refusal> {
    let path = "setup.generation_config.response_modalities";
    let modalities = generation.and_then(|config| config.response_modalities.as_deref());
    match modalities.unwrap_or_default() {
        [] => Ok(false),
        [modality] => match modality.as_str() {
            "AUDIO" | "MODALITY_UNSPECIFIED" => Ok(false),
            "TEXT" if !model.only_speaks() => Ok(true),
            other => Err(Refusal::invalid(format!(
                "The model does not support the response modality {other} in '{path}'."
            ))),
        },
        _ => Err(Refusal::invalid(format!(
            "Only one response modality can be given in '{path}'."
        ))),
    }
}

fn check_thinking(
    model: &Model,
    generation: Option<&GenerationConfig>,
    settings: &Settings,
) -> Result<(), Refusal> {
    let path = "setup.generation_config.thinking_config.thinking_level";
    let thinking = generation.and_then(|config| config.thinking_config.as_ref());
    let level = thinking.and_then(|config| config.thinking_level.as_ref());
    let level = level.map(ThinkingLevel::as_str);
    match level.filter(|level| *level != "THINKING_LEVEL_UNSPECIFIED") {
        None if model.thinks_at_length() => Err(Refusal::invalid(format!(
            "'{path}' is required for this model."
        ))),
        Some("MINIMAL") if model.thinks_at_length() => Err(Refusal::invalid(format!(
            "MINIMAL is not supported by this model in '{path}'."
        ))),
        Some(_) if model.refuses_thinking_level(settings.service) => Err(Refusal::invalid(
            format!("'{path}' is not supported by this model."),
        )),
        _ => Ok(()),
    }
}

fn read_tools(model: &Model, tools: Option<&[Tool]>, path: &str) -> Result<Vec<Declared>, Refusal> {
    let mut declared: Vec<Declared> = Vec::new();
    for (index, tool) in tools.unwrap_or_default().iter().enumerate() {
        let functions = tool.function_declarations.as_deref().unwrap_or_default();
        for (at, function) in functions.iter().enumerate() {
            let path = format!("{path}[{index}].function_declarations[{at}]");
            let name = function.name.as_deref().unwrap_or_default();
            if !is_function_name(name) {
                let reason = format!("Invalid function name in '{path}.name'.");
                return Err(Refusal::invalid(reason));
            }
            if declared.iter().any(|other| other.name == name) {
                let reason = format!("Duplicate function declaration found in '{path}': {name}");
                return Err(Refusal::invalid(reason));
            }
            let blocking = match &function.behavior {
                Some(Behavior::Blocking) => true,
                Some(Behavior::NonBlocking) => false,
                _ => model.blocks_by_default(),
            };
            if blocking && model.thinks_at_length() {
                let reason = format!("Only NON_BLOCKING is supported in '{path}.behavior'.");
                return Err(Refusal::invalid(reason));
            }
            let schema = function.parameters_json_schema.clone();
            let schema = schema.or_else(|| serde_json::to_value(&function.parameters).ok());
            declared.push(Declared {
                name: name.to_owned(),
                blocking,
                schema: lower_types(schema.unwrap_or_default()),
                tokens: Tokens::of_text(&serde_json::to_string(function).unwrap_or_default()),
            });
        }
    }
    Ok(declared)
}

fn is_function_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    name.len() <= 128
        && name.chars().all(fits)
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// The OpenAPI dialect writes `STRING` where JSON Schema writes `string`.
fn lower_types(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(kind) if name == "type" => kind.make_ascii_lowercase(),
                    other => *other = lower_types(other.take()),
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                *value = lower_types(value.take());
            }
        }
        _ => {}
    }
    schema
}

fn detection(
    config: Option<&RealtimeInputConfig>,
    settings: &Settings,
) -> Result<Option<Detection>, Refusal> {
    let automatic = config.and_then(|config| config.automatic_activity_detection.as_ref());
    if automatic.and_then(|automatic| automatic.disabled) == Some(true) {
        return Ok(None);
    }
    let path = "setup.realtime_input_config.automatic_activity_detection";
    let millis = |name: &str, given: Option<i64>, otherwise: u64| match given {
        None => Ok(otherwise),
        Some(ms) => u64::try_from(ms)
            .ok()
            .filter(|_| ms <= MAX_MS)
            .ok_or_else(|| {
                Refusal::value(&format!("{path}.{name}"), "TYPE_INT32", &ms.to_string())
            }),
    };
    let by_service = settings.service == super::Service::Developer;
    let start = automatic.and_then(|automatic| automatic.start_of_speech_sensitivity.as_ref());
    let hears_readily = match start {
        Some(StartSensitivity::High) => true,
        Some(StartSensitivity::Low) => false,
        _ => by_service,
    };
    let end = automatic.and_then(|automatic| automatic.end_of_speech_sensitivity.as_ref());
    let ends_readily = match end {
        Some(EndSensitivity::High) => true,
        Some(EndSensitivity::Low) => false,
        _ => by_service,
    };
    let silence = if ends_readily { SILENCE.0 } else { SILENCE.1 };
    let silence_ms = automatic.and_then(|automatic| automatic.silence_duration_ms);
    let prefix_ms = automatic.and_then(|automatic| automatic.prefix_padding_ms);
    Ok(Some(Detection {
        vad: VadSettings {
            threshold: if hears_readily { 0.5 } else { 0.6 },
            prefix_ms: 0,
            silence_ms: millis("silence_duration_ms", silence_ms, silence)?,
        },
        prefix_ms: millis("prefix_padding_ms", prefix_ms, PREFIX)?,
    }))
}

fn compression(setup: &Setup) -> Result<Option<Compression>, Refusal> {
    let Some(config) = &setup.context_window_compression else {
        return Ok(None);
    };
    let number = |name: &str, given: Option<Int64>, otherwise: u64| match given.map(Int64::value) {
        None => Ok(otherwise),
        Some(given) => u64::try_from(given).map_err(|_| {
            let path = format!("setup.context_window_compression.{name}");
            Refusal::value(&path, "TYPE_INT64", &given.to_string())
        }),
    };
    let trigger = number("trigger_tokens", config.trigger_tokens, TRIGGER)?;
    let target = config.sliding_window.as_ref();
    let target = target.and_then(|window| window.target_tokens);
    let target = number("sliding_window.target_tokens", target, trigger / 2)?;
    Ok(Some(Compression { trigger, target }))
}

fn tokens_of(content: Option<&Content>) -> Tokens {
    let parts = content.and_then(|content| content.parts.as_deref());
    let texts = parts.unwrap_or_default().iter();
    texts.fold(Tokens::default(), |sum, part| {
        sum + Tokens::of_text(part.text.as_deref().unwrap_or_default())
    })
}
