//! No silent loss: control events always arrive, media is bounded, observers learn what they missed.

use std::time::Duration;

use antiphon_protocol::{EndedCause, Event, EventClass};
use antiphon_session::{EventFilter, Limits, Observed};

use crate::toy::{live, live_with, settle, until};

fn small_inbox(drop_media: bool) -> Limits {
    let mut limits = Limits::default();
    limits.inbox_bytes = 100_000;
    limits.drop_media = drop_media;
    limits
}

// faults: H14 by twelve seconds of audio in one moment
#[tokio::test(start_paused = true)]
async fn a_reader_slower_than_the_stream_loses_nothing() {
    let (_session, mut events, _peer, server) =
        live_with(|builder| builder.limits(small_inbox(false))).await;
    server.say("started r1");
    for _ in 0..300 {
        server.say("audio r1 a 40");
    }
    server.say("done r1 completed");
    let mut offsets = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_millis(40)).await;
        match events.next().await.unwrap() {
            Event::Audio(chunk) => offsets.push(chunk.offset),
            Event::ResponseDone(_) => break,
            _ => {}
        }
    }
    let expected: Vec<u64> = (0..300).map(|n| n * 960).collect();
    assert_eq!(offsets, expected);
}

// faults: H5 by a reader that takes nothing while commands are sent
#[tokio::test(start_paused = true)]
async fn commands_go_on_while_reading_is_paused() {
    let (session, events, _peer, server) =
        live_with(|builder| builder.limits(small_inbox(false))).await;
    for _ in 0..300 {
        server.say("audio r1 a 40");
    }
    settle().await;
    assert!(server.wire.unread_bytes() > 0, "reading is paused");
    session.commit_audio().await.unwrap();
    server.expect("commit").await;
    drop(events);
}

// faults: H5 by a reader that never takes anything
#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_for_too_long_ends_the_session_with_that_cause() {
    let (session, events, _peer, server) =
        live_with(|builder| builder.limits(small_inbox(false))).await;
    for _ in 0..300 {
        server.say("audio r1 a 40");
    }
    let began = tokio::time::Instant::now();
    let ended = session.closed().await;
    assert_eq!(ended.cause, EndedCause::ReaderStalled);
    assert!(
        began.elapsed() >= Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert!(
        began.elapsed() <= Duration::from_millis(17_001),
        "{:?}",
        began.elapsed()
    );
    drop(events);
}

#[tokio::test(start_paused = true)]
async fn by_choice_a_stalled_reader_loses_media_instead_and_it_is_counted() {
    let (session, mut events, _peer, server) =
        live_with(|builder| builder.limits(small_inbox(true))).await;
    server.say("started r1");
    for _ in 0..200 {
        server.say("audio r1 a 40");
    }
    server.say("done r1 completed");
    // Nobody reads until all was dropped that did not fit.
    tokio::time::sleep(Duration::from_secs(200)).await;
    let mut read = 0;
    until(&mut events, |event| {
        matches!(event, Event::ResponseStarted { .. }).then_some(())
    })
    .await;
    loop {
        match events.next().await.unwrap() {
            Event::Audio(chunk) => read += chunk.data.len() as u64,
            Event::ResponseDone(_) => break,
            _ => {}
        }
    }
    let dropped = session.state().borrow().media_dropped;
    assert!(dropped > 0);
    assert_eq!(read + dropped, 200 * 1920);
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_what_passes_its_filter() {
    let (session, _events, _peer, server) = live().await;
    let mut observer = session.observe(EventFilter::of(&[EventClass::Turn]));
    server.say("started r1");
    server.say("audio r1 a 40");
    server.say("done r1 completed");
    for name in ["ResponseStarted", "ResponseDone"] {
        let Some(Observed::Event(event)) = observer.next().await else {
            panic!("{name}")
        };
        assert!(format!("{event:?}").starts_with(name));
    }
    session.close().await;
    let Some(Observed::Event(end)) = observer.next().await else {
        panic!("the end passes every filter")
    };
    assert!(matches!(*end, Event::Ended(_)));
    assert_eq!(observer.next().await, None);
    assert_eq!(
        session.observe(EventFilter::ALL).next().await,
        None,
        "too late"
    );
}

// faults: H4 by an observer that sleeps through a thousand events
#[tokio::test(start_paused = true)]
async fn an_observer_that_lags_is_told_how_much_it_missed() {
    let (session, events, _peer, server) = live().await;
    drop(events);
    let mut observer = session.observe(EventFilter::CONTROL);
    server.say("started r1");
    let Some(Observed::Event(_)) = observer.next().await else {
        panic!("the first arrives")
    };
    for _ in 0..1000 {
        server.say("text r1 word");
    }
    server.say("done r1 completed");
    session
        .state()
        .wait_for(|state| state.turn.is_idle())
        .await
        .unwrap();
    let Some(Observed::Lagged(missed)) = observer.next().await else {
        panic!("it lags")
    };
    let mut seen = 0;
    loop {
        match observer.next().await {
            Some(Observed::Event(event)) if event.class() == EventClass::Text => seen += 1,
            Some(Observed::Event(event)) if matches!(*event, Event::ResponseDone(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(missed.of(EventClass::Text) + seen, 1000);
    assert_eq!(missed.total(), missed.of(EventClass::Text));
}

#[tokio::test(start_paused = true)]
async fn control_alone_can_fill_the_inbox_and_ends_the_session_even_where_media_may_be_dropped() {
    let (session, events, _peer, server) =
        live_with(|builder| builder.limits(small_inbox(true))).await;
    for _ in 0..2000 {
        server.say("text r1 word");
    }
    assert_eq!(session.closed().await.cause, EndedCause::ReaderStalled);
    drop(events);
}
