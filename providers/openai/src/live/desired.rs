//! The configuration the service has, and the update that makes it another one.
//!
//! Almost everything is settled when a session starts. What may change are the settings of its
//! delegation, which are sent whole, and its triggers.

use std::collections::VecDeque;

use antiphon_protocol::{CommandId, ConfigField, Subject, Unsupported};
use serde_json::{Map, Value, json};

use super::config::merge;

/// Most updates on their way at once that are told apart.
const LIMIT: usize = 64;

/// What an unset setting of a backend model goes back to, where that is known.
fn default_of(setting: &str) -> Option<Value> {
    match setting {
        "tools" => Some(json!([])),
        "tool_choice" => Some(json!("auto")),
        _ => None,
    }
}

/// What the session is, and is about to be.
#[derive(Debug)]
pub(crate) struct Desired {
    accepted: Map<String, Value>,
    in_flight: VecDeque<(CommandId, Map<String, Value>)>,
}

impl Desired {
    /// A session opened as `session`.
    pub(crate) fn new(session: &Map<String, Value>) -> Self {
        Self {
            accepted: session.clone(),
            in_flight: VecDeque::new(),
        }
    }

    /// The oldest update has been taken in.
    pub(crate) fn updated(&mut self, id: CommandId) {
        if let Some(place) = self.in_flight.iter().position(|(open, _)| *open == id)
            && let Some((_, accepted)) = self.in_flight.remove(place)
        {
            self.accepted = accepted;
        }
    }

    /// An update was refused: the session is as it was.
    pub(crate) fn refused(&mut self, id: CommandId) {
        self.in_flight.retain(|(open, _)| *open != id);
    }

    /// A frame of the caller's own changes these members.
    pub(crate) fn overlay(&mut self, id: CommandId, session: &Map<String, Value>) {
        let newest = self.in_flight.back().map_or(&self.accepted, |(_, it)| it);
        let mut next = newest.clone();
        merge(&mut next, session);
        self.send(id, next);
    }

    /// The session object of the update that leads to `wanted`; `None` when it is like that already.
    pub(crate) fn change(
        &mut self,
        id: CommandId,
        wanted: &Map<String, Value>,
        subject: &Subject,
    ) -> Result<Option<Map<String, Value>>, Unsupported> {
        let mut update = Map::new();
        let states = std::iter::once(&self.accepted).chain(self.in_flight.iter().map(|(_, it)| it));
        for state in states {
            let names = wanted.keys().chain(state.keys());
            for name in names.filter(|name| wanted.get(*name) != state.get(*name)) {
                let value = match name.as_str() {
                    "triggers" => wanted.get(name).cloned().unwrap_or_else(|| json!([])),
                    "delegation" => delegation(state.get(name), wanted.get(name), subject)?,
                    _ => return Err(settled(name, state.get(name), wanted.get(name), subject)),
                };
                match (update.get_mut(name), value) {
                    (Some(Value::Object(one)), Value::Object(other)) => merge(one, &other),
                    (_, value) => drop(update.insert(name.clone(), value)),
                }
            }
        }
        if update.is_empty() {
            return Ok(None);
        }
        self.send(id, wanted.clone());
        Ok(Some(update))
    }

    fn send(&mut self, id: CommandId, session: Map<String, Value>) {
        if self.in_flight.len() >= LIMIT {
            self.in_flight.pop_front();
        }
        self.in_flight.push_back((id, session));
    }
}

/// The delegation that makes `has` what is wanted. The service merges, so that a setting that is to
/// be unset must be given its default.
fn delegation(
    has: Option<&Value>,
    wanted: Option<&Value>,
    subject: &Subject,
) -> Result<Value, Unsupported> {
    let refuse = || {
        subject.field(
            ConfigField::Native,
            "who does the work is settled when the session starts; open a new connection",
        )
    };
    let kind = |delegation: Option<&Value>| {
        let kind = delegation?.get("type")?.as_str()?;
        Some(kind.to_owned())
    };
    let Some(Value::Object(wanted)) = wanted else {
        return Err(refuse());
    };
    let wanted_kind = wanted.get("type").and_then(Value::as_str);
    if has.is_some() && kind(has).as_deref() != wanted_kind {
        return Err(refuse());
    }
    let mut update = wanted.clone();
    let Some(Value::Object(had)) = has.and_then(|has| has.get("responses")) else {
        return Ok(Value::Object(update));
    };
    let responses = update.entry("responses").or_insert_with(|| json!({}));
    let Value::Object(responses) = responses else {
        return Err(refuse());
    };
    for name in had.keys() {
        if responses.contains_key(name) {
            continue;
        }
        let Some(default) = default_of(name) else {
            return Err(subject.field(
                field_of(name),
                "once set it cannot be unset while the session runs; open a new connection",
            ));
        };
        responses.insert(name.clone(), default);
    }
    Ok(Value::Object(update))
}

/// The refusal of a change of what is settled, by the field that the caller knows it by.
fn settled(
    name: &str,
    has: Option<&Value>,
    wanted: Option<&Value>,
    subject: &Subject,
) -> Unsupported {
    let format = |audio: Option<&Value>| audio.and_then(|audio| audio.get("format")).cloned();
    let field = match name {
        "audio" if format(has) != format(wanted) => ConfigField::OutputFormat,
        "audio" => ConfigField::Voice,
        name => field_of(name),
    };
    let why = match field {
        ConfigField::Instructions => {
            "they are settled when the session starts; add to them as context, or open a new \
             connection"
        }
        _ => "it is settled when the session starts; open a new connection",
    };
    subject.field(field, why)
}

fn field_of(member: &str) -> ConfigField {
    match member {
        "model" => ConfigField::Model,
        "instructions" => ConfigField::Instructions,
        "tools" => ConfigField::Tools,
        "tool_choice" => ConfigField::ToolChoice,
        "parallel_tool_calls" => ConfigField::ParallelToolCalls,
        "max_output_tokens" => ConfigField::MaxOutputTokens,
        _ => ConfigField::Native,
    }
}
