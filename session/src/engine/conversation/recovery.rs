//! What a change of connection costs, and what the next one is told.

use std::collections::BTreeSet;

use antiphon_protocol::{CallId, Heard, Seeded, ToolCall};

use super::*;
use crate::engine::history::{Kept, open_calls};

/// What a connection knows of what it was told when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Items of history.
    pub(crate) items: usize,
    /// Calls among them whose answers come later.
    pub(crate) open_calls: BTreeSet<CallId>,
}

impl Told {
    pub(crate) fn by(seed: Vec<Item>, seeded: &Seeded) -> Self {
        let known: Vec<_> = seed
            .into_iter()
            .enumerate()
            .filter(|(place, _)| seeded.knows(*place))
            .map(|(_, item)| item)
            .collect();
        Self {
            items: known.len(),
            open_calls: open_calls(&known),
        }
    }
}

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
            let void = self.ledger.void_but(&BTreeSet::new());
            self.losses.calls_void.extend(void);
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
        recovery: Recovery,
        told: &Told,
        waits: impl Fn(CommandId) -> bool,
    ) -> Losses {
        let mut losses = std::mem::take(&mut self.losses);
        let total = self.history.total();
        losses.items_kept = match recovery {
            Recovery::Resumed => total,
            Recovery::Reseeded => told.items,
            _ => 0,
        };
        losses.items_lost = total - losses.items_kept.min(total);
        if recovery == Recovery::Resumed && self.manner.renews_orders {
            for text in self.history.orders(&waits) {
                let order = Context {
                    kind: ContextKind::Instructions,
                    text,
                    delegation: None,
                };
                let id = self.own();
                self.out
                    .push_back(Effect::Ordered(id, Command::Context(order)));
            }
        }
        if recovery != Recovery::Resumed {
            let none = BTreeSet::new();
            let known = match recovery {
                Recovery::Reseeded => &told.open_calls,
                _ => &none,
            };
            losses.calls_void.extend(self.ledger.void_but(known));
            self.delegations.clear();
            self.history.forget_ids(waits);
            self.playhead.orphan();
        }
        if recovery == Recovery::Fresh {
            self.follow_ups.clear();
            for void in self.gate.void_follow_ups() {
                self.out.push_back(Effect::Recall(void));
            }
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

    /// Whether a connection that goes on by a handle is given the application's orders again.
    pub(crate) const fn renews_orders(&self) -> bool {
        self.manner.renews_orders
    }

    /// History for a connection that knows nothing; with `open_calls` it can be told of calls whose
    /// answers come later.
    pub(crate) fn seed(
        &self,
        limits: SeedLimits,
        open_calls: bool,
        waits: impl Fn(CommandId) -> bool,
    ) -> Vec<Item> {
        let can_wait = |call: &CallId| open_calls && self.ledger.waits(call, &waits);
        self.history.seed(limits, can_wait, &waits)
    }

    /// The provider goes on from a moment at which it knew of no other calls than these.
    pub(crate) fn unknown_but(&mut self, known: &BTreeSet<CallId>) {
        let void = self.ledger.void_but(known);
        self.losses.calls_void.extend(void);
    }

    /// The provider has refused to be told what was said so far.
    pub(crate) fn withhold_history(&mut self) {
        self.history.withhold();
    }

    /// Whether a call waits for its answer.
    pub(crate) fn is_open_call(&self, call: &CallId) -> bool {
        self.ledger.waits(call, |_| false)
    }
}

#[cfg(feature = "testing")]
impl Conversation {
    /// Completes what is told of one moment.
    pub(crate) fn show(&self, moment: &mut crate::testing::Moment) {
        moment.gate = self.gate.at();
        moment.calls = self.ledger.at();
        moment.playhead = self.playhead.at();
        moment.interrupting = self.interruption.is_some();
        moment.history = self.history.items();
    }
}

impl Conversation {
    /// What was said as far as it was heard by now, and what is still being heard.
    /// Answers that still wait to be sent were not given.
    pub(crate) fn kept(
        &mut self,
        now: Time,
        waits: impl Fn(CommandId) -> bool,
    ) -> (Vec<Kept>, Vec<Heard>) {
        let open = self.playhead.open(now);
        let mut history = self.history.clone();
        history.forget_answers(waits);
        for heard in &open {
            history.on_interrupted(heard);
        }
        (history.kept(), open)
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
        kept: Vec<Kept>,
        open: &[ToolCall],
        closed: &[CallId],
        response_open: bool,
    ) {
        self.history.restore(kept);
        self.ledger.restore(open, closed);
        self.losses.response_lost = response_open;
    }
}
