//! The tool ledger: each call is announced once, answered at most once, and never forgotten in
//! silence.
//!
//! `announced → answered → settled`, or `void` with a reason. Calls of one response form a batch;
//! when the response has ended and the last of them is answered, one follow-up is due.

use std::collections::{BTreeMap, VecDeque};

use antiphon_protocol::{CallId, CommandId, ResponseId, Scheduling, ToolCall, ToolResult};

use crate::CallError;

const CONNECTION_LOST: &str = "the connection that made it is gone";
/// Calls that are remembered, so that duplicates are recognised.
const REMEMBERED: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Announced,
    Answered { by: CommandId, aloud: bool },
    Void(&'static str),
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

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    calls: BTreeMap<CallId, Call>,
    order: VecDeque<CallId>,
    batches: BTreeMap<u64, Batch>,
    next_batch: u64,
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
            self.calls.insert(call.clone(), Call { state, batch: 0 });
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
        let is_open = |call: &CallId| match self.calls.get(call).map(|call| &call.state) {
            Some(State::Announced) => true,
            Some(State::Answered { by, .. }) => waits(*by),
            _ => false,
        };
        self.order.iter().cloned().partition(is_open)
    }

    /// Takes in answers, all or none.
    pub(crate) fn answer(
        &mut self,
        id: CommandId,
        results: &[ToolResult],
    ) -> Result<(), CallError> {
        for (place, result) in results.iter().enumerate() {
            let call = &result.call;
            let twice = results
                .iter()
                .take(place)
                .any(|earlier| earlier.call == *call);
            match self.calls.get(call).map(|call| &call.state) {
                None => return Err(CallError::Unknown(call.clone())),
                Some(State::Announced) if !twice => {}
                Some(State::Void(why)) => return Err(CallError::Void(call.clone(), why)),
                Some(_) => return Err(CallError::Answered(call.clone())),
            }
        }
        for result in results {
            let aloud = result.scheduling != Some(Scheduling::Silent);
            self.close(&result.call, State::Answered { by: id, aloud });
        }
        Ok(())
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

    /// The connection that made them is gone. Returns the calls that were open.
    pub(crate) fn void_all(&mut self) -> Vec<CallId> {
        let open: Vec<_> = self
            .order
            .iter()
            .filter(|call| self.is_open(call))
            .cloned()
            .collect();
        for call in &open {
            self.close(call, State::Void(CONNECTION_LOST));
        }
        self.batches.clear();
        open
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
            let complete = batch.ended && batch.open == 0;
            if complete && !batch.cancelled {
                due.append(&mut batch.aloud);
            }
            !complete
        });
        (!due.is_empty()).then_some(due)
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
mod tests {
    use super::*;

    fn call(id: &str, response: &str) -> ToolCall {
        ToolCall {
            id: id.into(),
            name: "tool".into(),
            arguments: "{}".into(),
            item: None,
            response: Some(response.into()),
        }
    }

    fn result(id: &str) -> ToolResult {
        ToolResult::new(id.into(), "tool", "ok")
    }

    fn id(n: u64) -> CommandId {
        CommandId::new(n)
    }

    #[test]
    fn a_call_is_announced_once() {
        let mut ledger = Ledger::default();
        assert!(ledger.announce(&call("a", "r"), None));
        assert!(!ledger.announce(&call("a", "r"), None));
        assert!(!ledger.announce(&call("a", "another response"), None));
        assert_eq!(ledger.open(), 1);
    }

    #[test]
    fn a_call_is_answered_once() {
        let mut ledger = Ledger::default();
        assert_eq!(
            ledger.answer(id(1), &[result("a")]),
            Err(CallError::Unknown("a".into()))
        );
        ledger.announce(&call("a", "r"), None);
        assert_eq!(
            ledger.answer(id(1), &[result("a"), result("a")]),
            Err(CallError::Answered("a".into())),
            "not twice in one command either"
        );
        assert_eq!(ledger.answer(id(1), &[result("a")]), Ok(()));
        assert_eq!(
            ledger.answer(id(2), &[result("a")]),
            Err(CallError::Answered("a".into()))
        );
        assert!(
            !ledger.announce(&call("a", "r"), None),
            "an answered call stays known"
        );
    }

    #[test]
    fn one_follow_up_per_batch_when_the_response_has_ended_and_all_are_answered() {
        let mut ledger = Ledger::default();
        for name in ["a", "b"] {
            ledger.announce(&call(name, "r"), None);
        }
        ledger.answer(id(1), &[result("a")]).unwrap();
        ledger.on_response_done(Some(&"r".into()), false);
        assert_eq!(ledger.take_follow_up(), None, "b is open");
        ledger.answer(id(2), &[result("b")]).unwrap();
        assert_eq!(ledger.take_follow_up(), Some(vec![id(1), id(2)]));
        assert_eq!(ledger.take_follow_up(), None, "only one");
    }

    #[test]
    fn answers_before_the_end_of_the_response_wait_for_it() {
        let mut ledger = Ledger::default();
        ledger.announce(&call("a", "r"), None);
        ledger.answer(id(1), &[result("a")]).unwrap();
        assert_eq!(ledger.take_follow_up(), None);
        ledger.on_response_done(Some(&"r".into()), false);
        assert!(ledger.take_follow_up().is_some());
    }

    #[test]
    fn silent_answers_alone_ask_for_no_follow_up() {
        let silent = |id: &str| ToolResult {
            scheduling: Some(Scheduling::Silent),
            ..result(id)
        };
        for (second, due) in [(silent("b"), false), (result("b"), true)] {
            let mut ledger = Ledger::default();
            for name in ["a", "b"] {
                ledger.announce(&call(name, "r"), None);
            }
            ledger.on_response_done(Some(&"r".into()), false);
            ledger.answer(id(1), &[silent("a"), second]).unwrap();
            assert_eq!(ledger.take_follow_up().is_some(), due);
        }
    }

    #[test]
    fn nobody_waits_for_a_follow_up_of_a_cancelled_response_or_of_cancelled_calls() {
        let mut ledger = Ledger::default();
        ledger.announce(&call("a", "r"), None);
        ledger.on_response_done(Some(&"r".into()), true);
        ledger.answer(id(1), &[result("a")]).unwrap();
        assert_eq!(ledger.take_follow_up(), None);

        ledger.announce(&call("b", "s"), None);
        ledger.on_response_done(Some(&"s".into()), false);
        assert_eq!(ledger.cancel(&["b".into(), "unknown".into()]), ["b".into()]);
        assert_eq!(ledger.take_follow_up(), None);
        assert!(matches!(
            ledger.answer(id(2), &[result("b")]),
            Err(CallError::Void(..))
        ));
    }

    #[test]
    fn a_lost_connection_voids_what_was_open_and_answers_that_did_not_leave_are_open_again() {
        let mut ledger = Ledger::default();
        for name in ["a", "b"] {
            ledger.announce(&call(name, "r"), None);
        }
        ledger.answer(id(1), &[result("a")]).unwrap();
        ledger.returned(id(1), false);
        assert_eq!(ledger.open(), 2);
        ledger.answer(id(2), &[result("a")]).unwrap();
        assert_eq!(ledger.void_all(), ["b".into()]);
        ledger.returned(id(2), true);
        assert_eq!(ledger.open(), 0);
        for call in ["a", "b"] {
            assert!(matches!(
                ledger.answer(id(3), &[result(call)]),
                Err(CallError::Void(..))
            ));
        }
    }

    #[test]
    fn an_answer_that_comes_back_opens_its_batch_again_and_the_next_one_completes_it() {
        let mut ledger = Ledger::default();
        ledger.announce(&call("a", "r"), None);
        ledger.on_response_done(Some(&"r".into()), false);
        ledger.answer(id(1), &[result("a")]).unwrap();
        assert!(ledger.take_follow_up().is_some());
        ledger.returned(id(1), false);
        assert_eq!(ledger.open(), 1);
        assert_eq!(ledger.take_follow_up(), None, "nothing is answered");
        ledger.answer(id(2), &[result("a")]).unwrap();
        assert_eq!(ledger.open(), 0);
        assert!(ledger.take_follow_up().is_some());
    }

    #[test]
    fn a_call_whose_answer_still_waits_to_be_sent_counts_as_open_for_another_process() {
        let mut ledger = Ledger::default();
        for name in ["a", "b", "c"] {
            ledger.announce(&call(name, "r"), None);
        }
        ledger.answer(id(1), &[result("a")]).unwrap();
        ledger.answer(id(2), &[result("b")]).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| CallId::from(*name)).collect();
        assert_eq!(
            ledger.known(|waiting| waiting == id(2)),
            (names(&["b", "c"]), names(&["a"]))
        );
    }

    #[test]
    fn each_response_is_a_batch_of_its_own() {
        let mut ledger = Ledger::default();
        ledger.announce(&call("a", "r"), None);
        ledger.announce(&call("b", "s"), None);
        ledger.on_response_done(Some(&"r".into()), false);
        ledger.answer(id(1), &[result("b")]).unwrap();
        assert!(
            ledger.take_follow_up().is_none(),
            "s has not ended, a is open"
        );
        ledger.answer(id(2), &[result("a")]).unwrap();
        assert!(ledger.take_follow_up().is_some());
        assert!(ledger.take_follow_up().is_none(), "s has not ended");
        // A call that comes after the end of its response is another batch.
        ledger.announce(&call("c", "s"), None);
        ledger.on_response_done(Some(&"s".into()), false);
        assert_eq!(ledger.open(), 1);
        ledger.answer(id(3), &[result("c")]).unwrap();
        assert!(ledger.take_follow_up().is_some());
    }

    #[test]
    fn a_call_belongs_to_the_response_that_it_names_or_else_to_the_running_one() {
        let mut ledger = Ledger::default();
        let unnamed = ToolCall {
            response: None,
            ..call("a", "")
        };
        ledger.announce(&unnamed, Some(&"r".into()));
        ledger.answer(id(1), &[result("a")]).unwrap();
        ledger.on_response_done(Some(&"s".into()), false);
        assert!(ledger.take_follow_up().is_none());
        ledger.on_response_done(Some(&"r".into()), false);
        assert!(ledger.take_follow_up().is_some());
    }

    #[test]
    fn an_end_without_a_name_ends_all_and_a_batch_without_a_name_ends_with_any() {
        for (named, done) in [(Some("r"), None), (None, Some("s"))] {
            let mut ledger = Ledger::default();
            let made = ToolCall {
                response: named.map(ResponseId::from),
                ..call("a", "")
            };
            ledger.announce(&made, None);
            ledger.answer(id(1), &[result("a")]).unwrap();
            ledger.on_response_done(done.map(ResponseId::from).as_ref(), false);
            assert!(ledger.take_follow_up().is_some(), "{named:?} {done:?}");
        }
    }

    #[test]
    fn what_another_process_kept_open_is_answered_here_and_what_it_closed_is_not() {
        let mut ledger = Ledger::default();
        ledger.restore(&[call("a", "r"), call("b", "r")], &["c".into()]);
        assert_eq!(ledger.open(), 2);
        assert!(!ledger.announce(&call("c", "r"), None), "it is known");
        assert!(matches!(
            ledger.answer(id(1), &[result("c")]),
            Err(CallError::Void(..))
        ));
        ledger.answer(id(2), &[result("a")]).unwrap();
        assert!(ledger.take_follow_up().is_none());
        ledger.answer(id(3), &[result("b")]).unwrap();
        assert!(
            ledger.take_follow_up().is_some(),
            "its response has ended long ago"
        );
    }

    #[test]
    fn only_the_answers_that_came_back_are_open_again() {
        let mut ledger = Ledger::default();
        for name in ["a", "b"] {
            ledger.announce(&call(name, "r"), None);
        }
        ledger.answer(id(1), &[result("a")]).unwrap();
        ledger.answer(id(2), &[result("b")]).unwrap();
        ledger.returned(id(1), false);
        assert_eq!(ledger.known(|_| false).0, ["a".into()]);
        // What came back was aloud, and what takes its place is not: b alone asks for a follow-up.
        ledger.returned(id(2), false);
        let silent = |name: &str| ToolResult {
            scheduling: Some(Scheduling::Silent),
            ..result(name)
        };
        ledger.answer(id(3), &[silent("a"), silent("b")]).unwrap();
        ledger.on_response_done(Some(&"r".into()), false);
        assert!(ledger.take_follow_up().is_none());
    }

    #[test]
    fn nothing_follows_calls_whose_connection_is_gone() {
        let mut ledger = Ledger::default();
        for name in ["a", "b"] {
            ledger.announce(&call(name, "r"), None);
        }
        ledger.answer(id(1), &[result("a")]).unwrap();
        ledger.on_response_done(Some(&"r".into()), false);
        assert_eq!(ledger.void_all(), ["b".into()]);
        assert_eq!(ledger.open(), 0);
        assert!(ledger.take_follow_up().is_none());
    }

    #[test]
    fn of_too_many_calls_those_that_are_closed_are_forgotten_first() {
        let mut ledger = Ledger::default();
        ledger.announce(&call("first", "r"), None);
        ledger.announce(&call("second", "r"), None);
        ledger.answer(id(1), &[result("second")]).unwrap();
        for n in 2..REMEMBERED {
            ledger.announce(&call(&format!("c{n}"), "r"), None);
        }
        assert_eq!(ledger.calls.len(), REMEMBERED, "all are remembered");
        ledger.announce(&call("last", "r"), None);
        assert!(ledger.is_open(&"first".into()));
        assert_eq!(
            ledger.answer(id(2), &[result("second")]),
            Err(CallError::Unknown("second".into()))
        );
        ledger.announce(&call("one more", "r"), None);
        assert!(!ledger.calls.contains_key(&"first".into()), "all are open");
        assert_eq!(ledger.open(), REMEMBERED);
    }

    #[test]
    fn memory_is_bounded_even_if_nothing_is_ever_answered() {
        let mut ledger = Ledger::default();
        for n in 0..10_000 {
            ledger.announce(&call(&format!("c{n}"), "r"), None);
        }
        assert_eq!(ledger.calls.len(), REMEMBERED);
        assert_eq!(ledger.open(), REMEMBERED);
    }
}
