//! Decisions: answers to the questions of a session, of its triggers, or asked for one by one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Session,
    config::{Mode, invalid},
    requests::invalid_event,
    text,
};
use crate::refusal::Refusal;

/// Items and ids that are kept.
const MAX_KEPT: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Decisions {
    items: BTreeSet<String>,
    /// The ids of the events that asked for a decision.
    asked: BTreeSet<String>,
}

impl Session {
    /// `decision.create`, `decision.item.create` or `decision.item.delete`.
    pub(super) fn decide(
        &mut self,
        event_type: &str,
        event: &Value,
        id: Option<&str>,
    ) -> Result<(), Refusal> {
        let decides = self.config.mode() == Mode::Decisions;
        if !decides && self.config.value.get("triggers").is_none() {
            let message = format!("{event_type} requires Decisions delegation or triggers.");
            return Err(Refusal::uncoded(message));
        }
        match event_type {
            "decision.create" => {
                let id = id.unwrap_or_default();
                if !self.decisions.asked.insert(id.to_owned()) {
                    let message = "Each decision is asked for with an id of its own.";
                    return Err(invalid("event_id", message));
                }
                if self.decisions.asked.len() > MAX_KEPT {
                    self.decisions.asked.pop_first();
                }
                let questions = self.config.delegation().pointer("/decisions/questions");
                let questions = questions.cloned().unwrap_or(Value::Null);
                self.tell_decision(&questions, &json!({}));
            }
            "decision.item.create" => {
                let mut item = event.get("item").cloned().unwrap_or_default();
                let given = text(&item, "id").map(str::to_owned);
                let Some(members) = item.as_object_mut() else {
                    return Err(invalid("item", "The item is not an object."));
                };
                let key = given.unwrap_or_else(|| self.ids.id("item"));
                members.insert("id".to_owned(), key.as_str().into());
                self.decisions.items.insert(key);
                if self.decisions.items.len() > MAX_KEPT {
                    self.decisions.items.pop_first();
                }
                self.emit("decision.item.created", json!({"item": item}), id);
            }
            "decision.item.delete" => {
                let key = text(event, "item_id").unwrap_or_default();
                if !self.decisions.items.remove(key) {
                    return Err(invalid("item_id", "There is no such item."));
                }
                self.emit("decision.item.deleted", json!({"item_id": key}), id);
            }
            _ => return Err(invalid_event("The event is not known.")),
        }
        Ok(())
    }

    /// Answers the session's questions for a delegation.
    pub(super) fn decide_for(&mut self, delegation: &str) {
        let questions = self.config.delegation().pointer("/decisions/questions");
        let questions = questions.cloned().unwrap_or(Value::Null);
        self.tell_decision(&questions, &json!({"delegation_id": delegation}));
    }

    /// Answers the questions of the trigger on this kind of transcript.
    pub(super) fn trigger_decisions(&mut self, event_type: &str, event_id: &str) {
        let triggers = self.config.value.get("triggers").and_then(Value::as_array);
        let mut triggers = triggers.into_iter().flatten();
        let Some(trigger) =
            triggers.find(|trigger| text(trigger, "event_type") == Some(event_type))
        else {
            return;
        };
        let questions = trigger.pointer("/decisions/questions");
        let questions = questions.cloned().unwrap_or(Value::Null);
        let source = json!({
            "source_event_id": event_id,
            "source_event_type": event_type,
            "trigger_id": format!("trigger_{event_type}"),
        });
        self.tell_decision(&questions, &source);
    }

    fn tell_decision(&mut self, questions: &Value, source: &Value) {
        let model = self.config.delegation().pointer("/decisions/model");
        let model = model.and_then(Value::as_str).unwrap_or("decisions");
        let answers = questions.as_array().map_or(&[][..], Vec::as_slice);
        let answers: Vec<Value> = answers.iter().map(answer).collect();
        let from = |name: &str| source.get(name).cloned().unwrap_or(Value::Null);
        let fields = json!({
            "delegation_id": from("delegation_id"),
            "source_event_id": from("source_event_id"),
            "source_event_type": from("source_event_type"),
            "trigger_id": from("trigger_id"),
            "event": {"type": "decision.completed", "decision": {
                "model": model,
                "answers": answers,
                "usage": {
                    "input_tokens": 0,
                    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                    "output_tokens": 0,
                    "output_tokens_details": {"reasoning_tokens": 0},
                    "total_tokens": 0,
                },
            }},
        });
        self.emit("decision.event", fields, None);
    }
}

/// The answer of somebody who understands nothing: the first of what there is, with half a mind.
fn answer(question: &Value) -> Value {
    let name = question.get("name").cloned().unwrap_or(Value::Null);
    let first = |list: &str, member: &str| question.get(list)?.get(0)?.get(member).cloned();
    match text(question, "type") {
        Some("predicate") => json!({"type": "predicate", "name": name, "probability": 0.5}),
        Some("choice") => {
            let choice = first("choices", "value").unwrap_or_else(|| "".into());
            json!({
                "type": "choice",
                "name": name,
                "choice": choice,
                "confidence": 0.5,
                "probabilities": [{"value": choice, "probability": 0.5}],
            })
        }
        Some("score") => {
            let label = first("levels", "label").unwrap_or_else(|| "".into());
            json!({
                "type": "score",
                "name": name,
                "score": 0.0,
                "confidence": 0.5,
                "probabilities": [{"value": 0, "label": label, "probability": 0.5}],
            })
        }
        _ => json!({"type": "refusal", "name": name}),
    }
}
