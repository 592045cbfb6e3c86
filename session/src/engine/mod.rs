//! The engine: everything of a session that can race, as one synchronous machine.
//!
//! It wraps the link and owns conversation, uplink and inbox, with no queue between them, so that no
//! decision is taken on stale state. Inputs are commands, wire facts and time; outputs are wire
//! actions and answers to callers. The reader's events wait in the inbox until the port takes them.

mod callers;
mod conversation;
mod gate;
mod history;
mod inbox;
mod interruption;
mod ledger;
mod manner;
#[cfg(test)]
mod model;
mod playhead;
mod uplink;
mod words;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use antiphon_protocol::{
    Capabilities, Command, CommandId, Ended, EndedCause, Event, OpeningPlan, Provider, Recovery,
    ResumeToken, Rotation, RotationCause, SeedLimits, SessionConfig, Time,
};
use antiphon_transport::{
    CloseRequest, Input, Link, LinkCommand, LinkConfig, LinkOutput, Machine, Output, Undelivered,
};

pub(crate) use self::words::{EngineCommand, EngineOutput, Outcome, Played, Verb};
use self::{
    callers::Caller,
    conversation::{Conversation, Effect},
    inbox::Inbox,
    uplink::{Departure, Uplink},
};
pub use self::{uplink::UplinkPacing, words::Limits};
use crate::{EventFilter, SessionError, SessionState};

/// Bytes that may be on their way to the socket before the uplink holds the rest.
const WINDOW: usize = 256 * 1024;
/// Numbers of audio commands, whose receipts matter to nobody but the uplink.
const AUDIO: u64 = 1 << 62;

/// What the engine is made from.
pub(crate) struct EngineConfig {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) config: Arc<SessionConfig>,
    pub(crate) capabilities: Capabilities,
    pub(crate) link: LinkConfig,
    pub(crate) limits: Limits,
    pub(crate) pacing: UplinkPacing,
    pub(crate) follow_up: bool,
    pub(crate) seed: u64,
}

pub(crate) struct Engine {
    link: Link,
    conversation: Conversation,
    uplink: Uplink,
    inbox: Inbox,
    limits: Limits,
    config: Arc<SessionConfig>,
    /// Configurations that the provider has not accepted yet, oldest first.
    wanted: Vec<(CommandId, Arc<SessionConfig>)>,
    seed_limits: SeedLimits,
    /// How many items the connection that is being opened is given.
    seeded: usize,
    /// How many connections were planned.
    planned: u32,
    acknowledges: bool,
    callers: BTreeMap<CommandId, Caller>,
    observed: EventFilter,
    state: SessionState,
    rotation: Option<RotationCause>,
    /// Samples dropped before the connection was lost, to tell what the loss cost.
    dropped_before: u64,
    next_audio: u64,
    read_paused: bool,
    closing: bool,
    /// Why the engine itself ends the session.
    verdict: Option<EndedCause>,
    out: VecDeque<Output<EngineOutput>>,
}

impl Engine {
    pub(crate) fn new(given: EngineConfig) -> Self {
        let capabilities = given.capabilities;
        let format = capabilities.input_format(&given.config);
        Self {
            link: Link::new(given.provider, given.link, given.seed),
            conversation: Conversation::new(&capabilities, &given.config, given.follow_up),
            uplink: Uplink::new(
                format,
                given.pacing,
                given.limits.audio_hold,
                given.limits.command_patience,
            ),
            inbox: Inbox::new(given.limits.inbox_bytes),
            limits: given.limits,
            config: given.config,
            wanted: Vec::new(),
            seed_limits: capabilities.seed_limits,
            seeded: 0,
            planned: 0,
            acknowledges: capabilities.receipts != antiphon_protocol::Receipts::Written,
            callers: BTreeMap::new(),
            observed: EventFilter::NONE,
            state: SessionState::default(),
            rotation: None,
            dropped_before: 0,
            next_audio: AUDIO,
            read_paused: false,
            closing: false,
            verdict: None,
            out: VecDeque::new(),
        }
    }

    /// Opens the first connection.
    pub(crate) fn start(&mut self, now: Time) {
        self.link.handle(now, Input::Command(LinkCommand::Start));
        self.settle(now);
    }

    pub(crate) fn state(&self) -> &SessionState {
        &self.state
    }

    /// Whether callers may give more ordered commands.
    pub(crate) fn takes_commands(&self) -> bool {
        self.closing || self.uplink.has_room()
    }

    /// What the next unread event takes.
    pub(crate) fn next_weight(&self) -> Option<usize> {
        self.inbox.next_weight()
    }

    /// The next unread event. The caller must drain the engine afterwards.
    pub(crate) fn take_event(&mut self, now: Time) -> Option<Event> {
        let event = self.inbox.pop(now)?;
        if let Event::Audio(chunk) = &event {
            self.conversation.taken(now, chunk);
        }
        Some(event)
    }

    /// Brings the parts into line after the reader has taken events.
    pub(crate) fn after_taking(&mut self, now: Time) {
        self.settle(now);
    }

    fn command(&mut self, now: Time, command: EngineCommand) {
        match command {
            EngineCommand::Do {
                verb: Verb::Audio(data),
                ..
            } => {
                self.uplink.push_audio(now, data);
                if self.closing {
                    self.uplink.clear();
                }
            }
            EngineCommand::Do { id, verb } if self.closing => {
                drop(verb);
                let outcome = Outcome::Failed(SessionError::Ended);
                self.out
                    .push_back(Output::Up(EngineOutput::Resolve { id, outcome }));
            }
            EngineCommand::Do { id, verb } => {
                let wants_ack = match &verb {
                    Verb::Say(Command::Configure(config)) => {
                        self.wanted.push((id, Arc::clone(config)));
                        self.acknowledges
                    }
                    _ => false,
                };
                self.callers.insert(
                    id,
                    Caller {
                        wants_ack,
                        deadline: None,
                    },
                );
                self.conversation.command(now, id, verb);
            }
            EngineCommand::Played(played) => self.conversation.played(now, &played),
            EngineCommand::Observe(filter) => self.observed = filter,
            EngineCommand::ReaderGone => self.inbox.shut(),
        }
    }

    fn on_timeout(&mut self, now: Time) {
        self.conversation.on_timeout(now);
        if self.state.generation.is_none() {
            for id in self.uplink.expire(now) {
                self.conversation.expired(now, id);
                self.fail(id, SessionError::Undelivered(Undelivered::NotLive));
            }
        }
        let late: Vec<_> = self
            .callers
            .iter()
            .filter(|(_, caller)| caller.deadline.is_some_and(|deadline| deadline <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.fail(id, SessionError::Deadline);
        }
        if self
            .inbox
            .full_since()
            .is_some_and(|since| since + self.limits.reader_stall <= now)
        {
            if self.limits.drop_media {
                self.state.media_dropped += self.inbox.drop_media(now) as u64;
            }
            // What is left is control, which is never dropped.
            if !self.inbox.has_room() && self.verdict.is_none() {
                self.verdict = Some(EndedCause::ReaderStalled);
                self.close(
                    now,
                    CloseRequest {
                        deadline: None,
                        dropped: false,
                    },
                );
            }
        }
    }

    fn close(&mut self, now: Time, request: CloseRequest) {
        if !self.closing {
            self.closing = true;
            for id in self.uplink.clear() {
                self.fail(id, SessionError::Undelivered(Undelivered::Closing));
            }
        }
        self.link.handle(now, Input::Close(request));
    }

    /// Runs all parts until none has anything left to say.
    fn settle(&mut self, now: Time) {
        loop {
            if let Some(output) = self.link.poll_output() {
                self.on_link(now, output);
            } else if let Some(effect) = self.conversation.poll_effect() {
                self.on_effect(now, effect);
            } else if !(self.send_waiting(now) || self.rotate_if_quiet(now) || self.pause(now)) {
                break;
            }
        }
        self.state.turn = self.conversation.turn();
        self.state.uplink = self.uplink.marks();
        self.state.benign_refusals = self.conversation.benign_refusals();
    }

    fn on_link(&mut self, now: Time, output: Output<LinkOutput>) {
        let output = match output {
            Output::Wire(action) => return self.out.push_back(Output::Wire(action)),
            Output::Up(output) => output,
        };
        match output {
            LinkOutput::NeedPlan { resume, .. } => self.plan(now, resume),
            LinkOutput::Event { event, .. } => {
                if let Event::SessionStarted(started) = &event {
                    self.state.session_id.clone_from(&started.id);
                }
                self.conversation.event(now, event);
            }
            LinkOutput::RotationDue { cause, .. } => self.rotation = Some(cause),
            LinkOutput::Receipt { id, receipt } => self.on_receipt(now, id, receipt),
            LinkOutput::Phase(phase) => {
                self.state.phase = phase;
                self.deliver(now, Event::Phase(phase));
            }
            LinkOutput::Ready {
                generation,
                cause,
                resumed,
                seeded,
            } => {
                self.state.generation = Some(generation);
                self.ready(now, cause, resumed, seeded);
            }
            LinkOutput::Lost { .. } => self.lost(now),
            LinkOutput::Closed(ended) => self.ended(now, ended),
            _ => {}
        }
    }

    fn on_effect(&mut self, now: Time, effect: Effect) {
        match effect {
            Effect::Deliver(event) => self.deliver(now, event),
            Effect::Ordered(id, command) => {
                if let Err(command) = self.uplink.push(now, id, command) {
                    self.conversation.undelivered(now, id, &command, false);
                    self.fail(id, SessionError::Full);
                }
            }
            Effect::Urgent(id, command) => self.send(now, id, command),
            Effect::Resolve(id, outcome) => self.resolve(id, outcome),
            Effect::VoidUnread => {
                let conversation = &self.conversation;
                let bytes = self.inbox.void(now, |chunk| conversation.is_void(chunk));
                self.conversation.voided(bytes);
            }
            Effect::Committed => self.uplink.committed(),
            Effect::Healthy => self.link.handle(now, Input::Command(LinkCommand::Healthy)),
        }
    }

    /// Says what the next connection is opened with: the provider's handle, or history.
    fn plan(&mut self, now: Time, resume: Option<ResumeToken>) {
        let mut seed = Vec::new();
        if resume.is_none() {
            for (id, command) in self.uplink.take_results() {
                self.conversation.undelivered(now, id, &command, true);
                self.fail(id, SessionError::Undelivered(Undelivered::Lost));
            }
            seed = self
                .conversation
                .seed(self.seed_limits, |id| self.uplink.waits(id));
        }
        self.seeded = seed.len();
        let config = Arc::clone(&self.config);
        let plan = OpeningPlan {
            config,
            seed,
            bridge: None,
            resume,
            ordinal: self.planned,
        };
        self.planned = self.planned.saturating_add(1);
        self.link
            .handle(now, Input::Command(LinkCommand::Plan(plan)));
    }

    fn ready(&mut self, now: Time, cause: RotationCause, resumed: bool, seeded: bool) {
        if cause == RotationCause::Start {
            return;
        }
        let recovery = match (resumed, seeded && self.seeded > 0) {
            (true, _) => Recovery::Resumed,
            (false, true) => Recovery::Reseeded,
            (false, false) => Recovery::Fresh,
        };
        self.uplink.expire(now);
        let mut losses = {
            let uplink = &self.uplink;
            self.conversation
                .rotated(now, recovery, self.seeded, |id| uplink.waits(id))
        };
        losses.samples_replayed = self.uplink.replayable();
        losses.samples_dropped = self.uplink.marks().dropped - self.dropped_before;
        self.rotation = None;
        self.state.rotations = self.state.rotations.saturating_add(1);
        if let Some(generation) = self.state.generation {
            self.deliver(
                now,
                Event::Rotated(Rotation {
                    generation,
                    cause,
                    recovery,
                    losses,
                }),
            );
        }
    }

    fn lost(&mut self, now: Time) {
        self.state.generation = None;
        self.state.session_id = None;
        self.dropped_before = self.uplink.marks().dropped;
        self.uplink.on_lost();
        // Whether the calls live on is known when the next connection says that it has resumed.
        let uplink = &self.uplink;
        self.conversation.lost(now, true, |id| uplink.waits(id));
    }

    fn ended(&mut self, now: Time, mut ended: Ended) {
        self.closing = true;
        ended.response_cut |= self.conversation.is_responding();
        if let Some(cause) = self.verdict.take() {
            ended.cause = cause;
        }
        self.uplink.clear();
        self.conversation.abandon();
        self.conversation.lost(now, false, |_| false);
        while let Some(effect) = self.conversation.poll_effect() {
            match effect {
                Effect::Deliver(event) => self.deliver(now, event),
                Effect::Resolve(id, outcome) => self.resolve(id, outcome),
                _ => {}
            }
        }
        for id in std::mem::take(&mut self.callers).into_keys() {
            let outcome = Outcome::Failed(SessionError::Ended);
            self.out
                .push_back(Output::Up(EngineOutput::Resolve { id, outcome }));
        }
        self.state.generation = None;
        self.state.ended = Some(ended.clone());
        self.deliver(now, Event::Ended(ended));
    }

    fn send_waiting(&mut self, now: Time) -> bool {
        let live = self.state.generation.is_some() && self.state.ended.is_none();
        if !live || self.link.pending_bytes() >= WINDOW {
            return false;
        }
        match self.uplink.depart(now) {
            None => false,
            Some(Departure::Audio(data)) => {
                self.next_audio += 1;
                self.send(now, CommandId::new(self.next_audio), Command::Audio(data));
                true
            }
            Some(Departure::Ordered(id, command)) => {
                self.conversation.sent(now, id);
                self.send(now, id, command);
                true
            }
        }
    }

    /// When the uplink has something to do by the clock alone; a full window waits for the wire.
    fn uplink_timeout(&self) -> Option<Time> {
        let live = self.state.generation.is_some();
        let held = live && self.link.pending_bytes() >= WINDOW;
        (!held).then(|| self.uplink.poll_timeout(live)).flatten()
    }

    fn rotate_if_quiet(&mut self, now: Time) -> bool {
        let quiet = self.conversation.turn().is_idle();
        match self.rotation.take_if(|_| quiet) {
            None => false,
            Some(cause) => {
                self.link
                    .handle(now, Input::Command(LinkCommand::Rotate(cause)));
                true
            }
        }
    }

    fn pause(&mut self, now: Time) -> bool {
        let paused = !self.inbox.has_room();
        if paused == self.read_paused {
            return false;
        }
        self.read_paused = paused;
        self.link
            .handle(now, Input::Command(LinkCommand::ReadPaused(paused)));
        true
    }

    fn send(&mut self, now: Time, id: CommandId, command: Command) {
        self.link
            .handle(now, Input::Command(LinkCommand::Send { id, command }));
    }

    fn deliver(&mut self, now: Time, event: Event) {
        if self.observed.passes(&event) {
            self.out
                .push_back(Output::Up(EngineOutput::Show(event.clone())));
        }
        if let (Event::Audio(chunk), false) = (&event, self.inbox.is_open()) {
            // Nobody will take it, so it counts as taken.
            self.conversation.taken(now, chunk);
        }
        self.inbox.push(now, event);
    }
}

impl Machine for Engine {
    type Command = EngineCommand;
    type Output = EngineOutput;

    fn handle(&mut self, now: Time, input: Input<EngineCommand>) {
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Wire(event) => self.link.handle(now, Input::Wire(event)),
            Input::Close(request) => self.close(now, request),
            Input::Timeout => {
                self.link.handle(now, Input::Timeout);
                self.on_timeout(now);
            }
        }
        self.settle(now);
    }

    fn poll_output(&mut self) -> Option<Output<EngineOutput>> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        if self.state.ended.is_some() {
            return None;
        }
        let stall = self
            .inbox
            .full_since()
            .map(|since| since + self.limits.reader_stall);
        let acks = self
            .callers
            .values()
            .filter_map(|caller| caller.deadline)
            .min();
        [
            self.link.poll_timeout(),
            self.conversation.poll_timeout(),
            self.uplink_timeout(),
            stall.filter(|_| self.verdict.is_none()),
            acks,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn wants_read(&self) -> bool {
        self.inbox.has_room()
    }
}
