//! The two halves of an open WebSocket on tokio-tungstenite.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use antiphon_protocol::{End, Frame, FrameKind, How, Stage};
use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::{CapacityError, ProtocolError},
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    Limits,
    held::{Large, Pongs},
};
use crate::{Incoming, WirePair, WireRx, WireTx};

/// What both halves share. The driver polls them from one task, so the lock is never waited for.
struct Shared<IO>(Arc<Mutex<Open<IO>>>);

struct Open<IO> {
    socket: WebSocketStream<IO>,
    pongs: Pongs,
}

impl<IO> Shared<IO> {
    fn lock(&self) -> MutexGuard<'_, Open<IO>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the halves over a connection that was upgraded, given what was already read from it.
pub(super) async fn open<IO>(io: IO, read: Bytes, limits: &Limits) -> WirePair
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(limits.read_buffer)
        .write_buffer_size(limits.write_buffer)
        .max_write_buffer_size(limits.write_buffer + limits.message + 1024)
        .max_message_size(Some(limits.message))
        .max_frame_size(Some(limits.frame));
    let socket =
        WebSocketStream::from_partially_read(io, read.to_vec(), Role::Client, Some(config)).await;
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
        large: Large::new(limits.frame, limits.read_buffer),
    };
    (Box::new(tx), Box::new(rx))
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
            FrameKind::Text => Message::Text(Utf8Bytes::try_from(frame.data).map_err(|_| {
                End::new(Stage::Live, How::Protocol)
                    .because("a text message of this side is not UTF-8")
            })?),
            FrameKind::Binary => Message::Binary(frame.data),
        };
        self.give(message)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        self.give(Message::Ping(Bytes::new()))
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
            self.give(Message::Close(Some(CloseFrame {
                code: CloseCode::from(code),
                reason: Utf8Bytes::default(),
            })))?;
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
        loop {
            let message = match ready!(Pin::new(&mut *socket).poll_next(cx)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    say_why(socket, &error, cx);
                    return Poll::Ready(Err(end_of(&error)));
                }
                None => return Poll::Ready(Err(eof())),
            };
            return Poll::Ready(match message {
                Message::Text(text) => Ok(self.large.frame(FrameKind::Text, text.into())),
                Message::Binary(data) => Ok(self.large.frame(FrameKind::Binary, data)),
                Message::Ping(_) => {
                    pongs.one_more();
                    Ok(Incoming::Alive)
                }
                Message::Pong(_) => Ok(Incoming::Alive),
                Message::Close(frame) => {
                    // The answer is on its way if the socket has room; the end does not wait for it.
                    let _ = Pin::new(&mut *socket).poll_flush(cx);
                    Err(closed(frame))
                }
                Message::Frame(_) => continue,
            });
        }
    }
}

/// Tells the peer what it did wrong, as far as the socket has room for it.
fn say_why<IO>(socket: &mut WebSocketStream<IO>, error: &Error, cx: &mut Context<'_>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let code = match error {
        Error::Capacity(_) => CloseCode::Size,
        Error::Utf8(_) => CloseCode::Invalid,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
        Error::Protocol(_) => CloseCode::Protocol,
        _ => return,
    };
    let goodbye = Message::Close(Some(CloseFrame {
        code,
        reason: Utf8Bytes::default(),
    }));
    let mut socket = Pin::new(socket);
    if socket.as_mut().poll_ready(cx).is_ready() && socket.as_mut().start_send(goodbye).is_ok() {
        let _ = socket.poll_flush(cx);
    }
}

fn closed(frame: Option<CloseFrame>) -> End {
    let end = End::new(Stage::Live, How::CloseFrame);
    match frame {
        Some(frame) => end
            .with_code(frame.code.into())
            .because(frame.reason.as_str()),
        None => end,
    }
}

fn eof() -> End {
    End::new(Stage::Live, How::Eof).because("the stream ended without a close frame")
}

fn end_of(error: &Error) -> End {
    let live = |how| End::new(Stage::Live, how);
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => eof(),
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => eof(),
        Error::Io(error) => live(How::Io).because(&error.to_string()),
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => live(How::TooLarge)
            .because(&format!(
                "a message of {size} bytes exceeds the limit of {max_size} bytes"
            )),
        Error::WriteBufferFull(_) => {
            live(How::TooLarge).because("a message of this side does not fit the write buffer")
        }
        Error::Utf8(_) => live(How::Protocol).because("a text message is not UTF-8"),
        Error::Protocol(error) => live(How::Protocol).because(&error.to_string()),
        _ => live(How::Protocol).because("the WebSocket failed"),
    }
}
