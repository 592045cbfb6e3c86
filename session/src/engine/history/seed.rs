//! What a connection that knows nothing is told.
//!
//! The application's own words come before all else, then the newest of what was said, without a gap.
//! A call is told with its answer, or while it still waits for one where the provider can take the
//! answer later; else not at all. What will be sent by itself is left out.

use std::collections::BTreeSet;

use antiphon_protocol::{CallId, CommandId, Item, SeedLimits};

use super::{History, answer_to, call_of, is_instruction, is_spoken};

/// How much of it fits.
struct Room {
    items: usize,
    bytes: usize,
}

impl Room {
    /// Takes the room of these, if there is so much.
    fn take(&mut self, items: &[&Item]) -> bool {
        let bytes: usize = items.iter().map(|item| item.payload_bytes()).sum();
        let fits = items.len() <= self.items && bytes <= self.bytes;
        if fits {
            self.items -= items.len();
            self.bytes -= bytes;
        }
        fits
    }
}

impl History {
    /// What fits, oldest first. `can_wait` names calls whose answer may come later; `waits` what will
    /// be sent by itself.
    pub(crate) fn seed(
        &self,
        limits: SeedLimits,
        can_wait: impl Fn(&CallId) -> bool,
        waits: impl Fn(CommandId) -> bool,
    ) -> Vec<Item> {
        let known: Vec<&Item> = self
            .entries
            .iter()
            .filter(|entry| is_spoken(&entry.item) && !entry.withheld)
            .filter(|entry| !entry.command.is_some_and(&waits))
            .map(|entry| &entry.item)
            .collect();
        let mut room = Room {
            items: limits.items,
            bytes: limits.bytes,
        };
        let mut told: BTreeSet<usize> = BTreeSet::new();
        for (place, item) in known.iter().enumerate().rev() {
            if is_instruction(item) && !room.take(&[item]) {
                break;
            } else if is_instruction(item) {
                told.insert(place);
            }
        }
        for (place, item) in known.iter().enumerate().rev() {
            let unit: Vec<usize> = match (call_of(item), answer_to(item)) {
                _ if told.contains(&place) || is_instruction(item) => continue,
                (Some(call), _) if can_wait(call) => vec![place],
                // Answered calls were taken with their answers.
                (Some(_), _) => continue,
                (_, Some(answered)) => {
                    let call = known
                        .iter()
                        .position(|item| call_of(item) == Some(answered));
                    // An answer whose call is gone would answer nothing.
                    let Some(call) = call else { continue };
                    vec![call, place]
                }
                (None, None) => vec![place],
            };
            let items: Vec<&Item> = unit
                .iter()
                .filter_map(|place| known.get(*place).copied())
                .collect();
            if !room.take(&items) {
                break;
            }
            told.extend(unit);
        }
        told.into_iter()
            .filter_map(|place| known.get(place))
            .map(|item| Item {
                id: None,
                ..(*item).clone()
            })
            .collect()
    }
}

/// Calls of a seed that it tells no answer of.
pub(crate) fn open_calls(seed: &[Item]) -> BTreeSet<CallId> {
    let answered: BTreeSet<&CallId> = seed.iter().filter_map(answer_to).collect();
    seed.iter()
        .filter_map(call_of)
        .filter(|call| !answered.contains(call))
        .cloned()
        .collect()
}
