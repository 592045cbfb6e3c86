//! How an agent is started, driven and ended.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{Closer, EndedCause, Event, Losses, Rotation, RotationCause};
use antiphon_runner::{StartError, tool_fn};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{Notes, accept, agent, nothing, open, run, settle};

#[tokio::test(start_paused = true)]
async fn a_run_that_its_caller_closes_succeeds_and_says_so() {
    let agent = agent().instructions("Be brief.").voice("alto");
    let (run, server) = run(agent).await;
    assert_eq!(server.opening["instructions"], "Be brief.");
    assert_eq!(server.opening["voice"], "alto");
    let outcome = run.close().await;
    assert_eq!(outcome.ended.cause, EndedCause::Closed);
    assert_eq!(outcome.ended.by, Closer::Local);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_otherwise_is_an_error_that_holds_the_outcome() {
    let (run, server) = run(agent()).await;
    server.send(&json!({ "t": "text", "text": "bye" }));
    settle().await;
    server.peer.hold_dials(true);
    server.wire.drop_connection();
    let error = run.end().await.unwrap_err();
    assert_ne!(error.outcome().ended.cause, EndedCause::Closed);
    assert!(error.to_string().contains("the session ended"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_next_event_comes_after_its_effects_and_the_last_one_is_the_end() {
    let tool = tool_fn("quick", "", nothing(), |_| async { "" });
    let notes = Notes::default();
    let starts = notes.clone();
    let agent = agent()
        .tool(tool)
        .on_tool_start(move |_| starts.add("start"));
    let (mut runner, server) = open(agent).await;
    let control = runner.control();
    server.call("c", "quick", "");
    while !matches!(runner.next().await.unwrap(), Event::ToolCall(_)) {}
    server.result().await;
    assert_eq!(
        notes.all(),
        ["start"],
        "nobody asked for another event meanwhile"
    );
    let closing = tokio::spawn(async move { control.close().await });
    let mut ends = 0;
    while let Some(event) = runner.next().await {
        ends += usize::from(matches!(event, Event::Ended(_)));
    }
    assert_eq!(ends, 1);
    assert!(runner.next().await.is_none());
    let outcome = runner.finish().await;
    assert_eq!(outcome.ended, closing.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn finishing_closes_a_session_that_is_open() {
    let (runner, _server) = open(agent()).await;
    let begun = Instant::now();
    let outcome = runner.finish().await;
    assert_eq!(outcome.ended.cause, EndedCause::Closed);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn one_description_opens_many_sessions() {
    let notes = Notes::default();
    let texts = notes.clone();
    let agent = agent().on_text(move |text| texts.add(text.text));
    let (runner, first) = open(agent).await;
    let peer = first.peer.clone();
    let (again, second) = tokio::join!(runner.connect_again(), accept(peer));
    let again = again.unwrap();
    let (one, two) = (runner.control(), again.control());
    let runs = [tokio::spawn(runner.run()), tokio::spawn(again.run())];
    first.send(&json!({ "t": "text", "text": "first" }));
    settle().await;
    second.send(&json!({ "t": "text", "text": "second" }));
    settle().await;
    assert_eq!(notes.all(), ["first", "second"]);
    one.close().await;
    two.close().await;
    for run in runs {
        run.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn two_tools_of_one_name_are_refused_before_anything_is_dialled() {
    let tool = || tool_fn("same", "", nothing(), |_| async { "" });
    let error = agent()
        .tool(tool())
        .tool(tool())
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error, StartError::DuplicateTool("same".into()));
}

#[tokio::test(start_paused = true)]
async fn what_a_rotation_cost_is_told_and_summed_up() {
    let told: Arc<Mutex<Vec<Rotation>>> = Arc::default();
    let rotations = Arc::clone(&told);
    let waits = tool_fn("wait", "", nothing(), |_| async { pending::<&str>().await });
    let agent = agent()
        .tool(waits)
        .on_rotation(move |rotation| rotations.lock().unwrap().push(rotation));
    let (run, mut server) = run(agent).await;
    // The first is away for longer than what is said meanwhile is kept; the second is told it once more.
    for (call, away) in [("a", 80), ("b", 10)] {
        run.control.send_text("a question").await.unwrap();
        server.call(call, "wait", "");
        server.send(&json!({ "t": "started", "id": format!("answer to {call}") }));
        for n in 0..10 + away {
            if n == 10 {
                server.peer.hold_dials(true);
                server.wire.drop_connection();
            }
            run.control.send_audio(vec![1; 4800]).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
        server.peer.hold_dials(false);
        server = accept(server.peer.clone()).await;
        settle().await;
    }
    let outcome = run.close().await;
    let told = told.lock().unwrap().clone();
    assert_eq!((told.len(), outcome.rotations), (2, 2));
    let causes = told.iter().map(|rotation| rotation.cause);
    assert!(causes.eq([RotationCause::Drop, RotationCause::Drop]));
    let sum = |part: fn(&Losses) -> u64| -> u64 {
        told.iter().map(|rotation| part(&rotation.losses)).sum()
    };
    let losses = &outcome.losses;
    assert_eq!(losses.calls_void, ["a".into(), "b".into()]);
    assert!(losses.response_lost);
    for (of_all, of_each) in [
        (
            losses.items_lost as u64,
            sum(|losses| losses.items_lost as u64),
        ),
        (losses.samples_dropped, sum(|losses| losses.samples_dropped)),
        (
            losses.samples_replayed,
            sum(|losses| losses.samples_replayed),
        ),
    ] {
        assert!(of_all > 0, "{losses:?}");
        assert_eq!(of_all, of_each, "{told:?}");
    }
    assert!(losses.samples_dropped <= outcome.audio_in.dropped);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_closes_its_session() {
    let (runner, server) = open(agent()).await;
    let run = tokio::spawn(runner.run());
    settle().await;
    run.abort();
    assert!(server.wire.hangup().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_muted_user_sends_silence_of_the_same_length() {
    let (run, server) = run(agent()).await;
    let speech = vec![9_u8; 960];
    for muted in [false, true, false] {
        run.control.mute(muted).await.unwrap();
        assert_eq!(run.control.is_muted(), muted);
        run.control.send_audio(speech.clone()).await.unwrap();
        let sent = server.recv().await;
        assert_eq!(
            (&sent["bytes"], &sent["silent"]),
            (&json!(960), &json!(muted))
        );
    }
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_the_next_event_loses_nothing() {
    let (mut runner, server) = open(agent()).await;
    let words: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let mut seen = Vec::new();
    for word in &words {
        server.send(&json!({ "t": "text", "text": word }));
        // Waits that are given up at once, in between and until the event is there.
        while seen.last() != Some(word) {
            let wait = tokio::time::timeout(Duration::ZERO, runner.next()).await;
            if let Ok(Some(Event::OutputText(text))) = wait {
                seen.push(text.text);
            }
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(seen, words);
    runner.finish().await;
}
