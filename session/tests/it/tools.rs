//! Calls are announced once, answered at most once, and followed up once per batch.

use std::time::Duration;

use antiphon_protocol::{Event, Scheduling, ToolResult};
use antiphon_session::{CallError, SessionError};
use tokio::time::sleep;

use crate::toy::{live, live_with, settle, until};

fn answer(call: &str) -> Vec<ToolResult> {
    vec![ToolResult::new(call.into(), "tool", "sunny")]
}

async fn called(events: &mut antiphon_session::Events) -> String {
    until(events, |event| match event {
        Event::ToolCall(call) => Some(call.id.to_string()),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn one_follow_up_for_a_batch_of_calls() {
    let (session, mut events, _peer, server) = live().await;
    server.say("started r1");
    for call in ["x", "y", "x"] {
        server.say(&format!("call r1 {call}"));
    }
    server.say("done r1 completed");
    assert_eq!(called(&mut events).await, "x");
    assert_eq!(called(&mut events).await, "y");
    assert!(
        !session.state().borrow().turn.is_idle(),
        "calls wait for answers"
    );
    session.send_tool_results(answer("y")).await.unwrap();
    assert_eq!(server.expect("results").await.1, "y=sunny");
    settle().await;
    assert!(server.is_quiet(), "x is open");
    session.send_tool_results(answer("x")).await.unwrap();
    assert_eq!(server.expect("results").await.1, "x=sunny");
    server.expect("create").await;
    settle().await;
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_call_takes_one_answer_and_nobody_answers_what_was_not_asked() {
    let (session, mut events, _peer, server) = live().await;
    server.say("started r1");
    server.say("call r1 x");
    called(&mut events).await;
    let unknown = session.send_tool_results(answer("z")).await;
    assert_eq!(
        unknown,
        Err(SessionError::Call(CallError::Unknown("z".into())))
    );
    session.send_tool_results(answer("x")).await.unwrap();
    let twice = session.send_tool_results(answer("x")).await;
    assert_eq!(
        twice,
        Err(SessionError::Call(CallError::Answered("x".into())))
    );
    server.expect("results").await;
    settle().await;
    assert!(
        server.is_quiet(),
        "one answer, and no follow-up before the response has ended"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_what_is_being_said_or_interrupts_it_or_is_silent() {
    for scheduling in [
        None,
        Some(Scheduling::WhenIdle),
        Some(Scheduling::Interrupt),
        Some(Scheduling::Silent),
    ] {
        let (session, mut events, _peer, server) = live().await;
        for line in ["started r1", "call r1 x", "done r1 completed"] {
            server.say(line);
        }
        called(&mut events).await;
        for line in ["started r2", "audio r2 a 5000"] {
            server.say(line);
        }
        until(&mut events, |event| {
            matches!(event, Event::Audio(_)).then_some(())
        })
        .await;
        // Some of it has been heard by now.
        sleep(Duration::from_millis(500)).await;
        let mut answer = ToolResult::new("x".into(), "tool", "found");
        answer.scheduling = scheduling;
        session.send_tool_results(vec![answer]).await.unwrap();
        if scheduling == Some(Scheduling::Interrupt) {
            server.expect("cancel").await;
            let (truncate, _) = server.expect("truncate").await;
            server.expect("results").await;
            settle().await;
            assert!(server.is_quiet(), "one response at a time");
            server.say(&format!("ack {truncate}"));
            server.say("done r2 cancelled");
            server.expect("create").await;
            let settled =
                |event: &Event| matches!(event, Event::InterruptionSettled(_)).then_some(());
            until(&mut events, settled).await;
        } else {
            server.expect("results").await;
            settle().await;
            assert!(server.is_quiet(), "{scheduling:?} interrupts nothing");
            server.say("done r2 completed");
            settle().await;
            let asked = !server.is_quiet();
            assert_eq!(asked, scheduling != Some(Scheduling::Silent));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_follow_up_can_be_left_to_the_caller() {
    let (session, mut events, _peer, server) = live_with(|builder| builder.follow_up(false)).await;
    server.say("started r1");
    server.say("call r1 x");
    server.say("done r1 completed");
    called(&mut events).await;
    session.send_tool_results(answer("x")).await.unwrap();
    server.expect("results").await;
    settle().await;
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_to_speak_of_answers_that_were_lost_with_their_connection() {
    let (session, mut events, peer, server) = live().await;
    for line in ["started r1", "call r1 x", "done r1 completed"] {
        server.say(line);
    }
    called(&mut events).await;
    server.wire.drop_connection();
    settle().await;
    let answering = session.clone();
    let lost = tokio::spawn(async move { answering.send_tool_results(answer("x")).await });
    let next = crate::toy::Server::ready(&peer).await;
    assert!(lost.await.unwrap().is_err());
    settle().await;
    assert!(next.is_quiet(), "the new connection knows of no call");
    session.send_text("hello").await.unwrap();
    next.expect("items").await;
    next.expect("create").await;
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_lost_connection_are_void_and_named() {
    let (session, mut events, peer, server) = live().await;
    server.say("started r1");
    server.say("call r1 x");
    called(&mut events).await;
    server.wire.drop_connection();
    let next = crate::toy::Server::ready(&peer).await;
    let rotation = until(&mut events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
    .await;
    assert_eq!(rotation.losses.calls_void, ["x".into()]);
    assert!(rotation.losses.response_lost);
    let late = session.send_tool_results(answer("x")).await;
    assert!(
        matches!(late, Err(SessionError::Call(CallError::Void(..)))),
        "{late:?}"
    );
    settle().await;
    assert!(
        next.is_quiet(),
        "nothing of an old generation touches the new connection"
    );
}
