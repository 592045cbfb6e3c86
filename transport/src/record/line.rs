//! The lines of a recording.

use antiphon_protocol::End;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedLine {
    /// Which connection of the recording, counted from 0.
    pub connection: u32,
    /// When, in microseconds since the recording began.
    pub at_us: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: Recorded,
}

/// What a line of a recording tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Recorded {
    /// The connection is open.
    Open {
        /// The host it leads to.
        host: String,
        /// The path, without its query.
        path: String,
    },
    /// The dial failed.
    Refused {
        /// How it ended.
        #[serde(flatten)]
        end: RecordedEnd,
    },
    /// A text message of this side.
    SentText {
        /// The text.
        text: String,
    },
    /// A binary message of this side.
    SentBinary {
        /// The bytes, in base64.
        base64: String,
    },
    /// A text message of the peer.
    HeardText {
        /// The text.
        text: String,
    },
    /// A binary message of the peer.
    HeardBinary {
        /// The bytes, in base64.
        base64: String,
    },
    /// This side hung up.
    HungUp {
        /// The close code.
        code: u16,
    },
    /// What somebody above the wires wrote down between: see
    /// [`RecordingDial::note`](crate::RecordingDial::note).
    Note {
        /// Any JSON.
        note: Value,
    },
    /// The connection is over.
    End {
        /// How it ended.
        #[serde(flatten)]
        end: RecordedEnd,
    },
}

/// How a recorded connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedEnd {
    /// The kind of fact that ended it, as [`How`](antiphon_protocol::How) is spelled in JSON.
    pub how: String,
    /// The peer's close code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The status of a refused upgrade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The peer's or the system's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl RecordedEnd {
    pub(super) fn of(end: &End) -> Self {
        let how = serde_json::to_value(end.how).ok();
        Self {
            how: how
                .as_ref()
                .and_then(|how| how.as_str())
                .unwrap_or_default()
                .to_owned(),
            code: end.code,
            status: end.status,
            reason: end.reason.as_str().to_owned(),
        }
    }
}
