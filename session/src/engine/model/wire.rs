//! A wire in words, for the random conversations.

use std::borrow::Cow;

use antiphon_protocol::{
    AudioChunk, Capabilities, Codec, Command, CommandId, ConfigField, Endpoint, Event, Fault,
    FollowUp, Frame, InputClock, OpeningPlan, Provider, Receipts, ResponseDone, ResponseStatus,
    SeedLimits, ServerError, Signal, Sink, Speech, ToolCall, Unsupported, Usage,
};
use bytes::Bytes;

use super::FORMAT;

/// A provider whose wire is in words; with `continuous` its clock is the caller's audio and it alone
/// decides when it speaks.
pub(super) struct Words {
    pub(super) continuous: bool,
}

impl Provider for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        let mut capabilities = Capabilities::minimal("this file");
        capabilities.truncate = true;
        capabilities.cancel = true;
        capabilities.delete_items = true;
        capabilities.server_interrupts = true;
        capabilities.receipts = Receipts::Refusals;
        capabilities.follow_up = FollowUp::Explicit;
        capabilities.live_fields = Cow::Borrowed(&[ConfigField::Instructions]);
        if self.continuous {
            capabilities.input_clock = InputClock::Continuous;
            capabilities.create_response = false;
            capabilities.cancel = false;
        }
        capabilities.seed_limits = SeedLimits {
            items: 20,
            bytes: 1000,
        };
        Cow::Owned(capabilities)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let endpoint = Endpoint {
            url: "ws://127.0.0.1/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: None,
        };
        Ok((
            endpoint,
            Box::new(WordsCodec {
                continuous: self.continuous,
                seeded: !plan.seed.is_empty(),
            }),
        ))
    }
}

fn tokens(total: u64) -> Usage {
    let mut usage = Usage::default();
    usage.output.total = total;
    usage
}

struct WordsCodec {
    continuous: bool,
    seeded: bool,
}

impl Codec for WordsCodec {
    fn start(&mut self, _out: &mut dyn Sink) {}

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let line = String::from_utf8(frame.data.to_vec()).unwrap();
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let speech = Speech {
            item: None,
            at: None,
            derived: false,
        };
        match word {
            "ready" => out.signal(Signal::Ready {
                resumed: false,
                seeded: self.seeded,
            }),
            "started" => out.event(Event::ResponseStarted {
                response: Some(rest[0].into()),
            }),
            "audio" => {
                let mut chunk = AudioChunk::new(Bytes::from(vec![1; 4800]), FORMAT);
                chunk.response = Some(rest[0].into());
                chunk.item = Some(rest[1].into());
                out.event(Event::Audio(chunk));
            }
            "call" => out.event(Event::ToolCall(ToolCall {
                id: rest[1].into(),
                name: "tool".into(),
                arguments: "{}".into(),
                item: None,
                response: Some(rest[0].into()),
            })),
            "done" => out.event(Event::ResponseDone(ResponseDone {
                response: Some(rest[0].into()),
                status: ResponseStatus::Completed,
                usage: rest.get(1).map(|total| tokens(total.parse().unwrap())),
            })),
            "speech" => out.event(Event::SpeechStarted(speech)),
            "silence" => out.event(Event::SpeechStopped(speech)),
            "ack" => out.signal(Signal::Ack(CommandId::new(rest[0].parse().unwrap()))),
            "reject" => out.signal(Signal::Reject(
                CommandId::new(rest[0].parse().unwrap()),
                ServerError {
                    fault: Fault::Invalid,
                    benign: true,
                    ..ServerError::default()
                },
            )),
            _ => {}
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let line = match command {
            Command::ToolResults(results) => format!("results {id} {}", results[0].call),
            Command::Truncate { item, heard, .. } => format!("truncate {id} {item} {heard}"),
            Command::CreateResponse(_) if self.continuous => {
                return Err(Unsupported {
                    provider: "words",
                    model: String::new(),
                    field: None,
                    what: "create response".into(),
                    why: "it speaks when it likes".into(),
                });
            }
            Command::CreateResponse(_) => format!("create {id}"),
            Command::CancelResponse(_) => format!("cancel {id}"),
            Command::Native(json) => format!("native {id} {}", json.0.get()),
            other => format!("{} {id}", other.name().replace(' ', "-")),
        };
        out.send(Frame::text(line));
        Ok(())
    }
}
