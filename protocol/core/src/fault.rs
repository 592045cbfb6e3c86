//! What ended a connection, what that means, and whether to try again.
//!
//! The default tables are data; a provider that knows better overrides
//! [`Provider::classify`](crate::Provider::classify).

mod tables;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::tables::{CLOSE_CODES, EndMeaning, EndWhen, HTTP_STATUSES, UNKNOWN_RETRIES};

use self::tables::meaning;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Headers of a refused upgrade: those that explain it, as in
    /// [`Refusal::headers`](crate::Refusal::headers).
    pub headers: Vec<(String, PeerText)>,
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
            headers: Vec::new(),
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
    meaning(CLOSE_CODES, end.code.unwrap_or(1005), end)
}

fn by_status(end: &End) -> (Fault, Retry) {
    let verdict = meaning(HTTP_STATUSES, end.status.unwrap_or(0), end);
    match (verdict, end.retry_after) {
        ((fault, Retry::Backoff), Some(wait)) => (fault, Retry::After(wait)),
        (verdict, _) => verdict,
    }
}
