//! What a script breaks on purpose.

use antiphon_protocol::Frame;

use super::{Connection, Phase};
use crate::{peer::Output, script::Failure};

/// Frames that are no messages of the protocol, each in another way.
const GARBAGE: [&str; 6] = [
    "this is not JSON",
    r#"{"serverContent":{"modelTurn":{"parts":[{"inlineData":"#,
    r#"[{"setupComplete":{}}]"#,
    r#"{"somethingNew":{"x":1}}"#,
    r#"{"serverContent":"not an object"}"#,
    r#"{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm;rate=24000","data":"%%% not base64 %%%"}}]}}}"#,
];

impl Connection {
    /// Breaks what concerns the connection as a whole.
    pub(super) fn fail(&mut self, failure: &Failure) {
        match failure {
            Failure::Close { code, reason } => self.close(*code, reason),
            Failure::Drop => {
                self.out.push_output(Output::Drop);
                self.end();
            }
            Failure::Silence => self.phase = Phase::Silent,
            Failure::Garbage => {
                for text in GARBAGE {
                    self.out.push_text(text.to_owned());
                }
                let frame = Frame::binary(vec![0xff, 0x00, 0x9f, 0x92, 0x96]);
                self.out.push_output(Output::Frame(frame));
            }
            Failure::Response { .. } => {}
            // Errors of this protocol are close frames.
            Failure::Error { code, message } => self.close(1011, &format!("{code}: {message}")),
            Failure::Expire => {
                self.close(1011, "Deadline expired before operation could complete.");
            }
            Failure::Frame(fault) => self.out.push_output(Output::Fault(*fault)),
        }
    }
}
