//! Random histories through the whole runner, over a scripted wire and under virtual time: whatever
//! happens, each call runs at most once, exactly one answer leaves or it is void with a reason, the model is
//! asked to go on once per batch, and nothing hangs.
//!
//! `ANTIPHON_TIER=nightly` runs 200,000 storms instead of 5,000; `ANTIPHON_SEED` chooses others.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

#[path = "it/support/mod.rs"]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
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
    /// Whether each answer that came may be spoken of.
    answers: BTreeMap<CallId, Vec<bool>>,
    batches: Vec<Batch>,
    /// How often the model was asked to go on.
    creates: usize,
    /// Whether something came between that may stop the model from being asked.
    disturbed: bool,
}

/// The calls that one response made, of those that no other had made.
struct Batch {
    calls: Vec<CallId>,
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
            6 => {
                self.disturbed = true;
                self.server.send(&json!({ "t": "speech" }));
            }
            7 => {
                self.disturbed = true;
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
        let response = format!("r{}", self.batches.len());
        let mut new = Vec::new();
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
            if self.calls.insert(id.as_str().into()) {
                new.push(id.as_str().into());
            }
            made.push((id, self.dice.pick(&TOOLS).unwrap(), args));
        }
        let made: Vec<(&str, &str, &str)> = made
            .iter()
            .map(|(id, name, args)| (id.as_str(), *name, args.as_str()))
            .collect();
        self.server.calls(&response, &made);
        self.batches.push(Batch { calls: new });
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
        self.disturbed = true;
        self.adrift.extend(self.calls.iter().cloned());
        self.server.wire.drop_connection();
        self.server = accept(self.server.peer.clone()).await;
    }

    fn take_in(&mut self) {
        for value in self.server.sent() {
            match value["t"].as_str() {
                Some("result") => {
                    let id = CallId::from(value["id"].as_str().unwrap());
                    let aloud = value["silent"] == false;
                    self.answers.entry(id).or_default().push(aloud);
                }
                Some("create response") => {
                    let response = format!("f{}", self.creates);
                    self.creates += 1;
                    self.server.calls(&response, &[]);
                }
                _ => {}
            }
        }
    }

    /// Checks the whole history; gives how many calls it made.
    async fn check(mut self, runs: &Runs) -> usize {
        // The model goes on each time that it is asked to, and so may be asked again.
        for _ in 0..60 {
            sleep(Duration::from_secs(5)).await;
            self.take_in();
        }
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
            let answers = self.answers.get(&record.call).map_or(0, Vec::len);
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
        // A batch is to be spoken of when at least one of its answers is.
        let aloud = |call: &CallId| {
            self.answers
                .get(call)
                .is_some_and(|all| all.contains(&true))
        };
        let due = self
            .batches
            .iter()
            .filter(|batch| batch.calls.iter().any(aloud));
        let due = due.count();
        assert!(self.creates <= due, "{} for {due} batches", self.creates);
        if !self.disturbed {
            // Batches whose follow-ups wait at the same time are spoken of together.
            assert_eq!(self.creates == 0, due == 0, "{due} batches are due");
        }
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
        batches: Vec::new(),
        creates: 0,
        disturbed: false,
    };
    for _ in 0..steps {
        storm.step().await;
    }
    storm.check(&runs).await
}

/// One storm from its beginning to its end; gives how many calls it made, or what went wrong.
fn weathered(seed: u64) -> Result<usize, String> {
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
        Ok(Ok(made)) => Ok(made),
        Ok(Err(panicked)) => {
            let payload = panicked.into_panic();
            let words = payload.downcast_ref::<String>().cloned();
            Err(words.unwrap_or_else(|| "it panicked".to_owned()))
        }
        Err(_) => Err("it hangs".to_owned()),
    }
}

#[test]
fn no_storm_runs_a_call_twice_answers_it_twice_or_leaves_it_hanging() {
    let nightly = std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly");
    let cases = if nightly { 200_000 } else { 5_000 };
    let seed: u64 =
        std::env::var("ANTIPHON_SEED").map_or(1, |seed| seed.parse().expect("a whole number"));
    let end = seed + cases;
    let begun = std::time::Instant::now();
    // The breaking tools are meant to break; only a storm's own panic is worth words.
    std::panic::set_hook(Box::new(|_| {}));
    let next = AtomicU64::new(seed);
    let calls = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let weather = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            match weathered(seed) {
                Ok(made) => calls.fetch_add(made, Ordering::Relaxed),
                Err(words) => {
                    failed.lock().unwrap().push((seed, words));
                    0
                }
            };
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(weather);
        }
    });
    drop(std::panic::take_hook());
    let (calls, failed) = (calls.into_inner(), failed.into_inner().unwrap());
    let wall = begun.elapsed();
    println!(
        "tool-storm cases={cases} failed={} seed={seed} calls={calls} wall={wall:?}",
        failed.len()
    );
    assert!(failed.is_empty(), "the first: {:?}", failed.iter().min());
}
