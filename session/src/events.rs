//! The readers: the primary one, which loses nothing, and observers, which may lag and are told so.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use antiphon_protocol::{Event, EventClass};
use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};

/// An event on its way to the primary reader, with the room it takes there.
pub(crate) struct Parcel {
    pub(crate) event: Event,
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

/// The primary reader: every event, in order, ending with exactly one
/// [`Event::Ended`](antiphon_protocol::Event::Ended).
///
/// A reader that is slow with media pauses reading from the socket, and nothing else. Dropping it
/// turns the primary queue off; the session goes on as long as a handle lives.
pub struct Events {
    pub(crate) parcels: mpsc::UnboundedReceiver<Parcel>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Events {
    /// The next event; `None` after the end. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.parcels.recv().await.map(|parcel| parcel.event)
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.parcels
            .poll_recv(cx)
            .map(|parcel| parcel.map(|parcel| parcel.event))
    }
}

/// Which classes of events an observer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFilter(u8);

impl EventFilter {
    /// Everything.
    pub const ALL: Self = Self(u8::MAX);
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything but media deltas.
    pub const CONTROL: Self = Self(!Self::bit(EventClass::Media));

    /// Just these classes.
    pub fn of(classes: &[EventClass]) -> Self {
        Self(
            classes
                .iter()
                .fold(0, |bits, class| bits | Self::bit(*class)),
        )
    }

    #[cfg(feature = "recording")]
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    #[cfg(all(feature = "recording", feature = "testing"))]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// Whether events of `class` pass. The end of the session passes every filter.
    pub const fn wants(self, class: EventClass) -> bool {
        self.0 & Self::bit(class) != 0
    }

    /// Whether `event` passes.
    pub(crate) const fn passes(self, event: &Event) -> bool {
        self.wants(event.class()) || (self.0 != 0 && matches!(event, Event::Ended(_)))
    }

    const fn bit(class: EventClass) -> u8 {
        match class {
            EventClass::Media => 1,
            EventClass::Text => 1 << 1,
            EventClass::Turn => 1 << 2,
            EventClass::Tool => 1 << 3,
            EventClass::Fault => 1 << 4,
            EventClass::Lifecycle => 1 << 5,
            EventClass::Other => 1 << 6,
        }
    }
}

/// How many events of each class there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassCounts([u64; CLASSES.len()]);

const CLASSES: [EventClass; 7] = [
    EventClass::Media,
    EventClass::Text,
    EventClass::Turn,
    EventClass::Tool,
    EventClass::Fault,
    EventClass::Lifecycle,
    EventClass::Other,
];

impl ClassCounts {
    /// How many of `class`.
    pub fn of(&self, class: EventClass) -> u64 {
        CLASSES
            .iter()
            .zip(self.0)
            .find_map(|(c, n)| (*c == class).then_some(n))
            .unwrap_or(0)
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, class: EventClass) {
        for (c, n) in CLASSES.iter().zip(&mut self.0) {
            *n += u64::from(*c == class);
        }
    }

    /// What lies between `earlier` and this, of the classes that `filter` wants.
    fn since(&self, earlier: &Self, filter: EventFilter) -> Self {
        let mut missed = Self::default();
        for (((class, late), early), gap) in
            CLASSES.iter().zip(self.0).zip(earlier.0).zip(&mut missed.0)
        {
            if filter.wants(*class) {
                *gap = late.saturating_sub(early);
            }
        }
        missed
    }
}

/// An event as observers share it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) event: Arc<Event>,
    /// What was shown before it, so that a gap can be counted.
    pub(crate) before: ClassCounts,
}

/// Where observers attach. Costs one atomic load per event while nobody does.
#[derive(Clone, Debug)]
pub(crate) struct Tap {
    shown: broadcast::Sender<Shown>,
    wanted: Arc<AtomicU8>,
    /// What was shown so far; written by the session's task alone.
    counts: Arc<[AtomicU64; CLASSES.len()]>,
}

/// Events an observer may fall behind before it lags.
const OBSERVER_SLOTS: usize = 512;

impl Tap {
    pub(crate) fn new() -> Self {
        Self {
            shown: broadcast::Sender::new(OBSERVER_SLOTS),
            wanted: Arc::default(),
            counts: Arc::default(),
        }
    }

    fn counts(&self) -> ClassCounts {
        ClassCounts(std::array::from_fn(|class| {
            self.counts
                .get(class)
                .map_or(0, |count| count.load(Ordering::Acquire))
        }))
    }

    /// A new observer; `is_over` is asked once it is attached.
    pub(crate) fn observe(&self, filter: EventFilter, is_over: impl FnOnce() -> bool) -> Observer {
        let shown = self.shown.subscribe();
        self.wanted.fetch_or(filter.0, Ordering::Relaxed);
        Observer {
            shown,
            filter,
            seen: self.counts(),
            held: None,
            over: is_over(),
        }
    }

    /// The classes that somebody wants.
    pub(crate) fn wanted(&self) -> EventFilter {
        EventFilter(self.wanted.load(Ordering::Relaxed))
    }

    /// Shows an event; when the last observer has left, nothing is wanted any more.
    pub(crate) fn show(&self, event: Event) {
        let (before, class) = (self.counts(), event.class());
        for (counted, count) in CLASSES.iter().zip(&*self.counts) {
            if *counted == class {
                count.fetch_add(1, Ordering::Release);
            }
        }
        let shown = Shown {
            event: Arc::new(event),
            before,
        };
        if self.shown.send(shown).is_err() {
            self.wanted.store(0, Ordering::Relaxed);
        }
    }
}

/// What an observer is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// An event that passes its filter.
    Event(Arc<Event>),
    /// It was too slow and missed this many events that would have passed.
    Lagged(ClassCounts),
}

/// A second reader. It never holds anything up; what it misses is counted for it.
#[derive(Debug)]
pub struct Observer {
    shown: broadcast::Receiver<Shown>,
    filter: EventFilter,
    /// What was shown up to the last event taken in, or before it attached.
    seen: ClassCounts,
    /// An event that waits behind the lag that was just reported.
    held: Option<Shown>,
    /// Whether the session is over: what is left can be read, and nothing more will come.
    over: bool,
}

impl Observer {
    /// The next event or lag; `None` after [`Event::Ended`]. Cancel safe.
    pub async fn next(&mut self) -> Option<Observed> {
        loop {
            let shown = self.shown().await?;
            let missed = shown.before.since(&self.seen, self.filter);
            if missed.total() > 0 {
                self.seen = shown.before;
                self.held = Some(shown);
                return Some(Observed::Lagged(missed));
            }
            let class = shown.event.class();
            let mut seen = shown.before;
            seen.add(class);
            self.seen = seen;
            self.over |= matches!(*shown.event, Event::Ended(_));
            if self.filter.passes(&shown.event) {
                return Some(Observed::Event(shown.event));
            }
        }
    }

    async fn shown(&mut self) -> Option<Shown> {
        use broadcast::error::{RecvError, TryRecvError};
        if let Some(shown) = self.held.take() {
            return Some(shown);
        }
        loop {
            // The gap after a lag is counted from the numbers of the next event that did arrive.
            match self.shown.try_recv() {
                Ok(shown) => return Some(shown),
                Err(TryRecvError::Lagged(_)) => continue,
                Err(TryRecvError::Empty) if !self.over => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
            match self.shown.recv().await {
                Ok(shown) => return Some(shown),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
