//! Recorded sessions, as neutral events that a person has read.
//!
//! The recordings lie in a folder beside the repository. Where it is absent these tests say so and
//! prove nothing.
#![expect(
    clippy::print_stderr,
    reason = "a test states what it expects, and says when it proves nothing"
)]

use std::{collections::BTreeMap, fmt::Write as _, path::Path, sync::Arc};

use crate::common::{NATIVE_AUDIO, Talk, developer, events, lines, of_a_recording};
use antiphon_protocol::{Event, OpeningPlan, SessionConfig};
use expect_test::{ExpectFile, expect_file};
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/specs");

fn read(file: &str) -> Option<Vec<Value>> {
    let path = Path::new(FOLDER).join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: no recordings at {}", path.display());
        return None;
    };
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

fn open() -> Talk {
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new(NATIVE_AUDIO)));
    let mut talk = Talk::opened(&developer(), &plan);
    talk.made();
    talk
}

#[expect(clippy::needless_pass_by_value, reason = "as the macro gives it")]
fn check(session: &str, expected: ExpectFile) {
    let Some(lines_of) = read("traces.jsonl") else {
        return;
    };
    let mut talk = open();
    let mut frames = 0;
    for line in lines_of {
        if line["session"].as_str().unwrap().ends_with(session) && line["direction"] == "server" {
            talk.hear(&line["frame"].to_string());
            frames += 1;
        }
    }
    assert!(frames > 0, "{session} is among the recordings");
    expected.assert_eq(&lines(&of_a_recording(talk.made())));
}

#[test]
fn a_spoken_turn() {
    check(
        "test_google_ws/test_audio_in_server_vad_turn.yaml",
        expect_file!["recordings/spoken_turn.txt"],
    );
}

#[test]
fn a_tool_call() {
    check(
        "test_google_ws/test_tool_call_round.yaml",
        expect_file!["recordings/tool_call.txt"],
    );
}

/// Frames of many sessions, each on a connection of its own: what becomes of every kind of them.
#[test]
fn every_sample_is_understood() {
    let Some(samples) = read("samples-gemini.jsonl") else {
        return;
    };
    let mut told = String::new();
    for (place, line) in samples.iter().enumerate() {
        if line["direction"] != "server" {
            continue;
        }
        let made = of_a_recording(open().heard(&line["frame"].to_string()));
        let kind = line["kind"].as_str().unwrap();
        let event = line["event"].as_str().unwrap();
        // Hand-written fixtures hold what no service sends, such as sound that is no base64.
        if kind == "recorded"
            && let Some(event) = events(&made)
                .into_iter()
                .find(|event| matches!(event, Event::Malformed(_) | Event::Other(_)))
            && !is_wordless(&event)
        {
            panic!("{event:?}: {}", line["frame"]);
        }
        writeln!(told, "{place} {kind} {event}").unwrap();
        for line in lines(&made).lines() {
            writeln!(told, "    {line}").unwrap();
        }
    }
    expect_file!["recordings/samples.txt"].assert_eq(&told);
}

/// What recorded frames say that no neutral word exists for, and why.
const WORDLESS: &[(&str, &str)] = &[(
    "serverContent.modelTurn.executableCode",
    "code that a model writes to call a tool; the call comes as such besides",
)];

fn is_wordless(event: &Event) -> bool {
    matches!(event, Event::Other(raw) if WORDLESS.iter().any(|(name, _)| *name == raw.name()))
}

#[test]
fn every_reason_is_needed() {
    let Some(samples) = read("samples-gemini.jsonl") else {
        return;
    };
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for line in samples {
        if line["direction"] == "server" && line["kind"] == "recorded" {
            for event in events(&of_a_recording(open().heard(&line["frame"].to_string()))) {
                if let Event::Other(raw) = event {
                    *met.entry(raw.name().to_owned()).or_default() += 1;
                }
            }
        }
    }
    let met: Vec<&str> = met.keys().map(String::as_str).collect();
    let reasons: Vec<&str> = WORDLESS.iter().map(|(name, _)| *name).collect();
    assert_eq!(met, reasons);
}
