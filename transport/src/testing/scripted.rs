//! A dial whose outcome and whose wires a test decides.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use antiphon_protocol::{End, Stage};
use async_trait::async_trait;

use super::pipe::{self, PeerWire};
use crate::{Dial, DialRequest, WirePair};

#[derive(Default)]
struct Script {
    held: bool,
    refusals: VecDeque<End>,
    dials: usize,
    in_flight: usize,
    most_in_flight: usize,
    accepted: VecDeque<PeerWire>,
    wakers: Vec<Waker>,
}

impl Script {
    fn wake(&mut self) {
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Script>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Dial`] without a network. Its other side is the [`ScriptedPeer`] made with it.
#[derive(Clone)]
pub struct ScriptedDial(Shared);

/// The test's hold on a [`ScriptedDial`]: decides whether dials succeed, and takes their wires.
#[derive(Clone)]
pub struct ScriptedPeer(Shared);

impl fmt::Debug for ScriptedDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedDial").finish_non_exhaustive()
    }
}

impl fmt::Debug for ScriptedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedPeer")
            .field("dials", &self.dials())
            .finish_non_exhaustive()
    }
}

impl ScriptedDial {
    /// A dial that succeeds at once, and the hold on it.
    pub fn new() -> (Self, ScriptedPeer) {
        let shared = Shared::default();
        (Self(shared.clone()), ScriptedPeer(shared))
    }
}

impl ScriptedPeer {
    /// The next wire that was opened. Cancel safe.
    pub async fn accept(&self) -> PeerWire {
        poll_fn(|cx| {
            let mut script = self.0.lock();
            if let Some(wire) = script.accepted.pop_front() {
                return Poll::Ready(wire);
            }
            script.wakers.push(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The next wire that was opened, if there is one.
    pub fn try_accept(&self) -> Option<PeerWire> {
        self.0.lock().accepted.pop_front()
    }

    /// Whether dials hang, those in flight included, until they are let go.
    pub fn hold_dials(&self, held: bool) {
        let mut script = self.0.lock();
        script.held = held;
        script.wake();
    }

    /// Makes the next dial fail like this; several calls fail several dials, in order.
    pub fn refuse_next(&self, end: End) {
        self.0.lock().refusals.push_back(end);
    }

    /// How many dials were begun.
    pub fn dials(&self) -> usize {
        self.0.lock().dials
    }

    /// How many dials are waiting for an outcome.
    pub fn in_flight(&self) -> usize {
        self.0.lock().in_flight
    }

    /// The most dials that ever waited at one time.
    pub fn most_in_flight(&self) -> usize {
        self.0.lock().most_in_flight
    }
}

/// Counts a dial in flight, also when its future is dropped.
struct InFlight(Shared);

impl InFlight {
    fn begin(shared: &Shared) -> Self {
        let mut script = shared.lock();
        script.dials += 1;
        script.in_flight += 1;
        script.most_in_flight = script.most_in_flight.max(script.in_flight);
        drop(script);
        Self(shared.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

#[async_trait]
impl Dial for ScriptedDial {
    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let _in_flight = InFlight::begin(&self.0);
        request.progress.enter(Stage::Connect);
        poll_fn(|cx| {
            let mut script = self.0.lock();
            if script.held {
                script.wakers.push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        request.progress.enter(Stage::Upgrade);
        let refusal = self.0.lock().refusals.pop_front();
        if let Some(end) = refusal {
            return Err(end);
        }
        let (halves, peer) = pipe::open(request);
        let mut script = self.0.lock();
        script.accepted.push_back(peer);
        script.wake();
        Ok(halves)
    }
}
