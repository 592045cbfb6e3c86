//! Interruption is one awaited transaction, and history is what was heard.

use std::time::Duration;

use antiphon_protocol::{Event, Interruption};
use antiphon_session::Limits;
use tokio::time::Instant;

use crate::toy::{FORMAT, live, live_with, settle, until};

fn millis(samples: u64) -> u64 {
    FORMAT.millis_of(samples)
}

async fn settled(events: &mut antiphon_session::Events) -> Interruption {
    until(events, |event| match event {
        Event::InterruptionSettled(report) => Some(report.clone()),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn the_users_speech_truncates_each_item_at_what_was_heard() {
    let (_session, mut events, _peer, server) = live().await;
    server.say("started r1");
    for item in ["a", "b", "c"] {
        server.say(&format!("audio r1 {item} 1000"));
    }
    // The reader takes all of it at once and a second and a half passes.
    for _ in 0..3 {
        until(&mut events, |event| {
            matches!(event, Event::Audio(_)).then_some(())
        })
        .await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.say("speech");
    server.say("done r1 cancelled");
    assert_eq!(
        server.grant("truncate").await,
        "a 1000",
        "a may have more than we were sent"
    );
    assert_eq!(server.grant("truncate").await, "b 500");
    assert_eq!(server.grant("delete").await, "c", "nothing of c was heard");
    let report = settled(&mut events).await;
    assert!(report.confirmed);
    let heard: Vec<_> = report
        .items
        .iter()
        .map(|heard| millis(heard.heard))
        .collect();
    assert_eq!(heard, [1000, 500, 0]);
    assert!(
        server.is_quiet(),
        "the server has cancelled its response itself"
    );
}

#[tokio::test(start_paused = true)]
async fn the_callers_word_cancels_and_truncates_and_waits_for_the_provider() {
    let (session, mut events, _peer, server) = live().await;
    session.send_text("tell me").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    let interrupt = tokio::spawn({
        let session = session.clone();
        async move { session.interrupt().await }
    });
    server.expect("cancel").await;
    assert_eq!(server.grant("truncate").await, "a 250");
    settle().await;
    assert!(!interrupt.is_finished(), "the response has not ended");
    server.say("audio r1 a 100");
    server.say("done r1 cancelled");
    let report = interrupt.await.unwrap().unwrap();
    assert!(report.confirmed);
    assert_eq!(settled(&mut events).await, report);
    assert!(session.state().borrow().turn.is_idle());
}

// faults: E10 by audio of a cancelled answer, before and after its end
#[tokio::test(start_paused = true)]
async fn late_audio_of_an_interrupted_answer_is_not_delivered() {
    let (session, mut events, _peer, server) = live().await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    let interrupt = tokio::spawn(async move { session.interrupt().await });
    server.expect("cancel").await;
    server.say("audio r1 a 100");
    server.say("audio r1 b 100");
    server.say("done r1 cancelled");
    server.say("started r2");
    server.say("audio r2 c 100");
    let next = until(&mut events, |event| match event {
        Event::Audio(chunk) => Some(chunk.item.clone()),
        _ => None,
    })
    .await;
    assert_eq!(next, Some("c".into()));
    drop(interrupt);
}

#[tokio::test(start_paused = true)]
async fn interruption_settles_while_the_reader_is_stalled() {
    let limits = |bytes| {
        let mut limits = Limits::default();
        limits.inbox_bytes = bytes;
        limits
    };
    let (session, mut events, _peer, server) =
        live_with(|builder| builder.limits(limits(200_000))).await;
    server.say("started r1");
    // Ten seconds of speech, which nobody reads: reading from the socket pauses.
    for _ in 0..100 {
        server.say("audio r1 a 100");
    }
    settle().await;
    assert!(server.wire.unread_bytes() > 0, "reading is paused");
    let interrupt = tokio::spawn({
        let session = session.clone();
        async move { session.interrupt().await }
    });
    server.expect("cancel").await;
    assert_eq!(
        server.grant("delete").await,
        "a",
        "nothing was heard, since nothing was taken"
    );
    server.say("done r1 cancelled");
    let began = Instant::now();
    let report = interrupt.await.unwrap().unwrap();
    assert!(
        report.confirmed && report.unread_bytes > 100_000,
        "{report:?}"
    );
    assert!(began.elapsed() < Duration::from_millis(10));
    // The reader wakes up and finds all control events, and only what was on its way of the audio.
    let mut audio = 0;
    loop {
        match events.next().await.unwrap() {
            Event::Audio(chunk) => audio += chunk.data.len(),
            Event::InterruptionSettled(told) => break assert_eq!(told, report),
            _ => {}
        }
    }
    assert!(audio <= 128 * 1024, "{audio}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_confirms_cannot_hold_an_interruption() {
    let (session, mut events, _peer, server) = live().await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    let began = Instant::now();
    let report = session.interrupt().await.unwrap();
    assert!(!report.confirmed);
    assert!(
        began.elapsed() <= Duration::from_millis(5001),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn without_speech_there_is_nothing_to_interrupt() {
    let (session, _events, _peer, server) = live().await;
    let report = session.interrupt().await.unwrap();
    assert!(report.items.is_empty());
    server.say("speech");
    settle().await;
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn what_a_player_reports_is_what_was_heard() {
    let (session, mut events, _peer, server) = live().await;
    server.say("started r1");
    server.say("audio r1 a 1000");
    until(&mut events, |event| {
        matches!(event, Event::Audio(_)).then_some(())
    })
    .await;
    session.playback().heard(
        Some("a".into()),
        FORMAT.samples_in(Duration::from_millis(120)),
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    server.say("speech");
    assert_eq!(server.grant("truncate").await, "a 120");
}

#[tokio::test(start_paused = true)]
async fn what_the_player_itself_throws_away_was_not_heard() {
    let (session, mut events, _peer, server) = live().await;
    for line in [
        "started r1",
        "audio r1 a 1000",
        "speak r1 a one two three four",
        "done r1 completed",
    ] {
        server.say(line);
    }
    until(&mut events, |event| {
        matches!(event, Event::ResponseDone(_)).then_some(())
    })
    .await;
    let player = session.playback();
    player.heard(Some("a".into()), 12_000);
    settle().await;
    assert!(session.state().borrow().turn.playing);
    player.flushed();
    assert_eq!(server.grant("truncate").await, "a 500");
    settle().await;
    assert!(!session.state().borrow().turn.playing);
    let said = serde_json::to_string(&session.history().await.unwrap()).unwrap();
    assert!(said.contains(r#""one two""#), "{said}");
    player.flushed();
    player.silent();
    settle().await;
    assert!(server.is_quiet(), "there is nothing left to throw away");
}
