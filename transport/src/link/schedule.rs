//! When a live connection has to be changed for another.

use std::time::Duration;

use antiphon_protocol::{RotationCause, Time};

/// A rotation that will be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// When the layer above is told.
    pub(super) due: Time,
    /// When it happens anyway.
    pub(super) force: Time,
    pub(super) cause: RotationCause,
    pub(super) announced: bool,
}

impl Schedule {
    /// A rotation ahead of an end at `end`, announced `lead` and forced `margin` before it. A
    /// short life gets shorter spans, so that even a limit of seconds leaves time to talk.
    pub(super) fn before(
        now: Time,
        end: Time,
        lead: Duration,
        margin: Duration,
        cause: RotationCause,
    ) -> Self {
        let left = end - now;
        Self {
            due: end - lead.min(left / 2),
            force: end - margin.min(left / 4),
            cause,
            announced: false,
        }
    }

    /// A rotation that is due at once.
    pub(super) const fn now(now: Time, force: Time, cause: RotationCause) -> Self {
        Self {
            due: now,
            force,
            cause,
            announced: false,
        }
    }

    /// The peer said that it will close in `left`. Without a word on when, `margin` is assumed.
    pub(super) fn go_away(now: Time, left: Option<Duration>, margin: Duration) -> Self {
        let force = match left {
            Some(left) => now + (left - margin.min(left / 4)),
            None => now + margin,
        };
        Self {
            due: now,
            force,
            cause: RotationCause::GoAway,
            announced: false,
        }
    }

    /// Replaces what is scheduled if this one is forced earlier.
    pub(super) fn merge(self, scheduled: &mut Option<Self>) {
        if scheduled.is_none_or(|other| self.force < other.force) {
            *scheduled = Some(self);
        }
    }
}
