//! One server session of the GPT-Live protocol, as a pure state machine.
//!
//! Time and the seed of all ids are inputs. The session has a clock of its own, its *timeline*: it
//! advances by 100 ms whenever 100 ms of the caller's audio have come, silence included, and never
//! without. All that is heard and said has its place on it.
//!
//! ```text
//!          opening steps    session.start         session.close
//! Opening ─────────────► Fresh ─────────► Running ─────────────► Draining
//!                          │ any other      │ no audio, limit,       │ drained
//!                          ▼ event          ▼ connection gone        ▼
//!                        Refused           Closed ◄──────────────────┘
//! ```

mod backend;
mod caller;
mod closing;
mod config;
mod context;
mod decisions;
mod fixture;
mod frames;
mod hall;
mod requests;
mod speech;
mod tables;
mod timeline;
mod work;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use antiphon_protocol::{Frame, Time, WallTime};
use serde_json::{Value, json};

pub use self::hall::Hall;
use self::{
    backend::Backend, caller::Caller, closing::Closing, config::Config, context::Append,
    decisions::Decisions, hall::Stored, speech::Speech, timeline::Timeline, work::Works,
};
use crate::{
    Script,
    ids::Ids,
    joint::{Room, Seat, Seated, To},
    peer::{Input, Output, Peer},
    refusal::kind_of,
    script::{Failure, Step},
};

/// Frames that are kept while the opening of a script still waits.
const MAX_HELD: usize = 1_000;

/// How one session behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// What is heard, said and done.
    pub script: Arc<Script>,
    /// Where all ids of this session follow from.
    pub seed: u64,
    /// The wall clock when the connection opened; `expires_at` follows from it.
    pub opened_at: WallTime,
    /// How long a session may last.
    pub session_limit: Duration,
    /// How long a session lives without any audio of the caller.
    pub starvation: Duration,
    /// From the end of the caller's turn to the first word of the answer, on the timeline.
    pub thinking: Duration,
    /// How long a backend thinks before its first item.
    pub backend: Duration,
    /// From `session.close` to `session.closed`, if no backend is at work.
    pub drain: Duration,
}

impl Settings {
    /// The service's own settings: two hours of session, 31 s without audio.
    pub fn new(script: impl Into<Arc<Script>>) -> Self {
        Self {
            script: script.into(),
            seed: 0,
            opened_at: WallTime::from_unix_seconds(1_800_000_000),
            session_limit: Duration::from_secs(7_200),
            starvation: Duration::from_secs(31),
            thinking: Duration::from_millis(120),
            backend: Duration::from_millis(300),
            drain: Duration::from_millis(300),
        }
    }
}

/// The server's side of one connection: a session's own, a sideband to it, or a fork of a stored one.
///
/// It is driven as a [`Peer`].
#[derive(Debug)]
pub struct Connection(Seated<Session>);

impl Connection {
    /// A connection that opened at `now` and can start a session, which others find in `hall`.
    pub fn open(settings: Settings, hall: &Hall, now: Time) -> Self {
        Self::enter(Session::new(settings, hall.clone(), None, now), hall, now)
    }

    /// A connection that can start a session from what a stored one was; nothing when `source` is not
    /// in the hall, or has not ended.
    pub fn fork(source: &str, settings: Settings, hall: &Hall, now: Time) -> Option<Self> {
        let stored = hall.stored(source)?;
        let session = Session::new(settings, hall.clone(), Some(stored), now);
        Some(Self::enter(session, hall, now))
    }

    /// A connection that looks into a running session; nothing when there is none with this id.
    pub fn attach(id: &str, hall: &Hall, now: Time) -> Option<Self> {
        let running = |session: &Session| session.phase == Phase::Running;
        hall.running(id)?.join(now, running).map(Self)
    }

    fn enter(session: Session, hall: &Hall, now: Time) -> Self {
        let id = session.id.clone();
        let seated = Seated::open(session, now);
        hall.enter(id, seated.session());
        Self(seated)
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        self.0.look(|session| session.phase == Phase::Closed)
    }
}

impl Peer for Connection {
    fn handle(&mut self, now: Time, input: Input) {
        self.0.handle(now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.0.poll_output()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.0.poll_timeout()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    /// Open, and without a session.
    Fresh,
    /// The start was refused; nothing follows.
    Refused,
    Running,
    Draining,
    Silent,
    Closed,
}

/// A session and its connections.
#[derive(Debug)]
struct Session {
    settings: Settings,
    hall: Hall,
    /// What it was forked from.
    source: Option<Stored>,
    ids: Ids,
    id: String,
    out: VecDeque<(To, Output)>,
    phase: Phase,
    opening: VecDeque<Step>,
    opening_at: Time,
    held: Vec<Frame>,
    expires: Time,
    config: Config,
    timeline: Timeline,
    caller: Caller,
    speech: Speech,
    appends: VecDeque<Append>,
    works: Works,
    backend: Backend,
    decisions: Decisions,
    closing: Option<Closing>,
    /// Whether sidebands look on.
    joined: bool,
    /// What the model has in mind, and how much of the timeline was told as used, in milliseconds.
    context_tokens: usize,
    usage_told: u64,
    /// Whether the model has said what it says unprompted.
    greeted: bool,
}

impl Session {
    fn new(settings: Settings, hall: Hall, source: Option<Stored>, now: Time) -> Self {
        let mut ids = Ids::new(settings.seed);
        let script = &settings.script;
        let next_turn = source.as_ref().map_or(0, |source| source.next_turn);
        Self {
            id: format!("live_{}", ids.letters(32)),
            out: VecDeque::new(),
            phase: Phase::Opening,
            opening: script.opening.iter().cloned().collect(),
            opening_at: now,
            held: Vec::new(),
            expires: now + settings.session_limit,
            config: Config::default(),
            timeline: Timeline::new(script.pace),
            caller: Caller::new(next_turn),
            speech: Speech::default(),
            appends: VecDeque::new(),
            works: Works::default(),
            backend: Backend::default(),
            decisions: Decisions::default(),
            closing: None,
            joined: false,
            context_tokens: 0,
            usage_told: 0,
            greeted: false,
            ids,
            source,
            hall,
            settings,
        }
    }

    fn advance(&mut self, now: Time) {
        while let Some((at, due)) = self.next_due()
            && at <= now
        {
            match due {
                Due::Opening => self.open_further(now),
                Due::Slot => self.tick(at),
                Due::Backend => self.work_further(),
                Due::Drained => self.finish("close_requested"),
                Due::Starved | Due::Expiry => self.finish("expired"),
            }
        }
    }

    fn open_further(&mut self, now: Time) {
        match self.opening.pop_front() {
            Some(Step::Wait(pause)) => self.opening_at = self.opening_at + pause,
            Some(Step::Fail(failure)) => self.fail(&failure),
            Some(Step::Say(_) | Step::Call { .. }) => {}
            None => {
                self.phase = Phase::Fresh;
                for frame in std::mem::take(&mut self.held) {
                    self.frame(now, Seat::OWN, &frame);
                }
            }
        }
    }

    /// What comes first. Among equals, what was begun goes before its end.
    fn next_due(&self) -> Option<(Time, Due)> {
        let draining = self.closing.as_ref();
        match self.phase {
            Phase::Opening => Some((self.opening_at, Due::Opening)),
            Phase::Running => [
                self.timeline.due().map(|at| (at, Due::Slot)),
                self.backend.due().map(|at| (at, Due::Backend)),
                Some((self.expires, Due::Expiry)),
                Some((
                    self.timeline.fed_at + self.settings.starvation,
                    Due::Starved,
                )),
            ]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at),
            Phase::Draining => [
                self.backend.due().map(|at| (at, Due::Backend)),
                draining.map(|closing| (self.drained_at(closing), Due::Drained)),
            ]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at),
            Phase::Fresh | Phase::Refused | Phase::Silent | Phase::Closed => None,
        }
    }

    /// Breaks what a script says.
    fn fail(&mut self, failure: &Failure) {
        match failure {
            Failure::Close { code, reason } => self.close(*code, reason),
            Failure::Drop => {
                self.out.push_back((To::All, Output::Drop));
                self.phase = Phase::Closed;
            }
            Failure::Silence => self.phase = Phase::Silent,
            Failure::Garbage => self.send_garbage(),
            Failure::Response { message } => self.fail_response(message),
            Failure::Error { code, message } => {
                let error = json!({
                    "type": kind_of(code), "code": code, "message": message, "param": null,
                });
                self.emit("error", json!({"error": error}), None);
            }
            Failure::Expire if self.phase == Phase::Running => self.finish("expired"),
            Failure::Expire => self.close(1000, ""),
            Failure::Frame(fault) => self.out.push_back((To::All, Output::Fault(*fault))),
        }
    }

    fn close(&mut self, code: u16, reason: &str) {
        let reason = reason.to_owned();
        self.out
            .push_back((To::All, Output::Close { code, reason }));
        self.phase = Phase::Closed;
    }

    /// What is kept of a session that may be forked.
    fn remains(&self) -> Stored {
        Stored {
            id: self.id.clone(),
            config: self.config.clone(),
            next_turn: self.caller.next_turn,
        }
    }
}

impl Room for Session {
    fn handle(&mut self, now: Time, seat: Seat, input: Input) {
        self.advance(now);
        match (input, self.phase) {
            (Input::Closed, Phase::Running | Phase::Draining) => self.finish("connection_lost"),
            (Input::Closed, _) => self.phase = Phase::Closed,
            (Input::Frame(frame), Phase::Fresh | Phase::Running | Phase::Draining) => {
                self.frame(now, seat, &frame);
                self.advance(now);
            }
            (Input::Frame(frame), Phase::Opening) if self.held.len() < MAX_HELD => {
                self.held.push(frame);
            }
            (Input::Frame(_) | Input::Timeout, _) => {}
        }
    }

    fn joined(&mut self, some: bool) {
        self.joined = some;
    }

    fn poll_output(&mut self) -> Option<(To, Output)> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.next_due().map(|(at, _)| at)
    }
}

/// What is due next.
#[derive(Clone, Copy, Debug)]
enum Due {
    Opening,
    /// The next 100 ms of the timeline.
    Slot,
    Backend,
    Drained,
    Starved,
    Expiry,
}

/// A member of a JSON object that is a text, or nothing.
fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}
