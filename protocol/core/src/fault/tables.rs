//! What close codes and statuses mean, as tables. The first row that fits decides.

use super::{End, Fault, Retry, Stage};

/// How often a link tries again after ends whose close code nobody knows, before health is proven.
pub const UNKNOWN_RETRIES: u32 = 3;

/// A range of codes with one meaning under one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMeaning {
    /// First code; it belongs to the range.
    pub first: u16,
    /// Last code; it belongs to the range.
    pub last: u16,
    /// What else has to be so.
    pub when: EndWhen,
    /// What it means.
    pub fault: Fault,
    /// What to do.
    pub retry: Retry,
}

/// What has to be so for a [`EndMeaning`] to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndWhen {
    /// Nothing.
    Always,
    /// The peer's words hold this one, in capitals or not.
    Says(&'static str),
    /// The connection was opened with a resume handle and was not ready yet.
    Resuming,
    /// The connection was opened with a resume handle.
    Resumed,
    /// The conversation was under way.
    Live,
}

impl EndWhen {
    fn holds(self, end: &End) -> bool {
        match self {
            Self::Always => true,
            Self::Says(word) => end.reason.as_str().to_ascii_lowercase().contains(word),
            Self::Resuming => end.resumed && end.stage <= Stage::Opening,
            Self::Resumed => end.resumed,
            Self::Live => end.stage == Stage::Live,
        }
    }
}

impl EndMeaning {
    /// Whether this row fits `code` under the circumstances of `end`.
    pub fn holds(&self, code: u16, end: &End) -> bool {
        (self.first..=self.last).contains(&code) && self.when.holds(end)
    }
}

const fn row(first: u16, last: u16, when: EndWhen, fault: Fault, retry: Retry) -> EndMeaning {
    EndMeaning {
        first,
        last,
        when,
        fault,
        retry,
    }
}

/// What a peer's close code means when its error events say nothing.
///
/// Of the codes that WebSocket leaves to applications, words decide where they are known; else they
/// are worth [`UNKNOWN_RETRIES`] attempts.
pub const CLOSE_CODES: &[EndMeaning] = &[
    row(1000, 1000, EndWhen::Always, Fault::Closed, Retry::Backoff),
    row(
        1001,
        1001,
        EndWhen::Always,
        Fault::SessionLimit,
        Retry::Rotate,
    ),
    row(1002, 1003, EndWhen::Always, Fault::Protocol, Retry::Never),
    // 1005 and 1006 stand for a close frame without a code, and for none at all.
    row(1005, 1006, EndWhen::Always, Fault::Network, Retry::Backoff),
    row(
        1007,
        1007,
        EndWhen::Resuming,
        Fault::ResumeRefused,
        Retry::OnceFresh,
    ),
    // What the old conversation held may be what is refused; a fresh one does not hold it.
    row(
        1007,
        1007,
        EndWhen::Resumed,
        Fault::Invalid,
        Retry::OnceFresh,
    ),
    row(1007, 1007, EndWhen::Always, Fault::Invalid, Retry::Never),
    row(
        1008,
        1008,
        EndWhen::Resuming,
        Fault::ResumeRefused,
        Retry::OnceFresh,
    ),
    row(1008, 1008, EndWhen::Live, Fault::Invalid, Retry::OnceFresh),
    row(1008, 1008, EndWhen::Always, Fault::Invalid, Retry::Never),
    row(1009, 1009, EndWhen::Always, Fault::TooLarge, Retry::Never),
    row(1010, 1010, EndWhen::Always, Fault::Protocol, Retry::Never),
    row(
        1011,
        1011,
        EndWhen::Says("quota"),
        Fault::Quota,
        Retry::Never,
    ),
    row(
        1011,
        1011,
        EndWhen::Resuming,
        Fault::ResumeRefused,
        Retry::OnceFresh,
    ),
    row(1011, 1011, EndWhen::Always, Fault::Server, Retry::Backoff),
    row(
        1012,
        1013,
        EndWhen::Always,
        Fault::Overloaded,
        Retry::Backoff,
    ),
    row(1015, 1015, EndWhen::Always, Fault::Tls, Retry::Never),
    row(
        3000,
        4999,
        EndWhen::Says("quota"),
        Fault::Quota,
        Retry::Never,
    ),
    row(0, u16::MAX, EndWhen::Always, Fault::Unknown, Retry::Backoff),
];

/// What the status of a refused upgrade means.
pub const HTTP_STATUSES: &[EndMeaning] = &[
    row(200, 299, EndWhen::Always, Fault::Protocol, Retry::Never),
    // A credential is never sent after a redirect.
    row(300, 399, EndWhen::Always, Fault::Protocol, Retry::Never),
    row(401, 401, EndWhen::Always, Fault::Auth, Retry::Never),
    row(403, 403, EndWhen::Always, Fault::Forbidden, Retry::Never),
    row(404, 404, EndWhen::Always, Fault::NotFound, Retry::Never),
    row(408, 408, EndWhen::Always, Fault::Timeout, Retry::Backoff),
    row(
        429,
        429,
        EndWhen::Says("insufficient_quota"),
        Fault::Quota,
        Retry::Never,
    ),
    row(429, 429, EndWhen::Always, Fault::RateLimit, Retry::Backoff),
    row(400, 499, EndWhen::Always, Fault::Invalid, Retry::Never),
    row(500, 500, EndWhen::Always, Fault::Server, Retry::Backoff),
    row(502, 502, EndWhen::Always, Fault::Server, Retry::Backoff),
    row(503, 503, EndWhen::Always, Fault::Overloaded, Retry::Backoff),
    row(504, 504, EndWhen::Always, Fault::Timeout, Retry::Backoff),
    row(0, u16::MAX, EndWhen::Always, Fault::Protocol, Retry::Never),
];

/// What `code` means in `table` under the circumstances of `end`.
pub(super) fn meaning(table: &[EndMeaning], code: u16, end: &End) -> (Fault, Retry) {
    table
        .iter()
        .find(|row| row.holds(code, end))
        .map_or((Fault::Unknown, Retry::Never), |row| (row.fault, row.retry))
}
