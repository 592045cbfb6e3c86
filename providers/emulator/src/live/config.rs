//! The configuration of a session: what it starts with, what may change, and what is shown of it.

use antiphon_protocol::AudioFormat;
use serde_json::{Map, Value, json};

use super::tables::{FIXED, VOICES};
use crate::refusal::Refusal;

/// Letters that count as one token.
const LETTERS_PER_TOKEN: usize = 4;
const MAX_INSTRUCTIONS: usize = 16_384;
const MAX_HISTORY: usize = 128;
const MAX_HISTORY_TOKENS: usize = 8_192;

/// Who does the work that the model asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Client,
    Responses,
    Decisions,
}

/// The configuration, as the client is shown it, without what the service adds.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) value: Value,
}

impl Default for Config {
    fn default() -> Self {
        Self { value: json!({}) }
    }
}

impl Config {
    /// What a checked `session` of `session.start` comes to.
    ///
    /// # Errors
    /// When a limit is exceeded or a voice does not exist.
    pub(super) fn start(session: &Value) -> Result<Self, Refusal> {
        let given = |name: &str| session.get(name).filter(|value| !value.is_null()).cloned();
        let instructions = given("instructions");
        let instructions = instructions.as_ref().and_then(Value::as_str);
        let instructions = instructions.unwrap_or_default();
        if tokens(instructions) > MAX_INSTRUCTIONS {
            let message = format!("Instructions must not exceed {MAX_INSTRUCTIONS} tokens.");
            return Err(invalid("session.instructions", message));
        }
        if session.pointer("/model").and_then(Value::as_str) == Some("") {
            return Err(Refusal::new("model_not_found", "The model is empty.").at("session.model"));
        }
        check_history(session.get("input"))?;
        check_voice(session.pointer("/audio/output/voice"))?;
        check_format(session.pointer("/audio/format"))?;
        let pointer = |pointer: &str| {
            let value = session.pointer(pointer).filter(|value| !value.is_null());
            value.cloned()
        };
        let mut value = json!({
            "model": given("model"),
            "instructions": if instructions.trim().is_empty() { "" } else { instructions },
            "input": given("input").unwrap_or_else(|| json!([])),
            "audio": {
                "format": pointer("/audio/format")
                    .unwrap_or_else(|| json!({"type": "audio/pcm", "rate": 24_000})),
                "output": {"voice": pointer("/audio/output/voice").unwrap_or_else(|| "marin".into())},
            },
            "delegation": given("delegation").unwrap_or_else(|| json!({"type": "client"})),
        });
        if let Some(members) = value.as_object_mut() {
            for name in ["store", "triggers", "client", "safety_identifier"] {
                if let Some(given) = given(name) {
                    members.insert(name.to_owned(), given);
                }
            }
        }
        complete(&mut value);
        Ok(Self { value })
    }

    /// What a checked `session` of a fork's `session.start` makes of a stored configuration.
    ///
    /// # Errors
    /// When the delegation is of another type than the stored one's.
    pub(super) fn fork(&self, changes: &Value) -> Result<Self, Refusal> {
        check_format(changes.pointer("/audio/format"))?;
        let mut next = self.clone();
        let Some(members) = next.value.as_object_mut() else {
            return Ok(next);
        };
        // A recording is asked for anew by each session.
        members.remove("store");
        for name in ["client", "store"] {
            if let Some(value) = changes.get(name).filter(|value| !value.is_null()) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(format) = changes.pointer("/audio/format").filter(|f| !f.is_null())
            && let Some(audio) = members.get_mut("audio").and_then(Value::as_object_mut)
        {
            audio.insert("format".to_owned(), format.clone());
        }
        next.update(changes)?;
        Ok(next)
    }

    /// Refuses an update that touches what is fixed, before its members are looked at.
    ///
    /// # Errors
    /// `immutable_field_update` with the first member that cannot change.
    pub(super) fn check_update(&self, session: &Map<String, Value>) -> Result<(), Refusal> {
        if let Some(name) = FIXED.iter().find(|name| session.contains_key(**name)) {
            let message = format!("'{name}' cannot change after session startup.");
            return Err(immutable(format!("session.{name}"), message));
        }
        let Some(delegation) = session.get("delegation") else {
            return Ok(());
        };
        let wanted = delegation.get("type").and_then(Value::as_str);
        let wanted = wanted.or(delegation.is_null().then_some("client"));
        if wanted.is_some() && wanted != self.delegation().get("type").and_then(Value::as_str) {
            let message = "The delegation type cannot change after session startup.";
            return Err(immutable("session.delegation.type", message));
        }
        Ok(())
    }

    /// Applies what a checked update names, and nothing else.
    ///
    /// # Errors
    /// As [`check_update`](Self::check_update).
    pub(super) fn update(&mut self, session: &Value) -> Result<(), Refusal> {
        let delegation = session.get("delegation").filter(|value| !value.is_null());
        if let Some(delegation) = delegation {
            let only = Map::from_iter([("delegation".to_owned(), delegation.clone())]);
            self.check_update(&only)?;
        }
        let Some(members) = self.value.as_object_mut() else {
            return Ok(());
        };
        if let Some(triggers) = session.get("triggers").filter(|value| !value.is_null()) {
            members.insert("triggers".to_owned(), triggers.clone());
        }
        if let (Some(Value::Object(old)), Some(Value::Object(new))) =
            (members.get_mut("delegation"), delegation)
        {
            merge(old, new);
        }
        complete(&mut self.value);
        Ok(())
    }

    pub(super) fn delegation(&self) -> &Value {
        self.value.get("delegation").unwrap_or(&Value::Null)
    }

    pub(super) fn mode(&self) -> Mode {
        match self.delegation().get("type").and_then(Value::as_str) {
            Some("responses") => Mode::Responses,
            Some("decisions") => Mode::Decisions,
            _ => Mode::Client,
        }
    }

    pub(super) fn format(&self) -> AudioFormat {
        let format = self.value.pointer("/audio/format");
        let kind = format.and_then(|format| format.get("type"));
        let rate = format.and_then(|format| format.get("rate"));
        match kind.and_then(Value::as_str) {
            Some("audio/pcmu") => AudioFormat::MULAW_8K,
            Some("audio/pcma") => AudioFormat::ALAW_8K,
            _ if rate == Some(&json!(16_000)) => AudioFormat::PCM16_16K,
            _ => AudioFormat::PCM16_24K,
        }
    }

    pub(super) fn is_stored(&self) -> bool {
        self.value.get("store") == Some(&Value::Bool(true))
    }

    /// How often the caller spoke in the history that the session starts with.
    pub(super) fn turns_before(&self) -> usize {
        let input = self.value.get("input").and_then(Value::as_array);
        let of_user = |item: &&Value| item.get("role").and_then(Value::as_str) == Some("user");
        input.into_iter().flatten().filter(of_user).count()
    }

    /// The parameters of a tool of the backend model, or nothing when it has no such tool.
    pub(super) fn tool(&self, name: &str) -> Option<&Value> {
        let tools = self.delegation().pointer("/responses/tools")?.as_array()?;
        let named = |tool: &&Value| tool.get("name").and_then(Value::as_str) == Some(name);
        let tool = tools.iter().find(named)?;
        Some(tool.get("parameters").unwrap_or(&Value::Null))
    }
}

/// How many tokens a text counts for.
pub(super) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(LETTERS_PER_TOKEN)
}

pub(super) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Refusal {
    Refusal::new("invalid_value", message).at(param)
}

fn immutable(param: impl Into<String>, message: impl Into<String>) -> Refusal {
    Refusal::new("immutable_field_update", message).at(param)
}

fn check_history(input: Option<&Value>) -> Result<(), Refusal> {
    let items = input
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if items.len() > MAX_HISTORY {
        let message = format!("At most {MAX_HISTORY} messages can be given.");
        return Err(invalid("session.input", message));
    }
    let mut sum = 0;
    for (at, item) in items.iter().enumerate() {
        let parts = item.get("content").and_then(Value::as_array);
        let Some([part]) = parts.map(Vec::as_slice) else {
            let message = "A message holds exactly one text part.";
            return Err(invalid(format!("session.input[{at}].content"), message));
        };
        let of = |value: &Value, name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let (role, kind) = (of(item, "role"), of(part, "type"));
        if (role == "assistant") != (kind != "input_text") {
            let param = format!("session.input[{at}].content[0].type");
            return Err(invalid(
                param,
                format!("A message of {role} holds no '{kind}'."),
            ));
        }
        sum += tokens(&of(part, "text"));
    }
    if sum > MAX_HISTORY_TOKENS {
        let message = format!("The history must not exceed {MAX_HISTORY_TOKENS} tokens.");
        return Err(invalid("session.input", message));
    }
    Ok(())
}

fn check_voice(voice: Option<&Value>) -> Result<(), Refusal> {
    match voice.and_then(Value::as_str) {
        Some(name) if !VOICES.contains(&name) => {
            let message = "This voice is not available to this account.";
            Err(Refusal::new("forbidden", message).at("session.audio.output.voice"))
        }
        _ => Ok(()),
    }
}

fn check_format(format: Option<&Value>) -> Result<(), Refusal> {
    let rate = format.and_then(|format| format.get("rate"));
    match rate.and_then(Value::as_u64) {
        None | Some(8_000 | 16_000 | 24_000) => Ok(()),
        Some(_) => Err(invalid(
            "session.audio.format.rate",
            "Audio is sampled at 16000 or at 24000 Hz.",
        )),
    }
}

/// Shows the tools of a backend model where the client left them out.
fn complete(session: &mut Value) {
    let responses = session.pointer_mut("/delegation/responses");
    if let Some(Value::Object(responses)) = responses {
        responses
            .entry("tools")
            .or_insert_with(|| Value::Array(Vec::new()));
    }
}

/// Objects are merged member by member, all else is replaced; `null` clears.
fn merge(old: &mut Map<String, Value>, new: &Map<String, Value>) {
    for (name, value) in new {
        match (old.get_mut(name), value) {
            (_, Value::Null) => _ = old.remove(name),
            (Some(Value::Object(old)), Value::Object(new)) if name != "tool_choice" => {
                merge(old, new);
            }
            _ => _ = old.insert(name.clone(), value.clone()),
        }
    }
}
