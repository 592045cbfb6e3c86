//! Every verb of the handle, while the agent runs.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its script does not fit"
)]

use std::time::Duration;

use antiphon_protocol::{
    ContextKind, EndedCause, Event, Item, ResponseOptions, Role, ToolResult, ToolSpec,
    UpdateOutcome, VideoFrame,
};
use antiphon_runner::{Control, NativeSent, Runner, RunnerBuilder};
use antiphon_session::SessionError;
use futures::future::BoxFuture;
use serde_json::{Value, json, value::RawValue};
use tokio::time::{sleep, timeout};

use crate::support::{Notes, Toy, accept, agent, nothing, open, run, settle};

/// A verb, what the session does when it comes, and the frames that it leads to.
struct Row {
    name: &'static str,
    before: &'static [&'static str],
    verb: fn(Control) -> BoxFuture<'static, bool>,
    frames: &'static [&'static str],
}

macro_rules! row {
    ($name:literal, [$($before:expr),*], $control:ident => $verb:expr, [$($frame:literal),*]) => {
        Row {
            name: $name,
            before: &[$($before),*],
            verb: |$control| Box::pin(async move { $verb.await.is_ok() }),
            frames: &[$($frame),*],
        }
    };
}

const SPEAKS: &str = r#"{"t":"started","id":"r"}"#;
const CALLS: &str = r#"{"t":"call","id":"c","name":"mine","args":"","response":"r"}"#;

fn rows() -> Vec<Row> {
    vec![
        row!("audio", [], c => c.send_audio(vec![1; 960]), [r#"{"t":"audio","bytes":960,"silent":false}"#]),
        row!("audio in base64", [], c => c.send_audio_base64("AQEBAQ=="), [r#"{"t":"audio","bytes":4,"silent":false}"#]),
        row!("text", [], c => c.send_text("hello"), [
            r#"{"t":"add items","texts":["hello"]}"#,
            r#"{"t":"create response","n":0}"#
        ]),
        row!("an image", [], c => c.send_image("image/png", vec![1], None), [
            r#"{"t":"add items","texts":["image/png"]}"#
        ]),
        row!("an image with words", [], c => c.send_image("image/png", vec![1], Some("look".to_owned())), [
            r#"{"t":"add items","texts":["look"]}"#
        ]),
        row!("a frame of video", [], c => c.send_video_frame(VideoFrame { mime: "image/jpeg".into(), data: vec![1; 7].into() }), [
            r#"{"t":"video","mime":"image/jpeg","bytes":7}"#
        ]),
        row!("commit", [], c => c.commit_audio(), [r#"{"t":"commit audio"}"#]),
        row!("create response", [], c => c.create_response(ResponseOptions::default()), [r#"{"t":"create response","n":0}"#]),
        row!("interrupt", [SPEAKS], c => c.interrupt(), [r#"{"t":"cancel response"}"#]),
        row!("cancel response", [SPEAKS], c => c.cancel_response(), [r#"{"t":"cancel response"}"#]),
        row!("a native frame", [], c => send_native(c, r#"{"t":"anything","at":1.50}"#), [r#"{"t":"anything","at":1.50}"#]),
        row!("inject items", [], c => c.add_items(vec![Item::text(Role::System, "be kind")]), [
            r#"{"t":"add items","texts":["be kind"]}"#
        ]),
        row!("inject context", [], c => c.add_context(ContextKind::Thinking, "it rains"), [
            r#"{"t":"context","kind":"thinking","text":"it rains","delegation":null}"#
        ]),
        row!("tool results", [SPEAKS, CALLS], c => c.send_tool_results(vec![ToolResult::new("c".into(), "mine", "done")]), [
            r#"{"t":"result","id":"c","output":"done","error":false,"silent":false}"#
        ]),
        row!("mute", [], c => mute_and_speak(c), [r#"{"t":"audio","bytes":960,"silent":true}"#]),
        row!("update", [], c => c.update(|config| config.voice("bass")), [
            r#"{"t":"configure","instructions":null,"voice":"bass","tools":1}"#
        ]),
    ]
}

fn native(frame: &str) -> Box<RawValue> {
    RawValue::from_string(frame.to_owned()).unwrap()
}

async fn send_native(control: Control, frame: &str) -> Result<NativeSent, SessionError> {
    control.send_native(native(frame)).await
}

async fn mute_and_speak(control: Control) -> Result<(), SessionError> {
    control.mute(true).await?;
    control.send_audio(vec![1; 960]).await
}

/// The model has a tool that the caller answers by hand.
fn with_mine(agent: RunnerBuilder) -> RunnerBuilder {
    let mine = ToolSpec::new("mine", "", nothing());
    agent.config(antiphon_protocol::SessionConfig::new("small").tool(mine))
}

#[tokio::test(start_paused = true)]
async fn each_verb_reaches_the_provider_while_the_agent_runs() {
    for row in rows() {
        let (run, server) = run(with_mine(agent())).await;
        for frame in row.before {
            server.send(&serde_json::from_str(frame).unwrap());
        }
        settle().await;
        let verb = tokio::spawn((row.verb)(run.control.clone()));
        for frame in row.frames {
            let expected: Value = serde_json::from_str(frame).unwrap();
            assert_eq!(server.recv().await, expected, "{}", row.name);
            match expected["t"].as_str() {
                Some("configure") => server.send(&json!({ "t": "configured" })),
                Some("cancel response") => {
                    server.send(&json!({ "t": "done", "id": "r", "status": "cancelled" }));
                }
                _ => {}
            }
        }
        let done = timeout(Duration::from_secs(10), verb).await;
        assert!(done.unwrap().unwrap(), "{} is told to have left", row.name);
        settle().await;
        assert_eq!(server.sent(), [Value::Null; 0], "{}: no more", row.name);
        run.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_handle_tells_where_the_session_is_and_after_the_end_says_so() {
    let (run, server) = run(agent()).await;
    let control = run.control.clone();
    assert!(control.is_connected());
    server.send(&json!({ "t": "session", "id": "one" }));
    server.send(&json!({ "t": "speech" }));
    settle().await;
    assert_eq!(control.session_id().as_deref(), Some("one"));
    assert!(!control.state().borrow().turn.is_idle());
    server.wire.drop_connection();
    settle().await;
    assert!(!control.is_connected());
    assert_eq!(control.session_id(), None, "that was the connection's");
    let server = accept(server.peer.clone()).await;
    settle().await;
    assert!(control.is_connected());
    let ended = control.close().await;
    assert_eq!(ended.cause, EndedCause::Closed);
    assert!(!control.is_connected());
    assert_eq!(control.close().await, ended, "closing again tells the same");
    assert_eq!(
        control.send_text("hello").await,
        Err(SessionError::Ended),
        "what cannot be sent is told"
    );
    drop(server);
    run.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_closed_agent_can_connect_again_and_is_as_new() {
    let notes = Notes::default();
    let heard = notes.clone();
    let agent = agent().on_text(move |text| heard.add(text.text));
    let (mut runner, server) = open(agent).await;
    let peer = server.peer.clone();
    runner.control().close().await;
    while runner.next().await.is_some() {}
    let (again, server) = tokio::join!(runner.connect_again(), accept(peer));
    let again: Runner = again.unwrap();
    let (old, new) = (runner.control(), again.control());
    assert!(!old.is_connected() && new.is_connected());
    let running = tokio::spawn(again.run());
    server.send(&json!({ "t": "text", "text": "again" }));
    settle().await;
    assert_eq!(notes.all(), ["again"]);
    new.close().await;
    assert_eq!(
        running.await.unwrap().unwrap().ended.cause,
        EndedCause::Closed
    );
    assert_eq!(runner.finish().await.ended.cause, EndedCause::Closed);
}

const CONFIGURES: &str = r#"{"configure":{"instructions":"native"}}"#;

#[tokio::test(start_paused = true)]
async fn a_native_frame_that_configures_the_session_is_an_update_like_any_other() {
    let (run, server) = run(agent().instructions("old")).await;
    let control = run.control.clone();
    let sending = tokio::spawn(send_native(control.clone(), CONFIGURES));
    assert_eq!(
        server.recv().await,
        json!({ "t": "configure", "instructions": "native", "voice": null, "tools": 0 })
    );
    let meanwhile = tokio::spawn({
        let control = control.clone();
        async move { control.update(|config| config.voice("bass")).await }
    });
    settle().await;
    server.send(&json!({ "t": "configured" }));
    let merged = server.recv().await;
    assert_eq!(
        (&merged["instructions"], &merged["voice"]),
        (&json!("native"), &json!("bass"))
    );
    server.send(&json!({ "t": "configured" }));
    let confirmed = UpdateOutcome::AppliedLive { confirmed: true };
    assert_eq!(
        sending.await.unwrap(),
        Ok(NativeSent::Update(confirmed.clone()))
    );
    assert_eq!(meanwhile.await.unwrap(), Ok(confirmed));
    let refused = tokio::spawn(send_native(
        control,
        r#"{"configure":{"instructions":"bad"}}"#,
    ));
    assert_eq!(server.recv().await["instructions"], "bad");
    server.send(&json!({ "t": "refused" }));
    assert!(matches!(
        refused.await.unwrap(),
        Err(SessionError::Rejected(_))
    ));
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn where_nothing_changes_live_a_native_change_waits_until_it_is_quiet() {
    let (run, server) = run(Runner::builder(Toy::new(false)).model("small")).await;
    server.send(&json!({ "t": "started", "id": "r" }));
    settle().await;
    let sending = tokio::spawn(send_native(run.control.clone(), CONFIGURES));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(server.sent(), [Value::Null; 0], "it is held");
    server.send(&json!({ "t": "done", "id": "r" }));
    let server = accept(server.peer.clone()).await;
    assert_eq!(server.opening["instructions"], "native");
    assert!(matches!(
        sending.await.unwrap(),
        Ok(NativeSent::Update(UpdateOutcome::Rotated { .. }))
    ));
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn step_by_step_an_event_is_seen_after_its_effects_and_verbs_work_in_between() {
    let (mut runner, server) = open(agent()).await;
    let control = runner.control();
    server.send(&json!({ "t": "text", "text": "one" }));
    while !matches!(runner.next().await, Some(Event::OutputText(_))) {}
    control.send_text("two").await.unwrap();
    assert_eq!(server.recv().await["texts"], json!(["two"]));
    runner.finish().await;
}
