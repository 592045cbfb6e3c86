//! Responses: how they begin, what they send, and how they end.

use std::collections::VecDeque;

use antiphon_protocol::{AudioFormat, Time};
use serde_json::{Value, json};

use super::{
    Connection, Place,
    plan::{self, Act, Manner},
    usage::{self, Tokens},
};
use crate::script::Step;

/// Responses outside the conversation that may run at the same time.
pub(super) const MAX_ASIDES: usize = 16;

/// A response under way.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) id: String,
    /// The members of the response object that do not change.
    fixed: Value,
    format: AudioFormat,
    acts: VecDeque<(Time, Act)>,
    open: Option<Open>,
    output: Vec<Value>,
    /// What it read, and how much of that had been read before.
    input: Tokens,
    cached: Tokens,
    made: Tokens,
}

/// The item that is being made.
#[derive(Clone, Debug)]
enum Open {
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
        self.story
            .next_steps(|tool| may_call && tool_named(tools, tool).is_some())
    }

    fn response(&mut self, place: Place) -> Option<&mut Response> {
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

    /// Puts a new item on the wire and, unless it is an aside, into the conversation.
    fn begin_item(&mut self, place: Place, id: &str, item: &Value) {
        let Some(response) = self.response(place) else {
            return;
        };
        let fields = json!({
            "response_id": response.id,
            "output_index": response.output.len(),
            "item": item,
        });
        self.emit("response.output_item.added", &fields);
        if place == Place::Conversation {
            self.conversation.push(id, item.clone(), Tokens::default());
            self.announce_item("conversation.item.added", id);
        }
    }

    fn begin_message(&mut self, place: Place) {
        let id = self.ids.id("item");
        let item = message(&id, "in_progress", &json!([]));
        self.begin_item(place, &id, &item);
        let Some(response) = self.response(place) else {
            return;
        };
        let spoken = response.fixed.get("output_modalities") == Some(&json!(["audio"]));
        response.open = Some(Open::Message {
            id,
            said: String::new(),
            spoken,
            samples: 0,
        });
        let part = part(spoken, "", "");
        self.emit_in(
            place,
            "response.content_part.added",
            &json!({"content_index": 0, "part": part}),
        );
    }

    fn begin_call(
        &mut self,
        place: Place,
        tool: String,
        arguments: String,
        given: Vec<(String, String)>,
    ) {
        let (id, call_id) = (
            self.ids.id("item"),
            format!("call_{}", self.ids.letters(16)),
        );
        let item = call(&id, "in_progress", &tool, &call_id, "");
        self.begin_item(place, &id, &item);
        if let Some(response) = self.response(place) {
            response.open = Some(Open::Call {
                id,
                call_id,
                tool,
                arguments,
                given,
            });
        }
    }

    fn send_word(&mut self, place: Place, word: &str, spoken: bool) {
        if let Some(Open::Message { said, .. }) = self.response(place).and_then(|r| r.open.as_mut())
        {
            said.push_str(word);
        }
        let event = if spoken {
            "response.output_audio_transcript.delta"
        } else {
            "response.output_text.delta"
        };
        let mut fields = self.place_of(place);
        put(&mut fields, "content_index", json!(0));
        self.emit_delta(event, fields, word);
    }

    fn send_audio(&mut self, place: Place, audio: &[u8]) {
        let Some(response) = self.response(place) else {
            return;
        };
        let (format, output, response_id) =
            (response.format, response.output.len(), response.id.clone());
        let Some(Open::Message { id, samples, .. }) = &mut response.open else {
            return;
        };
        *samples += format.samples_in_bytes(audio.len());
        let (id, ms) = (id.clone(), format.millis_of(*samples));
        self.emit_audio(&response_id, &id, output, audio);
        if place == Place::Conversation {
            self.conversation.sent(&id, ms);
            self.has_spoken = true;
        }
    }

    fn send_arguments(&mut self, place: Place, piece: &str) {
        let fields = self.place_of(place);
        self.emit_delta("response.function_call_arguments.delta", fields, piece);
    }

    /// Ends the open item, if there is one, as far as it has come.
    fn end_item(&mut self, place: Place, status: &str) {
        let open = self
            .response(place)
            .and_then(|response| response.open.clone());
        let (id, item, tokens) = match open {
            None => return,
            Some(Open::Message {
                id,
                said,
                spoken,
                samples,
            }) => {
                self.end_content(place, &said, spoken);
                let ms = self
                    .response(place)
                    .map_or(0, |response| response.format.millis_of(samples));
                let content = if spoken {
                    json!([{"type": "output_audio", "transcript": said}])
                } else {
                    json!([{"type": "output_text", "text": said}])
                };
                (
                    id.clone(),
                    message(&id, status, &content),
                    Tokens::of_model(ms, &said),
                )
            }
            Some(Open::Call {
                id,
                call_id,
                tool,
                arguments,
                given,
            }) => {
                if status == "completed" {
                    let fields = json!({"name": tool, "arguments": arguments});
                    self.emit_in(place, "response.function_call_arguments.done", &fields);
                    self.story.called(given.into_iter().collect());
                }
                let item = call(&id, status, &tool, &call_id, &arguments);
                (id, item, Tokens::of_text(&arguments))
            }
        };
        if place == Place::Conversation {
            self.conversation.update(&id, item.clone(), tokens);
            self.announce_item("conversation.item.done", &id);
        }
        let Some(response) = self.response(place) else {
            return;
        };
        let fields = json!({
            "response_id": response.id,
            "output_index": response.output.len(),
            "item": item,
        });
        response.open = None;
        response.made = response.made + tokens;
        response.output.push(item);
        self.emit("response.output_item.done", &fields);
    }

    fn end_content(&mut self, place: Place, said: &str, spoken: bool) {
        let index = json!({"content_index": 0});
        if spoken {
            self.emit_in(place, "response.output_audio.done", &index);
            self.emit_in(
                place,
                "response.output_audio_transcript.done",
                &json!({"content_index": 0, "transcript": said}),
            );
        } else {
            let fields = json!({"content_index": 0, "text": said});
            self.emit_in(place, "response.output_text.done", &fields);
        }
        let part = part(spoken, said, said);
        self.emit_in(
            place,
            "response.content_part.done",
            &json!({"content_index": 0, "part": part}),
        );
    }

    /// Queues an event about the open item of a response.
    fn emit_in(&mut self, place: Place, event_type: &str, fields: &Value) {
        let mut all = self.place_of(place);
        for (name, value) in fields.as_object().into_iter().flatten() {
            put(&mut all, name, value.clone());
        }
        self.emit(event_type, &all);
    }

    /// The members that say to which response and item an event belongs.
    fn place_of(&mut self, place: Place) -> Value {
        let Some(response) = self.response(place) else {
            return json!({});
        };
        let mut fields = json!({"response_id": response.id, "output_index": response.output.len()});
        match &response.open {
            Some(Open::Message { id, .. }) => put(&mut fields, "item_id", id.as_str().into()),
            Some(Open::Call { id, call_id, .. }) => {
                put(&mut fields, "item_id", id.as_str().into());
                put(&mut fields, "call_id", call_id.as_str().into());
            }
            None => {}
        }
        fields
    }

    fn finish(&mut self, place: Place, at: Time) {
        if let Some(response) = self.take(place) {
            let value = response.value("completed", &Value::Null, &response.usage());
            self.emit("response.done", &json!({ "response": value }));
        }
        self.after_response(place, at);
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
            // The wire names no message here; it goes out as an error event besides.
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

fn message(id: &str, status: &str, content: &Value) -> Value {
    json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": content})
}

fn call(id: &str, status: &str, tool: &str, call_id: &str, arguments: &str) -> Value {
    json!({
        "id": id,
        "type": "function_call",
        "status": status,
        "name": tool,
        "call_id": call_id,
        "arguments": arguments,
    })
}

fn part(spoken: bool, transcript: &str, text: &str) -> Value {
    if spoken {
        json!({"type": "audio", "transcript": transcript})
    } else {
        json!({"type": "text", "text": text})
    }
}

fn put(fields: &mut Value, name: &str, value: Value) {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
