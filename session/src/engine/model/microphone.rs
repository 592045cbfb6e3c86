//! The caller's audio, frame by frame: which of it the server has heard, in which order, how often.

use std::{collections::BTreeMap, time::Duration};

use antiphon_protocol::Time;
use bytes::Bytes;

use super::FRAME;
use crate::UplinkMarks;

/// How long audio is worth sending, by the limits that the conversations are held with.
const HOLD: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Microphone {
    next: u32,
    /// When each frame with sound in it was given.
    given: BTreeMap<u32, Time>,
    heard: BTreeMap<u32, u32>,
    accepted: u64,
    frames: u64,
}

impl Microphone {
    /// The next audio of the caller. A frame with sound begins with its number.
    pub(super) fn record(&mut self, now: Time, frames: u8, loud: bool) -> Bytes {
        let mut data = Vec::with_capacity(usize::from(frames) * 2 * FRAME);
        self.accepted += u64::from(frames) * FRAME as u64;
        for _ in 0..frames {
            if loud {
                self.next += 1;
                self.given.insert(self.next, now);
                // The mark keeps the number's own samples loud, and its first byte from being none.
                data.extend_from_slice(&(self.next | 0x4000_0000).to_le_bytes());
                data.resize(data.len() + 2 * FRAME - 4, 0x40);
            } else {
                data.resize(data.len() + 2 * FRAME, 0);
            }
        }
        data.into()
    }

    /// A connection brings frames: silence without a number, or sound from `first` on. `last` is the
    /// number that the same connection brought before.
    pub(super) fn hear(
        &mut self,
        now: Time,
        last: &mut u32,
        first: Option<u32>,
        frames: u32,
        prompt: bool,
    ) {
        self.frames += u64::from(frames);
        let Some(first) = first else { return };
        assert!(
            first > *last,
            "{first} after {last}: out of order, or twice"
        );
        *last = first + frames - 1;
        for number in first..first + frames {
            let times = self.heard.entry(number).or_default();
            *times += 1;
            let given = self.given.get(&number).expect("nobody has said it");
            assert!(
                *times == 1 || !prompt || now - *given <= HOLD,
                "{number} is said again after {:?}",
                now - *given
            );
        }
    }

    /// What the session says of it, once it is over.
    pub(super) fn check(&self, marks: &UplinkMarks) {
        assert_eq!(marks.accepted, self.accepted, "{marks:?}");
        assert_eq!(marks.sent + marks.dropped, marks.accepted, "{marks:?}");
        assert!(marks.muted <= marks.accepted, "{marks:?}");
        self.check_sent(marks);
    }

    /// Each sample that counts as sent was sent.
    pub(super) fn check_sent(&self, marks: &UplinkMarks) {
        assert_eq!(
            marks.sent + marks.replayed + marks.silence,
            self.frames * FRAME as u64,
            "{marks:?}, and this is what was heard"
        );
        let again = self.heard.values().filter(|times| **times > 1).count() as u64;
        assert!(again * FRAME as u64 <= marks.replayed, "{marks:?}");
    }

    /// Another process goes on.
    pub(super) fn restart(&mut self) {
        (self.accepted, self.frames) = (0, 0);
        self.given.clear();
        self.heard.clear();
    }
}
