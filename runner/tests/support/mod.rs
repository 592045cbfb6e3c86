//! A provider of a few words over scripted wires, for the tests of this crate.
//!
//! Its frames are flat JSON objects whose `t` names them; [`Server`] is its other side, in a test's hands.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a script that does not fit ends its test"
)]

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{
    AudioChunk, AudioFormat, CallId, Capabilities, Codec, Command, CommandId, ConfigField, Content,
    Delegation, DelegationId, Endpoint, Event, Frame, ItemKind, OpeningPlan, Provider, Receipts,
    ResponseDone, ResponseStatus, ServerError, SessionConfig, Signal, Sink, Speech, TextDelta,
    ToolCall, Unsupported,
};
use antiphon_runner::{Outcome, RunError, Runner, RunnerBuilder};
use antiphon_transport::testing::{PeerWire, ScriptedDial, ScriptedPeer};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The provider.
pub(crate) struct Toy {
    /// Whether its configuration can change while a connection lives.
    live: bool,
}

impl Toy {
    pub(crate) fn new(live: bool) -> Self {
        Self { live }
    }
}

const FIELDS: &[ConfigField] = &[
    ConfigField::Model,
    ConfigField::Instructions,
    ConfigField::Voice,
    ConfigField::Tools,
    ConfigField::TurnDetection,
];

impl Provider for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        let mut able = Capabilities::minimal("these tests");
        able.fields = Cow::Borrowed(FIELDS);
        able.cancel = true;
        able.receipts = Receipts::Refusals;
        able.server_interrupts = true;
        if self.live {
            able.live_fields = Cow::Borrowed(FIELDS);
        }
        able.follow_up = antiphon_protocol::FollowUp::Explicit;
        Cow::Owned(able)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let endpoint = Endpoint {
            url: "wss://toy.example/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: None,
        };
        Ok((
            endpoint,
            Box::new(ToyCodec {
                config: Arc::clone(&plan.config),
                bridge: plan.bridge.clone(),
                live: self.live,
                change: None,
            }),
        ))
    }
}

struct ToyCodec {
    config: Arc<SessionConfig>,
    bridge: Option<String>,
    live: bool,
    /// The last change that was asked for.
    change: Option<CommandId>,
}

impl Codec for ToyCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        let tools: Vec<&str> = self
            .config
            .tools
            .iter()
            .map(|tool| tool.name.as_str())
            .collect();
        out.send(frame(&json!({
            "t": "open",
            "model": self.config.model,
            "instructions": self.config.instructions,
            "voice": self.config.voice,
            "tools": tools,
            "bridge": self.bridge,
        })));
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let value: Value = serde_json::from_slice(&frame.data).unwrap();
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let delta = || TextDelta {
            item: None,
            response: None,
            content_index: 0,
            text: text("text"),
            done: true,
        };
        let speech = || Speech {
            item: None,
            at: None,
            derived: false,
        };
        match value["t"].as_str().unwrap() {
            "ready" => out.signal(Signal::Ready {
                resumed: false,
                seeded: false,
            }),
            "audio" => {
                let data = vec![7; usize::try_from(value["ms"].as_u64().unwrap()).unwrap() * 48];
                let mut chunk = AudioChunk::new(data.into(), AudioFormat::PCM16_24K);
                chunk.item = Some(text("item").into());
                out.event(Event::Audio(chunk));
            }
            "text" => out.event(Event::OutputText(delta())),
            "said" => out.event(Event::OutputTranscript(delta())),
            "heard" => out.event(Event::InputTranscript(delta())),
            "speech" => out.event(Event::SpeechStarted(speech())),
            "silence" => out.event(Event::SpeechStopped(speech())),
            "started" => out.event(Event::ResponseStarted {
                response: Some(text("id").into()),
            }),
            "interrupted" => out.event(Event::Interrupted { response: None }),
            "done" => out.event(Event::ResponseDone(ResponseDone {
                response: Some(text("id").into()),
                status: match value["status"].as_str() {
                    Some("cancelled") => ResponseStatus::Cancelled { reason: None },
                    _ => ResponseStatus::Completed,
                },
                usage: None,
            })),
            "call" => out.event(Event::ToolCall(ToolCall {
                id: text("id").into(),
                name: text("name"),
                arguments: text("args"),
                item: None,
                response: value["response"].as_str().map(Into::into),
            })),
            "delegation" => out.event(Event::Delegation(Delegation {
                id: text("id").into(),
                task: value["task"].as_str().map(str::to_owned),
                at: None,
            })),
            "withdraw" => out.event(Event::ToolCallsCancelled {
                calls: value["ids"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|id| CallId::from(id.as_str().unwrap()))
                    .collect(),
            }),
            "configured" => {
                out.event(Event::Configured);
                out.signal(Signal::Ack(self.change.take().unwrap()));
            }
            "refused" => {
                let change = self.change.take().unwrap();
                out.signal(Signal::Reject(change, ServerError::default()));
            }
            "error" => out.event(Event::Error(ServerError {
                message: text("message").as_str().into(),
                benign: value["benign"].as_bool().unwrap_or(false),
                ..ServerError::default()
            })),
            other => unreachable!("no frame is called {other}"),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        match command {
            Command::ToolResults(results) => {
                for result in results {
                    out.send(frame(&json!({
                        "t": "result",
                        "id": result.call.as_str(),
                        "output": result.output,
                        "error": result.is_error,
                        "silent": result.scheduling == Some(antiphon_protocol::Scheduling::Silent),
                    })));
                }
            }
            Command::Configure(_) if !self.live => {
                return Err(Unsupported {
                    provider: "toy",
                    model: self.config.model.clone(),
                    field: None,
                    what: "configure".to_owned(),
                    why: "it cannot change".to_owned(),
                });
            }
            Command::Configure(config) => {
                self.change = Some(id);
                let instructions = &config.instructions;
                let (voice, tools) = (&config.voice, config.tools.len());
                out.send(frame(&json!({
                    "t": "configure",
                    "instructions": instructions,
                    "voice": voice,
                    "tools": tools,
                })));
            }
            Command::AddItems(items) => {
                let texts: Vec<&str> = items.iter().filter_map(text_of).collect();
                out.send(frame(&json!({ "t": "add items", "texts": texts })));
            }
            Command::Context(context) => {
                let delegation = context.delegation.as_ref().map(DelegationId::as_str);
                out.send(frame(&json!({
                    "t": "context",
                    "kind": context.kind,
                    "text": context.text,
                    "delegation": delegation,
                })));
            }
            Command::Audio(bytes) => {
                let silent = bytes.iter().all(|byte| *byte == 0);
                out.send(frame(
                    &json!({ "t": "audio", "bytes": bytes.len(), "silent": silent }),
                ));
            }
            other => out.send(frame(&json!({ "t": other.name() }))),
        }
        Ok(())
    }
}

fn text_of(item: &antiphon_protocol::Item) -> Option<&str> {
    let ItemKind::Message { content, .. } = &item.kind else {
        return None;
    };
    match content.first() {
        Some(Content::Text(text)) => Some(text),
        _ => None,
    }
}

fn frame(value: &Value) -> Frame {
    Frame::text(value.to_string())
}

/// The provider's side of one connection.
pub(crate) struct Server {
    pub(crate) peer: ScriptedPeer,
    pub(crate) wire: PeerWire,
    /// What the client opened the session with.
    pub(crate) opening: Value,
}

impl Server {
    pub(crate) fn send(&self, value: &Value) {
        self.wire.send(frame(value));
    }

    /// The model calls `name` as `id` in a response of its own, which then ends.
    pub(crate) fn call(&self, id: &str, name: &str, args: &str) {
        self.calls(id, &[(id, name, args)]);
    }

    /// The model makes these calls in one response, which then ends.
    pub(crate) fn calls(&self, response: &str, calls: &[(&str, &str, &str)]) {
        self.send(&json!({ "t": "started", "id": response }));
        for (id, name, args) in calls {
            let call = json!({
                "t": "call", "id": id, "name": name, "args": args, "response": response,
            });
            self.send(&call);
        }
        self.send(&json!({ "t": "done", "id": response }));
    }

    pub(crate) fn audio(&self, item: &str, ms: u64) {
        self.send(&json!({ "t": "audio", "item": item, "ms": ms }));
    }

    /// The client's next frame, within 90 s.
    pub(crate) async fn recv(&self) -> Value {
        let frame = tokio::time::timeout(Duration::from_secs(90), self.wire.recv());
        let frame = frame
            .await
            .expect("the client says something")
            .expect("the wire is open");
        serde_json::from_slice(&frame.data).unwrap()
    }

    /// The client's next tool result, within 90 s; frames before it are passed over.
    pub(crate) async fn result(&self) -> Value {
        loop {
            let value = self.recv().await;
            if value["t"] == "result" {
                return value;
            }
        }
    }

    /// The client's next words for the model, within 90 s; frames before them are passed over.
    pub(crate) async fn context(&self) -> Value {
        loop {
            let value = self.recv().await;
            if value["t"] == "context" {
                return value;
            }
        }
    }

    /// All that the client has sent and nobody has received.
    pub(crate) fn sent(&self) -> Vec<Value> {
        std::iter::from_fn(|| self.wire.try_recv())
            .map(|frame| serde_json::from_slice(&frame.data).unwrap())
            .collect()
    }

    /// How often the client has sent a frame of this name that nobody has received; takes all.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.sent()
            .iter()
            .filter(|value| value["t"] == name)
            .count()
    }
}

/// An agent's description with a model and nothing else.
pub(crate) fn agent() -> RunnerBuilder {
    Runner::builder(Toy::new(true)).model("small")
}

/// Connects an agent to a scripted server.
pub(crate) async fn open(agent: RunnerBuilder) -> (Runner, Server) {
    let (dial, peer) = ScriptedDial::new();
    let agent = agent.session(move |session| session.dial(dial.clone()).seed(7));
    let (runner, server) = tokio::join!(agent.connect(), accept(peer));
    (runner.unwrap(), server)
}

/// Takes the next connection and lets it be ready.
pub(crate) async fn accept(peer: ScriptedPeer) -> Server {
    let wire = peer.accept().await;
    let opening = wire.recv().await.unwrap();
    let opening = serde_json::from_slice(&opening.data).unwrap();
    let server = Server {
        peer,
        wire,
        opening,
    };
    server.send(&json!({ "t": "ready" }));
    server
}

/// A run in the background.
pub(crate) struct Run {
    pub(crate) control: antiphon_runner::Control,
    task: JoinHandle<Result<Outcome, RunError>>,
}

/// Connects an agent and runs it in the background.
pub(crate) async fn run(agent: RunnerBuilder) -> (Run, Server) {
    let (runner, server) = open(agent).await;
    let control = runner.control();
    (
        Run {
            control,
            task: tokio::spawn(runner.run()),
        },
        server,
    )
}

impl Run {
    /// Closes the session and waits for the outcome.
    pub(crate) async fn close(self) -> Outcome {
        self.control.close().await;
        self.end().await.unwrap()
    }

    /// Waits for the end.
    pub(crate) async fn end(self) -> Result<Outcome, RunError> {
        // Longer than a peer that has gone keeps a session waiting.
        let ended = tokio::time::timeout(Duration::from_secs(600), self.task);
        ended.await.expect("a run ends").unwrap()
    }
}

/// Lets everything happen that can happen without more time than a moment.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

/// What several closures write down, in order.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(crate) fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, note: &str) -> usize {
        self.all().iter().filter(|its| *its == note).count()
    }
}

/// The schema of a tool without arguments.
pub(crate) fn nothing() -> Value {
    json!({ "type": "object", "properties": {} })
}
