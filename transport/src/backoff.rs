//! How long to wait before the next attempt, and whether there may be one.
//!
//! The first attempts after a loss follow soon: at once if the session had been healthy, then after
//! random delays whose bound doubles. What fails for longer than that fails for many clients at
//! once, and they must not come back together: from there on their attempts are spread so that a
//! crowd of any size makes an even number of them per second. A budget that only proven health
//! refills keeps an unhealthy peer from being asked for ever.

use std::time::Duration;

use antiphon_protocol::Time;

use crate::rng::Rng;

/// For how long after a loss attempts may follow each other soon.
const SOON: Duration = Duration::from_secs(2);

/// Draws of which an even delay is the mean. One alone would scatter so far that either too many
/// attempts meet in one second or too many clients are away when the peer is back.
const DRAWS: u32 = 12;

/// How attempts are spaced and counted.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "recording", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BackoffConfig {
    /// Bound of the first random delay; it doubles with each attempt. Default 0.5 s.
    pub base: Duration,
    /// Bound of the first random delay after a peer said that it restarts or has no room; never less
    /// than `base`. Default 2 s.
    pub overload_base: Duration,
    /// Bound of any random delay. Default 88 s: half of it between the attempts of a long failure.
    pub cap: Duration,
    /// Attempts that a full budget holds; `None` for no bound. Default 10.
    pub budget: Option<u32>,
    /// Healthy time that earns one attempt back. Default 30 s.
    pub refill: Duration,
    /// Time after which a ready connection counts as healthy. Default 60 s.
    pub healthy_after: Duration,
    /// Most of a peer's own wish to wait that is honoured. Default 60 s.
    pub retry_after_cap: Duration,
    /// Whether the attempts of a crowd are spread: from two seconds after a loss on, delays do not
    /// double but lie around half of `cap`, and the first of them is a random part of one. Default
    /// yes. Says nothing before the first connection was ready: its attempts are few.
    pub even: bool,
}

impl Default for BackoffConfig {
    /// Fit for thousands of clients of one server, whose return must not be its next failure: the
    /// first three attempts come within two seconds, and from there on a crowd makes an even number
    /// of attempts per second, one for each 44 of its clients. It outlasts a failure of minutes, and
    /// nine of ten clients are back three quarters of a minute after the server.
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            overload_base: Duration::from_secs(2),
            cap: Duration::from_secs(88),
            budget: Some(10),
            refill: Duration::from_secs(30),
            healthy_after: Duration::from_secs(60),
            retry_after_cap: Duration::from_secs(60),
            even: true,
        }
    }
}

impl BackoffConfig {
    /// Tries again without end, after the first attempts every 44 s on average. For programs that
    /// nobody watches and that have nothing better to do; fatal faults still end the link.
    pub fn retry_for_ever() -> Self {
        Self {
            budget: None,
            ..Self::default()
        }
    }

    /// For a program that is its server's only client, or one of few, with a person who waits: each
    /// delay is drawn from zero to a bound that doubles from half a second to 30 s, so that it is
    /// back a few seconds after the server, or gives up after about a minute. A crowd of such
    /// clients stampedes.
    pub fn for_one_client() -> Self {
        Self {
            even: false,
            cap: Duration::from_secs(30),
            ..Self::default()
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
    /// Delays drawn since the last proven health.
    attempts: u32,
    tokens: u32,
    ready_at: Option<Time>,
    ever_ready: bool,
    proven: bool,
    /// Healthy time that has not earned a whole attempt yet.
    credit: Duration,
    /// Whether the session that ended last had been ready for long enough.
    was_healthy: bool,
    /// Since when attempts have been needed, without proven health in between.
    since: Option<Time>,
    /// Whether this client's attempts are spread among those of others since the last loss.
    spread: bool,
    /// When the last attempt began, if no connection came ready of it.
    began: Option<Time>,
    /// The wait that the peer asked for last.
    asked: Option<Duration>,
}

impl Backoff {
    /// A full budget. The same seed gives the same delays.
    pub fn new(config: BackoffConfig, seed: u64) -> Self {
        Self {
            tokens: config.budget.unwrap_or(0),
            rng: Rng::new(seed),
            attempts: 0,
            ready_at: None,
            ever_ready: false,
            proven: false,
            credit: Duration::ZERO,
            was_healthy: false,
            since: None,
            spread: false,
            began: None,
            asked: None,
            config,
        }
    }

    /// An attempt begins. Delays that spread a crowd are counted from here, so that attempts which
    /// fail slowly are as frequent as those that fail at once.
    pub fn begin(&mut self, now: Time) {
        self.began = Some(now);
    }

    /// A connection became ready.
    pub fn ready(&mut self, now: Time) {
        self.began = None;
        self.ready_at = Some(now);
        self.ever_ready = true;
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
        let healthy = self.is_healthy(now);
        let Some(ready_at) = self.ready_at.take() else {
            self.was_healthy = false;
            return;
        };
        // Whatever ended it may have ended others in the same moment.
        self.spread = false;
        self.asked = None;
        let lived = now - ready_at;
        self.was_healthy = lived >= self.config.healthy_after;
        if healthy {
            self.start_over(now);
            self.refill(lived);
        }
    }

    fn start_over(&mut self, now: Time) {
        self.attempts = 0;
        self.spread = false;
        self.since = Some(now);
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
    pub fn next(&mut self, now: Time, cost: Cost) -> Option<Duration> {
        self.pay(cost)?;
        self.renew(now);
        if std::mem::take(&mut self.was_healthy) {
            return Some(Duration::ZERO);
        }
        Some(self.draw(now, self.config.base))
    }

    /// The delay before the next attempt at a peer that restarts or has no room for now: drawn from
    /// a wider range, and never none at all, because others were told the same. `None` when the
    /// budget is used up.
    pub fn next_after_overload(&mut self, now: Time, cost: Cost) -> Option<Duration> {
        self.pay(cost)?;
        self.renew(now);
        self.was_healthy = false;
        Some(self.draw(now, self.config.base.max(self.config.overload_base)))
    }

    fn draw(&mut self, now: Time, base: Duration) -> Duration {
        let bound = base
            .saturating_mul(1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX))
            .min(self.config.cap);
        self.attempts = self.attempts.saturating_add(1);
        if self.is_alone() || self.is_soon(now, bound) {
            self.rng.up_to(bound)
        } else if std::mem::replace(&mut self.spread, true) {
            self.rest_of_even_delay(now)
        } else {
            self.part_of_even_delay()
        }
    }

    /// An even delay from the beginning of the last attempt on, but at least a quarter of one: what
    /// takes longer to fail than that is not tried without a pause.
    fn rest_of_even_delay(&mut self, now: Time) -> Duration {
        let delay = self.even_delay();
        let took = self.began.map_or(Duration::ZERO, |began| now - began);
        delay.saturating_sub(took).max(delay / 4)
    }

    /// A trouble that comes while the ready connection is healthy, such as a change of connection
    /// that fails, is no part of the one before.
    fn renew(&mut self, now: Time) {
        let older = self.since.is_none_or(|since| self.ready_at > Some(since));
        if self.since.is_none() || (older && self.is_healthy(now)) {
            self.start_over(now);
        }
    }

    /// Whether nothing has to be spread: it was not asked for, or the few attempts that the first
    /// connection gets are still being made.
    const fn is_alone(&self) -> bool {
        !self.config.even || !self.ever_ready
    }

    fn is_soon(&self, now: Time, bound: Duration) -> bool {
        self.since.is_some_and(|since| now + bound <= since + SOON)
    }

    fn even_delay(&mut self) -> Duration {
        (0..DRAWS)
            .map(|_| self.rng.up_to(self.config.cap / DRAWS))
            .sum()
    }

    /// What is left of a delay that began at some time in the past: a crowd whose first delays are
    /// drawn like this looks as if it had been knocking for ever. Longer delays are met more often,
    /// hence the second draw.
    fn part_of_even_delay(&mut self) -> Duration {
        const TRIES: usize = 32;
        let mut delay = self.config.cap / 2;
        for _ in 0..TRIES {
            delay = self.even_delay();
            if self.rng.up_to(self.config.cap) <= delay {
                break;
            }
        }
        self.rng.up_to(delay)
    }

    /// The delay before the next attempt where the peer asked for `wait`: that long, capped, and a
    /// random part on top so that all who were told the same do not return together. For a crowd
    /// that part is as long again the first time. Who is told to wait as long once more is spread
    /// already, and stays so with a tenth.
    pub fn after(&mut self, wait: Duration) -> Option<Duration> {
        self.pay(Cost::One)?;
        self.was_healthy = false;
        self.attempts = self.attempts.saturating_add(1);
        let wait = wait.min(self.config.retry_after_cap);
        let again = self.asked.replace(wait) == Some(wait);
        let extra = if self.is_alone() {
            self.config.base
        } else if again {
            self.config.base.max(wait / 10)
        } else {
            self.config.base.max(wait)
        };
        Some(wait + self.rng.up_to(extra))
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
mod tests;
