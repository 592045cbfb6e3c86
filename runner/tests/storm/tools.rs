//! An agent whose tools and approver behave as their arguments say, mostly badly.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{CallId, ToolCall};
use antiphon_runner::{
    Approver, Control, Decision, FunctionTool, Handler, HandlerResult, OnStop, RunnerBuilder,
    ToolContext, ToolEnd,
};
use async_trait::async_trait;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::support::{agent, nothing};

pub(crate) const TOOLS: [&str; 6] = ["finish", "cancel", "silent", "short", "asked", "unheard of"];

/// How often each call has run.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<Mutex<BTreeMap<CallId, u32>>>);

impl Runs {
    pub(crate) fn all(&self) -> BTreeMap<CallId, u32> {
        self.0.lock().unwrap().clone()
    }
}

/// A tool that counts its run and then does what its arguments say.
fn tool(name: &'static str, runs: &Runs) -> FunctionTool {
    let runs = runs.clone();
    FunctionTool::with_context(name, "", nothing(), move |cx: ToolContext, args: Value| {
        *runs
            .0
            .lock()
            .unwrap()
            .entry(cx.call().id.clone())
            .or_default() += 1;
        async move {
            let time = Duration::from_millis(args["ms"].as_u64().unwrap_or(0));
            match args["manner"].as_u64() {
                Some(0) => std::future::pending().await,
                Some(1) => {
                    sleep(time).await;
                    assert!(time.is_zero(), "the tool breaks");
                }
                Some(2) => {
                    let _ = timeout(time, cx.cancelled()).await;
                }
                _ => sleep(time).await,
            }
            "done"
        }
    })
}

/// The moods in which the approver says yes.
pub(crate) const CONSENTS: std::ops::Range<u64> = 3..6;

struct Moody;

#[async_trait]
impl Approver for Moody {
    async fn decide(&self, _call: &ToolCall, arguments: &Value) -> Decision {
        match arguments["mood"].as_u64() {
            Some(0) => std::future::pending().await,
            Some(1) => Decision::Deny("no".to_owned()),
            Some(2) => {
                assert!(arguments.is_null(), "the approver breaks");
                Decision::Allow
            }
            _ => Decision::Allow,
        }
    }
}

/// Answers by hand with what the tools give back.
struct Clerk;

#[async_trait]
impl Handler for Clerk {
    async fn on_tool_end(&self, control: &Control, end: ToolEnd) -> HandlerResult {
        if let Some(result) = end.result {
            // The ledger judges: the call may have been answered meanwhile, or be void.
            let _ = control.send_tool_results(vec![result]).await;
        }
        Ok(())
    }
}

/// What is left to the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByHand {
    pub(crate) execution: bool,
    pub(crate) answers: bool,
}

pub(crate) fn stormy(runs: &Runs, by_hand: ByHand) -> RunnerBuilder {
    let agent = agent()
        .tool(tool("finish", runs).on_cancellation(OnStop::Finish))
        .tool(tool("cancel", runs).on_interruption(OnStop::Cancel))
        .tool(tool("silent", runs).on_interruption(OnStop::FinishSilently))
        .tool(
            tool("short", runs)
                .timeout(Duration::from_secs(2))
                .at_once(1),
        )
        .tool(tool("asked", runs).needs_approval())
        .approver(Moody)
        .automatic_execution(!by_hand.execution)
        .automatic_answers(!by_hand.answers);
    if by_hand.answers {
        agent.handler(Clerk)
    } else {
        agent
    }
}
