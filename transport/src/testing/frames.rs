//! A wire whose peer's frames go astray where a test wants it to.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use antiphon_protocol::{End, Frame};
use async_trait::async_trait;

use crate::{Dial, DialRequest, Incoming, WirePair, WireRx, WireTx};

/// What happens to the frames of a peer at a certain place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// The frame before the place comes once more.
    Repeat,
    /// A frame that the peer has not sent comes in between.
    Insert(Frame),
    /// The next frame never comes.
    Drop,
    /// The next two frames change places. The first waits for the second.
    Swap,
    /// Nothing comes any more and nothing gets through any more, and neither side is told, as when a
    /// cable is pulled: what is written disappears.
    HalfOpen,
    /// The wire ends.
    End(End),
}

/// The faults of one connection, by how many frames of the peer came before.
#[derive(Clone, Debug, Default)]
pub struct FrameFaults(VecDeque<(u64, FrameFault)>);

impl FrameFaults {
    /// No fault yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault after so many frames. Faults happen in the order in which they were added, each
    /// when its place has come.
    #[must_use]
    pub fn after(mut self, frames: u64, fault: FrameFault) -> Self {
        self.0.push_back((frames, fault));
        self
    }
}

/// A [`Dial`] around another one that gives each connection the faults it was told to.
///
/// [`Faulty`](super::Faulty) breaks bytes; this breaks whole frames, on any wire.
///
/// ```
/// use std::future::poll_fn;
///
/// use antiphon_protocol::{Endpoint, Frame};
/// use antiphon_transport::{
///     Dial, DialProgress, DialRequest, Incoming,
///     testing::{FaultyDial, FrameFault, FrameFaults, ScriptedDial},
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (dial, peer) = ScriptedDial::new();
/// let dial = FaultyDial::new(dial);
/// // On the first connection the first frame comes twice, and the third overtakes the second.
/// dial.fault_next(FrameFaults::new().after(1, FrameFault::Repeat).after(1, FrameFault::Swap));
/// # let endpoint = Endpoint {
/// #     url: "wss://voice.example/v1".parse()?,
/// #     headers: Default::default(),
/// #     auth: None,
/// # };
/// # let request = DialRequest { endpoint, token: None, progress: DialProgress::default() };
/// let (_tx, mut rx) = dial.dial(request).await.map_err(|end| format!("{end:?}"))?;
/// let wire = peer.accept().await;
/// for text in ["one", "two", "three"] {
///     wire.send_text(text);
/// }
/// for text in ["one", "one", "three", "two"] {
///     let heard = poll_fn(|cx| rx.poll_recv(cx)).await;
///     assert!(matches!(heard, Ok(Incoming::Frame(frame)) if frame.data == text));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FaultyDial {
    inner: Arc<dyn Dial>,
    next: Arc<Mutex<VecDeque<FrameFaults>>>,
}

impl fmt::Debug for FaultyDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyDial").finish_non_exhaustive()
    }
}

impl FaultyDial {
    /// Connections of `inner`, sound until told otherwise.
    pub fn new(inner: impl Dial + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            next: Arc::default(),
        }
    }

    /// Gives the next connection these faults; several calls for several connections, in order.
    pub fn fault_next(&self, faults: FrameFaults) {
        self.next
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(faults);
    }
}

#[async_trait]
impl Dial for FaultyDial {
    fn check(&self, endpoint: &antiphon_protocol::Endpoint) -> Result<(), End> {
        self.inner.check(endpoint)
    }

    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let (tx, rx) = self.inner.dial(request).await?;
        let faults = self
            .next
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
            .unwrap_or_default();
        let gone = Arc::new(AtomicBool::new(false));
        let rx = Rx {
            inner: rx,
            faults: faults.0,
            frames: 0,
            last: None,
            ready: VecDeque::new(),
            lose: 0,
            swap: Swap::No,
            gone: Arc::clone(&gone),
        };
        Ok((Box::new(Tx { inner: tx, gone }), Box::new(rx)))
    }
}

/// Whether two frames are changing places.
enum Swap {
    No,
    Wanted,
    Held(Frame),
}

struct Rx {
    inner: Box<dyn WireRx>,
    faults: VecDeque<(u64, FrameFault)>,
    /// Frames of the peer that came, the lost ones included.
    frames: u64,
    last: Option<Frame>,
    /// What comes next, before anything else of the inner wire.
    ready: VecDeque<Result<Incoming, End>>,
    /// Frames to be lost.
    lose: u64,
    swap: Swap,
    gone: Arc<AtomicBool>,
}

impl Rx {
    /// Carries out the faults whose place has come, up to the first that yields something.
    fn strike(&mut self) {
        while self.ready.is_empty()
            && !self.is_gone()
            && matches!(self.swap, Swap::No)
            && let Some((frames, _)) = self.faults.front()
            && *frames <= self.frames
            && let Some((_, fault)) = self.faults.pop_front()
        {
            match fault {
                FrameFault::Repeat => {
                    let again = self.last.clone().map(|frame| Ok(Incoming::Frame(frame)));
                    self.ready.extend(again);
                }
                FrameFault::Insert(frame) => self.ready.push_back(Ok(Incoming::Frame(frame))),
                FrameFault::Drop => self.lose += 1,
                FrameFault::Swap => self.swap = Swap::Wanted,
                FrameFault::HalfOpen => self.gone.store(true, Ordering::Relaxed),
                FrameFault::End(end) => self.ready.push_back(Err(end)),
            }
        }
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// A frame of the inner wire, on its way through.
    fn pass(&mut self, frame: Frame) {
        self.frames += 1;
        if self.lose > 0 {
            self.lose -= 1;
            return;
        }
        let mut deliver = |frame: Frame| {
            self.last = Some(frame.clone());
            self.ready.push_back(Ok(Incoming::Frame(frame)));
        };
        match std::mem::replace(&mut self.swap, Swap::No) {
            Swap::No => deliver(frame),
            Swap::Wanted => self.swap = Swap::Held(frame),
            Swap::Held(first) => {
                deliver(frame);
                deliver(first);
            }
        }
    }
}

impl WireRx for Rx {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        loop {
            self.strike();
            if let Some(ready) = self.ready.pop_front() {
                return Poll::Ready(ready);
            }
            if self.is_gone() {
                return Poll::Pending;
            }
            match std::task::ready!(self.inner.poll_recv(cx)) {
                Ok(Incoming::Frame(frame)) => self.pass(frame),
                Ok(Incoming::Alive) => return Poll::Ready(Ok(Incoming::Alive)),
                Err(end) => {
                    if let Swap::Held(frame) = std::mem::replace(&mut self.swap, Swap::No) {
                        self.ready.push_back(Ok(Incoming::Frame(frame)));
                    }
                    self.ready.push_back(Err(end));
                }
            }
        }
    }
}

struct Tx {
    inner: Box<dyn WireTx>,
    gone: Arc<AtomicBool>,
}

impl Tx {
    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

impl WireTx for Tx {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        if self.is_gone() {
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), End> {
        if self.is_gone() {
            return Ok(());
        }
        self.inner.start_send(frame)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        if self.is_gone() {
            return Ok(());
        }
        self.inner.start_ping()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        if self.is_gone() {
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_flush(cx)
    }

    fn handed_over(&self) -> u64 {
        self.inner.handed_over()
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>> {
        if self.is_gone() {
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_close(cx, code)
    }
}
