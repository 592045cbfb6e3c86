//! Which commands wait for the service's word, and which word settles them.
//!
//! Neither wire answers all commands by name, so most are matched by what they did. The list is
//! bounded; what falls off it is simply never acknowledged, as many commands on these wires are not.

use std::collections::VecDeque;

use antiphon_protocol::CommandId;

/// Most commands that are waited for at once.
const LIMIT: usize = 1024;

/// Commands on their way, each with what will show that it was carried out.
#[derive(Debug)]
pub(crate) struct Receipts<Awaited> {
    open: VecDeque<(CommandId, Awaited)>,
    /// Event ids of the caller's own making.
    called: VecDeque<(String, CommandId)>,
}

impl<Awaited> Default for Receipts<Awaited> {
    fn default() -> Self {
        Self {
            open: VecDeque::new(),
            called: VecDeque::new(),
        }
    }
}

impl<Awaited> Receipts<Awaited> {
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

    /// Whether `id` waits for more.
    pub(crate) fn is_open(&self, id: CommandId) -> bool {
        self.open.iter().any(|(open, _)| *open == id)
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
            receipts.expect(CommandId::new(id), "committed");
        }
        receipts.refuse(CommandId::new(1));
        let mut settle = || receipts.settle(|awaited| *awaited == "committed");
        assert_eq!(settle(), Some(CommandId::new(2)));
        assert_eq!(settle(), Some(CommandId::new(3)));
        assert_eq!(settle(), None);
    }

    #[test]
    fn a_command_of_several_frames_is_open_until_the_last() {
        let mut receipts = Receipts::default();
        let id = CommandId::new(1);
        receipts.expect(id, 0);
        receipts.expect(id, 1);
        assert_eq!(receipts.settle(|place| *place == 0), Some(id));
        assert!(receipts.is_open(id));
        assert_eq!(receipts.settle(|place| *place == 1), Some(id));
        assert!(!receipts.is_open(id));
    }

    #[test]
    fn the_lists_are_bounded() {
        let mut receipts = Receipts::default();
        for id in 0..5000 {
            receipts.expect(CommandId::new(id), ());
            receipts.call("own", CommandId::new(id));
        }
        assert_eq!((receipts.open.len(), receipts.called.len()), (LIMIT, LIMIT));
    }
}
