//! The neutral configuration as the session object of the wire, or a refusal that says why not.

use std::time::Duration;

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, Eagerness, Encoding, InputTranscription,
    NoiseReduction, OutputModality, SessionConfig, ToolChoice, ToolSpec, TurnDetection,
    Unsupported,
};
use serde_json::{Map, Value};

use super::{dialect::Dialect, refusal::Subject};

/// What a session is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To talk.
    #[default]
    Conversation,
    /// To write down what is said.
    Transcription,
}

/// What the silence before the server speaks up may be, in ms.
const IDLE_TIMEOUT: std::ops::RangeInclusive<u64> = 5_000..=30_000;
const SPEED: std::ops::RangeInclusive<f64> = 0.25..=1.5;

/// What a session may be.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) purpose: Purpose,
    pub(crate) dialect: Dialect,
    pub(crate) can: Capabilities,
}

impl Rules {
    /// The whole session object of `config`; only what is set stands in it.
    pub(crate) fn session(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<Map<String, Value>, Unsupported> {
        let mut session = session(config, self, subject)?;
        self.dialect.dress(&mut session);
        merge_native(&mut session, &config.native);
        Ok(session)
    }
}

fn session(
    config: &SessionConfig,
    rules: &Rules,
    subject: &Subject,
) -> Result<Map<String, Value>, Unsupported> {
    let can = &rules.can;
    refuse_unlisted(config, can, subject)?;
    let input = input(config, rules, subject)?;
    let session = match rules.purpose {
        Purpose::Conversation => wire::Session::from(conversation(config, input, can, subject)?),
        Purpose::Transcription => wire::Session::from(
            wire::TranscriptionSession::default()
                .with_audio(wire::TranscriptionAudio::default().with_input(input)),
        ),
    };
    let mut session = match serde_json::to_value(&session) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    drop_empty_audio(&mut session);
    Ok(session)
}

fn refuse_unlisted(
    config: &SessionConfig,
    can: &Capabilities,
    subject: &Subject,
) -> Result<(), Unsupported> {
    let unlisted = ConfigField::set_in(config)
        .into_iter()
        .find(|field| !can.fields.contains(field));
    match unlisted {
        None => Ok(()),
        Some(field) => Err(subject.field(
            field,
            match field {
                ConfigField::Temperature => {
                    "this API has no temperature; leave it unset and steer by instructions"
                }
                ConfigField::Language => {
                    "the language is no setting of this API; ask for it in the instructions"
                }
                ConfigField::ParallelToolCalls => {
                    "only reasoning models take it; leave it unset or use gpt-realtime-2.1"
                }
                _ => "the capabilities of this model do not list it; leave it unset",
            },
        )),
    }
}

fn conversation(
    config: &SessionConfig,
    input: wire::AudioInput,
    can: &Capabilities,
    subject: &Subject,
) -> Result<wire::RealtimeSession, Unsupported> {
    let mut session = wire::RealtimeSession::default().with_audio(
        wire::AudioConfig::default()
            .with_input(input)
            .with_output(output(config, can, subject)?),
    );
    session.instructions.clone_from(&config.instructions);
    session.output_modalities = config
        .output
        .map(|output| modalities(output, subject))
        .transpose()?;
    if config.output_transcription == Some(false) {
        return Err(subject.field(
            ConfigField::OutputTranscription,
            "speech always comes with its transcript; leave it unset and ignore the transcript",
        ));
    }
    if !config.tools.is_empty() {
        session.tools = Some(tools(&config.tools, subject)?);
    }
    session.tool_choice = config
        .tool_choice
        .as_ref()
        .map(|choice| tool_choice(choice, subject))
        .transpose()?;
    session.parallel_tool_calls = config.parallel_tool_calls;
    if let Some(temperature) = config.temperature {
        if !(0.0..=2.0).contains(&temperature) {
            return Err(subject.field(ConfigField::Temperature, "it lies between 0 and 2"));
        }
        session.extra.insert("temperature", temperature);
    }
    session.max_output_tokens = config
        .max_output_tokens
        .map(|most| max_output_tokens(most, subject))
        .transpose()?;
    Ok(session)
}

fn output(
    config: &SessionConfig,
    can: &Capabilities,
    subject: &Subject,
) -> Result<wire::AudioOutput, Unsupported> {
    let mut output = wire::AudioOutput {
        speed: config.speed,
        ..wire::AudioOutput::default()
    };
    if let Some(voice) = &config.voice {
        output.voice = Some(wire::Voice::Name(voice.as_str().into()));
    }
    if let Some(format) = config.output_format {
        let field = ConfigField::OutputFormat;
        output.format = Some(audio_format(format, &can.output_formats, field, subject)?);
    }
    if config.speed.is_some_and(|speed| !SPEED.contains(&speed)) {
        return Err(subject.field(
            ConfigField::Speed,
            "speech goes at 0.25 to 1.5 of its speed",
        ));
    }
    Ok(output)
}

fn input(
    config: &SessionConfig,
    rules: &Rules,
    subject: &Subject,
) -> Result<wire::AudioInput, Unsupported> {
    let (purpose, can) = (rules.purpose, &rules.can);
    let mut input = wire::AudioInput::default();
    if let Some(format) = config.input_format {
        let field = ConfigField::InputFormat;
        input.format = Some(audio_format(format, &can.input_formats, field, subject)?);
    }
    if let Some(detection) = &config.turn_detection {
        input.turn_detection = turn_detection(detection, subject)?;
    }
    match (&config.input_transcription, purpose) {
        (Some(asked), _) => {
            let default = match purpose {
                Purpose::Conversation => rules.dialect.transcriber(),
                Purpose::Transcription => &config.model,
            };
            input.transcription = transcription(asked, default).into();
        }
        (None, Purpose::Transcription) => {
            let asked = InputTranscription::default();
            input.transcription = transcription(&asked, &config.model).into();
        }
        (None, Purpose::Conversation) => {}
    }
    if let Some(noise) = config.noise_reduction {
        let kind = match noise {
            NoiseReduction::NearField => wire::NoiseReductionType::NearField,
            NoiseReduction::FarField => wire::NoiseReductionType::FarField,
            _ => return Err(subject.field(ConfigField::NoiseReduction, "near or far field only")),
        };
        input.noise_reduction = wire::NoiseReduction::default().with_kind(kind).into();
    }
    Ok(input)
}

fn transcription(asked: &InputTranscription, default: &str) -> wire::Transcription {
    let model = asked.model.as_deref().unwrap_or(default);
    wire::Transcription {
        language: asked.language.clone(),
        prompt: asked.prompt.clone(),
        ..wire::Transcription::default().with_model(model)
    }
}

fn audio_format(
    format: AudioFormat,
    formats: &[AudioFormat],
    field: ConfigField,
    subject: &Subject,
) -> Result<wire::AudioFormat, Unsupported> {
    if formats.contains(&format) {
        match format.encoding {
            Encoding::Pcm16 => {
                let rate = u64::from(format.rate);
                return Ok(wire::AudioPcm::default().with_rate(rate).into());
            }
            Encoding::MuLaw => return Ok(wire::AudioPcmu::default().into()),
            Encoding::ALaw => return Ok(wire::AudioPcma::default().into()),
            _ => {}
        }
    }
    let known: Vec<_> = formats.iter().map(ToString::to_string).collect();
    Err(subject.field(
        field,
        format!("{format} is none of {}; resample", known.join(", ")),
    ))
}

/// A format as the service reports it; `None` when it is none of ours.
pub(crate) fn reported_format(format: &wire::AudioFormat) -> Option<AudioFormat> {
    match format {
        wire::AudioFormat::Pcm(pcm) => match pcm.rate {
            None => Some(AudioFormat::PCM16_24K),
            Some(rate) => u32::try_from(rate)
                .ok()
                .filter(|rate| *rate > 0)
                .map(AudioFormat::pcm16),
        },
        wire::AudioFormat::Pcmu(_) => Some(AudioFormat::MULAW_8K),
        wire::AudioFormat::Pcma(_) => Some(AudioFormat::ALAW_8K),
        _ => None,
    }
}

fn turn_detection(
    detection: &TurnDetection,
    subject: &Subject,
) -> Result<wire::Nullable<wire::TurnDetection>, Unsupported> {
    let refuse = |why: &str| subject.field(ConfigField::TurnDetection, why);
    let detection: wire::TurnDetection = match detection {
        TurnDetection::Manual => return Ok(wire::Nullable::Null),
        TurnDetection::ServerVad {
            threshold,
            prefix_padding,
            silence,
            create_response,
            interrupt_response,
            idle_timeout,
        } => {
            if threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
                return Err(refuse("the threshold lies between 0 and 1"));
            }
            let idle_timeout = idle_timeout.map(millis);
            if idle_timeout.is_some_and(|timeout| !IDLE_TIMEOUT.contains(&timeout)) {
                return Err(refuse("the idle timeout lies between 5 and 30 seconds"));
            }
            wire::ServerVad {
                threshold: *threshold,
                prefix_padding_ms: prefix_padding.map(millis),
                silence_duration_ms: silence.map(millis),
                create_response: *create_response,
                interrupt_response: *interrupt_response,
                idle_timeout_ms: idle_timeout.map_or(wire::Nullable::Absent, Into::into),
                extra: wire::Extra::new(),
            }
            .into()
        }
        TurnDetection::SemanticVad {
            eagerness,
            create_response,
            interrupt_response,
        } => wire::SemanticVad {
            eagerness: match eagerness {
                None => None,
                Some(Eagerness::Low) => Some(wire::Eagerness::Low),
                Some(Eagerness::Medium) => Some(wire::Eagerness::Medium),
                Some(Eagerness::High) => Some(wire::Eagerness::High),
                Some(Eagerness::Auto) => Some(wire::Eagerness::Auto),
                Some(_) => return Err(refuse("eagerness is low, medium, high or auto")),
            },
            create_response: *create_response,
            interrupt_response: *interrupt_response,
            extra: wire::Extra::new(),
        }
        .into(),
        _ => return Err(refuse("by the caller, by energy or by meaning only")),
    };
    Ok(detection.into())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn tools(tools: &[ToolSpec], subject: &Subject) -> Result<Vec<wire::Tool>, Unsupported> {
    let refuse = |tool: &ToolSpec, why: &str| {
        Err(subject.field(ConfigField::Tools, format!("tool {:?}: {why}", tool.name)))
    };
    let mut named: Vec<&str> = Vec::new();
    let mut offered = Vec::new();
    for tool in tools {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if tool.name.is_empty() || tool.name.len() > 64 || !tool.name.chars().all(is_plain) {
            return refuse(tool, "a name has 1 to 64 letters, digits, _ or -");
        }
        if named.contains(&tool.name.as_str()) {
            return refuse(tool, "there is another tool of that name");
        }
        if !tool.parameters.is_object() {
            return refuse(tool, "its parameters are not a JSON Schema object");
        }
        named.push(&tool.name);
        let function = wire::FunctionTool::default()
            .with_name(tool.name.as_str())
            .with_description(tool.description.as_str())
            .with_parameters(tool.parameters.clone());
        offered.push(function.into());
    }
    Ok(offered)
}

pub(crate) fn tool_choice(
    choice: &ToolChoice,
    subject: &Subject,
) -> Result<wire::ToolChoice, Unsupported> {
    Ok(match choice {
        ToolChoice::Auto => wire::ToolChoice::Mode(wire::ToolChoiceMode::Auto),
        ToolChoice::None => wire::ToolChoice::Mode(wire::ToolChoiceMode::None),
        ToolChoice::Required => wire::ToolChoice::Mode(wire::ToolChoiceMode::Required),
        ToolChoice::Function(name) => wire::ToolChoiceFunction::new(name.as_str()).into(),
        _ => return Err(subject.field(ConfigField::ToolChoice, "not known to this wire")),
    })
}

pub(crate) fn modalities(
    output: OutputModality,
    subject: &Subject,
) -> Result<Vec<wire::Modality>, Unsupported> {
    match output {
        OutputModality::Audio => Ok(vec![wire::Modality::Audio]),
        OutputModality::Text => Ok(vec![wire::Modality::Text]),
        _ => Err(subject.field(ConfigField::Output, "speech or text only")),
    }
}

pub(crate) fn max_output_tokens(
    most: u32,
    subject: &Subject,
) -> Result<wire::MaxOutputTokens, Unsupported> {
    if most == 0 {
        return Err(subject.field(
            ConfigField::MaxOutputTokens,
            "at least 1; leave it unset for no bound",
        ));
    }
    Ok(u64::from(most).into())
}

/// An empty `audio` says nothing, and some servers would read it as a reset.
fn drop_empty_audio(session: &mut Map<String, Value>) {
    let Some(Value::Object(audio)) = session.get_mut("audio") else {
        return;
    };
    audio.retain(|_, side| side.as_object().is_none_or(|side| !side.is_empty()));
    if audio.is_empty() {
        session.remove("audio");
    }
}

/// Native members win over the neutral fields they name. The objects that only group others are
/// merged; every other member replaces what stands there.
fn merge_native(session: &mut Map<String, Value>, native: &Map<String, Value>) {
    for (name, value) in native {
        match (session.get_mut(name), value) {
            (Some(Value::Object(audio)), Value::Object(native)) if name == "audio" => {
                merge_audio(audio, native);
            }
            _ => {
                session.insert(name.clone(), value.clone());
            }
        }
    }
}

fn merge_audio(audio: &mut Map<String, Value>, native: &Map<String, Value>) {
    for (name, value) in native {
        match (audio.get_mut(name), value) {
            (Some(Value::Object(side)), Value::Object(native)) => {
                side.extend(
                    native
                        .iter()
                        .map(|(name, value)| (name.clone(), value.clone())),
                );
            }
            _ => {
                audio.insert(name.clone(), value.clone());
            }
        }
    }
}
