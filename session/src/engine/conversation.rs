//! What the conversation is: turn, gate, ledger, playhead and interruption, reduced from events and
//! commands to effects.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{
    Capabilities, Command, CommandId, Event, Fault, Interruption, Item, Losses, PeerText, Recovery,
    ResponseDone, ResponseOptions, ResponseStatus, Role, SeedLimits, ServerError, SessionConfig,
    TextDelta, Time,
};

use super::{
    Outcome, Played, Verb,
    gate::{Gate, GateOut},
    history::History,
    interruption::Pending,
    ledger::Ledger,
    manner::Manner,
    playhead::Playhead,
};
use crate::{Delivery, ModelTurn, SessionError, Turn, UserTurn};

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

#[derive(Debug)]
pub(crate) struct Conversation {
    manner: Manner,
    gate: Gate,
    ledger: Ledger,
    playhead: Playhead,
    history: History,
    interruption: Option<Pending>,
    user: UserTurn,
    answering: bool,
    /// Until when the server's own response is expected.
    expecting: Option<Time>,
    losses: Losses,
    next_own: u64,
    benign: u64,
    out: VecDeque<Effect>,
}

impl Conversation {
    pub(crate) fn new(caps: &Capabilities, config: &SessionConfig, follow_up: bool) -> Self {
        let manner = Manner::new(caps, config, follow_up);
        let format = manner.format;
        Self {
            manner,
            gate: Gate::new(caps.single_response),
            ledger: Ledger::default(),
            playhead: Playhead::new(format),
            history: History::default(),
            interruption: None,
            user: UserTurn::Idle,
            answering: false,
            expecting: None,
            losses: Losses::default(),
            next_own: OWN,
            benign: 0,
            out: VecDeque::new(),
        }
    }

    pub(crate) fn command(&mut self, now: Time, id: CommandId, verb: Verb) {
        match verb {
            // Audio goes straight to the uplink.
            Verb::Audio(_) => {}
            Verb::Text(text) => {
                self.add_items(id, vec![Item::text(Role::User, text)]);
                let create = self.own();
                if !self.gate.create(create, ResponseOptions::default()) {
                    self.fail(id, SessionError::Full);
                }
            }
            Verb::Interrupt => self.interrupt(now, Some(id)),
            Verb::History => {
                let history = Outcome::History(self.history.items());
                self.out.push_back(Effect::Resolve(id, history));
            }
            Verb::Say(Command::CreateResponse(options)) => {
                if !self.gate.create(id, options) {
                    self.fail(id, SessionError::Full);
                }
            }
            Verb::Say(Command::CancelResponse(_)) => self.gate.cancel(id),
            Verb::Say(Command::ToolResults(results)) => match self.ledger.answer(id, &results) {
                Ok(()) => {
                    self.history.on_results(id, &results);
                    self.out
                        .push_back(Effect::Ordered(id, Command::ToolResults(results)));
                }
                Err(error) => self.fail(id, error.into()),
            },
            Verb::Say(Command::AddItems(items)) => self.add_items(id, items),
            Verb::Say(command @ (Command::Truncate { .. } | Command::DeleteItem(_))) => {
                self.out.push_back(Effect::Urgent(id, command));
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

    pub(crate) fn event(&mut self, now: Time, event: Event) {
        match event {
            Event::Audio(mut chunk) => {
                self.gate.on_progress(now);
                if let Some(offset) = self.playhead.produced(now, &chunk) {
                    self.answering = true;
                    chunk.offset = offset;
                    self.deliver(Event::Audio(chunk));
                }
            }
            Event::ToolCall(call) => {
                self.gate.on_progress(now);
                if self.ledger.announce(&call, self.gate.response()) {
                    self.history.on_call(&call);
                    self.deliver(Event::ToolCall(call));
                }
            }
            Event::Error(error) if error.benign => self.benign += 1,
            event => {
                self.remember(&event);
                self.note(now, &event);
                let speech = matches!(event, Event::SpeechStarted(_));
                let interrupts = matches!(event, Event::Interrupted { .. })
                    || (speech && self.manner.auto_interrupt);
                self.deliver(event);
                if interrupts {
                    self.interrupt(now, None);
                }
            }
        }
        self.pump(now);
    }

    /// Follows what an event says about who said what.
    fn remember(&mut self, event: &Event) {
        match event {
            Event::ItemAdded { item, .. } | Event::ItemDone { item } => self.history.on_item(item),
            Event::ItemDeleted { item } => self.history.on_deleted(item),
            Event::InputCommitted { item, .. } => self.history.on_committed(item),
            Event::InputTranscript(words) => self.history.on_text(Role::User, words, true),
            Event::OutputTranscript(words) if !self.is_void_text(words) => {
                self.history.on_text(Role::Assistant, words, true);
            }
            Event::OutputText(words) if !self.is_void_text(words) => {
                self.history.on_text(Role::Assistant, words, false);
            }
            Event::ResponseDone(_) => self.history.on_response_done(),
            _ => {}
        }
    }

    /// Whether words belong to an answer that was interrupted before they came.
    fn is_void_text(&self, words: &TextDelta) -> bool {
        self.playhead
            .is_void_item(words.item.as_ref(), words.response.as_ref())
    }

    /// Follows what an event says about turns, responses and items.
    fn note(&mut self, now: Time, event: &Event) {
        match event {
            Event::SpeechStarted(_) => {
                self.user = UserTurn::Speaking;
                self.expecting = None;
            }
            Event::SpeechStopped(_) => self.user_done(now),
            Event::InputCommitted { .. } => {
                self.user_done(now);
                self.out.push_back(Effect::Committed);
            }
            Event::ResponseStarted { response } => {
                self.expecting = None;
                self.answering = false;
                if self.gate.is_cancelling() {
                    self.playhead.void_response(response.clone());
                }
                self.gate.on_started(now, response.clone());
            }
            Event::OutputTranscript(_) | Event::OutputText(_) => {
                self.gate.on_progress(now);
                self.answering = self.gate.is_active();
            }
            Event::AudioDone { item, .. } => self.playhead.complete(item.as_ref()),
            Event::ToolCallsCancelled { calls } => {
                self.ledger.cancel(calls);
            }
            Event::ResponseDone(done) => self.response_done(done),
            _ => {}
        }
    }

    fn user_done(&mut self, now: Time) {
        self.user = UserTurn::Idle;
        if self.manner.auto_response && !self.gate.is_active() {
            self.expecting = Some(now + EXPECTATION);
        }
    }

    fn response_done(&mut self, done: &ResponseDone) {
        let response = done.response.as_ref();
        let cancelled = matches!(done.status, ResponseStatus::Cancelled { .. });
        self.answering = false;
        self.ledger.on_response_done(response, cancelled);
        self.playhead.response_done(response);
        if let Some(pending) = &mut self.interruption {
            pending.response_ended();
        }
        if done.status == ResponseStatus::Completed {
            self.out.push_back(Effect::Healthy);
        }
        // The follow-up takes its place before creates that wait: it belongs to this answer.
        self.follow_up();
        self.gate.on_done(response);
    }

    /// Stops the model: by the caller's word, or because the provider said that the user spoke.
    fn interrupt(&mut self, now: Time, caller: Option<CommandId>) {
        if caller.is_some() {
            for voided in self.gate.void_waiting() {
                self.fail(voided, SessionError::Interrupted);
            }
        }
        if let Some(pending) = &mut self.interruption {
            pending.callers.extend(caller);
            if caller.is_some() {
                self.cancel();
            }
            return;
        }
        // By the caller's word a response that was only asked for is stopped too.
        let responding = if caller.is_some() {
            self.gate.is_open()
        } else {
            self.gate.is_active()
        };
        let stopped = self.playhead.interrupt(now, responding);
        if stopped.is_empty() && !responding {
            if let Some(caller) = caller {
                let nothing = Outcome::Interrupted(Interruption {
                    confirmed: true,
                    ..Interruption::default()
                });
                self.out.push_back(Effect::Resolve(caller, nothing));
            }
            return;
        }
        self.playhead.void_response(self.gate.response().cloned());
        self.out.push_back(Effect::VoidUnread);
        if caller.is_some() {
            self.cancel();
        }
        let items = stopped
            .iter()
            .map(|stopped| stopped.heard.clone())
            .collect();
        for stopped in &stopped {
            self.history.on_interrupted(&stopped.heard);
        }
        let report = Interruption {
            items,
            ..Interruption::default()
        };
        let mut pending = Pending::new(now, report, responding);
        pending.callers.extend(caller);
        for stopped in stopped {
            let Some(item) = stopped.heard.item.filter(|item| !item.is_synthetic()) else {
                continue;
            };
            let heard = stopped.heard.heard;
            // The wire counts in whole milliseconds; less than one was not heard.
            let command = if self.manner.format.millis_of(heard) == 0 {
                self.manner.delete.then_some(Command::DeleteItem(item))
            } else {
                let content_index = stopped.content_index;
                self.manner.truncate.then_some(Command::Truncate {
                    item,
                    content_index,
                    heard,
                })
            };
            if let Some(command) = command {
                let id = self.own();
                pending.wait_for(id);
                self.out.push_back(Effect::Urgent(id, command));
            }
        }
        self.interruption = Some(pending);
    }

    fn cancel(&mut self) {
        let id = self.own();
        self.gate.cancel(id);
        self.pump_gate();
    }

    /// How many bytes of unread audio the interruption removed.
    pub(crate) fn voided(&mut self, bytes: usize) {
        if let Some(pending) = &mut self.interruption {
            pending.voided(bytes);
        }
    }

    /// An ordered command has left.
    pub(crate) fn sent(&mut self, now: Time, id: CommandId) {
        self.gate.on_sent(now, id);
    }

    /// A command was carried out, as far as the provider says.
    pub(crate) fn confirmed(&mut self, now: Time, id: CommandId) {
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
        self.pump(now);
        absorbed
    }

    /// A command came back.
    pub(crate) fn undelivered(&mut self, now: Time, id: CommandId, command: &Command, lost: bool) {
        if matches!(command, Command::ToolResults(_)) {
            self.ledger.returned(id, lost);
        }
        self.history.on_undelivered(id);
        self.refused(now, id, false);
    }

    /// A command waited too long and was given up.
    pub(crate) fn expired(&mut self, now: Time, id: CommandId) {
        self.ledger.returned(id, false);
        self.history.on_undelivered(id);
        self.refused(now, id, false);
    }

    pub(crate) fn played(&mut self, now: Time, played: &Played) {
        self.playhead.report(played);
        self.pump(now);
    }

    /// The reader has taken audio.
    pub(crate) fn taken(&mut self, now: Time, chunk: &antiphon_protocol::AudioChunk) {
        self.playhead.taken(now, chunk);
    }

    pub(crate) fn is_void(&self, chunk: &antiphon_protocol::AudioChunk) -> bool {
        self.playhead.is_void(chunk)
    }

    /// The connection is gone and took everything open with it.
    pub(crate) fn lost(&mut self, now: Time, resumable: bool, waits: impl Fn(CommandId) -> bool) {
        let response = self.gate.response().cloned();
        let active = self.gate.is_active();
        self.losses.response_lost |= self.gate.on_lost(waits);
        self.answering = false;
        self.expecting = None;
        self.user = UserTurn::Idle;
        if !resumable {
            self.losses.calls_void.extend(self.ledger.void_all());
        }
        self.playhead.response_done(None);
        if let Some(pending) = &mut self.interruption {
            pending.abandon();
        }
        if active {
            let reason = Some("connection_lost".to_owned());
            let status = ResponseStatus::Incomplete { reason };
            self.deliver(Event::ResponseDone(ResponseDone {
                response,
                status,
                usage: None,
            }));
        }
        self.pump(now);
    }

    /// A new connection is ready, which knows all, what it was given, or nothing. Returns what the
    /// change has cost.
    pub(crate) fn rotated(
        &mut self,
        now: Time,
        recovery: Recovery,
        seeded: usize,
        waits: impl Fn(CommandId) -> bool,
    ) -> Losses {
        let mut losses = std::mem::take(&mut self.losses);
        let total = self.history.total();
        losses.items_kept = match recovery {
            Recovery::Resumed => total,
            Recovery::Reseeded => seeded,
            _ => 0,
        };
        losses.items_lost = total - losses.items_kept.min(total);
        if recovery != Recovery::Resumed {
            losses.calls_void.extend(self.ledger.void_all());
            self.history.forget_ids(waits);
        }
        // An answer of which nothing was heard is asked for again; one that was cut off is not,
        // since the user has heard its beginning.
        let ask =
            recovery == Recovery::Reseeded && losses.response_lost && self.history.awaits_answer();
        if ask && !self.gate.is_busy() {
            let id = self.own();
            self.gate.create_first(id);
            losses.response_asked_again = true;
        }
        self.pump(now);
        losses
    }

    /// History for a connection that knows nothing.
    pub(crate) fn seed(&self, limits: SeedLimits, waits: impl Fn(CommandId) -> bool) -> Vec<Item> {
        self.history.seed(limits, waits)
    }

    pub(crate) fn on_timeout(&mut self, now: Time) {
        self.gate.on_timeout(now);
        self.playhead.advance(now);
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
            settle,
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
            playing: self.playhead.is_playing(),
        }
    }

    /// Benign refusals that were absorbed.
    pub(crate) fn benign_refusals(&self) -> u64 {
        self.benign
    }

    /// Whether a response runs.
    pub(crate) fn is_responding(&self) -> bool {
        self.gate.is_active()
    }

    /// The calls of `interrupt()` that nobody will answer, when the session is over.
    pub(crate) fn abandon(&mut self) {
        if let Some(pending) = &mut self.interruption {
            pending.abandon();
        }
    }

    fn pump(&mut self, now: Time) {
        self.follow_up();
        self.pump_gate();
        if !self.gate.is_open()
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
            self.deliver(Event::InterruptionSettled(report));
        }
    }

    fn follow_up(&mut self) {
        if self.ledger.take_follow_up() && self.manner.follow_up {
            let id = self.own();
            self.gate.create_first(id);
        }
    }

    fn pump_gate(&mut self) {
        while let Some(out) = self.gate.poll_output() {
            match out {
                GateOut::Create(id, options) => {
                    self.out
                        .push_back(Effect::Ordered(id, Command::CreateResponse(options)));
                }
                GateOut::Cancel(id, response) => {
                    self.out
                        .push_back(Effect::Urgent(id, Command::CancelResponse(response)));
                }
                GateOut::Idle(id) => {
                    let nothing = Delivery {
                        command: id,
                        acknowledged: true,
                    };
                    self.out
                        .push_back(Effect::Resolve(id, Outcome::Delivered(nothing)));
                }
                GateOut::Stalled(response) => {
                    self.answering = false;
                    if let Some(pending) = &mut self.interruption {
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
