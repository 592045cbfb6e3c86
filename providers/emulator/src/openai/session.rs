//! The configuration of a session: its defaults, its sparse update, and what is fixed.

use std::time::Duration;

use antiphon_protocol::AudioFormat;
use serde_json::{Map, Value, json};

use crate::{ids::Ids, refusal::Refusal, vad::VadSettings};

/// The model of a connection that names none.
const MODEL: &str = "gpt-realtime";
const INSTRUCTIONS: &str = "You are a helpful assistant who speaks. Answer briefly and kindly.";

/// The configuration, as the client is shown it.
#[derive(Clone, Debug)]
pub(super) struct Session {
    value: Value,
    /// Whether the connection named the model.
    model_is_fixed: bool,
}

/// How the end of the caller's turn is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TurnDetection {
    pub(super) vad: VadSettings,
    pub(super) create_response: bool,
    pub(super) interrupt_response: bool,
    /// How long the caller may be silent after an answer.
    pub(super) idle: Option<Duration>,
}

impl Session {
    pub(super) fn new(ids: &mut Ids, model: Option<&str>, expires_at: u64) -> Self {
        let value = json!({
            "type": "realtime",
            "object": "realtime.session",
            "id": ids.id("sess"),
            "model": model.unwrap_or(MODEL),
            "output_modalities": ["audio"],
            "instructions": INSTRUCTIONS,
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": null,
            "truncation": "auto",
            "prompt": null,
            "expires_at": expires_at,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24_000},
                    "transcription": null,
                    "noise_reduction": null,
                    "turn_detection": server_vad(),
                },
                "output": {
                    "format": {"type": "audio/pcm", "rate": 24_000},
                    "voice": "alloy",
                    "speed": 1.0,
                },
            },
            "include": null,
        });
        Self {
            value,
            model_is_fixed: model.is_some(),
        }
    }

    /// A session that transcribes and answers nothing.
    pub(super) fn transcription(ids: &mut Ids, expires_at: u64) -> Self {
        let value = json!({
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": ids.id("sess"),
            "expires_at": expires_at,
            "audio": {"input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "transcription": null,
                "noise_reduction": null,
                "turn_detection": server_vad(),
            }},
            "include": null,
        });
        Self {
            value,
            model_is_fixed: false,
        }
    }

    pub(super) fn id(&self) -> &str {
        self.value
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether it answers nothing.
    pub(super) fn only_transcribes(&self) -> bool {
        self.value.get("type").and_then(Value::as_str) == Some("transcription")
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// Applies a checked `session` of a `session.update`, all of it or nothing.
    ///
    /// # Errors
    /// When it changes what is fixed: the model, or the voice after the model has spoken.
    pub(super) fn update(&mut self, update: &Value, has_spoken: bool) -> Result<(), Refusal> {
        self.check_kind(update)?;
        let mut next = self.value.clone();
        let (Some(target), Some(update)) = (next.as_object_mut(), update.as_object()) else {
            return Ok(());
        };
        merge(target, update);
        complete(&mut next);
        check_transcriber(&next)?;
        check_modalities(next.get("output_modalities"), "session.output_modalities")?;
        if self.model_is_fixed && next.get("model") != self.value.get("model") {
            return Err(
                Refusal::new("cannot_update_model", "Cannot update a session's model.")
                    .at("session.model"),
            );
        }
        let voice = |value: &Value| value.pointer("/audio/output/voice").cloned();
        if has_spoken && voice(&next) != voice(&self.value) {
            let message = "Cannot update a conversation's voice if assistant audio is present.";
            return Err(
                Refusal::new("cannot_update_voice", message).at("session.audio.output.voice")
            );
        }
        self.value = next;
        Ok(())
    }

    /// A session does not change its kind.
    fn check_kind(&self, update: &Value) -> Result<(), Refusal> {
        let kind = |value: &Value| value.get("type").and_then(Value::as_str).map(str::to_owned);
        let (asked, is) = (kind(update), kind(&self.value));
        if asked == is {
            return Ok(());
        }
        let (asked, is) = (asked.unwrap_or_default(), is.unwrap_or_default());
        let message =
            format!("Passing a {asked} session update event to a {is} session is not allowed.");
        Err(Refusal::new("invalid_value", message).at("session.type"))
    }

    pub(super) fn input_format(&self) -> AudioFormat {
        format(self.value.pointer("/audio/input/format"))
    }

    pub(super) fn transcribes(&self) -> bool {
        self.value
            .pointer("/audio/input/transcription")
            .is_some_and(Value::is_object)
    }

    /// How turns end, or nothing when the client ends them.
    pub(super) fn turn_detection(&self) -> Option<TurnDetection> {
        let detection = self
            .value
            .pointer("/audio/input/turn_detection")?
            .as_object()?;
        let truth = |name: &str| detection.get(name).and_then(Value::as_bool).unwrap_or(true);
        let ms = |name: &str, default| {
            detection
                .get(name)
                .and_then(Value::as_u64)
                .unwrap_or(default)
        };
        let silence_ms = match detection.get("eagerness").and_then(Value::as_str) {
            None => ms("silence_duration_ms", 200),
            // Without a model that reads the words, silence stands in for the end of a thought.
            Some("high") => 300,
            Some("low") => 1_200,
            Some(_) => 600,
        };
        Some(TurnDetection {
            idle: detection
                .get("idle_timeout_ms")
                .and_then(Value::as_u64)
                .map(Duration::from_millis),
            vad: VadSettings {
                threshold: detection
                    .get("threshold")
                    .and_then(Value::as_f64)
                    .unwrap_or(0.5),
                prefix_ms: ms("prefix_padding_ms", 300),
                silence_ms,
            },
            create_response: truth("create_response"),
            interrupt_response: truth("interrupt_response"),
        })
    }
}

/// The wire format named by a `format` object, 24 kHz PCM16 when it names none.
pub(super) fn format(format: Option<&Value>) -> AudioFormat {
    match format
        .and_then(|format| format.get("type"))
        .and_then(Value::as_str)
    {
        Some("audio/pcmu") => AudioFormat::MULAW_8K,
        Some("audio/pcma") => AudioFormat::ALAW_8K,
        _ => AudioFormat::PCM16_24K,
    }
}

/// # Errors
/// The protocol answers in text or in audio, not in both.
pub(super) fn check_modalities(modalities: Option<&Value>, path: &str) -> Result<(), Refusal> {
    match modalities.and_then(Value::as_array).map(Vec::len) {
        None | Some(1) => Ok(()),
        Some(_) => {
            let given = modalities.map(ToString::to_string).unwrap_or_default();
            Err(Refusal::value(path, &given, &["['text']", "['audio']"]))
        }
    }
}

/// # Errors
/// One transcriber of transcription sessions leaves the turns to the client.
fn check_transcriber(session: &Value) -> Result<(), Refusal> {
    let only = session.get("type").and_then(Value::as_str) == Some("transcription");
    let model = session.pointer("/audio/input/transcription/model");
    let detects = session
        .pointer("/audio/input/turn_detection")
        .is_some_and(Value::is_object);
    if only && detects && model.and_then(Value::as_str) == Some("gpt-realtime-whisper") {
        let message = "Turn detection must be null with gpt-realtime-whisper.";
        let refusal = Refusal::new("invalid_value", message);
        return Err(refusal.at("session.audio.input.turn_detection"));
    }
    Ok(())
}

fn server_vad() -> Value {
    json!({
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "idle_timeout_ms": null,
        "create_response": true,
        "interrupt_response": true,
    })
}

/// Members whose objects replace each other; all other objects are merged member by member.
const WHOLE: [&str; 4] = ["format", "prompt", "tool_choice", "voice"];

/// Members that `null` switches off; elsewhere `null` leaves a member as it is.
const SWITCHES: [&str; 7] = [
    "idle_timeout_ms",
    "include",
    "noise_reduction",
    "prompt",
    "tracing",
    "transcription",
    "turn_detection",
];

fn merge(target: &mut Map<String, Value>, update: &Map<String, Value>) {
    for (name, value) in update {
        if value.is_null() && !SWITCHES.contains(&name.as_str()) {
            continue;
        }
        let same_kind = |old: &Value| match value.get("type") {
            Some(kind) => old.get("type") == Some(kind),
            None => true,
        };
        match (target.get_mut(name), value) {
            (Some(old @ Value::Object(_)), Value::Object(new))
                if !WHOLE.contains(&name.as_str()) && same_kind(old) =>
            {
                if let Some(old) = old.as_object_mut() {
                    merge(old, new);
                }
            }
            _ => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Shows the members that the service shows where the client left them out.
fn complete(session: &mut Value) {
    for pointer in ["/audio/input/format", "/audio/output/format"] {
        if session.pointer(pointer).is_some_and(is_pcm) {
            fill(session, pointer, &json!({"rate": 24_000}));
        }
    }
    if session
        .pointer("/audio/input/transcription")
        .is_some_and(Value::is_object)
    {
        fill(
            session,
            "/audio/input/transcription",
            &json!({"language": null, "prompt": null}),
        );
    }
    let detection = session
        .pointer("/audio/input/turn_detection/type")
        .and_then(Value::as_str);
    let defaults = match detection {
        Some("server_vad") => server_vad(),
        Some(_) => {
            json!({"eagerness": "auto", "create_response": true, "interrupt_response": true})
        }
        None => return,
    };
    fill(session, "/audio/input/turn_detection", &defaults);
}

fn is_pcm(format: &Value) -> bool {
    format.get("type").and_then(Value::as_str) == Some("audio/pcm")
}

fn fill(session: &mut Value, pointer: &str, defaults: &Value) {
    let object = session.pointer_mut(pointer).and_then(Value::as_object_mut);
    if let (Some(object), Some(defaults)) = (object, defaults.as_object()) {
        for (name, value) in defaults {
            object.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}
