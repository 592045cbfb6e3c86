//! A second account of every call of a tool, and of every command.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_transport::Undelivered;

use crate::{CallError, SessionError, engine::Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    Open,
    Answered(u64),
    Void,
}

/// The calls that the session has told of.
#[derive(Default)]
pub(super) struct Calls {
    known: BTreeMap<String, Call>,
    /// Those that were not void when the server last gave a handle.
    reached: BTreeSet<String>,
}

impl Calls {
    pub(super) fn announced(&mut self, call: &str) {
        let before = self.known.insert(call.to_owned(), Call::Open);
        assert_eq!(before, None, "{call} is announced twice");
    }

    pub(super) fn open(&self) -> Vec<String> {
        let open = self.known.iter().filter(|(_, call)| **call == Call::Open);
        open.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn any(&self, which: u8) -> String {
        let nth = self.known.keys().nth(usize::from(which));
        nth.cloned().unwrap_or_else(|| "never-made".to_owned())
    }

    /// Whether all of these wait for an answer, each named once.
    pub(super) fn wait_for(&self, calls: &[String]) -> bool {
        let named: BTreeSet<_> = calls.iter().collect();
        named.len() == calls.len()
            && calls
                .iter()
                .all(|call| self.known.get(call) == Some(&Call::Open))
    }

    pub(super) fn answered(&mut self, id: u64, calls: &[String]) {
        for call in calls {
            self.known.insert(call.clone(), Call::Answered(id));
        }
    }

    /// An answer came back. What the lost connection may have got is not given again.
    pub(super) fn returned(&mut self, id: u64, lost: bool) {
        for call in self
            .known
            .values_mut()
            .filter(|call| **call == Call::Answered(id))
        {
            *call = if lost { Call::Void } else { Call::Open };
        }
    }

    /// Another process goes on with these, which were open or whose answers had not left. Returns the
    /// commands that had brought those.
    pub(super) fn kept(&mut self, open: &[&str], heard: &BTreeSet<String>) -> BTreeSet<u64> {
        let mut unsent = BTreeSet::new();
        for (name, call) in &mut self.known {
            if let Call::Answered(id) = call
                && !heard.contains(name)
            {
                unsent.insert(*id);
                *call = Call::Open;
            }
        }
        let kept: BTreeSet<_> = open.iter().map(ToString::to_string).collect();
        assert_eq!(kept, self.open().into_iter().collect(), "kept, and open");
        unsent
    }

    /// Whether this command was taken as the answer to something.
    pub(super) fn is_answered_by(&self, id: u64) -> bool {
        self.known.values().any(|call| *call == Call::Answered(id))
    }

    /// The provider withdraws a call.
    pub(super) fn withdrawn(&mut self, call: &str) {
        if let Some(call) = self.known.get_mut(call).filter(|call| **call == Call::Open) {
            *call = Call::Void;
        }
    }

    /// The server speaks of its handle.
    pub(super) fn handle(&mut self, given: bool) {
        if given {
            self.reach();
        }
    }

    fn reach(&mut self) {
        let live = self.known.iter().filter(|(_, call)| **call != Call::Void);
        self.reached = live.map(|(name, _)| name.clone()).collect();
    }

    /// A new connection took over: it knows the calls that its handle leads to, or none, and says so.
    pub(super) fn rotated(&mut self, resumed: bool, void: &[String]) {
        let unknown = |call: &String| !resumed || !self.reached.contains(call);
        let unknown: BTreeSet<_> = self.open().into_iter().filter(unknown).collect();
        let named: BTreeSet<_> = void.iter().cloned().collect();
        assert_eq!(named.len(), void.len(), "{void:?} are void twice");
        assert_eq!(named, unknown, "void, and unknown to the new connection");
        for call in void {
            self.known.insert(call.clone(), Call::Void);
        }
        self.reach();
    }
}

/// What a caller has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Reaches the provider in one frame.
    Frame,
    /// The same, and it becomes part of what was said.
    Words,
    Answer(Vec<String>),
    Other,
}

#[derive(Default)]
pub(super) struct Asked {
    open: BTreeMap<u64, Wish>,
    heard: BTreeMap<u64, u32>,
    never: BTreeSet<u64>,
}

impl Asked {
    pub(super) fn ask(&mut self, id: u64, wish: Wish) {
        self.open.insert(id, wish);
    }

    /// The server hears a command.
    pub(super) fn hear(&mut self, id: u64) {
        assert!(
            !self.never.contains(&id),
            "{id} came back, and leaves after all"
        );
        *self.heard.entry(id).or_default() += 1;
    }

    pub(super) fn was_heard(&self, id: u64) -> bool {
        self.heard.contains_key(&id)
    }

    pub(super) fn open(&self) -> Vec<u64> {
        self.open.keys().copied().collect()
    }

    /// The process that asked is no more.
    pub(super) fn forget(&mut self) {
        self.open.clear();
    }

    /// A caller is answered. Returns what it had wished, and whether that came back.
    pub(super) fn answer(&mut self, id: u64, outcome: &Outcome) -> (Wish, Option<Returned>) {
        let wish = self.open.remove(&id);
        let wish = wish.unwrap_or_else(|| panic!("{id} is answered twice"));
        if wish == Wish::Other {
            return (wish, None);
        }
        let heard = self.heard.get(&id).copied().unwrap_or(0);
        let returned = match outcome {
            Outcome::Failed(SessionError::Undelivered(Undelivered::Lost)) => Some(Returned::Lost),
            Outcome::Failed(SessionError::Call(
                CallError::Unknown(_) | CallError::Answered(_) | CallError::Void(..),
            )) => Some(Returned::Refused),
            Outcome::Failed(SessionError::Ended) => None,
            Outcome::Failed(SessionError::Rejected(_)) => None,
            Outcome::Failed(_) => Some(Returned::Unsent),
            _ => {
                assert_eq!(heard, 1, "{id} is said to be delivered: {wish:?}");
                None
            }
        };
        if matches!(returned, Some(Returned::Unsent | Returned::Refused)) {
            assert_eq!(heard, 0, "{id} is said not to have been sent: {outcome:?}");
            self.never.insert(id);
        }
        (wish, returned)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// It was not sent.
    Unsent,
    /// It may have been sent.
    Lost,
    /// It answers nothing.
    Refused,
}
