//! What goes wrong between one connection and the next, each by itself: going away, handles, ceilings.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{End, Frame, How, Phase, RotationCause, Stage, Time};
use antiphon_transport::{
    Clock, Link, LinkCommand, LinkOutput, Output, drive, testing::ScriptedDial,
};
use tokio::time::{Instant, sleep};

use crate::support::{
    Bench, Words,
    bench::config,
    rig::{Above, rig, settle},
};

const SECOND: Duration = Duration::from_secs(1);

fn closed_with(code: u16) -> End {
    End::new(Stage::Live, How::CloseFrame).with_code(code)
}

/// What the layer above was told when connections became ready: why, and whether resumed.
fn readied(above: &Above) -> Vec<(RotationCause, bool)> {
    let desk = above.desk.lock().unwrap();
    desk.heard
        .iter()
        .filter_map(|(_, output)| match output {
            LinkOutput::Ready { cause, resumed, .. } => Some((*cause, *resumed)),
            _ => None,
        })
        .collect()
}

// faults: C3, C5 by a notice of 50 s, silence after it, and a layer above that does nothing
#[tokio::test(start_paused = true)]
async fn a_notice_is_acted_on_from_its_word_to_the_next_connection() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    let begun = Instant::now();
    wire.send_text("goaway 50");
    assert_eq!(wire.hangup().await, Some(1000));
    assert!(
        (40..=41).contains(&begun.elapsed().as_secs()),
        "{:?}",
        begun.elapsed()
    );
    let next = rig.accept().await;
    let told = readied(&rig.above);
    assert_eq!(
        told,
        [
            (RotationCause::Start, false),
            (RotationCause::GoAway, false)
        ]
    );
    drop(next);
    rig.close().await;
}

// faults: C6 by connections with no handle, one, and a newer one
#[test]
fn the_handle_is_the_peers_newest_or_none() {
    for (words, handle) in [
        (&[][..], None),
        (&["say", "token"], None),
        (&["token first"], Some("first")),
        (
            &["token first", "say", "token second", "token"],
            Some("second"),
        ),
    ] {
        let mut bench = Bench::live(Words::default());
        for word in words {
            bench.hear(word);
        }
        bench.cut();
        bench.pass_until_plan();
        let offered = bench.plan_wanted().and_then(|(_, handle)| handle);
        assert_eq!(offered.as_deref(), handle, "{words:?}");
    }
}

// faults: C10, C11 by a peer that closes each resumption with 1011
#[test]
fn a_handle_is_offered_once_for_each_loss() {
    let mut bench = Bench::live(Words::default());
    bench.hear("token handle-1");
    bench.cut();
    bench.pass_until_plan();
    bench.plan_with(Words::resuming("handle-1"));
    bench.open();
    for _ in 0..4 {
        bench.take();
        bench.lose(closed_with(1011));
        bench.pass_until_plan();
        assert_eq!(bench.plan_wanted(), Some((RotationCause::Drop, None)));
        bench.plan();
        bench.open();
    }
    bench.hear("ready");
    assert_eq!(bench.link.phase(), Phase::Live);
}

// faults: C12 by a peer that takes the handle and says whether it remembers
#[test]
fn a_resumption_is_what_the_peer_says_it_is() {
    for (word, expected) in [("ready resumed", true), ("ready", false)] {
        let mut bench = Bench::live(Words::default());
        bench.hear("token handle-1");
        bench.cut();
        bench.pass_until_plan();
        bench.plan_with(Words::resuming("handle-1"));
        bench.open();
        bench.take();
        bench.hear(word);
        let told = bench.said.iter().find_map(|said| match said {
            Output::Up(LinkOutput::Ready { resumed, .. }) => Some(*resumed),
            _ => None,
        });
        assert_eq!(told, Some(expected), "{word}");
    }
}

// faults: C17 by something in between that cuts every connection at 150 s, pings or not
#[tokio::test(start_paused = true)]
async fn a_ceiling_that_nobody_announces_is_lived_with() {
    let rig = rig(Words::default(), config());
    for _ in 0..40 {
        let wire = rig.accept().await;
        sleep(150 * SECOND).await;
        assert!(
            wire.pings() >= 5,
            "it was kept alive: {} pings",
            wire.pings()
        );
        wire.drop_connection();
    }
    let _wire = rig.accept().await;
    // A life of 150 s is a healthy one: the next begins without a wait.
    let waits = rig
        .above
        .phases()
        .into_iter()
        .filter_map(|(_, phase)| match phase {
            Phase::Waiting { delay, .. } => Some(delay),
            _ => None,
        });
    assert_eq!(waits.sum::<Duration>(), Duration::ZERO);
    rig.close().await;
}

// faults: C19 by commands stuck in a wire that is reset
#[tokio::test(start_paused = true)]
async fn what_was_given_to_an_old_connection_never_reaches_the_next() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    wire.stall_writes(true);
    for id in 1..=10 {
        rig.above.send(id, 1);
    }
    settle().await;
    wire.reset();
    let next = rig.accept().await;
    rig.above.send(11, 1);
    settle().await;
    assert_eq!(next.try_recv(), Some(Frame::text("commit 11")));
    assert_eq!(next.try_recv(), None);
    let lost: Vec<_> = (1..=10).map(|id| (id, "lost")).collect();
    assert_eq!(rig.above.receipts(), [lost, vec![(11, "written")]].concat());
    rig.close().await;
}

// faults: H13 by runtimes that go down under a running and beside a held session
#[test]
fn a_runtime_that_goes_down_takes_the_session_with_it_in_peace() {
    for held in [false, true] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let (dial, peer) = ScriptedDial::new();
        let wire = {
            let _entered = runtime.enter();
            let clock = Clock::start();
            let above = Above {
                desk: Arc::default(),
                clock,
            };
            above.command(LinkCommand::Start);
            let link = Link::new(Arc::new(Words::default()), config(), 7);
            let mut session = Box::pin(drive(link, above, Arc::new(dial), clock));
            let wire = runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = &mut session => panic!("it ended"),
                    wire = peer.accept() => wire,
                }
            });
            if held {
                drop(runtime);
                drop(session);
            } else {
                runtime.spawn(session);
                drop(runtime);
            }
            wire
        };
        assert!(!wire.is_held(), "held={held}");
    }
}

#[test]
fn a_recycled_session_is_followed_as_planned() {
    let mut bench = Bench::live(Words::default());
    bench.command(LinkCommand::Healthy);
    bench.lose(closed_with(1001).because("going away"));
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Limit, None)));
    assert_eq!(bench.now, Time::ZERO, "at once");
}

// faults: D9 by something in between that counts only pings while frames come, and one that counts only data
#[tokio::test(start_paused = true)]
async fn either_kind_of_keepalive_can_be_had() {
    for busy in [false, true] {
        let rig = rig(Words::default(), config().ping_busy(busy));
        let wire = rig.accept().await;
        for second in 1..=600_u64 {
            sleep(SECOND).await;
            wire.send_text("say");
            let due = if busy { second / 20 } else { 0 };
            assert!(
                wire.pings().abs_diff(due) <= 1,
                "{second} s: {}",
                wire.pings()
            );
        }
        rig.close().await;
    }
    // Pings are worth nothing to the other one: what is not heard for a minute is cut, and replaced at
    // once; what the caller says keeps the connection.
    let rig = rig(Words::default(), config());
    let silent = rig.accept().await;
    sleep(61 * SECOND).await;
    assert!(silent.pings() >= 2);
    silent.drop_connection();
    let talking = rig.accept().await;
    for id in 0..30 {
        rig.above.send(id, 0);
        let heard = tokio::time::timeout(60 * SECOND, talking.recv()).await;
        assert!(
            heard.is_ok_and(|frame| frame.is_some()),
            "cut before frame {id}"
        );
        sleep(20 * SECOND).await;
    }
    assert_eq!(rig.above.lost().len(), 1);
    rig.close().await;
}

#[test]
fn a_peer_that_fails_three_times_in_a_row_is_due_to_be_changed_once() {
    let mut bench = Bench::live(Words::overlapping());
    bench.take();
    let fails = |bench: &mut Bench, word: &str| {
        bench.hear(word);
        bench.pass(Duration::from_millis(1));
        bench.take().iter().any(|said| {
            matches!(
                said,
                Output::Up(LinkOutput::RotationDue {
                    cause: RotationCause::Failures,
                    ..
                })
            )
        })
    };
    assert!(!fails(&mut bench, "error server"));
    assert!(!fails(&mut bench, "error server"));
    // A turn that was completed proves that it can.
    bench.command(LinkCommand::Healthy);
    assert!(!fails(&mut bench, "error server"));
    assert!(!fails(&mut bench, "error benign"));
    assert!(!fails(&mut bench, "error other"));
    assert!(!fails(&mut bench, "error server"));
    assert!(fails(&mut bench, "error server"));
    for _ in 0..10 {
        assert!(!fails(&mut bench, "error server"), "asked for again");
    }
}
