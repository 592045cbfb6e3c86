//! Servers on 127.0.0.1, and the client's halves as futures.

use std::{future::poll_fn, net::SocketAddr, sync::Arc, time::Duration};

use antiphon_protocol::{AuthShape, End, Endpoint, Frame, Secret};
use antiphon_transport::{
    Dial, DialProgress, DialRequest, Incoming, WirePair, WireRx, WireTx, WsDial,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Longer than anything on the loopback takes; a test that runs into it hangs otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) fn endpoint(address: SocketAddr, key: Option<&str>) -> (Endpoint, Option<Secret>) {
    let token = key.map(Secret::from);
    let auth = token
        .clone()
        .map(|token| (AuthShape::Bearer, Arc::new(token) as Arc<_>));
    let url = format!("ws://{address}/v1/live?model=m").parse().unwrap();
    (
        Endpoint {
            url,
            headers: http::HeaderMap::new(),
            auth,
        },
        token,
    )
}

pub(crate) async fn dial_with(
    dial: &WsDial,
    address: SocketAddr,
    key: Option<&str>,
) -> Result<WirePair, End> {
    let (endpoint, token) = endpoint(address, key);
    let request = DialRequest {
        endpoint,
        token,
        progress: DialProgress::default(),
    };
    tokio::time::timeout(PATIENCE, dial.dial(request))
        .await
        .expect("the dial ends")
}

/// The end a dial meets.
pub(crate) async fn refusal(wire: &WsDial, address: SocketAddr, key: Option<&str>) -> End {
    match dial_with(wire, address, key).await {
        Ok(_) => panic!("the dial succeeded"),
        Err(end) => end,
    }
}

pub(crate) async fn send(tx: &mut Box<dyn WireTx>, frame: Frame) -> Result<(), End> {
    poll_fn(|cx| tx.poll_ready(cx)).await?;
    tx.start_send(frame)?;
    poll_fn(|cx| tx.poll_flush(cx)).await
}

pub(crate) async fn ping(tx: &mut Box<dyn WireTx>) -> Result<(), End> {
    poll_fn(|cx| tx.poll_ready(cx)).await?;
    tx.start_ping()?;
    poll_fn(|cx| tx.poll_flush(cx)).await
}

pub(crate) async fn close(tx: &mut Box<dyn WireTx>, code: u16) -> Result<(), End> {
    poll_fn(|cx| tx.poll_close(cx, code)).await
}

pub(crate) async fn recv(rx: &mut Box<dyn WireRx>) -> Result<Incoming, End> {
    tokio::time::timeout(PATIENCE, poll_fn(|cx| rx.poll_recv(cx)))
        .await
        .expect("something arrives")
}

/// The next whole message; signs of life before it are passed over.
pub(crate) async fn recv_frame(rx: &mut Box<dyn WireRx>) -> Result<Frame, End> {
    loop {
        if let Incoming::Frame(frame) = recv(rx).await? {
            return Ok(frame);
        }
    }
}

pub(crate) async fn recv_end(rx: &mut Box<dyn WireRx>) -> End {
    loop {
        if let Err(end) = recv(rx).await {
            return end;
        }
    }
}

/// Reads a request's head.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap() == 0 {
            break;
        }
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// Answers one request with these bytes and closes. Yields the request's head.
pub(crate) async fn answer(listener: TcpListener, answer: Vec<u8>) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_head(&mut stream).await;
    stream.write_all(&answer).await.unwrap();
    stream.shutdown().await.unwrap();
    // Held until the client is done, so that nothing is reset under its hands.
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    head
}

/// The head that accepts the upgrade asked for in `request`.
pub(crate) fn accept_head(request: &str) -> String {
    let key = request
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then(|| value.trim())
        })
        .expect("a key");
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Each test on each framing library: the transport does not depend on either.
macro_rules! on_each_wire {
    ($($test:ident),* $(,)?) => {
        mod tungstenite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(antiphon_transport::WsDial::new()).await;
            })*
        }
        mod tokio_websockets {
            $(#[tokio::test]
            async fn $test() {
                super::$test(antiphon_transport::WsDial::new().tokio_websockets()).await;
            })*
        }
    };
}
pub(crate) use on_each_wire;

/// Both wires, each with its name.
pub(crate) fn each_wire() -> [(&'static str, WsDial); 2] {
    [
        ("tungstenite", WsDial::new()),
        ("tokio-websockets", WsDial::new().tokio_websockets()),
    ]
}
