//! The audio frames of this wire, for the media path.

use antiphon_protocol::media::{AudioEncoder, AudioTemplate, Key, Others, Role, Shape};

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
