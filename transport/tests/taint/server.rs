//! A server written by hand: a WebSocket library's server side would log the request itself.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a server answers to the n-th request's head, and what it says after that.
pub(crate) type Answer = Arc<dyn Fn(usize, &str) -> Vec<u8> + Send + Sync>;

/// Answers every connection with what `answer` makes of its request, and listens until it is over.
pub(crate) async fn serve(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = read_head(&mut stream).await;
            let _ = stream.write_all(&answer(number, &head)).await;
            let mut rest = Vec::new();
            let _ =
                tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut rest)).await;
            number += 1;
        }
    });
    address
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// The head that accepts the upgrade.
pub(crate) fn accepting(head: &str) -> Vec<u8> {
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "))
        .expect("a key");
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// A text message as a server frames it.
pub(crate) fn text(words: &str) -> Vec<u8> {
    frame(0x81, words.as_bytes())
}

pub(crate) fn ping(words: &str) -> Vec<u8> {
    frame(0x89, words.as_bytes())
}

pub(crate) fn pong(words: &str) -> Vec<u8> {
    frame(0x8a, words.as_bytes())
}

/// A text message in a frame for each letter.
pub(crate) fn in_pieces(words: &str) -> Vec<u8> {
    let pieces = words.bytes().flat_map(|letter| frame(0, &[letter]));
    [frame(1, b""), pieces.collect(), frame(0x80, b"")].concat()
}

/// A close frame; a reason may have 123 bytes.
pub(crate) fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(0x88, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut bytes = vec![opcode];
    match u8::try_from(length) {
        Ok(length) if length < 126 => bytes.push(length),
        _ => match u16::try_from(length) {
            Ok(length) => {
                bytes.push(126);
                bytes.extend(length.to_be_bytes());
            }
            Err(_) => {
                bytes.push(127);
                bytes.extend((length as u64).to_be_bytes());
            }
        },
    }
    bytes.extend(payload);
    bytes
}
