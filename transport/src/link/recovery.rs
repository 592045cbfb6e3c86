//! What follows the loss of a wire: another attempt, or the end.

use std::time::Duration;

use antiphon_protocol::{
    End, EndedCause, Fault, Generation, How, PeerText, Retry, RotationCause, Stage, Time,
    UNKNOWN_RETRIES,
};

use super::{
    Link, LinkOutput,
    connection::{Brought, Connection},
    state::Attempt,
};
use crate::{Cost, WireAction};

impl Link {
    /// A wire is gone, or is given up after [`Link::abandon`].
    pub(super) fn lost(&mut self, now: Time, generation: Generation, end: End) {
        if let Some(current) = self
            .current
            .take_if(|current| current.generation == generation)
        {
            self.current_lost(now, current, end);
        } else if let Some(retired) = self.retired.take_if(|old| old.generation == generation) {
            self.give_back(retired);
        } else if matches!(&self.attempt, Attempt::Open(next) if next.generation == generation)
            && let Attempt::Open(next) = std::mem::replace(&mut self.attempt, Attempt::None)
        {
            self.attempt_failed(now, *next, end);
        }
    }

    /// Health was proven: what was tried in vain before may be tried again.
    pub(super) const fn health_proven(&mut self) {
        self.fresh_tried = false;
        self.history_refused = false;
        self.unknown_ends = 0;
        self.failures_told = false;
        self.changed_early = false;
        if let Some(current) = &mut self.current {
            current.failures = 0;
        }
    }

    /// Drops a wire that is no good, and goes on as if it had been lost with `end`.
    pub(super) fn abandon(&mut self, now: Time, generation: Generation, end: End) {
        self.act(WireAction::Abort { generation });
        self.lost(now, generation, end);
    }

    fn current_lost(&mut self, now: Time, mut current: Connection, end: End) {
        let end = current.explain(now, end);
        let (fault, retry) = if current.is_draining() {
            // Its end was this side's wish, however it came about.
            (Fault::Closed, Retry::Rotate)
        } else {
            self.provider.classify(&end)
        };
        let (generation, brought) = (current.generation, current.brought);
        let cause = cause_of(&current, &end, fault);
        let was_healthy = self.backoff.is_healthy(now);
        if was_healthy {
            self.health_proven();
        }
        self.backoff.lost(now);
        if self.closing.is_some() {
            self.give_back(current);
            return self.finish_closing(Some(&end));
        }
        self.up(LinkOutput::Lost {
            generation,
            end: end.clone(),
            fault,
        });
        self.give_back(current);
        match std::mem::replace(&mut self.attempt, Attempt::None) {
            Attempt::Prepared(next) => {
                self.dial(now, next.endpoint, next.codec, next.brought, next.cause);
            }
            // The next connection is on its way and finds out for itself.
            attempt @ (Attempt::Planning { .. } | Attempt::Open(_)) => {
                self.attempt = attempt;
                self.report();
            }
            Attempt::None | Attempt::Waiting { .. } => {
                // An end that was part of the plan is followed at once, unless it comes so soon
                // that following it would be a loop.
                let retry = match retry {
                    Retry::Rotate if !was_healthy => Retry::Backoff,
                    retry if !was_healthy => self.bringing_less(retry, fault, brought),
                    retry => retry,
                };
                self.retry(now, &end, fault, retry, cause);
            }
        }
    }

    fn attempt_failed(&mut self, now: Time, mut next: Connection, end: End) {
        let end = next.explain(now, end);
        let (fault, retry) = self.provider.classify(&end);
        let (brought, met) = (next.brought, end.stage >= Stage::Opening);
        if brought == Brought::Handle && met {
            // One try per handle: whatever went wrong, it is not offered again.
            self.handle.discard();
        }
        let retry = match retry {
            Retry::Rotate => Retry::Backoff,
            retry => retry,
        };
        let cause = next.cause;
        self.give_back(next);
        let refused = matches!(
            fault,
            Fault::Invalid | Fault::NotFound | Fault::Forbidden | Fault::TooLarge
        );
        if self.current.is_none() && cause == RotationCause::Update && refused {
            // The wish is refused, and the connection that was let go for it is planned as before.
            self.up(LinkOutput::RotationFailed {
                cause,
                fault,
                reason: PeerText::new(end.reason.as_str()),
            });
            return self.need_plan(now, RotationCause::Request, Duration::ZERO);
        }
        // A live connection knows more than one that is told nothing; only what must be replaced is.
        let forced = matches!(cause, RotationCause::Limit | RotationCause::GoAway);
        let retry = if met && (self.current.is_none() || forced) {
            self.bringing_less(retry, fault, brought)
        } else {
            retry
        };
        if self.current.is_some() {
            self.keep_current(now, &end, fault, retry, cause);
        } else {
            self.retry(now, &end, fault, retry, cause);
        }
    }

    /// A refusal that would be the end, when what the connection brought may be the reason: the next one
    /// brings less. First the handle is left out, then history; each is refused once at most.
    fn bringing_less(&mut self, retry: Retry, fault: Fault, brought: Brought) -> Retry {
        let is_last = match retry {
            Retry::Never => true,
            Retry::OnceFresh => self.fresh_tried,
            _ => false,
        };
        let of_content = matches!(
            fault,
            Fault::Invalid | Fault::ResumeRefused | Fault::ContextFull | Fault::TooLarge
        );
        match brought {
            Brought::Handle if is_last && of_content => {
                self.handle.discard();
                Retry::Backoff
            }
            Brought::History if is_last && of_content && !self.history_refused => {
                self.history_refused = true;
                Retry::Backoff
            }
            _ => retry,
        }
    }

    /// The next connection failed while the old one lives.
    fn keep_current(
        &mut self,
        now: Time,
        end: &End,
        fault: Fault,
        retry: Retry,
        cause: RotationCause,
    ) {
        self.up(LinkOutput::RotationFailed {
            cause,
            fault,
            reason: PeerText::new(end.reason.as_str()),
        });
        if let Ok(delay) = self.delay(now, end, fault, retry) {
            self.attempt_after(now, delay, cause);
        }
    }

    /// The next attempt is made after `delay`, or when the peer wants to be asked again, if that is later.
    pub(super) fn attempt_after(&mut self, now: Time, delay: Duration, cause: RotationCause) {
        let until = self.not_before.unwrap_or(now).max(now + delay);
        let delay = until - now;
        if delay.is_zero() {
            return self.need_plan(now, cause, delay);
        }
        self.attempt = Attempt::Waiting {
            until,
            delay,
            cause,
        };
        self.report();
    }

    fn retry(&mut self, now: Time, end: &End, fault: Fault, retry: Retry, cause: RotationCause) {
        if !self.ever_ready && self.dials >= self.config.connect_attempts && retry != Retry::Never {
            return self.finish(EndedCause::BudgetSpent(fault), Some(end), None);
        }
        match self.delay(now, end, fault, retry) {
            Ok(delay) => self.attempt_after(now, delay, cause),
            Err(GiveUp::Fatal) => self.finish(EndedCause::Fault(fault), Some(end), None),
            Err(GiveUp::Budget) => self.finish(EndedCause::BudgetSpent(fault), Some(end), None),
        }
    }

    /// How long to wait before the next attempt, if there may be one.
    fn delay(
        &mut self,
        now: Time,
        end: &End,
        fault: Fault,
        retry: Retry,
    ) -> Result<Duration, GiveUp> {
        let cost = match end.how {
            How::Deadline => Cost::Timeout,
            _ => Cost::One,
        };
        let delay = match retry {
            Retry::Never => return Err(GiveUp::Fatal),
            Retry::Backoff if fault == Fault::Overloaded => {
                self.backoff.next_after_overload(now, cost)
            }
            Retry::Backoff => {
                if end.how == How::CloseFrame && fault == Fault::Unknown {
                    self.unknown_ends = self.unknown_ends.saturating_add(1);
                    if self.unknown_ends > UNKNOWN_RETRIES {
                        return Err(GiveUp::Fatal);
                    }
                }
                self.backoff.next(now, cost)
            }
            Retry::After(wait) => {
                let delay = self.backoff.after(wait);
                // Though the connection that is still there be lost meanwhile.
                self.not_before = delay.map(|delay| now + delay);
                delay
            }
            Retry::Rotate => self.backoff.at_once(),
            Retry::OnceFresh => {
                // The handle of a later conversation was not tried in vain before: the budget bounds
                // how often that may happen.
                let again = std::mem::replace(&mut self.fresh_tried, true);
                if again && !end.resumed {
                    return Err(GiveUp::Fatal);
                }
                self.handle.discard();
                self.backoff.next(now, cost)
            }
        };
        delay.ok_or(GiveUp::Budget)
    }
}

enum GiveUp {
    Fatal,
    Budget,
}

/// Why the connection after this one will be opened.
fn cause_of(lost: &Connection, end: &End, fault: Fault) -> RotationCause {
    let announced = lost
        .schedule
        .as_ref()
        .map(|schedule| schedule.cause)
        .filter(|cause| *cause == RotationCause::GoAway);
    match (announced, end.how, fault) {
        (Some(cause), ..) => cause,
        (_, How::Silent, _) => RotationCause::DeadPeer,
        (.., Fault::SessionLimit) => RotationCause::Limit,
        _ => RotationCause::Drop,
    }
}
