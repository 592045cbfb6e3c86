//! Planned changes of connection: limits, goAway, overlap, resume handles.

use std::time::Duration;

use antiphon_protocol::{End, EndedCause, Fault, How, Phase, RotationCause, Stage, Time};
use antiphon_transport::{LinkCommand, LinkOutput, Output};

use crate::support::{Bench, Words, bench::ORIGIN, words::command};

const SECOND: Duration = Duration::from_secs(1);

fn closed_with(code: u16) -> End {
    End::new(Stage::Live, How::CloseFrame).with_code(code)
}

// faults: C1 by a connection with a stated life of ten minutes
#[test]
fn a_rotation_is_announced_and_forced_before_a_limit() {
    let mut words = Words::overlapping();
    words.capabilities.limits.connection = Some(Duration::from_secs(600));
    words.capabilities.liveness = Duration::from_secs(6000);
    let mut bench = Bench::live(words);
    bench.pass(540 * SECOND);
    assert_eq!(
        bench.due(),
        Some((RotationCause::Limit, Time::from_millis(590_000)))
    );
    assert_eq!(bench.plans_wanted(), 0);
    bench.pass(50 * SECOND);
    assert_eq!(bench.plans_wanted(), 1, "forced at the deadline");
}

// faults: C1 by an expiry that the peer states
#[test]
fn a_stated_expiry_counts_like_a_limit() {
    let mut words = Words::overlapping();
    words.capabilities.liveness = Duration::from_secs(6000);
    let mut bench = Bench::live(words);
    bench.hear(&format!("expires {}", ORIGIN + 300));
    bench.pass(240 * SECOND);
    assert_eq!(
        bench.due(),
        Some((RotationCause::Limit, Time::from_millis(290_000)))
    );
}

// faults: C2, C3, C4 by notices with 50 s, 4 s, none and no time, and silence after them
#[test]
fn go_away_is_due_at_once_with_or_without_a_time() {
    for (word, forced) in [
        ("goaway 50", 40),
        ("goaway", 10),
        ("goaway 4", 3),
        ("goaway 0", 0),
    ] {
        let mut bench = Bench::live(Words::overlapping());
        bench.hear(word);
        bench.pass(Duration::ZERO);
        if forced == 0 {
            assert_eq!(bench.plans_wanted(), 1, "{word}");
            continue;
        }
        assert_eq!(
            bench.due(),
            Some((RotationCause::GoAway, Time::from_millis(forced * 1000))),
            "{word}"
        );
        bench.pass(Duration::from_secs(forced));
        assert_eq!(
            bench.plan_wanted(),
            Some((RotationCause::GoAway, None)),
            "{word}"
        );
    }
}

// faults: C2 by a notice before the peer has accepted the session
#[test]
fn a_notice_that_comes_before_the_session_is_ready_is_kept() {
    let mut bench = Bench::new(Words::overlapping());
    bench.command(LinkCommand::Start);
    bench.plan();
    bench.open();
    bench.hear("goaway 50");
    bench.pass(2 * SECOND);
    assert_eq!(bench.due(), None);
    bench.hear("ready");
    bench.pass(Duration::ZERO);
    let forced = Time::from_millis(40_000);
    assert_eq!(bench.due(), Some((RotationCause::GoAway, forced)));
}

/// Ten minutes with a peer that says this on each connection once it is ready, and drops none. Yields
/// how many connections were asked for beyond the first, and when the first of those was.
fn sent_away(word: &str, words: Words) -> (usize, Option<Time>) {
    let mut bench = Bench::live(words);
    let mut asked = Vec::new();
    bench.hear(word);
    while bench.now < Time::from_millis(600_000) {
        bench.pass(Duration::from_millis(10));
        if bench.plans_wanted() > 0 {
            bench.take();
            asked.push(bench.now);
            bench.plan();
            // Where two may not be open, the old one goes first.
            if bench.link.phase() == Phase::Draining {
                bench.pass(2 * SECOND);
            }
            bench.open();
            bench.flush();
            bench.hear("ready");
            bench.hear(word);
        }
        let alive = bench.newest();
        bench.wire(antiphon_transport::WireEvent::Alive { generation: alive });
        assert!(bench.closed().is_none(), "{word}");
    }
    assert_eq!(bench.link.phase(), Phase::Live, "{word}");
    (asked.len(), asked.first().copied())
}

// faults: C2, C23 by a peer that sends every connection away as soon as it is ready
#[test]
fn a_peer_that_sends_every_connection_away_is_not_stormed() {
    for overlap in [true, false] {
        let words = || {
            let mut words = Words::default();
            words.capabilities.overlap = overlap;
            words
        };
        let mut short = words();
        short.capabilities.limits.connection = Some(Duration::ZERO);
        for (word, words) in [("goaway 0", words()), ("say", short)] {
            // The first change is worth doing at once; after ten the connection is left as it is.
            let asked = sent_away(word, words);
            assert_eq!(asked, (10, Some(Time::from_millis(10))), "{word}");
        }
    }
}

#[test]
fn to_ask_again_for_a_change_that_waits_costs_nothing() {
    let mut bench = Bench::live(Words::overlapping());
    for asked in [1, 20] {
        bench.take();
        bench.hear("goaway 50");
        for _ in 0..asked {
            bench.command(LinkCommand::Rotate(RotationCause::GoAway));
        }
        // The first is made at once, the second after a short wait.
        bench.pass(SECOND / 2);
        assert_eq!(bench.plans_wanted(), 1);
        bench.plan();
        bench.open();
        bench.flush();
        bench.hear("ready");
    }
    bench.take();
    bench.cut();
    bench.pass_until_plan();
    assert!(bench.closed().is_none(), "the budget is spent");
}

// faults: C1 by a clock that is an hour ahead of the peer's
#[test]
fn an_expiry_in_the_past_is_not_believed() {
    let word = format!("expires {}", ORIGIN - 1);
    assert_eq!(sent_away(&word, Words::overlapping()), (0, None));
}

// faults: C21 by an old wire that talks on beside the new one
#[test]
fn where_two_may_be_open_the_switch_is_at_ready() {
    let mut bench = Bench::live(Words::overlapping());
    bench.flush();
    let old = bench.newest();
    bench.command(LinkCommand::Rotate(RotationCause::Request));
    bench.plan();
    bench.open();
    let new = bench.newest();
    bench.send(1, command(1));
    assert_eq!(
        bench.link.generation(),
        Some(old),
        "the old one is in use until then"
    );
    assert_eq!(bench.phases(), []);
    bench.hear("ready");
    assert_eq!(bench.link.generation(), Some(new));
    assert_eq!(bench.lost(), [(old, Fault::Closed)]);
    assert_eq!(bench.hung_up(), [old.get()]);
    // What was given to the old wire still leaves on it.
    bench.wire(antiphon_transport::WireEvent::Written {
        generation: old,
        seq: antiphon_protocol::WireSeq::new(9),
    });
    assert_eq!(bench.receipts(), [(1, "written")]);
    // What it still says is of no interest.
    let before = bench.events();
    bench.hear_on(old, "say");
    assert_eq!(bench.events(), before);
    bench.pass(2 * SECOND);
    assert_eq!(bench.aborted(), [old.get()], "it does not linger");
    assert_eq!(bench.link.generation(), Some(new));
}

// faults: C9 by a change by handle while the old wire lives
#[test]
fn a_handle_is_never_used_while_its_wire_is_open() {
    let mut bench = Bench::live(Words::overlapping());
    bench.hear("token handle-1");
    bench.command(LinkCommand::Rotate(RotationCause::Request));
    assert_eq!(
        bench.plan_wanted(),
        Some((RotationCause::Request, Some("handle-1".to_owned())))
    );
    bench.take();
    bench.plan_with(Words::resuming("handle-1"));
    assert_eq!(bench.phases(), [Phase::Draining]);
    assert_eq!(bench.hung_up(), [0]);
    assert!(
        !bench
            .actions()
            .any(|a| matches!(a, antiphon_transport::WireAction::Dial { .. }))
    );
    bench.wire(antiphon_transport::WireEvent::Lost {
        generation: antiphon_protocol::Generation::new(0),
        end: closed_with(1000),
    });
    assert_eq!(bench.phases().last(), Some(&Phase::Dialing { attempt: 1 }));
    bench.open();
    assert_eq!(bench.transmitted(), [(1, "hello again".to_owned())]);
}

#[test]
fn an_old_wire_that_will_not_go_is_dropped() {
    let mut bench = Bench::live(Words::default());
    bench.command(LinkCommand::Rotate(RotationCause::Request));
    bench.plan();
    assert_eq!(bench.link.phase(), Phase::Draining);
    bench.pass(2 * SECOND);
    assert_eq!(bench.aborted(), [0]);
    assert_eq!(bench.link.phase(), Phase::Dialing { attempt: 1 });
}

#[test]
fn a_rotation_that_fails_keeps_the_old_connection() {
    let mut bench = Bench::live(Words::overlapping());
    bench.command(LinkCommand::Rotate(RotationCause::Request));
    bench.plan();
    bench.refuse();
    assert!(bench.said.iter().any(|said| matches!(
        said,
        Output::Up(LinkOutput::RotationFailed {
            fault: Fault::Network,
            ..
        })
    )));
    assert_eq!(bench.link.phase(), Phase::Live);
    assert_eq!(bench.lost(), []);
    bench.take();
    bench.pass_until_plan();
    assert_eq!(
        bench.plan_wanted(),
        Some((RotationCause::Request, None)),
        "and is tried again"
    );
}

// faults: A16 by a change that is refused with a wish to wait, and a loss meanwhile
#[test]
fn a_wish_to_wait_outlives_the_connection_that_it_was_met_beside() {
    let mut bench = Bench::live(Words::overlapping());
    bench.pass(2 * SECOND);
    bench.hear("goaway 50");
    bench.command(LinkCommand::Rotate(RotationCause::GoAway));
    bench.plan();
    let mut busy = End::new(Stage::Upgrade, How::Status).with_status(503);
    busy.retry_after = Some(30 * SECOND);
    let (old, next) = (antiphon_protocol::Generation::new(0), bench.newest());
    bench.wire(antiphon_transport::WireEvent::DialFailed {
        generation: next,
        end: busy,
    });
    bench.take();
    bench.pass(10 * SECOND);
    bench.wire(antiphon_transport::WireEvent::Lost {
        generation: old,
        end: closed_with(1001),
    });
    let waited = bench.pass_until_plan();
    assert!(waited >= 20 * SECOND, "{waited:?}");
    assert!(waited <= 50 * SECOND, "{waited:?}");
}

// faults: C10, C11 by a close with 1007 on a resumption
#[test]
fn a_refused_handle_is_tried_once_and_then_a_fresh_start_is_made() {
    let mut bench = Bench::live(Words::default());
    bench.hear("token handle-1");
    bench.cut();
    bench.pass_until_plan();
    assert_eq!(
        bench.plan_wanted(),
        Some((RotationCause::Drop, Some("handle-1".to_owned())))
    );
    bench.plan_with(Words::resuming("handle-1"));
    bench.open();
    bench.take();
    bench.lose(End::new(Stage::Live, How::CloseFrame).with_code(1007));
    bench.pass_until_plan();
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Drop, None)));
    bench.plan();
    bench.open();
    bench.lose(End::new(Stage::Live, How::CloseFrame).with_code(1007));
    assert_eq!(
        bench.closed().expect("an end").cause,
        EndedCause::Fault(Fault::Invalid)
    );
}

#[test]
fn the_handle_of_a_later_conversation_is_worth_a_try_of_its_own() {
    let refused = || End::new(Stage::Live, How::CloseFrame).with_code(1007);
    let mut bench = Bench::live(Words::default());
    for handle in ["handle-1", "handle-2"] {
        bench.hear(&format!("token {handle}"));
        bench.cut();
        bench.pass_until_plan();
        assert_eq!(
            bench.plan_wanted().and_then(|(_, token)| token).as_deref(),
            Some(handle)
        );
        bench.plan_with(Words::resuming(handle));
        bench.open();
        bench.lose(refused());
        bench.take();
        bench.pass_until_plan();
        assert_eq!(bench.plan_wanted(), Some((RotationCause::Drop, None)));
        bench.plan();
        bench.open();
        bench.hear("ready");
        bench.take();
    }
    assert!(bench.closed().is_none());
}

// faults: C7, C24 by an update without a handle, and a handle of two hours
#[test]
fn a_handle_survives_a_moment_without_one_but_not_its_age() {
    let mut words = Words::default();
    words.capabilities.liveness = Duration::from_secs(100_000);
    let mut bench = Bench::live(words.clone());
    bench.hear("token handle-1");
    bench.hear("token");
    bench.cut();
    bench.pass_until_plan();
    assert_eq!(
        bench.plan_wanted().and_then(|(_, token)| token).as_deref(),
        Some("handle-1")
    );

    let mut bench = Bench::live(words);
    bench.hear("token handle-1");
    bench.pass(Duration::from_secs(2 * 3600 + 1));
    bench.cut();
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Drop, None)));
}

#[test]
fn a_handle_does_not_outlive_the_conversation_that_it_leads_to() {
    for (given, offered) in [(None, None), (Some("token handle-2"), Some("handle-2"))] {
        let mut bench = Bench::live(Words::default());
        bench.hear("token handle-1");
        bench.cut();
        bench.pass_until_plan();
        // The layer above begins anew.
        bench.plan();
        bench.open();
        bench.hear("ready");
        if let Some(given) = given {
            bench.hear(given);
        }
        bench.take();
        bench.cut();
        bench.pass_until_plan();
        assert_eq!(
            bench.plan_wanted().and_then(|(_, token)| token).as_deref(),
            offered
        );
    }
}
