//! The server on the loopback interface, and the same machine in memory.

use std::time::Duration;

use antiphon_emulator::{Builder, Emulator, Refusal, Script};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

type Socket = WebSocketStream<TcpStream>;

async fn connect(emulator: &Emulator, key: Option<&str>) -> Result<Socket, Error> {
    let mut request = format!("{}?model=gpt-realtime", emulator.url()).into_client_request()?;
    if let Some(key) = key {
        let value = HeaderValue::from_str(&format!("Bearer {key}")).unwrap();
        request.headers_mut().insert("authorization", value);
    }
    let stream = TcpStream::connect(emulator.addr()).await?;
    Ok(client_async(request, stream).await?.0)
}

/// The next message, within five seconds.
async fn next(socket: &mut Socket) -> Option<Result<Message, Error>> {
    let within = tokio::time::timeout(Duration::from_secs(5), socket.next());
    within
        .await
        .unwrap_or_else(|_| panic!("nothing came within five seconds"))
}

async fn event(socket: &mut Socket) -> Value {
    match next(socket).await {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
        other => panic!("expected an event, got {other:?}"),
    }
}

async fn until(socket: &mut Socket, event_type: &str) -> Value {
    loop {
        let event = event(socket).await;
        if event["type"] == event_type {
            return event;
        }
    }
}

async fn send(socket: &mut Socket, event: Value) {
    socket.send(Message::text(event.to_string())).await.unwrap();
}

async fn ask(socket: &mut Socket, text: &str) {
    send(
        socket,
        json!({"type": "conversation.item.create", "item": {
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": text}],
        }}),
    )
    .await;
    send(socket, json!({"type": "response.create"})).await;
}

fn script(text: &str) -> Builder {
    Emulator::builder().script(text.parse::<Script>().unwrap())
}

#[tokio::test]
async fn several_clients_talk_at_once() {
    let emulator = Emulator::builder().start().await.unwrap();
    let talk = async |name: &str| {
        let mut socket = connect(&emulator, Some("sk-any")).await.unwrap();
        let created = event(&mut socket).await;
        assert_eq!(created["session"]["model"], "gpt-realtime", "{name}");
        ask(&mut socket, "Hello").await;
        let done = until(&mut socket, "response.done").await;
        assert_eq!(done["response"]["status"], "completed", "{name}");
        created["session"]["id"].as_str().unwrap().to_owned()
    };
    let (first, second, third) = tokio::join!(talk("first"), talk("second"), talk("third"));
    assert!(first != second && second != third);
    emulator.stop().await;
}

#[tokio::test]
async fn pings_and_close_frames_are_answered() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut socket = connect(&emulator, None).await.unwrap();
    event(&mut socket).await;
    socket
        .send(Message::Ping("are you there".into()))
        .await
        .unwrap();
    let pong = next(&mut socket).await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("are you there".into()));
    socket.close(None).await.unwrap();
    assert!(matches!(
        next(&mut socket).await,
        Some(Ok(Message::Close(_)))
    ));
}

#[tokio::test]
async fn a_wrong_key_is_refused_as_asked() {
    let emulator = Emulator::builder()
        .key(Some("sk-right"))
        .start()
        .await
        .unwrap();
    for key in [None, Some("sk-wrong")] {
        match connect(&emulator, key).await {
            Err(Error::Http(response)) => {
                assert_eq!(response.status(), 401);
                let body: Value =
                    serde_json::from_slice(response.body().as_ref().unwrap()).unwrap();
                assert_eq!(body["error"]["code"], "invalid_api_key");
            }
            other => panic!("expected 401, got {other:?}"),
        }
    }
    let mut right = connect(&emulator, Some("sk-right")).await.unwrap();
    assert_eq!(event(&mut right).await["type"], "session.created");

    let builder = Emulator::builder()
        .key(Some("sk-right"))
        .refusal(Refusal::Event);
    let emulator = builder.start().await.unwrap();
    let mut socket = connect(&emulator, Some("sk-wrong")).await.unwrap();
    assert_eq!(event(&mut socket).await["error"]["code"], "invalid_api_key");
    match next(&mut socket).await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 3000),
        other => panic!("expected a close frame, got {other:?}"),
    }
}

#[tokio::test]
async fn one_connection_too_many_is_refused() {
    let emulator = Emulator::builder()
        .max_connections(1)
        .start()
        .await
        .unwrap();
    let mut only = connect(&emulator, None).await.unwrap();
    event(&mut only).await;
    match connect(&emulator, None).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("expected 503, got {other:?}"),
    }
}

#[tokio::test]
async fn scripted_faults_reach_the_client() {
    let emulator = script("expect \"a\"\n say \"Half an answer\"\n fail close 1011 \"internal\"");
    let emulator = emulator.start().await.unwrap();
    let mut socket = connect(&emulator, None).await.unwrap();
    ask(&mut socket, "Hello").await;
    let mut spoken = false;
    let close = loop {
        match next(&mut socket).await {
            Some(Ok(Message::Text(text))) => {
                assert!(!text.contains("response.done"), "closed in mid-turn");
                spoken |= text.contains("response.output_audio.delta");
            }
            Some(Ok(Message::Close(Some(frame)))) => break frame,
            other => panic!("expected a close frame, got {other:?}"),
        }
    };
    assert!(spoken);
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (1011, "internal")
    );

    let emulator = script("drop").start().await.unwrap();
    let mut socket = connect(&emulator, None).await.unwrap();
    let end = next(&mut socket).await;
    assert!(!matches!(end, Some(Ok(_))), "no close frame: {end:?}");

    let emulator = script("fail garbage\nfail silence").start().await.unwrap();
    let mut socket = connect(&emulator, None).await.unwrap();
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap(),
        Message::text("this is not JSON")
    );
    let mut others = 0;
    while let Ok(message) = tokio::time::timeout(Duration::from_millis(200), socket.next()).await {
        assert!(message.unwrap().is_ok());
        others += 1;
    }
    assert_eq!(others, 6, "then silence");
}

#[tokio::test]
async fn dropping_the_emulator_closes_its_connections() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut socket = connect(&emulator, None).await.unwrap();
    event(&mut socket).await;
    let addr = emulator.addr();
    drop(emulator);
    match next(&mut socket).await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 1001),
        other => panic!("expected a close frame, got {other:?}"),
    }
    assert!(next(&mut socket).await.is_none());
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens");
}
