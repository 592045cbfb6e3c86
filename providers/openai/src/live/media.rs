//! The audio frames of this wire, for the media path.

use antiphon_protocol::media::{AudioEncoder, AudioTemplate, Key, Others, Role, Shape};

/// Most bytes of audio in one append: a whole number of samples and of base64 groups.
pub(crate) const LARGEST_APPEND: usize = 3 << 20;

/// `session.output_audio.delta`. A sideband and Azure add times, which say nothing that the
/// continuous track does not.
pub(crate) static DELTA: Shape = Shape {
    keys: &[
        Key::required(&["type"], Role::Kind(&["session.output_audio.delta"])),
        Key::required(&["delta"], Role::Payload),
    ],
    others: Others::Skip,
};

/// Writes `session.input_audio.append`. It carries no event id: the service acknowledges none.
pub(crate) fn append() -> AudioEncoder {
    AudioEncoder::new(AudioTemplate::new(
        r#"{"type":"session.input_audio.append","audio":""#,
        r#""}"#,
    ))
}
