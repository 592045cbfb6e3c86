//! What a full-duplex model delegates is done by a tool under the same rules as any call, or is told to
//! a handler that answers it.

use std::time::Duration;

use antiphon_protocol::{Context, ContextKind, Scheduling};
use antiphon_runner::{
    Approver, Decision, Errand, OnStop, Runner, RunnerBuilder, ToolAnswer, ToolOutcome, tool_fn,
    typed_tool,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Notes, Server, Toy, accept, agent, nothing, run, settle};

fn delegate(server: &Server, id: &str) {
    server.send(&json!({ "t": "delegation", "id": id }));
}

/// Does what it is asked for at once, and repeats it.
fn repeating(agent: RunnerBuilder) -> RunnerBuilder {
    agent.delegate_to(typed_tool(
        "desk",
        "Does work.",
        |errand: Errand| async move { format!("[{}]", errand.transcript) },
    ))
}

#[tokio::test(start_paused = true)]
async fn delegated_work_is_a_call_with_what_was_said_since_the_last_one_and_is_spoken_of() {
    let (run, server) = run(repeating(agent())).await;
    assert_eq!(
        server.opening["tools"],
        json!([]),
        "the model names no tool"
    );
    server.send(&json!({ "t": "heard", "text": "Book a table." }));
    server.send(&json!({ "t": "said", "text": "One moment." }));
    delegate(&server, "one");
    delegate(&server, "one");
    let answer = server.context().await;
    let expected = json!({
        "t": "context",
        "kind": "commentary",
        "text": "[User: Book a table.\nAgent: One moment.]",
        "delegation": "one",
    });
    assert_eq!(answer, expected);
    server.send(&json!({ "t": "heard", "text": "For two." }));
    delegate(&server, "two");
    assert_eq!(server.context().await["text"], "[User: For two.]");
    settle().await;
    assert_eq!(server.count("context"), 0, "one answer each");
    let outcome = run.close().await;
    let answers: Vec<_> = outcome.tool_calls.iter().map(|call| call.answer).collect();
    assert_eq!(answers, [ToolAnswer::Sent, ToolAnswer::Sent]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_sentence_is_waited_for_but_not_for_ever() {
    let (run, server) = run(repeating(agent())).await;
    server.send(&json!({ "t": "speech" }));
    delegate(&server, "one");
    sleep(Duration::from_secs(1)).await;
    server.send(&json!({ "t": "heard", "text": "Book a table." }));
    server.send(&json!({ "t": "silence" }));
    assert_eq!(server.context().await["text"], "[User: Book a table.]");
    server.send(&json!({ "t": "speech" }));
    delegate(&server, "two");
    let begun = Instant::now();
    server.context().await;
    assert!(begun.elapsed() <= Duration::from_millis(3_100));
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_silent_or_comes_after_an_interruption_is_thought_and_not_said() {
    let silent =
        tool_fn("desk", "", nothing(), |_| async { "found" }).non_blocking(Scheduling::Silent);
    let late = tool_fn("desk", "", nothing(), |_| async {
        sleep(Duration::from_secs(2)).await;
        "found"
    });
    for (tool, interrupts) in [
        (silent, false),
        (late.on_interruption(OnStop::FinishSilently), true),
    ] {
        let (run, server) = run(agent().delegate_to(tool)).await;
        delegate(&server, "one");
        settle().await;
        if interrupts {
            server.send(&json!({ "t": "interrupted" }));
        }
        assert_eq!(server.context().await["kind"], "thinking");
        run.close().await;
    }
}

struct No;

#[async_trait]
impl Approver for No {
    async fn decide(&self, _call: &antiphon_protocol::ToolCall, _arguments: &Value) -> Decision {
        Decision::Deny("not today".to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_told_to_the_model_as_with_any_call() {
    let broken = tool_fn("desk", "", nothing(), |args: Value| async move {
        assert!(args.is_null(), "the tool breaks");
        ""
    });
    let slow = tool_fn("desk", "", nothing(), |_| {
        std::future::pending::<&'static str>()
    });
    let quick = tool_fn("desk", "", nothing(), |_| async { "" });
    for (tool, kind) in [
        (broken, "crashed"),
        (slow.timeout(Duration::from_secs(5)), "timed_out"),
        (quick.needs_approval(), "denied"),
    ] {
        let (run, server) = run(agent().approver(No).delegate_to(tool)).await;
        delegate(&server, "one");
        let answer = server.context().await;
        let told: Value = serde_json::from_str(answer["text"].as_str().unwrap()).unwrap();
        assert_eq!(told["error"]["kind"], kind);
        assert_eq!(answer["delegation"], "one");
        run.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_delegation_does_not_outlive_its_connection() {
    let slow = tool_fn("desk", "", nothing(), |_| async {
        sleep(Duration::from_secs(2)).await;
        "too late"
    });
    let (run, server) = run(agent().delegate_to(slow.on_cancellation(OnStop::Finish))).await;
    delegate(&server, "one");
    settle().await;
    server.wire.drop_connection();
    let server = accept(server.peer.clone()).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(server.count("context"), 0);
    let outcome = run.close().await;
    let record = &outcome.tool_calls[..];
    assert!(
        matches!(record, [one] if one.answer == ToolAnswer::Lost
            && one.outcome == ToolOutcome::Completed),
        "{record:?}"
    );
}

/// What brings a new connection.
#[derive(Clone, Copy, Debug)]
enum Because {
    Changed,
    GoesAway,
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_waits_for_delegated_work_as_for_a_call_and_not_for_ever() {
    // How long the tool works, and whether its answer is silent.
    for (works, silent) in [(8, false), (8, true), (100, false)] {
        for because in [Because::Changed, Because::GoesAway] {
            let tool = tool_fn("desk", "", nothing(), move |_| async move {
                sleep(Duration::from_secs(works)).await;
                "found"
            });
            let tool = tool.timeout(Duration::from_secs(200));
            let tool = if silent {
                tool.non_blocking(Scheduling::Silent)
            } else {
                tool
            };
            let agent = Runner::builder(Toy::new(false)).model("small");
            let (run, server) = run(agent.delegate_to(tool)).await;
            delegate(&server, "one");
            settle().await;
            let begun = Instant::now();
            match because {
                Because::Changed => {
                    let control = run.control.clone();
                    tokio::spawn(
                        async move { control.update(|config| config.voice("bass")).await },
                    );
                }
                Because::GoesAway => server.send(&json!({ "t": "go away", "seconds": 30 })),
            }
            let _next = accept(server.peer.clone()).await;
            let waited = begun.elapsed().as_secs();
            settle().await;
            let case =
                format!("{because:?} while a tool works {works} s, silent {silent}: {waited}");
            let (answer, when) = if works == 8 {
                (ToolAnswer::Sent, 7..10)
            } else {
                (ToolAnswer::Lost, 20..24)
            };
            assert!(when.contains(&waited), "{case}");
            assert_eq!(server.count("context"), usize::from(works == 8), "{case}");
            let outcome = run.close().await;
            assert_eq!(outcome.tool_calls[0].answer, answer, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn progress_may_be_thought_and_commentary_by_hand_is_the_answer() {
    let slow = tool_fn("desk", "", nothing(), |_| async {
        sleep(Duration::from_secs(9)).await;
        "from the tool"
    });
    let (run, server) = run(agent().delegate_to(slow)).await;
    delegate(&server, "one");
    settle().await;
    for (kind, text) in [
        (ContextKind::Thinking, "half done"),
        (ContextKind::Commentary, "by hand"),
    ] {
        let context = Context {
            kind,
            text: text.to_owned(),
            delegation: Some("one".into()),
        };
        run.control.send_context(context).await.unwrap();
        assert_eq!(server.context().await["text"], text);
    }
    sleep(Duration::from_secs(20)).await;
    assert_eq!(server.count("context"), 0);
    let outcome = run.close().await;
    assert!(matches!(&outcome.tool_calls[..], [one] if one.answer == ToolAnswer::ByHand));
}

#[tokio::test(start_paused = true)]
async fn without_a_tool_for_it_a_handler_is_told_and_nothing_is_answered() {
    let notes = Notes::default();
    let told = notes.clone();
    let agent = agent().on_delegation(move |delegation| told.add(delegation.id.as_str()));
    let (run, server) = run(agent).await;
    delegate(&server, "one");
    settle().await;
    assert_eq!(notes.all(), ["one"]);
    assert!(server.sent().is_empty());
    assert!(run.close().await.tool_calls.is_empty());
}
