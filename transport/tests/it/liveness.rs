//! A peer is given up when it is silent, and not while it is slow; what counts as silence is the
//! provider's to say.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use antiphon_protocol::{Command, CommandId, EndedCause, Fault, Phase, Time};
use antiphon_transport::{
    BackoffConfig, Input, LinkCommand, Machine, Output, WireAction, WireEvent, WsDial,
    testing::MemoryNetwork,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::support::{
    Bench, Words,
    bench::config,
    dice::{Dice, Suite, cases},
    loopback::{accept_head, each_wire},
    rig::{Above, audited, in_virtual_time, settle},
};

const KIB: usize = 1024;

/// One peer: how late its pongs are, how often it says something else, and when it falls silent.
struct Schedule {
    pong_delay: (u64, u64),
    frame_every: Option<u64>,
    silent_from: Time,
}

impl Schedule {
    fn drawn(case: u64, dice: &mut Dice) -> Self {
        let most = dice.below(40_001);
        Self {
            pong_delay: (if case.is_multiple_of(2) { most } else { 0 }, most),
            frame_every: case.is_multiple_of(3).then(|| 100 + dice.below(59_000)),
            silent_from: Time::from_millis(60_000 + dice.below(3_600_000)),
        }
    }
}

/// Judges the moment at which a peer was given up, that was heard last at `heard` and would have gone
/// on until `silent_from`.
fn judge(heard: Time, given_up: Time, silent_from: Time) -> Result<(), String> {
    let silence = given_up - heard;
    if silence < Duration::from_secs(60) {
        return Err(format!("given up after {silence:?} of silence"));
    }
    if silence > Duration::from_secs(75) {
        return Err(format!("given up only after {silence:?} of silence"));
    }
    if heard + Duration::from_secs(60) < silent_from {
        return Err(format!("given up at {given_up:?}, while it lived"));
    }
    Ok(())
}

fn run(schedule: &Schedule, dice: &mut Dice) -> Result<(), String> {
    let mut bench = Bench::live(Words::default());
    let mut arrivals: BTreeSet<(Time, bool)> = BTreeSet::new();
    if let Some(every) = schedule.frame_every {
        arrivals.insert((Time::from_millis(every), true));
    }
    let mut heard = Time::ZERO;
    for _ in 0..10_000 {
        let timeout = bench.link.poll_timeout();
        let arrival = arrivals.first().copied();
        // What arrives and what runs out at one time may come in either order.
        let arrives = arrival.filter(|(at, _)| timeout.is_none_or(|timeout| *at <= timeout));
        if let Some((at, is_frame)) = arrives {
            arrivals.pop_first();
            bench.now = at;
            heard = at;
            if is_frame {
                bench.hear("say");
                let next = at + Duration::from_millis(schedule.frame_every.unwrap_or(u64::MAX));
                if next < schedule.silent_from {
                    arrivals.insert((next, true));
                }
            } else {
                let generation = bench.newest();
                bench.wire(WireEvent::Alive { generation });
            }
        } else {
            let at = timeout.ok_or("no timer is left")?;
            bench.now = bench.now.max(at);
            bench.input(Input::Timeout);
        }
        for output in bench.take() {
            match output {
                Output::Wire(WireAction::Ping { .. }) => {
                    let (least, most) = schedule.pong_delay;
                    let delay = least + dice.below(most - least + 1);
                    let at = bench.now + Duration::from_millis(delay);
                    if at < schedule.silent_from {
                        arrivals.insert((at, false));
                    }
                }
                Output::Wire(WireAction::Abort { .. }) => {
                    return judge(heard, bench.now, schedule.silent_from);
                }
                _ => {}
            }
        }
    }
    Err("never given up".to_owned())
}

// faults: D5, D6 by pongs up to 40 s late, and peers that fall silent
#[test]
fn slow_peers_live_and_silent_ones_do_not() {
    let mut suite = Suite::new("liveness");
    let mut dice = Dice::new(suite.seed());
    for case in 0..500 {
        let schedule = Schedule::drawn(case, &mut dice);
        let outcome = run(&schedule, &mut dice);
        suite.case(outcome.map_err(|broken| format!("case {case}: {broken}")));
    }
    suite.end();
}

#[test]
fn a_dead_peer_is_named_so() {
    let mut bench = Bench::live(Words::default());
    bench.pass(Duration::from_secs(65));
    assert_eq!(bench.lost(), [(bench.newest(), Fault::Network)]);
}

#[test]
fn silence_is_what_the_provider_says() {
    for liveness in [10, 60, 300] {
        let mut words = Words::default();
        words.capabilities.liveness = Duration::from_secs(liveness);
        let mut bench = Bench::live(words);
        bench.pass(Duration::from_secs(liveness + 5) - Duration::from_millis(1));
        assert_eq!(bench.lost(), [], "{liveness}");
        bench.pass(Duration::from_millis(1));
        assert_eq!(bench.lost().len(), 1, "{liveness}");
    }
}

#[test]
fn nobody_is_dead_who_is_not_listened_to() {
    let mut bench = Bench::live(Words::default());
    bench.command(LinkCommand::ReadPaused(true));
    bench.pass(Duration::from_secs(3600));
    assert_eq!(bench.lost(), []);
    bench.command(LinkCommand::ReadPaused(false));
    bench.pass(Duration::from_secs(64));
    assert_eq!(bench.lost(), [], "a full span is granted from there on");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.lost().len(), 1);
}

/// Reads one masked frame of the client; its opcode, or `None` when the client is gone.
async fn opcode(stream: &mut (impl AsyncRead + Unpin)) -> Option<u8> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    let mut rest = vec![0; usize::from(head[1] & 0x7f) + 4];
    stream.read_exact(&mut rest).await.ok()?;
    Some(head[0] & 0x0f)
}

/// A server on a stream in memory: ready, pongs as late as the schedule says, frames of its own.
/// Yields when it was silent at last.
async fn serve(stream: DuplexStream, schedule: Schedule, mut dice: Dice) -> Instant {
    let origin = Instant::now();
    let silent_from = origin + schedule.silent_from.since_origin();
    let (mut reader, writer) = tokio::io::split(stream);
    let writer = Arc::new(Mutex::new((writer, origin)));
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(reader.read_u8().await.unwrap());
    }
    let accept = accept_head(std::str::from_utf8(&head).unwrap());
    let opening = [accept.as_bytes(), b"\x81\x05ready"].concat();
    say(&writer, &opening).await;
    if let Some(every) = schedule.frame_every {
        let writer = Arc::clone(&writer);
        tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(every)).await;
                if Instant::now() >= silent_from || !say(&writer, b"\x81\x03say").await {
                    return;
                }
            }
        });
    }
    while let Some(opcode) = opcode(&mut reader).await {
        if opcode == 9 {
            let (least, most) = schedule.pong_delay;
            let delay = Duration::from_millis(least + dice.below(most - least + 1));
            let writer = Arc::clone(&writer);
            tokio::spawn(async move {
                sleep(delay).await;
                if Instant::now() < silent_from {
                    say(&writer, b"\x8a\0").await;
                }
            });
        }
    }
    writer.lock().await.1
}

/// Writes, and notes when; whether the client was still there.
async fn say<W: AsyncWriteExt + Unpin>(writer: &Mutex<(W, Instant)>, bytes: &[u8]) -> bool {
    let mut writer = writer.lock().await;
    let said = writer.0.write_all(bytes).await.is_ok();
    if said {
        writer.1 = Instant::now();
    }
    said
}

async fn over_a_wire(dial: WsDial, schedule: Schedule, dice: Dice) -> Result<(), String> {
    let (network, listener) = MemoryNetwork::new();
    let words = Words {
        url: "ws://127.0.0.1/".to_owned(),
        ..Words::default()
    };
    let config = config().backoff(BackoffConfig::default().budget(0));
    let begun = Instant::now();
    let (above, task, _audit) = audited(words, config, dial.connect_with(network), 1);
    let silent_from = schedule.silent_from;
    let server = tokio::spawn(serve(listener.accept().await, schedule, dice));
    task.await.unwrap();
    let given_up = Time::from_duration(begun.elapsed());
    let heard = Time::from_duration(server.await.unwrap() - begun);
    match above.ended() {
        EndedCause::BudgetSpent(Fault::Network) => judge(heard, given_up, silent_from),
        other => Err(format!("ended by {other:?}")),
    }
}

#[test]
fn slow_peers_live_over_real_framing_too() {
    let mut suite = Suite::new("liveness_wires");
    let mut dice = Dice::new(suite.seed());
    for case in 0..cases(40, 500) {
        for (wire, dial) in [
            ("tungstenite", WsDial::new()),
            ("tokio-websockets", WsDial::new().tokio_websockets()),
        ] {
            let schedule = Schedule::drawn(case, &mut dice);
            let its = Dice::new(suite.seed() + case);
            let outcome = in_virtual_time(over_a_wire(dial, schedule, its));
            suite.case(outcome.map_err(|broken| format!("{wire}, case {case}: {broken}")));
        }
    }
    suite.end();
}

/// A session whose first failure is its end, ready, on a stream in memory; and the server's end of that.
async fn opened(dial: WsDial) -> (Above, JoinHandle<()>, DuplexStream) {
    let (network, listener) = MemoryNetwork::new();
    let words = Words {
        url: "ws://127.0.0.1/".to_owned(),
        ..Words::default()
    };
    let config = config().backoff(BackoffConfig::default().budget(0));
    let (above, task, _audit) = audited(words, config, dial.connect_with(network), 1);
    let mut stream = listener.accept().await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let accept = accept_head(std::str::from_utf8(&head).unwrap());
    let opening = [accept.as_bytes(), b"\x81\x05ready"].concat();
    stream.write_all(&opening).await.unwrap();
    while !matches!(above.phases().last(), Some((_, Phase::Live))) {
        sleep(Duration::from_millis(1)).await;
    }
    (above, task, stream)
}

/// What becomes of a frame of half a megabyte where the peer takes in so many bytes a second, and after
/// what time.
async fn taken_in(dial: WsDial, per_second: usize) -> (&'static str, Duration) {
    let (above, _task, mut stream) = opened(dial).await;
    let begun = Instant::now();
    above.command(LinkCommand::Send {
        id: CommandId::new(1),
        command: Command::Audio(vec![7; 512 * KIB].into()),
    });
    let mut taken = vec![0; per_second];
    loop {
        sleep(Duration::from_secs(1)).await;
        if let Some((_, word)) = above.receipts().first() {
            return (word, begun.elapsed());
        }
        stream.read_exact(&mut taken).await.unwrap();
    }
}

// faults: D16 by peers that take in a large frame slowly, and one that only seems to
#[tokio::test(start_paused = true)]
async fn a_slow_peer_is_not_taken_for_a_stuck_one() {
    for (wire, dial) in each_wire() {
        let (word, after) = taken_in(dial.clone(), 12 * KIB).await;
        assert_eq!(word, "written", "{wire}, after {after:?}");
        assert!(after >= Duration::from_secs(30), "{wire}: {after:?}");
        let (word, after) = taken_in(dial, 100).await;
        assert_eq!(word, "lost", "{wire}, after {after:?}");
        assert!(after <= Duration::from_secs(11), "{wire}: {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_message_may_take_longer_to_come_than_silence_may_last() {
    for (wire, dial) in each_wire() {
        let (above, _task, mut stream) = opened(dial).await;
        let mut message = vec![b' '; 2 * KIB * KIB];
        message[..3].copy_from_slice(b"say");
        stream.write_all(b"\x81\x7f").await.unwrap();
        stream.write_u64(message.len() as u64).await.unwrap();
        for part in message.chunks(12 * KIB) {
            sleep(Duration::from_secs(1)).await;
            assert_eq!(above.lost(), [], "{wire}");
            stream.write_all(part).await.unwrap();
        }
        settle().await;
        assert_eq!(above.heard(), 1, "{wire}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_never_ends_is_no_sign_of_life() {
    let (above, task, mut stream) = opened(WsDial::new()).await;
    stream.write_all(b"\x81\x7e\xff\xff").await.unwrap();
    let begun = Instant::now();
    let trickle = async {
        while stream.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let (ended, ()) = tokio::join!(task, trickle);
    ended.unwrap();
    assert_eq!(above.ended(), EndedCause::BudgetSpent(Fault::Network));
    assert!(
        begun.elapsed() <= Duration::from_secs(67),
        "{:?}",
        begun.elapsed()
    );
}
