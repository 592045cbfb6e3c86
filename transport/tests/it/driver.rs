//! The driver and the link together, over scripted wires and in paused time.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{End, EndedCause, Fault, Frame, How, Phase, Stage, Time};
use antiphon_transport::{
    Clock, CloseRequest, Count, Input, Link, LinkCommand, LinkOutput, Machine, Meter, drive,
    drive_metered,
    testing::{MemoryDial, Peer, PeerOutput, ScriptedDial},
};
use tokio::time::Instant;

use crate::support::{
    Words,
    bench::config,
    rig::{Above, rig, settle},
};

#[tokio::test(start_paused = true)]
async fn commands_and_frames_flow_both_ways_and_are_receipted() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    rig.above.send(1, 1);
    assert_eq!(wire.recv().await, Some(Frame::text("commit 1")));
    wire.send_text("ack 1");
    settle().await;
    assert_eq!(rig.above.receipts(), [(1, "written"), (1, "acknowledged")]);
    rig.above.close();
    assert_eq!(wire.hangup().await, Some(1000));
    rig.task.await.unwrap();
    assert_eq!(rig.above.ended(), EndedCause::Closed);
    assert!(!wire.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_torn_wire_is_told_and_replaced_after_a_random_wait() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    wire.send_text("say");
    wire.drop_connection();
    let torn = Instant::now();
    let wire = rig.accept().await;
    let back = torn.elapsed();
    assert!(back <= Duration::from_millis(501), "{back:?}");
    assert_eq!(rig.above.lost().len(), 1);
    assert!(matches!(
        rig.above.phases()[..],
        [
            (_, Phase::Dialing { .. }),
            (_, Phase::Opening),
            (_, Phase::Live),
            (_, Phase::Waiting { attempt: 1, .. }),
            (_, Phase::Dialing { .. }),
            (_, Phase::Opening),
            (_, Phase::Live)
        ]
    ));
    assert_eq!(rig.peer.most_in_flight(), 1);
    drop(wire);
    rig.close().await;
}

#[tokio::test(start_paused = true)]
async fn close_interrupts_a_hanging_dial() {
    let rig = rig(Words::default(), config());
    rig.peer.hold_dials(true);
    settle().await;
    assert_eq!(rig.peer.in_flight(), 1);
    let peer = rig.peer.clone();
    assert_eq!(rig.close().await, Duration::ZERO);
    assert_eq!(peer.in_flight(), 0, "the dial is gone");
}

// faults: H10 by a close during the wait before an attempt
#[tokio::test(start_paused = true)]
async fn close_interrupts_the_wait_for_the_next_attempt() {
    let rig = rig(Words::default(), config());
    rig.accept().await.drop_connection();
    settle().await;
    assert!(matches!(
        rig.above.phases().last(),
        Some((_, Phase::Waiting { .. }))
    ));
    assert_eq!(rig.close().await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn close_is_bounded_when_writes_are_stuck() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    wire.stall_writes(true);
    rig.above.send(1, 0);
    settle().await;
    let above = rig.above.clone();
    let took = rig.close().await;
    assert_eq!(
        took,
        Duration::from_secs(2),
        "the grace that the peer gets to take it in"
    );
    assert_eq!(above.receipts(), [(1, "lost")]);
    assert!(!wire.is_held());
}

#[tokio::test(start_paused = true)]
async fn close_with_a_deadline_now_returns_at_once_even_when_writes_are_stuck() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    wire.stall_writes(true);
    rig.above.send(1, 0);
    settle().await;
    let start = Instant::now();
    rig.above.put(Input::Close(CloseRequest {
        deadline: Some(Time::ZERO),
        dropped: false,
    }));
    rig.task.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn reads_go_on_while_writes_are_stuck() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    wire.stall_writes(true);
    rig.above.send(1, 0);
    settle().await;
    for _ in 0..100 {
        wire.send_text("say");
    }
    settle().await;
    let heard = rig.above.desk.lock().unwrap().heard.len();
    assert!(heard > 100, "{heard}");
    assert_eq!(rig.above.receipts(), []);
    wire.stall_writes(false);
    settle().await;
    assert_eq!(rig.above.receipts(), [(1, "written")]);
    rig.close().await;
}

// faults: D16, H1 by a peer that never reads while ten thousand commands come
#[tokio::test(start_paused = true)]
async fn a_peer_that_never_takes_anything_in_is_given_up_with_bounded_memory() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    wire.stall_writes(true);
    for id in 0..10_000 {
        rig.above.send(id, 0);
    }
    settle().await;
    let full = rig
        .above
        .receipts()
        .iter()
        .filter(|(_, word)| *word == "full")
        .count();
    assert_eq!(full, 10_000 - (1_usize << 20).div_ceil(320 + 512));
    let start = Instant::now();
    while rig.above.lost().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(start.elapsed() <= Duration::from_millis(10_200));
    rig.close().await;
}

// faults: A1 by a first dial that is held for ever
#[tokio::test(start_paused = true)]
async fn a_dial_that_hangs_ends_at_its_deadline_and_names_its_stage() {
    let rig = rig(Words::default(), config().connect_attempts(1));
    rig.peer.hold_dials(true);
    let start = Instant::now();
    rig.task.await.unwrap();
    let took = start.elapsed();
    assert!((15_000..=15_001).contains(&took.as_millis()), "{took:?}");
    let desk = rig.above.desk.lock().unwrap();
    let Some((_, LinkOutput::Closed(ended))) = desk.heard.last() else {
        panic!("not closed");
    };
    assert_eq!(ended.stage, Some(Stage::Connect));
    assert!(ended.reason.as_str().contains("connection"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_dial_ends_like_the_peer_said() {
    let rig = rig(Words::default(), config());
    rig.peer
        .refuse_next(End::new(Stage::Upgrade, How::Status).with_status(401));
    rig.task.await.unwrap();
    assert_eq!(rig.above.ended(), EndedCause::Fault(Fault::Auth));
    assert_eq!(rig.peer.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_peers_last_words_explain_a_failed_write() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    // All at once: an error, the end of the stream, and a write that fails because of it.
    wire.send_text("error quota");
    wire.drop_connection();
    rig.above.send(1, 0);
    rig.task.await.unwrap();
    assert_eq!(rig.above.receipts(), [(1, "lost")]);
    assert_eq!(rig.above.ended(), EndedCause::Fault(Fault::Quota));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_driver_leaves_nothing_behind() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    rig.task.abort();
    assert!(rig.task.await.unwrap_err().is_cancelled());
    assert!(!wire.is_held());
}

/// Becomes ready, then says back what it hears, a second later.
#[derive(Default)]
struct SlowEcho {
    out: VecDeque<PeerOutput>,
    later: VecDeque<(Time, Frame)>,
}

impl Peer for SlowEcho {
    fn on_open(&mut self, _now: Time) {
        self.out.push_back(PeerOutput::Send(Frame::text("ready")));
    }

    fn on_frame(&mut self, now: Time, frame: Frame) {
        self.later.push_back((now + Duration::from_secs(1), frame));
    }

    fn poll_output(&mut self) -> Option<PeerOutput> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.later.front().map(|(at, _)| *at)
    }

    fn on_timeout(&mut self, now: Time) {
        while self.later.front().is_some_and(|(at, _)| *at <= now)
            && let Some((_, frame)) = self.later.pop_front()
        {
            self.out.push_back(PeerOutput::Send(frame));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pure_server_is_the_other_side_without_a_socket() {
    let clock = Clock::start();
    let dial = MemoryDial::new(clock, |_| Ok(Box::<SlowEcho>::default()));
    let above = Above {
        desk: Arc::default(),
        clock,
    };
    let link = Link::new(Arc::new(Words::default()), config(), 7);
    let task = tokio::spawn(drive(link, above.clone(), Arc::new(dial), clock));
    above.command(LinkCommand::Start);
    tokio::time::sleep(Duration::from_millis(10)).await;
    above.send(1, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let events: Vec<_> = above
        .desk
        .lock()
        .unwrap()
        .heard
        .iter()
        .filter(|(_, output)| matches!(output, LinkOutput::Event { .. }))
        .map(|(at, _)| at.as_millis())
        .collect();
    // The echo of the hello after one second, that of the commit ten milliseconds later.
    assert_eq!(events.len(), 2);
    assert!((1000..=1002).contains(&events[0]), "{events:?}");
    assert!((1010..=1013).contains(&events[1]), "{events:?}");
    above.close();
    task.await.unwrap();
}

#[test]
fn a_link_wants_no_frames_while_reading_is_paused() {
    let mut link = Link::new(Arc::new(Words::default()), config(), 1);
    assert!(link.wants_read());
    link.handle(Time::ZERO, Input::Command(LinkCommand::ReadPaused(true)));
    assert!(!link.wants_read());
}

#[derive(Default)]
struct Counts(Mutex<BTreeMap<Count, u64>>);

impl Meter for Counts {
    fn count(&self, what: Count, by: u64) {
        *self.0.lock().unwrap().entry(what).or_default() += by;
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_counted() {
    let (dial, peer) = ScriptedDial::new();
    let clock = Clock::start();
    let above = Above {
        desk: Arc::default(),
        clock,
    };
    let counts = Arc::new(Counts::default());
    let link = Link::new(Arc::new(Words::default()), config(), 7);
    let meter = Arc::clone(&counts) as Arc<dyn Meter>;
    let session = drive_metered(link, above.clone(), Arc::new(dial), clock, meter);
    let task = tokio::spawn(session);
    peer.refuse_next(End::new(Stage::Connect, How::Io));
    above.command(LinkCommand::Start);
    let wire = peer.accept().await;
    wire.send_text("ready");
    settle().await;
    above.send(1, 0);
    above.close();
    wire.hangup().await;
    task.await.unwrap();
    let counts = counts.0.lock().unwrap();
    let expected = [
        (Count::Dials, 2),
        (Count::DialsFailed, 1),
        (Count::Opened, 1),
        (Count::Lost, 1),
        (Count::FramesIn, 1),
        (Count::BytesIn, 5),
        (Count::FramesOut, 2),
        (Count::BytesOut, 325),
    ];
    assert_eq!(*counts, BTreeMap::from(expected));
}
