//! What goes wrong on a wire, each by itself: half of it gone, idle, slow, asleep, closed with a word.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

use antiphon_protocol::{
    Command, CommandId, End, EndedCause, Fault, Frame, How, Phase, RotationCause, Stage,
};
use antiphon_transport::{
    Dial, DialRequest, LinkCommand, WireAction, WirePair, WireTx, WsDial,
    testing::{ByteFault, Faults, MemoryNetwork, ScriptedDial},
};
use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, Sleep, sleep},
};

use crate::support::{
    Bench, Words,
    bench::config,
    loopback::accept_head,
    rig::{audited, rig, settle},
};

const SECOND: Duration = Duration::from_secs(1);

fn closed_with(code: u16) -> End {
    End::new(Stage::Live, How::CloseFrame).with_code(code)
}

/// A server that accepts one upgrade, says that it is ready, and then neither speaks nor ends.
async fn mute(listener: antiphon_transport::testing::MemoryListener) {
    let mut stream = listener.accept().await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let answer = accept_head(std::str::from_utf8(&head).unwrap());
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.write_all(b"\x81\x05ready").await.unwrap();
    while stream.read_u8().await.is_ok() {}
    std::future::pending::<()>().await;
}

// faults: D3 by a socket that takes no more bytes and still looks open to a reader
#[tokio::test(start_paused = true)]
async fn a_write_that_fails_ends_a_connection_that_reads_well() {
    for fault in [ByteFault::Reset, ByteFault::Cut] {
        let (network, listener) = MemoryNetwork::new();
        listener.fault_next(Faults {
            reading: None,
            writing: Some((600, fault)),
        });
        let server = tokio::spawn(mute(listener));
        let words = Words {
            url: "ws://127.0.0.1/".to_owned(),
            ..Words::default()
        };
        let dial = WsDial::new().connect_with(network);
        let (above, task, _) = audited(words, config(), dial, 1);
        while !matches!(above.phases().last(), Some((_, Phase::Live))) {
            sleep(Duration::from_millis(1)).await;
        }
        let asked = Instant::now();
        for id in 1..=3 {
            above.send(id, 0);
        }
        while above.lost().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(
            asked.elapsed() <= Duration::from_millis(10),
            "{:?}",
            asked.elapsed()
        );
        assert_eq!(above.receipts().last(), Some(&(3, "lost")));
        above.close();
        task.await.unwrap();
        server.abort();
    }
}

// faults: D8 by something in between that cuts what is idle for 60 s
#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_never_idle_for_long() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    let mut before = 0;
    for _ in 0..60 {
        sleep(60 * SECOND).await;
        assert!(
            wire.pings() >= before + 2,
            "{} after {before}",
            wire.pings()
        );
        before = wire.pings();
    }
    assert_eq!(rig.above.lost(), []);
    rig.close().await;
}

/// A wire that takes a second to hand over what it was given, and notes the order.
struct Slow {
    inner: Box<dyn WireTx>,
    handed_over: Pin<Box<Sleep>>,
    order: Order,
}

type Order = Arc<Mutex<Vec<&'static str>>>;

impl WireTx for Slow {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), End> {
        self.order.lock().unwrap().push("frame");
        self.inner.start_send(frame)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        self.order.lock().unwrap().push("ping");
        self.inner.start_ping()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        ready!(self.handed_over.as_mut().poll(cx));
        self.handed_over = Box::pin(sleep(SECOND));
        self.inner.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>> {
        self.inner.poll_close(cx, code)
    }
}

struct SlowDial(ScriptedDial, Order);

#[async_trait]
impl Dial for SlowDial {
    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let (inner, rx) = self.0.dial(request).await?;
        let tx = Slow {
            inner,
            handed_over: Box::pin(sleep(Duration::ZERO)),
            order: Arc::clone(&self.1),
        };
        Ok((Box::new(tx), rx))
    }
}

// faults: D10 by a peer that takes in 32 KiB a second while 30 times as much waits
#[tokio::test(start_paused = true)]
async fn a_sign_of_life_does_not_wait_behind_what_is_being_written() {
    let (dial, peer) = ScriptedDial::new();
    let order = Order::default();
    let dial = SlowDial(dial, Arc::clone(&order));
    let (above, task, _) = audited(Words::default(), config(), dial, 1);
    let wire = peer.accept().await;
    wire.send_text("ready");
    settle().await;
    for id in 0..30 {
        let command = Command::Audio(vec![7; 32 * 1024].into());
        let id = CommandId::new(id);
        above.command(LinkCommand::Send { id, command });
    }
    sleep(25 * SECOND).await;
    let noted = order.lock().unwrap().clone();
    let before = noted.iter().position(|what| *what == "ping");
    let before = before.expect("a ping");
    assert!(
        (20..=23).contains(&before),
        "{before} frames left before it"
    );
    sleep(10 * SECOND).await;
    assert_eq!(above.receipts().len(), 30);
    assert_eq!(above.lost(), []);
    above.close();
    task.await.unwrap();
}

// faults: D17 by close frames with 1012 and 1013 on connections in good health
#[test]
fn a_peer_that_restarts_is_given_time() {
    for code in [1012, 1013] {
        let mut longest = Duration::ZERO;
        for seed in 0..200 {
            let mut bench = Bench::seeded(Words::default(), config(), seed);
            bench.go_live();
            for _ in 0..8 {
                bench.pass(10 * SECOND);
                bench.hear("say");
            }
            bench.take();
            bench.lose(closed_with(code));
            let waited = bench.pass_until_plan();
            assert!(!waited.is_zero(), "others were told the same");
            assert!(waited <= 2 * SECOND, "{waited:?}");
            longest = longest.max(waited);
        }
        assert!(longest > SECOND * 3 / 2, "{longest:?}");
    }
}

// faults: D19 by a clock that stands an hour further at the next tick
#[test]
fn an_hour_that_was_slept_through_costs_one_connection() {
    let mut bench = Bench::live(Words::default());
    for _ in 0..8 {
        bench.pass(10 * SECOND);
        bench.hear("say");
    }
    bench.take();
    bench.now = bench.now + 3600 * SECOND;
    bench.input(antiphon_transport::Input::Timeout);
    assert_eq!(bench.lost().len(), 1);
    assert_eq!(
        bench.plan_wanted().map(|(cause, _)| cause),
        Some(RotationCause::DeadPeer)
    );
    bench.plan();
    let dials = bench
        .actions()
        .filter(|action| matches!(action, WireAction::Dial { .. }))
        .count();
    assert_eq!((dials, bench.plans_wanted()), (1, 1));

    // The wait before an attempt is over by then, and is made up for once.
    let mut bench = Bench::live(Words::default());
    bench.cut();
    bench.now = bench.now + 3600 * SECOND;
    bench.input(antiphon_transport::Input::Timeout);
    bench.input(antiphon_transport::Input::Timeout);
    assert_eq!(bench.plans_wanted(), 1);
}

// faults: D22 by two close frames with 1008 in the middle of a session
#[test]
fn a_policy_fault_in_mid_session_is_worth_one_fresh_attempt() {
    let mut bench = Bench::live(Words::default());
    bench.hear("token handle-1");
    bench.lose(closed_with(1008).because("operation is not implemented"));
    bench.pass_until_plan();
    assert_eq!(bench.plan_wanted(), Some((RotationCause::Drop, None)));
    bench.plan();
    bench.open();
    bench.hear("ready");
    bench.lose(closed_with(1008).because("operation is not implemented"));
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::Fault(Fault::Invalid));
    assert_eq!(ended.reason.as_str(), "operation is not implemented");
}

// faults: D21 by close frames with 1011 whose reason speaks of a quota
#[test]
fn a_spent_quota_ends_the_link_whatever_its_code() {
    for code in [1011, 4029] {
        let mut bench = Bench::live(Words::default());
        bench.lose(closed_with(code).because("You exceeded your current quota, please check"));
        let ended = bench.closed().expect("an end");
        assert_eq!(ended.cause, EndedCause::Fault(Fault::Quota));
        assert_eq!(ended.code, Some(code));
    }
}
