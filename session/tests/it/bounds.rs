//! No public function of a session waits past its stated bound, whatever the peer does.
//!
//! Each has a row: its name, its bound, and a call that is measured in virtual time under every bad
//! peer below. A function without a row fails the last test, which says so.

use std::{borrow::Cow, path::Path, sync::Arc, time::Duration};

use antiphon_protocol::{
    AuthError, AuthShape, Capabilities, Codec, Command, CommandId, Context, ContextKind, Endpoint,
    Frame, Item, OpeningPlan, Provider, ResponseOptions, Role, Secret, SessionConfig, Sink,
    TokenSource, ToolResult, Unsupported, VideoFrame, Why,
};
use antiphon_session::{EventFilter, Events, Reading, Session, Update, Writing};
use antiphon_transport::testing::{ScriptedDial, ScriptedPeer};
use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::{
    surface,
    toy::{Server, Toy, builder, settle},
};

/// What a peer may do to a live session.
#[derive(Clone, Copy, Debug)]
enum Peer {
    /// Takes everything in and never says another word.
    Silent,
    /// Takes nothing in, and says nothing.
    Stalled,
    /// Has gone; whoever dials hangs.
    Away,
    /// Answers with a flood of audio that nobody reads, until reading pauses.
    Flooding,
}

const PEERS: [Peer; 4] = [Peer::Silent, Peer::Stalled, Peer::Away, Peer::Flooding];

impl Peer {
    fn begin(self, peer: &ScriptedPeer, server: &Server) {
        server.wire.answer_pings(false);
        server.wire.answer_close(false);
        match self {
            Self::Silent => {}
            Self::Stalled => server.wire.stall_writes(true),
            Self::Away => server.wire.drop_connection(),
            Self::Flooding => {
                server.say("started r1");
                for _ in 0..1000 {
                    server.say("audio r1 a 1000");
                }
            }
        }
        peer.hold_dials(true);
    }
}

struct Row {
    name: &'static str,
    /// In seconds.
    bound: u64,
    call: Call,
}

type Call = fn(Session, Events) -> BoxFuture<'static, ()>;

/// One function's row. The call may do anything but return early.
const fn row(name: &'static str, bound: u64, call: Call) -> Row {
    Row { name, bound, call }
}

/// A row whose call uses the handle alone, while the reader stands still.
macro_rules! row {
    ($name:literal, $bound:literal, $session:ident => $call:expr) => {
        row($name, $bound, |$session, events| {
            Box::pin(async move {
                let _ = $call.await;
                drop(events);
            })
        })
    };
}

/// A command waits 15 s for a connection, or 10 s to be written and as long to be refused.
const ROWS: &[Row] = &[
    row!("Session::send_audio", 10, s => s.send_audio(vec![0; 480_000])),
    row!("Session::commit_audio", 15, s => s.commit_audio()),
    row!("Session::clear_audio", 15, s => s.clear_audio()),
    row!("Session::activity_start", 15, s => s.activity_start()),
    row!("Session::activity_end", 15, s => s.activity_end()),
    row!("Session::audio_stream_end", 15, s => s.audio_stream_end()),
    row!("Session::send_text", 30, s => s.send_text("hello")),
    row!("Session::add_items", 15, s => s.add_items(vec![Item::text(Role::User, "hello")])),
    row!("Session::create_response", 30, s => s.create_response(ResponseOptions::default())),
    row!("Session::send_tool_results", 15, s => s.send_tool_results(vec![ToolResult::new("c".into(), "tool", "done")])),
    row!("Session::interrupt", 5, s => s.interrupt()),
    row!("Session::truncate", 15, s => s.truncate("a".into(), 0)),
    row!("Session::cancel_response", 15, s => s.cancel_response()),
    row!("Session::configure", 15, s => s.configure(SessionConfig::new("m"))),
    row!("Session::send_native", 15, s => s.send_native(RawValue::from_string("{}".into()).unwrap())),
    row!("Session::mute", 1, s => s.mute(true)),
    row!("Session::send_audio_base64", 10, s => async move { let chunk = "AAAA".repeat(80_000); drop(s.send_audio_base64(&chunk).await) }),
    row!("Session::send_image", 15, s => s.send_image("image/png", vec![1], None)),
    row!("Session::send_video_frame", 15, s => s.send_video_frame(VideoFrame { mime: "image/jpeg".into(), data: vec![1].into() })),
    row!("Session::add_context", 15, s => s.add_context(ContextKind::Thinking, "it rains")),
    row!("Session::send_context", 15, s => s.send_context(Context { kind: ContextKind::Thinking, text: "it rains".into(), delegation: None })),
    row!("Session::release_delegation", 1, s => s.release_delegation("d".into())),
    row("Session::ask", 150, |s, mut events| {
        Box::pin(async move {
            let _ = s.ask(&mut events, "hello").await;
        })
    }),
    row("Session::ask_aloud", 160, |s, mut events| {
        Box::pin(async move {
            let _ = s.ask_aloud(&mut events, vec![0; 9600]).await;
        })
    }),
    row("Session::answer", 120, |s, mut events| {
        Box::pin(async move {
            let _ = s.answer(&mut events).await;
        })
    }),
    row!("Writing::audio", 10, s => Writing::audio(&s, vec![0; 480_000].into())),
    row!("Writing::text", 30, s => Writing::text(&s, "hello".into())),
    row!("Writing::tool_results", 15, s => Writing::tool_results(&s, vec![ToolResult::new("c".into(), "tool", "done")])),
    row!("Writing::interruption", 5, s => Writing::interruption(&s)),
    row!("Writing::end", 2, s => Writing::end(&s)),
    row!("Session::update", 50, s => s.update(Update::change(|config| config.voice("v")))),
    row!("Session::usage", 1, s => s.usage()),
    row!("Session::snapshot", 1, s => s.snapshot()),
    row!("Session::history", 1, s => s.history()),
    row!("Session::close", 2, s => s.close()),
    row!("Session::close_within", 1, s => s.close_within(Duration::from_secs(1))),
    // These wait for whatever comes, and the end of the session is what comes at the latest: a dead
    // peer is found after 65 s, and five dials that hang use up the budget of attempts.
    row!("Session::closed", 600, s => s.closed()),
    row("Events::next", 600, |_session, mut events| {
        Box::pin(async move { while events.next().await.is_some() {} })
    }),
    row("Reading::next_event", 600, |_session, mut events| {
        Box::pin(async move { while events.next_event().await.is_some() {} })
    }),
    row("Observer::next", 600, |session, events| {
        let mut observer = session.observe(EventFilter::ALL);
        Box::pin(async move {
            while observer.next().await.is_some() {}
            drop((session, events));
        })
    }),
];

async fn measure(row: &Row, bad: Peer) -> Duration {
    let (dial, peer) = ScriptedDial::new();
    let connect = Session::builder(Willing { credential: true }).dial(dial);
    let (connected, server) = tokio::join!(connect.seed(7).connect(), Server::ready(&peer));
    let (session, events) = connected.unwrap();
    for line in ["started r0", "call r0 c", "done r0 completed"] {
        server.say(line);
    }
    bad.begin(&peer, &server);
    settle().await;
    let begun = Instant::now();
    (row.call)(session, events).await;
    begun.elapsed()
}

#[test]
fn every_call_ends_in_time() {
    let begun = std::time::Instant::now();
    let mut cases = 0;
    let mut late = Vec::new();
    for row in ROWS {
        for bad in PEERS {
            let took = in_virtual_time(measure(row, bad));
            cases += 1;
            if took > Duration::from_secs(row.bound) + Duration::from_millis(2) {
                late.push(format!(
                    "{} with a peer that is {bad:?}: {took:?}",
                    row.name
                ));
            }
        }
    }
    println!(
        "session_bounds cases={cases} failed={} seed=7 wall={:.2}s",
        late.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(late.is_empty(), "{late:#?}");
}

/// The toy, with words for every command.
struct Willing {
    /// Whether a credential is to be had, or is waited for without end.
    credential: bool,
}

impl Provider for Willing {
    fn name(&self) -> &'static str {
        "willing"
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        Cow::Owned(Toy::new().capabilities(model).into_owned())
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let (mut endpoint, codec) = Toy::new().open(plan)?;
        if !self.credential {
            endpoint.auth = Some((AuthShape::Bearer, Arc::new(Never)));
        }
        Ok((endpoint, Box::new(WillingCodec(codec))))
    }
}

struct WillingCodec(Box<dyn Codec>);

impl Codec for WillingCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        self.0.start(out);
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        self.0.decode(frame, out);
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if self.0.encode(id, command, out).is_err() {
            out.send(Frame::text(format!("{} {id}", command.name())));
        }
        Ok(())
    }
}

struct Never;

#[async_trait]
impl TokenSource for Never {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        std::future::pending().await
    }
}

/// Three dials of 15 s each, three openings of 15 s, and the waits of at most 0.5 and 1 s between.
const CONNECT: u64 = 92;

#[tokio::test(start_paused = true)]
async fn connect_ends_in_time() {
    let (dial, peer) = ScriptedDial::new();
    peer.hold_dials(true);
    let begun = Instant::now();
    assert!(builder(dial).connect().await.is_err(), "dials hang");
    assert!(begun.elapsed() <= Duration::from_secs(3 * 15 + 2));

    let (dial, peer) = ScriptedDial::new();
    let accepting = tokio::spawn(async move {
        let mut wires = Vec::new();
        loop {
            wires.push(peer.accept().await);
        }
    });
    let begun = Instant::now();
    assert!(builder(dial).connect().await.is_err(), "nobody speaks");
    assert!(begun.elapsed() <= Duration::from_secs(CONNECT));
    accepting.abort();

    let (dial, _peer) = ScriptedDial::new();
    let begun = Instant::now();
    let connect = Session::builder(Willing { credential: false })
        .dial(dial)
        .connect();
    assert!(connect.await.is_err(), "no credential comes");
    assert!(begun.elapsed() <= Duration::from_secs(3 * 15 + 2));
}

#[test]
fn every_public_function_that_waits_has_a_row() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let others = [
        "SessionBuilder::connect",
        "Toy::live",
        "Toy::live_with",
        "Toy::recorded",
    ];
    // A test's own side waits for what the test says that the session will do.
    let testing = [
        "ToyServer::expect",
        "ToyServer::grant",
        "ToyServer::greeted",
        "ToyServer::hear",
        "ToyServer::hear_words",
        "ToyServer::opened",
        "ToyServer::ready",
        "settle",
        "until",
    ];
    let rows: Vec<_> = ROWS
        .iter()
        .map(|row| row.name)
        .chain(others)
        .chain(testing)
        .collect();
    surface::assert_complete(&sources, &rows);
}

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}
