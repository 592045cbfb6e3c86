//! The audio frames of this wire, for the media path.

use antiphon_protocol::{
    ItemId, ResponseId,
    media::{AudioEncoder, AudioTemplate, Key, Others, Role, Shape},
};

/// Most bytes of audio in one append: with base64 it stays well below what the service takes, and
/// it is a whole number of samples and of base64 groups.
pub(crate) const LARGEST_APPEND: usize = 6 << 20;

/// `response.output_audio.delta`, and the name it had before.
pub(crate) static DELTA: Shape = Shape {
    keys: &[
        Key::required(
            &["type"],
            Role::Kind(&["response.output_audio.delta", "response.audio.delta"]),
        ),
        Key::optional(&["event_id"], Role::Event),
        Key::required(&["response_id"], Role::Response),
        Key::required(&["item_id"], Role::Item),
        Key::optional(&["output_index"], Role::OutputIndex),
        Key::optional(&["content_index"], Role::ContentIndex),
        Key::required(&["delta"], Role::Payload),
    ],
    others: Others::Skip,
};

/// Writes `input_audio_buffer.append`. It carries no event id: appends are accounted by watermarks,
/// and an id of its own would cost each frame a template.
pub(crate) fn append() -> AudioEncoder {
    AudioEncoder::new(AudioTemplate::new(
        r#"{"type":"input_audio_buffer.append","audio":""#,
        r#""}"#,
    ))
}

/// The ids of the audio that is being spoken. Hundreds of frames carry the same ones, which are then
/// shared instead of copied.
#[derive(Debug, Default)]
pub(crate) struct Spoken {
    item: Option<ItemId>,
    response: Option<ResponseId>,
}

impl Spoken {
    /// The item of that id.
    pub(crate) fn item(&mut self, id: &str) -> ItemId {
        match &self.item {
            Some(item) if item.as_str() == id => item.clone(),
            _ => self.item.insert(id.into()).clone(),
        }
    }

    /// The response of that id.
    pub(crate) fn response(&mut self, id: &str) -> ResponseId {
        match &self.response {
            Some(response) if response.as_str() == id => response.clone(),
            _ => self.response.insert(id.into()).clone(),
        }
    }
}
