//! A small deterministic generator for jitter: randomness is an input, so that a seed replays a run.

use std::time::Duration;

/// SplitMix64. Good enough to spread clients apart; never for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform from zero up to and including `most`.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        let span = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        // The high half of the product maps the draw onto the span without a division's bias.
        let scaled = (u128::from(self.next()) * (u128::from(span) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(span))
    }
}
