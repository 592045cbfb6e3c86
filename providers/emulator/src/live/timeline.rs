//! The clock of a session: it runs on the caller's audio.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{AudioFormat, Encoding, Time};
use serde_json::Value;

use super::{Phase, Session, config::invalid, text};
use crate::{audio, joint::To, refusal::Refusal};

/// The step of the clock, in milliseconds.
pub(super) const SLOT_MS: u64 = 100;
/// Audio that may wait for its time; a caller who sends much faster than it is played is refused.
const MAX_WAITING: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Timeline {
    /// How far the session has come, in milliseconds.
    pub(super) ms: u64,
    /// When audio came last.
    pub(super) fed_at: Time,
    format: AudioFormat,
    waiting: VecDeque<i16>,
    /// The next step is not taken before.
    next: Time,
    /// How much faster than real time the clock may run.
    pace: f64,
}

impl Timeline {
    pub(super) fn new(pace: f64) -> Self {
        Self {
            ms: 0,
            fed_at: Time::ZERO,
            format: AudioFormat::PCM16_24K,
            waiting: VecDeque::new(),
            next: Time::ZERO,
            pace,
        }
    }

    pub(super) fn start(&mut self, format: AudioFormat, now: Time) {
        self.format = format;
        self.fed_at = now;
        self.next = now;
    }

    fn slot(&self) -> usize {
        self.format.rate as usize / 10
    }

    /// When the next step is due, if there is audio for it.
    pub(super) fn due(&self) -> Option<Time> {
        (self.waiting.len() >= self.slot()).then(|| self.next.max(self.fed_at))
    }

    /// Takes a step: its audio, and where it begins.
    fn step(&mut self, at: Time) -> (Vec<i16>, u64) {
        let slot = self.slot().min(self.waiting.len());
        let start = self.ms;
        self.ms += SLOT_MS;
        self.next = at + Duration::from_millis(SLOT_MS).div_f64(self.pace);
        (self.waiting.drain(..slot).collect(), start)
    }
}

impl Session {
    /// `session.input_audio.append`.
    pub(super) fn append_audio(&mut self, now: Time, event: &Value) -> Result<(), Refusal> {
        let base64 = text(event, "audio").unwrap_or_default();
        let bytes = base64_simd::STANDARD.decode_to_vec(base64).map_err(|_| {
            Refusal::new("invalid_audio", "Audio must be encoded in base64.").at("audio")
        })?;
        let format = self.timeline.format;
        if format.encoding == Encoding::Pcm16 && bytes.len() % 2 == 1 {
            let message = "PCM16 audio must contain an even number of bytes";
            return Err(Refusal::new("invalid_audio", message).at("audio"));
        }
        let most = format.samples_in(MAX_WAITING);
        let more = format.samples_in_bytes(bytes.len());
        if self.timeline.waiting.len() as u64 + more > most {
            let message = "Audio is sent much faster than it is played.";
            return Err(invalid("audio", message));
        }
        if more > 0 {
            self.timeline.fed_at = now;
        }
        let samples = audio::decode(&bytes, format);
        self.timeline.waiting.extend(samples);
        Ok(())
    }

    /// Lets 100 ms of the session pass.
    pub(super) fn tick(&mut self, at: Time) {
        let (samples, start) = self.timeline.step(at);
        if self.joined {
            self.reflect(&samples);
        }
        self.hear(&samples, start);
        self.place_appends(start);
        self.acknowledge(start);
        self.play(at, start);
        if self.phase != Phase::Running {
            return;
        }
        self.voice(start);
        self.tell_usage();
    }

    /// Shows sidebands what the caller says, also while it is muted.
    fn reflect(&mut self, samples: &[i16]) {
        let wide = audio::up(samples, self.timeline.format.rate);
        let bytes = audio::encode(&wide, AudioFormat::PCM16_24K);
        let head = r#"{"type":"session.input_audio.append","audio":""#;
        self.send_audio(To::Joined, head, &bytes, "\"}");
    }
}
