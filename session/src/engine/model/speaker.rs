//! A player of the reader's audio, and its own account of what was heard.

use antiphon_protocol::{Heard, Time};

use super::FORMAT;
use crate::engine::Played;

/// A 24 kHz sample lasts 125,000 thirds of a nanosecond; in these nothing has to be rounded.
const SAMPLE: u128 = 125_000;

#[derive(Clone, Debug)]
struct Track {
    item: String,
    response: Option<String>,
    produced: u64,
    taken: u64,
    /// What was played, in thirds of a nanosecond.
    played: u128,
    /// Where pieces were lost for a slow reader, which a player passes over, and how long they were.
    lost: Vec<(u64, u64)>,
    /// The last position that was reported.
    told: u64,
    complete: bool,
}

impl Track {
    fn played(&self) -> u64 {
        u64::try_from(self.played / SAMPLE).unwrap()
    }

    /// Plays for a while; returns what is left of it.
    fn play(&mut self, mut left: u128) -> u128 {
        loop {
            let lost = self
                .lost
                .iter()
                .find(|(from, _)| u128::from(*from) * SAMPLE >= self.played);
            let until = lost.map_or(self.taken, |(from, _)| *from);
            let step = (u128::from(until) * SAMPLE - self.played).min(left);
            self.played += step;
            left -= step;
            match lost {
                Some((from, length)) if u128::from(*from) * SAMPLE == self.played => {
                    self.played += u128::from(*length) * SAMPLE;
                }
                _ => return left,
            }
        }
    }
}

pub(super) struct Speaker {
    /// Whether it reports; else the session has to imagine it.
    pub(super) reports: bool,
    begun: bool,
    tracks: Vec<Track>,
    played_until: Time,
}

impl Speaker {
    pub(super) const fn new(reports: bool) -> Self {
        Self {
            reports,
            begun: false,
            tracks: Vec::new(),
            played_until: Time::ZERO,
        }
    }

    /// The session lets this much of an item through.
    pub(super) fn produced(&mut self, item: &str, response: Option<&str>, samples: u64) {
        let known = self.tracks.iter_mut().rev();
        let known = known.filter(|track| !track.complete);
        if let Some(track) = known.into_iter().find(|track| track.item == item) {
            track.produced += samples;
        } else {
            self.tracks.push(Track {
                item: item.to_owned(),
                response: response.map(str::to_owned),
                produced: samples,
                taken: 0,
                played: 0,
                lost: Vec::new(),
                told: 0,
                complete: false,
            });
        }
    }

    /// How much of an item was produced before.
    pub(super) fn offset(&self, item: &str) -> u64 {
        let known = self.tracks.iter().rev().find(|track| track.item == item);
        known
            .filter(|track| !track.complete)
            .map_or(0, |track| track.produced)
    }

    /// The reader has taken a piece. A player that reports says at once that it has begun.
    pub(super) fn take(&mut self, now: Time, item: &str, samples: u64) -> Option<Played> {
        self.play(now);
        let waits = |track: &&mut Track| track.item == item && track.taken < track.produced;
        if let Some(track) = self.tracks.iter_mut().find(waits) {
            track.taken += samples;
        }
        let begins = self.reports && !std::mem::replace(&mut self.begun, true);
        begins.then(|| Played {
            item: Some(item.into()),
            samples: 0,
        })
    }

    /// What the reader has not taken is lost.
    pub(super) fn lose_unread(&mut self, now: Time) {
        self.play(now);
        for track in &mut self.tracks {
            if track.taken < track.produced {
                if track.told == track.taken {
                    track.told = track.produced;
                }
                track.lost.push((track.taken, track.produced - track.taken));
                track.taken = track.produced;
            }
        }
        self.play(now);
    }

    /// Responses of which more may come.
    pub(super) fn unfinished(&self) -> Vec<String> {
        let unfinished = self.tracks.iter().filter(|track| !track.complete);
        unfinished
            .filter_map(|track| track.response.clone())
            .collect()
    }

    /// Nothing more of a response will come.
    pub(super) fn nothing_more_of(&mut self, response: Option<&str>) {
        for track in &mut self.tracks {
            if response.is_none()
                || track.response.as_deref() == response
                || track.response.is_none()
            {
                track.complete = true;
            }
        }
    }

    /// Plays until `now`.
    pub(super) fn play(&mut self, now: Time) {
        let mut left = (now - self.played_until).as_nanos() * 3;
        self.played_until = now;
        for track in &mut self.tracks {
            left = track.play(left);
            if track.taken < track.produced {
                break;
            }
        }
    }

    /// What it reports now, if it does and has played anything.
    pub(super) fn report(&mut self, now: Time) -> Option<Played> {
        self.play(now);
        if !self.reports || !self.begun {
            return None;
        }
        let place = self.tracks.iter().rposition(|track| track.played > 0)?;
        for track in &mut self.tracks[..place] {
            track.told = track.produced;
        }
        let track = &mut self.tracks[place];
        track.told = track.told.max(track.played());
        Some(Played {
            item: Some(track.item.as_str().into()),
            samples: track.played(),
        })
    }

    /// Playback is stopped, and the session says how much was heard: exactly what was reported, or
    /// what was played, which is known to a sample.
    pub(super) fn stop(&mut self, now: Time, said: &[Heard]) {
        self.check(now, said);
        self.tracks.clear();
    }

    pub(super) fn check(&mut self, now: Time, said: &[Heard]) {
        self.play(now);
        let slack = u64::from(!self.reports);
        let mut said = said.iter();
        for track in &self.tracks {
            let heard = if self.reports {
                track.told
            } else {
                track.played()
            };
            assert!(heard <= track.produced, "{track:?}");
            let settled = track.complete && heard + slack >= track.produced;
            let next = said.clone().next();
            let same =
                next.filter(|next| next.item.as_ref().map(AsRef::as_ref) == Some(&*track.item));
            match same {
                Some(report) => {
                    said.next();
                    assert_eq!(report.produced, track.produced, "{report:?}, {track:?}");
                    assert!(
                        report.heard.abs_diff(heard) <= slack,
                        "{report:?}, but {heard} was heard: {track:?}"
                    );
                }
                None => assert!(settled, "nothing is said of {track:?}, {heard} heard"),
            }
        }
        assert_eq!(said.next(), None, "never played");
    }
}

/// Whether a millisecond of it was heard: what the wires can say.
pub(super) fn is_audible(heard: u64) -> bool {
    FORMAT.millis_of(heard) > 0
}
