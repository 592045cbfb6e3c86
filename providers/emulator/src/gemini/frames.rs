//! Messages on their way out: as binary frames or text, alone or several members in one.

use std::collections::VecDeque;

use antiphon_protocol::{Frame, FrameKind};
use serde_json::{Map, Value, json};

use super::{Connection, Service};
use crate::peer::Output;

/// The longest reason that fits into a close frame, in bytes.
const MAX_REASON: usize = 123;

/// What waits to be sent.
#[derive(Debug)]
pub(super) struct Outbox {
    ready: VecDeque<Output>,
    kind: FrameKind,
    /// Whether messages are joined as long as their members differ.
    bundled: bool,
    open: Option<Map<String, Value>>,
}

impl Outbox {
    pub(super) fn new(kind: FrameKind, bundled: bool) -> Self {
        Self {
            ready: VecDeque::new(),
            kind,
            bundled,
            open: None,
        }
    }

    /// Adds a message.
    pub(super) fn push(&mut self, message: Value) {
        let Value::Object(members) = message else {
            return;
        };
        if !self.bundled {
            self.write(Value::Object(members).to_string());
            return;
        }
        match &mut self.open {
            Some(open) if fits(open, &members) => join(open, members),
            _ => {
                self.flush();
                self.open = Some(members);
            }
        }
    }

    /// Adds a frame with this text, whatever it says.
    pub(super) fn push_text(&mut self, text: String) {
        self.flush();
        self.write(text);
    }

    /// Adds something that is not a message.
    pub(super) fn push_output(&mut self, output: Output) {
        self.flush();
        self.ready.push_back(output);
    }

    /// Adds a close frame, its reason cut to what such a frame can hold.
    pub(super) fn close(&mut self, code: u16, reason: &str) {
        let mut end = reason.len().min(MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let reason = reason.get(..end).unwrap_or_default().to_owned();
        self.push_output(Output::Close { code, reason });
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        if self.ready.is_empty() {
            self.flush();
        }
        self.ready.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.ready.clear();
        self.open = None;
    }

    fn flush(&mut self) {
        if let Some(members) = self.open.take() {
            self.write(Value::Object(members).to_string());
        }
    }

    fn write(&mut self, text: String) {
        let frame = match self.kind {
            FrameKind::Text => Frame::text(text),
            FrameKind::Binary => Frame::binary(text.into_bytes()),
        };
        self.ready.push_back(Output::Frame(frame));
    }
}

/// Whether no member of `more`, nor of the content in it, is in `open` yet.
fn fits(open: &Map<String, Value>, more: &Map<String, Value>) -> bool {
    more.iter().all(|(name, value)| match open.get(name) {
        None => true,
        Some(Value::Object(there)) if name == "serverContent" => {
            let members = value.as_object().into_iter().flatten();
            members
                .into_iter()
                .all(|(name, _)| !there.contains_key(name))
        }
        Some(_) => false,
    })
}

fn join(open: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (open.get_mut(&name), value) {
            (Some(Value::Object(there)), Value::Object(members)) => there.extend(members),
            (_, value) => _ = open.insert(name, value),
        }
    }
}

impl Connection {
    /// Queues a `serverContent` with these members.
    pub(super) fn emit_content(&mut self, content: &Value) {
        self.out.push(json!({ "serverContent": content }));
    }

    /// Queues a part of the model's turn.
    pub(super) fn emit_part(&mut self, part: &Value) {
        let turn = match self.settings.service {
            Service::Developer => json!({"parts": [part]}),
            Service::Vertex => json!({"role": "model", "parts": [part]}),
        };
        self.emit_content(&json!({ "modelTurn": turn }));
    }

    /// Queues audio of the model, with its members in the order in which the service writes them.
    pub(super) fn emit_audio(&mut self, audio: &[u8]) {
        let (role, mime) = match self.settings.service {
            Service::Developer => ("", "audio/pcm;rate=24000"),
            Service::Vertex => (r#""role":"model","#, "audio/pcm"),
        };
        if self.settings.bundled {
            let data = base64_simd::STANDARD.encode_to_string(audio);
            self.emit_part(&json!({"inlineData": {"mimeType": mime, "data": data}}));
            return;
        }
        let mut text = format!(
            r#"{{"serverContent":{{"modelTurn":{{{role}"parts":[{{"inlineData":{{"mimeType":"{mime}","data":""#
        );
        base64_simd::STANDARD.encode_append(audio, &mut text);
        text.push_str(r#""}}]}}}"#);
        self.out.push_text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(outbox: &mut Outbox) -> Vec<String> {
        let outputs = std::iter::from_fn(|| outbox.pop());
        outputs
            .map(|output| match output {
                Output::Frame(frame) => String::from_utf8(frame.data.to_vec()).unwrap(),
                Output::Close { reason, .. } => reason,
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn bundled_messages_join_until_a_member_comes_again() {
        let mut outbox = Outbox::new(FrameKind::Text, true);
        outbox.push(json!({"serverContent": {"outputTranscription": {"text": "a"}}}));
        outbox.push(json!({"serverContent": {"turnComplete": true}, "usageMetadata": {}}));
        outbox.push(json!({"serverContent": {"outputTranscription": {"text": "b"}}}));
        outbox.push_output(Output::Drop);
        assert_eq!(
            texts(&mut outbox),
            [
                r#"{"serverContent":{"outputTranscription":{"text":"a"},"turnComplete":true},"usageMetadata":{}}"#,
                r#"{"serverContent":{"outputTranscription":{"text":"b"}}}"#,
                "Drop",
            ]
        );
    }

    #[test]
    fn a_reason_is_cut_to_what_a_close_frame_holds() {
        let mut outbox = Outbox::new(FrameKind::Text, false);
        outbox.close(1007, &"ü".repeat(100));
        assert_eq!(texts(&mut outbox), ["ü".repeat(61)]);
    }
}
