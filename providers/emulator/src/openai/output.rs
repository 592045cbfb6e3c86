//! What a response sends of its items: their beginning, their pieces, their end.

use serde_json::{Value, json};

use super::{Connection, Place, response::Open, usage::Tokens};

impl Connection {
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

    pub(super) fn begin_message(&mut self, place: Place) {
        let id = self.ids.id("item");
        let item = message(&id, "in_progress", &json!([]));
        self.begin_item(place, &id, &item);
        let Some(response) = self.response(place) else {
            return;
        };
        let spoken = response.is_spoken();
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

    pub(super) fn begin_call(
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

    pub(super) fn send_word(&mut self, place: Place, word: &str, spoken: bool) {
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

    pub(super) fn send_audio(&mut self, place: Place, audio: &[u8]) {
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

    pub(super) fn send_arguments(&mut self, place: Place, piece: &str) {
        let fields = self.place_of(place);
        self.emit_delta("response.function_call_arguments.delta", fields, piece);
    }

    /// Ends the open item, if there is one, as far as it has come.
    pub(super) fn end_item(&mut self, place: Place, status: &str) {
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
