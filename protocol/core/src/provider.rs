//! The seam between the session and a provider's wire: pure translators, stated as traits.
//!
//! A [`Provider`] says what it can do, opens plans, and reads ends. A [`Codec`] lives as long as
//! one connection and turns frames into events and commands into frames. Neither is async, reads a
//! clock, or touches a socket.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, Uri};
use thiserror::Error;

use crate::{
    Capabilities, Command, CommandId, ConfigField, End, Event, Fault, Frame, Item, RawJson, Retry,
    Secret, ServerError, SessionConfig, WallTime, WireSeq, text::Hidden,
};

/// A handle by which a provider continues a conversation. As secret as a key.
///
/// ```compile_fail,E0277
/// use antiphon_protocol::{ResumeToken, Secret};
///
/// serde_json::to_string(&ResumeToken(Secret::from("handle")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeToken(pub Secret);

/// What a new connection is opened with.
#[derive(Clone)]
pub struct OpeningPlan {
    /// The desired state.
    pub config: Arc<SessionConfig>,
    /// History to replay, oldest first. Empty when `resume` is set.
    pub seed: Vec<Item>,
    /// A message to the model that explains the change of connection.
    pub bridge: Option<String>,
    /// The handle to continue by.
    pub resume: Option<ResumeToken>,
    /// Which of a session's plans this is, from 0. A codec that mints ids puts it into them, so that
    /// those of one connection never mean something of another.
    pub ordinal: u32,
}

impl OpeningPlan {
    /// A fresh conversation under `config`.
    pub fn fresh(config: Arc<SessionConfig>) -> Self {
        Self {
            config,
            seed: Vec::new(),
            bridge: None,
            resume: None,
            ordinal: 0,
        }
    }
}

/// What a new connection knows of its plan's [seed](OpeningPlan::seed).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seeded {
    /// Nothing: there was none, or none of it was taken in.
    #[default]
    Nothing,
    /// All of it.
    Whole,
    /// All but these of its entries, by their place from 0, ascending: the provider refused them, or its
    /// protocol has no words for them.
    But(Vec<usize>),
}

impl Seeded {
    /// What is known of a seed of `given` entries when these were left out, in any order.
    pub fn but(given: usize, mut left_out: Vec<usize>) -> Self {
        left_out.retain(|place| *place < given);
        left_out.sort_unstable();
        left_out.dedup();
        if left_out.len() == given {
            Self::Nothing
        } else if left_out.is_empty() {
            Self::Whole
        } else {
            Self::But(left_out)
        }
    }

    /// Whether the entry in this place is known.
    pub fn knows(&self, place: usize) -> bool {
        match self {
            Self::Nothing => false,
            Self::Whole => true,
            Self::But(left_out) => left_out.binary_search(&place).is_err(),
        }
    }
}

/// Content stays out of debug output: of the bridge only the size is shown.
impl fmt::Debug for OpeningPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningPlan")
            .field("config", &self.config)
            .field("seed", &self.seed)
            .field("bridge", &Hidden::text(self.bridge.as_ref()))
            .field("resume", &self.resume)
            .field("ordinal", &self.ordinal)
            .finish()
    }
}

/// Something the caller asked for that the wire cannot say. Found before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{provider} cannot do this with model {model:?}: {what}: {why}")]
pub struct Unsupported {
    /// The provider.
    pub provider: &'static str,
    /// The model.
    pub model: String,
    /// The configuration field, where it is one.
    pub field: Option<ConfigField>,
    /// The field, command or value in words.
    pub what: String,
    /// Why, and what to do instead.
    pub why: String,
}

/// Why a credential is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A connection is about to be made.
    Connect,
    /// The last one was refused with 401: a cached credential should not be offered again.
    Refused,
}

/// A credential could not be had. The text must not contain it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no credential: {0}")]
pub struct AuthError(pub String);

/// Where credentials come from; asked afresh for every connection.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A credential that is good now.
    ///
    /// Awaited under the deadline of the dial and dropped when it passes: implementations must be
    /// cancel safe.
    ///
    /// # Errors
    /// When no credential can be had; the session ends with [`Fault::Auth`].
    async fn token(&self, why: Why) -> Result<Secret, AuthError>;
}

/// A key that does not change; an empty one is refused before anything is sent.
#[async_trait]
impl TokenSource for Secret {
    async fn token(&self, _why: Why) -> Result<Self, AuthError> {
        if self.is_empty() {
            return Err(AuthError(
                "the key is empty; set one, or say that none is to be sent".to_owned(),
            ));
        }
        Ok(self.clone())
    }
}

/// How a credential travels. Always in a header, never in the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthShape {
    /// `Authorization: Bearer …`
    Bearer,
    /// `Authorization: Token …`
    Token,
    /// A header of this name.
    Header(HeaderName),
}

/// Where a connection goes and what the upgrade request says.
#[derive(Clone)]
pub struct Endpoint {
    /// `wss:` or `ws:`, without any credential.
    pub url: Uri,
    /// Further request headers, without any credential.
    pub headers: HeaderMap,
    /// Where the credential comes from and how it travels; `None` sends none.
    pub auth: Option<(AuthShape, Arc<dyn TokenSource>)>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("host", &self.url.host())
            .field("path", &self.url.path())
            .field("auth", &self.auth.as_ref().map(|(shape, _)| shape))
            .finish_non_exhaustive()
    }
}

/// What a codec tells the link, beside the events for the reader.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Signal {
    /// The provider has accepted the configuration; commands may flow.
    Ready {
        /// Whether the old conversation continues by handle.
        resumed: bool,
        /// What was taken in of the seed.
        seeded: Seeded,
    },
    /// The provider refuses the session; the connection is useless.
    Refused(Fault),
    /// The handle to continue by has changed; `None` when there is none for now.
    Resume(Option<ResumeToken>),
    /// The provider will end the session at this time.
    Expires(WallTime),
    /// The provider will close soon.
    GoAway {
        /// How soon, where it says.
        left: Option<Duration>,
    },
    /// The provider has taken in all frames up to this one.
    Consumed(WireSeq),
    /// The provider has carried out a command.
    Ack(CommandId),
    /// The provider has refused a command.
    Reject(CommandId, ServerError),
    /// The provider has said its goodbye; the close can follow at once.
    Finished,
}

/// Where a codec puts what it makes, in order.
pub trait Sink {
    /// Something for the reader.
    fn event(&mut self, event: Event);
    /// Something for the wire.
    fn send(&mut self, frame: Frame);
    /// Something for the link.
    fn signal(&mut self, signal: Signal);
}

/// One thing a codec made; a `Vec<Effect>` is a [`Sink`], for machines and tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// For the reader.
    Event(Event),
    /// For the wire.
    Send(Frame),
    /// For the link.
    Signal(Signal),
}

impl Sink for Vec<Effect> {
    fn event(&mut self, event: Event) {
        self.push(Effect::Event(event));
    }

    fn send(&mut self, frame: Frame) {
        self.push(Effect::Send(frame));
    }

    fn signal(&mut self, signal: Signal) {
        self.push(Effect::Signal(signal));
    }
}

/// One connection's translator. It conducts the provider's opening dialogue itself.
pub trait Codec: Send {
    /// The connection is up; the server may already have spoken.
    fn start(&mut self, out: &mut dyn Sink);

    /// A frame has arrived. Never fails: what cannot be understood becomes
    /// [`Event::Malformed`] or [`Event::Other`].
    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink);

    /// Turns a command into frames; called only after [`Signal::Ready`].
    ///
    /// # Errors
    /// When the wire cannot say it; nothing has been put into `out` then.
    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported>;

    /// The session is about to close; a protocol with a goodbye of its own says it here and
    /// signals [`Signal::Finished`] once it is answered.
    fn finish(&mut self, out: &mut dyn Sink) {
        out.signal(Signal::Finished);
    }
}

/// A provider's plug-in.
pub trait Provider: Send + Sync {
    /// The provider's name, for errors and summaries.
    fn name(&self) -> &'static str;

    /// The provider's name in telemetry: the one that OpenTelemetry's conventions for generative models
    /// list (`gen_ai.provider.name`), where they list it.
    fn telemetry_name(&self) -> &'static str {
        self.name()
    }

    /// What `model` can do.
    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities>;

    /// Checks a plan offline and makes what a connection needs.
    ///
    /// # Errors
    /// When the plan asks for what the wire cannot say.
    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported>;

    /// `config` with what a native frame of the caller's changes in it, so that a later connection
    /// keeps the change; `None` when the frame does not configure the session.
    fn merge_native(&self, config: &SessionConfig, frame: &RawJson) -> Option<SessionConfig> {
        _ = (config, frame);
        None
    }

    /// What the end of a connection means; [`classify`](crate::classify) unless the provider
    /// knows better.
    fn classify(&self, end: &End) -> (Fault, Retry) {
        crate::classify(end)
    }
}

impl<P: Provider + ?Sized> Provider for Arc<P> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn telemetry_name(&self) -> &'static str {
        (**self).telemetry_name()
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        (**self).capabilities(model)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        (**self).open(plan)
    }

    fn merge_native(&self, config: &SessionConfig, frame: &RawJson) -> Option<SessionConfig> {
        (**self).merge_native(config, frame)
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        (**self).classify(end)
    }
}
