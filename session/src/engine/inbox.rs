//! What waits for the primary reader.
//!
//! Control events are never dropped. Media is bounded in bytes: over the bound, reading from the
//! socket pauses. The queue stays in the session's task so that an interruption can remove unread
//! media of the items it voids; only a little is on its way to the reader at any time.

use std::collections::VecDeque;

use antiphon_protocol::{AudioChunk, Event, Time};

/// What a small event takes in the account.
const OVERHEAD: usize = 256;

#[derive(Debug)]
pub(crate) struct Inbox {
    events: VecDeque<Event>,
    media: usize,
    control: usize,
    /// Most media that may wait, and again as much reserve for control, in bytes.
    limit: usize,
    /// Since when it has been full.
    full: Option<Time>,
    /// Whether somebody reads.
    open: bool,
    dropped: usize,
}

impl Inbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            events: VecDeque::new(),
            media: 0,
            control: 0,
            limit,
            full: None,
            open: true,
            dropped: 0,
        }
    }

    pub(crate) fn push(&mut self, now: Time, event: Event) {
        if !self.open {
            return;
        }
        *self.account(&event) += weight(&event);
        self.events.push_back(event);
        self.note(now);
    }

    pub(crate) fn pop(&mut self, now: Time) -> Option<Event> {
        let event = self.events.pop_front()?;
        *self.account(&event) -= weight(&event);
        self.note(now);
        Some(event)
    }

    /// What the next event takes.
    pub(crate) fn next_weight(&self) -> Option<usize> {
        self.events.front().map(weight)
    }

    /// Removes unread media that `is_void` names; returns how many bytes of audio that was.
    pub(crate) fn void(
        &mut self,
        now: Time,
        mut is_void: impl FnMut(&AudioChunk) -> bool,
    ) -> usize {
        let (mut weight_removed, mut bytes) = (0, 0);
        self.events.retain(|event| match event {
            Event::Audio(chunk) if is_void(chunk) => {
                weight_removed += weight(event);
                bytes += chunk.data.len();
                false
            }
            _ => true,
        });
        self.media -= weight_removed;
        self.note(now);
        bytes
    }

    /// Removes all unread media, tells it piece by piece, and counts it as lost.
    pub(crate) fn drop_media(&mut self, now: Time, mut lost: impl FnMut(&AudioChunk)) -> usize {
        let bytes = self.void(now, |chunk| {
            lost(chunk);
            true
        });
        self.dropped += bytes;
        bytes
    }

    /// Nobody reads any more.
    pub(crate) fn shut(&mut self) {
        self.open = false;
        self.events.clear();
        self.media = 0;
        self.control = 0;
        self.full = None;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Bytes of audio that nobody has read.
    #[cfg(test)]
    pub(crate) fn unread_audio(&self) -> usize {
        let bytes = self.events.iter().map(|event| match event {
            Event::Audio(chunk) => chunk.data.len(),
            _ => 0,
        });
        bytes.sum()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether the socket may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.full.is_none()
    }

    /// Since when it has been full.
    pub(crate) fn full_since(&self) -> Option<Time> {
        self.full
    }

    fn account(&mut self, event: &Event) -> &mut usize {
        if matches!(event, Event::Audio(_)) {
            &mut self.media
        } else {
            &mut self.control
        }
    }

    fn note(&mut self, now: Time) {
        if self.media < self.limit && self.control < self.limit {
            self.full = None;
        } else if self.full.is_none() {
            self.full = Some(now);
        }
    }
}

fn weight(event: &Event) -> usize {
    OVERHEAD + event.payload_bytes()
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::AudioFormat;
    use bytes::Bytes;

    use super::*;

    fn audio(item: &str, bytes: usize) -> Event {
        let mut chunk = AudioChunk::new(Bytes::from(vec![0; bytes]), AudioFormat::PCM16_24K);
        chunk.item = Some(item.into());
        Event::Audio(chunk)
    }

    const NOW: Time = Time::ZERO;

    #[test]
    fn media_over_the_bound_pauses_reading_and_control_does_not_count_against_it() {
        let mut inbox = Inbox::new(10_000);
        for _ in 0..30 {
            inbox.push(NOW, Event::InputCleared);
        }
        inbox.push(NOW, audio("a", 9_000));
        assert!(inbox.has_room());
        inbox.push(Time::from_millis(5), audio("a", 1_000));
        assert_eq!(inbox.full_since(), Some(Time::from_millis(5)));
        inbox.push(Time::from_millis(6), Event::InputCleared);
        assert_eq!(
            inbox.full_since(),
            Some(Time::from_millis(5)),
            "the first moment counts"
        );
        while inbox.pop(NOW).is_some() {}
        assert!(inbox.has_room());
        assert_eq!((inbox.media, inbox.control), (0, 0));
    }

    #[test]
    fn an_interruption_frees_the_room_of_what_it_voids_and_keeps_order() {
        let mut inbox = Inbox::new(1_000);
        inbox.push(NOW, audio("a", 900));
        inbox.push(NOW, Event::InputCleared);
        inbox.push(NOW, audio("b", 900));
        assert!(!inbox.has_room());
        assert_eq!(inbox.void(NOW, |chunk| chunk.item == Some("a".into())), 900);
        assert_eq!(inbox.pop(NOW), Some(Event::InputCleared));
        assert_eq!(inbox.pop(NOW), Some(audio("b", 900)));
        assert!(inbox.has_room());
    }

    #[test]
    fn without_a_reader_nothing_is_kept() {
        let mut inbox = Inbox::new(1_000);
        inbox.push(NOW, audio("a", 5_000));
        inbox.shut();
        inbox.push(NOW, audio("a", 5_000));
        assert!(inbox.is_empty() && inbox.has_room());
    }
}
