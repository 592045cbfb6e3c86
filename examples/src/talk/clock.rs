//! The conversation's own clock. At full speed it skips ahead by what was said and heard at once, so
//! that a recording takes its length in the picture however fast it went over the wire.

use std::time::Duration;

use tokio::time::Instant;

/// Time since the conversation began.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    skipped: Duration,
}

impl Clock {
    /// A conversation begins.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
            skipped: Duration::ZERO,
        }
    }

    /// The time on this clock.
    pub fn now(&self) -> Duration {
        self.start.elapsed() + self.skipped
    }

    /// Moves ahead.
    pub fn skip(&mut self, span: Duration) {
        self.skipped += span;
    }
}
