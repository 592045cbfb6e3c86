//! Server events of GPT-Live as they stand on the wire.

use antiphon_protocol::Frame;
use serde_json::{Map, Value, json};

use super::Session;
use crate::{
    joint::{Seat, To},
    peer::Output,
    refusal::Refusal,
};

/// Text frames that are not events of the protocol, each in another way.
const GARBAGE: [&str; 6] = [
    "this is not JSON",
    r#"{"type":"session.output_audio.delta","delta":"#,
    r#"[{"type":"session.usage.updated"}]"#,
    r#"{"event_id":"event_without_type"}"#,
    r#"{"type":"session.updated","event_id":"event_x","session":"not an object"}"#,
    r#"{"type":"session.output_audio.delta","delta":"%%% not base64 %%%"}"#,
];

impl Session {
    /// Queues an event for every connection and returns its id. `answers` is the id of the client
    /// event that it answers.
    pub(super) fn emit(
        &mut self,
        event_type: &str,
        fields: Value,
        answers: Option<&str>,
    ) -> String {
        let id = self.ids.id("event");
        let mut event = Map::new();
        event.insert("type".to_owned(), event_type.into());
        event.insert("event_id".to_owned(), id.as_str().into());
        if let Some(answers) = answers {
            event.insert("client_event_id".to_owned(), answers.into());
        }
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        self.send(To::All, &Value::Object(event));
        id
    }

    pub(super) fn send(&mut self, to: To, event: &Value) {
        let frame = Frame::text(event.to_string());
        self.out.push_back((to, Output::Frame(frame)));
    }

    /// Queues an event that holds nothing but audio.
    pub(super) fn send_audio(&mut self, to: To, head: &str, audio: &[u8], tail: &str) {
        let mut frame = head.to_owned();
        base64_simd::STANDARD.encode_append(audio, &mut frame);
        frame.push_str(tail);
        self.out.push_back((to, Output::Frame(Frame::text(frame))));
    }

    /// Queues an `error` event for the connection at fault.
    pub(super) fn refuse(&mut self, seat: Seat, refusal: &Refusal, client_event: Option<&str>) {
        let event = self.error_event("invalid_request_error", refusal, client_event);
        self.send(To::Only(seat), &event);
    }

    pub(super) fn error_event(
        &mut self,
        kind: &str,
        refusal: &Refusal,
        client_event: Option<&str>,
    ) -> Value {
        json!({
            "type": "error",
            "event_id": self.ids.id("event"),
            "error": {
                "type": kind,
                "code": refusal.code,
                "message": refusal.message,
                "param": refusal.param,
                "client_event_id": client_event,
            },
        })
    }

    pub(super) fn send_garbage(&mut self) {
        let frames = GARBAGE.iter().map(|text| Frame::text(*text));
        let binary = Frame::binary(vec![0xff, 0x00, 0x9f, 0x92, 0x96]);
        let frames = frames.chain([binary]);
        self.out
            .extend(frames.map(|frame| (To::All, Output::Frame(frame))));
    }
}
