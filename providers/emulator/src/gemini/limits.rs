//! When a connection and a session end, and the warning before.

use std::time::Duration;

use antiphon_protocol::Time;
use serde_json::json;

use super::{Config, Connection, Settings};

/// The ends of a connection and of its session.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) opened: Time,
    connection_end: Time,
    /// When the session began on this connection, and how long it had lived before.
    began: Option<Time>,
    pub(super) lived: Duration,
    /// How long the session may live; nothing when it may for ever.
    session: Option<Duration>,
    /// Whichever end comes first.
    pub(super) end: Time,
    notice: Duration,
    warned: bool,
}

impl Limits {
    pub(super) fn new(settings: &Settings, now: Time) -> Self {
        let end = now + settings.connection_limit;
        Self {
            opened: now,
            connection_end: end,
            began: None,
            lived: Duration::ZERO,
            session: None,
            end,
            notice: settings.notice,
            warned: false,
        }
    }

    /// The session begins or goes on.
    pub(super) fn begin(&mut self, now: Time, config: &Config, settings: &Settings) {
        self.began = Some(now);
        if config.compression.is_none() {
            self.shorten(settings.session_limit);
        }
    }

    /// The session may live no longer than `limit` in all.
    fn shorten(&mut self, limit: Duration) {
        let limit = self.session.map_or(limit, |session| session.min(limit));
        self.session = Some(limit);
        let began = self.began.unwrap_or(self.opened);
        self.end = self
            .connection_end
            .min(began + limit.saturating_sub(self.lived));
    }

    /// How long the session has lived at `now`.
    pub(super) fn lived_by(&self, now: Time) -> Duration {
        self.lived + (now - self.began.unwrap_or(now))
    }

    /// When the client is to be warned.
    pub(super) fn notice(&self) -> Option<Time> {
        let at = self.end - self.notice;
        (!self.warned && self.notice > Duration::ZERO).then_some(at)
    }
}

impl Connection {
    /// The caller has sent video, which makes the session's life short.
    pub(super) fn limit_video(&mut self) {
        if self.config.compression.is_none() {
            self.limits.shorten(self.settings.video_limit);
        }
    }

    /// Warns the client.
    pub(super) fn go_away(&mut self, at: Time) {
        self.limits.warned = true;
        let left = seconds(self.limits.end - at);
        self.out.push(json!({"goAway": {"timeLeft": left}}));
    }

    /// Ends the connection; a session that has reached its own limit cannot be resumed.
    pub(super) fn reach_limit(&mut self) {
        if self.limits.end < self.limits.connection_end {
            if let Some(resumption) = &self.resumption {
                resumption.forget();
            }
            self.close(1008, "The session has reached its maximum duration.");
        } else {
            self.close(1011, "Deadline expired before operation could complete.");
        }
    }
}

/// A duration as protobuf writes it in JSON: `60s`, `1.500s`.
fn seconds(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        nanos if nanos % 1_000_000 == 0 => {
            format!("{}.{:03}s", duration.as_secs(), nanos / 1_000_000)
        }
        nanos => format!("{}.{nanos:09}s", duration.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_protobuf_does() {
        let rows = [
            (Duration::from_secs(60), "60s"),
            (Duration::from_millis(1_500), "1.500s"),
            (Duration::from_nanos(3_000_000_001), "3.000000001s"),
            (Duration::ZERO, "0s"),
        ];
        for (duration, text) in rows {
            assert_eq!(seconds(duration), text);
        }
    }
}
