//! The wire drops; the reader is told; the session comes back, politely and honestly.

use std::time::Duration;

use antiphon_protocol::{Event, Phase, Recovery, RotationCause};
use tokio::time::Instant;

use crate::toy::{Server, live, until};

// faults: C13, D2 by a wire that drops in the middle of an answer
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

// faults: C18, H2 by audio sent while dials hang for longer than it is held
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

async fn rotated(events: &mut antiphon_session::Events) -> antiphon_protocol::Rotation {
    until(events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn the_new_connection_is_told_what_was_said_and_the_reader_what_that_cost() {
    let (session, mut events, peer, server) = live().await;
    session.send_text("question").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    for line in ["started r1", "call r1 x", "call r1 y", "done r1 completed"] {
        server.say(line);
    }
    until(&mut events, |event| {
        matches!(event, Event::ToolCall(_)).then_some(())
    })
    .await;
    let answer = antiphon_protocol::ToolResult::new("x".into(), "tool", "sunny");
    session.send_tool_results(vec![answer]).await.unwrap();
    server.expect("results").await;
    server.wire.drop_connection();

    let (server, brought) = Server::opened(&peer).await;
    assert_eq!(
        brought, "hello question call:x result:x",
        "y was never answered"
    );
    let rotation = rotated(&mut events).await;
    assert_eq!(rotation.recovery, Recovery::Reseeded);
    assert_eq!(
        (rotation.losses.items_kept, rotation.losses.items_lost),
        (3, 1)
    );
    assert_eq!(rotation.losses.calls_void, ["y".into()]);
    assert!(
        server.is_quiet(),
        "no response was open, so none is asked for again"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_which_nothing_was_heard_is_asked_for_again() {
    for (begun, again) in [(false, true), (true, false)] {
        let (session, mut events, peer, server) = live().await;
        session.send_text("question").await.unwrap();
        server.expect("items").await;
        server.expect("create").await;
        server.say("started r1");
        if begun {
            server.say("text r1 answ");
        }
        crate::toy::settle().await;
        server.wire.drop_connection();
        let (server, brought) = Server::opened(&peer).await;
        assert_eq!(
            brought,
            if begun {
                "hello question answ"
            } else {
                "hello question"
            }
        );
        let rotation = rotated(&mut events).await;
        assert!(rotation.losses.response_lost);
        assert_eq!(rotation.losses.response_asked_again, again);
        crate::toy::settle().await;
        assert_eq!(server.is_quiet(), !again);
    }
}

// faults: C18 by words that are sent while there is no connection
#[tokio::test(start_paused = true)]
async fn what_was_said_during_the_outage_reaches_the_new_connection_once() {
    let (session, mut events, peer, server) = live().await;
    peer.hold_dials(true);
    server.wire.drop_connection();
    session
        .state()
        .wait_for(|state| state.generation.is_none())
        .await
        .unwrap();
    let said = tokio::spawn({
        let session = session.clone();
        async move { session.send_text("hello?").await }
    });
    crate::toy::settle().await;
    peer.hold_dials(false);
    let server = Server::ready(&peer).await;
    assert_eq!(server.expect("items").await.1, "hello?");
    server.expect("create").await;
    said.await.unwrap().unwrap();
    rotated(&mut events).await;
    assert_eq!(session.history().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn history_is_what_was_heard() {
    let (session, mut events, _peer, server) = live().await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    server.say("speak r1 a one two three four");
    until(&mut events, |event| {
        matches!(event, Event::OutputTranscript(_)).then_some(())
    })
    .await;
    session.playback().heard(Some("a".into()), 12_000);
    crate::toy::settle().await;
    server.say("speech");
    server.say("speak r1 a five six");
    server.say("done r1 cancelled");
    until(&mut events, |event| {
        matches!(event, Event::ResponseDone(_)).then_some(())
    })
    .await;
    let said = serde_json::to_string(&session.history().await.unwrap()).unwrap();
    assert!(said.contains(r#""one two""#), "{said}");
}

// faults: B9 by a drop after one accepted and one refused change
#[tokio::test(start_paused = true)]
async fn the_next_connection_is_configured_as_the_provider_last_accepted() {
    let (session, _events, peer, server) = live().await;
    let configure = |text: &str| {
        let session = session.clone();
        let config = antiphon_protocol::SessionConfig::new("m").instructions(text);
        tokio::spawn(async move { session.configure(config).await })
    };
    let accepted = configure("accepted");
    server.grant("configure").await;
    accepted.await.unwrap().unwrap();
    let refused = configure("refused");
    let (number, _) = server.expect("configure").await;
    server.say(&format!("reject {number} bad"));
    refused.await.unwrap().unwrap_err();
    server.wire.drop_connection();
    assert_eq!(Server::opened(&peer).await.1, "hello accepted");
}
