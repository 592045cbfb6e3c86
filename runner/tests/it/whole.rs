//! What the session can do, the agent can: with real protocols on the other side, in memory and under
//! virtual time.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

use std::time::Duration;

use antiphon_emulator::{Builder, Script};
use antiphon_openai::OpenAi;
use antiphon_protocol::{Allowance, EndedCause, RotationCause, Usage};
use antiphon_runner::{Errand, Runner, RunnerBuilder, ToolAnswer, typed_tool};
use antiphon_session::{Budget, TurnDerivation};
use antiphon_transport::{
    Clock,
    testing::{PeerWire, ScriptedDial},
};
use serde_json::{Value, json, value::RawValue};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

fn realtime() -> RunnerBuilder {
    let dial = Builder::new()
        .script(Script::saying("Good morning."))
        .key(Some("key"))
        .in_memory(Clock::start());
    Runner::builder(OpenAi::realtime("key"))
        .model("gpt-realtime")
        .session(move |session| session.dial(dial.clone()).seed(1))
}

#[tokio::test(start_paused = true)]
async fn prices_budgets_snapshots_and_the_derivation_of_turns_are_the_sessions_own() {
    let five = |_: &str, usage: &Usage| 5 * usage.total();
    let agent = realtime().session(move |session| {
        let derivation = TurnDerivation::default();
        session.prices(five).derive_turns(derivation)
    });
    let runner = agent.connect().await.unwrap();
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    control.send_text("Hello?").await.unwrap();
    let mut state = control.state();
    let used = state.wait_for(|state| state.usage.responses == 1);
    let used = timeout(Duration::from_secs(30), used).await.is_ok();
    assert!(used, "the answer has cost something");
    let snapshot = control.snapshot().await.unwrap();
    control.close().await;
    let first = run.await.unwrap().unwrap();
    assert!(first.usage.total() > 0);
    assert_eq!(first.cost, 5 * first.usage.total());

    let (told, mut causes) = mpsc::unbounded_channel();
    let again = realtime()
        .session(move |session| {
            let budget = Budget::default().time(Duration::from_secs(30));
            session.restore(snapshot.clone()).budget(budget)
        })
        .on_rotation(move |rotation| told.send(rotation.cause));
    let run = again.connect().await.unwrap().run();
    let ended = timeout(Duration::from_secs(60), run).await.unwrap();
    let outcome = ended.unwrap_err().into_outcome();
    assert_eq!(outcome.ended.cause, EndedCause::OverBudget(Allowance::Time));
    assert_eq!(causes.recv().await, Some(RotationCause::Restore));
    assert_eq!(outcome.usage, first.usage, "the account goes on");
}

async fn next(wire: &PeerWire) -> Value {
    let frame = timeout(Duration::from_secs(30), wire.recv()).await;
    serde_json::from_slice(&frame.unwrap().unwrap().data).unwrap()
}

/// The provider opens a session; gives what it was told to be.
async fn opened(wire: &PeerWire) -> Value {
    let say = |kind: &str| {
        let session = json!({ "type": "realtime", "id": "sess_1", "model": "gpt-realtime" });
        let frame = json!({ "type": kind, "event_id": "event_1", "session": session });
        wire.send_text(frame.to_string());
    };
    say("session.created");
    let update = next(wire).await;
    assert_eq!(update["type"], "session.update");
    say("session.updated");
    update
}

#[tokio::test(start_paused = true)]
async fn what_a_native_frame_changes_is_what_later_connections_and_changes_start_from() {
    let (dial, peer) = ScriptedDial::new();
    let agent = Runner::builder(OpenAi::realtime("key"))
        .model("gpt-realtime")
        .instructions("old")
        .session(move |session| session.dial(dial.clone()).seed(1));
    let serving = async {
        let wire = peer.accept().await;
        let update = opened(&wire).await;
        (wire, update)
    };
    let (runner, (wire, update)) = tokio::join!(agent.connect(), serving);
    assert_eq!(update["session"]["instructions"], "old");
    let runner = runner.unwrap();
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    let native = r#"{"type":"session.update","session":{"type":"realtime","instructions":"new"}}"#;
    let native = RawValue::from_string(native.to_owned()).unwrap();
    control.send_native(native).await.unwrap();
    assert_eq!(next(&wire).await["session"]["instructions"], "new");
    wire.drop_connection();
    let wire = peer.accept().await;
    let update = opened(&wire).await;
    assert_eq!(update["session"]["instructions"], "new");
    control.close_within(Duration::from_secs(1)).await;
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn gpt_live_delegates_to_a_tool_and_says_what_it_found() {
    let script = "expect \"Is there a table for two?\"\n call desk\n say \"I heard: {output}\"\n";
    let script: Script = script.parse().unwrap();
    let dial = Builder::new()
        .script(script)
        .key(Some("key"))
        .in_memory(Clock::start());
    let (asked, mut errands) = mpsc::unbounded_channel();
    let desk = typed_tool("desk", "Books tables.", move |errand: Errand| {
        let asked = asked.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            asked.send(errand.transcript).map(|()| "At eight.")
        }
    });
    let (told, mut said) = mpsc::unbounded_channel();
    let runner = Runner::builder(OpenAi::live("key"))
        .model("gpt-live-1")
        .delegate_to(desk)
        .on_output_transcript(move |text| told.send(text.text))
        .session(move |session| session.dial(dial.clone()).seed(1))
        .connect()
        .await
        .unwrap();
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    for piece in 0..15_u32 {
        let samples = (0..2_400_u32).flat_map(|at| {
            let angle = f64::from(piece * 2_400 + at) * std::f64::consts::TAU * 200.0 / 24_000.0;
            #[expect(clippy::cast_possible_truncation, reason = "within the range")]
            let sample = (8_000.0 * angle.sin()) as i16;
            sample.to_le_bytes()
        });
        control
            .send_audio(samples.collect::<Vec<u8>>())
            .await
            .unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    let transcript = timeout(Duration::from_secs(30), errands.recv()).await;
    assert_eq!(
        transcript.unwrap().unwrap(),
        "User: Is there a table for two?"
    );
    let mut heard = String::new();
    while !heard.contains("At eight.") {
        let piece = timeout(Duration::from_secs(30), said.recv()).await;
        heard.push_str(&piece.unwrap().unwrap());
    }
    control.close().await;
    let outcome = run.await.unwrap().unwrap();
    let answers: Vec<_> = outcome.tool_calls.iter().map(|call| call.answer).collect();
    assert_eq!(answers, [ToolAnswer::Sent]);
}
