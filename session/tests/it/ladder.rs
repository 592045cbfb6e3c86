//! What a new connection brings, rung by rung, when the service refuses what it is told: the handle,
//! then history, then nothing, then the end. Each is tried once.

use std::borrow::Cow;

use antiphon_protocol::{
    ContextKind, End, EndedCause, Event, Fault, How, Recovery, Resume, Rotation, RotationCause,
    Stage, ToolResult,
};
use antiphon_session::{Events, Limits, Session};
use antiphon_transport::testing::ScriptedPeer;

use crate::toy::{Server, Toy, live_toy, settle, until};

async fn rotated(events: &mut Events) -> Rotation {
    until(events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
    .await
}

/// A session in which something was said.
async fn talked(toy: &Toy) -> (Session, Events, ScriptedPeer, Server) {
    let (session, events, peer, server) = live_toy(toy).await;
    session.send_text("question").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    for line in ["started r1", "text r1 answer", "done r1 completed"] {
        server.say(line);
    }
    settle().await;
    (session, events, peer, server)
}

/// The next connection, which the service refuses; what it brought.
async fn refused(peer: &ScriptedPeer) -> String {
    let (server, brought) = Server::greeted(peer).await;
    server.say("refuse");
    settle().await;
    brought
}

// faults: C14, C15 by history that is refused at the opening
#[tokio::test(start_paused = true)]
async fn history_that_is_refused_at_the_opening_is_left_out_and_told_as_lost() {
    let (session, mut events, peer, server) = talked(&Toy::new()).await;
    server.wire.drop_connection();
    assert_eq!(refused(&peer).await, "hello question answer");
    let server = Server::ready(&peer).await;
    let rotation = rotated(&mut events).await;
    assert_eq!(rotation.recovery, Recovery::Fresh);
    assert_eq!(
        (rotation.losses.items_kept, rotation.losses.items_lost),
        (0, 2)
    );
    session.send_text("still there?").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    for line in ["started r2", "text r2 yes", "done r2 completed"] {
        server.say(line);
    }
    settle().await;
    server.wire.drop_connection();
    let (_server, brought) = Server::opened(&peer).await;
    assert_eq!(
        brought, "hello still there? yes",
        "what was refused is not told again"
    );
    assert_eq!(rotated(&mut events).await.recovery, Recovery::Reseeded);
    assert_eq!(session.history().await.unwrap().len(), 4);
}

// faults: C15 by history that is refused right after the session was ready
#[tokio::test(start_paused = true)]
async fn history_that_is_refused_after_ready_is_left_out_too() {
    let (session, mut events, peer, server) = talked(&Toy::new()).await;
    server.wire.drop_connection();
    let (server, brought) = Server::opened(&peer).await;
    assert_eq!(brought, "hello question answer");
    assert_eq!(rotated(&mut events).await.recovery, Recovery::Reseeded);
    server
        .wire
        .close(1007, "Request contains an invalid argument.");
    let _server = Server::ready(&peer).await;
    let rotation = rotated(&mut events).await;
    assert_eq!(rotation.recovery, Recovery::Fresh);
    assert_eq!(rotation.losses.items_lost, 2);
    assert!(session.state().borrow().ended.is_none());
}

// faults: C10, C11 by a handle and a history that are both refused
#[tokio::test(start_paused = true)]
async fn each_rung_is_tried_once_and_then_it_ends() {
    for last in [true, false] {
        let toy = Toy::new().able(|can| can.resume = Resume::Handle);
        let (session, mut events, peer, server) = talked(&toy).await;
        server.say("handle h1");
        settle().await;
        server.wire.drop_connection();
        assert_eq!(refused(&peer).await, "hello resume:h1");
        assert_eq!(refused(&peer).await, "hello question answer");
        if last {
            let _server = Server::ready(&peer).await;
            assert_eq!(rotated(&mut events).await.recovery, Recovery::Fresh);
            continue;
        }
        assert_eq!(refused(&peer).await, "hello");
        let ended = session.closed().await;
        assert_eq!(ended.cause, EndedCause::Fault(Fault::Invalid));
    }
}

#[tokio::test(start_paused = true)]
async fn the_handle_of_another_process_outlives_a_dial_that_fails() {
    let toy = Toy::new().able(|can| can.resume = Resume::Handle);
    let (session, _events, _peer, server) = talked(&toy).await;
    server.say("handle h1");
    settle().await;
    let kept = session.snapshot().await.unwrap();
    let (builder, peer) = toy.rehearse();
    peer.refuse_next(End::new(Stage::Connect, How::Io));
    let (connected, (server, brought)) = tokio::join!(builder.restore(kept).connect(), async {
        let (server, brought) = Server::greeted(&peer).await;
        server.say("ready resumed");
        (server, brought)
    });
    let (_session, mut events) = connected.unwrap();
    assert_eq!(brought, "hello resume:h1");
    let rotation = rotated(&mut events).await;
    assert_eq!(rotation.cause, RotationCause::Restore);
    assert_eq!(rotation.recovery, Recovery::Resumed);
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn what_the_application_told_the_model_is_told_to_the_next_connection() {
    let toy = Toy::new().able(|can| can.contexts = Cow::Borrowed(&[ContextKind::Thinking]));
    let (session, mut events, peer, server) = talked(&toy).await;
    session
        .add_context(ContextKind::Thinking, "it rains")
        .await
        .unwrap();
    server.expect("context").await;
    server.wire.drop_connection();
    assert_eq!(
        Server::opened(&peer).await.1,
        "hello question answer it rains"
    );
    assert_eq!(rotated(&mut events).await.losses.items_kept, 3);
}

#[tokio::test(start_paused = true)]
async fn orders_are_given_again_where_a_resumed_connection_begins_without_them() {
    let toy = Toy::new().able(|can| {
        can.contexts = Cow::Borrowed(&[ContextKind::Instructions, ContextKind::Thinking]);
        can.resume = Resume::Handle;
    });
    let (session, mut events, peer, server) = talked(&toy).await;
    for (kind, words) in [
        (ContextKind::Instructions, "whisper"),
        (ContextKind::Thinking, "it rains"),
    ] {
        session.add_context(kind, words).await.unwrap();
        server.expect("context").await;
    }
    server.say("handle h1");
    settle().await;
    server.wire.drop_connection();
    let (server, brought) = Server::greeted(&peer).await;
    assert_eq!(brought, "hello resume:h1");
    server.say("ready resumed");
    assert_eq!(server.expect("context").await.1, "whisper");
    assert_eq!(rotated(&mut events).await.recovery, Recovery::Resumed);
    settle().await;
    assert!(server.is_quiet(), "knowledge is part of what was resumed");
    assert_eq!(session.history().await.unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn history_that_is_refused_in_part_costs_that_part() {
    let toy = Toy::new().able(|can| can.seed_open_calls = true);
    let (session, mut events, peer, server) = talked(&toy).await;
    for line in ["started r2", "call r2 a", "call r2 b", "done r2 completed"] {
        server.say(line);
    }
    settle().await;
    server.wire.drop_connection();
    let (server, brought) = Server::greeted(&peer).await;
    assert_eq!(brought, "hello question answer call:a call:b");
    server.say("ready but 1 3");
    let rotation = rotated(&mut events).await;
    assert_eq!(rotation.recovery, Recovery::Reseeded);
    let losses = rotation.losses;
    assert_eq!((losses.items_kept, losses.items_lost), (2, 2));
    assert_eq!(losses.calls_void, ["b".into()]);
    let result = |call: &str| vec![ToolResult::new(call.into(), "tool", "ok")];
    assert!(session.send_tool_results(result("b")).await.is_err());
    session.send_tool_results(result("a")).await.unwrap();
    assert_eq!(server.expect("results").await.1, "a=ok");
}

#[tokio::test(start_paused = true)]
async fn history_that_is_refused_whole_leaves_a_fresh_conversation() {
    let (_session, mut events, peer, server) = talked(&Toy::new()).await;
    server.wire.drop_connection();
    let (server, brought) = Server::greeted(&peer).await;
    assert_eq!(brought, "hello question answer");
    server.say("ready but 0 1");
    let rotation = rotated(&mut events).await;
    assert_eq!(rotation.recovery, Recovery::Fresh);
    assert_eq!(rotation.losses.items_lost, 2);
}

#[tokio::test(start_paused = true)]
async fn another_process_knows_which_orders_to_give_again() {
    let toy = Toy::new().able(|can| {
        can.contexts = Cow::Borrowed(&[ContextKind::Instructions, ContextKind::Thinking]);
        can.resume = Resume::Handle;
    });
    let (session, _events, _peer, server) = talked(&toy).await;
    for (kind, words) in [
        (ContextKind::Thinking, "it rains"),
        (ContextKind::Instructions, "whisper"),
    ] {
        session.add_context(kind, words).await.unwrap();
        server.expect("context").await;
    }
    server.say("handle h1");
    settle().await;
    let kept = session.snapshot().await.unwrap();
    let kept = serde_json::to_string(&kept.exposing_secrets()).unwrap();
    session.close().await;

    let (builder, peer) = toy.rehearse();
    let kept = serde_json::from_str(&kept).unwrap();
    let connect = tokio::spawn(builder.restore(kept).connect());
    let (server, brought) = Server::greeted(&peer).await;
    assert_eq!(brought, "hello resume:h1");
    server.say("ready resumed");
    let (session, _events) = connect.await.unwrap().unwrap();
    assert_eq!(server.expect("context").await.1, "whisper");
    settle().await;
    assert!(server.is_quiet(), "knowledge is part of what was resumed");
    assert_eq!(session.history().await.unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_is_told_where_its_answer_may_come_later() {
    for during_outage in [false, true] {
        let toy = Toy::new().able(|can| can.seed_open_calls = true);
        let (session, mut events, peer, server) = talked(&toy).await;
        for line in ["started r2", "call r2 c1", "done r2 completed"] {
            server.say(line);
        }
        settle().await;
        peer.hold_dials(during_outage);
        server.wire.drop_connection();
        let answered = tokio::spawn({
            let session = session.clone();
            async move {
                if during_outage {
                    session
                        .state()
                        .wait_for(|state| state.generation.is_none())
                        .await
                        .unwrap();
                } else {
                    session
                        .state()
                        .wait_for(|state| state.rotations == 1)
                        .await
                        .unwrap();
                }
                let rain = ToolResult::new("c1".into(), "tool", "rain");
                session.send_tool_results(vec![rain]).await
            }
        });
        settle().await;
        peer.hold_dials(false);
        let (server, brought) = Server::opened(&peer).await;
        assert_eq!(brought, "hello question answer call:c1");
        let rotation = rotated(&mut events).await;
        assert!(rotation.losses.calls_void.is_empty(), "{rotation:?}");
        assert_eq!(server.expect("results").await.1, "c1=rain");
        server.expect("create").await;
        answered.await.unwrap().unwrap();
        settle().await;
        assert!(server.is_quiet(), "one answer and one follow-up");
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_bounds_what_is_kept_and_so_what_is_told() {
    let mut limits = Limits::default();
    limits.history_items = 2;
    let (session, _events, peer, server) = Toy::new()
        .live_with(|builder| builder.limits(limits))
        .await
        .unwrap();
    for words in ["one", "two", "three"] {
        let item = antiphon_protocol::Item::text(antiphon_protocol::Role::User, words);
        session.add_items(vec![item]).await.unwrap();
        server.expect("items").await;
    }
    settle().await;
    let marks = session.state().borrow().history;
    assert_eq!((marks.items, marks.pruned_items), (2, 1));
    assert_eq!((marks.estimated_tokens, marks.pruned_tokens), (10, 5));
    server.wire.drop_connection();
    assert_eq!(Server::opened(&peer).await.1, "hello two three");
}
