//! The whole plug-in: what the wire can do, what a configuration becomes, and the translator of one
//! connection.

use std::{borrow::Cow, fmt, sync::Arc};

use antiphon_protocol::{
    AudioChunk, AudioFormat, AuthShape, Capabilities, Codec, Command, CommandId, ConfigField,
    Content, Endpoint, Event, Fault, FollowUp, Frame, Item, ItemId, ItemKind, Malformed,
    OpeningPlan, PeerText, Provider, RawEvent, Receipts, ResponseDone, ResponseStatus, Role,
    Secret, SeedLimits, Seeded, ServerError, SessionStarted, Signal, Sink, TextDelta, TokenSource,
    ToolCall, TurnDetector, Unsupported, Usage, media,
};
use base64_simd::STANDARD;
use http::{HeaderMap, Uri};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

/// The fields that the wire has a place for.
const FIELDS: &[ConfigField] = &[
    ConfigField::Model,
    ConfigField::Instructions,
    ConfigField::Tools,
];

/// A provider for the template's wire.
#[derive(Clone)]
pub struct Template(Arc<dyn TokenSource>);

impl Template {
    /// The template's service, with `key` as a bearer token.
    pub fn new(key: impl Into<Secret>) -> Self {
        Self(Arc::new(key.into()))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").finish_non_exhaustive()
    }
}

impl Provider for Template {
    fn name(&self) -> &'static str {
        "template"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        // Begin with a provider that can do nothing special, and say what differs.
        let mut can = Capabilities::minimal("the table in this module's documentation, 2026-11-21");
        can.fields = Cow::Borrowed(FIELDS);
        can.live_fields = Cow::Borrowed(&[ConfigField::Instructions]);
        can.cancel = true;
        can.receipts = Receipts::Refusals;
        can.follow_up = FollowUp::Explicit;
        can.turn_detectors = Cow::Borrowed(&[TurnDetector::Manual]);
        can.seed_limits = SeedLimits {
            items: 64,
            bytes: 16 << 10,
        };
        Cow::Owned(can)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let config = &plan.config;
        // What the wire has no place for is refused. Nothing is ignored in silence.
        let fields = ConfigField::set_in(config).into_iter();
        if let Some(field) = fields.into_iter().find(|field| !FIELDS.contains(field)) {
            let why = "the wire has no place for it; leave it unset";
            let mut refusal = cannot(&config.model, &format!("{field:?}"), why);
            refusal.field = Some(field);
            return Err(refusal);
        }
        let history = plan.seed.iter().map(|entry| item(&config.model, entry));
        // What explains the change of connection is part of what the model is told to do.
        let told = [&config.instructions, &plan.bridge];
        let told: Vec<_> = told.into_iter().flatten().map(String::as_str).collect();
        let hello = json!({
            "op": "hello",
            "model": config.model,
            "instructions": told.join("\n"),
            "tools": config.tools,
            "history": history.collect::<Result<Vec<_>, _>>()?,
        });
        let endpoint = Endpoint {
            url: Uri::from_static("wss://template.invalid/talk"),
            headers: HeaderMap::new(),
            auth: Some((AuthShape::Bearer, Arc::clone(&self.0))),
        };
        let codec = TemplateCodec {
            model: config.model.clone(),
            hello: Frame::text(hello.to_string()),
            seeded: Seeded::but(plan.seed.len(), Vec::new()),
            answers: 0,
        };
        Ok((endpoint, Box::new(codec)))
    }
}

fn cannot(model: &str, what: &str, why: &str) -> Unsupported {
    Unsupported {
        provider: "template",
        model: model.to_owned(),
        field: None,
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

/// An entry of the conversation as the wire writes it.
fn item(model: &str, item: &Item) -> Result<Value, Unsupported> {
    let no_text = || cannot(model, "an item", "entries of this wire are text");
    match &item.kind {
        ItemKind::Message { role, content } => {
            let by = match role {
                Role::User => "user",
                Role::Assistant => "model",
                _ => "system",
            };
            let texts = content.iter().map(|part| match part {
                Content::Text(text) => Ok(&**text),
                Content::Audio { transcript } => Ok(transcript.as_deref().unwrap_or_default()),
                _ => Err(no_text()),
            });
            Ok(json!({ "op": "text", "by": by, "text": texts.collect::<Result<String, _>>()? }))
        }
        ItemKind::ToolCall(call) => Ok(json!({ "call": call.id, "name": call.name })),
        ItemKind::ToolResult(result) => {
            Ok(json!({ "result": result.call, "output": result.output }))
        }
        _ => Err(no_text()),
    }
}

/// What the server says.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Heard {
    Welcome { id: String },
    Began,
    Words { text: String },
    Sound { data: String },
    Call(Called),
    Ended { stopped: bool, tokens: u64 },
    Done { n: CommandId },
    Bad { n: CommandId, why: String },
}

#[derive(Deserialize)]
struct Called {
    id: String,
    name: String,
    arguments: String,
}

struct TemplateCodec {
    model: String,
    hello: Frame,
    seeded: Seeded,
    /// Answers so far. The wire names no items, so this number makes their ids.
    answers: u64,
}

impl TemplateCodec {
    fn heard(&mut self, heard: Heard, out: &mut dyn Sink) {
        let item = Some(ItemId::synthetic(self.answers));
        match heard {
            Heard::Welcome { id } => {
                out.event(Event::SessionStarted(SessionStarted {
                    id: Some(id),
                    ..SessionStarted::default()
                }));
                out.event(Event::Configured);
                out.signal(Signal::Ready {
                    resumed: false,
                    seeded: self.seeded.clone(),
                });
            }
            Heard::Began => {
                self.answers += 1;
                out.event(Event::ResponseStarted { response: None });
            }
            Heard::Words { text } => out.event(Event::OutputTranscript(TextDelta {
                item,
                response: None,
                content_index: 0,
                text,
                done: false,
            })),
            Heard::Sound { data } => match media::decode_base64(data.as_bytes()) {
                Ok(samples) => {
                    let mut chunk = AudioChunk::new(samples, AudioFormat::PCM16_24K);
                    chunk.item = item;
                    out.event(Event::Audio(chunk));
                }
                Err(_) => out.event(malformed("its audio is not base64", data.len())),
            },
            Heard::Call(call) => out.event(Event::ToolCall(ToolCall {
                id: call.id.into(),
                name: call.name,
                arguments: call.arguments,
                item: None,
                response: None,
            })),
            Heard::Ended { stopped, tokens } => {
                let mut usage = Usage::default();
                usage.output.total = tokens;
                let status = match stopped {
                    true => ResponseStatus::Cancelled { reason: None },
                    false => ResponseStatus::Completed,
                };
                out.event(Event::ResponseDone(ResponseDone {
                    response: None,
                    status,
                    usage: Some(usage),
                }));
            }
            Heard::Done { n } => out.signal(Signal::Ack(n)),
            Heard::Bad { n, why } => {
                let error = ServerError {
                    message: PeerText::new(&why),
                    command: Some(n),
                    fault: Fault::Invalid,
                    ..ServerError::default()
                };
                out.signal(Signal::Reject(n, error));
            }
        }
    }
}

impl Codec for TemplateCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        out.send(self.hello.clone());
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        // An event that this side does not know stays readable; what is no event is told apart.
        if let Ok(heard) = serde_json::from_slice(&frame.data) {
            return self.heard(heard, out);
        }
        match serde_json::from_slice::<Box<RawValue>>(&frame.data) {
            Ok(json) if json.get().starts_with('{') => {
                out.event(Event::Other(RawEvent::new("unknown", json)));
            }
            _ => out.event(malformed("it is no JSON object", frame.len())),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let frames = match command {
            Command::Audio(data) => {
                vec![json!({ "op": "audio", "data": STANDARD.encode_to_string(data) })]
            }
            Command::CommitAudio => vec![json!({ "op": "commit" })],
            Command::AddItems(items) => {
                let items = items.iter().map(|entry| item(&self.model, entry));
                items.collect::<Result<_, _>>()?
            }
            Command::ToolResults(results) => results
                .iter()
                .map(|result| json!({ "op": "result", "call": result.call, "output": result.output }))
                .collect(),
            Command::CreateResponse(options) if *options == Default::default() => {
                vec![json!({ "op": "answer" })]
            }
            Command::CancelResponse(_) => vec![json!({ "op": "stop" })],
            Command::Configure(config) => {
                vec![json!({ "op": "instruct", "n": id, "text": config.instructions })]
            }
            _ => return Err(cannot(&self.model, command.name(), "the wire has no frame for it")),
        };
        for frame in frames {
            out.send(Frame::text(frame.to_string()));
        }
        Ok(())
    }
}

fn malformed(error: &str, bytes: usize) -> Event {
    Event::Malformed(Malformed {
        error: error.to_owned(),
        name: None,
        bytes,
    })
}
