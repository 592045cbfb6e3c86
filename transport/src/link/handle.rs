//! The newest handle by which the provider continues a conversation.

use std::time::Duration;

use antiphon_protocol::{Generation, ResumeToken, Time};

/// Keeps the newest usable handle.
#[derive(Default)]
pub(super) struct Handle {
    kept: Option<(ResumeToken, Time)>,
    /// The connection that gave it.
    from: Option<Generation>,
}

impl Handle {
    /// The provider spoke of its handle. `None` says that there is none for this very moment; the
    /// one before it still leads to where it was taken, so it is kept.
    pub(super) fn update(&mut self, now: Time, from: Generation, token: Option<ResumeToken>) {
        if let Some(token) = token {
            self.kept = Some((token, now));
            self.from = Some(from);
        }
    }

    /// A handle that the provider gave to somebody else.
    pub(super) fn adopt(&mut self, now: Time, token: &ResumeToken) {
        if self.kept.is_none() {
            self.kept = Some((token.clone(), now));
            self.from = None;
        }
    }

    /// The handle, unless it is older than `max_age`.
    pub(super) fn offer(&mut self, now: Time, max_age: Duration) -> Option<ResumeToken> {
        if self
            .kept
            .as_ref()
            .is_some_and(|(_, at)| now - *at > max_age)
        {
            self.kept = None;
        }
        self.kept.as_ref().map(|(token, _)| token.clone())
    }

    /// The handle was tried in vain, or leads to what should not be continued.
    pub(super) fn discard(&mut self) {
        self.kept = None;
    }

    /// A connection has begun a conversation of its own: what older ones gave leads to another.
    pub(super) fn begin_anew(&mut self, from: Generation) {
        if self.from != Some(from) {
            self.kept = None;
        }
    }

    pub(super) fn kept(&self) -> Option<&ResumeToken> {
        self.kept.as_ref().map(|(token, _)| token)
    }

    pub(super) const fn is_kept(&self) -> bool {
        self.kept.is_some()
    }
}
