//! The Realtime API as a provider.

mod aside;
mod awaited;
pub(crate) mod capabilities;
mod codec;
mod config;
mod decode;
mod desired;
pub(crate) mod dialect;
mod encode;
mod input;
mod item;
mod media;
mod opening;
mod response;
pub(crate) mod rest;
mod target;
mod translation;
mod usage;

use std::{borrow::Cow, fmt};

use antiphon_protocol::{
    Capabilities, Codec, ConfigField, End, Endpoint, Fault, OpeningPlan, Provider, RawJson, Retry,
    Secret, SessionConfig, Subject, Unsupported, address::InvalidUrl,
};

use self::{
    codec::{Plan, RealtimeCodec},
    config::{Purpose, Rules},
    dialect::Dialect,
    opening::Seed,
    target::Target,
    translation::TranslationCodec,
};
use crate::{
    end,
    service::{Service, service_builder},
};

const AZURE: (&str, &str) = ("openai.azure.com", "/openai/v1");
const VOICE_LIVE: (&str, &str) = ("services.ai.azure.com", "/voice-live");
const VOICE_LIVE_VERSION: (&str, &str) = ("api-version", "2026-07-15");

/// The Realtime API of OpenAI, or a service that speaks it elsewhere.
///
/// A value of this type says where a session goes and with which credential; the session itself is
/// described by a [`SessionConfig`](antiphon_protocol::SessionConfig).
///
/// ```
/// use antiphon_openai::OpenAi;
///
/// let local = OpenAi::realtime("")
///     .without_key()
///     .with_base_url("ws://127.0.0.1:8080/v1")?;
/// # Ok::<(), antiphon_openai::InvalidUrl>(())
/// ```
#[derive(Clone)]
pub struct Realtime {
    service: Service,
    target: Target,
    dialect: Dialect,
    capabilities: Option<Capabilities>,
}

service_builder!(Realtime, "/realtime");

impl Realtime {
    fn at(service: Service) -> Self {
        Self {
            service,
            target: Target::Conversation,
            dialect: Dialect::Ga,
            capabilities: None,
        }
    }

    pub(crate) fn new(key: Secret) -> Self {
        Self::at(Service::openai("openai-realtime", key))
    }

    pub(crate) fn azure(resource: &str, key: Secret) -> Result<Self, InvalidUrl> {
        let at = (resource, AZURE.0, AZURE.1);
        Ok(Self::at(Service::azure("azure-openai-realtime", at, key)?))
    }

    pub(crate) fn compatible(url: &str, key: Secret) -> Result<Self, InvalidUrl> {
        Ok(Self::at(Service::openai("openai-compatible", key).at(url)?))
    }

    pub(crate) fn azure_voice_live(resource: &str, key: Secret) -> Result<Self, InvalidUrl> {
        let at = (resource, VOICE_LIVE.0, VOICE_LIVE.1);
        let mut service = Service::azure("azure-voice-live", at, key)?;
        service.base = service
            .base
            .with_parameter(VOICE_LIVE_VERSION.0, VOICE_LIVE_VERSION.1);
        Ok(Self {
            dialect: Dialect::Beta,
            ..Self::at(service)
        })
    }

    /// Only transcribes: the model of the configuration is the transcriber, and there are no
    /// responses.
    #[must_use]
    pub fn transcribing(mut self) -> Self {
        self.target = Target::Transcription;
        self
    }

    /// Translates what is said as it is said: the language of the configuration is the one that is
    /// spoken, and there are no turns, items or responses.
    #[must_use]
    pub fn translating(mut self) -> Self {
        self.target = Target::Translation;
        self
    }

    /// Joins a running call by its id, to listen in and to steer it beside its audio connection.
    ///
    /// The call keeps its model: the configuration's, which may be empty, is not sent and only says
    /// what the model can do.
    #[must_use]
    pub fn joining_call(mut self, call: impl Into<String>) -> Self {
        self.target = Target::Call(call.into());
        self
    }

    /// Words the configuration as another service wants it.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    fn can(&self, model: &str) -> Cow<'_, Capabilities> {
        if let Some(capabilities) = &self.capabilities {
            return Cow::Borrowed(capabilities);
        }
        Cow::Owned(match (self.target.purpose(), self.dialect) {
            (Purpose::Transcription, _) => capabilities::transcription(),
            (Purpose::Translation, _) => capabilities::translation(),
            (Purpose::Conversation, Dialect::Beta) => capabilities::beta(),
            (Purpose::Conversation, _) => capabilities::capabilities(model),
        })
    }

    fn endpoint(&self, subject: &Subject) -> Result<Endpoint, Unsupported> {
        let parameters = self.target.parameters(&subject.model);
        let endpoint = self.target.endpoint();
        self.service.endpoint(endpoint, &[parameters], subject)
    }
}

/// Where it goes, never with what credential.
impl fmt::Debug for Realtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realtime")
            .field("service", &self.service)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Provider for Realtime {
    fn name(&self) -> &'static str {
        self.service.name
    }

    fn telemetry_name(&self) -> &'static str {
        self.service.telemetry_name()
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        self.can(model)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let config = &plan.config;
        let subject = Subject {
            provider: self.service.name,
            model: config.model.clone(),
        };
        if config.model.is_empty() && self.target.needs_model() {
            return Err(subject.field(ConfigField::Model, "name one, such as gpt-realtime"));
        }
        if plan.resume.is_some() {
            return Err(subject.thing(
                "resuming by a handle",
                "this wire has none; open a fresh session and replay its history",
            ));
        }
        let purpose = self.target.purpose();
        if purpose != Purpose::Conversation && !(plan.seed.is_empty() && plan.bridge.is_none()) {
            return Err(subject.thing(
                "history",
                "this session only transcribes or translates; open it without history",
            ));
        }
        if purpose != Purpose::Conversation && self.dialect != Dialect::Ga {
            return Err(subject.thing(
                "only transcribing or translating",
                "services of this dialect have other sessions for it; open a conversation",
            ));
        }
        let rules = Rules {
            purpose,
            dialect: self.dialect,
            can: self.can(&config.model).into_owned(),
        };
        let session = rules.session(config, &subject)?;
        let endpoint = self.endpoint(&subject)?;
        if purpose == Purpose::Translation {
            let codec = TranslationCodec::new(subject, rules, session);
            return Ok((endpoint, Box::new(codec)));
        }
        let codec = RealtimeCodec::new(Plan {
            output_format: rules.can.output_format(config),
            seed: Seed::new(&plan.seed, plan.bridge.as_deref(), self.dialect),
            session,
            rules,
            subject,
        });
        Ok((endpoint, Box::new(codec)))
    }

    fn merge_native(&self, config: &SessionConfig, frame: &RawJson) -> Option<SessionConfig> {
        config::merge_update(config, frame.0.get())
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        end::of(end)
    }
}
