//! The two halves of an open WebSocket on tokio-websockets. It writes nothing into any log.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use antiphon_protocol::{End, Frame, FrameKind, How, Stage};
use bytes::{Buf, Bytes};
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::{
    ClientBuilder, CloseCode, Config, Error, Limits as PayloadLimits, Message, WebSocketStream,
    proto::ProtocolError,
};

use super::{
    Limits,
    held::{Large, Pongs},
};
use crate::{Incoming, WirePair, WireRx, WireTx};

/// What both halves share. The driver polls them from one task, so the lock is never waited for.
struct Shared<IO>(Arc<Mutex<Open<IO>>>);

struct Open<IO> {
    socket: WebSocketStream<Prefixed<IO>>,
    pongs: Pongs,
}

impl<IO> Shared<IO> {
    fn lock(&self) -> MutexGuard<'_, Open<IO>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the halves over a connection that was upgraded, given what was already read from it.
pub(super) fn open<IO>(io: IO, read: Bytes, limits: &Limits) -> WirePair
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = Config::default()
        .frame_size(limits.frame)
        .flush_threshold(limits.write_buffer);
    let payload = PayloadLimits::default().max_payload_len(Some(limits.message));
    let socket = ClientBuilder::new()
        .config(config)
        .limits(payload)
        .take_over(Prefixed { read, io });
    let open = Arc::new(Mutex::new(Open {
        socket,
        pongs: Pongs::default(),
    }));
    let tx = Tx {
        shared: Shared(Arc::clone(&open)),
        closing: false,
        largest: limits.message,
    };
    let rx = Rx {
        shared: Shared(open),
        large: Large::new(limits.frame, 0),
    };
    (Box::new(tx), Box::new(rx))
}

/// A stream that begins with what was read from it before.
struct Prefixed<IO> {
    read: Bytes,
    io: IO,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Prefixed<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let count = self.read.len().min(buf.remaining());
        buf.put_slice(self.read.get(..count).unwrap_or_default());
        self.read.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Prefixed<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

struct Tx<IO> {
    shared: Shared<IO>,
    closing: bool,
    largest: usize,
}

impl<IO> Tx<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn give(&mut self, message: Message) -> Result<(), End> {
        Pin::new(&mut self.shared.lock().socket)
            .start_send(message)
            .map_err(|error| end_of(&error))
    }
}

impl<IO> WireTx for Tx<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        Pin::new(&mut self.shared.lock().socket)
            .poll_ready(cx)
            .map_err(|error| end_of(&error))
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), End> {
        if frame.len() > self.largest {
            return Err(End::new(Stage::Live, How::TooLarge)
                .because("a message of this side exceeds its own limit"));
        }
        let message = match frame.kind {
            FrameKind::Text if std::str::from_utf8(&frame.data).is_err() => {
                return Err(End::new(Stage::Live, How::Protocol)
                    .because("a text message of this side is not UTF-8"));
            }
            FrameKind::Text => Message::text(frame.data),
            FrameKind::Binary => Message::binary(frame.data),
        };
        self.give(message)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        self.give(Message::ping(Bytes::new()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let mut open = self.shared.lock();
        let flushed = ready!(Pin::new(&mut open.socket).poll_flush(cx));
        open.pongs.have_left();
        Poll::Ready(flushed.map_err(|error| end_of(&error)))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>> {
        if !self.closing {
            ready!(self.poll_ready(cx))?;
            self.closing = true;
            // Codes that may not travel are said as an ordinary goodbye.
            let code = CloseCode::try_from(code)
                .ok()
                .filter(|code| !code.is_reserved())
                .unwrap_or(CloseCode::NORMAL_CLOSURE);
            self.give(Message::close(Some(code), ""))?;
        }
        self.poll_flush(cx)
    }
}

struct Rx<IO> {
    shared: Shared<IO>,
    large: Large,
}

impl<IO> WireRx for Rx<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        let Open { socket, pongs } = &mut *self.shared.lock();
        if pongs.are_many() {
            // If writing has failed, reading tells why.
            let flushed = Pin::new(&mut *socket).poll_flush(cx);
            ready!(pongs.wait_for(flushed.map(drop), cx));
        }
        let _outlived = self.large.outlived();
        let message = match ready!(Pin::new(&mut *socket).poll_next(cx)) {
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                // The library has put the goodbye into its queue; it leaves if there is room.
                let _ = Pin::new(&mut *socket).poll_flush(cx);
                return Poll::Ready(Err(end_of(&error)));
            }
            None => return Poll::Ready(Err(eof())),
        };
        if let Some((code, reason)) = message.as_close() {
            let end = End::new(Stage::Live, How::CloseFrame).because(reason);
            let end = if code == CloseCode::NO_STATUS_RECEIVED {
                end
            } else {
                end.with_code(code.into())
            };
            let _ = Pin::new(&mut *socket).poll_flush(cx);
            return Poll::Ready(Err(end));
        }
        let kind = if message.is_text() {
            FrameKind::Text
        } else if message.is_binary() {
            FrameKind::Binary
        } else {
            if message.is_ping() {
                pongs.one_more();
            }
            return Poll::Ready(Ok(Incoming::Alive));
        };
        let data = message.into_payload().into();
        Poll::Ready(Ok(self.large.frame(kind, data)))
    }
}

fn eof() -> End {
    End::new(Stage::Live, How::Eof).because("the stream ended without a close frame")
}

fn end_of(error: &Error) -> End {
    let live = |how| End::new(Stage::Live, how);
    match error {
        Error::AlreadyClosed => eof(),
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => eof(),
        Error::Io(error) => live(How::Io).because(&error.to_string()),
        Error::PayloadTooLong { len, max_len } => live(How::TooLarge).because(&format!(
            "a message of {len} bytes exceeds the limit of {max_len} bytes"
        )),
        Error::Protocol(ProtocolError::InvalidUtf8) => {
            live(How::Protocol).because("a text message is not UTF-8")
        }
        Error::Protocol(error) => live(How::Protocol).because(&error.to_string()),
        _ => live(How::Protocol).because("the WebSocket failed"),
    }
}
