//! A client of the pure Gemini machine under a virtual clock. Every message that the machine sends is
//! read back through the wire types, and checked against the protocol's schema where that is present.
use std::{path::Path, sync::LazyLock, time::Duration};

use antiphon_emulator::{
    Script,
    gemini::{Connection, Input, Output, Settings},
    peer::Peer,
};
use antiphon_gemini_live_types::ServerFrame;
use antiphon_protocol::{Frame, Time};
use serde_json::{Value, json};

pub(crate) const MODEL_2_5: &str = "models/gemini-2.5-flash-native-audio-preview-09-2025";
pub(crate) const MODEL_3_1: &str = "models/gemini-3.1-flash-live-preview";
pub(crate) const MODEL_3_8: &str = "models/gemini-3.8-live";
pub(crate) const MODEL_EXTENDED: &str = "models/gemini-3.8-live-extended-thinking";
pub(crate) const VERTEX_2_5: &str = "publishers/google/models/gemini-live-2.5-flash";

/// One connection, its client, and the time.
pub(crate) struct Bench {
    pub(crate) connection: Connection,
    pub(crate) now: Time,
    /// All messages so far, and when they came.
    pub(crate) messages: Vec<(Time, Value)>,
    /// Outputs that are not frames, and frames that are not messages.
    pub(crate) others: Vec<Output>,
    /// Whether frames that are not messages are expected.
    pub(crate) garbage: bool,
}

impl Bench {
    /// A connection on which nothing has been sent yet.
    pub(crate) fn connect(settings: Settings) -> Self {
        Self::connect_at(settings, Time::ZERO)
    }

    pub(crate) fn connect_at(settings: Settings, now: Time) -> Self {
        let mut bench = Self {
            connection: Connection::new(settings, now),
            now,
            messages: Vec::new(),
            others: Vec::new(),
            garbage: false,
        };
        bench.connection.handle(now, Input::Timeout);
        bench.drain();
        bench
    }

    /// A session with `model` that plays `script`, and is open.
    pub(crate) fn open(model: &str, script: &str) -> Self {
        Self::with(settings(script), setup(model))
    }

    pub(crate) fn with(settings: Settings, setup: Value) -> Self {
        let mut bench = Self::connect(settings);
        bench.set_up(setup);
        bench
    }

    /// Sends `setup` and waits until the session is open.
    pub(crate) fn set_up(&mut self, setup: Value) -> Vec<Value> {
        let before = self.messages.len();
        self.send(json!({ "setup": setup }));
        self.run_until(&["setupComplete"]);
        self.since(before)
    }

    /// Sends a message at the present time; returns what comes at once.
    pub(crate) fn send(&mut self, message: Value) -> Vec<Value> {
        self.send_frame(Frame::text(message.to_string()))
    }

    pub(crate) fn send_frame(&mut self, frame: Frame) -> Vec<Value> {
        let before = self.messages.len();
        self.connection.handle(self.now, Input::Frame(frame));
        self.drain();
        self.since(before)
    }

    /// Lets `span` pass; returns the messages of that time.
    pub(crate) fn run(&mut self, span: Duration) -> Vec<Value> {
        let before = self.messages.len();
        let end = self.now + span;
        while let Some(at) = self.connection.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.connection.handle(self.now, Input::Timeout);
            self.drain();
        }
        self.now = end;
        self.since(before)
    }

    /// Runs until a message with one of these members, at any depth of `serverContent`; returns all
    /// messages on the way. Panics when none comes within an hour.
    pub(crate) fn run_until(&mut self, members: &[&str]) -> Vec<Value> {
        let before = self.messages.len();
        let end = self.now + Duration::from_secs(3_600);
        loop {
            let since = self.since(before);
            if since.iter().any(|message| {
                let names = names_of(message);
                members
                    .iter()
                    .any(|member| names.iter().any(|name| name == member))
            }) {
                return since;
            }
            let at = self.connection.poll_timeout().filter(|at| *at <= end);
            let at = at.unwrap_or_else(|| panic!("no {members:?} in {since:?}, {:?}", self.others));
            self.now = self.now.max(at);
            self.connection.handle(self.now, Input::Timeout);
            self.drain();
        }
    }

    /// Runs until the model's turn is complete.
    pub(crate) fn turn(&mut self) -> Vec<Value> {
        self.run_until(&["turnComplete"])
    }

    /// Sends 20 ms frames of 16 kHz samples at the pace of real time.
    pub(crate) fn speak(&mut self, samples: &[i16]) -> Vec<Value> {
        let before = self.messages.len();
        for frame in samples.chunks(320) {
            self.append(frame, "audio/pcm;rate=16000");
            self.run(Duration::from_millis(20));
        }
        self.since(before)
    }

    pub(crate) fn append(&mut self, samples: &[i16], mime: &str) -> Vec<Value> {
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        let data = base64_simd::STANDARD.encode_to_string(bytes);
        self.send(json!({"realtimeInput": {"audio": {"data": data, "mimeType": mime}}}))
    }

    /// A turn of the caller in text, to be answered.
    pub(crate) fn ask(&mut self, text: &str) -> Vec<Value> {
        self.send(json!({"clientContent": {
            "turns": [{"role": "user", "parts": [{"text": text}]}],
            "turnComplete": true,
        }}))
    }

    pub(crate) fn answer(&mut self, id: &str, response: Value) -> Vec<Value> {
        self.send(json!({"toolResponse": {"functionResponses": [
            {"id": id, "name": "get_weather", "response": response},
        ]}}))
    }

    /// The client goes away.
    pub(crate) fn hang_up(&mut self) {
        self.connection.handle(self.now, Input::Closed);
        self.drain();
    }

    /// The code and reason of the close frame, which must have come.
    pub(crate) fn close_frame(&self) -> (u16, String) {
        match self.others.last() {
            Some(Output::Close { code, reason }) => (*code, reason.clone()),
            other => panic!("expected a close frame, got {other:?}"),
        }
    }

    /// All messages so far.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.since(0)
    }

    pub(crate) fn since(&self, before: usize) -> Vec<Value> {
        let messages = self.messages[before..].iter();
        messages.map(|(_, message)| message.clone()).collect()
    }

    /// The newest handle that the client was given.
    pub(crate) fn handle(&self) -> String {
        let all = self.all();
        let mut handles = all.iter().filter_map(|message| {
            let update = &message["sessionResumptionUpdate"];
            (update["resumable"] == true).then(|| update["newHandle"].as_str().unwrap().to_owned())
        });
        handles.next_back().expect("a handle was given")
    }

    fn drain(&mut self) {
        while let Some(output) = self.connection.poll_output() {
            match &output {
                Output::Frame(frame) if !self.garbage => {
                    let message = check(std::str::from_utf8(&frame.data).unwrap());
                    self.messages.push((self.now, message));
                }
                _ => self.others.push(output),
            }
        }
    }
}

pub(crate) fn settings(script: &str) -> Settings {
    let script: Script = script.parse().expect("the test's script reads");
    Settings::new(script)
}

/// A `setup` with audio both ways and transcriptions.
pub(crate) fn setup(model: &str) -> Value {
    json!({
        "model": model,
        "generationConfig": {"responseModalities": ["AUDIO"]},
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
    })
}

/// The same with more members.
pub(crate) fn setup_with(model: &str, more: Value) -> Value {
    let mut setup = setup(model);
    for (name, value) in more.as_object().unwrap() {
        setup[name] = value.clone();
    }
    setup
}

/// The members of a message, those of its content in place of `serverContent`.
pub(crate) fn names_of(message: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in message.as_object().unwrap() {
        match name.as_str() {
            "serverContent" => names.extend(value.as_object().unwrap().keys().cloned()),
            _ => names.push(name.clone()),
        }
    }
    names
}

/// Messages by their members, joined by `+`; runs of the same written once.
pub(crate) fn outline(messages: &[Value]) -> Vec<String> {
    let mut outline: Vec<String> = messages
        .iter()
        .map(|message| names_of(message).join("+"))
        .collect();
    outline.dedup();
    outline
}

/// The values of one member of `serverContent`.
pub(crate) fn contents<'a>(messages: &'a [Value], member: &str) -> Vec<&'a Value> {
    messages
        .iter()
        .filter_map(|message| message["serverContent"].get(member))
        .collect()
}

/// The words of a transcription, joined.
pub(crate) fn words(messages: &[Value], member: &str) -> String {
    contents(messages, member)
        .iter()
        .filter_map(|words| words["text"].as_str())
        .collect()
}

/// The texts of the model's parts, joined; thoughts only if asked for.
pub(crate) fn texts(messages: &[Value], thoughts: bool) -> String {
    parts(messages)
        .iter()
        .filter(|part| (part["thought"] == true) == thoughts)
        .filter_map(|part| part["text"].as_str().map(str::to_owned))
        .collect()
}

pub(crate) fn parts(messages: &[Value]) -> Vec<Value> {
    contents(messages, "modelTurn")
        .iter()
        .flat_map(|turn| turn["parts"].as_array().unwrap().clone())
        .collect()
}

/// The bytes of the model's audio.
pub(crate) fn audio_of(messages: &[Value]) -> Vec<u8> {
    let parts = parts(messages);
    let data = parts
        .iter()
        .filter_map(|part| part["inlineData"]["data"].as_str());
    data.flat_map(|data| base64_simd::STANDARD.decode_to_vec(data).unwrap())
        .collect()
}

/// The calls in messages.
pub(crate) fn calls(messages: &[Value]) -> Vec<Value> {
    let calls = messages
        .iter()
        .filter_map(|message| message.get("toolCall"));
    calls
        .flat_map(|call| call["functionCalls"].as_array().unwrap().clone())
        .collect()
}

pub(crate) fn ids_of(calls: &[Value]) -> Vec<String> {
    let ids = calls.iter().map(|call| call["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// `ms` of a loud square wave at 16 kHz, as a caller who speaks.
pub(crate) fn speech(ms: usize) -> Vec<i16> {
    (0..16 * ms)
        .map(|at| if at / 40 % 2 == 0 { 4_000 } else { -4_000 })
        .collect()
}

/// `ms` of silence at 16 kHz.
pub(crate) fn silence(ms: usize) -> Vec<i16> {
    vec![0; 16 * ms]
}

/// A tool in the OpenAPI dialect.
pub(crate) fn weather_tool() -> Value {
    json!({"functionDeclarations": [{
        "name": "get_weather",
        "description": "Looks up the weather of a city.",
        "parameters": {
            "type": "OBJECT",
            "properties": {"city": {"type": "STRING"}},
            "required": ["city"],
        },
    }]})
}

/// The same with a behavior.
pub(crate) fn weather_tool_that_is(behavior: &str) -> Value {
    let mut tool = weather_tool();
    tool["functionDeclarations"][0]["behavior"] = behavior.into();
    tool
}

static SCHEMA: LazyLock<Option<jsonschema::Validator>> = LazyLock::new(|| {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/gemini-live.schema.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "skipped: messages are not checked against the schema, {} is absent",
            path.display()
        );
        return None;
    };
    let bundle: Value = serde_json::from_str(&text).expect("the schema is JSON");
    let mut root = json!({"$ref": "#/$defs/ServerMessage"});
    root["$defs"] = bundle["$defs"].clone();
    Some(jsonschema::validator_for(&root).expect("the schema compiles"))
});

fn check(text: &str) -> Value {
    let typed = ServerFrame::from_json(text).expect("a message");
    assert!(
        matches!(typed, ServerFrame::Message(_)),
        "the wire types do not read {text}: {typed:?}"
    );
    let message: Value = serde_json::from_str(text).expect("JSON");
    if let Some(schema) = &*SCHEMA
        && let Err(error) = schema.validate(&message)
    {
        panic!("{text} breaks the schema: {error}");
    }
    message
}
