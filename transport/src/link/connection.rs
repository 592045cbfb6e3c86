//! One wire's life as the link sees it.

use antiphon_protocol::{
    Codec, End, Event, Fault, Generation, OpeningPlan, RotationCause, ServerError, Stage, Time,
};

use super::{LinkConfig, outbox::Outbox, schedule::Schedule};

/// How long an error event may explain the end that follows it, in seconds.
const ERROR_EXPLAINS: std::time::Duration = std::time::Duration::from_secs(30);

/// How long bytes may wait before a goodbye behind them is not worth waiting for.
const STUCK: std::time::Duration = std::time::Duration::from_millis(500);

/// Errors of the peer's own making, without a completed turn between them, after which a change of
/// connection is due.
const FAILURES: u32 = 3;

/// Frames in a row that are no events before a peer counts as speaking something else: while it has
/// never been understood, and later.
const GARBAGE: (u32, u32) = (3, 32);

/// Where one connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Dialing {
        deadline: Time,
    },
    Opening {
        deadline: Time,
    },
    Live,
    Draining {
        /// When the close frame is sent without the provider's own goodbye; `None` once it was.
        goodbye: Option<Time>,
        /// When it is dropped.
        until: Time,
    },
}

impl Life {
    /// The same in the words of ends; `None` while dialing, whose stages the dial knows.
    pub(super) const fn stage(self) -> Option<Stage> {
        match self {
            Self::Dialing { .. } => None,
            Self::Opening { .. } => Some(Stage::Opening),
            Self::Live => Some(Stage::Live),
            Self::Draining { .. } => Some(Stage::Draining),
        }
    }
}

/// What a connection brings of the conversation before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brought {
    Nothing,
    /// What was said, to be told anew.
    History,
    /// The provider's handle.
    Handle,
}

impl Brought {
    pub(super) fn by(plan: &OpeningPlan) -> Self {
        if plan.resume.is_some() {
            Self::Handle
        } else if plan.seed.is_empty() {
            Self::Nothing
        } else {
            Self::History
        }
    }
}

pub(super) struct Connection {
    pub(super) generation: Generation,
    pub(super) codec: Box<dyn Codec>,
    pub(super) cause: RotationCause,
    pub(super) brought: Brought,
    pub(super) life: Life,
    pub(super) stage: Stage,
    pub(super) outbox: Outbox,
    /// When the wire was opened.
    pub(super) opened: Time,
    /// When anything was heard last.
    pub(super) heard: Time,
    /// When the last ping was sent.
    pub(super) pinged: Option<Time>,
    /// When writing last made progress, or began to wait.
    pub(super) progress: Time,
    /// When the provider said that it will end the session.
    pub(super) expires: Option<Time>,
    pub(super) schedule: Option<Schedule>,
    pub(super) refused: Option<Fault>,
    /// Frames in a row that were no events.
    garbage: u32,
    error: Option<(Time, ServerError)>,
    /// Errors of the peer's own making since health was proven last.
    pub(super) failures: u32,
}

impl Connection {
    pub(super) fn dialing(
        generation: Generation,
        codec: Box<dyn Codec>,
        cause: RotationCause,
        brought: Brought,
        now: Time,
        config: &LinkConfig,
    ) -> Self {
        Self {
            generation,
            codec,
            cause,
            brought,
            life: Life::Dialing {
                deadline: now + config.dial_deadline,
            },
            stage: Stage::Token,
            outbox: Outbox::default(),
            opened: now,
            heard: now,
            pinged: None,
            progress: now,
            expires: None,
            schedule: None,
            refused: None,
            garbage: 0,
            error: None,
            failures: 0,
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.life == Life::Live
    }

    pub(super) const fn is_draining(&self) -> bool {
        matches!(self.life, Life::Draining { .. })
    }

    /// Whether the close frame was ordered, behind which nothing may be sent.
    pub(super) const fn is_hung_up(&self) -> bool {
        matches!(self.life, Life::Draining { goodbye: None, .. })
    }

    pub(super) fn hear(&mut self, now: Time) {
        self.heard = now;
    }

    /// Keeps an error that may explain the end. Refusals that ordinary races produce never do.
    pub(super) fn blame(&mut self, now: Time, error: &ServerError) {
        if !error.benign {
            self.error = Some((now, error.clone()));
            if error.fault == Fault::Server {
                self.failures = self.failures.saturating_add(1);
            }
        }
    }

    /// Whether the peer has failed so often that another connection may do better.
    pub(super) const fn is_failing(&self) -> bool {
        self.failures >= FAILURES
    }

    /// Counts what was not understood.
    pub(super) fn note(&mut self, event: &Event) {
        self.garbage = match event {
            Event::Malformed(_) => self.garbage.saturating_add(1),
            _ => 0,
        };
    }

    /// Whether the peer speaks another language, in words.
    pub(super) fn is_babbling(&self) -> Option<&'static str> {
        let most = match self.life {
            Life::Opening { .. } => GARBAGE.0,
            _ => GARBAGE.1,
        };
        (self.garbage >= most).then_some("the peer sends frames that are not events")
    }

    /// Completes what the wire reported with what only the link knows.
    pub(super) fn explain(&mut self, now: Time, mut end: End) -> End {
        end.resumed = self.brought == Brought::Handle;
        if let Some(stage) = self.life.stage() {
            end.stage = stage;
        }
        if end.last_error.is_none()
            && let Some((at, error)) = self.error.take()
            && now - at <= ERROR_EXPLAINS
        {
            end.last_error = Some(error);
        }
        if let Some(fault) = self.refused {
            end.last_error
                .get_or_insert_with(ServerError::default)
                .fault = fault;
        }
        end
    }

    /// Whether bytes have waited so long that a goodbye behind them would not leave in time.
    pub(super) fn is_stuck(&self, now: Time) -> bool {
        self.outbox.bytes() > 0 && now - self.progress >= STUCK
    }

    /// When writing counts as stuck.
    pub(super) fn write_deadline(&self, config: &LinkConfig) -> Option<Time> {
        (self.outbox.bytes() > 0).then(|| self.progress + config.write_deadline)
    }

    /// When the peer is asked for a sign of life.
    pub(super) fn ping_at(&self, config: &LinkConfig) -> Time {
        let since = if config.ping_busy {
            self.pinged.unwrap_or(self.opened)
        } else {
            self.pinged.unwrap_or(self.heard).max(self.heard)
        };
        since + config.ping_idle
    }
}
