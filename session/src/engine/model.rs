//! Random conversations against a small model of everybody around the engine: a caller, a reader with
//! a player, a server with a memory, and a network. What must hold whatever happens:
//!
//! - the session ends once, and nothing follows;
//! - the server never sees a create while a response runs, nor a cancel of nothing;
//! - each call is told once, answered at most once, and is open, answered or named as void;
//! - an item is never shortened to more than was produced, nor to nothing, and never on a connection
//!   that does not know it; what is said to be heard is what the player has played;
//! - generations only grow, and what an older connection says or is told changes nothing;
//! - history is what was said, and of what was interrupted what was heard;
//! - every sample, command, answer and word is sent once, or said to have been dropped or returned;
//! - usage is the sum of unique responses.

mod actions;
mod book;
mod chronicle;
mod defect;
mod microphone;
mod net;
mod server;
mod speaker;
mod step;
mod wire;
mod world;

use std::{panic, thread, time::Duration};

use antiphon_protocol::{AudioFormat, Command, RawJson};
use antiphon_transport::{CloseRequest, Input, Machine};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use serde_json::value::RawValue;

use self::{
    book::Wish,
    defect::Defect,
    step::{NAMED, Reception, Step, abilities, step},
    world::{Manner, World},
};
use super::Verb;

const FORMAT: AudioFormat = AudioFormat::PCM16_24K;
/// Samples of 20 ms, in which the caller's audio comes.
const FRAME: usize = 480;

fn manner() -> impl Strategy<Value = Manner> {
    let rest = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (abilities(), rest).prop_map(|(able, (follow_up, paced, reports, drops))| Manner {
        able,
        follow_up,
        paced,
        reports,
        drops,
    })
}

fn conversation() -> impl Strategy<Value = (Manner, Vec<Step>)> {
    (manner(), prop::collection::vec(step(), 1..300))
}

/// One conversation, to its end.
fn hold(manner: Manner, steps: &[Step], defect: Option<Defect>) {
    let mut world = World::new(manner, defect);
    for step in steps {
        world.step(step);
    }
    world.finish();
}

impl World {
    fn finish(&mut self) {
        self.step(&Step::Hold(false));
        self.step(&Step::Remember);
        self.closing = true;
        self.put(Input::Close(CloseRequest {
            deadline: None,
            dropped: false,
        }));
        self.wait(Duration::from_secs(60));
        self.step(&Step::Text);
        self.check_downlink();
        self.read(usize::MAX);
        self.check_downlink();
        assert_eq!(self.ends, (1, 1), "exactly one end");
        assert!(
            self.shown.is_empty(),
            "the reader misses {} events",
            self.shown.len()
        );
        let open = self.asked.open();
        assert!(open.is_empty(), "unanswered: {open:?}");
        self.microphone.check(&self.engine.state().uplink);
        let used = self.engine.state().usage.total.total();
        let most = self.used + self.late;
        let counted = self.used..=most;
        assert!(
            counted.contains(&used),
            "each response counts once: {used}, not {counted:?}"
        );
        assert_eq!(self.engine.poll_timeout(), None);
    }
}

/// Holds this many conversations from a seed; what went wrong, if anything has.
fn converse(cases: u32, seed: u64, defect: Option<Defect>) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        // A defect is planted to be found, not to be understood.
        max_shrink_iters: if defect.is_some() { 0 } else { 4096 },
        ..ProptestConfig::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let outcome = TestRunner::new_with_rng(config, rng).run(&conversation(), |(manner, steps)| {
        let held = panic::catch_unwind(|| hold(manner, &steps, defect));
        held.map_err(|panic| TestCaseError::fail(words(&*panic)))
    });
    outcome.map_err(|error| match error {
        TestError::Fail(why, steps) => format!("{why}\n{steps:#?}"),
        error @ TestError::Abort(_) => error.to_string(),
    })
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().cloned();
    words.unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap_or(&"?").to_string())
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |number| number.parse().unwrap())
}

#[test]
fn whatever_happens_the_contract_holds() {
    let begun = std::time::Instant::now();
    let nightly = std::env::var("ANTIPHON_TIER").as_deref() == Ok("nightly");
    let cases = number("ANTIPHON_CASES", if nightly { 500_000 } else { 5_000 });
    let seed = number("ANTIPHON_SEED", 1);
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let share = u32::try_from(cases.div_ceil(threads)).unwrap();
    let runs: Vec<_> = (seed..seed + threads)
        .map(|seed| thread::spawn(move || converse(share, seed, None).map_err(|why| (seed, why))))
        .collect();
    let failures: Vec<_> = runs
        .into_iter()
        .filter_map(|run| run.join().unwrap().err())
        .collect();
    println!(
        "session_model cases={} failed={} seed={seed} wall={:.2}s",
        u64::from(share) * threads,
        failures.len(),
        begun.elapsed().as_secs_f64()
    );
    if let Some((seed, why)) = failures.first() {
        panic!("ANTIPHON_SEED={seed} {why}");
    }
}

/// A check that nothing can fail proves nothing.
#[test]
fn an_engine_with_a_defect_is_found_out() {
    let blind: Vec<_> = Defect::ALL
        .into_iter()
        .filter(|defect| converse(300, 1, Some(*defect)).is_ok())
        .collect();
    println!(
        "session_model_defects cases={} failed={} seed=1 wall=0s",
        Defect::ALL.len(),
        blind.len()
    );
    assert!(blind.is_empty(), "nobody notices {blind:?}");
}

/// Found by chance, each after some hundred thousand conversations.
#[test]
fn a_new_connection_is_asked_for_one_response_at_a_time() {
    use Step::{
        Answer, Answers, Calls, CallsAgain, Drop, Hold, Receive, Says, Text, UserSays, Wait,
    };
    let answer = |first, count| Answer { first, count };
    let ends = || Step::Ends { cancelled: false };
    let sound = |frames| Step::Audio {
        frames,
        loud: false,
    };
    let manner = |paced| Manner {
        able: NAMED,
        follow_up: true,
        paced,
        reports: false,
        drops: false,
    };
    // Two creates are withdrawn, one after the other.
    #[rustfmt::skip]
    let told_nothing = [
        Calls, Calls, answer(0, 2), Calls, Answers, Calls, Says, answer(0, 2), UserSays, Says,
        CallsAgain(0), Calls, ends(), Answers, Calls, answer(31, 1), Calls, ends(), Calls, Text,
        answer(3, 1), Drop, answer(0, 1), Receive(Reception::Closed(1007)), Wait(758), Text,
    ];
    hold(manner(false), &told_nothing, None);
    // A create and the answers that it follows wait behind audio.
    #[rustfmt::skip]
    let paced = [
        Wait(1), Calls, Answers, Calls, sound(6), sound(1), answer(0, 1), ends(), Calls, Hold(true),
        Answers, answer(0, 2), Hold(false), ends(), Drop, Wait(57), Text,
    ];
    hold(manner(true), &paced, None);
}

#[test]
fn a_full_window_waits_for_the_wire_and_not_for_the_clock() {
    let manner = Manner {
        able: NAMED,
        follow_up: true,
        paced: true,
        reports: false,
        drops: true,
    };
    let mut world = World::new(manner, None);
    world.step(&Step::Stall(true));
    let long = "x".repeat(super::WINDOW);
    let frame = RawJson(RawValue::from_string(format!("\"{long}\"")).unwrap());
    world.ask(Wish::Frame, Verb::Say(Command::Native(Box::new(frame))));
    for _ in 0..20 {
        world.step(&Step::Audio {
            frames: 8,
            loud: true,
        });
    }
    world.now = world.now + Duration::from_secs(1);
    world.put(Input::Timeout);
    assert!(
        world.engine.poll_timeout() > Some(world.now),
        "a timeout that cannot do anything wakes the task for nothing"
    );
}
