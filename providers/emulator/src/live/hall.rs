//! Where the sessions of one emulator are found by their ids: those that run, for sidebands, and
//! those that were stored, for forks.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Session, config::Config};
use crate::joint::{Handle, Register};

/// Stored sessions that are kept; the oldest goes when one more is stored.
const MAX_STORED: usize = 64;

/// The sessions of one emulator.
#[derive(Clone, Debug, Default)]
pub struct Hall {
    running: Register<Session>,
    stored: Arc<Mutex<VecDeque<Stored>>>,
}

/// What is left of a session that was stored.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) config: Config,
    /// How far its script was played.
    pub(super) next_turn: usize,
}

impl Hall {
    /// A hall without sessions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a session with this id is running.
    pub(crate) fn has_running(&self, id: &str) -> bool {
        self.running(id).is_some()
    }

    /// Whether a session with this id was stored and has ended.
    pub(crate) fn has_stored(&self, id: &str) -> bool {
        self.stored(id).is_some()
    }

    pub(super) fn enter(&self, id: String, session: Handle<Session>) {
        self.running.enter(id, session);
    }

    pub(super) fn running(&self, id: &str) -> Option<Handle<Session>> {
        self.running.find(id)
    }

    pub(super) fn store(&self, session: Stored) {
        let mut stored = self.books();
        if stored.len() >= MAX_STORED {
            stored.pop_front();
        }
        stored.push_back(session);
    }

    pub(super) fn stored(&self, id: &str) -> Option<Stored> {
        self.books().iter().find(|stored| stored.id == id).cloned()
    }

    fn books(&self) -> MutexGuard<'_, VecDeque<Stored>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
