//! A frame of the caller's own: it leaves as it is, and what it asks for is followed as far as its
//! type tells.

use antiphon_protocol::{Command, CommandId, Frame, Sink, Subject, Unsupported};
use serde_json::{Map, Value};

use crate::{names, receipts::Receipts};

/// What a caller's frame says, beside its text.
pub(crate) struct Native<'a> {
    json: &'a str,
    event: Map<String, Value>,
}

impl<'a> Native<'a> {
    /// Reads the frame of `command`.
    pub(crate) fn read(
        json: &'a str,
        command: &Command,
        subject: &Subject,
    ) -> Result<Self, Unsupported> {
        match serde_json::from_str(json) {
            Ok(Value::Object(event)) => Ok(Self { json, event }),
            _ => Err(subject.command(command, "a frame of this wire is a JSON object")),
        }
    }

    /// Its type.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.event.get("type").and_then(Value::as_str)
    }

    /// A member that is an object.
    pub(crate) fn object(&self, member: &str) -> Option<&Map<String, Value>> {
        self.event.get(member).and_then(Value::as_object)
    }

    /// Sends it under its event id, which is returned. Where it has none it gets one, so that its
    /// receipt or refusal can be told.
    pub(crate) fn send<Awaited>(
        &self,
        id: CommandId,
        receipts: &mut Receipts<Awaited>,
        out: &mut dyn Sink,
    ) -> String {
        if let Some(name) = self.event.get("event_id").and_then(Value::as_str) {
            receipts.call(name, id);
            out.send(Frame::text(self.json));
            return name.to_owned();
        }
        let name = names::frame(id, 0);
        let members = self.json.trim_start().trim_start_matches('{').trim_start();
        let separator = if members.starts_with('}') { "" } else { "," };
        out.send(Frame::text(format!(
            r#"{{"event_id":"{name}"{separator}{members}"#
        )));
        name
    }
}
