//! A provider for conversations that were recorded: it knows when a session is ready, and takes
//! every other frame as it comes.

use std::{borrow::Cow, sync::Arc, time::Duration};

use antiphon_protocol::{
    Capabilities, Codec, Command, CommandId, Endpoint, Event, Frame, Malformed, OpeningPlan,
    Provider, ResumeToken, Secret, Seeded, Signal, Sink, Unsupported,
};
use serde_json::Value;

/// One frame of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Server(String),
    Client(String),
    /// The layer above changes to another connection, on which the conversation goes on.
    Rotate,
}

/// A conversation, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// The conversations recorded beside the repository; `None` when they are not there.
pub(crate) fn recorded() -> Option<Vec<Conversation>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/specs/traces.jsonl"
    );
    let text = std::fs::read_to_string(path).ok()?;
    let mut conversations: Vec<Conversation> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let row: Value = serde_json::from_str(line).expect("a line of JSON");
        let name = row["session"].as_str().expect("a session");
        let frame = row["frame"].to_string();
        let step = match row["direction"].as_str() {
            Some("server") => Step::Server(frame),
            _ => Step::Client(frame),
        };
        match conversations.last_mut() {
            Some(last) if last.name == name => last.steps.push(step),
            _ => conversations.push(Conversation {
                name: name.to_owned(),
                steps: vec![step],
            }),
        }
    }
    Some(conversations)
}

/// Conversations written for what was not recorded: the end foretold, an interruption, a truncated
/// item, a cancelled call, a tool's answer over a change of connection.
pub(crate) fn authored() -> Vec<Conversation> {
    let texts = [
        (
            "authored: go away",
            "> {\"setup\":{}}\n< {\"setupComplete\":{}}\n> {\"text\":\"hi\"}\n\
             < {\"serverContent\":{\"turnComplete\":true}}\n\
             < {\"sessionResumptionUpdate\":{\"newHandle\":\"h\",\"resumable\":true}}\n\
             < {\"goAway\":{\"timeLeft\":\"50s\"}}\n< {\"serverContent\":{\"generationComplete\":true}}",
        ),
        (
            "authored: interruption and truncation",
            "< {\"type\":\"session.created\"}\n> {\"type\":\"session.update\"}\n\
             < {\"type\":\"session.updated\"}\n< {\"type\":\"response.created\"}\n\
             < {\"type\":\"response.output_audio.delta\",\"delta\":\"AAAA\"}\n\
             < {\"type\":\"input_audio_buffer.speech_started\"}\n\
             > {\"type\":\"conversation.item.truncate\"}\n\
             < {\"type\":\"conversation.item.truncated\"}\n< {\"type\":\"response.done\"}",
        ),
        (
            "authored: cancelled call",
            "> {\"setup\":{}}\n< {\"setupComplete\":{}}\n< {\"toolCall\":{\"functionCalls\":[]}}\n\
             < {\"toolCallCancellation\":{\"ids\":[\"a\"]}}\n< {\"serverContent\":{\"interrupted\":true}}\n\
             < {\"serverContent\":{\"turnComplete\":true}}",
        ),
        (
            "authored: a tool over a change of connection",
            "> {\"setup\":{}}\n< {\"setupComplete\":{}}\n\
             < {\"sessionResumptionUpdate\":{\"newHandle\":\"h\",\"resumable\":true}}\n\
             < {\"toolCall\":{\"functionCalls\":[{\"id\":\"a\"}]}}\n\
             < {\"goAway\":{\"timeLeft\":\"50s\"}}\n= \n\
             > {\"setup\":{}}\n< {\"setupComplete\":{}}\n\
             > {\"toolResponse\":{\"functionResponses\":[{\"id\":\"a\"}]}}\n\
             < {\"serverContent\":{\"modelTurn\":{\"parts\":[]}}}\n\
             < {\"serverContent\":{\"turnComplete\":true}}",
        ),
        (
            "authored: three tools at once",
            "< {\"type\":\"session.created\"}\n> {\"type\":\"session.update\"}\n\
             < {\"type\":\"session.updated\"}\n< {\"type\":\"response.created\"}\n\
             < {\"type\":\"response.function_call_arguments.done\",\"call_id\":\"1\"}\n\
             < {\"type\":\"response.function_call_arguments.done\",\"call_id\":\"2\"}\n\
             < {\"type\":\"response.function_call_arguments.done\",\"call_id\":\"3\"}\n\
             < {\"type\":\"response.done\"}\n> {\"type\":\"conversation.item.create\"}\n\
             > {\"type\":\"conversation.item.create\"}\n> {\"type\":\"conversation.item.create\"}\n\
             > {\"type\":\"response.create\"}\n< {\"type\":\"response.created\"}\n\
             < {\"type\":\"response.done\"}",
        ),
    ];
    texts
        .into_iter()
        .map(|(name, text)| Conversation {
            name: name.to_owned(),
            steps: text
                .lines()
                .filter_map(|line| line.trim_start().split_once(' '))
                .map(|(side, frame)| match side {
                    "<" => Step::Server(frame.to_owned()),
                    "=" => Step::Rotate,
                    _ => Step::Client(frame.to_owned()),
                })
                .collect(),
        })
        .collect()
}

impl Conversation {
    pub(crate) fn server_frames(&self) -> Vec<&str> {
        self.steps
            .iter()
            .filter_map(|step| match step {
                Step::Server(frame) => Some(frame.as_str()),
                Step::Client(_) | Step::Rotate => None,
            })
            .collect()
    }

    /// The conversation in one part for each connection.
    pub(crate) fn connections(&self) -> Vec<Self> {
        self.steps
            .split(|step| *step == Step::Rotate)
            .map(|steps| Self {
                name: self.name.clone(),
                steps: steps.to_vec(),
            })
            .collect()
    }

    /// How many server frames until the session is ready, that one included.
    pub(crate) fn ready_after(&self) -> usize {
        let place = self
            .server_frames()
            .iter()
            .position(|frame| is_ready(frame));
        place.expect("a session that becomes ready") + 1
    }
}

/// The first frames by which services accept a session.
const READY: [&str; 3] = [
    "\"session.created\"",
    "\"session.updated\"",
    "\"setupComplete\"",
];

fn is_ready(frame: &str) -> bool {
    READY.iter().any(|name| frame.contains(name))
}

pub(crate) struct Recorded;

impl Provider for Recorded {
    fn name(&self) -> &'static str {
        "recorded"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Owned(Capabilities::minimal("made for tests"))
    }

    fn open(&self, _plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let endpoint = Endpoint {
            url: "wss://recorded.example/".parse().expect("a URL"),
            headers: http::HeaderMap::new(),
            auth: None,
        };
        Ok((endpoint, Box::new(RecordedCodec)))
    }
}

struct RecordedCodec;

impl Codec for RecordedCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        out.send(Frame::text("setup"));
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let Ok(Value::Object(frame)) = serde_json::from_slice(&frame.data) else {
            return out.event(Event::Malformed(Malformed {
                error: "not an object".to_owned(),
                name: None,
                bytes: frame.len(),
            }));
        };
        if frame.contains_key("setupComplete")
            || frame
                .get("type")
                .is_some_and(|name| name == "session.created" || name == "session.updated")
        {
            out.signal(Signal::Ready {
                resumed: false,
                seeded: Seeded::Nothing,
            });
        }
        if let Some(handle) = frame
            .get("sessionResumptionUpdate")
            .and_then(|update| update["newHandle"].as_str())
        {
            let token = ResumeToken(Secret::from(handle));
            out.signal(Signal::Resume(Some(token)));
        }
        if frame.contains_key("goAway") {
            out.signal(Signal::GoAway {
                left: Some(Duration::from_secs(50)),
            });
        }
        out.event(Event::InputCleared);
    }

    fn encode(
        &mut self,
        _id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if let Command::Audio(frame) = command {
            out.send(Frame::text_bytes(frame.clone()));
        }
        Ok(())
    }
}

/// The conversations of this run: recorded ones where they are, and the authored ones.
pub(crate) fn conversations() -> Arc<[Conversation]> {
    let recorded = recorded().unwrap_or_else(|| {
        eprintln!("skipped: the recorded conversations are not beside the repository");
        Vec::new()
    });
    recorded.into_iter().chain(authored()).collect()
}
