//! The tool ledger: each call is announced once, answered at most once, and never forgotten in
//! silence.
//!
//! `announced → answered → settled`, or `void` with a reason. Calls of one response form a batch;
//! when the response has ended and the last of them is answered, one follow-up is due.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use antiphon_protocol::{CallId, CommandId, ResponseId, Scheduling, ToolCall, ToolResult};

use super::flaw::{Defect, Flaw};
use crate::CallError;

const CONNECTION_LOST: &str = "the connection that made it is gone";
/// Calls that are remembered, so that duplicates are recognised.
const REMEMBERED: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Announced,
    Answered {
        by: CommandId,
        aloud: bool,
    },
    Void(&'static str),
    /// Void, and a late result was used all the same, though not as an answer.
    Spent {
        by: CommandId,
        why: &'static str,
    },
}

#[derive(Clone, Debug)]
struct Call {
    state: State,
    batch: u64,
}

/// The calls of one response.
#[derive(Clone, Debug, Default)]
struct Batch {
    response: Option<ResponseId>,
    open: usize,
    /// The commands that brought the answers which the model should say something to.
    aloud: Vec<CommandId>,
    ended: bool,
    cancelled: bool,
}

impl Batch {
    /// Whether a session that is broken on purpose follows up what was answered so far.
    fn is_early(&self, flaw: Flaw) -> bool {
        flaw.is(Defect::FollowUpPerAnswer) && !self.aloud.is_empty()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    calls: BTreeMap<CallId, Call>,
    order: VecDeque<CallId>,
    batches: BTreeMap<u64, Batch>,
    next_batch: u64,
    pub(super) flaw: Flaw,
}

impl Ledger {
    /// Takes in a call. `false` when it was announced before: the model did not ask twice.
    pub(crate) fn announce(&mut self, call: &ToolCall, response: Option<&ResponseId>) -> bool {
        if self.calls.contains_key(&call.id) {
            return false;
        }
        let response = call.response.as_ref().or(response);
        let batch = self.batch_of(response);
        if let Some(batch) = self.batches.get_mut(&batch) {
            batch.open += 1;
        }
        self.calls.insert(
            call.id.clone(),
            Call {
                state: State::Announced,
                batch,
            },
        );
        self.order.push_back(call.id.clone());
        self.forget();
        true
    }

    /// Calls of another process: those that wait for an answer, and those that no longer do.
    pub(crate) fn restore(&mut self, open: &[ToolCall], closed: &[CallId]) {
        for call in closed {
            let state = State::Void("another process has dealt with it");
            let closed = Call { state, batch: 0 };
            self.calls.insert(call.clone(), closed);
            self.order.push_back(call.clone());
        }
        for call in open {
            self.announce(call, None);
        }
        for batch in self.batches.values_mut() {
            batch.ended = true;
        }
    }

    /// The calls that wait for an answer, or whose answer `waits` to be sent, and those that do not,
    /// oldest first.
    pub(crate) fn known(&self, waits: impl Fn(CommandId) -> bool) -> (Vec<CallId>, Vec<CallId>) {
        let is_open = |call: &CallId| self.waits(call, &waits);
        self.order.iter().cloned().partition(is_open)
    }

    /// Takes in answers, all or none. Returns those whose calls are void, if the caller deals with such.
    pub(crate) fn answer(
        &mut self,
        id: CommandId,
        results: &[ToolResult],
        takes_late: bool,
    ) -> Result<Vec<CallId>, CallError> {
        let mut late = Vec::new();
        for (place, result) in results.iter().enumerate() {
            let call = &result.call;
            let twice = results
                .iter()
                .take(place)
                .any(|earlier| earlier.call == *call);
            match self.calls.get(call).map(|call| &call.state) {
                None => return Err(CallError::Unknown(call.clone())),
                Some(State::Announced) if !twice => {}
                Some(State::Void(_)) if self.flaw.is(Defect::VoidAnswered) => {}
                Some(State::Void(_)) if takes_late && !twice => late.push(call.clone()),
                Some(State::Void(why)) if !twice => return Err(CallError::Void(call.clone(), why)),
                Some(_) => return Err(CallError::Answered(call.clone())),
            }
        }
        for result in results.iter().filter(|it| !late.contains(&it.call)) {
            let aloud = result.scheduling != Some(Scheduling::Silent);
            self.close(&result.call, State::Answered { by: id, aloud });
        }
        Ok(late)
    }

    /// The late result of a void call is used, as `by`.
    pub(crate) fn spend(&mut self, by: CommandId, call: &CallId) {
        if let Some(call) = self.calls.get_mut(call)
            && let State::Void(why) = call.state
        {
            call.state = State::Spent { by, why };
        }
    }

    /// Late results used as `id` did not leave after all.
    pub(crate) fn untold(&mut self, id: CommandId) {
        for call in self.calls.values_mut() {
            if let State::Spent { by, why } = call.state
                && by == id
            {
                call.state = State::Void(why);
            }
        }
    }

    /// Whether one of these answers is to be taken up at once, over what is being said. The response
    /// that asked for it is not stopped: it has only just asked.
    pub(crate) fn interrupts(&self, results: &[ToolResult]) -> bool {
        let at_once = results
            .iter()
            .filter(|result| result.scheduling == Some(Scheduling::Interrupt));
        at_once
            .filter_map(|result| self.calls.get(&result.call))
            .filter_map(|call| self.batches.get(&call.batch))
            .any(|batch| batch.ended)
    }

    /// The answers sent as `id` did not leave. Their calls are open again, unless the connection
    /// that made them is gone.
    pub(crate) fn returned(&mut self, id: CommandId, lost: bool) {
        for call in self.calls.values_mut() {
            let State::Answered { by, aloud } = call.state else {
                continue;
            };
            if by != id {
                continue;
            }
            if lost {
                call.state = State::Void(CONNECTION_LOST);
                continue;
            }
            call.state = State::Announced;
            // A batch that was complete is so no more.
            let batch = self.batches.entry(call.batch).or_insert_with(|| Batch {
                ended: true,
                ..Batch::default()
            });
            batch.open += 1;
            if aloud && let Some(place) = batch.aloud.iter().position(|by| *by == id) {
                batch.aloud.remove(place);
            }
        }
    }

    /// The provider no longer wants these answered. Returns those that were open.
    pub(crate) fn cancel(&mut self, calls: &[CallId]) -> Vec<CallId> {
        let open: Vec<_> = calls
            .iter()
            .filter(|call| self.is_open(call))
            .cloned()
            .collect();
        for call in &open {
            self.close(call, State::Void("the provider cancelled it"));
        }
        open
    }

    /// The connection that made them is gone, and another knows only of those that it was `told`.
    /// Returns the other calls that were open.
    pub(crate) fn void_but(&mut self, told: &BTreeSet<CallId>) -> Vec<CallId> {
        if self.flaw.is(Defect::LedgerUnfenced) {
            return Vec::new();
        }
        let open: Vec<_> = self
            .order
            .iter()
            .filter(|call| self.is_open(call) && !told.contains(*call))
            .cloned()
            .collect();
        for call in &open {
            self.close(call, State::Void(CONNECTION_LOST));
        }
        // What was answered to the connection that is gone is followed up by none.
        for batch in self.batches.values_mut() {
            (batch.open, batch.ended) = (0, true);
            batch.aloud.clear();
        }
        for call in told.iter().filter_map(|call| self.calls.get(call)) {
            let Some(batch) = self.batches.get_mut(&call.batch) else {
                continue;
            };
            match call.state {
                State::Announced => batch.open += 1,
                State::Answered { by, aloud: true } => batch.aloud.push(by),
                _ => {}
            }
        }
        open
    }

    /// Whether a call is open, or its answer `waits` to be sent.
    pub(crate) fn waits(&self, call: &CallId, waits: impl Fn(CommandId) -> bool) -> bool {
        match self.calls.get(call).map(|call| &call.state) {
            Some(State::Announced) => true,
            Some(State::Answered { by, .. }) => waits(*by),
            _ => false,
        }
    }

    /// A response has ended; with `cancelled` nobody waits for a follow-up of it.
    pub(crate) fn on_response_done(&mut self, response: Option<&ResponseId>, cancelled: bool) {
        for batch in self.batches.values_mut() {
            if response.is_none() || batch.response.is_none() || batch.response.as_ref() == response
            {
                batch.ended = true;
                batch.cancelled |= cancelled;
            }
        }
    }

    /// The answers that a follow-up is due for, if one is; each batch asks for at most one.
    pub(crate) fn take_follow_up(&mut self) -> Option<Vec<CommandId>> {
        let mut due = Vec::new();
        self.batches.retain(|_, batch| {
            let complete = batch.ended && (batch.open == 0 || batch.is_early(self.flaw));
            if complete && !batch.cancelled {
                due.append(&mut batch.aloud);
            }
            !complete
        });
        (!due.is_empty()).then_some(due)
    }

    #[cfg(feature = "testing")]
    pub(crate) fn at(&self) -> Vec<crate::testing::CallAt> {
        let known = self
            .order
            .iter()
            .filter_map(|id| Some((id, self.calls.get(id)?)));
        known
            .map(|(id, call)| crate::testing::CallAt {
                call: id.clone(),
                state: match call.state {
                    State::Announced => "announced",
                    State::Answered { .. } => "answered",
                    State::Void(_) => "void",
                    State::Spent { .. } => "spent",
                },
            })
            .collect()
    }

    /// Calls that wait for an answer.
    pub(crate) fn open(&self) -> usize {
        self.batches.values().map(|batch| batch.open).sum()
    }

    fn is_open(&self, call: &CallId) -> bool {
        self.calls
            .get(call)
            .is_some_and(|call| call.state == State::Announced)
    }

    fn close(&mut self, id: &CallId, state: State) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        if let Some(batch) = self.batches.get_mut(&call.batch) {
            batch.open = batch.open.saturating_sub(1);
            if let State::Answered { by, aloud: true } = state {
                batch.aloud.push(by);
            }
        }
        call.state = state;
    }

    fn batch_of(&mut self, response: Option<&ResponseId>) -> u64 {
        let known = self
            .batches
            .iter()
            .find(|(_, batch)| batch.response.as_ref() == response && !batch.ended)
            .map(|(number, _)| *number);
        known.unwrap_or_else(|| {
            self.next_batch += 1;
            let batch = Batch {
                response: response.cloned(),
                ..Batch::default()
            };
            self.batches.insert(self.next_batch, batch);
            self.next_batch
        })
    }

    /// Keeps the memory bounded: closed calls go first; when all are open, the oldest is void.
    fn forget(&mut self) {
        while self.order.len() > REMEMBERED {
            let place = self
                .order
                .iter()
                .position(|call| !self.is_open(call))
                .unwrap_or(0);
            if let Some(call) = self.order.remove(place) {
                if self.is_open(&call) {
                    self.close(&call, State::Void("too many calls are open"));
                }
                self.calls.remove(&call);
            }
        }
    }
}

#[cfg(test)]
mod tests;
