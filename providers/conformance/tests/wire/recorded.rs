//! Recorded frames of OpenAI, Azure OpenAI and Gemini are known, fit, and come back equal.

use antiphon_conformance::wire::{Counts, Protocol, check};
use serde_json::Value;

use crate::corpus::samples;

fn run(protocol: Protocol, file: &str, wanted: impl Fn(&Value) -> bool) {
    let lines: Vec<String> = samples(file)
        .iter()
        .filter(|line| wanted(line))
        .map(ToString::to_string)
        .collect();
    let (mut counts, mut problems) = (Counts::default(), Vec::new());
    check(protocol, None, &lines.join("\n"), &mut counts, |line| {
        problems.push(line);
    });
    let all = lines.len();
    let expected = Counts {
        frames: all,
        decoded: all,
        equal: all,
        ..Counts::default()
    };
    assert_eq!(counts, expected, "{file}: {problems:#?}");
}

#[test]
fn recorded_frames_come_back_equal() {
    let recorded = |line: &Value, api: &str| line["kind"] == "recorded" && line["api"] == api;
    for api in ["realtime-ga", "realtime-translation"] {
        run(Protocol::OpenAiRealtime, "samples-openai.jsonl", |line| {
            recorded(line, api)
        });
    }
    run(
        Protocol::OpenAiRealtime,
        "samples-openai-compat.jsonl",
        |line| recorded(line, "realtime-ga") && line["provider"] == "azure-openai",
    );
    run(Protocol::OpenAiLive, "samples-openai.jsonl", |line| {
        recorded(line, "live")
    });
    run(Protocol::OpenAiLive, "samples-openai-live.jsonl", |_| true);
    run(Protocol::GeminiLive, "samples-gemini.jsonl", |_| true);
}

#[test]
fn no_sample_is_refused() {
    for (protocol, file) in [
        (Protocol::OpenAiRealtime, "samples-openai.jsonl"),
        (Protocol::OpenAiRealtime, "samples-openai-compat.jsonl"),
        (Protocol::OpenAiLive, "samples-openai-live.jsonl"),
        (Protocol::GeminiLive, "samples-gemini.jsonl"),
        (Protocol::OpenAiRealtime, "samples-nonconforming.jsonl"),
        (Protocol::OpenAiLive, "samples-nonconforming.jsonl"),
        (Protocol::GeminiLive, "samples-nonconforming.jsonl"),
        (Protocol::OpenAiRealtime, "traces.jsonl"),
        (Protocol::GeminiLive, "traces.jsonl"),
    ] {
        let lines: Vec<String> = samples(file).iter().map(ToString::to_string).collect();
        let mut counts = Counts::default();
        check(protocol, None, &lines.join("\n"), &mut counts, drop);
        assert_eq!(
            (counts.failed, counts.equal),
            (0, counts.frames),
            "{protocol:?} {file}"
        );
    }
}
