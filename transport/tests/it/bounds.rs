//! No public function of this crate waits past its stated bound, whatever the peer does.
//!
//! Each row names the function that is waited for, what goes wrong, the bound in seconds, and a call
//! that is measured in virtual time. A function without a row fails the last test, which says so.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_protocol::{AuthError, AuthShape, End, Secret, Time, TokenSource, Why};
use antiphon_transport::{
    BackoffConfig, Clock, CloseRequest, Connect, Destination, DialProgress, Input, Link,
    LinkConfig, Socket, TokenCache, WsDial, drive_metered,
    testing::{ByteFault, Faults, MemoryNetwork, PeerWire, ScriptedDial},
};
use async_trait::async_trait;
use tokio::{io::AsyncWriteExt, time::Instant};

use crate::{
    support::{
        Words,
        bench::config,
        dice::Suite,
        rig::{Above, Rig, audited, in_virtual_time, rig, settle},
    },
    surface,
};

struct Never;

#[async_trait]
impl TokenSource for Never {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        std::future::pending().await
    }
}

/// Makes connections that are never there.
struct Nowhere;

#[async_trait]
impl Connect for Nowhere {
    async fn connect(
        &self,
        _destination: &Destination,
        _progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
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

struct Row {
    function: &'static str,
    what: &'static str,
    bound: Duration,
    measure: Box<dyn FnOnce() -> Duration>,
}

fn row<F>(
    function: &'static str,
    what: &'static str,
    bound: u64,
    measure: impl FnOnce() -> F + 'static,
) -> Row
where
    F: Future<Output = Duration>,
{
    Row {
        function,
        what,
        bound: Duration::from_secs(bound),
        measure: Box::new(move || in_virtual_time(async { measure().await })),
    }
}

fn opening_rows() -> Vec<Row> {
    vec![
        row("drive", "a credential that never comes", 15, || async {
            until_end(rig(hanging_token(), once())).await
        }),
        row("Dial::dial", "a dial that hangs", 15, || async {
            let rig = rig(Words::default(), once());
            rig.peer.hold_dials(true);
            until_end(rig).await
        }),
        row(
            "Dial::dial",
            "an upgrade that is never answered",
            15,
            || async {
                websocket(Faults {
                    reading: Some((0, ByteFault::Stall)),
                    writing: None,
                })
                .await
            },
        ),
        row(
            "Dial::dial",
            "an upgrade request that cannot be written",
            15,
            || async {
                websocket(Faults {
                    reading: None,
                    writing: Some((0, ByteFault::Stall)),
                })
                .await
            },
        ),
        row(
            "Dial::dial",
            "a refusal whose body never ends",
            2,
            endless_refusal,
        ),
        row(
            "drive",
            "a session that never becomes ready",
            15,
            || async {
                let rig = rig(Words::default(), once());
                let _wire = rig.peer.accept().await;
                until_end(rig).await
            },
        ),
        row("drive", "an opening that cannot be written", 15, || async {
            let rig = rig(Words::default(), once());
            let wire = rig.peer.accept().await;
            wire.stall_writes(true);
            until_end(rig).await
        }),
    ]
}

fn living_rows() -> Vec<Row> {
    vec![
        row("drive", "a peer that falls silent", 65, || async {
            let (rig, _wire) = live(|wire| wire.answer_pings(false)).await;
            until_end(rig).await
        }),
        row("drive", "a peer that takes nothing in", 10, || async {
            let (rig, _wire) = live(|wire| wire.stall_writes(true)).await;
            rig.above.send(1, 0);
            until_end(rig).await
        }),
        row("drive", "a peer that hangs up", 0, || async {
            let (rig, _wire) = live(|wire| wire.close(1011, "")).await;
            until_end(rig).await
        }),
    ]
}

fn closing_rows() -> Vec<Row> {
    vec![
        row("drive", "close, with a peer that answers", 0, || async {
            let (rig, _wire) = live(|_| {}).await;
            until_closed(rig, None).await
        }),
        row(
            "drive",
            "close, with a peer that does not answer",
            2,
            || async {
                let (rig, _wire) = live(|wire| wire.answer_close(false)).await;
                until_closed(rig, None).await
            },
        ),
        row(
            "drive",
            "close, with a peer that takes nothing in",
            2,
            || async {
                let (rig, _wire) = live(|wire| wire.stall_writes(true)).await;
                rig.above.send(1, 0);
                until_closed(rig, None).await
            },
        ),
        row(
            "drive",
            "close by a deadline that has passed",
            0,
            || async {
                let (rig, _wire) = live(|wire| wire.answer_close(false)).await;
                until_closed(rig, Some(Time::ZERO)).await
            },
        ),
    ]
}

fn closing_early_rows() -> Vec<Row> {
    vec![
        row(
            "drive",
            "close while a credential is awaited",
            0,
            || async {
                let rig = rig(hanging_token(), once());
                settle().await;
                until_closed(rig, None).await
            },
        ),
        row("drive", "close while a dial hangs", 0, || async {
            let rig = rig(Words::default(), once());
            rig.peer.hold_dials(true);
            settle().await;
            until_closed(rig, None).await
        }),
        row("drive", "close while the session opens", 0, || async {
            let rig = rig(Words::default(), once());
            let _wire = rig.peer.accept().await;
            settle().await;
            until_closed(rig, None).await
        }),
        row(
            "drive",
            "close while the next attempt is waited for",
            0,
            || async {
                let rig = rig(Words::default(), config());
                rig.accept().await.drop_connection();
                settle().await;
                until_closed(rig, None).await
            },
        ),
        row(
            "drive",
            "close while an old connection drains",
            2,
            || async {
                let rig = rig(Words::default(), config());
                let wire = rig.accept().await;
                wire.answer_close(false);
                rig.above.command(antiphon_transport::LinkCommand::Rotate(
                    antiphon_protocol::RotationCause::Request,
                ));
                settle().await;
                until_closed(rig, None).await
            },
        ),
        row("drive", "dropping the driver", 0, || async {
            let (rig, wire) = live(|wire| wire.stall_writes(true)).await;
            let begun = Instant::now();
            rig.task.abort();
            let _ = rig.task.await;
            assert!(!wire.is_held());
            begun.elapsed()
        }),
    ]
}

/// What this crate gives to others: sources of credentials and of byte streams.
fn source_rows() -> Vec<Row> {
    vec![
        row("drive_metered", "a dial that hangs", 15, || async {
            let (dial, peer) = ScriptedDial::new();
            peer.hold_dials(true);
            let clock = Clock::start();
            let above = Above {
                desk: Arc::default(),
                clock,
            };
            above.command(antiphon_transport::LinkCommand::Start);
            let link = Link::new(Arc::new(Words::default()), once(), 7);
            let begun = Instant::now();
            drive_metered(link, above, Arc::new(dial), clock, Arc::new(())).await;
            begun.elapsed()
        }),
        row(
            "TokenCache::token",
            "a fetch that never ends",
            15,
            || async {
                let cache = TokenCache::new(std::future::pending);
                let words = Words {
                    auth: Some((AuthShape::Bearer, Arc::new(cache))),
                    ..Words::default()
                };
                until_end(rig(words, once())).await
            },
        ),
        row(
            "Connect::connect",
            "a connection that is never there",
            15,
            || async {
                let words = Words {
                    url: "ws://127.0.0.1/".to_owned(),
                    ..Words::default()
                };
                let dial = WsDial::new().connect_with(Nowhere);
                let begun = Instant::now();
                let (_above, task, _audit) = audited(words, once(), dial, 1);
                task.await.unwrap();
                begun.elapsed()
            },
        ),
    ]
}

/// Its doubles, whose waits end with the client that they play with.
fn double_rows() -> Vec<Row> {
    vec![
        row(
            "ScriptedPeer::accept",
            "a client that comes back",
            0,
            || async {
                let rig = rig(Words::default(), config());
                let begun = Instant::now();
                rig.peer.accept().await;
                begun.elapsed()
            },
        ),
        row(
            "MemoryListener::accept",
            "a client that connects",
            0,
            || async {
                let (network, listener) = MemoryNetwork::new();
                let words = Words {
                    url: "ws://127.0.0.1/".to_owned(),
                    ..Words::default()
                };
                let dial = WsDial::new().connect_with(network);
                let begun = Instant::now();
                let _session = audited(words, once(), dial, 1);
                listener.accept().await;
                begun.elapsed()
            },
        ),
        row("PeerWire::recv", "a client that is closing", 2, || async {
            let (rig, wire) = live(|wire| wire.answer_close(false)).await;
            let begun = Instant::now();
            rig.above.close();
            while wire.recv().await.is_some() {}
            while wire.is_held() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            begun.elapsed()
        }),
        row(
            "PeerWire::hangup",
            "a client that is closing",
            0,
            || async {
                let (rig, wire) = live(|_| {}).await;
                let begun = Instant::now();
                rig.above.close();
                wire.hangup().await;
                begun.elapsed()
            },
        ),
        row(
            "PeerWire::room",
            "a client that reads nothing, and goes",
            65,
            || async {
                let (rig, wire) = live(|wire| wire.answer_pings(false)).await;
                let pause = antiphon_transport::LinkCommand::ReadPaused(true);
                rig.above.command(pause);
                settle().await;
                for _ in 0..2000 {
                    wire.send_text("say ".repeat(300));
                }
                let begun = Instant::now();
                let closing = async {
                    tokio::time::sleep(Duration::from_secs(65)).await;
                    rig.task.abort();
                };
                let (room, ()) = tokio::join!(wire.room(), closing);
                assert!(!room);
                begun.elapsed()
            },
        ),
    ]
}

fn rows() -> impl Iterator<Item = Row> {
    [
        opening_rows(),
        living_rows(),
        closing_rows(),
        closing_early_rows(),
        source_rows(),
        double_rows(),
    ]
    .into_iter()
    .flatten()
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

// faults: B1, D4, H9 by peers that never accept, never close and never read
#[test]
fn every_wait_ends_in_time() {
    let mut suite = Suite::new("bounds");
    for row in rows() {
        let (function, what, bound) = (row.function, row.what, row.bound);
        let took = (row.measure)();
        // One tick of the clock, in which timers are counted.
        let in_time = took <= bound + Duration::from_millis(2);
        // A wait that ends long before its bound was cut short by something else.
        let full = took + Duration::from_millis(1) >= bound;
        suite.case(
            (in_time && full)
                .then_some(())
                .ok_or_else(|| format!("{function}, {what}: {took:?}, not {bound:?}")),
        );
    }
    suite.end();
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn functions() -> Vec<&'static str> {
    let functions: BTreeSet<_> = rows().map(|row| row.function).collect();
    functions.into_iter().collect()
}

#[test]
fn every_public_function_that_waits_has_a_row() {
    surface::assert_complete(&sources(), &functions());
}

#[test]
fn a_row_that_is_missing_or_left_over_is_noticed() {
    let found = surface::waits(&sources());
    for missing in functions() {
        let mut others = functions();
        others.retain(|function| *function != missing);
        others.push("Gone::by");
        let expected = (vec![missing.to_owned()], vec!["Gone::by".to_owned()]);
        assert_eq!(surface::gaps(&found, &others), expected);
    }
}

#[test]
fn a_public_wait_is_found_however_it_is_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("surface");
    std::fs::create_dir_all(folder.join("deep")).unwrap();
    std::fs::write(
        folder.join("lib.rs"),
        "pub async fn plain() {}
        pub fn opaque() -> impl Future<Output = ()> { async {} }
        pub fn boxed() -> Pin<Box<dyn Future<Output = ()> + Send>> { todo!() }
        type Soon<T> = Pin<Box<dyn Future<Output = T>>>;
        pub fn named() -> Soon<()> { todo!() }
        pub struct Wait;
        impl Future for Wait { type Output = (); }
        pub trait Source { async fn token(&self); fn poll_token(&self); }
        pub fn at_once() -> u8 { 0 }
        fn private() -> Wait { Wait }
        #[cfg(test)] mod tests { pub async fn of_a_test() {} }",
    )
    .unwrap();
    std::fs::write(
        folder.join("deep/handle.rs"),
        "impl Handle {
            pub fn wait(&self) -> Wait { Wait }
            pub(crate) async fn inner(&self) {}
            async fn private(&self) {}
            pub fn quick(&self) {}
        }
        impl Source for Handle { async fn token(&self) {} }
        impl other::Trait for Handle { async fn of_another(&self) {} }
        pub mod nested { pub async fn nested() {} }",
    )
    .unwrap();
    let found: Vec<_> = surface::waits(&folder).into_iter().collect();
    assert_eq!(
        found,
        [
            "Handle::of_another",
            "Handle::wait",
            "Source::token",
            "boxed",
            "named",
            "nested",
            "opaque",
            "plain"
        ]
    );
}
