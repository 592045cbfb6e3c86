//! What a process does with the calls of a session that another one began.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

use std::time::Duration;

use antiphon_protocol::CallId;
use antiphon_runner::{
    Approver, Decision, FunctionTool, Runner, RunnerBuilder, ToolAnswer, ToolContext,
    ToolErrorKind, ToolOutcome,
};
use antiphon_session::Snapshot;
use antiphon_transport::testing::ScriptedDial;
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Notes, Run, Server, Toy, nothing, opened, run, settle};

fn agent() -> RunnerBuilder {
    Runner::builder(Toy::new(true).resuming()).model("small")
}

/// Books a table in ten seconds, one at a time, and writes down which.
fn booking(notes: &Notes) -> FunctionTool {
    let notes = notes.clone();
    let book = move |cx: ToolContext, _: Value| {
        notes.add(cx.call().id.as_str());
        async {
            sleep(Duration::from_secs(10)).await;
            "booked"
        }
    };
    FunctionTool::with_context("book", "", nothing(), book).at_once(1)
}

/// The process in which the model asks for two tables: the first is being booked, the second waits.
async fn first_process(notes: &Notes) -> (Run, Server) {
    let (first, server) = run(agent().tool(booking(notes))).await;
    server.calls("r1", &[("one", "book", "{}"), ("two", "book", "{}")]);
    server.send(&json!({ "t": "handle" }));
    settle().await;
    assert_eq!(notes.all(), ["one"]);
    (first, server)
}

async fn next_process(agent: RunnerBuilder, kept: Snapshot) -> (Run, Server) {
    let (dial, peer) = ScriptedDial::new();
    let agent = agent.session(move |session| {
        let kept = kept.clone();
        session.restore(kept).dial(dial.clone()).seed(8)
    });
    let (runner, server) = tokio::join!(agent.connect(), async {
        let server = opened(peer).await;
        server.send(&json!({ "t": "ready", "resumed": true }));
        server
    });
    let run = Run::start(runner.unwrap());
    settle().await;
    (run, server)
}

fn kind(result: &Value) -> String {
    let output: Value = serde_json::from_str(result["output"].as_str().unwrap()).unwrap();
    output["error"]["kind"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_had_begun_is_not_begun_again_and_what_had_not_runs_in_the_next_process() {
    let notes = Notes::default();
    let (first, _server) = first_process(&notes).await;
    let kept = first.control.hand_over().await.unwrap();
    let (next, server) = next_process(agent().tool(booking(&notes)), kept).await;
    let cut_off = server.result().await;
    assert_eq!(cut_off["id"], "one");
    assert_eq!(kind(&cut_off), "interrupted", "the model can act on it");
    let booked = server.result().await;
    assert_eq!(
        (&booked["id"], &booked["output"]),
        (&json!("two"), &json!("booked"))
    );
    assert_eq!(server.recv().await["t"], "create response", "one for both");
    assert_eq!(notes.all(), ["one", "two"], "each ran once, wherever");
    let outcome = next.close().await;
    let records = outcome.tool_calls.iter();
    let records: Vec<_> = records
        .map(|record| {
            (
                record.call.as_str(),
                record.outcome,
                record.ran,
                record.answer,
            )
        })
        .collect();
    let interrupted = ToolOutcome::Failed(ToolErrorKind::Interrupted);
    assert_eq!(
        records,
        [
            ("one", interrupted, false, ToolAnswer::Sent),
            ("two", ToolOutcome::Completed, true, ToolAnswer::Sent),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_handing_over_nothing_begins_in_the_old_process() {
    let notes = Notes::default();
    let (first, server) = first_process(&notes).await;
    let kept = first.control.hand_over().await.unwrap();
    assert!(kept.is_untouched(&CallId::from("two")));
    server.call("three", "book", "{}");
    sleep(Duration::from_secs(30)).await;
    assert_eq!(server.result().await["id"], "one", "what ran is answered");
    assert_eq!(notes.all(), ["one"], "its place was free for the second");
}

#[tokio::test(start_paused = true)]
async fn of_a_snapshot_taken_in_passing_no_call_runs_again() {
    let notes = Notes::default();
    let (first, _server) = first_process(&notes).await;
    let kept = first.control.snapshot().await.unwrap();
    // The old process goes on, and begins the second call after all.
    sleep(Duration::from_secs(11)).await;
    assert_eq!(notes.all(), ["one", "two"]);
    let (_next, server) = next_process(agent().tool(booking(&notes)), kept).await;
    for call in ["one", "two"] {
        let result = server.result().await;
        assert_eq!(result["id"], call);
        assert_eq!(kind(&result), "interrupted");
    }
    sleep(Duration::from_secs(30)).await;
    assert_eq!(notes.count("one") + notes.count("two"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_may_run_any_number_of_times_runs_again() {
    let notes = Notes::default();
    let (first, _server) = first_process(&notes).await;
    let kept = first.control.hand_over().await.unwrap();
    let again = booking(&notes).rerun_after_restore();
    let (_next, server) = next_process(agent().tool(again), kept).await;
    for call in ["one", "two"] {
        let result = server.result().await;
        assert_eq!(
            (&result["id"], &result["output"]),
            (&json!(call), &json!("booked"))
        );
    }
    assert_eq!(notes.all(), ["one", "one", "two"]);
}

/// Never decides.
struct Away;

#[async_trait]
impl Approver for Away {
    async fn decide(&self, _: &antiphon_protocol::ToolCall, _: &Value) -> Decision {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_had_begun_stays_begun_for_all_later_ones() {
    let notes = Notes::default();
    let (first, _server) = first_process(&notes).await;
    let kept = first.control.hand_over().await.unwrap();
    // It may run again, and waits for a yes when the second process ends, too.
    let again = booking(&notes).rerun_after_restore().needs_approval();
    let (second, server) = next_process(agent().tool(again).approver(Away), kept).await;
    server.send(&json!({ "t": "handle" }));
    settle().await;
    let kept = second.control.hand_over().await.unwrap();
    assert_eq!(kept.open_calls().len(), 2);
    let untouched = ["one", "two"].map(|call| kept.is_untouched(&call.into()));
    assert_eq!(untouched, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn where_hands_execute_they_decide_about_what_had_begun() {
    let notes = Notes::default();
    let (first, _server) = first_process(&notes).await;
    let kept = first.control.snapshot().await.unwrap();
    let by_hand = agent().tool(booking(&notes)).automatic_execution(false);
    let (next, server) = next_process(by_hand, kept).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(server.count("result"), 0, "nothing happens by itself");
    let end = next.control.execute(&"one".into()).await.unwrap();
    assert_eq!(end.outcome, ToolOutcome::Completed);
    assert_eq!(server.result().await["output"], "booked");
}
