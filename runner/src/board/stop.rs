//! What stops a call: interruptions, withdrawals, answers by hand, deadlines, the end.

use std::time::Duration;

use antiphon_protocol::{CallId, Time};

use super::{
    Act, Board,
    call::{Answer, Call, Work},
    flaw::Defect,
};
use crate::{CancelReason, OnStop, ToolAnswer, ToolError, ToolErrorKind, ToolOutcome};

const CANCELLED: ToolOutcome = ToolOutcome::Failed(ToolErrorKind::Cancelled);

impl Board {
    /// The user spoke over the model, or the caller interrupted it.
    pub(super) fn interrupted(&mut self, now: Time) {
        for id in self.ids() {
            let Some(call) = self.calls.get_mut(&id) else {
                continue;
            };
            let policy = call
                .tool
                .and_then(|tool| self.tools.get(tool))
                .map(|tool| &tool.policy);
            let on_stop = policy.map_or(OnStop::Finish, |policy| policy.on_interruption);
            match on_stop {
                OnStop::Finish => {}
                OnStop::FinishSilently => call.silent = true,
                OnStop::Cancel if matches!(call.work, Work::Over(_)) => {}
                OnStop::Cancel => {
                    let message = "stopped, because the user interrupted";
                    let error = ToolError::of(ToolErrorKind::Cancelled, message);
                    self.owe(&id, Err(error));
                    self.stop(now, &id, CancelReason::Interrupted, CANCELLED);
                }
            }
        }
    }

    /// Nobody can take the answers of these calls any more.
    pub(super) fn withdrawn(
        &mut self,
        now: Time,
        calls: &[CallId],
        reason: CancelReason,
        answer: ToolAnswer,
    ) {
        for id in calls {
            let Some(call) = self.calls.get(id) else {
                continue;
            };
            let policy = call
                .tool
                .and_then(|tool| self.tools.get(tool))
                .map(|tool| &tool.policy);
            let on_stop = policy.map_or(OnStop::Cancel, |policy| policy.on_cancellation);
            let started = matches!(call.work, Work::Running { .. });
            // What is being sent is for the session's ledger to judge; it keeps none of delegations.
            if call.delegation.is_some() || !matches!(call.answer, Answer::Sending { .. }) {
                self.settle(id, answer);
            }
            if !started || on_stop == OnStop::Cancel {
                self.stop(now, id, reason, CANCELLED);
            }
        }
    }

    /// The caller answered these calls, and the session took the answers.
    pub(super) fn answered_by_hand(&mut self, now: Time, calls: &[CallId]) {
        for id in calls {
            match self.calls.get_mut(id).map(|call| &mut call.answer) {
                Some(Answer::Sending { .. }) => {}
                // The answer had left when the news came that nobody wants it.
                Some(answer) => *answer = Answer::Settled(ToolAnswer::ByHand),
                None => {
                    let mut records = self.records.iter_mut();
                    if let Some(record) = records.find(|record| record.call == *id) {
                        record.answer = ToolAnswer::ByHand;
                    }
                }
            }
            self.stop(now, id, CancelReason::AnsweredByHand, CANCELLED);
        }
    }

    /// The caller is about to answer a delegation, of which the session keeps no ledger. `false` when
    /// the tool's answer is on its way.
    pub(crate) fn take_over(&mut self, now: Time, id: &CallId) -> bool {
        let taken = self.calls.get(id).map(|call| &call.answer);
        match taken {
            Some(Answer::Sending { .. } | Answer::Resting { .. }) => return false,
            Some(Answer::Owed) => {
                self.settle(id, ToolAnswer::ByHand);
                self.stop(now, id, CancelReason::AnsweredByHand, CANCELLED);
                self.launch(now);
                self.retire(now);
            }
            Some(Answer::Settled(_)) | None => {}
        }
        true
    }

    /// The session is over.
    pub(super) fn ended(&mut self, now: Time) {
        self.ended = true;
        for id in self.ids() {
            let sending = |call: &Call| matches!(call.answer, Answer::Sending { .. });
            if !self.calls.get(&id).is_some_and(sending) {
                self.settle(&id, ToolAnswer::SessionEnded);
            }
            self.stop(now, &id, CancelReason::SessionEnded, CANCELLED);
        }
    }

    /// A deadline of the call's work has passed.
    pub(super) fn overdue(&mut self, now: Time, id: &CallId) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        match &mut call.work {
            Work::Approving { until } if *until <= now => {
                let error = ToolError::denied("nobody approved it in time");
                self.refuse_with(now, id, error);
            }
            Work::Waiting { until } if *until <= now => {
                let message = "other calls took too long; try again later";
                self.refuse_with(now, id, ToolError::of(ToolErrorKind::Busy, message));
            }
            Work::Running { until } if self.flaw.is(Defect::DeadlineUnheeded) => {
                *until = now + Duration::from_secs(86_400);
            }
            Work::Running { until } if *until <= now => {
                let message =
                    "it took too long and was stopped; whether it had an effect is not known";
                let error = ToolError::of(ToolErrorKind::TimedOut, message);
                self.owe(id, Err(error));
                let outcome = ToolOutcome::Failed(ToolErrorKind::TimedOut);
                self.stop(now, id, CancelReason::TimedOut, outcome);
            }
            Work::Stopping {
                until: due @ Some(_),
                ..
            } if due.is_some_and(|due| due <= now) => {
                *due = None;
                self.out.push_back(Act::Abort { call: id.clone() });
            }
            _ => {}
        }
    }

    /// Ends work that has not begun, and tells work that runs to come to rest.
    fn stop(&mut self, now: Time, id: &CallId, reason: CancelReason, outcome: ToolOutcome) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        match call.work {
            Work::Running { .. } => {
                call.work = Work::Stopping {
                    until: Some(now + self.limits.grace),
                    outcome,
                };
                self.out.push_back(Act::Cancel {
                    call: id.clone(),
                    reason,
                });
            }
            Work::Stopping { .. } | Work::Over(_) => {}
            Work::Offered | Work::Approving { .. } | Work::Waiting { .. } => {
                self.finish_work(now, id, outcome);
            }
        }
    }

    fn ids(&self) -> Vec<CallId> {
        self.calls.keys().cloned().collect()
    }
}
