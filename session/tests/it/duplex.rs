//! Turns on wires that have none: concluded from how loud both sides are, and from words.

use std::time::Duration;

use antiphon_protocol::{Event, InputClock, ItemKind, ResponseStatus, ToolResult};
use antiphon_session::{Events, ModelTurn, UserTurn};

use crate::toy::{Server, Toy, live_toy, settle, until};

fn duplex() -> Toy {
    Toy::new().able(|can| {
        can.server_turns = false;
        can.full_duplex = true;
        can.create_response = false;
        can.cancel = false;
        can.truncate = false;
        can.delete_items = false;
        can.server_interrupts = false;
        can.input_clock = InputClock::Continuous;
    })
}

async fn begun(events: &mut Events) {
    until(events, |event| {
        matches!(event, Event::ResponseStarted { response: None }).then_some(())
    })
    .await;
}

async fn done(events: &mut Events) -> ResponseStatus {
    until(events, |event| match event {
        Event::ResponseDone(done) => Some(done.status.clone()),
        _ => None,
    })
    .await
}

async fn say(server: &Server, lines: &[&str]) {
    for line in lines {
        server.say(line);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_speaks_when_it_is_loud_and_has_spoken_when_it_is_quiet() {
    let (session, mut events, _peer, server) = live_toy(&duplex()).await;
    say(&server, &["zeros 100", "zeros 100", "zeros 100"]).await;
    assert_eq!(
        session.state().borrow().turn.model,
        ModelTurn::Idle,
        "zeros"
    );
    say(&server, &["voice 100", "zeros 100", "voice 100"]).await;
    assert_eq!(session.state().borrow().turn.model, ModelTurn::Answering);
    begun(&mut events).await;
    say(&server, &["zeros 100"; 8]).await;
    assert_eq!(done(&mut events).await, ResponseStatus::Completed);
    assert_eq!(session.state().borrow().turn.model, ModelTurn::Idle);
    assert!(session.state().borrow().turn.is_idle());
}

#[tokio::test(start_paused = true)]
async fn the_user_speaks_when_what_leaves_is_loud_and_never_while_muted() {
    let (session, mut events, _peer, _server) = live_toy(&duplex()).await;
    let loud: Vec<u8> = 8000_i16.to_le_bytes().repeat(24 * 200);
    session.mute(true).await.unwrap();
    session.send_audio(loud.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(session.state().borrow().turn.user, UserTurn::Idle, "muted");
    session.mute(false).await.unwrap();
    session.send_audio(loud).await.unwrap();
    let derived = until(&mut events, |event| match event {
        Event::SpeechStarted(speech) => Some(speech.derived),
        _ => None,
    })
    .await;
    assert!(derived);
    assert_eq!(session.state().borrow().turn.user, UserTurn::Speaking);
    let derived = until(&mut events, |event| match event {
        Event::SpeechStopped(speech) => Some(speech.derived),
        _ => None,
    })
    .await;
    assert!(derived);
    assert!(session.state().borrow().turn.is_idle());
}

#[tokio::test(start_paused = true)]
async fn history_is_made_of_transcripts_and_a_gap_parts_what_was_said() {
    let (session, _events, _peer, server) = live_toy(&duplex()).await;
    say(
        &server,
        &["heard hello", "heard  there", "said good", "heard  you"],
    )
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    say(&server, &["said evening", "heard again"]).await;
    settle().await;
    let history = session.history().await.unwrap();
    let said: Vec<String> = history
        .iter()
        .map(|item| match &item.kind {
            ItemKind::Message { role, .. } => {
                format!("{role:?} {}", serde_json::to_string(&item.kind).unwrap())
            }
            _ => "other".into(),
        })
        .collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].starts_with("User") && said[0].contains("hello there you"));
    assert!(said[1].starts_with("Assistant") && said[1].contains("good"));
    assert!(said[2].starts_with("Assistant") && said[2].contains("evening"));
    assert!(said[3].starts_with("User") && said[3].contains("again"));
}

#[tokio::test(start_paused = true)]
async fn an_interruption_is_a_flush_on_this_side_and_the_next_answer_is_heard() {
    let (session, mut events, _peer, server) = live_toy(&duplex()).await;
    say(&server, &["voice 400", "said one two three four"]).await;
    begun(&mut events).await;
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let report = session.interrupt().await.unwrap();
    assert!(!report.confirmed, "the provider was told nothing");
    assert!(
        report.items[0].heard < report.items[0].produced,
        "{report:?}"
    );
    say(&server, &["voice 100", "said five", "zeros 100"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    say(&server, &["voice 60"]).await;
    let next = until(&mut events, |event| match event {
        Event::Audio(chunk) => Some(chunk.samples()),
        _ => None,
    })
    .await;
    assert_eq!(next, 24 * 60, "what it went on to say is void");
    let said = serde_json::to_string(&session.history().await.unwrap()).unwrap();
    assert!(!said.contains("five") && !said.contains("four"), "{said}");
}

/// A wire without turns whose voice has somebody work for it, who must be asked to go on.
fn backed() -> Toy {
    duplex().able(|can| {
        can.create_response = true;
        can.single_response = true;
    })
}

#[tokio::test(start_paused = true)]
async fn the_end_of_what_the_voice_says_is_not_the_end_of_the_work_behind_it() {
    let (session, mut events, _peer, server) = live_toy(&backed()).await;
    let answer = |call: &str| vec![ToolResult::new(call.into(), "tool", "sunny")];
    let called = async |events: &mut Events| {
        until(events, |event| {
            matches!(event, Event::ToolCall(_)).then_some(())
        })
        .await;
    };
    say(&server, &["voice 300", "started work", "call work x"]).await;
    called(&mut events).await;
    assert_eq!(done(&mut events).await, ResponseStatus::Completed);
    session.send_tool_results(answer("x")).await.unwrap();
    assert!(server.hear_words().await.starts_with("results"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    say(&server, &["call work y", "done work completed"]).await;
    called(&mut events).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    session.send_tool_results(answer("y")).await.unwrap();
    let left = [server.hear_words().await, server.hear_words().await];
    assert!(left[0].starts_with("results"), "y is open: {left:?}");
    assert!(left[1].starts_with("create"), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn work_that_begins_and_ends_behind_the_voice_leaves_what_it_says_whole() {
    let (session, mut events, _peer, server) = live_toy(&backed()).await;
    say(
        &server,
        &["voice 100", "started work", "done work completed"],
    )
    .await;
    assert_eq!(session.state().borrow().turn.model, ModelTurn::Answering);
    say(&server, &["voice 100"]).await;
    let mut offsets = Vec::new();
    while offsets.len() < 2 {
        if let Some(Event::Audio(chunk)) = events.next().await {
            offsets.push((chunk.item, chunk.offset));
        }
    }
    assert_eq!(offsets[0].0, offsets[1].0, "one utterance");
    assert_eq!((offsets[0].1, offsets[1].1), (0, 2_400));
}

#[tokio::test(start_paused = true)]
async fn the_voice_does_not_hold_up_the_work_behind_it() {
    let (session, _events, _peer, server) = live_toy(&backed()).await;
    say(&server, &["voice 5000"]).await;
    session.send_text("look at this").await.unwrap();
    assert!(server.hear_words().await.starts_with("items"));
    assert!(server.hear_words().await.starts_with("create"));
    assert_eq!(session.state().borrow().turn.model, ModelTurn::Answering);
}

#[tokio::test(start_paused = true)]
async fn a_question_waits_for_the_answers_where_no_response_can_be_asked_for_before() {
    let toy = backed().able(|can| can.answers_first = true);
    let (session, mut events, _peer, server) = live_toy(&toy).await;
    say(&server, &["started work", "call work x"]).await;
    until(&mut events, |event| {
        matches!(event, Event::ToolCall(_)).then_some(())
    })
    .await;
    session.send_text("and what else?").await.unwrap();
    assert!(server.hear_words().await.starts_with("items"));
    say(&server, &["done work completed"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let results = vec![ToolResult::new("x".into(), "tool", "sunny")];
    session.send_tool_results(results).await.unwrap();
    assert!(server.hear_words().await.starts_with("results"));
    assert!(server.hear_words().await.starts_with("create"));
    say(&server, &["started more", "done more completed"]).await;
    assert!(server.hear_words().await.starts_with("create"));
}
