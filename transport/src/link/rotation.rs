//! The planned change of connection, and letting the old one go.

use std::time::Duration;

use antiphon_protocol::{End, Fault, Generation, How, PeerText, RotationCause, Stage, Time};

use super::{
    Link, LinkOutput,
    connection::{Connection, Life},
    defect::Defect,
    schedule::Schedule,
    state::Attempt,
};
use crate::{Cost, WireAction};

/// The close code of a goodbye in order.
const NORMAL: u16 = 1000;

/// Whether it is the peer who wants a connection changed, and not this side.
const fn is_brought_about(cause: RotationCause) -> bool {
    matches!(
        cause,
        RotationCause::Limit | RotationCause::GoAway | RotationCause::Failures
    )
}

impl Link {
    /// Plans the end of the live connection from what is known of its limits.
    pub(super) fn schedule_limits(&mut self, now: Time) {
        let conversation = self.conversation;
        let limits = self.capabilities.limits;
        let (lead, margin) = (self.config.rotation_lead, self.config.rotation_margin);
        let Some(current) = self.current.as_mut().filter(|current| current.is_live()) else {
            return;
        };
        let connection_end = limits.connection.map(|life| current.opened + life);
        let session_end = limits
            .session
            .zip(conversation)
            .map(|(life, since)| since + life);
        // A peer that still talks has not ended the session: one of the clocks is wrong.
        let expiry = current.expires.filter(|expiry| *expiry > now);
        for end in [connection_end, session_end, expiry].into_iter().flatten() {
            Schedule::before(now, end, lead, margin, RotationCause::Limit)
                .merge(&mut current.schedule);
        }
    }

    /// A live connection whose peer fails time and again is due to be changed. Once, until health is
    /// proven: if the next one fares no better, changing is no help.
    pub(super) fn rotate_if_failing(&mut self, now: Time, generation: Generation) {
        let force = now + self.config.rotation_lead;
        let Some(current) = self
            .current
            .as_mut()
            .filter(|current| current.generation == generation && current.is_live())
        else {
            return;
        };
        if current.is_failing() && !std::mem::replace(&mut self.failures_told, true) {
            let cause = RotationCause::Failures;
            Schedule::now(now, force, cause).merge(&mut current.schedule);
        }
    }

    /// Begins the change to another connection, if there is a live one and none is on its way.
    pub(super) fn rotate(&mut self, now: Time, cause: RotationCause) {
        if self.closing.is_some() || self.generation().is_none() {
            return;
        }
        // A wish ends the wait for an attempt; what the peer wants is being waited for already.
        let may_begin = match self.attempt {
            Attempt::None => true,
            Attempt::Waiting { .. } => !is_brought_about(cause),
            _ => false,
        };
        if may_begin {
            if cause == RotationCause::Limit && self.conversation_is_over(now) {
                // To continue by handle would be to continue towards the same end.
                self.handle.discard();
            }
            if let Some(current) = &mut self.current {
                // What was due is being done.
                current.schedule = None;
            }
            if !is_brought_about(cause) {
                return self.need_plan(now, cause, Duration::ZERO);
            }
            match self.change_after(now) {
                Some(delay) => self.attempt_after(now, delay, cause),
                None => self.up(LinkOutput::RotationFailed {
                    cause,
                    fault: Fault::Overloaded,
                    reason: PeerText::new("too many connections in a row did not last"),
                }),
            }
        }
    }

    /// How long a change that the peer brings about has to wait, if it may be at all. A connection that has
    /// proven its health is changed at once, and so is the first that has not. But a peer that sends each
    /// connection away, or whose limits leave none a life, is not asked for the next one any faster than
    /// one that drops them.
    fn change_after(&mut self, now: Time) -> Option<Duration> {
        if self.backoff.is_healthy(now) {
            self.changed_early = false;
            return Some(Duration::ZERO);
        }
        if std::mem::replace(&mut self.changed_early, true) {
            self.backoff.next(now, Cost::One)
        } else {
            self.backoff.at_once()
        }
    }

    fn conversation_is_over(&self, now: Time) -> bool {
        let soon = now + self.config.rotation_lead;
        self.capabilities
            .limits
            .session
            .zip(self.conversation)
            .is_some_and(|(life, since)| since + life <= soon)
    }

    /// The live connection makes room for the next one, where two may not be open.
    pub(super) fn drain_for_rotation(&mut self, now: Time) {
        let until = now + self.capabilities.close_drain + self.config.close_slack;
        if let Some(current) = &self.current {
            let generation = current.generation;
            if current.is_live() {
                self.drain(now, generation, until);
            }
        }
    }

    /// `old` makes room for the connection that has just taken its place.
    pub(super) fn retire(&mut self, now: Time, mut old: Connection) {
        let generation = old.generation;
        let goodbye = End::new(Stage::Live, How::CloseFrame).with_code(NORMAL);
        let end = old.explain(now, goodbye);
        self.drop_retired();
        self.retired = Some(old);
        if !self.has(Defect::TwoLive) {
            self.up(LinkOutput::Lost {
                generation,
                end,
                fault: Fault::Closed,
            });
        }
        let until = now + self.capabilities.close_drain + self.config.close_slack;
        self.drain(now, generation, until);
    }

    /// Says goodbye on a wire: the provider's own first, then a close frame, then none.
    pub(super) fn drain(&mut self, now: Time, generation: Generation, until: Time) {
        let goodbye = (now + self.capabilities.close_drain).min(until);
        let mut effects = std::mem::take(&mut self.effects);
        if let Some(connection) = self.connection(generation) {
            connection.life = Life::Draining {
                goodbye: Some(goodbye),
                until,
            };
            connection.stage = Stage::Draining;
            connection.codec.finish(&mut effects);
        }
        self.report();
        self.take_effects(now, generation, effects);
    }

    /// The provider's own goodbye is said, or has taken too long: the close frame follows.
    pub(super) fn hang_up(&mut self, generation: Generation) {
        let Some(connection) = self.connection(generation) else {
            return;
        };
        if let Life::Draining { goodbye, .. } = &mut connection.life
            && goodbye.take().is_some()
        {
            self.act(WireAction::Hangup {
                generation,
                code: NORMAL,
            });
        }
    }

    /// Drops the wire before the current one, if it is still there.
    pub(super) fn drop_retired(&mut self) {
        if let Some(retired) = self.retired.take() {
            self.act(WireAction::Abort {
                generation: retired.generation,
            });
            self.give_back(retired);
        }
    }
}
