//! Runs a property over a stated number of cases, from a stated seed, and says how it went.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a suite reports to the person who runs it, and fails its test"
)]

use std::{cell::Cell, env, time::Instant};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

/// How many cases the tier in `ANTIPHON_TIER` asks for.
pub(crate) fn at_tier(everyday: u32, nightly: u32) -> u32 {
    match env::var("ANTIPHON_TIER").as_deref() {
        Ok("nightly") => nightly,
        _ => everyday,
    }
}

/// Runs `cases` cases from the seed in `ANTIPHON_SEED`, 1 without it, and prints how it went.
pub(crate) fn run<S: Strategy>(
    name: &str,
    cases: u32,
    strategy: &S,
    check: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let seed: u64 =
        env::var("ANTIPHON_SEED").map_or(1, |seed| seed.parse().expect("a whole number"));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let started = Instant::now();
    let ran = Cell::new(0_u32);
    let result = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        ran.set(ran.get() + 1);
        check(value)
    });
    println!(
        "{name} cases={} failed={} seed={seed} wall={:.1}s",
        ran.get(),
        u32::from(result.is_err()),
        started.elapsed().as_secs_f64(),
    );
    if let Err(error) = result {
        panic!("{name}, ANTIPHON_SEED={seed}: {error}");
    }
}
