//! A client of the pure machine under a virtual clock. Every frame that the machine sends is read
//! back through the wire types, and checked against the protocol's schema where that is present.

use std::{path::Path, sync::LazyLock, time::Duration};

use antiphon_emulator::{
    Script,
    openai::{Connection, Input, Output, Settings},
    peer::Peer,
};
use antiphon_openai_realtime_types::ServerEvent;
use antiphon_protocol::{Frame, FrameKind, Time};
use serde_json::{Value, json};

pub(crate) type Event = (Time, Value);

/// One connection, its client, and the time.
pub(crate) struct Bench {
    pub(crate) connection: Connection,
    pub(crate) now: Time,
    /// All events so far.
    pub(crate) events: Vec<Event>,
    /// Outputs that are not text frames, and text frames that are not events.
    pub(crate) others: Vec<Output>,
    /// Whether frames that are not events are expected.
    pub(crate) garbage: bool,
}

impl Bench {
    pub(crate) fn new(script: &str) -> Self {
        let script: Script = script.parse().expect("the test's script reads");
        Self::with(Settings::new(script))
    }

    pub(crate) fn weather() -> Self {
        Self::with(Settings::new(Script::weather()))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let connection = Connection::new(settings, Time::ZERO);
        let mut bench = Self {
            connection,
            now: Time::ZERO,
            events: Vec::new(),
            others: Vec::new(),
            garbage: false,
        };
        bench.run(Duration::ZERO);
        bench
    }

    /// Sends an event at the present time.
    pub(crate) fn send(&mut self, event: Value) -> Vec<Value> {
        self.send_text(&event.to_string())
    }

    pub(crate) fn send_text(&mut self, text: &str) -> Vec<Value> {
        let before = self.events.len();
        self.connection
            .handle(self.now, Input::Frame(Frame::text(text)));
        self.drain();
        self.since(before)
    }

    /// Lets `span` pass; returns the events of that time.
    pub(crate) fn run(&mut self, span: Duration) -> Vec<Value> {
        let before = self.events.len();
        let end = self.now + span;
        loop {
            match self.connection.poll_timeout() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.connection.handle(self.now, Input::Timeout);
                    self.drain();
                }
                _ => break,
            }
        }
        self.now = end;
        self.since(before)
    }

    /// Runs until an event of this type; panics when none comes within a minute.
    pub(crate) fn run_until(&mut self, event_type: &str) -> Value {
        let before = self.events.len();
        let end = self.now + Duration::from_secs(60);
        loop {
            if let Some((_, event)) = self.events[before..]
                .iter()
                .find(|(_, e)| e["type"] == event_type)
            {
                return event.clone();
            }
            let at = self.connection.poll_timeout().filter(|at| *at <= end);
            let at =
                at.unwrap_or_else(|| panic!("no {event_type} in {:?}", self.types_since(before)));
            self.now = self.now.max(at);
            self.connection.handle(self.now, Input::Timeout);
            self.drain();
        }
    }

    /// Sends 20 ms frames of `samples` at the pace of real time.
    pub(crate) fn speak(&mut self, samples: &[i16]) -> Vec<Value> {
        let before = self.events.len();
        for frame in samples.chunks(480) {
            self.append(frame);
            self.run(Duration::from_millis(20));
        }
        self.since(before)
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
        self.send(json!({"type": "input_audio_buffer.append", "audio": audio}))
    }

    pub(crate) fn user_text(&mut self, text: &str) -> Vec<Value> {
        self.send(json!({"type": "conversation.item.create", "item": {
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": text}],
        }}))
    }

    pub(crate) fn tool_output(&mut self, call_id: &str, output: &str) -> Vec<Value> {
        self.send(json!({"type": "conversation.item.create", "item": {
            "type": "function_call_output", "call_id": call_id, "output": output,
        }}))
    }

    pub(crate) fn respond(&mut self) -> Vec<Value> {
        self.send(json!({"type": "response.create"}))
    }

    pub(crate) fn update(&mut self, mut session: Value) -> Vec<Value> {
        session["type"] = "realtime".into();
        self.send(json!({"type": "session.update", "session": session}))
    }

    fn since(&self, before: usize) -> Vec<Value> {
        self.events[before..]
            .iter()
            .map(|(_, event)| event.clone())
            .collect()
    }

    fn types_since(&self, before: usize) -> Vec<String> {
        types(&self.since(before))
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
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

/// The events of one type.
pub(crate) fn of_type<'a>(events: &'a [Value], event_type: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["type"] == event_type)
        .collect()
}

/// The code of the single error among `events`.
pub(crate) fn error_of(events: &[Value]) -> Value {
    let errors = of_type(events, "error");
    assert_eq!(errors.len(), 1, "{:?}", types(events));
    assert_eq!(errors[0]["error"]["type"], "invalid_request_error");
    errors[0]["error"].clone()
}

/// The bytes of all audio deltas among `events`.
pub(crate) fn audio_of(events: &[Value]) -> Vec<u8> {
    let deltas = of_type(events, "response.output_audio.delta");
    let audio = deltas.iter().flat_map(|event| {
        base64_simd::STANDARD
            .decode_to_vec(event["delta"].as_str().unwrap())
            .unwrap()
    });
    audio.collect()
}

/// `ms` of a loud square wave, as a caller who speaks.
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
        "description": "Looks up the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": false,
        },
    })
}

static SCHEMA: LazyLock<Option<jsonschema::Validator>> =
    LazyLock::new(|| schema_of("RealtimeServerEvent"));
static TRANSLATION: LazyLock<Option<jsonschema::Validator>> =
    LazyLock::new(|| schema_of("TranslationServerEvent"));

/// Checks an event of a translating session.
pub(crate) fn check_translation(event: &Value) {
    if let Some(schema) = &*TRANSLATION
        && let Err(error) = schema.validate(event)
    {
        panic!("{event} breaks the schema: {error}");
    }
}

fn schema_of(name: &str) -> Option<jsonschema::Validator> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/specs/openai-realtime.schema.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "skipped: events are not checked against the schema, {} is absent",
            path.display()
        );
        return None;
    };
    let bundle: Value = serde_json::from_str(&text).expect("the schema is JSON");
    let mut root = json!({"$ref": format!("#/$defs/{name}")});
    root["$defs"] = bundle["$defs"].clone();
    Some(jsonschema::validator_for(&root).expect("the schema compiles"))
}

fn check(text: &str) -> Value {
    let typed = ServerEvent::from_json(text).expect("an event");
    let raw = matches!(typed, ServerEvent::Unknown(_) | ServerEvent::Degraded(_));
    assert!(!raw, "the wire types do not read {text}: {typed:?}");
    let event: Value = serde_json::from_str(text).expect("JSON");
    if let Some(schema) = &*SCHEMA
        && let Err(error) = schema.validate(&event)
    {
        panic!("{text} breaks the schema: {error}");
    }
    event
}
