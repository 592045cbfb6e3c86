//! The toy's wire: lines of words to events, commands to lines of words.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{
    AudioChunk, AudioFormat, Capabilities, Codec, Command, CommandId, Content, Counting,
    Delegation, Event, Fault, Frame, Item, ItemKind, Malformed, ModalityTokens, OpeningPlan,
    PeerText, Receipts, ResponseDone, ResponseStatus, ResumeToken, Secret, Seeded, ServerError,
    SessionConfig, SessionStarted, Signal, Sink, Speech, TextDelta, ToolCall, Unsupported, Usage,
    UsageReport,
};
use bytes::Bytes;

use super::toy::unsupported;

/// One connection of a toy.
pub(super) struct ToyCodec {
    config: Arc<SessionConfig>,
    hello: String,
    /// How many entries of history it was given.
    given: usize,
    output: AudioFormat,
    acknowledges: bool,
}

impl ToyCodec {
    pub(super) fn new(plan: &OpeningPlan, capabilities: &Capabilities) -> Self {
        let resume = plan.resume.as_ref();
        let words: Vec<_> = std::iter::once("hello".to_owned())
            .chain(resume.map(|token| format!("resume:{}", token.0.expose())))
            .chain(plan.config.instructions.clone())
            .chain(plan.seed.iter().map(words))
            .chain(plan.bridge.iter().map(|bridge| format!("bridge:{bridge}")))
            .collect();
        Self {
            config: Arc::clone(&plan.config),
            hello: words.join(" "),
            given: plan.seed.len(),
            output: capabilities.output_format(&plan.config),
            acknowledges: capabilities.receipts != Receipts::Written,
        }
    }

    fn audio(&self, millis: &str, byte: u8) -> AudioChunk {
        let span = Duration::from_millis(number(millis));
        let bytes = self.output.bytes_of(self.output.samples_in(span));
        let data = vec![byte; usize::try_from(bytes).unwrap_or_default()];
        AudioChunk::new(Bytes::from(data), self.output)
    }

    fn event(&self, line: &str) -> Option<Event> {
        let words: Vec<&str> = line.split(' ').collect();
        let word = |n: usize| words.get(n).copied().unwrap_or_default();
        let rest = |n: usize| words.get(n..).unwrap_or_default().join(" ");
        let response = || Some(word(1).into());
        let text = |item: Option<&str>, response, text| TextDelta {
            item: item.map(Into::into),
            response,
            content_index: 0,
            text,
            done: false,
        };
        Some(match word(0) {
            "id" => Event::SessionStarted(SessionStarted {
                id: Some(word(1).to_owned()),
                ..SessionStarted::default()
            }),
            "started" => Event::ResponseStarted {
                response: response(),
            },
            "audio" => {
                let mut chunk = self.audio(word(3), 7);
                chunk.response = response();
                chunk.item = Some(word(2).into());
                Event::Audio(chunk)
            }
            "voice" => Event::Audio(self.audio(word(1), 7)),
            "zeros" => Event::Audio(self.audio(word(1), 0)),
            "text" => Event::OutputText(text(None, response(), rest(2))),
            "speak" => Event::OutputTranscript(text(Some(word(2)), response(), rest(3))),
            "said" => Event::OutputTranscript(text(None, None, rest(1))),
            "heard" => Event::InputTranscript(text(None, None, rest(1))),
            "done" => Event::ResponseDone(done(word(1), word(2), words.get(3).copied())),
            "call" => Event::ToolCall(ToolCall {
                id: word(2).into(),
                name: "tool".into(),
                arguments: "{}".into(),
                item: None,
                response: response(),
            }),
            "delegate" => Event::Delegation(Delegation {
                id: word(1).into(),
                task: None,
                at: None,
            }),
            "uncall" => Event::ToolCallsCancelled {
                calls: vec![word(1).into()],
            },
            "speech" => Event::SpeechStarted(speech()),
            "silence" => Event::SpeechStopped(speech()),
            "interrupted" => Event::Interrupted { response: None },
            "committed" => Event::InputCommitted {
                item: word(1).into(),
                previous: None,
            },
            "usage" => Event::Usage(tokens(number(word(1))).into()),
            "usage-so-far" => Event::Usage(UsageReport {
                counting: Counting::Cumulative,
                ..tokens(number(word(1))).into()
            }),
            _ => return None,
        })
    }

    fn signal(&self, line: &str, out: &mut dyn Sink) -> bool {
        let words: Vec<&str> = line.split(' ').collect();
        let word = |n: usize| words.get(n).copied().unwrap_or_default();
        let command = CommandId::new(number(word(1)));
        match word(0) {
            "ready" => {
                let left_out = words.iter().skip(2).filter_map(|place| place.parse().ok());
                out.signal(Signal::Ready {
                    resumed: word(1) == "resumed",
                    seeded: Seeded::but(self.given, left_out.collect()),
                });
            }
            "handle" => {
                let token = ResumeToken(Secret::from(word(1)));
                out.signal(Signal::Resume(Some(token)));
            }
            "nohandle" => out.signal(Signal::Resume(None)),
            "goaway" => out.signal(Signal::GoAway {
                left: Some(Duration::from_millis(number(word(1)))),
            }),
            "refuse" => out.signal(Signal::Refused(Fault::Invalid)),
            "ack" if self.acknowledges => out.signal(Signal::Ack(command)),
            "reject" | "not-now" => {
                let error = ServerError {
                    message: PeerText::new("no"),
                    command: Some(command),
                    fault: if word(0) == "reject" {
                        Fault::Invalid
                    } else {
                        Fault::Overloaded
                    },
                    benign: word(2) == "benign",
                    ..ServerError::default()
                };
                out.event(Event::Error(error.clone()));
                out.signal(Signal::Reject(command, error));
            }
            _ => return false,
        }
        true
    }
}

impl Codec for ToyCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        out.send(Frame::text(self.hello.clone()));
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let line = String::from_utf8_lossy(&frame.data);
        assert!(line != "panic", "the test asked for it");
        if let Some(event) = self.event(&line) {
            out.event(event);
        } else if !self.signal(&line, out) {
            out.event(Event::Malformed(Malformed {
                error: "no word of the toy's".to_owned(),
                name: None,
                bytes: frame.data.len(),
            }));
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
                let words: Vec<_> = items.iter().map(words).collect();
                format!("items {id} {}", words.join(" "))
            }
            Command::ToolResults(results) => {
                let answers: Vec<_> = results
                    .iter()
                    .map(|result| format!("{}={}", result.call, result.output))
                    .collect();
                format!("results {id} {}", answers.join(" "))
            }
            Command::CreateResponse(_) => format!("create {id}"),
            Command::CancelResponse(_) => format!("cancel {id}"),
            Command::Truncate { item, heard, .. } => {
                format!("truncate {id} {item} {}", self.output.millis_of(*heard))
            }
            Command::DeleteItem(item) => format!("delete {id} {item}"),
            Command::Configure(config) => {
                let role = config.instructions.as_deref().unwrap_or_default();
                format!("configure {id} {role}")
            }
            Command::Context(context) => format!("context {id} {}", context.text),
            Command::Video(frame) => format!("video {id} {}", frame.mime),
            Command::Native(json) => format!("native {id} {}", json.0.get()),
            other => return Err(unsupported(&self.config, None, other.name())),
        };
        out.send(Frame::text(line));
        Ok(())
    }
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or_default()
}

const fn speech() -> Speech {
    Speech {
        item: None,
        at: None,
        derived: false,
    }
}

fn done(response: &str, status: &str, usage: Option<&str>) -> ResponseDone {
    ResponseDone {
        response: Some(response.into()),
        status: match status {
            "cancelled" => ResponseStatus::Cancelled { reason: None },
            _ => ResponseStatus::Completed,
        },
        usage: usage.map(|words| tokens(number(words))),
    }
}

fn tokens(total: u64) -> Usage {
    Usage {
        output: ModalityTokens {
            total,
            audio: total,
            ..ModalityTokens::default()
        },
        ..Usage::default()
    }
}

fn words(item: &Item) -> String {
    match &item.kind {
        ItemKind::Message { content, .. } => match content.as_slice() {
            [Content::Text(text)] => text.clone(),
            [
                Content::Audio {
                    transcript: Some(text),
                },
            ] => text.clone(),
            [Content::Image { mime, .. }] => format!("image:{mime}"),
            _ => "?".to_owned(),
        },
        ItemKind::ToolCall(call) => format!("call:{}", call.id),
        ItemKind::ToolResult(result) => format!("result:{}", result.call),
        _ => "?".to_owned(),
    }
}
