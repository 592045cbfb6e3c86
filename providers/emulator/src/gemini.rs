//! One server connection of the Gemini Live protocol, as a pure state machine.
//!
//! Time, the calendar and the seed of all ids are inputs, so a session is replayed exactly. Order and
//! members of the frames follow recorded sessions of the service.
//!
//! ```text
//!          script's opening done      setup            setup accepted      fail silence
//! Opening ──────────────────────► Waiting ───► Preparing ───────────► Open ────────────► Silent
//!    │                              │             │  setupComplete      │                  │ Closed
//!    └──────────────────────────────┴─────────────┴─────► Closed ◄──────┴──────────────────┘
//!                         a refusal, a limit, fail close, drop, Closed
//! ```
//!
//! The protocol has no error events: whatever is refused ends the connection with a close frame.

mod config;
mod content;
mod ear;
mod faults;
mod frames;
mod limits;
mod model;
mod names;
mod refusal;
mod requests;
mod resumption;
mod tools;
mod turn;
mod usage;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use antiphon_protocol::{Frame, FrameKind, Time, WallTime};

pub use self::resumption::Sessions;
pub use crate::peer::{Input, Output};

use self::{
    config::Config,
    ear::Ear,
    frames::Outbox,
    limits::Limits,
    resumption::Resumption,
    tools::{Group, Reaction},
    turn::Turn,
    usage::Tokens,
};
use crate::{Script, ids::Ids, peer::Peer, script::Step, story::Story};

/// Frames that are kept while the opening of a script still waits.
const MAX_HELD: usize = 1_000;
/// How long a session that is resumed may still be held by its old connection.
const PATIENCE: Duration = Duration::from_millis(250);

/// Which of the two services a connection was opened to; their frames differ in details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// The Gemini Developer API.
    #[default]
    Developer,
    /// Vertex AI.
    Vertex,
}

/// How one connection behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// What is heard, said and done.
    pub script: Arc<Script>,
    /// Which service is spoken.
    pub service: Service,
    /// The version in the path, which refusals of a model name.
    pub version: String,
    /// Where all ids of this connection follow from.
    pub seed: u64,
    /// The wall clock when the connection opened; the age of handles is counted on it.
    pub opened_at: WallTime,
    /// Whether frames are sent as text; the service sends them as binary.
    pub text_frames: bool,
    /// Whether messages that are due together are sent as one message with several members.
    pub bundled: bool,
    /// How long a connection may last.
    pub connection_limit: Duration,
    /// How long before the end `goAway` is sent.
    pub notice: Duration,
    /// How long a session without compression may last, over all its connections.
    pub session_limit: Duration,
    /// The same once the caller has sent video.
    pub video_limit: Duration,
    /// How long a resumption handle is good for.
    pub handle_lifetime: Duration,
    /// From `setup` to `setupComplete`.
    pub preparing: Duration,
    /// From the end of the caller's turn to the first output.
    pub thinking: Duration,
    /// Whether `turnComplete` waits until the audio has been played in real time.
    pub playback: bool,
    /// Whether audio that arrives while a 3.1 model waits for a tool ends the session, as has been
    /// seen of the service.
    pub strict_tools: bool,
    /// The sessions that can be resumed; connections that share it can resume each other's.
    pub sessions: Sessions,
}

impl Settings {
    /// The service's own settings: ten minutes of connection with `goAway` a minute before, 15 minutes
    /// of session, two with video, handles of two hours.
    pub fn new(script: impl Into<Arc<Script>>) -> Self {
        Self {
            script: script.into(),
            service: Service::Developer,
            version: "v1beta".to_owned(),
            seed: 0,
            opened_at: WallTime::from_unix_seconds(1_800_000_000),
            text_frames: false,
            bundled: false,
            connection_limit: Duration::from_secs(600),
            notice: Duration::from_secs(60),
            session_limit: Duration::from_secs(900),
            video_limit: Duration::from_secs(120),
            handle_lifetime: Duration::from_secs(7_200),
            preparing: Duration::from_millis(20),
            thinking: Duration::from_millis(120),
            playback: true,
            strict_tools: false,
            sessions: Sessions::default(),
        }
    }
}

#[derive(Debug)]
enum Phase {
    Opening,
    /// Waits for `setup`.
    Waiting,
    /// `setup` came at `since`, and is carried out at `at`.
    Preparing {
        since: Time,
        at: Time,
        config: Box<Config>,
    },
    Open,
    Silent,
    Closed,
}

/// The server's side of one connection.
///
/// It is driven as a [`Peer`].
#[derive(Debug)]
pub struct Connection {
    settings: Settings,
    ids: Ids,
    out: Outbox,
    phase: Phase,
    opening: VecDeque<Step>,
    opening_at: Time,
    held: Vec<Frame>,
    limits: Limits,
    config: Config,
    story: Story,
    /// What the model has read so far.
    context: Tokens,
    ear: Ear,
    /// Words of the caller that are still to be sent, by when they are due.
    transcripts: VecDeque<(Time, String)>,
    /// The model's turn.
    turn: Option<Turn>,
    /// Turns of the model that have ended.
    turns: u64,
    /// Calls that wait for their answers.
    groups: Vec<Group>,
    /// Ids of calls that were cancelled, whose answers may still arrive.
    void: VecDeque<String>,
    /// What the model will say about answers of tools once it is its turn.
    reactions: VecDeque<Reaction>,
    /// Whether the caller ended a turn while the model's was not to be interrupted.
    response_due: bool,
    /// Whether content is history until a turn is complete.
    history: bool,
    /// Messages of the client, `setup` left out.
    consumed: u64,
    resumption: Option<Resumption>,
}

impl Connection {
    /// A connection that opened at `now`.
    pub fn new(settings: Settings, now: Time) -> Self {
        let kind = if settings.text_frames {
            FrameKind::Text
        } else {
            FrameKind::Binary
        };
        Self {
            ids: Ids::new(settings.seed),
            out: Outbox::new(kind, settings.bundled),
            phase: Phase::Opening,
            opening: settings.script.opening.iter().cloned().collect(),
            opening_at: now,
            held: Vec::new(),
            limits: Limits::new(&settings, now),
            config: Config::default(),
            story: Story::new(Arc::clone(&settings.script)),
            context: Tokens::default(),
            ear: Ear::default(),
            transcripts: VecDeque::new(),
            turn: None,
            turns: 0,
            groups: Vec::new(),
            void: VecDeque::new(),
            reactions: VecDeque::new(),
            response_due: false,
            history: false,
            consumed: 0,
            resumption: None,
            settings,
        }
    }

    /// Whether the connection is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    fn advance(&mut self, now: Time) {
        while matches!(self.phase, Phase::Opening) && self.opening_at <= now {
            self.open_further(now);
        }
        while let Some((at, due)) = self.next_due()
            && at <= now
        {
            match due {
                Due::Opening => return,
                Due::Setup => self.finish_setup(at),
                Due::Transcript => self.transcribe_further(),
                Due::Turn => self.turn_further(at),
                Due::GoAway => self.go_away(at),
                Due::Limit => self.reach_limit(),
            }
        }
    }

    fn open_further(&mut self, now: Time) {
        match self.opening.pop_front() {
            Some(Step::Wait(pause)) => self.opening_at = self.opening_at + pause,
            Some(Step::Fail(failure)) => self.fail(&failure),
            Some(Step::Say(_) | Step::Call { .. }) => {}
            None => {
                self.phase = Phase::Waiting;
                for frame in std::mem::take(&mut self.held) {
                    self.take_in(now, &frame);
                }
            }
        }
    }

    /// What comes first. Among equals the conversation goes before its end.
    fn next_due(&self) -> Option<(Time, Due)> {
        let limit = (self.limits.end, Due::Limit);
        match &self.phase {
            Phase::Opening => Some((self.opening_at, Due::Opening)),
            Phase::Waiting => Some(limit),
            Phase::Preparing { at, .. } => Some((*at, Due::Setup)),
            Phase::Open => {
                let transcript = self.transcripts.front();
                let transcript = transcript.map(|(at, _)| (*at, Due::Transcript));
                let turn = self.turn.as_ref().and_then(Turn::due);
                let notice = self.limits.notice().map(|at| (at, Due::GoAway));
                let all = [
                    transcript,
                    turn.map(|at| (at, Due::Turn)),
                    notice,
                    Some(limit),
                ];
                all.into_iter().flatten().min_by_key(|(at, _)| *at)
            }
            Phase::Silent | Phase::Closed => None,
        }
    }

    /// A frame of the client, in any phase.
    fn take_in(&mut self, now: Time, frame: &Frame) {
        match self.phase {
            Phase::Waiting | Phase::Preparing { .. } | Phase::Open => self.frame(now, frame),
            Phase::Opening if self.held.len() < MAX_HELD => self.held.push(frame.clone()),
            Phase::Opening | Phase::Silent | Phase::Closed => {}
        }
    }

    fn close(&mut self, code: u16, reason: &str) {
        self.out.close(code, reason);
        self.end();
    }

    /// Nothing is sent any more, and the session can be resumed elsewhere.
    fn end(&mut self) {
        self.phase = Phase::Closed;
        self.resumption = None;
    }
}

impl Peer for Connection {
    fn handle(&mut self, now: Time, input: Input) {
        self.advance(now);
        match input {
            Input::Closed => {
                self.out.clear();
                self.end();
            }
            Input::Frame(frame) => self.take_in(now, &frame),
            Input::Timeout => {}
        }
        if matches!(self.phase, Phase::Open) {
            self.announce_handle(now);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.next_due().map(|(at, _)| at)
    }
}

/// What is due next.
#[derive(Clone, Copy, Debug)]
enum Due {
    Opening,
    Setup,
    Transcript,
    Turn,
    GoAway,
    Limit,
}
