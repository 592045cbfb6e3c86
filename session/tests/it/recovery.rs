//! The wire drops; the reader is told; the session comes back, politely and honestly.

use std::time::Duration;

use antiphon_protocol::{Event, Phase, Recovery, RotationCause};
use tokio::time::Instant;

use crate::toy::{Server, live, until};

#[tokio::test(start_paused = true)]
async fn the_wire_drops_in_mid_answer_and_the_session_comes_back_after_a_jittered_delay() {
    let mut delays = Vec::new();
    for _ in 0..2 {
        let (session, mut events, peer, server) = live().await;
        server.say("started r1");
        server.say("audio r1 a 100");
        until(&mut events, |event| {
            matches!(event, Event::Audio(_)).then_some(())
        })
        .await;
        server.wire.drop_connection();
        let lost = Instant::now();
        let waiting = until(&mut events, |event| match event {
            Event::Phase(Phase::Waiting { delay, .. }) => Some(*delay),
            _ => None,
        })
        .await;
        let _server = Server::ready(&peer).await;
        let rotation = until(&mut events, |event| match event {
            Event::Rotated(rotation) => Some(rotation.clone()),
            _ => None,
        })
        .await;
        assert_eq!(rotation.cause, RotationCause::Drop);
        assert_eq!(rotation.recovery, Recovery::Fresh);
        assert!(rotation.losses.response_lost);
        assert!(lost.elapsed() >= waiting && lost.elapsed() < waiting + Duration::from_millis(10));
        assert!(
            waiting <= Duration::from_millis(500),
            "first delay is drawn from half a second"
        );
        delays.push(waiting);
        session.send_text("again").await.unwrap();
    }
    assert_eq!(delays[0], delays[1], "the same seed draws the same delay");
}

#[tokio::test(start_paused = true)]
async fn young_audio_is_sent_again_in_order_and_every_sample_is_accounted_for() {
    let (session, mut events, peer, server) = live().await;
    for bytes in [480, 482] {
        session.send_audio(vec![1; bytes]).await.unwrap();
        assert_eq!(server.hear().await, format!("audio {bytes}"));
    }
    server.wire.drop_connection();
    session
        .state()
        .wait_for(|state| state.generation.is_none())
        .await
        .unwrap();
    session.send_audio(vec![1; 484]).await.unwrap();
    let server = Server::ready(&peer).await;
    for bytes in [480, 482, 484] {
        assert_eq!(server.hear().await, format!("audio {bytes}"));
    }
    let rotation = until(&mut events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
    .await;
    assert_eq!(rotation.losses.samples_replayed, 481);
    let marks = session.state().borrow().uplink;
    assert_eq!(
        (marks.accepted, marks.sent, marks.replayed, marks.dropped),
        (723, 723, 481, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn committed_audio_is_not_sent_again() {
    let (session, _events, peer, server) = live().await;
    session.send_audio(vec![1; 480]).await.unwrap();
    session.commit_audio().await.unwrap();
    server.hear().await;
    server.expect("commit").await;
    server.wire.drop_connection();
    let server = Server::ready(&peer).await;
    session.send_audio(vec![1; 484]).await.unwrap();
    assert_eq!(server.hear().await, "audio 484");
}

#[tokio::test(start_paused = true)]
async fn audio_that_waited_too_long_is_dropped_and_counted() {
    let (session, mut events, peer, server) = live().await;
    peer.hold_dials(true);
    server.wire.drop_connection();
    session
        .state()
        .wait_for(|state| state.generation.is_none())
        .await
        .unwrap();
    session.send_audio(vec![1; 4800]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    session.send_audio(vec![1; 480]).await.unwrap();
    peer.hold_dials(false);
    let server = Server::ready(&peer).await;
    assert_eq!(server.hear().await, "audio 480");
    let dropped = until(&mut events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.losses.samples_dropped),
        _ => None,
    })
    .await;
    assert_eq!(dropped, 2400);
}
