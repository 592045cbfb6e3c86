//! A simulated loudspeaker: plays what it is given in real time, and reports what was heard.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_protocol::{AudioChunk, ItemId};
use antiphon_session::Playback;
use tokio::{task::JoinHandle, time};

/// How often it reports.
const STEP: Duration = Duration::from_millis(40);

#[derive(Default)]
struct Queue {
    /// Pieces that wait: their item, the sample at which they end, and how long they sound.
    pieces: VecDeque<(Option<ItemId>, u64, Duration)>,
    played: u64,
}

/// What is to be played, in the handlers' hands.
#[derive(Clone, Default)]
pub(super) struct Speaker(Arc<Mutex<Queue>>);

impl Speaker {
    fn with<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plays `chunk` after all that waits.
    pub(super) fn play(&self, chunk: &AudioChunk) {
        let end = chunk.offset + chunk.samples();
        let piece = (chunk.item.clone(), end, chunk.duration());
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
        self.with(|queue| {
            let Some((_, _, length)) = queue.pieces.front() else {
                *ready = Duration::ZERO;
                return None;
            };
            *ready = ready.checked_sub(*length)?;
            let (item, end, _) = queue.pieces.pop_front()?;
            queue.played += end;
            Some((item, end))
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
