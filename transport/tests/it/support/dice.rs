//! Seeded chance, tiers and the line that a large suite prints.

use std::time::Instant;

/// SplitMix64.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let place = usize::try_from(self.below(from.len() as u64)).unwrap();
        *from.get(place).expect("something to pick from")
    }
}

/// Whether the large figures are wanted.
pub(crate) fn nightly() -> bool {
    std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly")
}

/// How many cases to run in this tier.
pub(crate) fn cases(everyday: u64, night: u64) -> u64 {
    if nightly() { night } else { everyday }
}

/// The seed of this run: `ANTIPHON_SEED`, else a fixed one, so that an everyday run is the same
/// everywhere.
pub(crate) fn seed() -> u64 {
    std::env::var("ANTIPHON_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_260_101)
}

/// One large suite's count. Failures are collected, so that the line tells how many there were.
pub(crate) struct Suite {
    name: &'static str,
    seed: u64,
    cases: u64,
    failures: Vec<String>,
    begun: Instant,
}

impl Suite {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            seed: seed(),
            cases: 0,
            failures: Vec::new(),
            begun: Instant::now(),
        }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn case(&mut self, outcome: Result<(), String>) {
        self.cases += 1;
        self.failures.extend(outcome.err());
    }

    /// Prints the line and fails with the first failures if there were any.
    #[expect(clippy::print_stdout, reason = "the line is what the suite is run for")]
    pub(crate) fn end(self) {
        println!(
            "{} cases={} failed={} seed={} wall={:.2}s",
            self.name,
            self.cases,
            self.failures.len(),
            self.seed,
            self.begun.elapsed().as_secs_f64()
        );
        assert!(self.cases > 0, "{} ran nothing", self.name);
        assert!(
            self.failures.is_empty(),
            "{:#?}",
            self.failures.iter().take(3).collect::<Vec<_>>()
        );
    }
}
