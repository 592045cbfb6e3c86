//! Recorded sessions, as neutral events that a person has read.
//!
//! The recordings lie in a folder beside the repository. Where it is absent these tests say so and
//! prove nothing.
#![expect(
    clippy::print_stderr,
    reason = "a test states what it expects, and says when it proves nothing"
)]

use std::{path::Path, sync::Arc};

use crate::common::{Talk, events, lines, of_a_recording};
use antiphon_openai::{Live, OpenAi};
use antiphon_protocol::{Effect, Event, OpeningPlan, Provider, SessionConfig};
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
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("gpt-realtime")));
    let mut talk = Talk::opened(&OpenAi::realtime("key"), &plan);
    talk.made();
    talk
}

/// What one recorded session becomes, connection by connection.
fn replay(session: &str) -> Option<Vec<Vec<Effect>>> {
    let mut talk = open();
    let mut connections = Vec::new();
    let mut frames = 0;
    for line in read("traces.jsonl")? {
        if line["session"].as_str().unwrap().ends_with(session) && line["direction"] == "server" {
            if line["frame"]["type"] == "session.created" && frames > 0 {
                connections.push(of_a_recording(std::mem::replace(&mut talk, open()).made()));
            }
            talk.hear(&line["frame"].to_string());
            frames += 1;
        }
    }
    assert!(frames > 0, "{session} is among the recordings");
    connections.push(of_a_recording(talk.made()));
    Some(connections)
}

#[expect(clippy::needless_pass_by_value, reason = "as the macro gives it")]
fn check(session: &str, expected: ExpectFile) {
    let Some(connections) = replay(session) else {
        return;
    };
    let malformed = |event: &Event| matches!(event, Event::Malformed(_));
    for made in &connections {
        assert!(!events(made).iter().any(malformed), "{session}");
    }
    let told: Vec<_> = connections.iter().map(|made| lines(made)).collect();
    expected.assert_eq(&told.join("the next connection\n"));
}

#[test]
fn a_spoken_turn() {
    check(
        "test_openai_ws/test_audio_in_server_vad_turn.yaml",
        expect_file!["recordings/spoken_turn.txt"],
    );
}

#[test]
fn a_tool_call() {
    check(
        "test_openai_ws/test_tool_call_round.yaml",
        expect_file!["recordings/tool_call.txt"],
    );
}

#[test]
fn a_joined_call() {
    check(
        "test_openai_ws_sideband/test_webrtc_sideband_text_turn.yaml",
        expect_file!["recordings/joined_call.txt"],
    );
}

#[test]
fn a_tool_call_on_azure() {
    check(
        "test_azure_ws/test_tool_call_round.yaml",
        expect_file!["recordings/azure_tool_call.txt"],
    );
}

#[test]
fn a_tool_call_on_azure_voice_live() {
    check(
        "test_azure_voice_live_ws/test_tool_call_round.yaml",
        expect_file!["recordings/azure_voice_live_tool_call.txt"],
    );
}

#[test]
fn two_connections_of_xai() {
    check(
        "test_xai_ws/test_session_resumption_after_drop.yaml",
        expect_file!["recordings/xai_resumption.txt"],
    );
}

/// Every recorded frame on its own: none is malformed, and what has no neutral word is listed.
#[test]
fn every_recorded_frame_is_understood() {
    let mut others = std::collections::BTreeMap::new();
    let mut frames = 0;
    for file in ["samples-openai.jsonl", "samples-openai-compat.jsonl"] {
        let Some(lines) = read(file) else {
            return;
        };
        for line in lines {
            let api = line["api"].as_str().unwrap();
            let is_ours = matches!(api, "realtime-ga" | "realtime-beta");
            if line["direction"] != "server" || line["kind"] != "recorded" || !is_ours {
                continue;
            }
            let text = line["frame"].to_string();
            let provider = line["provider"].as_str().unwrap().to_owned();
            for event in events(&of_a_recording(open().heard(&text))) {
                match event {
                    Event::Malformed(malformed) => panic!("{provider}: {malformed:?}: {text}"),
                    Event::Other(raw) => {
                        *others
                            .entry((provider.clone(), raw.name().to_owned()))
                            .or_insert(0) += 1;
                    }
                    _ => {}
                }
            }
            frames += 1;
        }
    }
    let mut list = format!("frames {frames}\n");
    for ((provider, name), count) in others {
        list.push_str(&format!("{provider} {name} {count}\n"));
    }
    expect_file!["recordings/without_a_neutral_word.txt"].assert_eq(&list);
}

/// What the frames of GPT-Live become, source by source, each on a session of its own kind.
#[test]
fn the_frames_of_live() {
    let Some(frames) = read("samples-openai-live.jsonl") else {
        return;
    };
    let mut told = String::new();
    let mut talk = None;
    let mut last = String::new();
    for line in frames {
        if line["direction"] != "server" {
            continue;
        }
        let (source, connection) = (&line["source"], line["connection"].as_str().unwrap());
        let place = format!("{} ({connection})", source.as_str().unwrap());
        if place != last {
            told.push_str(&format!("## {place}\n"));
            talk = Some(running(connection));
            last = place;
        }
        let talk = talk.as_mut().unwrap();
        let text = line["frame"].to_string();
        // The client's own goodbye went before it.
        if text.contains("close_requested") {
            talk.codec.finish(&mut Vec::new());
        }
        let made = of_a_recording(talk.heard(&text));
        assert!(!events(&made).is_empty(), "{text}");
        let malformed = |event: &Event| matches!(event, Event::Malformed(_));
        assert!(!events(&made).iter().any(malformed), "{text}");
        told.push_str(&lines(&made));
        // What ends a session leaves nothing to say; the next frame is of another.
        if line["frame"]["type"] == "session.closed" || text.contains("credit_balance") {
            *talk = running(connection);
        }
    }
    expect_file!["recordings/live.txt"].assert_eq(&told);
}

/// A session of GPT-Live in use, with both kinds of work.
fn running(connection: &str) -> Talk {
    let live: Live = OpenAi::live("key").with_backend("gpt-5.5");
    let live = match connection {
        "sideband" => live.attach("live_1"),
        _ => live,
    };
    Talk::live(&live as &dyn Provider)
}

/// Every frame that a client of GPT-Live was seen to send is one that can be sent as it is.
#[test]
fn the_commands_of_live() {
    let Some(frames) = read("samples-openai-live.jsonl") else {
        return;
    };
    let mut count = 0;
    for line in frames {
        if line["direction"] != "client" {
            continue;
        }
        let kind = line["frame"]["type"].as_str().unwrap();
        let raw = serde_json::value::to_raw_value(&line["frame"]).unwrap();
        let native = antiphon_protocol::Command::Native(Box::new(antiphon_protocol::RawJson(raw)));
        let made = running("primary").asked(1, &native);
        if kind == "session.start" {
            assert!(made.is_err(), "{kind}");
        } else {
            let mut frame = made.unwrap().remove(0);
            if line["frame"].get("event_id").is_none() {
                frame.as_object_mut().unwrap().remove("event_id");
            }
            assert_eq!(frame, line["frame"]);
        }
        count += 1;
    }
    assert!(count > 20);
}

/// The recorded translation, whole.
#[test]
fn a_translation() {
    let Some(frames) = read("samples-openai.jsonl") else {
        return;
    };
    let mut config = SessionConfig::new("gpt-realtime-translate");
    config.language = Some("es".to_owned());
    let plan = OpeningPlan::fresh(Arc::new(config));
    let mut talk = Talk::opened(&OpenAi::realtime("key").translating(), &plan);
    talk.made();
    for line in frames {
        let is_ours = line["api"] == "realtime-translation" && line["kind"] == "recorded";
        if is_ours && line["direction"] == "server" {
            if line["frame"]["type"] == "session.closed" {
                let mut made: Vec<Effect> = Vec::new();
                talk.codec.finish(&mut made);
            }
            talk.hear(&line["frame"].to_string());
        }
    }
    expect_file!["recordings/translation.txt"].assert_eq(&lines(&of_a_recording(talk.made())));
}
