//! Ways to break a link, to prove that the tests of its promises would notice.
//!
//! Without the feature `defects`, which only this crate's own tests turn on, no link has one and the
//! questions cost nothing.

use super::Link;

/// One way to break a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "defects"),
    expect(unreachable_pub, reason = "public with the feature only")
)]
#[cfg_attr(
    feature = "defects",
    expect(
        clippy::exhaustive_enums,
        reason = "only the tests of this crate ever see it"
    )
)]
pub enum Defect {
    /// A plan that nobody asked for dials a second time.
    TwoDials,
    /// The opening is said before the wire is open.
    EarlyFrame,
    /// A generation is used again.
    GenerationReused,
    /// A frame of a wire that is gone is passed on after the end.
    EventAfterClosed,
    /// The end is told again when a close is asked for again.
    ClosedTwice,
    /// A timer runs on after the end.
    TimerAfterEnd,
    /// The wait before the next attempt has no timer.
    TimerForgotten,
    /// An attempt that is given up is not told to stop.
    AbortForgotten,
    /// Commands of a lost wire do not come back.
    ReceiptForgotten,
    /// A change of phase is not told.
    PhaseSkipped,
    /// What the old wire still says is passed on beside the new one.
    OldWireHeard,
    /// A new wire is ready before the old one is lost.
    TwoLive,
    /// A close does not end the wait for the next attempt.
    CloseWaits,
}

impl Link {
    /// The same link with a defect.
    #[cfg(feature = "defects")]
    #[doc(hidden)]
    #[must_use]
    pub fn with_defect(mut self, defect: Defect) -> Self {
        self.defect = Some(defect);
        self
    }

    #[cfg(feature = "defects")]
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    #[cfg(not(feature = "defects"))]
    #[expect(
        clippy::unused_self,
        reason = "the same question with and without the feature"
    )]
    pub(super) const fn has(&self, _defect: Defect) -> bool {
        false
    }
}
