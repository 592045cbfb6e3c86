//! A codec at hand, with what it made in readable form.

use std::sync::Arc;

use antiphon_gemini::{Gemini, Live};
use antiphon_protocol::{
    Codec, Command, CommandId, Effect, Event, Frame, OpeningPlan, Provider, RawJson, Secret,
    SessionConfig, Signal, Unsupported,
};
use serde_json::Value;

pub(crate) const NEWEST: &str = "gemini-3.8-live";
pub(crate) const THINKING: &str = "gemini-3.8-live-extended-thinking";
pub(crate) const RESTRICTED: &str = "gemini-3.1-flash-live-preview";
pub(crate) const NATIVE_AUDIO: &str = "gemini-2.5-flash-native-audio-preview-09-2025";
pub(crate) const CASCADE: &str = "gemini-live-2.5-flash";
pub(crate) const UNKNOWN: &str = "gemini-9-live";

pub(crate) const COMPLETE: &str = r#"{"setupComplete":{}}"#;

pub(crate) fn developer() -> Live {
    Gemini::live("key")
}

pub(crate) fn vertex() -> Live {
    Gemini::vertex("p", "us-central1", Arc::new(Secret::from("token"))).unwrap()
}

/// A connection without a network.
pub(crate) struct Talk {
    pub(crate) codec: Box<dyn Codec>,
    made: Vec<Effect>,
}

impl Talk {
    /// A connection that has said its first word.
    pub(crate) fn opened(provider: &Live, plan: &OpeningPlan) -> Self {
        let (_, codec) = provider.open(plan).unwrap();
        let mut talk = Self {
            codec,
            made: Vec::new(),
        };
        talk.codec.start(&mut talk.made);
        talk
    }

    /// A connection of `provider` that is ready, with what led there forgotten.
    pub(crate) fn of(provider: &Live, config: SessionConfig) -> Self {
        let plan = OpeningPlan::fresh(Arc::new(config));
        let mut talk = Self::opened(provider, &plan);
        talk.hear(COMPLETE);
        let made = talk.made();
        assert!(
            made.iter()
                .any(|made| matches!(made, Effect::Signal(Signal::Ready { .. })))
        );
        talk
    }

    /// A connection to that model on the Developer API.
    pub(crate) fn ready(model: &str) -> Self {
        Self::of(&developer(), SessionConfig::new(model))
    }

    /// The service says this, in a binary frame, as it does.
    pub(crate) fn hear(&mut self, frame: &str) {
        let frame = Frame::binary(frame.as_bytes().to_vec());
        self.codec.decode(&frame, &mut self.made);
    }

    /// The service says this; what the codec made of it.
    pub(crate) fn heard(&mut self, frame: &str) -> Vec<Effect> {
        self.hear(frame);
        self.made()
    }

    /// The caller asks for this; the frames it becomes.
    pub(crate) fn asked(&mut self, id: u64, command: &Command) -> Result<Vec<Value>, Unsupported> {
        let before = self.made.len();
        let outcome = self
            .codec
            .encode(CommandId::new(id), command, &mut self.made);
        if outcome.is_err() {
            assert_eq!(
                self.made.len(),
                before,
                "nothing is made of what is refused"
            );
        }
        outcome?;
        Ok(sent(&self.made()))
    }

    /// The one frame that a command becomes.
    pub(crate) fn frame(&mut self, command: &Command) -> Value {
        let mut frames = self.asked(1, command).unwrap();
        assert_eq!(frames.len(), 1, "{frames:?}");
        frames.remove(0)
    }

    /// What was made since the last time.
    pub(crate) fn made(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.made)
    }
}

pub(crate) fn native(json: &str) -> RawJson {
    RawJson(serde_json::value::RawValue::from_string(json.to_owned()).unwrap())
}

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

pub(crate) fn line(effect: &Effect) -> String {
    match effect {
        Effect::Send(frame) => format!("send {}", String::from_utf8_lossy(&frame.data)),
        Effect::Signal(signal) => format!("signal {signal:?}"),
        Effect::Event(Event::Audio(chunk)) => format!(
            "audio {} samples, {}, item {}, response {}",
            chunk.samples(),
            chunk.format,
            chunk.item.as_ref().map_or("none", |item| item.as_str()),
            chunk.response.as_ref().map_or("none", |id| id.as_str())
        ),
        Effect::Event(Event::Other(raw)) => format!("other {}", raw.name()),
        Effect::Event(event) => {
            let json = serde_json::to_value(event).unwrap();
            let name = json["event"].as_str().unwrap().to_owned();
            let data = json
                .get("data")
                .map_or_else(String::new, ToString::to_string);
            format!("{name} {data}").trim_end().to_owned()
        }
    }
}
