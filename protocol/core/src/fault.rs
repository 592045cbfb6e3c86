//! What ended a connection, what that means, and whether to try again.
//!
//! The default tables are data; a provider that knows better overrides
//! [`Provider::classify`](crate::Provider::classify).

use std::time::Duration;

use serde::Serialize;

use crate::{PeerText, ServerError};

/// What a failure means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The network or a machine between failed.
    Network,
    /// A bound on waiting was reached.
    Timeout,
    /// No secure channel could be made.
    Tls,
    /// The credential is missing, wrong or expired.
    Auth,
    /// The credential does not allow this.
    Forbidden,
    /// The address or the model does not exist.
    NotFound,
    /// The provider refuses what was asked: configuration, arguments, order.
    Invalid,
    /// Too many requests or sessions for now.
    RateLimit,
    /// The account's means are used up.
    Quota,
    /// The provider has no capacity for now.
    Overloaded,
    /// The provider failed.
    Server,
    /// The provider ended a session that had reached its limit.
    SessionLimit,
    /// A resume handle was refused.
    ResumeRefused,
    /// The conversation is larger than the model can hold.
    ContextFull,
    /// A message was too large.
    TooLarge,
    /// The peer does not speak the protocol.
    Protocol,
    /// The peer closed without a fault of its own.
    Closed,
    /// A tool, handler or the session's own task failed.
    Internal,
    /// Not known to be any of these.
    #[default]
    Unknown,
}

/// Whether and how to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It would fail again.
    Never,
    /// After a random delay, within the budget.
    Backoff,
    /// Not before this long.
    After(Duration),
    /// Once, without the resume handle.
    OnceFresh,
    /// At once: the end was part of the plan.
    Rotate,
}

/// How far a connection had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Asking the token source for a credential.
    Token,
    /// Resolving the name.
    Resolve,
    /// Connecting the socket.
    Connect,
    /// Asking a proxy for a tunnel.
    Proxy,
    /// Securing the channel.
    Tls,
    /// The HTTP upgrade.
    Upgrade,
    /// The provider's own opening dialogue.
    Opening,
    /// In use.
    Live,
    /// Saying goodbye.
    Draining,
}

impl Stage {
    /// The stage in words, for errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "credential",
            Self::Resolve => "name resolution",
            Self::Connect => "connection",
            Self::Proxy => "proxy tunnel",
            Self::Tls => "TLS handshake",
            Self::Upgrade => "WebSocket upgrade",
            Self::Opening => "session opening",
            Self::Live => "conversation",
            Self::Draining => "closing",
        }
    }
}

/// The fact that ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum How {
    /// The peer sent a close frame; `code` says which, if any.
    CloseFrame,
    /// The stream ended without a close frame.
    Eof,
    /// The socket failed.
    Io,
    /// A deadline passed.
    Deadline,
    /// The upgrade was answered with another status; `status` says which.
    Status,
    /// The secure channel was refused.
    Tls,
    /// The name is unknown.
    Resolve,
    /// The peer broke the WebSocket protocol.
    Protocol,
    /// A message exceeded a limit.
    TooLarge,
    /// The token source failed or may not be asked.
    Token,
    /// The address may not be used: malformed, or plaintext with a credential.
    Address,
    /// The provider refused during its opening dialogue; `last_error` says why.
    Refused,
    /// Nothing useful came for too long.
    Silent,
}

/// All facts about the end of one connection, for classification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// How far the connection had come.
    pub stage: Stage,
    /// What ended it.
    pub how: How,
    /// Close code of the peer.
    pub code: Option<u16>,
    /// HTTP status of a refused upgrade.
    pub status: Option<u16>,
    /// The peer's words: close reason or body, or the operating system's error.
    pub reason: PeerText,
    /// How long the peer asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether the connection was opened with a resume handle.
    pub resumed: bool,
    /// The last error event before the end.
    pub last_error: Option<ServerError>,
}

impl End {
    /// An end with nothing known but stage and fact.
    pub fn new(stage: Stage, how: How) -> Self {
        Self {
            stage,
            how,
            code: None,
            status: None,
            reason: PeerText::default(),
            retry_after: None,
            resumed: false,
            last_error: None,
        }
    }

    /// The same end with the peer's or the system's words.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = PeerText::new(reason);
        self
    }

    /// The same end with a close code.
    #[must_use]
    pub fn with_code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// The same end with an HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}

/// A range of HTTP statuses with one meaning; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRange {
    /// First status.
    pub first: u16,
    /// Last status.
    pub last: u16,
    /// What it means.
    pub fault: Fault,
    /// What to do.
    pub retry: Retry,
}

const fn status(first: u16, last: u16, fault: Fault, retry: Retry) -> StatusRange {
    StatusRange {
        first,
        last,
        fault,
        retry,
    }
}

/// What the status of a refused upgrade means. The first row that holds the status decides.
pub const HTTP_STATUSES: &[StatusRange] = &[
    status(200, 299, Fault::Protocol, Retry::Never),
    // A credential is never sent after a redirect.
    status(300, 399, Fault::Protocol, Retry::Never),
    status(401, 401, Fault::Auth, Retry::Never),
    status(403, 403, Fault::Forbidden, Retry::Never),
    status(404, 404, Fault::NotFound, Retry::Never),
    status(408, 408, Fault::Timeout, Retry::Backoff),
    status(429, 429, Fault::RateLimit, Retry::Backoff),
    status(400, 499, Fault::Invalid, Retry::Never),
    status(500, 500, Fault::Server, Retry::Backoff),
    status(502, 502, Fault::Server, Retry::Backoff),
    status(503, 503, Fault::Overloaded, Retry::Backoff),
    status(504, 504, Fault::Timeout, Retry::Backoff),
    status(0, u16::MAX, Fault::Protocol, Retry::Never),
];

/// What a peer's close code means when nothing else is known.
pub const CLOSE_CODES: &[(u16, Fault, Retry)] = &[
    (1000, Fault::Closed, Retry::Backoff),
    (1001, Fault::SessionLimit, Retry::Backoff),
    (1002, Fault::Protocol, Retry::Never),
    (1003, Fault::Protocol, Retry::Never),
    (1005, Fault::Network, Retry::Backoff),
    (1006, Fault::Network, Retry::Backoff),
    (1007, Fault::Invalid, Retry::Never),
    (1008, Fault::Invalid, Retry::Never),
    (1009, Fault::TooLarge, Retry::Never),
    (1010, Fault::Protocol, Retry::Never),
    (1011, Fault::Server, Retry::Backoff),
    (1012, Fault::Overloaded, Retry::Backoff),
    (1013, Fault::Overloaded, Retry::Backoff),
    (1015, Fault::Tls, Retry::Never),
];

/// The meaning of `end` where a provider knows nothing better.
///
/// Errors the peer reported before the end weigh more than its close code, and a refused resume
/// handle is worth one fresh attempt.
pub fn classify(end: &End) -> (Fault, Retry) {
    if let Some(error) = &end.last_error
        && let Some(verdict) = by_error(error)
    {
        return verdict;
    }
    match end.how {
        How::CloseFrame => by_close(end),
        How::Status => by_status(end),
        How::Eof | How::Io | How::Silent => (Fault::Network, Retry::Backoff),
        How::Deadline => (Fault::Timeout, Retry::Backoff),
        How::Resolve => (Fault::NotFound, Retry::Backoff),
        How::Tls => (Fault::Tls, Retry::Never),
        How::Protocol => (Fault::Protocol, Retry::Never),
        How::TooLarge => (Fault::TooLarge, Retry::Never),
        How::Token => (Fault::Auth, Retry::Never),
        How::Address => (Fault::Invalid, Retry::Never),
        How::Refused => match &end.last_error {
            Some(error) => (error.fault, Retry::Never),
            None => (Fault::Invalid, Retry::Never),
        },
    }
}

fn by_error(error: &ServerError) -> Option<(Fault, Retry)> {
    match error.fault {
        Fault::Auth | Fault::Forbidden | Fault::NotFound | Fault::Quota => {
            Some((error.fault, Retry::Never))
        }
        Fault::SessionLimit => Some((Fault::SessionLimit, Retry::Rotate)),
        Fault::RateLimit | Fault::Overloaded => Some((error.fault, Retry::Backoff)),
        _ => None,
    }
}

fn by_close(end: &End) -> (Fault, Retry) {
    // 1005 stands for a close frame without a code.
    let code = end.code.unwrap_or(1005);
    let (fault, retry) = CLOSE_CODES
        .iter()
        .find(|(known, ..)| *known == code)
        .map_or((Fault::Unknown, Retry::Backoff), |&(_, fault, retry)| {
            (fault, retry)
        });
    let reason = end.reason.as_str().to_ascii_lowercase();
    if code == 1011 && reason.contains("quota") {
        return (Fault::Quota, Retry::Never);
    }
    if end.resumed && end.stage <= Stage::Opening && matches!(code, 1007 | 1008 | 1011) {
        return (Fault::ResumeRefused, Retry::OnceFresh);
    }
    if code == 1008 && end.stage == Stage::Live {
        return (fault, Retry::OnceFresh);
    }
    (fault, retry)
}

fn by_status(end: &End) -> (Fault, Retry) {
    let status = end.status.unwrap_or(0);
    let verdict = HTTP_STATUSES
        .iter()
        .find(|row| (row.first..=row.last).contains(&status))
        .map_or((Fault::Protocol, Retry::Never), |row| {
            (row.fault, row.retry)
        });
    match (verdict, end.retry_after) {
        ((Fault::RateLimit, _), _) if end.reason.as_str().contains("insufficient_quota") => {
            (Fault::Quota, Retry::Never)
        }
        ((fault, Retry::Backoff), Some(wait)) => (fault, Retry::After(wait)),
        (verdict, _) => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_meaning() {
        let rows: &[(u16, Fault, Retry)] = &[
            (200, Fault::Protocol, Retry::Never),
            (302, Fault::Protocol, Retry::Never),
            (400, Fault::Invalid, Retry::Never),
            (401, Fault::Auth, Retry::Never),
            (403, Fault::Forbidden, Retry::Never),
            (404, Fault::NotFound, Retry::Never),
            (408, Fault::Timeout, Retry::Backoff),
            (426, Fault::Invalid, Retry::Never),
            (429, Fault::RateLimit, Retry::Backoff),
            (500, Fault::Server, Retry::Backoff),
            (501, Fault::Protocol, Retry::Never),
            (502, Fault::Server, Retry::Backoff),
            (503, Fault::Overloaded, Retry::Backoff),
            (504, Fault::Timeout, Retry::Backoff),
            (999, Fault::Protocol, Retry::Never),
        ];
        for &(status, fault, retry) in rows {
            let end = End::new(Stage::Upgrade, How::Status).with_status(status);
            assert_eq!(classify(&end), (fault, retry), "{status}");
        }
    }

    #[test]
    fn close_codes_are_read_with_stage_reason_and_resumption() {
        let close = |code, stage| End::new(stage, How::CloseFrame).with_code(code);
        let resumed = |code| End {
            resumed: true,
            ..close(code, Stage::Opening)
        };
        let rows = [
            (close(1000, Stage::Live), Fault::Closed, Retry::Backoff),
            (
                close(1001, Stage::Live),
                Fault::SessionLimit,
                Retry::Backoff,
            ),
            (close(1002, Stage::Live), Fault::Protocol, Retry::Never),
            (close(1007, Stage::Live), Fault::Invalid, Retry::Never),
            (close(1008, Stage::Opening), Fault::Invalid, Retry::Never),
            (close(1008, Stage::Live), Fault::Invalid, Retry::OnceFresh),
            (close(1011, Stage::Live), Fault::Server, Retry::Backoff),
            (
                close(1011, Stage::Live).because("You exceeded your quota"),
                Fault::Quota,
                Retry::Never,
            ),
            (close(1013, Stage::Live), Fault::Overloaded, Retry::Backoff),
            (close(4000, Stage::Live), Fault::Unknown, Retry::Backoff),
            (resumed(1007), Fault::ResumeRefused, Retry::OnceFresh),
            (resumed(1008), Fault::ResumeRefused, Retry::OnceFresh),
            (resumed(1011), Fault::ResumeRefused, Retry::OnceFresh),
            (resumed(1012), Fault::Overloaded, Retry::Backoff),
        ];
        for (end, fault, retry) in rows {
            assert_eq!(classify(&end), (fault, retry), "{end:?}");
        }
    }

    #[test]
    fn an_error_event_before_the_end_decides() {
        let mut end = End::new(Stage::Live, How::CloseFrame).with_code(1001);
        end.last_error = Some(ServerError {
            fault: Fault::SessionLimit,
            ..ServerError::default()
        });
        assert_eq!(classify(&end), (Fault::SessionLimit, Retry::Rotate));
        end.last_error = Some(ServerError {
            fault: Fault::Auth,
            ..ServerError::default()
        });
        assert_eq!(classify(&end), (Fault::Auth, Retry::Never));
    }

    #[test]
    fn retry_after_is_kept() {
        let mut end = End::new(Stage::Upgrade, How::Status).with_status(503);
        end.retry_after = Some(Duration::from_secs(7));
        assert_eq!(classify(&end).1, Retry::After(Duration::from_secs(7)));
    }
}
