//! One process goes on with the call of another.

use antiphon_protocol::{Event, Recovery, Resume, Rotation, RotationCause, ToolResult};
use antiphon_session::{Events, Session, SessionError, Snapshot};
use antiphon_transport::testing::ScriptedPeer;

use futures::FutureExt;

use crate::toy::{Server, Toy, settle, until};

fn toy() -> Toy {
    Toy::new().able(|can| can.resume = Resume::Handle)
}

/// A runtime of its own, as another process has.
fn process<T>(life: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(life)
}

/// A call in the middle of which the process ends: said, heard in part, one tool answered, one not.
async fn first_life(expose: bool) -> String {
    let (session, mut events, _peer, server) = toy().live().await.unwrap();
    session.send_text("question").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    for line in [
        "started r1",
        "call r1 a",
        "call r1 b",
        "handle secret-1",
        "done r1 completed 30",
    ] {
        server.say(line);
    }
    until(&mut events, |event| {
        matches!(event, Event::ResponseDone(_)).then_some(())
    })
    .await;
    let result = ToolResult::new("a".into(), "tool", "ok");
    session.send_tool_results(vec![result]).await.unwrap();
    server.expect("results").await;
    server.say("started r2");
    server.say("audio r2 i 1000");
    server.say("speak r2 i one two three four");
    until(&mut events, |event| {
        matches!(event, Event::OutputTranscript(_)).then_some(())
    })
    .await;
    session.playback().heard(Some("i".into()), 12_000);
    settle().await;
    let snapshot = session.snapshot().await.unwrap();
    assert!(snapshot.is_resumable());
    if expose {
        serde_json::to_string(&snapshot.exposing_secrets()).unwrap()
    } else {
        serde_json::to_string(&snapshot).unwrap()
    }
}

async fn second_life(
    kept: Snapshot,
    resumed: bool,
) -> (Session, Events, ScriptedPeer, Server, String) {
    let (builder, peer) = toy().rehearse();
    let (connected, (server, greeting)) = tokio::join!(builder.restore(kept).connect(), async {
        let (server, greeting) = Server::greeted(&peer).await;
        server.say(if resumed { "ready resumed" } else { "ready" });
        (server, greeting)
    });
    let (session, events) = connected.unwrap();
    (session, events, peer, server, greeting)
}

async fn rotated(events: &mut Events) -> Rotation {
    until(events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
    .await
}

#[test]
fn with_the_handle_the_conversation_goes_on_and_pending_calls_are_answered_once() {
    let kept = process(first_life(true));
    process(async {
        let kept: Snapshot = serde_json::from_str(&kept).unwrap();
        let open: Vec<_> = kept
            .open_calls()
            .iter()
            .map(|call| call.id.clone())
            .collect();
        assert_eq!(open, ["b".into()]);
        assert_eq!(kept.usage().total.total(), 30);
        let (session, mut events, _peer, server, greeting) = second_life(kept, true).await;
        assert_eq!(
            greeting, "hello resume:secret-1",
            "no history beside a handle"
        );
        let rotation = rotated(&mut events).await;
        assert_eq!(rotation.cause, RotationCause::Restore);
        assert_eq!(rotation.recovery, Recovery::Resumed);
        assert!(rotation.losses.calls_void.is_empty());
        assert_eq!(session.state().borrow().turn.open_calls, 1);
        match events.next().await {
            Some(Event::ToolCallRestored { call, begun }) => {
                assert_eq!(
                    (call.id, begun),
                    ("b".into(), true),
                    "nobody said otherwise"
                );
            }
            other => panic!("the open call is told once more, not {other:?}"),
        }

        let result = |call: &str| vec![ToolResult::new(call.into(), "tool", "late")];
        session.send_tool_results(result("b")).await.unwrap();
        assert_eq!(server.expect("results").await.1, "b=late");
        server.expect("create").await;
        for call in ["a", "b"] {
            let again = session.send_tool_results(result(call)).await;
            assert!(matches!(again, Err(SessionError::Call(_))), "{call} twice");
        }
        settle().await;
        let again = std::iter::from_fn(|| events.next().now_or_never().flatten())
            .filter(|event| matches!(event, Event::ToolCall(_) | Event::ToolCallRestored { .. }));
        assert_eq!(again.count(), 0, "and no more than once");
        let said = serde_json::to_string(&session.history().await.unwrap()).unwrap();
        assert!(said.contains(r#""one two""#), "heard words only: {said}");
        assert_eq!(session.usage().await.unwrap().totals.total.total(), 30);
    });
}

#[test]
fn without_the_handle_the_conversation_goes_on_from_what_was_heard() {
    let kept = process(first_life(false));
    assert!(
        !kept.contains("secret-1"),
        "the handle is as secret as a key"
    );
    process(async {
        let kept: Snapshot = serde_json::from_str(&kept).unwrap();
        let (session, mut events, _peer, _server, greeting) = second_life(kept, false).await;
        assert_eq!(greeting, "hello question call:a result:a one two");
        let rotation = rotated(&mut events).await;
        assert_eq!(rotation.recovery, Recovery::Reseeded);
        assert_eq!(rotation.losses.calls_void, ["b".into()]);
        let late = vec![ToolResult::new("b".into(), "tool", "late")];
        assert!(
            session.send_tool_results(late).await.is_err(),
            "nobody waits"
        );
    });
}

// faults: C8 by a drop in a call that was made after the handle was given
#[tokio::test(start_paused = true)]
async fn a_handle_of_an_earlier_moment_does_not_lead_to_the_calls_made_since() {
    let (session, mut events, peer, server) = toy().live().await.unwrap();
    for line in [
        "call r1 early",
        "handle h1",
        "nohandle",
        "call r2 late",
        "done r2 completed",
    ] {
        server.say(line);
    }
    settle().await;
    server.wire.drop_connection();
    let (server, greeting) = Server::greeted(&peer).await;
    assert_eq!(greeting, "hello resume:h1");
    server.say("ready resumed");
    let rotation = rotated(&mut events).await;
    assert_eq!(rotation.recovery, Recovery::Resumed);
    assert_eq!(rotation.losses.calls_void, ["late".into()]);
    let result = |call: &str| vec![ToolResult::new(call.into(), "tool", "ok")];
    assert!(session.send_tool_results(result("late")).await.is_err());
    session.send_tool_results(result("early")).await.unwrap();
    assert_eq!(server.expect("results").await.1, "early=ok");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_knows_which_calls_its_handle_leads_to() {
    let (session, _events, _peer, server) = toy().live().await.unwrap();
    for line in ["handle h1", "nohandle", "call r1 late"] {
        server.say(line);
    }
    settle().await;
    let kept = session.snapshot().await.unwrap();
    assert_eq!(kept.open_calls().len(), 1);
    let (_session, mut events, _peer, _server, greeting) = second_life(kept, true).await;
    assert_eq!(greeting, "hello resume:h1");
    assert_eq!(
        rotated(&mut events).await.losses.calls_void,
        ["late".into()]
    );
    settle().await;
    let told = std::iter::from_fn(|| events.next().now_or_never().flatten())
        .filter(|event| matches!(event, Event::ToolCallRestored { .. }));
    assert_eq!(told.count(), 0, "a void call is not told once more");
}

#[tokio::test(start_paused = true)]
async fn whoever_runs_the_tools_can_state_which_had_not_begun_and_that_is_told_with_the_call() {
    let (session, _events, _peer, server) = toy().live().await.unwrap();
    for line in ["call r1 begun", "call r1 not", "handle h1"] {
        server.say(line);
    }
    settle().await;
    let kept = session.snapshot().await.unwrap();
    let kept = kept.with_untouched(vec!["not".into()]);
    let kept = serde_json::to_string(&kept.exposing_secrets()).unwrap();
    let kept: Snapshot = serde_json::from_str(&kept).unwrap();
    let (_session, mut events, _peer, _server, _greeting) = second_life(kept, true).await;
    settle().await;
    let told = std::iter::from_fn(|| events.next().now_or_never().flatten());
    let told: Vec<_> = told
        .filter_map(|event| match event {
            Event::ToolCallRestored { call, begun } => Some((call.id, begun)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [("begun".into(), true), ("not".into(), false)]);
}
