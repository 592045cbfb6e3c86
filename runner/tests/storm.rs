//! Random histories through the whole runner, over a scripted wire and under virtual time: whatever
//! happens, each call runs at most once, at most one answer leaves, and nothing hangs.
//!
//! `ANTIPHON_TIER=nightly` runs 20,000 storms instead of 300; `ANTIPHON_SEED` chooses others.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{CallId, ToolCall, ToolResult};
use antiphon_runner::{
    Approver, Decision, FunctionTool, OnStop, RunnerBuilder, ToolAnswer, ToolContext,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use support::{Run, Server, accept, agent, nothing, run};
use tokio::time::{sleep, timeout};

/// A small generator of its own, so that a seed means the same storm everywhere.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = self.roll(from.len().max(1) as u64);
        from.get(usize::try_from(place).unwrap()).cloned()
    }
}

const TOOLS: [&str; 6] = ["finish", "cancel", "silent", "short", "asked", "unheard of"];

/// How often each call has run.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<BTreeMap<CallId, u32>>>);

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

fn stormy(runs: &Runs) -> RunnerBuilder {
    agent()
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
}

struct Storm {
    dice: Dice,
    run: Run,
    server: Server,
    calls: BTreeSet<CallId>,
    /// Calls that were made on a connection that was lost.
    adrift: BTreeSet<CallId>,
    withdrawn: BTreeSet<CallId>,
    answers: BTreeMap<CallId, u32>,
    batches: usize,
    creates: usize,
}

impl Storm {
    async fn step(&mut self) {
        match self.dice.roll(12) {
            0..=4 => self.call(),
            5 => {
                let known: Vec<CallId> = self.calls.iter().cloned().collect();
                if let Some(id) = self.dice.pick(&known) {
                    self.server
                        .send(&json!({ "t": "withdraw", "ids": [id.as_str()] }));
                    self.withdrawn.insert(id);
                }
            }
            6 => self.server.send(&json!({ "t": "speech" })),
            7 => {
                let control = self.run.control.clone();
                tokio::spawn(async move { control.interrupt().await });
            }
            8 => self.answer_by_hand(),
            9 if self.dice.roll(3) == 0 => self.reconnect().await,
            _ => {}
        }
        let pause = self.dice.roll(3000);
        sleep(Duration::from_millis(pause)).await;
        self.take_in();
    }

    fn call(&mut self) {
        let response = format!("r{}", self.batches);
        self.batches += 1;
        let mut made = Vec::new();
        for n in 0..=self.dice.roll(3) {
            let known: Vec<CallId> = self.calls.iter().cloned().collect();
            let again = self.dice.roll(8) == 0;
            let id = match self.dice.pick(&known) {
                Some(id) if again => id.as_str().to_owned(),
                _ => format!("{response}.{n}"),
            };
            let args = match self.dice.roll(8) {
                0 => "{\"ms\":".to_owned(),
                _ => json!({
                    "ms": self.dice.roll(4000),
                    "manner": self.dice.roll(6),
                    "mood": self.dice.roll(6),
                })
                .to_string(),
            };
            self.calls.insert(id.as_str().into());
            made.push((id, self.dice.pick(&TOOLS).unwrap(), args));
        }
        let made: Vec<(&str, &str, &str)> = made
            .iter()
            .map(|(id, name, args)| (id.as_str(), *name, args.as_str()))
            .collect();
        self.server.calls(&response, &made);
    }

    fn answer_by_hand(&mut self) {
        let known: Vec<CallId> = self.calls.iter().cloned().collect();
        if let Some(id) = self.dice.pick(&known) {
            let control = self.run.control.clone();
            let result = ToolResult::new(id, "tool", "by hand");
            tokio::spawn(async move { control.send_tool_results(vec![result]).await });
        }
    }

    async fn reconnect(&mut self) {
        self.take_in();
        self.adrift.extend(self.calls.iter().cloned());
        self.server.wire.drop_connection();
        self.server = accept(self.server.peer.clone()).await;
    }

    fn take_in(&mut self) {
        for value in self.server.sent() {
            match value["t"].as_str() {
                Some("result") => {
                    let id = CallId::from(value["id"].as_str().unwrap());
                    *self.answers.entry(id).or_default() += 1;
                }
                Some("create response") => self.creates += 1,
                _ => {}
            }
        }
    }

    /// Checks the whole history; gives how many calls it made.
    async fn check(mut self, runs: &Runs) -> usize {
        sleep(Duration::from_secs(300)).await;
        self.take_in();
        let state = self.run.control.state().borrow().clone();
        assert_eq!(
            state.turn.open_calls, 0,
            "every call is settled while the session lives"
        );
        let outcome = self.run.close().await;
        for (id, times) in runs.0.lock().unwrap().iter() {
            assert_eq!(*times, 1, "{id} ran more than once");
        }
        let mut recorded = BTreeSet::new();
        for record in &outcome.tool_calls {
            assert!(
                recorded.insert(record.call.clone()),
                "{} has two records",
                record.call
            );
            let answers = self.answers.get(&record.call).copied().unwrap_or(0);
            let expected = match record.answer {
                ToolAnswer::Sent | ToolAnswer::ByHand => 1,
                _ => 0,
            };
            let id = &record.call;
            assert!(answers <= 1, "{id} was answered {answers} times");
            if !self.adrift.contains(id) {
                assert_eq!(answers, expected, "{record:?}");
                let void = self.withdrawn.contains(id);
                assert!(void || answers == 1, "{id} was never answered: {record:?}");
            }
        }
        assert_eq!(recorded, self.calls, "each call has a record");
        assert!(
            self.creates <= self.batches,
            "at most one follow-up per batch"
        );
        recorded.len()
    }
}

async fn storm(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let runs = Runs::default();
    let (run, server) = run(stormy(&runs)).await;
    let steps = 5 + dice.roll(30);
    let mut storm = Storm {
        dice,
        run,
        server,
        calls: BTreeSet::new(),
        adrift: BTreeSet::new(),
        withdrawn: BTreeSet::new(),
        answers: BTreeMap::new(),
        batches: 0,
        creates: 0,
    };
    for _ in 0..steps {
        storm.step().await;
    }
    storm.check(&runs).await
}

#[test]
fn no_storm_runs_a_call_twice_answers_it_twice_or_leaves_it_hanging() {
    let nightly = std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly");
    let cases = if nightly { 20_000 } else { 300 };
    let seed: u64 =
        std::env::var("ANTIPHON_SEED").map_or(1, |seed| seed.parse().expect("a whole number"));
    let begun = std::time::Instant::now();
    // The breaking tools are meant to break; only a storm's own panic is worth words.
    std::panic::set_hook(Box::new(|_| {}));
    let mut calls = 0;
    let failed = (seed..seed + cases).find_map(|seed| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let within = async move {
            let storm = tokio::spawn(storm(seed));
            timeout(Duration::from_secs(3600), storm).await
        };
        match runtime.block_on(within) {
            Ok(Ok(made)) => {
                calls += made;
                None
            }
            Ok(Err(panicked)) => {
                let payload = panicked.into_panic();
                let words = payload.downcast_ref::<String>().cloned();
                Some((seed, words.unwrap_or_else(|| "it panicked".to_owned())))
            }
            Err(_) => Some((seed, "it hangs".to_owned())),
        }
    });
    drop(std::panic::take_hook());
    let wall = begun.elapsed();
    println!(
        "tool-storm cases={cases} failed={} seed={seed} calls={calls} wall={wall:?}",
        u8::from(failed.is_some())
    );
    assert_eq!(failed, None);
}
