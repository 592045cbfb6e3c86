//! The caller's microphone: recordings when there is something to say, silence while listening.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::AudioFormat;
use bytes::Bytes;

/// What a microphone hands over at a time.
pub const PERIOD: Duration = Duration::from_millis(20);

/// What follows a recording that is sent at once: more silence than any detector waits for by
/// default.
const TAIL: Duration = Duration::from_millis(1200);

/// Turns recordings into the pieces that are sent, by the clock.
#[derive(Debug)]
pub struct Microphone {
    format: AudioFormat,
    /// Audio of the recording that is being said.
    said: VecDeque<u8>,
    /// Bytes handed over since the microphone was opened.
    handed: u64,
}

impl Microphone {
    /// A microphone that hears silence.
    pub fn new(format: AudioFormat) -> Self {
        Self {
            format,
            said: VecDeque::new(),
            handed: 0,
        }
    }

    /// Begins to say a recording, in the wire's format.
    pub fn say(&mut self, audio: &[u8]) {
        self.said.extend(audio);
    }

    /// Whether a recording is being said.
    pub fn is_speaking(&self) -> bool {
        !self.said.is_empty()
    }

    /// What the microphone picked up until it has been open this long; empty when that is nothing.
    pub fn pick_up(&mut self, open: Duration) -> Bytes {
        let due = self
            .format
            .bytes_of(self.format.samples_in(open))
            .saturating_sub(self.handed);
        self.handed += due;
        let due = usize::try_from(due).unwrap_or(usize::MAX);
        let mut piece: Vec<u8> = self.said.drain(..due.min(self.said.len())).collect();
        piece.resize(due, self.format.silence());
        piece.into()
    }

    /// The whole recording at once, with the silence that tells its end.
    pub fn pour(&mut self) -> Bytes {
        let tail = self.format.bytes_of(self.format.samples_in(TAIL));
        let tail = usize::try_from(tail).unwrap_or(0);
        let mut piece: Vec<u8> = self.said.drain(..).collect();
        piece.resize(piece.len() + tail, self.format.silence());
        piece.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn silence_comes_before_between_and_after_what_is_said() {
        let mut microphone = Microphone::new(AudioFormat::MULAW_8K);
        assert_eq!(microphone.pick_up(ms(1)), vec![0xff; 8]);
        microphone.say(&[1; 12]);
        assert_eq!(microphone.pick_up(ms(2)), vec![1; 8]);
        assert!(microphone.is_speaking());
        let last = microphone.pick_up(ms(3));
        assert_eq!(last, [vec![1; 4], vec![0xff; 4]].concat());
        assert!(!microphone.is_speaking());
        assert!(microphone.pick_up(ms(3)).is_empty());
    }

    #[test]
    fn whatever_the_clock_does_no_sample_is_lost_or_added() {
        let mut microphone = Microphone::new(AudioFormat::PCM16_24K);
        microphone.say(&[7; 4800]);
        let mut whole = Vec::new();
        for millis in [0, 3, 3, 50, 51, 170, 200] {
            whole.extend(microphone.pick_up(ms(millis)));
        }
        assert_eq!(whole.len(), 24 * 2 * 200);
        assert_eq!(whole.iter().filter(|byte| **byte == 7).count(), 4800);
    }

    #[test]
    fn poured_out_a_recording_ends_in_silence() {
        let mut microphone = Microphone::new(AudioFormat::PCM16_24K);
        microphone.say(&[7; 480]);
        let whole = microphone.pour();
        assert_eq!(whole.iter().filter(|byte| **byte == 7).count(), 480);
        assert!(whole.len() > 480 + 48_000 && whole.ends_with(&[0; 48_000]));
    }
}
