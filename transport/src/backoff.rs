//! How long to wait before the next attempt, and whether there may be one.
//!
//! The delay is drawn uniformly from zero to a bound that doubles with each attempt, so that
//! clients that lost their connections together do not come back together. A budget that only
//! proven health refills keeps an unhealthy peer from being asked for ever.

use std::time::Duration;

use antiphon_protocol::Time;

use crate::rng::Rng;

/// How attempts are spaced and counted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackoffConfig {
    /// Bound of the first random delay. Default 0.5 s.
    pub base: Duration,
    /// Bound of any random delay. Default 30 s.
    pub cap: Duration,
    /// Attempts that a full budget holds; `None` for no bound. Default 10.
    pub budget: Option<u32>,
    /// Healthy time that earns one attempt back. Default 30 s.
    pub refill: Duration,
    /// Time after which a ready connection counts as healthy. Default 60 s.
    pub healthy_after: Duration,
    /// Most of a peer's own wish to wait that is honoured. Default 60 s.
    pub retry_after_cap: Duration,
    /// Whether each delay is the mean of two draws and the first a random part of one, so that a
    /// crowd that lost its connections together knocks at an even rate from the start. Default no.
    pub even: bool,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            budget: Some(10),
            refill: Duration::from_secs(30),
            healthy_after: Duration::from_secs(60),
            retry_after_cap: Duration::from_secs(60),
            even: false,
        }
    }
}

impl BackoffConfig {
    /// Tries again without end, at most every `cap` on average half of it. For programs that nobody
    /// watches and that have nothing better to do; fatal faults still end the link.
    pub fn retry_for_ever() -> Self {
        Self {
            budget: None,
            ..Self::default()
        }
    }

    /// For thousands of clients of one server, whose return must not be its next failure: after the
    /// attempts made at once, a crowd makes an even number of attempts per second, about one for
    /// each 35 of its clients. A single client is back later than with the default, half a minute
    /// after the server on average, and outlasts a failure of minutes.
    pub fn for_crowds() -> Self {
        let period = Duration::from_secs(70);
        Self {
            even: true,
            ..Self::default().delays(period, period)
        }
    }

    /// Sets the bounds of the first and of any delay.
    #[must_use]
    pub fn delays(mut self, base: Duration, cap: Duration) -> Self {
        self.base = base;
        self.cap = cap;
        self
    }

    /// Sets how many attempts a full budget holds; 0 means that a lost connection ends the link.
    #[must_use]
    pub fn budget(mut self, attempts: u32) -> Self {
        self.budget = Some(attempts);
        self
    }
}

/// What an attempt takes from the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The last attempt failed fast.
    One,
    /// The last attempt ran into a deadline: it held the peer's and this side's means for longer.
    Timeout,
}

/// The pure state of spacing and budget.
#[derive(Clone, Debug)]
pub struct Backoff {
    config: BackoffConfig,
    rng: Rng,
    /// Attempts since the last proven health.
    attempts: u32,
    tokens: u32,
    ready_at: Option<Time>,
    proven: bool,
    /// Healthy time that has not earned a whole attempt yet.
    credit: Duration,
    /// Whether the session that ended last had been ready for long enough.
    was_healthy: bool,
}

impl Backoff {
    /// A full budget. The same seed gives the same delays.
    pub fn new(config: BackoffConfig, seed: u64) -> Self {
        Self {
            tokens: config.budget.unwrap_or(0),
            rng: Rng::new(seed),
            attempts: 0,
            ready_at: None,
            proven: false,
            credit: Duration::ZERO,
            was_healthy: false,
            config,
        }
    }

    /// A connection became ready.
    pub fn ready(&mut self, now: Time) {
        self.ready_at = Some(now);
        self.proven = false;
    }

    /// The ready connection has proven itself, by a completed turn.
    pub fn healthy(&mut self) {
        if self.ready_at.is_some() {
            self.proven = true;
        }
    }

    /// Whether the ready connection has proven itself by a completed turn or by time.
    pub fn is_healthy(&self, now: Time) -> bool {
        self.ready_at
            .is_some_and(|at| self.proven || now - at >= self.config.healthy_after)
    }

    /// The ready connection ended. Harmless when none was ready.
    pub fn lost(&mut self, now: Time) {
        let Some(ready_at) = self.ready_at.take() else {
            self.was_healthy = false;
            return;
        };
        let lived = now - ready_at;
        self.was_healthy = lived >= self.config.healthy_after;
        if self.proven || self.was_healthy {
            self.attempts = 0;
            self.refill(lived);
        }
    }

    fn refill(&mut self, lived: Duration) {
        let Some(capacity) = self.config.budget else {
            return;
        };
        self.credit = self.credit.saturating_add(lived);
        while self.tokens < capacity && self.credit >= self.config.refill {
            self.credit -= self.config.refill;
            self.tokens += 1;
        }
        if self.tokens == capacity {
            self.credit = Duration::ZERO;
        }
    }

    /// The delay before the next attempt; `None` when the budget is used up.
    ///
    /// The first attempt after a session that was ready for long enough is made at once.
    pub fn next(&mut self, cost: Cost) -> Option<Duration> {
        self.pay(cost)?;
        if std::mem::take(&mut self.was_healthy) {
            return Some(Duration::ZERO);
        }
        let bound = self
            .config
            .base
            .saturating_mul(1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX))
            .min(self.config.cap);
        let first = self.attempts == 0;
        self.attempts = self.attempts.saturating_add(1);
        Some(match (self.config.even, first) {
            (false, _) => self.rng.up_to(bound),
            (true, false) => self.mean_of_two(bound),
            (true, true) => self.part_of_one(bound),
        })
    }

    fn mean_of_two(&mut self, bound: Duration) -> Duration {
        self.rng.up_to(bound / 2) + self.rng.up_to(bound / 2)
    }

    /// What is left of a delay that began at some time in the past: a crowd whose first delays are
    /// drawn like this looks as if it had been knocking for ever. Longer delays are met more often,
    /// hence the second draw.
    fn part_of_one(&mut self, bound: Duration) -> Duration {
        const TRIES: usize = 32;
        let mut delay = bound / 2;
        for _ in 0..TRIES {
            delay = self.mean_of_two(bound);
            if self.rng.up_to(bound) <= delay {
                break;
            }
        }
        self.rng.up_to(delay)
    }

    /// The delay before the next attempt where the peer asked for `wait`: that long, capped, and a
    /// random part on top so that all who were told the same do not return together.
    pub fn after(&mut self, wait: Duration) -> Option<Duration> {
        self.pay(Cost::One)?;
        self.was_healthy = false;
        self.attempts = self.attempts.saturating_add(1);
        let wait = wait.min(self.config.retry_after_cap);
        Some(wait + self.rng.up_to(self.config.base))
    }

    /// Takes one attempt from the budget that is made without delay; `None` when it is used up.
    pub fn at_once(&mut self) -> Option<Duration> {
        self.pay(Cost::One)?;
        self.was_healthy = false;
        Some(Duration::ZERO)
    }

    /// Attempts left in the budget; `None` when it has no bound.
    pub fn left(&self) -> Option<u32> {
        self.config.budget.map(|_| self.tokens)
    }

    fn pay(&mut self, cost: Cost) -> Option<()> {
        if self.config.budget.is_none() {
            return Some(());
        }
        let price = match cost {
            Cost::One => 1,
            Cost::Timeout => 2,
        };
        self.tokens = self.tokens.checked_sub(1)?;
        // The last attempt is granted even where a timeout would cost more than is left.
        self.tokens = self.tokens.saturating_sub(price - 1);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    #[test]
    fn delays_are_drawn_from_zero_to_a_bound_that_doubles() {
        let bounds = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
        let mut widest = [Duration::ZERO; 8];
        for seed in 0..2000 {
            let mut backoff = Backoff::new(BackoffConfig::retry_for_ever(), seed);
            for (widest, bound) in widest.iter_mut().zip(bounds) {
                let delay = backoff.next(Cost::One).expect("no budget, no end");
                assert!(delay <= Duration::from_millis(bound));
                *widest = delay.max(*widest);
            }
        }
        for (widest, bound) in widest.iter().zip(bounds) {
            assert!(*widest > Duration::from_millis(bound * 9 / 10), "{bound}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let delays = |seed| {
            let mut backoff = Backoff::new(BackoffConfig::default(), seed);
            std::iter::from_fn(|| backoff.next(Cost::One)).collect::<Vec<_>>()
        };
        assert_eq!(delays(5), delays(5));
        assert_ne!(delays(5), delays(6));
        assert_eq!(delays(5).len(), 10, "the budget is used up then");
    }

    #[test]
    fn a_timeout_costs_double_and_the_last_attempt_is_still_made() {
        let mut backoff = Backoff::new(BackoffConfig::default().budget(5), 1);
        for _ in 0..3 {
            assert!(backoff.next(Cost::Timeout).is_some());
        }
        assert_eq!(backoff.left(), Some(0));
        assert_eq!(backoff.next(Cost::Timeout), None);
        assert_eq!(backoff.after(SECOND), None);
        assert_eq!(backoff.at_once(), None);
    }

    #[test]
    fn only_proven_health_starts_over() {
        // Ready for long enough; proven by a turn; neither; never ready.
        for (ready, turn, lived, first_again, left) in [
            (true, false, 60, true, 9),
            (true, true, 31, true, 8),
            (true, true, 1, true, 7),
            (true, false, 59, false, 7),
            (false, false, 600, false, 7),
        ] {
            let mut backoff = Backoff::new(BackoffConfig::default(), 9);
            for _ in 0..3 {
                backoff.next(Cost::One);
            }
            if ready {
                backoff.ready(at(0));
            }
            if turn {
                backoff.healthy();
            }
            backoff.lost(at(lived));
            assert_eq!(backoff.left(), Some(left), "{ready} {turn} {lived}");
            assert_eq!(backoff.attempts == 0, first_again, "{ready} {turn} {lived}");
        }
    }

    #[test]
    fn only_a_long_life_is_followed_at_once() {
        let mut backoff = Backoff::new(BackoffConfig::default(), 9);
        backoff.ready(at(0));
        backoff.lost(at(61));
        assert_eq!(backoff.next(Cost::One), Some(Duration::ZERO));
        assert!(backoff.next(Cost::One) > Some(Duration::ZERO));
    }

    #[test]
    fn what_the_peer_wishes_is_honoured_up_to_a_cap() {
        let mut backoff = Backoff::new(BackoffConfig::default(), 9);
        let day = Duration::from_secs(86_400);
        let wait = backoff.after(day).expect("an attempt");
        assert!((60 * SECOND..=61 * SECOND).contains(&wait));
        let wait = backoff.after(7 * SECOND).expect("an attempt");
        assert!((7 * SECOND..=8 * SECOND).contains(&wait));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let config = BackoffConfig::retry_for_ever().delays(Duration::MAX, Duration::MAX);
        let mut backoff = Backoff::new(config, u64::MAX);
        for _ in 0..100 {
            assert!(backoff.next(Cost::One).is_some());
        }
        backoff.ready(Time::MAX);
        backoff.lost(Time::ZERO);
    }
}
