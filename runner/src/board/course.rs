//! A call's way from the model to its work, and to the end of the work.

use std::sync::Arc;

use antiphon_protocol::{CallId, Time, ToolCall};

use super::{
    Act, Board,
    call::{Call, Work},
};
use crate::{ToolError, ToolErrorKind, ToolOutcome, ToolOutput};

impl Board {
    pub(super) fn called(&mut self, now: Time, call: ToolCall) {
        if self.ended || !self.remember(&call.id) {
            return;
        }
        let id = call.id.clone();
        let tool = self
            .tools
            .iter()
            .position(|listed| listed.name == call.name);
        let full = self.calls.len() >= self.limits.calls;
        self.calls.insert(id.clone(), Call::new(now, call, tool));
        if full {
            self.refuse(
                now,
                &id,
                ToolErrorKind::Busy,
                "too many calls are open; try again later",
            );
        } else if tool.is_some() {
            if self.automatic.execution {
                self.admit(now, &id);
            }
        } else if !self.is_by_hand(&id) {
            let names: Vec<&str> = self
                .tools
                .iter()
                .map(|listed| listed.name.as_str())
                .collect();
            let known = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            let message = format!("there is no such tool; these exist: {known}");
            self.refuse(now, &id, ToolErrorKind::UnknownTool, message);
        }
    }

    fn is_by_hand(&self, id: &CallId) -> bool {
        self.calls
            .get(id)
            .is_some_and(|call| self.by_hand.contains(&call.call.name))
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
        while self.running < self.limits.at_once
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
