//! A process ends in the middle of a call of a tool, and another goes on with its conversation, over
//! each wire: the conversation goes on, and the pending call is answered once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a conversation that cannot be held fails its test"
)]

use std::time::Duration;

use antiphon_conformance::{
    suite::{ANSWER, Act, QUESTION, Scene, Stage, Subject, subjects},
    tap::{Seen, Tap, Way},
};
use antiphon_emulator::DAY;
use antiphon_protocol::{
    CallId, ConfigField, Event, Recovery, RotationCause, SessionConfig, ToolCall, ToolResult,
    ToolSpec,
};
use antiphon_session::{Events, LateResults, Session, SessionError, Snapshot};
use antiphon_transport::{Clock, testing::MemoryDial};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// A runtime of its own, as another process has.
fn process<T>(life: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(life)
}

fn config(wire: &subjects::Wire) -> Option<SessionConfig> {
    let config = wire.config();
    let provider = wire.provider();
    let can = provider.capabilities(&config.model);
    if !can.fields.contains(&ConfigField::Tools) {
        return None;
    }
    let parameters = json!({
        "type": "object",
        "properties": { QUESTION: { "type": "string" } },
        "required": [QUESTION],
    });
    Some(config.tool(ToolSpec::new("look", "Looks something up.", parameters)))
}

/// Every connection calls for the tool first; a later one that is told the answer speaks of it.
fn stage() -> Stage {
    let calls = [Act::call("look", "Oslo"), Act::say("I know it.")];
    Stage {
        scene: Scene::answering(calls),
        then: Some(Scene::answering([Act::say("I am still here.")])),
        ..Stage::default()
    }
}

/// Asks until the model calls for the tool, and keeps the session in that moment.
async fn first_life(
    wire: &subjects::Wire,
    config: SessionConfig,
    dial: MemoryDial,
) -> (String, CallId) {
    let (session, mut events) = Session::builder(wire.provider())
        .config(config)
        .dial(dial)
        .wall_clock(DAY)
        .seed(5)
        .connect()
        .await
        .unwrap();
    let asking = session.clone();
    let asked = tokio::spawn(async move { asking.send_text("What is it like in Oslo?").await });
    let call = loop {
        match timeout(Duration::from_secs(60), events.next())
            .await
            .unwrap()
        {
            Some(Event::ToolCall(call)) => break call,
            Some(Event::Ended(ended)) => panic!("{}: {ended:?}", wire.name),
            Some(_) => {}
            None => panic!("{}: the end was missed", wire.name),
        }
    };
    asked.await.unwrap().unwrap();
    sleep(Duration::from_millis(200)).await;
    let kept = session.snapshot().await.unwrap();
    assert_eq!(
        kept.open_calls()
            .iter()
            .map(|open| &open.id)
            .collect::<Vec<_>>(),
        [&call.id],
        "{}",
        wire.name
    );
    (
        serde_json::to_string(&kept.exposing_secrets()).unwrap(),
        call.id,
    )
}

/// What the new process was told of the call.
struct Found {
    recovery: Recovery,
    void: Vec<CallId>,
    restored: Vec<ToolCall>,
}

async fn found(events: &mut Events) -> Found {
    let mut found = Found {
        recovery: Recovery::Fresh,
        void: Vec::new(),
        restored: Vec::new(),
    };
    // What is told of a restored session is told when it is ready.
    let until = Instant::now() + Duration::from_millis(500);
    while let Ok(Some(event)) = timeout_at(until, events.next()).await {
        match event {
            Event::Rotated(rotation) => {
                assert_eq!(rotation.cause, RotationCause::Restore);
                found.recovery = rotation.recovery;
                found.void = rotation.losses.calls_void;
            }
            Event::ToolCallRestored { call, .. } => found.restored.push(call),
            Event::ToolCall(call) => panic!("{} was told as if it were new", call.id),
            _ => {}
        }
    }
    found
}

async fn second_life(
    wire: &subjects::Wire,
    kept: &str,
    call: &CallId,
    dial: MemoryDial,
) -> (Recovery, bool) {
    // Time has passed between the processes.
    tokio::time::advance(Duration::from_secs(100)).await;
    let answers = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&answers);
    let tap = Tap::new(dial).listener(move |sight| {
        let Seen::Frame(Way::Out, frame) = sight.what else {
            return;
        };
        if String::from_utf8_lossy(&frame.data).contains("four degrees") {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let kept: Snapshot = serde_json::from_str(kept).unwrap();
    let (session, mut events) = Session::builder(wire.provider())
        .restore(kept)
        .dial(tap)
        .wall_clock(DAY)
        .late_results(LateResults::Tell)
        .seed(6)
        .connect()
        .await
        .unwrap();
    let found = found(&mut events).await;
    let open = found
        .restored
        .iter()
        .map(|call| &call.id)
        .collect::<Vec<_>>();
    let void = found.void.iter().collect::<Vec<_>>();
    assert!(
        (open == [call] && void.is_empty()) || (open.is_empty() && void == [call]),
        "{}: the call is open or void, once: {open:?}, {void:?}",
        wire.name
    );
    let answer = || {
        let output = json!({ ANSWER: "four degrees" }).to_string();
        vec![ToolResult::new(call.clone(), "look", output)]
    };
    session.send_tool_results(answer()).await.unwrap();
    let again = session.send_tool_results(answer()).await;
    assert!(
        matches!(again, Err(SessionError::Call(_))),
        "{}: {again:?}",
        wire.name
    );
    sleep(Duration::from_millis(300)).await;
    // What later connections are told is told by the session, and is no second answer.
    assert_eq!(
        answers.load(Ordering::Relaxed),
        1,
        "{}: the model is told the answer once",
        wire.name
    );
    // The conversation goes on.
    session.send_text("Are you still there?").await.unwrap();
    let goes_on = async {
        loop {
            match events.next().await {
                Some(Event::ResponseDone(_)) => break,
                Some(Event::Ended(ended)) => panic!("{}: {ended:?}", wire.name),
                Some(_) => {}
                None => panic!("{}: the end was missed", wire.name),
            }
        }
    };
    timeout(Duration::from_secs(60), goes_on).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(session.state().borrow().turn.open_calls, 0, "{}", wire.name);
    assert!(session.close().await.is_orderly());
    (found.recovery, !found.restored.is_empty())
}

#[test]
fn another_process_goes_on_in_mid_call_and_the_call_is_answered_once() {
    let mut told = Vec::new();
    for wire in subjects::wires() {
        let Some(config) = config(&wire) else {
            continue;
        };
        let (kept, call, dial) = process(async {
            let dial = wire.peer(&stage(), Clock::start());
            let (kept, call) = first_life(&wire, config, dial.clone()).await;
            (kept, call, dial)
        });
        let (recovery, open) = process(second_life(&wire, &kept, &call, dial));
        told.push((wire.name, recovery, open));
    }
    println!("{told:?}");
    assert!(told.len() >= 4, "{told:?}");
    let of = |name| told.iter().find(|(its, ..)| *its == name);
    // An answer may come later where history may hold a call without one.
    assert_eq!(
        of("openai-realtime"),
        Some(&("openai-realtime", Recovery::Reseeded, true))
    );
    // A handle is given between turns, before the call was made.
    assert_eq!(
        of("gemini-live"),
        Some(&("gemini-live", Recovery::Resumed, false))
    );
}
