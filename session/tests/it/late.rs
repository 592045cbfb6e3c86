//! Results that come when their call is void, by the caller's policy.

use std::borrow::Cow;

use antiphon_protocol::{ContextKind, Event, ToolResult};
use antiphon_session::{CallError, Events, LateResults, Session, SessionError};

use crate::toy::{Server, Toy, settle, until};

fn result(call: &str) -> ToolResult {
    ToolResult::new(call.into(), "look", "rain")
}

/// A session in which the provider has called for `c1` and `c2` and then cancelled `c1`.
async fn cancelled(toy: &Toy, policy: LateResults) -> (Session, Events, Server) {
    let (session, mut events, _peer, server) = toy
        .live_with(|builder| builder.late_results(policy))
        .await
        .unwrap();
    for line in ["started r1", "call r1 c1", "call r1 c2", "uncall c1"] {
        server.say(line);
    }
    until(&mut events, |event| {
        matches!(event, Event::ToolCallsCancelled { .. }).then_some(())
    })
    .await;
    (session, events, server)
}

async fn told_late(events: &mut Events) -> (String, bool) {
    until(events, |event| match event {
        Event::LateResult { call, told } => Some((call.to_string(), *told)),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn by_default_a_late_result_is_refused_with_the_reason() {
    let (session, _events, server) = cancelled(&Toy::new(), LateResults::Refuse).await;
    let refused = session.send_tool_results(vec![result("c1"), result("c2")]);
    let refused = refused.await;
    assert!(
        matches!(&refused, Err(SessionError::Call(CallError::Void(call, _))) if *call == "c1".into()),
        "{refused:?}"
    );
    settle().await;
    assert!(server.is_quiet(), "of such a batch nothing is sent");
}

// faults: G4 by a result after the cancellation, told in words
#[tokio::test(start_paused = true)]
async fn a_late_result_can_be_told_in_words_beside_the_answers_that_are_in_time() {
    let toy = Toy::new().able(|can| can.contexts = Cow::Borrowed(&[ContextKind::Thinking]));
    let (session, mut events, server) = cancelled(&toy, LateResults::Tell).await;
    let results = vec![result("c1"), result("c2")];
    session.send_tool_results(results).await.unwrap();
    assert_eq!(server.expect("results").await.1, "c2=rain");
    assert_eq!(
        server.expect("context").await.1,
        "The tool look, which was asked for earlier, has answered: rain"
    );
    assert_eq!(told_late(&mut events).await, ("c1".to_owned(), true));
    for call in ["c1", "c2"] {
        let again = session.send_tool_results(vec![result(call)]).await;
        assert!(
            matches!(again, Err(SessionError::Call(CallError::Answered(_)))),
            "{call}: {again:?}"
        );
    }
    settle().await;
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn without_a_way_for_context_it_is_a_message_of_the_application() {
    let (session, mut events, server) = cancelled(&Toy::new(), LateResults::Tell).await;
    session.send_tool_results(vec![result("c1")]).await.unwrap();
    let (_, words) = server.expect("items").await;
    assert!(words.ends_with("has answered: rain"), "{words}");
    assert_eq!(told_late(&mut events).await, ("c1".to_owned(), true));
}

#[tokio::test(start_paused = true)]
async fn a_late_result_can_be_dropped_and_that_is_said() {
    let (session, mut events, server) = cancelled(&Toy::new(), LateResults::Drop).await;
    let taken = session.send_tool_results(vec![result("c1")]).await.unwrap();
    assert!(!taken.acknowledged);
    assert_eq!(told_late(&mut events).await, ("c1".to_owned(), false));
    settle().await;
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn words_about_a_late_result_that_could_not_be_sent_may_be_given_again() {
    let toy = Toy::new();
    let (session, mut events, peer, server) = toy
        .live_with(|builder| builder.late_results(LateResults::Tell))
        .await
        .unwrap();
    server.say("call r1 c1");
    server.say("uncall c1");
    settle().await;
    peer.hold_dials(true);
    server.wire.drop_connection();
    until(&mut events, |event| {
        matches!(event, Event::ToolCallsCancelled { .. }).then_some(())
    })
    .await;
    let waited = session.send_tool_results(vec![result("c1")]).await;
    assert!(
        matches!(waited, Err(SessionError::Undelivered(_))),
        "{waited:?}"
    );
    peer.hold_dials(false);
    let server = Server::ready(&peer).await;
    session.send_tool_results(vec![result("c1")]).await.unwrap();
    server.expect("items").await;
}
