//! The emulator without a socket: each dial is answered by a machine of its own in this process.

use std::sync::atomic::{AtomicU64, Ordering};

use antiphon_protocol::{End, Frame, How, Secret, Stage, Time, WallTime};
use antiphon_transport::{
    Clock, DialRequest,
    testing::{MemoryDial, Peer, PeerOutput},
};

use crate::{
    Builder,
    builder::query_value,
    openai::{Connection, Input, Output},
};

/// The wall clock of sessions in memory, which run under virtual time: a fixed day.
const DAY: WallTime = WallTime::from_unix_seconds(1_800_000_000);

impl Builder {
    /// A dial that reaches this emulator in memory, for sessions under tokio's paused time.
    ///
    /// The address of the endpoint is ignored except for `?model=`. A wrong key is refused with
    /// status 401, whatever [`refusal`](Self::refusal) says. Each dial is a fresh session.
    pub fn in_memory(self, clock: Clock) -> MemoryDial {
        let number = AtomicU64::new(0);
        MemoryDial::new(clock, move |request| {
            let key = request.token.as_ref().map(Secret::expose);
            if !self.accepts(key) {
                return Err(End::new(Stage::Upgrade, How::Refused)
                    .with_status(401)
                    .because("Incorrect API key provided."));
            }
            let number = number.fetch_add(1, Ordering::Relaxed);
            let settings = self.settings(number, model(request), DAY);
            Ok(Box::new(MemoryPeer {
                settings: Some(settings),
                connection: None,
            }))
        })
    }
}

fn model(request: &DialRequest) -> Option<String> {
    query_value(request.endpoint.url.query(), "model")
}

/// A connection that begins when the wire opens.
struct MemoryPeer {
    settings: Option<crate::openai::Settings>,
    connection: Option<Connection>,
}

impl MemoryPeer {
    fn handle(&mut self, now: Time, input: Input) {
        if let Some(connection) = &mut self.connection {
            connection.handle(now, input);
        }
    }
}

impl Peer for MemoryPeer {
    fn on_open(&mut self, now: Time) {
        self.connection = self
            .settings
            .take()
            .map(|settings| Connection::new(settings, now));
        self.handle(now, Input::Timeout);
    }

    fn on_frame(&mut self, now: Time, frame: Frame) {
        self.handle(now, Input::Frame(frame));
    }

    fn on_close(&mut self, now: Time, _code: Option<u16>) {
        self.handle(now, Input::Closed);
    }

    fn poll_output(&mut self) -> Option<PeerOutput> {
        let output = self.connection.as_mut()?.poll_output()?;
        Some(match output {
            Output::Frame(frame) => PeerOutput::Send(frame),
            Output::Close { code, reason } => PeerOutput::Close { code, reason },
            Output::Drop => PeerOutput::Drop,
        })
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.connection.as_ref()?.poll_timeout()
    }

    fn on_timeout(&mut self, now: Time) {
        self.handle(now, Input::Timeout);
    }
}
