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
}

impl Trace {
    pub(super) fn dialing(generation: Generation, host: Option<&str>) -> Self {
        #[cfg(feature = "tracing")]
        {
            let span = tracing::debug_span!(
                "connection",
                generation = generation.get(),
                host,
                stage = tracing::field::Empty
            );
            tracing::debug!(parent: &span, "dialing");
            Self { span }
        }
        #[cfg(not(feature = "tracing"))]
        {
            let _ = (generation, host);
            Self {}
        }
    }

    pub(super) fn stage(&self, stage: Stage) {
        #[cfg(feature = "tracing")]
        self.span.record("stage", stage.name());
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
            stage = end.stage.name(),
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
