//! What the conversation is: turn, gate, ledger, playhead and interruption, reduced from events and
//! commands to effects.

mod events;
mod recovery;
mod results;
mod spoken;
mod stopping;

pub(crate) use self::recovery::Told;

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{
    Capabilities, Command, CommandId, Context, ContextKind, Event, Fault, Interruption, Item,
    Losses, PeerText, Recovery, ResponseDone, ResponseOptions, ResponseStatus, Role, SeedLimits,
    ServerError, SessionConfig, TextDelta, Time, TurnTimes,
};

use self::stopping::By;
use super::{
    LateResults, Outcome, Played, Verb,
    delegations::Delegations,
    flaw::{Defect, Flaw},
    gate::{Gate, GateOut},
    history::History,
    interruption::Pending,
    ledger::Ledger,
    level::level,
    manner::Manner,
    playhead::Playhead,
    timeline::{LatencyTotals, Timeline},
    voices::{TurnDerivation, Voices},
};
use crate::{Delivery, HistoryMarks, ModelTurn, SessionError, Turn, UserTurn};

/// How long after the user's turn the server's own response may take to begin.
const EXPECTATION: Duration = Duration::from_secs(10);
/// Where numbers of the session's own commands begin, far above any caller's.
const OWN: u64 = 1 << 48;

/// What the conversation wants done, in order.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Tell the reader.
    Deliver(Event),
    /// Send in program order.
    Ordered(CommandId, Command),
    /// Do not send what was to be sent in program order.
    Recall(CommandId),
    /// Send at once.
    Urgent(CommandId, Command),
    /// Answer a caller.
    Resolve(CommandId, Outcome),
    /// Remove unread media of what was interrupted.
    VoidUnread,
    /// The user's audio so far is an item.
    Committed,
    /// A turn was completed.
    Healthy,
}

/// What a caller has chosen for the whole conversation.
pub(crate) struct Habits {
    pub(crate) follow_up: bool,
    pub(crate) late_results: LateResults,
    pub(crate) derivation: TurnDerivation,
    pub(crate) history: History,
}

#[derive(Debug)]
pub(crate) struct Conversation {
    manner: Manner,
    late_results: LateResults,
    gate: Gate,
    ledger: Ledger,
    delegations: Delegations,
    playhead: Playhead,
    history: History,
    interruption: Option<Pending>,
    /// Concludes who speaks, on wires that do not say.
    voices: Option<Voices>,
    /// What the model has said so far on a wire that names no items; makes their ids.
    utterances: u64,
    timeline: Timeline,
    user: UserTurn,
    answering: bool,
    /// Whether there is no connection: what the next one knows of the calls is not known.
    away: bool,
    /// Until when the server's own response is expected.
    expecting: Option<Time>,
    /// Creates that follow answers of tools and have not left, with the commands that bring the answers.
    follow_ups: Vec<(CommandId, Vec<CommandId>)>,
    losses: Losses,
    next_own: u64,
    benign: u64,
    flaw: Flaw,
    out: VecDeque<Effect>,
}

impl Conversation {
    pub(crate) fn new(caps: &Capabilities, config: &SessionConfig, habits: &Habits) -> Self {
        let manner = Manner::new(caps, config, habits.follow_up);
        let format = manner.format;
        Self {
            manner,
            late_results: habits.late_results,
            gate: Gate::new(caps.single_response),
            ledger: Ledger::default(),
            delegations: Delegations::default(),
            playhead: Playhead::new(format),
            history: habits.history.clone(),
            interruption: None,
            voices: (!caps.server_turns).then(|| Voices::new(&habits.derivation)),
            utterances: 0,
            timeline: Timeline::default(),
            user: UserTurn::Idle,
            answering: false,
            away: false,
            expecting: None,
            follow_ups: Vec::new(),
            losses: Losses::default(),
            next_own: OWN,
            benign: 0,
            flaw: Flaw::default(),
            out: VecDeque::new(),
        }
    }

    /// Has a defect from here on.
    #[cfg(feature = "simulation")]
    pub(crate) fn flawed(&mut self, flaw: Flaw) {
        self.flaw = flaw;
        self.gate.flaw = flaw;
        self.ledger.flaw = flaw;
        self.playhead.flaw = flaw;
        self.history.flaw = flaw;
    }

    pub(crate) fn command(&mut self, now: Time, id: CommandId, verb: Verb) {
        match verb {
            // Audio goes straight to the uplink, and so does what concerns only it.
            Verb::Audio(_) | Verb::Mute(_) | Verb::Update(_) | Verb::Usage | Verb::Snapshot => {}
            Verb::Text(_) if self.manner.create && !self.gate.has_room() => {
                self.fail(id, SessionError::Full);
            }
            Verb::Text(text) => {
                let before = self.timeline.committed(now);
                self.timed(before);
                self.add_items(id, vec![Item::text(Role::User, text)]);
                if !self.manner.create {
                    return self.pump(now);
                }
                let create = self.own();
                if !self.gate.create(create, ResponseOptions::default()) {
                    self.fail(id, SessionError::Full);
                }
            }
            Verb::Interrupt => self.interrupt(now, By::Caller(id)),
            Verb::History => {
                let history = Outcome::History(self.history.items());
                self.out.push_back(Effect::Resolve(id, history));
            }
            Verb::Say(Command::CreateResponse(options)) if self.manner.create => {
                if !self.gate.create(id, options) {
                    self.fail(id, SessionError::Full);
                }
            }
            Verb::Say(Command::CancelResponse(_)) if self.manner.cancel || !self.speaks() => {
                self.gate.cancel(id);
            }
            Verb::Say(Command::ToolResults(results)) => self.results(now, id, results),
            Verb::Say(Command::AddItems(items)) => self.add_items(id, items),
            Verb::Say(Command::Context(context)) => {
                self.delegations.told(id, &context);
                self.tell(id, context);
            }
            Verb::Release(delegation) => {
                self.delegations.release(&delegation);
                self.done(id);
            }
            Verb::Say(command @ (Command::Truncate { .. } | Command::DeleteItem(_))) => {
                self.out.push_back(Effect::Urgent(id, command));
            }
            Verb::Say(Command::ActivityEnd) => {
                let before = self.timeline.speech_ended(now);
                self.timed(before);
                self.out
                    .push_back(Effect::Ordered(id, Command::ActivityEnd));
            }
            Verb::Say(command) => self.out.push_back(Effect::Ordered(id, command)),
        }
        self.pump(now);
    }

    fn add_items(&mut self, id: CommandId, items: Vec<Item>) {
        self.history.on_command(id, &items);
        self.out
            .push_back(Effect::Ordered(id, Command::AddItems(items)));
    }

    /// Gives the model words that are not the user's. They are part of what was said: a connection that
    /// must be told is told them, too.
    fn tell(&mut self, id: CommandId, context: Context) {
        self.history.on_context(id, &context);
        self.out
            .push_back(Effect::Ordered(id, Command::Context(context)));
    }

    /// The same by the wire's own way for it, or as a message of the application.
    fn tell_somehow(&mut self, id: CommandId, kind: Option<ContextKind>, text: String) {
        match kind {
            Some(kind) => {
                let context = Context {
                    kind,
                    text,
                    delegation: None,
                };
                self.tell(id, context);
            }
            None => self.add_items(id, vec![Item::text(Role::System, text)]),
        }
    }

    /// An ordered command has left.
    pub(crate) fn sent(&mut self, now: Time, id: CommandId) {
        self.gate.on_sent(now, id);
        self.follow_ups.retain(|(create, _)| *create != id);
    }

    /// A command was carried out, as far as the provider says.
    pub(crate) fn confirmed(&mut self, now: Time, id: CommandId) {
        // Where the voice is apart from the responses, only what is meant for it is acknowledged.
        if self.voices.is_some() {
            self.gate.on_spoken_for(id);
        }
        if let Some(pending) = &mut self.interruption {
            pending.answered(id, true);
        }
        self.pump(now);
    }

    /// A command was refused. Returns whether the conversation deals with it by itself.
    pub(crate) fn refused(&mut self, now: Time, id: CommandId, benign: bool) -> bool {
        let mut absorbed = self.gate.on_refused(now, id, benign);
        if let Some(pending) = &mut self.interruption {
            absorbed |= pending.answered(id, benign);
        }
        if !benign {
            self.history.on_undelivered(id);
        }
        self.pump(now);
        absorbed
    }

    /// A command came back.
    pub(crate) fn undelivered(&mut self, now: Time, id: CommandId, command: &Command, lost: bool) {
        match command {
            Command::ToolResults(_) => {
                self.ledger.returned(id, lost);
                self.withdraw_follow_ups(|answer| answer == id);
            }
            Command::Context(_) if !lost => {
                self.delegations.returned(id);
                self.ledger.untold(id);
            }
            _ => self.ledger.untold(id),
        }
        self.refused(now, id, false);
    }

    /// A command waited too long and was given up.
    pub(crate) fn expired(&mut self, now: Time, id: CommandId) {
        self.ledger.returned(id, false);
        self.delegations.returned(id);
        self.withdraw_follow_ups(|answer| answer == id);
        self.ledger.untold(id);
        self.refused(now, id, false);
    }

    pub(crate) fn played(&mut self, now: Time, played: &Played) {
        self.playhead.report(played);
        self.timeline
            .played(now, played.item.as_ref(), played.samples);
        self.pump(now);
    }

    /// The reader has taken audio.
    pub(crate) fn taken(&mut self, now: Time, chunk: &antiphon_protocol::AudioChunk) {
        self.playhead.taken(now, chunk);
        if self.playhead.is_imagined() {
            self.timeline.taken(now, chunk);
        }
    }

    /// Audio that the reader has not taken was dropped, and nobody will hear it.
    pub(crate) fn dropped(&mut self, now: Time, chunk: &antiphon_protocol::AudioChunk) {
        self.playhead.dropped(now, chunk);
    }

    pub(crate) fn is_void(&self, chunk: &antiphon_protocol::AudioChunk) -> bool {
        self.playhead.is_void(chunk)
    }

    pub(crate) fn on_timeout(&mut self, now: Time) {
        self.gate.on_timeout(now);
        self.playhead.advance(now);
        self.delegations.expire(now);
        self.fall_silent(now);
        self.timeline.on_timeout(now);
        if self.expecting.is_some_and(|until| until <= now) {
            self.expecting = None;
        }
        self.pump(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        let settle = self.interruption.as_ref().map(Pending::deadline);
        [
            self.gate.poll_timeout(),
            self.playhead.runs_dry(),
            self.expecting,
            self.delegations.poll_timeout(),
            settle,
            self.timeline.awaits_silence(),
            self.voices.as_ref().and_then(Voices::poll_timeout),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(crate) fn poll_effect(&mut self) -> Option<Effect> {
        self.out.pop_front()
    }

    pub(crate) fn turn(&self) -> Turn {
        let model = if self.answering {
            ModelTurn::Answering
        } else if self.gate.is_busy() || self.expecting.is_some() {
            ModelTurn::Thinking
        } else {
            ModelTurn::Idle
        };
        Turn {
            user: self.user,
            model,
            open_calls: self.ledger.open(),
            open_delegations: self.delegations.open(),
            playing: self.playhead.is_playing(),
        }
    }

    /// How much of the conversation is kept.
    pub(crate) fn history_marks(&self) -> HistoryMarks {
        self.history.marks()
    }

    /// Benign refusals that were absorbed.
    pub(crate) fn benign_refusals(&self) -> u64 {
        self.benign
    }

    /// Whether a response runs.
    pub(crate) fn is_responding(&self) -> bool {
        self.gate.is_active() || self.speaks()
    }

    fn pump(&mut self, now: Time) {
        self.follow_up();
        self.hold(now);
        self.pump_gate();
        if !self.gate.is_open()
            && !self.speaks()
            && let Some(pending) = &mut self.interruption
        {
            pending.response_ended();
        }
        let settled = self
            .interruption
            .as_ref()
            .and_then(|pending| pending.settle(now));
        if let Some(report) = settled {
            let callers = self
                .interruption
                .take()
                .map(|pending| pending.callers)
                .unwrap_or_default();
            for caller in callers {
                let outcome = Outcome::Interrupted(report.clone());
                self.out.push_back(Effect::Resolve(caller, outcome));
            }
            self.timeline.settled(now);
            self.deliver(Event::InterruptionSettled(report));
        }
        self.time_turn(now);
    }

    /// Tells when what happened in the turn, once nothing of it is open.
    fn time_turn(&mut self, now: Time) {
        let open = self.playhead.is_playing()
            || self.gate.is_busy()
            || self.speaks()
            || self.ledger.open() > 0
            || self.interruption.is_some()
            || self.timeline.awaits_silence().is_some()
            || self.expecting.is_some();
        if !open {
            let turn = self.timeline.quiet(now);
            self.timed(turn);
        }
    }

    fn timed(&mut self, turn: Option<TurnTimes>) {
        if let Some(turn) = turn {
            self.deliver(Event::TurnTimed(turn));
        }
    }

    /// How long users waited for answers.
    pub(crate) fn latency(&self) -> &LatencyTotals {
        self.timeline.totals()
    }

    /// The session is configured in another way.
    pub(crate) fn configured(&mut self, caps: &Capabilities, config: &SessionConfig) {
        self.manner = Manner::new(caps, config, self.manner.wants_follow_up);
    }

    /// Tells the model what is not the user's, without asking for a response.
    pub(crate) fn inform(&mut self, now: Time, words: String) {
        let id = self.own();
        self.tell_somehow(id, self.manner.context, words);
        self.pump(now);
    }

    /// Keeps creates back while calls are open, where none is taken before the answers.
    fn hold(&mut self, now: Time) {
        let held = self.manner.answers_first && !self.away && self.ledger.open() > 0;
        self.gate.hold(now, held);
    }

    fn follow_up(&mut self) {
        if let Some(answers) = self.ledger.take_follow_up()
            && self.manner.follow_up
            && !self.flaw.is(Defect::FollowUpLost)
        {
            let id = self.own();
            let id = self.gate.create_first(id);
            match self.follow_ups.iter_mut().find(|(create, _)| *create == id) {
                Some((_, followed)) => followed.extend(answers),
                None => self.follow_ups.push((id, answers)),
            }
        }
    }

    /// What one create was to follow is followed by another.
    fn join_follow_ups(&mut self, gone: CommandId, by: CommandId) {
        let Some(place) = self.follow_ups.iter().position(|(id, _)| *id == gone) else {
            return;
        };
        let (_, answers) = self.follow_ups.swap_remove(place);
        // One that had left before it came back follows answers that have left, whatever becomes of these.
        if let Some((_, followed)) = self.follow_ups.iter_mut().find(|(id, _)| *id == by) {
            followed.extend(answers);
        }
    }

    /// Some answers do not reach the model, or not yet: of them alone it is not asked to speak.
    fn withdraw_follow_ups(&mut self, is_void: impl Fn(CommandId) -> bool) {
        let mut follow_ups = std::mem::take(&mut self.follow_ups);
        follow_ups.retain_mut(|(create, answers)| {
            answers.retain(|answer| !is_void(*answer));
            if answers.is_empty() {
                self.gate.withdraw(*create);
                self.out.push_back(Effect::Recall(*create));
            }
            !answers.is_empty()
        });
        self.follow_ups = follow_ups;
    }

    fn pump_gate(&mut self) {
        while let Some(out) = self.gate.poll_output() {
            match out {
                GateOut::Create(id, options) => {
                    self.out
                        .push_back(Effect::Ordered(id, Command::CreateResponse(options)));
                }
                GateOut::Recall(id) => self.out.push_back(Effect::Recall(id)),
                GateOut::Joined(gone, by) => self.join_follow_ups(gone, by),
                GateOut::Cancel(id, response) => {
                    self.out
                        .push_back(Effect::Urgent(id, Command::CancelResponse(response)));
                }
                GateOut::Idle(id) => self.done(id),
                GateOut::Stalled(response) => {
                    self.answering = self.speaks();
                    if let Some(pending) = &mut self.interruption
                        && !self.answering
                    {
                        pending.response_ended();
                    }
                    self.ledger.on_response_done(response.as_ref(), false);
                    self.deliver(Event::Error(stalled()));
                }
            }
        }
    }

    fn deliver(&mut self, event: Event) {
        self.out.push_back(Effect::Deliver(event));
    }

    /// A command is carried out without the provider's being asked.
    fn done(&mut self, id: CommandId) {
        let done = Delivery {
            command: id,
            acknowledged: true,
        };
        self.out
            .push_back(Effect::Resolve(id, Outcome::Delivered(done)));
    }

    fn fail(&mut self, id: CommandId, error: SessionError) {
        self.out
            .push_back(Effect::Resolve(id, Outcome::Failed(error)));
    }

    fn own(&mut self) -> CommandId {
        self.next_own += 1;
        CommandId::new(self.next_own)
    }
}

fn stalled() -> ServerError {
    ServerError {
        message: PeerText::new("the response has been silent for 30 s; its place was given up"),
        fault: Fault::Timeout,
        ..ServerError::default()
    }
}
