//! What the end of a connection means on this wire.

use antiphon_protocol::{End, Fault, How, Retry, Stage, classify};

use crate::error::by_code;

/// The meaning of `end`, with the reasons of this service where it gives any.
pub(crate) fn of(end: &End) -> (Fault, Retry) {
    if let Some(verdict) = by_reason(end) {
        return verdict;
    }
    let (fault, retry) = classify(end);
    match (end.how, fault) {
        // The service's own trouble during the opening is not the caller's mistake.
        (How::Refused, Fault::Server | Fault::Overloaded | Fault::RateLimit | Fault::Network) => {
            (fault, Retry::Backoff)
        }
        _ => (fault, retry),
    }
}

/// Close reasons of this service read `type.code` or carry the code in a sentence.
fn by_reason(end: &End) -> Option<(Fault, Retry)> {
    if end.how != How::CloseFrame || end.code == Some(1000) {
        return None;
    }
    let reason = end.reason.as_str().to_ascii_lowercase();
    if reason.contains("maximum duration") && end.stage >= Stage::Live {
        return Some((Fault::SessionLimit, Retry::Rotate));
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (fault, benign) = reason.split(|c| !is_word(c)).find_map(by_code)?;
    match fault {
        _ if benign => None,
        Fault::SessionLimit => Some((fault, Retry::Rotate)),
        Fault::RateLimit | Fault::Overloaded | Fault::Server => Some((fault, Retry::Backoff)),
        _ => Some((fault, Retry::Never)),
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::ServerError;

    use super::*;

    // faults: A17 by a close with 4000 that names the retired shape
    #[test]
    fn ends_are_read_with_the_reason_of_this_service() {
        let close = |code| End::new(Stage::Live, How::CloseFrame).with_code(code);
        let refused = |fault| End {
            last_error: Some(ServerError {
                fault,
                ..ServerError::default()
            }),
            ..End::new(Stage::Opening, How::Refused)
        };
        let expired = "Your session hit the maximum duration of 60 minutes.";
        for (end, fault, retry) in [
            (
                close(1001).because(expired),
                Fault::SessionLimit,
                Retry::Rotate,
            ),
            (close(1001), Fault::SessionLimit, Retry::Rotate),
            (
                close(4000).because("invalid_request_error.beta_api_shape_disabled"),
                Fault::Invalid,
                Retry::Never,
            ),
            (
                close(3000).because("invalid_request_error.invalid_api_key"),
                Fault::Auth,
                Retry::Never,
            ),
            (
                close(4004).because("invalid_request_error.session_expired"),
                Fault::SessionLimit,
                Retry::Rotate,
            ),
            (
                End::new(Stage::Opening, How::CloseFrame)
                    .with_code(1011)
                    .because(expired),
                Fault::Server,
                Retry::Backoff,
            ),
            (
                close(4000).because("server_error"),
                Fault::Server,
                Retry::Backoff,
            ),
            (
                close(1011).because("invalid_request_error.response_cancel_not_active"),
                Fault::Server,
                Retry::Backoff,
            ),
            (
                close(4000).because("insufficient_quota"),
                Fault::Quota,
                Retry::Never,
            ),
            (close(4000), Fault::Unknown, Retry::Backoff),
            (
                close(1000).because("session_expired"),
                Fault::Closed,
                Retry::Backoff,
            ),
            (close(1011), Fault::Server, Retry::Backoff),
            (refused(Fault::Auth), Fault::Auth, Retry::Never),
            (refused(Fault::Invalid), Fault::Invalid, Retry::Never),
            (refused(Fault::Server), Fault::Server, Retry::Backoff),
        ] {
            assert_eq!(of(&end), (fault, retry), "{end:?}");
        }
    }

    #[test]
    fn only_a_close_frame_has_a_reason_of_this_service() {
        let words = "invalid_request_error.insufficient_quota";
        let page = End::new(Stage::Upgrade, How::Status).with_status(502);
        assert_eq!(of(&page.because(words)), (Fault::Server, Retry::Backoff));
        let broken = End::new(Stage::Live, How::Io).because(words);
        assert_eq!(of(&broken), (Fault::Network, Retry::Backoff));
    }

    #[test]
    fn an_opening_that_the_service_itself_could_not_serve_is_tried_again() {
        for (fault, retry) in [
            (Fault::Overloaded, Retry::Backoff),
            (Fault::RateLimit, Retry::Backoff),
            (Fault::Network, Retry::Backoff),
            (Fault::ContextFull, Retry::Never),
            (Fault::Unknown, Retry::Never),
        ] {
            let end = End {
                last_error: Some(ServerError {
                    fault,
                    ..ServerError::default()
                }),
                ..End::new(Stage::Opening, How::Refused)
            };
            assert_eq!(of(&end), (fault, retry));
        }
    }
}
