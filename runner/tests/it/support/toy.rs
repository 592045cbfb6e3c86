//! The provider of the tests: what its frames say, and what it is told.

use std::{borrow::Cow, sync::Arc, time::Duration};

use antiphon_protocol::{
    AudioChunk, AudioFormat, CallId, Capabilities, Codec, Command, CommandId, ConfigField, Content,
    Delegation, DelegationId, Endpoint, Event, Fault, Frame, ItemKind, ModalityTokens, OpeningPlan,
    Provider, RawJson, Receipts, ResponseDone, ResponseStatus, Resume, ResumeToken, Secret, Seeded,
    ServerError, SessionConfig, SessionStarted, Signal, Sink, Speech, TextDelta, ToolCall,
    Unsupported, Usage,
};
use serde_json::{Value, json};

/// The provider.
pub(crate) struct Toy {
    /// Whether its configuration can change while a connection lives.
    live: bool,
    /// Whether two connections may be open at a time.
    overlap: bool,
    /// Whether a conversation can be gone on with by a handle.
    resumes: bool,
}

impl Toy {
    pub(crate) fn new(live: bool) -> Self {
        Self {
            live,
            overlap: false,
            resumes: false,
        }
    }

    /// The next connection is opened before the old one is let go.
    pub(crate) fn overlapping(mut self) -> Self {
        self.overlap = true;
        self
    }

    /// The conversation can be gone on with by a handle.
    pub(crate) fn resuming(mut self) -> Self {
        self.resumes = true;
        self
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
        able.overlap = self.overlap;
        able.images = true;
        able.video = true;
        if self.resumes {
            able.resume = Resume::Handle;
        }
        if self.live {
            able.live_fields = Cow::Borrowed(FIELDS);
        }
        able.follow_up = antiphon_protocol::FollowUp::Explicit;
        Cow::Owned(able)
    }

    fn merge_native(&self, config: &SessionConfig, frame: &RawJson) -> Option<SessionConfig> {
        let frame: Value = serde_json::from_str(frame.0.get()).unwrap();
        let instructions = frame["configure"]["instructions"].as_str()?;
        Some(config.clone().instructions(instructions))
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
                creates: Vec::new(),
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
    /// The responses that were asked for.
    creates: Vec<CommandId>,
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
        match event(&value) {
            Some(event) => out.event(event),
            None => self.signal(&value, out),
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
            Command::CreateResponse(_) => {
                out.send(frame(
                    &json!({ "t": command.name(), "n": self.creates.len() }),
                ));
                self.creates.push(id);
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
            Command::Video(video) => {
                let bytes = video.data.len();
                out.send(frame(
                    &json!({ "t": "video", "mime": video.mime, "bytes": bytes }),
                ));
            }
            Command::Native(native) => out.send(Frame::text(native.0.get().to_owned())),
            other => out.send(frame(&json!({ "t": other.name() }))),
        }
        Ok(())
    }
}

impl ToyCodec {
    /// What a frame means to the session itself.
    fn signal(&mut self, value: &Value, out: &mut dyn Sink) {
        match value["t"].as_str().unwrap() {
            "no" => out.signal(Signal::Refused(Fault::Invalid)),
            "go away" => out.signal(Signal::GoAway {
                left: value["seconds"].as_u64().map(Duration::from_secs),
            }),
            "handle" => {
                let token = ResumeToken(Secret::from("a handle"));
                out.signal(Signal::Resume(Some(token)));
            }
            "ready" => out.signal(Signal::Ready {
                resumed: value["resumed"] == true,
                seeded: Seeded::Nothing,
            }),
            "configured" => {
                out.event(Event::Configured);
                out.signal(Signal::Ack(self.change.take().unwrap()));
            }
            "refused" => {
                let change = self.change.take().unwrap();
                let momentary = value["momentary"] == true;
                let fault = if momentary {
                    Fault::Overloaded
                } else {
                    Fault::Invalid
                };
                out.signal(Signal::Reject(change, refusal(fault)));
            }
            "busy" => {
                let refused = ServerError {
                    benign: true,
                    ..refusal(Fault::Invalid)
                };
                let n = usize::try_from(value["n"].as_u64().unwrap()).unwrap();
                out.signal(Signal::Reject(self.creates[n], refused));
            }
            other => unreachable!("no frame is called {other}"),
        }
    }
}

/// What a frame tells the reader.
fn event(value: &Value) -> Option<Event> {
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
    Some(match value["t"].as_str()? {
        "session" => Event::SessionStarted(SessionStarted {
            id: Some(text("id")),
            ..SessionStarted::default()
        }),
        "audio" => {
            let data = vec![7; usize::try_from(value["ms"].as_u64()?).unwrap() * 48];
            let mut chunk = AudioChunk::new(data.into(), AudioFormat::PCM16_24K);
            chunk.item = Some(text("item").into());
            Event::Audio(chunk)
        }
        "text" => Event::OutputText(delta()),
        "said" => Event::OutputTranscript(delta()),
        "heard" => Event::InputTranscript(delta()),
        "speech" => Event::SpeechStarted(speech()),
        "silence" => Event::SpeechStopped(speech()),
        "started" => Event::ResponseStarted {
            response: Some(text("id").into()),
        },
        "interrupted" => Event::Interrupted { response: None },
        "done" => Event::ResponseDone(done(value)),
        "call" => Event::ToolCall(ToolCall {
            id: text("id").into(),
            name: text("name"),
            arguments: text("args"),
            item: None,
            response: value["response"].as_str().map(Into::into),
        }),
        "delegation" => Event::Delegation(Delegation {
            id: text("id").into(),
            task: value["task"].as_str().map(str::to_owned),
            at: None,
        }),
        "withdraw" => {
            let ids = value["ids"].as_array()?.iter();
            let calls = ids.map(|id| CallId::from(id.as_str().unwrap()));
            Event::ToolCallsCancelled {
                calls: calls.collect(),
            }
        }
        "error" => Event::Error(ServerError {
            message: text("message").as_str().into(),
            benign: value["benign"].as_bool().unwrap_or(false),
            ..ServerError::default()
        }),
        _ => return None,
    })
}

fn done(value: &Value) -> ResponseDone {
    ResponseDone {
        response: value["id"].as_str().map(Into::into),
        status: match value["status"].as_str() {
            Some("cancelled") => ResponseStatus::Cancelled { reason: None },
            Some("failed") => ResponseStatus::Failed {
                error: Some(refusal(Fault::Overloaded)),
            },
            _ => ResponseStatus::Completed,
        },
        usage: value["tokens"].as_u64().map(tokens),
    }
}

fn text_of(item: &antiphon_protocol::Item) -> Option<&str> {
    let ItemKind::Message { content, .. } = &item.kind else {
        return None;
    };
    match content.first() {
        Some(Content::Text(text)) => Some(text),
        Some(Content::Image { mime, .. }) => Some(mime),
        _ => None,
    }
}

fn refusal(fault: Fault) -> ServerError {
    ServerError {
        fault,
        ..ServerError::default()
    }
}

fn tokens(total: u64) -> Usage {
    let tokens = ModalityTokens {
        total,
        audio: total,
        cached: total,
        ..ModalityTokens::default()
    };
    Usage {
        input: tokens,
        output: tokens,
        ..Usage::default()
    }
}

pub(super) fn frame(value: &Value) -> Frame {
    Frame::text(value.to_string())
}
