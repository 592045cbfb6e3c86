//! The caller's audio as the provider's clock: in real time, without a gap, and never ahead.
//!
//! Some models hear time pass only as samples. What the caller gives leaves at the pace of its own
//! duration; where the caller gives nothing, silence takes its place. A microphone is never quite
//! punctual, so silence steps in only when the clock has fallen behind by a little: a chunk that comes
//! late by less than that is sent at once, and no gap is torn into a word.

use std::time::Duration;

use antiphon_protocol::{AudioFormat, Time};
use bytes::Bytes;

/// What leaves at once.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// How late the caller's audio may be before silence takes its place.
pub(crate) const GRACE: Duration = Duration::from_millis(60);
/// A gap that is not filled: after it the clock starts anew. A second of silence in one burst would
/// only push everything that is said afterwards into the past.
const GAP: Duration = Duration::from_secs(1);

/// Keeps the provider's clock going on one connection after another.
#[derive(Debug)]
pub(crate) struct Metronome {
    format: AudioFormat,
    /// Up to when the live connection has been fed; `None` while there is none.
    fed: Option<Time>,
    silence: Bytes,
}

impl Metronome {
    pub(crate) fn new(format: AudioFormat) -> Self {
        let bytes = format.bytes_of(format.samples_in(FRAME));
        let bytes = usize::try_from(bytes).unwrap_or_default();
        Self {
            format,
            fed: None,
            silence: Bytes::from(vec![format.silence(); bytes]),
        }
    }

    /// A connection is live: its clock starts.
    pub(crate) fn start(&mut self, now: Time) {
        self.fed = Some(now);
    }

    /// The connection is gone, and its clock with it.
    pub(crate) fn stop(&mut self) {
        self.fed = None;
    }

    /// Bytes that leave at once.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.silence.len()
    }

    /// Whether a frame of the caller's may leave.
    pub(crate) fn is_due(&mut self, now: Time) -> bool {
        self.skip_gap(now);
        self.fed.is_some_and(|fed| fed <= now)
    }

    /// A frame of silence, when the caller has been silent for too long.
    pub(crate) fn silence(&mut self, now: Time) -> Option<Bytes> {
        self.skip_gap(now);
        self.fed
            .is_some_and(|fed| fed + GRACE <= now)
            .then(|| self.silence.clone())
    }

    /// This many samples have left.
    pub(crate) fn sent(&mut self, samples: u64) {
        if let Some(fed) = &mut self.fed {
            *fed = *fed + self.format.duration_of(samples);
        }
    }

    /// This many samples came back.
    pub(crate) fn took_back(&mut self, samples: u64) {
        if let Some(fed) = &mut self.fed {
            *fed = *fed - self.format.duration_of(samples);
        }
    }

    /// When the next frame is due: one of the caller's if any `waits`, else silence.
    pub(crate) fn poll_timeout(&self, waits: bool) -> Option<Time> {
        self.fed.map(|fed| if waits { fed } else { fed + GRACE })
    }

    fn skip_gap(&mut self, now: Time) {
        if let Some(fed) = &mut self.fed
            && now - *fed > GAP
        {
            *fed = now - FRAME;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    fn metronome() -> Metronome {
        let mut metronome = Metronome::new(AudioFormat::PCM16_24K);
        metronome.start(Time::ZERO);
        metronome
    }

    #[test]
    fn silence_steps_in_after_the_grace_and_keeps_real_time() {
        let mut metronome = metronome();
        let mut sent = 0;
        for millis in 0..10_000 {
            while let Some(silence) = metronome.silence(at(millis)) {
                let samples = AudioFormat::PCM16_24K.samples_in_bytes(silence.len());
                metronome.sent(samples);
                sent += samples;
            }
            let told = AudioFormat::PCM16_24K.millis_of(sent);
            assert!(told <= millis, "ahead at {millis}");
            assert!(told + 60 + 20 > millis, "starved at {millis}: {told}");
        }
    }

    #[test]
    fn a_chunk_that_is_a_little_late_leaves_at_once_and_no_silence_before_it() {
        let mut metronome = metronome();
        assert!(metronome.is_due(at(0)));
        metronome.sent(480);
        assert!(!metronome.is_due(at(19)));
        assert_eq!(metronome.silence(at(79)), None);
        assert!(metronome.is_due(at(79)));
        assert!(metronome.silence(at(80)).is_some());
    }

    #[test]
    fn a_long_gap_is_not_filled_in_one_burst() {
        let mut metronome = metronome();
        let mut frames = 0;
        while let Some(silence) = metronome.silence(at(60_000)) {
            metronome.sent(AudioFormat::PCM16_24K.samples_in_bytes(silence.len()));
            frames += 1;
        }
        assert!(frames <= 1, "{frames} frames at once");
    }

    #[test]
    fn without_a_connection_nothing_is_due() {
        let mut metronome = metronome();
        metronome.stop();
        assert!(!metronome.is_due(at(500)));
        assert_eq!(metronome.silence(at(500)), None);
        assert_eq!(metronome.poll_timeout(true), None);
    }
}
