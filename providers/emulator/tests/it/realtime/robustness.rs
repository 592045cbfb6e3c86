//! Whatever a client sends, and whenever: no panic, only valid events, and each thing that was
//! begun ends once.

use std::{collections::BTreeMap, time::Duration};

use antiphon_emulator::{
    Script,
    openai::{Input, Settings},
    peer::Peer,
};
use antiphon_protocol::Frame;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bench::{Bench, of_type, silence, speech, weather_tool};

#[derive(Clone, Debug)]
enum Step {
    Send(Value),
    Bytes(Vec<u8>),
    /// A valid event with one byte changed.
    Damaged(Value, usize, u8),
    Speak(u16),
    Pause(u16),
    Wait(u16),
    /// Truncates, deletes or retrieves an item that the server named.
    Touch(u8, usize, u32),
    /// Answers the last call.
    Answer,
    Cancel,
}

fn client_event() -> impl Strategy<Value = Value> {
    let user = json!({"type": "conversation.item.create", "item": {"type": "message",
        "role": "user", "content": [{"type": "input_text", "text": "And in Rome?"}]}});
    let update = |session: Value| json!({"type": "session.update", "session": session});
    let input = |input: Value| update(json!({"type": "realtime", "audio": {"input": input}}));
    prop::sample::select(vec![
        user,
        json!({"type": "response.create"}),
        json!({"type": "response.create", "response": {"conversation": "none"}}),
        json!({"type": "response.create", "response": {"output_modalities": ["text"]}}),
        json!({"type": "response.cancel"}),
        json!({"type": "input_audio_buffer.commit"}),
        json!({"type": "input_audio_buffer.clear"}),
        update(json!({"type": "realtime", "tools": [weather_tool()]})),
        update(json!({"type": "realtime", "output_modalities": ["text"]})),
        input(json!({"turn_detection": null})),
        input(json!({"turn_detection": {"type": "server_vad", "interrupt_response": false}})),
        input(json!({"turn_detection": {"type": "semantic_vad", "eagerness": "high"}})),
        input(json!({"format": {"type": "audio/pcma"}, "transcription": {"model": "whisper-1"}})),
        input(json!({"format": {"type": "audio/pcm"}})),
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => client_event().prop_map(Step::Send),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Step::Bytes),
        2 => (client_event(), any::<usize>(), any::<u8>())
            .prop_map(|(event, at, byte)| Step::Damaged(event, at, byte)),
        3 => (0_u16..600).prop_map(Step::Speak),
        3 => (0_u16..600).prop_map(Step::Pause),
        3 => (0_u16..2_000).prop_map(Step::Wait),
        2 => (0_u8..3, any::<usize>(), 0_u32..3_000)
            .prop_map(|(what, at, ms)| Step::Touch(what, at, ms)),
        2 => Just(Step::Answer),
        1 => Just(Step::Cancel),
    ]
}

fn perform(bench: &mut Bench, step: Step) {
    match step {
        Step::Send(event) => _ = bench.send(event),
        Step::Bytes(bytes) => {
            // A wire hands over text only if it is UTF-8.
            _ = bench.send_text(&String::from_utf8_lossy(&bytes));
            bench
                .connection
                .handle(bench.now, Input::Frame(Frame::binary(bytes)));
            bench.run(Duration::ZERO);
        }
        Step::Damaged(event, at, byte) => {
            let mut text = event.to_string().into_bytes();
            let at = at % text.len();
            text[at] = byte;
            _ = bench.send_text(&String::from_utf8_lossy(&text));
        }
        Step::Speak(ms) => _ = bench.append(&speech(usize::from(ms))),
        Step::Pause(ms) => _ = bench.append(&silence(usize::from(ms))),
        Step::Wait(ms) => _ = bench.run(Duration::from_millis(u64::from(ms))),
        Step::Touch(what, at, ms) => {
            let ids = ids(bench);
            let Some(id) = ids.get(at % ids.len().max(1)) else {
                return;
            };
            let event = match what {
                0 => json!({"type": "conversation.item.truncate", "item_id": id,
                    "content_index": 0, "audio_end_ms": ms}),
                1 => json!({"type": "conversation.item.delete", "item_id": id}),
                _ => json!({"type": "conversation.item.retrieve", "item_id": id}),
            };
            bench.send(event);
        }
        Step::Answer => {
            let events = all(bench);
            let calls = of_type(&events, "response.function_call_arguments.done");
            if let Some(id) = calls.last().and_then(|call| call["call_id"].as_str()) {
                bench.tool_output(id, r#"{"temperature": 3}"#);
                bench.respond();
            }
        }
        Step::Cancel => _ = bench.send(json!({"type": "response.cancel"})),
    }
}

fn all(bench: &Bench) -> Vec<Value> {
    bench
        .events
        .iter()
        .map(|(_, event)| event.clone())
        .collect()
}

fn ids(bench: &Bench) -> Vec<String> {
    let events = all(bench);
    let added = of_type(&events, "conversation.item.added");
    added
        .iter()
        .filter_map(|event| event["item"]["id"].as_str().map(str::to_owned))
        .collect()
}

/// Counts events of two types by the id at a pointer.
fn pairs(events: &[Value], begun: &str, ended: &str, id: &str) -> BTreeMap<String, (u32, u32)> {
    let mut counts = BTreeMap::<String, (u32, u32)>::new();
    for event in events {
        let Some(id) = event.pointer(id).and_then(Value::as_str) else {
            continue;
        };
        let count = counts.entry(id.to_owned()).or_default();
        if event["type"] == begun {
            count.0 += 1;
        }
        if event["type"] == ended {
            count.1 += 1;
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_begins_ends_once(
        steps in prop::collection::vec(step(), 0..40),
        pace in prop::sample::select(vec!["1x", "10x", "1000x"]),
    ) {
        let text = format!("pace {pace}\n{}", include_str!("../../../assets/weather.script"));
        let script: Script = text.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let mut bench = Bench::with(Settings::new(script));
        for step in steps {
            perform(&mut bench, step);
        }
        bench.run(Duration::from_secs(600));
        let events = all(&bench);
        for (begun, ended, id) in [
            ("response.created", "response.done", "/response/id"),
            ("response.output_item.added", "response.output_item.done", "/item/id"),
            ("response.content_part.added", "response.content_part.done", "/item_id"),
        ] {
            for (id, (begins, ends)) in pairs(&events, begun, ended, id) {
                prop_assert_eq!(begins, ends, "{} and {} of {}", begun, ended, id);
                prop_assert!(begins <= 1, "{} of {} came {} times", begun, id, begins);
            }
        }
        let mut ids: Vec<&str> = events.iter().filter_map(|event| event["event_id"].as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "event ids are unique");
    }
}
