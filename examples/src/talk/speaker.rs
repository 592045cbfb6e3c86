//! A loudspeaker without a sound card: it plays at the pace of a clock and remembers what was heard.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{AudioChunk, AudioFormat, ItemId};

use super::wire_audio;

/// Audio that was heard without a pause.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// When it began, on the conversation's clock.
    pub at: Duration,
    /// Which turn it answers.
    pub turn: usize,
    /// What was heard.
    pub samples: Vec<i16>,
}

/// How far an item has been heard, in samples from its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The item; `None` on a continuous track.
    pub item: Option<ItemId>,
    /// Samples heard.
    pub samples: u64,
}

/// Audio that waits to be played.
#[derive(Debug)]
struct Piece {
    item: Option<ItemId>,
    turn: usize,
    /// Samples of the item before `samples`.
    offset: u64,
    samples: Vec<i16>,
    /// How many of `samples` have been heard.
    heard: usize,
}

/// Plays answers in the order they arrive.
#[derive(Debug)]
pub struct Speaker {
    format: AudioFormat,
    queue: VecDeque<Piece>,
    /// Up to when the queue has been played; `None` while it is silent.
    played_until: Option<Duration>,
    heard: Vec<Stretch>,
}

impl Speaker {
    /// A silent loudspeaker for this wire.
    pub fn new(format: AudioFormat) -> Self {
        Self {
            format,
            queue: VecDeque::new(),
            played_until: None,
            heard: Vec::new(),
        }
    }

    /// Takes in a piece of an answer that arrived `at` this time.
    pub fn take(&mut self, at: Duration, chunk: &AudioChunk, turn: usize) {
        let samples = wire_audio::decode(&chunk.data, chunk.format);
        if samples.is_empty() {
            return;
        }
        self.played_until.get_or_insert(at);
        let (item, offset) = (chunk.item.clone(), chunk.offset);
        self.queue.push_back(Piece {
            item,
            turn,
            offset,
            samples,
            heard: 0,
        });
    }

    /// Plays up to `now` and says how far each item got that was heard since the last call.
    pub fn play(&mut self, now: Duration) -> Vec<Progress> {
        let mut progress: Vec<Progress> = Vec::new();
        while let (Some(from), Some(piece)) = (self.played_until, self.queue.front_mut()) {
            let due = self.format.samples_in(now.saturating_sub(from));
            let left = piece.samples.len() - piece.heard;
            let count = left.min(usize::try_from(due).unwrap_or(usize::MAX));
            if count == 0 {
                break;
            }
            let fresh = piece.samples.iter().skip(piece.heard).take(count);
            record(
                &mut self.heard,
                self.format,
                from,
                piece.turn,
                fresh.copied(),
            );
            piece.heard += count;
            let samples = piece.offset + piece.heard as u64;
            match progress.last_mut().filter(|last| last.item == piece.item) {
                Some(last) => last.samples = samples,
                None => progress.push(Progress {
                    item: piece.item.clone(),
                    samples,
                }),
            }
            self.played_until = Some(from + self.format.duration_of(count as u64));
            if count == left {
                self.queue.pop_front();
            }
        }
        if self.queue.is_empty() {
            self.played_until = None;
        }
        progress
    }

    /// How long what waits would take to play.
    pub fn waiting(&self) -> Duration {
        let samples: usize = self
            .queue
            .iter()
            .map(|piece| piece.samples.len() - piece.heard)
            .sum();
        self.format.duration_of(samples as u64)
    }

    /// Whether everything has been played.
    pub fn is_silent(&self) -> bool {
        self.queue.is_empty()
    }

    /// Falls silent at once. Answers with the turns and items whose audio was dropped unheard, each
    /// once.
    pub fn hush(&mut self) -> Vec<(usize, Option<ItemId>)> {
        let dropped = self.queue.drain(..).map(|piece| (piece.turn, piece.item));
        let mut dropped: Vec<_> = dropped.collect();
        dropped.dedup();
        self.played_until = None;
        dropped
    }

    /// Everything that was heard, in order.
    pub fn heard(&self) -> &[Stretch] {
        &self.heard
    }

    /// Samples heard in answer to a turn.
    pub fn heard_in(&self, turn: usize) -> u64 {
        let stretches = self.heard.iter().filter(|stretch| stretch.turn == turn);
        stretches.map(|stretch| stretch.samples.len() as u64).sum()
    }
}

/// Adds to the last stretch where it goes on without a pause, else begins one.
fn record(
    heard: &mut Vec<Stretch>,
    format: AudioFormat,
    at: Duration,
    turn: usize,
    fresh: impl Iterator<Item = i16>,
) {
    // Durations of whole samples are rounded down; half a millisecond covers that.
    let slack = Duration::from_micros(500);
    if let Some(last) = heard.last_mut() {
        let end = last.at + format.duration_of(last.samples.len() as u64);
        if last.turn == turn && end.abs_diff(at) <= slack {
            last.samples.extend(fresh);
            return;
        }
    }
    heard.push(Stretch {
        at,
        turn,
        samples: fresh.collect(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: AudioFormat = AudioFormat::pcm16(1_000);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// `count` samples of `item` from `offset` on, each with its own number as value.
    fn chunk(item: &str, offset: u64, count: u64) -> AudioChunk {
        let data: Vec<u8> = (offset..offset + count)
            .flat_map(|n| (n as i16).to_le_bytes())
            .collect();
        let mut chunk = AudioChunk::new(data.into(), FORMAT);
        chunk.item = Some(ItemId::from(item));
        chunk.offset = offset;
        chunk
    }

    fn progress(item: &str, samples: u64) -> Progress {
        Progress {
            item: Some(ItemId::from(item)),
            samples,
        }
    }

    #[test]
    fn what_arrives_early_is_heard_in_its_own_time() {
        let mut speaker = Speaker::new(FORMAT);
        speaker.take(ms(100), &chunk("a", 0, 50), 0);
        speaker.take(ms(101), &chunk("a", 50, 50), 0);
        speaker.take(ms(102), &chunk("b", 0, 10), 0);
        assert_eq!(speaker.play(ms(100)), []);
        assert_eq!(speaker.play(ms(120)), [progress("a", 20)]);
        assert_eq!(
            speaker.play(ms(205)),
            [progress("a", 100), progress("b", 5)]
        );
        assert_eq!(speaker.waiting(), ms(5));
        assert_eq!(speaker.play(ms(300)), [progress("b", 10)]);
        assert!(speaker.is_silent());
        let [stretch] = speaker.heard() else {
            panic!("one stretch")
        };
        assert_eq!((stretch.at, stretch.samples.len()), (ms(100), 110));
    }

    #[test]
    fn a_pause_in_delivery_is_a_pause_in_playback() {
        let mut speaker = Speaker::new(FORMAT);
        speaker.take(ms(0), &chunk("a", 0, 10), 0);
        speaker.play(ms(50));
        speaker.take(ms(60), &chunk("a", 10, 10), 0);
        speaker.play(ms(100));
        let starts: Vec<_> = speaker.heard().iter().map(|stretch| stretch.at).collect();
        assert_eq!(starts, [ms(0), ms(60)]);
    }

    #[test]
    fn what_is_hushed_is_never_heard() {
        let mut speaker = Speaker::new(FORMAT);
        speaker.take(ms(0), &chunk("a", 0, 100), 0);
        speaker.take(ms(0), &chunk("b", 0, 100), 1);
        speaker.play(ms(30));
        let item = |item: &str| Some(ItemId::from(item));
        assert_eq!(speaker.hush(), [(0, item("a")), (1, item("b"))]);
        assert_eq!(speaker.play(ms(500)), []);
        assert_eq!((speaker.heard_in(0), speaker.heard_in(1)), (30, 0));
        assert!(speaker.hush().is_empty());
    }
}
