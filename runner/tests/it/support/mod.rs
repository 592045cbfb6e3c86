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

mod toy;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_runner::{Outcome, RunError, Runner, RunnerBuilder};
use antiphon_transport::testing::{PeerWire, ScriptedDial, ScriptedPeer};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub(crate) use self::toy::Toy;
use self::toy::frame;

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
    let server = opened(peer).await;
    server.send(&json!({ "t": "ready" }));
    server
}

/// Takes the next connection and says nothing yet.
pub(crate) async fn opened(peer: ScriptedPeer) -> Server {
    let wire = peer.accept().await;
    let opening = wire.recv().await.unwrap();
    let opening = serde_json::from_slice(&opening.data).unwrap();
    Server {
        peer,
        wire,
        opening,
    }
}

/// A run in the background.
pub(crate) struct Run {
    pub(crate) control: antiphon_runner::Control,
    task: JoinHandle<Result<Outcome, RunError>>,
}

/// Connects an agent and runs it in the background.
pub(crate) async fn run(agent: RunnerBuilder) -> (Run, Server) {
    let (runner, server) = open(agent).await;
    (Run::start(runner), server)
}

impl Run {
    pub(crate) fn start(runner: Runner) -> Self {
        Self {
            control: runner.control(),
            task: tokio::spawn(runner.run()),
        }
    }

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
