//! What a connection costs while it lives, and that it leaves nothing behind.
//!
//! A binary of its own, because it counts every allocation of the process; its tests take turns.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what it expects by panicking"
)]

use std::{
    alloc::System,
    borrow::Cow,
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use antiphon_protocol::{
    Capabilities, Codec, Command, CommandId, Endpoint, Event, Frame, OpeningPlan, Provider,
    SessionConfig, Signal, Sink, Unsupported, WallTime,
};
use antiphon_transport::{
    Clock, CloseRequest, Dial, Input, Link, LinkCommand, LinkConfig, LinkOutput, Machine, Port,
    Receipt, WsDial, drive,
};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
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

struct Plain {
    url: String,
}

struct PlainCodec;

impl Provider for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Owned(Capabilities::minimal("made for tests"))
    }

    fn open(&self, _plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let endpoint = Endpoint {
            url: self.url.parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: None,
        };
        Ok((endpoint, Box::new(PlainCodec)))
    }
}

impl Codec for PlainCodec {
    fn start(&mut self, _out: &mut dyn Sink) {}

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        if frame.len() == 5 {
            out.signal(Signal::Ready {
                resumed: false,
                seeded: false,
            });
        } else {
            out.event(Event::InputCleared);
        }
    }

    fn encode(
        &mut self,
        _id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if let Command::Audio(data) = command {
            out.send(Frame::binary(data.clone()));
        }
        Ok(())
    }
}

/// A layer above that counts, and allocates nothing once it is warm.
#[derive(Default)]
struct Counts {
    inputs: Mutex<VecDeque<Input<LinkCommand>>>,
    waker: Mutex<Option<Waker>>,
    ready: AtomicBool,
    written: AtomicU64,
    events: AtomicU64,
    done: AtomicBool,
}

impl Counts {
    fn put(&self, input: Input<LinkCommand>) {
        self.inputs.lock().unwrap().push_back(input);
        if let Some(waker) = self.waker.lock().unwrap().take() {
            waker.wake();
        }
    }

    fn close(&self) {
        self.put(Input::Close(CloseRequest {
            deadline: None,
            dropped: false,
        }));
    }

    async fn until(&self, reached: impl Fn(&Self) -> bool) {
        while !reached(self) {
            tokio::task::yield_now().await;
        }
    }
}

struct Above(Arc<Counts>);

impl<M: Machine<Command = LinkCommand, Output = LinkOutput>> Port<M> for Above {
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input<LinkCommand>> {
        let input = self.0.inputs.lock().unwrap().pop_front();
        if input.is_none() {
            *self.0.waker.lock().unwrap() = Some(cx.waker().clone());
        }
        input.map_or(Poll::Pending, Poll::Ready)
    }

    fn output(&mut self, output: LinkOutput) {
        let counts = &self.0;
        match output {
            LinkOutput::NeedPlan { .. } => {
                let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("m")));
                let plan = Input::Command(LinkCommand::Plan(plan));
                counts.inputs.lock().unwrap().push_back(plan);
            }
            LinkOutput::Ready { .. } => counts.ready.store(true, Ordering::Relaxed),
            LinkOutput::Receipt {
                receipt: Receipt::Written,
                ..
            } => {
                counts.written.fetch_add(1, Ordering::Relaxed);
            }
            LinkOutput::Event { .. } => {
                counts.events.fetch_add(1, Ordering::Relaxed);
            }
            LinkOutput::Closed(_) => counts.done.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    fn poll_deliver(&mut self, _machine: &mut M, _cx: &mut Context<'_>) -> bool {
        false
    }

    fn is_finished(&self, _machine: &M) -> bool {
        self.0.done.load(Ordering::Relaxed)
    }
}

fn session(
    address: SocketAddr,
    dial: impl Dial + 'static,
) -> (Arc<Counts>, tokio::task::JoinHandle<()>) {
    let provider = Plain {
        url: format!("ws://{address}/"),
    };
    let link = Link::new(Arc::new(provider), LinkConfig::new(WallTime::default()), 1);
    let counts = Arc::new(Counts::default());
    counts.put(Input::Command(LinkCommand::Start));
    let port = Above(Arc::clone(&counts));
    let task = tokio::spawn(drive(link, port, Arc::new(dial), Clock::start()));
    (counts, task)
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
            counts.put(Input::Command(LinkCommand::Send {
                id: CommandId::new(number),
                command: Command::Audio(data.clone()),
            }));
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_sent_frame_allocates_nothing_and_a_received_one_its_payload() {
    let _turn = my_turn();
    for (name, dial, most_sent) in [
        ("tungstenite", WsDial::new(), 0),
        // The library copies what it masks when it may not write into it.
        (
            "tokio-websockets",
            WsDial::new().tokio_websockets(),
            2 * FRAMES,
        ),
    ] {
        let (sent, heard) = runtime().block_on(allocations(dial));
        println!("allocations_{name} cases={FRAMES} failed=0 sent={sent} received={heard}");
        assert!(
            sent as u64 <= most_sent,
            "{name}: {sent} in {FRAMES} sent frames"
        );
        assert!(
            heard as u64 <= 2 * FRAMES,
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

async fn cycle(address: SocketAddr) {
    let (counts, task) = session(address, WsDial::new());
    counts
        .until(|counts| counts.ready.load(Ordering::Relaxed))
        .await;
    counts.close();
    task.await.unwrap();
}

#[test]
fn connections_leave_nothing_behind() {
    let _turn = my_turn();
    let nightly = std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly");
    let cycles = if nightly { 10_000 } else { 1000 };
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(answering(listener));
        for _ in 0..100 {
            cycle(address).await;
        }
        let tasks = tokio::runtime::Handle::current().metrics();
        let before = (tasks.num_alive_tasks(), descriptors());
        let begun = Instant::now();
        let region = Region::new(GLOBAL);
        for _ in 0..cycles {
            cycle(address).await;
        }
        let change = region.change();
        // The server may still be putting the last connection away.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let after = (tasks.num_alive_tasks(), descriptors());
        let heap = change.bytes_allocated.abs_diff(change.bytes_deallocated);
        println!(
            "cycles cases={cycles} failed=0 heap_delta={heap} tasks={} wall={:.2}s",
            after.0,
            begun.elapsed().as_secs_f64()
        );
        assert_eq!(before, after, "tasks and descriptors");
        assert!(heap <= 64 * 1024, "{heap} bytes are left");
    });
}

#[test]
fn a_stalled_peer_costs_bounded_memory() {
    let _turn = my_turn();
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (counts, task) = session(address, WsDial::new());
        // It becomes ready, and reads nothing ever after.
        let _stream = handshake(&listener).await;
        counts
            .until(|counts| counts.ready.load(Ordering::Relaxed))
            .await;
        let data = Bytes::from(vec![7; 64 * 1024]);
        let region = Region::new(GLOBAL);
        // 640 MiB are offered. The payload itself is shared, so what is counted is ours.
        for number in 0..10_000 {
            counts.put(Input::Command(LinkCommand::Send {
                id: CommandId::new(number),
                command: Command::Audio(data.clone()),
            }));
            if number % 100 == 0 {
                tokio::task::yield_now().await;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let change = region.change();
        let grown = change
            .bytes_allocated
            .saturating_sub(change.bytes_deallocated);
        println!("stalled_peer cases=10000 failed=0 heap_delta={grown}");
        assert!(grown <= 2 << 20, "{grown} bytes");
        task.abort();
    });
}
