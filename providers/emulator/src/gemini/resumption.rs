//! Sessions that outlive their connection: handles, what they restore, and who may use them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_protocol::{Secret, Time, WallTime};
use serde_json::json;

use super::{Connection, refusal::Refusal, usage::Tokens};
use crate::story::Story;

/// Sessions kept; the oldest that no connection holds goes when one more begins.
const MAX_SESSIONS: usize = 1_024;
/// With transparent resumption, a newer handle after this many messages of the client.
const MESSAGES_PER_HANDLE: u64 = 50;

/// The sessions of a service, shared by its connections. A handle is good for one resumption, and
/// only the newest of a session is good at all.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<Shelf>>);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions({})", self.lock().kept.len())
    }
}

#[derive(Default)]
struct Shelf {
    kept: BTreeMap<u64, Kept>,
    next: u64,
}

#[derive(Default)]
struct Kept {
    newest: Option<(Secret, Snapshot, WallTime)>,
    /// Whether a connection holds the session.
    open: bool,
}

/// The state of a session at the time of a handle.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) story: Story,
    pub(super) context: Tokens,
    pub(super) turns: u64,
    /// How long the session has lived.
    pub(super) lived: Duration,
}

/// Why a handle does not resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Unknown, used, replaced by a newer one, or too old.
    Invalid,
    /// The connection before still holds the session.
    Open,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        // Nothing under the lock leaves the shelf half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new session, held by the connection that asks.
    pub(super) fn begin(&self) -> Lease {
        let mut shelf = self.lock();
        if shelf.kept.len() >= MAX_SESSIONS {
            let free = shelf.kept.iter().find(|(_, kept)| !kept.open);
            if let Some(number) = free.map(|(number, _)| *number) {
                shelf.kept.remove(&number);
            }
        }
        let number = shelf.next;
        shelf.next += 1;
        let kept = Kept {
            newest: None,
            open: true,
        };
        shelf.kept.insert(number, kept);
        Lease {
            sessions: self.clone(),
            number,
        }
    }

    /// Hands the session of `handle` over to the connection that asks. The handle is used up.
    pub(super) fn resume(
        &self,
        handle: &Secret,
        now: WallTime,
        lifetime: Duration,
    ) -> Result<(Lease, Snapshot), Unusable> {
        let mut shelf = self.lock();
        let holds = |kept: &Kept| {
            let newest = kept.newest.as_ref();
            newest.is_some_and(|(newest, ..)| newest.expose() == handle.expose())
        };
        let found = shelf.kept.iter_mut().find(|(_, kept)| holds(kept));
        let (number, kept) = found.ok_or(Unusable::Invalid)?;
        if kept.open {
            return Err(Unusable::Open);
        }
        let (_, snapshot, since) = kept.newest.take().ok_or(Unusable::Invalid)?;
        if now.saturating_since(since) > lifetime {
            return Err(Unusable::Invalid);
        }
        kept.open = true;
        let lease = Lease {
            sessions: self.clone(),
            number: *number,
        };
        Ok((lease, snapshot))
    }
}

/// The hold of a connection on its session; dropping it lets another connection resume.
#[derive(Debug)]
pub(super) struct Lease {
    sessions: Sessions,
    number: u64,
}

impl Lease {
    fn keep(&self, handle: Secret, snapshot: Snapshot, now: WallTime) {
        if let Some(kept) = self.sessions.lock().kept.get_mut(&self.number) {
            kept.newest = Some((handle, snapshot, now));
        }
    }

    /// The session is over: no handle resumes it.
    pub(super) fn forget(&self) {
        self.sessions.lock().kept.remove(&self.number);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut shelf = self.sessions.lock();
        match shelf.kept.get_mut(&self.number) {
            Some(kept) if kept.newest.is_some() => kept.open = false,
            _ => _ = shelf.kept.remove(&self.number),
        }
    }
}

/// What a connection that can be resumed knows about it.
#[derive(Debug)]
pub(super) struct Resumption {
    lease: Lease,
    transparent: bool,
    announced: Announced,
    /// Messages of the client that the newest handle covers.
    covers: u64,
}

/// What the client was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announced {
    Nothing,
    NotResumable,
    /// A handle, after this many turns and with this much context.
    Handle(u64, Tokens),
}

impl Resumption {
    pub(super) fn new(lease: Lease, transparent: bool) -> Self {
        Self {
            lease,
            transparent,
            announced: Announced::Nothing,
            covers: 0,
        }
    }

    pub(super) fn forget(&self) {
        self.lease.forget();
    }
}

impl Connection {
    /// The calendar at `now`.
    pub(super) fn wall(&self, now: Time) -> WallTime {
        let since = u64::try_from((now - self.limits.opened).as_millis()).unwrap_or(u64::MAX);
        let opened = self.settings.opened_at.as_unix_millis();
        WallTime::from_unix_millis(opened.saturating_add(since))
    }

    /// Takes a session up again, or begins one.
    ///
    /// # Errors
    /// When the handle does not resume.
    pub(super) fn take_up(
        &mut self,
        now: Time,
        handle: Option<&Secret>,
    ) -> Result<Lease, Unusable> {
        let sessions = self.settings.sessions.clone();
        let Some(handle) = handle else {
            return Ok(sessions.begin());
        };
        let lifetime = self.settings.handle_lifetime;
        let (lease, snapshot) = sessions.resume(handle, self.wall(now), lifetime)?;
        let script = Arc::clone(&self.settings.script);
        self.story = snapshot.story.in_script(script);
        self.context = snapshot.context;
        self.turns = snapshot.turns;
        self.limits.lived = snapshot.lived;
        Ok(lease)
    }

    /// Tells the client whether and by what handle the session can be resumed, if that has changed.
    pub(super) fn announce_handle(&mut self, now: Time) {
        let idle = self.is_idle();
        let Some(resumption) = &self.resumption else {
            return;
        };
        let state = Announced::Handle(self.turns, self.context);
        let behind = self.consumed - resumption.covers;
        let stale = resumption.transparent && behind >= MESSAGES_PER_HANDLE;
        let announced = resumption.announced;
        if !idle && announced != Announced::NotResumable {
            self.announce(Announced::NotResumable);
            self.out.push(json!({"sessionResumptionUpdate": {}}));
        } else if idle && (announced != state || stale) {
            self.give_handle(now);
            self.announce(state);
        }
    }

    fn announce(&mut self, what: Announced) {
        if let Some(resumption) = &mut self.resumption {
            resumption.announced = what;
        }
    }

    fn give_handle(&mut self, now: Time) {
        let handle = self.ids.uuid();
        let wall = self.wall(now);
        let snapshot = Snapshot {
            story: self.story.clone(),
            context: self.context,
            turns: self.turns,
            lived: self.limits.lived_by(now),
        };
        let consumed = self.consumed;
        let Some(resumption) = &mut self.resumption else {
            return;
        };
        resumption.covers = consumed;
        let mut update = json!({"newHandle": handle, "resumable": true});
        if resumption.transparent
            && let Some(members) = update.as_object_mut()
        {
            let index = consumed.to_string();
            members.insert("lastConsumedClientMessageIndex".to_owned(), index.into());
        }
        resumption.lease.keep(Secret::from(handle), snapshot, wall);
        self.out.push(json!({ "sessionResumptionUpdate": update }));
    }
}

/// What ends a connection whose handle does not resume.
impl From<Unusable> for Refusal {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Invalid => Self::invalid(
                "Invalid session resumption handle in 'setup.session_resumption.handle'.",
            ),
            Unusable::Open => Self {
                code: 1011,
                reason: "The session is still in use by another connection.".to_owned(),
            },
        }
    }
}
