//! What the end of a connection means on this wire.
//!
//! Its errors are close frames, and one code stands for many things, so that the words beside it
//! decide where they are known.

use antiphon_protocol::{End, Fault, How, Retry, Stage, classify};

/// Words of the service, in small letters, and what they mean whatever the code.
const WORDS: &[(&[&str], Fault)] = &[
    (
        &[
            "api key not valid",
            "api key expired",
            "api_key_invalid",
            "unauthenticated",
            "invalid authentication",
            "token has expired",
            "token expired",
        ],
        Fault::Auth,
    ),
    (
        &["permission denied", "permission_denied", "leaked"],
        Fault::Forbidden,
    ),
    (&["exceeded your current quota", "billing"], Fault::Quota),
    (
        &["resource exhausted", "resource_exhausted"],
        Fault::RateLimit,
    ),
];

/// Words that say that the conversation has grown too large.
const FULL: &[&str] = &[
    "context window",
    "context length",
    "token count",
    "exceeds the maximum number of tokens",
];

/// The meaning of `end`, with the words of this service where it gives any.
pub(super) fn of(end: &End) -> (Fault, Retry) {
    by_words(end).unwrap_or_else(|| classify(end))
}

fn by_words(end: &End) -> Option<(Fault, Retry)> {
    if !matches!(end.how, How::CloseFrame | How::Status) || end.code == Some(1000) {
        return None;
    }
    let words = end.reason.as_str().to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if let Some((_, fault)) = WORDS.iter().find(|(phrases, _)| says(phrases)) {
        let retry = match fault {
            Fault::RateLimit => end.retry_after.map_or(Retry::Backoff, Retry::After),
            _ => Retry::Never,
        };
        return Some((*fault, retry));
    }
    match end.code {
        // What was resumed may be what is full; a fresh conversation holds less.
        Some(1007) if says(FULL) => Some((
            Fault::ContextFull,
            if end.resumed {
                Retry::OnceFresh
            } else {
                Retry::Never
            },
        )),
        Some(1008) if says(&["not found"]) && end.stage <= Stage::Opening => {
            Some((Fault::NotFound, Retry::Never))
        }
        // The service's own limit on a session: another connection goes on by the handle.
        Some(1011) if says(&["deadline expired"]) && end.stage >= Stage::Live => {
            Some((Fault::SessionLimit, Retry::Rotate))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(stage: Stage, code: u16, resumed: bool, reason: &str) -> (Fault, Retry) {
        of(&End {
            resumed,
            ..End::new(stage, How::CloseFrame)
                .with_code(code)
                .because(reason)
        })
    }

    const DEADLINE: &str = "Deadline expired before operation could complete.";
    const QUOTA: &str = "You exceeded your current quota, please check your plan.";

    /// Stage, code, whether resumed, words; meaning and what to do.
    #[rustfmt::skip]
    const ROWS: &[(Stage, u16, bool, &str, Fault, Retry)] = &[
        (Stage::Opening, 1007, false, "API key expired. Renew.", Fault::Auth, Retry::Never),
        (Stage::Opening, 1007, false, "Unknown name \"x\"", Fault::Invalid, Retry::Never),
        (Stage::Live, 1007, false, "Invalid argument", Fault::Invalid, Retry::Never),
        (Stage::Opening, 1007, true, "Invalid handle", Fault::ResumeRefused, Retry::OnceFresh),
        (Stage::Live, 1007, true, "Invalid argument", Fault::Invalid, Retry::OnceFresh),
        (Stage::Live, 1007, false, "The token count exceeds", Fault::ContextFull, Retry::Never),
        (Stage::Live, 1007, true, "The token count exceeds", Fault::ContextFull, Retry::OnceFresh),
        (Stage::Opening, 1008, false, "models/x is not found", Fault::NotFound, Retry::Never),
        (Stage::Opening, 1008, false, "not supported", Fault::Invalid, Retry::Never),
        (Stage::Live, 1008, false, "Operation is not implemented", Fault::Invalid, Retry::OnceFresh),
        (Stage::Live, 1008, false, "Tool call id not found", Fault::Invalid, Retry::OnceFresh),
        (Stage::Live, 1011, false, DEADLINE, Fault::SessionLimit, Retry::Rotate),
        (Stage::Opening, 1011, true, DEADLINE, Fault::ResumeRefused, Retry::OnceFresh),
        (Stage::Opening, 1011, false, DEADLINE, Fault::Server, Retry::Backoff),
        (Stage::Live, 1011, false, QUOTA, Fault::Quota, Retry::Never),
        (Stage::Live, 1011, false, "Resource exhausted", Fault::RateLimit, Retry::Backoff),
        (Stage::Live, 1011, false, "Internal error", Fault::Server, Retry::Backoff),
        (Stage::Live, 1000, false, "billing", Fault::Closed, Retry::Backoff),
        (Stage::Live, 1001, false, "", Fault::SessionLimit, Retry::Rotate),
    ];

    #[test]
    fn a_code_means_what_the_words_beside_it_say() {
        for &(stage, code, resumed, reason, fault, retry) in ROWS {
            assert_eq!(
                close(stage, code, resumed, reason),
                (fault, retry),
                "{stage:?} {code} {resumed} {reason}"
            );
        }
    }

    #[test]
    fn only_the_service_itself_has_words() {
        let broken = End::new(Stage::Live, How::Io).because("permission denied (os error 13)");
        assert_eq!(of(&broken), (Fault::Network, Retry::Backoff));
        let slow = End::new(Stage::Connect, How::Deadline).because("token expired");
        assert_eq!(of(&slow), (Fault::Timeout, Retry::Backoff));
    }

    #[test]
    fn the_wait_that_the_service_asks_for_is_kept_with_its_words() {
        let wait = std::time::Duration::from_secs(7);
        let busy = End {
            retry_after: Some(wait),
            ..End::new(Stage::Upgrade, How::Status)
                .with_status(429)
                .because("RESOURCE_EXHAUSTED")
        };
        assert_eq!(of(&busy), (Fault::RateLimit, Retry::After(wait)));
    }

    #[test]
    fn a_refused_upgrade_is_read_by_its_words_too() {
        let refused = |status, body: &str| {
            of(&End::new(Stage::Upgrade, How::Status)
                .with_status(status)
                .because(body))
        };
        let key = "API key not valid. Please pass a valid API key.";
        assert_eq!(refused(400, key), (Fault::Auth, Retry::Never));
        assert_eq!(refused(400, "bad"), (Fault::Invalid, Retry::Never));
        assert_eq!(refused(429, "x"), (Fault::RateLimit, Retry::Backoff));
        assert_eq!(refused(503, ""), (Fault::Overloaded, Retry::Backoff));
    }
}
