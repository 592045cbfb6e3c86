//! When what happened in a turn, on one clock.

use std::time::Duration;

use antiphon_protocol::{Event, ToolResult, TurnTimes};
use antiphon_session::Events;
use tokio::time::sleep;

use crate::toy::{live, until};

async fn timed(events: &mut Events) -> TurnTimes {
    until(events, |event| match event {
        Event::TurnTimed(times) => Some(times.clone()),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_spoken_turn_with_a_tool_is_timed_from_the_end_of_speech_to_the_first_sound_heard() {
    let (session, mut events, _peer, server) = live().await;
    let step = Duration::from_millis(100);
    server.say("speech");
    sleep(step * 5).await;
    server.say("silence");
    sleep(step).await;
    server.say("committed u");
    for line in ["started r1", "call r1 c", "done r1 completed"] {
        sleep(step).await;
        server.say(line);
    }
    sleep(step * 3).await;
    let result = ToolResult::new("c".into(), "tool", "ok");
    session.send_tool_results(vec![result]).await.unwrap();
    server.expect("results").await;
    server.expect("create").await;
    server.say("started r2");
    sleep(step).await;
    server.say("audio r2 a 300");
    server.say("done r2 completed");
    let times = timed(&mut events).await;
    let since = |time: Option<antiphon_protocol::Time>| {
        (time.unwrap() - times.speech_end.unwrap()).as_millis()
    };
    assert_eq!(since(times.committed), 100);
    assert_eq!(since(times.first_byte), 300);
    assert_eq!(since(Some(times.tools[0].begun)), 300);
    assert_eq!(since(times.tools[0].answered), 700);
    assert_eq!(since(times.first_sound), 800);
    assert_eq!(since(times.first_heard), 800);
    assert!(since(Some(times.ended)) >= 1_100, "when it was played");
    let totals = session.state().borrow().latency.clone();
    assert_eq!((totals.turns, totals.sounded, totals.heard), (1, 1, 1));
    assert_eq!(totals.worst_first_sound, Duration::from_millis(800));
}

/// An answer of a second that is interrupted while a player reports; the turn's times, and since when
/// the player is silent by its own word.
async fn interrupted_player(silent_after: Option<u64>) -> TurnTimes {
    let (session, mut events, _peer, server) = live().await;
    session.send_text("go").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    let player = session.playback();
    player.heard(Some("a".into()), 4_800);
    sleep(Duration::from_millis(200)).await;
    server.say("interrupted");
    server.say("done r1 cancelled");
    server.grant("truncate").await;
    if let Some(millis) = silent_after {
        sleep(Duration::from_millis(millis)).await;
        player.heard(Some("a".into()), 7_200);
        player.silent();
    }
    timed(&mut events).await
}

#[tokio::test(start_paused = true)]
async fn an_interruption_is_timed_to_the_players_silence() {
    let times = interrupted_player(Some(130)).await;
    assert_eq!(times.to_silence(), Some(Duration::from_millis(130)));
    assert_eq!(times.settled, times.interrupted, "and settled before");
    let quiet = interrupted_player(None).await;
    assert_eq!(quiet.to_silence(), None, "it never said so");
    assert_eq!(
        quiet.ended - quiet.interrupted.unwrap(),
        Duration::from_secs(1),
        "and it was not waited for any longer"
    );
}

#[tokio::test(start_paused = true)]
async fn an_interruption_is_timed_to_its_settling() {
    let (session, mut events, _peer, server) = live().await;
    session.send_text("go").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    sleep(Duration::from_millis(200)).await;
    let interrupt = tokio::spawn({
        let session = session.clone();
        async move { session.interrupt().await }
    });
    server.expect("cancel").await;
    server.grant("truncate").await;
    sleep(Duration::from_millis(50)).await;
    server.say("done r1 cancelled");
    interrupt.await.unwrap().unwrap();
    let times = timed(&mut events).await;
    assert_eq!(
        times.settled.unwrap() - times.interrupted.unwrap(),
        Duration::from_millis(50)
    );
    assert!(times.first_heard.is_some());
    assert_eq!(
        times.to_silence(),
        Some(Duration::ZERO),
        "the player that is imagined holds nothing back"
    );
}
