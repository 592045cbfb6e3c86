//! A session over the in-memory wire, under paused time.

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

fn to(path: &str) -> DialRequest {
    let mut request = request(None);
    request.endpoint.url = format!("wss://voice.example{path}").parse().unwrap();
    request
}

/// The next frame, as it came.
async fn frame(wire: &mut WirePair) -> Frame {
    match poll_fn(|cx| wire.1.poll_recv(cx)).await.unwrap() {
        Incoming::Frame(frame) => frame,
        other => panic!("expected a frame, got {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_session_is_joined_by_its_call_id() {
    let dial = Builder::new().in_memory(Clock::start());
    let mut own = dial.dial(request(None)).await.unwrap();
    let created = event(&mut own).await;
    let id = created["session"]["id"].as_str().unwrap();
    let none = dial.dial(to("/v1/realtime?call_id=sess_none")).await;
    assert_eq!(none.map(|_| ()).unwrap_err().status, Some(404));
    let mut sideband = dial
        .dial(to(&format!("/v1/realtime?call_id={id}")))
        .await
        .unwrap();
    send(&mut sideband, json!({"type": "response.create"})).await;
    for wire in [&mut own, &mut sideband] {
        assert_eq!(
            event(wire).await["type"],
            "response.created",
            "and no session.created"
        );
        while event(wire).await["type"] != "response.done" {}
    }
}

#[tokio::test(start_paused = true)]
async fn each_wire_is_found_by_its_path() {
    let dial = Builder::new().in_memory(Clock::start());
    let mut live = dial.dial(to("/v1/live/sessions")).await.unwrap();
    send(
        &mut live,
        json!({"type": "session.start", "session": {"model": "gpt-live-1"}}),
    )
    .await;
    let started = event(&mut live).await;
    assert_eq!(started["type"], "session.started");
    let id = started["session"]["id"].as_str().unwrap();
    let attach = format!("/v1/live/sessions/{id}/attach");
    let mut sideband = dial.dial(to(&attach)).await.unwrap();
    send(&mut sideband, json!({"type": "session.input_audio.mute"})).await;
    assert_eq!(event(&mut live).await["type"], "session.input_audio.muted");
    let missing = [
        "/v1/live/sessions/live_none/attach",
        "/v1/live/sessions/live_none/fork",
        "/v1/other",
    ];
    for path in missing {
        let end = dial.dial(to(path)).await.map(|_| ()).unwrap_err();
        assert_eq!(end.status, Some(404), "{path}");
    }
    let transcribes = "/v1/realtime?intent=transcription";
    let mut transcriber = dial.dial(to(transcribes)).await.unwrap();
    assert_eq!(
        event(&mut transcriber).await["session"]["type"],
        "transcription"
    );
}

#[tokio::test(start_paused = true)]
async fn frames_break_as_the_script_says_on_every_wire() {
    let script = "fail unknown\nfail duplicate\nfail half\nfail utf8\nfail huge 5000000\n\
                  fail error rate_limit_exceeded \"Slow down.\"\nfail expire";
    for path in ["/v1/realtime", "/v1/live/sessions"] {
        let script: Script = script.parse().unwrap();
        let dial = Builder::new().script(script).in_memory(Clock::start());
        let mut wire = dial.dial(to(path)).await.unwrap();
        let unheard: Value = serde_json::from_slice(&frame(&mut wire).await.data).unwrap();
        assert_eq!(unheard["type"], "emulator.unheard_of", "{path}");
        let broken = frame(&mut wire).await;
        assert!(
            std::str::from_utf8(&broken.data).is_err(),
            "nothing came before to repeat"
        );
        assert!(frame(&mut wire).await.data.len() > 5_000_000);
        let error = event(&mut wire).await;
        assert_eq!(error["error"]["code"], "rate_limit_exceeded");
    }
    let script: Script =
        "unprompted\n say \"One two three.\"\n fail duplicate\n fail odd-audio\n fail swap"
            .parse()
            .unwrap();
    let dial = Builder::new().script(script).in_memory(Clock::start());
    let mut wire = dial.dial(request(None)).await.unwrap();
    send(&mut wire, json!({"type": "response.create"})).await;
    let mut events: Vec<Value> = Vec::new();
    while events
        .last()
        .is_none_or(|event| event["type"] != "response.done")
    {
        events.push(event(&mut wire).await);
    }
    let repeated = events
        .windows(2)
        .filter(|pair| matches!(pair, [one, two] if one == two));
    assert_eq!(repeated.count(), 1);
    let odd = events.iter().filter(|event| {
        let delta = event["delta"].as_str().unwrap_or_default();
        let bytes = base64_simd::STANDARD
            .decode_to_vec(delta)
            .unwrap_or_default();
        event["type"] == "response.output_audio.delta" && bytes.len() % 2 == 1
    });
    assert_eq!(odd.count(), 1);
    let place = |name: &str| events.iter().position(|event| event["type"] == name);
    assert!(
        place("response.output_audio_transcript.done") < place("response.output_audio.done"),
        "in the opposite order"
    );
}

#[tokio::test(start_paused = true)]
async fn a_script_refuses_the_upgrade() {
    let first: Script = "upgrade refused 429 \"Too many.\" retry-after=5"
        .parse()
        .unwrap();
    let builder = Builder::new().script(first).then_script(Script::weather());
    let dial = builder.in_memory(Clock::start());
    let end = dial.dial(request(None)).await.map(|_| ()).unwrap_err();
    assert_eq!(end.status, Some(429));
    assert_eq!(end.retry_after, Some(Duration::from_secs(5)));
    assert!(
        dial.dial(request(None)).await.is_ok(),
        "the next connection opens"
    );
}

/// Opens a session on either wire; yields the path by which it is joined.
async fn session(dial: &impl Dial, path: &str) -> (WirePair, String) {
    let mut own = dial.dial(to(path)).await.unwrap();
    if path.contains("live") {
        let start = json!({"type": "session.start", "session": {"model": "gpt-live-1"}});
        send(&mut own, start).await;
    }
    let begun = event(&mut own).await;
    let id = begun["session"]["id"].as_str().unwrap();
    let attach = if path.contains("live") {
        format!("/v1/live/sessions/{id}/attach")
    } else {
        format!("/v1/realtime?call_id={id}")
    };
    (own, attach)
}

/// The end of a wire, and how long it took to be told; what comes before it is skipped.
async fn end_of(wire: &mut WirePair) -> (Option<u16>, Duration) {
    let begun = Instant::now();
    let end = async {
        loop {
            if let Err(end) = poll_fn(|cx| wire.1.poll_recv(cx)).await {
                return end.code;
            }
        }
    };
    let code = tokio::time::timeout(Duration::from_secs(60), end).await;
    (code.expect("the end is told"), begun.elapsed())
}

/// Where sessions are opened, and the code that those who joined are told at the end.
const PATHS: [(&str, u16); 2] = [
    ("/v1/realtime?model=gpt-test", 1000),
    // Closed without a code.
    ("/v1/live/sessions", 1005),
];

#[tokio::test(start_paused = true)]
async fn who_joined_is_told_soon_that_the_session_is_over_and_nobody_joins_it_then() {
    for (path, goodbye) in PATHS {
        for hangs_up in [true, false] {
            let dial = Builder::new().in_memory(Clock::start());
            let (mut own, attach) = session(&dial, path).await;
            let mut reads = dial.dial(to(&attach)).await.unwrap();
            let sleeps = dial.dial(to(&attach)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(333)).await;
            if hangs_up {
                poll_fn(|cx| own.0.poll_close(cx, 1000)).await.unwrap();
            }
            drop(own);
            let (code, took) = end_of(&mut reads).await;
            assert_eq!(code, Some(goodbye), "{path} {hangs_up}");
            assert!(
                took <= Duration::from_millis(20),
                "{path} {hangs_up} {took:?}"
            );
            let late = dial.dial(to(&attach)).await.map(drop).unwrap_err();
            assert_eq!(late.status, Some(404), "{path} {hangs_up}");
            drop(sleeps);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_joined_may_leave_without_a_word_and_the_session_goes_on() {
    for (path, _) in PATHS {
        let dial = Builder::new().in_memory(Clock::start());
        let (mut own, attach) = session(&dial, path).await;
        let sideband = dial.dial(to(&attach)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(333)).await;
        drop(sideband);
        tokio::time::sleep(Duration::from_millis(333)).await;
        let again = dial.dial(to(&attach)).await;
        assert!(again.is_ok(), "{path}");
        drop(again);
        let quiet = tokio::time::timeout(Duration::from_secs(1), event(&mut own)).await;
        assert!(quiet.is_err(), "{path}: {quiet:?}");
    }
}
