//! The Live API as a provider.

mod arguments;
mod codec;
mod content;
mod context;
mod decode;
mod detection;
mod duration;
mod encode;
mod end;
mod media;
pub(crate) mod model;
mod native;
mod seed;
pub(crate) mod service;
mod setup;
mod turn;
mod usage;

use std::{borrow::Cow, fmt, sync::Arc};

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{
    AuthShape, Capabilities, Codec, ConfigField, End, Endpoint, Fault, OpeningPlan, Provider,
    RawJson, Resume, Retry, Secret, SessionConfig, Subject, TokenSource, Unsupported,
    address::{BaseUrl, InvalidHeader, InvalidUrl, header},
};
use http::{HeaderMap, HeaderName};

use self::{
    codec::{LiveCodec, Plan},
    model::Manner,
    service::{Backend, Service},
    setup::{Resumption, Rules},
};

const KEY_HEADER: &str = "x-goog-api-key";

/// What the service does when the conversation grows beyond what the model can hold.
///
/// The oldest part of it is forgotten, and the session has no limit of its own any more. `None`
/// leaves a figure to the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextCompression {
    /// Tokens that bring it on.
    pub trigger_tokens: Option<u32>,
    /// Tokens to keep.
    pub target_tokens: Option<u32>,
}

impl ContextCompression {
    fn wire(self) -> wire::ContextWindowCompressionConfig {
        let tokens = |count: u32| wire::Int64::from(i64::from(count));
        wire::ContextWindowCompressionConfig {
            trigger_tokens: self.trigger_tokens.map(tokens),
            sliding_window: Some(wire::SlidingWindow {
                target_tokens: self.target_tokens.map(tokens),
                ..wire::SlidingWindow::default()
            }),
            ..wire::ContextWindowCompressionConfig::default()
        }
    }
}

/// The Gemini Live API, on the Developer API or on Vertex.
///
/// A value of this type says where a session goes and with which credential; the session itself is
/// described by a [`SessionConfig`].
///
/// ```
/// use antiphon_gemini::Gemini;
///
/// let local = Gemini::live("").without_key().with_base_url("ws://127.0.0.1:8080")?;
/// # Ok::<(), antiphon_gemini::InvalidUrl>(())
/// ```
#[derive(Clone)]
pub struct Live {
    service: Service,
    base: BaseUrl,
    auth: Option<(AuthShape, Arc<dyn TokenSource>)>,
    headers: HeaderMap,
    compression: Option<ContextCompression>,
    resumption: Option<Resumption>,
    capabilities: Option<Capabilities>,
}

impl Live {
    fn new(service: Service, auth: (AuthShape, Arc<dyn TokenSource>)) -> Self {
        Self {
            base: service.base(),
            service,
            auth: Some(auth),
            headers: HeaderMap::new(),
            compression: None,
            resumption: Some(Resumption::Handle),
            capabilities: None,
        }
    }

    pub(crate) fn developer(key: Secret) -> Self {
        let shape = AuthShape::Header(HeaderName::from_static(KEY_HEADER));
        Self::new(Service::developer(false), (shape, Arc::new(key)))
    }

    pub(crate) fn constrained(source: Arc<dyn TokenSource>) -> Self {
        Self::new(Service::developer(true), (AuthShape::Token, source))
    }

    pub(crate) fn vertex(
        project: &str,
        location: &str,
        source: Arc<dyn TokenSource>,
    ) -> Result<Self, InvalidUrl> {
        let service = Service::vertex(project, location)?;
        Ok(Self::new(service, (AuthShape::Bearer, source)))
    }

    /// Goes to a service at another address, such as `https://host` or `ws://127.0.0.1:8080`.
    ///
    /// `http` and `https` mean `ws` and `wss`; the path of the method is added where it is missing.
    /// The credential goes to that address too, so that another host needs one of its own, or
    /// [`Self::without_key`].
    ///
    /// # Errors
    /// When the address cannot be read, or holds a credential.
    pub fn with_base_url(mut self, url: &str) -> Result<Self, InvalidUrl> {
        self.base = BaseUrl::parse(url, "")?;
        Ok(self)
    }

    /// Speaks another version of the API, such as `v1alpha`.
    #[must_use]
    pub fn with_api_version(mut self, version: &str) -> Self {
        self.service.set_version(version);
        self
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

    /// Adds a header field to the upgrade request, such as `x-goog-user-project`.
    ///
    /// # Errors
    /// When it cannot be sent, or carries a credential: that is what keys and token sources are
    /// for.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, InvalidHeader> {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Lets the service forget the oldest part of a conversation that has grown too large, which
    /// also lifts its limit on a session (`contextWindowCompression`).
    #[must_use]
    pub fn with_context_compression(mut self, compression: ContextCompression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Asks the service to say up to which message it has read (`sessionResumption.transparent`), so
    /// that exactly the rest is sent again after a resume. Vertex only: elsewhere no session opens.
    #[must_use]
    pub fn with_transparent_resumption(mut self) -> Self {
        self.resumption = Some(Resumption::Transparent);
        self
    }

    /// Asks for no handles to resume by: a lost connection is replaced by one that is told the
    /// history.
    #[must_use]
    pub fn without_resumption(mut self) -> Self {
        self.resumption = None;
        self
    }

    /// States what the models behind this address can do, instead of what is known of Google's.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Some(capabilities);
        self
    }

    /// Which of the two services this is.
    pub fn backend(&self) -> Backend {
        self.service.backend()
    }

    fn can(&self, model: &str) -> Cow<'_, Capabilities> {
        if let Some(capabilities) = &self.capabilities {
            return Cow::Borrowed(capabilities);
        }
        let mut can = model::capabilities(model, self.service.backend());
        can.resume = match self.resumption {
            None => Resume::None,
            Some(Resumption::Handle) => Resume::Handle,
            Some(Resumption::Transparent) => Resume::TransparentHandle,
        };
        if self.compression.is_some() {
            can.limits.session = None;
        }
        Cow::Owned(can)
    }

    fn endpoint(&self, subject: &Subject) -> Result<Endpoint, Unsupported> {
        let refuse = || subject.thing("the address", "the version of the API is no plain word");
        if !self.service.has_plain_version() {
            return Err(refuse());
        }
        Ok(Endpoint {
            url: self
                .base
                .endpoint(&self.service.method(), &[])
                .ok_or_else(refuse)?,
            headers: self.headers.clone(),
            auth: self.auth.clone(),
        })
    }

    /// What the service does not offer here, or the plan asks for in vain.
    fn check(&self, plan: &OpeningPlan, subject: &Subject) -> Result<(), Unsupported> {
        if plan.config.model.is_empty() {
            return Err(subject.field(ConfigField::Model, "name one, such as gemini-3.8-live"));
        }
        if self.resumption == Some(Resumption::Transparent)
            && self.service.backend() == Backend::Developer
        {
            return Err(subject.thing(
                "transparent resumption",
                "only Vertex offers it; resume by handles alone here",
            ));
        }
        if plan.resume.is_some() && self.resumption.is_none() {
            return Err(subject.thing(
                "resuming by a handle",
                "resumption is switched off; open a fresh session and replay its history",
            ));
        }
        Ok(())
    }
}

/// Where it goes, never with what credential.
impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("service", &self.service)
            .field("base", &self.base)
            .field("auth", &self.auth.as_ref().map(|(shape, _)| shape))
            .field("headers", &self.headers)
            .field("compression", &self.compression)
            .field("resumption", &self.resumption)
            .finish_non_exhaustive()
    }
}

impl Provider for Live {
    fn name(&self) -> &'static str {
        self.service.name()
    }

    fn telemetry_name(&self) -> &'static str {
        self.service.telemetry_name()
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        self.can(model)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let subject = Subject {
            provider: self.service.name(),
            model: plan.config.model.clone(),
        };
        self.check(plan, &subject)?;
        let rules = Rules {
            manner: Manner::of(&plan.config.model, self.service.backend()),
            can: self.can(&plan.config.model).into_owned(),
            service: self.service.clone(),
            compression: self.compression,
            resumption: self.resumption,
        };
        let setup = rules.setup(&plan.config, &subject)?;
        let endpoint = self.endpoint(&subject)?;
        let codec = LiveCodec::new(Plan {
            rules,
            subject,
            setup,
            opening: plan,
        });
        Ok((endpoint, Box::new(codec)))
    }

    fn merge_native(&self, config: &SessionConfig, frame: &RawJson) -> Option<SessionConfig> {
        native::merged(config, frame)
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        end::of(end)
    }
}
