//! Server events as they stand on the wire.
//!
//! The service writes members that have no value as `null`, which the wire types leave out. Frames
//! are therefore written as JSON here, and tests read every one of them back through the types and
//! the protocol's schema.

use antiphon_protocol::Frame;
use serde_json::{Value, json};

use super::{Connection, Output};
use crate::refusal::Refusal;

impl Connection {
    /// Queues an event: its type, a fresh id, and the members of `fields`.
    pub(super) fn emit(&mut self, event_type: &str, fields: &Value) {
        let id = self.ids.id("event");
        let members = fields.to_string();
        let rest = members.strip_prefix('{').unwrap_or("}");
        let comma = if rest == "}" { "" } else { "," };
        let frame = format!(r#"{{"type":"{event_type}","event_id":"{id}"{comma}{rest}"#);
        self.out.push_back(Output::Frame(Frame::text(frame)));
    }

    /// Queues a piece of text or arguments, with the padding that the service adds to hide lengths.
    pub(super) fn emit_delta(&mut self, event_type: &str, mut fields: Value, delta: &str) {
        let padding = self
            .ids
            .letters(16_usize.saturating_sub(delta.len()).max(1));
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("delta".to_owned(), delta.into());
            fields.insert("obfuscation".to_owned(), padding.into());
        }
        self.emit(event_type, &fields);
    }

    /// Queues an audio delta, with its members in the order in which the service writes them.
    pub(super) fn emit_audio(&mut self, response: &str, item: &str, output: usize, audio: &[u8]) {
        let id = self.ids.id("event");
        let head = format!(
            r#"{{"type":"response.output_audio.delta","event_id":"{id}","response_id":"{response}","item_id":{},"output_index":{output},"content_index":0,"delta":""#,
            Value::from(item),
        );
        let mut frame = head;
        base64_simd::STANDARD.encode_append(audio, &mut frame);
        frame.push_str("\"}");
        self.out.push_back(Output::Frame(Frame::text(frame)));
    }

    /// Queues an `error` event; `event_id` names the client event at fault.
    pub(super) fn send_error(&mut self, refusal: &Refusal, event_id: Option<&str>) {
        self.emit(
            "error",
            &json!({"error": {
                "type": "invalid_request_error",
                "code": refusal.code,
                "message": refusal.message,
                "param": refusal.param,
                "event_id": event_id,
            }}),
        );
    }

    pub(super) fn announce_session(&mut self, event_type: &str) {
        let session = self.session.value().clone();
        self.emit(event_type, &json!({ "session": session }));
    }

    /// Queues `conversation.item.added` or `.done` for an item of the conversation.
    pub(super) fn announce_item(&mut self, event_type: &str, id: &str) {
        if let Some((previous, item)) = self.conversation.with_previous(id) {
            self.emit(
                event_type,
                &json!({"previous_item_id": previous, "item": item}),
            );
        }
    }
}
