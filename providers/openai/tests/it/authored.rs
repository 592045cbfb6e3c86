//! Sessions that nobody recorded, written by hand after the references: what the service says, what
//! the caller asks for, and the frames that it becomes. Each says in its first line what it shows,
//! and that it is authored.

use crate::common::{Talk, lines, sent};
use antiphon_openai::OpenAi;
use antiphon_protocol::{
    Command, CommandId, Context, ContextKind, Effect, ResponseOptions, SessionConfig, ToolResult,
};
use expect_test::{ExpectFile, expect_file};
use serde_json::Value;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A command as the traces write it.
fn command(value: &Value) -> Command {
    if value == "create" {
        return Command::CreateResponse(ResponseOptions::default());
    }
    let (name, value_of) = value.as_object().unwrap().iter().next_back().unwrap();
    match name.as_str() {
        "truncate" => Command::Truncate {
            item: text(&value_of[0]).into(),
            content_index: 0,
            heard: value_of[1].as_u64().unwrap(),
        },
        "cancel" => Command::CancelResponse(value_of.as_str().map(Into::into)),
        "delete" => Command::DeleteItem(text(value_of).into()),
        "results" => {
            let of = |result: &Value| {
                ToolResult::new(text(&result[0]).into(), text(&result[1]), text(&result[2]))
            };
            Command::ToolResults(value_of.as_array().unwrap().iter().map(of).collect())
        }
        _ => context(value),
    }
}

fn context(value: &Value) -> Command {
    let kinds = [
        ("instructions", ContextKind::Instructions),
        ("thinking", ContextKind::Thinking),
        ("commentary", ContextKind::Commentary),
    ];
    let named = kinds.iter().find(|(name, _)| value.get(name).is_some());
    let (name, kind) = named.unwrap();
    Command::Context(Context {
        kind: *kind,
        text: text(&value[name]),
        delegation: value["delegation"].as_str().map(Into::into),
    })
}

/// What was asked becomes exactly these frames; they are told beside the rest.
fn ask(talk: &mut Talk, id: u64, line: &Value) -> String {
    if line["command"] == "close" {
        let mut made: Vec<Effect> = Vec::new();
        talk.codec.finish(&mut made);
        assert_eq!(sent(&made), [line["client"].clone()]);
        return lines(&made);
    }
    let command = command(&line["command"]);
    let mut made: Vec<Effect> = Vec::new();
    let asked = talk.codec.encode(CommandId::new(id), &command, &mut made);
    if let Some(why) = line.get("refused") {
        let refusal = asked.unwrap_err();
        assert!(refusal.why.contains(why.as_str().unwrap()), "{refusal}");
        return format!("refused {refusal}\n");
    }
    asked.unwrap();
    let frames = match &line["client"] {
        Value::Array(frames) => frames.clone(),
        frame => vec![frame.clone()],
    };
    assert_eq!(sent(&made), frames);
    lines(&made)
}

#[expect(clippy::needless_pass_by_value, reason = "as the macro gives it")]
fn check(trace: &str, expected: ExpectFile) {
    let mut lines_of = trace
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let head = lines_of.next().unwrap();
    let mut talk = match head["wire"].as_str().unwrap() {
        "live" => Talk::live(&OpenAi::live("key")),
        "live backend" => Talk::live(&OpenAi::live("key").with_backend("gpt-5.5")),
        _ => Talk::ready(SessionConfig::new("gpt-realtime")),
    };
    let mut told = format!("authored: {}\n", text(&head["authored"]));
    let mut asked = 0;
    for line in lines_of {
        match line.get("server") {
            Some(frame) => told.push_str(&lines(&talk.heard(&frame.to_string()))),
            None => {
                asked += 1;
                told.push_str(&ask(&mut talk, asked, &line));
            }
        }
    }
    assert!(!told.contains("malformed"), "{told}");
    expected.assert_eq(&told);
}

#[test]
fn an_interruption_on_realtime() {
    check(
        include_str!("authored/realtime_interruption.jsonl"),
        expect_file!["authored/realtime_interruption.txt"],
    );
}

#[test]
fn a_cancel_on_realtime() {
    check(
        include_str!("authored/realtime_cancel.jsonl"),
        expect_file!["authored/realtime_cancel.txt"],
    );
}

#[test]
fn a_delegation_to_the_caller() {
    check(
        include_str!("authored/live_client_delegation.jsonl"),
        expect_file!["authored/live_client_delegation.txt"],
    );
}

#[test]
fn a_delegation_to_a_backend_model() {
    check(
        include_str!("authored/live_backend_delegation.jsonl"),
        expect_file!["authored/live_backend_delegation.txt"],
    );
}
