//! Agents that connect, work and close, one session after the other: nothing outlives its session.
//!
//! A program of its own, because it measures the heap and the open files of the process; its tests take
//! turns. `ANTIPHON_TIER=nightly` runs 20,000 sessions over scripted wires and 400 over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where its script does not fit, and tells its figures"
)]

#[path = "it/support/mod.rs"]
mod support;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use antiphon_emulator::{Emulator, Script};
use antiphon_openai::OpenAi;
use antiphon_protocol::Event;
use antiphon_runner::{Runner, RunnerBuilder, ToolAnswer, tool_fn};
use antiphon_transport::testing::{ScriptedDial, ScriptedPeer};
use peak_alloc::PeakAlloc;
use serde_json::Value;
use support::{Server, accept, agent, nothing, settle};
use tokio::runtime::Runtime;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Tests that measure must not run beside others.
static TURN: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cases(everyday: u32, nightly: u32) -> u32 {
    match std::env::var("ANTIPHON_TIER").as_deref() {
        Ok("nightly") => nightly,
        _ => everyday,
    }
}

/// Open files of this process, where the system tells.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// What is held at one moment.
#[derive(Clone, Copy, Debug)]
struct Held {
    heap: usize,
    files: usize,
    tasks: usize,
}

impl Held {
    fn now(tasks: usize) -> Self {
        Self {
            heap: HEAP.current_usage(),
            files: descriptors(),
            tasks,
        }
    }

    /// Prints what has grown since then, and that it is nothing.
    fn check(self, name: &str, cases: u32, before: Self, begun: Instant) {
        let heap = self.heap.saturating_sub(before.heap);
        let files = self.files.saturating_sub(before.files);
        let tasks = self.tasks.saturating_sub(before.tasks);
        // A few bytes more or less are the runtime's own tables.
        let failed = usize::from(tasks > 0 || files > 0 || heap > 16 * 1024);
        println!(
            "{name} cases={cases} failed={failed} seed=7 tasks={tasks} files={files} heap={heap} \
             wall={:.2}s",
            begun.elapsed().as_secs_f64()
        );
        assert_eq!(failed, 0, "something outlives its session");
    }
}

/// An agent with all that may leave something behind: tools that end and one that does not, handlers of
/// every kind.
fn busy(agent: RunnerBuilder) -> RunnerBuilder {
    agent
        .tool(tool_fn("look_up", "", nothing(), |_| async { "found" }))
        .tool(tool_fn("wait", "", nothing(), |_: Value| async {
            std::future::pending::<&str>().await
        }))
        .on_audio(|_| ())
        .on_tool_end(|_| ())
        .on_end(|_| ())
        .on_error(|_| ())
}

/// Drives `runner` until a tool was answered.
async fn work(runner: &mut Runner, server: &Server) {
    server.call("done", "look_up", "{}");
    server.call("open", "wait", "{}");
    server.audio("item", 500);
    let mut open = false;
    while !open {
        let event = runner.next().await.unwrap();
        open = matches!(event, Event::ToolCall(call) if call.id == "open".into());
    }
    assert_eq!(server.result().await["id"], "done");
    settle().await;
}

/// One session of `runner`'s description, which ends in one of five ways; gives the runner for the next.
async fn cycle(n: u32, runner: Runner, peer: &ScriptedPeer) -> Runner {
    let (next, server) = tokio::join!(runner.connect_again(), accept(peer.clone()));
    drop(runner);
    let mut runner = next.unwrap();
    work(&mut runner, &server).await;
    let control = runner.control();
    match n % 5 {
        0 => {
            control.close().await;
            while runner.next().await.is_some() {}
            return runner;
        }
        1 => server.wire.close(1000, "the server's wish"),
        2 => server.wire.drop_connection(),
        // Dropped in the middle of it.
        3 => {}
        _ => {
            let ended = tokio::spawn(async move { control.close().await });
            while runner.next().await.is_some() {}
            ended.await.unwrap();
        }
    }
    runner
}

fn virtual_time() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn a_runner_that_connects_again_and_again_leaves_nothing_behind() {
    let _turn = my_turn();
    let begun = Instant::now();
    let cases = cases(500, 10_000);
    let run = virtual_time();
    let (dial, peer) = ScriptedDial::new();
    let agent = busy(agent()).session(move |session| session.dial(dial.clone()).seed(7));
    let mut before = None;
    for n in 0..cases + cases / 10 {
        // Whatever is made once is there after the first few.
        if n == cases / 10 {
            before = Some(Held::now(run.metrics().num_alive_tasks()));
        }
        run.block_on(async {
            let (first, _server) = tokio::join!(agent.connect(), accept(peer.clone()));
            drop(cycle(n, first.unwrap(), &peer).await);
            // A server that has gone is waited for a while.
            tokio::time::sleep(Duration::from_secs(30)).await;
        });
    }
    let after = Held::now(run.metrics().num_alive_tasks());
    assert_eq!(after.tasks, 0, "of so many sessions no task is left");
    after.check("runner_cycles", 2 * cases, before.unwrap(), begun);
}

/// One conversation with a server over a socket: a question, a tool, an answer, the end.
async fn conversation(agent: &RunnerBuilder) {
    let mut runner = agent.connect().await.unwrap();
    let control = runner.control();
    control.send_text("What's the weather?").await.unwrap();
    let mut responses = 0;
    while responses < 2 {
        let event = runner.next().await.unwrap();
        responses += u32::from(matches!(event, Event::ResponseDone(_)));
    }
    let outcome = runner.finish().await;
    assert!(outcome.ended.is_orderly(), "{:?}", outcome.ended);
    let answers: Vec<_> = outcome.tool_calls.iter().map(|call| call.answer).collect();
    assert_eq!(answers, [ToolAnswer::Sent]);
}

#[test]
fn sessions_over_real_sockets_leave_no_descriptor_behind() {
    let _turn = my_turn();
    let begun = Instant::now();
    let cases = cases(20, 400);
    let run = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    run.block_on(async {
        let script: Script = "pace 100x\nexpect \"x\"\n  call look_up\n  say \"Fine.\"\n"
            .parse()
            .unwrap();
        let emulator = Emulator::builder().script(script).start().await.unwrap();
        let provider = OpenAi::realtime("").without_key();
        let provider = provider.with_base_url(&emulator.url()).unwrap();
        let agent = busy(Runner::builder(provider).model("gpt-realtime"));
        let idle = run.metrics().num_alive_tasks();
        // Whatever is made once is there after the first few.
        for _ in 0..cases / 10 {
            conversation(&agent).await;
        }
        let quiet = || async {
            // The server's own side of the last conversation ends later than ours.
            let deadline = Instant::now() + Duration::from_secs(10);
            while run.metrics().num_alive_tasks() > idle && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Held::now(run.metrics().num_alive_tasks())
        };
        let before = quiet().await;
        for _ in 0..cases {
            conversation(&agent).await;
        }
        quiet().await.check("runner_sockets", cases, before, begun);
    });
}
