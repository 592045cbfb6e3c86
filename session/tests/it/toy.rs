//! A wire small enough to read in a test: one line of words per frame.
//!
//! Server: `ready`, `started R`, `audio R ITEM MS`, `text R WORDS`, `speak R ITEM WORDS`, `done R STATUS`, `call R ID`,
//! `speech`, `silence`, `committed ITEM`, `garbage`, `ack N`, `reject N benign|bad`, `panic`.
//! Client: `hello`, with its instructions and the words of the history it brings, and then the command's name in one word, its number, and its arguments.

use std::{borrow::Cow, time::Duration};

use antiphon_protocol::{
    AudioChunk, AudioFormat, Capabilities, Codec, Command, CommandId, Content, Endpoint, Event,
    Fault, FollowUp, Frame, ItemKind, Malformed, OpeningPlan, PeerText, Provider, Receipts,
    ResponseDone, ResponseStatus, SeedLimits, ServerError, Signal, Sink, Speech, TextDelta,
    ToolCall, Unsupported,
};
use antiphon_session::{Events, Session, SessionBuilder};
use antiphon_transport::testing::{PeerWire, ScriptedDial, ScriptedPeer};
use bytes::Bytes;

pub(crate) const FORMAT: AudioFormat = AudioFormat::PCM16_24K;

pub(crate) struct Toy;

impl Provider for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        let mut capabilities = Capabilities::minimal("this file");
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
        Cow::Owned(capabilities)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        if plan.config.temperature.is_some() {
            return Err(Unsupported {
                provider: "toy",
                model: plan.config.model.clone(),
                field: Some(antiphon_protocol::ConfigField::Temperature),
                what: "temperature".into(),
                why: "toys have none".into(),
            });
        }
        let endpoint = Endpoint {
            url: "ws://127.0.0.1/toy".parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: None,
        };
        let seed = plan.seed.iter().map(|item| words(&item.kind)).collect();
        let role = plan.config.instructions.clone();
        Ok((endpoint, Box::new(ToyCodec { role, seed })))
    }
}

struct ToyCodec {
    role: Option<String>,
    seed: Vec<String>,
}

impl Codec for ToyCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        let words: Vec<_> = std::iter::once("hello".to_owned())
            .chain(self.role.clone())
            .chain(self.seed.clone())
            .collect();
        out.send(Frame::text(words.join(" ")));
    }

    #[expect(clippy::too_many_lines, reason = "a flat table of words")]
    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let line = String::from_utf8(frame.data.to_vec()).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let text = |n: usize| words.get(n).copied().unwrap_or_default();
        let number = |n: usize| CommandId::new(text(n).parse().unwrap());
        let speech = Speech {
            item: None,
            at: None,
            derived: false,
        };
        match words[0] {
            "ready" => out.signal(Signal::Ready {
                resumed: false,
                seeded: !self.seed.is_empty(),
            }),
            "started" => out.event(Event::ResponseStarted {
                response: Some(text(1).into()),
            }),
            "audio" => {
                let samples = FORMAT.samples_in(Duration::from_millis(text(3).parse().unwrap()));
                let data = Bytes::from(vec![7; FORMAT.bytes_of(samples) as usize]);
                let mut chunk = AudioChunk::new(data, FORMAT);
                chunk.response = Some(text(1).into());
                chunk.item = Some(text(2).into());
                out.event(Event::Audio(chunk));
            }
            "text" => out.event(Event::OutputText(TextDelta {
                item: None,
                response: Some(text(1).into()),
                content_index: 0,
                text: words[2..].join(" "),
                done: false,
            })),
            "speak" => out.event(Event::OutputTranscript(TextDelta {
                item: Some(text(2).into()),
                response: Some(text(1).into()),
                content_index: 0,
                text: words[3..].join(" "),
                done: false,
            })),
            "done" => out.event(Event::ResponseDone(ResponseDone {
                response: Some(text(1).into()),
                status: match text(2) {
                    "cancelled" => ResponseStatus::Cancelled { reason: None },
                    _ => ResponseStatus::Completed,
                },
                usage: None,
            })),
            "call" => out.event(Event::ToolCall(ToolCall {
                id: text(2).into(),
                name: "tool".into(),
                arguments: "{}".into(),
                item: None,
                response: Some(text(1).into()),
            })),
            "speech" => out.event(Event::SpeechStarted(speech)),
            "silence" => out.event(Event::SpeechStopped(speech)),
            "committed" => {
                out.event(Event::InputCommitted {
                    item: text(1).into(),
                    previous: None,
                });
            }
            "garbage" => out.event(Event::Malformed(Malformed {
                error: "no words".into(),
                name: None,
                bytes: line.len(),
            })),
            "ack" => out.signal(Signal::Ack(number(1))),
            "reject" => {
                let error = ServerError {
                    message: PeerText::new("no"),
                    command: Some(number(1)),
                    fault: Fault::Invalid,
                    benign: text(2) == "benign",
                    ..ServerError::default()
                };
                out.event(Event::Error(error.clone()));
                out.signal(Signal::Reject(number(1), error));
            }
            word => panic!("the toy wire has no word {word}"),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let line = match command {
            Command::Audio(data) => format!("audio {}", data.len()),
            Command::CommitAudio => format!("commit {id}"),
            Command::AddItems(items) => {
                let words: Vec<_> = items.iter().map(|item| words(&item.kind)).collect();
                format!("items {id} {}", words.join(" "))
            }
            Command::ToolResults(results) => {
                let answers: Vec<_> = results
                    .iter()
                    .map(|r| format!("{}={}", r.call, r.output))
                    .collect();
                format!("results {id} {}", answers.join(" "))
            }
            Command::CreateResponse(_) => format!("create {id}"),
            Command::CancelResponse(_) => format!("cancel {id}"),
            Command::Truncate { item, heard, .. } => {
                format!("truncate {id} {item} {}", FORMAT.millis_of(*heard))
            }
            Command::DeleteItem(item) => format!("delete {id} {item}"),
            Command::Configure(_) => format!("configure {id}"),
            other => {
                return Err(Unsupported {
                    provider: "toy",
                    model: String::new(),
                    field: None,
                    what: other.name().into(),
                    why: "toys cannot".into(),
                });
            }
        };
        out.send(Frame::text(line));
        Ok(())
    }
}

fn words(kind: &ItemKind) -> String {
    match kind {
        ItemKind::Message { content, .. } => match content.as_slice() {
            [Content::Text(text)] => text.clone(),
            _ => "?".into(),
        },
        ItemKind::ToolCall(call) => format!("call:{}", call.id),
        ItemKind::ToolResult(result) => format!("result:{}", result.call),
        _ => "?".into(),
    }
}

/// The server's end of one connection, in words.
pub(crate) struct Server {
    pub(crate) wire: PeerWire,
}

impl Server {
    /// The next connection, opened as far as ready.
    pub(crate) async fn ready(peer: &ScriptedPeer) -> Self {
        let (server, brought) = Self::opened(peer).await;
        assert_eq!(brought, "hello");
        server
    }

    /// The next connection, and what it said of history.
    pub(crate) async fn opened(peer: &ScriptedPeer) -> (Self, String) {
        let server = Self {
            wire: peer.accept().await,
        };
        let brought = server.hear().await;
        server.say("ready");
        (server, brought)
    }

    pub(crate) fn say(&self, line: &str) {
        self.wire.send_text(line);
    }

    pub(crate) async fn hear(&self) -> String {
        let frame = self.wire.recv().await.expect("the client is connected");
        String::from_utf8(frame.data.to_vec()).unwrap()
    }

    /// The next command called `name`, which must be the next frame; returns its number and the rest.
    pub(crate) async fn expect(&self, name: &str) -> (u64, String) {
        let line = self.hear().await;
        let mut words = line.splitn(3, ' ');
        assert_eq!(words.next(), Some(name), "in {line:?}");
        let number = words.next().unwrap_or_default().parse().unwrap();
        (number, words.next().unwrap_or_default().to_owned())
    }

    /// Takes a command and says that it was carried out.
    pub(crate) async fn grant(&self, name: &str) -> String {
        let (number, rest) = self.expect(name).await;
        self.say(&format!("ack {number}"));
        rest
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.wire.try_recv().is_none()
    }
}

pub(crate) fn builder(dial: ScriptedDial) -> SessionBuilder {
    Session::builder(Toy).dial(dial).seed(7)
}

/// A live session and both its ends.
pub(crate) async fn live() -> (Session, Events, ScriptedPeer, Server) {
    live_with(|builder| builder).await
}

pub(crate) async fn live_with(
    adjust: impl FnOnce(SessionBuilder) -> SessionBuilder,
) -> (Session, Events, ScriptedPeer, Server) {
    let (dial, peer) = ScriptedDial::new();
    let (connected, server) = tokio::join!(adjust(builder(dial)).connect(), Server::ready(&peer));
    let (session, events) = connected.unwrap();
    (session, events, peer, server)
}

/// Reads until an event passes `want`.
pub(crate) async fn until<T>(events: &mut Events, want: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = events.next().await.expect("the session goes on");
        if let Some(found) = want(&event) {
            return found;
        }
    }
}

/// Lets every task run until all wait for something other than time.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
