//! What the driver counts, and whom it tells.

/// Something the driver counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Count {
    /// Dials begun.
    Dials,
    /// Dials that failed.
    DialsFailed,
    /// Wires opened.
    Opened,
    /// Wires lost, by the peer, the network, or at the end of a hangup.
    Lost,
    /// Wires or dials dropped by this side.
    Aborted,
    /// Frames received.
    FramesIn,
    /// Payload bytes received.
    BytesIn,
    /// Frames given to be sent.
    FramesOut,
    /// Payload bytes given to be sent.
    BytesOut,
    /// Pings sent.
    Pings,
}

impl Count {
    /// The count's name, as metrics spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dials => "antiphon_transport_dials",
            Self::DialsFailed => "antiphon_transport_dials_failed",
            Self::Opened => "antiphon_transport_opened",
            Self::Lost => "antiphon_transport_lost",
            Self::Aborted => "antiphon_transport_aborted",
            Self::FramesIn => "antiphon_transport_frames_in",
            Self::BytesIn => "antiphon_transport_bytes_in",
            Self::FramesOut => "antiphon_transport_frames_out",
            Self::BytesOut => "antiphon_transport_bytes_out",
            Self::Pings => "antiphon_transport_pings",
        }
    }
}

/// Is told what the driver counts. Called on the driver's task, for each frame: it must be quick.
pub trait Meter: Send + Sync {
    /// `what` has grown by `by`.
    fn count(&self, what: Count, by: u64);
}

/// Counts nothing.
impl Meter for () {
    fn count(&self, _what: Count, _by: u64) {}
}

/// Gives the counts to the recorder of the `metrics` crate.
#[cfg(feature = "metrics")]
#[derive(Clone, Copy, Debug, Default)]
pub struct MetricsMeter;

#[cfg(feature = "metrics")]
impl Meter for MetricsMeter {
    fn count(&self, what: Count, by: u64) {
        metrics::counter!(what.name()).increment(by);
    }
}
