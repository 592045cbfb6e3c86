//! Conversations written by hand, as neutral events that a person has read: what the recordings do
//! not show. Each file says so in its first line.

use std::{path::Path, sync::Arc};

use crate::common::{NATIVE_AUDIO, NEWEST, THINKING, Talk, developer, lines, vertex};
use antiphon_protocol::{
    CallId, Command, Scheduling, SessionConfig, ToolBehavior, ToolResult, ToolSpec,
};
use bytes::Bytes;
use expect_test::{ExpectFile, expect_file};
use serde_json::{Value, json};

/// What `talk` makes of a trace; `asked` are the commands that make the client's frames in it.
#[expect(clippy::needless_pass_by_value, reason = "as the macro gives it")]
fn check(name: &str, mut talk: Talk, asked: &[Command], expected: ExpectFile) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/traces")
        .join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let mut trace = text
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    assert!(
        trace.next().unwrap()["authored"].is_string(),
        "{name} says that it is authored"
    );
    let mut asked = asked.iter();
    let mut made = String::new();
    for line in trace {
        if line["direction"] == "client" {
            let frame = talk.frame(asked.next().unwrap());
            assert_eq!(frame, line["frame"], "{name}");
            made.push_str("the caller's command is sent\n");
        } else {
            made.push_str(&lines(&talk.heard(&line["frame"].to_string())));
        }
    }
    assert_eq!(asked.next(), None, "{name} has a frame for each command");
    expected.assert_eq(&made);
}

#[test]
fn an_interruption() {
    check(
        "interruption.jsonl",
        Talk::ready(NATIVE_AUDIO),
        &[],
        expect_file!["traces/interruption.txt"],
    );
}

#[test]
fn an_announced_end() {
    check(
        "go_away.jsonl",
        Talk::ready(NEWEST),
        &[],
        expect_file!["traces/go_away.txt"],
    );
}

#[test]
fn void_calls() {
    check(
        "tool_cancellation.jsonl",
        Talk::ready(NATIVE_AUDIO),
        &[],
        expect_file!["traces/tool_cancellation.txt"],
    );
}

#[test]
fn a_tool_beside_the_talk() {
    let mut tool = ToolSpec::new("book", "Books.", json!({"type": "object"}));
    tool.behavior = ToolBehavior::NonBlocking;
    let mut result = ToolResult::new(CallId::from("c1"), "book", r#"{"booked":true}"#);
    result.scheduling = Some(Scheduling::WhenIdle);
    check(
        "non_blocking_tool.jsonl",
        Talk::of(&developer(), SessionConfig::new(NEWEST).tool(tool)),
        &[Command::ToolResults(vec![result])],
        expect_file!["traces/non_blocking_tool.txt"],
    );
}

#[test]
fn an_answer_of_several_turns() {
    let level = json!({"thinkingConfig": {"thinkingLevel": "HIGH"}});
    let config = SessionConfig::new(THINKING).native("generationConfig", level);
    check(
        "thinking.jsonl",
        Talk::of(&developer(), config),
        &[],
        expect_file!["traces/thinking.txt"],
    );
}

#[test]
fn the_index_of_what_was_read() {
    let provider = vertex().with_transparent_resumption();
    check(
        "resumption_index.jsonl",
        Talk::of(&provider, SessionConfig::new(NEWEST)),
        &[Command::Audio(Bytes::from_static(&[0, 0]))],
        expect_file!["traces/resumption_index.txt"],
    );
}

#[test]
fn a_live_update() {
    let config = SessionConfig::new(NEWEST)
        .instructions("You are the front desk.")
        .tool(ToolSpec::new(
            "transfer",
            "Transfers.",
            json!({"type": "object"}),
        ));
    let mut billing = config.clone().instructions("You are billing.");
    billing.tools.clear();
    check(
        "context_update.jsonl",
        Talk::of(&developer(), config),
        &[
            Command::Configure(Arc::new(billing)),
            Command::ToolResults(vec![ToolResult::new("c1".into(), "transfer", "done")]),
        ],
        expect_file!["traces/context_update.txt"],
    );
}

#[test]
fn everything_in_one_message() {
    check(
        "bundle.jsonl",
        Talk::ready(NEWEST),
        &[],
        expect_file!["traces/bundle.txt"],
    );
}
