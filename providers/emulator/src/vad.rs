//! Voice activity detection by loudness, on a virtual clock of samples.
//!
//! Real services listen with a model. Loudness is enough for callers that send clear recordings, and
//! it is deterministic: the same samples give the same events however they are cut into pieces.

/// Length of one decision, in milliseconds.
const FRAME_MS: u64 = 20;
/// Loud frames among the last [`WINDOW`] that make speech: a click or two does not.
const NEEDED: u32 = 3;
const WINDOW: u32 = 5;

/// When the caller speaks, in the terms of the protocol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct VadSettings {
    /// 0 (everything is speech) to 1 (only shouting is).
    pub(crate) threshold: f64,
    /// Audio kept before the first loud frame, in milliseconds.
    pub(crate) prefix_ms: u64,
    /// Quiet that ends a turn, in milliseconds.
    pub(crate) silence_ms: u64,
}

/// What the detector heard. Milliseconds count from the first sample of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Speech began; the turn includes the prefix before it.
    Started { start_ms: u64 },
    /// The turn ended; `end_ms` includes the quiet that ended it.
    Stopped { end_ms: u64 },
}

/// The detector.
#[derive(Clone, Debug)]
pub(crate) struct Vad {
    settings: VadSettings,
    /// Samples per second of the caller's audio, in Hz.
    rate: u64,
    /// Squares of the samples of the unfinished frame, summed, and how many.
    energy: f64,
    in_frame: u64,
    /// Whole frames heard since the session began.
    frames: u64,
    /// Milliseconds of the session before `frames` began to count, after a change of rate.
    base_ms: u64,
    /// The last frames, newest in the lowest bit: 1 is loud.
    recent: u32,
    speaking: bool,
    quiet_ms: u64,
    /// No turn starts before this: the end of the previous one.
    floor_ms: u64,
}

impl Vad {
    /// A detector whose first sample is `at_ms` into the session.
    pub(crate) fn new(settings: VadSettings, rate: u32, at_ms: u64) -> Self {
        Self {
            settings,
            rate: u64::from(rate),
            energy: 0.0,
            in_frame: 0,
            frames: 0,
            base_ms: at_ms,
            recent: 0,
            speaking: false,
            quiet_ms: 0,
            floor_ms: at_ms,
        }
    }

    /// Changes the settings from the next frame on.
    pub(crate) fn set(&mut self, settings: VadSettings) {
        self.settings = settings;
    }

    /// How long it has been quiet in the turn under way, in milliseconds.
    pub(crate) fn quiet_ms(&self) -> u64 {
        self.quiet_ms
    }

    /// Forgets a turn under way: the buffer was committed or cleared at `at_ms`.
    pub(crate) fn restart(&mut self, at_ms: u64) {
        self.speaking = false;
        self.recent = 0;
        self.quiet_ms = 0;
        self.floor_ms = at_ms;
    }

    /// Listens to `samples` and reports what it heard, in order.
    pub(crate) fn listen(&mut self, samples: &[i16], mut heard: impl FnMut(Heard)) {
        let frame = self.rate * FRAME_MS / 1000;
        for &sample in samples {
            self.energy += f64::from(sample) * f64::from(sample);
            self.in_frame += 1;
            if self.in_frame < frame {
                continue;
            }
            let level = (self.energy / frame as f64).sqrt() / 32_768.0;
            self.energy = 0.0;
            self.in_frame = 0;
            self.frames += 1;
            if let Some(event) = self.decide(level) {
                heard(event);
            }
        }
    }

    fn decide(&mut self, level: f64) -> Option<Heard> {
        let loud = level > loudness(self.settings.threshold);
        let now_ms = self.base_ms + self.frames * FRAME_MS;
        self.recent = (self.recent << 1 | u32::from(loud)) & ((1 << WINDOW) - 1);
        if !self.speaking {
            if self.recent.count_ones() < NEEDED {
                return None;
            }
            let oldest_loud = u64::from(32 - self.recent.leading_zeros());
            let onset = now_ms.saturating_sub(oldest_loud * FRAME_MS);
            let start_ms = onset
                .saturating_sub(self.settings.prefix_ms)
                .max(self.floor_ms);
            self.speaking = true;
            self.quiet_ms = 0;
            return Some(Heard::Started { start_ms });
        }
        self.quiet_ms = if loud { 0 } else { self.quiet_ms + FRAME_MS };
        if self.quiet_ms < self.settings.silence_ms {
            return None;
        }
        self.restart(now_ms);
        Some(Heard::Stopped { end_ms: now_ms })
    }
}

/// The level (1 is full scale) that counts as loud: -60 dB at threshold 0, -20 dB at 1.
fn loudness(threshold: f64) -> f64 {
    10_f64.powf((-60.0 + 40.0 * threshold) / 20.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: usize = 24_000;

    fn sound(level: i16, ms: usize) -> Vec<i16> {
        let samples = RATE * ms / 1000;
        (0..samples)
            .map(|at| if at / 60 % 2 == 0 { level } else { -level })
            .collect()
    }

    fn heard(settings: VadSettings, audio: &[Vec<i16>], piece: usize) -> Vec<Heard> {
        let mut vad = Vad::new(settings, 24_000, 0);
        let mut heard = Vec::new();
        for chunk in audio.concat().chunks(piece) {
            vad.listen(chunk, |event| heard.push(event));
        }
        heard
    }

    const DEFAULT: VadSettings = VadSettings {
        threshold: 0.5,
        prefix_ms: 300,
        silence_ms: 200,
    };

    #[test]
    fn turns_are_found_with_the_protocols_padding() {
        let quiet = |ms| sound(40, ms);
        let speech = |ms| sound(3_000, ms);
        let started = |start_ms| Heard::Started { start_ms };
        let stopped = |end_ms| Heard::Stopped { end_ms };
        let rows = [
            ("silence", DEFAULT, vec![quiet(2000)], vec![]),
            ("zeros", DEFAULT, vec![sound(0, 2000)], vec![]),
            (
                "a click",
                DEFAULT,
                vec![quiet(500), speech(40), quiet(500)],
                vec![],
            ),
            (
                "a word",
                DEFAULT,
                vec![quiet(1000), speech(600), quiet(400)],
                vec![started(700), stopped(1800)],
            ),
            (
                "speech from the first sample",
                DEFAULT,
                vec![speech(500), quiet(300)],
                vec![started(0), stopped(700)],
            ),
            (
                "a short breath does not end a turn",
                DEFAULT,
                vec![quiet(400), speech(300), quiet(180), speech(300), quiet(400)],
                vec![started(100), stopped(1380)],
            ),
            (
                "a longer silence setting joins words",
                VadSettings {
                    silence_ms: 500,
                    ..DEFAULT
                },
                vec![quiet(400), speech(300), quiet(400), speech(300), quiet(600)],
                vec![started(100), stopped(1900)],
            ),
            (
                "the prefix never reaches into the turn before",
                VadSettings {
                    prefix_ms: 1000,
                    ..DEFAULT
                },
                vec![speech(400), quiet(400), speech(400), quiet(400)],
                vec![started(0), stopped(600), started(600), stopped(1400)],
            ),
            (
                "a high threshold ignores a quiet voice",
                VadSettings {
                    threshold: 0.9,
                    ..DEFAULT
                },
                vec![quiet(400), sound(1_000, 600), quiet(400)],
                vec![],
            ),
            (
                "a low threshold hears it",
                VadSettings {
                    threshold: 0.2,
                    ..DEFAULT
                },
                vec![sound(0, 400), sound(200, 600), sound(0, 400)],
                vec![started(100), stopped(1200)],
            ),
        ];
        for (name, settings, audio, expected) in rows {
            for piece in [7, 480, 100_000] {
                assert_eq!(
                    heard(settings, &audio, piece),
                    expected,
                    "{name} in pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn a_restart_forgets_the_turn_under_way() {
        let mut vad = Vad::new(DEFAULT, 24_000, 5_000);
        let mut heard = Vec::new();
        vad.listen(&sound(3_000, 200), |event| heard.push(event));
        assert_eq!(heard, [Heard::Started { start_ms: 5_000 }]);
        vad.restart(5_200);
        vad.listen(&sound(0, 1_000), |event| heard.push(event));
        assert_eq!(heard.len(), 1, "no end for a turn that was given up");
    }
}
