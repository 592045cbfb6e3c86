//! What a WebSocket library gets to see: frames without what they carry.
//!
//! tungstenite writes every frame into its log at TRACE, and the reason of a close frame at DEBUG, so
//! a credential that a peer repeats would be logged; and both libraries hold a message that comes in
//! several frames twice. So they sit on a stream in memory. [`Inflow`](super::inflow::Inflow) hands
//! them the head of each frame of the peer, and [`Outflow`](super::outflow::Outflow) puts in what
//! belongs into theirs. The library judges what may come when, answers pings and close frames, and
//! makes the masks.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use antiphon_protocol::{End, FrameKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A library that frames messages, over [`Envelopes`].
pub(super) trait Library: Send {
    /// The stream it sits on.
    fn envelopes(&mut self) -> &mut Envelopes;

    /// What the frame that was handed in amounts to; `None` when more must come first. Its answers are
    /// among the outward envelopes when this returns.
    fn hear(&mut self) -> Option<Result<Said, Stop>>;

    /// Puts an envelope of this side among the outward ones.
    ///
    /// # Errors
    /// When the connection is closing or over.
    fn say(&mut self, what: Said) -> Result<(), End>;
}

/// What one side tells the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Message(FrameKind),
    Ping,
    Pong,
    /// The goodbye, with its code if it has one.
    Close(Option<u16>),
}

/// Why reading is over.
pub(super) struct Stop {
    pub(super) end: End,
    /// What the peer is yet to be told.
    pub(super) goodbye: Option<u16>,
}

/// A stream in memory, which takes all that is written and reads what was put there.
#[derive(Default)]
pub(super) struct Envelopes {
    pub(super) inward: Vec<u8>,
    pub(super) outward: Vec<u8>,
}

impl AsyncRead for Envelopes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.inward.is_empty() {
            // Whoever puts something in asks the library then.
            return Poll::Pending;
        }
        let count = self.inward.len().min(buf.remaining());
        buf.put_slice(self.inward.get(..count).unwrap_or_default());
        self.inward.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Envelopes {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outward.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
