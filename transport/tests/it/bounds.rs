//! No public async function waits past a stated bound, whatever the peer does.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use antiphon_protocol::{AuthError, AuthShape, Secret, Time, TokenSource, Why};
use antiphon_transport::{
    BackoffConfig, CloseRequest, Input, LinkConfig, WsDial,
    testing::{ByteFault, Faults, MemoryNetwork, PeerWire},
};
use async_trait::async_trait;
use tokio::{io::AsyncWriteExt, time::Instant};

use crate::support::{
    Words,
    bench::config,
    dice::Suite,
    rig::{Rig, audited, in_virtual_time, rig, settle},
};

/// Every public async function of the crate: what bounds it, or why nothing has to.
const FUNCTIONS: &[(&str, &str)] = &[
    ("drive", "the machine's deadlines; the rows below"),
    ("drive_metered", "like drive"),
    ("dial", "dropped by the driver at the link's dial deadline"),
    ("connect", "part of a dial"),
    ("token", "part of a dial"),
    ("accept", "a double waits for the test that holds it"),
    ("recv", "a double waits for the test that holds it"),
    ("hangup", "a double waits for the test that holds it"),
    ("room", "a double waits for the test that holds it"),
];

struct Never;

#[async_trait]
impl TokenSource for Never {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        std::future::pending().await
    }
}

/// A configuration under which the first failure ends the link.
fn once() -> LinkConfig {
    config()
        .connect_attempts(1)
        .backoff(BackoffConfig::default().budget(0))
}

fn hanging_token() -> Words {
    Words {
        auth: Some((AuthShape::Bearer, Arc::new(Never))),
        ..Words::default()
    }
}

/// The time from now until the link has ended.
async fn until_end(rig: Rig) -> Duration {
    let begun = Instant::now();
    rig.task.await.unwrap();
    begun.elapsed()
}

async fn until_closed(rig: Rig, deadline: Option<Time>) -> Duration {
    let begun = Instant::now();
    rig.above.put(Input::Close(CloseRequest {
        deadline,
        dropped: false,
    }));
    rig.task.await.unwrap();
    begun.elapsed()
}

/// A live session, with its peer in a mood.
async fn live(mood: impl FnOnce(&PeerWire)) -> (Rig, PeerWire) {
    let rig = rig(Words::default(), once());
    let wire = rig.accept().await;
    mood(&wire);
    (rig, wire)
}

type Row = (&'static str, Duration, Box<dyn FnOnce() -> Duration>);

fn row<F>(what: &'static str, bound: u64, measure: impl FnOnce() -> F + 'static) -> Row
where
    F: Future<Output = Duration>,
{
    let measure = Box::new(move || in_virtual_time(async { measure().await }));
    (what, Duration::from_secs(bound), measure)
}

fn opening_rows() -> Vec<Row> {
    vec![
        row("a credential that never comes", 15, || async {
            until_end(rig(hanging_token(), once())).await
        }),
        row("a dial that hangs", 15, || async {
            let rig = rig(Words::default(), once());
            rig.peer.hold_dials(true);
            until_end(rig).await
        }),
        row("an upgrade that is never answered", 15, || async {
            websocket(Faults {
                reading: Some((0, ByteFault::Stall)),
                writing: None,
            })
            .await
        }),
        row("an upgrade request that cannot be written", 15, || async {
            websocket(Faults {
                reading: None,
                writing: Some((0, ByteFault::Stall)),
            })
            .await
        }),
        row("a refusal whose body never ends", 2, endless_refusal),
        row("a session that never becomes ready", 15, || async {
            let rig = rig(Words::default(), once());
            let _wire = rig.peer.accept().await;
            until_end(rig).await
        }),
        row("an opening that cannot be written", 15, || async {
            let rig = rig(Words::default(), once());
            let wire = rig.peer.accept().await;
            wire.stall_writes(true);
            until_end(rig).await
        }),
    ]
}

fn living_rows() -> Vec<Row> {
    vec![
        row("a peer that falls silent", 65, || async {
            let (rig, _wire) = live(|wire| wire.answer_pings(false)).await;
            until_end(rig).await
        }),
        row("a peer that takes nothing in", 10, || async {
            let (rig, _wire) = live(|wire| wire.stall_writes(true)).await;
            rig.above.send(1, 0);
            until_end(rig).await
        }),
        row("a peer that hangs up", 0, || async {
            let (rig, _wire) = live(|wire| wire.close(1011, "")).await;
            until_end(rig).await
        }),
    ]
}

fn closing_rows() -> Vec<Row> {
    vec![
        row("close, with a peer that answers", 0, || async {
            let (rig, _wire) = live(|_| {}).await;
            until_closed(rig, None).await
        }),
        row("close, with a peer that does not answer", 2, || async {
            let (rig, _wire) = live(|wire| wire.answer_close(false)).await;
            until_closed(rig, None).await
        }),
        row("close, with a peer that takes nothing in", 2, || async {
            let (rig, _wire) = live(|wire| wire.stall_writes(true)).await;
            rig.above.send(1, 0);
            until_closed(rig, None).await
        }),
        row("close by a deadline that has passed", 0, || async {
            let (rig, _wire) = live(|wire| wire.answer_close(false)).await;
            until_closed(rig, Some(Time::ZERO)).await
        }),
        row("close while a credential is awaited", 0, || async {
            let rig = rig(hanging_token(), once());
            settle().await;
            until_closed(rig, None).await
        }),
        row("close while a dial hangs", 0, || async {
            let rig = rig(Words::default(), once());
            rig.peer.hold_dials(true);
            settle().await;
            until_closed(rig, None).await
        }),
        row("close while the session opens", 0, || async {
            let rig = rig(Words::default(), once());
            let _wire = rig.peer.accept().await;
            settle().await;
            until_closed(rig, None).await
        }),
        row("close while the next attempt is waited for", 0, || async {
            let rig = rig(Words::default(), config());
            rig.accept().await.drop_connection();
            settle().await;
            until_closed(rig, None).await
        }),
        row("close while an old connection drains", 2, || async {
            let rig = rig(Words::default(), config());
            let wire = rig.accept().await;
            wire.answer_close(false);
            rig.above.command(antiphon_transport::LinkCommand::Rotate(
                antiphon_protocol::RotationCause::Request,
            ));
            settle().await;
            until_closed(rig, None).await
        }),
        row("dropping the driver", 0, || async {
            let (rig, wire) = live(|wire| wire.stall_writes(true)).await;
            let begun = Instant::now();
            rig.task.abort();
            let _ = rig.task.await;
            assert!(!wire.is_held());
            begun.elapsed()
        }),
    ]
}

async fn websocket(faults: Faults) -> Duration {
    let (network, listener) = MemoryNetwork::new();
    listener.fault_next(faults);
    let words = Words {
        url: "ws://127.0.0.1/".to_owned(),
        ..Words::default()
    };
    let begun = Instant::now();
    let (_above, task, _audit) = audited(words, once(), WsDial::new().connect_with(network), 1);
    let _stream = listener.accept().await;
    task.await.unwrap();
    begun.elapsed()
}

async fn endless_refusal() -> Duration {
    let (network, listener) = MemoryNetwork::new();
    let words = Words {
        url: "ws://127.0.0.1/".to_owned(),
        ..Words::default()
    };
    let begun = Instant::now();
    let (_above, task, _audit) = audited(words, once(), WsDial::new().connect_with(network), 1);
    let mut stream = listener.accept().await;
    stream
        .write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\nno")
        .await
        .unwrap();
    task.await.unwrap();
    begun.elapsed()
}

#[test]
fn every_wait_ends_in_time() {
    let mut suite = Suite::new("bounds");
    let rows = [opening_rows(), living_rows(), closing_rows()];
    for (what, bound, measure) in rows.into_iter().flatten() {
        let took = measure();
        // One tick of the clock, in which timers are counted.
        let in_time = took <= bound + Duration::from_millis(2);
        // A wait that ends long before its bound was cut short by something else.
        let full = took + Duration::from_millis(1) >= bound;
        suite.case(
            (in_time && full)
                .then_some(())
                .ok_or_else(|| format!("{what}: {took:?}, not {bound:?}")),
        );
    }
    suite.end();
}

/// The names after `async fn` in public functions and in public traits.
fn async_functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            async_functions(&path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let mut in_public_trait = false;
        for line in source.lines() {
            if line.starts_with("pub trait ") {
                in_public_trait = true;
            } else if line.starts_with('}') {
                in_public_trait = false;
            }
            let line = line.trim();
            let name = line
                .strip_prefix("pub async fn ")
                .or_else(|| line.strip_prefix("async fn ").filter(|_| in_public_trait));
            if let Some(name) = name {
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                found.insert(name.split_at(end.unwrap_or(name.len())).0.to_owned());
            }
        }
    }
}

#[test]
fn every_public_async_function_has_a_bound() {
    let mut found = BTreeSet::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    async_functions(&sources, &mut found);
    // A trait of the core that this crate implements in public.
    found.insert("token".to_owned());
    let known: BTreeSet<String> = FUNCTIONS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(found, known);
}
