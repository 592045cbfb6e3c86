//! One connection's translator, and how it opens: setup, then history, then ready.
//!
//! The client speaks first, and `setup` once. The service answers with `setupComplete`, and with
//! nothing to what is told it after that, so that the session is ready as soon as its history is on
//! its way: the order of messages is kept.

use std::sync::Arc;

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{
    AudioFormat, Codec, Command, CommandId, Event, Frame, Malformed, OpeningPlan, PeerText,
    RawEvent, Seeded, SessionConfig, SessionStarted, Signal, Sink, Subject, Unsupported,
    media::AudioEncoder,
};
use serde_json::{Map, Value, value::RawValue};

use super::{media, model::ClientContent, seed, setup::Rules, turn::Turns};

/// What a codec is made from.
pub(super) struct Plan<'a> {
    pub(super) rules: Rules,
    pub(super) subject: Subject,
    pub(super) setup: Map<String, Value>,
    pub(super) opening: &'a OpeningPlan,
}

/// What is to be told once the service has taken the setup.
#[derive(Default)]
struct Telling {
    /// Instructions and tools again: what a resumed session makes of those in its setup is not
    /// known.
    update: Option<Value>,
    turns: Vec<wire::Content>,
    /// What of the history is among them.
    seeded: Seeded,
}

/// The translator of Gemini Live.
pub(super) struct LiveCodec {
    pub(super) subject: Subject,
    pub(super) rules: Rules,
    /// What the session is to be, as far as it was told.
    pub(super) config: Arc<SessionConfig>,
    /// Orders that came after the instructions, and stand below them.
    pub(super) orders: String,
    /// Whether the caller marks the user's activity.
    pub(super) is_manual: bool,
    pub(super) output_format: AudioFormat,
    pub(super) encoder: AudioEncoder,
    pub(super) turns: Turns,
    setup: Option<Map<String, Value>>,
    telling: Option<Telling>,
    is_resumed: bool,
}

impl LiveCodec {
    pub(super) fn new(plan: Plan<'_>) -> Self {
        let Plan {
            rules,
            subject,
            mut setup,
            opening,
        } = plan;
        let telling = telling(opening, &rules, &mut setup);
        let config = &opening.config;
        Self {
            is_manual: is_manual(&setup),
            output_format: rules.can.output_format(config),
            encoder: media::encoder(rules.can.input_format(config)),
            turns: Turns::new(opening.ordinal),
            config: Arc::clone(config),
            orders: String::new(),
            setup: Some(setup),
            telling: Some(telling),
            is_resumed: opening.resume.is_some(),
            rules,
            subject,
        }
    }

    /// The service has taken the setup: what is left to tell is told, and the session is ready.
    pub(super) fn opened(&mut self, complete: wire::SetupComplete, out: &mut dyn Sink) -> bool {
        let Some(telling) = self.telling.take() else {
            return false;
        };
        out.event(Event::SessionStarted(SessionStarted {
            id: complete.session_id,
            ..SessionStarted::default()
        }));
        out.event(Event::Configured);
        if let Some(update) = telling.update {
            out.send(member("contextUpdate", update));
        }
        if !telling.turns.is_empty() {
            let content = wire::ClientContent::default()
                .with_turns(telling.turns)
                .with_turn_complete(self.rules.manner.history_config);
            send(
                wire::ClientMessage::default().with_client_content(content),
                out,
            );
        }
        out.signal(Signal::Ready {
            resumed: self.is_resumed,
            seeded: telling.seeded,
        });
        true
    }
}

impl Codec for LiveCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        if let Some(setup) = self.setup.take() {
            out.send(member("setup", Value::Object(setup)));
        }
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        if self.decode_sound(frame, out) {
            return;
        }
        match frame.read(wire::ServerFrame::from_json) {
            Ok((message, text)) => self.frame(message, text, out),
            Err(malformed) => out.event(Event::Malformed(malformed)),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        self.command(id, command, out)
    }
}

/// What is told after the setup, and the marks in the setup that go with it.
fn telling(plan: &OpeningPlan, rules: &Rules, setup: &mut Map<String, Value>) -> Telling {
    let mut telling = Telling::default();
    if let Some(handle) = &plan.resume {
        put(
            setup,
            "sessionResumption",
            "handle",
            handle.0.expose().into(),
        );
    } else {
        // A session that is resumed knows what was said.
        (telling.turns, telling.seeded) = seed::turns(&plan.seed);
    }
    if let Some(bridge) = &plan.bridge {
        let is_told = plan.resume.is_none() || rules.manner.client_content == ClientContent::Always;
        if is_told {
            telling.turns.push(seed::told(bridge));
        } else {
            // A text of its own would be answered, or close a connection that has spoken before.
            add_instruction(setup, bridge);
        }
    }
    if rules.manner.history_config && !telling.turns.is_empty() {
        put(
            setup,
            "historyConfig",
            "initialHistoryInClientContent",
            true.into(),
        );
    }
    if plan.resume.is_some() && rules.manner.context_update {
        telling.update = update_of(setup);
    }
    telling
}

/// Instructions and tools of a setup, as an update of them.
fn update_of(setup: &Map<String, Value>) -> Option<Value> {
    let mut update = Map::new();
    if let Some(instruction) = setup.get("systemInstruction") {
        update.insert("systemInstruction".to_owned(), instruction.clone());
    }
    if let Some(tools) = setup.get("tools") {
        update.insert("tools".to_owned(), serde_json::json!({ "tools": tools }));
    }
    (!update.is_empty()).then_some(Value::Object(update))
}

/// Puts a text below the system instructions of a setup.
fn add_instruction(setup: &mut Map<String, Value>, text: &str) {
    const NAME: &str = "systemInstruction";
    let mut instruction = match setup.remove(NAME) {
        Some(Value::Object(instruction)) => instruction,
        _ => Map::new(),
    };
    instruction
        .entry("role")
        .or_insert_with(|| seed::USER.into());
    if let Value::Array(parts) = instruction
        .entry("parts")
        .or_insert_with(|| Value::Array(Vec::new()))
    {
        parts.push(serde_json::json!({ "text": text }));
    }
    setup.insert(NAME.to_owned(), Value::Object(instruction));
}

/// Sets one member of the object of that name, which is made where there is none.
fn put(members: &mut Map<String, Value>, object: &str, name: &str, value: Value) {
    if let Some(Value::Object(inner)) = members.get_mut(object) {
        inner.insert(name.to_owned(), value);
    } else {
        let mut inner = Map::new();
        inner.insert(name.to_owned(), value);
        members.insert(object.to_owned(), Value::Object(inner));
    }
}

fn is_manual(setup: &Map<String, Value>) -> bool {
    setup
        .get("realtimeInputConfig")
        .and_then(|input| input.get("automaticActivityDetection"))
        .and_then(|detection| detection.get("disabled"))
        == Some(&Value::Bool(true))
}

/// A frame of the generated types.
pub(super) fn send(message: wire::ClientMessage, out: &mut dyn Sink) {
    let mut json = Vec::with_capacity(256);
    wire::ClientFrame::from(message).write_json(&mut json);
    out.send(Frame::text_bytes(json));
}

/// A frame with one member that may hold what the caller wrote.
pub(super) fn member(name: &str, value: Value) -> Frame {
    let mut frame = Map::new();
    frame.insert(name.to_owned(), value);
    Frame::text(Value::Object(frame).to_string())
}

/// A frame as it came, under the name of what no neutral word was found for.
pub(super) fn other(name: &str, text: &str) -> Event {
    match RawValue::from_string(text.trim().to_owned()) {
        Ok(json) => Event::Other(RawEvent::new(name, json)),
        Err(_) => malformed("the frame is not JSON", name, text.len()),
    }
}

/// A frame of a known member that says something impossible.
pub(super) fn malformed(error: &str, name: &str, bytes: usize) -> Event {
    Event::Malformed(Malformed {
        error: error.to_owned(),
        name: Some(PeerText::new(name)),
        bytes,
    })
}
