//! One socket and one machine: frames and time in, frames out.

use std::{collections::VecDeque, future::poll_fn, task::Poll, time::Duration};

use antiphon_protocol::Frame;
use antiphon_transport::Clock;
use futures::{Sink, SinkExt, StreamExt};
use tokio::{sync::watch, time::sleep_until};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        protocol::{
            CloseFrame,
            frame::{
                Frame as RawFrame,
                coding::{Data, OpCode},
            },
        },
    },
};

use super::{Stream, told_to_stop, upgrade::wall_clock};
use crate::{
    Builder,
    peer::{Input, Output},
    route::Route,
};

/// Frames that may wait for a slow client before the machine stands still.
const MAX_WAITING: usize = 1_024;
/// How long a client may take to answer a close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

enum Happened {
    Stopped,
    Arrived(Option<Result<Message, Error>>),
    Due,
    Written(Result<(), Error>),
}

/// Serves one connection until it ends.
pub(super) async fn run<S: Stream>(
    socket: WebSocketStream<S>,
    builder: &Builder,
    number: u64,
    route: Route,
    clock: Clock,
    mut stopped: watch::Receiver<bool>,
) {
    let mut machine = builder.peer(number, route, clock.now(), wall_clock());
    let (mut tx, mut rx) = socket.split();
    let mut waiting = VecDeque::new();
    let mut flushed = true;
    loop {
        while let Some(output) = machine.poll_output() {
            waiting.push_back(output);
        }
        if let Some(Output::Close { .. } | Output::Drop) = waiting.front() {
            let last = waiting.pop_front();
            let Ok(mut socket) = tx.reunite(rx) else {
                return;
            };
            return end(&mut socket, last).await;
        }
        let keeping_up = waiting.len() < MAX_WAITING;
        let due = machine.poll_timeout().filter(|_| keeping_up);
        let due = due.map(|at| clock.instant(at));
        // Every arm is cancel safe: nothing is taken from the queue or the socket until it is ready.
        let happened = tokio::select! {
            biased;
            () = told_to_stop(&mut stopped) => Happened::Stopped,
            result = write(&mut tx, &mut waiting, &mut flushed) => Happened::Written(result),
            () = async { match due { Some(at) => sleep_until(at).await, None => std::future::pending().await } } => Happened::Due,
            message = rx.next(), if keeping_up => Happened::Arrived(message),
        };
        let input = match happened {
            Happened::Written(Ok(())) => continue,
            Happened::Due => Input::Timeout,
            Happened::Arrived(Some(Ok(message))) => match frame(message) {
                Some(frame) => Input::Frame(frame),
                None => continue,
            },
            Happened::Stopped => {
                let Ok(mut socket) = tx.reunite(rx) else {
                    return;
                };
                let reason = "the emulator stops".to_owned();
                return end(&mut socket, Some(Output::Close { code: 1001, reason })).await;
            }
            // After a close frame of the peer, the library has answered it by the time `None` comes.
            Happened::Written(Err(_)) | Happened::Arrived(None | Some(Err(_))) => {
                machine.handle(clock.now(), Input::Closed);
                return;
            }
        };
        machine.handle(clock.now(), input);
    }
}

/// Writes waiting frames as the socket takes them, and is ready after each; pending when all is
/// written.
async fn write<S>(
    tx: &mut S,
    waiting: &mut VecDeque<Output>,
    flushed: &mut bool,
) -> Result<(), Error>
where
    S: Sink<Message, Error = Error> + Unpin,
{
    poll_fn(|cx| {
        while let Some(Output::Frame(_)) = waiting.front() {
            if tx.poll_ready_unpin(cx)?.is_pending() {
                return Poll::Pending;
            }
            if let Some(Output::Frame(frame)) = waiting.pop_front() {
                tx.start_send_unpin(message(frame))?;
                *flushed = false;
            }
        }
        if *flushed {
            return Poll::Pending;
        }
        let result = tx.poll_flush_unpin(cx);
        *flushed = result.is_ready();
        result
    })
    .await
}

fn message(frame: Frame) -> Message {
    match frame.kind {
        antiphon_protocol::FrameKind::Binary => Message::Binary(frame.data),
        antiphon_protocol::FrameKind::Text => match Utf8Bytes::try_from(frame.data.clone()) {
            Ok(text) => Message::Text(text),
            // A script can ask for a text that is not one, which only a raw frame can carry.
            Err(_) => Message::Frame(RawFrame::message(
                frame.data,
                OpCode::Data(Data::Text),
                true,
            )),
        },
    }
}

/// The data frame in a message; pings and close frames are the library's.
fn frame(message: Message) -> Option<Frame> {
    match message {
        Message::Text(text) => Some(Frame::text_bytes(bytes::Bytes::from(text))),
        Message::Binary(data) => Some(Frame::binary(data)),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}

/// Ends a connection the way the machine asks for; a close frame is given a moment for its answer.
async fn end<S: Stream>(socket: &mut WebSocketStream<S>, how: Option<Output>) {
    let Some(Output::Close { code, reason }) = how else {
        return;
    };
    let goodbye = async {
        // 1005 stands for a close frame without a code.
        let close = (code != 1005).then(|| CloseFrame {
            code: code.into(),
            reason: reason.into(),
        });
        if socket.close(close).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    _ = tokio::time::timeout(CLOSE_WAIT, goodbye).await;
}
