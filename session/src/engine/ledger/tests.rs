//! Calls, answers, and what becomes of both.

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

fn scheduled(id: &str, scheduling: Scheduling) -> ToolResult {
    ToolResult {
        scheduling: Some(scheduling),
        ..result(id)
    }
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
        ledger.answer(id(1), &[result("a")], false),
        Err(CallError::Unknown("a".into()))
    );
    ledger.announce(&call("a", "r"), None);
    assert_eq!(
        ledger.answer(id(1), &[result("a"), result("a")], false),
        Err(CallError::Answered("a".into())),
        "not twice in one command either"
    );
    assert_eq!(ledger.answer(id(1), &[result("a")], false), Ok(Vec::new()));
    assert_eq!(
        ledger.answer(id(2), &[result("a")], false),
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
    ledger.answer(id(1), &[result("a")], false).unwrap();
    ledger.on_response_done(Some(&"r".into()), false);
    assert_eq!(ledger.take_follow_up(), None, "b is open");
    ledger.answer(id(2), &[result("b")], false).unwrap();
    assert_eq!(ledger.take_follow_up(), Some(vec![id(1), id(2)]));
    assert_eq!(ledger.take_follow_up(), None, "only one");
}

#[test]
fn answers_before_the_end_of_the_response_wait_for_it() {
    let mut ledger = Ledger::default();
    ledger.announce(&call("a", "r"), None);
    ledger.answer(id(1), &[result("a")], false).unwrap();
    assert_eq!(ledger.take_follow_up(), None);
    ledger.on_response_done(Some(&"r".into()), false);
    assert!(ledger.take_follow_up().is_some());
}

#[test]
fn silent_answers_alone_ask_for_no_follow_up() {
    let silent = |id: &str| scheduled(id, Scheduling::Silent);
    for (second, due) in [(silent("b"), false), (result("b"), true)] {
        let mut ledger = Ledger::default();
        for name in ["a", "b"] {
            ledger.announce(&call(name, "r"), None);
        }
        ledger.on_response_done(Some(&"r".into()), false);
        ledger.answer(id(1), &[silent("a"), second], false).unwrap();
        assert_eq!(ledger.take_follow_up().is_some(), due);
    }
}

#[test]
fn nobody_waits_for_a_follow_up_of_a_cancelled_response_or_of_cancelled_calls() {
    let mut ledger = Ledger::default();
    ledger.announce(&call("a", "r"), None);
    ledger.on_response_done(Some(&"r".into()), true);
    ledger.answer(id(1), &[result("a")], false).unwrap();
    assert_eq!(ledger.take_follow_up(), None);

    ledger.announce(&call("b", "s"), None);
    ledger.on_response_done(Some(&"s".into()), false);
    assert_eq!(ledger.cancel(&["b".into(), "unknown".into()]), ["b".into()]);
    assert_eq!(ledger.take_follow_up(), None);
    assert!(matches!(
        ledger.answer(id(2), &[result("b")], false),
        Err(CallError::Void(..))
    ));
}

#[test]
fn a_lost_connection_voids_what_was_open_and_answers_that_did_not_leave_are_open_again() {
    let mut ledger = Ledger::default();
    for name in ["a", "b"] {
        ledger.announce(&call(name, "r"), None);
    }
    ledger.answer(id(1), &[result("a")], false).unwrap();
    ledger.returned(id(1), false);
    assert_eq!(ledger.open(), 2);
    ledger.answer(id(2), &[result("a")], false).unwrap();
    assert_eq!(ledger.void_but(&BTreeSet::new()), ["b".into()]);
    ledger.returned(id(2), true);
    assert_eq!(ledger.open(), 0);
    for call in ["a", "b"] {
        assert!(matches!(
            ledger.answer(id(3), &[result(call)], false),
            Err(CallError::Void(..))
        ));
    }
}

#[test]
fn an_answer_that_comes_back_opens_its_batch_again_and_the_next_one_completes_it() {
    let mut ledger = Ledger::default();
    ledger.announce(&call("a", "r"), None);
    ledger.on_response_done(Some(&"r".into()), false);
    ledger.answer(id(1), &[result("a")], false).unwrap();
    assert!(ledger.take_follow_up().is_some());
    ledger.returned(id(1), false);
    assert_eq!(ledger.open(), 1);
    assert_eq!(ledger.take_follow_up(), None, "nothing is answered");
    ledger.answer(id(2), &[result("a")], false).unwrap();
    assert_eq!(ledger.open(), 0);
    assert!(ledger.take_follow_up().is_some());
}

#[test]
fn a_call_whose_answer_still_waits_to_be_sent_counts_as_open_for_another_process() {
    let mut ledger = Ledger::default();
    for name in ["a", "b", "c"] {
        ledger.announce(&call(name, "r"), None);
    }
    ledger.answer(id(1), &[result("a")], false).unwrap();
    ledger.answer(id(2), &[result("b")], false).unwrap();
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
    ledger.answer(id(1), &[result("b")], false).unwrap();
    assert!(
        ledger.take_follow_up().is_none(),
        "s has not ended, a is open"
    );
    ledger.answer(id(2), &[result("a")], false).unwrap();
    assert!(ledger.take_follow_up().is_some());
    assert!(ledger.take_follow_up().is_none(), "s has not ended");
    // A call that comes after the end of its response is another batch.
    ledger.announce(&call("c", "s"), None);
    ledger.on_response_done(Some(&"s".into()), false);
    assert_eq!(ledger.open(), 1);
    ledger.answer(id(3), &[result("c")], false).unwrap();
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
    ledger.answer(id(1), &[result("a")], false).unwrap();
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
        ledger.answer(id(1), &[result("a")], false).unwrap();
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
        ledger.answer(id(1), &[result("c")], false),
        Err(CallError::Void(..))
    ));
    ledger.answer(id(2), &[result("a")], false).unwrap();
    assert!(ledger.take_follow_up().is_none());
    ledger.answer(id(3), &[result("b")], false).unwrap();
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
    ledger.answer(id(1), &[result("a")], false).unwrap();
    ledger.answer(id(2), &[result("b")], false).unwrap();
    ledger.returned(id(1), false);
    assert_eq!(ledger.known(|_| false).0, ["a".into()]);
    // What came back was aloud, and what takes its place is not: b alone asks for a follow-up.
    ledger.returned(id(2), false);
    let silent = |name: &str| scheduled(name, Scheduling::Silent);
    ledger
        .answer(id(3), &[silent("a"), silent("b")], false)
        .unwrap();
    ledger.on_response_done(Some(&"r".into()), false);
    assert!(ledger.take_follow_up().is_none());
}

#[test]
fn nothing_follows_calls_whose_connection_is_gone() {
    let mut ledger = Ledger::default();
    for name in ["a", "b"] {
        ledger.announce(&call(name, "r"), None);
    }
    ledger.answer(id(1), &[result("a")], false).unwrap();
    ledger.on_response_done(Some(&"r".into()), false);
    assert_eq!(ledger.void_but(&BTreeSet::new()), ["b".into()]);
    assert_eq!(ledger.open(), 0);
    assert!(ledger.take_follow_up().is_none());
}

#[test]
fn of_too_many_calls_those_that_are_closed_are_forgotten_first() {
    let mut ledger = Ledger::default();
    ledger.announce(&call("first", "r"), None);
    ledger.announce(&call("second", "r"), None);
    ledger.answer(id(1), &[result("second")], false).unwrap();
    for n in 2..REMEMBERED {
        ledger.announce(&call(&format!("c{n}"), "r"), None);
    }
    assert_eq!(ledger.calls.len(), REMEMBERED, "all are remembered");
    ledger.announce(&call("last", "r"), None);
    assert!(ledger.is_open(&"first".into()));
    assert_eq!(
        ledger.answer(id(2), &[result("second")], false),
        Err(CallError::Unknown("second".into()))
    );
    ledger.announce(&call("one more", "r"), None);
    assert!(!ledger.calls.contains_key(&"first".into()), "all are open");
    assert_eq!(ledger.open(), REMEMBERED);
}

#[test]
fn memory_is_bounded_even_if_nothing_is_ever_answered() {
    let mut ledger = Ledger::default();
    for n in 0..2 * REMEMBERED {
        ledger.announce(&call(&format!("c{n}"), "r"), None);
    }
    assert_eq!(ledger.calls.len(), REMEMBERED);
    assert_eq!(ledger.open(), REMEMBERED);
}

#[test]
fn a_late_result_is_used_once_where_such_are_taken_and_may_be_given_again_if_it_did_not_leave() {
    let mut ledger = Ledger::default();
    for name in ["a", "b"] {
        ledger.announce(&call(name, "r"), None);
    }
    ledger.cancel(&["a".into()]);
    let both = [result("a"), result("b")];
    assert!(matches!(
        ledger.answer(id(1), &both, false),
        Err(CallError::Void(..))
    ));
    assert_eq!(ledger.open(), 1, "all or none");
    let twice = [result("a"), result("a")];
    assert!(matches!(
        ledger.answer(id(1), &twice, true),
        Err(CallError::Answered(_))
    ));
    assert_eq!(ledger.answer(id(1), &both, true), Ok(vec!["a".into()]));
    assert_eq!(ledger.open(), 0, "the other is answered");
    ledger.spend(id(2), &"a".into());
    assert_eq!(
        ledger.answer(id(3), &[result("a")], true),
        Err(CallError::Answered("a".into()))
    );
    ledger.untold(id(9));
    assert!(ledger.answer(id(3), &[result("a")], true).is_err());
    ledger.untold(id(2));
    assert_eq!(
        ledger.answer(id(4), &[result("a")], true),
        Ok(vec!["a".into()])
    );
    ledger.spend(id(5), &"b".into());
    assert_eq!(
        ledger.answer(id(6), &[result("b")], true),
        Err(CallError::Answered("b".into())),
        "what was answered in time is not late"
    );
}

#[test]
fn another_connection_knows_the_calls_it_was_told_and_follows_up_their_answers_alone() {
    let told: BTreeSet<CallId> = ["open".into(), "waits".into()].into();
    for (answer_open, due) in [(false, false), (true, true)] {
        let mut ledger = Ledger::default();
        for name in ["open", "waits"] {
            ledger.announce(&call(name, "r"), None);
        }
        ledger.announce(&call("untold", "s"), None);
        ledger.announce(&call("sent", "t"), None);
        ledger.answer(id(1), &[result("waits")], false).unwrap();
        ledger.answer(id(2), &[result("sent")], false).unwrap();
        assert!(ledger.waits(&"open".into(), |_| false));
        assert!(ledger.waits(&"waits".into(), |by| by == id(1)));
        assert!(!ledger.waits(&"sent".into(), |by| by == id(1)));
        assert_eq!(ledger.void_but(&told), ["untold".into()]);
        assert!(!ledger.waits(&"untold".into(), |_| true));
        assert_eq!(ledger.open(), 1);
        assert_eq!(ledger.take_follow_up(), None, "one of the batch is open");
        if answer_open {
            ledger.answer(id(3), &[result("open")], false).unwrap();
        }
        let follows = ledger.take_follow_up();
        assert_eq!(follows, due.then(|| vec![id(1), id(3)]));
        assert_eq!(ledger.take_follow_up(), None);
    }
}

#[test]
fn each_call_is_shown_in_its_state() {
    let mut ledger = Ledger::default();
    for name in ["a", "b", "c", "d"] {
        ledger.announce(&call(name, "r"), None);
    }
    ledger.answer(id(1), &[result("b")], false).unwrap();
    ledger.cancel(&["c".into(), "d".into()]);
    ledger.spend(id(2), &"d".into());
    let shown: Vec<_> = ledger.at().into_iter().map(|at| at.state).collect();
    assert_eq!(shown, ["announced", "answered", "void", "spent"]);
}

#[test]
fn an_answer_is_taken_up_at_once_only_where_it_says_so_and_its_response_has_ended() {
    let at_once = |name: &str| scheduled(name, Scheduling::Interrupt);
    let mut ledger = Ledger::default();
    ledger.announce(&call("a", "r"), None);
    ledger.announce(&call("b", "s"), None);
    assert!(!ledger.interrupts(&[at_once("a")]), "r has only just asked");
    ledger.on_response_done(Some(&"r".into()), false);
    assert!(ledger.interrupts(&[at_once("a")]));
    assert!(
        ledger.interrupts(&[result("b"), at_once("a")]),
        "one of them"
    );
    for patient in [
        result("a"),
        scheduled("a", Scheduling::Silent),
        scheduled("a", Scheduling::WhenIdle),
        at_once("b"),
        at_once("unknown"),
    ] {
        assert!(
            !ledger.interrupts(std::slice::from_ref(&patient)),
            "{patient:?}"
        );
    }
    assert!(!ledger.interrupts(&[]));
}

#[test]
fn an_answer_that_came_back_is_not_followed_up_and_the_others_of_its_batch_are() {
    let mut ledger = Ledger::default();
    for name in ["a", "b"] {
        ledger.announce(&call(name, "r"), None);
    }
    ledger.on_response_done(Some(&"r".into()), false);
    ledger.answer(id(1), &[result("a")], false).unwrap();
    ledger.answer(id(2), &[result("b")], false).unwrap();
    ledger.returned(id(2), false);
    assert_eq!(ledger.take_follow_up(), None, "b is open again");
    let silent = scheduled("b", Scheduling::Silent);
    ledger.answer(id(3), &[silent], false).unwrap();
    assert_eq!(ledger.take_follow_up(), Some(vec![id(1)]));
}

#[test]
fn a_cancelled_response_stays_so_however_often_its_end_is_told() {
    for again in [true, false] {
        let mut ledger = Ledger::default();
        ledger.announce(&call("a", "r"), None);
        ledger.on_response_done(Some(&"r".into()), true);
        ledger.on_response_done(None, again);
        ledger.answer(id(1), &[result("a")], false).unwrap();
        assert_eq!(ledger.take_follow_up(), None, "{again}");
    }
}

#[test]
fn batches_that_wait_together_are_followed_up_together() {
    let mut ledger = Ledger::default();
    for (name, response, by) in [("a", "r", 1), ("b", "s", 2), ("c", "t", 3)] {
        ledger.announce(&call(name, response), None);
        ledger.answer(id(by), &[result(name)], false).unwrap();
    }
    ledger.on_response_done(Some(&"r".into()), false);
    ledger.on_response_done(Some(&"s".into()), false);
    assert_eq!(ledger.take_follow_up(), Some(vec![id(1), id(2)]));
    ledger.on_response_done(Some(&"t".into()), false);
    assert_eq!(ledger.take_follow_up(), Some(vec![id(3)]));
}

#[test]
fn a_finished_batch_takes_no_room() {
    let mut ledger = Ledger::default();
    for n in 0..100 {
        let name = format!("c{n}");
        ledger.announce(&call(&name, &name), None);
        ledger.on_response_done(None, false);
        match n % 3 {
            0 => assert!(ledger.answer(id(n), &[result(&name)], false).is_ok()),
            1 => assert_eq!(ledger.cancel(&[name.as_str().into()]).len(), 1),
            _ => assert_eq!(ledger.void_but(&BTreeSet::new()).len(), 1),
        }
        ledger.take_follow_up();
        assert!(ledger.batches.is_empty(), "{n}");
    }
}
