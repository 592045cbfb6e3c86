//! Changing the configuration in any situation: none of them hangs, and nothing is told twice.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{End, How, SessionConfig, Stage, ToolSpec, UpdateOutcome};
use antiphon_runner::{Activity, Control, Runner, RunnerBuilder, UpdateError, tool_fn};
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::support::{Notes, Server, Toy, accept, agent, nothing, opened, run, settle};

/// What a session may be doing when a change comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Idle,
    Generating,
    ToolRuns,
    Reconnecting,
    AnotherPending,
}

const MOMENTS: [Moment; 5] = [
    Moment::Idle,
    Moment::Generating,
    Moment::ToolRuns,
    Moment::Reconnecting,
    Moment::AnotherPending,
];
/// How long the model speaks, and how long the tool works.
const BUSY: Duration = Duration::from_secs(10);
/// What a change may take at most: the patience for a quiet moment, and what a caller waits beyond it.
const DEADLINE: Duration = Duration::from_secs(50);

fn agent_of(provider: Toy) -> RunnerBuilder {
    let slow = tool_fn("slow", "", nothing(), |_| async {
        sleep(BUSY).await;
        ""
    });
    Runner::builder(provider).model("small").tool(slow)
}

type Update = JoinHandle<Result<UpdateOutcome, UpdateError>>;

fn update(control: &Control, instructions: &'static str, bridge: &'static str) -> Update {
    let control = control.clone();
    tokio::spawn(async move {
        let patch = move |config: SessionConfig| config.instructions(instructions);
        control.update_with_bridge(patch, bridge).await
    })
}

/// Brings a session into a situation; gives a change that is pending already.
async fn arrange(moment: Moment, control: &Control, server: &Server) -> Option<Update> {
    match moment {
        Moment::Idle => {}
        Moment::Generating => server.send(&json!({ "t": "started", "id": "r" })),
        Moment::ToolRuns => server.call("c", "slow", ""),
        Moment::Reconnecting => {
            server.peer.hold_dials(true);
            server.wire.drop_connection();
        }
        Moment::AnotherPending => {
            let other = update(control, "first", "one");
            settle().await;
            return Some(other);
        }
    }
    settle().await;
    None
}

/// What a willing provider is told, connection after connection, and when.
type Said = Arc<Mutex<Vec<(Instant, Value)>>>;

async fn serve(
    mut server: Server,
    said: Said,
    mut speaks_until: Option<Instant>,
    cut: Arc<Notify>,
) {
    loop {
        loop {
            let until = speaks_until.unwrap_or_else(|| Instant::now() + 100 * BUSY);
            let frame = tokio::select! {
                biased;
                () = cut.notified() => {
                    server.wire.drop_connection();
                    break;
                }
                frame = timeout_at(until, server.wire.recv()) => frame,
            };
            let Ok(frame) = frame else {
                speaks_until = None;
                server.send(&json!({ "t": "done", "id": "r" }));
                continue;
            };
            let Some(frame) = frame else { break };
            let value: Value = serde_json::from_slice(&frame.data).unwrap();
            match value["t"].as_str() {
                Some("configure") => server.send(&json!({ "t": "configured" })),
                Some("create response") => server.calls("next", &[]),
                _ => {}
            }
            said.lock().unwrap().push((Instant::now(), value));
        }
        server = accept(server.peer.clone()).await;
        let opening = server.opening.clone();
        said.lock().unwrap().push((Instant::now(), opening));
    }
}

/// The messages that the model was told, in whatever way, in order.
fn bridges(said: &[(Instant, Value)]) -> Vec<String> {
    let told = said.iter().flat_map(|(_, value)| {
        let added = value["texts"].as_array().cloned().unwrap_or_default();
        added.into_iter().chain([value["bridge"].clone()])
    });
    told.filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

async fn change_in(moment: Moment, live: bool) {
    let case = format!("{moment:?} with live updates: {live}");
    let (run, server) = run(agent_of(Toy::new(live))).await;
    let other = arrange(moment, &run.control, &server).await;
    let begun = Instant::now();
    let change = update(&run.control, "second", "two");
    settle().await;
    let said = Said::default();
    let peer = server.peer.clone();
    let speaks_until = (moment == Moment::Generating).then(|| Instant::now() + BUSY);
    let cut = Arc::new(Notify::new());
    let serving = serve(server, Arc::clone(&said), speaks_until, Arc::clone(&cut));
    let provider = tokio::spawn(serving);
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        peer.hold_dials(false);
    });
    let within = timeout(DEADLINE, change).await.expect(&case);
    let outcome = within.unwrap().expect(&case);
    let took = begun.elapsed();
    if let Some(other) = other {
        assert!(other.await.unwrap().is_ok(), "{case}");
    }
    settle().await;
    let frames = std::mem::take(&mut *said.lock().unwrap());
    let stated = frames
        .iter()
        .rev()
        .find(|(_, value)| value["t"] == "configure" || value["t"] == "open");
    assert_eq!(stated.unwrap().1["instructions"], "second", "{case}");
    let told = bridges(&frames);
    let count = |words: &str| told.iter().filter(|told| *told == words).count();
    assert_eq!(count("two"), 1, "{case}: {told:?}");
    assert!(count("one") <= 1, "{case}: {told:?}");
    assert_eq!(told.last().unwrap(), "two", "{case}");
    let rotated = matches!(outcome, UpdateOutcome::Rotated { .. });
    assert_eq!(rotated, !live || moment == Moment::Reconnecting, "{case}");
    let busy = matches!(moment, Moment::Generating | Moment::ToolRuns);
    assert_eq!(
        took >= BUSY - Duration::from_secs(1),
        busy && !live,
        "{case}: held until it is quiet, and no longer: {took:?}"
    );
    assert!(
        !matches!(run.control.activity(), Activity::UpdatePending { .. }),
        "{case}"
    );
    // A connection that comes later is told what the change has made of the session, and not that it was.
    cut.notify_one();
    sleep(20 * BUSY).await;
    let frames = said.lock().unwrap().clone();
    assert_eq!(frames.len(), 1, "{case}: {frames:?}");
    assert_eq!(frames[0].1["instructions"], "second", "{case}");
    assert_eq!(bridges(&frames), [""; 0], "{case}: heard before");
    run.close().await;
    provider.abort();
}

#[tokio::test(start_paused = true)]
async fn a_change_is_made_in_all_ten_cases_and_its_message_is_heard_exactly_once() {
    let mut cases = 0;
    for live in [true, false] {
        for moment in MOMENTS {
            // Longer than all that a case waits for: what takes longer hangs.
            let case = timeout(Duration::from_secs(600), change_in(moment, live));
            case.await.expect("no case hangs");
            cases += 1;
        }
    }
    assert_eq!(cases, 10);
}

#[tokio::test(start_paused = true)]
async fn what_the_agent_does_can_be_seen_at_any_moment() {
    let (run, server) = run(agent_of(Toy::new(false))).await;
    let control = run.control.clone();
    assert_eq!(control.activity(), Activity::Idle);
    server.send(&json!({ "t": "speech" }));
    settle().await;
    assert_eq!(control.activity(), Activity::Listening);
    server.send(&json!({ "t": "silence" }));
    server.send(&json!({ "t": "started", "id": "r" }));
    settle().await;
    assert_eq!(control.activity(), Activity::Generating);
    let call = json!({ "t": "call", "id": "c", "name": "slow", "args": "", "response": "r" });
    server.send(&call);
    settle().await;
    assert_eq!(control.activity(), Activity::ExecutingTools);
    let change = update(&control, "new", "hello");
    settle().await;
    let held = Activity::UpdatePending {
        attempts: 0,
        rotates: true,
    };
    assert_eq!(control.activity(), held);
    server.send(&json!({ "t": "done", "id": "r" }));
    let provider = tokio::spawn(serve(server, Said::default(), None, Arc::default()));
    assert!(matches!(
        change.await.unwrap(),
        Ok(UpdateOutcome::Rotated { .. })
    ));
    assert_eq!(control.activity(), Activity::Idle);
    run.close().await;
    provider.abort();
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_fails_is_reported_and_leaves_no_trace() {
    let notes = Notes::default();
    let (problems, outcomes) = (notes.clone(), notes.clone());
    let agent = agent()
        .instructions("old")
        .on_error(move |problem| problems.add(problem.kind()))
        .on_update(move |outcome| {
            outcomes.add(match outcome {
                UpdateOutcome::Failed { .. } => "failed",
                _ => "made",
            });
        });
    let (run, server) = run(agent).await;
    let change = update(&run.control, "bad", "unheard");
    assert_eq!(server.recv().await["instructions"], "bad");
    let sent = Activity::UpdatePending {
        attempts: 1,
        rotates: false,
    };
    assert_eq!(run.control.activity(), sent);
    server.send(&json!({ "t": "refused" }));
    assert!(matches!(change.await.unwrap(), Err(UpdateError::Failed(_))));
    let control = run.control.clone();
    let next = tokio::spawn(async move { control.update(|config| config.voice("bass")).await });
    let sent = server.recv().await;
    assert_eq!(
        (&sent["instructions"], &sent["voice"]),
        (&json!("old"), &json!("bass"))
    );
    server.send(&json!({ "t": "configured" }));
    let confirmed = UpdateOutcome::AppliedLive { confirmed: true };
    assert_eq!(next.await.unwrap(), Ok(confirmed));
    settle().await;
    let mut told = notes.all();
    told.sort();
    assert_eq!(told, ["failed", "made", "update"]);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_for_the_moment_is_tried_again_and_given_up_after_three_times() {
    for granted in [true, false] {
        let (run, server) = run(agent().instructions("old")).await;
        let control = run.control.clone();
        let change = update(&control, "new", "hello");
        let begun = Instant::now();
        for attempts in 1..=3 {
            assert_eq!(server.recv().await["instructions"], "new");
            let progress = Activity::UpdatePending {
                attempts,
                rotates: false,
            };
            assert_eq!(control.activity(), progress);
            server.send(&if granted && attempts == 3 {
                json!({ "t": "configured" })
            } else {
                json!({ "t": "refused", "momentary": true })
            });
            settle().await;
        }
        let outcome = change.await.unwrap();
        assert_eq!(outcome.is_ok(), granted, "{outcome:?}");
        assert_eq!(begun.elapsed().as_secs(), 6, "rests of 2 s and 4 s");
        assert_eq!(control.activity(), Activity::Idle);
        let told = if granted { 1 } else { 0 };
        assert_eq!(server.count("add items"), told, "the bridge message");
        run.close().await;
    }
}

/// How a connection fails that was to bring a change.
#[derive(Clone, Copy, Debug)]
enum Failure {
    /// The provider refuses the configuration.
    Refused,
    /// Nobody can be reached.
    Unreachable,
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_had_is_tried_a_bounded_number_of_times_and_the_old_one_is_kept()
 {
    for (failure, attempts) in [(Failure::Refused, 1), (Failure::Unreachable, 3)] {
        let notes = Notes::default();
        let (problems, outcomes) = (notes.clone(), notes.clone());
        let agent = Runner::builder(Toy::new(false).overlapping())
            .model("small")
            .instructions("old")
            .on_error(move |problem| problems.add(problem.kind()))
            .on_update(move |outcome| {
                let failed = matches!(outcome, UpdateOutcome::Failed { .. });
                outcomes.add(if failed { "failed" } else { "made" });
            });
        let (run, old) = run(agent).await;
        let control = run.control.clone();
        let dials = old.peer.dials();
        if matches!(failure, Failure::Unreachable) {
            for _ in 0..attempts {
                let refused = End::new(Stage::Connect, How::Io);
                old.peer.refuse_next(refused);
            }
        }
        let change = update(&control, "new", "unheard");
        if matches!(failure, Failure::Refused) {
            let next = opened(old.peer.clone()).await;
            assert_eq!(next.opening["instructions"], "new");
            let progress = Activity::UpdatePending {
                attempts: 1,
                rotates: true,
            };
            assert_eq!(control.activity(), progress);
            next.send(&json!({ "t": "no" }));
        }
        let outcome = timeout(DEADLINE, change).await.expect("told in time");
        assert!(
            matches!(outcome.unwrap(), Err(UpdateError::Failed(_))),
            "{failure:?}"
        );
        settle().await;
        assert_eq!(old.peer.dials() - dials, attempts, "{failure:?}");
        assert_eq!(control.activity(), Activity::Idle, "{failure:?}");
        let mut told = notes.all();
        told.sort();
        assert_eq!(told, ["failed", "update"], "{failure:?}");
        control.send_text("still there?").await.unwrap();
        assert_eq!(
            old.recv().await["texts"],
            json!(["still there?"]),
            "on the old connection, and no bridge message before it"
        );
        old.wire.drop_connection();
        let later = accept(old.peer.clone()).await;
        assert_eq!(later.opening["instructions"], "old", "{failure:?}");
        run.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn changes_that_come_meanwhile_are_merged_and_the_last_word_wins() {
    let (run, server) = run(agent()).await;
    let first = update(&run.control, "first", "one");
    assert_eq!(server.recv().await["instructions"], "first");
    let second = update(&run.control, "second", "two");
    let control = run.control.clone();
    let third = tokio::spawn(async move { control.update(|config| config.voice("bass")).await });
    settle().await;
    server.send(&json!({ "t": "configured" }));
    let sent = server.recv().await;
    assert_eq!(
        (&sent["instructions"], &sent["voice"]),
        (&json!("second"), &json!("bass"))
    );
    server.send(&json!({ "t": "configured" }));
    for change in [first, second, third] {
        assert!(change.await.unwrap().is_ok());
    }
    assert_eq!(server.recv().await["texts"], json!(["two"]));
    settle().await;
    assert_eq!(server.count("configure"), 0, "one frame for both");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_is_opened_with_what_was_changed() {
    let (run, server) = run(agent().instructions("old")).await;
    let change = update(&run.control, "new", "hello");
    server.recv().await;
    server.send(&json!({ "t": "configured" }));
    change.await.unwrap().unwrap();
    server.wire.drop_connection();
    let server = accept(server.peer.clone()).await;
    assert_eq!(server.opening["instructions"], "new");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_a_change_declares_is_answered_by_hand_and_one_that_none_declares_is_unknown() {
    let (run, server) = run(agent()).await;
    let control = run.control.clone();
    let change = tokio::spawn(async move {
        control
            .update(|config| config.tool(ToolSpec::new("new", "", nothing())))
            .await
    });
    assert_eq!(server.recv().await["tools"], 1);
    server.send(&json!({ "t": "configured" }));
    change.await.unwrap().unwrap();
    settle().await;
    server.call("c", "new", "");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(server.count("result"), 0);
    let by_hand = antiphon_protocol::ToolResult::new("c".into(), "new", "done");
    run.control.send_tool_results(vec![by_hand]).await.unwrap();
    assert_eq!(server.result().await["output"], "done");
    server.call("d", "newer", "");
    assert_eq!(server.result().await["error"], true);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_panics_or_comes_after_the_end_is_told_so() {
    let (run, _server) = run(agent()).await;
    let control = run.control.clone();
    let panicked = control.update(|config| {
        assert!(config.model.is_empty(), "oh no");
        config
    });
    assert!(matches!(panicked.await, Err(UpdateError::Failed(_))));
    run.close().await;
    assert_eq!(
        control.update(|config| config).await,
        Err(UpdateError::Ended)
    );
}
