//! tokio-websockets as the library of a wire.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use antiphon_protocol::{End, FrameKind, How, Stage};
use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_websockets::{ClientBuilder, CloseCode, Error, Message, WebSocketStream};

use super::{
    Limits,
    envelopes::{Envelopes, Library, Said, Stop},
    halves::halves,
};
use crate::WirePair;

/// Opens the halves over a connection that was upgraded, given what was already read from it.
pub(super) fn open<IO>(io: IO, read: &[u8], limits: &Limits) -> WirePair
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let socket = ClientBuilder::new().take_over(Envelopes::default());
    halves(TokioWebsockets(socket), io, read, limits)
}

struct TokioWebsockets(WebSocketStream<Envelopes>);

impl TokioWebsockets {
    /// Writes what the library has queued.
    fn flush(&mut self) {
        // What is written to memory has arrived.
        let _ = Pin::new(&mut self.0).poll_flush(&mut Context::from_waker(Waker::noop()));
    }
}

impl Library for TokioWebsockets {
    fn envelopes(&mut self) -> &mut Envelopes {
        self.0.get_mut()
    }

    fn hear(&mut self) -> Option<Result<Said, Stop>> {
        let mut nobody = Context::from_waker(Waker::noop());
        let said = match Pin::new(&mut self.0).poll_next(&mut nobody) {
            Poll::Pending => return None,
            Poll::Ready(Some(Ok(message))) => {
                if message.is_text() {
                    Said::Message(FrameKind::Text)
                } else if message.is_binary() {
                    Said::Message(FrameKind::Binary)
                } else if message.is_ping() {
                    Said::Ping
                } else if let Some((code, _)) = message.as_close() {
                    let given = code != CloseCode::NO_STATUS_RECEIVED;
                    Said::Close(given.then(|| code.into()))
                } else {
                    Said::Pong
                }
            }
            // The library has queued the goodbye itself.
            Poll::Ready(Some(Err(error))) => {
                self.flush();
                return Some(Err(Stop {
                    end: end_of(&error),
                    goodbye: None,
                }));
            }
            Poll::Ready(None) => {
                return Some(Err(Stop {
                    end: end_of(&Error::AlreadyClosed),
                    goodbye: None,
                }));
            }
        };
        self.flush();
        Some(Ok(said))
    }

    fn say(&mut self, what: Said) -> Result<(), End> {
        let message = match what {
            Said::Message(FrameKind::Text) => Message::text(""),
            Said::Message(FrameKind::Binary) => Message::binary(Bytes::new()),
            Said::Ping => Message::ping(Bytes::new()),
            Said::Pong => Message::pong(Bytes::new()),
            Said::Close(code) => {
                // Codes that may not travel are said as an ordinary goodbye.
                let code = code
                    .and_then(|code| CloseCode::try_from(code).ok())
                    .filter(|code| !code.is_reserved())
                    .unwrap_or(CloseCode::NORMAL_CLOSURE);
                Message::close(Some(code), "")
            }
        };
        Pin::new(&mut self.0)
            .start_send(message)
            .map_err(|error| end_of(&error))?;
        self.flush();
        Ok(())
    }
}

fn end_of(error: &Error) -> End {
    match error {
        Error::AlreadyClosed => {
            End::new(Stage::Live, How::Eof).because("the stream ended without a close frame")
        }
        Error::Protocol(error) => End::new(Stage::Live, How::Protocol).because(&error.to_string()),
        _ => End::new(Stage::Live, How::Protocol).because("the WebSocket failed"),
    }
}
