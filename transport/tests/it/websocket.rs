//! The WebSocket wire against servers on the loopback.

use std::time::Duration;

use antiphon_protocol::{End, Fault, Frame, How, Retry, Stage, classify};
use antiphon_transport::{Dial, DialProgress, DialRequest, Incoming, WsDial};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::support::loopback::{
    accept_head, answer, close, dial_with, endpoint, listen, on_each_wire, ping, read_head, recv,
    recv_end, recv_frame, refusal, send,
};

type Socket = WebSocketStream<tokio::net::TcpStream>;

/// A wire to a server that runs `serve` on its side.
async fn wired<F, S>(wire: &WsDial, serve: S) -> antiphon_transport::WirePair
where
    S: FnOnce(Socket) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(accept_async(stream).await.unwrap()).await;
    });
    dial_with(wire, address, None).await.unwrap()
}

async fn echo(mut socket: Socket) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
        }
    }
}

async fn messages_travel_both_ways_as_they_are(wire: WsDial) {
    let (mut tx, mut rx) = wired(&wire, echo).await;
    for frame in [
        Frame::text("grüße"),
        Frame::binary(vec![0, 159, 146, 150]),
        Frame::text(""),
        Frame::binary(vec![7; 300_000]),
    ] {
        send(&mut tx, frame.clone()).await.unwrap();
        assert_eq!(recv_frame(&mut rx).await.unwrap(), frame);
    }
    ping(&mut tx).await.unwrap();
    assert!(matches!(recv(&mut rx).await, Ok(Incoming::Alive)));
    close(&mut tx, 1000).await.unwrap();
    let end = recv_end(&mut rx).await;
    assert_eq!((end.how, end.code), (How::CloseFrame, Some(1000)));
}

async fn pings_of_the_server_are_answered(wire: WsDial) {
    let (_tx, mut rx) = wired(&wire, |mut socket: Socket| async move {
        socket.send(Message::Ping("x".into())).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        assert!(answer.is_pong());
        socket.send(Message::text("answered")).await.unwrap();
    })
    .await;
    assert!(matches!(recv(&mut rx).await, Ok(Incoming::Alive)));
    let Ok(Incoming::Frame(frame)) = recv(&mut rx).await else {
        panic!("no frame");
    };
    assert_eq!(frame, Frame::text("answered"));
}

// faults: D18 by a close reason with a line break
async fn a_close_frame_keeps_its_code_and_reason(wire: WsDial) {
    let (_tx, mut rx) = wired(&wire, |mut socket: Socket| async move {
        let goodbye = CloseFrame {
            code: CloseCode::from(1011),
            reason: "quota\nexceeded".into(),
        };
        socket.close(Some(goodbye)).await.unwrap();
    })
    .await;
    let end = recv_end(&mut rx).await;
    assert_eq!((end.how, end.code), (How::CloseFrame, Some(1011)));
    assert_eq!(end.reason.as_str(), "quota\\nexceeded");
}

async fn an_end_without_a_close_frame_is_the_networks(wire: WsDial) {
    let (_tx, mut rx) = wired(&wire, |socket: Socket| async move { drop(socket) }).await;
    let end = recv_end(&mut rx).await;
    assert_eq!(classify(&end), (Fault::Network, Retry::Backoff), "{end:?}");
}

// faults: D11 by messages one byte beyond the limit, each way
async fn messages_beyond_the_limit_are_refused_either_way(wire: WsDial) {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        socket.send(Message::binary(vec![0; 1000])).await.unwrap();
        socket.send(Message::binary(vec![0; 1001])).await.unwrap();
        socket.next().await
    });
    let limited = wire.max_message(1000).max_frame(1000);
    let (mut tx, mut rx) = dial_with(&limited, address, None).await.unwrap();
    let own = send(&mut tx, Frame::binary(vec![0; 1001]))
        .await
        .unwrap_err();
    assert_eq!(own.how, How::TooLarge);
    assert!(recv_frame(&mut rx).await.is_ok());
    assert_eq!(recv_end(&mut rx).await.how, How::TooLarge);
    let told = server.await.unwrap().unwrap().unwrap();
    assert!(matches!(told, Message::Close(Some(frame)) if frame.code == CloseCode::Size));
}

// faults: D12, D13 by a length of 2^63 and fragments without end
async fn a_message_that_never_ends_is_cut_off_at_the_limit(wire: WsDial) {
    let fragment = [b"\x7e\x03\xe8".as_slice(), &[b'x'; 1000]].concat();
    let first = [b"\x01".as_slice(), &fragment].concat();
    let more = [b"\x00".as_slice(), &fragment].concat();
    let huge = b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec();
    for (what, begin, go_on) in [
        ("fragments without end", first, more),
        ("a length of 2^63", huge, vec![0; 1000]),
    ] {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = read_head(&mut stream).await;
            stream
                .write_all(accept_head(&head).as_bytes())
                .await
                .unwrap();
            let _ = stream.write_all(&begin).await;
            while stream.write_all(&go_on).await.is_ok() {}
        });
        let limited = wire.clone().max_message(100_000);
        let (_tx, mut rx) = dial_with(&limited, address, None).await.unwrap();
        let end = recv_end(&mut rx).await;
        assert!(
            matches!(end.how, How::TooLarge | How::Protocol),
            "{what}: {end:?}"
        );
    }
}

// faults: A22 by answers that accept nothing, or with a wrong key
async fn what_is_not_an_upgrade_is_a_protocol_fault(wire: WsDial) {
    let rows: [&[u8]; 5] = [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x00\x01\x02\x03garbage\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ];
    for row in rows {
        let (listener, address) = listen().await;
        tokio::spawn(answer(listener, row.to_vec()));
        let end = refusal(&wire, address, None).await;
        assert_eq!(
            (end.stage, end.how),
            (Stage::Upgrade, How::Protocol),
            "{}: {end:?}",
            String::from_utf8_lossy(row)
        );
    }
}

/// What becomes of an upgrade with these headers, and the head of the request. The server chooses this
/// subprotocol.
async fn upgraded(
    wire: &WsDial,
    headers: &[(&'static str, &str)],
    chosen: Option<&str>,
) -> (Result<(), End>, String) {
    let (listener, address) = listen().await;
    let chosen = chosen.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n\r\n"));
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let mut answer = accept_head(&head);
        if let Some(chosen) = chosen {
            answer.truncate(answer.len() - "\r\n".len());
            answer.push_str(&chosen);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        head
    });
    let (mut endpoint, token) = endpoint(address, Some("sk-canary-6"));
    for (name, value) in headers {
        let name = http::HeaderName::from_static(name);
        endpoint.headers.append(name, value.parse().unwrap());
    }
    let dialed = wire.dial(DialRequest {
        endpoint,
        token,
        progress: DialProgress::default(),
    });
    (dialed.await.map(drop), server.await.unwrap())
}

async fn custom_headers_travel_and_none_replaces_what_the_upgrade_needs(wire: WsDial) {
    let given = [
        ("x-team", "red"),
        ("x-team", "blue"),
        ("user-agent", "mine/1"),
        ("host", "elsewhere.example"),
        ("connection", "close"),
        ("upgrade", "h2c"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("authorization", "Bearer of-another"),
    ];
    let (dialed, head) = upgraded(&wire, &given, None).await;
    assert_eq!(dialed, Ok(()), "{head}");
    let values = |name: &str| {
        let mut values: Vec<_> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .collect();
        values.sort_unstable();
        values
    };
    assert_eq!(values("x-team"), ["blue", "red"]);
    assert_eq!(values("user-agent"), ["mine/1"]);
    assert_eq!(values("connection"), ["Upgrade"]);
    assert_eq!(values("upgrade"), ["websocket"]);
    assert_eq!(values("sec-websocket-version"), ["13"]);
    assert_eq!(values("authorization"), ["Bearer sk-canary-6"]);
    for (name, value) in [given[3], given[7]] {
        assert_eq!(values(name).len(), 1, "{name}");
        assert_ne!(values(name), [value]);
    }
    let (_, head) = upgraded(&wire, &[], None).await;
    assert!(head.contains("user-agent: antiphon/"), "{head}");
}

async fn a_subprotocol_is_one_of_those_that_were_offered(wire: WsDial) {
    let offers = [("sec-websocket-protocol", "voice.v1, voice.v2")];
    for (offers, chosen, taken) in [
        (&offers[..], None, true),
        (&offers[..], Some("voice.v1"), true),
        (&offers[..], Some("voice.v2"), true),
        (&offers[..], Some("voice"), false),
        (&offers[..], Some("voice.v1, voice.v2"), false),
        (&[], None, true),
        (&[], Some("voice.v1"), false),
    ] {
        let (dialed, _) = upgraded(&wire, offers, chosen).await;
        let ended = dialed.err().map(|end| (end.stage, end.how));
        let expected = (!taken).then_some((Stage::Upgrade, How::Protocol));
        assert_eq!(ended, expected, "{offers:?} {chosen:?}");
    }
}

async fn a_server_that_hangs_up_in_the_middle_of_the_upgrade_is_the_networks(wire: WsDial) {
    let (listener, address) = listen().await;
    tokio::spawn(answer(listener, b"HTTP/1.1 101 Swi".to_vec()));
    let end = refusal(&wire, address, None).await;
    assert_eq!(end.stage, Stage::Upgrade);
    assert_eq!(classify(&end).0, Fault::Network, "{end:?}");
}

async fn a_silent_server_is_seen_in_the_stage_it_is_silent_in(wire: WsDial) {
    let (_listener, address) = listen().await;
    let (endpoint, token) = endpoint(address, None);
    let progress = DialProgress::default();
    let request = DialRequest {
        endpoint,
        token,
        progress: progress.clone(),
    };
    let dial = wire;
    let ran_out = tokio::time::timeout(Duration::from_millis(50), dial.dial(request)).await;
    assert!(ran_out.is_err());
    assert_eq!(progress.stage(), Stage::Upgrade);
}

async fn a_closed_port_is_named_as_such(wire: WsDial) {
    let (listener, address) = listen().await;
    drop(listener);
    let end = refusal(&wire, address, None).await;
    assert_eq!((end.stage, end.how), (Stage::Connect, How::Io));
}

async fn a_server_may_speak_first_in_the_same_breath(wire: WsDial) {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let mut bytes = accept_head(&head).into_bytes();
        bytes.extend(b"\x81\x05hello");
        stream.write_all(&bytes).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let (_tx, mut rx) = dial_with(&wire, address, None).await.unwrap();
    let Ok(Incoming::Frame(frame)) = recv(&mut rx).await else {
        panic!("no frame");
    };
    assert_eq!(frame, Frame::text("hello"));
}

// faults: D15 by reserved opcodes and bits, masks, fragments of a ping and bad UTF-8
async fn frames_that_break_the_protocol_end_the_wire_with_a_word_to_the_peer(wire: WsDial) {
    let rows: [(&str, &[u8], u16); 5] = [
        ("a reserved opcode", b"\x83\x00", 1002),
        ("a masked frame", b"\x81\x81aaaa\x00", 1002),
        ("reserved bits", b"\xf1\x00", 1002),
        ("a fragmented ping", b"\x09\x00", 1002),
        ("text that is not UTF-8", b"\x81\x01\xff", 1007),
    ];
    for (what, bytes, code) in rows {
        let (listener, address) = listen().await;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = read_head(&mut stream).await;
            stream
                .write_all(accept_head(&head).as_bytes())
                .await
                .unwrap();
            stream.write_all(bytes).await.unwrap();
            let mut said = [0; 8];
            stream.read_exact(&mut said).await.unwrap();
            let [_, _, m0, m1, _, _, c0, c1] = said;
            u16::from_be_bytes([c0 ^ m0, c1 ^ m1])
        });
        let (_tx, mut rx) = dial_with(&wire, address, None).await.unwrap();
        let end = recv_end(&mut rx).await;
        assert_eq!(end.how, How::Protocol, "{what}: {end:?}");
        assert_eq!(server.await.unwrap(), code, "{what}");
    }
}

async fn plaintext_to_elsewhere_is_refused_before_the_name_is_resolved(wire: WsDial) {
    let endpoint = antiphon_protocol::Endpoint {
        url: "ws://surely-not-resolvable.invalid/".parse().unwrap(),
        headers: http::HeaderMap::new(),
        auth: None,
    };
    let refused: End = wire.check(&endpoint).unwrap_err();
    assert_eq!((refused.stage, refused.how), (Stage::Resolve, How::Address));
    let named = wire.allow_plaintext_host("surely-not-resolvable.invalid");
    assert_eq!(named.check(&endpoint), Ok(()));
}

on_each_wire![
    messages_travel_both_ways_as_they_are,
    pings_of_the_server_are_answered,
    a_close_frame_keeps_its_code_and_reason,
    an_end_without_a_close_frame_is_the_networks,
    messages_beyond_the_limit_are_refused_either_way,
    a_message_that_never_ends_is_cut_off_at_the_limit,
    what_is_not_an_upgrade_is_a_protocol_fault,
    custom_headers_travel_and_none_replaces_what_the_upgrade_needs,
    a_subprotocol_is_one_of_those_that_were_offered,
    a_server_that_hangs_up_in_the_middle_of_the_upgrade_is_the_networks,
    a_silent_server_is_seen_in_the_stage_it_is_silent_in,
    a_closed_port_is_named_as_such,
    a_server_may_speak_first_in_the_same_breath,
    frames_that_break_the_protocol_end_the_wire_with_a_word_to_the_peer,
    plaintext_to_elsewhere_is_refused_before_the_name_is_resolved,
];
