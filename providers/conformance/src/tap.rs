//! A dial that listens in on every wire, counts, hashes, and breaks wires at given times.

use std::{
    collections::VecDeque,
    fmt,
    hash::{DefaultHasher, Hasher},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use antiphon_protocol::{End, Endpoint, Frame, How, Stage};
use antiphon_transport::{Dial, DialRequest, Incoming, WirePair, WireRx, WireTx};
use async_trait::async_trait;
use tokio::time::{Instant, Sleep};

/// How a wire, or the next attempt to open one, is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireFault {
    /// The connection ends without a close frame.
    Eof,
    /// The connection is reset.
    Reset,
    /// The peer closes with this code.
    Close(u16),
    /// Nothing comes through any more, either way, and nobody is told.
    HalfOpen,
    /// Nothing comes from the peer for so long, and then all of it at once.
    Stall(Duration),
    /// The peer says this, as if it were its own word.
    Says(Frame),
    /// A frame comes that is no event.
    Garbage,
    /// The peer's last frame comes once more.
    Repeat,
    /// The next attempt to open a wire is refused with this status; the present one ends.
    Refused(u16),
    /// The next attempt to open a wire hangs for so long; the present one ends.
    SlowDial(Duration),
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the peer.
    In,
    /// To the peer.
    Out,
}

/// Something seen on a wire.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sight<'a> {
    /// When, by the clock of the runtime.
    pub at: Instant,
    /// On which wire, in the order in which they were opened, from 1.
    pub wire: u64,
    /// What.
    pub what: Seen<'a>,
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Seen<'a> {
    /// The wire is open.
    Opened,
    /// A frame.
    Frame(Way, &'a Frame),
    /// A frame to the peer that a broken wire swallowed.
    Swallowed(&'a Frame),
    /// Nobody listens on it any more.
    Left,
}

type Listener = dyn FnMut(&Sight<'_>) + Send;
/// By when after a frame of the peer a wire breaks.
type Provocation = dyn FnMut(&Frame) -> Option<Duration> + Send;
/// How long it takes to open a wire.
type Latency = dyn FnMut() -> Duration + Send;
/// How far a provoked fault may be brought forward.
const BROUGHT_FORWARD: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Shared {
    hash: DefaultHasher,
    began: Option<Instant>,
    frames: u64,
    wires: u64,
    struck: Vec<WireFault>,
    faults: VecDeque<(Duration, WireFault)>,
    next_dial: Option<WireFault>,
    listener: Option<Box<Listener>>,
    provocation: Option<Box<Provocation>>,
    latency: Option<Box<Latency>>,
}

impl Shared {
    fn note(&mut self, wire: u64, what: Seen<'_>) {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        let at = now.duration_since(began).as_micros();
        self.hash.write_u64(u64::try_from(at).unwrap_or(u64::MAX));
        self.hash.write_u64(wire);
        match what {
            Seen::Opened => self.hash.write_u8(2),
            Seen::Left => self.hash.write_u8(3),
            Seen::Frame(way, frame) => {
                self.hash.write_u8(way as u8);
                self.hash.write(&frame.data);
                self.frames += 1;
            }
            Seen::Swallowed(frame) => {
                self.hash.write_u8(4);
                self.hash.write(&frame.data);
                self.frames += 1;
            }
        }
        if let Seen::Frame(Way::In, frame) = what {
            self.provoke(now - began, frame);
        }
        if let Some(listener) = &mut self.listener {
            listener(&Sight {
                at: now,
                wire,
                what,
            });
        }
    }

    /// A frame of the peer may bring the next fault forward.
    fn provoke(&mut self, now: Duration, frame: &Frame) {
        let Some((at, _)) = self.faults.front_mut() else {
            return;
        };
        let provocation = self.provocation.as_mut();
        if *at <= now + BROUGHT_FORWARD
            && let Some(within) = provocation.and_then(|provocation| provocation(frame))
        {
            *at = (now + within).min(*at);
        }
    }

    /// When the next fault strikes.
    fn due(&mut self) -> Option<Instant> {
        let began = *self.began.get_or_insert_with(Instant::now);
        self.faults.front().map(|(after, _)| began + *after)
    }

    fn strike(&mut self) -> Option<WireFault> {
        let (_, fault) = self.faults.pop_front()?;
        self.struck.push(fault.clone());
        Some(fault)
    }
}

/// A [`Dial`] around another one that sees every frame.
#[derive(Clone)]
pub struct Tap {
    inner: Arc<dyn Dial>,
    shared: Arc<Mutex<Shared>>,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}

impl Tap {
    /// Listens in on the wires of `inner`.
    pub fn new(inner: impl Dial + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            shared: Arc::default(),
        }
    }

    /// Breaks wires: each fault strikes so long after the first wire was opened.
    #[must_use]
    pub fn faults(self, faults: impl IntoIterator<Item = (Duration, WireFault)>) -> Self {
        self.lock().faults = faults.into_iter().collect();
        self
    }

    /// Tells `listener` of everything that is seen, with the (virtual) time.
    #[must_use]
    pub fn listener(self, listener: impl FnMut(&Sight<'_>) + Send + 'static) -> Self {
        self.lock().listener = Some(Box::new(listener));
        self
    }

    /// Lets what the peer says break wires: a fault that is due within a minute is brought forward to so
    /// long after a frame.
    #[must_use]
    pub fn provoked(
        self,
        provocation: impl FnMut(&Frame) -> Option<Duration> + Send + 'static,
    ) -> Self {
        self.lock().provocation = Some(Box::new(provocation));
        self
    }

    /// Has each wire take so long to open.
    #[must_use]
    pub fn latency(self, latency: impl FnMut() -> Duration + Send + 'static) -> Self {
        self.lock().latency = Some(Box::new(latency));
        self
    }

    /// A hash over every frame, its wire, its direction and its time.
    pub fn hash(&self) -> u64 {
        self.lock().hash.finish()
    }

    /// Frames both ways.
    pub fn frames(&self) -> u64 {
        self.lock().frames
    }

    /// The faults that have struck.
    pub fn struck(&self) -> Vec<WireFault> {
        self.lock().struck.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Dial for Tap {
    fn check(&self, endpoint: &Endpoint) -> Result<(), End> {
        self.inner.check(endpoint)
    }

    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let fault = self.lock().next_dial.take();
        match fault {
            Some(WireFault::Refused(status)) => {
                return Err(End::new(Stage::Upgrade, How::Status).with_status(status));
            }
            Some(WireFault::SlowDial(pause)) => tokio::time::sleep(pause).await,
            _ => {}
        }
        let latency = self.lock().latency.as_mut().map(|latency| latency());
        if let Some(latency) = latency {
            tokio::time::sleep(latency).await;
        }
        let (tx, rx) = self.inner.dial(request).await?;
        let wire = {
            let mut shared = self.lock();
            shared.wires += 1;
            let wire = shared.wires;
            shared.note(wire, Seen::Opened);
            wire
        };
        let broken = Arc::new(Mutex::new(false));
        let rx = Rx {
            inner: rx,
            shared: Arc::clone(&self.shared),
            wire,
            broken: Arc::clone(&broken),
            last: None,
            queued: VecDeque::new(),
            alarm: None,
            stall: None,
        };
        let tx = Tx {
            inner: tx,
            shared: Arc::clone(&self.shared),
            wire,
            broken,
        };
        Ok((Box::new(tx), Box::new(rx)))
    }
}

struct Tx {
    inner: Box<dyn WireTx>,
    shared: Arc<Mutex<Shared>>,
    wire: u64,
    broken: Arc<Mutex<bool>>,
}

impl Tx {
    fn is_broken(&self) -> bool {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WireTx for Tx {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), End> {
        let broken = self.is_broken();
        let seen = if broken {
            Seen::Swallowed(&frame)
        } else {
            Seen::Frame(Way::Out, &frame)
        };
        lock(&self.shared).note(self.wire, seen);
        if broken {
            return Ok(());
        }
        self.inner.start_send(frame)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        if self.is_broken() {
            return Ok(());
        }
        self.inner.start_ping()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.inner.poll_flush(cx)
    }

    fn handed_over(&self) -> u64 {
        self.inner.handed_over()
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>> {
        self.inner.poll_close(cx, code)
    }
}

struct Rx {
    inner: Box<dyn WireRx>,
    shared: Arc<Mutex<Shared>>,
    wire: u64,
    broken: Arc<Mutex<bool>>,
    last: Option<Frame>,
    queued: VecDeque<Frame>,
    alarm: Option<Pin<Box<Sleep>>>,
    /// While it lasts nothing comes.
    stall: Option<Pin<Box<Sleep>>>,
}

impl Drop for Rx {
    fn drop(&mut self) {
        lock(&self.shared).note(self.wire, Seen::Left);
    }
}

impl Rx {
    fn is_stalled(&mut self, cx: &mut Context<'_>) -> bool {
        let stalled = self
            .stall
            .as_mut()
            .is_some_and(|stall| stall.as_mut().poll(cx).is_pending());
        if !stalled {
            self.stall = None;
        }
        stalled
    }

    /// Whether the next fault is due; else wakes the task when it will be.
    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = lock(&self.shared).due() else {
            return false;
        };
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if alarm.deadline() != at {
            alarm.as_mut().reset(at);
        }
        alarm.as_mut().poll(cx).is_ready()
    }

    /// What becomes of the wire; `None` when it goes on.
    fn strike(&mut self) -> Option<End> {
        let fault = lock(&self.shared).strike()?;
        match fault {
            WireFault::Eof => Some(End::new(Stage::Live, How::Eof)),
            WireFault::Reset => Some(End::new(Stage::Live, How::Io).because("reset")),
            WireFault::Close(code) => Some(End::new(Stage::Live, How::CloseFrame).with_code(code)),
            WireFault::HalfOpen => {
                *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = true;
                None
            }
            WireFault::Stall(pause) => {
                self.stall = Some(Box::pin(tokio::time::sleep(pause)));
                None
            }
            WireFault::Says(frame) => {
                self.queued.push_back(frame);
                None
            }
            WireFault::Garbage => {
                self.queued.push_back(Frame::text("{\"no\": event"));
                None
            }
            WireFault::Repeat => {
                self.queued.extend(self.last.clone());
                None
            }
            fault @ (WireFault::Refused(_) | WireFault::SlowDial(_)) => {
                lock(&self.shared).next_dial = Some(fault);
                Some(End::new(Stage::Live, How::Eof))
            }
        }
    }
}

impl WireRx for Rx {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        while self.is_due(cx) {
            if let Some(end) = self.strike() {
                return Poll::Ready(Err(end));
            }
        }
        if self.is_stalled(cx) {
            return Poll::Pending;
        }
        if let Some(frame) = self.queued.pop_front() {
            lock(&self.shared).note(self.wire, Seen::Frame(Way::In, &frame));
            return Poll::Ready(Ok(Incoming::Frame(frame)));
        }
        loop {
            let polled = self.inner.poll_recv(cx);
            let broken = *self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            match polled {
                Poll::Ready(Ok(_)) if broken => {}
                Poll::Ready(Err(_)) | Poll::Pending if broken => return Poll::Pending,
                Poll::Ready(Ok(Incoming::Frame(frame))) => {
                    lock(&self.shared).note(self.wire, Seen::Frame(Way::In, &frame));
                    self.last = Some(frame.clone());
                    return Poll::Ready(Ok(Incoming::Frame(frame)));
                }
                other => return other,
            }
        }
    }
}
