//! What a script breaks on purpose.

use antiphon_protocol::{Frame, Time};

use serde_json::json;

use super::{Connection, Output, Phase, Place};
use crate::{refusal::kind_of, script::Failure};

/// Text frames that are not events of the protocol, each in another way.
const GARBAGE: [&str; 6] = [
    "this is not JSON",
    r#"{"type":"response.output_audio.delta","delta":"#,
    r#"[{"type":"response.created"}]"#,
    r#"{"event_id":"event_without_type"}"#,
    r#"{"type":"response.done","event_id":"event_x","response":"not an object"}"#,
    r#"{"type":"response.output_audio.delta","event_id":"event_y","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":"%%% not base64 %%%"}"#,
];

impl Connection {
    /// Breaks what concerns the connection as a whole.
    pub(super) fn fail(&mut self, failure: &Failure) {
        match failure {
            Failure::Close { code, reason } => self.close(*code, reason),
            Failure::Drop => {
                self.out.push_back(Output::Drop);
                self.phase = Phase::Closed;
            }
            Failure::Silence => self.phase = Phase::Silent,
            Failure::Garbage => {
                let frames = GARBAGE.iter().map(|text| Frame::text(*text));
                let binary = Frame::binary(vec![0xff, 0x00, 0x9f, 0x92, 0x96]);
                self.out.extend(frames.chain([binary]).map(Output::Frame));
            }
            Failure::Response { .. } => {}
            Failure::Error { code, message } => self.send_fault(code, message),
            Failure::Expire => self.expire(),
            Failure::Frame(fault) => self.out.push_back(Output::Fault(*fault)),
        }
    }

    /// An error of the service's own.
    fn send_fault(&mut self, code: &str, message: &str) {
        self.emit(
            "error",
            &json!({"error": {
                "type": kind_of(code),
                "code": code,
                "message": message,
                "param": null,
                "event_id": null,
            }}),
        );
    }

    /// Breaks what a step of a response says.
    pub(super) fn fail_in(&mut self, place: Place, failure: &Failure, at: Time) {
        match failure {
            Failure::Response { message } => self.fail_response(place, message, at),
            other => self.fail(other),
        }
    }
}
