//! A codec at hand, with what it made in readable form.

use std::sync::Arc;

use antiphon_openai::OpenAi;
use antiphon_protocol::{
    Codec, Command, CommandId, Effect, Event, Frame, OpeningPlan, Provider, SessionConfig, Signal,
    Unsupported,
};
use serde_json::Value;

/// A connection without a network.
pub(crate) struct Talk {
    pub(crate) codec: Box<dyn Codec>,
    made: Vec<Effect>,
}

impl Talk {
    /// A connection that has said its first word.
    pub(crate) fn opened(provider: &dyn Provider, plan: &OpeningPlan) -> Self {
        let (_, codec) = provider.open(plan).unwrap();
        let mut talk = Self {
            codec,
            made: Vec::new(),
        };
        talk.codec.start(&mut talk.made);
        talk
    }

    /// A connection that is ready, with what led there forgotten.
    pub(crate) fn ready(config: SessionConfig) -> Self {
        let plan = OpeningPlan::fresh(Arc::new(config));
        let mut talk = Self::opened(&OpenAi::realtime("key"), &plan);
        talk.hear(CREATED);
        talk.hear(UPDATED);
        let made = talk.made();
        assert!(
            made.iter()
                .any(|made| matches!(made, Effect::Signal(Signal::Ready { .. })))
        );
        talk
    }

    /// A session of GPT-Live that is ready, with what led there forgotten.
    pub(crate) fn live(provider: &dyn Provider) -> Self {
        let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("gpt-live-1")));
        let mut talk = Self::opened(provider, &plan);
        talk.hear(STARTED);
        talk.made();
        talk
    }

    /// The service says this.
    pub(crate) fn hear(&mut self, frame: &str) {
        self.codec.decode(&Frame::text(frame), &mut self.made);
    }

    /// The service says this; what the codec made of it.
    pub(crate) fn heard(&mut self, frame: &str) -> Vec<Effect> {
        self.hear(frame);
        self.made()
    }

    /// The caller asks for this; the frames it becomes.
    pub(crate) fn asked(&mut self, id: u64, command: &Command) -> Result<Vec<Value>, Unsupported> {
        self.codec
            .encode(CommandId::new(id), command, &mut self.made)?;
        Ok(sent(&self.made()))
    }

    /// The one frame that a command becomes.
    pub(crate) fn frame(&mut self, id: u64, command: &Command) -> Value {
        let mut frames = self.asked(id, command).unwrap();
        assert_eq!(frames.len(), 1, "{frames:?}");
        frames.remove(0)
    }

    /// What was made since the last time.
    pub(crate) fn made(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.made)
    }
}

pub(crate) const CREATED: &str = r#"{"type":"session.created","event_id":"e1","session":{
    "type":"realtime","id":"sess_1","model":"gpt-realtime","expires_at":1785217650,
    "instructions":"Be yourself.","tools":[],"tool_choice":"auto","max_output_tokens":"inf",
    "audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"transcription":null,
    "noise_reduction":null,"turn_detection":{"type":"server_vad"}},
    "output":{"format":{"type":"audio/pcm","rate":24000},"voice":"alloy","speed":1.0}}}}"#;

/// How GPT-Live opens a session.
pub(crate) const STARTED: &str = r#"{"type":"session.started","event_id":"e1","session":{"id":"live_1",
    "model":"gpt-live-1","status":"active","expires_at":1791373550,
    "audio":{"format":{"type":"audio/pcm","rate":24000},"output":{"voice":"marin"}}}}"#;

pub(crate) const UPDATED: &str =
    r#"{"type":"session.updated","event_id":"e2","session":{"type":"realtime"}}"#;

pub(crate) fn events(made: &[Effect]) -> Vec<Event> {
    made.iter()
        .filter_map(|made| match made {
            Effect::Event(event) => Some(event.clone()),
            _ => None,
        })
        .collect()
}

/// What was made of a recording, but for the news that audio ends within a sample where those who
/// collected it cut the audio themselves: to 33 bytes, whatever it was. Any other such news stays.
pub(crate) fn of_a_recording(made: Vec<Effect>) -> Vec<Effect> {
    const CUT: usize = 33 / 2 * 2; // what is whole of it
    let mut kept: Vec<Effect> = Vec::with_capacity(made.len());
    for effect in made {
        let torn = matches!(&effect, Effect::Event(Event::Malformed(malformed))
            if malformed.error == "the audio ends within a sample");
        let cut = matches!(kept.last(), Some(Effect::Event(Event::Audio(chunk)))
            if chunk.data.len() == CUT);
        if !(torn && cut) {
            kept.push(effect);
        }
    }
    kept
}

pub(crate) fn signals(made: &[Effect]) -> Vec<Signal> {
    made.iter()
        .filter_map(|made| match made {
            Effect::Signal(signal) => Some(signal.clone()),
            _ => None,
        })
        .collect()
}

pub(crate) fn sent(made: &[Effect]) -> Vec<Value> {
    made.iter()
        .filter_map(|made| match made {
            Effect::Send(frame) => Some(serde_json::from_slice(&frame.data).unwrap()),
            _ => None,
        })
        .collect()
}

/// What was made, a line each, without content that is not worth reading.
pub(crate) fn lines(made: &[Effect]) -> String {
    let mut lines = String::new();
    for effect in made {
        lines.push_str(&line(effect));
        lines.push('\n');
    }
    lines
}

fn line(effect: &Effect) -> String {
    match effect {
        Effect::Send(frame) => format!("send {}", String::from_utf8_lossy(&frame.data)),
        Effect::Signal(signal) => format!("signal {signal:?}"),
        Effect::Event(Event::Audio(chunk)) => format!(
            "audio {} samples, item {}",
            chunk.samples(),
            chunk.item.as_ref().map_or("none", |item| item.as_str())
        ),
        Effect::Event(Event::Other(raw)) => format!("other {}", raw.name()),
        Effect::Event(event) => {
            let mut json = serde_json::to_value(event).unwrap();
            without_zeros(&mut json);
            let name = json["event"].as_str().unwrap().to_owned();
            format!(
                "{name} {}",
                json.get("data")
                    .map_or_else(String::new, ToString::to_string)
            )
        }
    }
}

/// Leaves out of figures what is nothing, so that what is counted can be read.
fn without_zeros(value: &mut Value) {
    if let Value::Object(members) = value {
        for name in ["input", "output", "usage", "duration"] {
            if let Some(Value::Object(figures)) = members.get_mut(name) {
                figures.retain(|_, figure| *figure != 0);
            }
        }
        members.values_mut().for_each(without_zeros);
    }
}
