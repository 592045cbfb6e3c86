//! What a link knows, and where each input goes.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_protocol::{
    Capabilities, Codec, Effect, Endpoint, Generation, Phase, Provider, ResumeToken, RotationCause,
    Secret, SessionConfig, Stage, Time,
};

use super::{
    LinkCommand, LinkConfig, LinkOutput,
    connection::{Brought, Connection, Life},
    defect::Defect,
    handle::Handle,
    outputs::Outputs,
};
use crate::{Backoff, Input, Machine, Output, WireAction, WireEvent};

/// What is being done to get the next connection.
pub(super) enum Attempt {
    /// Nothing.
    None,
    /// Waiting for the time to come.
    Waiting {
        until: Time,
        delay: Duration,
        cause: RotationCause,
    },
    /// Waiting for the layer above.
    Planning {
        deadline: Time,
        /// The wait that came before, for the report.
        delay: Duration,
        cause: RotationCause,
    },
    /// Planned and checked, waiting for the old wire to go.
    Prepared(Box<Prepared>),
    /// Being dialed or opened.
    Open(Box<Connection>),
}

pub(super) struct Prepared {
    pub(super) endpoint: Endpoint,
    pub(super) codec: Box<dyn Codec>,
    pub(super) brought: Brought,
    pub(super) cause: RotationCause,
}

pub(super) struct Closing {
    pub(super) deadline: Time,
    pub(super) dropped: bool,
}

/// The connection machine of one session, across all its connections.
///
/// It starts with [`LinkCommand::Start`] and ends with [`LinkOutput::Closed`]. Run it with
/// [`drive`](crate::Port), or hold it inside another [`Machine`] and hand it the wire events.
pub struct Link {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) config: LinkConfig,
    pub(super) capabilities: Capabilities,
    pub(super) backoff: Backoff,
    outputs: Outputs,
    /// Kept between frames so that none allocates.
    pub(super) effects: Vec<Effect>,
    /// Live or draining.
    pub(super) current: Option<Connection>,
    /// The one before `current`, saying goodbye. Only where two may be open.
    pub(super) retired: Option<Connection>,
    pub(super) attempt: Attempt,
    pub(super) next_generation: Generation,
    /// Dials since the last connection that was ready.
    pub(super) dials: u32,
    pub(super) ever_ready: bool,
    pub(super) handle: Handle,
    /// The handle of the last plan that had one.
    pub(super) offered: Option<ResumeToken>,
    /// Whether the one attempt without the handle was made since health was last proven.
    pub(super) fresh_tried: bool,
    /// Whether a connection that was told history was refused since health was last proven.
    pub(super) history_refused: bool,
    /// Ends by a close code that nobody knows, since health was last proven.
    pub(super) unknown_ends: u32,
    /// Whether a change was asked for because the peer fails, since health was proven last.
    pub(super) failures_told: bool,
    /// Whether the peer has had a connection changed that had not proven its health, since health was
    /// proven last.
    pub(super) changed_early: bool,
    /// Until when the peer has asked not to be asked again, since a connection was ready last.
    pub(super) not_before: Option<Time>,
    /// Since when the provider's conversation goes on, over resumed connections.
    pub(super) conversation: Option<Time>,
    pub(super) last_config: Option<Arc<SessionConfig>>,
    pub(super) closing: Option<Closing>,
    pub(super) started: bool,
    pub(super) closed: bool,
    pub(super) read_paused: bool,
    reported: Phase,
    stale: u64,
    #[cfg(feature = "defects")]
    pub(super) defect: Option<Defect>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("provider", &self.provider.name())
            .field("phase", &self.phase())
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}

impl Link {
    /// A link that has not begun. The seed decides the random part of delays.
    pub fn new(provider: Arc<dyn Provider>, config: LinkConfig, seed: u64) -> Self {
        Self {
            backoff: Backoff::new(config.backoff.clone(), seed),
            capabilities: Capabilities::minimal("before the first plan"),
            provider,
            config,
            outputs: Outputs::default(),
            effects: Vec::new(),
            current: None,
            retired: None,
            attempt: Attempt::None,
            next_generation: Generation::new(0),
            dials: 0,
            ever_ready: false,
            handle: Handle::default(),
            offered: None,
            fresh_tried: false,
            history_refused: false,
            unknown_ends: 0,
            failures_told: false,
            changed_early: false,
            not_before: None,
            conversation: None,
            last_config: None,
            closing: None,
            started: false,
            closed: false,
            read_paused: false,
            reported: Phase::Idle,
            stale: 0,
            #[cfg(feature = "defects")]
            defect: None,
        }
    }

    /// Where the link is.
    pub fn phase(&self) -> Phase {
        if self.closed {
            return Phase::Closed;
        }
        if let Some(current) = &self.current {
            return if current.is_draining() {
                Phase::Draining
            } else {
                Phase::Live
            };
        }
        match &self.attempt {
            Attempt::Open(next) if matches!(next.life, Life::Dialing { .. }) => Phase::Dialing {
                attempt: self.dials,
            },
            Attempt::Open(_) => Phase::Opening,
            Attempt::Waiting { delay, .. } => self.waiting(*delay),
            Attempt::Planning { delay, .. } if self.dials > 0 || self.ever_ready => {
                self.waiting(*delay)
            }
            Attempt::None | Attempt::Planning { .. } | Attempt::Prepared(_) => Phase::Idle,
        }
    }

    const fn waiting(&self, delay: Duration) -> Phase {
        Phase::Waiting {
            attempt: self.dials.saturating_add(1),
            delay,
        }
    }

    /// The live connection.
    pub fn generation(&self) -> Option<Generation> {
        self.current
            .as_ref()
            .filter(|current| current.is_live())
            .map(|current| current.generation)
    }

    /// Bytes given to the current wire and not yet handed to the operating system.
    pub fn pending_bytes(&self) -> usize {
        self.current
            .as_ref()
            .map_or(0, |current| current.outbox.bytes())
    }

    /// The handle by which another process could continue the conversation, while there is a good
    /// one. As secret as a key.
    pub fn resume_token(&mut self, now: Time) -> Option<ResumeToken> {
        self.handle.offer(now, self.config.resume_max_age)
    }

    /// Whether [`LinkOutput::Closed`] was said.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// What the provider can do, as of the last plan.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Wire events that came for wires that are no more; they change nothing.
    pub const fn stale_inputs(&self) -> u64 {
        self.stale
    }

    pub(super) fn up(&mut self, output: LinkOutput) {
        self.outputs.up(output);
    }

    pub(super) fn act(&mut self, action: WireAction) {
        self.outputs.act(action);
    }

    /// Says where the link is, if that is news.
    pub(super) fn report(&mut self) {
        let phase = self.phase();
        if phase != self.reported {
            self.reported = phase;
            if phase == Phase::Opening && self.has(Defect::PhaseSkipped) {
                return;
            }
            self.up(LinkOutput::Phase(phase));
        }
    }

    pub(super) fn connection(&mut self, generation: Generation) -> Option<&mut Connection> {
        let next = match &mut self.attempt {
            Attempt::Open(next) => Some(&mut **next),
            _ => None,
        };
        [self.current.as_mut(), next, self.retired.as_mut()]
            .into_iter()
            .flatten()
            .find(|connection| connection.generation == generation)
    }

    fn command(&mut self, now: Time, command: LinkCommand) {
        match command {
            LinkCommand::Start => self.start(now),
            LinkCommand::Plan(plan) => self.plan(now, &plan),
            LinkCommand::Send { id, command } => self.send(now, id, command),
            LinkCommand::Rotate(cause) => self.rotate(now, cause),
            LinkCommand::Healthy => {
                if self.generation().is_some() {
                    self.backoff.healthy();
                    self.health_proven();
                }
            }
            LinkCommand::ReadPaused(paused) => {
                self.read_paused = paused;
                if !paused && let Some(current) = &mut self.current {
                    // Silence while nobody listened proves nothing.
                    current.hear(now);
                }
            }
        }
    }

    fn wire(&mut self, now: Time, event: WireEvent) {
        let generation = match &event {
            WireEvent::Stage { generation, .. }
            | WireEvent::Dialed { generation }
            | WireEvent::DialFailed { generation, .. }
            | WireEvent::Frame { generation, .. }
            | WireEvent::Alive { generation }
            | WireEvent::Written { generation, .. }
            | WireEvent::Writing { generation }
            | WireEvent::Lost { generation, .. } => *generation,
        };
        let Some(connection) = self.connection(generation) else {
            self.stale = self.stale.saturating_add(1);
            if self.closed && self.has(Defect::EventAfterClosed) {
                self.up(LinkOutput::RotationDue {
                    cause: RotationCause::Drop,
                    deadline: now,
                });
            }
            return;
        };
        let dialing = matches!(connection.life, Life::Dialing { .. });
        match event {
            WireEvent::Stage { stage, .. } if dialing => connection.stage = stage,
            WireEvent::Dialed { .. } if dialing => self.dialed(now, generation),
            WireEvent::DialFailed { end, .. } if dialing => self.lost(now, generation, end),
            WireEvent::Lost { end, .. } => self.lost(now, generation, end),
            WireEvent::Frame { frame, .. } if !dialing => self.frame(now, generation, &frame),
            WireEvent::Alive { .. } if !dialing => connection.hear(now),
            WireEvent::Written { seq, .. } if !dialing => self.written(now, generation, seq),
            WireEvent::Writing { .. } if !dialing => connection.progress = now,
            _ => self.stale = self.stale.saturating_add(1),
        }
    }
}

impl Machine for Link {
    type Command = LinkCommand;
    type Output = LinkOutput;

    fn handle(&mut self, now: Time, input: Input<LinkCommand>) {
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Wire(event) => self.wire(now, event),
            Input::Close(request) => self.close(now, request),
            Input::Timeout => self.timeout(now),
        }
        self.report();
    }

    fn poll_output(&mut self) -> Option<Output<LinkOutput>> {
        self.outputs.pop()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.next_timeout()
    }

    fn wants_read(&self) -> bool {
        !self.read_paused
    }

    fn stage(&self, generation: Generation) -> Option<Stage> {
        let next = match &self.attempt {
            Attempt::Open(next) => Some(&**next),
            _ => None,
        };
        let of_that_name = |connection: &&Connection| connection.generation == generation;
        [self.current.as_ref(), next, self.retired.as_ref()]
            .into_iter()
            .flatten()
            .find(of_that_name)?
            .life
            .stage()
    }

    fn handles(&self) -> Vec<Secret> {
        let kept = self.handle.kept();
        let known = kept.into_iter().chain(self.offered.as_ref());
        known.map(|handle| handle.0.clone()).collect()
    }
}
