//! The board under random histories: every call runs at most once and is settled exactly once.
//!
//! `ANTIPHON_TIER=nightly` runs 200,000 histories instead of 5,000; `ANTIPHON_SEED` chooses others.

use std::time::{Duration, Instant};

use serde_json::json;

use super::*;
use crate::{OnStop, ToolError};

const TOOLS: [&str; 5] = ["keep", "cancel", "silent", "single", "asked"];
/// Serves delegations; its place is after the others.
const DELEGATE: &str = "delegate";
const UNKNOWN: &str = "unknown";
const BY_HAND: &str = "hand";

/// A small generator of its own, so that a seed means the same history everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = usize::try_from(self.roll(from.len().max(1) as u64)).ok()?;
        from.get(place).cloned()
    }
}

/// What the session's ledger says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Open,
    ByRunner,
    ByHand,
    Void,
}

/// What is known of one call beside the board.
#[derive(Debug)]
struct Story {
    tool: &'static str,
    delegated: bool,
    good: bool,
    entry: Entry,
    /// Whether the board was told that the entry is closed.
    told: bool,
    starts: u32,
    ends: u32,
}

/// A session, its tools and its caller, all of them erratic.
struct World {
    dice: Dice,
    board: Board,
    now: Time,
    stories: BTreeMap<CallId, Story>,
    tasks: BTreeMap<CallId, &'static str>,
    questions: BTreeSet<CallId>,
    inquiries: Vec<CallId>,
    answers: Vec<CallId>,
    aborted: Vec<CallId>,
    automatic: Automatic,
    ended: bool,
}

fn listed(name: &str) -> Listed {
    let mut policy = ToolPolicy {
        result_bytes: 100,
        ..ToolPolicy::default()
    };
    match name {
        "cancel" => policy.on_interruption = OnStop::Cancel,
        "silent" => policy.on_interruption = OnStop::FinishSilently,
        "single" => policy.at_once = 1,
        "asked" => policy.needs_approval = true,
        _ => policy.on_cancellation = OnStop::Finish,
    }
    let schema = json!({ "type": "object", "required": ["city"] });
    Listed {
        name: name.to_owned(),
        schema,
        policy,
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let automatic = Automatic {
            execution: !dice.chance(15),
            answers: !dice.chance(15),
        };
        let limits = ToolLimits {
            at_once: 3,
            calls: 8,
            ..ToolLimits::default()
        };
        let mut tools = TOOLS.map(listed).to_vec();
        tools.push(listed(DELEGATE));
        let board = Board::new(tools, Some(TOOLS.len()), automatic, limits);
        Self {
            dice,
            board,
            now: Time::ZERO,
            stories: BTreeMap::new(),
            tasks: BTreeMap::new(),
            questions: BTreeSet::new(),
            inquiries: Vec::new(),
            answers: Vec::new(),
            aborted: Vec::new(),
            automatic,
            ended: false,
        }
    }

    fn tell(&mut self, input: Input) -> Result<(), String> {
        self.board.handle(self.now, input);
        self.obey()
    }

    /// Does what the board says, and checks that it may say so.
    fn obey(&mut self) -> Result<(), String> {
        while let Some(act) = self.board.poll_act() {
            match act {
                Act::Ask { call, .. } => {
                    ensure(call.name == "asked", "only what needs it is asked")?;
                    ensure(self.questions.insert(call.id.clone()), "asked once")?;
                }
                Act::Inquire(call) => {
                    let strange = [UNKNOWN, BY_HAND, DELEGATE].contains(&call.name.as_str());
                    ensure(strange, "only what is strange is inquired about")?;
                    self.inquiries.push(call.id.clone());
                }
                Act::Start {
                    call,
                    tool,
                    arguments,
                } => self.started(&call, tool, &arguments)?,
                Act::Cancel { call, .. } => {
                    ensure(
                        self.tasks.contains_key(&call),
                        "only running work is told to stop",
                    )?;
                }
                Act::Abort { call } => {
                    if self.tasks.remove(&call).is_some() {
                        self.aborted.push(call);
                    } else {
                        self.questions.remove(&call);
                    }
                }
                Act::Answer { result, delegation } => {
                    let id = result.call;
                    let story = self.stories.get(&id).ok_or("an answer to nobody")?;
                    ensure(
                        delegation.is_some() == story.delegated,
                        "a delegation is answered as one, and nothing else is",
                    )?;
                    ensure(!self.answers.contains(&id), "one answer at a time")?;
                    let story = self.stories.get(&id).ok_or("an answer to nobody")?;
                    ensure(
                        story.entry != Entry::ByRunner,
                        "no answer after one was taken",
                    )?;
                    ensure(
                        !(story.told && story.entry != Entry::Open),
                        "no answer to the void",
                    )?;
                    ensure(self.automatic.answers, "no answer unless it is automatic")?;
                    self.answers.push(id);
                }
                Act::Over(end) => {
                    let story = self
                        .stories
                        .get_mut(&end.call.id)
                        .ok_or("the end of nothing")?;
                    story.ends += 1;
                    ensure(story.ends == 1, "work ends once")?;
                }
                Act::Unanswered(record) => {
                    let accounted =
                        matches!(record.answer, ToolAnswer::Unsent | ToolAnswer::Refused);
                    ensure(accounted, "unanswered by fate only")?;
                }
            }
        }
        let working = self.tasks.len() + self.aborted.len();
        ensure(
            self.board.running == working,
            "a place is taken as long as work runs",
        )
    }

    fn started(&mut self, call: &ToolCall, tool: usize, arguments: &Value) -> Result<(), String> {
        let story = self
            .stories
            .get_mut(&call.id)
            .ok_or("the start of nothing")?;
        story.starts += 1;
        ensure(story.starts == 1, "a call runs once")?;
        let place = if story.delegated {
            Some(TOOLS.len())
        } else {
            TOOLS.iter().position(|name| *name == story.tool)
        };
        ensure(place == Some(tool), "the tool that was called runs")?;
        ensure(
            story.good && arguments["city"] == "Rome",
            "it runs with good arguments only",
        )?;
        ensure(
            !(story.told && story.entry != Entry::Open),
            "nothing starts for nobody",
        )?;
        ensure(!self.ended, "nothing starts after the end")?;
        ensure(
            !self.questions.contains(&call.id),
            "nothing starts before it is approved",
        )?;
        self.tasks.insert(call.id.clone(), story.tool);
        ensure(self.tasks.len() <= 3, "no more run than may")?;
        let singles = self
            .tasks
            .values()
            .filter(|tool| **tool == "single")
            .count();
        ensure(singles <= 1, "no more of one tool run than may")
    }

    fn step(&mut self) -> Result<(), String> {
        match self.dice.roll(14) {
            0..=2 => self.call(),
            3 | 4 => self.finish_one(),
            5 => self.decide(),
            6 | 7 => self.send_one(),
            8 => self.withdraw(),
            9 => self.tell(Input::Interrupted),
            10 => self.answer_by_hand(),
            11 => self.execute_by_hand(),
            12 => {
                let seconds = self.dice.roll(40);
                self.pass(Duration::from_secs(seconds))
            }
            _ => self.drop_one(),
        }
    }

    fn call(&mut self) -> Result<(), String> {
        let known: Vec<CallId> = self.stories.keys().cloned().collect();
        let mut names = TOOLS.to_vec();
        names.extend([UNKNOWN, BY_HAND, DELEGATE]);
        let name = self.dice.pick(&names).unwrap_or(UNKNOWN);
        // A model may know the delegate's name, and call it without having been told of it.
        let delegated = name == DELEGATE && self.dice.chance(80);
        let duplicate = self.dice.chance(15);
        let (id, new) = match self.dice.pick(&known) {
            Some(id) if duplicate => (id, false),
            _ => (CallId::from(format!("{}", known.len())), true),
        };
        let good = !self.dice.chance(15);
        let arguments = if good {
            r#"{"city":"Rome"}"#
        } else {
            "{\"city\":"
        };
        if new && !self.ended {
            let story = Story {
                tool: name,
                delegated,
                good,
                entry: Entry::Open,
                told: false,
                starts: 0,
                ends: 0,
            };
            self.stories.insert(id.clone(), story);
        }
        let call = ToolCall {
            id: id.clone(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            item: None,
            response: None,
        };
        self.tell(if delegated {
            Input::Delegated(id.as_str().into(), call)
        } else {
            Input::Called(call)
        })
    }

    fn finish_one(&mut self) -> Result<(), String> {
        let running: Vec<CallId> = self.tasks.keys().cloned().collect();
        let Some(id) = self.dice.pick(&running) else {
            return Ok(());
        };
        self.tasks.remove(&id);
        let input = match self.dice.roll(4) {
            0 => Input::Done(id, Err(ToolError::new("no luck"))),
            1 => Input::Done(id, Ok("x".repeat(200).into())),
            2 => Input::Crashed(id),
            _ => Input::Done(id, Ok("fine".into())),
        };
        self.tell(input)
    }

    fn decide(&mut self) -> Result<(), String> {
        if self.dice.chance(50) {
            return self.inform();
        }
        let open: Vec<CallId> = self.questions.iter().cloned().collect();
        let Some(id) = self.dice.pick(&open) else {
            return Ok(());
        };
        self.questions.remove(&id);
        match self.dice.roll(4) {
            0 => self.tell(Input::Denied(id, "no".to_owned())),
            1 => self.tell(Input::Crashed(id)),
            _ => self.tell(Input::Approved(id)),
        }
    }

    /// The session says what the model was told of.
    fn inform(&mut self) -> Result<(), String> {
        while let Some(id) = self.inquiries.pop() {
            let known = self
                .stories
                .get(&id)
                .is_some_and(|story| story.tool == BY_HAND);
            self.tell(Input::Known(id, known))?;
        }
        Ok(())
    }

    /// The session takes up an answer that the board gave it.
    fn send_one(&mut self) -> Result<(), String> {
        let Some(id) = self.dice.pick(&self.answers.clone()) else {
            return Ok(());
        };
        let (returned, refused) = (self.dice.chance(10), self.dice.chance(5));
        self.take(&id, returned, refused)
    }

    fn take(&mut self, id: &CallId, returned: bool, refused: bool) -> Result<(), String> {
        self.answers.retain(|answer| answer != id);
        let story = self.stories.get_mut(id).ok_or("an answer to nobody")?;
        let sent = match story.entry {
            _ if self.ended => Sent::Ended,
            Entry::Void => Sent::Void,
            Entry::ByHand => Sent::Answered,
            Entry::ByRunner => return Err("answered twice".to_owned()),
            Entry::Open if returned => Sent::Returned,
            Entry::Open => {
                story.entry = Entry::ByRunner;
                if refused { Sent::Refused } else { Sent::Taken }
            }
        };
        self.tell(Input::Sent(id.clone(), sent))
    }

    fn withdraw(&mut self) -> Result<(), String> {
        if self.dice.chance(20) {
            for story in self.stories.values_mut() {
                if story.delegated && story.entry == Entry::Open {
                    story.entry = Entry::Void;
                    story.told = true;
                }
            }
            return self.tell(Input::DelegationsLost);
        }
        let all = self.dice.chance(20);
        let mut calls = Vec::new();
        for (id, story) in &mut self.stories {
            if story.entry == Entry::Open && (all || self.dice.chance(20)) {
                story.entry = Entry::Void;
                story.told = true;
                calls.push(id.clone());
            }
        }
        self.tell(if all {
            Input::Lost(calls)
        } else {
            Input::Withdrawn(calls)
        })
    }

    fn answer_by_hand(&mut self) -> Result<(), String> {
        let open = self
            .stories
            .iter()
            .filter(|(_, story)| story.entry == Entry::Open);
        let open: Vec<CallId> = open.map(|(id, _)| id.clone()).collect();
        let Some(id) = self.dice.pick(&open) else {
            return Ok(());
        };
        let story = self.stories.get_mut(&id).ok_or("an answer to nobody")?;
        if story.delegated {
            let taken = self.board.take_over(self.now, &id);
            ensure(
                !(taken && self.answers.contains(&id)),
                "no answer beside one",
            )?;
            if taken {
                story.entry = Entry::ByHand;
                story.told = true;
            }
            return self.obey();
        }
        story.entry = Entry::ByHand;
        story.told = true;
        self.tell(Input::AnsweredByHand(vec![id]))
    }

    fn execute_by_hand(&mut self) -> Result<(), String> {
        let known: Vec<CallId> = self.stories.keys().cloned().collect();
        let Some(id) = self.dice.pick(&known) else {
            return Ok(());
        };
        let done = self
            .stories
            .get(&id)
            .is_some_and(|story| story.starts + story.ends > 0);
        let accepted = self.board.execute(self.now, &id).is_ok();
        ensure(!(accepted && done), "nothing runs again by hand")?;
        self.obey()
    }

    fn pass(&mut self, time: Duration) -> Result<(), String> {
        self.now = self.now + time;
        self.tell(Input::Timeout)
    }

    fn drop_one(&mut self) -> Result<(), String> {
        match self.aborted.pop() {
            Some(id) => self.tell(Input::Crashed(id)),
            None => Ok(()),
        }
    }

    /// Lets only time pass: tools never end by themselves, nobody decides, and what is sent arrives.
    fn quiesce(&mut self) -> Result<(), String> {
        for _ in 0..200 {
            self.inform()?;
            while let Some(id) = self.answers.first().cloned() {
                self.take(&id, false, false)?;
            }
            while !self.aborted.is_empty() {
                self.drop_one()?;
            }
            match self.board.poll_timeout() {
                Some(due) => self.pass(due - self.now)?,
                None if self.answers.is_empty() && self.aborted.is_empty() => break,
                None => {}
            }
        }
        let by_hand = |story: &Story| {
            story.tool == BY_HAND || !self.automatic.execution || !self.automatic.answers
        };
        let hangs = self
            .board
            .calls
            .keys()
            .find(|id| !self.stories.get(*id).is_some_and(by_hand));
        ensure(hangs.is_none(), &format!("{hangs:?} hangs"))
    }

    fn close(&mut self) -> Result<(), String> {
        self.ended = true;
        self.tell(Input::Ended)?;
        let (records, unrecorded) = self.board.close(self.now);
        // What still runs is dropped with the runner.
        self.tasks.clear();
        self.aborted.clear();
        self.obey()?;
        ensure(
            self.board.is_idle() && unrecorded == 0,
            "nothing is left open",
        )?;
        ensure(
            records.len() == self.stories.len(),
            "each call is recorded once",
        )?;
        for record in records {
            let story = self
                .stories
                .get(&record.call)
                .ok_or("the record of nothing")?;
            ensure(story.ends == 1, "each call is told to be over once")?;
            ensure(
                record.ran == (story.starts == 1),
                "what ran is recorded as run",
            )?;
            let expected = match record.answer {
                ToolAnswer::Sent | ToolAnswer::Refused => story.entry == Entry::ByRunner,
                ToolAnswer::ByHand => story.entry == Entry::ByHand,
                ToolAnswer::Withdrawn | ToolAnswer::Lost => story.entry == Entry::Void,
                ToolAnswer::Unsent => story.entry != Entry::ByRunner,
                ToolAnswer::SessionEnded => story.entry != Entry::ByRunner,
            };
            ensure(
                expected,
                &format!("{:?} of a call that is {:?}", record.answer, story.entry),
            )?;
        }
        Ok(())
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("violated: {otherwise}"))
    }
}

fn history(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    for _ in 0..10 + world.dice.roll(50) {
        world.step()?;
    }
    if world.dice.chance(70) {
        world.quiesce()?;
    }
    world.close()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn any_history_runs_each_call_at_most_once_and_settles_it_exactly_once() {
    let nightly = std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly");
    let cases = if nightly { 200_000 } else { 5_000 };
    let seed = number("ANTIPHON_SEED").unwrap_or(1);
    let begun = Instant::now();
    let failures: Vec<(u64, String)> = (seed..seed + cases)
        .filter_map(|seed| history(seed).err().map(|why| (seed, why)))
        .collect();
    println!(
        "tool-board cases={cases} failed={} seed={seed} wall={:?}",
        failures.len(),
        begun.elapsed()
    );
    assert!(
        failures.is_empty(),
        "the first of {}: {:?}",
        failures.len(),
        failures.first()
    );
}
