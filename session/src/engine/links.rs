//! What the link reports: plans that are due, connections that come and go, the end.

use std::sync::Arc;

use antiphon_protocol::{
    CallId, Ended, Event, Fault, Losses, OpeningPlan, PeerText, Recovery, ResumeToken, Rotation,
    RotationCause, Seeded, Time,
};
use antiphon_transport::{Input, LinkCommand, LinkOutput, Output, Undelivered};

use super::{Effect, Engine, EngineOutput, Outcome, conversation::Told, flaw::Defect};
use crate::SessionError;

impl Engine {
    pub(super) fn on_link(&mut self, now: Time, output: Output<LinkOutput>) {
        let output = match output {
            Output::Wire(action) => return self.out.push_back(Output::Wire(action)),
            Output::Up(output) => output,
        };
        match output {
            LinkOutput::NeedPlan {
                resume, history, ..
            } => self.plan(now, resume, history),
            LinkOutput::Event { event, .. } => {
                if let Event::SessionStarted(started) = &event {
                    self.state.session_id.clone_from(&started.id);
                }
                self.usage.note(&self.updates.in_force().model, &event);
                self.conversation.event(now, event);
                self.check_budget(now);
            }
            LinkOutput::Spent { event, .. } => {
                self.usage.note_past(&self.updates.in_force().model, &event);
                self.check_budget(now);
            }
            LinkOutput::RotationFailed {
                cause,
                fault,
                reason,
            } => self.reverted(now, cause, fault, &reason),
            LinkOutput::Resumable {
                generation,
                now: true,
            } if self.state.generation == Some(generation) => {
                self.reached = self.conversation.known_calls(|id| self.uplink.waits(id)).0;
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
                self.uplink.on_live(now);
                self.ready(now, cause, resumed, &seeded);
            }
            LinkOutput::Lost { .. } => self.lost(now),
            LinkOutput::Closed(ended) => self.ended(now, ended),
            _ => {}
        }
    }

    /// Says what the next connection is opened with: the provider's handle, or history, or nothing.
    /// Each rung of that ladder is checked offline, before anything is let go.
    ///
    /// Nothing is let go here: what the next connection will not know is given up when it is ready.
    pub(super) fn plan(&mut self, now: Time, resume: Option<ResumeToken>, history: bool) {
        let restored = self.restored.as_mut().and_then(|kept| kept.resume.take());
        let resume = resume.or(restored);
        let (config, bridge) = self.updates.plan();
        let ordinal = self.planned;
        self.planned = self.planned.saturating_add(1);
        // Among orders that are given again a message is one more, or they would take its place.
        let follows = self.conversation.renews_orders();
        let plan = |resume: Option<ResumeToken>, seed| OpeningPlan {
            config: Arc::clone(&config),
            seed,
            bridge: bridge.clone().filter(|_| resume.is_none() || !follows),
            resume,
            ordinal,
        };
        let fits = |plan: &OpeningPlan| self.provider.open(plan).is_ok();
        let resumed = resume
            .map(|token| plan(Some(token), Vec::new()))
            .filter(fits);
        let plan = resumed.unwrap_or_else(|| {
            let waits = |id| self.uplink.waits(id);
            let seed = if history {
                self.conversation
                    .seed(self.seed_limits, self.seed_open_calls, waits)
            } else {
                Vec::new()
            };
            let seeded = plan(None, seed);
            if seeded.seed.is_empty() || fits(&seeded) {
                seeded
            } else {
                plan(None, Vec::new())
            }
        });
        self.told = plan.seed.clone();
        self.bridge = bridge.clone().filter(|_| plan.bridge.is_none());
        self.history_refused = !history && plan.resume.is_none();
        self.tell_link(now, Input::Command(LinkCommand::Plan(plan)));
    }

    pub(super) fn ready(
        &mut self,
        now: Time,
        cause: RotationCause,
        resumed: bool,
        seeded: &Seeded,
    ) {
        self.usage.connected(now);
        let (cause, calls) = match (cause, self.restored.take()) {
            (RotationCause::Start, None) => return,
            (_, Some(restored)) => (RotationCause::Restore, restored.calls),
            (cause, None) => (cause, Vec::new()),
        };
        let told = Told::by(std::mem::take(&mut self.told), seeded);
        let recovery = match (resumed, told.items > 0) {
            (true, _) => Recovery::Resumed,
            (false, true) => Recovery::Reseeded,
            (false, false) => Recovery::Fresh,
        };
        self.expire(now);
        if recovery != Recovery::Resumed {
            let open = (recovery == Recovery::Reseeded).then_some(&told.open_calls);
            self.return_results(now, |call| open.is_some_and(|open| open.contains(call)));
        }
        if recovery == Recovery::Resumed {
            let known = std::mem::take(&mut self.reached);
            self.return_results(now, |call| known.contains(call));
            self.conversation.unknown_but(&known.into_iter().collect());
        }
        self.reached = self.conversation.known_calls(|id| self.uplink.waits(id)).0;
        let mut losses = {
            let uplink = &self.uplink;
            self.conversation
                .rotated(now, recovery, &told, |id| uplink.waits(id))
        };
        if std::mem::take(&mut self.history_refused) {
            self.conversation.withhold_history();
        }
        if let Some(words) = self.bridge.take() {
            self.conversation.inform(now, words);
        }
        losses.samples_replayed = self.uplink.replayable();
        losses.samples_dropped = self.uplink.marks().dropped - self.dropped_before;
        self.rotation = None;
        self.updates.ready(recovery);
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
        for (call, begun) in calls {
            if self.conversation.is_open_call(&call.id) {
                self.deliver(now, Event::ToolCallRestored { call, begun });
            }
        }
    }

    /// Gives back answers that wait for a connection, but for those to calls that this one `knows`.
    fn return_results(&mut self, now: Time, knows: impl Fn(&CallId) -> bool) {
        if self.flaw.is(Defect::ResultsKept) {
            return;
        }
        for (id, command) in self.uplink.take_answers(knows) {
            self.conversation.undelivered(now, id, &command, true);
            self.fail(id, SessionError::Undelivered(Undelivered::Lost));
        }
    }

    /// The next connection could not be had, and the one that lives is kept.
    fn reverted(&mut self, now: Time, cause: RotationCause, fault: Fault, reason: &PeerText) {
        self.updates.rotation_failed(fault, reason.as_str());
        if let Some(generation) = self.state.generation {
            let reverted = Rotation {
                generation,
                cause,
                recovery: Recovery::Reverted,
                losses: Losses::default(),
            };
            self.deliver(now, Event::Rotated(reverted));
        }
    }

    pub(super) fn lost(&mut self, now: Time) {
        self.state.generation = None;
        self.state.session_id = None;
        self.updates.lost();
        let updates = &self.updates;
        self.uplink.withdraw(|id| updates.owns(id));
        self.dropped_before = self.uplink.marks().dropped;
        self.uplink.on_lost();
        // Whether the calls live on is known when the next connection says that it has resumed.
        let uplink = &self.uplink;
        self.conversation.lost(now, true, |id| uplink.waits(id));
    }

    pub(super) fn ended(&mut self, now: Time, mut ended: Ended) {
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
                Effect::VoidUnread => self.on_effect(now, Effect::VoidUnread),
                _ => {}
            }
        }
        for id in std::mem::take(&mut self.callers).into_keys() {
            let outcome = Outcome::Failed(SessionError::Ended);
            self.out
                .push_back(Output::Up(EngineOutput::Resolve { id, outcome }));
        }
        self.state.generation = None;
        if !self.flaw.is(Defect::EndUntold) {
            self.deliver(now, Event::Ended(ended.clone()));
        }
        self.state.ended = Some(ended);
    }
}
