//! The bounds and habits of a link.

use std::time::Duration;

use antiphon_protocol::WallTime;

use crate::BackoffConfig;

/// The bounds and habits of a [`Link`](crate::Link). Every wait has one.
///
/// ```
/// use std::time::Duration;
/// use antiphon_protocol::WallTime;
/// use antiphon_transport::LinkConfig;
///
/// let config = LinkConfig::new(WallTime::from_unix_seconds(1_700_000_000))
///     .dial_deadline(Duration::from_secs(5))
///     .connect_attempts(1);
/// assert_eq!(config.dial_deadline, Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "recording", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LinkConfig {
    /// The wall clock at the origin of the machine's time, to read the expiries that providers state.
    pub wall_at_origin: WallTime,
    /// When and how often to try again.
    pub backoff: BackoffConfig,
    /// Most dials before the first connection was ever ready. Default 3.
    pub connect_attempts: u32,
    /// From [`LinkOutput::NeedPlan`](crate::LinkOutput::NeedPlan) to its answer. Default 5 s.
    pub plan_deadline: Duration,
    /// From the order to dial to an open wire: credential, name, socket, TLS and upgrade. Default 15 s.
    pub dial_deadline: Duration,
    /// From the open wire to the provider's acceptance. Default 15 s.
    pub ready_deadline: Duration,
    /// Without progress while bytes wait to be written: no frame has left, nor 32 KiB of a larger one.
    /// Default 10 s.
    pub write_deadline: Duration,
    /// Most bytes that may wait to be written before commands come back; each frame counts 512 more
    /// than its own. Default 1 MiB.
    pub write_buffer: usize,
    /// Largest frame that is sent, in bytes. Default 8 MiB, or what the provider states if less.
    pub max_frame: usize,
    /// Silence after which the peer is pinged. Default 20 s.
    pub ping_idle: Duration,
    /// Whether the peer is pinged each `ping_idle`, though frames come: for something in between that
    /// counts pings and no data. Default no.
    pub ping_busy: bool,
    /// Granted beyond the provider's `liveness`, for what is on its way. Default 5 s.
    pub liveness_slack: Duration,
    /// Added to the provider's `close_drain` when nobody set a deadline for closing. Default 2 s.
    pub close_slack: Duration,
    /// How long before a limit a rotation is announced as due. Default 60 s.
    pub rotation_lead: Duration,
    /// How long before a limit a rotation is forced. Default 10 s.
    pub rotation_margin: Duration,
    /// Age after which a resume handle is not offered any more. Default 2 h.
    pub resume_max_age: Duration,
}

impl LinkConfig {
    /// The defaults, with the wall clock at the origin of the machine's time.
    pub fn new(wall_at_origin: WallTime) -> Self {
        Self {
            wall_at_origin,
            backoff: BackoffConfig::default(),
            connect_attempts: 3,
            plan_deadline: Duration::from_secs(5),
            dial_deadline: Duration::from_secs(15),
            ready_deadline: Duration::from_secs(15),
            write_deadline: Duration::from_secs(10),
            write_buffer: 1 << 20,
            max_frame: 8 << 20,
            ping_idle: Duration::from_secs(20),
            ping_busy: false,
            liveness_slack: Duration::from_secs(5),
            close_slack: Duration::from_secs(2),
            rotation_lead: Duration::from_secs(60),
            rotation_margin: Duration::from_secs(10),
            resume_max_age: Duration::from_secs(2 * 3600),
        }
    }

    /// Sets when and how often to try again.
    #[must_use]
    pub fn backoff(mut self, backoff: BackoffConfig) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the most dials before the first connection was ever ready; at least one is made.
    #[must_use]
    pub fn connect_attempts(mut self, attempts: u32) -> Self {
        self.connect_attempts = attempts;
        self
    }

    /// Sets the time from the order to dial to an open wire.
    #[must_use]
    pub fn dial_deadline(mut self, deadline: Duration) -> Self {
        self.dial_deadline = deadline;
        self
    }

    /// Sets the time from the open wire to the provider's acceptance.
    #[must_use]
    pub fn ready_deadline(mut self, deadline: Duration) -> Self {
        self.ready_deadline = deadline;
        self
    }

    /// Sets the time without progress while bytes wait to be written.
    #[must_use]
    pub fn write_deadline(mut self, deadline: Duration) -> Self {
        self.write_deadline = deadline;
        self
    }

    /// Sets how many bytes may wait to be written before commands come back.
    #[must_use]
    pub fn write_buffer(mut self, bytes: usize) -> Self {
        self.write_buffer = bytes;
        self
    }

    /// Sets the largest frame that is sent, in bytes.
    #[must_use]
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }

    /// Sets whether the peer is pinged even while frames come.
    #[must_use]
    pub fn ping_busy(mut self, busy: bool) -> Self {
        self.ping_busy = busy;
        self
    }

    /// Sets the silence after which the peer is pinged.
    #[must_use]
    pub fn ping_idle(mut self, idle: Duration) -> Self {
        self.ping_idle = idle;
        self
    }

    /// Sets how long before a limit a rotation is announced, and how long before it is forced.
    #[must_use]
    pub fn rotation(mut self, lead: Duration, margin: Duration) -> Self {
        self.rotation_lead = lead;
        self.rotation_margin = margin;
        self
    }
}
