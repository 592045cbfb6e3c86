//! The engine: everything of a session that can race, as one synchronous machine.
//!
//! It wraps the link and owns conversation, uplink and inbox, with no queue between them, so that no
//! decision is taken on stale state. Inputs are commands, wire facts and time; outputs are wire
//! actions and answers to callers. The reader's events wait in the inbox until the port takes them.

mod callers;
mod conversation;
mod delegations;
#[cfg(feature = "simulation")]
mod digest;
mod flaw;
mod flow;
mod gate;
mod history;
mod inbox;
mod interruption;
mod ledger;
mod level;
mod links;
mod manner;
mod metronome;
#[cfg(test)]
mod model;
mod playhead;
mod saving;
#[cfg(feature = "recording")]
mod taping;
mod timeline;
mod update;
mod updating;
mod uplink;
mod usage;
mod verbs;
mod voices;
mod words;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use antiphon_protocol::{
    CallId, Capabilities, CommandId, EndedCause, Event, Generation, Item, Provider, ResumeToken,
    RotationCause, Secret, SeedLimits, SessionConfig, Stage, Time, ToolCall,
};
use antiphon_transport::{Input, Link, LinkCommand, LinkConfig, LinkOutput, Machine, Output};

pub(crate) use self::history::Kept;
pub(crate) use self::words::{EngineCommand, EngineOutput, Outcome, Played, Reports, Verb};
use self::{
    callers::Caller,
    conversation::{Conversation, Effect, Habits},
    flaw::Flaw,
    history::History,
    inbox::Inbox,
    update::Updates,
    uplink::{Departure, Uplink},
    usage::UsageLedger,
};
#[cfg(feature = "simulation")]
pub use self::{digest::Digest, flaw::Defect};
pub use self::{
    timeline::LatencyTotals,
    update::UpdateProgress,
    uplink::UplinkPacing,
    usage::{Budget, Prices, UsageAccount, UsageTotals},
    voices::TurnDerivation,
    words::{LateResults, Limits},
};
use crate::{EventFilter, SessionState, Snapshot};

/// Bytes that may be on their way to the socket before the uplink holds the rest.
const WINDOW: usize = 256 * 1024;
/// Numbers of audio commands, whose receipts matter to nobody but the uplink.
const AUDIO: u64 = 1 << 62;

/// What is left to do with what another process has kept.
struct Restored {
    resume: Option<ResumeToken>,
    /// The calls that wait for an answer, and whether their tools may have begun.
    calls: Vec<(ToolCall, bool)>,
}

/// What the engine is made from.
pub(crate) struct EngineConfig {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) config: Arc<SessionConfig>,
    pub(crate) capabilities: Capabilities,
    pub(crate) link: LinkConfig,
    pub(crate) limits: Limits,
    pub(crate) pacing: UplinkPacing,
    pub(crate) follow_up: bool,
    pub(crate) late_results: LateResults,
    pub(crate) seed: u64,
    pub(crate) derivation: TurnDerivation,
    pub(crate) prices: Option<Arc<dyn Prices>>,
    pub(crate) budget: Budget,
    pub(crate) restore: Option<Snapshot>,
}

pub(crate) struct Engine {
    link: Link,
    conversation: Conversation,
    uplink: Uplink,
    inbox: Inbox,
    limits: Limits,
    provider: Arc<dyn Provider>,
    updates: Updates,
    usage: UsageLedger,
    /// What another process has kept, until the first connection is ready.
    restored: Option<Restored>,
    seed_limits: SeedLimits,
    /// Whether what a connection is told may hold calls whose answers come later.
    seed_open_calls: bool,
    /// What the connection that is being opened is told.
    told: Vec<Item>,
    /// The message that it is told once it is ready, rather than with its opening.
    bridge: Option<String>,
    /// Whether that connection is told nothing because one before it was refused for its history.
    history_refused: bool,
    /// The calls that were open when the handle was given: what was asked since is not known to a
    /// conversation that goes on by it.
    reached: Vec<CallId>,
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
    flaw: Flaw,
    #[cfg(feature = "simulation")]
    digest: Digest,
    #[cfg(feature = "recording")]
    taping: Option<taping::Taping>,
    out: VecDeque<Output<EngineOutput>>,
}

impl Engine {
    pub(crate) fn new(given: EngineConfig) -> Self {
        let capabilities = given.capabilities;
        let format = capabilities.input_format(&given.config);
        let acknowledges = capabilities.receipts != antiphon_protocol::Receipts::Written;
        let mut engine = Self {
            link: Link::new(Arc::clone(&given.provider), given.link, given.seed),
            conversation: Conversation::new(
                &capabilities,
                &given.config,
                &Habits {
                    follow_up: given.follow_up,
                    late_results: given.late_results,
                    derivation: given.derivation,
                    history: History::new(&given.limits),
                },
            ),
            uplink: Uplink::new(
                format,
                capabilities.input_clock,
                given.pacing,
                given.limits.audio_hold,
                given.limits.command_patience,
            ),
            inbox: Inbox::new(given.limits.inbox_bytes),
            limits: given.limits,
            provider: given.provider,
            updates: Updates::new(given.config, &capabilities.live_fields, acknowledges),
            usage: UsageLedger::new(given.prices, given.budget),
            restored: None,
            seed_limits: capabilities.seed_limits,
            seed_open_calls: capabilities.seed_open_calls,
            told: Vec::new(),
            bridge: None,
            history_refused: false,
            reached: Vec::new(),
            planned: 0,
            acknowledges,
            callers: BTreeMap::new(),
            observed: EventFilter::NONE,
            state: SessionState::default(),
            rotation: None,
            dropped_before: 0,
            next_audio: AUDIO,
            read_paused: false,
            closing: false,
            verdict: None,
            flaw: Flaw::default(),
            #[cfg(feature = "simulation")]
            digest: Digest::default(),
            #[cfg(feature = "recording")]
            taping: None,
            out: VecDeque::new(),
        };
        if let Some(snapshot) = given.restore {
            engine.restore(snapshot);
        }
        engine
    }

    /// Has a defect, and is watched, from here on.
    #[cfg(feature = "simulation")]
    pub(crate) fn simulate(&mut self, defect: Option<Defect>, digest: Digest) {
        self.flaw = Flaw(defect);
        self.conversation.flawed(self.flaw);
        self.uplink.flaw = self.flaw;
        self.digest = digest;
    }

    /// Opens the first connection.
    pub(crate) fn start(&mut self, now: Time) {
        self.tell_link(now, Input::Command(LinkCommand::Start));
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
        #[cfg(feature = "simulation")]
        self.digest.note(now, digest::Place::Taken, &event);
        #[cfg(feature = "recording")]
        if let Some(taping) = &mut self.taping {
            taping.took();
        }
        if let Event::Audio(chunk) = &event {
            self.conversation.taken(now, chunk);
        }
        Some(event)
    }

    /// Brings the parts into line after the reader has taken events.
    pub(crate) fn after_taking(&mut self, now: Time) {
        #[cfg(feature = "recording")]
        self.tape_taken(now);
        self.settle(now);
    }

    fn tell_link(&mut self, now: Time, input: Input<LinkCommand>) {
        #[cfg(feature = "simulation")]
        self.digest.note(now, digest::Place::IntoLink, &input);
        self.link.handle(now, input);
    }

    #[cfg_attr(
        not(feature = "simulation"),
        expect(unused_variables, reason = "only the simulator wants to know when")
    )]
    fn hear_link(&mut self, now: Time) -> Option<Output<LinkOutput>> {
        let output = self.link.poll_output()?;
        #[cfg(feature = "simulation")]
        self.digest.note(now, digest::Place::OutOfLink, &output);
        Some(output)
    }

    /// Runs all parts until none has anything left to say.
    fn settle(&mut self, now: Time) {
        loop {
            if let Some(output) = self.hear_link(now) {
                self.on_link(now, output);
            } else if let Some(effect) = self.conversation.poll_effect() {
                self.on_effect(now, effect);
            } else if let Some(output) = self.updates.poll_output() {
                self.on_update(now, output);
            } else if !(self.send_waiting(now) || self.rotate_if_quiet(now) || self.pause(now)) {
                break;
            }
        }
        self.state.turn = self.conversation.turn();
        self.state.uplink = self.uplink.marks();
        self.state.history = self.conversation.history_marks();
        self.state.benign_refusals = self.conversation.benign_refusals();
        self.state.update = self.updates.progress();
        self.state.usage = self.usage.totals();
        if self.state.latency != *self.conversation.latency() {
            self.state.latency = self.conversation.latency().clone();
        }
    }
}

impl Machine for Engine {
    type Command = EngineCommand;
    type Output = EngineOutput;

    fn handle(&mut self, now: Time, input: Input<EngineCommand>) {
        #[cfg(feature = "simulation")]
        {
            self.digest.note(now, digest::Place::IntoEngine, &input);
            self.digest.content(&input);
        }
        #[cfg(feature = "recording")]
        let input = self.taped(now, input);
        #[cfg(feature = "recording")]
        let charged = self.usage.totals().cost;
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Wire(event) => self.tell_link(now, Input::Wire(event)),
            Input::Close(request) => self.close(now, request),
            Input::Timeout => {
                self.tell_link(now, Input::Timeout);
                self.on_timeout(now);
            }
        }
        self.settle(now);
        #[cfg(feature = "recording")]
        self.tape_charge(now, charged);
    }

    fn poll_output(&mut self) -> Option<Output<EngineOutput>> {
        let output = self.out.pop_front()?;
        #[cfg(feature = "simulation")]
        self.digest
            .note(Time::ZERO, digest::Place::OutOfEngine, &output);
        Some(output)
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
            self.updates
                .poll_timeout(self.state.generation.is_some() && !self.closing),
            self.usage.poll_timeout().filter(|_| !self.closing),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn stage(&self, generation: Generation) -> Option<Stage> {
        self.link.stage(generation)
    }

    fn handles(&self) -> Vec<Secret> {
        self.link.handles()
    }

    fn wants_read(&self) -> bool {
        self.inbox.has_room()
    }
}
