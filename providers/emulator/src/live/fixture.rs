//! Clips that a client plays in place of the model's speech.

use antiphon_protocol::AudioFormat;
use serde_json::{Value, json};

use super::{Session, config::invalid, text};
use crate::{audio, refusal::Refusal};

/// The longest clip, in bytes: 30 s of PCM16 at 24 kHz.
const MAX_BYTES: usize = 30 * 48_000;

impl Session {
    /// `session.output_audio.fixture.play`.
    pub(super) fn play_fixture(&mut self, event: &Value, id: Option<&str>) -> Result<(), Refusal> {
        let base64 = text(event, "audio").unwrap_or_default();
        let bytes = base64_simd::STANDARD.decode_to_vec(base64).map_err(|_| {
            Refusal::new("invalid_audio", "Audio must be encoded in base64.").at("audio")
        })?;
        if bytes.is_empty() || bytes.len() % 2 == 1 {
            let message = "PCM16 audio must contain an even number of bytes";
            return Err(Refusal::new("invalid_audio", message).at("audio"));
        }
        if bytes.len() > MAX_BYTES {
            return Err(invalid("audio", "A fixture lasts at most 30 seconds."));
        }
        if self.speech.is_fixture() {
            return Err(Refusal::uncoded("A fixture is already playing."));
        }
        let samples = audio::decode(&bytes, AudioFormat::PCM16_24K);
        let (format, start) = (self.config.format(), self.timeline.ms);
        self.speech.play_clip(samples, format, id, start);
        self.emit("session.output_audio.fixture.playing", json!({}), id);
        Ok(())
    }

    pub(super) fn fixture_played(&mut self, event: Option<&str>) {
        self.emit("session.output_audio.fixture.played", json!({}), event);
    }
}
