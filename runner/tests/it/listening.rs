//! Each method of the handler's trait hears of its own kind.

use antiphon_protocol::{
    AudioChunk, Delegation, Ended, Interruption, ResponseDone, Rotation, Speech, TextDelta,
    ToolCall, TurnTimes, UpdateOutcome,
};
use antiphon_runner::{
    Control, FunctionTool, Handler, HandlerResult, Lag, LaneLimits, Problem, ToolContext, ToolEnd,
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::support::{Notes, accept, agent, nothing, run, settle};

/// Writes down what it is told of.
struct Scribe(Notes);

/// One method per row, which writes down its own name.
macro_rules! scribe {
    ($($name:ident($($arg:ty),*)),* $(,)?) => {
        #[async_trait]
        impl Handler for Scribe {
            $(async fn $name(&self, _: &Control, $(_: $arg),*) -> HandlerResult {
                self.0.add(stringify!($name));
                Ok(())
            })*
        }

        const METHODS: &[&str] = &[$(stringify!($name)),*];
    };
}

scribe! {
    on_audio(AudioChunk),
    on_flush(),
    on_text(TextDelta),
    on_input_transcript(TextDelta),
    on_output_transcript(TextDelta),
    on_speech_started(Speech),
    on_speech_stopped(Speech),
    on_interruption(Interruption),
    on_response_done(ResponseDone),
    on_turn_timed(&TurnTimes),
    on_tool_start(&ToolCall),
    on_tool_progress(&ToolCall, &str),
    on_tool_end(ToolEnd),
    on_delegation(Delegation),
    on_rotation(Rotation),
    on_update(&UpdateOutcome),
    on_lag(Lag),
    on_end(Ended),
    on_error(&Problem),
}

/// What the provider says, and what a handler is told then.
fn steps() -> Vec<(Vec<Value>, &'static [&'static str])> {
    vec![
        (
            vec![json!({ "t": "speech" })],
            &["on_flush", "on_speech_started"],
        ),
        (vec![json!({ "t": "silence" })], &["on_speech_stopped"]),
        (
            vec![json!({ "t": "heard", "text": "a" })],
            &["on_input_transcript"],
        ),
        (
            vec![json!({ "t": "said", "text": "a" })],
            &["on_output_transcript"],
        ),
        (vec![json!({ "t": "text", "text": "a" })], &["on_text"]),
        (
            vec![
                json!({ "t": "started", "id": "r" }),
                json!({ "t": "call", "id": "c", "name": "steps", "args": "", "response": "r" }),
                json!({ "t": "audio", "item": "a", "ms": 20 }),
            ],
            &[
                "on_tool_start",
                "on_tool_progress",
                "on_tool_end",
                "on_audio",
            ],
        ),
        (
            vec![json!({ "t": "delegation", "id": "d" })],
            &["on_delegation"],
        ),
        (vec![json!({ "t": "interrupted" })], &["on_flush"]),
        (
            vec![json!({ "t": "done", "id": "r", "status": "cancelled" })],
            &[
                "on_response_done",
                "on_interruption",
                "on_flush",
                "on_turn_timed",
            ],
        ),
        (
            vec![json!({ "t": "error", "message": "oh" })],
            &["on_error"],
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_told_of_everything_and_of_each_thing_by_its_own_method() {
    let notes = Notes::default();
    let mut limits = LaneLimits::default();
    limits.bytes = 2000;
    let tool = |cx: ToolContext, _: Value| async move {
        cx.progress("half");
        "whole"
    };
    let agent = agent()
        .tool(FunctionTool::with_context("steps", "", nothing(), tool))
        .lane_limits(limits)
        .handler(Scribe(notes.clone()));
    let (run, server) = run(agent).await;
    let mut told = Vec::new();
    for (said, hears) in steps() {
        for frame in &said {
            server.send(frame);
        }
        settle().await;
        told.extend(hears.iter().map(|name| (*name).to_owned()));
        let (mut heard, mut expected) = (notes.all(), told.clone());
        heard.sort();
        expected.sort();
        assert_eq!(heard, expected, "after {said:?}");
    }
    for _ in 0..3 {
        server.send(&json!({ "t": "text", "text": "x".repeat(1500) }));
    }
    settle().await;
    let control = run.control.clone();
    let change = tokio::spawn(async move { control.update(|config| config.voice("bass")).await });
    settle().await;
    server.send(&json!({ "t": "configured" }));
    change.await.unwrap().unwrap();
    server.wire.drop_connection();
    let _server = accept(server.peer.clone()).await;
    settle().await;
    run.close().await;
    for name in ["on_update", "on_rotation", "on_end"] {
        assert_eq!(notes.count(name), 1, "{name} of {:?}", notes.all());
    }
    let heard = notes.all();
    let unheard = METHODS
        .iter()
        .filter(|name| !heard.iter().any(|heard| heard == *name));
    assert_eq!(unheard.collect::<Vec<_>>(), [&""; 0]);
}
