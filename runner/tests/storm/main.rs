//! Random histories through the whole runner, over a scripted wire and under virtual time: whatever
//! happens, each call runs at most once and never without its approval, exactly one answer leaves or it is
//! void with a reason, each batch is followed up exactly once, and nothing hangs.
//!
//! `ANTIPHON_TIER=nightly` runs 200,000 storms instead of 5,000; `ANTIPHON_SEED` chooses others. That the
//! storms would notice is shown by breaking session and runner on purpose.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

mod books;
mod play;
#[path = "../it/support/mod.rs"]
mod support;
mod tools;

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_runner::{RunnerBuilder, simulation::Defect as RunnerDefect};
use antiphon_session::simulation::Defect as SessionDefect;
use tokio::time::timeout;

/// Storms of every day; a deliberate defect must show within as many.
const EVERYDAY: u64 = 5_000;

/// Storms of the long run that once found something.
const REMEMBERED: [u64; 3] = [32_181, 78_824, 131_579];

/// Where something is broken on purpose.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Session(SessionDefect),
    Runner(RunnerDefect),
}

const BREAKS: [Broken; 12] = [
    Broken::Session(SessionDefect::FollowUpLost),
    Broken::Session(SessionDefect::FollowUpPerBatch),
    Broken::Session(SessionDefect::FollowUpPerAnswer),
    Broken::Session(SessionDefect::GateOpen),
    Broken::Session(SessionDefect::AnsweredTwice),
    Broken::Session(SessionDefect::VoidAnswered),
    Broken::Session(SessionDefect::LedgerUnfenced),
    Broken::Session(SessionDefect::ResultsKept),
    Broken::Runner(RunnerDefect::RunTwice),
    Broken::Runner(RunnerDefect::DeadlineUnheeded),
    Broken::Runner(RunnerDefect::FailsOpen),
    Broken::Runner(RunnerDefect::RefusalUntold),
];

fn broken(agent: RunnerBuilder, how: Option<Broken>) -> RunnerBuilder {
    match how {
        None => agent,
        Some(Broken::Session(defect)) => {
            agent.session(move |session| session.with_defect(Some(defect)))
        }
        Some(Broken::Runner(defect)) => agent.with_defect(Some(defect)),
    }
}

/// One storm from its beginning to its end; gives how many calls it made, or what went wrong.
fn weathered(seed: u64, how: Option<Broken>) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let within = async move {
        let storm = tokio::spawn(play::storm(seed, move |agent| broken(agent, how)));
        timeout(Duration::from_secs(3600), storm).await
    };
    match runtime.block_on(within) {
        Ok(Ok(made)) => Ok(made),
        Ok(Err(panicked)) => {
            let payload = panicked.into_panic();
            let words = payload.downcast_ref::<String>().cloned();
            let words =
                words.or_else(|| payload.downcast_ref().map(|words: &&str| words.to_string()));
            Err(words.unwrap_or_else(|| "it panicked".to_owned()))
        }
        Err(_) => Err("it hangs".to_owned()),
    }
}

/// The breaking tools are meant to break; only a storm's own panic is worth words. The tests take turns,
/// because the hook is the whole program's.
struct Hush(#[expect(dead_code, reason = "held until the end")] MutexGuard<'static, ()>);

static TURN: Mutex<()> = Mutex::new(());

impl Hush {
    fn now() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        std::panic::set_hook(Box::new(|_| {}));
        Self(turn)
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(std::panic::take_hook());
        }
    }
}

fn first_seed() -> u64 {
    std::env::var("ANTIPHON_SEED").map_or(1, |seed| seed.parse().expect("a whole number"))
}

/// All storms of these seeds on all processors: how many calls they made, and which failed.
fn weather(seeds: std::ops::Range<u64>) -> (usize, Vec<(u64, String)>) {
    let next = AtomicU64::new(seeds.start);
    let calls = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            match weathered(seed, None) {
                Ok(made) => {
                    calls.fetch_add(made, Ordering::Relaxed);
                }
                Err(words) => failed.lock().unwrap().push((seed, words)),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    (calls.into_inner(), failed.into_inner().unwrap())
}

#[test]
fn no_storm_runs_a_call_twice_answers_it_twice_or_leaves_it_hanging() {
    let nightly = std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly");
    let cases = if nightly { 200_000 } else { EVERYDAY };
    let seed = first_seed();
    let begun = std::time::Instant::now();
    let (calls, failed) = {
        let _hush = Hush::now();
        weather(seed..seed + cases)
    };
    let wall = begun.elapsed();
    println!(
        "tool-storm cases={cases} failed={} seed={seed} calls={calls} wall={wall:?}",
        failed.len()
    );
    let mut first: Vec<_> = failed.iter().collect();
    first.sort();
    first.truncate(5);
    assert!(failed.is_empty(), "the first: {first:#?}");
}

#[test]
fn what_a_rare_storm_once_found_stays_mended() {
    for seed in REMEMBERED {
        let found = {
            let _hush = Hush::now();
            weathered(seed, None).err()
        };
        assert_eq!(found, None, "storm {seed}");
    }
}

#[test]
fn a_storm_notices_each_way_to_break_session_or_runner_within_its_everyday_figure() {
    let seed = first_seed();
    let begun = std::time::Instant::now();
    let mut unnoticed = Vec::new();
    for how in BREAKS {
        let noticed = {
            let _hush = Hush::now();
            let mut seeds = seed..seed + EVERYDAY;
            seeds.find_map(|seed| weathered(seed, Some(how)).err().map(|words| (seed, words)))
        };
        match noticed {
            Some((at, words)) => println!("{how:?}: storm {} says: {words}", at - seed + 1),
            None => unnoticed.push(how),
        }
    }
    println!(
        "storm-defects cases={} failed={} seed={seed} wall={:?}",
        BREAKS.len(),
        unnoticed.len(),
        begun.elapsed()
    );
    assert!(unnoticed.is_empty(), "nobody notices {unnoticed:?}");
}
