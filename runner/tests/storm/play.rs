//! One storm: a model, a caller and a network, all of them erratic.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use antiphon_protocol::{CallId, ToolResult};
use antiphon_runner::{RunnerBuilder, ToolAnswer};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    books::Books,
    support::{Run, Server, accept, run},
    tools::{ByHand, CONSENTS, Runs, TOOLS, stormy},
};

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

struct Storm {
    dice: Dice,
    run: Run,
    server: Server,
    books: Books,
    responses: usize,
    /// The response that runs while others are refused.
    running: Option<String>,
    /// How often in a row the model was asked to go on and would not.
    refusals: u32,
    /// Whether nothing is refused any more.
    is_calm: bool,
    /// Calls that were made on a connection that was lost.
    adrift: BTreeSet<CallId>,
    withdrawn: BTreeSet<CallId>,
    /// Calls that nobody has allowed to run.
    forbidden: BTreeSet<CallId>,
    answers: BTreeMap<CallId, usize>,
}

/// Lives through the storm of this seed; gives how many calls it made.
pub(crate) async fn storm(seed: u64, flawed: impl FnOnce(RunnerBuilder) -> RunnerBuilder) -> usize {
    let mut dice = Dice(seed);
    let by_hand = match dice.roll(8) {
        0 => (true, false),
        1 => (false, true),
        2 => (true, true),
        _ => (false, false),
    };
    let by_hand = ByHand {
        execution: by_hand.0,
        answers: by_hand.1,
    };
    let runs = Runs::default();
    let (run, server) = run(flawed(stormy(&runs, by_hand))).await;
    let steps = 5 + dice.roll(30);
    let mut storm = Storm {
        dice,
        run,
        server,
        books: Books::default(),
        responses: 0,
        running: None,
        refusals: 0,
        is_calm: false,
        adrift: BTreeSet::new(),
        withdrawn: BTreeSet::new(),
        forbidden: BTreeSet::new(),
        answers: BTreeMap::new(),
    };
    for _ in 0..steps {
        storm.step().await;
    }
    storm.subside(by_hand).await;
    storm.check(&runs).await
}

impl Storm {
    async fn step(&mut self) {
        if self.dice.roll(2) == 0 {
            self.end_response();
        }
        match self.dice.roll(13) {
            0..=4 => self.call(),
            5 => self.withdraw(),
            6 => self.server.send(&json!({ "t": "speech" })),
            7 => {
                self.books.interrupted();
                let control = self.run.control.clone();
                tokio::spawn(async move { control.interrupt().await });
            }
            8 => self.answer_by_hand(),
            9 => self.execute_by_hand(),
            10 if self.dice.roll(3) == 0 => self.reconnect().await,
            _ => {}
        }
        // What crosses in this moment may have left before or after.
        sleep(Duration::from_millis(1)).await;
        self.take_in();
        self.books.moment_passed();
        let pause = self.dice.roll(3000);
        sleep(Duration::from_millis(pause)).await;
        self.take_in();
    }

    fn a_call(&mut self) -> Option<CallId> {
        let known: Vec<CallId> = self.books.calls().cloned().collect();
        self.dice.pick(&known)
    }

    fn begin_response(&mut self) -> String {
        let response = format!("r{}", self.responses);
        self.responses += 1;
        self.server
            .send(&json!({ "t": "started", "id": &response }));
        self.books.begun();
        response
    }

    /// The response that other requests were refused for is over.
    fn end_response(&mut self) {
        if let Some(response) = self.running.take() {
            self.server.send(&json!({ "t": "done", "id": &response }));
            self.books.over(&[], false);
        }
    }

    /// A response with a few calls, some of them made before.
    fn call(&mut self) {
        self.end_response();
        let response = self.begin_response();
        let mut made = Vec::new();
        for n in 0..=self.dice.roll(3) {
            let known = self.a_call();
            let again = self.dice.roll(8) == 0;
            let id = match known {
                Some(id) if again => id,
                _ => format!("{response}.{n}").as_str().into(),
            };
            let mood = self.dice.roll(6);
            let args = match self.dice.roll(8) {
                0 => "{\"ms\":".to_owned(),
                _ => json!({
                    "ms": self.dice.roll(4000),
                    "manner": self.dice.roll(6),
                    "mood": mood,
                })
                .to_string(),
            };
            let name = self.dice.pick(&TOOLS).unwrap();
            let new = !made.contains(&id) && !self.books.calls().any(|known| *known == id);
            if new && name == "asked" && !CONSENTS.contains(&mood) {
                self.forbidden.insert(id.clone());
            }
            self.server.send(&json!({
                "t": "call", "id": id.as_str(), "name": name, "args": args, "response": &response,
            }));
            made.push(id);
        }
        let cancelled = self.dice.roll(10) == 0;
        let status = if cancelled { "cancelled" } else { "completed" };
        self.server
            .send(&json!({ "t": "done", "id": &response, "status": status }));
        self.books.over(&made, cancelled);
    }

    fn withdraw(&mut self) {
        if let Some(id) = self.a_call() {
            self.server
                .send(&json!({ "t": "withdraw", "ids": [id.as_str()] }));
            self.books.withdrawn(&id);
            self.withdrawn.insert(id);
        }
    }

    fn answer_by_hand(&mut self) {
        if let Some(id) = self.a_call() {
            let control = self.run.control.clone();
            let result = ToolResult::new(id, "tool", "by hand");
            tokio::spawn(async move { control.send_tool_results(vec![result]).await });
        }
    }

    fn execute_by_hand(&mut self) {
        if let Some(id) = self.a_call() {
            let control = self.run.control.clone();
            tokio::spawn(async move { control.execute(&id).await });
        }
    }

    async fn reconnect(&mut self) {
        self.take_in();
        self.adrift.extend(self.books.calls().cloned());
        self.server.wire.drop_connection();
        self.books.lost();
        self.running = None;
        self.server = accept(self.server.peer.clone()).await;
    }

    fn take_in(&mut self) {
        for value in self.server.sent() {
            match value["t"].as_str() {
                Some("result") => {
                    let id = CallId::from(value["id"].as_str().unwrap());
                    self.books.answered(&id, value["silent"] == false);
                    *self.answers.entry(id).or_default() += 1;
                }
                Some("create response") => {
                    self.books.go_on();
                    self.asked(&value["n"]);
                }
                _ => {}
            }
        }
    }

    /// The model goes on as it was asked to, unless a response of its own runs, which began just now.
    fn asked(&mut self, n: &Value) {
        let may_refuse = self.refusals < 2 && !self.is_calm;
        let refuses = self.running.is_some() || (may_refuse && self.dice.roll(4) == 0);
        if !refuses {
            self.refusals = 0;
            let response = format!("f{}", self.books.asked);
            self.server.calls(&response, &[]);
            return self.books.gone_on();
        }
        self.refusals += 1;
        // The refusal may come before or after the news of what it is for.
        let early = self.dice.roll(2) == 0;
        if early {
            self.server.send(&json!({ "t": "busy", "n": n }));
        }
        self.books.refused();
        if self.running.is_none() {
            self.running = Some(self.begin_response());
        }
        if !early {
            self.server.send(&json!({ "t": "busy", "n": n }));
        }
    }

    /// The model goes on each time that it is asked to, and so may be asked again; the caller does what
    /// is left to hands.
    async fn subside(&mut self, by_hand: ByHand) {
        self.is_calm = true;
        self.end_response();
        if by_hand.execution {
            for call in self.books.open() {
                let control = self.run.control.clone();
                tokio::spawn(async move { control.execute(&call).await });
            }
        }
        for _ in 0..60 {
            sleep(Duration::from_secs(5)).await;
            self.books.moment_passed();
            self.take_in();
        }
    }

    /// Checks the whole history; gives how many calls it made.
    async fn check(self, runs: &Runs) -> usize {
        let state = self.run.control.state().borrow().clone();
        assert_eq!(
            state.turn.open_calls, 0,
            "every call is settled while the session lives"
        );
        let outcome = self.run.close().await;
        self.books.close();
        for (id, times) in runs.all() {
            assert_eq!(times, 1, "{id} ran more than once");
            assert!(!self.forbidden.contains(&id), "{id} ran without consent");
        }
        let mut recorded = BTreeSet::new();
        for record in &outcome.tool_calls {
            let id = &record.call;
            assert!(recorded.insert(id.clone()), "{id} has two records");
            let ran = runs.all().contains_key(id);
            assert_eq!(record.ran, ran, "{record:?}");
            if !self.adrift.contains(id) {
                let sent = matches!(record.answer, ToolAnswer::Sent | ToolAnswer::ByHand);
                assert_eq!(self.books.is_answered(id), sent, "{record:?}");
                let void = self.withdrawn.contains(id);
                assert!(sent || void, "{id} was never answered: {record:?}");
            }
        }
        let made: BTreeSet<CallId> = self.books.calls().cloned().collect();
        assert_eq!(recorded, made, "each call has a record");
        made.len()
    }
}
