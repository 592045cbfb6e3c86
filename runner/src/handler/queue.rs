//! A lane's queue: bounded, oldest out first, and what it dropped is counted.

use std::{
    collections::VecDeque,
    ops::ControlFlow,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::Notice;

/// Bounds on the lanes of handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneLimits {
    /// Most bytes that wait in the audio lane. 8 MiB, some three minutes of PCM16 at 24 kHz.
    pub audio_bytes: usize,
    /// Most bytes that wait in each of the other lanes. 1 MiB.
    pub bytes: usize,
    /// How long one handler may take before it is reported as slow. 1 s.
    pub slow_after: Duration,
    /// How long tools and handlers have to come to rest once the session is over. 5 s.
    pub drain: Duration,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            audio_bytes: 8 * 1024 * 1024,
            bytes: 1024 * 1024,
            slow_after: Duration::from_secs(1),
            drain: Duration::from_secs(5),
        }
    }
}

#[derive(Debug, Default)]
struct Shelf {
    waiting: VecDeque<Notice>,
    bytes: usize,
    /// Whether anything was dropped since the lane's task last looked.
    lagging: bool,
    /// Dropped since the last report.
    unreported: u64,
    missed: u64,
    closed: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    shelf: Mutex<Shelf>,
    wake: Notify,
    most_bytes: usize,
}

impl Queue {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            shelf: Mutex::default(),
            wake: Notify::new(),
            most_bytes,
        }
    }

    /// Adds a notice, and drops the oldest ones if there is no room. Tells how many were dropped when
    /// these are the first since the lane's task looked.
    pub(super) fn push(&self, notice: Notice) -> u64 {
        let mut shelf = self.lock();
        if shelf.closed {
            return 0;
        }
        shelf.bytes = shelf.bytes.saturating_add(notice.bytes());
        shelf.waiting.push_back(notice);
        let mut dropped = 0;
        while shelf.bytes > self.most_bytes && shelf.waiting.len() > 1 {
            // An order to stop playing outlives the audio it is about.
            let place = shelf
                .waiting
                .iter()
                .position(|notice| !matches!(notice, Notice::Flush(_)));
            let Some(oldest) = shelf.waiting.remove(place.unwrap_or(0)) else {
                break;
            };
            shelf.bytes = shelf.bytes.saturating_sub(oldest.bytes());
            dropped += 1;
        }
        shelf.missed += dropped;
        let first = dropped > 0 && !shelf.lagging;
        shelf.lagging |= first;
        shelf.unreported += if first { 0 } else { dropped };
        drop(shelf);
        self.wake.notify_one();
        if first { dropped } else { 0 }
    }

    /// Removes what must not be heard any more; it counts as interrupted, not as missed.
    pub(super) fn remove(&self, voided: impl Fn(&Notice) -> bool) {
        let mut shelf = self.lock();
        let bytes = &mut 0_usize;
        shelf.waiting.retain(|notice| {
            let gone = voided(notice);
            if gone {
                *bytes += notice.bytes();
            }
            !gone
        });
        shelf.bytes = shelf.bytes.saturating_sub(*bytes);
    }

    /// Lets the lane's task end when it has come to the end of the queue.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Counts everything that still waits as missed.
    pub(super) fn abandon(&self) {
        let mut shelf = self.lock();
        shelf.closed = true;
        shelf.missed += shelf.waiting.len() as u64;
        shelf.waiting.clear();
        shelf.bytes = 0;
    }

    pub(super) fn missed(&self) -> u64 {
        self.lock().missed
    }

    /// The next notice, after how many were dropped unreported; `None` when the queue is closed and
    /// empty. Cancel safe. For one task at a time.
    pub(super) async fn next(&self) -> Option<(Notice, u64)> {
        loop {
            match self.try_next() {
                ControlFlow::Break(next) => return next,
                ControlFlow::Continue(()) => self.wake.notified().await,
            }
        }
    }

    fn try_next(&self) -> ControlFlow<Option<(Notice, u64)>> {
        let mut shelf = self.lock();
        let Some(notice) = shelf.waiting.pop_front() else {
            return if shelf.closed {
                ControlFlow::Break(None)
            } else {
                ControlFlow::Continue(())
            };
        };
        shelf.bytes = shelf.bytes.saturating_sub(notice.bytes());
        shelf.lagging = false;
        ControlFlow::Break(Some((notice, std::mem::take(&mut shelf.unreported))))
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::{AudioChunk, AudioFormat};

    use super::*;

    fn chunk(bytes: usize) -> Notice {
        Notice::Audio(AudioChunk::new(
            vec![0; bytes].into(),
            AudioFormat::PCM16_24K,
        ))
    }

    async fn lengths(queue: &Queue) -> Vec<Option<usize>> {
        queue.close();
        let mut found = Vec::new();
        while let Some((notice, _)) = queue.next().await {
            found.push(match notice {
                Notice::Audio(chunk) => Some(chunk.data.len()),
                _ => None,
            });
        }
        found
    }

    #[tokio::test]
    async fn a_full_queue_drops_its_oldest_notices_and_counts_them() {
        let queue = Queue::new(4000);
        assert_eq!(queue.push(chunk(1000)), 0);
        assert_eq!(queue.push(chunk(1002)), 0);
        assert_eq!(queue.push(chunk(3000)), 2, "told at once");
        assert_eq!(
            queue.push(chunk(3002)),
            0,
            "and then when the lane comes to it"
        );
        assert_eq!(queue.missed(), 3);
        assert!(matches!(queue.next().await, Some((_, 1))));
    }

    #[tokio::test]
    async fn the_newest_notice_is_kept_however_large() {
        let queue = Queue::new(10);
        queue.push(chunk(20));
        assert_eq!(queue.push(chunk(30)), 1);
        assert_eq!(lengths(&queue).await, [Some(30)]);
    }

    #[tokio::test]
    async fn an_order_to_flush_is_not_dropped() {
        let queue = Queue::new(1600 + 2 * size_of::<Notice>());
        queue.push(Notice::Flush(None));
        queue.push(chunk(1500));
        queue.push(chunk(1502));
        assert_eq!(lengths(&queue).await, [None, Some(1502)]);
    }

    #[tokio::test]
    async fn removed_notices_give_their_room_back() {
        let queue = Queue::new(4000);
        queue.push(chunk(3000));
        queue.remove(|notice| matches!(notice, Notice::Audio(_)));
        assert_eq!(queue.push(chunk(3002)), 0);
        assert_eq!(queue.missed(), 0);
        assert_eq!(lengths(&queue).await, [Some(3002)]);
    }
}
