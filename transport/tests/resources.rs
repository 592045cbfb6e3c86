//! What a connection costs while it lives, and that it leaves nothing behind.
//!
//! A binary of its own, because it counts every allocation of the process; its tests take turns.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what it expects by panicking"
)]

#[path = "support/plain.rs"]
mod plain;

use std::{
    alloc::System,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Instant,
};

use antiphon_transport::WsDial;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use plain::{nightly, runtime, session};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::Message;

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Tests that count must not run beside others.
static TURN: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn handshake(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "))
        .expect("a key");
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.write_all(b"\x81\x05ready").await.unwrap();
    stream
}

/// Swallows what comes, in a buffer of its own, and says `frames` binary frames when told to.
async fn peer(listener: TcpListener, speak: Arc<tokio::sync::Notify>, frames: u64) {
    let mut stream = handshake(&listener).await;
    let (mut reader, mut writer) = stream.split();
    let swallow = async {
        let mut buffer = [0; 65_536];
        while reader.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    };
    let say = async {
        let frame = [b"\x82\x7e\x07\x80".as_slice(), &[7; 1920]].concat();
        loop {
            speak.notified().await;
            for _ in 0..frames {
                if writer.write_all(&frame).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = swallow => {}
        () = say => {}
    }
}

const FRAMES: u64 = 1000;

/// Allocations in a thousand sent and in a thousand received frames, once the session is warm.
async fn allocations(dial: WsDial) -> (usize, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let speak = Arc::new(tokio::sync::Notify::new());
    tokio::spawn(peer(listener, Arc::clone(&speak), FRAMES));
    let (counts, task) = session(address, dial);
    counts
        .until(|counts| counts.ready.load(Ordering::Relaxed))
        .await;
    let data = Bytes::from(vec![7; 640]);
    let mut sent = 0;
    let mut heard = 0;
    for round in 1..=3 {
        let region = Region::new(GLOBAL);
        for number in 0..FRAMES {
            counts.send(number, data.clone());
            // A little at a time, as audio comes.
            if number % 10 == 9 {
                let due = (round - 1) * FRAMES + number + 1;
                counts
                    .until(|counts| counts.written.load(Ordering::Relaxed) == due)
                    .await;
            }
        }
        sent = region.change().allocations;
        let region = Region::new(GLOBAL);
        speak.notify_one();
        counts
            .until(|counts| counts.events.load(Ordering::Relaxed) == round * FRAMES)
            .await;
        heard = region.change().allocations;
    }
    counts.close();
    task.await.unwrap();
    (sent, heard)
}

#[test]
fn a_frame_allocates_nothing_once_the_session_is_warm() {
    let _turn = my_turn();
    for (name, dial) in [
        ("tungstenite", WsDial::new()),
        ("tokio-websockets", WsDial::new().tokio_websockets()),
    ] {
        let begun = Instant::now();
        let (sent, heard) = runtime().block_on(allocations(dial));
        // Where the bytes of two reads meet decides whether a read needs new memory.
        let most_heard = FRAMES / 10;
        let failed = u8::from(sent > 0 || heard as u64 > most_heard);
        println!(
            "allocations_{name} cases={FRAMES} failed={failed} seed=0 wall={:.2}s sent={sent} \
             received={heard}",
            begun.elapsed().as_secs_f64()
        );
        assert_eq!(sent, 0, "{name}: {sent} in {FRAMES} sent frames");
        assert!(
            heard as u64 <= most_heard,
            "{name}: {heard} in {FRAMES} received frames"
        );
    }
}

fn descriptors() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

/// One server for all cycles: each connection is made ready, and closed when the client says so.
async fn answering(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
            continue;
        };
        if socket.send(Message::text("ready")).await.is_err() {
            continue;
        }
        while let Some(Ok(_)) = socket.next().await {}
    }
}

async fn cycle(address: SocketAddr, dial: WsDial) {
    let (counts, task) = session(address, dial);
    counts
        .until(|counts| counts.ready.load(Ordering::Relaxed))
        .await;
    counts.close();
    task.await.unwrap();
}

/// Opens and closes so many connections. What is left of them: heap, tasks and descriptors.
async fn left_behind(dial: &WsDial, cycles: u64) -> (usize, usize, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(answering(listener));
    for _ in 0..100 {
        cycle(address, dial.clone()).await;
    }
    let tasks = tokio::runtime::Handle::current().metrics();
    let before = (tasks.num_alive_tasks(), descriptors().unwrap_or(0));
    let region = Region::new(GLOBAL);
    for _ in 0..cycles {
        cycle(address, dial.clone()).await;
    }
    let change = region.change();
    // The server may still be putting the last connection away.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let after = (tasks.num_alive_tasks(), descriptors().unwrap_or(0));
    server.abort();
    (
        change.bytes_allocated.abs_diff(change.bytes_deallocated),
        after.0.abs_diff(before.0),
        after.1.abs_diff(before.1),
    )
}

// faults: H6, H7 by thousands of connections made and closed, with tasks and descriptors
// counted
#[test]
fn connections_leave_nothing_behind() {
    let _turn = my_turn();
    let cycles = if nightly() { 10_000 } else { 500 };
    for (name, dial) in [
        ("tungstenite", WsDial::new()),
        ("tokio_websockets", WsDial::new().tokio_websockets()),
    ] {
        let begun = Instant::now();
        let (heap, tasks, descriptors) = runtime().block_on(left_behind(&dial, cycles));
        let clean = tasks == 0 && descriptors == 0 && heap <= 64 * 1024;
        println!(
            "cycles_{name} cases={cycles} failed={} seed=0 wall={:.2}s heap_delta={heap} \
             tasks_delta={tasks} fds_delta={descriptors}",
            u8::from(!clean),
            begun.elapsed().as_secs_f64()
        );
        assert!(clean, "{name}");
    }
}
