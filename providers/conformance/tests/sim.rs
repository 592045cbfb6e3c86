//! The simulator's share of every day: whole calls from seeds hold, each deliberate defect is noticed,
//! and the same seeds make the same calls.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a runtime that cannot be made fails its test, and each test says how much it ran"
)]

use std::{alloc::System, env, sync::Mutex, time::Instant};

use antiphon_conformance::sim::{DEFECTS, Plan, Tally, run};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Calls in which a defect must have been noticed.
const NOTICED: u64 = 12;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn in_use() -> usize {
    let stats = HEAP.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}

fn seed() -> u64 {
    let seed = env::var("ANTIPHON_SEED").ok();
    seed.and_then(|seed| seed.parse().ok()).unwrap_or(0)
}

fn nightly() -> bool {
    env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly")
}

/// Holds a plan's calls. What failed, in words.
fn hold(plan: &Plan) -> (Tally, Vec<String>) {
    let failures = Mutex::new(Vec::new());
    let tally = run(plan, |report| {
        let (seed, wire) = (report.seed, report.wire);
        let told = report.failures.iter();
        let told = told.map(|failure| format!("seed={seed} wire={wire}: {failure}"));
        failures.lock().unwrap().extend(told);
    });
    (tally.unwrap(), failures.into_inner().unwrap())
}

/// One after the other: a heap that others use, too, tells nothing.
#[test]
fn the_simulator_keeps_its_word() {
    whole_calls_hold();
    each_defect_is_noticed();
    the_same_seeds_make_the_same_calls_on_any_number_of_threads();
}

fn whole_calls_hold() {
    let begun = Instant::now();
    let mut plan = Plan::new(seed(), if nightly() { 1_000 } else { 24 });
    plan.heap = Some(in_use);
    let (tally, failures) = hold(&plan);
    println!(
        "sim cases={} failed={} seed={} wall={:.2}s\n{tally}",
        tally.cases,
        tally.failed,
        plan.first,
        begun.elapsed().as_secs_f64()
    );
    assert!(tally.holds(), "{failures:#?} {:#?}", tally.faults);
}

fn each_defect_is_noticed() {
    let begun = Instant::now();
    let mut missed = Vec::new();
    for defect in DEFECTS {
        let mut noticed = false;
        for first in (0..NOTICED).step_by(2) {
            let mut plan = Plan::new(first, 2);
            plan.defect = Some(defect);
            let (_, failures) = hold(&plan);
            if let Some(failure) = failures.first() {
                println!("{defect:?}: {failure}");
                noticed = true;
                break;
            }
        }
        if !noticed {
            missed.push(defect);
        }
    }
    println!(
        "sim_defects cases={} failed={} seed=0 wall={:.2}s",
        DEFECTS.len(),
        missed.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(missed.is_empty(), "nobody noticed {missed:?}");
}

fn the_same_seeds_make_the_same_calls_on_any_number_of_threads() {
    let hash = |first, threads| {
        let mut plan = Plan::new(first, 6);
        plan.threads = threads;
        hold(&plan).0.hash
    };
    let alone = hash(seed(), 1);
    assert_eq!(alone, hash(seed(), 2), "two threads");
    assert_ne!(alone, hash(seed() + 6, 2), "other seeds");
}
