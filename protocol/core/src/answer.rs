//! What a server said in place of opening a connection.

use serde::Serialize;

use crate::PeerText;

/// The answer to an upgrade that was refused, made safe to show: only headers that explain a refusal
/// are kept, and the credential is taken out of everything, in whatever form it was echoed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Names in lower case with their values, of up to 256 bytes each, in the order they came.
    pub headers: Vec<(String, PeerText)>,
    /// The body, up to 8 KiB of it.
    pub body: PeerText,
}

impl Refusal {
    /// The first value of a header; its name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}
