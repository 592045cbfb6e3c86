//! A connection that fails at any byte of the handshake or of a frame's head: the error names how
//! far it had come, and comes in time.

use std::time::Duration;

use antiphon_protocol::{EndedCause, Fault, Stage};
use antiphon_transport::{
    BackoffConfig, LinkOutput, WsDial,
    testing::{ByteFault, Faults, MemoryListener, MemoryNetwork},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::{Instant, timeout},
};

use crate::support::{
    Words,
    bench::config,
    dice::Suite,
    loopback::accept_head,
    rig::{audited, in_virtual_time},
};

/// The server's answer to the upgrade is padded to this size.
const HEAD: usize = 4096;

/// Unmasked frames of every kind of head: 2, 4 and 10 bytes.
fn frames() -> Vec<Vec<u8>> {
    let short = [b"\x81\x05".as_slice(), b"ready"].concat();
    let ping = b"\x89\x01x".to_vec();
    let medium = [b"\x82\x7e\x01\x00".as_slice(), &[7; 256]].concat();
    let long = [
        b"\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70".as_slice(),
        &[7; 70_000],
    ]
    .concat();
    vec![short, ping, medium, long]
}

/// Every byte of the handshake and of each frame's head, and three points of each payload.
fn places() -> Vec<usize> {
    let mut places: Vec<usize> = (0..HEAD).collect();
    let mut start = HEAD;
    for (frame, head) in frames().iter().zip([2, 2, 4, 10]) {
        let payload = frame.len() - head;
        places.extend(start..start + head);
        places.extend([head, head + payload / 2, frame.len() - 1].map(|place| start + place));
        start += frame.len();
    }
    places
}

fn stage_at(place: usize) -> Stage {
    let ready = HEAD + frames().first().map_or(0, Vec::len);
    if place < HEAD {
        Stage::Upgrade
    } else if place < ready {
        Stage::Opening
    } else {
        Stage::Live
    }
}

async fn read_head(stream: &mut DuplexStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn serve(listener: MemoryListener) -> Option<()> {
    let mut stream = listener.accept().await;
    let request = read_head(&mut stream).await?;
    let head = accept_head(&request);
    let padding = HEAD - head.len() - "X-Padding: \r\n".len();
    let head = head.replacen(
        "Upgrade: websocket\r\n",
        &format!(
            "Upgrade: websocket\r\nX-Padding: {}\r\n",
            "x".repeat(padding)
        ),
        1,
    );
    assert_eq!(head.len(), HEAD);
    stream.write_all(head.as_bytes()).await.ok()?;
    for frame in frames() {
        stream.write_all(&frame).await.ok()?;
    }
    // Nothing more is said, and pings are not answered.
    stream.read_to_end(&mut Vec::new()).await.ok()?;
    Some(())
}

struct Seen {
    cause: EndedCause,
    stage: Option<Stage>,
    took: Duration,
}

async fn meet(dial: WsDial, faults: Faults) -> Result<Seen, String> {
    let (network, listener) = MemoryNetwork::new();
    listener.fault_next(faults);
    let server = tokio::spawn(serve(listener));
    let words = Words {
        url: "ws://127.0.0.1/".to_owned(),
        ..Words::default()
    };
    let once = config()
        .connect_attempts(1)
        .backoff(BackoffConfig::default().budget(0));
    let dial = dial.connect_with(network);
    let begun = Instant::now();
    let (above, task, audit) = audited(words, once, dial, 1);
    timeout(Duration::from_secs(100), task)
        .await
        .map_err(|_| "the link did not end".to_owned())?
        .map_err(|panic| panic.to_string())?;
    let took = begun.elapsed();
    server.abort();
    if let Some(broken) = &audit.lock().unwrap().broken {
        return Err(broken.clone());
    }
    let desk = above.desk.lock().unwrap();
    match desk.heard.last() {
        Some((_, LinkOutput::Closed(ended))) => Ok(Seen {
            cause: ended.cause,
            stage: ended.stage,
            took,
        }),
        other => Err(format!("{other:?}")),
    }
}

async fn reading(dial: WsDial, place: usize, fault: ByteFault) -> Result<(), String> {
    let faults = Faults {
        reading: Some((place as u64, fault)),
        writing: None,
    };
    let seen = meet(dial, faults).await?;
    let stage = stage_at(place);
    let (meaning, bound) = match (fault, stage) {
        (ByteFault::Stall | ByteFault::Trickle(_), Stage::Upgrade | Stage::Opening) => {
            (Fault::Timeout, Duration::from_secs(15))
        }
        // Silence after the session was ready.
        (ByteFault::Stall, _) => (Fault::Network, Duration::from_secs(65)),
        _ => (Fault::Network, Duration::ZERO),
    };
    let right = seen.cause == EndedCause::BudgetSpent(meaning)
        && seen.stage == Some(stage)
        && seen.took <= bound + Duration::from_millis(2);
    right
        .then_some(())
        .ok_or_else(|| format!("{:?} at {:?} after {:?}", seen.cause, seen.stage, seen.took))
}

async fn writing(dial: WsDial, place: usize, fault: ByteFault) -> Result<(), String> {
    let faults = Faults {
        reading: None,
        writing: Some((place as u64, fault)),
    };
    let seen = meet(dial, faults).await?;
    let (meaning, bound) = match fault {
        ByteFault::Stall => (Fault::Timeout, Duration::from_secs(15)),
        _ => (Fault::Network, Duration::ZERO),
    };
    let right = seen.cause == EndedCause::BudgetSpent(meaning)
        && seen.stage == Some(Stage::Upgrade)
        && seen.took <= bound + Duration::from_millis(2);
    right
        .then_some(())
        .ok_or_else(|| format!("{:?} at {:?} after {:?}", seen.cause, seen.stage, seen.took))
}

fn every_byte(name: &'static str, dial: &WsDial) {
    let mut suite = Suite::new(name);
    for fault in [ByteFault::Cut, ByteFault::Stall, ByteFault::Reset] {
        for place in places() {
            let outcome = in_virtual_time(reading(dial.clone(), place, fault));
            suite.case(outcome.map_err(|seen| format!("reading {place} {fault:?}: {seen}")));
        }
        // The request is a little longer than this.
        for place in 0..150 {
            let outcome = in_virtual_time(writing(dial.clone(), place, fault));
            suite.case(outcome.map_err(|seen| format!("writing {place} {fault:?}: {seen}")));
        }
    }
    suite.end();
}

#[test]
fn every_byte_may_be_the_last_on_tungstenite() {
    every_byte("byte_cut_tungstenite", &WsDial::new());
}

#[test]
fn every_byte_may_be_the_last_on_tokio_websockets() {
    every_byte(
        "byte_cut_tokio_websockets",
        &WsDial::new().tokio_websockets(),
    );
}

// faults: D14 by a byte each ten seconds in the handshake and in a frame
#[test]
fn a_peer_that_trickles_is_held_to_the_same_deadlines() {
    let drip = ByteFault::Trickle(Duration::from_secs(10));
    for place in [0, 17, 2000, HEAD + 1] {
        assert_eq!(
            in_virtual_time(reading(WsDial::new(), place, drip)),
            Ok(()),
            "{place}"
        );
    }
    // A frame that never becomes whole is no sign of life.
    let place = HEAD + frames().iter().take(3).map(Vec::len).sum::<usize>() + 12;
    let faults = Faults {
        reading: Some((place as u64, drip)),
        writing: None,
    };
    let seen = in_virtual_time(meet(WsDial::new(), faults));
    let seen = seen.expect("an end");
    assert_eq!(seen.cause, EndedCause::BudgetSpent(Fault::Network));
    assert!(seen.took <= Duration::from_secs(66), "{:?}", seen.took);
}
