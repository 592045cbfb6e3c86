//! Frames as they were recorded or published, decoded and encoded again.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test states what it expects by panicking, and says what it skipped"
)]

use std::{fs, path::Path};

use antiphon_openai_realtime_types::{ClientEvent, ServerEvent};
use serde_json::Value;

struct Sample {
    direction: String,
    recorded: bool,
    frame: Value,
}

/// Frames of one file beside the repository, or none where it is absent.
fn samples(file: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Sample> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/specs")
        .join(file);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: no {file} beside the repository");
        return Vec::new();
    };
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(wanted)
        .map(|line| Sample {
            direction: line["direction"].as_str().unwrap().to_owned(),
            recorded: line["kind"] == "recorded",
            frame: line["frame"].clone(),
        })
        .collect()
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Known,
    Unknown,
    Degraded(String),
}

fn round_trip(sample: &Sample) -> (Outcome, Value) {
    let text = sample.frame.to_string();
    let (outcome, json) = if sample.direction == "client" {
        let event = ClientEvent::from_json(&text).unwrap();
        let outcome = match &event {
            ClientEvent::Unknown(_) => Outcome::Unknown,
            ClientEvent::Degraded(event) => Outcome::Degraded(event.misfit().to_string()),
            _ => Outcome::Known,
        };
        (outcome, event.to_json())
    } else {
        let event = ServerEvent::from_json(&text).unwrap();
        let outcome = match &event {
            ServerEvent::Unknown(_) => Outcome::Unknown,
            ServerEvent::Degraded(event) => Outcome::Degraded(event.misfit().to_string()),
            _ => Outcome::Known,
        };
        (outcome, event.to_json())
    };
    (outcome, serde_json::from_str(&json).unwrap())
}

/// A value in which 3 and 3.0 are one number.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(list) => list.into_iter().map(plain).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name, plain(value)))
            .collect(),
        other => other,
    }
}

fn is_ga(line: &Value) -> bool {
    line["api"] == "realtime-ga" || line["api"] == "realtime"
}

#[test]
fn recorded_frames_are_known_and_come_back_equal() {
    for file in ["samples-openai.jsonl", "samples-openai-compat.jsonl"] {
        for sample in samples(file, |line| is_ga(line) && line["provider"] != "xai") {
            if !sample.recorded {
                continue;
            }
            let (outcome, back) = round_trip(&sample);
            assert_eq!(outcome, Outcome::Known, "{}", sample.frame);
            assert_eq!(plain(back), plain(sample.frame));
        }
    }
}
