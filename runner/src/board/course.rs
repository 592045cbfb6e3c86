//! A call's way from the model to its work, and to the end of the work.

use std::sync::Arc;

use antiphon_protocol::{CallId, DelegationId, Time, ToolCall};

use super::{
    Act, Board,
    call::{Answer, Call, Work},
    flaw::Defect,
};
use crate::{ToolError, ToolErrorKind, ToolOutcome, ToolOutput};

/// What the model is told of a call whose work is not begun a second time.
const INTERRUPTED: &str = "it may have been begun and was cut off by a change of process; whether it had an \
                           effect is not known: find out before you call it again";

impl Board {
    /// A call came; `begun` says of one that another process left open whether its work may have begun.
    pub(super) fn called(&mut self, now: Time, call: ToolCall, begun: Option<bool>) {
        let delegate = self.delegate;
        let mut listed = self.tools.iter().enumerate();
        let tool = listed
            .find(|(place, listed)| Some(*place) != delegate && listed.name == call.name)
            .map(|(place, _)| place);
        let mut call = Call::new(now, call, tool, None);
        call.begun_before = begun == Some(true);
        self.announced(now, call);
    }

    pub(super) fn delegated(&mut self, now: Time, delegation: DelegationId, call: ToolCall) {
        if self.delegate.is_some() {
            self.announced(now, Call::new(now, call, self.delegate, Some(delegation)));
        }
    }

    fn announced(&mut self, now: Time, call: Call) {
        let asked = Arc::clone(&call.call);
        let id = asked.id.clone();
        if self.ended || !self.remember(&id) {
            return;
        }
        let full = self.calls.len() >= self.limits.calls;
        let listed = call.tool.and_then(|tool| self.tools.get(tool));
        let is_known = listed.is_some();
        let may_run =
            !call.begun_before || listed.is_some_and(|listed| listed.policy.rerun_after_restore);
        self.calls.insert(id.clone(), call);
        if full {
            let message = "too many calls are open; try again later";
            self.refuse(now, &id, ToolErrorKind::Busy, message);
        } else if !is_known {
            self.out.push_back(Act::Inquire(asked));
        } else if self.automatic.execution {
            if may_run {
                self.admit(now, &id);
            } else {
                self.refuse(now, &id, ToolErrorKind::Interrupted, INTERRUPTED);
            }
        }
    }

    /// A tool that the runner does not have: answered by hand if the model was told of it.
    pub(super) fn known(&mut self, now: Time, id: &CallId, known: bool) {
        let waits = |call: &Call| {
            call.tool.is_none() && call.work == Work::Offered && call.answer == Answer::Owed
        };
        if known || !self.calls.get(id).is_some_and(waits) {
            return;
        }
        let names = self.tools.iter().enumerate();
        let names: Vec<&str> = names
            .filter(|(place, _)| Some(*place) != self.delegate)
            .map(|(_, listed)| listed.name.as_str())
            .collect();
        let exist = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        let message = format!("there is no such tool; these exist: {exist}");
        self.refuse(now, id, ToolErrorKind::UnknownTool, message);
    }

    /// The open calls that serve delegations.
    pub(super) fn delegations(&self) -> Vec<CallId> {
        let calls = self.calls.iter();
        calls
            .filter(|(_, call)| call.delegation.is_some())
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Checks a call and puts it on its way to run.
    pub(super) fn admit(&mut self, now: Time, id: &CallId) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let Some(listed) = call.tool.and_then(|tool| self.tools.get(tool)) else {
            return;
        };
        match crate::tool::parse_arguments(&call.call.arguments, &listed.schema, &listed.policy) {
            Err(error) => self.refuse_with(now, id, error),
            Ok(_) if !self.limits.rate.admits(&mut self.starts, now) => {
                let message = "too many calls in a short time; wait before calling again";
                self.refuse(now, id, ToolErrorKind::RateLimited, message);
            }
            Ok(arguments) if listed.policy.needs_approval => {
                call.work = Work::Approving {
                    until: now + self.limits.approval,
                };
                call.arguments = arguments.clone();
                self.out.push_back(Act::Ask {
                    call: Arc::clone(&call.call),
                    arguments,
                });
            }
            Ok(arguments) => {
                call.arguments = arguments;
                call.work = Work::Waiting {
                    until: now + listed.policy.timeout,
                };
                self.queue.push_back(id.clone());
            }
        }
    }

    pub(super) fn approved(&mut self, now: Time, id: &CallId) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let Some(listed) = call.tool.and_then(|tool| self.tools.get(tool)) else {
            return;
        };
        if matches!(call.work, Work::Approving { .. }) {
            call.work = Work::Waiting {
                until: now + listed.policy.timeout,
            };
            self.queue.push_back(id.clone());
        }
    }

    pub(super) fn denied(&mut self, now: Time, id: &CallId, why: String) {
        if self
            .calls
            .get(id)
            .is_some_and(|call| matches!(call.work, Work::Approving { .. }))
        {
            self.refuse_with(now, id, ToolError::denied(why));
        }
    }

    /// Starts what waits and has a place, oldest first.
    pub(super) fn launch(&mut self, now: Time) {
        let mut at = 0;
        while !self.handed_over
            && self.running < self.limits.at_once
            && let Some(id) = self.queue.get(at).cloned()
        {
            let Some(call) = self.calls.get_mut(&id) else {
                self.queue.remove(at);
                continue;
            };
            let Some((place, listed)) = call
                .tool
                .and_then(|tool| self.tools.get(tool).map(|listed| (tool, listed)))
            else {
                self.queue.remove(at);
                continue;
            };
            let Some(running) = self.running_of.get_mut(place) else {
                return;
            };
            if *running >= listed.policy.at_once.max(1) {
                at += 1;
                continue;
            }
            self.queue.remove(at);
            *running += 1;
            self.running += 1;
            call.work = Work::Running {
                until: now + listed.policy.timeout,
            };
            call.started = Some(now);
            let arguments = call.arguments.take();
            let call = Arc::clone(&call.call);
            self.out.push_back(Act::Start {
                call,
                tool: place,
                arguments,
            });
        }
    }

    pub(super) fn done(&mut self, now: Time, id: &CallId, result: Result<ToolOutput, ToolError>) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let most = call
            .tool
            .and_then(|tool| self.tools.get(tool))
            .map_or(usize::MAX, |listed| listed.policy.result_bytes);
        match call.work {
            Work::Stopping { outcome, .. } => self.finish_work(now, id, outcome),
            Work::Running { .. } => {
                let result = result.and_then(|output| bounded(output, most));
                let outcome = match &result {
                    Ok(_) => ToolOutcome::Completed,
                    Err(error) => ToolOutcome::Failed(error.kind()),
                };
                self.owe(id, result);
                self.finish_work(now, id, outcome);
            }
            _ => {}
        }
    }

    /// The work is gone without a result.
    pub(super) fn crashed(&mut self, now: Time, id: &CallId) {
        let message = "the tool broke down; do not call it again with the same arguments";
        let error = ToolError::of(ToolErrorKind::Crashed, message);
        match self.calls.get(id).map(|call| &call.work) {
            Some(Work::Approving { .. }) if self.flaw.is(Defect::FailsOpen) => {
                self.approved(now, id);
            }
            Some(Work::Approving { .. }) => {
                let message = "the question whether this may run could not be answered";
                self.refuse_with(now, id, ToolError::denied(message));
            }
            Some(_) => self.done(now, id, Err(error)),
            None => {}
        }
    }
}

fn bounded(output: ToolOutput, most: usize) -> Result<ToolOutput, ToolError> {
    if output.text.len() <= most {
        return Ok(output);
    }
    let message = format!(
        "the result has {} bytes; at most {most} can be given back: ask for less",
        output.text.len()
    );
    Err(ToolError::of(ToolErrorKind::ResultTooLarge, message))
}
