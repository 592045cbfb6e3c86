//! From the wish for a connection to its being ready.

use std::time::Duration;

use antiphon_protocol::{
    Codec, EndedCause, Endpoint, Fault, Generation, OpeningPlan, PeerText, RotationCause, Seeded,
    Stage, Time, Why,
};

use super::{
    Link, LinkOutput,
    connection::{Brought, Connection, Life},
    defect::Defect,
    state::{Attempt, Prepared},
};
use crate::WireAction;

impl Link {
    pub(super) fn start(&mut self, now: Time) {
        if !self.started && self.closing.is_none() && !self.closed {
            self.started = true;
            self.need_plan(now, RotationCause::Start, Duration::ZERO);
        }
    }

    /// Asks the layer above what to open the next connection with.
    pub(super) fn need_plan(&mut self, now: Time, cause: RotationCause, delay: Duration) {
        let deadline = now + self.config.plan_deadline;
        let resume = self.handle.offer(now, self.config.resume_max_age);
        self.attempt = Attempt::Planning {
            deadline,
            delay,
            cause,
        };
        self.report();
        self.up(LinkOutput::NeedPlan {
            cause,
            resume,
            history: !self.history_refused,
            deadline,
        });
    }

    /// A plan was given. One that nobody asked for is kept for the day when none comes in time.
    pub(super) fn plan(&mut self, now: Time, plan: &OpeningPlan) {
        self.last_config = Some(plan.config.clone());
        if let Some(handle) = &plan.resume {
            self.offered = Some(handle.clone());
            // One of another process is this link's from here on: it outlives a dial that fails.
            self.handle.adopt(now, handle);
        }
        if let Attempt::Planning { cause, .. } = self.attempt {
            self.open(now, plan, cause);
        } else if self.has(Defect::TwoDials) && matches!(self.attempt, Attempt::Open(_)) {
            self.open(now, plan, RotationCause::Request);
        }
    }

    /// No plan came: a fresh conversation under the last configuration is better than none.
    pub(super) fn plan_overdue(&mut self, now: Time, cause: RotationCause) {
        match self.last_config.clone() {
            Some(config) => self.open(now, &OpeningPlan::fresh(config), cause),
            None => self.fail(now, EndedCause::Fault(Fault::Internal), "no plan was given"),
        }
    }

    fn open(&mut self, now: Time, plan: &OpeningPlan, cause: RotationCause) {
        let (endpoint, codec) = match self.provider.open(plan) {
            Ok(opened) => opened,
            Err(unsupported) if self.current.is_some() => {
                self.attempt = Attempt::None;
                self.up(LinkOutput::RotationFailed {
                    cause,
                    fault: Fault::Invalid,
                    reason: PeerText::new(&unsupported.to_string()),
                });
                return;
            }
            Err(unsupported) => {
                self.fail(now, EndedCause::Unsupported, &unsupported.to_string());
                return;
            }
        };
        self.capabilities = self.provider.capabilities(&plan.config.model).into_owned();
        let brought = Brought::by(plan);
        // A handle must not be used while the wire it came from is open.
        if self.current.is_some() && (brought == Brought::Handle || !self.capabilities.overlap) {
            self.attempt = Attempt::Prepared(Box::new(Prepared {
                endpoint,
                codec,
                brought,
                cause,
            }));
            self.drain_for_rotation(now);
        } else {
            self.dial(now, endpoint, codec, brought, cause);
        }
    }

    pub(super) fn dial(
        &mut self,
        now: Time,
        endpoint: Endpoint,
        codec: Box<dyn Codec>,
        brought: Brought,
        cause: RotationCause,
    ) {
        // Never more than two wires: the one before the current one has had its time.
        self.drop_retired();
        let generation = self.next_generation;
        if !self.has(Defect::GenerationReused) {
            self.next_generation = generation.next();
        }
        self.dials = self.dials.saturating_add(1);
        self.backoff.begin(now);
        self.attempt = Attempt::Open(Box::new(Connection::dialing(
            generation,
            codec,
            cause,
            brought,
            now,
            &self.config,
        )));
        self.report();
        self.act(WireAction::Dial {
            generation,
            endpoint,
            why: Why::Connect,
        });
        if self.has(Defect::EarlyFrame) {
            self.dialed(now, generation);
        }
    }

    pub(super) fn dialed(&mut self, now: Time, generation: Generation) {
        let deadline = now + self.config.ready_deadline;
        let mut effects = std::mem::take(&mut self.effects);
        if let Some(next) = self.connection(generation) {
            next.life = Life::Opening { deadline };
            next.stage = Stage::Opening;
            next.opened = now;
            next.hear(now);
            next.codec.start(&mut effects);
        }
        self.report();
        self.take_effects(now, generation, effects);
    }

    /// The provider accepted the session: commands flow on this connection from here on.
    pub(super) fn ready(
        &mut self,
        now: Time,
        generation: Generation,
        resumed: bool,
        seeded: Seeded,
    ) {
        let is_next = matches!(&self.attempt, Attempt::Open(next)
            if next.generation == generation && matches!(next.life, Life::Opening { .. }));
        if !is_next {
            return;
        }
        let Attempt::Open(next) = std::mem::replace(&mut self.attempt, Attempt::None) else {
            return;
        };
        let mut next = *next;
        next.life = Life::Live;
        next.stage = Stage::Live;
        next.hear(now);
        let cause = next.cause;
        if let Some(old) = self.current.replace(next) {
            self.backoff.lost(now);
            self.retire(now, old);
        }
        self.dials = 0;
        self.not_before = None;
        self.ever_ready = true;
        self.backoff.ready(now);
        if !resumed || self.conversation.is_none() {
            self.conversation = Some(now);
        }
        if !resumed {
            self.handle.begin_anew(generation);
        }
        self.schedule_limits(now);
        self.report();
        self.up(LinkOutput::Ready {
            generation,
            cause,
            resumed,
            seeded,
        });
    }
}
