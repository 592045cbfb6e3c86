//! One session that several connections share: its own, and those that join it while it runs.
//!
//! A connection cannot wake the driver of another one, so the connections of a shared session look
//! after each other every 10 ms. A session with one connection does not pay for that.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use antiphon_protocol::Time;

use crate::peer::{Input, Output, Peer};

/// How often connections of a shared session look what the others have caused.
const GLANCE: Duration = Duration::from_millis(10);
/// Outputs that may wait for a connection which is not read; beyond, it is cut.
const MAX_WAITING: usize = 16_384;

/// A connection of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seat(u32);

impl Seat {
    /// The connection that opened the session.
    pub(crate) const OWN: Self = Self(0);
}

/// Whom an output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Every connection.
    All,
    /// One connection.
    Only(Seat),
    /// Those that joined.
    Joined,
}

/// A session that knows from which connection an input came, and for which an output is.
pub(crate) trait Room: Send {
    /// Like [`Peer::handle`]. [`Input::Closed`] comes only from the connection that opened it.
    fn handle(&mut self, now: Time, seat: Seat, input: Input);

    /// Whether connections have joined, told before each input.
    fn joined(&mut self, some: bool);

    /// Like [`Peer::poll_output`].
    fn poll_output(&mut self) -> Option<(To, Output)>;

    /// Like [`Peer::poll_timeout`].
    fn poll_timeout(&self) -> Option<Time>;
}

#[derive(Debug)]
struct Table<R> {
    room: R,
    waiting: BTreeMap<Seat, VecDeque<Output>>,
    /// The number of the next connection.
    next: u32,
}

impl<R: Room> Table<R> {
    fn handle(&mut self, now: Time, seat: Seat, input: Input) {
        let joined = self.waiting.keys().any(|seat| *seat != Seat::OWN);
        self.room.joined(joined);
        self.room.handle(now, seat, input);
        while let Some((to, output)) = self.room.poll_output() {
            for (seat, waiting) in &mut self.waiting {
                let meant = match to {
                    To::All => true,
                    To::Only(only) => *seat == only,
                    To::Joined => *seat != Seat::OWN,
                };
                if meant && waiting.len() < MAX_WAITING {
                    waiting.push_back(output.clone());
                } else if meant {
                    waiting.clear();
                    waiting.push_back(Output::Drop);
                }
            }
        }
    }
}

impl<R> Table<R> {
    fn is_over(&self) -> bool {
        !self.waiting.contains_key(&Seat::OWN)
    }

    /// Sends away those who were not told that the session is over.
    fn dismiss(&mut self) {
        for waiting in self.waiting.values_mut() {
            if !matches!(waiting.back(), Some(Output::Close { .. } | Output::Drop)) {
                let reason = String::new();
                waiting.push_back(Output::Close { code: 1000, reason });
            }
        }
    }
}

/// A session, as those see it who may join it; it does not keep the session alive.
#[derive(Debug)]
pub(crate) struct Handle<R>(Weak<Mutex<Table<R>>>);

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self(Weak::clone(&self.0))
    }
}

impl<R: Room> Handle<R> {
    /// Joins the session, if `allowed` says so of it and it is still there.
    pub(crate) fn join(&self, now: Time, allowed: impl FnOnce(&R) -> bool) -> Option<Seated<R>> {
        let table = self.0.upgrade()?;
        let seat = {
            let mut locked = lock(&table);
            if locked.is_over() || !allowed(&locked.room) {
                return None;
            }
            let seat = Seat(locked.next);
            locked.next = locked.next.saturating_add(1);
            locked.waiting.insert(seat, VecDeque::new());
            seat
        };
        Some(Seated { table, seat, now })
    }

    /// Whether the session's own connection is gone, even if some that joined have not left yet.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.upgrade().is_none_or(|table| lock(&table).is_over())
    }
}

/// Where running sessions are found by a name.
#[derive(Debug)]
pub(crate) struct Register<R>(Arc<Mutex<BTreeMap<String, Handle<R>>>>);

impl<R> Clone for Register<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Default for Register<R> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<R: Room> Register<R> {
    pub(crate) fn enter(&self, name: String, session: Handle<R>) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| !session.is_gone());
        sessions.insert(name, session);
    }

    pub(crate) fn find(&self, name: &str) -> Option<Handle<R>> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = sessions.get(name);
        found.filter(|session| !session.is_gone()).cloned()
    }
}

/// One connection of a session.
#[derive(Debug)]
pub(crate) struct Seated<R: Room> {
    table: Arc<Mutex<Table<R>>>,
    seat: Seat,
    /// When this connection was last looked after.
    now: Time,
}

impl<R: Room> Seated<R> {
    /// The connection that opens a session.
    pub(crate) fn open(room: R, now: Time) -> Self {
        let table = Table {
            room,
            waiting: BTreeMap::from([(Seat::OWN, VecDeque::new())]),
            next: 1,
        };
        Self {
            table: Arc::new(Mutex::new(table)),
            seat: Seat::OWN,
            now,
        }
    }

    pub(crate) fn session(&self) -> Handle<R> {
        Handle(Arc::downgrade(&self.table))
    }

    /// Looks at the session.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&R) -> T) -> T {
        at(&lock(&self.table).room)
    }

    fn leave(&mut self) {
        let mut table = lock(&self.table);
        if table.waiting.remove(&self.seat).is_some() && self.seat == Seat::OWN {
            table.handle(self.now, Seat::OWN, Input::Closed);
            table.dismiss();
        }
    }
}

impl<R: Room> Peer for Seated<R> {
    fn handle(&mut self, now: Time, input: Input) {
        self.now = now;
        if matches!(input, Input::Closed) {
            return self.leave();
        }
        lock(&self.table).handle(now, self.seat, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        lock(&self.table).waiting.get_mut(&self.seat)?.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        let table = lock(&self.table);
        let shared = table.waiting.len() > 1 || self.seat != Seat::OWN;
        let glance = shared.then(|| self.now + GLANCE);
        match self.seat {
            Seat::OWN => table.room.poll_timeout().into_iter().chain(glance).min(),
            _ => glance,
        }
    }
}

impl<R: Room> Drop for Seated<R> {
    fn drop(&mut self) {
        // A driver that is gone without a word leaves too.
        self.leave();
    }
}

/// A panic in another connection's driver leaves the session usable: a machine is never half moved.
fn lock<R>(table: &Mutex<Table<R>>) -> MutexGuard<'_, Table<R>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
