//! What goes wrong until a wire is open, each by itself: the dial, TLS, the credential, the account.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon_protocol::{
    AuthError, AuthShape, End, EndedCause, Fault, How, Phase, Secret, Stage, TokenSource, Why,
};
use antiphon_transport::{
    BackoffConfig, FreshToken, TokenCache, WsDial,
    testing::{MemoryNetwork, ScriptedDial},
};
use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep},
};

use crate::support::{
    Words,
    bench::config,
    rig::{Above, audited, rig, settle},
};

// faults: A2 by dials that hang from the first loss on
#[tokio::test(start_paused = true)]
async fn a_dial_that_hangs_after_a_loss_ends_at_its_deadline_too() {
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    rig.peer.hold_dials(true);
    wire.drop_connection();
    let (above, peer) = (rig.above.clone(), rig.peer.clone());
    let (ended, _) = rig.until_end().await;
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
    let ended = above.end();
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
    assert_eq!(above.end().cause, EndedCause::Fault(Fault::Tls));
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
    let (ended, took) = rig.until_end().await;
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
    let (ended, _) = rig.until_end().await;
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
