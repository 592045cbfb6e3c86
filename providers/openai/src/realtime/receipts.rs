//! Which commands wait for the service's word, and which word settles them.
//!
//! The wire answers few commands by name, so most are matched by what they did. The list is
//! bounded; what falls off it is simply never acknowledged, as most commands on this wire are not.

use std::collections::VecDeque;

use antiphon_protocol::{CommandId, ItemId, ResponseId};

/// Most commands that are waited for at once.
const LIMIT: usize = 1024;

/// What will show that a command was carried out.
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

/// Commands on their way.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    open: VecDeque<(CommandId, Awaited)>,
    /// Event ids of the caller's own making.
    called: VecDeque<(String, CommandId)>,
}

impl Receipts {
    /// `id` was sent, and this will show that it was carried out.
    pub(crate) fn expect(&mut self, id: CommandId, awaited: Awaited) {
        if self.open.len() >= LIMIT {
            self.open.pop_front();
        }
        self.open.push_back((id, awaited));
    }

    /// The oldest command that this settles.
    pub(crate) fn settle(&mut self, is_settled: impl Fn(&Awaited) -> bool) -> Option<CommandId> {
        let place = self
            .open
            .iter()
            .position(|(_, awaited)| is_settled(awaited))?;
        self.open.remove(place).map(|(id, _)| id)
    }

    /// `id` was sent under an event id of the caller's own making.
    pub(crate) fn call(&mut self, event: &str, id: CommandId) {
        if self.called.len() >= LIMIT {
            self.called.pop_front();
        }
        self.called.push_back((event.to_owned(), id));
    }

    /// The newest command that was sent under this event id.
    pub(crate) fn called(&self, event: &str) -> Option<CommandId> {
        let named = self.called.iter().rev().find(|(name, _)| name == event);
        named.map(|&(_, id)| id)
    }

    /// The service has refused `id`.
    pub(crate) fn refuse(&mut self, id: CommandId) {
        self.open.retain(|(open, _)| *open != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_settled_first_and_the_refused_never() {
        let mut receipts = Receipts::default();
        for id in 1..=3 {
            receipts.expect(CommandId::new(id), Awaited::Committed);
        }
        receipts.refuse(CommandId::new(1));
        let mut settle = || receipts.settle(|awaited| *awaited == Awaited::Committed);
        assert_eq!(settle(), Some(CommandId::new(2)));
        assert_eq!(settle(), Some(CommandId::new(3)));
        assert_eq!(settle(), None);
    }

    #[test]
    fn the_list_is_bounded() {
        let mut receipts = Receipts::default();
        for id in 0..5000 {
            receipts.expect(CommandId::new(id), Awaited::Cleared);
        }
        assert_eq!(receipts.open.len(), LIMIT);
    }
}
