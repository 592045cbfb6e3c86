//! A call's answer: what is owed, what is on its way, what became of it.

use std::time::Duration;

use antiphon_protocol::{CallId, Time};

use super::{Act, Board, call::Answer, flaw::Defect, input::Sent};
use crate::{ToolAnswer, ToolError, ToolErrorKind, ToolOutcome, ToolOutput};

/// How often an answer is given to the session before it counts as unsent.
const TRIES: u32 = 3;
/// How long an answer that came back rests before the next try.
const REST: Duration = Duration::from_millis(500);

impl Board {
    /// Turns a result into the answer, if one is owed.
    pub(super) fn owe(&mut self, id: &CallId, result: Result<ToolOutput, ToolError>) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        if call.answer != Answer::Owed {
            return;
        }
        let scheduling = call
            .tool
            .and_then(|tool| self.tools.get(tool))
            .and_then(|listed| listed.policy.scheduling);
        let result = call.result_of(result, scheduling);
        if self.automatic.answers {
            call.answer = Answer::Sending {
                tries: 1,
                result: result.clone(),
            };
            self.out.push_back(Act::Answer {
                result: result.clone(),
                delegation: call.delegation.clone(),
            });
        }
        call.result = Some(result);
    }

    pub(super) fn refuse(
        &mut self,
        now: Time,
        id: &CallId,
        kind: ToolErrorKind,
        message: impl Into<String>,
    ) {
        self.refuse_with(now, id, ToolError::of(kind, message));
    }

    /// Answers a call that will not run.
    pub(super) fn refuse_with(&mut self, now: Time, id: &CallId, error: ToolError) {
        let outcome = ToolOutcome::Failed(error.kind());
        if !self.flaw.is(Defect::RefusalUntold) {
            self.owe(id, Err(error));
        }
        self.finish_work(now, id, outcome);
    }

    pub(super) fn sent(&mut self, now: Time, id: &CallId, sent: Sent) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let Answer::Sending { tries, result } = &call.answer else {
            return;
        };
        match sent {
            Sent::Taken => self.settle(id, ToolAnswer::Sent),
            Sent::Answered => self.settle(id, ToolAnswer::ByHand),
            Sent::Void => self.settle(id, ToolAnswer::Lost),
            Sent::Refused => self.settle(id, ToolAnswer::Refused),
            Sent::Ended => self.settle(id, ToolAnswer::SessionEnded),
            Sent::Returned if *tries >= TRIES => self.settle(id, ToolAnswer::Unsent),
            Sent::Returned => {
                let until = now + REST * *tries;
                call.answer = Answer::Resting {
                    tries: *tries,
                    result: result.clone(),
                    until,
                };
            }
        }
    }

    pub(super) fn resend(&mut self, now: Time, id: &CallId) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        if let Answer::Resting {
            tries,
            result,
            until,
        } = &call.answer
            && *until <= now
        {
            let result = result.clone();
            call.answer = Answer::Sending {
                tries: *tries + 1,
                result: result.clone(),
            };
            self.out.push_back(Act::Answer {
                result,
                delegation: call.delegation.clone(),
            });
        }
    }

    pub(super) fn settle(&mut self, id: &CallId, answer: ToolAnswer) {
        if let Some(call) = self.calls.get_mut(id)
            && !matches!(call.answer, Answer::Settled(_))
        {
            call.answer = Answer::Settled(answer);
        }
    }
}
