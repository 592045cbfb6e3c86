//! tokio-tungstenite as the library of a wire.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use antiphon_protocol::{End, FrameKind, How, Stage};
use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    Limits,
    envelopes::{Envelopes, Library, Said, Stop},
    halves::halves,
};
use crate::WirePair;

/// Bytes of the largest envelope, with room to spare.
const ENVELOPE: usize = 128;

/// Opens the halves over a connection that was upgraded, given what was already read from it.
pub(super) async fn open<IO>(io: IO, read: Bytes, limits: &Limits) -> WirePair
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(ENVELOPE)
        .write_buffer_size(0);
    let envelopes = Envelopes::default();
    let socket = WebSocketStream::from_raw_socket(envelopes, Role::Client, Some(config)).await;
    halves(Tungstenite(socket), io, &read, limits)
}

struct Tungstenite(WebSocketStream<Envelopes>);

impl Tungstenite {
    fn flush(&mut self) {
        // What is written to memory has arrived.
        let _ = Pin::new(&mut self.0).poll_flush(&mut Context::from_waker(Waker::noop()));
    }
}

impl Library for Tungstenite {
    fn envelopes(&mut self) -> &mut Envelopes {
        self.0.get_mut()
    }

    fn hear(&mut self) -> Option<Result<Said, Stop>> {
        let mut nobody = Context::from_waker(Waker::noop());
        let message = match Pin::new(&mut self.0).poll_next(&mut nobody) {
            Poll::Pending => return None,
            Poll::Ready(Some(Ok(message))) => message,
            Poll::Ready(Some(Err(error))) => {
                return Some(Err(Stop {
                    end: end_of(&error),
                    goodbye: Some(CloseCode::Protocol.into()),
                }));
            }
            Poll::Ready(None) => {
                return Some(Err(Stop {
                    end: end_of(&Error::AlreadyClosed),
                    goodbye: None,
                }));
            }
        };
        let said = match message {
            Message::Text(_) => Said::Message(FrameKind::Text),
            Message::Binary(_) => Said::Message(FrameKind::Binary),
            Message::Ping(_) => Said::Ping,
            Message::Pong(_) | Message::Frame(_) => Said::Pong,
            Message::Close(frame) => Said::Close(frame.map(|frame| frame.code.into())),
        };
        if matches!(said, Said::Ping | Said::Close(_)) {
            self.flush();
        }
        Some(Ok(said))
    }

    fn say(&mut self, what: Said) -> Result<(), End> {
        let message = match what {
            Said::Message(FrameKind::Text) => Message::Text(Utf8Bytes::default()),
            Said::Message(FrameKind::Binary) => Message::Binary(Bytes::new()),
            Said::Ping => Message::Ping(Bytes::new()),
            Said::Pong => Message::Pong(Bytes::new()),
            Said::Close(code) => Message::Close(code.map(|code| CloseFrame {
                code: CloseCode::from(code),
                reason: Utf8Bytes::default(),
            })),
        };
        Pin::new(&mut self.0)
            .start_send(message)
            .map_err(|error| end_of(&error))
    }
}

fn end_of(error: &Error) -> End {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => {
            End::new(Stage::Live, How::Eof).because("the stream ended without a close frame")
        }
        Error::Protocol(error) => End::new(Stage::Live, How::Protocol).because(&error.to_string()),
        _ => End::new(Stage::Live, How::Protocol).because("the WebSocket failed"),
    }
}
