//! The tool runner's state: which calls wait, run and are owed an answer.
//!
//! A synchronous machine. Each call has two sides that end apart from each other: its *work*
//! (offered → approving → waiting → running → over) and its *answer* (owed → sending → settled).
//! Work starts at most once per call; at most one answer is given to the session at a time, and none
//! after one was taken. The session's ledger has the last word on what leaves.

mod answers;
mod call;
mod course;
pub(crate) mod flaw;
mod input;
mod limits;
mod stop;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use antiphon_protocol::{CallId, DelegationId, Time, ToolCall, ToolResult, ToolSpec};
use serde_json::Value;

use crate::{
    CancelReason, ToolAnswer, ToolEnd, ToolErrorKind, ToolOutcome, ToolPolicy, ToolRecord,
};

use self::{
    call::{Call, Work},
    flaw::Defect,
};
pub(crate) use self::{
    flaw::Flaw,
    input::{Input, Sent},
};
pub use self::{
    input::ExecuteError,
    limits::{RateCap, ToolLimits},
};

/// Records that are kept for the outcome.
const RECORDS: usize = 1024;
/// Calls that are remembered after they were settled, so that duplicates are recognised.
const REMEMBERED: usize = 4096;

/// A tool as the board knows it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) policy: ToolPolicy,
}

impl Listed {
    pub(crate) fn new(spec: &ToolSpec, policy: ToolPolicy) -> Self {
        Self {
            name: spec.name.clone(),
            schema: spec.parameters.clone(),
            policy,
        }
    }
}

/// What runs by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Automatic {
    pub(crate) execution: bool,
    pub(crate) answers: bool,
}

/// What the shell shall do, in order.
#[derive(Debug)]
pub(crate) enum Act {
    /// Ask whether the call may run.
    Ask {
        call: Arc<ToolCall>,
        arguments: Value,
    },
    /// Say whether the model was told of the tool that this call asks for.
    Inquire(Arc<ToolCall>),
    /// Run the tool of this place in the list.
    Start {
        call: Arc<ToolCall>,
        tool: usize,
        arguments: Value,
    },
    /// Tell the work, or the question, to stop.
    Cancel { call: CallId, reason: CancelReason },
    /// Drop the work, or the question.
    Abort { call: CallId },
    /// Give this answer to the session and say what became of it.
    Answer {
        result: ToolResult,
        /// The delegation that it answers, where it answers one.
        delegation: Option<DelegationId>,
    },
    /// The work is over, or will never begin.
    Over(ToolEnd),
    /// An answer could not be sent.
    Unanswered(ToolRecord),
}

impl Act {
    /// Whether it begins something, rather than ending it.
    pub(crate) fn begins(&self) -> bool {
        matches!(
            self,
            Self::Ask { .. } | Self::Inquire(_) | Self::Start { .. } | Self::Answer { .. }
        )
    }
}

#[derive(Debug)]
pub(crate) struct Board {
    tools: Vec<Listed>,
    /// Which of them serves delegations; the model does not call it by name.
    delegate: Option<usize>,
    automatic: Automatic,
    limits: ToolLimits,
    calls: BTreeMap<CallId, Call>,
    /// Calls that wait for a place, oldest first.
    queue: VecDeque<CallId>,
    running: usize,
    running_of: Vec<usize>,
    starts: VecDeque<Time>,
    seen: BTreeSet<CallId>,
    seen_order: VecDeque<CallId>,
    records: Vec<ToolRecord>,
    unrecorded: u64,
    ended: bool,
    /// Whether another process takes over: nothing more begins here.
    handed_over: bool,
    pub(crate) flaw: Flaw,
    out: VecDeque<Act>,
}

impl Board {
    pub(crate) fn new(
        tools: Vec<Listed>,
        delegate: Option<usize>,
        automatic: Automatic,
        limits: ToolLimits,
    ) -> Self {
        let running_of = vec![0; tools.len()];
        Self {
            tools,
            delegate,
            automatic,
            limits,
            calls: BTreeMap::new(),
            queue: VecDeque::new(),
            running: 0,
            running_of,
            starts: VecDeque::new(),
            seen: BTreeSet::new(),
            seen_order: VecDeque::new(),
            records: Vec::new(),
            unrecorded: 0,
            ended: false,
            handed_over: false,
            flaw: Flaw::default(),
            out: VecDeque::new(),
        }
    }

    /// Takes in one fact.
    pub(crate) fn handle(&mut self, now: Time, input: Input) {
        match input {
            Input::Called(call) => self.called(now, call, None),
            Input::Restored(call, begun) => self.called(now, call, Some(begun)),
            Input::Delegated(id, call) => self.delegated(now, id, call),
            Input::Known(id, known) => self.known(now, &id, known),
            Input::Approved(id) => self.approved(now, &id),
            Input::Denied(id, why) => self.denied(now, &id, why),
            Input::Done(id, result) => self.done(now, &id, result),
            Input::Crashed(id) => self.crashed(now, &id),
            Input::Sent(id, sent) => self.sent(now, &id, sent),
            Input::Withdrawn(calls) => {
                self.withdrawn(now, &calls, CancelReason::Withdrawn, ToolAnswer::Withdrawn);
            }
            Input::Lost(calls) => {
                self.withdrawn(now, &calls, CancelReason::ConnectionLost, ToolAnswer::Lost);
            }
            Input::DelegationsLost => {
                let calls = self.delegations();
                self.withdrawn(now, &calls, CancelReason::ConnectionLost, ToolAnswer::Lost);
            }
            Input::Interrupted => self.interrupted(now),
            Input::AnsweredByHand(calls) => self.answered_by_hand(now, &calls),
            Input::Ended => self.ended(now),
            Input::Timeout => self.timeouts(now),
        }
        self.launch(now);
        self.retire(now);
    }

    /// Lets a call run that was offered and not taken yet.
    pub(crate) fn execute(&mut self, now: Time, id: &CallId) -> Result<(), ExecuteError> {
        let Some(call) = self.calls.get(id) else {
            let known = self.seen.contains(id);
            return Err(if known {
                ExecuteError::Over
            } else {
                ExecuteError::Unknown
            });
        };
        if call.tool.is_none() {
            return Err(ExecuteError::NoTool);
        }
        if call.work != Work::Offered && !self.flaw.is(Defect::RunTwice) {
            return Err(ExecuteError::AlreadyStarted);
        }
        self.admit(now, id);
        self.launch(now);
        self.retire(now);
        Ok(())
    }

    /// From here on no work begins: another process goes on. Gives the open calls whose work has begun
    /// neither here nor in an earlier process.
    pub(crate) fn hand_over(&mut self) -> Vec<CallId> {
        self.handed_over = true;
        let calls = self.calls.iter();
        calls
            // Of one that is left to hands nobody knows what hands have done.
            .filter(|(_, call)| call.work != Work::Offered && !call.has_begun())
            .map(|(id, _)| id.clone())
            .collect()
    }

    pub(crate) fn poll_act(&mut self) -> Option<Act> {
        self.out.pop_front()
    }

    /// When [`Input::Timeout`] is wanted.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.calls.values().filter_map(Call::due).min()
    }

    /// Whether no call has anything left to come.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    /// Calls whose work runs.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Settles whatever is left, whether or not its work has stopped, and hands out the records.
    pub(crate) fn close(&mut self, now: Time) -> (Vec<ToolRecord>, u64) {
        self.handle(now, Input::Ended);
        let left = self.calls.iter().map(|(id, call)| (id.clone(), call.work));
        for (id, work) in left.collect::<Vec<_>>() {
            let cancelled = ToolOutcome::Failed(ToolErrorKind::Cancelled);
            let outcome = if let Work::Stopping { outcome, .. } = work {
                outcome
            } else {
                cancelled
            };
            self.finish_work(now, &id, outcome);
            self.settle(&id, ToolAnswer::SessionEnded);
        }
        self.retire(now);
        (std::mem::take(&mut self.records), self.unrecorded)
    }

    fn timeouts(&mut self, now: Time) {
        let due: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, call)| call.due().is_some_and(|due| due <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.resend(now, &id);
            self.overdue(now, &id);
        }
    }

    /// Closes the work side, frees its place and tells of it.
    fn finish_work(&mut self, now: Time, id: &CallId, outcome: ToolOutcome) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        match call.work {
            Work::Over(_) => return,
            Work::Running { .. } | Work::Stopping { .. } => {
                self.running = self.running.saturating_sub(1);
                if let Some(of) = call.tool.and_then(|tool| self.running_of.get_mut(tool)) {
                    *of = of.saturating_sub(1);
                }
            }
            Work::Approving { .. } => self.out.push_back(Act::Abort { call: id.clone() }),
            Work::Waiting { .. } => self.queue.retain(|waiting| waiting != id),
            Work::Offered => {}
        }
        call.work = Work::Over(outcome);
        call.over = now;
        call.arguments = Value::Null;
        self.out.push_back(Act::Over(ToolEnd {
            call: Arc::clone(&call.call),
            outcome,
            took: call.took(),
            result: call.result.take(),
        }));
    }

    /// Puts away the calls of which both sides have ended.
    fn retire(&mut self, now: Time) {
        let records = &mut self.records;
        let unrecorded = &mut self.unrecorded;
        let out = &mut self.out;
        self.calls.retain(|_, call| {
            let Some(record) = call.record(now) else {
                return true;
            };
            if matches!(record.answer, ToolAnswer::Unsent | ToolAnswer::Refused) {
                out.push_back(Act::Unanswered(record.clone()));
            }
            if records.len() < RECORDS {
                records.push(record);
            } else {
                *unrecorded += 1;
            }
            false
        });
    }

    /// `false` when the call was seen before.
    fn remember(&mut self, id: &CallId) -> bool {
        if !self.seen.insert(id.clone()) {
            return false;
        }
        self.seen_order.push_back(id.clone());
        if self.seen_order.len() > REMEMBERED
            && let Some(place) = self
                .seen_order
                .iter()
                .position(|id| !self.calls.contains_key(id))
            && let Some(oldest) = self.seen_order.remove(place)
        {
            self.seen.remove(&oldest);
        }
        true
    }
}
