//! The emulator without a socket: each dial is answered by a machine of its own in this process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_protocol::{End, Frame, How, Secret, Stage, Time, WallTime};
use antiphon_transport::{
    Clock,
    testing::{self, MemoryDial, PeerOutput},
};

use crate::{
    Builder,
    peer::{Input, Output, Peer},
    route::Route,
};

/// The wall clock at the origin of the clock that is given to [`Builder::in_memory`]: a fixed day,
/// since sessions in memory run under virtual time. A client that reads the ends of sessions by the
/// calendar needs the same day.
pub const DAY: WallTime = WallTime::from_unix_seconds(1_800_000_000);

impl Builder {
    /// A dial that reaches this emulator in memory, for sessions under tokio's paused time.
    ///
    /// Of the endpoint's address only path and query count. A wrong key is refused with status 401,
    /// whatever [`refusal`](Self::refusal) says. Each dial is a fresh connection.
    pub fn in_memory(self, clock: Clock) -> MemoryDial {
        let number = AtomicU64::new(0);
        let builder = Arc::new(self);
        MemoryDial::new(clock, move |request| {
            let key = request.token.as_ref().map(Secret::expose);
            let refused = |status, why: &str| {
                Err(End::new(Stage::Upgrade, How::Status)
                    .with_status(status)
                    .because(why))
            };
            if !builder.accepts(key) {
                return refused(401, "Incorrect API key provided.");
            }
            let url = &request.endpoint.url;
            let number = number.fetch_add(1, Ordering::Relaxed);
            if let Some(refused) = &builder.script_of(number).upgrade.refused {
                let mut end = End::new(Stage::Upgrade, How::Refused)
                    .with_status(refused.status)
                    .because(&refused.message);
                end.retry_after = refused.retry_after.map(Duration::from_secs);
                return Err(end);
            }
            let route = Route::of(url.path(), url.query());
            let Some(route) = route.filter(|route| builder.finds(route)) else {
                return refused(404, "There is no such path.");
            };
            Ok(Box::new(MemoryPeer {
                builder: Arc::clone(&builder),
                now: Time::ZERO,
                number,
                route: Some(route),
                peer: None,
            }))
        })
    }
}

/// A connection that begins when the wire opens.
struct MemoryPeer {
    builder: Arc<Builder>,
    /// When something last happened.
    now: Time,
    number: u64,
    route: Option<Route>,
    peer: Option<Box<dyn Peer>>,
}

/// What a [`watcher`](Builder::watcher) is told.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a machine has inputs and outputs")]
pub enum Moment<'a> {
    /// This goes into the machine.
    In(&'a Input),
    /// This comes out of it.
    Out(&'a Output),
}

impl MemoryPeer {
    fn watch(&self, moment: Moment<'_>) {
        if let Some(watcher) = &self.builder.watcher {
            watcher(self.number, self.now, &moment);
        }
    }

    fn handle(&mut self, now: Time, input: Input) {
        self.now = now;
        self.watch(Moment::In(&input));
        if let Some(peer) = &mut self.peer {
            peer.handle(now, input);
        }
    }
}

impl testing::Peer for MemoryPeer {
    fn on_open(&mut self, now: Time) {
        self.now = now;
        if let Some(route) = self.route.take() {
            let since = u64::try_from(now.since_origin().as_millis()).unwrap_or(u64::MAX);
            let wall = WallTime::from_unix_millis(DAY.as_unix_millis().saturating_add(since));
            self.peer = Some(self.builder.peer(self.number, route, now, wall));
        }
    }

    fn on_frame(&mut self, now: Time, frame: Frame) {
        self.handle(now, Input::Frame(frame));
    }

    fn on_close(&mut self, now: Time, _code: Option<u16>) {
        self.handle(now, Input::Closed);
    }

    fn poll_output(&mut self) -> Option<PeerOutput> {
        let output = self.peer.as_mut()?.poll_output()?;
        self.watch(Moment::Out(&output));
        Some(match output {
            Output::Frame(frame) => PeerOutput::Send(frame),
            Output::Close { code, reason } => PeerOutput::Close { code, reason },
            Output::Drop | Output::Fault(_) => PeerOutput::Drop,
        })
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.peer.as_ref()?.poll_timeout()
    }

    fn on_timeout(&mut self, now: Time) {
        self.handle(now, Input::Timeout);
    }
}
