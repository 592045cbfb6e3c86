//! The neutral configuration as the session object of the wire, or a refusal that says why not.

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    Capabilities, ConfigField, OutputModality, SessionConfig, Subject, ToolChoice, ToolSpec,
    Unsupported,
};
use serde_json::{Map, Value};

use super::{dialect::Dialect, input, translation};

/// What a session is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To talk.
    #[default]
    Conversation,
    /// To write down what is said.
    Transcription,
    /// To say in another language what is said.
    Translation,
}

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
    if rules.purpose == Purpose::Translation {
        return translation::session(config, can, subject);
    }
    let input = input::audio(config, rules, subject)?;
    let session = match rules.purpose {
        Purpose::Conversation | Purpose::Translation => {
            wire::Session::from(conversation(config, input, can, subject)?)
        }
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

pub(crate) fn refuse_unlisted(
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
        output.format = Some(input::format(format, &can.output_formats, field, subject)?);
    }
    if config.speed.is_some_and(|speed| !SPEED.contains(&speed)) {
        return Err(subject.field(
            ConfigField::Speed,
            "speech goes at 0.25 to 1.5 of its speed",
        ));
    }
    Ok(output)
}

fn tools(tools: &[ToolSpec], subject: &Subject) -> Result<Vec<wire::Tool>, Unsupported> {
    crate::tools::check(tools, subject)?;
    let offered = tools.iter().map(|tool| {
        wire::FunctionTool::default()
            .with_name(tool.name.as_str())
            .with_description(tool.description.as_str())
            .with_parameters(tool.parameters.clone())
            .into()
    });
    Ok(offered.collect())
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
pub(crate) fn merge_native(session: &mut Map<String, Value>, native: &Map<String, Value>) {
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

/// `config` as a `session.update` of the caller's own leaves it; `None` for other frames.
pub(crate) fn merge_update(config: &SessionConfig, frame: &str) -> Option<SessionConfig> {
    let mut frame: Map<String, Value> = serde_json::from_str(frame).ok()?;
    if frame.get("type")?.as_str()? != "session.update" {
        return None;
    }
    let Some(Value::Object(session)) = frame.get_mut("session") else {
        return None;
    };
    // What the session is for is said by how it is opened.
    session.remove("type");
    let mut config = config.clone();
    merge_native(&mut config.native, session);
    Some(config)
}
