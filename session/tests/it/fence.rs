//! What belonged to a connection that is gone does not reach the next one.

use std::time::Duration;

use antiphon_protocol::{Context, ContextKind, Event, InputClock, ItemKind, ToolResult};
use antiphon_session::{Events, SessionError};
use antiphon_transport::testing::ScriptedPeer;

use crate::toy::{Server, Toy, live, live_toy, settle, until};

async fn rotated(events: &mut Events) {
    until(events, |event| {
        matches!(event, Event::Rotated(_)).then_some(())
    })
    .await;
}

/// The connection breaks, and the next one has been planned and dialled but is not ready yet.
async fn between(peer: &ScriptedPeer, server: &Server) -> Server {
    server.wire.drop_connection();
    let (next, _) = Server::greeted(peer).await;
    next
}

#[tokio::test(start_paused = true)]
async fn an_answer_given_while_the_next_connection_opens_stays_here() {
    let (session, mut events, peer, server) = live().await;
    server.say("started r1");
    server.say("call r1 x");
    until(&mut events, |event| {
        matches!(event, Event::ToolCall(_)).then_some(())
    })
    .await;
    let next = between(&peer, &server).await;
    let answer = vec![ToolResult::new("x".into(), "tool", "sunny")];
    let late = {
        let session = session.clone();
        tokio::spawn(async move { session.send_tool_results(answer).await })
    };
    settle().await;
    next.say("ready");
    rotated(&mut events).await;
    let late = late.await.unwrap();
    assert!(
        matches!(late, Err(SessionError::Undelivered(_))),
        "{late:?}"
    );
    settle().await;
    assert!(next.is_quiet(), "the new connection never made this call");
}

#[tokio::test(start_paused = true)]
async fn words_for_a_delegation_of_a_lost_connection_stay_here() {
    let toy = Toy::new().able(|can| can.input_clock = InputClock::Free);
    let (session, mut events, peer, server) = live_toy(&toy).await;
    let next = between(&peer, &server).await;
    let words = |delegation: Option<&str>| Context {
        kind: ContextKind::Commentary,
        text: "it is sunny".to_owned(),
        delegation: delegation.map(Into::into),
    };
    let send = |context| {
        let session = session.clone();
        tokio::spawn(async move { session.send_context(context).await })
    };
    let answer = send(words(Some("item_1")));
    let remark = send(words(None));
    settle().await;
    next.say("ready");
    rotated(&mut events).await;
    assert!(matches!(
        answer.await.unwrap(),
        Err(SessionError::Undelivered(_))
    ));
    assert!(remark.await.unwrap().is_ok(), "this one is for anybody");
    next.expect("context").await;
    settle().await;
    assert!(next.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn speech_of_a_lost_connection_is_cut_off_here_and_not_where_nobody_knows_it() {
    let (session, mut events, peer, server) = live().await;
    server.say("started r1");
    server.say("speak r1 m1 one two three four five six seven eight nine ten");
    server.say("audio r1 m1 2000");
    server.say("done r1 completed");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    let (next, _) = {
        server.wire.drop_connection();
        Server::opened(&peer).await
    };
    rotated(&mut events).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let report = session.interrupt().await.unwrap();
    let heard = &report.items[0];
    assert!(0 < heard.heard && heard.heard < heard.produced, "{heard:?}");
    settle().await;
    assert!(next.is_quiet(), "the new connection has no such item");
    let history = session.history().await.unwrap();
    let said: Vec<_> = history
        .iter()
        .filter(|item| matches!(item.kind, ItemKind::Message { .. }))
        .map(|item| serde_json::to_string(&item.kind).unwrap())
        .collect();
    assert!(
        said[0].contains("one") && !said[0].contains("seven"),
        "{said:?}"
    );
}
