//! How an agent is started, driven and ended.

use std::time::Duration;

use antiphon_protocol::{Closer, EndedCause, Event};
use antiphon_runner::{StartError, tool_fn};
use serde_json::json;
use tokio::time::Instant;

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
    let notes = Notes::default();
    let rotations = notes.clone();
    let agent = agent().on_rotation(move |rotation| rotations.add(format!("{:?}", rotation.cause)));
    let (run, server) = run(agent).await;
    server.wire.drop_connection();
    let server = accept(server.peer.clone()).await;
    settle().await;
    assert_eq!(notes.all(), ["Drop"]);
    drop(server.sent());
    let outcome = run.close().await;
    assert_eq!(outcome.rotations, 1);
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
