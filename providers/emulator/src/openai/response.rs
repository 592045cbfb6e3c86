//! Responses: how they begin, what they send, and how they end.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{AudioFormat, Time};
use serde_json::{Value, json};

use super::{
    Connection, Place,
    usage::{self, Tokens},
};
use crate::{
    script::Step,
    story::plan::{self, Act, Manner},
};

/// Responses outside the conversation that may run at the same time.
pub(super) const MAX_ASIDES: usize = 16;

/// A response under way.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) id: String,
    /// The members of the response object that do not change.
    fixed: Value,
    pub(super) format: AudioFormat,
    acts: VecDeque<(Time, Act)>,
    pub(super) open: Option<Open>,
    pub(super) output: Vec<Value>,
    /// What it read, and how much of that had been read before.
    input: Tokens,
    cached: Tokens,
    pub(super) made: Tokens,
}

/// The item that is being made.
#[derive(Clone, Debug)]
pub(super) enum Open {
    Message {
        id: String,
        said: String,
        spoken: bool,
        samples: u64,
    },
    Call {
        id: String,
        call_id: String,
        tool: String,
        arguments: String,
        given: Vec<(String, String)>,
    },
}

impl Response {
    /// When its next act is due.
    pub(super) fn due(&self) -> Option<Time> {
        self.acts.front().map(|(at, _)| *at)
    }

    /// Whether it answers aloud.
    pub(super) fn is_spoken(&self) -> bool {
        self.fixed.get("output_modalities") == Some(&json!(["audio"]))
    }

    fn value(&self, status: &str, details: &Value, usage: &Value) -> Value {
        let mut value = self.fixed.clone();
        if let Some(members) = value.as_object_mut() {
            members.insert("status".to_owned(), status.into());
            members.insert("status_details".to_owned(), details.clone());
            members.insert("output".to_owned(), self.output.clone().into());
            members.insert("usage".to_owned(), usage.clone());
        }
        value
    }

    fn usage(&self) -> Value {
        usage::report(self.input, self.cached, self.made)
    }
}

/// What a `response.create` may change, over the session's configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) value: Value,
    pub(super) aside: bool,
}

impl Connection {
    /// Starts a response; `steps` are what it does. The caller has checked that it may run.
    pub(super) fn start_response(&mut self, now: Time, options: &Options, steps: &[Step]) {
        let text_only = self.story.script().text_only;
        let session = self.session.value();
        let pick = |member: &str| match options.value.pointer(member) {
            Some(value) if !value.is_null() => value.clone(),
            _ => session.pointer(member).cloned().unwrap_or(Value::Null),
        };
        let modalities = if text_only {
            json!(["text"])
        } else {
            pick("/output_modalities")
        };
        let spoken = modalities == json!(["audio"]);
        let format_value = pick("/audio/output/format");
        let format = super::session::format(Some(&format_value));
        let tools = pick("/tools");
        let fixed = json!({
            "object": "realtime.response",
            "id": self.ids.id("resp"),
            "conversation_id": if options.aside { Value::Null } else { self.conversation.id().into() },
            "output_modalities": modalities,
            "max_output_tokens": pick("/max_output_tokens"),
            "audio": {"output": {"format": format_value, "voice": pick("/audio/output/voice")}},
            "metadata": options.value.get("metadata").cloned().unwrap_or(Value::Null),
        });
        let input = self.conversation.tokens()
            + Tokens::of_text(pick("/instructions").as_str().unwrap_or_default())
            + Tokens::of_text(&tools.to_string());
        let manner = Manner {
            start: now + self.settings.thinking,
            audio: spoken.then_some(format),
            pace: self.story.script().pace,
        };
        let schema = |tool: &str| {
            let known = tool_named(&tools, tool);
            known
                .and_then(|tool| tool.get("parameters"))
                .cloned()
                .unwrap_or(Value::Null)
        };
        let response = Response {
            id: fixed
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            acts: plan::plan(steps, self.story.facts(), manner, schema),
            fixed,
            format,
            open: None,
            output: Vec::new(),
            input,
            cached: std::mem::replace(&mut self.read_before, input),
            made: Tokens::default(),
        };
        self.idle = None;
        let value = response.value("in_progress", &Value::Null, &Value::Null);
        self.emit("response.created", &json!({ "response": value }));
        self.announce_limits(input);
        if options.aside {
            self.asides.push(response);
        } else {
            self.active = Some(response);
        }
    }

    fn announce_limits(&mut self, input: Tokens) {
        if self.settings.rate_limits {
            let remaining = 15_000_000_u64.saturating_sub(input.text + input.audio);
            self.emit(
                "rate_limits.updated",
                &json!({"rate_limits": [{
                    "name": "tokens",
                    "limit": 15_000_000,
                    "remaining": remaining,
                    "reset_seconds": 0.001,
                }]}),
            );
        }
    }

    /// Starts the response that the end of a turn asks for, or notes that it is due.
    pub(super) fn respond_to_turn(&mut self, now: Time) {
        if self.session.only_transcribes() {
            return;
        }
        if self.active.is_some() {
            self.response_due = true;
            return;
        }
        let options = Options::default();
        let steps = self.steps_for(&options.value);
        self.start_response(now, &options, &steps);
    }

    /// The steps of the next response of the conversation, given the tools it may call.
    pub(super) fn steps_for(&mut self, options: &Value) -> Vec<Step> {
        let session = self.session.value();
        let member = |name: &str| options.get(name).or_else(|| session.get(name));
        let none = Value::Null;
        let tools = member("tools").unwrap_or(&none);
        let choice = member("tool_choice").unwrap_or(&none);
        let may_call = choice.as_str() != Some("none");
        let name = |tool: &Value| tool.get("name").and_then(Value::as_str).map(str::to_owned);
        let forced = match choice.as_str() {
            Some("required") => tools.get(0).and_then(name),
            Some(_) => None,
            None => name(choice).filter(|name| tool_named(tools, name).is_some()),
        };
        self.story.next_steps(
            |tool| may_call && tool_named(tools, tool).is_some(),
            forced.as_deref(),
        )
    }

    pub(super) fn response(&mut self, place: Place) -> Option<&mut Response> {
        match place {
            Place::Conversation => self.active.as_mut(),
            Place::Aside(index) => self.asides.get_mut(index),
        }
    }

    /// Performs the next act of a response, which was due `at`.
    pub(super) fn respond_further(&mut self, place: Place, at: Time) {
        let Some((_, act)) = self
            .response(place)
            .and_then(|response| response.acts.pop_front())
        else {
            return;
        };
        match act {
            Act::BeginMessage => self.begin_message(place),
            Act::Word(word) => self.send_word(place, &word, true),
            Act::Text(word) => self.send_word(place, &word, false),
            Act::Audio(audio) => self.send_audio(place, &audio),
            Act::BeginCall {
                tool,
                arguments,
                given,
            } => {
                self.begin_call(place, tool, arguments, given);
            }
            Act::Arguments(piece) => self.send_arguments(place, &piece),
            Act::EndMessage | Act::EndCall => self.end_item(place, "completed"),
            Act::Fail(failure) => self.fail_in(place, &failure, at),
            Act::Finish => self.finish(place, at),
        }
    }

    fn finish(&mut self, place: Place, at: Time) {
        if let Some(response) = self.take(place) {
            let value = response.value("completed", &Value::Null, &response.usage());
            self.await_caller(&response, at);
            self.emit("response.done", &json!({ "response": value }));
        }
        self.after_response(place, at);
    }

    /// From the end of what was said, the caller's silence is counted.
    fn await_caller(&mut self, response: &Response, at: Time) {
        let idle = self.session.turn_detection().and_then(|turns| turns.idle);
        let played = Duration::from_millis(response.made.audio * 50);
        self.idle = idle.map(|idle| at + played + idle);
    }

    fn after_response(&mut self, place: Place, at: Time) {
        if place == Place::Conversation && std::mem::take(&mut self.response_due) {
            self.respond_to_turn(at);
        }
    }

    /// Ends a response with status `failed`.
    pub(super) fn fail_response(&mut self, place: Place, message: &str, at: Time) {
        self.end_item(place, "incomplete");
        if let Some(response) = self.take(place) {
            let details = json!({
                "type": "failed",
                "error": {"type": "server_error", "code": "server_error", "message": message},
            });
            let value = response.value("failed", &details, &response.usage());
            self.emit("response.done", &json!({ "response": value }));
        }
        self.after_response(place, at);
    }

    fn take(&mut self, place: Place) -> Option<Response> {
        match place {
            Place::Conversation => self.active.take(),
            Place::Aside(index) => (index < self.asides.len()).then(|| self.asides.remove(index)),
        }
    }

    /// Cancels the response of the conversation, if one is running, and says whether one was.
    pub(super) fn cancel_active(&mut self, reason: &str) -> bool {
        self.cancel(Place::Conversation, reason)
    }

    pub(super) fn cancel(&mut self, place: Place, reason: &str) -> bool {
        self.end_item(place, "incomplete");
        let Some(response) = self.take(place) else {
            return false;
        };
        let details = json!({"type": "cancelled", "reason": reason});
        let value = response.value("cancelled", &details, &response.usage());
        self.emit("response.done", &json!({ "response": value }));
        true
    }
}

fn tool_named<'a>(tools: &'a Value, name: &str) -> Option<&'a Value> {
    let named = |tool: &&Value| tool.get("name").and_then(Value::as_str) == Some(name);
    tools.as_array()?.iter().find(named)
}
