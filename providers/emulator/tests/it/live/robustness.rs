//! Whatever a client sends, and whenever: no panic, only valid events, a gapless track, and one end.

use std::time::Duration;

use antiphon_emulator::peer::{Input, Peer};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bench::{AUDIO, Bench, of_type, silence, speech, weather_tool, with_backend};

const SCRIPT: &str = include_str!("../../../assets/weather.script");

#[derive(Clone, Debug)]
enum Step {
    Send(Value),
    Bytes(Vec<u8>),
    /// A valid event with one byte changed.
    Damaged(Value, usize, u8),
    Speak(u16),
    Pause(u16),
    Wait(u16),
    /// Answers the last delegation or the last call.
    Answer(bool),
}

fn client_event() -> impl Strategy<Value = Value> {
    let append = |kind: &str, id: Value| {
        let event_type = format!("session.{kind}.append");
        json!({"type": event_type, "delegation_id": id, "content": "It is cold."})
    };
    let update = |session: Value| json!({"type": "session.update", "session": session});
    let clip = base64_simd::STANDARD.encode_to_string([1; 9_600]);
    prop::sample::select(vec![
        json!({"type": "session.start", "session": {"model": "gpt-live-1"}}),
        append("commentary", Value::Null),
        append("thinking", Value::Null),
        append("instructions", Value::Null),
        append("commentary", json!("item_1")),
        update(json!({"triggers": []})),
        update(json!({"delegation": {"type": "client"}})),
        update(
            json!({"delegation": {"type": "responses", "responses": {"tools": [weather_tool()]}}}),
        ),
        json!({"type": "session.input_audio.mute"}),
        json!({"type": "session.input_audio.unmute"}),
        json!({"type": "session.output_audio.fixture.play", "audio": clip}),
        json!({"type": "response.create"}),
        json!({"type": "response.item.create", "item": {"type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "And in Rome?"}]}}),
        json!({"type": "decision.create", "event_id": "d"}),
        json!({"type": "session.close"}),
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => client_event().prop_map(Step::Send),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Step::Bytes),
        2 => (client_event(), any::<usize>(), any::<u8>())
            .prop_map(|(event, at, byte)| Step::Damaged(event, at, byte)),
        4 => (0_u16..900).prop_map(Step::Speak),
        4 => (0_u16..900).prop_map(Step::Pause),
        3 => (0_u16..2_000).prop_map(Step::Wait),
        2 => any::<bool>().prop_map(Step::Answer),
    ]
}

fn perform(bench: &mut Bench, step: Step) {
    match step {
        Step::Send(event) => _ = bench.send(event),
        Step::Bytes(bytes) => _ = bench.send_text(&String::from_utf8_lossy(&bytes)),
        Step::Damaged(event, at, byte) => {
            let mut text = event.to_string().into_bytes();
            let at = at % text.len();
            text[at] = byte;
            _ = bench.send_text(&String::from_utf8_lossy(&text));
        }
        Step::Speak(ms) => _ = bench.append(&speech(usize::from(ms))),
        Step::Pause(ms) => _ = bench.append(&silence(usize::from(ms))),
        Step::Wait(ms) => _ = bench.wait(Duration::from_millis(u64::from(ms))),
        Step::Answer(delegation) => {
            let all = bench.all();
            if delegation {
                let created = of_type(&all, "session.delegation.created");
                if let Some(id) = created
                    .last()
                    .map(|event| event["delegation"]["id"].clone())
                {
                    bench.tell("commentary", id, r#"{"temperature": 3}"#);
                }
                return;
            }
            let mut calls = all
                .iter()
                .filter_map(|event| event["event"]["item"]["call_id"].as_str());
            if let Some(id) = calls.next_back() {
                bench.send(json!({"type": "response.item.create", "item": {
                    "type": "function_call_output", "call_id": id, "output": "{}"}}));
                bench.send(json!({"type": "response.create"}));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_session_holds_whatever_its_client_does(
        steps in prop::collection::vec(step(), 0..40),
        backend in any::<bool>(),
        cut in any::<bool>(),
    ) {
        let session = if backend { with_backend() } else { json!({}) };
        let mut bench = Bench::configured(SCRIPT, session);
        let mut fed = 0;
        for step in steps {
            if let Step::Speak(ms) | Step::Pause(ms) = &step {
                fed += u64::from(*ms);
            }
            perform(&mut bench, step);
        }
        if cut {
            bench.connection.handle(bench.now, Input::Closed);
        }
        bench.wait(Duration::from_secs(120));
        let events = bench.all();
        prop_assert!(of_type(&events, AUDIO).len() as u64 <= fed / 100, "audio needs audio");
        prop_assert!(bench.connection.is_closed(), "without audio every session ends");
        let closed = of_type(&events, "session.closed").len();
        prop_assert!(closed <= 1 && (cut || closed == 1), "it ends once");
        if closed == 1 {
            prop_assert_eq!(&events[events.len() - 1]["type"], "session.closed", "and last");
        }
        let mut ids: Vec<&str> = events.iter().filter_map(|event| event["event_id"].as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "event ids are unique");
    }
}
