//! What becomes of a tool's work, and of its answer, when somebody no longer waits for it: every policy in
//! every event. And who runs and answers, where neither is automatic.
#![expect(
    clippy::unreachable,
    reason = "a test ends where its script does not fit"
)]

use std::time::Duration;

use antiphon_protocol::Event;
use antiphon_runner::{
    CancelReason, ExecuteError, FunctionTool, OnStop, ToolAnswer, ToolContext, ToolErrorKind,
    ToolOutcome,
};
use antiphon_session::{CallError, SessionError};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Notes, accept, agent, nothing, open, run, settle};

/// What happens while the tool works.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Happening {
    /// The user speaks over the model.
    Spoken,
    /// The caller interrupts.
    Interrupted,
    /// The provider withdraws the call.
    Withdrawn,
    /// The call's connection is lost.
    Lost,
}

/// The model is told the result; the same, without being asked to speak; that the work was stopped; or
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Result,
    Silently,
    Stopped,
    Nothing,
}

/// A policy, a happening, whether the work is told to stop, and what the model is told.
const ROWS: [(OnStop, Happening, bool, Told); 12] = [
    (OnStop::Finish, Happening::Spoken, false, Told::Result),
    (OnStop::Finish, Happening::Interrupted, false, Told::Result),
    (OnStop::Finish, Happening::Withdrawn, false, Told::Nothing),
    (OnStop::Finish, Happening::Lost, false, Told::Nothing),
    (
        OnStop::FinishSilently,
        Happening::Spoken,
        false,
        Told::Silently,
    ),
    (
        OnStop::FinishSilently,
        Happening::Interrupted,
        false,
        Told::Silently,
    ),
    (
        OnStop::FinishSilently,
        Happening::Withdrawn,
        false,
        Told::Nothing,
    ),
    (
        OnStop::FinishSilently,
        Happening::Lost,
        false,
        Told::Nothing,
    ),
    (OnStop::Cancel, Happening::Spoken, true, Told::Stopped),
    (OnStop::Cancel, Happening::Interrupted, true, Told::Stopped),
    (OnStop::Cancel, Happening::Withdrawn, true, Told::Nothing),
    (OnStop::Cancel, Happening::Lost, true, Told::Nothing),
];

/// Notes why it was told to stop, or that it has finished.
fn patient(notes: &Notes) -> FunctionTool {
    let notes = notes.clone();
    FunctionTool::with_context("wait", "", nothing(), move |cx: ToolContext, _: Value| {
        let notes = notes.clone();
        async move {
            tokio::select! {
                biased;
                reason = cx.cancelled() => notes.add(format!("{reason:?}")),
                () = sleep(Duration::from_secs(20)) => notes.add("finished"),
            }
            "the result"
        }
    })
}

#[tokio::test(start_paused = true)]
async fn each_policy_holds_in_each_happening() {
    for (policy, happening, stops, told) in ROWS {
        let case = format!("{policy:?} when {happening:?}");
        let notes = Notes::default();
        let tool = patient(&notes)
            .on_interruption(policy)
            .on_cancellation(policy);
        let (run, mut server) = run(agent().tool(tool)).await;
        server.call("c", "wait", "");
        settle().await;
        match happening {
            Happening::Spoken => server.send(&json!({ "t": "speech" })),
            Happening::Interrupted => drop(run.control.interrupt().await),
            Happening::Withdrawn => server.send(&json!({ "t": "withdraw", "ids": ["c"] })),
            Happening::Lost => {
                server.wire.drop_connection();
                server = accept(server.peer.clone()).await;
            }
        }
        sleep(Duration::from_secs(30)).await;
        let reason = match happening {
            Happening::Spoken | Happening::Interrupted => CancelReason::Interrupted,
            Happening::Withdrawn => CancelReason::Withdrawn,
            Happening::Lost => CancelReason::ConnectionLost,
        };
        let end = if stops {
            format!("{reason:?}")
        } else {
            "finished".to_owned()
        };
        assert_eq!(notes.all(), [end], "{case}");
        let said = server.sent();
        let results: Vec<&Value> = said.iter().filter(|frame| frame["t"] == "result").collect();
        let found = match results.as_slice() {
            [] => Told::Nothing,
            [one] if one["error"] == true => Told::Stopped,
            [one] if one["silent"] == true => Told::Silently,
            [one] => {
                assert_eq!(one["output"], "the result", "{case}");
                Told::Result
            }
            more => unreachable!("{case}: {more:?}"),
        };
        assert_eq!(found, told, "{case}");
        let asked = said.iter().any(|frame| frame["t"] == "create response");
        let aloud = matches!(told, Told::Result | Told::Stopped);
        assert_eq!(asked, aloud, "{case}: whether the model is asked to go on");
        let outcome = run.close().await;
        let record = &outcome.tool_calls[0];
        let ended = if stops {
            ToolOutcome::Failed(ToolErrorKind::Cancelled)
        } else {
            ToolOutcome::Completed
        };
        let answer = match happening {
            Happening::Withdrawn => ToolAnswer::Withdrawn,
            Happening::Lost => ToolAnswer::Lost,
            _ => ToolAnswer::Sent,
        };
        assert_eq!((record.outcome, record.answer), (ended, answer), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_both_the_caller_runs_and_answers_each_call_once_under_the_same_ledger() {
    let notes = Notes::default();
    let agent = agent()
        .tool(patient(&notes))
        .automatic_execution(false)
        .automatic_answers(false);
    let (mut runner, server) = open(agent).await;
    let control = runner.control();
    server.call("c", "wait", "");
    while !matches!(runner.next().await, Some(Event::ToolCall(_))) {}
    sleep(Duration::from_secs(60)).await;
    assert_eq!((notes.all().len(), server.count("result")), (0, 0));
    let mut end = control.execute(&"c".into()).await.unwrap();
    assert_eq!(server.count("result"), 0, "it runs, and is not answered");
    let again = control.execute(&"c".into()).await;
    assert_eq!(again, Err(ExecuteError::AlreadyStarted));
    let result = end.result.take().unwrap();
    control
        .send_tool_results(vec![result.clone()])
        .await
        .unwrap();
    assert_eq!(server.result().await["output"], "the result");
    let twice = control.send_tool_results(vec![result]).await;
    assert_eq!(
        twice,
        Err(SessionError::Call(CallError::Answered("c".into())))
    );
    let outcome = runner.finish().await;
    assert_eq!(outcome.tool_calls[0].answer, ToolAnswer::ByHand);
    assert_eq!(notes.all(), ["finished"], "once");
}
