//! What may be asked for when, and what waits.

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
fn creates_that_are_withdrawn_one_after_the_other_leave_none_behind() {
    let mut gate = Gate::new(true);
    for n in 1..=2 {
        gate.create(id(n), ResponseOptions::default());
    }
    assert_eq!(drain(&mut gate), [create(1)]);
    gate.withdraw(id(1));
    gate.withdraw(id(2));
    assert_eq!(drain(&mut gate), []);
    assert!(!gate.is_busy());
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
    gate.go_on();
    assert_eq!(drain(&mut gate), [create(2)]);
    gate.go_on();
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
    assert!(gate.is_active(), "what it met runs");
    gate.on_done(None);
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

#[test]
fn a_follow_up_that_waits_follows_what_is_answered_meanwhile() {
    let mut gate = Gate::new(true);
    gate.on_started(NOW, Some("a".into()));
    gate.create(id(1), ResponseOptions::default());
    gate.create_first(id(2));
    gate.create_first(id(3));
    gate.on_done(None);
    assert_eq!(drain(&mut gate), [create(2)]);
    gate.on_sent(NOW, id(2));
    gate.on_started(NOW, None);
    gate.create_first(id(4));
    gate.on_done(None);
    assert_eq!(drain(&mut gate), [create(4)]);
}

#[test]
fn a_follow_up_that_comes_back_follows_what_was_answered_meanwhile_and_is_the_only_one() {
    // Refused, because a response ran; or called back before it had left.
    for refused in [true, false] {
        let mut gate = Gate::new(true);
        gate.create_first(id(1));
        assert_eq!(drain(&mut gate), [create(1)]);
        if refused {
            gate.on_sent(NOW, id(1));
        }
        assert_eq!(gate.create_first(id(2)), id(2));
        gate.create(id(3), ResponseOptions::default());
        gate.on_started(NOW, Some("theirs".into()));
        let joined = GateOut::Joined(id(2), id(1));
        if refused {
            assert!(gate.on_refused(NOW, id(1), true));
            assert_eq!(drain(&mut gate), [joined]);
        } else {
            assert_eq!(drain(&mut gate), [GateOut::Recall(id(1)), joined]);
        }
        assert_eq!(gate.create_first(id(4)), id(1), "it waits");
        gate.on_done(None);
        assert_eq!(drain(&mut gate), [create(1)]);
        gate.on_sent(NOW, id(1));
        gate.on_started(NOW, None);
        gate.on_done(None);
        assert_eq!(
            drain(&mut gate),
            [create(3)],
            "and no second one about the same"
        );
    }
}

#[test]
fn a_create_of_the_callers_that_comes_back_follows_nothing() {
    let mut gate = Gate::new(true);
    gate.create(id(1), ResponseOptions::default());
    gate.on_sent(NOW, id(1));
    gate.create_first(id(2));
    drain(&mut gate);
    gate.on_started(NOW, Some("theirs".into()));
    assert!(gate.on_refused(NOW, id(1), true));
    gate.on_done(None);
    assert_eq!(drain(&mut gate), [create(1)]);
    gate.on_sent(NOW, id(1));
    gate.on_started(NOW, None);
    gate.on_done(None);
    assert_eq!(drain(&mut gate), [create(2)], "it is still to be made");
}

#[test]
fn follow_ups_that_have_not_left_can_be_forgotten_whatever_became_of_them_before() {
    let mut gate = Gate::new(true);
    gate.create_first(id(1));
    gate.on_sent(NOW, id(1));
    gate.on_started(NOW, Some("theirs".into()));
    assert!(gate.on_refused(NOW, id(1), true));
    gate.create(id(2), ResponseOptions::default());
    drain(&mut gate);
    assert_eq!(gate.void_follow_ups(), [id(1)], "it waits once more");
    gate.on_done(None);
    assert_eq!(
        drain(&mut gate),
        [create(2)],
        "what the caller asked for stays"
    );

    let mut gate = Gate::new(true);
    gate.create_first(id(1));
    gate.create(id(2), ResponseOptions::default());
    drain(&mut gate);
    assert_eq!(gate.void_follow_ups(), [id(1)], "it has its turn");
    assert_eq!(drain(&mut gate), [create(2)]);
    gate.on_sent(NOW, id(2));
    gate.create_first(id(3));
    gate.on_lost(|_| false);
    assert_eq!(gate.void_follow_ups(), [id(3)]);
}

#[test]
fn what_was_taken_back_is_not_asked_for_again_when_it_turns_out_to_have_lost_a_race() {
    for refusal_first in [true, false] {
        let mut gate = Gate::new(true);
        gate.create_first(id(1));
        gate.on_sent(NOW, id(1));
        drain(&mut gate);
        gate.void_waiting();
        if !refusal_first {
            gate.on_started(NOW, Some("theirs".into()));
        }
        assert!(!gate.on_refused(NOW, id(1), true));
        gate.on_done(Some(&"theirs".into()));
        assert!(!gate.is_busy(), "refusal first: {refusal_first}");
        assert_eq!(drain(&mut gate), []);
    }
}

#[test]
fn a_refusal_that_two_other_responses_have_overtaken_is_one_all_the_same() {
    let overtaken = || {
        let mut gate = Gate::new(true);
        gate.create_first(id(1));
        gate.on_sent(NOW, id(1));
        gate.on_started(NOW, Some("theirs".into()));
        gate.on_done(Some(&"theirs".into()));
        drain(&mut gate);
        gate
    };
    let mut gate = overtaken();
    gate.on_started(NOW, Some("another".into()));
    assert!(gate.on_refused(NOW, id(1), true));
    assert_eq!(drain(&mut gate), []);
    gate.on_done(Some(&"another".into()));
    assert_eq!(drain(&mut gate), [create(1)]);

    // The one it has met has not been heard of yet.
    let mut gate = overtaken();
    assert!(gate.on_refused(NOW, id(1), true));
    assert!(gate.is_active());
    assert_eq!(drain(&mut gate), []);
    gate.on_done(None);
    assert_eq!(drain(&mut gate), [create(1)]);

    // A later follow-up follows what that one was to follow.
    let mut gate = overtaken();
    gate.create_first(id(2));
    gate.on_sent(NOW, id(2));
    assert!(gate.on_refused(NOW, id(1), true));
    gate.on_started(NOW, None);
    gate.on_done(None);
    assert_eq!(drain(&mut gate), [create(2)]);
    assert!(!gate.on_refused(NOW, id(9), true), "of nobody it knows");
}

#[test]
fn a_create_for_the_voice_alone_has_its_turn_until_it_is_taken_in() {
    let mut gate = Gate::new(true);
    gate.create(id(1), ResponseOptions::default());
    gate.create(id(2), ResponseOptions::default());
    gate.on_spoken_for(id(2));
    assert_eq!(drain(&mut gate), [create(1)]);
    gate.on_spoken_for(id(1));
    assert_eq!(drain(&mut gate), [create(2)]);
}

#[test]
fn creates_wait_for_answers_to_calls_where_they_must_but_not_for_ever() {
    let mut gate = Gate::new(true);
    gate.hold(NOW, true);
    gate.create(id(1), ResponseOptions::default());
    gate.hold(NOW, true);
    assert_eq!(drain(&mut gate), []);
    gate.hold(NOW, false);
    assert_eq!(drain(&mut gate), [create(1)]);

    let mut gate = Gate::new(true);
    gate.hold(NOW, true);
    gate.create(id(1), ResponseOptions::default());
    let due = gate.poll_timeout().unwrap();
    gate.on_timeout(due);
    assert_eq!(drain(&mut gate), [create(1)]);
    assert!(gate.poll_timeout().is_none());
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

#[test]
fn only_creates_that_wait_for_answers_set_a_deadline_and_it_does_not_move() {
    let mut gate = Gate::new(true);
    gate.hold(Time::from_millis(1_000), true);
    assert_eq!(gate.poll_timeout(), None, "nobody waits");
    gate.create(id(1), ResponseOptions::default());
    gate.hold(Time::from_millis(50_000), true);
    assert_eq!(gate.poll_timeout(), Some(Time::from_millis(121_000)));
    gate.on_timeout(Time::from_millis(120_999));
    assert_eq!(drain(&mut gate), []);
    gate.on_timeout(Time::from_millis(121_000));
    assert_eq!(drain(&mut gate), [create(1)]);
    gate.on_sent(Time::from_millis(121_000), id(1));
    gate.create(id(2), ResponseOptions::default());
    gate.on_lost(|_| false);
    assert_eq!(gate.poll_timeout(), None, "it waits for a connection alone");
    gate.hold(Time::from_millis(130_000), false);
    assert_eq!(drain(&mut gate), [create(2)]);
    gate.hold(Time::from_millis(140_000), true);
    gate.on_lost(|_| false);
    gate.create(id(3), ResponseOptions::default());
    assert_eq!(drain(&mut gate), [], "other calls are waited for anew");
    assert_eq!(gate.poll_timeout(), Some(Time::from_millis(260_000)));
}

#[test]
fn each_state_is_shown() {
    let shown = |gate: &Gate| {
        let at = gate.at();
        (at.state, at.response, at.waiting, at.cancelling)
    };
    let mut gate = Gate::new(true);
    assert_eq!(shown(&gate), ("free", None, 0, false));
    gate.create(id(1), ResponseOptions::default());
    gate.create(id(2), ResponseOptions::default());
    assert_eq!(shown(&gate), ("requested", None, 1, false));
    gate.cancel(id(3));
    assert_eq!(shown(&gate), ("requested", None, 1, true));
    gate.on_sent(NOW, id(1));
    gate.on_started(NOW, Some("a".into()));
    assert_eq!(shown(&gate), ("active", Some("a".into()), 1, true));
    gate.on_done(None);
    gate.on_sent(NOW, id(2));
    gate.on_started(NOW, None);
    assert_eq!(shown(&gate), ("active", None, 0, false));
}
