//! Two sample wires for the media path, each described twice: as a shape for the scan, and as
//! types for the parser that it must agree with.
//!
//! The flat wire looks like OpenAI Realtime, the nested one like Gemini Live.

use antiphon_protocol::media::{Key, Others, Role, Shape};
use serde::Deserialize;

/// What a frame says, whoever reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) response: Option<String>,
    pub(crate) item: Option<String>,
    pub(crate) output_index: Option<u32>,
    pub(crate) content_index: Option<u32>,
    pub(crate) payload: String,
}

/// One wire's audio frames.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) name: &'static str,
    pub(crate) shape: &'static Shape,
    /// The full parser: what the frame says, if it is audio and nothing else.
    pub(crate) parse: fn(&[u8]) -> Option<Found>,
    /// An ordinary frame as the service writes it, with this base64 text.
    pub(crate) frame: fn(&str) -> String,
}

pub(crate) static FLAT: Wire = Wire {
    name: "flat",
    shape: &FLAT_SHAPE,
    parse: |frame| {
        let frame: Flat = serde_json::from_slice(frame).ok()?;
        FLAT_KINDS.contains(&&*frame.kind).then_some(Found {
            kind: Some(frame.kind),
            event: frame.event_id,
            response: Some(frame.response_id),
            item: Some(frame.item_id),
            output_index: Some(frame.output_index),
            content_index: Some(frame.content_index),
            payload: frame.delta,
            ..Found::default()
        })
    },
    frame: |audio| {
        format!(
            concat!(
                r#"{{"type":"response.output_audio.delta","event_id":"event_EBXOxXXUt8NGONARCeFwH","#,
                r#""response_id":"resp_EBXOxm4NKR391J121ldpm","item_id":"item_EBXOx6rMI69zhK3Z7MYRC","#,
                r#""output_index":0,"content_index":0,"delta":"{}"}}"#,
            ),
            audio
        )
    },
};

pub(crate) static NESTED: Wire = Wire {
    name: "nested",
    shape: &NESTED_SHAPE,
    parse: |frame| {
        let frame: Nested = serde_json::from_slice(frame).ok()?;
        let [part] = <[Part; 1]>::try_from(frame.server_content.model_turn.parts).ok()?;
        let blob = part.inline_data;
        let essence = blob.mime_type.split(';').next()?;
        (essence == "audio/pcm").then_some(Found {
            media_type: Some(blob.mime_type),
            payload: blob.data,
            ..Found::default()
        })
    },
    frame: |audio| {
        let frame = serde_json::json!({"serverContent": {"modelTurn": {"parts": [
            {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": audio}}
        ]}}});
        format!(
            "{frame:#}
"
        )
    },
};

const FLAT_KINDS: &[&str] = &["response.output_audio.delta", "response.audio.delta"];

static FLAT_SHAPE: Shape = Shape {
    keys: &[
        Key::required(&["type"], Role::Kind(FLAT_KINDS)),
        Key::optional(&["event_id"], Role::Event),
        Key::required(&["response_id"], Role::Response),
        Key::required(&["item_id"], Role::Item),
        Key::required(&["output_index"], Role::OutputIndex),
        Key::required(&["content_index"], Role::ContentIndex),
        Key::required(&["delta"], Role::Payload),
    ],
    others: Others::Skip,
};

static NESTED_SHAPE: Shape = Shape {
    keys: &[Key::required(
        &["serverContent", "server_content"],
        Role::Object(&CONTENT),
    )],
    others: Others::Unusual,
};

static CONTENT: Shape = Shape {
    keys: &[Key::required(
        &["modelTurn", "model_turn"],
        Role::Object(&TURN),
    )],
    others: Others::Unusual,
};

static TURN: Shape = Shape {
    keys: &[
        Key::required(&["parts"], Role::Single(&PART)),
        Key::optional(&["role"], Role::Ignored),
    ],
    others: Others::Unusual,
};

static PART: Shape = Shape {
    keys: &[Key::required(
        &["inlineData", "inline_data"],
        Role::Object(&BLOB),
    )],
    others: Others::Unusual,
};

static BLOB: Shape = Shape {
    keys: &[
        Key::required(&["mimeType", "mime_type"], Role::MediaType(&["audio/pcm"])),
        Key::required(&["data"], Role::Payload),
    ],
    others: Others::Unusual,
};

/// The flat frame as types that own their text.
#[derive(Debug, Deserialize)]
pub(crate) struct Flat {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "present")]
    pub(crate) event_id: Option<String>,
    pub(crate) response_id: String,
    pub(crate) item_id: String,
    pub(crate) output_index: u32,
    pub(crate) content_index: u32,
    pub(crate) delta: String,
}

/// The nested frame as types that own their text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nested {
    #[serde(rename = "serverContent", alias = "server_content")]
    pub(crate) server_content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    #[serde(rename = "modelTurn", alias = "model_turn")]
    pub(crate) model_turn: Turn,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    pub(crate) parts: Vec<Part>,
    #[serde(default)]
    #[expect(dead_code, reason = "it is there to be allowed")]
    role: serde::de::IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    #[serde(rename = "inlineData", alias = "inline_data")]
    pub(crate) inline_data: Blob,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blob {
    #[serde(rename = "mimeType", alias = "mime_type")]
    pub(crate) mime_type: String,
    pub(crate) data: String,
}

/// `null` is not an absent text.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}
