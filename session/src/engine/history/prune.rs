//! What goes when there is too much.
//!
//! The oldest goes first, a call together with its answer. Calls that wait for their answer go only
//! when nothing else is left, and orders and knowledge of the application's own after those. The newest
//! entry always stays. What went is counted, and is told to no later connection.

use std::collections::BTreeSet;

use antiphon_protocol::CallId;

use super::{Entry, History, answer_to, call_of, is_instruction, size::Size};

/// Most bytes that are kept, whatever their tokens: pictures have few.
const BYTES: usize = 1 << 20;

/// When an entry goes: the lesser first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Said,
    Waits,
    Instruction,
}

impl History {
    pub(super) fn prune(&mut self) {
        while self.is_too_much()
            && let Some(place) = self.least()
        {
            self.remove_unit(place);
        }
    }

    fn is_too_much(&self) -> bool {
        let (items, tokens) = self.most;
        self.entries.len() > items || self.size.tokens() > tokens || self.size.bytes > BYTES
    }

    /// The place of what goes next.
    fn least(&self) -> Option<usize> {
        let candidates = self.entries.len().checked_sub(1)?;
        // Nearly always the oldest is it, and then nothing needs to be looked up.
        let oldest = self.entries.front().filter(|_| candidates > 0)?;
        if call_of(&oldest.item).is_none() && !is_instruction(&oldest.item) {
            return Some(0);
        }
        let answered: BTreeSet<&CallId> = self
            .entries
            .iter()
            .filter_map(|entry| answer_to(&entry.item))
            .collect();
        let rank = |entry: &Entry| match call_of(&entry.item) {
            _ if is_instruction(&entry.item) => Rank::Instruction,
            Some(call) if !answered.contains(call) => Rank::Waits,
            _ => Rank::Said,
        };
        let ranked = self.entries.iter().take(candidates).enumerate();
        ranked
            .min_by_key(|(place, entry)| (rank(entry), *place))
            .map(|(place, _)| place)
    }

    /// Removes an entry, and with a call its answer, or the other way round.
    fn remove_unit(&mut self, place: usize) {
        let Some(entry) = self.entries.remove(place) else {
            return;
        };
        self.count(entry.size);
        let partner = match (call_of(&entry.item), answer_to(&entry.item)) {
            (Some(call), _) => self.place_of(|entry| answer_to(&entry.item) == Some(call)),
            (_, Some(call)) => self.place_of(|entry| call_of(&entry.item) == Some(call)),
            (None, None) => None,
        };
        if let Some(partner) = partner.and_then(|place| self.entries.remove(place)) {
            self.count(partner.size);
        }
    }

    fn place_of(&self, wanted: impl Fn(&Entry) -> bool) -> Option<usize> {
        self.entries.iter().position(wanted)
    }

    fn count(&mut self, size: Size) {
        self.size = self.size - size;
        self.pruned_size = self.pruned_size + size;
        self.pruned += 1;
    }
}
