//! The rest of what can be dropped while it waits: tunnels, TLS handshakes, messages on their way in
//! and out, goodbyes, and a session that changes its connection while the old one lives.
//!
//! Pipes hold a few bytes only, so that whatever travels does so over many polls.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{
    AuthShape, End, Endpoint, Frame, How, RotationCause, Secret, Stage, TokenSource, Why,
};
use antiphon_transport::{
    Clock, Connect, Destination, Dial, DialProgress, DialRequest, FreshToken, HttpProxy, Incoming,
    Link, LinkCommand, Socket, TokenCache, WirePair, WsDial, drive,
    testing::{MemoryNetwork, PeerWire, ScriptedDial, ScriptedPeer},
};
use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncWriteExt, DuplexStream, copy_bidirectional},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_async,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};

use crate::{
    cancel::{at_every_poll, dropped_after},
    secure::{Authority, params},
    support::{
        Words,
        bench::config,
        dice::Suite,
        loopback::{close, each_wire, read_head, recv, recv_end, send},
        rig::{Above, in_virtual_time, settle},
    },
};

/// Bytes that a pipe holds in each direction.
const NARROW: usize = 32;
/// Bytes of the message that is on its way.
const LONG: usize = 1500;

/// Makes one connection, over a pipe.
struct Pipe(Mutex<Option<DuplexStream>>);

#[async_trait]
impl Connect for Pipe {
    async fn connect(
        &self,
        _destination: &Destination,
        _progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        match self.0.lock().unwrap().take() {
            Some(stream) => Ok(Box::new(stream)),
            None => Err(End::new(Stage::Connect, How::Io)),
        }
    }
}

fn through_a_pipe(wire: WsDial) -> (WsDial, DuplexStream) {
    let (near, far) = tokio::io::duplex(NARROW);
    (wire.connect_with(Pipe(Mutex::new(Some(near)))), far)
}

fn request(url: &str) -> DialRequest {
    DialRequest {
        endpoint: Endpoint {
            url: url.parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: None,
        },
        token: None,
        progress: DialProgress::default(),
    }
}

/// Nothing of the client is held any more when its server has ended.
async fn gone(server: JoinHandle<()>) -> Result<(), String> {
    tokio::time::timeout(Duration::from_secs(1), server)
        .await
        .map_err(|_| "the connection is left".to_owned())?
        .map_err(|panic| panic.to_string())
}

/// A dial with TLS, dropped at poll `polls`.
async fn secured(wire: WsDial, server: Arc<ServerConfig>, polls: usize) -> Result<bool, String> {
    let (dial, far) = through_a_pipe(wire);
    let server = tokio::spawn(async move {
        let Ok(stream) = TlsAcceptor::from(server).accept(far).await else {
            return;
        };
        if let Ok(mut socket) = accept_async(stream).await {
            while let Some(Ok(_)) = socket.next().await {}
        }
    });
    let dialing = async { dial.dial(request("wss://localhost/")).await.map(drop) };
    let ended = dropped_after(polls, dialing).await;
    gone(server).await.map(|()| ended)
}

/// A connection through a proxy that answers byte by byte, dropped at poll `polls`.
async fn tunnelled(polls: usize) -> Result<bool, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = HttpProxy::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let destination = Destination {
        host: "voice.example".to_owned(),
        port: 443,
        encrypted: true,
        loopback_only: false,
    };
    let progress = DialProgress::default();
    let connecting = proxy.connect(&destination, &progress);
    let server = tokio::spawn(async move {
        let Ok((mut stream, _)) = listener.accept().await else {
            return;
        };
        read_head(&mut stream).await;
        for byte in b"HTTP/1.1 200 Connection established\r\n\r\n" {
            // Each byte is seen before the next one comes.
            tokio::time::sleep(Duration::from_micros(200)).await;
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
        let (mut nobody, _) = tokio::io::duplex(1);
        let _ = copy_bidirectional(&mut stream, &mut nobody).await;
    });
    let ended = dropped_after(polls, connecting).await;
    if polls == 1 {
        // The server may never have been reached.
        server.abort();
        return Ok(ended);
    }
    gone(server).await.map(|()| ended)
}

/// A wire to a server that yields the messages it has heard, and the code of the goodbye.
async fn heard(wire: WsDial) -> (WirePair, JoinHandle<(Vec<Vec<u8>>, Option<CloseCode>)>) {
    let (dial, far) = through_a_pipe(wire);
    let server = tokio::spawn(async move {
        let mut socket = accept_async(far).await.unwrap();
        let mut messages = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Close(frame) => {
                    let _ = socket.flush().await;
                    return (messages, frame.map(|frame| frame.code));
                }
                message => messages.push(message.into_data().to_vec()),
            }
        }
        (messages, None)
    });
    let wire = dial.dial(request("ws://127.0.0.1/")).await;
    (wire.unwrap(), server)
}

/// A send that is dropped at poll `polls`: the message arrives once and whole, before the next.
async fn sending(wire: WsDial, polls: usize) -> Result<bool, String> {
    let ((mut tx, mut rx), server) = heard(wire).await;
    let long = vec![7; LONG];
    let ended = dropped_after(polls, send(&mut tx, Frame::binary(long.clone()))).await;
    let after = async {
        send(&mut tx, Frame::binary(b"after".to_vec())).await?;
        close(&mut tx, 1000).await
    };
    after.await.map_err(|end| format!("{end:?}"))?;
    recv_end(&mut rx).await;
    let (messages, _) = server.await.map_err(|panic| panic.to_string())?;
    if messages == [long, b"after".to_vec()] {
        Ok(ended)
    } else {
        let lengths: Vec<_> = messages.iter().map(Vec::len).collect();
        Err(format!("messages of {lengths:?} bytes arrived"))
    }
}

/// A goodbye that is dropped at poll `polls`: it is said once, and the end is in order.
async fn closing(wire: WsDial, polls: usize) -> Result<bool, String> {
    let ((mut tx, mut rx), server) = heard(wire).await;
    // What waits before the goodbye makes it wait too.
    poll_fn(|cx| tx.poll_ready(cx)).await.unwrap();
    tx.start_send(Frame::binary(vec![7; LONG])).unwrap();
    let ended = dropped_after(polls, close(&mut tx, 1001)).await;
    close(&mut tx, 1001)
        .await
        .map_err(|end| format!("{end:?}"))?;
    let end = recv_end(&mut rx).await;
    let (messages, code) = server.await.map_err(|panic| panic.to_string())?;
    if messages.len() == 1 && code == Some(CloseCode::Away) && end.code == Some(1001) {
        Ok(ended)
    } else {
        Err(format!("{} messages, {code:?}, {end:?}", messages.len()))
    }
}

/// A receive that is dropped at poll `polls`: the next one gets the message.
async fn receiving(wire: WsDial, polls: usize) -> Result<bool, String> {
    let (dial, far) = through_a_pipe(wire);
    let server = tokio::spawn(async move {
        let mut socket = accept_async(far).await.unwrap();
        for message in [vec![7; LONG], b"after".to_vec()] {
            let _ = socket.send(Message::binary(message)).await;
        }
        while let Some(Ok(_)) = socket.next().await {}
    });
    let (tx, mut rx) = dial.dial(request("ws://127.0.0.1/")).await.unwrap();
    let mut lengths = Vec::new();
    let mut note = |incoming: Incoming| match incoming {
        Incoming::Frame(frame) => lengths.push(frame.len()),
        Incoming::Alive => panic!("nobody pings"),
    };
    let first = async { note(recv(&mut rx).await.unwrap()) };
    let ended = dropped_after(polls, first).await;
    while lengths.len() < 2 {
        lengths.push(match recv(&mut rx).await {
            Ok(Incoming::Frame(frame)) => frame.len(),
            other => return Err(format!("{other:?}")),
        });
    }
    drop((tx, rx));
    gone(server).await?;
    (lengths == [LONG, 5])
        .then_some(ended)
        .ok_or_else(|| format!("messages of {lengths:?} bytes"))
}

/// Waits for a client that is late, or late to leave, dropped at poll `polls`.
async fn listening(polls: usize) -> Result<bool, String> {
    let (network, listener) = MemoryNetwork::new();
    let late = tokio::spawn(async move {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let destination = Destination {
            host: "words.example".to_owned(),
            port: 443,
            encrypted: false,
            loopback_only: false,
        };
        let progress = DialProgress::default();
        network.connect(&destination, &progress).await.map(drop)
    });
    let taken = Mutex::new(false);
    let waiting = async {
        listener.accept().await;
        *taken.lock().unwrap() = true;
    };
    let ended = dropped_after(polls, waiting).await;
    late.await.unwrap().map_err(|end| format!("{end:?}"))?;
    if !*taken.lock().unwrap() {
        tokio::time::timeout(Duration::from_secs(1), listener.accept())
            .await
            .map_err(|_| "the connection is lost".to_owned())?;
    }
    Ok(ended)
}

/// Waits for room, and for a hangup, dropped at poll `polls`: whoever waits next is told.
async fn leaving(polls: usize) -> Result<bool, String> {
    let (dial, peer) = ScriptedDial::new();
    let (mut tx, mut rx) = dial.dial(request("wss://words.example/")).await.unwrap();
    let wire = peer.accept().await;
    wire.send(Frame::binary(vec![7; 1 << 20]));
    let client = tokio::spawn(async move {
        settle().await;
        let _ = recv(&mut rx).await;
        settle().await;
        close(&mut tx, 1000).await.unwrap();
    });
    let waiting = async {
        assert!(wire.room().await);
        wire.hangup().await
    };
    let ended = dropped_after(polls, waiting).await;
    let code = tokio::time::timeout(Duration::from_secs(1), wire.hangup()).await;
    client.await.map_err(|panic| panic.to_string())?;
    (code == Ok(Some(1000)))
        .then_some(ended)
        .ok_or_else(|| format!("the hangup is lost: {code:?}"))
}

/// A source that takes its time.
fn slow_source() -> Arc<dyn TokenSource> {
    Arc::new(TokenCache::new(|| async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        Ok(FreshToken {
            token: Secret::from("token"),
            valid_for: None,
        })
    }))
}

async fn rotate(above: Above, peer: ScriptedPeer) -> Vec<PeerWire> {
    let mut wires = Vec::new();
    for id in 0..3 {
        let next = peer.accept().await;
        next.send_text("ready");
        settle().await;
        for word in 0..3 {
            above.send(10 * id + word, 0);
            next.send_text("say");
            settle().await;
        }
        wires.push(next);
        if id < 2 {
            above.command(LinkCommand::Rotate(RotationCause::Request));
        }
    }
    above.close();
    wires
}

/// A session with a slow credential that opens each connection beside the one before, dropped at poll
/// `polls`.
async fn rotating(polls: usize) -> Result<bool, String> {
    let (dial, peer) = ScriptedDial::new();
    let clock = Clock::start();
    let above = Above {
        desk: Arc::default(),
        clock,
    };
    above.command(LinkCommand::Start);
    let mut words = Words::overlapping();
    words.auth = Some((AuthShape::Bearer, slow_source()));
    let link = Link::new(Arc::new(words), config(), 7);
    let other_side = tokio::spawn(rotate(above.clone(), peer.clone()));
    let session = drive(link, above, Arc::new(dial), clock);
    let ended = dropped_after(polls, session).await;
    settle().await;
    if peer.in_flight() > 0 {
        return Err("a dial is left".to_owned());
    }
    let waiting = peer.try_accept();
    other_side.abort();
    let wires = other_side.await.unwrap_or_default();
    if wires.iter().chain(&waiting).any(PeerWire::is_held) {
        return Err("a wire is left".to_owned());
    }
    Ok(ended)
}

/// Many wait for one credential, and the one that fetches it is dropped at poll `polls`.
async fn shared_token(polls: usize) -> Result<bool, String> {
    let source = slow_source();
    let others: Vec<_> = (0..3)
        .map(|_| {
            let source = Arc::clone(&source);
            async move { source.token(Why::Refused).await.map(drop) }
        })
        .collect();
    let first = dropped_after(polls, source.token(Why::Connect));
    let rest = tokio::time::timeout(
        Duration::from_secs(1),
        futures_util::future::join_all(others),
    );
    let (ended, rest) = tokio::join!(first, rest);
    match rest {
        Ok(rest) if rest.iter().all(Result::is_ok) => Ok(ended),
        other => Err(format!("the others do not get theirs: {other:?}")),
    }
}

// faults: H12 by messages, handshakes and rotations that are dropped at each of their polls
#[test]
fn what_travels_may_be_dropped_at_any_poll() {
    let mut suite = Suite::new("cancel_wires");
    let authority = Authority::new();
    let server = Arc::new(authority.issue(&params("localhost")));
    for (_, wire) in each_wire() {
        let trusting = wire.clone().only_roots(vec![authority.root()]);
        let dialing = |polls| secured(trusting.clone(), Arc::clone(&server), polls);
        at_every_poll(&mut suite, 30, in_virtual_time, dialing);
        let of = |polls| sending(wire.clone(), polls);
        at_every_poll(&mut suite, 30, in_virtual_time, of);
        let of = |polls| receiving(wire.clone(), polls);
        at_every_poll(&mut suite, 30, in_virtual_time, of);
        let of = |polls| closing(wire.clone(), polls);
        at_every_poll(&mut suite, 30, in_virtual_time, of);
    }
    at_every_poll(&mut suite, 1, in_virtual_time, listening);
    at_every_poll(&mut suite, 1, in_virtual_time, leaving);
    at_every_poll(&mut suite, 1, in_virtual_time, shared_token);
    at_every_poll(&mut suite, 15, in_virtual_time, rotating);
    at_every_poll(&mut suite, 3, in_real_time, tunnelled);
    suite.end();
}

fn in_real_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
