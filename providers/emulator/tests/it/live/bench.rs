//! A client of the pure machine under a virtual clock. Every frame that the machine sends is read
//! back through the wire types, and checked against the protocol's schema where that is present.

use std::{path::Path, sync::LazyLock, time::Duration};

use antiphon_emulator::{
    Script,
    live::{Connection, Hall, Settings},
    peer::{Input, Output, Peer},
};
use antiphon_openai_live_types::ServerEvent;
use antiphon_protocol::{Frame, FrameKind, Time};
use serde_json::{Value, json};

/// One connection, its client, and the time.
pub(crate) struct Bench {
    pub(crate) connection: Connection,
    pub(crate) now: Time,
    /// All events so far, with their times.
    pub(crate) events: Vec<(Time, Value)>,
    /// Outputs that are not events.
    pub(crate) others: Vec<Output>,
    /// Whether frames that are not events are expected.
    pub(crate) garbage: bool,
}

pub(crate) fn settings(script: &str) -> Settings {
    let script: Script = script.parse().expect("the test's script reads");
    let mut settings = Settings::new(script);
    settings.seed = 7;
    settings
}

impl Bench {
    /// A connection that has not sent anything.
    pub(crate) fn fresh(script: &str) -> Self {
        Self::with(settings(script), &Hall::new())
    }

    pub(crate) fn with(settings: Settings, hall: &Hall) -> Self {
        Self::of(Connection::open(settings, hall, Time::ZERO), Time::ZERO)
    }

    pub(crate) fn of(connection: Connection, now: Time) -> Self {
        let mut bench = Self {
            connection,
            now,
            events: Vec::new(),
            others: Vec::new(),
            garbage: false,
        };
        bench.connection.handle(now, Input::Timeout);
        bench.drain();
        bench
    }

    /// A running session of the plainest configuration.
    pub(crate) fn started(script: &str) -> Self {
        Self::configured(script, json!({}))
    }

    /// A running session with more than a model.
    pub(crate) fn configured(script: &str, session: Value) -> Self {
        let mut bench = Self::fresh(script);
        let events = bench.start(session);
        assert_eq!(types(&events), ["session.started"], "{events:?}");
        bench
    }

    pub(crate) fn start(&mut self, mut session: Value) -> Vec<Value> {
        session["model"] = "gpt-live-1".into();
        self.send(json!({"type": "session.start", "session": session}))
    }

    /// Sends an event at the present time.
    pub(crate) fn send(&mut self, event: Value) -> Vec<Value> {
        self.send_text(&event.to_string())
    }

    pub(crate) fn send_text(&mut self, text: &str) -> Vec<Value> {
        self.send_frame(Frame::text(text))
    }

    pub(crate) fn send_frame(&mut self, frame: Frame) -> Vec<Value> {
        let before = self.events.len();
        self.connection.handle(self.now, Input::Frame(frame));
        self.drain();
        self.since(before)
    }

    /// Lets `span` pass without any audio; returns the events of that time.
    pub(crate) fn wait(&mut self, span: Duration) -> Vec<Value> {
        let before = self.events.len();
        let end = self.now + span;
        while let Some(at) = self.connection.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.connection.handle(self.now, Input::Timeout);
            self.drain();
        }
        self.now = end;
        self.since(before)
    }

    /// Sends 20 ms frames of `samples` at 24 kHz, at the pace of real time.
    pub(crate) fn speak(&mut self, samples: &[i16]) -> Vec<Value> {
        let before = self.events.len();
        for frame in samples.chunks(480) {
            self.append(frame);
            self.wait(Duration::from_millis(20));
        }
        self.since(before)
    }

    /// Lets `ms` of silence pass on the session's own clock.
    pub(crate) fn run(&mut self, ms: usize) -> Vec<Value> {
        self.speak(&silence(ms))
    }

    /// Lets silence pass until an event of this type, at most a minute.
    pub(crate) fn run_until(&mut self, event_type: &str) -> Value {
        let before = self.events.len();
        for _ in 0..600 {
            self.run(100);
            let found = self.events[before..]
                .iter()
                .find(|(_, event)| event["type"] == event_type);
            if let Some((_, event)) = found {
                return event.clone();
            }
        }
        panic!("no {event_type} in {:?}", types(&self.since(before)));
    }

    pub(crate) fn append(&mut self, samples: &[i16]) -> Vec<Value> {
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        self.append_bytes(&bytes)
    }

    pub(crate) fn append_bytes(&mut self, bytes: &[u8]) -> Vec<Value> {
        let audio = base64_simd::STANDARD.encode_to_string(bytes);
        self.send(json!({"type": "session.input_audio.append", "audio": audio}))
    }

    /// A caller who says something for a second, and is quiet until the turn has ended.
    pub(crate) fn ask(&mut self) -> Vec<Value> {
        self.speak(&[speech(1_000), silence(700)].concat())
    }

    /// Appends context of a kind: `instructions`, `thinking` or `commentary`.
    pub(crate) fn tell(&mut self, kind: &str, delegation: Value, content: &str) -> Vec<Value> {
        let event_type = format!("session.{kind}.append");
        self.send(json!({"type": event_type, "delegation_id": delegation, "content": content}))
    }

    pub(crate) fn all(&self) -> Vec<Value> {
        self.since(0)
    }

    fn since(&self, before: usize) -> Vec<Value> {
        let events = self.events[before..].iter();
        events.map(|(_, event)| event.clone()).collect()
    }

    fn drain(&mut self) {
        while let Some(output) = self.connection.poll_output() {
            match &output {
                Output::Frame(frame) if frame.kind == FrameKind::Text && !self.garbage => {
                    let event = check(std::str::from_utf8(&frame.data).unwrap());
                    self.events.push((self.now, event));
                }
                _ => self.others.push(output),
            }
        }
    }
}

/// The types of events, in order.
pub(crate) fn types(events: &[Value]) -> Vec<String> {
    let types = events.iter().map(|event| event["type"].as_str().unwrap());
    types.map(str::to_owned).collect()
}

/// The types of events but for the audio, in order.
pub(crate) fn outline(events: &[Value]) -> Vec<String> {
    let mut types = types(events);
    types.retain(|name| name != AUDIO);
    types
}

pub(crate) const AUDIO: &str = "session.output_audio.delta";
pub(crate) const SAID: &str = "session.output_transcript.delta";
pub(crate) const HEARD: &str = "session.input_transcript.delta";

/// The events of one type.
pub(crate) fn of_type<'a>(events: &'a [Value], event_type: &str) -> Vec<&'a Value> {
    let matching = events.iter().filter(|event| event["type"] == event_type);
    matching.collect()
}

/// The pieces of a transcript, joined.
pub(crate) fn joined(events: &[Value], event_type: &str) -> String {
    let pieces = of_type(events, event_type);
    pieces
        .iter()
        .map(|event| event["delta"].as_str().unwrap())
        .collect()
}

/// The single error among `events`.
pub(crate) fn error_of(events: &[Value]) -> Value {
    let errors = of_type(events, "error");
    assert_eq!(errors.len(), 1, "{:?}", types(events));
    errors[0]["error"].clone()
}

/// The samples of a PCM16 audio event.
pub(crate) fn samples_of(event: &Value) -> Vec<i16> {
    let base64 = event["delta"].as_str().or(event["audio"].as_str()).unwrap();
    let bytes = base64_simd::STANDARD.decode_to_vec(base64).unwrap();
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// Whether an audio event holds any sound.
pub(crate) fn is_loud(event: &Value) -> bool {
    samples_of(event).iter().any(|sample| sample.abs() > 300)
}

/// `ms` of a loud square wave at 24 kHz, as a caller who speaks.
pub(crate) fn speech(ms: usize) -> Vec<i16> {
    (0..24 * ms)
        .map(|at| if at / 60 % 2 == 0 { 4_000 } else { -4_000 })
        .collect()
}

/// `ms` of silence.
pub(crate) fn silence(ms: usize) -> Vec<i16> {
    vec![0; 24 * ms]
}

pub(crate) fn weather_tool() -> Value {
    json!({
        "type": "function",
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": false,
        },
    })
}

/// A session whose work a backend with a weather tool does.
pub(crate) fn with_backend() -> Value {
    json!({"delegation": {"type": "responses", "responses": {
        "model": "gpt-backend", "tools": [weather_tool()],
    }}})
}

struct Schemas {
    event: jsonschema::Validator,
    nested: jsonschema::Validator,
}

static SCHEMAS: LazyLock<Option<Schemas>> = LazyLock::new(|| {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/openai-live.schema.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "skipped: events are not checked against the schema, {} is absent",
            path.display()
        );
        return None;
    };
    let bundle: Value = serde_json::from_str(&text).expect("the schema is JSON");
    let of = |name: &str| {
        let mut root = json!({"$ref": format!("#/$defs/{name}")});
        root["$defs"] = bundle["$defs"].clone();
        jsonschema::validator_for(&root).expect("the schema compiles")
    };
    Some(Schemas {
        event: of("SidebandServerEvent"),
        nested: of("RespResponseStreamEvent"),
    })
});

fn check(text: &str) -> Value {
    let typed = ServerEvent::from_json(text).expect("an event");
    let raw = matches!(typed, ServerEvent::Unknown(_) | ServerEvent::Degraded(_));
    assert!(!raw, "the wire types do not read {text}: {typed:?}");
    let event: Value = serde_json::from_str(text).expect("JSON");
    let Some(schemas) = &*SCHEMAS else {
        return event;
    };
    if let Err(error) = schemas.event.validate(&event) {
        panic!("{text} breaks the schema: {error}");
    }
    let mut nested = event["event"].clone();
    if let Some(response) = nested.get_mut("response").and_then(Value::as_object_mut) {
        // The schema describes what the official SDK hands out, and this member is of its making.
        response.insert("output_text".to_owned(), "".into());
    }
    if event["type"] == "response.event"
        && let Err(error) = schemas.nested.validate(&nested)
    {
        panic!("{nested} breaks the schema of the backend: {error}");
    }
    event
}
