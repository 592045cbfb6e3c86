//! What goes wrong around a conversation, each by itself.

use std::time::Duration;

use antiphon_protocol::{
    Context, ContextKind, Event, Recovery, RotationCause, SessionConfig, ToolResult,
};
use antiphon_session::{SessionError, UserTurn};
use antiphon_transport::{WsDial, testing::MemoryNetwork};
use futures::{SinkExt, StreamExt, future::join_all};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::{accept_async, tungstenite::Message};

use crate::toy::{Server, Toy, live, live_toy, settle, until};

async fn rotated(events: &mut antiphon_session::Events) -> antiphon_protocol::Rotation {
    until(events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
    .await
}

// faults: A15 by twenty sessions in a row that nobody closes, counted at the server
#[tokio::test(start_paused = true)]
async fn sessions_that_are_let_go_do_not_stay_open_at_the_server() {
    let mut wires = Vec::new();
    for _ in 0..20 {
        let (session, events, _peer, server) = live().await;
        drop((session, events));
        let asked = Instant::now();
        assert_eq!(server.wire.hangup().await, Some(1000), "it is told");
        assert!(asked.elapsed() <= Duration::from_secs(2));
        wires.push(server.wire);
    }
    settle().await;
    assert!(wires.iter().all(|wire| !wire.is_held()));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_connection_waits_for_what_was_delegated_and_not_for_ever() {
    for (how, seconds) in [("answered", 10), ("released", 10), ("left", 40)] {
        let (session, mut events, peer, server) = live().await;
        server.say("delegate d");
        let delegated = |event: &Event| matches!(event, Event::Delegation(_)).then_some(());
        until(&mut events, delegated).await;
        let progress = |kind| Context {
            kind,
            text: "soon".to_owned(),
            delegation: Some("d".into()),
        };
        session
            .send_context(progress(ContextKind::Thinking))
            .await
            .unwrap();
        server.expect("context").await;
        server.say("goaway 50000");
        let told = Instant::now();
        sleep(Duration::from_secs(10)).await;
        assert!(server.is_quiet(), "it is not quiet while work is delegated");
        assert_eq!(session.state().borrow().turn.open_delegations, 1);
        match how {
            "answered" => {
                let answer = progress(ContextKind::Commentary);
                session.send_context(answer).await.unwrap();
                server.expect("context").await;
            }
            "released" => session.release_delegation("d".into()).await.unwrap(),
            _ => {}
        }
        let (_next, _) = Server::opened(&peer).await;
        assert_eq!(rotated(&mut events).await.cause, RotationCause::GoAway);
        let waited = told.elapsed().as_secs();
        assert!((seconds..seconds + 4).contains(&waited), "{how}: {waited}");
        assert_eq!(session.state().borrow().turn.open_delegations, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_delegated_and_nobody_answers_holds_nothing_up_after_two_minutes() {
    let (session, _events, _peer, server) = live().await;
    server.say("delegate d");
    let mut state = session.state();
    let began = state.wait_for(|state| !state.turn.is_idle()).await.is_ok();
    let begun = Instant::now();
    let over = state.wait_for(|state| state.turn.is_idle()).await.is_ok();
    assert!(began && over);
    assert_eq!(begun.elapsed().as_secs(), 120);
}

// faults: C8 by a notice that the peer goes away while a call is open
#[tokio::test(start_paused = true)]
async fn a_change_of_connection_waits_for_the_tool_and_not_for_ever() {
    for answered in [true, false] {
        let (session, mut events, peer, server) = live().await;
        for line in ["started r1", "call r1 x", "done r1 completed"] {
            server.say(line);
        }
        until(&mut events, |event| {
            matches!(event, Event::ToolCall(_)).then_some(())
        })
        .await;
        server.say("goaway 50000");
        let told = Instant::now();
        if answered {
            sleep(Duration::from_secs(20)).await;
            assert!(server.is_quiet(), "it is not quiet while a call is open");
            let answer = ToolResult::new("x".into(), "tool", "sunny");
            session.send_tool_results(vec![answer]).await.unwrap();
            server.expect("results").await;
            server.expect("create").await;
            server.say("started r2");
            server.say("text r2 sunny");
            server.say("done r2 completed");
        }
        let (_next, _) = Server::opened(&peer).await;
        let rotation = rotated(&mut events).await;
        assert_eq!(rotation.cause, RotationCause::GoAway);
        let waited = told.elapsed();
        if answered {
            assert!(waited <= Duration::from_secs(21), "{waited:?}");
            assert!(rotation.losses.calls_void.is_empty());
        } else {
            assert!((40..=43).contains(&waited.as_secs()), "{waited:?}");
            assert_eq!(rotation.losses.calls_void, ["x".into()]);
        }
    }
}

// faults: C14 by a drop after a conversation that the peer gave a handle to
#[tokio::test(start_paused = true)]
async fn history_is_not_told_to_a_peer_that_remembers() {
    let toy = Toy::new().able(|able| able.resume = antiphon_protocol::Resume::Handle);
    let (session, mut events, peer, server) = live_toy(&toy).await;
    session.send_text("question").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    for line in [
        "started r1",
        "text r1 answer",
        "done r1 completed",
        "handle h1",
    ] {
        server.say(line);
    }
    settle().await;
    server.wire.drop_connection();
    let (next, brought) = Server::greeted(&peer).await;
    assert_eq!(brought, "hello resume:h1", "and no history");
    next.say("ready resumed");
    assert_eq!(rotated(&mut events).await.recovery, Recovery::Resumed);
}

// faults: C20 by a drop while a configuration, an interruption and a commit wait for an answer
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_an_answer_of_a_connection_that_is_gone() {
    let toy = Toy::new();
    let (session, events, peer, server) = live_toy(&toy).await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    settle().await;
    let waiting = [0, 1].map(|which| {
        let session = session.clone();
        tokio::spawn(async move {
            match which {
                0 => session
                    .configure(SessionConfig::new("m").instructions("new"))
                    .await
                    .map(drop),
                _ => session.interrupt().await.map(drop),
            }
        })
    });
    settle().await;
    peer.hold_dials(true);
    server.wire.drop_connection();
    let begun = Instant::now();
    for waits in waiting {
        let answer = timeout(Duration::from_secs(30), waits).await;
        assert!(answer.is_ok(), "it waits for ever");
    }
    assert!(
        begun.elapsed() <= Duration::from_secs(16),
        "{:?}",
        begun.elapsed()
    );
    drop(events);
}

// faults: D7 by pings of a real WebSocket while nobody takes an event
#[tokio::test(start_paused = true)]
async fn pings_are_answered_while_the_reader_sleeps() {
    let (network, listener) = MemoryNetwork::new();
    let server = tokio::spawn(async move {
        let mut socket = accept_async(listener.accept().await).await.unwrap();
        assert!(socket.next().await.unwrap().unwrap().is_text());
        socket.send(Message::text("ready")).await.unwrap();
        let mut slowest = Duration::ZERO;
        for _ in 0..10 {
            for _ in 0..50 {
                socket.send(Message::text("text r1 word")).await.unwrap();
            }
            let asked = Instant::now();
            socket.send(Message::Ping("x".into())).await.unwrap();
            while !socket.next().await.unwrap().unwrap().is_pong() {}
            slowest = slowest.max(asked.elapsed());
            sleep(Duration::from_secs(3)).await;
        }
        slowest
    });
    let dial = WsDial::new().connect_with(network);
    let (builder, _peer) = Toy::new().rehearse();
    let (session, events) = builder.dial(dial).connect().await.unwrap();
    assert!(server.await.unwrap() <= Duration::from_secs(1));
    drop((session, events));
}

// faults: E9, E23 by deltas of what was never announced, each frame sent twice
#[tokio::test(start_paused = true)]
async fn what_was_never_announced_or_comes_twice_breaks_nothing() {
    let (session, mut events, _peer, server) = live().await;
    for line in [
        "audio r9 ghost 100",
        "speak r9 ghost hello",
        "text r9 hello",
        "committed phantom",
        "started r1",
        "call r1 x",
        "done r1 completed",
        "done r7 completed",
    ] {
        server.say(line);
        server.say(line);
    }
    server.say("started r2");
    server.say("done r2 completed");
    let (mut calls, mut ghosts) = (0, 0);
    loop {
        match events.next().await.unwrap() {
            Event::ToolCall(_) => calls += 1,
            Event::Audio(chunk) if chunk.item == Some("ghost".into()) => ghosts += 1,
            Event::ResponseDone(done) if done.response == Some("r2".into()) => break,
            _ => {}
        }
    }
    assert_eq!((calls, ghosts), (1, 2));
    for line in ["speech", "speech", "silence", "silence", "speech"] {
        server.say(line);
    }
    let mut state = session.state();
    let speaking = state.wait_for(|state| state.turn.user == UserTurn::Speaking);
    assert!(timeout(Duration::from_secs(1), speaking).await.is_ok());
}

// faults: E16 by words of an answer that come 35 s after its end
#[tokio::test(start_paused = true)]
async fn words_that_come_late_hold_up_nothing() {
    let (session, mut events, _peer, server) = live().await;
    server.say("started r1");
    server.say("audio r1 a 100");
    server.say("done r1 completed");
    let mut state = session.state();
    let idle = state.wait_for(|state| state.turn.is_idle());
    assert!(timeout(Duration::from_secs(1), idle).await.is_ok());
    sleep(Duration::from_secs(35)).await;
    server.say("speak r1 a good morning");
    until(&mut events, |event| {
        matches!(event, Event::OutputTranscript(text) if text.text == "good morning").then_some(())
    })
    .await;
    let said = serde_json::to_string(&session.history().await.unwrap()).unwrap();
    assert!(said.contains("good morning"), "{said}");
}

// faults: E19 by a response that ends with nothing in it
#[tokio::test(start_paused = true)]
async fn an_empty_answer_ends_its_turn() {
    let (session, mut events, _peer, server) = live().await;
    session.send_text("hello?").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    server.say("started r1");
    server.say("done r1 completed");
    until(&mut events, |event| {
        matches!(event, Event::ResponseDone(_)).then_some(())
    })
    .await;
    assert!(session.state().borrow().turn.is_idle());
    session.send_text("are you there?").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
}

// faults: H8 by twenty clones that close at once while nobody reads and a call waits
#[tokio::test(start_paused = true)]
async fn any_number_of_closes_at_once_end_together() {
    let (session, events, _peer, server) = live().await;
    server.wire.answer_close(false);
    server.say("started r1");
    server.say("audio r1 a 1000");
    settle().await;
    let waits = {
        let session = session.clone();
        tokio::spawn(async move { session.interrupt().await })
    };
    settle().await;
    let begun = Instant::now();
    let closing = (0..20).map(|_| {
        let session = session.clone();
        async move { session.close().await }
    });
    let ends = join_all(closing).await;
    assert!(
        begun.elapsed() <= Duration::from_millis(2001),
        "{:?}",
        begun.elapsed()
    );
    assert!(ends.iter().all(|end| *end == ends[0]));
    assert!(waits.is_finished(), "the call outlives the session");
    assert_eq!(session.commit_audio().await, Err(SessionError::Ended));
    drop(events);
}
