//! The neutral configuration as the session object of the wire, or a refusal that says why not.
//!
//! The service refuses members it does not know, so that only what is set stands in the object.

use std::time::Duration;

use antiphon_openai_live_types as wire;
use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, Encoding, InputTranscription, OutputModality,
    SessionConfig, Subject, ToolChoice, ToolSpec, Unsupported,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::opening::Target;
use crate::tools;

/// Least bound on a response that the service takes, in tokens.
const LEAST_TOKENS: u32 = 16;

/// Who does delegated work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// The caller.
    Client,
    /// A backend model.
    Responses,
    /// A model that decides.
    Decisions,
}

/// What the neutral configuration has no word for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) delegation: Option<wire::Delegation>,
    pub(crate) acknowledgement_delay: Option<Duration>,
    pub(crate) triggers: Option<Vec<wire::Trigger>>,
    pub(crate) store: Option<bool>,
}

impl Settings {
    pub(crate) const fn work(&self) -> Work {
        match self.delegation {
            Some(wire::Delegation::Responses(_)) => Work::Responses,
            Some(wire::Delegation::Decisions(_)) => Work::Decisions,
            _ => Work::Client,
        }
    }
}

/// What a session may be.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) target: Target,
    pub(crate) settings: Settings,
    pub(crate) can: Capabilities,
}

impl Rules {
    /// The whole session object of `config`, without history; only what is set stands in it.
    pub(crate) fn session(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<Map<String, Value>, Unsupported> {
        self.check(config, subject)?;
        self.check_settings(subject)?;
        let mut session = wire::SessionConfig {
            store: self.settings.store,
            triggers: self.settings.triggers.clone(),
            ..wire::SessionConfig::default()
        };
        if self.target == Target::Session {
            session.model = Some(config.model.as_str().into());
            session.instructions.clone_from(&config.instructions);
        }
        session.audio = self.audio(config, subject)?;
        session.delegation = self.delegation(config, subject)?;
        let mut session = object(&session);
        merge(&mut session, &config.native);
        Ok(session)
    }

    fn check(&self, config: &SessionConfig, subject: &Subject) -> Result<(), Unsupported> {
        let unlisted = ConfigField::set_in(config)
            .into_iter()
            .find(|field| !self.can.fields.contains(field));
        if let Some(field) = unlisted {
            return Err(subject.field(field, self.advice(field)));
        }
        if config.output == Some(OutputModality::Text) {
            let why = "this model speaks; read its transcript instead";
            return Err(subject.field(ConfigField::Output, why));
        }
        if config.output_transcription == Some(false) {
            let why = "speech always comes with its transcript; leave it unset and ignore it";
            return Err(subject.field(ConfigField::OutputTranscription, why));
        }
        if let Some(asked) = &config.input_transcription
            && *asked != InputTranscription::default()
        {
            let why = "what the user says is always transcribed, and nothing of it can be chosen";
            return Err(subject.field(ConfigField::InputTranscription, why));
        }
        if self.settings.work() != Work::Responses {
            let of_backend = [
                ConfigField::Tools,
                ConfigField::ToolChoice,
                ConfigField::ParallelToolCalls,
                ConfigField::MaxOutputTokens,
            ];
            let set = ConfigField::set_in(config);
            if let Some(field) = set.into_iter().find(|field| of_backend.contains(field)) {
                return Err(subject.field(field, self.advice(field)));
            }
        }
        Ok(())
    }

    /// What the builder was told that this kind of session does not take.
    fn check_settings(&self, subject: &Subject) -> Result<(), Unsupported> {
        match &self.target {
            Target::Fork(_) if self.settings.triggers.is_some() => Err(subject.thing(
                "triggers",
                "a fork begins with its source's; change them once it runs",
            )),
            Target::Attached(_) if self.settings.store.is_some() => Err(subject.thing(
                "storing",
                "whether a session is kept is said where it is opened",
            )),
            _ => Ok(()),
        }
    }

    fn advice(&self, field: ConfigField) -> &'static str {
        match (field, &self.target) {
            (ConfigField::Tools | ConfigField::ToolChoice | ConfigField::ParallelToolCalls, _) => {
                "the live model calls no tools; name a backend model that does with \
                 Live::with_backend, or answer its delegations"
            }
            (ConfigField::MaxOutputTokens, _) => {
                "the live model has no bound; a backend model has, see Live::with_backend"
            }
            (ConfigField::TurnDetection, _) => {
                "the model decides itself when to speak; leave it unset"
            }
            (ConfigField::Temperature, _) => {
                "this API has no temperature; leave it unset and steer by instructions"
            }
            (ConfigField::Speed, _) => {
                "this API has no speed; leave it unset and steer by instructions"
            }
            (ConfigField::Language, _) => {
                "the language is no setting of this API; ask for it in the instructions"
            }
            (ConfigField::NoiseReduction, _) => {
                "this API has none; clean the audio before it is sent"
            }
            (_, Target::Attached(_)) => {
                "a running session keeps it; set it where the session is opened"
            }
            (_, Target::Fork(_)) => "a fork keeps its source's; leave it unset",
            (_, Target::Session) => "the capabilities of this model do not list it; leave it unset",
        }
    }

    fn audio(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<Option<wire::SessionAudio>, Unsupported> {
        let (input, output) = (
            self.can.input_format(config),
            self.can.output_format(config),
        );
        let mut audio = wire::SessionAudio::default();
        if config.input_format.is_some() || config.output_format.is_some() {
            for (format, known, field) in [
                (input, &self.can.input_formats, ConfigField::InputFormat),
                (output, &self.can.output_formats, ConfigField::OutputFormat),
            ] {
                if !known.contains(&format) {
                    let known: Vec<_> = known.iter().map(ToString::to_string).collect();
                    let why = format!("{format} is none of {}; resample", known.join(", "));
                    return Err(subject.field(field, why));
                }
            }
            if input != output {
                let why = "this API has one format for both directions; set both alike";
                let field = match config.output_format {
                    Some(_) => ConfigField::OutputFormat,
                    None => ConfigField::InputFormat,
                };
                return Err(subject.field(field, why));
            }
            audio.format = Some(wire_format(output, subject)?);
        }
        if let Some(voice) = &config.voice {
            let voice = wire::Voice::Name(voice.as_str().into());
            audio.output = Some(wire::AudioOutput::default().with_voice(voice));
        }
        let is_empty = audio.format.is_none() && audio.output.is_none();
        Ok((!is_empty).then_some(audio))
    }

    /// The delegation, with the tools of the configuration where a backend model calls them. A
    /// session that exists already is only told what changes.
    fn delegation(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<Option<wire::Delegation>, Unsupported> {
        let delay = self
            .settings
            .acknowledgement_delay
            .map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        let mut delegation = match (&self.settings.delegation, delay) {
            // A running session has its settings; these only say of which kind they are.
            (Some(delegation), _) if self.target.is_attached() => bare(delegation),
            (None, None) => return Ok(None),
            (None, Some(_)) => wire::ClientDelegation::default().into(),
            (Some(delegation), _) => delegation.clone(),
        };
        let kind = delegation.clone();
        match &mut delegation {
            wire::Delegation::Client(client) => {
                client.acknowledgement_delay_ms = delay.or(client.acknowledgement_delay_ms);
            }
            wire::Delegation::Decisions(decisions) => {
                decisions.acknowledgement_delay_ms = delay.or(decisions.acknowledgement_delay_ms);
            }
            wire::Delegation::Responses(backend) => {
                backend.acknowledgement_delay_ms = delay.or(backend.acknowledgement_delay_ms);
                let responses = backend.responses.get_or_insert_default();
                equip(responses, config, subject)?;
                if responses.model.is_none() && self.target == Target::Session {
                    return Err(subject.thing(
                        "delegation to a backend model",
                        "name the model that works, with Live::with_backend",
                    ));
                }
                if *responses == wire::ResponsesConfig::default() {
                    backend.responses = None;
                }
            }
            _ => {}
        }
        let says_nothing = self.target.is_attached() && delegation == kind;
        Ok((!says_nothing).then_some(delegation))
    }
}

/// A delegation of the same kind without settings.
fn bare(delegation: &wire::Delegation) -> wire::Delegation {
    match delegation {
        wire::Delegation::Responses(_) => wire::ResponsesDelegation::default().into(),
        wire::Delegation::Decisions(_) => wire::DecisionsDelegation::default().into(),
        _ => wire::ClientDelegation::default().into(),
    }
}

/// Gives a backend model the tools of the configuration.
fn equip(
    responses: &mut wire::ResponsesConfig,
    config: &SessionConfig,
    subject: &Subject,
) -> Result<(), Unsupported> {
    if !config.tools.is_empty() {
        tools::check(&config.tools, subject)?;
        let offered = config.tools.iter().map(|tool| function(tool).into());
        responses.tools.get_or_insert_default().extend(offered);
    }
    if let Some(choice) = &config.tool_choice {
        responses.tool_choice = Some(tool_choice(choice, subject)?);
    }
    if let Some(parallel) = config.parallel_tool_calls {
        responses.parallel_tool_calls = Some(parallel);
    }
    if let Some(most) = config.max_output_tokens {
        if most < LEAST_TOKENS {
            let why = format!("at least {LEAST_TOKENS}; leave it unset for no bound");
            return Err(subject.field(ConfigField::MaxOutputTokens, why));
        }
        responses.max_output_tokens = Some(u64::from(most));
    }
    Ok(())
}

fn function(tool: &ToolSpec) -> wire::FunctionTool {
    let mut function = wire::FunctionTool::new(tool.name.as_str());
    function.description = Some(tool.description.clone());
    function.parameters = tool.parameters.as_object().map(|schema| {
        schema
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    });
    function
}

fn tool_choice(choice: &ToolChoice, subject: &Subject) -> Result<wire::ToolChoice, Unsupported> {
    Ok(match choice {
        ToolChoice::Auto => wire::ToolChoice::Mode(wire::ToolChoiceMode::Auto),
        ToolChoice::None => wire::ToolChoice::Mode(wire::ToolChoiceMode::None),
        ToolChoice::Required => wire::ToolChoice::Mode(wire::ToolChoiceMode::Required),
        ToolChoice::Function(name) => wire::ToolChoiceFunction::new(name.as_str()).into(),
        _ => return Err(subject.field(ConfigField::ToolChoice, "not known to this wire")),
    })
}

fn wire_format(format: AudioFormat, subject: &Subject) -> Result<wire::AudioFormat, Unsupported> {
    let rate = u64::from(format.rate);
    match format.encoding {
        Encoding::Pcm16 => Ok(wire::AudioPcm::new(rate).into()),
        Encoding::MuLaw => Ok(wire::AudioPcmu::new(rate).into()),
        Encoding::ALaw => Ok(wire::AudioPcma::new(rate).into()),
        _ => Err(subject.field(ConfigField::OutputFormat, "not known to this wire")),
    }
}

/// The format that the service reports; `None` when it is none of ours.
pub(crate) fn reported_format(session: &wire::Session) -> Option<AudioFormat> {
    match session.audio.as_ref()?.format.as_ref()? {
        wire::AudioFormat::Pcm(pcm) => u32::try_from(pcm.rate)
            .ok()
            .filter(|rate| *rate > 0)
            .map(AudioFormat::pcm16),
        wire::AudioFormat::Pcmu(_) => Some(AudioFormat::MULAW_8K),
        wire::AudioFormat::Pcma(_) => Some(AudioFormat::ALAW_8K),
        _ => None,
    }
}

/// A value of the generated types as an object.
pub(crate) fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Members of `native` win over those they name. Objects are merged, unless they are of another
/// type; all else replaces what stands there.
pub(crate) fn merge(session: &mut Map<String, Value>, native: &Map<String, Value>) {
    for (name, value) in native {
        match (session.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(native))
                if native
                    .get("type")
                    .is_none_or(|kind| inner.get("type") == Some(kind)) =>
            {
                merge(inner, native);
            }
            _ => drop(session.insert(name.clone(), value.clone())),
        }
    }
}

/// `config` as a `session.update` of the caller's own leaves it; `None` for other frames.
pub(crate) fn merge_update(config: &SessionConfig, frame: &str) -> Option<SessionConfig> {
    let frame: Map<String, Value> = serde_json::from_str(frame).ok()?;
    if frame.get("type")?.as_str()? != "session.update" {
        return None;
    }
    let Some(Value::Object(session)) = frame.get("session") else {
        return None;
    };
    let mut config = config.clone();
    merge(&mut config.native, session);
    Some(config)
}
