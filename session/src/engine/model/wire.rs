//! A wire in words with any abilities, for the random conversations.

use std::{borrow::Cow, time::Duration};

use antiphon_protocol::{
    AudioChunk, Capabilities, Codec, Command, CommandId, ConfigField, Content, Counting, Endpoint,
    Event, Fault, FollowUp, Frame, InputClock, Item, ItemKind, OpeningPlan, Provider, Receipts,
    ResponseDone, ResponseStatus, Resume, ResumeToken, Secret, SeedLimits, Seeded, ServerError,
    Signal, Sink, Speech, TextDelta, ToolCall, Unsupported, Usage, UsageReport,
};
use bytes::Bytes;

use super::{FORMAT, FRAME};

/// The longest piece of speech, in samples.
pub(super) const LONGEST: usize = 12_000;
static LOUD: [u8; 2 * LONGEST] = [0x40; 2 * LONGEST];
static QUIET: [u8; 2 * LONGEST] = [0; 2 * LONGEST];

/// What the provider of one conversation can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Abilities {
    /// Turns, items and responses have names; else both sides are one track of sound.
    pub(super) turns: bool,
    pub(super) create: bool,
    pub(super) cancel: bool,
    pub(super) truncate: bool,
    pub(super) delete: bool,
    /// Whether the user's speech stops the model by itself.
    pub(super) interrupts: bool,
    pub(super) refusals: bool,
    pub(super) resume: bool,
    pub(super) overlap: bool,
    pub(super) automatic: bool,
    pub(super) continuous: bool,
    pub(super) seeds: bool,
    /// Whether connections live for a minute only.
    pub(super) short_lived: bool,
}

pub(super) struct Words {
    capabilities: Capabilities,
}

impl Words {
    pub(super) fn new(able: Abilities) -> Self {
        let mut can = Capabilities::minimal("this file");
        can.server_turns = able.turns;
        can.create_response = able.create;
        can.cancel = able.cancel;
        can.truncate = able.truncate;
        can.delete_items = able.delete;
        can.server_interrupts = able.interrupts;
        can.overlap = able.overlap;
        can.live_fields = Cow::Borrowed(&[ConfigField::Instructions]);
        if able.refusals {
            can.receipts = Receipts::Refusals;
        }
        if able.resume {
            can.resume = Resume::Handle;
        }
        if !able.automatic {
            can.follow_up = FollowUp::Explicit;
        }
        if able.continuous {
            can.input_clock = InputClock::Continuous;
        }
        if able.seeds {
            can.seed_limits = SeedLimits {
                items: 20,
                bytes: 1000,
            };
        }
        if able.short_lived {
            can.limits.connection = Some(Duration::from_secs(60));
        }
        Self { capabilities: can }
    }
}

impl Provider for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Borrowed(&self.capabilities)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let endpoint = Endpoint {
            url: "ws://127.0.0.1/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: None,
        };
        let handle = plan.resume.as_ref().map_or("-", |token| token.0.expose());
        let seed: Vec<String> = plan.seed.iter().map(spoken).collect();
        let codec = WordsCodec {
            create: self.capabilities.create_response,
            cancel: self.capabilities.cancel,
            seeded: Seeded::but(plan.seed.len(), Vec::new()),
            hello: format!("hello {handle} {}", seed.join("|")),
        };
        Ok((endpoint, Box::new(codec)))
    }
}

/// The words of an item; a call and its answer by their name.
pub(super) fn spoken(item: &Item) -> String {
    match &item.kind {
        ItemKind::Message { content, .. } => {
            let parts = content.iter().map(|part| match part {
                Content::Text(text) => text.as_str(),
                Content::Audio { transcript } => transcript.as_deref().unwrap_or_default(),
                _ => "?",
            });
            parts.collect()
        }
        ItemKind::ToolCall(call) => format!("call:{}", call.id),
        ItemKind::ToolResult(result) => format!("result:{}", result.call),
        _ => "?".to_owned(),
    }
}

struct WordsCodec {
    create: bool,
    cancel: bool,
    seeded: Seeded,
    hello: String,
}

impl Codec for WordsCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        out.send(Frame::text(std::mem::take(&mut self.hello)));
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let line = std::str::from_utf8(&frame.data).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let command = || CommandId::new(number(words[1]));
        match words[0] {
            "ready" => out.signal(Signal::Ready {
                resumed: words[1] == "resumed",
                seeded: self.seeded.clone(),
            }),
            "handle" => {
                let token = ResumeToken(Secret::from(words[1]));
                out.signal(Signal::Resume(Some(token)));
            }
            "nohandle" => out.signal(Signal::Resume(None)),
            "goaway" => out.signal(Signal::GoAway {
                left: Some(Duration::from_millis(number(words[1]))),
            }),
            "ack" => out.signal(Signal::Ack(command())),
            "reject" => {
                let error = ServerError {
                    command: Some(command()),
                    fault: Fault::Invalid,
                    benign: words[2] == "benign",
                    ..ServerError::default()
                };
                out.event(Event::Error(error.clone()));
                out.signal(Signal::Reject(command(), error));
            }
            _ => out.event(event(&words)),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let line = match command {
            Command::Audio(data) => {
                let frames = data.len() / (2 * FRAME);
                match data
                    .first_chunk::<4>()
                    .map(|first| u32::from_le_bytes(*first))
                {
                    Some(0) | None => format!("audio {id} - {frames}"),
                    Some(first) => format!("audio {id} {} {frames}", first & 0x3fff_ffff),
                }
            }
            Command::ToolResults(results) => {
                let calls: Vec<&str> = results.iter().map(|result| result.call.as_str()).collect();
                format!("results {id} {}", calls.join(" "))
            }
            Command::AddItems(items) => format!("items {id} {}", spoken(&items[0])),
            Command::Truncate { item, heard, .. } => format!("truncate {id} {item} {heard}"),
            Command::DeleteItem(item) => format!("delete {id} {item}"),
            Command::CreateResponse(_) if self.create => format!("create {id}"),
            Command::CancelResponse(_) if self.cancel => format!("cancel {id}"),
            Command::CreateResponse(_) | Command::CancelResponse(_) => {
                return Err(Unsupported {
                    provider: "words",
                    model: String::new(),
                    field: None,
                    what: command.name().into(),
                    why: "it speaks when it likes".into(),
                });
            }
            Command::Native(json) => format!("native {id} {}", json.0.get()),
            other => format!("{} {id}", other.name().replace(' ', "-")),
        };
        out.send(Frame::text(line));
        Ok(())
    }
}

fn event(words: &[&str]) -> Event {
    match words[0] {
        "started" => Event::ResponseStarted {
            response: Some(words[1].into()),
        },
        "audio" => {
            let mut chunk = sound(&LOUD, words[3]);
            chunk.response = Some(words[1].into());
            chunk.item = Some(words[2].into());
            Event::Audio(chunk)
        }
        "voice" => Event::Audio(sound(&LOUD, words[1])),
        "zeros" => Event::Audio(sound(&QUIET, words[1])),
        "speak" => Event::OutputTranscript(text(Some(words[2]), Some(words[1]), words[3])),
        "said" => Event::OutputTranscript(text(None, None, words[1])),
        "heard" => Event::InputTranscript(text(None, None, words[1])),
        "call" => Event::ToolCall(ToolCall {
            id: words[2].into(),
            name: "tool".into(),
            arguments: "{}".into(),
            item: None,
            response: Some(words[1].into()).filter(|_| words[1] != "-"),
        }),
        "uncall" => Event::ToolCallsCancelled {
            calls: vec![words[1].into()],
        },
        "done" => Event::ResponseDone(ResponseDone {
            response: Some(words[1].into()),
            status: match words[2] {
                "cancelled" => ResponseStatus::Cancelled { reason: None },
                _ => ResponseStatus::Completed,
            },
            usage: Some(tokens(number(words[3]))),
        }),
        "so-far" => Event::Usage(UsageReport {
            usage: tokens(number(words[1])),
            counting: Counting::Cumulative,
            context_used: None,
        }),
        "speech" => Event::SpeechStarted(SPEECH),
        "silence" => Event::SpeechStopped(SPEECH),
        "interrupted" => Event::Interrupted { response: None },
        other => panic!("nobody says {other}"),
    }
}

const SPEECH: Speech = Speech {
    item: None,
    at: None,
    derived: false,
};

fn number(word: &str) -> u64 {
    word.parse().unwrap()
}

fn sound(samples: &'static [u8], count: &str) -> AudioChunk {
    let bytes = FORMAT.bytes_of(number(count));
    let data = Bytes::from_static(samples).slice(..usize::try_from(bytes).unwrap());
    AudioChunk::new(data, FORMAT)
}

fn text(item: Option<&str>, response: Option<&str>, text: &str) -> TextDelta {
    TextDelta {
        item: item.map(Into::into),
        response: response.map(Into::into),
        content_index: 0,
        text: format!("{text} "),
        done: false,
    }
}

fn tokens(total: u64) -> Usage {
    let mut usage = Usage::default();
    usage.output.total = total;
    usage
}
