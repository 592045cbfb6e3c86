//! The backend model of a session with Responses delegation: its nested events, its calls, and the
//! answers that the client gives them.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::{
    Session,
    caller::spaced,
    config::{invalid, tokens},
    requests::invalid_event,
    speech::words,
    text,
};
use crate::{
    joint::To,
    refusal::Refusal,
    script::{Facts, Failure, Step},
    story::arguments::fit,
};

/// Between two events of the backend.
const STEP: Duration = Duration::from_millis(10);
/// Letters in one piece of arguments.
const ARGUMENTS_PIECE: usize = 8;
/// Calls of one response.
const MAX_CALLS: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Backend {
    acts: VecDeque<(Time, Act)>,
    /// The response at work.
    response: Option<String>,
    delegation: Option<String>,
    /// The place of the next event in its response.
    sequence: u64,
    /// Items of the response at work.
    items: u64,
    /// The calls of the last response, in order.
    calls: Vec<Call>,
    /// What follows once they are answered.
    rest: Option<(Vec<Step>, Facts)>,
    /// What the client wrote, to be read by the next response.
    written: Option<String>,
}

#[derive(Debug)]
struct Call {
    id: String,
    output: Option<String>,
}

#[derive(Debug)]
enum Act {
    /// An event, without its place in the response.
    Event(Value),
    /// The response has completed; the model does this.
    Completed(Option<(Vec<Step>, Facts)>),
    /// The response fails with this message.
    Failed(String),
}

impl Backend {
    pub(super) fn due(&self) -> Option<Time> {
        self.acts.front().map(|(at, _)| *at)
    }

    pub(super) fn is_running(&self) -> bool {
        self.response.is_some()
    }

    fn push(&mut self, act: Act) {
        let at = self.acts.back().map_or(Time::ZERO, |(at, _)| *at + STEP);
        self.acts.push_back((at, act));
    }

    fn event(&mut self, event: Value) {
        self.push(Act::Event(event));
    }

    /// The place of one more item.
    fn item(&mut self) -> u64 {
        self.items += 1;
        self.items - 1
    }
}

impl Session {
    /// The model asks the backend for work, which calls these tools, as far as it has them.
    pub(super) fn delegate_to_backend(
        &mut self,
        calls: Vec<Step>,
        rest: Vec<Step>,
        facts: Facts,
        at: Time,
        start: u64,
    ) {
        let calls: Vec<Step> = calls
            .into_iter()
            .filter(
                |call| matches!(call, Step::Call { tool, .. } if self.config.tool(tool).is_some()),
            )
            .take(MAX_CALLS)
            .collect();
        if calls.is_empty() || self.backend.is_running() {
            return self.speech.queue(rest, facts);
        }
        let (delegation, response) = (self.ids.id("item"), self.ids.id("resp"));
        let fields = json!({
            "offset_ms": start,
            "delegation": {
                "id": delegation,
                "type": "delegation",
                "target": "responses",
                "response_id": response,
            },
        });
        self.emit("session.delegation.created", fields, None);
        self.backend.delegation = Some(delegation);
        self.begin_response(response, at);
        self.plan_calls(&calls, rest, facts);
    }

    /// `response.item.create`.
    pub(super) fn give_item(&mut self, item: &Value) -> Result<(), Refusal> {
        let member = |name: &str| text(item, name).unwrap_or_default();
        match member("type") {
            "function_call_output" => {
                let (id, output) = (member("call_id"), member("output"));
                let call = self.backend.calls.iter_mut().find(|call| call.id == id);
                let shown: String = id.chars().take(100).collect();
                let Some(call) = call else {
                    let message = format!(
                        "No tool call found for function call output with call_id {shown}."
                    );
                    return Err(invalid("item.call_id", message));
                };
                if call.output.is_some() {
                    let message = format!("The tool call {shown} has been answered already.");
                    return Err(invalid("item.call_id", message));
                }
                self.context_tokens += tokens(output);
                call.output = Some(output.to_owned());
            }
            "message" | "" if item.get("content").is_some() => {
                let content = item.get("content").unwrap_or(&Value::Null);
                let parts = content.as_array().map_or(&[][..], Vec::as_slice);
                let words = parts.iter().filter_map(|part| text(part, "text"));
                let words = content.as_str().into_iter().chain(words);
                let words: Vec<&str> = words.collect();
                self.backend.written = Some(words.join(" "));
            }
            _ => {
                let message = "The item is neither a message nor the output of a function call.";
                return Err(invalid("item.type", message));
            }
        }
        Ok(())
    }

    /// `response.create`.
    pub(super) fn continue_backend(&mut self, now: Time) -> Result<(), Refusal> {
        if self.backend.is_running() {
            let message = "A response is in progress; wait until it has completed.";
            return Err(invalid_event(message));
        }
        let open = self.backend.calls.iter().find(|call| call.output.is_none());
        if let Some(call) = open {
            let message = format!("No tool output found for function call {}.", call.id);
            return Err(invalid("input", message));
        }
        let (delegation, steps, mut facts) = match self.backend.rest.take() {
            Some((steps, facts)) => (self.backend.delegation.take(), steps, facts),
            None => {
                let Some(words) = self.backend.written.take() else {
                    return Err(invalid_event("There is nothing to respond to."));
                };
                let turn = self.next_turn(Some(words).filter(|words| !words.is_empty()));
                let facts = Facts {
                    heard: turn.heard,
                    ..Facts::default()
                };
                (None, turn.steps, facts)
            }
        };
        let last = self.backend.calls.drain(..).next_back();
        if let Some(call) = last {
            facts.output = call.output;
        }
        self.backend.delegation = delegation;
        let response = self.ids.id("resp");
        self.begin_response(response, now);
        let known = |step: &Step| match step {
            Step::Call { tool, .. } => self.config.tool(tool).is_some(),
            _ => true,
        };
        let steps: Vec<Step> = steps.into_iter().filter(known).collect();
        if let Some(Step::Fail(Failure::Response { message })) = steps.first() {
            self.backend.push(Act::Failed(message.clone()));
            return Ok(());
        }
        let calls = steps.iter();
        let calls = calls.take_while(|step| matches!(step, Step::Call { .. }));
        let (calls, rest) = steps.split_at(calls.count());
        if calls.is_empty() {
            self.plan_text(rest.to_vec(), facts);
        } else {
            self.plan_calls(calls, rest.to_vec(), facts);
        }
        Ok(())
    }

    fn begin_response(&mut self, id: String, at: Time) {
        self.backend.sequence = 0;
        self.backend.items = 0;
        let response = self.response(&id, "in_progress", &Value::Null, &Value::Null);
        self.backend.response = Some(id);
        let begun = json!({"type": "response.created", "response": response});
        self.backend.acts.push_back((at, Act::Event(begun)));
        self.backend
            .event(json!({"type": "response.in_progress", "response": response}));
        let thought = at + self.settings.backend;
        let id = self.ids.id("rs");
        let item = json!({"id": id, "type": "reasoning", "summary": []});
        let place = self.backend.item();
        for event_type in ["response.output_item.added", "response.output_item.done"] {
            let event = json!({"type": event_type, "output_index": place, "item": item});
            self.backend.acts.push_back((thought, Act::Event(event)));
        }
    }

    fn plan_calls(&mut self, calls: &[Step], rest: Vec<Step>, mut facts: Facts) {
        for call in calls {
            let Step::Call { tool, arguments } = call else {
                continue;
            };
            let given: Vec<_> = arguments
                .iter()
                .map(|(name, value)| (name.clone(), value.fill_or_omit(&facts)))
                .collect();
            facts.call = given.iter().cloned().collect();
            let schema = self.config.tool(tool).unwrap_or(&Value::Null);
            let arguments = fit(schema, &given).to_string();
            self.plan_call(tool, &arguments);
        }
        self.backend.rest = Some((rest, facts));
        self.plan_end(None);
    }

    fn plan_call(&mut self, tool: &str, arguments: &str) {
        let (item, call_id) = (self.ids.id("fc"), format!("call_{}", self.ids.letters(24)));
        let place = self.backend.item();
        let value = |status: &str, arguments: &str| {
            json!({
                "id": item,
                "type": "function_call",
                "status": status,
                "name": tool,
                "call_id": call_id,
                "arguments": arguments,
            })
        };
        let mut events = vec![json!({
            "type": "response.output_item.added",
            "output_index": place,
            "item": value("in_progress", ""),
        })];
        let letters: Vec<char> = arguments.chars().collect();
        for piece in letters.chunks(ARGUMENTS_PIECE) {
            events.push(json!({
                "type": "response.function_call_arguments.delta",
                "item_id": item,
                "output_index": place,
                "delta": piece.iter().collect::<String>(),
            }));
        }
        events.push(json!({
            "type": "response.function_call_arguments.done",
            "item_id": item,
            "output_index": place,
            "name": tool,
            "arguments": arguments,
        }));
        events.push(json!({
            "type": "response.output_item.done",
            "output_index": place,
            "item": value("completed", arguments),
        }));
        for event in events {
            self.backend.event(event);
        }
        self.backend.calls.push(Call {
            id: call_id,
            output: None,
        });
    }

    /// The backend writes what the model is going to say next.
    fn plan_text(&mut self, steps: Vec<Step>, facts: Facts) {
        let said = steps.iter().find_map(|step| match step {
            Step::Say(texts) => Some(words(texts, &facts)),
            _ => None,
        });
        let said = said.unwrap_or_default();
        let (item, place) = (self.ids.id("msg"), self.backend.item());
        let message = |status: &str, content: Value| {
            json!({
                "id": item,
                "type": "message",
                "status": status,
                "role": "assistant",
                "content": content,
            })
        };
        let part = |text: &str| json!({"type": "output_text", "annotations": [], "text": text});
        let at = |event_type: &str, mut fields: Value| {
            if let Some(fields) = fields.as_object_mut() {
                fields.insert("type".to_owned(), event_type.into());
                fields.insert("output_index".to_owned(), place.into());
                if !event_type.contains("output_item") {
                    fields.insert("item_id".to_owned(), item.as_str().into());
                    fields.insert("content_index".to_owned(), 0.into());
                }
            }
            fields
        };
        let mut events = vec![
            at(
                "response.output_item.added",
                json!({"item": message("in_progress", json!([]))}),
            ),
            at("response.content_part.added", json!({"part": part("")})),
        ];
        for (index, word) in said.split_whitespace().enumerate() {
            let delta = spaced(index == 0, word);
            let fields = json!({"delta": delta, "logprobs": []});
            events.push(at("response.output_text.delta", fields));
        }
        events.push(at(
            "response.output_text.done",
            json!({"text": said, "logprobs": []}),
        ));
        events.push(at(
            "response.content_part.done",
            json!({"part": part(&said)}),
        ));
        let done = message("completed", json!([part(&said)]));
        events.push(at("response.output_item.done", json!({"item": done})));
        for event in events {
            self.backend.event(event);
        }
        self.context_tokens += tokens(&said);
        self.plan_end(Some((steps, facts)));
    }

    fn plan_end(&mut self, then: Option<(Vec<Step>, Facts)>) {
        let id = self.backend.response.clone().unwrap_or_default();
        let written = 16 * self.backend.items;
        let read = self.context_tokens as u64 + 64;
        let usage = json!({
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        });
        let response = self.response(&id, "completed", &Value::Null, &usage);
        self.backend
            .event(json!({"type": "response.completed", "response": response}));
        // With the event that tells of it: a client may ask for the next one at once.
        let at = self.backend.acts.back().map_or(Time::ZERO, |(at, _)| *at);
        self.backend.acts.push_back((at, Act::Completed(then)));
    }

    /// The response object, reduced as the service shows it here.
    fn response(&self, id: &str, status: &str, error: &Value, usage: &Value) -> Value {
        let of = |name: &str| {
            let value = self
                .config
                .delegation()
                .pointer(&format!("/responses/{name}"));
            value.filter(|value| !value.is_null()).cloned()
        };
        let mut value = json!({
            "id": id,
            "object": "response",
            "access_programs": null,
            "created_at": self.settings.opened_at.as_unix_millis() / 1000,
            "status": status,
            "model": of("model"),
            "error": error,
            "incomplete_details": null,
            "instructions": null,
            "metadata": {},
            "output": [],
            "parallel_tool_calls": of("parallel_tool_calls").unwrap_or(Value::Bool(true)),
            "temperature": 1.0,
            "tool_choice": of("tool_choice").unwrap_or_else(|| "auto".into()),
            "tools": [],
            "top_p": 1.0,
        });
        if let Some(members) = value.as_object_mut()
            && !usage.is_null()
        {
            members.insert("usage".to_owned(), usage.clone());
        }
        value
    }

    /// Performs what the backend does next.
    pub(super) fn work_further(&mut self) {
        match self.backend.acts.pop_front() {
            Some((_, Act::Event(event))) => self.emit_nested(event),
            Some((_, Act::Completed(then))) => {
                self.backend.response = None;
                if let Some((steps, facts)) = then {
                    self.backend.delegation = None;
                    self.speech.queue(steps, facts);
                }
            }
            Some((_, Act::Failed(message))) => self.fail_response(&message),
            None => {}
        }
    }

    fn emit_nested(&mut self, mut event: Value) {
        if let Some(members) = event.as_object_mut() {
            members.insert("sequence_number".to_owned(), self.backend.sequence.into());
        }
        self.backend.sequence += 1;
        let delegation = self.backend.delegation.clone();
        let fields = json!({"delegation_id": delegation, "event": event});
        self.emit("response.event", fields, None);
    }

    /// Fails the work at hand: that of the backend, else the session says that something is wrong.
    pub(super) fn fail_response(&mut self, message: &str) {
        let error = json!({"code": "server_error", "message": message});
        let Some(id) = self.backend.response.take() else {
            let refusal = Refusal::new("server_error", message);
            let event = self.error_event("server_error", &refusal, None);
            return self.send(To::All, &event);
        };
        self.backend.acts.clear();
        self.backend.calls.clear();
        self.backend.rest = None;
        let response = self.response(&id, "failed", &error, &Value::Null);
        self.emit_nested(json!({"type": "response.failed", "response": response}));
        self.backend.delegation = None;
    }
}
