//! A conversation over each wire, recorded with its tape, is lived through again: at every frame it is
//! what it was, with the plug-in itself and through the command.
#![expect(
    clippy::unwrap_used,
    reason = "a conversation that cannot be held fails its test"
)]

use std::{
    fs,
    io::{self, Write},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_conformance::{
    replay,
    suite::{ANSWER, Act, QUESTION, Scene, Stage, Subject, subjects},
};
use antiphon_emulator::DAY;
use antiphon_protocol::{ConfigField, Event, ToolResult, ToolSpec};
use antiphon_session::{Events, Session, SessionState, testing::TimeTravel};
use antiphon_transport::{Clock, RecordingDial};
use serde_json::json;
use tokio::time::sleep;

/// What was recorded.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tape {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Frames that the session has been fed.
    fn frames(&self) -> usize {
        self.text().matches("\"fed\":{\"frame\"").count()
    }
}

fn stage() -> Stage {
    let acts = [
        Act::call("look", "Oslo"),
        Act::SayAnswer("It is".to_owned()),
    ];
    let scene = Scene::answering(acts).then("And now?", [Act::say("Now it is late."), Act::Drop]);
    let then = Scene::answering([Act::say("Here I am again.")]);
    Stage {
        scene,
        then: Some(then),
        ..Stage::default()
    }
}

/// Reads until a response has ended; answers calls.
async fn answer(session: &Session, events: &mut Events) {
    loop {
        match events.next().await.unwrap() {
            Event::ToolCall(call) => {
                let output = json!({ ANSWER: "fine" }).to_string();
                let result = ToolResult::new(call.id, call.name, output);
                session.send_tool_results(vec![result]).await.unwrap();
            }
            Event::ResponseDone(_) if session.state().borrow().turn.open_calls == 0 => return,
            Event::Rotated(_) => return,
            _ => {}
        }
    }
}

/// A conversation, what was recorded of it, what was seen in it after how many frames, and its end.
async fn held(wire: &subjects::Wire) -> (Tape, Vec<(usize, SessionState)>, SessionState) {
    let provider = wire.provider();
    let mut config = wire.config();
    let can = provider.capabilities(&config.model).into_owned();
    if can.fields.contains(&ConfigField::Tools) {
        let parameters = json!({
            "type": "object",
            "properties": { QUESTION: { "type": "string" } },
            "required": [QUESTION],
        });
        config = config.tool(ToolSpec::new("look", "Looks something up.", parameters));
    }
    let tape = Tape::default();
    let dial = wire.peer(&stage(), Clock::start());
    let dial = Arc::new(RecordingDial::new(dial, tape.clone()));
    let (session, mut events) = Session::builder(provider)
        .config(config)
        .dial(Arc::clone(&dial))
        .tape(dial)
        .wall_clock(DAY)
        .seed(5)
        .connect()
        .await
        .unwrap();
    let rate = usize::try_from(session.input_format().rate).unwrap();
    let mut seen = Vec::new();
    let mut look = |session: &Session| {
        seen.push((tape.frames(), session.state().borrow().clone()));
    };
    for _ in 0..3 {
        session.send_audio(vec![40; rate / 5 * 2]).await.unwrap();
        session.send_text("What is it like?").await.unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(60), answer(&session, &mut events));
        // A model that only listens has its say, too: then the next question follows.
        let _ = heard.await;
        sleep(Duration::from_millis(333)).await;
        look(&session);
    }
    session.close().await;
    let end = session.state().borrow().clone();
    (tape, seen, end)
}

fn live(wire: &subjects::Wire) -> (Tape, Vec<(usize, SessionState)>, SessionState) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(held(wire))
}

#[test]
fn at_every_frame_it_is_what_it_was() {
    for wire in subjects::wires() {
        let (tape, seen, end) = live(&wire);
        let recording = tape.text();
        let mut travel = TimeTravel::new(wire.provider(), &recording).unwrap();
        assert_eq!(travel.frames(), tape.frames(), "{}", wire.name);
        for (frame, state) in &seen {
            let then = travel.to(*frame).state;
            // What the reader took and the clock brought later belongs to the same frame.
            assert_eq!(then.rotations, state.rotations, "{} at {frame}", wire.name);
            assert_eq!(then.usage, state.usage, "{} at {frame}", wire.name);
            assert_eq!(
                then.session_id, state.session_id,
                "{} at {frame}",
                wire.name
            );
            assert!(
                then.uplink.sent >= state.uplink.sent,
                "{} at {frame}",
                wire.name
            );
        }
        let last = travel.to(usize::MAX);
        assert_eq!(last.state, end, "{}", wire.name);
        assert!(!last.history.is_empty(), "{}", wire.name);
    }
}

#[test]
fn the_command_prints_any_frame() {
    let wire = subjects::wires().into_iter().next().unwrap();
    let (tape, ..) = live(&wire);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("talk.jsonl");
    fs::write(&file, tape.text()).unwrap();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_replay"))
            .arg(&file)
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut travel = TimeTravel::new(wire.provider(), &tape.text()).unwrap();
    let third: serde_json::Value = serde_json::from_str(&run(&["--to", "3"])).unwrap();
    assert_eq!(third, serde_json::to_value(travel.to(3)).unwrap());
    let last: serde_json::Value = serde_json::from_str(&run(&[])).unwrap();
    assert_eq!(last, serde_json::to_value(travel.to(usize::MAX)).unwrap());
    let each = run(&["--each", "--to", "4", "--provider", wire.name]);
    let lines: Vec<_> = each.lines().collect();
    assert_eq!(lines.len(), 5, "{each}");
    assert_eq!(lines[3], replay::line(&travel.to(3)));

    let wrong = Command::new(env!("CARGO_BIN_EXE_replay")).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
