//! One open wire as the driver holds it: its halves and what waits to be written.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker, ready},
};

use antiphon_protocol::{End, Frame, WireSeq};

use crate::{Incoming, WirePair, WireRx, WireTx};

/// Bytes given to the wire before they are flushed, so that a long queue reports progress.
const BATCH: usize = 32 * 1024;
/// Bytes of a large frame that are worth telling of. Who takes in less by the deadline is stuck,
/// though it trickle.
const PART: u64 = 32 * 1024;

/// What has become of the frames that were to be written.
pub(super) enum Progress {
    /// All up to this one have got to the operating system.
    Written(WireSeq),
    /// Part of the next one has.
    Writing,
}

/// Places above which an empty queue is too large to be kept, and those it keeps then.
const PLACES: (usize, usize) = (128, 64);

enum Item {
    Frame(WireSeq, Frame),
    Ping,
}

pub(super) struct Lane {
    tx: Box<dyn WireTx>,
    rx: Box<dyn WireRx>,
    bell: Arc<Bell>,
    /// Rings the bell.
    cord: Waker,
    queue: VecDeque<Item>,
    /// Bytes given to the wire since the last flush.
    batch: usize,
    /// Whether something was given to the wire since the last flush.
    dirty: bool,
    /// The last frame given to the wire since the last flush.
    given: Option<WireSeq>,
    /// Bytes that had been handed over when that was last told.
    told: u64,
    hangup: Option<u16>,
    hung_up: bool,
    /// Why writing failed. The peer's last words may still be read.
    broken: Option<End>,
}

impl Lane {
    pub(super) fn new((tx, rx): WirePair) -> Self {
        let bell = Arc::new(Bell::default());
        Self {
            tx,
            rx,
            cord: Waker::from(Arc::clone(&bell)),
            bell,
            queue: VecDeque::new(),
            batch: 0,
            dirty: false,
            given: None,
            told: 0,
            hangup: None,
            hung_up: false,
            broken: None,
        }
    }

    pub(super) fn transmit(&mut self, seq: WireSeq, frame: Frame) {
        self.queue.push_back(Item::Frame(seq, frame));
    }

    pub(super) fn ping(&mut self) {
        // A ping that waits behind a full queue would tell nothing about the peer's life.
        self.queue.push_front(Item::Ping);
    }

    pub(super) fn hang_up(&mut self, code: u16) {
        self.hangup.get_or_insert(code);
    }

    /// Whether the goodbye is under way, so that only the peer's close frame is waited for.
    pub(super) const fn is_hanging_up(&self) -> bool {
        self.hangup.is_some()
    }

    /// Why writing failed, once.
    pub(super) fn take_broken(&mut self) -> Option<End> {
        self.broken.take()
    }

    /// Moves what waits towards the operating system. Yields what has got there.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        if self.broken.is_some() {
            return Poll::Pending;
        }
        match self.poll_write_unbroken(cx) {
            Poll::Ready(Ok(seq)) => return Poll::Ready(Progress::Written(seq)),
            Poll::Ready(Err(end)) => self.broken = Some(end),
            Poll::Pending if self.dirty => {
                let handed_over = self.tx.handed_over();
                if handed_over.saturating_sub(self.told) >= PART {
                    self.told = handed_over;
                    return Poll::Ready(Progress::Writing);
                }
            }
            Poll::Pending => {}
        }
        Poll::Pending
    }

    fn poll_write_unbroken(&mut self, cx: &mut Context<'_>) -> Poll<Result<WireSeq, End>> {
        loop {
            if self.batch >= BATCH || self.queue.is_empty() {
                if !self.dirty {
                    break;
                }
                ready!(self.tx.poll_flush(cx))?;
                self.dirty = false;
                self.batch = 0;
                if self.queue.is_empty() && self.queue.capacity() > PLACES.0 {
                    self.queue.shrink_to(PLACES.1);
                }
                if let Some(seq) = self.given.take() {
                    return Poll::Ready(Ok(seq));
                }
                continue;
            }
            ready!(self.tx.poll_ready(cx))?;
            match self.queue.pop_front() {
                Some(Item::Frame(seq, frame)) => {
                    self.batch += frame.len();
                    self.tx.start_send(frame)?;
                    self.given = Some(seq);
                    self.dirty = true;
                }
                Some(Item::Ping) => {
                    self.tx.start_ping()?;
                    self.dirty = true;
                }
                None => {}
            }
        }
        if let Some(code) = self.hangup
            && !self.hung_up
        {
            ready!(self.tx.poll_close(cx, code))?;
            self.hung_up = true;
        }
        Poll::Pending
    }

    /// Reads, if the wire may have something: it is asked only after it has called its waker. The
    /// task wakes for many reasons, and to ask a wire in vain costs as much as to send a frame.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        if !self.bell.answer(cx.waker()) {
            return Poll::Pending;
        }
        let read = self.rx.poll_recv(&mut Context::from_waker(&self.cord));
        if read.is_ready() {
            // It has not promised to call for what comes next.
            self.bell.rung.store(true, Ordering::Release);
        }
        read
    }
}

/// What the receiving half calls instead of the task, so that the task knows who called.
struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Default for Bell {
    /// A bell that has rung, because a wire calls only after it was asked once.
    fn default() -> Self {
        Self {
            rung: AtomicBool::new(true),
            task: Mutex::default(),
        }
    }
}

impl Bell {
    /// Whether it has rung since the last answer. Whoever rings after this wakes `task`.
    fn answer(&self, task: &Waker) -> bool {
        let mut slot = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !slot.as_ref().is_some_and(|known| known.will_wake(task)) {
            *slot = Some(task.clone());
        }
        drop(slot);
        self.rung.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The mark comes first: a task that changes its waker in this moment sees one or the other.
        self.rung.store(true, Ordering::Release);
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}
