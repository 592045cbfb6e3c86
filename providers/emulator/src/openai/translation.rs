//! A session of OpenAI Realtime that translates: what the caller says comes back in another language,
//! which here is whatever the script says.

use std::collections::VecDeque;

use antiphon_protocol::{AudioFormat, Frame, FrameKind, Time};
use serde_json::{Map, Value, json};

use super::{Input, MAX_HELD, Output, Settings};
use crate::{
    audio,
    ids::Ids,
    peer::Peer,
    refusal::{Refusal, kind_of},
    script::{Facts, Failure, Step},
    shape::{
        self, Field,
        Shape::{Object, Text, Word},
        opt, req,
    },
    story::plan::{self, Act, Manner},
    vad::{Heard, Vad, VadSettings},
};

/// The model of a connection that names none.
const MODEL: &str = "gpt-realtime-translate";
const SILENCE_MS: u64 = 300;
/// Acts that may wait for their time.
const MAX_ACTS: usize = 4_096;

const TYPE: Field = req("type", Text);
const EVENT: Field = opt("event_id", Text);
const EVENTS: &[(&str, &[Field])] = &[
    (
        "session.update",
        &[
            TYPE,
            EVENT,
            req("session", Object(&[opt("audio", Object(AUDIO))])),
        ],
    ),
    (
        "session.input_audio_buffer.append",
        &[TYPE, EVENT, req("audio", Text)],
    ),
    ("session.close", &[TYPE, EVENT]),
];
const AUDIO: &[Field] = &[
    opt(
        "input",
        Object(&[
            opt(
                "noise_reduction",
                Object(&[opt("type", Word(&["near_field", "far_field"]))]),
            ),
            opt("transcription", Object(&[opt("model", Text)])),
        ]),
    ),
    opt("output", Object(&[opt("language", Text)])),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Open,
    Silent,
    Closed,
}

/// The server's side of one connection that translates. It is driven as a [`Peer`].
#[derive(Debug)]
pub struct Translation {
    settings: Settings,
    ids: Ids,
    out: VecDeque<Output>,
    phase: Phase,
    opening: VecDeque<Step>,
    opening_at: Time,
    held: Vec<Frame>,
    opened: Time,
    session: Value,
    vad: Vad,
    next_turn: usize,
    acts: VecDeque<(Time, Act)>,
}

impl Translation {
    /// A connection that opened at `now`.
    pub fn new(settings: Settings, now: Time) -> Self {
        let mut ids = Ids::new(settings.seed);
        let opened = settings.opened_at.as_unix_millis() / 1000;
        let session = json!({
            "id": ids.id("sess"),
            "type": "translation",
            "model": settings.model.as_deref().unwrap_or(MODEL),
            "expires_at": opened + settings.session_limit.as_secs(),
            "audio": {
                "input": {"transcription": null, "noise_reduction": null},
                "output": {"language": "en"},
            },
        });
        let hearing = VadSettings {
            threshold: 0.5,
            prefix_ms: SILENCE_MS,
            silence_ms: SILENCE_MS,
        };
        Self {
            out: VecDeque::new(),
            phase: Phase::Opening,
            opening: settings.script.opening.iter().cloned().collect(),
            opening_at: now,
            held: Vec::new(),
            opened: now,
            session,
            vad: Vad::new(hearing, AudioFormat::PCM16_24K.rate, 0),
            next_turn: 0,
            acts: VecDeque::new(),
            ids,
            settings,
        }
    }

    fn advance(&mut self, now: Time) {
        while let Some(at) = self.poll_timeout()
            && at <= now
        {
            match self.phase {
                Phase::Opening => self.open_further(now),
                Phase::Open if self.acts.front().is_some_and(|(due, _)| *due <= at) => {
                    if let Some((_, act)) = self.acts.pop_front() {
                        self.perform(act, at);
                    }
                }
                _ => self.end("expired"),
            }
        }
    }

    fn open_further(&mut self, now: Time) {
        match self.opening.pop_front() {
            Some(Step::Wait(pause)) => self.opening_at = self.opening_at + pause,
            Some(Step::Fail(failure)) => self.fail(&failure),
            Some(Step::Say(_) | Step::Call { .. }) => {}
            None => {
                self.phase = Phase::Open;
                self.announce("session.created");
                for frame in std::mem::take(&mut self.held) {
                    self.frame(now, &frame);
                }
            }
        }
    }

    fn frame(&mut self, now: Time, frame: &Frame) {
        if self.phase != Phase::Open {
            return;
        }
        let mut event_id = None;
        let result = read(frame, &mut event_id).and_then(|event| self.carry_out(now, &event));
        if let Err(refusal) = result {
            let error = json!({
                "type": "invalid_request_error",
                "code": refusal.code,
                "message": refusal.message,
                "param": refusal.param,
                "event_id": event_id,
            });
            self.emit("error", json!({"error": error}));
        }
    }

    fn carry_out(&mut self, now: Time, event: &Value) -> Result<(), Refusal> {
        match event.get("type").and_then(Value::as_str) {
            Some("session.update") => {
                if let (Some(old), Some(new)) = (
                    self.session
                        .pointer_mut("/audio")
                        .and_then(Value::as_object_mut),
                    event.pointer("/session/audio").and_then(Value::as_object),
                ) {
                    merge(old, new);
                }
                self.announce("session.updated");
            }
            Some("session.input_audio_buffer.append") => {
                let base64 = event
                    .get("audio")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let bytes = base64_simd::STANDARD.decode_to_vec(base64).map_err(|_| {
                    let message = "Invalid 'audio'. Expected base64-encoded audio bytes.";
                    Refusal::new("invalid_value", message).at("audio")
                })?;
                let samples = audio::decode(&bytes, AudioFormat::PCM16_24K);
                let mut turns = 0_usize;
                self.vad.listen(&samples, |heard| {
                    turns += usize::from(matches!(heard, Heard::Stopped { .. }));
                });
                for _ in 0..turns {
                    // Turns that come much faster than they are spoken are passed over.
                    if self.acts.len() < MAX_ACTS {
                        self.translate(now);
                    }
                }
            }
            _ => self.end("closed"),
        }
        Ok(())
    }

    /// A turn of the caller comes back, after what is still being said.
    fn translate(&mut self, now: Time) {
        let turn = self.settings.script.turn(self.next_turn);
        self.next_turn += 1;
        if self
            .session
            .pointer("/audio/input/transcription")
            .is_some_and(Value::is_object)
        {
            for (at, word) in turn.heard.split_whitespace().enumerate() {
                let delta = if at == 0 {
                    word.to_owned()
                } else {
                    format!(" {word}")
                };
                self.tell("session.input_transcript.delta", &delta, now);
            }
        }
        let facts = Facts {
            heard: turn.heard,
            ..Facts::default()
        };
        let after = self.acts.back().map_or(now, |(at, _)| *at);
        let manner = Manner {
            start: after.max(now) + self.settings.thinking,
            audio: Some(AudioFormat::PCM16_24K),
            pace: self.settings.script.pace,
        };
        let acts = plan::plan(&turn.steps, &facts, manner, |_| Value::Null);
        self.acts.extend(acts);
    }

    fn perform(&mut self, act: Act, at: Time) {
        match act {
            Act::Word(word) | Act::Text(word) => {
                self.tell("session.output_transcript.delta", &word, at);
            }
            Act::Audio(audio) => {
                let delta = base64_simd::STANDARD.encode_to_string(audio);
                self.tell("session.output_audio.delta", &delta, at);
            }
            Act::Fail(failure) => self.fail(&failure),
            // A translation has no items, calls or responses.
            Act::BeginMessage
            | Act::EndMessage
            | Act::BeginCall { .. }
            | Act::Arguments(_)
            | Act::EndCall
            | Act::Finish => {}
        }
    }

    fn tell(&mut self, event_type: &str, delta: &str, at: Time) {
        let elapsed = at.as_millis().saturating_sub(self.opened.as_millis());
        self.emit(event_type, json!({"delta": delta, "elapsed_ms": elapsed}));
    }

    fn announce(&mut self, event_type: &str) {
        let fields = json!({"session": self.session});
        self.emit(event_type, fields);
    }

    fn emit(&mut self, event_type: &str, fields: Value) {
        let mut event = Map::new();
        event.insert("type".to_owned(), event_type.into());
        event.insert("event_id".to_owned(), self.ids.id("event").into());
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        let frame = Frame::text(Value::Object(event).to_string());
        self.out.push_back(Output::Frame(frame));
    }

    fn end(&mut self, reason: &str) {
        self.emit("session.closed", json!({}));
        self.close(1000, reason);
    }

    fn close(&mut self, code: u16, reason: &str) {
        let reason = reason.to_owned();
        self.out.push_back(Output::Close { code, reason });
        self.phase = Phase::Closed;
    }

    fn fail(&mut self, failure: &Failure) {
        match failure {
            Failure::Close { code, reason } => self.close(*code, reason),
            Failure::Drop => {
                self.out.push_back(Output::Drop);
                self.phase = Phase::Closed;
            }
            Failure::Silence => self.phase = Phase::Silent,
            Failure::Garbage => {
                self.out
                    .push_back(Output::Frame(Frame::text("this is not JSON")));
            }
            Failure::Error { code, message } => self.send_error(code, message),
            Failure::Response { message } => self.send_error("server_error", message),
            Failure::Expire => self.end("expired"),
            Failure::Frame(fault) => self.out.push_back(Output::Fault(*fault)),
        }
    }

    fn send_error(&mut self, code: &str, message: &str) {
        let error = json!({
            "type": kind_of(code), "code": code, "message": message, "param": null, "event_id": null,
        });
        self.emit("error", json!({"error": error}));
    }
}

impl Peer for Translation {
    fn handle(&mut self, now: Time, input: Input) {
        self.advance(now);
        match (input, self.phase) {
            (Input::Closed, _) => {
                self.phase = Phase::Closed;
                self.out.clear();
            }
            (Input::Frame(frame), Phase::Open) => self.frame(now, &frame),
            (Input::Frame(frame), Phase::Opening) if self.held.len() < MAX_HELD => {
                self.held.push(frame);
            }
            (Input::Frame(_) | Input::Timeout, _) => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        match self.phase {
            Phase::Opening => Some(self.opening_at),
            Phase::Open => {
                let expires = self.opened + self.settings.session_limit;
                let act = self.acts.front().map(|(at, _)| *at);
                act.into_iter().chain([expires]).min()
            }
            Phase::Silent | Phase::Closed => None,
        }
    }
}

fn read(frame: &Frame, event_id: &mut Option<String>) -> Result<Value, Refusal> {
    if frame.kind == FrameKind::Binary {
        let message = "Events are sent as text, not as binary.";
        return Err(Refusal::new("invalid_event", message));
    }
    let event: Value = serde_json::from_slice(&frame.data)
        .map_err(|_| Refusal::new("invalid_json", "The event is not valid JSON."))?;
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    *event_id = text("event_id").map(str::to_owned);
    let (Some(members), Some(event_type)) = (event.as_object(), text("type")) else {
        let message = "The event is not an object with a type.";
        return Err(Refusal::new("invalid_event", message));
    };
    let known = EVENTS.iter().find(|(name, _)| *name == event_type);
    let (_, fields) = known.ok_or_else(|| {
        let types: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
        Refusal::value("type", event_type, &types)
    })?;
    shape::check_members(members, fields, "")?;
    Ok(event)
}

/// Objects are merged member by member; all else, `null` included, is replaced.
fn merge(old: &mut Map<String, Value>, new: &Map<String, Value>) {
    for (name, value) in new {
        match (old.get_mut(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            _ => _ = old.insert(name.clone(), value.clone()),
        }
    }
}
