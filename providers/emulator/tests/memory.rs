//! A session over the in-memory wire, under paused time.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests state what they expect by panicking"
)]

use std::{future::poll_fn, sync::Arc, time::Duration};

use antiphon_emulator::{Builder, Script};
use antiphon_protocol::{Endpoint, Frame, Secret};
use antiphon_transport::{Clock, Dial, DialProgress, DialRequest, Incoming, WirePair};
use serde_json::{Value, json};
use tokio::time::Instant;

fn request(token: Option<&str>) -> DialRequest {
    DialRequest {
        endpoint: Endpoint {
            url: "wss://voice.example/v1/realtime?model=gpt-test"
                .parse()
                .unwrap(),
            headers: Default::default(),
            auth: None,
        },
        token: token.map(Secret::from),
        progress: DialProgress::default(),
    }
}

async fn event(wire: &mut WirePair) -> Value {
    match poll_fn(|cx| wire.1.poll_recv(cx)).await.unwrap() {
        Incoming::Frame(frame) => serde_json::from_slice(&frame.data).unwrap(),
        other => panic!("expected an event, got {other:?}"),
    }
}

async fn send(wire: &mut WirePair, event: Value) {
    poll_fn(|cx| wire.0.poll_ready(cx)).await.unwrap();
    wire.0.start_send(Frame::text(event.to_string())).unwrap();
    poll_fn(|cx| wire.0.poll_flush(cx)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_hour_passes_at_once() {
    let started = Instant::now();
    let dial = Builder::new().in_memory(Clock::start());
    let mut wire = dial.dial(request(None)).await.unwrap();
    assert_eq!(event(&mut wire).await["session"]["model"], "gpt-test");
    send(&mut wire, json!({"type": "response.create"})).await;
    while event(&mut wire).await["type"] != "response.done" {}
    assert_eq!(event(&mut wire).await["error"]["code"], "session_expired");
    assert_eq!(started.elapsed().as_secs(), 3_600);
    let end = poll_fn(|cx| wire.1.poll_recv(cx)).await.unwrap_err();
    assert_eq!(end.code, Some(1001));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_refused() {
    let dial: Arc<dyn Dial> = Arc::new(Builder::new().key(Some("right")).in_memory(Clock::start()));
    assert!(dial.dial(request(Some("right"))).await.is_ok());
    for token in [None, Some("wrong")] {
        let end = dial.dial(request(token)).await.map(|_| ()).unwrap_err();
        assert_eq!(end.status, Some(401));
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_connection_plays_the_later_script() {
    let first: Script = "unprompted\n say \"I am about to\"\n drop".parse().unwrap();
    let builder = Builder::new()
        .script(first)
        .then_script(Script::saying("I am back."));
    let dial = builder.in_memory(Clock::start());
    let mut wire = dial.dial(request(None)).await.unwrap();
    send(&mut wire, json!({"type": "response.create"})).await;
    let end = loop {
        match poll_fn(|cx| wire.1.poll_recv(cx)).await {
            Ok(_) => {}
            Err(end) => break end,
        }
    };
    assert_eq!(end.code, None, "no close frame");
    for _ in 0..2 {
        let mut wire = dial.dial(request(None)).await.unwrap();
        send(&mut wire, json!({"type": "response.create"})).await;
        loop {
            let event = event(&mut wire).await;
            if event["type"] == "response.output_audio_transcript.done" {
                assert_eq!(event["transcript"], "I am back.");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_stays_silent() {
    let script: Script = "fail silence".parse().unwrap();
    let dial = Builder::new().script(script).in_memory(Clock::start());
    let mut wire = dial.dial(request(None)).await.unwrap();
    send(&mut wire, json!({"type": "response.create"})).await;
    let waited = tokio::time::timeout(Duration::from_secs(86_400), event(&mut wire)).await;
    assert!(waited.is_err(), "nothing in a day");
}
