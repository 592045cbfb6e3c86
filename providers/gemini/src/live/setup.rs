//! The neutral configuration as the setup of the wire, or a refusal that says why not.

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{
    Capabilities, ConfigField, InputTranscription, OutputModality, SessionConfig, Subject,
    ToolBehavior, ToolChoice, ToolSpec, Unsupported,
};
use serde_json::{Map, Value};

use super::{
    ContextCompression,
    detection::realtime_input,
    model::{Blocking, Manner},
    native,
    service::Service,
};

/// What a session may be, and what belongs to each of its setups.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) service: Service,
    pub(crate) can: Capabilities,
    pub(crate) manner: Manner,
    pub(crate) compression: Option<ContextCompression>,
    /// Whether the service is asked for handles to resume by, and whether it says what it has read.
    pub(crate) resumption: Option<Resumption>,
}

/// How a session can be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resumption {
    /// By a handle.
    Handle,
    /// By a handle, and the service says up to which message it has read.
    Transparent,
}

impl Rules {
    /// The whole setup of `config`; only what is set stands in it, but for what every session of
    /// this crate has.
    pub(crate) fn setup(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<Map<String, Value>, Unsupported> {
        refuse_unlisted(config, &self.can, subject)?;
        let mut setup = wire::Setup::new(self.service.model(&config.model));
        setup.generation_config = Some(Box::new(self.generation(config, subject)?));
        if let Some(text) = &config.instructions {
            setup.system_instruction = Some(instruction(text));
        }
        if !config.tools.is_empty() {
            setup.tools = Some(vec![self.functions(&config.tools, subject)?]);
        }
        self.refuse_choices(config, subject)?;
        setup.realtime_input_config = config
            .turn_detection
            .as_ref()
            .map(|detection| realtime_input(detection, subject))
            .transpose()?;
        setup.input_audio_transcription = config
            .input_transcription
            .as_ref()
            .map(|asked| self.transcription(asked, subject))
            .transpose()?;
        if config.output_transcription == Some(true) {
            setup.output_audio_transcription = Some(wire::AudioTranscriptionConfig::default());
        }
        setup.session_resumption = self.resumption.map(|resumption| {
            let transparent = resumption == Resumption::Transparent;
            wire::SessionResumptionConfig {
                transparent: transparent.then_some(true),
                ..wire::SessionResumptionConfig::default()
            }
        });
        setup.context_window_compression = self.compression.map(ContextCompression::wire);
        let mut members = match serde_json::to_value(&setup) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        native::merge(&mut members, &config.native);
        self.check_thinking(&members, subject)?;
        Ok(members)
    }

    fn generation(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<wire::GenerationConfig, Unsupported> {
        check_formats(config, &self.can, subject)?;
        if config
            .temperature
            .is_some_and(|value| !(0.0..=2.0).contains(&value))
        {
            return Err(subject.field(ConfigField::Temperature, "it lies between 0 and 2"));
        }
        if config.max_output_tokens == Some(0) {
            return Err(subject.field(
                ConfigField::MaxOutputTokens,
                "at least 1; leave it unset for no bound",
            ));
        }
        Ok(wire::GenerationConfig {
            response_modalities: Some(vec![self.modality(config, subject)?]),
            speech_config: speech(config),
            temperature: config.temperature,
            max_output_tokens: config.max_output_tokens.map(i64::from),
            ..wire::GenerationConfig::default()
        })
    }

    /// Speech unless text is asked for: the service's own default is not the same everywhere.
    fn modality(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<wire::Modality, Unsupported> {
        let why = match config.output {
            None | Some(OutputModality::Audio) => return Ok(wire::Modality::Audio),
            Some(OutputModality::Text) if self.can.text_output => return Ok(wire::Modality::Text),
            Some(OutputModality::Text) => {
                "this model always speaks; ask for a transcript of its speech instead"
            }
            _ => "speech or text only",
        };
        Err(subject.field(ConfigField::Output, why))
    }

    /// What this wire does in one way only is accepted where it is asked for, and refused otherwise.
    fn refuse_choices(&self, config: &SessionConfig, subject: &Subject) -> Result<(), Unsupported> {
        match &config.tool_choice {
            None | Some(ToolChoice::Auto) => {}
            Some(_) => {
                return Err(subject.field(
                    ConfigField::ToolChoice,
                    "the model always chooses; offer only the tools that it may call",
                ));
            }
        }
        if config.parallel_tool_calls == Some(false) {
            return Err(subject.field(
                ConfigField::ParallelToolCalls,
                "the model may always call several tools at once; leave it unset",
            ));
        }
        Ok(())
    }

    fn transcription(
        &self,
        asked: &InputTranscription,
        subject: &Subject,
    ) -> Result<wire::AudioTranscriptionConfig, Unsupported> {
        let refuse = |why| Err(subject.field(ConfigField::InputTranscription, why));
        if asked.model.is_some() {
            return refuse("the service chooses the transcriber; leave its model unset");
        }
        let mut transcription = wire::AudioTranscriptionConfig::default();
        if let Some(language) = &asked.language {
            if !self.manner.hints {
                return refuse("this model takes no language; leave it unset");
            }
            transcription.language_codes = Some(vec![language.clone()]);
        }
        if let Some(prompt) = &asked.prompt {
            if !self.manner.hints {
                return refuse("this model takes no words to expect; leave the prompt unset");
            }
            let words = prompt.split([',', '\n']).map(str::trim);
            let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
            transcription.custom_vocabulary = Some(words.collect());
        }
        Ok(transcription)
    }

    /// The tools of the configuration, as one tool of the wire.
    fn functions(&self, tools: &[ToolSpec], subject: &Subject) -> Result<wire::Tool, Unsupported> {
        let refuse = |tool: &ToolSpec, why: &str| {
            Err(subject.field(ConfigField::Tools, format!("tool {:?}: {why}", tool.name)))
        };
        let mut declared = Vec::with_capacity(tools.len());
        for (place, tool) in tools.iter().enumerate() {
            if !is_function_name(&tool.name) {
                return refuse(
                    tool,
                    "a name begins with a letter or _ and has up to 64 letters, digits, _ . : or -",
                );
            }
            if tools
                .iter()
                .take(place)
                .any(|other| other.name == tool.name)
            {
                return refuse(tool, "there is another tool of that name");
            }
            if !tool.parameters.is_object() {
                return refuse(tool, "its parameters are not a JSON Schema object");
            }
            let behavior = match (tool.behavior, self.manner.blocking) {
                (ToolBehavior::Blocking, Blocking::Default | Blocking::Only) => None,
                (ToolBehavior::Blocking, Blocking::Declared) => Some(wire::Behavior::Blocking),
                (ToolBehavior::Blocking, Blocking::Never) => {
                    return refuse(
                        tool,
                        "this model does not wait for tools; make it non-blocking",
                    );
                }
                (ToolBehavior::NonBlocking, Blocking::Only) => {
                    return refuse(tool, "this model waits for every tool; make it blocking");
                }
                (ToolBehavior::NonBlocking, _) => Some(wire::Behavior::NonBlocking),
            };
            declared.push(wire::FunctionDeclaration {
                name: Some(tool.name.clone()),
                description: Some(tool.description.clone()),
                parameters_json_schema: Some(tool.parameters.clone()),
                behavior,
                ..wire::FunctionDeclaration::default()
            });
        }
        Ok(wire::Tool::default().with_function_declarations(declared))
    }

    /// A model that must be told how hard to think would close the connection otherwise.
    fn check_thinking(
        &self,
        setup: &Map<String, Value>,
        subject: &Subject,
    ) -> Result<(), Unsupported> {
        if !self.manner.thinks {
            return Ok(());
        }
        let level = native::find(setup, "generationConfig")
            .and_then(|generation| native::find(generation.as_object()?, "thinkingConfig"))
            .and_then(|thinking| native::find(thinking.as_object()?, "thinkingLevel"))
            .and_then(Value::as_str);
        match level {
            Some(level) if level != "MINIMAL" => Ok(()),
            _ => Err(subject.field(
                ConfigField::Native,
                "this model needs a level of thinking above MINIMAL; set the native member \
                 generationConfig to {\"thinkingConfig\":{\"thinkingLevel\":\"LOW\"}}",
            )),
        }
    }
}

/// System instructions; newer models close the connection on content without a role.
pub(crate) fn instruction(text: &str) -> wire::Content {
    wire::Content::default()
        .with_role("user")
        .with_parts(vec![wire::Part::default().with_text(text)])
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
                ConfigField::NoiseReduction => {
                    "the service does not offer it; clean the audio before sending it"
                }
                ConfigField::Speed => {
                    "speed is no setting of this wire; ask for it in the instructions"
                }
                ConfigField::Language => {
                    "this model chooses its language by itself; name one in the instructions"
                }
                _ => "the capabilities of this model do not list it; leave it unset",
            },
        )),
    }
}

/// Sound goes out at any rate, since each frame states its own, and comes in at one.
fn check_formats(
    config: &SessionConfig,
    can: &Capabilities,
    subject: &Subject,
) -> Result<(), Unsupported> {
    for (field, format, formats) in [
        (
            ConfigField::InputFormat,
            config.input_format,
            &can.input_formats,
        ),
        (
            ConfigField::OutputFormat,
            config.output_format,
            &can.output_formats,
        ),
    ] {
        if let Some(format) = format
            && !formats.contains(&format)
        {
            let known: Vec<String> = formats.iter().map(ToString::to_string).collect();
            let why = format!("{format} is none of {}", known.join(", "));
            return Err(subject.field(field, why));
        }
    }
    Ok(())
}

fn speech(config: &SessionConfig) -> Option<wire::SpeechConfig> {
    let mut speech = wire::SpeechConfig::default();
    if let Some(voice) = &config.voice {
        let voice = wire::PrebuiltVoiceConfig::default().with_voice_name(voice.as_str());
        speech.voice_config = Some(wire::VoiceConfig {
            prebuilt_voice_config: Some(voice),
            ..wire::VoiceConfig::default()
        });
    }
    speech.language_code.clone_from(&config.language);
    (speech != wire::SpeechConfig::default()).then_some(speech)
}

fn is_function_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(is_plain)
}
