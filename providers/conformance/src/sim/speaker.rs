//! A simulated loudspeaker: plays what it is given in real time, and reports what was heard.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_protocol::{AudioChunk, ItemId};
use antiphon_session::Playback;
use tokio::{task::JoinHandle, time};

/// How often it reports.
const STEP: Duration = Duration::from_millis(40);
/// How much more a careless one reports than it was given, in samples.
const BOAST: u64 = 4_800;

struct Piece {
    item: Option<ItemId>,
    /// The sample of its item at which it ends.
    end: u64,
    samples: u64,
    length: Duration,
}

#[derive(Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    played: u64,
    /// The most that was reported of each item.
    reported: BTreeMap<ItemId, u64>,
}

/// What is to be played, in the handlers' hands.
#[derive(Clone, Default)]
pub(super) struct Speaker {
    queue: Arc<Mutex<Queue>>,
    /// Whether it reports more than it was given, as players that count their own latency do.
    careless: bool,
}

impl Speaker {
    pub(super) fn new(careless: bool) -> Self {
        Self {
            queue: Arc::default(),
            careless,
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        change(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plays `chunk` after all that waits.
    pub(super) fn play(&self, chunk: &AudioChunk) {
        let piece = Piece {
            item: chunk.item.clone(),
            end: chunk.offset + chunk.samples(),
            samples: chunk.samples(),
            length: chunk.duration(),
        };
        self.with(|queue| queue.pieces.push_back(piece));
    }

    /// Drops all that waits.
    pub(super) fn flush(&self) {
        self.with(|queue| queue.pieces.clear());
    }

    /// Samples played so far.
    pub(super) fn played(&self) -> u64 {
        self.with(|queue| queue.played)
    }

    /// How much of `item` was reported at most.
    pub(super) fn reported(&self, item: &ItemId) -> Option<u64> {
        self.with(|queue| queue.reported.get(item).copied())
    }

    /// Plays in real time until dropped.
    pub(super) fn run(&self, playback: Playback) -> Running {
        let speaker = self.clone();
        Running(tokio::spawn(async move {
            let mut ready = Duration::ZERO;
            loop {
                time::sleep(STEP).await;
                ready += STEP;
                while let Some((item, end)) = speaker.step(&mut ready) {
                    playback.heard(item, end);
                }
            }
        }))
    }

    /// Takes the next piece that has been played to its end within `ready`.
    fn step(&self, ready: &mut Duration) -> Option<(Option<ItemId>, u64)> {
        let boast = if self.careless { BOAST } else { 0 };
        self.with(|queue| {
            let Some(next) = queue.pieces.front() else {
                *ready = Duration::ZERO;
                return None;
            };
            *ready = ready.checked_sub(next.length)?;
            let piece = queue.pieces.pop_front()?;
            queue.played += piece.samples;
            let end = piece.end + boast;
            if let Some(item) = &piece.item {
                let most = queue.reported.entry(item.clone()).or_default();
                *most = end.max(*most);
            }
            Some((piece.item, end))
        })
    }
}

/// A speaker that plays until this is dropped.
pub(super) struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}
