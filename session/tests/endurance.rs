//! Slow readers, many sessions one after the other, and long calls: no word is lost, every sample and
//! call is accounted for, and nothing grows.
//!
//! A program of its own, because it measures the heap of the process; its tests take turns.

#![expect(
    clippy::unwrap_used,
    reason = "a test states what it expects by panicking"
)]

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use antiphon_protocol::{Event, EventClass, Item, Role, ToolResult};
use antiphon_session::{
    EventFilter, Events, Limits, Observed, Session,
    testing::{Toy, ToyServer as Server, assert_accounted, settle},
};
use antiphon_transport::testing::ScriptedPeer;
use futures::future::join_all;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Tests that measure must not run beside others.
static TURN: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

fn my_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nightly() -> bool {
    std::env::var("ANTIPHON_TIER").as_deref() == Ok("nightly")
}

fn virtual_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Open files of this process, where the system tells.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Ten minutes of speech, with a word after each tenth of a second, for a reader that stalls.
async fn stalled_reader() {
    const PIECES: usize = 6000;
    const PIECE: usize = 4800;
    let mut limits = Limits::default();
    limits.reader_stall = Duration::from_secs(60);
    let most = limits.inbox_bytes + 2 * MIB;
    let toy = Toy::new();
    let live = toy.live_with(|builder| builder.limits(limits)).await;
    let (session, mut events, _peer, server) = live.unwrap();
    let mut observer = session.observe(EventFilter::ALL);
    server.say("started r1");
    for n in 0..PIECES {
        server.say("audio r1 a 100");
        server.say(&format!("text r1 {n}"));
    }
    server.say("done r1 completed");
    // What the network holds is the peer's; from here on only the session grows.
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let grown = HEAP.peak_usage() - before;
    assert!(grown <= most, "the session holds {grown} bytes");
    assert!(session.state().borrow().ended.is_none());
    assert!(server.wire.unread_bytes() > 0, "reading is paused");

    let (mut words, mut audio) = (0, 0_usize);
    loop {
        match events.next().await.unwrap() {
            Event::OutputText(text) => {
                assert_eq!(text.text, words.to_string(), "in order, none missing");
                words += 1;
            }
            Event::Audio(chunk) => audio += chunk.data.len(),
            Event::ResponseDone(_) => break,
            _ => {}
        }
    }
    assert_eq!((words, audio), (PIECES, PIECES * PIECE));
    let grown = HEAP.peak_usage() - before;
    assert!(grown <= most, "it has held {grown} bytes");

    session.close().await;
    let (mut media, mut texts) = ((0, 0), (0, 0));
    while let Some(observed) = observer.next().await {
        match observed {
            Observed::Event(event) if event.class() == EventClass::Media => media.0 += 1,
            Observed::Event(event) if event.class() == EventClass::Text => texts.0 += 1,
            Observed::Event(_) => {}
            Observed::Lagged(lag) => {
                media.1 += lag.of(EventClass::Media);
                texts.1 += lag.of(EventClass::Text);
            }
        }
    }
    assert!(
        media.1 > 0 && texts.1 > 0,
        "it read nothing for half a minute"
    );
    assert_eq!(media.0 + media.1, PIECES as u64, "what it missed is told");
    assert_eq!(texts.0 + texts.1, PIECES as u64, "exactly, and by class");
}

#[test]
fn a_reader_that_stalls_for_half_a_minute_loses_no_word_and_observers_are_told_their_lag() {
    let _turn = my_turn();
    let begun = Instant::now();
    virtual_time().block_on(stalled_reader());
    println!(
        "stalled_reader cases=1 failed=0 seed=7 wall={:.2}s",
        begun.elapsed().as_secs_f64()
    );
}

async fn cycle(n: u32) {
    let (session, events, _peer, server) = Toy::new().live().await.unwrap();
    match n % 3 {
        0 => drop(session.close().await),
        1 => drop((session, events)),
        _ => {
            server.wire.drop_connection();
            settle().await;
            session.close().await;
        }
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
}

#[test]
fn connecting_and_closing_leaves_nothing_behind() {
    let _turn = my_turn();
    let begun = Instant::now();
    let cases = if nightly() { 10_000 } else { 500 };
    let run = virtual_time();
    let (heap, files) = run.block_on(async {
        // Whatever is made once is there after the first few.
        for n in 0..cases / 10 {
            cycle(n).await;
        }
        let before = (HEAP.current_usage(), descriptors());
        for n in 0..cases {
            cycle(n).await;
        }
        let after = (HEAP.current_usage(), descriptors());
        (
            after.0.saturating_sub(before.0),
            after.1.saturating_sub(before.1),
        )
    });
    let tasks = run.metrics().num_alive_tasks();
    // A few bytes more or less are the runtime's own tables.
    let failed = usize::from(tasks > 0 || files > 0 || heap > 16 * 1024);
    println!(
        "session_cycles cases={cases} failed={failed} seed=7 tasks={tasks} files={files} \
         heap={heap} wall={:.2}s",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(failed, 0, "something outlives its session");
}

/// One session of a long call, and what its reader has seen.
struct Call {
    session: Session,
    peer: ScriptedPeer,
    server: Server,
    read: tokio::task::JoinHandle<Seen>,
    number: u64,
    taken: u64,
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    calls: u64,
    void: u64,
    rotations: u64,
    ends: u64,
}

async fn read(mut events: Events) -> Seen {
    let mut seen = Seen::default();
    while let Some(event) = events.next().await {
        match event {
            Event::ToolCall(_) => seen.calls += 1,
            Event::Rotated(rotation) => {
                seen.rotations += 1;
                seen.void += rotation.losses.calls_void.len() as u64;
            }
            Event::Ended(_) => seen.ends += 1,
            _ => {}
        }
    }
    seen
}

impl Call {
    async fn begin() -> Self {
        let (session, events, peer, server) = Toy::new().live().await.unwrap();
        let mut call = Self {
            session,
            peer,
            server,
            read: tokio::spawn(read(events)),
            number: 0,
            taken: 0,
        };
        // What is kept of the past is bounded, and full before anything is measured.
        for n in 0..1100 {
            let words = vec![Item::text(Role::User, "a word or two")];
            call.session.add_items(words).await.unwrap();
            call.exchange(n % 2 == 0).await;
        }
        call
    }

    /// One response with a call, answered or left open.
    async fn exchange(&mut self, answered: bool) {
        self.number += 1;
        let n = self.number;
        self.server.say(&format!("started r{n}"));
        self.server.say(&format!("call r{n} c{n}"));
        self.server.say(&format!("done r{n} completed 10"));
        settle().await;
        if answered {
            let result = ToolResult::new(format!("c{n}").into(), "tool", "ok");
            let sent = self.session.send_tool_results(vec![result]).await;
            self.taken += u64::from(sent.is_ok());
        }
        while self.server.wire.try_recv().is_some() {}
    }

    /// A minute: speech both ways, calls, interruptions; every other one ends with a lost connection.
    async fn minute(&mut self, minute: u64) {
        for second in 0..60 {
            for _ in 0..10 {
                self.session.send_audio(vec![1; 4800]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            match second % 10 {
                1 => self.exchange(second < 50).await,
                2 => {
                    let n = self.number;
                    self.server.say(&format!("started s{n}-{second}"));
                    self.server
                        .say(&format!("audio s{n}-{second} i{n}-{second} 3000"));
                }
                4 if second >= 30 => self.server.say("speech"),
                5 => {
                    let n = self.number;
                    self.server
                        .say(&format!("done s{n}-{} completed 10", second - 3));
                }
                8 => self.server.say("silence"),
                _ => {}
            }
            while self.server.wire.try_recv().is_some() {}
        }
        if minute % 2 == 1 {
            self.server.wire.drop_connection();
            self.server = Server::opened(&self.peer).await.0;
            settle().await;
        }
    }

    async fn end(self, minutes: u64) {
        self.session.close().await;
        assert_accounted(&self.session.state().borrow());
        let seen = self.read.await.unwrap();
        assert_eq!((seen.rotations, seen.ends), (minutes / 2, 1), "{seen:?}");
        assert_eq!(seen.calls, self.number, "each call is told once");
        assert!(self.taken + seen.void >= seen.calls, "{seen:?}: forgotten");
    }
}

/// So many calls at once, of so many minutes; the heap after a tenth of the time, and at the end.
async fn soak(calls: usize, minutes: u64) -> (usize, usize) {
    let mut calls = join_all((0..calls).map(|_| Call::begin())).await;
    let mut early = 0;
    for minute in 0..minutes {
        join_all(calls.iter_mut().map(|call| call.minute(minute))).await;
        if minute + 1 == minutes.div_ceil(10) {
            early = HEAP.current_usage();
        }
    }
    let late = HEAP.current_usage();
    join_all(calls.into_iter().map(|call| call.end(minutes))).await;
    (early, late)
}

#[test]
fn long_calls_with_drops_account_for_every_sample_and_every_call_and_do_not_grow() {
    let _turn = my_turn();
    let begun = Instant::now();
    let (calls, minutes) = if nightly() { (100, 60) } else { (2, 20) };
    let run = virtual_time();
    let (early, late) = run.block_on(soak(calls, minutes));
    let tasks = run.metrics().num_alive_tasks();
    let grown = late > early + early / 20;
    println!(
        "session_soak cases={calls} failed={} seed=7 minutes={minutes} heap={early}..{late} \
         tasks={tasks} wall={:.2}s",
        u8::from(grown || tasks > 0),
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(tasks, 0, "tasks are left");
    assert!(!grown, "from {early} to {late} bytes");
}
