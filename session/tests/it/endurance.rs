//! Slow readers, many sessions one after the other, and a long call.

use std::time::{Duration, Instant};

use antiphon_protocol::{Event, EventClass};
use antiphon_session::{
    EventFilter, Limits, Observed,
    testing::{CallBook, assert_accounted},
};

use crate::toy::{Server, Toy, live_with, settle};

fn nightly() -> bool {
    std::env::var("ANTIPHON_TIER").as_deref() == Ok("nightly")
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stalls_for_half_a_minute_loses_no_word_and_observers_are_told_their_lag() {
    let mut limits = Limits::default();
    limits.inbox_bytes = 400_000;
    limits.reader_stall = Duration::from_secs(60);
    let (session, mut events, _peer, server) =
        live_with(|builder| builder.limits(limits.clone())).await;
    let mut observer = session.observe(EventFilter::ALL);
    server.say("started r1");
    // A minute of speech, with a word after each tenth of a second.
    for n in 0..600 {
        server.say("audio r1 a 100");
        server.say(&format!("text r1 {n}"));
    }
    server.say("done r1 completed");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(session.state().borrow().ended.is_none());
    assert!(server.wire.unread_bytes() > 0, "reading is paused");

    let (mut words, mut audio) = (0, 0_usize);
    loop {
        match events.next().await.unwrap() {
            Event::OutputText(text) => {
                assert_eq!(text.text, words.to_string(), "in order, none missing");
                words += 1;
            }
            Event::Audio(chunk) => audio += chunk.data.len(),
            Event::ResponseDone(_) => break,
            _ => {}
        }
    }
    assert_eq!((words, audio), (600, 600 * 4800));

    let (mut seen, mut missed) = (0, 0);
    session.close().await;
    while let Some(observed) = observer.next().await {
        match observed {
            Observed::Event(event) if event.class() == EventClass::Media => seen += 1,
            Observed::Event(_) => {}
            Observed::Lagged(lag) => missed += lag.of(EventClass::Media),
        }
    }
    assert!(missed > 0, "the observer read nothing for half a minute");
    assert_eq!(seen + missed, 600, "what it missed is counted exactly");
}

#[test]
fn connecting_and_closing_leaves_nothing_behind() {
    let begun = Instant::now();
    let cases = if nightly() { 10_000 } else { 500 };
    let run = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let left = run.block_on(async {
        for n in 0..cases {
            let (session, events, _peer, server) = Toy::new().live().await.unwrap();
            match n % 3 {
                0 => drop(session.close().await),
                1 => drop((session, events)),
                _ => {
                    server.wire.drop_connection();
                    settle().await;
                    session.close().await;
                }
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    });
    println!(
        "session_cycles cases={cases} failed={left} seed=7 wall={:.2}s",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(left, 0, "tasks that outlive their sessions");
}

/// Two virtual minutes between faults: speech both ways, tools, interruptions, drops.
async fn call(minutes: u64) -> usize {
    let (session, mut events, peer, mut server) = Toy::new().live().await.unwrap();
    let read = tokio::spawn(async move {
        let mut book = CallBook::default();
        let mut rotations = 0;
        while let Some(event) = events.next().await {
            book.note(&event);
            rotations += usize::from(matches!(event, Event::Rotated(_)));
        }
        (book, rotations)
    });
    let mut answered = Vec::new();
    for minute in 0..minutes {
        for second in 0..60 {
            let n = minute * 60 + second;
            for _ in 0..10 {
                session.send_audio(vec![1; 4800]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            match second % 10 {
                1 => server.say(&format!("started r{n}")),
                2 | 3 => server.say(&format!("audio r{} i{} 900", n - second % 10 + 1, n)),
                4 if second < 30 => server.say(&format!("call r{} c{n}", n - 3)),
                5 if second >= 30 => server.say("speech"),
                6 => server.say(&format!("done r{} completed 10", n - 5)),
                7 if second < 30 => {
                    let call = format!("c{}", n - 3);
                    let result = antiphon_protocol::ToolResult::new(call.into(), "tool", "ok");
                    if session
                        .send_tool_results(vec![result.clone()])
                        .await
                        .is_ok()
                    {
                        answered.push(result);
                    }
                }
                8 => server.say("silence"),
                _ => {}
            }
            while server.wire.try_recv().is_some() {}
        }
        if minute % 2 == 1 {
            server.wire.drop_connection();
            server = Server::opened(&peer).await.0;
            settle().await;
        }
    }
    session.close().await;
    assert_accounted(&session.state().borrow());
    let (mut book, rotations) = read.await.unwrap();
    book.answered(&answered);
    book.assert_settled();
    rotations
}

#[test]
fn a_long_call_with_drops_accounts_for_every_sample_and_every_call() {
    let begun = Instant::now();
    let minutes = if nightly() { 60 * 24 } else { 30 };
    let run = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let rotations = run.block_on(call(minutes));
    let left = run.metrics().num_alive_tasks();
    println!(
        "session_soak cases={minutes} failed=0 seed=7 rotations={rotations} wall={:.2}s",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(rotations as u64, minutes / 2);
    assert_eq!(left, 0, "tasks are left");
}
