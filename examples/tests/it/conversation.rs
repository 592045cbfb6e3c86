//! Conversations that go well: what is told of them, and what is written.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use antiphon_examples::talk::{clip::Clip, wire_audio};
use hound::{SampleFormat, WavSpec, WavWriter};
use serde_json::Value;

use crate::{
    peer::Peer,
    program::{Ran, Talk},
};

fn asset(name: &str) -> String {
    format!("{}/assets/{name}.wav", env!("CARGO_MANIFEST_DIR"))
}

fn ended_well(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let summary = ran.summary();
    assert_eq!(summary["ended"]["cause"], "closed");
    assert_eq!(summary["ended"]["message"], Value::Null);
    let lost = summary["lost"].as_object().unwrap();
    assert!(lost.values().all(|count| *count == 0), "{summary}");
    summary
}

fn statuses(summary: &Value) -> Vec<&str> {
    let turns = summary["turns"].as_array().unwrap();
    turns
        .iter()
        .map(|turn| turn["status"].as_str().unwrap())
        .collect()
}

/// The bundled question at another rate, in another form.
fn question(path: &Path, spec: WavSpec) {
    let clip = Clip::open(Path::new(&asset("question"))).unwrap();
    let samples = wire_audio::resample(&clip, spec.sample_rate).unwrap();
    let mut writer = WavWriter::create(path, spec).unwrap();
    let scale = f64::from(spec.bits_per_sample - 1).exp2() - 1.0;
    for sample in samples {
        for _ in 0..spec.channels {
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(sample).unwrap(),
                SampleFormat::Int => {
                    writer
                        .write_sample((f64::from(sample) * scale) as i32)
                        .unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
}

#[test]
fn the_bundled_conversation_in_real_time() {
    let ran = Talk::with(&["--json", "--events", "events.jsonl"]).run();
    let summary = ended_well(&ran);
    assert!(ran.took < Duration::from_secs(45), "{:?}", ran.took);
    assert!(ran.stderr.contains("embedded emulator"), "{}", ran.stderr);
    assert_eq!(statuses(&summary), ["interrupted", "completed"]);
    let (first, second) = (&summary["turns"][0], &summary["turns"][1]);
    assert_eq!(first["tool_calls"][0]["name"], "get_weather");
    assert_eq!(first["tool_calls"][0]["arguments"]["city"], "Oslo");
    assert!(first["user"].as_str().unwrap().contains("Oslo"));
    assert!(second["assistant"].as_str().unwrap().contains("Lisbon"));
    assert!(
        first["assistant"].as_str().unwrap().ends_with('…'),
        "only what was heard: {first}"
    );
    for turn in [first, second] {
        let latency = turn["first_audio_ms"].as_u64().unwrap();
        assert!((100..3_000).contains(&latency), "{turn}");
    }
    let heard = first["audio_out_ms"].as_u64().unwrap();
    assert!(
        (1_500..3_500).contains(&heard),
        "interrupted early in the answer: {heard} ms"
    );

    let reply = ran.reply();
    let told: u64 = [first, second]
        .iter()
        .map(|turn| turn["audio_out_ms"].as_u64().unwrap())
        .sum();
    assert!(
        (reply.len() as u64 / 24).abs_diff(told) <= 2,
        "{} samples, {told} ms",
        reply.len()
    );
    assert!(told > 1_000);
    let loud = reply
        .iter()
        .filter(|sample| sample.unsigned_abs() > 1_000)
        .count();
    assert!(
        loud > reply.len() / 20,
        "audible: {loud} of {}",
        reply.len()
    );

    let picture = ran.timeline();
    for words in [
        "get_weather",
        "interrupted",
        "first audio after",
        "You",
        "Model",
        "Lisbon",
    ] {
        assert!(picture.contains(words), "{words}");
    }
    let events = std::fs::read_to_string(ran.path("events.jsonl")).unwrap();
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((count("tool_call"), count("ended")), (1, 1));
    assert_eq!(events.last().unwrap()["event"], "ended");
    assert!(count("audio") > 10);
}

#[test]
fn any_wav_is_understood() {
    let int = |rate, channels, bits| WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format: SampleFormat::Int,
    };
    let float = WavSpec {
        sample_format: SampleFormat::Float,
        ..int(24_000, 1, 32)
    };
    let rows = [
        int(8_000, 1, 16),
        int(44_100, 2, 16),
        float,
        int(16_000, 1, 8),
        int(48_000, 2, 24),
        int(22_050, 1, 32),
    ];
    for spec in rows {
        let talk = Talk::with(&[
            "--input",
            "q.wav",
            "--json",
            "--pace",
            "fast",
            "--timeout",
            "20",
        ]);
        question(&talk.folder().join("q.wav"), spec);
        let ran = talk.run();
        let summary = ended_well(&ran);
        assert_eq!(statuses(&summary), ["completed"], "{spec:?}");
        let turn = &summary["turns"][0];
        assert!(turn["user"].as_str().unwrap().contains("Oslo"), "{spec:?}");
        let said = turn["audio_in_ms"].as_u64().unwrap();
        assert!(said.abs_diff(2_702) < 10, "{spec:?}: {said} ms");
        assert_eq!(turn["tool_calls"][0]["output"]["city"], "Oslo");
        assert!(ran.reply().len() > 24_000, "{spec:?}");
    }
}

#[test]
fn turns_are_taken_in_the_order_given() {
    let (question, thanks) = (asset("question"), asset("thanks"));
    let ran = Talk::with(&[
        "--text", "First.", "--input", &question, "--text", "Third.", "--input", &thanks, "--pace",
        "fast", "--json",
    ])
    .run();
    let summary = ended_well(&ran);
    assert_eq!(statuses(&summary), ["completed"; 4]);
    let turns = summary["turns"].as_array().unwrap();
    let spoken: Vec<bool> = turns.iter().map(|turn| turn["audio_in_ms"] != 0).collect();
    assert_eq!(spoken, [false, true, false, true]);
    assert_eq!(
        (&turns[0]["user"], &turns[2]["user"]),
        (&"First.".into(), &"Third.".into())
    );
    assert!(summary["usage"]["output"]["total"].as_u64().unwrap() > 0);
}

#[test]
fn a_service_that_answers_in_text_is_served_as_well() {
    let peer = Peer::playing(
        "text only\nexpect \"What's the weather like in Oslo?\"\n  call get_weather city=\"Oslo\"\n  \
         say \"It is {output.conditions}.\"",
    );
    for turn in [["--text", "How is Oslo?"], ["--input", &asset("question")]] {
        let url = peer.url();
        let arguments = [&turn[..], &["--url", &url, "--pace", "fast", "--json"]].concat();
        let ran = Talk::with(&arguments).run();
        let summary = ended_well(&ran);
        let turn = &summary["turns"][0];
        assert_eq!(turn["assistant"], "It is cloudy.");
        assert_eq!(
            (&turn["first_audio_ms"], &turn["audio_out_ms"]),
            (&Value::Null, &0.into())
        );
        assert!(ran.reply().is_empty());
    }
}

#[test]
fn a_right_key_is_used_and_never_shown() {
    let peer = Peer::new(|builder| builder.key(Some("sk-right-key")));
    let ran = Talk::with(&[
        "--url",
        &peer.url(),
        "--text",
        "Hi",
        "--pace",
        "fast",
        "--json",
        "-vv",
    ])
    .key("sk-right-key")
    .run();
    let summary = ended_well(&ran);
    assert_eq!(summary["url"], Value::String(peer.url()));
    for told in [&ran.stdout, &ran.stderr, &ran.timeline()] {
        assert!(!told.contains("sk-right-key"));
    }
}

#[test]
fn without_json_the_summary_is_in_words() {
    let ran = Talk::with(&[
        "--text",
        "Hi",
        "--pace",
        "fast",
        "--output",
        "a.wav",
        "--timeline",
        "b.svg",
    ])
    .run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for figure in [
        "turns        1 (1 completed",
        "first audio",
        "tokens",
        "lost         nothing",
    ] {
        assert!(ran.stdout.contains(figure), "{figure}: {}", ran.stdout);
    }
    assert!(ran.path("a.wav").exists() && ran.path("b.svg").exists());
    assert!(!ran.path("talk-reply.wav").exists() && !ran.path("talk-timeline.svg").exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_closes_in_order() {
    let talk = Talk::with(&["--text", "How is Oslo?", "--json", "--timeout", "30"]);
    let ran = talk.run_and(|child, stderr| {
        // The answer takes fifteen seconds to play: it is under way for long.
        let began = Instant::now();
        while !std::fs::read_to_string(stderr).unwrap().contains("speaks") {
            assert!(began.elapsed() < Duration::from_secs(20), "it never spoke");
            std::thread::sleep(Duration::from_millis(20));
        }
        let id = child.id().to_string();
        let told = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status();
        assert!(told.unwrap().success());
    });
    let summary = ended_well(&ran);
    assert_eq!(statuses(&summary), ["interrupted"]);
    assert!(ran.took < Duration::from_secs(10), "{:?}", ran.took);
    assert_eq!(summary["ended"]["session"]["cause"], "closed");
    assert!(ran.path("talk-reply.wav").exists());
}

/// The bundled conversation with another provider: a tool is called, and the caller speaks over the
/// first answer.
fn bundled_with(provider: &str) -> Value {
    let ran = Talk::with(&["--json", "--provider", provider]).run();
    let summary = ended_well(&ran);
    assert_eq!(summary["provider"], provider);
    assert_eq!(statuses(&summary).len(), 2, "{summary}");
    let (first, second) = (&summary["turns"][0], &summary["turns"][1]);
    assert_eq!(first["tool_calls"][0]["name"], "get_weather", "{summary}");
    assert_eq!(first["tool_calls"][0]["arguments"]["city"], "Oslo");
    assert!(first["user"].as_str().unwrap().contains("Oslo"));
    assert!(second["assistant"].as_str().unwrap().contains("Lisbon"));
    assert!(!ran.reply().is_empty());
    summary
}

#[test]
fn the_bundled_conversation_with_gemini_live() {
    let summary = bundled_with("gemini-live");
    assert_eq!(statuses(&summary), ["interrupted", "completed"]);
}

#[test]
fn the_bundled_conversation_with_gpt_live() {
    bundled_with("openai-live");
}
