//! One in-memory wire: the client's halves, and the handle by which the other side is played.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use antiphon_protocol::{End, Endpoint, Frame, How, Secret, Stage};

use crate::{DialRequest, Incoming, WirePair, WireRx, WireTx};

/// What the client may write into a stalled wire before it is told to wait, in bytes.
const SOCKET_BUFFER: usize = 64 * 1024;
/// What may wait for the client before [`PeerWire::room`] waits, in bytes.
const PEER_BUFFER: usize = 1 << 20;

/// Everything both sides share. A flat list of facts, so that a test can set any of them.
struct State {
    /// Written by the client and not yet flushed.
    unflushed: VecDeque<Frame>,
    unflushed_bytes: usize,
    to_peer: VecDeque<Frame>,
    to_client: VecDeque<Incoming>,
    to_client_bytes: usize,
    /// What the client meets after all that was sent.
    end: Option<End>,
    /// The code the client hung up with.
    hangup: Option<u16>,
    client_gone: bool,
    pings: u64,
    stall_writes: bool,
    stall_reads: bool,
    answer_close: bool,
    answer_pings: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    peers: Vec<Waker>,
}

impl State {
    fn wake_client(&mut self) {
        for waker in [self.reader.take(), self.writer.take()]
            .into_iter()
            .flatten()
        {
            waker.wake();
        }
    }

    /// Notes who waits on the peer's side; once, however often it asks.
    fn peer_waits(&mut self, cx: &Context<'_>) {
        if !self.peers.iter().any(|known| known.will_wake(cx.waker())) {
            self.peers.push(cx.waker().clone());
        }
    }

    fn wake_peer(&mut self) {
        for waker in self.peers.drain(..) {
            waker.wake();
        }
    }

    fn flush(&mut self) {
        if !self.unflushed.is_empty() {
            self.to_peer.append(&mut self.unflushed);
            self.unflushed_bytes = 0;
            self.wake_peer();
        }
    }

    fn is_over(&self) -> bool {
        self.client_gone || self.hangup.is_some() || self.end.is_some()
    }
}

#[derive(Clone)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere should not hide its message behind a poisoned lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The other side of one scripted wire, in a test's hands. Dropping it drops the connection.
///
/// Methods take `&self`, so one task can send while it waits in [`PeerWire::recv`].
pub struct PeerWire {
    shared: Shared,
    endpoint: Endpoint,
    token: Option<Secret>,
}

impl fmt::Debug for PeerWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerWire")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// A wire that is open: the client's two halves and the peer's handle.
pub(super) fn open(request: DialRequest) -> (WirePair, PeerWire) {
    let shared = Shared(Arc::new(Mutex::new(State {
        unflushed: VecDeque::new(),
        unflushed_bytes: 0,
        to_peer: VecDeque::new(),
        to_client: VecDeque::new(),
        to_client_bytes: 0,
        end: None,
        hangup: None,
        client_gone: false,
        pings: 0,
        stall_writes: false,
        stall_reads: false,
        answer_close: true,
        answer_pings: true,
        reader: None,
        writer: None,
        peers: Vec::new(),
    })));
    let peer = PeerWire {
        shared: shared.clone(),
        endpoint: request.endpoint,
        token: request.token,
    };
    let halves: WirePair = (Box::new(Tx(shared.clone())), Box::new(Rx(shared)));
    (halves, peer)
}

impl PeerWire {
    /// What the client asked to be connected to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The credential the client offered.
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    /// The next frame of the client; `None` when it has hung up or is gone, or when this side has
    /// ended the wire. Cancel safe.
    pub async fn recv(&self) -> Option<Frame> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Like [`PeerWire::recv`], as a poll function.
    pub fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        let mut state = self.shared.lock();
        if let Some(frame) = state.to_peer.pop_front() {
            return Poll::Ready(Some(frame));
        }
        if state.is_over() {
            return Poll::Ready(None);
        }
        state.peer_waits(cx);
        Poll::Pending
    }

    /// The next frame of the client if one is there.
    pub fn try_recv(&self) -> Option<Frame> {
        self.shared.lock().to_peer.pop_front()
    }

    /// Waits until the client has hung up, or has dropped the wire (then `None`), and returns the
    /// close code. Frames that nobody received are skipped. Cancel safe.
    pub async fn hangup(&self) -> Option<u16> {
        while self.recv().await.is_some() {}
        self.shared.lock().hangup
    }

    /// Sends a frame to the client. It is delivered in order, whenever the client reads.
    pub fn send(&self, frame: Frame) {
        let mut state = self.shared.lock();
        if state.end.is_none() {
            state.to_client_bytes += frame.len();
            state.to_client.push_back(Incoming::Frame(frame));
            state.wake_client();
        }
    }

    /// Sends a text frame to the client.
    pub fn send_text(&self, text: impl Into<String>) {
        self.send(Frame::text(text));
    }

    /// Sends a ping to the client.
    pub fn ping(&self) {
        let mut state = self.shared.lock();
        state.to_client.push_back(Incoming::Alive);
        state.wake_client();
    }

    /// Waits until less than 1 MiB waits for the client. `false` when the wire is over. Cancel safe.
    pub async fn room(&self) -> bool {
        poll_fn(|cx| {
            let mut state = self.shared.lock();
            if state.is_over() {
                return Poll::Ready(false);
            }
            if state.to_client_bytes < PEER_BUFFER {
                return Poll::Ready(true);
            }
            state.peer_waits(cx);
            Poll::Pending
        })
        .await
    }

    /// Ends the wire with a close frame, after all that was sent.
    pub fn close(&self, code: u16, reason: &str) {
        let end = End::new(Stage::Live, How::CloseFrame)
            .with_code(code)
            .because(reason);
        self.end(end);
    }

    /// Ends the wire without a close frame, after all that was sent.
    pub fn drop_connection(&self) {
        self.end(End::new(Stage::Live, How::Eof).because("the peer dropped the connection"));
    }

    /// Fails the wire at once; what the client has not read is lost.
    pub fn reset(&self) {
        let mut state = self.shared.lock();
        state.to_client.clear();
        drop(state);
        self.end(End::new(Stage::Live, How::Io).because("connection reset by peer"));
    }

    /// Ends the wire with any end, after all that was sent. Only the first end counts.
    pub fn end(&self, end: End) {
        let mut state = self.shared.lock();
        state.end.get_or_insert(end);
        state.wake_client();
        state.wake_peer();
    }

    /// Whether the client's writes get stuck, as when the peer does not read. The client may still
    /// fill a socket buffer of 64 KiB.
    pub fn stall_writes(&self, stalled: bool) {
        let mut state = self.shared.lock();
        state.stall_writes = stalled;
        state.wake_client();
    }

    /// Whether the client's reads get stuck, as when the network is silent: nothing that was sent
    /// arrives, not even an end.
    pub fn stall_reads(&self, stalled: bool) {
        let mut state = self.shared.lock();
        state.stall_reads = stalled;
        state.wake_client();
    }

    /// Whether a close frame of the client is answered; it is by default.
    pub fn answer_close(&self, answers: bool) {
        self.shared.lock().answer_close = answers;
    }

    /// Whether pings of the client are answered; they are by default.
    pub fn answer_pings(&self, answers: bool) {
        self.shared.lock().answer_pings = answers;
    }

    /// Pings that the client has sent.
    pub fn pings(&self) -> u64 {
        self.shared.lock().pings
    }

    /// Bytes sent that the client has not read.
    pub fn unread_bytes(&self) -> usize {
        self.shared.lock().to_client_bytes
    }

    /// Whether the client still holds the wire.
    pub fn is_held(&self) -> bool {
        !self.shared.lock().client_gone
    }
}

impl Drop for PeerWire {
    fn drop(&mut self) {
        self.drop_connection();
    }
}

struct Tx(Shared);

impl WireTx for Tx {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let mut state = self.0.lock();
        if state.unflushed_bytes < SOCKET_BUFFER {
            return match broken(&state) {
                Some(end) => Poll::Ready(Err(end)),
                None => Poll::Ready(Ok(())),
            };
        }
        poll_flush(&mut state, cx)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), End> {
        let mut state = self.0.lock();
        state.unflushed_bytes += frame.len();
        state.unflushed.push_back(frame);
        Ok(())
    }

    fn start_ping(&mut self) -> Result<(), End> {
        let mut state = self.0.lock();
        state.pings += 1;
        if state.answer_pings && !state.stall_writes {
            state.to_client.push_back(Incoming::Alive);
            state.wake_client();
        }
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        poll_flush(&mut self.0.lock(), cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>> {
        let mut state = self.0.lock();
        match poll_flush(&mut state, cx) {
            Poll::Ready(Ok(())) => {}
            other => return other,
        }
        state.hangup.get_or_insert(code);
        state.wake_peer();
        if state.answer_close {
            let answer = End::new(Stage::Draining, How::CloseFrame).with_code(code);
            state.end.get_or_insert(answer);
            state.wake_client();
        }
        Poll::Ready(Ok(()))
    }
}

fn poll_flush(state: &mut State, cx: &Context<'_>) -> Poll<Result<(), End>> {
    if let Some(end) = broken(state) {
        return Poll::Ready(Err(end));
    }
    if state.stall_writes {
        state.writer = Some(cx.waker().clone());
        return Poll::Pending;
    }
    state.flush();
    Poll::Ready(Ok(()))
}

/// Writing fails once the peer has dropped the connection; behind a close frame it still succeeds.
fn broken(state: &State) -> Option<End> {
    state
        .end
        .as_ref()
        .filter(|end| matches!(end.how, How::Eof | How::Io))
        .map(|_| End::new(Stage::Live, How::Io).because("broken pipe"))
}

struct Rx(Shared);

impl WireRx for Rx {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        let mut state = self.0.lock();
        if !state.stall_reads {
            if let Some(incoming) = state.to_client.pop_front() {
                if let Incoming::Frame(frame) = &incoming {
                    state.to_client_bytes = state.to_client_bytes.saturating_sub(frame.len());
                    state.wake_peer();
                }
                return Poll::Ready(Ok(incoming));
            }
            if let Some(end) = &state.end {
                return Poll::Ready(Err(end.clone()));
            }
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Rx {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.client_gone = true;
        state.wake_peer();
    }
}
