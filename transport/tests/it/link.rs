//! The link as a pure machine: what it does with each fact.

use std::time::Duration;

use antiphon_protocol::{
    Closer, Command, End, EndedCause, Fault, How, Phase, Retry, RotationCause, Stage, Time,
};
use antiphon_transport::{BackoffConfig, LinkCommand, LinkOutput, Output};

use crate::support::{Bench, Words, bench::config, words::command};

const SECOND: Duration = Duration::from_secs(1);

fn closed_with(code: u16) -> End {
    End::new(Stage::Live, How::CloseFrame).with_code(code)
}

#[test]
fn a_connection_comes_up_step_by_step() {
    let mut bench = Bench::new(Words::default());
    assert_eq!(bench.link.phase(), Phase::Idle);
    bench.command(LinkCommand::Start);
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Start, None)));
    bench.plan();
    bench.open();
    assert_eq!(bench.transmitted(), [(0, "hello".to_owned())]);
    assert_eq!(bench.link.generation(), None);
    bench.hear("ready");
    assert_eq!(
        bench.phases(),
        [Phase::Dialing { attempt: 1 }, Phase::Opening, Phase::Live]
    );
    assert_eq!(bench.link.generation(), Some(bench.newest()));
}

#[test]
fn a_plan_that_cannot_be_opened_closes_the_link_offline() {
    let mut bench = Bench::new(Words {
        refuses: true,
        ..Words::default()
    });
    bench.command(LinkCommand::Start);
    bench.plan();
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::Unsupported);
    assert_eq!(ended.by, Closer::Local);
    assert!(ended.reason.as_str().contains("made for tests"));
    assert_eq!(bench.actions().count(), 0, "nothing touched the network");
}

#[test]
fn without_any_plan_the_link_ends_in_time() {
    let mut bench = Bench::new(Words::default());
    bench.command(LinkCommand::Start);
    bench.pass(Duration::from_secs(5));
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::Fault(Fault::Internal));
}

#[test]
fn a_late_plan_is_replaced_by_a_fresh_one() {
    let mut bench = Bench::live(Words::default());
    bench.cut();
    bench.pass_until_plan();
    bench.pass(Duration::from_secs(5));
    assert!(matches!(bench.link.phase(), Phase::Dialing { .. }));
}

#[test]
fn every_opening_step_has_a_deadline() {
    for (step, stage, limit) in [("dial", Stage::Token, 15), ("ready", Stage::Opening, 15)] {
        let mut bench = Bench::with(Words::default(), config().connect_attempts(1));
        bench.command(LinkCommand::Start);
        bench.plan();
        if step == "ready" {
            bench.open();
        }
        bench.pass(Duration::from_secs(limit) - Duration::from_millis(1));
        assert!(bench.closed().is_none(), "{step} too early");
        bench.pass(Duration::from_millis(1));
        let ended = bench.closed().expect(step);
        assert_eq!(
            ended.cause,
            EndedCause::BudgetSpent(Fault::Timeout),
            "{step}"
        );
        assert_eq!(ended.stage, Some(stage), "{step}");
        assert!(ended.retry_could_help);
        assert_eq!(bench.aborted(), [0], "{step}");
    }
}

#[test]
fn the_first_connection_is_tried_three_times() {
    let mut bench = Bench::new(Words::default());
    bench.command(LinkCommand::Start);
    for attempt in 1..=3 {
        bench.plan();
        assert_eq!(bench.link.phase(), Phase::Dialing { attempt });
        bench.take();
        bench.refuse();
        if attempt < 3 {
            bench.pass_until_plan();
        }
    }
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::BudgetSpent(Fault::Network));
}

// faults: A11 by refusals with 401 and 403 and closes with 1007
#[test]
fn fatal_ends_are_not_retried() {
    for (end, fault) in [
        (
            End::new(Stage::Upgrade, How::Status).with_status(401),
            Fault::Auth,
        ),
        (
            End::new(Stage::Upgrade, How::Status).with_status(403),
            Fault::Forbidden,
        ),
        (End::new(Stage::Tls, How::Tls), Fault::Tls),
        (End::new(Stage::Resolve, How::Address), Fault::Invalid),
        (closed_with(1007), Fault::Invalid),
    ] {
        let mut bench = Bench::new(Words::default());
        bench.command(LinkCommand::Start);
        bench.plan();
        let generation = bench.newest();
        bench.wire(antiphon_transport::WireEvent::DialFailed { generation, end });
        assert_eq!(
            bench.closed().expect("an end").cause,
            EndedCause::Fault(fault)
        );
    }
}

#[test]
fn a_lost_connection_is_told_and_replaced_after_a_random_wait() {
    let mut bench = Bench::live(Words::default());
    bench.cut();
    assert_eq!(bench.lost(), [(bench.newest(), Fault::Network)]);
    let Phase::Waiting { attempt: 1, delay } = bench.link.phase() else {
        panic!("{:?}", bench.link.phase());
    };
    assert!(delay > Duration::ZERO && delay <= Duration::from_millis(500));
    assert_eq!(bench.pass_until_plan(), delay);
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Drop, None)));
    bench.plan();
    bench.open();
    bench.hear("ready");
    assert_eq!(
        bench.link.generation(),
        Some(antiphon_protocol::Generation::new(1))
    );
}

#[test]
fn after_a_healthy_minute_the_first_retry_is_made_at_once() {
    let mut bench = Bench::live(Words::default());
    for _ in 0..4 {
        bench.pass(15 * SECOND);
        bench.hear("say");
    }
    bench.cut();
    assert_eq!(bench.plans_wanted(), 1);
}

// faults: A13 by a peer that drops each connection after 6 s
#[test]
fn the_budget_ends_a_link_that_never_proves_itself() {
    let mut bench = Bench::with(
        Words::default(),
        config().backoff(BackoffConfig::default().budget(4)),
    );
    bench.go_live();
    let mut dials = 0;
    while bench.closed().is_none() {
        bench.cut();
        if bench.closed().is_none() {
            bench.pass_until_plan();
            bench.plan();
            bench.open();
            bench.hear("ready");
            dials += 1;
            bench
                .said
                .retain(|said| matches!(said, Output::Up(LinkOutput::Closed(_))));
            // Each connection lives for 6 s: longer than a handshake, shorter than health.
            bench.pass(6 * SECOND);
        }
    }
    assert_eq!(dials, 4);
    assert_eq!(
        bench.closed().expect("an end").cause,
        EndedCause::BudgetSpent(Fault::Network)
    );
}

// faults: A16 by a refusal that asks to wait for 111 hours
#[test]
fn what_the_server_asks_for_is_honoured_and_capped() {
    for (asked, least, most) in [(7, 7, 8), (400_000, 60, 61)] {
        let mut bench = Bench::new(Words::default());
        bench.command(LinkCommand::Start);
        bench.plan();
        let generation = bench.newest();
        let mut end = End::new(Stage::Upgrade, How::Status).with_status(503);
        end.retry_after = Some(Duration::from_secs(asked));
        bench.take();
        bench.wire(antiphon_transport::WireEvent::DialFailed { generation, end });
        let waited = bench.pass_until_plan();
        assert!(
            (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&waited),
            "{waited:?}"
        );
    }
}

#[test]
fn commands_get_one_receipt_each_in_the_order_of_the_wire() {
    let mut bench = Bench::live(Words::default());
    bench.send(1, command(0));
    bench.send(2, command(2));
    bench.send(3, command(4));
    bench.send(4, command(5));
    assert_eq!(bench.receipts(), [(3, "written"), (4, "unsupported")]);
    assert_eq!(
        bench.link.pending_bytes(),
        320 + "item".len() + "create 2".len()
    );
    bench.take();
    let generation = bench.newest();
    let written = |seq| antiphon_transport::WireEvent::Written {
        generation,
        seq: antiphon_protocol::WireSeq::new(seq),
    };
    // Frame 0 is the hello, 1 the audio, 2 and 3 the two frames of the response.
    bench.wire(written(2));
    assert_eq!(bench.receipts(), [(1, "written")]);
    bench.wire(written(3));
    assert_eq!(bench.receipts(), [(1, "written"), (2, "written")]);
    assert_eq!(bench.link.pending_bytes(), 0);
    bench.hear("ack 1");
    bench.hear("reject 2");
    assert_eq!(
        bench.receipts()[2..],
        [(1, "acknowledged"), (2, "rejected")]
    );
}

#[test]
fn an_answer_proves_that_a_command_has_left() {
    let mut bench = Bench::live(Words::default());
    bench.send(1, command(0));
    bench.hear("ack 1");
    bench.flush();
    assert_eq!(bench.receipts(), [(1, "written"), (1, "acknowledged")]);
}

// faults: B6 by audio sent before the peer has accepted the session
#[test]
fn commands_come_back_when_they_cannot_be_sent() {
    let mut bench = Bench::new(Words::default());
    bench.send(1, command(0));
    assert_eq!(bench.receipts(), [(1, "not live")]);
    bench.go_live();
    bench.send(2, command(0));
    bench.send(3, command(1));
    bench.cut();
    assert_eq!(bench.receipts(), [(2, "lost"), (3, "lost")]);
    bench.send(4, command(0));
    bench.close();
    bench.send(5, command(0));
    assert_eq!(bench.receipts()[2..], [(4, "not live"), (5, "closing")]);
}

#[test]
fn a_full_write_buffer_is_a_fact_and_leaves_room_for_the_urgent() {
    let mut bench = Bench::with(Words::default(), config().write_buffer(3000));
    bench.go_live();
    for id in 1..=5 {
        bench.send(id, command(0));
    }
    assert_eq!(bench.receipts(), [(5, "full")]);
    bench.send(6, Command::CancelResponse(None));
    assert_eq!(
        bench.transmitted().last().map(|(_, text)| text.as_str()),
        Some("cancel")
    );
    bench.flush();
    bench.take();
    bench.send(7, command(0));
    assert_eq!(bench.receipts(), []);
}

// faults: D11 by a command one byte beyond the limit
#[test]
fn a_frame_beyond_the_peers_limit_is_not_sent() {
    let mut words = Words::default();
    words.capabilities.limits.message_bytes = Some(320);
    let mut bench = Bench::live(words);
    bench.send(1, command(0));
    bench.send(2, Command::Audio(vec![7; 321].into()));
    assert_eq!(bench.receipts(), [(2, "too large")]);
    assert_eq!(bench.transmitted().len(), 1);
}

// faults: D16 by a frame that never leaves
#[test]
fn a_stuck_write_ends_the_connection() {
    let mut bench = Bench::live(Words::default());
    bench.send(1, command(0));
    bench.pass(10 * SECOND - Duration::from_millis(1));
    assert_eq!(bench.lost(), []);
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.lost(), [(bench.newest(), Fault::Timeout)]);
    assert_eq!(bench.receipts(), [(1, "lost")]);
}

#[test]
fn a_silent_peer_is_pinged_and_then_given_up() {
    let mut bench = Bench::live(Words::default());
    bench.pass(64 * SECOND);
    assert_eq!(bench.pings(), 3);
    assert_eq!(bench.lost(), []);
    bench.pass(SECOND);
    assert_eq!(bench.lost().len(), 1);
    bench.pass_until_plan();
    assert_eq!(
        bench.plan_wanted().map(|(cause, _)| cause),
        Some(RotationCause::DeadPeer)
    );
}

#[test]
fn silence_proves_nothing_while_nobody_listens() {
    let mut bench = Bench::live(Words::default());
    bench.command(LinkCommand::ReadPaused(true));
    bench.pass(3600 * SECOND);
    assert_eq!(bench.lost(), []);
    bench.command(LinkCommand::ReadPaused(false));
    bench.pass(64 * SECOND);
    assert_eq!(bench.lost(), []);
    bench.pass(SECOND);
    assert_eq!(bench.lost().len(), 1);
}

#[test]
fn one_fresh_attempt_and_no_more() {
    let mut bench = Bench::live(Words::with_verdict(Fault::Invalid, Retry::OnceFresh));
    bench.hear("token handle-1");
    bench.cut();
    bench.pass_until_plan();
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Drop, None)));
    bench.plan();
    bench.open();
    bench.cut();
    assert_eq!(
        bench.closed().expect("an end").cause,
        EndedCause::Fault(Fault::Invalid)
    );
}

#[test]
fn a_session_that_ran_out_is_followed_at_once() {
    let mut bench = Bench::live(Words::default());
    bench.command(LinkCommand::Healthy);
    bench.hear("error expired");
    bench.lose(closed_with(1001));
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Limit, None)));
}

#[test]
fn the_errors_before_an_end_explain_it() {
    let mut bench = Bench::new(Words::default());
    bench.command(LinkCommand::Start);
    bench.plan();
    bench.open();
    bench.hear("error auth");
    bench.lose(closed_with(1000));
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::Fault(Fault::Auth));
    assert_eq!(ended.reason.as_str(), "auth");
    assert_eq!(ended.code, Some(1000));
}

#[test]
fn a_refusal_during_the_opening_ends_the_link() {
    let mut bench = Bench::new(Words::default());
    bench.command(LinkCommand::Start);
    bench.plan();
    bench.open();
    bench.hear("refused");
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::Fault(Fault::Invalid));
    assert_eq!(ended.stage, Some(Stage::Opening));
    assert_eq!(bench.aborted(), [0]);
}

#[test]
fn close_wins_in_every_phase() {
    // Before anything, while planning, dialing, opening and waiting: over at once.
    for steps in 0..5 {
        let mut bench = Bench::new(Words::default());
        if steps > 0 {
            bench.command(LinkCommand::Start);
        }
        if steps > 1 {
            bench.plan();
        }
        if steps > 2 {
            bench.open();
        }
        if steps > 3 {
            bench.hear("ready");
            bench.cut();
        }
        bench.take();
        bench.close();
        assert_eq!(
            bench.closed().expect("an end").cause,
            EndedCause::Closed,
            "{steps}"
        );
        let expected: &[u32] = if steps == 2 || steps == 3 { &[0] } else { &[] };
        assert_eq!(bench.aborted(), expected, "{steps}");
        assert_eq!(antiphon_transport::Machine::poll_timeout(&bench.link), None);
    }
}

#[test]
fn a_live_connection_is_closed_with_a_goodbye() {
    let mut bench = Bench::live(Words {
        goodbye: true,
        capabilities: {
            let mut capabilities = Words::default().capabilities;
            capabilities.close_drain = Duration::from_secs(3);
            capabilities
        },
        ..Words::default()
    });
    bench.close();
    assert_eq!(bench.transmitted(), [(0, "bye".to_owned())]);
    assert_eq!(bench.phases(), [Phase::Draining]);
    assert_eq!(bench.hung_up(), [] as [u32; 0]);
    bench.hear("say");
    assert_eq!(bench.events(), 1, "last words are heard");
    bench.hear("finished");
    assert_eq!(bench.hung_up(), [0]);
    bench.lose(closed_with(1000));
    let ended = bench.closed().expect("an end");
    assert_eq!((ended.cause, ended.by), (EndedCause::Closed, Closer::Local));
    assert_eq!(ended.code, Some(1000));
}

#[test]
fn nothing_follows_a_goodbye() {
    let mut bench = Bench::live(Words::default());
    bench.hear("ask");
    assert_eq!(bench.transmitted(), [(0, "answer".to_owned())]);
    bench.close();
    assert_eq!(bench.hung_up(), [0]);
    bench.take();
    bench.hear("ask");
    assert_eq!(bench.transmitted(), []);
}

// faults: D4 by a close frame that is not answered
#[test]
fn a_peer_that_does_not_say_goodbye_is_not_waited_for() {
    let mut bench = Bench::live(Words {
        goodbye: true,
        ..Words::default()
    });
    bench.close();
    bench.pass(Duration::ZERO);
    assert_eq!(bench.hung_up(), [0], "no drain time, no wait for words");
    bench.pass(2 * SECOND - Duration::from_millis(1));
    assert!(bench.closed().is_none());
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.aborted(), [0]);
    assert!(bench.closed().is_some());
}

#[test]
fn the_callers_deadline_counts_and_can_be_tightened() {
    let mut bench = Bench::live(Words::default());
    bench.close_by(Some(Time::from_millis(900)));
    bench.close_by(Some(Time::from_millis(100)));
    bench.close_by(Some(Time::from_millis(5000)));
    bench.pass(Duration::from_millis(99));
    assert!(bench.closed().is_none());
    bench.pass(Duration::from_millis(1));
    assert!(bench.closed().is_some());
}

#[test]
fn closing_gives_back_what_never_left() {
    let mut bench = Bench::live(Words::default());
    bench.send(1, command(0));
    bench.close();
    bench.pass(2 * SECOND);
    assert_eq!(bench.receipts(), [(1, "lost")]);
    assert!(matches!(
        bench.take().last(),
        Some(Output::Up(LinkOutput::Closed(_)))
    ));
}

// faults: C21 by frames and an end of a wire that has been replaced
#[test]
fn stale_wires_change_nothing() {
    let mut bench = Bench::live(Words::default());
    let old = bench.newest();
    bench.cut();
    bench.pass_until_plan();
    bench.plan();
    bench.open();
    bench.hear("ready");
    bench.take();
    bench.hear_on(old, "say");
    bench.wire(antiphon_transport::WireEvent::Lost {
        generation: old,
        end: closed_with(1000),
    });
    assert_eq!(bench.take().len(), 0);
    assert_eq!(bench.link.stale_inputs(), 2);
    assert_eq!(bench.link.phase(), Phase::Live);
}
