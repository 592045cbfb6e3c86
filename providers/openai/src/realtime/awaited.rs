//! What shows that a command was carried out.

use antiphon_protocol::{ItemId, ResponseId};

/// The event that settles a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// `session.updated`
    Updated,
    /// `input_audio_buffer.committed`
    Committed,
    /// `input_audio_buffer.cleared`
    Cleared,
    /// The item of this id joins the conversation.
    Added(String),
    /// `conversation.item.truncated` of this item.
    Truncated(ItemId),
    /// `conversation.item.deleted` of this item.
    Deleted(ItemId),
    /// The end of this response, or of any, as cancelled.
    Cancelled(Option<ResponseId>),
}
