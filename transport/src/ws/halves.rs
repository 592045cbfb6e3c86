//! The two halves of an open WebSocket, whichever library frames it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker, ready},
};

use antiphon_protocol::{End, Frame, FrameKind, How, Stage};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Limits,
    envelopes::{Library, Said, Stop},
    inflow::Inflow,
    outflow::Outflow,
};
use crate::{Incoming, WirePair, WireRx, WireTx};

/// Pieces of messages taken in one poll.
const PIECES: usize = 256;

/// What both halves share. The driver polls them from one task, so the lock is never waited for.
struct Shared<L, IO>(Arc<Mutex<Open<L, IO>>>);

struct Open<L, IO> {
    io: IO,
    library: L,
    inflow: Inflow,
    outflow: Outflow,
    callers: Arc<Callers>,
    /// Wakes the callers.
    call: Waker,
}

impl<L, IO> Shared<L, IO> {
    fn lock(&self) -> MutexGuard<'_, Open<L, IO>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The halves over a connection that was upgraded, given what was already read from it.
pub(super) fn halves<L, IO>(library: L, io: IO, read: &[u8], limits: &Limits) -> WirePair
where
    L: Library + 'static,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let callers = Arc::<Callers>::default();
    let open = Arc::new(Mutex::new(Open {
        io,
        library,
        inflow: Inflow::new(limits, read),
        outflow: Outflow::new(limits.write_buffer),
        call: Waker::from(Arc::clone(&callers)),
        callers,
    }));
    let tx = Tx {
        shared: Shared(Arc::clone(&open)),
        closing: false,
        largest: limits.message,
    };
    let rx = Rx {
        shared: Shared(open),
    };
    (Box::new(tx), Box::new(rx))
}

impl<L, IO> Open<L, IO>
where
    L: Library,
    IO: AsyncRead + AsyncWrite + Unpin,
{
    fn say(&mut self, what: Said, content: Bytes) -> Result<(), End> {
        self.outflow.carry(content);
        let said = self.library.say(what);
        self.outflow.take(&mut self.library.envelopes().outward);
        self.outflow.carry(Bytes::new());
        said
    }

    fn hear(&mut self) -> Option<Result<Said, Stop>> {
        let heard = self.library.hear();
        self.outflow.take(&mut self.library.envelopes().outward);
        heard
    }

    /// Either half may have to write, and the socket knows one caller only: it calls both.
    fn poll_drain(&mut self, half: Half, cx: &Context<'_>) -> Poll<Result<(), End>> {
        self.callers.note(half, cx.waker());
        let mut both = Context::from_waker(&self.call);
        self.outflow
            .poll_drain(&mut self.io, &mut both)
            .map_err(|error| End::new(Stage::Live, How::Io).because(&error.to_string()))
    }

    /// Tells the peer what it did wrong, as far as the socket has room for it.
    fn stop(&mut self, stop: Stop, cx: &Context<'_>) -> End {
        if let Some(code) = stop.goodbye {
            // A connection that is closing already has said its last word.
            let _ = self.say(Said::Close(Some(code)), Bytes::new());
        }
        let _ = self.poll_drain(Half::Rx, cx);
        stop.end
    }
}

struct Tx<L, IO> {
    shared: Shared<L, IO>,
    closing: bool,
    largest: usize,
}

impl<L, IO> WireTx for Tx<L, IO>
where
    L: Library,
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let mut open = self.shared.lock();
        if !open.outflow.has_room() {
            ready!(open.poll_drain(Half::Tx, cx))?;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), End> {
        if frame.len() > self.largest {
            return Err(End::new(Stage::Live, How::TooLarge)
                .because("a message of this side exceeds its own limit"));
        }
        if frame.kind == FrameKind::Text && std::str::from_utf8(&frame.data).is_err() {
            return Err(End::new(Stage::Live, How::Protocol)
                .because("a text message of this side is not UTF-8"));
        }
        self.shared
            .lock()
            .say(Said::Message(frame.kind), frame.data)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        self.shared.lock().say(Said::Ping, Bytes::new())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.shared.lock().poll_drain(Half::Tx, cx)
    }

    fn handed_over(&self) -> u64 {
        self.shared.lock().outflow.handed_over()
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>> {
        if !self.closing {
            ready!(self.poll_ready(cx))?;
            self.closing = true;
            let goodbye = Said::Close(Some(code));
            self.shared.lock().say(goodbye, Bytes::new())?;
        }
        self.poll_flush(cx)
    }
}

struct Rx<L, IO> {
    shared: Shared<L, IO>,
}

impl<L, IO> WireRx for Rx<L, IO>
where
    L: Library,
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        let mut guard = self.shared.lock();
        let open = &mut *guard;
        if open.outflow.owes_much() {
            // A peer that pings without end and takes no answer in is not read either. If writing has
            // failed, reading tells why.
            let _ = ready!(open.poll_drain(Half::Rx, cx));
        }
        for _ in 0..PIECES {
            let envelopes = &mut open.library.envelopes().inward;
            match open.inflow.poll(&mut open.io, envelopes, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(stop)) => return Poll::Ready(Err(open.stop(stop, cx))),
                Poll::Pending if open.inflow.is_coming() => {
                    return Poll::Ready(Ok(Incoming::Alive));
                }
                Poll::Pending => return Poll::Pending,
            }
            let (content, is_ping) = open.inflow.take();
            if is_ping {
                open.outflow.answer(&content);
            }
            return Poll::Ready(match open.hear() {
                None => continue,
                Some(Err(stop)) => Err(open.stop(stop, cx)),
                Some(Ok(Said::Message(kind))) => Ok(Incoming::Frame(Frame {
                    kind,
                    data: content,
                })),
                Some(Ok(Said::Ping)) => {
                    // The answer is on its way if the socket has room; nobody waits for it.
                    let _ = open.poll_drain(Half::Rx, cx);
                    Ok(Incoming::Alive)
                }
                Some(Ok(Said::Pong)) => Ok(Incoming::Alive),
                Some(Ok(Said::Close(code))) => {
                    // So is the answer to a goodbye.
                    let _ = open.poll_drain(Half::Rx, cx);
                    let reason = String::from_utf8_lossy(&content);
                    let end = End::new(Stage::Live, How::CloseFrame).because(&reason);
                    Err(match code {
                        Some(code) => end.with_code(code),
                        None => end,
                    })
                }
            });
        }
        // A stream that always has something must not keep the task from all else.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Who waits for the socket to take something in.
#[derive(Default)]
struct Callers {
    tx: Mutex<Option<Waker>>,
    rx: Mutex<Option<Waker>>,
}

#[derive(Clone, Copy)]
enum Half {
    Tx,
    Rx,
}

impl Callers {
    fn note(&self, half: Half, waker: &Waker) {
        let slot = match half {
            Half::Tx => &self.tx,
            Half::Rx => &self.rx,
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }
}

impl Wake for Callers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        for slot in [&self.tx, &self.rx] {
            let waker = slot.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

#[cfg(all(test, feature = "tungstenite"))]
mod tests {
    use std::{future::poll_fn, io, pin::Pin};

    use tokio::io::ReadBuf;

    use super::{super::tungstenite, *};

    /// A peer whose message never ends, on a stream that always has more.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let pieces = vec![0; buf.remaining() & !1];
            buf.put_slice(&pieces);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_message_that_never_ends_leaves_the_task_its_turns() {
        let begun = Bytes::from_static(b"\x02\0");
        let (_tx, mut rx) = tungstenite::open(Endless, begun, &Limits::default()).await;
        for _ in 0..10 {
            let polled = poll_fn(|cx| Poll::Ready(rx.poll_recv(cx).is_pending())).await;
            assert!(polled);
        }
    }
}
