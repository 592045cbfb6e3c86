//! What becomes of the model's calls.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_runner::{
    CancelReason, FunctionTool, OnStop, ToolAnswer, ToolContext, ToolError, ToolErrorKind,
    ToolLimits, ToolOutcome, tool_fn, tool_fn_sync, typed_tool,
};
use antiphon_session::{CallError, SessionError};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Notes, accept, agent, nothing, open, run, settle};

fn error_of(result: &Value) -> (String, String) {
    assert_eq!(result["error"], true, "{result}");
    let output: Value = serde_json::from_str(result["output"].as_str().unwrap()).unwrap();
    let word = |name: &str| output["error"][name].as_str().unwrap().to_owned();
    (word("kind"), word("message"))
}

fn weather() -> FunctionTool {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" } },
        "required": ["city"],
    });
    tool_fn(
        "get_weather",
        "The weather.",
        schema,
        |args: Value| async move { format!("sunny in {}", args["city"].as_str().unwrap()) },
    )
}

fn sleeper(seconds: u64) -> FunctionTool {
    tool_fn("sleep", "Sleeps.", nothing(), move |_| async move {
        sleep(Duration::from_secs(seconds)).await;
        "slept"
    })
}

#[tokio::test(start_paused = true)]
async fn a_call_runs_and_is_answered_and_the_model_is_asked_to_go_on_once() {
    let (run, server) = run(agent().tool(weather())).await;
    assert_eq!(server.opening["tools"], json!(["get_weather"]));
    server.call("c1", "get_weather", r#"{"city":"Rome"}"#);
    let result = server.result().await;
    assert_eq!(result["id"], "c1");
    assert_eq!(result["output"], "sunny in Rome");
    assert_eq!(result["error"], false);
    settle().await;
    assert_eq!(server.count("create response"), 1);
    let outcome = run.close().await;
    let [record] = outcome.tool_calls.as_slice() else {
        panic!("{outcome:?}")
    };
    assert_eq!(record.outcome, ToolOutcome::Completed);
    assert_eq!(record.answer, ToolAnswer::Sent);
}

#[tokio::test(start_paused = true)]
async fn sync_and_typed_closures_are_tools_too() {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Sum {
        a: i32,
        b: i32,
    }
    let add = typed_tool("add", "Adds.", |sum: Sum| async move {
        (sum.a + sum.b).to_string()
    });
    let length = tool_fn_sync("length", "Counts.", nothing(), |args: Value| {
        args["text"]
            .as_str()
            .map(|text| text.len().to_string())
            .ok_or("no text")
            .map_err(ToolError::new)
    });
    let (run, server) = run(agent().tool(add).tool(length)).await;
    server.call("c1", "add", r#"{"a":2,"b":3}"#);
    assert_eq!(server.result().await["output"], "5");
    server.call("c2", "length", r#"{"text":"four"}"#);
    assert_eq!(server.result().await["output"], "4");
    server.call("c3", "length", "{}");
    assert_eq!(
        error_of(&server.result().await),
        ("failed".into(), "no text".into())
    );
    server.call("c4", "add", r#"{"a":2,"b":"three"}"#);
    let (kind, message) = error_of(&server.result().await);
    assert_eq!(kind, "invalid_arguments");
    assert!(message.contains('b'), "{message}");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn bad_arguments_and_unknown_tools_are_answered_in_words_the_model_can_act_on() {
    let (run, server) = run(agent().tool(weather())).await;
    for (args, words) in [
        ("", "`city` is missing"),
        (r#"{"city":"Ro"#, "not JSON"),
        ("[1]", "must be a JSON object"),
        (r#"{"city":7}"#, "`city` must be of type string"),
    ] {
        server.call(&format!("bad {args}"), "get_weather", args);
        let (kind, message) = error_of(&server.result().await);
        assert_eq!(kind, "invalid_arguments");
        assert!(message.contains(words), "{args}: {message}");
    }
    server.call("c", "get_wether", "{}");
    let (kind, message) = error_of(&server.result().await);
    assert_eq!(kind, "unknown_tool");
    assert!(
        message.contains("get_weather"),
        "it names those that exist: {message}"
    );
    let outcome = run.close().await;
    assert!(
        outcome.tool_calls.iter().all(|record| !record.ran),
        "none of them ran"
    );
    assert_eq!(outcome.tool_calls.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_contained_and_the_model_is_told_without_its_words() {
    let notes = Notes::default();
    let problems = notes.clone();
    let panics = tool_fn("boom", "Breaks.", nothing(), |_| async {
        if true {
            panic!("the password is hunter2");
        }
        ""
    });
    let agent = agent()
        .tool(panics)
        .on_error(move |problem| problems.add(problem.to_string()));
    let (run, server) = run(agent).await;
    server.call("c", "boom", "");
    let (kind, message) = error_of(&server.result().await);
    assert_eq!(kind, "crashed");
    assert!(!message.contains("hunter2"));
    settle().await;
    assert!(
        notes.all()[0].contains("hunter2"),
        "the caller is told: {:?}",
        notes.all()
    );
    server.call("d", "boom", "");
    server.result().await;
    assert_eq!(run.close().await.tool_calls.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_takes_too_long_is_dropped_and_answered_at_its_deadline() {
    let (run, server) = run(agent().tool(sleeper(1000).timeout(Duration::from_secs(3)))).await;
    let begun = Instant::now();
    server.call("c", "sleep", "");
    let (kind, _) = error_of(&server.result().await);
    assert_eq!(kind, "timed_out");
    assert_eq!(begun.elapsed().as_secs(), 3);
    let outcome = run.close().await;
    let timed_out = ToolOutcome::Failed(ToolErrorKind::TimedOut);
    assert_eq!(outcome.tool_calls[0].outcome, timed_out);
}

#[tokio::test(start_paused = true)]
async fn an_oversize_result_is_answered_as_an_error() {
    let long = tool_fn("long", "Says much.", nothing(), |_| async {
        "x".repeat(70_000)
    });
    let (run, server) = run(agent().tool(long)).await;
    server.call("c", "long", "");
    let (kind, message) = error_of(&server.result().await);
    assert_eq!(kind, "result_too_large");
    assert!(message.contains("65536"), "{message}");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_batch_run_side_by_side_and_are_followed_up_once() {
    let (run, server) = run(agent().tool(sleeper(10))).await;
    let begun = Instant::now();
    server.calls(
        "r",
        &[("a", "sleep", ""), ("b", "sleep", ""), ("c", "sleep", "")],
    );
    for _ in 0..3 {
        server.result().await;
    }
    assert_eq!(begun.elapsed().as_secs(), 10);
    settle().await;
    assert_eq!(server.count("create response"), 1);
    run.close().await;
}

fn counting(most: &Arc<AtomicUsize>) -> impl Fn(Value) -> CountedFuture + use<> {
    let (most, now) = (Arc::clone(most), Arc::new(AtomicUsize::new(0)));
    move |_| {
        let (most, now) = (Arc::clone(&most), Arc::clone(&now));
        Box::pin(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            "done"
        })
    }
}
type CountedFuture = std::pin::Pin<Box<dyn Future<Output = &'static str> + Send>>;

#[tokio::test(start_paused = true)]
async fn no_more_calls_run_at_a_time_than_the_limits_allow() {
    let (all, one) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut limits = ToolLimits::default();
    limits.at_once = 3;
    let agent = agent()
        .tool(tool_fn("many", "", nothing(), counting(&all)))
        .tool(tool_fn("single", "", nothing(), counting(&one)).at_once(1))
        .tool_limits(limits);
    let (run, server) = run(agent).await;
    for n in 0..3 {
        server.call(&format!("single {n}"), "single", "");
    }
    for n in 0..20 {
        server.call(&format!("many {n}"), "many", "");
    }
    let begun = Instant::now();
    for _ in 0..23 {
        server.result().await;
    }
    assert_eq!(one.load(Ordering::SeqCst), 1);
    assert_eq!(all.load(Ordering::SeqCst), 3);
    assert_eq!(
        begun.elapsed().as_secs(),
        8,
        "calls that wait for their own tool hold up no others"
    );
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_too_long_for_its_turn_is_answered_as_busy() {
    let tool = sleeper(50).at_once(1).timeout(Duration::from_secs(20));
    let (run, server) = run(agent().tool(tool)).await;
    server.calls("r", &[("a", "sleep", ""), ("b", "sleep", "")]);
    let kinds = [
        error_of(&server.result().await).0,
        error_of(&server.result().await).0,
    ];
    assert!(kinds.contains(&"busy".to_owned()) && kinds.contains(&"timed_out".to_owned()));
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_call_runs_once() {
    let notes = Notes::default();
    let ran = notes.clone();
    let tool = tool_fn("note", "", nothing(), move |_| {
        ran.add("ran");
        async { "ok" }
    });
    let (run, server) = run(agent().tool(tool)).await;
    for _ in 0..3 {
        server.call("same", "note", "");
    }
    server.result().await;
    settle().await;
    assert_eq!(notes.count("ran"), 1);
    assert_eq!(server.count("result"), 0);
    run.close().await;
}

/// A tool that waits for its cancellation and notes the reason, or ends after a minute.
fn patient(notes: &Notes) -> FunctionTool {
    let notes = notes.clone();
    FunctionTool::with_context("wait", "Waits.", nothing(), move |cx: ToolContext, _| {
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
async fn an_interruption_lets_work_finish_by_default() {
    let notes = Notes::default();
    let (run, server) = run(agent().tool(patient(&notes))).await;
    server.call("c", "wait", "");
    settle().await;
    server.send(&json!({ "t": "speech" }));
    let result = server.result().await;
    assert_eq!(result["output"], "the result");
    assert_eq!(result["silent"], false);
    assert_eq!(notes.all(), ["finished"]);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_interruption_silences_the_answer_where_policy_says_so() {
    let notes = Notes::default();
    let tool = patient(&notes).on_interruption(OnStop::FinishSilently);
    let (run, server) = run(agent().tool(tool)).await;
    server.call("c", "wait", "");
    settle().await;
    server.send(&json!({ "t": "interrupted" }));
    let result = server.result().await;
    assert_eq!(
        (&result["output"], &result["silent"]),
        (&json!("the result"), &json!(true))
    );
    assert_eq!(notes.all(), ["finished"]);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_interruption_cancels_work_where_policy_says_so_and_the_call_is_answered_at_once() {
    let notes = Notes::default();
    let tool = patient(&notes).on_interruption(OnStop::Cancel);
    let (run, server) = run(agent().tool(tool)).await;
    server.call("c", "wait", "");
    settle().await;
    let begun = Instant::now();
    run.control.interrupt().await.unwrap();
    let (kind, _) = error_of(&server.result().await);
    assert_eq!(kind, "cancelled");
    assert!(begun.elapsed() < Duration::from_secs(1));
    settle().await;
    assert_eq!(notes.all(), [format!("{:?}", CancelReason::Interrupted)]);
    assert_eq!(server.count("result"), 0, "answered once");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_call_is_stopped_and_never_answered() {
    let notes = Notes::default();
    let (run, server) = run(agent().tool(patient(&notes))).await;
    server.call("c", "wait", "");
    settle().await;
    server.send(&json!({ "t": "withdraw", "ids": ["c"] }));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(notes.all(), [format!("{:?}", CancelReason::Withdrawn)]);
    assert_eq!(server.count("result"), 0);
    let outcome = run.close().await;
    assert_eq!(outcome.tool_calls[0].answer, ToolAnswer::Withdrawn);
}

#[tokio::test(start_paused = true)]
async fn work_that_may_finish_after_a_withdrawal_finishes_and_its_result_is_discarded() {
    let notes = Notes::default();
    let tool = patient(&notes).on_cancellation(OnStop::Finish);
    let (run, server) = run(agent().tool(tool)).await;
    server.call("c", "wait", "");
    settle().await;
    server.send(&json!({ "t": "withdraw", "ids": ["c"] }));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(notes.all(), ["finished"]);
    assert_eq!(server.count("result"), 0);
    let outcome = run.close().await;
    assert_eq!(outcome.tool_calls[0].outcome, ToolOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn work_that_does_not_come_to_rest_when_it_is_told_to_is_dropped_after_its_grace() {
    struct Noted(Notes);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.add("dropped");
        }
    }
    let notes = Notes::default();
    let held = notes.clone();
    let stubborn = tool_fn("stubborn", "", nothing(), move |_| {
        let noted = Noted(held.clone());
        async move {
            sleep(Duration::from_secs(50)).await;
            drop(noted);
            ""
        }
    });
    let (run, server) = run(agent().tool(stubborn)).await;
    server.call("c", "stubborn", "");
    settle().await;
    server.send(&json!({ "t": "withdraw", "ids": ["c"] }));
    sleep(Duration::from_millis(4900)).await;
    assert_eq!(notes.all(), [""; 0]);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(notes.all(), ["dropped"]);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_lost_connection_are_void_and_their_results_go_nowhere() {
    let notes = Notes::default();
    let (run, server) = run(agent().tool(patient(&notes))).await;
    server.call("c", "wait", "");
    settle().await;
    server.wire.drop_connection();
    let server = accept(server.peer.clone()).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(notes.all(), [format!("{:?}", CancelReason::ConnectionLost)]);
    assert_eq!(server.count("result"), 0);
    let outcome = run.close().await;
    assert_eq!(outcome.tool_calls[0].answer, ToolAnswer::Lost);
    assert_eq!(outcome.rotations, 1);
    assert_eq!(outcome.losses.calls_void.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_conversation_goes_on_while_a_tool_works() {
    let notes = Notes::default();
    let heard = notes.clone();
    let agent = agent()
        .tool(sleeper(30))
        .on_text(move |text| heard.add(text.text));
    let (run, server) = run(agent).await;
    server.call("c", "sleep", "");
    for word in ["one", "two"] {
        sleep(Duration::from_secs(1)).await;
        server.send(&json!({ "t": "text", "text": word }));
        settle().await;
    }
    assert_eq!(notes.all(), ["one", "two"]);
    server.result().await;
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn without_automatic_execution_the_caller_runs_each_call_at_most_once() {
    let (mut runner, server) = open(agent().tool(weather()).automatic_execution(false)).await;
    let control = runner.control();
    server.call("c", "get_weather", r#"{"city":"Oslo"}"#);
    loop {
        if let antiphon_protocol::Event::ToolCall(call) = runner.next().await.unwrap() {
            settle().await;
            assert_eq!(server.count("result"), 0, "nothing runs by itself");
            let end = control.execute(&call.id).await.unwrap();
            assert_eq!(end.result.unwrap().output, "sunny in Oslo");
            let again = control.execute(&call.id).await;
            assert!(again.is_err(), "{again:?}");
            break;
        }
    }
    assert_eq!(server.result().await["output"], "sunny in Oslo");
    let unknown = control.execute(&"nobody".into()).await;
    assert_eq!(unknown, Err(antiphon_runner::ExecuteError::Unknown));
    assert_eq!(runner.finish().await.tool_calls.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_automatic_answers_the_caller_answers_what_ran() {
    let (ends, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let agent = agent()
        .tool(weather())
        .automatic_answers(false)
        .on_tool_end(move |end| ends.send(end));
    let (run, server) = run(agent).await;
    server.call("c", "get_weather", r#"{"city":"Oslo"}"#);
    let end = ended.recv().await.unwrap();
    settle().await;
    assert_eq!(server.count("result"), 0);
    let mut result = end.result.unwrap();
    result.output.push('!');
    run.control
        .send_tool_results(vec![result.clone()])
        .await
        .unwrap();
    assert_eq!(server.result().await["output"], "sunny in Oslo!");
    let again = run.control.send_tool_results(vec![result]).await;
    assert_eq!(
        again,
        Err(SessionError::Call(CallError::Answered("c".into())))
    );
    assert_eq!(run.close().await.tool_calls[0].answer, ToolAnswer::ByHand);
}

#[tokio::test(start_paused = true)]
async fn an_answer_by_hand_stops_the_work_and_takes_the_place_of_its_own() {
    let notes = Notes::default();
    let (run, server) = run(agent().tool(patient(&notes))).await;
    server.call("c", "wait", "");
    settle().await;
    let by_hand = antiphon_protocol::ToolResult::new("c".into(), "wait", "by hand");
    run.control.send_tool_results(vec![by_hand]).await.unwrap();
    assert_eq!(server.result().await["output"], "by hand");
    sleep(Duration::from_secs(30)).await;
    assert_eq!(server.count("result"), 0);
    assert_eq!(notes.all(), [format!("{:?}", CancelReason::AnsweredByHand)]);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_the_configuration_declares_is_left_to_the_caller() {
    let spec = antiphon_protocol::ToolSpec::new("mine", "By hand.", nothing());
    let config = antiphon_protocol::SessionConfig::new("small").tool(spec);
    let (run, server) = run(agent().config(config).tool(weather())).await;
    assert_eq!(server.opening["tools"], json!(["mine", "get_weather"]));
    server.call("c", "mine", "");
    sleep(Duration::from_secs(90)).await;
    assert_eq!(server.count("result"), 0);
    let by_hand = antiphon_protocol::ToolResult::new("c".into(), "mine", "by hand");
    run.control.send_tool_results(vec![by_hand]).await.unwrap();
    assert_eq!(server.result().await["output"], "by hand");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_session_stops_tools_and_waits_for_them_only_so_long() {
    let notes = Notes::default();
    let stubborn = sleeper(10_000).timeout(Duration::from_secs(20_000));
    let (run, server) = run(agent().tool(patient(&notes)).tool(stubborn)).await;
    server.calls("r", &[("a", "wait", ""), ("b", "sleep", "")]);
    settle().await;
    let begun = Instant::now();
    let outcome = run.close().await;
    assert!(
        begun.elapsed() <= Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(notes.all(), [format!("{:?}", CancelReason::SessionEnded)]);
    let answers: Vec<_> = outcome
        .tool_calls
        .iter()
        .map(|record| record.answer)
        .collect();
    assert_eq!(answers, [ToolAnswer::SessionEnded; 2]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_runner_drops_its_tools() {
    struct Noted(Notes);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.add("dropped");
        }
    }
    let notes = Notes::default();
    let held = notes.clone();
    let tool = tool_fn("hold", "", nothing(), move |_| {
        let noted = Noted(held.clone());
        async move {
            sleep(Duration::from_secs(50)).await;
            drop(noted);
            ""
        }
    });
    let (mut runner, server) = open(agent().tool(tool)).await;
    server.call("c", "hold", "");
    while !matches!(
        runner.next().await,
        Some(antiphon_protocol::Event::ToolCall(_))
    ) {}
    settle().await;
    drop(runner);
    settle().await;
    assert_eq!(notes.all(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn the_place_of_dropped_work_is_free_again() {
    let tool = tool_fn("hang", "", nothing(), |args: Value| async move {
        if args["hang"] == true {
            std::future::pending::<()>().await;
        }
        "ok"
    });
    let tool = tool.at_once(1).timeout(Duration::from_secs(20));
    let (run, server) = run(agent().tool(tool)).await;
    server.call("a", "hang", r#"{"hang":true}"#);
    assert_eq!(error_of(&server.result().await).0, "timed_out");
    server.call("b", "hang", "{}");
    let begun = Instant::now();
    assert_eq!(server.result().await["output"], "ok");
    assert_eq!(begun.elapsed().as_secs(), 5, "after the grace of the first");
    run.close().await;
}
