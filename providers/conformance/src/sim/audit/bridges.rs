//! Words that lead over to a change: the model hears them once.
//!
//! They are said, and then part of what the conversation knows; or they stand in the instructions of a
//! connection, once, and in those of the connections that follow.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::Books;

/// Words that were said.
#[derive(Clone, Copy, Debug)]
struct Telling {
    conversation: u64,
    wire: u64,
    at: Instant,
    /// Whether the conversation went on from a moment before them.
    forgotten: bool,
}

/// The words of every change, by its number.
#[derive(Default)]
pub(super) struct Bridges {
    said: BTreeMap<u64, Vec<Telling>>,
    /// Which words stand in the instructions of a connection.
    stand: BTreeMap<u64, Vec<u64>>,
    /// Which words have stood in any.
    stood: BTreeSet<u64>,
    /// The changes that took effect.
    applied: BTreeSet<u64>,
}

impl Bridges {
    pub(super) fn applied(&mut self, number: u64) {
        self.applied.insert(number);
    }

    /// Words are said.
    pub(super) fn told(&mut self, number: u64, conversation: u64, wire: u64, at: Instant) {
        self.said.entry(number).or_default().push(Telling {
            conversation,
            wire,
            at,
            forgotten: false,
        });
    }

    /// Instructions take the place of those before. What did not hold, if anything did not.
    pub(super) fn instructed(&mut self, wire: u64, numbers: &[u64]) -> Option<String> {
        let unique: BTreeSet<&u64> = numbers.iter().collect();
        let twice = unique.len() < numbers.len();
        self.stood.extend(numbers);
        let before = self
            .stand
            .insert(wire, numbers.to_owned())
            .unwrap_or_default();
        let lost = before.into_iter().find(|number| !numbers.contains(number));
        match lost {
            _ if twice => Some(format!("instructions hold words twice: {numbers:?}")),
            Some(number) => Some(format!(
                "instructions take back the words of the change {number}"
            )),
            None => None,
        }
    }

    /// A conversation goes on from this moment, and has heard nothing after it.
    pub(super) fn rolled_back(&mut self, conversation: u64, moment: Instant) {
        for telling in self.said.values_mut().flatten() {
            telling.forgotten |= telling.conversation == conversation && telling.at >= moment;
        }
    }
}

impl Books {
    /// In each conversation the words of a change are said at most once, and those of a change that
    /// took effect were heard in one. A later conversation is told of them as of all that was said.
    pub(super) fn bridges_at_the_end(&mut self) {
        let mut failures = Vec::new();
        // An opening in vain was heard by nobody.
        let heard = |telling: &&Telling| {
            let line = self.lines.get(&telling.wire);
            line.is_some_and(|line| line.started)
        };
        for (number, said) in &self.bridges.said {
            let mut conversations = BTreeSet::new();
            let known = said.iter().filter(heard);
            let mut known = known.filter(|telling| !telling.forgotten);
            if !known.all(|telling| conversations.insert(telling.conversation)) {
                failures.push(format!("the words of the change {number} were told twice"));
            }
        }
        for number in &self.bridges.applied {
            let said = self.bridges.said.get(number);
            let said = said.is_some_and(|said| said.iter().any(|telling| heard(&telling)));
            if !said && !self.bridges.stood.contains(number) {
                failures.push(format!(
                    "the change {number} took effect, and nobody told its words"
                ));
            }
        }
        for failure in failures {
            self.fail(failure);
        }
    }
}
