//! A provider for tests: one line of words per frame, and any abilities.

use std::{borrow::Cow, io, sync::Arc};

use antiphon_protocol::{
    Capabilities, Codec, ConfigField, Endpoint, FollowUp, OpeningPlan, Provider, RawJson, Receipts,
    SeedLimits, SessionConfig, Unsupported,
};
use antiphon_transport::{
    RecordingDial,
    testing::{ScriptedDial, ScriptedPeer},
};
use http::{HeaderMap, Uri};

use super::{server::ToyServer, wire::ToyCodec};
use crate::{ConnectError, Events, Session, SessionBuilder};

/// A provider whose wire can be read: one line of words per frame.
///
/// The server says `ready`, `ready resumed`, `ready but 0 2` (places in the history), `id S`, `handle H`, `nohandle`, `goaway MS`, `started R`,
/// `audio R ITEM MS`, `text R WORDS`, `speak R ITEM WORDS`, `done R STATUS [TOKENS]`, `call R ID`,
/// `uncall ID`, `speech`, `silence`, `committed ITEM`, `interrupted`, `usage TOKENS`,
/// `usage-so-far TOKENS`, `ack N`, `reject N benign|bad`, `refuse`; on a wire without turns
/// `voice MS`, `zeros MS`, `heard WORDS`, `said WORDS`. `panic` makes the codec panic; anything else
/// is malformed.
///
/// The client says `hello`, with the handle, instructions, history and bridge it brings, and then
/// each command's name in one word, its number, and its arguments.
#[derive(Clone, Debug)]
pub struct Toy {
    capabilities: Capabilities,
    takes_seeds: bool,
}

impl Default for Toy {
    fn default() -> Self {
        Self::new()
    }
}

impl Toy {
    /// Turns, items, truncate, cancel and delete; no resume; refusals are told; a follow-up must be
    /// asked for.
    pub fn new() -> Self {
        let mut capabilities = Capabilities::minimal("the toy's own word");
        capabilities.truncate = true;
        capabilities.cancel = true;
        capabilities.delete_items = true;
        capabilities.server_interrupts = true;
        capabilities.receipts = Receipts::Refusals;
        capabilities.follow_up = FollowUp::Explicit;
        capabilities.seed_limits = SeedLimits {
            items: 100,
            bytes: 10_000,
        };
        capabilities.live_fields = Cow::Borrowed(&[ConfigField::Instructions]);
        Self {
            capabilities,
            takes_seeds: true,
        }
    }

    /// The same toy with other abilities.
    #[must_use]
    pub fn able(mut self, adjust: impl FnOnce(&mut Capabilities)) -> Self {
        adjust(&mut self.capabilities);
        self
    }

    /// A toy that refuses to be opened with history, though it says that it can be.
    #[must_use]
    pub fn refusing_seeds(mut self) -> Self {
        self.takes_seeds = false;
        self
    }

    /// A session over the in-memory wire, to be adjusted and connected, and the hold on its dials.
    pub fn rehearse(&self) -> (SessionBuilder, ScriptedPeer) {
        let (dial, peer) = ScriptedDial::new();
        let builder = Session::builder(self.clone()).dial(dial).seed(7);
        (builder, peer)
    }

    /// A live session, its reader, the hold on its dials, and the server's end of its connection.
    ///
    /// # Errors
    /// When the session cannot be opened.
    pub async fn live(
        &self,
    ) -> Result<(Session, Events, ScriptedPeer, ToyServer), Box<ConnectError>> {
        self.live_with(|builder| builder).await
    }

    /// The same, as `adjust` describes it.
    ///
    /// # Errors
    /// When the session cannot be opened.
    pub async fn live_with(
        &self,
        adjust: impl FnOnce(SessionBuilder) -> SessionBuilder,
    ) -> Result<(Session, Events, ScriptedPeer, ToyServer), Box<ConnectError>> {
        let (builder, peer) = self.rehearse();
        let (connected, (server, _)) =
            futures::join!(adjust(builder).connect(), ToyServer::opened(&peer));
        let (session, events) = connected.map_err(Box::new)?;
        Ok((session, events, peer, server))
    }

    /// A live session that is recorded into `file` for [`TimeTravel`](super::TimeTravel).
    ///
    /// # Errors
    /// When the session cannot be opened.
    pub async fn recorded(
        &self,
        file: impl io::Write + Send + 'static,
    ) -> Result<(Session, Events, ScriptedPeer, ToyServer), Box<ConnectError>> {
        let (dial, peer) = ScriptedDial::new();
        let dial = Arc::new(RecordingDial::new(dial, file));
        let builder = Session::builder(self.clone()).seed(7);
        let connect = builder.dial(Arc::clone(&dial)).tape(dial).connect();
        let (connected, (server, _)) = futures::join!(connect, ToyServer::opened(&peer));
        let (session, events) = connected.map_err(Box::new)?;
        Ok((session, events, peer, server))
    }

    fn refusal(&self, plan: &OpeningPlan) -> Option<(Option<ConfigField>, &'static str)> {
        if plan.config.temperature.is_some() {
            return Some((Some(ConfigField::Temperature), "temperature"));
        }
        (!self.takes_seeds && !plan.seed.is_empty()).then_some((None, "history"))
    }
}

impl Provider for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Borrowed(&self.capabilities)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        if let Some((field, what)) = self.refusal(plan) {
            return Err(unsupported(&plan.config, field, what));
        }
        let endpoint = Endpoint {
            url: Uri::from_static("ws://127.0.0.1/toy"),
            headers: HeaderMap::new(),
            auth: None,
        };
        Ok((endpoint, Box::new(ToyCodec::new(plan, &self.capabilities))))
    }

    /// A native frame of the toy is `{"instructions": "…"}`.
    fn merge_native(&self, config: &SessionConfig, frame: &RawJson) -> Option<SessionConfig> {
        let frame: serde_json::Value = serde_json::from_str(frame.0.get()).ok()?;
        let instructions = frame.get("instructions")?.as_str()?;
        Some(config.clone().instructions(instructions))
    }
}

/// What a toy cannot do.
pub(super) fn unsupported(
    config: &Arc<SessionConfig>,
    field: Option<ConfigField>,
    what: &str,
) -> Unsupported {
    Unsupported {
        provider: "toy",
        model: config.model.clone(),
        field,
        what: what.to_owned(),
        why: "toys cannot".to_owned(),
    }
}
