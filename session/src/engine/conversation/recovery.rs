//! What a change of connection costs, and what the next one is told.

use antiphon_protocol::{CallId, Heard, ToolCall};

use super::*;

impl Conversation {
    /// The connection is gone and took everything open with it.
    pub(crate) fn lost(&mut self, now: Time, resumable: bool, waits: impl Fn(CommandId) -> bool) {
        let response = self.gate.response().cloned();
        let (active, spoke) = (self.gate.is_active(), self.speaks());
        self.losses.response_lost |= self.gate.on_lost(waits) || spoke;
        self.answering = false;
        self.expecting = None;
        self.user = UserTurn::Idle;
        if !resumable {
            self.losses.calls_void.extend(self.ledger.void_all());
            self.delegations.clear();
        }
        self.away = true;
        self.playhead.response_done(None);
        self.history.on_response_done();
        if let Some(voices) = &mut self.voices {
            voices.reset();
        }
        if let Some(pending) = &mut self.interruption {
            pending.abandon();
        }
        let reason = Some("connection_lost".to_owned());
        let status = ResponseStatus::Incomplete { reason };
        if spoke {
            self.utterance_done(status.clone());
        }
        if active {
            self.deliver(Event::ResponseDone(ResponseDone {
                response,
                status,
                usage: None,
            }));
        }
        // What waited for the response waits for the next connection now, and no longer than it may.
        self.hold(now);
        self.gate.go_on();
        self.pump(now);
    }

    /// A new connection is ready, which knows all up to a moment, what it was given, or nothing.
    /// Returns what the change has cost.
    pub(crate) fn rotated(
        &mut self,
        now: Time,
        (recovery, from): (Recovery, Option<u64>),
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
            self.delegations.clear();
            self.history.forget_ids(waits);
            self.playhead.orphan();
        } else if let Some(from) = from {
            losses.calls_void.extend(self.ledger.void_since(from));
        }
        if recovery == Recovery::Fresh {
            self.withdraw_follow_ups(|_| true);
        }
        self.away = false;
        self.hold(now);
        // An answer of which nothing was heard is asked for again; one that was cut off is not,
        // since the user has heard its beginning.
        let ask =
            recovery == Recovery::Reseeded && losses.response_lost && self.history.awaits_answer();
        if ask && self.manner.create && !self.gate.is_busy() {
            let id = self.own();
            self.gate.create_first(id);
            losses.response_asked_again = true;
        }
        self.pump(now);
        losses
    }

    /// The provider has given a handle to the `moment`th moment.
    pub(crate) const fn at(&mut self, moment: u64) {
        self.ledger.at(moment);
    }

    /// Whether a command answers what was asked after `moment`.
    pub(crate) fn answers_since(&self, moment: u64, command: &Command) -> bool {
        let Command::ToolResults(results) = command else {
            return false;
        };
        let late =
            |result: &antiphon_protocol::ToolResult| self.ledger.is_since(moment, &result.call);
        results.iter().any(late)
    }

    /// History for a connection that knows nothing.
    pub(crate) fn seed(&self, limits: SeedLimits, waits: impl Fn(CommandId) -> bool) -> Vec<Item> {
        self.history.seed(limits, waits)
    }
}

impl Conversation {
    /// What was said as far as it was heard by now, and what is still being heard.
    /// Answers that still wait to be sent were not given.
    pub(crate) fn kept(
        &mut self,
        now: Time,
        waits: impl Fn(CommandId) -> bool,
    ) -> (Vec<Item>, Vec<Heard>) {
        let open = self.playhead.open(now);
        let mut history = self.history.clone();
        history.forget_answers(waits);
        for heard in &open {
            history.on_interrupted(heard);
        }
        (history.items(), open)
    }

    /// The calls that wait for an answer or whose answer `waits` to be sent, and the others.
    pub(crate) fn known_calls(
        &self,
        waits: impl Fn(CommandId) -> bool,
    ) -> (Vec<CallId>, Vec<CallId>) {
        self.ledger.known(waits)
    }

    /// Goes on with what another process has kept.
    pub(crate) fn restore(
        &mut self,
        items: Vec<Item>,
        open: &[ToolCall],
        closed: &[CallId],
        response_open: bool,
    ) {
        self.history.restore(items);
        self.ledger.restore(open, closed);
        self.losses.response_lost = response_open;
    }
}
