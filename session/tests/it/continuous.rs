//! Wires whose clock is the caller's audio, and models that alone decide when they speak.

use std::time::Duration;

use antiphon_protocol::{Event, InputClock, ResponseOptions};
use antiphon_session::SessionError;
use tokio::time::Instant;

use crate::toy::{FORMAT, Server, Toy, live_toy, settle, until};

fn duplex() -> Toy {
    Toy::new().able(|can| {
        can.create_response = false;
        can.cancel = false;
        can.truncate = false;
        can.delete_items = false;
        can.server_interrupts = false;
        can.input_clock = InputClock::Continuous;
    })
}

/// Milliseconds of audio that the server has been sent until `until`.
async fn heard(server: &Server, until: Instant) -> u64 {
    let mut bytes = 0;
    while let Ok(line) = tokio::time::timeout_at(until, server.hear()).await {
        let size = line.strip_prefix("audio ").expect("audio").parse::<usize>();
        bytes += size.unwrap();
    }
    FORMAT.millis_of(FORMAT.samples_in_bytes(bytes))
}

#[tokio::test(start_paused = true)]
async fn the_clock_is_never_starved_and_never_ahead_whatever_the_caller_does() {
    let (session, _events, _peer, server) = live_toy(&duplex()).await;
    let mut given = 0;
    let began = Instant::now();
    let mut told = 0;
    for second in 1..=8_u64 {
        match second {
            // A recording, given as fast as it is taken.
            3 => {
                let session = session.clone();
                tokio::spawn(async move { session.send_audio(vec![1; 96_000]).await });
                given += 48_000;
            }
            6 => session.mute(true).await.unwrap(),
            7 => {
                let session = session.clone();
                tokio::spawn(async move { session.send_audio(vec![1; 48_000]).await });
                given += 24_000;
            }
            _ => {}
        }
        told += heard(&server, began + Duration::from_secs(second)).await;
        let real = second * 1000;
        assert!(told <= real + 20, "ahead: {told} of {real} ms");
        assert!(told + 100 >= real, "starved: {told} of {real} ms");
    }
    let state = session.state().borrow().clone();
    assert_eq!(state.uplink.accepted, given);
    assert_eq!(state.uplink.sent, given);
    assert_eq!(state.uplink.muted, 24_000);
    assert!(state.muted);
}

#[tokio::test(start_paused = true)]
async fn after_a_rotation_the_clock_goes_on_and_nothing_is_replayed_in_a_burst() {
    let (session, _events, peer, server) = live_toy(&duplex()).await;
    let began = Instant::now();
    let talk = tokio::spawn({
        let session = session.clone();
        async move { session.send_audio(vec![1; 48 * 4_000]).await }
    });
    heard(&server, began + Duration::from_secs(2)).await;
    server.wire.drop_connection();
    let (server, _) = Server::opened(&peer).await;
    let began = Instant::now();
    let mut told = 0;
    for tick in 1..=20 {
        told += heard(&server, began + Duration::from_millis(tick * 100)).await;
        assert!(
            told <= tick * 100 + 20,
            "a burst: {told} ms in {} ms",
            tick * 100
        );
    }
    assert!(told >= 1_900, "starved: {told}");
    talk.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn where_no_response_can_be_asked_for_text_is_added_and_nothing_is_created() {
    let (session, _events, _peer, server) = live_toy(&duplex()).await;
    session.send_text("hello").await.unwrap();
    assert_eq!(server.hear_words().await.split(' ').nth(2), Some("hello"));
    settle().await;
    assert!(
        session.state().borrow().turn.is_idle(),
        "nothing was asked for"
    );
    let refused = session.create_response(ResponseOptions::default()).await;
    assert!(matches!(refused, Ok(_) | Err(SessionError::Unsupported(_))));
    assert!(
        session.state().borrow().turn.is_idle(),
        "the gate waits for nothing that cannot come"
    );
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_cancelled_an_interruption_falls_silent_here_and_says_so() {
    let (session, mut events, _peer, server) = live_toy(&duplex()).await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    let report = session.interrupt().await.unwrap();
    assert!(
        began.elapsed() < Duration::from_millis(5),
        "there is nobody to wait for"
    );
    assert!(!report.confirmed, "the provider was told nothing");
    assert_eq!(FORMAT.millis_of(report.items[0].heard), 300);
    server.say("audio r1 a 200");
    server.say("started r2");
    server.say("audio r2 b 100");
    let next = until(&mut events, |event| match event {
        Event::Audio(chunk) => Some(chunk.item.clone()),
        _ => None,
    })
    .await;
    assert_eq!(
        next,
        Some("b".into()),
        "what it went on to say is not heard"
    );
}
