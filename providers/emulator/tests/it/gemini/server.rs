//! The Gemini wire over a real socket: addresses, keys, frames, and sessions that outlive a socket.

use std::time::Duration;

use antiphon_emulator::{Builder, Emulator, Refusal, Script};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::bench::{MODEL_3_8, VERTEX_2_5, setup, setup_with};

type Socket = WebSocketStream<TcpStream>;

const PATH: &str = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
const VERTEX: &str = "/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent";

async fn connect(
    emulator: &Emulator,
    path: &str,
    header: Option<(&'static str, &str)>,
) -> Result<Socket, Error> {
    let mut request = format!("ws://{}{path}", emulator.addr()).into_client_request()?;
    if let Some((name, value)) = header {
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().insert(name, value);
    }
    let stream = TcpStream::connect(emulator.addr()).await?;
    Ok(client_async(request, stream).await?.0)
}

async fn next(socket: &mut Socket) -> Option<Result<Message, Error>> {
    let within = tokio::time::timeout(Duration::from_secs(5), socket.next());
    within
        .await
        .unwrap_or_else(|_| panic!("nothing came within five seconds"))
}

/// The next message, which must come as a binary frame.
async fn message(socket: &mut Socket) -> Value {
    match next(socket).await {
        Some(Ok(Message::Binary(data))) => serde_json::from_slice(&data).unwrap(),
        other => panic!("expected a binary frame, got {other:?}"),
    }
}

async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        match next(socket).await {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(Message::Binary(_))) => {}
            other => panic!("expected a close frame, got {other:?}"),
        }
    }
}

async fn set_up(socket: &mut Socket, setup: Value) -> Value {
    let text = json!({ "setup": setup }).to_string();
    socket.send(Message::text(text)).await.unwrap();
    message(socket).await
}

fn emulator() -> Builder {
    let script: Script = "pace 1000x\nexpect \"a\"\n say \"Yes.\"".parse().unwrap();
    Emulator::builder().script(script)
}

#[tokio::test]
async fn every_address_and_form_of_key_opens_a_session() {
    let emulator = emulator().key(Some("k-1")).start().await.unwrap();
    let constrained = format!("{}Constrained", PATH.replace("v1beta", "v1alpha"));
    let rows = [
        (PATH.to_owned(), Some(("x-goog-api-key", "k-1")), MODEL_3_8),
        (format!("{PATH}?key=k-1"), None, MODEL_3_8),
        (format!("/{PATH}?alt=ws&key=k%2D1"), None, MODEL_3_8),
        (format!("{constrained}?access_token=k-1"), None, MODEL_3_8),
        (constrained, Some(("authorization", "Token k-1")), MODEL_3_8),
        (
            PATH.replace("v1beta", "v1"),
            Some(("x-goog-api-key", "k-1")),
            MODEL_3_8,
        ),
        (
            VERTEX.to_owned(),
            Some(("authorization", "Bearer k-1")),
            VERTEX_2_5,
        ),
    ];
    for (path, header, model) in rows {
        let mut socket = connect(&emulator, &path, header).await.unwrap();
        let opened = set_up(&mut socket, setup(model)).await;
        assert!(opened.get("setupComplete").is_some(), "{path}: {opened}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_as_asked() {
    let wrong = [
        (PATH.to_owned(), None),
        (format!("{PATH}?key=k-2"), None),
        (PATH.to_owned(), Some(("x-goog-api-key", "k-2"))),
        (VERTEX.to_owned(), Some(("authorization", "Bearer k-2"))),
    ];
    let by_status = emulator().key(Some("k-1")).start().await.unwrap();
    let by_close = emulator().key(Some("k-1")).refusal(Refusal::Event);
    let by_close = by_close.start().await.unwrap();
    for (path, header) in wrong {
        match connect(&by_status, &path, header).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 401, "{path}"),
            other => panic!("expected 401, got {other:?}"),
        }
        let mut socket = connect(&by_close, &path, header).await.unwrap();
        assert_eq!(close_code(&mut socket).await, 1008, "{path}");
    }
}

#[tokio::test]
async fn a_turn_is_spoken_over_the_socket() {
    let emulator = emulator().gemini(|gemini| gemini.playback = false);
    let emulator = emulator.start().await.unwrap();
    let mut socket = connect(&emulator, PATH, None).await.unwrap();
    set_up(&mut socket, setup(MODEL_3_8)).await;
    let ask = json!({"realtimeInput": {"text": "a"}}).to_string();
    socket
        .send(Message::binary(ask.into_bytes()))
        .await
        .unwrap();
    let mut spoken = false;
    loop {
        let message = message(&mut socket).await;
        spoken |= message.pointer("/serverContent/modelTurn").is_some();
        if message.pointer("/serverContent/turnComplete").is_some() {
            break;
        }
    }
    assert!(spoken);
}

#[tokio::test]
async fn a_session_is_resumed_on_another_socket_and_only_once_the_first_is_closed() {
    let emulator = emulator().start().await.unwrap();
    let resumable =
        |resumption: Value| setup_with(MODEL_3_8, json!({"sessionResumption": resumption}));
    let mut socket = connect(&emulator, PATH, None).await.unwrap();
    set_up(&mut socket, resumable(json!({}))).await;
    let update = message(&mut socket).await;
    let handle = update["sessionResumptionUpdate"]["newHandle"]
        .as_str()
        .unwrap()
        .to_owned();
    let resume = resumable(json!({ "handle": handle }));

    let mut early = connect(&emulator, PATH, None).await.unwrap();
    let text = json!({ "setup": resume }).to_string();
    early.send(Message::text(text)).await.unwrap();
    assert_eq!(close_code(&mut early).await, 1011);

    // The close frame is not waited for: the service sees the end of the old socket in its own time.
    socket.close(None).await.unwrap();
    let mut next = connect(&emulator, PATH, None).await.unwrap();
    assert!(
        set_up(&mut next, resume)
            .await
            .get("setupComplete")
            .is_some()
    );
}
