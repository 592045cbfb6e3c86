//! Client events: read strictly, then carried out or refused as the service does.

use std::ops::Add;

use antiphon_openai_realtime_types::{ClientEvent, DecodeError};
use antiphon_protocol::{Frame, FrameKind, Time};
use serde_json::Value;

use super::{
    Connection, Place,
    conversation::{check_content, words_of},
    response::{MAX_ASIDES, Options},
    session::check_modalities,
    tables::{self, CLIENT_EVENTS},
    usage::Tokens,
};
use crate::{
    ids::Ids,
    refusal::Refusal,
    script::{Step, Template},
    shape,
};

/// What the model says outside the conversation.
const ASIDE: &str = "This answer is not part of the conversation.";

impl Connection {
    /// Takes in one frame of the client.
    pub(super) fn frame(&mut self, now: Time, frame: &Frame) {
        let mut event_id = None;
        let result = read(frame, &mut event_id).and_then(|event| self.carry_out(now, event));
        if let Err(refusal) = result {
            self.send_error(&refusal, event_id.as_deref());
        }
    }

    fn carry_out(&mut self, now: Time, event: Request) -> Result<(), Refusal> {
        let raw = event.raw;
        match event.typed {
            ClientEvent::SessionUpdate(_) => {
                self.session
                    .update(raw.get("session").unwrap_or(&raw), self.has_spoken)?;
                self.input.configure(&self.session);
                self.announce_session("session.updated");
            }
            ClientEvent::InputAudioBufferAppend(event) => self.append_audio(now, &event.audio)?,
            ClientEvent::InputAudioBufferCommit(_) => self.commit_audio(now)?,
            ClientEvent::InputAudioBufferClear(_) => self.clear_audio(),
            ClientEvent::OutputAudioBufferClear(_) => {
                let message = "The output audio buffer exists only over WebRTC and SIP.";
                return Err(Refusal::new("invalid_event", message).at("type"));
            }
            ClientEvent::ConversationItemCreate(event) => {
                self.create_item(now, &raw, event.previous_item_id.as_deref())?;
            }
            ClientEvent::ConversationItemDelete(event) => {
                self.conversation.delete(&event.item_id)?;
                let fields = serde_json::json!({"item_id": event.item_id});
                self.emit("conversation.item.deleted", &fields);
            }
            ClientEvent::ConversationItemRetrieve(event) => self.retrieve_item(&event.item_id)?,
            ClientEvent::ConversationItemTruncate(event) => {
                self.conversation.truncate(
                    &event.item_id,
                    event.content_index,
                    event.audio_end_ms,
                )?;
                let fields = serde_json::json!({
                    "item_id": event.item_id,
                    "content_index": event.content_index,
                    "audio_end_ms": event.audio_end_ms,
                });
                self.emit("conversation.item.truncated", &fields);
            }
            ClientEvent::ResponseCreate(_) => {
                self.create_response(now, raw.get("response").cloned().unwrap_or_default())?;
            }
            ClientEvent::ResponseCancel(event) => {
                self.cancel_response(event.response_id.as_deref())?;
            }
            other => return Err(unknown_type(other.event_type())),
        }
        Ok(())
    }

    fn create_item(
        &mut self,
        now: Time,
        event: &Value,
        previous: Option<&str>,
    ) -> Result<(), Refusal> {
        let mut item = event.get("item").cloned().unwrap_or_default();
        self.check_item(&item)?;
        let heard = self.take_audio(&mut item)?;
        let id = complete(&mut item, &mut self.ids);
        let text = |name: &str| text_of(&item, name).to_owned();
        let (kind, role, output, arguments) = (
            text("type"),
            text("role"),
            text("output"),
            text("arguments"),
        );
        let words = words_of(&item);
        let tokens = [&words, &output, &arguments].map(|text| Tokens::of_text(text));
        let tokens = tokens
            .into_iter()
            .fold(Tokens::of_caller(heard), Tokens::add);
        self.conversation
            .insert_after(previous, &id, item, tokens)?;
        let mut transcribed = None;
        match (kind.as_str(), role.as_str()) {
            (_, "user") => {
                let said = Some(words).filter(|words| !words.is_empty());
                let untold = said.is_none() && heard > 0;
                let words = self.story.hear(said);
                if untold && self.session.transcribes() {
                    transcribed = Some(words);
                }
            }
            (_, "assistant") => self.story.skip_answer(),
            ("function_call", _) => self.story.recall(&arguments),
            ("function_call_output", _) => self.story.answered(&output),
            _ => {}
        }
        self.announce_item("conversation.item.added", &id);
        self.announce_item("conversation.item.done", &id);
        if let Some(words) = transcribed {
            self.transcribe(now, &id, &words, heard);
        }
        Ok(())
    }

    /// Takes the audio out of an item, which is not shown again; returns its milliseconds.
    fn take_audio(&self, item: &mut Value) -> Result<u64, Refusal> {
        let format = self.session.input_format();
        let mut heard = 0;
        let content = item.get_mut("content").and_then(Value::as_array_mut);
        for (at, part) in content.into_iter().flatten().enumerate() {
            let Some(part) = part.as_object_mut() else {
                continue;
            };
            if let Some(audio) = part.remove("audio") {
                let base64 = audio.as_str().unwrap_or_default();
                let bytes = base64_simd::STANDARD.decode_to_vec(base64).map_err(|_| {
                    let message = "Invalid 'audio'. Expected base64-encoded audio bytes.";
                    let param = format!("item.content[{at}].audio");
                    Refusal::new("invalid_value", message).at(param)
                })?;
                heard += format.millis_of(format.samples_in_bytes(bytes.len()));
                part.entry("transcript").or_insert(Value::Null);
            }
        }
        Ok(heard)
    }

    /// Whether an item may join the conversation.
    fn check_item(&self, item: &Value) -> Result<(), Refusal> {
        check_content(item)?;
        let (id, call_id) = (text_of(item, "id"), text_of(item, "call_id"));
        if self.conversation.contains(id) {
            let message = format!("Error creating item: an item with id '{id}' already exists.");
            return Err(Refusal::new("item_create_duplicate_item_id", message).at("item.id"));
        }
        let is_output = text_of(item, "type") == "function_call_output";
        if is_output && !self.conversation.has_call(call_id) {
            let message = format!("Tool call ID '{call_id}' not found in conversation.");
            return Err(Refusal::new("invalid_tool_call_id", message).at("item.call_id"));
        }
        Ok(())
    }

    fn retrieve_item(&mut self, id: &str) -> Result<(), Refusal> {
        let item = self.conversation.item(id).cloned().ok_or_else(|| {
            let message = format!("Error retrieving item: the item with id '{id}' does not exist.");
            Refusal::new("item_retrieve_invalid_item_id", message).at("item_id")
        })?;
        self.emit(
            "conversation.item.retrieved",
            &serde_json::json!({ "item": item }),
        );
        Ok(())
    }

    fn create_response(&mut self, now: Time, value: Value) -> Result<(), Refusal> {
        if self.session.only_transcribes() {
            let message = "A transcription session makes no responses.";
            return Err(Refusal::new("invalid_event", message).at("type"));
        }
        check_modalities(value.get("output_modalities"), "response.output_modalities")?;
        let aside = value.get("conversation").and_then(Value::as_str) == Some("none");
        for item in value
            .get("input")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
            let reference = item.get("type").and_then(Value::as_str) == Some("item_reference");
            if reference && !self.conversation.contains(id) {
                let message = format!("Item with id '{id}' not found.");
                return Err(Refusal::new("item_reference_not_found", message).at("response.input"));
            }
            check_content(item)?;
        }
        let options = Options { value, aside };
        if aside {
            if self.asides.len() >= MAX_ASIDES {
                let message = "Too many responses are in progress outside the conversation.";
                return Err(Refusal::new("rate_limit_exceeded", message));
            }
            let steps = [Step::Say(vec![Template::literal(ASIDE)])];
            self.start_response(now, &options, &steps);
            return Ok(());
        }
        if let Some(active) = &self.active {
            let message = format!(
                "Conversation already has an active response in progress: {}. Wait until the \
                 response is finished before creating a new one.",
                active.id
            );
            return Err(Refusal::new(
                "conversation_already_has_active_response",
                message,
            ));
        }
        let steps = self.steps_for(&options.value);
        self.start_response(now, &options, &steps);
        Ok(())
    }

    fn cancel_response(&mut self, id: Option<&str>) -> Result<(), Refusal> {
        let active = self.active.as_ref().map(|response| response.id.as_str());
        let aside = self.asides.iter().position(|aside| id == Some(&aside.id));
        let cancelled = match (id, aside) {
            (_, Some(index)) => self.cancel(Place::Aside(index), "client_cancelled"),
            (Some(id), None) if active != Some(id) => false,
            _ => self.cancel_active("client_cancelled"),
        };
        if cancelled {
            return Ok(());
        }
        let message = "Cancellation failed: no active response found";
        Err(Refusal::new("response_cancel_not_active", message))
    }
}

fn text_of<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Gives an item what the service gives it, and returns its id.
fn complete(item: &mut Value, ids: &mut Ids) -> String {
    let kind = text_of(item, "type").to_owned();
    let given = Some(text_of(item, "id")).filter(|id| !id.is_empty());
    let id = given.map_or_else(|| ids.id("item"), str::to_owned);
    if let Some(members) = item.as_object_mut() {
        members.insert("id".to_owned(), id.as_str().into());
        if kind != "function_call_output" {
            members.insert("status".to_owned(), "completed".into());
        }
        if kind == "function_call" && !members.contains_key("call_id") {
            members.insert(
                "call_id".to_owned(),
                format!("call_{}", ids.letters(16)).into(),
            );
        }
    }
    id
}

/// A client event that holds what it must and nothing else.
struct Request {
    typed: ClientEvent,
    /// The event as JSON; empty for audio, which is not worth a second reading.
    raw: Value,
}

/// Reads a frame; `event_id` is set as soon as it is known.
fn read(frame: &Frame, event_id: &mut Option<String>) -> Result<Request, Refusal> {
    if frame.kind == FrameKind::Binary {
        return Err(Refusal::new(
            "invalid_event",
            "Events are sent as text, not as binary.",
        ));
    }
    let typed = ClientEvent::from_slice(&frame.data).map_err(|error| unreadable(&error))?;
    if let ClientEvent::InputAudioBufferAppend(append) = &typed
        && append.extra.is_empty()
    {
        event_id.clone_from(&append.event_id);
        return Ok(Request {
            typed,
            raw: Value::Null,
        });
    }
    let raw: Value = serde_json::from_slice(&frame.data)
        .map_err(|_| Refusal::new("invalid_json", "The event is not valid JSON."))?;
    *event_id = raw
        .get("event_id")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let members = raw
        .as_object()
        .ok_or_else(|| unreadable(&DecodeError::NotAnObject))?;
    let fields =
        tables::client_event(typed.event_type()).ok_or_else(|| unknown_type(typed.event_type()))?;
    shape::check_members(members, fields, "")?;
    if let ClientEvent::Degraded(_) = typed {
        return Err(Refusal::new(
            "invalid_event",
            "The event does not fit its type.",
        ));
    }
    Ok(Request { typed, raw })
}

fn unreadable(error: &DecodeError) -> Refusal {
    match error {
        DecodeError::NotAnObject => {
            Refusal::new("invalid_event", "The event is not a JSON object.")
        }
        DecodeError::NoType => {
            Refusal::new("invalid_event", "The 'type' field is missing.").at("type")
        }
        _ => Refusal::new("invalid_json", "The event is not valid JSON."),
    }
}

fn unknown_type(event_type: &str) -> Refusal {
    let types: Vec<&str> = CLIENT_EVENTS.iter().map(|(name, _)| *name).collect();
    Refusal::value("type", event_type, &types)
}
