//! GPT-Live as a provider.

mod append;
pub(crate) mod capabilities;
mod codec;
mod config;
mod decode;
mod desired;
mod encode;
mod history;
mod item;
mod media;
mod nested;
mod opening;
mod rest;

use std::{borrow::Cow, fmt, time::Duration};

use antiphon_openai_live_types as wire;
use antiphon_protocol::{
    Capabilities, Codec, Command, ConfigField, End, Endpoint, Fault, OpeningPlan, Provider,
    RawJson, Retry, Secret, SessionConfig, Subject, Unsupported, address::InvalidUrl,
};
use serde_json::value::RawValue;

use self::{
    codec::{LiveCodec, Plan},
    config::{Rules, Settings},
    opening::Target,
};
use crate::{
    end,
    service::{Service, service_builder},
};

const AZURE: (&str, &str) = ("openai.azure.com", "/openai/v1");
const ENDPOINT: &str = "/live/sessions";

/// GPT-Live: OpenAI's full-duplex voice, or a service that speaks its wire elsewhere.
///
/// The model listens while it speaks, decides itself when to speak, and calls no tools: what it
/// wants done it delegates, to the caller (the default) or to a backend model, which calls the
/// tools of the configuration. State which with [`Self::with_delegation`] or [`Self::with_backend`].
///
/// ```
/// use antiphon_openai::OpenAi;
///
/// // Delegations are the caller's to answer, as context.
/// let alone = OpenAi::live("key");
/// // A backend model works, with the tools of the configuration.
/// let backed = OpenAi::live("key").with_backend("gpt-5.5");
/// ```
#[derive(Clone)]
pub struct Live {
    service: Service,
    target: Target,
    settings: Settings,
    capabilities: Option<Capabilities>,
}

service_builder!(Live, "/live/sessions");

impl Live {
    fn at(service: Service) -> Self {
        Self {
            service,
            target: Target::Session,
            settings: Settings::default(),
            capabilities: None,
        }
    }

    pub(crate) fn new(key: Secret) -> Self {
        Self::at(Service::openai("openai-live", key))
    }

    pub(crate) fn azure(resource: &str, key: Secret) -> Result<Self, InvalidUrl> {
        let at = (resource, AZURE.0, AZURE.1);
        Ok(Self::at(Service::azure("azure-openai-live", at, key)?))
    }

    pub(crate) fn compatible(url: &str, key: Secret) -> Result<Self, InvalidUrl> {
        let service = Service::openai("openai-live-compatible", key).at(url)?;
        Ok(Self::at(service))
    }

    /// States who does the work that the model asks for.
    ///
    /// For [`Self::attach`] and [`Self::fork`] it says how the session at hand delegates, since its
    /// kind cannot change.
    ///
    /// ```
    /// use antiphon_openai::{OpenAi, live_types::{ResponsesConfig, ResponsesDelegation}};
    ///
    /// let backend = ResponsesConfig::default().with_model("gpt-5.5").with_instructions("Be exact.");
    /// let live = OpenAi::live("key")
    ///     .with_delegation(ResponsesDelegation::default().with_responses(backend));
    /// ```
    #[must_use]
    pub fn with_delegation(mut self, delegation: impl Into<wire::Delegation>) -> Self {
        self.settings.delegation = Some(delegation.into());
        self
    }

    /// Lets this model behind the Responses API do the work; short for the usual
    /// [`Self::with_delegation`].
    #[must_use]
    pub fn with_backend(self, model: impl Into<String>) -> Self {
        let responses = wire::ResponsesConfig::default().with_model(model);
        self.with_delegation(wire::ResponsesDelegation::default().with_responses(responses))
    }

    /// How long the model waits before it says by itself that it is at work; whole milliseconds.
    #[must_use]
    pub fn with_acknowledgement_delay(mut self, delay: Duration) -> Self {
        self.settings.acknowledgement_delay = Some(delay);
        self
    }

    /// Decisions that each piece of a transcript brings about; they arrive as `decision.event`.
    #[must_use]
    pub fn with_triggers(mut self, triggers: Vec<wire::Trigger>) -> Self {
        self.settings.triggers = Some(triggers);
        self
    }

    /// Keeps the session at the service, for a fork or a recording.
    #[must_use]
    pub fn with_store(mut self, store: bool) -> Self {
        self.settings.store = Some(store);
        self
    }

    /// Joins a running session by its id, to listen in and to steer it beside its audio connection.
    ///
    /// Nothing is opened, so the connection is ready at once, or when the service has taken in the
    /// tools of the configuration. It takes no audio, and closing it leaves the session running.
    #[must_use]
    pub fn attach(mut self, session: impl Into<String>) -> Self {
        self.target = Target::Attached(session.into());
        self
    }

    /// Goes on with a stored session that has ended, as a new one with the same memory.
    ///
    /// It keeps its model, instructions and voice. A later connection of the same call begins at the
    /// same place again.
    #[must_use]
    pub fn fork(mut self, session: impl Into<String>) -> Self {
        self.target = Target::Fork(session.into());
        self
    }

    /// Any command of this wire, typed, for what the neutral language has no word for.
    ///
    /// ```
    /// use antiphon_openai::{Live, live_types::{SessionOutputAudioFixturePlay, TransportDtmfSend}};
    ///
    /// let chime = Live::command(SessionOutputAudioFixturePlay::new("AAAA"));
    /// # let _ = chime;
    /// ```
    pub fn command(event: impl Into<wire::ClientEvent>) -> Option<Command> {
        native(event.into().to_json())
    }

    /// Any command that only a sideband has, such as pressing a key.
    pub fn sideband_command(event: impl Into<wire::SidebandClientEvent>) -> Option<Command> {
        native(event.into().to_json())
    }

    /// Lets the model hear silence from here on. Audio must flow on, and what is said stays said.
    /// A later connection begins unmuted.
    pub fn mute() -> Option<Command> {
        Self::command(wire::SessionInputAudioMute::default())
    }

    /// Lets the model hear the caller again.
    pub fn unmute() -> Option<Command> {
        Self::command(wire::SessionInputAudioUnmute::default())
    }

    fn can(&self, model: &str) -> Cow<'_, Capabilities> {
        match &self.capabilities {
            Some(capabilities) => Cow::Borrowed(capabilities),
            None => Cow::Owned(capabilities::of(model, &self.target, self.settings.work())),
        }
    }

    fn endpoint(&self, subject: &Subject) -> Result<Endpoint, Unsupported> {
        let path = self.target.path(ENDPOINT, subject)?;
        self.service.endpoint(&path, &[], subject)
    }
}

fn native(json: String) -> Option<Command> {
    let json = RawValue::from_string(json).ok()?;
    Some(Command::Native(Box::new(RawJson(json))))
}

/// Where it goes, never with what credential.
impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("service", &self.service)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Provider for Live {
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
        if config.model.is_empty() && self.target == Target::Session {
            return Err(subject.field(ConfigField::Model, "name one, such as gpt-live-1"));
        }
        if plan.resume.is_some() {
            return Err(subject.thing(
                "resuming by a handle",
                "this wire has none; open a session with its history, or fork a stored one",
            ));
        }
        let has_history = !plan.seed.is_empty() || plan.bridge.is_some();
        if self.target != Target::Session && has_history {
            return Err(subject.thing(
                "history",
                "a session that runs or is forked has its own; open a new one for another",
            ));
        }
        let rules = Rules {
            target: self.target.clone(),
            settings: self.settings.clone(),
            can: self.can(&config.model).into_owned(),
        };
        let session = rules.session(config, &subject)?;
        let endpoint = self.endpoint(&subject)?;
        let codec = LiveCodec::new(Plan {
            format: rules.can.output_format(config),
            history: history::of(&plan.seed, plan.bridge.as_deref()),
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
