//! What comes of changing the agent while it talks. The session does the work.

use antiphon_protocol::PeerText;
use thiserror::Error;

/// The configuration was not changed; the session goes on as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// It was refused, by the provider or because it cannot be sent at all; in these words.
    #[error("the configuration could not be changed: {0}")]
    Failed(PeerText),
    /// The session is over.
    #[error("the session is over")]
    Ended,
}
