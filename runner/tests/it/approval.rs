//! Who may say no to a call, and that silence is a no.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

use std::{sync::Arc, time::Duration};

use antiphon_protocol::ToolCall;
use antiphon_runner::{
    Approver, Decision, FunctionTool, RateCap, StartError, ToolError, ToolHook, ToolLimits,
    ToolOutput, tool_fn,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use crate::support::{Notes, agent, nothing, run, settle};

fn error_kind(result: &Value) -> String {
    assert_eq!(result["error"], true, "{result}");
    let output: Value = serde_json::from_str(result["output"].as_str().unwrap()).unwrap();
    output["error"]["kind"].as_str().unwrap().to_owned()
}

/// A tool that needs approval and notes that it ran.
fn payment(notes: &Notes) -> FunctionTool {
    let notes = notes.clone();
    tool_fn("pay", "Pays.", nothing(), move |args: Value| {
        notes.add(format!("paid {}", args["sum"]));
        async { "paid" }
    })
    .needs_approval()
}

/// Says yes to small sums, no to large ones, nothing to middling ones, and panics without a sum.
struct Clerk(Arc<Notify>);

#[async_trait]
impl Approver for Clerk {
    async fn decide(&self, _call: &ToolCall, arguments: &Value) -> Decision {
        match arguments["sum"].as_u64().unwrap() {
            0..100 => Decision::Allow,
            100..1000 => {
                self.0.notified().await;
                Decision::Allow
            }
            _ => Decision::Deny("too much money".to_owned()),
        }
    }
}

fn clerk() -> Clerk {
    Clerk(Arc::new(Notify::new()))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_needs_approval_runs_when_it_is_approved_and_only_then() {
    let notes = Notes::default();
    let (run, server) = run(agent().tool(payment(&notes)).approver(clerk())).await;
    server.call("yes", "pay", r#"{"sum":5}"#);
    assert_eq!(server.result().await["output"], "paid");
    server.call("no", "pay", r#"{"sum":5000}"#);
    let refused = server.result().await;
    assert_eq!(error_kind(&refused), "denied");
    assert!(
        refused["output"]
            .as_str()
            .unwrap()
            .contains("too much money")
    );
    assert_eq!(notes.all(), ["paid 5"]);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_does_not_come_in_time_or_breaks_down_is_a_no() {
    let notes = Notes::default();
    let (run, server) = run(agent().tool(payment(&notes)).approver(clerk())).await;
    let begun = Instant::now();
    server.call("slow", "pay", r#"{"sum":500}"#);
    assert_eq!(error_kind(&server.result().await), "denied");
    assert_eq!(begun.elapsed().as_secs(), 60);
    server.call("panic", "pay", "{}");
    assert_eq!(error_kind(&server.result().await), "denied");
    assert_eq!(notes.all(), [""; 0]);
    let outcome = run.close().await;
    assert!(outcome.tool_calls.iter().all(|record| !record.ran));
}

#[tokio::test(start_paused = true)]
async fn without_an_approver_a_tool_that_needs_one_is_refused_before_anything_is_dialled() {
    let notes = Notes::default();
    for agent in [
        agent().tool(payment(&notes)),
        agent().delegate_to(payment(&notes)),
    ] {
        let error = agent.connect().await.unwrap_err();
        assert_eq!(error, StartError::NoApprover("pay".into()));
        assert!(error.to_string().contains("approver"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_withdrawn_while_it_waits_for_approval_never_runs() {
    let notes = Notes::default();
    let approval = Arc::new(Notify::new());
    let (run, server) = run(agent()
        .tool(payment(&notes))
        .approver(Clerk(Arc::clone(&approval))))
    .await;
    server.call("c", "pay", r#"{"sum":500}"#);
    settle().await;
    server.send(&json!({ "t": "withdraw", "ids": ["c"] }));
    settle().await;
    approval.notify_one();
    sleep(Duration::from_secs(90)).await;
    assert_eq!(notes.all(), [""; 0]);
    assert_eq!(server.count("result"), 0);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn other_tools_run_while_one_call_waits_for_approval() {
    let notes = Notes::default();
    let mut limits = ToolLimits::default();
    limits.at_once = 1;
    let quick = tool_fn("quick", "", nothing(), |_| async { "quick" });
    let agent = agent()
        .tool(payment(&notes))
        .tool(quick)
        .approver(clerk())
        .tool_limits(limits);
    let (run, server) = run(agent).await;
    server.call("waits", "pay", r#"{"sum":500}"#);
    server.call("c", "quick", "");
    assert_eq!(server.result().await["output"], "quick");
    run.close().await;
}

/// Vetoes, rewrites, redacts, fails or panics, as the arguments say.
struct Warden;

#[async_trait]
impl ToolHook for Warden {
    async fn before(&self, _call: &ToolCall, mut arguments: Value) -> Result<Value, ToolError> {
        match arguments["before"].as_str() {
            Some("veto") => return Err(ToolError::denied("not on Sundays")),
            Some("rewrite") => arguments["say"] = json!("something else"),
            Some("panic") => assert_eq!(arguments, Value::Null, "the hook breaks"),
            _ => {}
        }
        Ok(arguments)
    }

    async fn after(&self, _call: &ToolCall, output: ToolOutput) -> Result<ToolOutput, ToolError> {
        match output.text.as_str() {
            "secret" => Ok("[redacted]".into()),
            "forbidden" => Err(ToolError::denied("this may not be told")),
            "explosive" => {
                assert!(output.scheduling.is_some(), "the hook breaks");
                Ok(output)
            }
            _ => Ok(output),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_veto_rewrite_and_redact_and_fail_closed() {
    let notes = Notes::default();
    let ran = notes.clone();
    let say = tool_fn("say", "", nothing(), move |args: Value| {
        let say = args["say"].as_str().unwrap_or_default().to_owned();
        ran.add(say.clone());
        async move { say }
    });
    let (run, server) = run(agent().tool(say).hook(Warden)).await;
    let cases = [
        (r#"{"say":"plain"}"#, Ok("plain"), Some("plain")),
        (r#"{"say":"x","before":"veto"}"#, Err("denied"), None),
        (
            r#"{"say":"x","before":"rewrite"}"#,
            Ok("something else"),
            Some("something else"),
        ),
        (r#"{"say":"x","before":"panic"}"#, Err("crashed"), None),
        (r#"{"say":"secret"}"#, Ok("[redacted]"), Some("secret")),
        (r#"{"say":"forbidden"}"#, Err("denied"), Some("forbidden")),
        (r#"{"say":"explosive"}"#, Err("crashed"), Some("explosive")),
    ];
    for (arguments, expected, _) in cases {
        server.call(arguments, "say", arguments);
        let result = server.result().await;
        match expected {
            Ok(output) => assert_eq!(result["output"], output, "{arguments}"),
            Err(kind) => {
                assert_eq!(error_kind(&result), kind, "{arguments}");
                assert!(!result["output"].as_str().unwrap().contains("explosive"));
            }
        }
    }
    let ran: Vec<_> = cases.iter().filter_map(|(_, _, ran)| *ran).collect();
    assert_eq!(notes.all(), ran);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_rate_cap_are_refused_until_time_has_passed() {
    let mut limits = ToolLimits::default();
    limits.rate = RateCap {
        calls: 2,
        per: Duration::from_secs(10),
    };
    let quick = tool_fn("quick", "", nothing(), |_| async { "quick" });
    let (run, server) = run(agent().tool(quick).tool_limits(limits)).await;
    for n in 0..2 {
        server.call(&n.to_string(), "quick", "");
        assert_eq!(server.result().await["output"], "quick");
    }
    server.call("third", "quick", "");
    assert_eq!(error_kind(&server.result().await), "rate_limited");
    sleep(Duration::from_secs(10)).await;
    server.call("later", "quick", "");
    assert_eq!(server.result().await["output"], "quick");
    run.close().await;
}
