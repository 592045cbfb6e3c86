//! How much of the model's speech was heard, item by item, in samples.
//!
//! Fed by what a player reports; until the first report the player is imagined: it plays in real time
//! what the reader has taken. Monotone, and never past what was produced.

use std::collections::VecDeque;

use antiphon_protocol::{AudioChunk, AudioFormat, Heard, ItemId, ResponseId, Time};

use super::{
    Played,
    flaw::{Defect, Flaw},
};

/// Voided items and responses whose late deltas are still recognised.
const REMEMBERED: usize = 64;
/// Items that may wait to be heard; the oldest is taken as heard beyond that.
const TRACKS: usize = 4096;

#[derive(Clone, Debug)]
struct Track {
    item: Option<ItemId>,
    content_index: u32,
    response: Option<ResponseId>,
    /// On a continuous track: samples of it before this part.
    base: u64,
    produced: u64,
    /// What the reader has taken; the imagined player can play no more than that.
    taken: u64,
    /// Where pieces were dropped for a slow reader and how long they are: a player passes over them.
    gaps: VecDeque<(u64, u64)>,
    heard: u64,
    /// Whether nothing more of it will come.
    complete: bool,
    /// Whether the provider knows nothing of it, because the connection that it came by is gone.
    orphan: bool,
}

impl Track {
    fn is_settled(&self) -> bool {
        self.complete && self.heard >= self.produced
    }

    /// Plays so many samples at most; returns how many it has played.
    fn play(&mut self, most: u64) -> u64 {
        let mut left = most;
        loop {
            let until = self.gaps.front().map_or(self.taken, |(from, _)| *from);
            let step = left.min(until.saturating_sub(self.heard));
            self.heard += step;
            left -= step;
            if !self.pass_gap() {
                return most - left;
            }
        }
    }

    /// Passes over a gap that the player has come to.
    fn pass_gap(&mut self) -> bool {
        let Some((from, length)) = self.gaps.front().copied() else {
            return false;
        };
        let reached = from <= self.heard;
        if reached {
            self.gaps.pop_front();
            self.heard = self.heard.max(from.saturating_add(length));
        }
        reached
    }

    /// What the imagined player has still to play.
    fn waiting(&self) -> u64 {
        let gaps: u64 = self.gaps.iter().map(|(_, length)| length).sum();
        self.taken.saturating_sub(self.heard).saturating_sub(gaps)
    }

    fn stopped(&self) -> Stopped {
        Stopped {
            content_index: self.content_index,
            orphan: self.orphan,
            heard: Heard {
                item: self.item.clone(),
                heard: self.heard,
                produced: self.produced,
            },
        }
    }
}

/// An item whose playback was stopped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stopped {
    pub(crate) content_index: u32,
    pub(crate) heard: Heard,
    /// Whether the provider knows nothing of it.
    pub(crate) orphan: bool,
}

#[derive(Debug)]
pub(crate) struct Playhead {
    format: AudioFormat,
    tracks: VecDeque<Track>,
    /// Up to when the imagined player has been advanced; `None` once a real one reports.
    imagined: Option<Time>,
    void_items: VecDeque<ItemId>,
    void_responses: VecDeque<ResponseId>,
    /// Whether audio without an item belongs to an interrupted answer.
    void_track: bool,
    /// Samples of the continuous track so far.
    continuous: u64,
    pub(super) flaw: Flaw,
}

impl Playhead {
    pub(crate) fn new(format: AudioFormat) -> Self {
        Self {
            format,
            tracks: VecDeque::new(),
            imagined: Some(Time::ZERO),
            void_items: VecDeque::new(),
            void_responses: VecDeque::new(),
            void_track: false,
            continuous: 0,
            flaw: Flaw::default(),
        }
    }

    /// Takes in a produced chunk; returns how many samples of its item came before it, or `None`
    /// when it belongs to something that was interrupted and must not be heard.
    pub(crate) fn produced(&mut self, now: Time, chunk: &AudioChunk) -> Option<u64> {
        if self.is_void(chunk) {
            return None;
        }
        self.advance(now);
        let known = self.tracks.iter_mut().rev().find(|track| {
            track.item == chunk.item
                && track.content_index == chunk.content_index
                && !track.complete
        });
        let samples = chunk.samples();
        let base = if chunk.item.is_none() {
            let base = self.continuous;
            self.continuous = base.saturating_add(samples);
            base
        } else {
            0
        };
        if let Some(track) = known {
            let offset = track.base.saturating_add(track.produced);
            track.produced = track.produced.saturating_add(samples);
            return Some(offset);
        }
        self.tracks.push_back(Track {
            item: chunk.item.clone(),
            content_index: chunk.content_index,
            response: chunk.response.clone(),
            base,
            produced: samples,
            taken: 0,
            gaps: VecDeque::new(),
            heard: 0,
            complete: false,
            orphan: false,
        });
        if self.tracks.len() > TRACKS {
            self.tracks.pop_front();
        }
        Some(base)
    }

    /// The reader has taken a chunk.
    pub(crate) fn taken(&mut self, now: Time, chunk: &AudioChunk) {
        self.advance(now);
        if let Some(track) = self.untaken(chunk) {
            track.taken = track
                .taken
                .saturating_add(chunk.samples())
                .min(track.produced);
        }
    }

    /// A chunk was dropped before the reader took it: nobody will play it.
    pub(crate) fn dropped(&mut self, now: Time, chunk: &AudioChunk) {
        self.advance(now);
        if let Some(track) = self.untaken(chunk) {
            let length = chunk.samples().min(track.produced - track.taken);
            track.gaps.push_back((track.taken, length));
            track.taken += length;
            track.pass_gap();
        }
        self.forget_settled();
    }

    /// The track that has this chunk next.
    fn untaken(&mut self, chunk: &AudioChunk) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| {
            track.item == chunk.item
                && track.content_index == chunk.content_index
                && track.taken < track.produced
        })
    }

    /// The provider knows nothing more of what is still to be heard.
    pub(crate) fn orphan(&mut self) {
        for track in &mut self.tracks {
            track.complete = true;
            track.orphan = true;
        }
    }

    /// Nothing more of `item` will come.
    pub(crate) fn complete(&mut self, item: Option<&ItemId>) {
        for track in self
            .tracks
            .iter_mut()
            .filter(|track| track.item.as_ref() == item)
        {
            track.complete = true;
        }
    }

    /// The response is over: nothing more of its items will come.
    pub(crate) fn response_done(&mut self, response: Option<&ResponseId>) {
        self.void_track = false;
        for track in &mut self.tracks {
            if response.is_none() || track.response.as_ref() == response || track.response.is_none()
            {
                track.complete = true;
            }
        }
    }

    /// Takes in what a player reports. Reports behind the playhead or past production are clamped.
    pub(crate) fn report(&mut self, played: &Played) {
        self.imagined = None;
        let known = |track: &Track| track.item == played.item && track.base <= played.samples;
        let place = match &played.item {
            Some(_) => self.tracks.iter().position(known),
            None => self.tracks.iter().rposition(known),
        };
        let Some(place) = place else {
            return;
        };
        for track in self.tracks.iter_mut().take(place) {
            track.heard = track.produced;
        }
        if let Some(track) = self.tracks.get_mut(place) {
            let samples = played.samples - track.base;
            let most = if self.flaw.is(Defect::PlayheadUnclamped) {
                u64::MAX
            } else {
                track.produced
            };
            track.heard = track.heard.max(samples.min(most));
            while track.pass_gap() {}
        }
        self.forget_settled();
    }

    /// Lets the imagined player play until `now`.
    pub(crate) fn advance(&mut self, now: Time) {
        let Some(since) = self.imagined else { return };
        let mut budget = self.format.samples_in(now - since);
        let mut played = 0;
        for track in &mut self.tracks {
            let step = track.play(budget);
            budget -= step;
            played += step;
            if track.heard < track.produced {
                // Items are played in order, also when the reader has taken only part of one.
                break;
            }
        }
        // Only the time that the samples took is used up, so that fractions of a sample add up;
        // a player that has run dry has nothing to catch up with.
        let used = if budget > 0 {
            now
        } else {
            since + self.format.duration_of(played)
        };
        self.imagined = Some(used);
        self.forget_settled();
    }

    /// Whether produced speech is still to be heard.
    pub(crate) fn is_playing(&self) -> bool {
        self.tracks.iter().any(|track| track.heard < track.produced)
    }

    /// When the imagined player will have played all there is.
    pub(crate) fn runs_dry(&self) -> Option<Time> {
        let since = self.imagined?;
        let left: u64 = self.tracks.iter().map(Track::waiting).sum();
        // One nanosecond more, since durations are rounded down.
        (left > 0)
            .then(|| since + self.format.duration_of(left) + std::time::Duration::from_nanos(1))
    }

    /// Stops playback: what was open and how much of it was heard. From here on its late deltas
    /// are void.
    pub(crate) fn interrupt(&mut self, now: Time, responding: bool) -> Vec<Stopped> {
        self.advance(now);
        let mut open = Vec::new();
        for track in self.tracks.drain(..).filter(|track| !track.is_settled()) {
            let stopped = track.stopped();
            remember(&mut self.void_items, track.item.clone());
            if !track.complete {
                remember(&mut self.void_responses, track.response);
            }
            self.void_track |= track.item.is_none() && responding;
            open.push(stopped);
        }
        open
    }

    /// The player has thrown away what it had: of items that it was given whole, no more will be heard.
    pub(crate) fn flushed(&mut self) -> Vec<Stopped> {
        self.imagined = None;
        let mut flushed = Vec::new();
        self.tracks.retain(|track| {
            let gone = track.complete && track.taken >= track.produced;
            if gone && track.heard < track.produced {
                flushed.push(track.stopped());
            }
            !gone
        });
        flushed
    }

    /// Marks a response whose later items must not be heard either.
    pub(crate) fn void_response(&mut self, response: Option<ResponseId>) {
        remember(&mut self.void_responses, response);
    }

    /// Whether a chunk belongs to something that was interrupted.
    pub(crate) fn is_void(&self, chunk: &AudioChunk) -> bool {
        (chunk.item.is_none() && self.void_track)
            || self.is_void_item(chunk.item.as_ref(), chunk.response.as_ref())
    }

    /// Whether an item or response was interrupted.
    pub(crate) fn is_void_item(
        &self,
        item: Option<&ItemId>,
        response: Option<&ResponseId>,
    ) -> bool {
        (item.is_none() && response.is_none() && self.void_track)
            || item.is_some_and(|item| self.void_items.contains(item))
            || response.is_some_and(|response| self.void_responses.contains(response))
    }

    /// Whether the player is imagined, because none has reported.
    pub(crate) fn is_imagined(&self) -> bool {
        self.imagined.is_some()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn at(&self) -> crate::testing::PlayheadAt {
        crate::testing::PlayheadAt {
            estimated: self.is_imagined(),
            open: self.unsettled(),
        }
    }

    /// What is open, and how much of it was heard.
    pub(crate) fn open(&mut self, now: Time) -> Vec<Heard> {
        self.advance(now);
        self.unsettled()
    }

    fn unsettled(&self) -> Vec<Heard> {
        let open = self.tracks.iter().filter(|track| !track.is_settled());
        open.map(|track| Heard {
            item: track.item.clone(),
            heard: track.heard,
            produced: track.produced,
        })
        .collect()
    }

    fn forget_settled(&mut self) {
        while self.tracks.front().is_some_and(Track::is_settled) {
            self.tracks.pop_front();
        }
    }
}

fn remember<T: PartialEq>(void: &mut VecDeque<T>, name: Option<T>) {
    if let Some(name) = name
        && !void.contains(&name)
    {
        void.push_back(name);
        if void.len() > REMEMBERED {
            void.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
