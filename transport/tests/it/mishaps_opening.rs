//! What goes wrong until a session is ready, each by itself: the dial, the credential, the dialogue.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon_protocol::{
    AuthError, AuthShape, Capabilities, Codec, End, Ended, EndedCause, Endpoint, Fault, Frame, How,
    Item, ItemKind, OpeningPlan, Phase, Provider, ResumeToken, Retry, Role, RotationCause, Secret,
    Stage, TokenSource, Unsupported, Why,
};
use antiphon_transport::{
    BackoffConfig, FreshToken, LinkCommand, LinkOutput, TokenCache, WsDial,
    testing::{MemoryNetwork, ScriptedDial},
};
use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep, timeout},
};

use crate::support::{
    Bench, Words,
    bench::config,
    rig::{Above, Rig, audited, rig, settle},
};

fn end_of(above: &Above) -> Ended {
    let desk = above.desk.lock().unwrap();
    match desk.heard.last() {
        Some((_, LinkOutput::Closed(ended))) => ended.clone(),
        other => panic!("not closed: {other:?}"),
    }
}

async fn until_end(rig: Rig) -> (Ended, Duration) {
    let begun = Instant::now();
    rig.task.await.unwrap();
    (end_of(&rig.above), begun.elapsed())
}

// faults: A2 by dials that hang from the first loss on
#[tokio::test(start_paused = true)]
async fn a_dial_that_hangs_after_a_loss_ends_at_its_deadline_too() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    rig.peer.hold_dials(true);
    wire.drop_connection();
    let (above, peer) = (rig.above.clone(), rig.peer.clone());
    let (ended, _) = until_end(rig).await;
    assert_eq!(ended.cause, EndedCause::BudgetSpent(Fault::Timeout));
    assert!(ended.retry_could_help);
    let phases = above.phases();
    let hung: Vec<_> = phases
        .windows(2)
        .skip(1)
        .filter(|pair| matches!(pair[0].1, Phase::Dialing { .. }))
        .map(|pair| (pair[1].0 - pair[0].0).as_millis())
        .collect();
    assert!(hung.len() >= 4, "{hung:?}");
    assert!(
        hung[1..]
            .iter()
            .all(|took| (15_000..=15_002).contains(took)),
        "{hung:?}"
    );
    assert_eq!((peer.most_in_flight(), peer.in_flight()), (1, 0));
}

fn over(network: MemoryNetwork, url: &str) -> (Above, tokio::task::JoinHandle<()>) {
    let words = Words {
        url: url.to_owned(),
        ..Words::default()
    };
    let once = config()
        .connect_attempts(1)
        .backoff(BackoffConfig::default().budget(0));
    let (above, task, _) = audited(words, once, WsDial::new().connect_with(network), 1);
    (above, task)
}

// faults: A3 by a peer that takes the socket and never answers the TLS hello
#[tokio::test(start_paused = true)]
async fn a_peer_that_is_silent_in_the_tls_handshake_is_given_up_and_the_stage_named() {
    let (network, listener) = MemoryNetwork::new();
    let begun = Instant::now();
    let (above, task) = over(network, "wss://127.0.0.1/");
    let _held = listener.accept().await;
    task.await.unwrap();
    let ended = end_of(&above);
    assert_eq!(ended.stage, Some(Stage::Tls));
    assert!(
        ended.reason.as_str().contains("TLS handshake"),
        "{}",
        ended.reason
    );
    assert!(begun.elapsed() <= Duration::from_millis(15_002));
}

// faults: A5 by a TLS connection in a process that has installed no provider of cryptography
#[tokio::test(start_paused = true)]
async fn nobody_has_to_install_cryptography() {
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    let (network, listener) = MemoryNetwork::new();
    let (above, task) = over(network, "wss://127.0.0.1/");
    let mut stream = listener.accept().await;
    let mut hello = [0; 5];
    stream.read_exact(&mut hello).await.unwrap();
    assert_eq!(hello[0], 0x16, "a TLS handshake has begun");
    stream
        .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .await
        .unwrap();
    task.await.unwrap();
    assert_eq!(end_of(&above).cause, EndedCause::Fault(Fault::Tls));
    assert!(
        rustls::crypto::CryptoProvider::get_default().is_none(),
        "nor does this crate"
    );
}

/// Meets every connection with a close frame, and says what became of the link and how many there were.
async fn accepted_and_closed(ready_first: bool, code: u16) -> (EndedCause, usize, Duration) {
    let rig = rig(Words::default(), config());
    let peer = rig.peer.clone();
    let other_side = tokio::spawn(async move {
        loop {
            let wire = peer.accept().await;
            if ready_first {
                wire.send_text("ready");
                settle().await;
            }
            wire.close(code, "");
        }
    });
    let peer = rig.peer.clone();
    let (ended, took) = until_end(rig).await;
    other_side.abort();
    (ended.cause, peer.dials(), took)
}

// faults: A12, D20 by a peer that upgrades each connection and closes it at once with 1008 or 1011
#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_and_closes_is_tried_only_so_often() {
    for (ready_first, code, cause, dials) in [
        (false, 1008, EndedCause::Fault(Fault::Invalid), 1),
        (true, 1008, EndedCause::Fault(Fault::Invalid), 2),
        (false, 1011, EndedCause::BudgetSpent(Fault::Server), 3),
        (true, 1011, EndedCause::BudgetSpent(Fault::Server), 11),
    ] {
        let (ended, dialed, took) = accepted_and_closed(ready_first, code).await;
        assert_eq!((ended, dialed), (cause, dials), "{code} {ready_first}");
        assert!(took <= Duration::from_secs(15 * 60), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_code_that_nobody_knows_is_worth_three_more_attempts() {
    let (ended, dials, _) = accepted_and_closed(true, 4321).await;
    assert_eq!((ended, dials), (EndedCause::Fault(Fault::Unknown), 4));
}

// faults: A14 by an account that refuses each further session with status 429
#[tokio::test(start_paused = true)]
async fn a_full_account_is_asked_again_only_after_random_waits() {
    let full = || End::new(Stage::Upgrade, How::Status).with_status(429);
    let mut waits = Vec::new();
    for seed in 0..20 {
        let (dial, peer) = ScriptedDial::new();
        peer.refuse_next(full());
        peer.refuse_next(full());
        let (above, task, _) = audited(Words::default(), config(), dial, seed);
        let _wire = peer.accept().await;
        waits.extend(above.phases().iter().filter_map(|(_, phase)| match phase {
            Phase::Waiting { delay, .. } => Some(*delay),
            _ => None,
        }));
        task.abort();
    }
    assert_eq!(waits.len(), 40);
    assert!(
        waits
            .iter()
            .all(|wait| !wait.is_zero() && *wait <= Duration::from_secs(1))
    );
    waits.sort();
    waits.dedup();
    assert_eq!(waits.len(), 40, "no two clients wait equally long");

    let rig = rig(Words::default(), config());
    for _ in 0..3 {
        rig.peer.refuse_next(full());
    }
    let (ended, _) = until_end(rig).await;
    assert_eq!(ended.cause, EndedCause::BudgetSpent(Fault::RateLimit));
    assert_eq!(ended.status, Some(429));
}

/// Mints a credential for one use.
struct SingleUse(AtomicU32);

#[async_trait]
impl TokenSource for SingleUse {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Secret::from(format!("single-use-{number}")))
    }
}

// faults: A18 by credentials that are each good for one connection
#[tokio::test(start_paused = true)]
async fn each_connection_has_a_credential_of_its_own() {
    let source = Arc::new(SingleUse(AtomicU32::new(0)));
    let words = Words {
        auth: Some((AuthShape::Bearer, source)),
        ..Words::default()
    };
    let rig = rig(words, config());
    for number in 0..3 {
        let wire = rig.accept().await;
        let offered = wire.token().map(|token| token.expose().to_owned());
        assert_eq!(offered, Some(format!("single-use-{number}")));
        wire.drop_connection();
    }
    rig.close().await;
}

// faults: A20 by a credential that is good for a minute, on a connection of an hour
#[tokio::test(start_paused = true)]
async fn a_credential_that_runs_out_ends_no_connection() {
    let fetched = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&fetched);
    let cache = TokenCache::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async {
            Ok(FreshToken {
                token: Secret::from("token"),
                valid_for: Some(Duration::from_secs(60)),
            })
        }
    });
    let words = Words {
        auth: Some((AuthShape::Bearer, Arc::new(cache))),
        ..Words::default()
    };
    let rig = rig(words, config());
    let wire = rig.accept().await;
    sleep(Duration::from_secs(3600)).await;
    assert!(wire.is_held());
    assert_eq!((rig.peer.dials(), fetched.load(Ordering::Relaxed)), (1, 1));
    rig.close().await;
}

// faults: B2, B3 by close frames with a reason in place of an acceptance
#[tokio::test(start_paused = true)]
async fn a_refusal_by_close_frame_is_told_at_once_with_its_words() {
    for (code, reason) in [
        (1007, "API key expired. Please renew the API key."),
        (1008, "model-9 is not found for this API version"),
    ] {
        let rig = rig(Words::default(), config());
        let wire = rig.peer.accept().await;
        wire.close(code, reason);
        let (above, peer) = (rig.above.clone(), rig.peer.clone());
        let took = timeout(Duration::from_secs(1), until_end(rig)).await;
        assert!(took.is_ok_and(|(_, took)| took <= Duration::from_millis(1)));
        let ended = end_of(&above);
        assert_eq!(ended.code, Some(code));
        assert_eq!(ended.reason.as_str(), reason);
        assert_eq!(ended.stage, Some(Stage::Opening));
        assert_eq!(peer.dials(), 1);
    }
}

// faults: B5, C22, H7 by a hundred losses in a row, each after the peer counted what it was told
#[tokio::test(start_paused = true)]
async fn a_hundred_lives_each_begin_once_and_leave_nothing_to_the_next() {
    let rig = rig(
        Words::default(),
        config().backoff(BackoffConfig::retry_for_ever()),
    );
    let mut gone = Vec::new();
    for life in 0..100 {
        let wire = rig.accept().await;
        rig.above.send(life, 1);
        let mut said = Vec::new();
        settle().await;
        while let Some(frame) = wire.try_recv() {
            said.push(frame);
        }
        // The opening was taken by `accept`, and there is no other.
        assert_eq!(said, [Frame::text(format!("commit {life}"))]);
        wire.drop_connection();
        gone.push(wire);
    }
    let last = rig.accept().await;
    assert!(
        gone.iter().all(|wire| !wire.is_held()),
        "an old wire is still held"
    );
    assert_eq!(rig.peer.most_in_flight(), 1);
    drop(last);
    rig.close().await;
}

// faults: B7 by a peer that speaks before it listens, and one that listens first
#[tokio::test(start_paused = true)]
async fn either_side_may_speak_first() {
    let eager = rig(Words::default(), config());
    let wire = eager.peer.accept().await;
    wire.send_text("ready");
    settle().await;
    assert!(matches!(
        eager.above.phases().last(),
        Some((_, Phase::Live))
    ));
    assert_eq!(
        wire.recv().await,
        Some(Frame::text("hello")),
        "it was said all the same"
    );
    eager.close().await;

    let patient = rig(Words::default(), config());
    let wire = patient.peer.accept().await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(wire.recv().await, Some(Frame::text("hello")));
    wire.send_text("ready");
    settle().await;
    assert!(matches!(
        patient.above.phases().last(),
        Some((_, Phase::Live))
    ));
    patient.close().await;
}

// faults: B8 by openings that are refused, closed, garbled or never answered
#[tokio::test(start_paused = true)]
async fn a_failed_opening_leaves_nothing_behind() {
    let tasks = tokio::runtime::Handle::current().metrics();
    let before = tasks.num_alive_tasks();
    for way in ["refused", "1007", "garbage", "silence"] {
        let rig = rig(Words::default(), config().connect_attempts(1));
        let wire = rig.peer.accept().await;
        match way {
            "1007" => wire.close(1007, "no"),
            "silence" => {}
            "garbage" => (0..3).for_each(|_| wire.send_text("null")),
            word => wire.send_text(word),
        }
        let peer = rig.peer.clone();
        let (ended, _) = until_end(rig).await;
        assert_eq!(ended.stage, Some(Stage::Opening), "{way}");
        assert!(!wire.is_held(), "{way}: the wire is still held");
        assert_eq!(peer.in_flight(), 0, "{way}");
        settle().await;
        assert_eq!(tasks.num_alive_tasks(), before, "{way}");
    }
}

// faults: B10, C15 by a peer that closes with 1007 on the history it is told
#[test]
fn history_that_is_refused_is_not_told_again_and_again() {
    let mut bench = Bench::live(Words::default());
    bench.cut();
    bench.pass_until_plan();
    bench.plan_with(seeded(None));
    bench.open();
    bench.take();
    bench.lose(
        End::new(Stage::Live, How::CloseFrame)
            .with_code(1007)
            .because("the input context is too long"),
    );
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::Fault(Fault::Invalid));
    assert_eq!(ended.reason.as_str(), "the input context is too long");
    assert_eq!(bench.plans_wanted(), 0);
}

fn seeded(resume: Option<&str>) -> OpeningPlan {
    OpeningPlan {
        seed: vec![Item::text(Role::User, "what was said")],
        bridge: Some("we were cut off".to_owned()),
        resume: resume.map(|handle| ResumeToken(Secret::from(handle))),
        ..Words::plan()
    }
}

/// Keeps the plans it was asked to open.
struct Keeps(Words, Arc<Mutex<Vec<OpeningPlan>>>);

impl Provider for Keeps {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        self.0.capabilities(model)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        self.1.lock().unwrap().push(plan.clone());
        self.0.open(plan)
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        self.0.classify(end)
    }
}

// faults: B11 by a plan with every option set, compared with what the provider is given
#[test]
fn a_plan_reaches_the_provider_as_it_was_made() {
    let plans = Arc::default();
    let mut bench = Bench::with(Keeps(Words::default(), Arc::clone(&plans)), config());
    bench.command(LinkCommand::Start);
    bench.plan_with(seeded(Some("handle")));
    bench.open();
    bench.hear("ready");
    bench.command(LinkCommand::Rotate(RotationCause::Request));
    bench.plan_with(seeded(None));
    let plans = plans.lock().unwrap();
    let words = |item: &Item| matches!(&item.kind, ItemKind::Message { .. });
    for (plan, handle) in plans.iter().zip([Some("handle"), None]) {
        let resume = plan.resume.as_ref().map(|token| token.0.expose());
        assert_eq!(resume, handle);
        assert_eq!(plan.bridge.as_deref(), Some("we were cut off"));
        assert!(plan.seed.len() == 1 && plan.seed.iter().all(words));
        assert_eq!(plan.config.model, "words-1");
    }
    assert_eq!(plans.len(), 2);
}

// faults: I1, I12 by reading the raw request of an upgrade with a key
#[tokio::test(start_paused = true)]
async fn a_key_travels_in_one_header_and_nowhere_else() {
    let (network, listener) = MemoryNetwork::new();
    let words = Words {
        url: "ws://127.0.0.1/v1/live?model=m".to_owned(),
        auth: Some((AuthShape::Bearer, Arc::new(Secret::from("sk-canary-8")))),
        ..Words::default()
    };
    let dial = WsDial::new().connect_with(network);
    let (above, task, _) = audited(words, config(), dial, 1);
    let mut stream = listener.accept().await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(
        head.starts_with("GET /v1/live?model=m HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(head.matches("sk-canary-8").count(), 1, "{head}");
    let lines = head.to_ascii_lowercase();
    assert!(
        lines.contains("\r\nauthorization: bearer sk-canary-8\r\n"),
        "{head}"
    );
    assert!(!lines.contains("sec-websocket-protocol"), "{head}");
    above.close();
    task.await.unwrap();
}
