//! Every call ends, and every session ends once.

use std::time::Duration;

use antiphon_protocol::{Closer, EndedCause, Event, SessionConfig};
use antiphon_session::{ConnectError, SessionError};
use antiphon_transport::testing::ScriptedDial;
use tokio::time::Instant;

use crate::toy::{self, Server, builder, live, settle};

const INSTANT: Duration = Duration::from_millis(1);

// faults: H11 by a close, with the end counted at reader and handle
#[tokio::test(start_paused = true)]
async fn a_close_is_answered_by_exactly_one_end_and_then_the_stream_ends() {
    let (session, mut events, _peer, _server) = live().await;
    let ended = session.close().await;
    assert_eq!(ended.cause, EndedCause::Closed);
    assert_eq!(ended.by, Closer::Local);
    let mut ends = 0;
    while let Some(event) = events.next().await {
        ends += usize::from(matches!(event, Event::Ended(_)));
    }
    assert_eq!(ends, 1);
    assert_eq!(session.closed().await, ended, "from any clone, at any time");
    assert_eq!(session.commit_audio().await, Err(SessionError::Ended));
    assert_eq!(session.interrupt().await, Err(SessionError::Ended));
}

#[tokio::test(start_paused = true)]
async fn close_during_a_hanging_dial_returns_at_once() {
    // The first dial succeeds, so that there is a session to close.
    let (session, _events, peer, server) = live().await;
    peer.hold_dials(true);
    server.wire.drop_connection();
    while peer.in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let began = Instant::now();
    session.close().await;
    assert!(began.elapsed() <= INSTANT, "{:?}", began.elapsed());
    settle().await;
    assert_eq!(peer.in_flight(), 0, "nothing is left of the dial");
}

#[tokio::test(start_paused = true)]
async fn close_during_the_wait_before_the_next_attempt_returns_at_once() {
    let (session, _events, _peer, server) = live().await;
    server.wire.drop_connection();
    let waiting = |phase: &antiphon_protocol::Phase| {
        matches!(phase, antiphon_protocol::Phase::Waiting { .. })
    };
    session
        .state()
        .wait_for(|state| waiting(&state.phase))
        .await
        .unwrap();
    let began = Instant::now();
    assert_eq!(session.close().await.cause, EndedCause::Closed);
    assert!(began.elapsed() <= INSTANT, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn close_during_a_stalled_write_returns_at_once() {
    let (session, _events, _peer, server) = live().await;
    server.wire.stall_writes(true);
    session.send_audio(vec![0; 4800]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let began = Instant::now();
    assert_eq!(session.close().await.cause, EndedCause::Closed);
    assert!(began.elapsed() <= INSTANT, "{:?}", began.elapsed());
}

// faults: H9 by a peer that does not answer the close
#[tokio::test(start_paused = true)]
async fn close_waits_for_a_silent_peer_no_longer_than_asked() {
    let (session, _events, _peer, server) = live().await;
    server.wire.answer_close(false);
    let began = Instant::now();
    session.close_within(Duration::from_millis(300)).await;
    assert!(
        began.elapsed() <= Duration::from_millis(301),
        "{:?}",
        began.elapsed()
    );

    let (session, _events, _peer, server) = live().await;
    server.wire.answer_close(false);
    let began = Instant::now();
    session.close().await;
    assert!(
        began.elapsed() <= Duration::from_millis(2001),
        "{:?}",
        began.elapsed()
    );
}

// faults: D1 by a close with 1000 in the middle of an answer
#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_cleanly_in_mid_answer_is_not_success() {
    let (session, mut events, peer, server) = live().await;
    peer.hold_dials(true);
    server.say("started r1");
    server.say("audio r1 a 100");
    server.wire.close(1000, "bye");
    let cut = toy::until(&mut events, |event| match event {
        Event::ResponseDone(done) => Some(done.clone()),
        _ => None,
    })
    .await;
    assert_ne!(cut.status, antiphon_protocol::ResponseStatus::Completed);
    drop(session);
}

#[tokio::test(start_paused = true)]
async fn when_the_last_handle_and_the_reader_are_gone_the_session_closes() {
    let (session, mut events, _peer, server) = live().await;
    drop(session);
    server.say("started r1");
    toy::until(&mut events, |event| {
        matches!(event, Event::ResponseStarted { .. }).then_some(())
    })
    .await;
    drop(events);
    assert_eq!(server.wire.hangup().await, Some(1000));
}

#[tokio::test(start_paused = true)]
async fn a_session_without_a_reader_goes_on() {
    let (session, events, _peer, server) = live().await;
    drop(events);
    server.say("started r1");
    for _ in 0..2000 {
        server.say("audio r1 a 100");
    }
    server.say("done r1 completed");
    server.say("speech");
    let mut state = session.state();
    state
        .wait_for(|state| state.turn.user == antiphon_session::UserTurn::Speaking)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_cannot_be_sent_is_refused_before_anything_is_dialled() {
    let (dial, peer) = ScriptedDial::new();
    let mut config = SessionConfig::new("m");
    config.temperature = Some(0.5);
    let refused = builder(dial).config(config).connect().await;
    assert!(matches!(refused, Err(ConnectError::Unsupported(_))));
    assert_eq!(peer.dials(), 0);
}

// faults: B1 by a server that takes the opening and says nothing
#[tokio::test(start_paused = true)]
async fn a_server_that_never_speaks_ends_the_connect_within_its_deadlines() {
    let (dial, _peer) = ScriptedDial::new();
    let began = Instant::now();
    let failed = builder(dial)
        .connect_attempts(1)
        .deadlines(Duration::from_secs(5), Duration::from_secs(7))
        .connect()
        .await;
    let Err(ConnectError::Ended(ended)) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(ended.stage, Some(antiphon_protocol::Stage::Opening));
    assert!(
        began.elapsed() <= Duration::from_secs(12),
        "{:?}",
        began.elapsed()
    );
}

// faults: E6 by three and thirty-two frames of garbage in a row
#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_another_language_is_told_from_a_silent_one() {
    let (dial, peer) = ScriptedDial::new();
    let (failed, _wire) = tokio::join!(builder(dial).connect(), async {
        let wire = peer.accept().await;
        for _ in 0..3 {
            wire.send_text("garbage");
        }
        wire
    });
    let Err(ConnectError::Ended(ended)) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(
        ended.cause,
        EndedCause::Fault(antiphon_protocol::Fault::Protocol)
    );
    assert_eq!(peer.dials(), 1, "it will not learn ours");

    let (session, mut events, _peer, server) = live().await;
    for line in ["garbage", "garbage", "garbage", "speech"] {
        server.say(line);
    }
    let mut malformed = 0;
    toy::until(&mut events, |event| {
        matches!(event, Event::Malformed(_)).then_some(())
    })
    .await;
    while !matches!(events.next().await, Some(Event::SpeechStarted(_))) {
        malformed += 1;
    }
    assert_eq!(malformed, 2, "a few bad frames are events, not an end");
    for _ in 0..32 {
        server.say("garbage");
    }
    let ended = session.closed().await;
    assert_eq!(
        ended.cause,
        EndedCause::Fault(antiphon_protocol::Fault::Protocol)
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_the_connect_leaves_nothing_behind() {
    let (dial, peer) = ScriptedDial::new();
    peer.hold_dials(true);
    let connect = builder(dial).connect();
    assert!(
        tokio::time::timeout(Duration::from_secs(1), connect)
            .await
            .is_err()
    );
    settle().await;
    assert_eq!(peer.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_task_is_an_end_with_a_cause() {
    let (session, mut events, _peer, server) = live().await;
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    server.say("panic");
    let ended = session.closed().await;
    std::panic::set_hook(quiet);
    assert_eq!(ended.cause, EndedCause::Panicked);
    let told = toy::until(&mut events, |event| match event {
        Event::Ended(ended) => Some(ended.clone()),
        _ => None,
    })
    .await;
    assert_eq!(told, ended);
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn commands_that_wait_for_a_connection_come_back_in_time() {
    let (session, _events, peer, server) = live().await;
    peer.hold_dials(true);
    server.wire.drop_connection();
    session
        .state()
        .wait_for(|state| state.generation.is_none())
        .await
        .unwrap();
    let began = Instant::now();
    let undelivered = session.commit_audio().await;
    assert!(
        matches!(undelivered, Err(SessionError::Undelivered(_))),
        "{undelivered:?}"
    );
    assert!(
        began.elapsed() <= Duration::from_secs(16),
        "{:?}",
        began.elapsed()
    );
    let _: Option<Server> = None;
}
