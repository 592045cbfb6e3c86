//! Who is speaking, on wires that do not say: concluded from how loud both sides are and from
//! transcripts.
//!
//! Each side is an axis of its own, because such models listen while they speak. Speech begins when
//! a side has been loud for a moment, or when words of it come; it ends when it has been quiet, and
//! without words, for a while. Zeros open no turn.

use std::time::Duration;

use antiphon_protocol::Time;
use serde::{Deserialize, Serialize};

/// When speech begins and ends on wires without turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TurnDerivation {
    /// How loud the user must be, as root mean square of full scale. Default 0.01 (-40 dBFS).
    pub user_level: f64,
    /// How loud the model must be, likewise. Default 0.002 (-54 dBFS): there is no noise on its line.
    pub model_level: f64,
    /// How long the user must be loud before speech begins. Default 60 ms.
    pub onset: Duration,
    /// How long a side must be quiet before its speech ends. Default 500 ms.
    pub hangover: Duration,
    /// How long no words of a side must have come before its speech ends. Default 800 ms.
    pub transcript_gap: Duration,
}

impl Default for TurnDerivation {
    fn default() -> Self {
        Self {
            user_level: 0.01,
            model_level: 0.002,
            onset: Duration::from_millis(60),
            hangover: Duration::from_millis(500),
            transcript_gap: Duration::from_millis(800),
        }
    }
}

/// One side of the conversation.
#[derive(Debug)]
struct Axis {
    level: f64,
    onset: Duration,
    hangover: Duration,
    gap: Duration,
    /// Until when it counts as speaking.
    until: Option<Time>,
    /// How much loud audio came of late, and up to when that counts.
    loud: Duration,
    fresh: Time,
}

impl Axis {
    fn new(level: f64, onset: Duration, derivation: &TurnDerivation) -> Self {
        Self {
            level,
            onset,
            hangover: derivation.hangover,
            gap: derivation.transcript_gap,
            until: None,
            loud: Duration::ZERO,
            fresh: Time::ZERO,
        }
    }

    /// Audio of this `level` lasting `span` passed. Returns whether speech begins.
    fn sound(&mut self, now: Time, level: f64, span: Duration) -> bool {
        if level < self.level {
            return false;
        }
        if self.fresh < now {
            self.loud = Duration::ZERO;
        }
        self.loud += span;
        self.fresh = now + span + self.hangover;
        if self.until.is_none() && self.loud < self.onset {
            return false;
        }
        self.speak(self.fresh)
    }

    /// Counts as speaking until then. Returns whether that is new.
    fn speak(&mut self, until: Time) -> bool {
        let begins = self.until.is_none();
        self.until = Some(self.until.map_or(until, |old| old.max(until)));
        begins
    }

    /// Returns whether speech has ended by `now`.
    fn ends(&mut self, now: Time) -> bool {
        let ends = self.until.is_some_and(|until| until <= now);
        if ends {
            self.until = None;
            self.loud = Duration::ZERO;
        }
        ends
    }
}

/// Both sides of a full-duplex conversation.
#[derive(Debug)]
pub(crate) struct Voices {
    user: Axis,
    model: Axis,
}

/// What has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fallen {
    pub(crate) user: bool,
    pub(crate) model: bool,
}

impl Voices {
    pub(crate) fn new(derivation: &TurnDerivation) -> Self {
        Self {
            user: Axis::new(derivation.user_level, derivation.onset, derivation),
            model: Axis::new(derivation.model_level, Duration::ZERO, derivation),
        }
    }

    /// The user's audio left. Returns whether the user began to speak.
    pub(crate) fn user_sound(&mut self, now: Time, level: f64, span: Duration) -> bool {
        self.user.sound(now, level, span)
    }

    /// Words of the user came. Returns whether the user began to speak.
    pub(crate) fn user_words(&mut self, now: Time) -> bool {
        let until = now + self.user.gap;
        self.user.speak(until)
    }

    /// The model's audio came. Returns whether the model began to speak.
    pub(crate) fn model_sound(&mut self, now: Time, level: f64, span: Duration) -> bool {
        self.model.sound(now, level, span)
    }

    /// Words of the model came. Returns whether the model began to speak.
    pub(crate) fn model_words(&mut self, now: Time) -> bool {
        let until = now + self.model.gap;
        self.model.speak(until)
    }

    /// Whether the model counts as speaking.
    pub(crate) fn model_speaks(&self) -> bool {
        self.model.until.is_some()
    }

    /// The connection is gone: nobody speaks.
    pub(crate) fn reset(&mut self) {
        self.user.until = None;
        self.model.until = None;
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        [self.user.until, self.model.until]
            .into_iter()
            .flatten()
            .min()
    }

    /// What has ended by `now`.
    pub(crate) fn on_timeout(&mut self, now: Time) -> Fallen {
        Fallen {
            user: self.user.ends(now),
            model: self.model.ends(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    fn voices() -> Voices {
        Voices::new(&TurnDerivation::default())
    }

    #[test]
    fn zeros_and_a_click_open_no_turn_and_speech_does() {
        let mut voices = voices();
        for tick in 0..100 {
            assert!(!voices.user_sound(at(tick * 20), 0.0, FRAME));
            assert!(!voices.model_sound(at(tick * 20), 0.0, FRAME));
        }
        assert!(!voices.user_sound(at(2000), 0.5, FRAME), "a click");
        assert!(!voices.user_sound(at(4000), 0.5, FRAME), "another, later");
        assert!(!voices.user_sound(at(4020), 0.5, FRAME));
        assert!(voices.user_sound(at(4040), 0.5, FRAME), "60 ms of it");
        assert!(!voices.user_sound(at(4060), 0.5, FRAME), "it began once");
        assert_eq!(voices.poll_timeout(), Some(at(4060 + 20 + 500)));
    }

    #[test]
    fn speech_ends_after_quiet_and_a_gap_in_the_words() {
        let mut voices = voices();
        assert!(voices.model_sound(at(0), 0.1, FRAME));
        assert!(!voices.model_words(at(10)));
        assert_eq!(voices.on_timeout(at(809)), Fallen::default());
        let fallen = voices.on_timeout(at(810));
        assert!(fallen.model && !fallen.user);
        assert!(voices.model_words(at(2000)), "words alone open a turn, too");
    }

    #[test]
    fn both_may_speak_at_once() {
        let mut voices = voices();
        assert!(voices.model_words(at(0)));
        assert!(voices.user_words(at(5)));
        assert_eq!(
            voices.on_timeout(at(1000)),
            Fallen {
                user: true,
                model: true
            }
        );
    }
}
