//! The one place that reads a clock.

use antiphon_protocol::Time;
use tokio::time::Instant;

/// What the system's clock on the wall shows.
#[cfg(any(feature = "tungstenite", feature = "tokio-websockets"))]
pub(crate) fn wall() -> antiphon_protocol::WallTime {
    use std::time::{SystemTime, UNIX_EPOCH};

    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    antiphon_protocol::WallTime::from_unix_millis(
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
    )
}

/// Turns tokio's clock into [`Time`] since an origin. Obeys tokio's paused time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    ///
    /// ```
    /// use antiphon_protocol::Time;
    /// use antiphon_transport::Clock;
    ///
    /// let clock = Clock::start();
    /// assert!(clock.now() < Time::from_millis(60_000));
    /// ```
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Time since the origin.
    pub fn now(&self) -> Time {
        Time::from_duration(self.origin.elapsed())
    }

    /// The instant at `time`; far in the future where the platform cannot name it.
    pub fn instant(&self, time: Time) -> Instant {
        const FAR: std::time::Duration = std::time::Duration::from_secs(86_400 * 365);
        self.origin
            .checked_add(time.since_origin())
            .unwrap_or_else(|| Instant::now() + FAR)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::start()
    }
}
