//! Futures dropped at any poll leave nothing behind, and what shares their state goes on.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use antiphon_protocol::{Endpoint, Secret, TokenSource, Why};
use antiphon_transport::{
    Clock, Dial, DialProgress, DialRequest, FreshToken, Link, LinkCommand, TokenCache, WsDial,
    drive,
    testing::{MemoryNetwork, ScriptedDial},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    Words,
    bench::config,
    dice::Suite,
    loopback::accept_head,
    rig::{Above, in_virtual_time, settle},
};

/// A future that is dropped when it has been polled so often. Yields whether it had ended by then.
pub(crate) struct DroppedAfter<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
}

pub(crate) fn dropped_after<F: Future>(polls: usize, future: F) -> DroppedAfter<F> {
    DroppedAfter {
        future: Some(Box::pin(future)),
        polls,
    }
}

impl<F: Future> Future for DroppedAfter<F> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(false);
        };
        if future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        self.polls = self.polls.saturating_sub(1);
        if self.polls == 0 {
            self.future = None;
            return Poll::Ready(false);
        }
        Poll::Pending
    }
}

/// A session that talks, loses its wire, comes back and is closed, dropped at poll `polls`.
async fn session(polls: usize) -> Result<bool, String> {
    let (dial, peer) = ScriptedDial::new();
    let clock = Clock::start();
    let above = Above {
        desk: Arc::default(),
        clock,
    };
    above.command(LinkCommand::Start);
    let link = Link::new(Arc::new(Words::default()), config(), 7);
    let other_side = {
        let (peer, above) = (peer.clone(), above.clone());
        async move {
            let first = peer.accept().await;
            first.send_text("ready");
            for id in 0..10 {
                above.send(id, 0);
                settle().await;
                first.send_text("say");
            }
            first.drop_connection();
            let second = peer.accept().await;
            second.send_text("ready");
            settle().await;
            above.send(10, 1);
            settle().await;
            above.close();
            second.hangup().await;
            (first, second)
        }
    };
    let wires = tokio::spawn(other_side);
    let session = drive(link, above.clone(), Arc::new(dial), clock);
    let ended = dropped_after(polls, session).await;
    settle().await;
    if peer.in_flight() > 0 {
        return Err("a dial is left".to_owned());
    }
    wires.abort();
    if let Ok((first, second)) = wires.await
        && (first.is_held() || second.is_held())
    {
        return Err("a wire is left".to_owned());
    }
    if let Some(wire) = peer.try_accept()
        && wire.is_held()
    {
        return Err("a wire nobody took is left".to_owned());
    }
    Ok(ended)
}

/// A dial over a network in memory, dropped at poll `polls`.
async fn dial(wire: WsDial, polls: usize) -> Result<bool, String> {
    let (network, listener) = MemoryNetwork::new();
    let dial = wire.connect_with(network);
    let request = DialRequest {
        endpoint: Endpoint {
            url: "ws://127.0.0.1/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: None,
        },
        token: None,
        progress: DialProgress::default(),
    };
    let server = tokio::spawn(async move {
        let mut stream = listener.accept().await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let answer = accept_head(std::str::from_utf8(&head).unwrap());
        for byte in answer.bytes() {
            // One byte at a time, so that there are polls to be dropped at.
            tokio::task::yield_now().await;
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
        }
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let dialing = async { dial.dial(request).await.map(drop) };
    let ended = dropped_after(polls, dialing).await;
    // The server sees the end of the stream: nothing holds it any more.
    tokio::time::timeout(Duration::from_secs(1), server)
        .await
        .map_err(|_| "the connection is left".to_owned())?
        .map_err(|panic| panic.to_string())?;
    Ok(ended)
}

/// A credential that takes some polls to fetch, dropped at poll `polls`.
async fn token(polls: usize) -> Result<bool, String> {
    let cache = TokenCache::new(|| async {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        Ok(FreshToken {
            token: Secret::from("token"),
            valid_for: None,
        })
    });
    let ended = dropped_after(polls, cache.token(Why::Connect)).await;
    let next = pin!(cache.token(Why::Connect));
    match tokio::time::timeout(Duration::from_secs(1), next).await {
        Ok(Ok(_)) => Ok(ended),
        other => Err(format!("the next one does not get through: {other:?}")),
    }
}

/// A test's wait for a frame that is late, dropped at poll `polls`: the frame is there for the next.
async fn double(polls: usize) -> Result<bool, String> {
    let (dial, peer) = ScriptedDial::new();
    let endpoint = Endpoint {
        url: "wss://words.example/".parse().unwrap(),
        headers: http::HeaderMap::new(),
        auth: None,
    };
    let request = DialRequest {
        endpoint,
        token: None,
        progress: DialProgress::default(),
    };
    let client = tokio::spawn(async move {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let (mut tx, rx) = dial.dial(request).await.unwrap();
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let frame = antiphon_protocol::Frame::text("hello");
        crate::support::loopback::send(&mut tx, frame)
            .await
            .unwrap();
        (tx, rx)
    });
    let taken = Arc::new(std::sync::Mutex::new((None, None)));
    let waiting = {
        let (peer, taken) = (peer.clone(), Arc::clone(&taken));
        async move {
            let wire = Arc::new(peer.accept().await);
            taken.lock().unwrap().0 = Some(Arc::clone(&wire));
            // Nothing else waits here, so that what was taken is noted at once.
            let frame = wire.recv().await;
            taken.lock().unwrap().1 = frame;
        }
    };
    let ended = dropped_after(polls, waiting).await;
    let _halves = client.await.map_err(|panic| panic.to_string())?;
    let (wire, frame) = std::mem::take(&mut *taken.lock().unwrap());
    let wire = match wire {
        Some(wire) => wire,
        None => Arc::new(peer.try_accept().ok_or("the wire is lost")?),
    };
    let frame = frame.or_else(|| wire.try_recv());
    frame.map(|_| ended).ok_or("the frame is lost".to_owned())
}

/// Drops at each poll until one is late enough for the future to end.
pub(crate) fn at_every_poll<F: Future<Output = Result<bool, String>>>(
    suite: &mut Suite,
    least: usize,
    runtime: impl Fn(F) -> Result<bool, String>,
    run: impl Fn(usize) -> F,
) {
    for polls in 1..10_000 {
        let outcome = runtime(run(polls));
        let ended = outcome == Ok(true);
        suite.case(
            outcome
                .map(drop)
                .map_err(|left| format!("poll {polls}: {left}")),
        );
        if ended {
            assert!(
                polls > least,
                "there were only {polls} polls to be dropped at"
            );
            return;
        }
    }
    panic!("it never ends");
}

// faults: H12 by futures dropped at each of their polls
#[test]
fn a_future_may_be_dropped_at_any_poll() {
    let mut suite = Suite::new("cancel");
    at_every_poll(&mut suite, 10, in_virtual_time, session);
    for wire in [WsDial::new(), WsDial::new().tokio_websockets()] {
        let of = |polls| dial(wire.clone(), polls);
        at_every_poll(&mut suite, 50, in_virtual_time, of);
    }
    at_every_poll(&mut suite, 2, in_virtual_time, double);
    at_every_poll(&mut suite, 4, in_virtual_time, token);
    suite.end();
}
