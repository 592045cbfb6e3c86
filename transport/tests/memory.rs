//! What a hostile or stuck peer can make a session hold, on each wire: at most the largest message in
//! flight and 2 MiB; and at rest at most 64 KiB beyond the socket's own buffers.
//!
//! A binary of its own, because it measures the heap of the process; its one test runs alone. Peers
//! are threads that write from memory that was there before.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by panicking"
)]

#[path = "support/plain.rs"]
mod plain;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use antiphon_protocol::{AuthError, Secret, TokenSource, WallTime, Why};
use antiphon_transport::{BackoffConfig, Input, LinkCommand, LinkConfig, WsDial};
use async_trait::async_trait;
use bytes::Bytes;
use peak_alloc::PeakAlloc;
use plain::{Counts, Plain, nightly, runtime, session_with};
use tokio::task::JoinHandle;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// What a session may hold beside the largest message in flight.
const SHARE: usize = 2 * MIB;
/// What it may hold at rest.
const REST: usize = 64 * KIB;

/// The largest message there may be.
const LARGEST: usize = 8 * MIB;
/// A message that comes in pieces, whose size nobody knows, has room as it comes up to here; beyond, room
/// for the largest. A larger room is another place, and for a moment both are held.
const AS_IT_COMES: usize = MIB;

/// What peers write over and over. Text frames of it are no events.
static FLOOD: [u8; 64 * KIB] = [b'?'; 64 * KIB];

/// How a peer misbehaves once its connection is there.
type Mischief = fn(&mut TcpStream) -> std::io::Result<()>;

/// What this side does meanwhile, when the connection is ready or has failed.
#[derive(Clone, Copy)]
enum Doing {
    /// Waits for the end, or for a moment.
    Waits,
    /// Waits for a message, however long it takes.
    Hears,
    /// Offers this many frames of so many bytes.
    Offers(u64, usize),
    /// Reads nothing.
    Pauses,
}

struct Scenario {
    name: &'static str,
    peer: Mischief,
    doing: Doing,
    /// Most of a message that is rightly in flight.
    message: usize,
    /// Whether a credential never comes.
    hanging_token: bool,
}

const fn scenario(name: &'static str, peer: Mischief) -> Scenario {
    Scenario {
        name,
        peer,
        doing: Doing::Waits,
        message: 0,
        hanging_token: false,
    }
}

fn scenarios() -> impl Iterator<Item = Scenario> {
    [at_work(), messages(), pieces(), floods(), openings()]
        .into_iter()
        .flatten()
}

fn at_work() -> Vec<Scenario> {
    vec![
        scenario("at rest", |stream| {
            ready(stream).and_then(|()| swallow(stream))
        }),
        Scenario {
            doing: Doing::Offers(2500, 256 * KIB),
            ..scenario("reads nothing of large frames", |stream| {
                ready(stream).and_then(hold)
            })
        },
        Scenario {
            doing: Doing::Offers(1, LARGEST),
            message: LARGEST,
            ..scenario("reads nothing of the largest message", |stream| {
                ready(stream).and_then(hold)
            })
        },
        Scenario {
            doing: Doing::Offers(300_000, 32),
            ..scenario("reads nothing of tiny frames", |stream| {
                ready(stream).and_then(hold)
            })
        },
        Scenario {
            doing: Doing::Pauses,
            ..scenario("floods one who does not read", |stream| {
                ready(stream)?;
                repeat(stream, b"\x82\x7f\0\0\0\0\0\0\xff\0", &FLOOD[..0xff00])
            })
        },
        scenario("talks, and is never ready", |stream| {
            upgrade(stream)?;
            repeat(stream, b"\x82\x03abc", b"")
        }),
    ]
}

fn messages() -> Vec<Scenario> {
    vec![
        Scenario {
            message: 4 * MIB,
            ..scenario("the largest frame there may be, and small ones", |stream| {
                ready(stream)?;
                frame(stream, 0x82, 4 * MIB)?;
                for _ in 0..40 {
                    stream.write_all(b"\x82\x7e\x02\x00")?;
                    stream.write_all(&[b'a'; 512])?;
                    std::thread::sleep(Duration::from_millis(1));
                }
                swallow(stream)
            })
        },
        Scenario {
            doing: Doing::Hears,
            message: LARGEST,
            ..scenario("the largest message there may be", |stream| {
                ready(stream)?;
                frame(stream, 0x02, 4 * MIB)?;
                frame(stream, 0x80, 4 * MIB)?;
                swallow(stream)
            })
        },
        Scenario {
            doing: Doing::Hears,
            message: LARGEST,
            ..scenario("the largest message in the smallest steps", |stream| {
                ready(stream)?;
                frame(stream, 0x02, 64 * KIB)?;
                (0..126).try_for_each(|_| frame(stream, 0x00, 64 * KIB))?;
                frame(stream, 0x80, 64 * KIB)?;
                swallow(stream)
            })
        },
        Scenario {
            message: LARGEST,
            ..scenario("64 MiB in pieces", |stream| {
                ready(stream)?;
                frame(stream, 0x02, MIB)?;
                (0..63).try_for_each(|_| frame(stream, 0x00, MIB))?;
                swallow(stream)
            })
        },
        scenario("64 MiB at once", |stream| {
            ready(stream)?;
            frame(stream, 0x82, 64 * MIB)?;
            swallow(stream)
        }),
        scenario("a frame of 2^63 bytes", |stream| {
            ready(stream)?;
            stream.write_all(b"\x82\x7f\x80\0\0\0\0\0\0\0")?;
            repeat(stream, b"", &FLOOD)
        }),
        scenario("a frame of 2^63 - 1 bytes", |stream| {
            ready(stream)?;
            stream.write_all(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff")?;
            repeat(stream, b"", &FLOOD)
        }),
    ]
}

/// Messages in pieces that carry next to nothing.
fn pieces() -> Vec<Scenario> {
    vec![
        scenario("pieces of nothing without end", |stream| {
            ready(stream)?;
            stream.write_all(b"\x02\0")?;
            repeat(stream, b"\0\0", b"")
        }),
        Scenario {
            doing: Doing::Hears,
            ..scenario("a message in pieces of one byte", |stream| {
                ready(stream)?;
                stream.write_all(b"\x02\x01x")?;
                let pieces = b"\0\x01x".repeat(AS_IT_COMES / KIB);
                (0..KIB - 1).try_for_each(|_| stream.write_all(&pieces))?;
                stream.write_all(&pieces[3 * 2..])?;
                stream.write_all(b"\x80\x01x")?;
                swallow(stream)
            })
        },
        // How far such a message gets in a moment is the machine's.
        Scenario {
            message: LARGEST,
            ..scenario("pieces of one byte without end", |stream| {
                ready(stream)?;
                stream.write_all(b"\x02\x01x")?;
                repeat(stream, b"\0\x01x", b"")
            })
        },
    ]
}

fn floods() -> Vec<Scenario> {
    vec![
        scenario("garbage in place of frames", |stream| {
            ready(stream)?;
            repeat(stream, b"\xff\xfe\xfd", &FLOOD)
        }),
        scenario("frames that are no events", |stream| {
            ready(stream)?;
            repeat(stream, b"\x81\x05?!?!?", b"")
        }),
        scenario("a flood of pings, and pongs not read", |stream| {
            ready(stream)?;
            repeat(stream, b"\x89\x7d", &FLOOD[..125])
        }),
        scenario("a frame by one byte at a time", |stream| {
            ready(stream)?;
            stream.write_all(b"\x82\x7f\0\0\0\0\0\x10\0\0")?;
            trickle(stream)
        }),
    ]
}

fn openings() -> Vec<Scenario> {
    vec![
        scenario("a response by one byte at a time", |stream| {
            read_head(stream)?;
            stream.write_all(b"HTTP/1.1 101 ")?;
            trickle(stream)
        }),
        scenario("a response of headers without end", |stream| {
            read_head(stream)?;
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n")?;
            repeat(stream, b"a: b\r\n", b"")
        }),
        scenario("a response of one header without end", |stream| {
            read_head(stream)?;
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\na: ")?;
            repeat(stream, b"", &FLOOD)
        }),
        scenario("answers that only announce others", |stream| {
            read_head(stream)?;
            repeat(stream, b"HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n", b"")
        }),
        scenario("a refusal without end", |stream| {
            read_head(stream)?;
            stream.write_all(b"HTTP/1.1 401 No\r\nContent-Length: 999999999\r\n\r\n")?;
            repeat(stream, b"", &FLOOD)
        }),
        scenario("no response at all", |stream| {
            read_head(stream)?;
            swallow(stream)
        }),
        Scenario {
            hanging_token: true,
            ..scenario("a credential that never comes", |_| Ok(()))
        },
    ]
}

/// Reads the request's head; returns its key.
fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "));
    Ok(key.expect("a key").to_owned())
}

fn upgrade(stream: &mut TcpStream) -> std::io::Result<()> {
    let key = read_head(stream)?;
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn ready(stream: &mut TcpStream) -> std::io::Result<()> {
    upgrade(stream)?;
    stream.write_all(b"\x81\x05ready")
}

fn frame(stream: &mut TcpStream, first: u8, len: usize) -> std::io::Result<()> {
    stream.write_all(&[first, 127])?;
    stream.write_all(&u64::try_from(len).unwrap().to_be_bytes())?;
    (0..len / FLOOD.len()).try_for_each(|_| stream.write_all(&FLOOD))
}

/// Until the client has gone.
fn swallow(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

fn hold((): ()) -> std::io::Result<()> {
    // Longer than any client takes to offer what it has; the process does not wait for it.
    std::thread::sleep(Duration::from_secs(60));
    Ok(())
}

/// Until the client has gone, or has been told enough.
fn repeat(stream: &mut TcpStream, head: &[u8], body: &[u8]) -> std::io::Result<()> {
    const ENOUGH: usize = 64 * MIB;
    // Small things leave together, so that there are many of them.
    let one = head.len() + body.len();
    let times = (FLOOD.len() / one).max(1);
    let mut many = [0_u8; 2 * 64 * KIB];
    let mut end = 0;
    for part in (0..times).flat_map(|_| [head, body]) {
        many[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    (0..ENOUGH / end).try_for_each(|_| stream.write_all(&many[..end]))?;
    swallow(stream)
}

fn trickle(stream: &mut TcpStream) -> std::io::Result<()> {
    (0..200).try_for_each(|_| {
        std::thread::sleep(Duration::from_millis(1));
        stream.write_all(b"x")
    })?;
    swallow(stream)
}

fn listen(peer: Mischief) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .set_write_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        // However it ends: what is looked at is the client.
        let _ = peer(&mut stream);
    });
    address
}

struct Never;

#[async_trait]
impl TokenSource for Never {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        std::future::pending().await
    }
}

fn begin(scenario: &Scenario, dial: WsDial) -> (Arc<Counts>, JoinHandle<()>) {
    let address = listen(scenario.peer);
    let never = || Arc::new(Never) as Arc<dyn TokenSource>;
    let provider = Plain {
        url: format!("ws://{address}/"),
        auth: scenario.hanging_token.then(never),
    };
    let patience = Duration::from_millis(250);
    let config = LinkConfig::new(WallTime::default())
        .connect_attempts(1)
        .dial_deadline(patience)
        .ready_deadline(patience)
        .backoff(BackoffConfig::default().budget(0));
    session_with(provider, config, dial)
}

async fn act(counts: &Counts, doing: Doing) {
    match doing {
        Doing::Waits => {}
        Doing::Hears => {
            let heard = |counts: &Counts| counts.events.load(Ordering::Relaxed) > 0;
            tokio::time::timeout(Duration::from_secs(60), counts.until(heard))
                .await
                .expect("the message comes");
        }
        Doing::Pauses => counts.put(Input::Command(LinkCommand::ReadPaused(true))),
        Doing::Offers(frames, bytes) => {
            let over = |counts: &Counts| counts.done.load(Ordering::Relaxed);
            for number in (0..frames).take_while(|_| !over(counts)) {
                counts.send(number, Bytes::from(vec![7; bytes]));
                counts
                    .until(|counts| counts.is_taken() || over(counts))
                    .await;
            }
        }
    }
    let begun = Instant::now();
    while !counts.done.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_millis(300) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What a session holds at most, at rest when that is looked at, and after its end; in bytes.
struct Held {
    peak: usize,
    rest: usize,
    left: usize,
}

async fn measure(scenario: &Scenario, dial: &WsDial) -> Held {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let (counts, task) = begin(scenario, dial.clone());
    let over = |counts: &Counts| {
        counts.ready.load(Ordering::Relaxed) || counts.done.load(Ordering::Relaxed)
    };
    counts.until(over).await;
    act(&counts, scenario.doing).await;
    let rest = HEAP.current_usage().saturating_sub(before);
    task.abort();
    let _ = task.await;
    drop(counts);
    let peak = HEAP.peak_usage().saturating_sub(before);
    // What the runtime puts away at its own time.
    tokio::task::yield_now().await;
    let left = HEAP.current_usage().saturating_sub(before);
    Held { peak, rest, left }
}

#[test]
fn no_peer_makes_a_session_hold_more_than_its_share() {
    let begun = Instant::now();
    let rounds = if nightly() { 5 } else { 1 };
    let mut cases = 0;
    let mut failures = Vec::new();
    for (wire, dial) in [
        ("tungstenite", WsDial::new()),
        ("tokio-websockets", WsDial::new().tokio_websockets()),
    ] {
        let runtime = runtime();
        // What is made once: the runtime's own parts, the library's tables.
        let warm = scenario("warm", |stream| {
            ready(stream).and_then(|()| swallow(stream))
        });
        runtime.block_on(measure(&warm, &dial));
        for scenario in (0..rounds).flat_map(|_| scenarios()) {
            let held = runtime.block_on(measure(&scenario, &dial));
            let name = scenario.name;
            println!(
                "{wire}: {name}: peak {} KiB, then {} KiB, left {} KiB",
                held.peak / KIB,
                held.rest / KIB,
                held.left / KIB
            );
            cases += 1;
            let rests =
                name == "at rest" || name == "the largest frame there may be, and small ones";
            if held.peak > scenario.message + SHARE
                || (rests && held.rest > REST)
                || held.left > REST
            {
                failures.push(format!("{wire}: {name}"));
            }
        }
    }
    println!(
        "memory cases={cases} failed={} seed=0 wall={:.2}s",
        failures.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(failures.is_empty(), "{failures:?}");
}
