//! How a session ends, and what it has used.

use std::time::Duration;

use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::{Phase, Session};
use crate::{joint::Seat, joint::To, peer::Output, refusal::Refusal};

/// How long a backend at work holds up the end of a session.
const MAX_DRAIN: Duration = Duration::from_secs(10);
/// How often usage is told, in milliseconds of the timeline.
const USAGE_MS: u64 = 15_000;
/// The model's memory, in tokens; above nine tenths it is compacted to the last number.
const WINDOW: usize = 128_000;
const COMPACTED: usize = 8_192;
/// What a second of the conversation adds to it, in tokens.
const TOKENS_PER_SECOND: usize = 10;

/// A session that was asked to close.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) requested: Time,
    /// The client event.
    pub(super) event: Option<String>,
}

impl Session {
    /// When the session that is closing has ended.
    pub(super) fn drained_at(&self, closing: &Closing) -> Time {
        let drain = if self.backend.is_running() {
            MAX_DRAIN
        } else {
            self.settings.drain
        };
        closing.requested + drain
    }

    /// Ends the session in order.
    pub(super) fn finish(&mut self, reason: &str) {
        for append in std::mem::take(&mut self.appends) {
            let message = "The session closed before the estimated context injection completed.";
            let refusal = Refusal::new("context_injection_incomplete", message);
            let event = self.error_event("server_error", &refusal, append.event.as_deref());
            self.send(To::All, &event);
        }
        let fields = json!({
            "reason": reason,
            "session": self.resource(),
            "usage": {"seconds": self.seconds()},
        });
        let closing = self.closing.take();
        let answers = closing.and_then(|closing| closing.event);
        self.emit("session.closed", fields, answers.as_deref());
        if self.config.is_stored() {
            self.hall.store(self.remains());
        }
        // A sideband is closed without a code, which is read as 1005.
        for (to, code) in [(To::Joined, 1005), (To::Only(Seat::OWN), 1000)] {
            let reason = String::new();
            self.out.push_back((to, Output::Close { code, reason }));
        }
        self.phase = Phase::Closed;
    }

    /// The session as it is shown.
    pub(super) fn resource(&self) -> Value {
        let mut resource = self.config.value.clone();
        let expires =
            self.settings.opened_at.as_unix_millis() / 1000 + self.settings.session_limit.as_secs();
        if let Some(members) = resource.as_object_mut() {
            members.insert("id".to_owned(), self.id.as_str().into());
            members.insert("expires_at".to_owned(), expires.into());
            members.insert("status".to_owned(), "active".into());
        }
        resource
    }

    fn seconds(&self) -> f64 {
        self.timeline.ms as f64 / 1000.0
    }

    /// Tells what was used until here, from time to time.
    pub(super) fn tell_usage(&mut self) {
        if self.timeline.ms < self.usage_told + USAGE_MS {
            return;
        }
        self.context_tokens += TOKENS_PER_SECOND * 15;
        if self.context_tokens > WINDOW / 10 * 9 {
            self.context_tokens = COMPACTED;
        }
        self.usage_told = self.timeline.ms;
        let ratio = self.context_tokens as f64 / WINDOW as f64;
        let fields = json!({
            "usage": {"seconds": self.seconds()},
            "context_window": {"usage_ratio": ratio},
        });
        self.emit("session.usage.updated", fields, None);
    }
}
