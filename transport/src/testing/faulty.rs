//! A byte stream that fails where a test wants it to.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// What happens to a stream of bytes at a certain place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteFault {
    /// It ends, as when the peer closes in order.
    Cut,
    /// It fails, as when the peer is killed.
    Reset,
    /// Nothing comes through any more, as when a cable is pulled.
    Stall,
    /// Only one byte comes through in this time, as from a peer that means harm.
    Trickle(Duration),
}

/// A stream that is sound until a given byte and then fails, each direction by itself.
///
/// ```
/// use antiphon_transport::testing::{ByteFault, Faulty};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (near, mut far) = tokio::io::duplex(64);
/// let mut near = Faulty::new(near).reading(3, ByteFault::Cut);
/// far.write_all(b"hello").await?;
/// let mut heard = Vec::new();
/// near.read_to_end(&mut heard).await?;
/// assert_eq!(heard, b"hel");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Faulty<S> {
    inner: S,
    read: Gate,
    write: Gate,
}

#[derive(Debug, Default)]
struct Gate {
    /// Bytes that still pass, and what follows them.
    fault: Option<(u64, ByteFault)>,
    /// When the next byte of a trickle passes.
    next: Option<Pin<Box<Sleep>>>,
}

/// What may pass right now.
enum Pass {
    Bytes(usize),
    End,
}

impl Gate {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pass>> {
        let Some((left, fault)) = self.fault else {
            return Poll::Ready(Ok(Pass::Bytes(usize::MAX)));
        };
        if left > 0 {
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            return Poll::Ready(Ok(Pass::Bytes(left)));
        }
        match fault {
            ByteFault::Cut => Poll::Ready(Ok(Pass::End)),
            ByteFault::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            ByteFault::Stall => Poll::Pending,
            ByteFault::Trickle(period) => {
                let next = self
                    .next
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(period)));
                ready!(next.as_mut().poll(cx));
                Poll::Ready(Ok(Pass::Bytes(1)))
            }
        }
    }

    fn passed(&mut self, bytes: usize) {
        let Some((left, fault)) = &mut self.fault else {
            return;
        };
        if *left > 0 {
            *left = left.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
        } else if let (ByteFault::Trickle(period), Some(next)) = (*fault, &mut self.next)
            && bytes > 0
        {
            *next = Box::pin(tokio::time::sleep(period));
        }
    }
}

impl<S> Faulty<S> {
    /// A stream without a fault yet.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            read: Gate::default(),
            write: Gate::default(),
        }
    }

    /// Reading fails after this many bytes.
    #[must_use]
    pub fn reading(mut self, after: u64, fault: ByteFault) -> Self {
        self.read.fault = Some((after, fault));
        self
    }

    /// Writing fails after this many bytes. A cut there looks like a broken pipe.
    #[must_use]
    pub fn writing(mut self, after: u64, fault: ByteFault) -> Self {
        self.write.fault = Some((after, fault));
        self
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Faulty<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = match ready!(self.read.poll(cx))? {
            Pass::Bytes(most) => most,
            Pass::End => return Poll::Ready(Ok(())),
        };
        let mut scratch = [0; 4096];
        let room = most.min(buf.remaining()).min(scratch.len());
        let mut part = ReadBuf::new(scratch.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
        let filled = part.filled();
        buf.put_slice(filled);
        let count = filled.len();
        self.read.passed(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Faulty<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = match ready!(self.write.poll(cx))? {
            Pass::Bytes(most) => most,
            Pass::End => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        };
        let part = buf.get(..most).unwrap_or(buf);
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, part))?;
        self.write.passed(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
