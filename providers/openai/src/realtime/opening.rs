//! How a session opens: configuration, then history, then ready.
//!
//! The configuration is sent at once. The service speaks first with `session.created`, a socket that
//! joins a running call hears nothing before `session.updated`, and some servers wait to be spoken
//! to: all three are served. The session is ready when the service has taken in everything, not
//! when the socket is up: a wrong key shows only as an error event.

use std::collections::BTreeSet;

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{Item, ItemKind, Role};

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
    /// Whether there is history, apart from the bridge message.
    has_history: bool,
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
            ..Self::default()
        };
        let mut calls = Vec::new();
        for entry in history {
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
        }
        seed.has_history = !seed.items.is_empty();
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
        /// Whether all others were taken in.
        is_whole: bool,
        has_history: bool,
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
    Ready { seeded: bool },
}

impl Opening {
    /// The service has taken in the configuration.
    pub(crate) fn configured(&mut self) -> Step {
        let Self::Configuring { seed } = self else {
            return Step::Wait;
        };
        let has_history = seed.has_history;
        let frames = seed.frames();
        if frames.is_empty() {
            *self = Self::Ready;
            return Step::Ready { seeded: false };
        }
        *self = Self::Seeding {
            waiting: (0..frames.len()).collect(),
            is_whole: true,
            has_history,
        };
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
            waiting, is_whole, ..
        } = self
        else {
            return Step::Wait;
        };
        if waiting.remove(&index) {
            *is_whole = false;
        }
        self.settle()
    }

    fn settle(&mut self) -> Step {
        match self {
            Self::Seeding {
                waiting,
                is_whole,
                has_history,
            } if waiting.is_empty() => {
                let seeded = *is_whole && *has_history;
                *self = Self::Ready;
                Step::Ready { seeded }
            }
            _ => Step::Wait,
        }
    }
}
