//! How a session opens: configuration, then history, then ready.
//!
//! The configuration is sent at once. The service speaks first with `session.created`, a socket that
//! joins a running call hears nothing before `session.updated`, and some servers wait to be spoken
//! to: all three are served. The session is ready when the service has taken in everything, not
//! when the socket is up: a wrong key shows only as an error event.

use std::collections::BTreeSet;

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{Item, ItemKind, Role, Seeded};

use super::{
    dialect::Dialect,
    item::{self, Unsayable},
};
use crate::names;

/// What is replayed into a new conversation.
#[derive(Debug, Default)]
pub(crate) struct Seed {
    items: Vec<wire::Item>,
    dialect: Dialect,
    /// How many entries the history has.
    given: usize,
    /// The place of each item in the history; the bridge message has none.
    places: Vec<usize>,
}

impl Seed {
    /// History, oldest first, and the message that explains the change of connection.
    ///
    /// Ids of the old conversation mean nothing in the new one, so each item gets one of this
    /// side's. An answer whose call is not part of the history would be refused and is told in
    /// words. Speech without a transcript and items of hosted tools cannot be replayed.
    pub(crate) fn new(history: &[Item], bridge: Option<&str>, dialect: Dialect) -> Self {
        let mut seed = Self {
            dialect,
            given: history.len(),
            ..Self::default()
        };
        let mut calls = Vec::new();
        for (place, entry) in history.iter().enumerate() {
            match &entry.kind {
                ItemKind::ToolCall(call) => {
                    calls.push(&call.id);
                    seed.push(entry);
                }
                ItemKind::ToolResult(result) if !calls.contains(&&result.call) => {
                    let told = format!("Result of {}: {}", result.name, result.output);
                    seed.push(&Item::text(Role::System, told));
                }
                _ => seed.push(entry),
            }
            if seed.places.len() < seed.items.len() {
                seed.places.push(place);
            }
        }
        if let Some(bridge) = bridge {
            seed.push(&Item::text(Role::System, bridge));
        }
        seed
    }

    fn push(&mut self, item: &Item) {
        let id = names::seed(self.items.len());
        if let Ok(Some(item)) = item::outgoing(item, id, self.dialect, Unsayable::LeaveOut) {
            self.items.push(item);
        }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// What is known of the history when these items were refused.
    fn seeded(&self, refused: &BTreeSet<usize>) -> Seeded {
        let told = |place: usize| {
            let item = self.places.binary_search(&place);
            item.is_ok_and(|item| !refused.contains(&item))
        };
        let left_out = (0..self.given).filter(|place| !told(*place));
        Seeded::but(self.given, left_out.collect())
    }

    fn frames(&mut self) -> Vec<wire::ClientEvent> {
        std::mem::take(&mut self.items)
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                wire::ConversationItemCreate::new(item)
                    .with_event_id(names::seed(index))
                    .into()
            })
            .collect()
    }
}

/// How far the opening has come.
#[derive(Debug)]
pub(crate) enum Opening {
    /// The configuration is on its way.
    Configuring {
        /// What follows.
        seed: Seed,
    },
    /// History is on its way.
    Seeding {
        /// Items whose fate is not known.
        waiting: BTreeSet<usize>,
        /// Those that the service refused.
        refused: BTreeSet<usize>,
        /// What they were made of.
        seed: Seed,
    },
    /// The session is in use.
    Ready,
    /// The service refused it.
    Refused,
}

/// What a step of the opening leads to.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing yet.
    Wait,
    /// History is due.
    Send(Vec<wire::ClientEvent>),
    /// The session is ready.
    Ready { seeded: Seeded },
}

impl Opening {
    /// The service has taken in the configuration.
    pub(crate) fn configured(&mut self) -> Step {
        let Self::Configuring { seed } = self else {
            return Step::Wait;
        };
        let mut seed = std::mem::take(seed);
        let frames = seed.frames();
        *self = Self::Seeding {
            waiting: (0..frames.len()).collect(),
            refused: BTreeSet::new(),
            seed,
        };
        if frames.is_empty() {
            return self.settle();
        }
        Step::Send(frames)
    }

    /// An item joined the conversation. Servers that give items ids of their own keep their order.
    pub(crate) fn added(&mut self, id: Option<&str>) -> Step {
        let Self::Seeding { waiting, .. } = self else {
            return Step::Wait;
        };
        let own = id.and_then(names::origin).and_then(|origin| match origin {
            names::Origin::Seed(index) => Some(index),
            _ => None,
        });
        match own {
            Some(index) => drop(waiting.remove(&index)),
            None => drop(waiting.pop_first()),
        }
        self.settle()
    }

    /// The service refused an item of history.
    pub(crate) fn rejected(&mut self, index: usize) -> Step {
        let Self::Seeding {
            waiting, refused, ..
        } = self
        else {
            return Step::Wait;
        };
        if waiting.remove(&index) {
            refused.insert(index);
        }
        self.settle()
    }

    fn settle(&mut self) -> Step {
        match self {
            Self::Seeding {
                waiting,
                refused,
                seed,
            } if waiting.is_empty() => {
                let seeded = seed.seeded(refused);
                *self = Self::Ready;
                Step::Ready { seeded }
            }
            _ => Step::Wait,
        }
    }
}
