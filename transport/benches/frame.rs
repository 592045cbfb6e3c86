//! What a frame costs through link, driver and wire, beside a bare loop on the same WebSocket
//! library: time, allocations and, where valgrind is installed, instructions; as ratios of one run.
//!
//! Frames are sent in bursts, and one at a time as audio is, and received. With `ours|bare`, a way
//! (`send`, `single` or `recv`) and a number of frames only that one is run, which is what the
//! benchmark lets valgrind look at: what one frame takes is the difference of two runs divided by
//! the difference of their frames. It fails when a sent frame allocates, or when this crate's share of the
//! instructions is over its budget.
//!
//! The peer is a thread that writes or swallows prepared bytes, the same for both.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark stops at the first surprise and prints what it found"
)]

use std::{
    alloc::System,
    borrow::Cow,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command as Process, ExitCode},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use antiphon_protocol::{
    Capabilities, Codec, Command, CommandId, Endpoint, Event, Frame, OpeningPlan, Provider, Seeded,
    SessionConfig, Signal, Sink, Unsupported, WallTime,
};
use antiphon_transport::{
    Clock, CloseRequest, Input, Link, LinkCommand, LinkConfig, LinkOutput, Port, Receipt, WsDial,
    drive,
};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// 40 ms of PCM16 at 24 kHz, as base64 in JSON comes to about this.
const HEARD: usize = 2700;
/// 20 ms of the same.
const SENT: usize = 1350;
/// Frames that are given, or come, at one time.
const BURST: u64 = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Send,
    Single,
    Recv,
}

impl Way {
    const ALL: [(&'static str, Self); 3] = [
        ("send", Self::Send),
        ("single", Self::Single),
        ("recv", Self::Recv),
    ];

    const fn burst(self) -> u64 {
        match self {
            Self::Single => 1,
            Self::Send | Self::Recv => BURST,
        }
    }

    /// Instructions for each hundred of the bare loop's, at most.
    const fn budget(self) -> u64 {
        match self {
            // A payload that goes beside the library costs some 370 more than one that goes through it.
            Self::Send => 260,
            Self::Single => 300,
            // Less than the bare loop, whose library clears its buffer before each read.
            Self::Recv => 130,
        }
    }
}

/// Accepts one connection, and writes `frames` frames or swallows what comes.
fn peer(frames: Option<u64>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        handshake(&mut stream);
        stream.write_all(b"\x81\x05ready").unwrap();
        if let Some(frames) = frames {
            let one = [b"\x82\x7e\x0a\x8c".as_slice(), &[b'7'; HEARD]].concat();
            let many = one.repeat(usize::try_from(BURST).unwrap());
            for _ in 0..frames / BURST {
                if stream.write_all(&many).is_err() {
                    return;
                }
            }
        }
        let mut buffer = [0; 65_536];
        while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    address
}

fn handshake(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then_some(value)
    });
    let accept =
        tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.unwrap().as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).unwrap();
}

struct Plain(SocketAddr);
struct PlainCodec;

impl Provider for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Owned(Capabilities::minimal("made for a benchmark"))
    }

    fn open(&self, _plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let endpoint = Endpoint {
            url: format!("ws://{}/", self.0).parse().unwrap(),
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
                seeded: Seeded::Nothing,
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

/// Sends or awaits so many frames, in bursts, and closes.
struct Above {
    next: Option<Input<LinkCommand>>,
    data: Bytes,
    ready: Option<Instant>,
    to_send: u64,
    burst: u64,
    in_flight: u64,
    to_hear: u64,
    took: Arc<std::sync::OnceLock<Duration>>,
    finished: bool,
}

impl Above {
    fn check(&mut self) {
        if let Some(ready) = self.ready
            && self.to_send == 0
            && self.in_flight == 0
            && self.to_hear == 0
            && self.took.set(ready.elapsed()).is_ok()
        {
            self.next = Some(Input::Close(CloseRequest {
                deadline: None,
                dropped: false,
            }));
        }
    }
}

impl Port<Link> for Above {
    fn poll_input(&mut self, _cx: &mut Context<'_>) -> Poll<Input<LinkCommand>> {
        if let Some(next) = self.next.take() {
            return Poll::Ready(next);
        }
        if self.ready.is_none() || self.to_send == 0 || self.in_flight >= self.burst {
            return Poll::Pending;
        }
        self.to_send -= 1;
        self.in_flight += 1;
        Poll::Ready(Input::Command(LinkCommand::Send {
            id: CommandId::new(self.to_send),
            command: Command::Audio(self.data.clone()),
        }))
    }

    fn output(&mut self, output: LinkOutput) {
        match output {
            LinkOutput::NeedPlan { .. } => {
                let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("m")));
                self.next = Some(Input::Command(LinkCommand::Plan(plan)));
            }
            LinkOutput::Ready { .. } => self.ready = Some(Instant::now()),
            LinkOutput::Receipt {
                receipt: Receipt::Written,
                ..
            } => self.in_flight -= 1,
            LinkOutput::Event { .. } => self.to_hear = self.to_hear.saturating_sub(1),
            LinkOutput::Closed(_) => self.finished = true,
            _ => {}
        }
        self.check();
    }

    fn poll_deliver(&mut self, _machine: &mut Link, _cx: &mut Context<'_>) -> bool {
        self.next.is_some()
    }

    fn is_finished(&self, _machine: &Link) -> bool {
        self.finished
    }
}

async fn ours(way: Way, frames: u64) -> Duration {
    let send = way != Way::Recv;
    let address = peer((!send).then_some(frames));
    let link = Link::new(
        Arc::new(Plain(address)),
        LinkConfig::new(WallTime::default()),
        1,
    );
    let took = Arc::new(std::sync::OnceLock::new());
    let above = Above {
        next: Some(Input::Command(LinkCommand::Start)),
        data: Bytes::from(vec![7; SENT]),
        ready: None,
        to_send: if send { frames } else { 0 },
        burst: way.burst(),
        in_flight: 0,
        to_hear: if send { 0 } else { frames },
        took: Arc::clone(&took),
        finished: false,
    };
    drive(link, above, Arc::new(WsDial::new()), Clock::start()).await;
    *took.get().unwrap()
}

async fn bare(way: Way, frames: u64) -> Duration {
    let send = way != Way::Recv;
    let address = peer((!send).then_some(frames));
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
    let url = format!("ws://{address}/");
    let (mut socket, _) = client_async_with_config(url, stream, Some(config))
        .await
        .unwrap();
    assert!(socket.next().await.unwrap().unwrap().is_text());
    let begun = Instant::now();
    if send {
        let data = Bytes::from(vec![7; SENT]);
        for number in 1..=frames {
            socket.feed(Message::Binary(data.clone())).await.unwrap();
            if number % way.burst() == 0 {
                socket.flush().await.unwrap();
            }
        }
        socket.flush().await.unwrap();
    } else {
        for _ in 0..frames {
            assert!(socket.next().await.unwrap().unwrap().is_binary());
        }
    }
    begun.elapsed()
}

fn run(who: &str, way: Way, frames: u64) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match who {
        "ours" => runtime.block_on(ours(way, frames)),
        "bare" => runtime.block_on(bare(way, frames)),
        other => panic!("{other} is neither ours nor bare"),
    }
}

/// Two runs of different length, whose difference is what frames take.
const RUNS: (u64, u64) = (3200, 9600);

fn allocations(who: &str, way: Way) -> u64 {
    let count = |frames| {
        let before = HEAP.stats().allocations;
        run(who, way, frames);
        HEAP.stats().allocations - before
    };
    let (short, long) = (count(RUNS.0), count(RUNS.1));
    // A runtime's start takes a few more or less.
    (long.saturating_sub(short) as u64 + 100) / (RUNS.1 - RUNS.0)
}

/// Instructions of one frame, if valgrind can be asked.
fn instructions(who: &str, name: &str) -> Option<u64> {
    let count = |frames: u64| {
        let valgrind = Process::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .args([who, name, &frames.to_string()])
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&valgrind.stderr).into_owned();
        let collected = said
            .lines()
            .find_map(|line| line.split("Collected : ").nth(1));
        collected?.trim().parse::<u64>().ok()
    };
    let frame = || Some(count(RUNS.1)?.checked_sub(count(RUNS.0)?)? / (RUNS.1 - RUNS.0));
    // The fewest of two, for how the bytes arrive differs.
    frame().into_iter().chain(frame()).min()
}

/// Bare, ours, and how many hundredths of the first the second is.
fn shown(bare: u64, ours: u64) -> String {
    let percent = (ours * 100).checked_div(bare).unwrap_or(0);
    format!("{bare}/{ours}={}.{:02}", percent / 100, percent % 100)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if let [who, name, frames] = arguments.as_slice() {
        let (_, way) = Way::ALL
            .into_iter()
            .find(|(known, _)| known == name)
            .unwrap();
        run(who, way, frames.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let frames = 64_000;
    let mut failed = 0;
    for (name, way) in Way::ALL {
        let begun = Instant::now();
        let best = |who| (0..5).map(|_| run(who, way, frames)).min().unwrap();
        let [bare, ours] =
            ["bare", "ours"].map(|who| u64::try_from(best(who).as_nanos()).unwrap() / frames);
        let [few, many] = ["bare", "ours"].map(|who| allocations(who, way));
        let counted = instructions("bare", name).zip(instructions("ours", name));
        let within = counted.is_none_or(|(bare, ours)| ours * 100 <= bare * way.budget());
        let broken = u8::from(!within) + u8::from(way != Way::Recv && many > 0);
        failed += broken;
        println!(
            "frame_{name} cases={frames} failed={broken} seed=0 wall={:.2}s ns={} \
             allocations={few}/{many} instructions={}",
            begun.elapsed().as_secs_f64(),
            shown(bare, ours),
            counted.map_or("skipped: no valgrind".to_owned(), |(bare, ours)| shown(
                bare, ours
            ))
        );
    }
    ExitCode::from(failed)
}
