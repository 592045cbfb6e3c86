//! No public function of the runner waits past its stated bound, whatever the peer, a tool, an
//! approver or a handler does.
//!
//! Each has a row: its name, its bound, and a call that is measured in virtual time under every
//! trouble below. A function without a row fails the last test, which says so.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking"
)]

use std::{future::pending, path::Path, sync::Arc, time::Duration};

use antiphon_protocol::{
    AudioChunk, Context, ContextKind, Ended, ResponseDone, TextDelta, ToolCall, ToolResult,
    ToolSpec,
};
use antiphon_runner::{
    Approver, Control, Decision, Handler, HandlerResult, Runner, RunnerBuilder, Tool, ToolContext,
    ToolError, ToolHook, ToolOutput, tool_fn,
};
use antiphon_transport::testing::ScriptedDial;
use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::{Value, json, value::RawValue};
use tokio::{sync::Notify, time::Instant};

use crate::support;
use crate::support::{Server, agent, nothing, open, settle};
use crate::surface;

/// What may go wrong while a function is waited for.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// The peer takes everything in and never says another word.
    Silent,
    /// The peer takes nothing in, and says nothing.
    Stalled,
    /// The peer has gone; whoever dials hangs.
    Away,
}

const TROUBLES: [Trouble; 3] = [Trouble::Silent, Trouble::Stalled, Trouble::Away];

impl Trouble {
    fn begin(self, server: &Server) {
        server.wire.answer_pings(false);
        server.wire.answer_close(false);
        match self {
            Self::Silent => {}
            Self::Stalled => server.wire.stall_writes(true),
            Self::Away => server.wire.drop_connection(),
        }
        server.peer.hold_dials(true);
    }
}

struct Row {
    name: &'static str,
    /// In seconds.
    bound: u64,
    call: Call,
}

type Call = fn(Runner, Server) -> BoxFuture<'static, ()>;

/// A row whose call is made on the handle while the agent runs.
macro_rules! control {
    ($name:literal, $bound:literal, $control:ident => $call:expr) => {
        Row {
            name: $name,
            bound: $bound,
            call: |runner, server| {
                Box::pin(async move {
                    let $control = runner.control();
                    let run = tokio::spawn(runner.run());
                    settle().await;
                    let _ = $call.await;
                    drop((run, server));
                })
            },
        }
    };
}

/// A row whose call is made on the agent itself.
macro_rules! agent {
    ($name:literal, $bound:literal, $runner:ident => $call:expr) => {
        Row {
            name: $name,
            bound: $bound,
            call: |$runner, server| {
                Box::pin(async move {
                    let _ = $call.await;
                    drop(server);
                })
            },
        }
    };
}

/// As long as a session takes to find out that its peer is dead and that no dial leads anywhere, and
/// then the rest that tools and handlers are given.
const ROWS: &[Row] = &[
    control!("Control::interrupt", 5, c => c.interrupt()),
    control!("Control::send_tool_results", 15, c => {
        c.send_tool_results(vec![ToolResult::new("c".into(), "hangs", "done")])
    }),
    // The tool's own 60 s, and 5 s in which to come to rest.
    control!("Control::execute", 65, c => async move { c.execute(&"c".into()).await.map(drop) }),
    control!("Control::send_context", 15, c => {
        c.send_context(Context {
            kind: ContextKind::Commentary,
            text: "done".to_owned(),
            delegation: Some("d".into()),
        })
    }),
    control!("Control::hand_over", 15, c => async move { c.hand_over().await.map(drop) }),
    control!("Control::update", 50, c => c.update(|config| config.instructions("other"))),
    control!("Control::update_with_bridge", 50, c => {
        c.update_with_bridge(|config| config.instructions("other"), "It has changed.")
    }),
    control!("Control::send_native", 15, c => {
        c.send_native(RawValue::from_string("{}".to_owned()).unwrap())
    }),
    // Handlers, tools and hooks that hang, all at once.
    agent!("Runner::finish", 8, runner => runner.finish()),
    agent!("Runner::run", 610, runner => runner.run()),
    agent!("Runner::next", 610, runner => async move {
        let mut runner = runner;
        while runner.next().await.is_some() {}
    }),
    // As a session's: three dials of 15 s with short waits between them.
    agent!("Runner::connect_again", 92, runner => async move {
        runner.connect_again().await.map(drop)
    }),
];

/// What users write: waited for by the runner alone, and dropped by it when its time is over.
const WRITTEN_BY_USERS: &[&str] = &[
    "Approver::decide",
    "Handler::on_audio",
    "Handler::on_delegation",
    "Handler::on_end",
    "Handler::on_error",
    "Handler::on_flush",
    "Handler::on_input_transcript",
    "Handler::on_interruption",
    "Handler::on_lag",
    "Handler::on_output_transcript",
    "Handler::on_response_done",
    "Handler::on_rotation",
    "Handler::on_speech_started",
    "Handler::on_speech_stopped",
    "Handler::on_text",
    "Handler::on_tool_end",
    "Handler::on_tool_progress",
    "Handler::on_tool_start",
    "Handler::on_turn_timed",
    "Handler::on_update",
    "Tool::call",
    "ToolHook::after",
    "ToolHook::before",
];

/// Waited for by work that is told to stop, and measured where the work is.
const TOLD_TO_STOP: &[&str] = &["Cancellation::cancelled", "ToolContext::cancelled"];

/// Never returns from anything it is told.
struct Deaf;

#[async_trait]
impl Handler for Deaf {
    async fn on_audio(&self, _control: &Control, _chunk: AudioChunk) -> HandlerResult {
        pending().await
    }

    async fn on_text(&self, _control: &Control, _text: TextDelta) -> HandlerResult {
        pending().await
    }

    async fn on_response_done(&self, _control: &Control, _done: ResponseDone) -> HandlerResult {
        pending().await
    }

    async fn on_tool_start(&self, _control: &Control, _call: &ToolCall) -> HandlerResult {
        pending().await
    }

    async fn on_end(&self, _control: &Control, _ended: Ended) -> HandlerResult {
        pending().await
    }
}

/// An agent all of whose parts hang.
fn hanging() -> RunnerBuilder {
    let tool = tool_fn("hangs", "", nothing(), |_| pending::<&'static str>());
    agent().automatic_execution(false).tool(tool).handler(Deaf)
}

/// What it takes to begin: a moment in which the agent takes up what it was sent.
const TICK: Duration = Duration::from_millis(10);

async fn measure(row: &Row, trouble: Trouble) -> Duration {
    let (runner, server) = open(hanging()).await;
    server.call("c", "hangs", "");
    server.audio("a", 100);
    server.send(&json!({ "t": "text", "text": "hello" }));
    settle().await;
    trouble.begin(&server);
    let begun = Instant::now();
    (row.call)(runner, server).await;
    begun.elapsed()
}

#[test]
fn every_call_ends_in_time() {
    let begun = std::time::Instant::now();
    let mut cases = 0;
    let mut late = Vec::new();
    for row in ROWS {
        for trouble in TROUBLES {
            let took = in_virtual_time(measure(row, trouble));
            cases += 1;
            if took > Duration::from_secs(row.bound) + TICK {
                late.push(format!("{} while {trouble:?}: {took:?}", row.name));
            }
        }
    }
    println!(
        "runner_bounds cases={cases} failed={} seed=7 wall={:.2}s",
        late.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(late.is_empty(), "{late:#?}");
}

#[tokio::test(start_paused = true)]
async fn connect_ends_in_time() {
    let (dial, peer) = ScriptedDial::new();
    peer.hold_dials(true);
    let agent = agent().session(move |session| session.dial(dial.clone()).seed(7));
    let begun = Instant::now();
    assert!(agent.connect().await.is_err());
    assert!(begun.elapsed() <= Duration::from_secs(3 * 15 + 2));
}

struct Undecided;

#[async_trait]
impl Approver for Undecided {
    async fn decide(&self, _call: &ToolCall, _arguments: &Value) -> Decision {
        pending().await
    }
}

/// Hangs before the work, or after it.
#[derive(Clone, Copy)]
struct Stuck {
    before: bool,
}

#[async_trait]
impl ToolHook for Stuck {
    async fn before(&self, _call: &ToolCall, arguments: Value) -> Result<Value, ToolError> {
        if self.before {
            pending::<()>().await;
        }
        Ok(arguments)
    }

    async fn after(&self, _call: &ToolCall, output: ToolOutput) -> Result<ToolOutput, ToolError> {
        if !self.before {
            pending::<()>().await;
        }
        Ok(output)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_in_time_whatever_hangs_in_it() {
    let quick = || tool_fn("tool", "", nothing(), |_| async { "" });
    let stuck = || tool_fn("tool", "", nothing(), |_| pending::<&'static str>());
    for (what, agent, bound) in [
        ("the tool", agent().tool(stuck()), 60),
        (
            "before it",
            agent().tool(quick()).hook(Stuck { before: true }),
            60,
        ),
        (
            "after it",
            agent().tool(quick()).hook(Stuck { before: false }),
            60,
        ),
        (
            "its approval",
            agent().tool(quick().needs_approval()).approver(Undecided),
            60,
        ),
    ] {
        let (run, server) = support::run(agent).await;
        let begun = Instant::now();
        server.call("c", "tool", "{}");
        let result = server.result().await;
        assert_eq!(result["error"], true, "{what}");
        // The rest that a batch of answers is given.
        let bound = Duration::from_secs(bound + 5) + Duration::from_secs(1);
        assert!(begun.elapsed() <= bound, "{what}: {:?}", begun.elapsed());
        run.close().await;
    }
}

/// Works until it is told to stop, and says when that was.
struct Patient(Arc<Notify>);

#[async_trait]
impl Tool for Patient {
    fn spec(&self) -> ToolSpec {
        ToolSpec::new("tool", "", nothing())
    }

    async fn call(&self, cx: ToolContext, _arguments: Value) -> Result<ToolOutput, ToolError> {
        tokio::join!(cx.cancelled(), cx.cancellation().cancelled());
        self.0.notify_one();
        Ok("".into())
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_waits_to_be_stopped_is_stopped_with_its_session() {
    let stopped = Arc::new(Notify::new());
    let (run, server) = support::run(agent().tool(Patient(Arc::clone(&stopped)))).await;
    server.call("c", "tool", "{}");
    settle().await;
    let begun = Instant::now();
    let closing = tokio::spawn(run.close());
    stopped.notified().await;
    assert!(begun.elapsed() <= Duration::from_secs(3));
    closing.await.unwrap();
}

#[test]
fn every_public_function_that_waits_has_a_row() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rows: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    rows.extend(WRITTEN_BY_USERS.iter().chain(TOLD_TO_STOP));
    rows.push("RunnerBuilder::connect");
    surface::assert_complete(&sources, &rows);
}

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}
