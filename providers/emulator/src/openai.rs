//! One server connection of the OpenAI Realtime protocol, as a pure state machine.
//!
//! Time and the seed of all ids are inputs, so a session is replayed exactly. The order and the
//! members of the frames follow recorded sessions of the service.
//!
//! ```text
//!            opening steps done                     fail silence
//! Opening ─────────────────────► Open ────────────────────────────► Silent
//!    │      session.created       │ expiry, fail close, drop, Closed   │ Closed
//!    └────────────────────────────┴──────────────► Closed ◄────────────┘
//! ```

mod conversation;
mod faults;
mod frames;
mod input;
mod output;
mod requests;
mod response;
mod session;
mod tables;
mod translation;
mod usage;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use antiphon_protocol::{Frame, Time, WallTime};

pub use self::translation::Translation;
pub use crate::peer::{Input, Output};

use self::{conversation::Conversation, input::InputBuffer, response::Response, session::Session};
use crate::{
    Script,
    ids::Ids,
    joint::{Room, Seat, To},
    peer::Peer,
    refusal::Refusal,
    script::Step,
    story::Story,
};

/// Frames that are kept while the opening of a script still waits.
const MAX_HELD: usize = 1_000;

/// How one connection behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// What is heard, said and done.
    pub script: Arc<Script>,
    /// The model named by the connection; without one, the client may name it in an update.
    pub model: Option<String>,
    /// Where all ids of this connection follow from.
    pub seed: u64,
    /// The wall clock when the connection opened; `expires_at` follows from it.
    pub opened_at: WallTime,
    /// How long a session may last.
    pub session_limit: Duration,
    /// From the creation of a response to its first output.
    pub thinking: Duration,
    /// Whether `rate_limits.updated` is sent with each response.
    pub rate_limits: bool,
    /// Whether the session transcribes the caller and answers nothing.
    pub transcription: bool,
}

impl Settings {
    /// The service's own settings: an hour of session, 120 ms to the first output.
    pub fn new(script: impl Into<Arc<Script>>) -> Self {
        Self {
            script: script.into(),
            model: None,
            seed: 0,
            opened_at: WallTime::from_unix_seconds(1_800_000_000),
            session_limit: Duration::from_secs(3_600),
            thinking: Duration::from_millis(120),
            rate_limits: true,
            transcription: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
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
    out: VecDeque<Output>,
    phase: Phase,
    opening: VecDeque<Step>,
    opening_at: Time,
    held: Vec<Frame>,
    expires: Time,
    session: Session,
    conversation: Conversation,
    input: InputBuffer,
    story: Story,
    /// Deltas and ends of the transcription of the caller's audio, by when they are due.
    transcripts: VecDeque<(Time, input::Transcript)>,
    /// The response that writes to the conversation.
    active: Option<Response>,
    /// Responses outside the conversation.
    asides: Vec<Response>,
    /// Whether audio of the model was sent, which fixes the voice.
    has_spoken: bool,
    /// The tokens that the previous response read.
    read_before: usage::Tokens,
    /// Whether the end of a turn asked for a response while one was running.
    response_due: bool,
    /// When the caller has said nothing for too long.
    idle: Option<Time>,
}

impl Connection {
    /// A connection that opened at `now`.
    pub fn new(settings: Settings, now: Time) -> Self {
        let mut ids = Ids::new(settings.seed);
        let expires_at =
            settings.opened_at.as_unix_millis() / 1000 + settings.session_limit.as_secs();
        let session = if settings.transcription {
            Session::transcription(&mut ids, expires_at)
        } else {
            Session::new(&mut ids, settings.model.as_deref(), expires_at)
        };
        Self {
            out: VecDeque::new(),
            phase: Phase::Opening,
            opening: settings.script.opening.iter().cloned().collect(),
            opening_at: now,
            held: Vec::new(),
            expires: now + settings.session_limit,
            conversation: Conversation::new(ids.id("conv")),
            input: InputBuffer::new(&session),
            story: Story::new(Arc::clone(&settings.script)),
            transcripts: VecDeque::new(),
            active: None,
            asides: Vec::new(),
            response_due: false,
            idle: None,
            has_spoken: false,
            read_before: usage::Tokens::default(),
            session,
            ids,
            settings,
        }
    }

    /// The id of the session, by which others can join it.
    pub fn session_id(&self) -> &str {
        self.session.id()
    }

    /// Whether the connection is over.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    fn advance(&mut self, now: Time) {
        while self.phase == Phase::Opening && self.opening_at <= now {
            self.open_further(now);
        }
        while self.phase == Phase::Open
            && let Some((at, due)) = self.next_due()
            && at <= now
        {
            match due {
                Due::Transcript => self.transcribe_further(),
                Due::Response(place) => self.respond_further(place, at),
                Due::Idle => self.idle_for_too_long(at),
                Due::Expiry => self.expire(),
            }
        }
    }

    fn open_further(&mut self, now: Time) {
        match self.opening.pop_front() {
            Some(Step::Wait(pause)) => self.opening_at = self.opening_at + pause,
            Some(Step::Fail(failure)) => self.fail(&failure),
            Some(Step::Say(_) | Step::Call { .. }) => {}
            None => {
                self.phase = Phase::Open;
                self.announce_session("session.created");
                for frame in std::mem::take(&mut self.held) {
                    if self.phase == Phase::Open {
                        self.frame(now, &frame);
                    }
                }
            }
        }
    }

    /// What comes first. Among equals the conversation goes before its end.
    fn next_due(&self) -> Option<(Time, Due)> {
        let transcript = self
            .transcripts
            .front()
            .map(|(at, _)| (*at, Due::Transcript));
        let active = self.active.as_ref().and_then(Response::due);
        let active = active.map(|at| (at, Due::Response(Place::Conversation)));
        let asides = self.asides.iter().enumerate();
        let asides = asides
            .filter_map(|(index, aside)| Some((aside.due()?, Due::Response(Place::Aside(index)))));
        let idle = self.idle.map(|at| (at, Due::Idle));
        let expiry = (self.expires, Due::Expiry);
        transcript
            .into_iter()
            .chain(active)
            .chain(asides)
            .chain(idle)
            .chain([expiry])
            .min_by_key(|(at, _)| *at)
    }

    fn expire(&mut self) {
        let minutes = self.settings.session_limit.as_secs() / 60;
        self.send_error(
            &Refusal::new(
                "session_expired",
                format!("Your session hit the maximum duration of {minutes} minutes."),
            ),
            None,
        );
        self.close(1001, "");
    }

    fn close(&mut self, code: u16, reason: &str) {
        self.out.push_back(Output::Close {
            code,
            reason: reason.to_owned(),
        });
        self.phase = Phase::Closed;
    }
}

impl Peer for Connection {
    fn handle(&mut self, now: Time, input: Input) {
        self.advance(now);
        match (input, self.phase) {
            (Input::Closed, _) => {
                self.phase = Phase::Closed;
                self.out.clear();
            }
            (Input::Frame(frame), Phase::Open) => self.frame(now, &frame),
            (Input::Frame(frame), Phase::Opening) if self.held.len() < MAX_HELD => {
                self.held.push(frame);
            }
            (Input::Frame(_) | Input::Timeout, _) => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        match self.phase {
            Phase::Opening => Some(self.opening_at),
            Phase::Open => self.next_due().map(|(at, _)| at),
            Phase::Silent | Phase::Closed => None,
        }
    }
}

/// Those who join a session by its call id see all of it from then on, and may do all of it.
impl Room for Connection {
    fn handle(&mut self, now: Time, _seat: Seat, input: Input) {
        Peer::handle(self, now, input);
    }

    fn joined(&mut self, _some: bool) {}

    fn poll_output(&mut self) -> Option<(To, Output)> {
        Peer::poll_output(self).map(|output| (To::All, output))
    }

    fn poll_timeout(&self) -> Option<Time> {
        Peer::poll_timeout(self)
    }
}

/// What is due next.
#[derive(Clone, Copy, Debug)]
enum Due {
    Transcript,
    Response(Place),
    Idle,
    Expiry,
}

/// Which response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Conversation,
    Aside(usize),
}
