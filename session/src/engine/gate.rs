//! The response gate: one response where the protocol allows one.
//!
//! It knows when a create or a cancel is legal, orders them, and waits instead of racing. A create
//! that loses a race against the server's own response waits for that one to end and is sent again.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{CommandId, ResponseId, ResponseOptions, Time};

/// Creates that may wait.
const WAITING: usize = 32;
/// How often a create that lost a race is sent again.
const RACES: u8 = 3;
/// How long a response may stay silent before its place is given up.
const WATCHDOG: Duration = Duration::from_secs(30);

/// A create that waits or is on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Create {
    pub(crate) id: CommandId,
    pub(crate) options: ResponseOptions,
    races: u8,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Free,
    /// A create has its turn, and nothing has come of it yet. `sent` is when it left.
    Requested {
        create: Create,
        sent: Option<Time>,
    },
    /// A response runs. The create that may have caused it is kept until the response ends, because
    /// its refusal can arrive after the server's own response has begun.
    Active {
        response: Option<ResponseId>,
        create: Option<Create>,
        seen: Time,
        cancelling: bool,
    },
}

/// What the gate wants done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GateOut {
    /// Send this create.
    Create(CommandId, ResponseOptions),
    /// Do not send this create after all: its turn comes later.
    Recall(CommandId),
    /// Send this cancel.
    Cancel(CommandId, Option<ResponseId>),
    /// A cancel that has nothing to stop.
    Idle(CommandId),
    /// The response said nothing for too long; its place is free again.
    Stalled(Option<ResponseId>),
}

#[derive(Debug)]
pub(crate) struct Gate {
    /// Whether the protocol allows one response at a time.
    single: bool,
    state: State,
    waiting: VecDeque<Create>,
    /// A cancel that came before the response it means had begun.
    cancel: Option<CommandId>,
    out: VecDeque<GateOut>,
}

impl Gate {
    pub(crate) fn new(single: bool) -> Self {
        Self {
            single,
            state: State::Free,
            waiting: VecDeque::new(),
            cancel: None,
            out: VecDeque::new(),
        }
    }

    /// Asks for a response. `false` when too many wait already.
    pub(crate) fn create(&mut self, id: CommandId, options: ResponseOptions) -> bool {
        if !self.has_room() {
            return false;
        }
        self.waiting.push_back(Create {
            id,
            options,
            races: 0,
        });
        self.pump();
        true
    }

    /// Whether another create may wait.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING
    }

    /// Asks for a response ahead of those that wait: the follow-up of tool results.
    pub(crate) fn create_first(&mut self, id: CommandId) {
        self.waiting.push_front(Create {
            id,
            options: ResponseOptions::default(),
            races: 0,
        });
        self.pump();
    }

    /// Asks to stop the running response, at the first moment at which that is legal.
    pub(crate) fn cancel(&mut self, id: CommandId) {
        match &mut self.state {
            State::Free => self.out.push_back(GateOut::Idle(id)),
            State::Requested { .. } => {
                if let Some(older) = self.cancel.replace(id) {
                    self.out.push_back(GateOut::Idle(older));
                }
            }
            State::Active {
                cancelling: true, ..
            } => self.out.push_back(GateOut::Idle(id)),
            State::Active {
                response,
                cancelling,
                ..
            } => {
                *cancelling = true;
                self.out.push_back(GateOut::Cancel(id, response.clone()));
            }
        }
    }

    /// Forgets the creates that wait and returns their names.
    pub(crate) fn void_waiting(&mut self) -> Vec<CommandId> {
        self.waiting.drain(..).map(|create| create.id).collect()
    }

    /// A create that has not left shall not be made after all.
    pub(crate) fn withdraw(&mut self, id: CommandId) {
        self.waiting.retain(|create| create.id != id);
        let has_its_turn = matches!(&self.state, State::Requested { create, sent: None }
            if create.id == id);
        if has_its_turn {
            self.free();
        }
    }

    /// A create has left.
    pub(crate) fn on_sent(&mut self, now: Time, id: CommandId) {
        if let State::Requested { create, sent } = &mut self.state
            && create.id == id
        {
            *sent = Some(now);
        }
    }

    pub(crate) fn on_started(&mut self, now: Time, response: Option<ResponseId>) {
        let create = match std::mem::replace(&mut self.state, State::Free) {
            // It has not left, and would meet this response.
            State::Requested { create, sent: None } => {
                self.out.push_back(GateOut::Recall(create.id));
                self.waiting.push_front(create);
                None
            }
            State::Requested { create, .. } => Some(create),
            State::Active { create, .. } => create,
            State::Free => None,
        };
        self.state = State::Active {
            response,
            create,
            seen: now,
            cancelling: false,
        };
        if let Some(id) = self.cancel.take() {
            self.cancel(id);
        }
    }

    /// Something of the running response arrived.
    pub(crate) fn on_progress(&mut self, now: Time) {
        if let State::Active { seen, .. } = &mut self.state {
            *seen = now;
        }
    }

    pub(crate) fn on_done(&mut self, response: Option<&ResponseId>) {
        let ends = match &self.state {
            State::Active {
                response: Some(active),
                ..
            } => response.is_none_or(|done| done == active),
            State::Active { response: None, .. } => true,
            State::Free | State::Requested { .. } => false,
        };
        if ends {
            self.free();
        }
    }

    /// The provider refused the create `id`. Returns whether the gate deals with it: the create lost
    /// a race and will be sent again.
    pub(crate) fn on_refused(&mut self, now: Time, id: CommandId, benign: bool) -> bool {
        let (create, active) = match &mut self.state {
            State::Requested { create, .. } if create.id == id => (Some(create.clone()), false),
            State::Active { create, .. } if create.as_ref().is_some_and(|c| c.id == id) => {
                (create.take(), true)
            }
            _ => (None, false),
        };
        let Some(mut create) = create else {
            return false;
        };
        let again = benign && create.races < RACES;
        if again {
            create.races += 1;
            self.waiting.push_front(create);
        }
        if !active {
            // A benign refusal says that a response runs whose start we have yet to hear of.
            if again {
                self.state = State::Active {
                    response: None,
                    create: None,
                    seen: now,
                    cancelling: false,
                };
            } else {
                self.free();
            }
        }
        again
    }

    /// The connection is gone, and with it the running response and a create that had left. A create
    /// that still `waits` for its turn to leave keeps its place. Returns whether something was lost.
    pub(crate) fn on_lost(&mut self, waits: impl Fn(CommandId) -> bool) -> bool {
        if matches!(&self.state, State::Requested { create, .. } if waits(create.id)) {
            return false;
        }
        if let Some(id) = self.cancel.take() {
            self.out.push_back(GateOut::Idle(id));
        }
        std::mem::replace(&mut self.state, State::Free) != State::Free
    }

    /// A new connection is ready: what waited for the response that the old one took with it may go.
    pub(crate) fn on_ready(&mut self) {
        self.pump();
    }

    /// Whether a response that has not begun is to be cancelled when it does.
    pub(crate) fn is_cancelling(&self) -> bool {
        self.cancel.is_some()
    }

    /// Whether a response is asked for or runs, or waits to be asked for.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_open() || !self.waiting.is_empty()
    }

    /// Whether a response is asked for or runs.
    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Free
    }

    /// Whether a response runs, as far as the provider has said.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, State::Active { .. })
    }

    pub(crate) fn response(&self) -> Option<&ResponseId> {
        match &self.state {
            State::Active { response, .. } => response.as_ref(),
            State::Free | State::Requested { .. } => None,
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn at(&self) -> crate::testing::GateAt {
        let (state, cancelling) = match &self.state {
            State::Free => ("free", false),
            State::Requested { .. } => ("requested", self.cancel.is_some()),
            State::Active { cancelling, .. } => ("active", *cancelling),
        };
        crate::testing::GateAt {
            state,
            response: self.response().cloned(),
            waiting: self.waiting.len(),
            cancelling,
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<GateOut> {
        self.out.pop_front()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        match &self.state {
            State::Free => None,
            State::Requested { sent, .. } => sent.map(|sent| sent + WATCHDOG),
            State::Active { seen, .. } => Some(*seen + WATCHDOG),
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Time) {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.out
                .push_back(GateOut::Stalled(self.response().cloned()));
            self.free();
        }
    }

    fn free(&mut self) {
        self.state = State::Free;
        if let Some(id) = self.cancel.take() {
            self.out.push_back(GateOut::Idle(id));
        }
        self.pump();
    }

    fn pump(&mut self) {
        while (!self.single || self.state == State::Free)
            && let Some(create) = self.waiting.pop_front()
        {
            self.out
                .push_back(GateOut::Create(create.id, create.options.clone()));
            self.state = State::Requested { create, sent: None };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> CommandId {
        CommandId::new(n)
    }

    fn drain(gate: &mut Gate) -> Vec<GateOut> {
        std::iter::from_fn(|| gate.poll_output()).collect()
    }

    fn create(n: u64) -> GateOut {
        GateOut::Create(id(n), ResponseOptions::default())
    }

    const NOW: Time = Time::ZERO;

    #[test]
    fn a_second_create_waits_for_the_first_response_to_end() {
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        gate.create(id(2), ResponseOptions::default());
        assert_eq!(drain(&mut gate), [create(1)]);
        gate.on_sent(NOW, id(1));
        gate.on_started(NOW, Some("a".into()));
        assert_eq!(drain(&mut gate), []);
        gate.on_done(Some(&"a".into()));
        assert_eq!(drain(&mut gate), [create(2)]);
    }

    #[test]
    fn a_create_that_has_not_left_when_another_response_begins_is_called_back_and_comes_next() {
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        gate.create(id(2), ResponseOptions::default());
        assert_eq!(drain(&mut gate), [create(1)]);
        gate.on_started(NOW, Some("theirs".into()));
        assert_eq!(drain(&mut gate), [GateOut::Recall(id(1))]);
        gate.on_done(Some(&"theirs".into()));
        assert_eq!(drain(&mut gate), [create(1)], "before the one after it");
    }

    #[test]
    fn a_create_that_is_withdrawn_makes_room_for_the_next_unless_it_has_left() {
        let mut gate = Gate::new(true);
        for n in 1..=3 {
            gate.create(id(n), ResponseOptions::default());
        }
        gate.withdraw(id(2));
        assert_eq!(drain(&mut gate), [create(1)]);
        gate.withdraw(id(1));
        assert_eq!(drain(&mut gate), [create(3)]);
        gate.on_sent(NOW, id(3));
        gate.withdraw(id(3));
        assert!(gate.is_open());
    }

    #[test]
    fn a_create_that_waited_when_the_connection_was_lost_leaves_on_the_next_one() {
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        gate.on_sent(NOW, id(1));
        gate.on_started(NOW, Some("a".into()));
        gate.create(id(2), ResponseOptions::default());
        assert_eq!(drain(&mut gate), [create(1)]);
        assert!(gate.on_lost(|_| false));
        assert_eq!(drain(&mut gate), []);
        gate.on_ready();
        assert_eq!(drain(&mut gate), [create(2)]);
        gate.on_ready();
        assert_eq!(drain(&mut gate), [], "once");
    }

    #[test]
    fn a_cancel_waits_until_the_response_has_begun() {
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        gate.cancel(id(2));
        assert_eq!(drain(&mut gate), [create(1)]);
        gate.on_sent(NOW, id(1));
        gate.on_started(NOW, Some("a".into()));
        assert_eq!(drain(&mut gate), [GateOut::Cancel(id(2), Some("a".into()))]);
        gate.cancel(id(3));
        assert_eq!(
            drain(&mut gate),
            [GateOut::Idle(id(3))],
            "one cancel is enough"
        );
    }

    #[test]
    fn a_cancel_without_a_response_is_no_race() {
        let mut gate = Gate::new(true);
        gate.cancel(id(1));
        assert_eq!(drain(&mut gate), [GateOut::Idle(id(1))]);
    }

    #[test]
    fn a_create_that_lost_a_race_is_sent_again_after_the_other_response() {
        // The refusal may come before or after the server's own response is announced.
        for refusal_first in [true, false] {
            let mut gate = Gate::new(true);
            gate.create(id(1), ResponseOptions::default());
            gate.on_sent(NOW, id(1));
            drain(&mut gate);
            if refusal_first {
                assert!(gate.on_refused(NOW, id(1), true));
                gate.on_started(NOW, Some("theirs".into()));
            } else {
                gate.on_started(NOW, Some("theirs".into()));
                assert!(gate.on_refused(NOW, id(1), true));
            }
            assert_eq!(drain(&mut gate), []);
            gate.on_done(Some(&"theirs".into()));
            assert_eq!(
                drain(&mut gate),
                [create(1)],
                "refusal first: {refusal_first}"
            );
        }
    }

    #[test]
    fn races_are_lost_only_so_often_and_real_refusals_free_the_gate() {
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        for _ in 0..RACES {
            assert!(gate.on_refused(NOW, id(1), true));
            gate.on_done(None);
        }
        assert!(!gate.on_refused(NOW, id(1), true));
        assert!(!gate.is_busy());

        gate.create(id(2), ResponseOptions::default());
        assert!(!gate.on_refused(NOW, id(2), false));
        assert!(!gate.is_busy());
    }

    #[test]
    fn the_end_of_another_response_changes_nothing() {
        let mut gate = Gate::new(true);
        gate.on_started(NOW, Some("a".into()));
        gate.on_done(Some(&"b".into()));
        assert!(gate.is_active());
    }

    // faults: E18 by a response that is never done
    #[test]
    fn a_silent_response_gives_up_its_place() {
        let mut gate = Gate::new(true);
        gate.on_started(NOW, Some("a".into()));
        gate.create(id(1), ResponseOptions::default());
        gate.on_progress(Time::from_millis(10_000));
        gate.on_timeout(Time::from_millis(30_000));
        assert_eq!(drain(&mut gate), []);
        gate.on_timeout(Time::from_millis(40_000));
        assert_eq!(
            drain(&mut gate),
            [GateOut::Stalled(Some("a".into())), create(1)]
        );
    }

    #[test]
    fn a_follow_up_goes_before_creates_that_wait_and_at_once_where_none_runs() {
        let mut gate = Gate::new(true);
        gate.create_first(id(1));
        assert_eq!(drain(&mut gate), [create(1)]);
        gate.on_sent(NOW, id(1));
        gate.on_started(NOW, Some("a".into()));
        gate.create(id(2), ResponseOptions::default());
        gate.create_first(id(3));
        gate.on_done(Some(&"a".into()));
        assert_eq!(drain(&mut gate), [create(3)]);
    }

    #[test]
    fn creates_that_wait_can_be_forgotten_and_are_named() {
        let mut gate = Gate::new(true);
        for n in 1..4 {
            gate.create(id(n), ResponseOptions::default());
        }
        assert_eq!(drain(&mut gate), [create(1)]);
        assert_eq!(gate.void_waiting(), [id(2), id(3)]);
        gate.on_refused(NOW, id(1), false);
        assert_eq!(drain(&mut gate), []);
    }

    /// Open, busy, active, cancelling.
    fn told(gate: &Gate) -> [bool; 4] {
        [
            gate.is_open(),
            gate.is_busy(),
            gate.is_active(),
            gate.is_cancelling(),
        ]
    }

    #[test]
    fn it_tells_what_is_asked_for_what_runs_and_what_waits() {
        let mut gate = Gate::new(true);
        assert_eq!(told(&gate), [false, false, false, false]);
        gate.create(id(1), ResponseOptions::default());
        gate.on_sent(NOW, id(1));
        assert_eq!(told(&gate), [true, true, false, false]);
        gate.cancel(id(2));
        assert_eq!(told(&gate), [true, true, false, true]);
        gate.on_started(NOW, Some("a".into()));
        assert_eq!(told(&gate), [true, true, true, false], "it was cancelled");
        assert_eq!(gate.response(), Some(&"a".into()));
        gate.create(id(3), ResponseOptions::default());
        gate.on_lost(|_| false);
        assert_eq!(told(&gate), [false, true, false, false]);
        assert_eq!(gate.response(), None);
    }

    #[test]
    fn the_refusal_of_something_else_is_none_of_its_business() {
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        gate.on_sent(NOW, id(1));
        assert!(!gate.on_refused(NOW, id(9), true));
        gate.on_started(NOW, Some("theirs".into()));
        assert!(!gate.on_refused(NOW, id(9), true));
        assert!(gate.on_refused(NOW, id(1), true), "it lost the race");
        assert!(!gate.on_refused(NOW, id(1), true), "once");
        assert!(gate.is_active(), "theirs runs");
    }

    #[test]
    fn a_response_without_a_name_ends_with_any_and_any_ends_without_a_name() {
        for (active, done) in [(None, Some("a")), (Some("a"), None), (None, None)] {
            let mut gate = Gate::new(true);
            gate.on_started(NOW, active.map(ResponseId::from));
            gate.on_done(done.map(ResponseId::from).as_ref());
            assert!(!gate.is_active(), "{active:?} {done:?}");
        }
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        gate.on_done(None);
        assert!(gate.is_open(), "what has not begun does not end");
    }

    #[test]
    fn what_is_lost_with_a_connection_is_told_and_what_waits_to_leave_is_not_lost() {
        let mut gate = Gate::new(true);
        assert!(!gate.on_lost(|_| false), "nothing was open");
        gate.create(id(1), ResponseOptions::default());
        gate.cancel(id(2));
        drain(&mut gate);
        assert!(!gate.on_lost(|waiting| waiting == id(1)));
        assert!(gate.is_open() && gate.is_cancelling());
        assert!(gate.on_lost(|waiting| waiting == id(9)));
        assert_eq!(drain(&mut gate), [GateOut::Idle(id(2))]);
        assert!(!gate.is_open());
    }

    #[test]
    fn only_the_last_of_the_cancels_that_wait_is_kept() {
        let mut gate = Gate::new(true);
        gate.create(id(1), ResponseOptions::default());
        drain(&mut gate);
        gate.cancel(id(2));
        gate.cancel(id(3));
        assert_eq!(drain(&mut gate), [GateOut::Idle(id(2))]);
        gate.on_refused(NOW, id(1), false);
        assert_eq!(
            drain(&mut gate),
            [GateOut::Idle(id(3))],
            "nothing came of it"
        );
    }

    #[test]
    fn silence_counts_from_the_moment_at_which_a_create_left() {
        let mut gate = Gate::new(true);
        assert_eq!(gate.poll_timeout(), None);
        gate.create(id(1), ResponseOptions::default());
        assert_eq!(gate.poll_timeout(), None, "it has not left");
        gate.on_sent(Time::from_millis(5), id(9));
        assert_eq!(gate.poll_timeout(), None, "another has");
        gate.on_sent(Time::from_millis(5000), id(1));
        assert_eq!(gate.poll_timeout(), Some(Time::from_millis(35_000)));
        drain(&mut gate);
        gate.on_timeout(Time::from_millis(34_999));
        assert_eq!(drain(&mut gate), []);
        gate.on_timeout(Time::from_millis(35_000));
        assert_eq!(drain(&mut gate), [GateOut::Stalled(None)]);
    }

    #[test]
    fn where_several_responses_may_run_nothing_waits() {
        let mut gate = Gate::new(false);
        gate.create(id(1), ResponseOptions::default());
        gate.create(id(2), ResponseOptions::default());
        assert_eq!(drain(&mut gate), [create(1), create(2)]);
    }

    #[test]
    fn waiting_creates_are_bounded() {
        let mut gate = Gate::new(true);
        gate.on_started(NOW, None);
        for n in 0..WAITING as u64 {
            assert!(gate.create(id(n), ResponseOptions::default()));
        }
        assert!(!gate.create(id(99), ResponseOptions::default()));
    }
}
