//! What the driver tells about itself: a span and events for each connection, and counts.
//!
//! Peer text is escaped and bounded where it enters ([`End::reason`]); frames are never shown.

use std::sync::Arc;

#[cfg(feature = "tracing")]
use antiphon_protocol::PeerText;
use antiphon_protocol::{End, Generation, Stage};

use super::{Count, Meter};

/// One connection's span; nothing without the `tracing` feature.
pub(super) struct Trace {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    /// What the span's `phase` says.
    #[cfg(feature = "tracing")]
    phase: Stage,
}

impl Trace {
    pub(super) fn dialing(generation: Generation, host: Option<&str>) -> Self {
        #[cfg(feature = "tracing")]
        {
            let phase = Stage::Token;
            let span = tracing::debug_span!(
                "connection",
                generation = generation.get(),
                host,
                phase = phase.name()
            );
            tracing::debug!(parent: &span, "dialing");
            Self { span, phase }
        }
        #[cfg(not(feature = "tracing"))]
        {
            let _ = (generation, host);
            Self {}
        }
    }

    /// The connection is at this stage; asked often, and told when it changes.
    pub(super) fn stage(&mut self, stage: Stage) {
        #[cfg(feature = "tracing")]
        if self.phase != stage {
            self.phase = stage;
            self.span.record("phase", stage.name());
        }
        #[cfg(not(feature = "tracing"))]
        let _ = stage;
    }

    pub(super) fn opened(&self) {
        #[cfg(feature = "tracing")]
        tracing::debug!(parent: &self.span, "open");
    }

    pub(super) fn ended(&self, what: &'static str, end: &End) {
        #[cfg(feature = "tracing")]
        tracing::debug!(
            parent: &self.span,
            phase = end.stage.name(),
            how = ?end.how,
            code = end.code,
            status = end.status,
            // The body of a refusal is kept at length, and shown in part.
            reason = PeerText::new(end.reason.as_str()).as_str(),
            "{what}"
        );
        #[cfg(not(feature = "tracing"))]
        let _ = (what, end);
    }

    pub(super) fn dropped(&self) {
        #[cfg(feature = "tracing")]
        tracing::debug!(parent: &self.span, "dropped by this side");
    }
}

/// The meter as the driver uses it.
pub(super) struct Counter(Arc<dyn Meter>);

impl Counter {
    pub(super) fn new(meter: Arc<dyn Meter>) -> Self {
        Self(meter)
    }

    pub(super) fn one(&self, what: Count) {
        self.0.count(what, 1);
    }

    pub(super) fn frame(&self, frames: Count, bytes: Count, len: usize) {
        self.0.count(frames, 1);
        self.0.count(bytes, u64::try_from(len).unwrap_or(u64::MAX));
    }
}
