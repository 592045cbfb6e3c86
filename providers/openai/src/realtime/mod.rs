//! The Realtime API as a provider.

mod aside;
mod calls;
pub(crate) mod capabilities;
mod codec;
mod config;
mod decode;
mod desired;
pub(crate) mod dialect;
mod encode;
mod end;
mod error;
mod input;
mod item;
mod media;
mod names;
mod opening;
mod receipts;
mod refusal;
mod response;
mod target;
mod usage;

use std::{borrow::Cow, fmt, sync::Arc};

use antiphon_protocol::{
    AuthError, AuthShape, Capabilities, Codec, ConfigField, End, Endpoint, Fault, OpeningPlan,
    Provider, Retry, Secret, TokenSource, Unsupported, Why,
    address::{BaseUrl, InvalidHeader, InvalidUrl, header},
};
use async_trait::async_trait;
use http::HeaderMap;

use self::{
    codec::{Plan, RealtimeCodec},
    config::{Purpose, Rules},
    dialect::Dialect,
    opening::Seed,
    refusal::Subject,
    target::Target,
};
use crate::address;

const HOST: &str = "api.openai.com";
const PATH: &str = "/v1";
const AZURE_PATH: &str = "/openai/v1";
const AZURE_HOST: &str = "openai.azure.com";
const AZURE_KEY: &str = "api-key";
const VOICE_LIVE_HOST: &str = "services.ai.azure.com";
const VOICE_LIVE_PATH: &str = "/voice-live";
const VOICE_LIVE_VERSION: (&str, &str) = ("api-version", "2026-07-15");
const ENDPOINT: &str = "/realtime";

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
    name: &'static str,
    base: BaseUrl,
    default_path: &'static str,
    target: Target,
    dialect: Dialect,
    auth: Option<(AuthShape, Arc<dyn TokenSource>)>,
    headers: HeaderMap,
    capabilities: Option<Capabilities>,
}

impl Realtime {
    pub(crate) fn new(key: Secret) -> Self {
        Self {
            name: "openai-realtime",
            base: BaseUrl::known(HOST, PATH),
            default_path: PATH,
            target: Target::Conversation,
            dialect: Dialect::Ga,
            auth: Some((AuthShape::Bearer, Arc::new(Key(key)))),
            headers: HeaderMap::new(),
            capabilities: None,
        }
    }

    pub(crate) fn azure(resource: &str, key: Secret) -> Result<Self, InvalidUrl> {
        let url = address::of_resource(resource, AZURE_HOST);
        Ok(Self {
            name: "azure-openai-realtime",
            base: BaseUrl::parse(&url, AZURE_PATH)?,
            default_path: AZURE_PATH,
            auth: Some((address::api_key_header(AZURE_KEY), Arc::new(Key(key)))),
            ..Self::new(Secret::from(""))
        })
    }

    pub(crate) fn compatible(url: &str, key: Secret) -> Result<Self, InvalidUrl> {
        Ok(Self {
            name: "openai-compatible",
            ..Self::new(key).with_base_url(url)?
        })
    }

    pub(crate) fn azure_voice_live(resource: &str, key: Secret) -> Result<Self, InvalidUrl> {
        let url = address::of_resource(resource, VOICE_LIVE_HOST);
        let base = BaseUrl::parse(&url, VOICE_LIVE_PATH)?;
        Ok(Self {
            name: "azure-voice-live",
            base: base.with_parameter(VOICE_LIVE_VERSION.0, VOICE_LIVE_VERSION.1),
            default_path: VOICE_LIVE_PATH,
            dialect: Dialect::Beta,
            auth: Some((address::api_key_header(AZURE_KEY), Arc::new(Key(key)))),
            ..Self::new(Secret::from(""))
        })
    }

    /// Only transcribes: the model of the configuration is the transcriber, and there are no
    /// responses.
    #[must_use]
    pub fn transcribing(mut self) -> Self {
        self.target = Target::Transcription;
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

    /// Goes to a service at another address, such as `https://host/v1` or `ws://127.0.0.1:8080`.
    ///
    /// `http` and `https` mean `ws` and `wss`; an absent path means the service's usual
    /// one; `/realtime` and the model are added where they are missing. The credential goes to that address too, so that
    /// another host needs a key of its own, or [`Self::without_key`].
    ///
    /// # Errors
    /// When the address cannot be read, or holds a credential.
    pub fn with_base_url(mut self, url: &str) -> Result<Self, InvalidUrl> {
        self.base = BaseUrl::parse(url, self.default_path)?;
        Ok(self)
    }

    /// Asks `source` for a bearer token before each connection, instead of using the key.
    #[must_use]
    pub fn token_source(mut self, source: Arc<dyn TokenSource>) -> Self {
        self.auth = Some((AuthShape::Bearer, source));
        self
    }

    /// Sends no credential.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.auth = None;
        self
    }

    /// Bills this organization (`OpenAI-Organization`).
    ///
    /// # Errors
    /// When the text cannot stand in a header field.
    pub fn with_organization(self, organization: &str) -> Result<Self, InvalidHeader> {
        self.with_header("OpenAI-Organization", organization)
    }

    /// Bills this project (`OpenAI-Project`).
    ///
    /// # Errors
    /// When the text cannot stand in a header field.
    pub fn with_project(self, project: &str) -> Result<Self, InvalidHeader> {
        self.with_header("OpenAI-Project", project)
    }

    /// Adds a header field to the upgrade request, such as `OpenAI-Safety-Identifier`.
    ///
    /// # Errors
    /// When it cannot be sent, or carries a credential: that is what keys and token sources are
    /// for.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, InvalidHeader> {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// States what the models behind this address can do, instead of what is known of OpenAI's.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Some(capabilities);
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
            (Purpose::Conversation, Dialect::Beta) => capabilities::beta(),
            (Purpose::Conversation, _) => capabilities::capabilities(model),
        })
    }

    fn endpoint(&self, subject: &Subject) -> Result<Endpoint, Unsupported> {
        let parameters = self.target.parameters(&subject.model);
        let url = self.base.endpoint(ENDPOINT, &[parameters]);
        let url = url.ok_or_else(|| {
            subject.field(ConfigField::Model, "the name is too long for an address")
        })?;
        Ok(Endpoint {
            url,
            headers: self.headers.clone(),
            auth: self.auth.clone(),
        })
    }
}

/// Where it goes, never with what credential.
impl fmt::Debug for Realtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realtime")
            .field("name", &self.name)
            .field("base", &self.base)
            .field("target", &self.target)
            .field("auth", &self.auth.as_ref().map(|(shape, _)| shape))
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl Provider for Realtime {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        self.can(model)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let config = &plan.config;
        let subject = Subject {
            provider: self.name,
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
        if purpose == Purpose::Transcription && !(plan.seed.is_empty() && plan.bridge.is_none()) {
            return Err(subject.thing(
                "history",
                "this session only transcribes; open it without history",
            ));
        }
        if purpose == Purpose::Transcription && self.dialect != Dialect::Ga {
            return Err(subject.thing(
                "only transcribing",
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
        let codec = RealtimeCodec::new(Plan {
            output_format: rules.can.output_format(config),
            seed: Seed::new(&plan.seed, plan.bridge.as_deref(), self.dialect),
            session,
            rules,
            subject,
        });
        Ok((endpoint, Box::new(codec)))
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        end::of(end)
    }
}

/// A key that does not change.
struct Key(Secret);

#[async_trait]
impl TokenSource for Key {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        if self.0.is_empty() {
            return Err(AuthError(
                "the key is empty; set one, or say that none is to be sent".to_owned(),
            ));
        }
        Ok(self.0.clone())
    }
}
