//! A dial whose other side is a pure state machine, such as a whole server.

use std::{fmt, future::poll_fn, sync::Arc, task::Poll};

use antiphon_protocol::{End, Frame, Time};
use async_trait::async_trait;

use super::pipe::{self, PeerWire};
use crate::{Clock, Dial, DialRequest, WirePair};

/// A server's side of one connection, as a synchronous state machine.
///
/// After any call, [`Peer::poll_output`] is drained.
pub trait Peer: Send {
    /// The connection is open.
    fn on_open(&mut self, now: Time);

    /// A frame of the client has arrived.
    fn on_frame(&mut self, now: Time, frame: Frame);

    /// The client has hung up with this code, or is gone. Nothing can be sent any more.
    fn on_close(&mut self, now: Time, code: Option<u16>) {
        let _ = (now, code);
    }

    /// The next thing to do; `None` when there is nothing for now.
    fn poll_output(&mut self) -> Option<PeerOutput>;

    /// When [`Peer::on_timeout`] is wanted.
    fn poll_timeout(&self) -> Option<Time>;

    /// The time of [`Peer::poll_timeout`] has come. Coming too early is harmless.
    fn on_timeout(&mut self, now: Time);
}

/// What a [`Peer`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerOutput {
    /// Sends a frame.
    Send(Frame),
    /// Ends the wire with a close frame, after all that was sent.
    Close {
        /// The close code.
        code: u16,
        /// The reason.
        reason: String,
    },
    /// Ends the wire without a close frame, after all that was sent.
    Drop,
}

type Listen = dyn Fn(&DialRequest) -> Result<Box<dyn Peer>, End> + Send + Sync;

/// A [`Dial`] without a network, answered by a [`Peer`] of its own for each connection.
///
/// Each peer runs in a task of the current tokio runtime, beside the client, and takes time from
/// the given clock. While the client leaves more than 1 MiB unread the peer is not run.
///
/// ```
/// use antiphon_protocol::{Frame, Time};
/// use antiphon_transport::{Clock, testing::{MemoryDial, Peer, PeerOutput}};
///
/// /// Says back what it hears.
/// #[derive(Default)]
/// struct Echo(std::collections::VecDeque<PeerOutput>);
///
/// impl Peer for Echo {
///     fn on_open(&mut self, _now: Time) {}
///     fn on_frame(&mut self, _now: Time, frame: Frame) {
///         self.0.push_back(PeerOutput::Send(frame));
///     }
///     fn poll_output(&mut self) -> Option<PeerOutput> {
///         self.0.pop_front()
///     }
///     fn poll_timeout(&self) -> Option<Time> {
///         None
///     }
///     fn on_timeout(&mut self, _now: Time) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let dial = MemoryDial::new(Clock::start(), |_request| Ok(Box::<Echo>::default()));
/// # let _ = dial;
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryDial {
    clock: Clock,
    listen: Arc<Listen>,
}

impl fmt::Debug for MemoryDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDial").finish_non_exhaustive()
    }
}

impl MemoryDial {
    /// A dial that asks `listen` for each connection's other side, or for the end it meets instead.
    pub fn new<F>(clock: Clock, listen: F) -> Self
    where
        F: Fn(&DialRequest) -> Result<Box<dyn Peer>, End> + Send + Sync + 'static,
    {
        Self {
            clock,
            listen: Arc::new(listen),
        }
    }
}

#[async_trait]
impl Dial for MemoryDial {
    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let peer = (self.listen)(&request)?;
        let (halves, wire) = pipe::open(request);
        tokio::spawn(serve(peer, wire, self.clock));
        Ok(halves)
    }
}

enum Woken {
    Frame(Frame),
    Over,
    Timeout,
}

async fn serve(mut peer: Box<dyn Peer>, wire: PeerWire, clock: Clock) {
    peer.on_open(clock.now());
    loop {
        while let Some(output) = peer.poll_output() {
            match output {
                PeerOutput::Send(frame) => {
                    if wire.room().await {
                        wire.send(frame);
                    }
                }
                PeerOutput::Close { code, reason } => return wire.close(code, &reason),
                PeerOutput::Drop => return wire.drop_connection(),
            }
        }
        match next(peer.poll_timeout(), &wire, clock).await {
            Woken::Frame(frame) => peer.on_frame(clock.now(), frame),
            Woken::Timeout => peer.on_timeout(clock.now()),
            Woken::Over => {
                let code = wire.hangup().await;
                return peer.on_close(clock.now(), code);
            }
        }
    }
}

async fn next(timeout: Option<Time>, wire: &PeerWire, clock: Clock) -> Woken {
    let sleep = tokio::time::sleep_until(clock.instant(timeout.unwrap_or(Time::MAX)));
    let mut sleep = std::pin::pin!(sleep);
    poll_fn(|cx| {
        if let Poll::Ready(frame) = wire.poll_recv(cx) {
            return Poll::Ready(frame.map_or(Woken::Over, Woken::Frame));
        }
        if timeout.is_some() && sleep.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Woken::Timeout);
        }
        Poll::Pending
    })
    .await
}
