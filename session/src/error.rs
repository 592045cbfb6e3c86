//! What can go wrong with a session's calls.

use antiphon_protocol::{CallId, Ended, ServerError, Unsupported};
use antiphon_transport::Undelivered;
use thiserror::Error;

/// A session could not be opened.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The configuration asks for what the provider cannot do; nothing was dialled.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The session ended before it was ready; the cause says why.
    #[error("the session could not be opened{}: {:?}: {}", place(.0), .0.cause, .0.reason)]
    Ended(Box<Ended>),
    /// No dial was given and the crate was built without one.
    #[error("no transport: give the builder a dial or enable the `tungstenite` feature")]
    NoDial,
}

/// How far the last connection had come, and the status it met there, in brackets.
fn place(ended: &Ended) -> String {
    match (ended.stage, ended.status) {
        (Some(stage), Some(status)) => format!(" ({}, status {status})", stage.name()),
        (Some(stage), None) => format!(" ({})", stage.name()),
        (None, _) => String::new(),
    }
}

/// A command was not carried out.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The provider refused it.
    #[error("the provider refused the command: {}", .0.message)]
    Rejected(Box<ServerError>),
    /// It was not sent, or not provably.
    #[error("the command was not delivered: {0:?}")]
    Undelivered(Undelivered),
    /// The wire cannot say it; nothing was sent.
    #[error(transparent)]
    Unsupported(Box<Unsupported>),
    /// A tool result that nobody waits for.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Audio that ends in the middle of a sample.
    #[error("the audio is not a whole number of samples")]
    PartialSample,
    /// Audio that was said to be base64 and is not.
    #[error("the audio is not base64")]
    NotBase64,
    /// More commands of this kind wait than may.
    #[error("too many commands are waiting")]
    Full,
    /// It waited for its turn and an interruption overtook it.
    #[error("an interruption overtook the command")]
    Interrupted,
    /// The provider did not answer in time.
    #[error("the provider did not answer in time")]
    Deadline,
    /// The session is over.
    #[error("the session is over")]
    Ended,
}

/// Why a tool result was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The model never made this call.
    #[error("no call {0} was made")]
    Unknown(CallId),
    /// The call has been answered before.
    #[error("call {0} has been answered already")]
    Answered(CallId),
    /// The call is void.
    #[error("call {0} is void: {1}")]
    Void(CallId, &'static str),
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::{EndedCause, Fault, PeerText, Stage};

    use super::*;

    #[test]
    fn a_session_that_could_not_be_opened_says_how_far_it_came() {
        let mut ended = Ended::local(EndedCause::Fault(Fault::Auth));
        ended.reason = PeerText::new("no such key");
        let sentence = |ended: &Ended| ConnectError::Ended(Box::new(ended.clone())).to_string();
        assert_eq!(
            sentence(&ended),
            "the session could not be opened: Fault(Auth): no such key"
        );
        for (stage, status, place) in [
            (Stage::Resolve, None, " (name resolution)"),
            (Stage::Proxy, Some(407), " (proxy tunnel, status 407)"),
            (
                Stage::Upgrade,
                Some(401),
                " (WebSocket upgrade, status 401)",
            ),
        ] {
            ended.stage = Some(stage);
            ended.status = status;
            assert!(sentence(&ended).contains(place), "{}", sentence(&ended));
        }
    }
}
