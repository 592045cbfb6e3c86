//! The resumption matrix: every handle, at every moment, with history to replay or without, and with
//! every way in which the dial that follows may go. What the session says of each new connection is
//! what the server knows of it; no handle is tried twice; nothing is said twice.

use std::time::{Duration, Instant};

use antiphon_protocol::{
    End, Ended, EndedCause, Event, Fault, How, Recovery, Resume, SeedLimits, Stage,
};
use antiphon_session::Events;
use antiphon_transport::testing::ScriptedPeer;
use futures::FutureExt;

use crate::toy::{Server, Toy, settle};

/// What becomes of the provider's handle.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Handle {
    /// There is none.
    None,
    /// It is good.
    Fresh,
    /// It is of an earlier moment, and the server begins anew.
    Stale,
    /// The server said that there is none for now; the one before it is still good.
    Withdrawn,
    /// Too old to be offered.
    Expired,
    /// Refused: a cell of its own is held with each of [`REFUSALS`].
    Rejected(u16),
    /// Good, once the old connection is gone.
    OldSocketOpen,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Idle,
    InAnswer,
    InTool,
    InGoAway,
}

/// How the first dial without a handle goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Dial {
    Ok,
    Unauthorized,
    TooMany,
    Silence,
    ServerFault,
}

/// The close codes that handles are refused with.
const REFUSALS: [u16; 3] = [1007, 1008, 1011];
/// Longer than any handle is good for.
const TOO_LONG: Duration = Duration::from_secs(2 * 3600 + 60);

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
struct Case {
    handle: Handle,
    moment: Moment,
    reseed: bool,
    dial: Dial,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let handles = [
        Handle::None,
        Handle::Fresh,
        Handle::Stale,
        Handle::Withdrawn,
        Handle::Expired,
        Handle::Rejected(0),
        Handle::OldSocketOpen,
    ];
    for handle in handles {
        for moment in [
            Moment::Idle,
            Moment::InAnswer,
            Moment::InTool,
            Moment::InGoAway,
        ] {
            for reseed in [true, false] {
                for dial in [
                    Dial::Ok,
                    Dial::Unauthorized,
                    Dial::TooMany,
                    Dial::Silence,
                    Dial::ServerFault,
                ] {
                    cases.push(Case {
                        handle,
                        moment,
                        reseed,
                        dial,
                    });
                }
            }
        }
    }
    cases
}

/// What the server knows of the last connection that it made ready.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Truth {
    resumed: bool,
    seeded: bool,
    /// The server never made another connection ready.
    refused: bool,
    resumes: u32,
    doubled: bool,
}

fn toy(case: Case) -> Toy {
    Toy::new().able(|can| {
        if case.handle != Handle::None {
            can.resume = Resume::Handle;
        }
        if !case.reseed {
            can.seed_limits = SeedLimits::default();
        }
    })
}

fn refusal(status: u16) -> End {
    End::new(Stage::Upgrade, How::Status).with_status(status)
}

/// Prepares the first dial without a handle.
fn prepare(peer: &ScriptedPeer, dial: Dial) {
    match dial {
        Dial::Unauthorized => peer.refuse_next(refusal(401)),
        Dial::TooMany => peer.refuse_next(refusal(429)),
        Dial::Ok | Dial::Silence | Dial::ServerFault => {}
    }
}

async fn lose(case: Case, server: &Server, peer: &ScriptedPeer) {
    match case.handle {
        Handle::None => {}
        Handle::Expired => {
            server.say("handle h1");
            tokio::time::sleep(TOO_LONG).await;
        }
        _ => server.say("handle h1"),
    }
    match case.moment {
        Moment::Idle | Moment::InGoAway => {}
        Moment::InAnswer => {
            server.say("started r2");
            server.say("text r2 half");
        }
        Moment::InTool => {
            server.say("started r2");
            server.say("call r2 c1");
            server.say("done r2 completed");
        }
    }
    if case.handle == Handle::Withdrawn {
        server.say("nohandle");
    }
    settle().await;
    let goes_away = case.moment == Moment::InGoAway || case.handle == Handle::OldSocketOpen;
    if matches!(case.handle, Handle::None | Handle::Expired) {
        prepare(peer, case.dial);
    }
    if goes_away {
        server.wire.answer_close(false);
        server.say("goaway 3000");
    } else {
        server.wire.drop_connection();
    }
}

/// The server's part after the loss; ends when a connection is ready.
async fn serve(case: Case, old: Server, peer: &ScriptedPeer) -> (Truth, Vec<Server>, Server) {
    let mut truth = Truth::default();
    let mut kept = Vec::new();
    let mut fresh_met = matches!(case.dial, Dial::Ok | Dial::Unauthorized | Dial::TooMany);
    loop {
        let (server, greeting) = Server::greeted(peer).await;
        truth.doubled |= greeting.matches("question").count() > 1;
        if greeting.contains("resume:") {
            truth.resumes += 1;
            truth.doubled |= greeting.contains("question");
            // The old connection must be gone before its handle is used.
            while let Some(Some(_)) = old.wire.recv().now_or_never() {}
            assert_eq!(old.wire.recv().now_or_never(), Some(None), "{case:?}");
            match case.handle {
                Handle::Stale => server.say("ready"),
                Handle::Rejected(code) => {
                    prepare(peer, case.dial);
                    server.wire.close(code, "no such handle");
                    kept.push(server);
                    continue;
                }
                _ => {
                    truth.resumed = true;
                    server.say("ready resumed");
                }
            }
            return (truth, kept, server);
        }
        if !fresh_met {
            fresh_met = true;
            if case.dial == Dial::ServerFault {
                server.wire.close(1011, "internal");
            }
            kept.push(server);
            continue;
        }
        truth.seeded = greeting.contains("question");
        server.say("ready");
        return (truth, kept, server);
    }
}

async fn report(events: &mut Events) -> Result<Recovery, Box<Ended>> {
    loop {
        match events.next().await {
            Some(Event::Rotated(rotation)) if rotation.recovery != Recovery::Reverted => {
                return Ok(rotation.recovery);
            }
            Some(Event::Ended(ended)) => return Err(Box::new(ended)),
            Some(_) => {}
            None => panic!("the end was missed"),
        }
    }
}

async fn run(case: Case) -> Result<(), String> {
    let toy = toy(case);
    let (session, mut events, peer, server) = toy.live().await.unwrap();
    session.send_text("question").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    for line in ["started r1", "text r1 answer", "done r1 completed"] {
        server.say(line);
    }
    settle().await;
    while server.wire.try_recv().is_some() {}
    lose(case, &server, &peer).await;
    let told = tokio::time::timeout(Duration::from_secs(600), report(&mut events));
    let served = serve(case, server, &peer);
    tokio::pin!(told, served);
    let (told, truth) = tokio::select! {
        biased;
        told = &mut told => (told, None),
        served = &mut served => {
            let truth = served.0;
            let told = told.await;
            drop(served);
            (told, Some(truth))
        }
    };
    let told = told.map_err(|_| "the session is stuck".to_owned())?;
    let truth = truth.unwrap_or(Truth {
        refused: true,
        ..Truth::default()
    });
    let wrong = |what: &str| Err(format!("{what}: {told:?}, but {truth:?}"));
    let offered = !matches!(case.handle, Handle::None | Handle::Expired);
    if !truth.refused && truth.resumes != u32::from(offered) {
        return wrong("a handle was not tried once");
    }
    if truth.doubled {
        return wrong("something was said twice");
    }
    match &told {
        Ok(Recovery::Resumed) if truth.resumed => {}
        Ok(Recovery::Reseeded) if !truth.resumed && truth.seeded => {}
        Ok(Recovery::Fresh) if !truth.resumed && !truth.seeded => {}
        Err(ended)
            if truth.refused
                && case.dial == Dial::Unauthorized
                && ended.cause == EndedCause::Fault(Fault::Auth) => {}
        _ => return wrong("the report is not the truth"),
    }
    if case.reseed != (told == Ok(Recovery::Reseeded))
        && !truth.resumed
        && !truth.refused
        && case.handle != Handle::Stale
    {
        return wrong("history was not replayed as it could be");
    }
    let history = serde_json::to_string(&session.history().await.unwrap_or_default()).unwrap();
    if history.matches("question").count() > 1 {
        return wrong("history is doubled");
    }
    session.close().await;
    Ok(())
}

#[test]
fn what_is_reported_is_what_the_server_knows() {
    let begun = Instant::now();
    let cases = cases();
    let mut failures = Vec::new();
    for case in &cases {
        let held = match case.handle {
            Handle::Rejected(_) => REFUSALS
                .map(|code| Case {
                    handle: Handle::Rejected(code),
                    ..*case
                })
                .to_vec(),
            _ => vec![*case],
        };
        failures.extend(held.into_iter().find_map(|case| {
            let life = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            let error = life.block_on(run(case)).err()?;
            Some(format!("{case:?}: {error}"))
        }));
    }
    println!(
        "resume cases={} failed={} seed=7 wall={:.2}s",
        cases.len(),
        failures.len(),
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(cases.len(), 280);
    assert!(
        failures.is_empty(),
        "{:#?}",
        &failures[..failures.len().min(12)]
    );
}
