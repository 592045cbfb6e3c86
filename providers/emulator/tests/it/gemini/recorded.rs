//! Recorded sessions of the service, played against the machine: the order of what it sends, and the
//! members of each message.

use std::{collections::BTreeSet, path::Path, time::Duration};

use antiphon_emulator::gemini::Service;
use serde_json::{Value, json};

use super::bench::*;

fn spec(name: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/specs")
        .join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(
        lines
            .filter(|line: &Value| line["provider"] == "gemini")
            .collect(),
    )
}

/// The order of messages with what may fall anywhere left out: transcriptions interleave freely with
/// audio, and the recordings have thoughts that nobody asked for.
fn landmarks(messages: &[Value]) -> Vec<String> {
    let mut marks = Vec::new();
    for message in messages {
        let thought = message
            .pointer("/serverContent/modelTurn/parts/0/thought")
            .is_some();
        let code = message
            .pointer("/serverContent/modelTurn/parts/0/executableCode")
            .is_some();
        let names = names_of(message).join("+");
        if !thought && !code && names != "outputTranscription" {
            marks.push(names);
        }
    }
    marks.dedup();
    marks
}

const SCRIPT: &str = r#"
    expect "Hello, my name is Marcelo."
      call record_reading zqx_measurement="5" qbf_note="steady"
      call get_current_weather location="Redmond, WA"
      say "I have recorded a reading of 5."
"#;

/// Plays the client's side of a recorded session.
fn replay(recorded: &[&Value]) -> Vec<Value> {
    let mut settings = settings(SCRIPT);
    let first = &recorded[0]["frame"]["setup"]["model"];
    if !first.as_str().unwrap().starts_with("models/") {
        settings.service = Service::Vertex;
    }
    let mut bench = Bench::connect(settings);
    let frames = recorded.iter().filter(|line| line["direction"] == "client");
    let mut spoken = false;
    for line in frames {
        let mut frame = line["frame"].clone();
        // The recordings' audio was cut short; the caller speaks instead.
        if frame.get("realtime_input").is_some() {
            if !std::mem::replace(&mut spoken, true) {
                bench.speak(&[silence(400), speech(1_500), silence(700)].concat());
            }
            continue;
        }
        if let Some(answer) = frame.pointer_mut("/tool_response/functionResponses/0/id") {
            *answer = ids_of(&calls(&bench.run_until(&["toolCall"])))[0]
                .clone()
                .into();
        }
        let is_setup = frame.get("setup").is_some();
        bench.send(frame);
        if is_setup {
            bench.run_until(&["setupComplete"]);
        }
    }
    bench.run(Duration::from_secs(30));
    assert!(bench.others.is_empty(), "{:?}", bench.others);
    bench.all()
}

#[test]
fn messages_come_in_the_order_of_recorded_sessions() {
    let Some(lines) = spec("traces.jsonl") else {
        return;
    };
    let sessions: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["session"].as_str().unwrap())
        .collect();
    assert!(sessions.len() >= 5, "{sessions:?}");
    for session in sessions {
        let recorded: Vec<&Value> = lines
            .iter()
            .filter(|line| line["session"] == session)
            .collect();
        let theirs: Vec<Value> = recorded
            .iter()
            .filter(|line| line["direction"] == "server")
            .map(|line| line["frame"].clone())
            .collect();
        let (ours, theirs) = (landmarks(&replay(&recorded)), landmarks(&theirs));
        // Some recordings stop before the turn does.
        assert!(ours.len() >= theirs.len(), "{session}: {ours:?} {theirs:?}");
        assert_eq!(ours[..theirs.len()], theirs, "{session}");
    }
}

/// The paths of all members of a value, without places in lists and what tools are free to hold.
fn paths(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if !path.ends_with("args") => {
            for (name, value) in members {
                let path = format!("{path}/{name}");
                out.insert(path.clone());
                paths(value, &path, out);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| paths(value, path, out)),
        _ => {}
    }
}

/// Recorded members that the machine does not send, each with its reason.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "executableCode",
        "the model of that recording wrote code before it called",
    ),
    ("groundingMetadata", "nothing is searched"),
    ("groundingChunks", "nothing is searched"),
    ("trafficType", "a kind of quota of Vertex"),
    ("serviceTier", "a tier of the service"),
    ("cacheTokensDetails", "nothing is cached"),
    ("cachedContentTokenCount", "nothing is cached"),
    (
        "languageCode",
        "the words of a script are of no stated language",
    ),
    ("thoughtSignature", "an opaque state of the service's own"),
    ("toolUsePrompt", "no tool of the service's own is used"),
];

#[test]
fn every_recorded_member_is_sent_or_left_out_for_a_reason() {
    let Some(lines) = spec("samples-gemini.jsonl") else {
        return;
    };
    let mut sent = BTreeSet::new();
    for (service, model, more) in [
        (
            Service::Developer,
            MODEL_2_5,
            json!({"sessionResumption": {}}),
        ),
        (
            Service::Vertex,
            VERTEX_2_5,
            json!({"sessionResumption": {"transparent": true}}),
        ),
    ] {
        let mut settings = settings(SCRIPT);
        settings.service = service;
        let mut all = more;
        all["generationConfig"] = json!({"thinkingConfig": {"includeThoughts": true}});
        all["tools"] = json!([{"functionDeclarations": [{"name": "record_reading"}]}]);
        let mut bench = Bench::with(settings, setup_with(model, all));
        bench.speak(&[speech(500), silence(900)].concat());
        bench.run(Duration::from_secs(1));
        let calls = calls(&bench.all());
        bench.answer(&ids_of(&calls)[0], json!({}));
        bench.run_until(&["modelTurn"]);
        bench.speak(&[speech(300), silence(900)].concat());
        bench.run(Duration::from_secs(600));
        let text = json!({"generationConfig": {"responseModalities": ["TEXT"]}});
        let mut writes = Bench::with(
            self::settings(SCRIPT),
            setup_with("models/gemini-live-2.5-flash-preview", text),
        );
        writes.ask("a");
        writes.turn();
        for message in bench.all().iter().chain(&writes.all()) {
            paths(message, "", &mut sent);
        }
    }
    let recorded = lines
        .iter()
        .filter(|line| line["kind"] == "recorded" && line["direction"] == "server");
    let mut seen = BTreeSet::new();
    for line in recorded {
        paths(&line["frame"], "", &mut seen);
    }
    assert!(seen.len() > 20);
    let missing: Vec<&String> = seen
        .iter()
        .filter(|path| !sent.contains(*path))
        .filter(|path| !LEFT_OUT.iter().any(|(name, _)| path.contains(name)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
