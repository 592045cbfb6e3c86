//! Whatever a service sends: no panic, nothing lost, and the quick way says what the slow one does.

use std::sync::Arc;

use crate::common::{NATIVE_AUDIO, NEWEST, Talk, developer, events};
use antiphon_protocol::{
    Command, CommandId, Effect, Event, Frame, OpeningPlan, Provider, SessionConfig, Signal,
};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Frames of every kind, to be damaged.
const FRAMES: &[&str] = &[
    r#"{"setupComplete":{"sessionId":"s"}}"#,
    r#"{"serverContent":{"modelTurn":{"role":"model","parts":[{"inlineData":{"mimeType":"audio/pcm;rate=24000","data":"AAABAAIA"}}]}}}"#,
    r#"{"serverContent":{"modelTurn":{"parts":[{"text":"hm","thought":true},{"text":"Yes"}]}}}"#,
    r#"{"serverContent":{"inputTranscription":{"text":"a","finished":true},"outputTranscription":{"text":"b"}}}"#,
    r#"{"serverContent":{"interrupted":true}}"#,
    r#"{"serverContent":{"turnComplete":true,"interactionStatus":"IDLE","turnCompleteReason":"NEED_MORE_INPUT"},"usageMetadata":{"promptTokenCount":3,"responseTokensDetails":[{"modality":"AUDIO","tokenCount":7}]}}"#,
    r#"{"serverContent":{"generationComplete":true}}"#,
    r#"{"toolCall":{"functionCalls":[{"id":"c","name":"look","args":{"a":1}}]}}"#,
    r#"{"toolCallCancellation":{"ids":["c"]}}"#,
    r#"{"goAway":{"timeLeft":"9.5s"}}"#,
    r#"{"sessionResumptionUpdate":{"newHandle":"h","resumable":true,"lastConsumedClientMessageIndex":"7"}}"#,
    r#"{"voiceActivity":{"type":"ACTIVITY_START","audioOffset":"0.2s"}}"#,
    r#"{}"#,
];

fn cases() -> u32 {
    match std::env::var("ANTIPHON_TIER").as_deref() {
        Ok("nightly") => 20_000,
        _ => 500,
    }
}

/// The places in a value, as paths.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                places(inner, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (place, inner) in list.iter().enumerate() {
                places(inner, &format!("{path}/{place}"), found);
            }
        }
        _ => {}
    }
}

fn stranger() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"seconds": 3, "nanos": -1})),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ]
}

fn damaged() -> impl Strategy<Value = String> {
    (
        0..FRAMES.len(),
        any::<prop::sample::Index>(),
        stranger(),
        0..4_u8,
    )
        .prop_map(|(frame, place, stranger, how)| {
            let mut value: Value = serde_json::from_str(FRAMES[frame]).unwrap();
            let mut found = Vec::new();
            places(&value, "", &mut found);
            let path = place.get(&found).clone();
            if let Some(inner) = value.pointer_mut(&path) {
                match (how, inner) {
                    (0, inner) => *inner = stranger,
                    (1, Value::Object(members)) => members.extend([("new".to_owned(), stranger)]),
                    (1, Value::Array(list)) => list.push(stranger),
                    (2, Value::Object(members)) => members.clear(),
                    (_, inner) => *inner = Value::Array(vec![inner.clone(), stranger]),
                }
            }
            value.to_string()
        })
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let text = prop_oneof![
        4 => damaged(),
        2 => (0..FRAMES.len()).prop_map(|frame| FRAMES[frame].to_owned()),
        1 => "\\PC{0,40}",
        1 => Just("[{}]".to_owned()),
        1 => Just("{\"a\":".repeat(200)),
    ];
    prop_oneof![
        9 => (text, any::<bool>()).prop_map(|(text, binary)| if binary {
            Frame::binary(text.into_bytes())
        } else {
            Frame::text(text)
        }),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Frame::binary),
    ]
}

/// What must hold of events whatever was sent: answers begin and end in turn.
fn check_order(made: &[Effect]) -> Result<(), TestCaseError> {
    let mut running = None;
    let mut ready = 0;
    for effect in made {
        match effect {
            Effect::Signal(Signal::Ready { .. }) => ready += 1,
            Effect::Event(Event::ResponseStarted { response }) => {
                prop_assert_eq!(running.take(), None);
                running = response.clone();
            }
            Effect::Event(Event::ResponseDone(done)) => {
                prop_assert_eq!(&running.take(), &done.response);
            }
            Effect::Event(Event::Audio(chunk)) => prop_assert_eq!(&running, &chunk.response),
            Effect::Event(Event::ToolCall(call)) => prop_assert_eq!(&running, &call.response),
            _ => {}
        }
    }
    prop_assert!(ready <= 1);
    Ok(())
}

/// The same without the size of its frame, which differs between two ways of writing one message.
fn unsized_by(mut event: Event) -> Event {
    if let Event::Malformed(malformed) = &mut event {
        malformed.bytes = 0;
    }
    event
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn nothing_a_service_sends_is_a_panic(frames in prop::collection::vec(any_frame(), 0..30)) {
        let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new(NEWEST)));
        let (_, mut codec) = developer().open(&plan).unwrap();
        let mut made: Vec<Effect> = Vec::new();
        codec.start(&mut made);
        for frame in &frames {
            let before = made.len();
            codec.decode(frame, &mut made);
            // What cannot be understood is told.
            if serde_json::from_slice::<Map<String, Value>>(&frame.data).is_err() {
                prop_assert!(matches!(made.get(before), Some(Effect::Event(Event::Malformed(_)))));
            }
        }
        check_order(&made)?;
    }

    #[test]
    fn the_quick_way_says_what_the_slow_one_says(
        audio in prop::collection::vec(any::<u8>(), 0..600),
        rate in prop_oneof![Just(None), (0..100_000_u32).prop_map(Some)],
        role in any::<bool>(),
        snake in any::<bool>(),
    ) {
        let data = base64_simd::STANDARD.encode_to_string(&audio);
        let mime = rate.map_or("audio/pcm".to_owned(), |rate| format!("audio/pcm;rate={rate}"));
        let role = if role { r#""role":"model","# } else { "" };
        let names = if snake {
            ["server_content", "model_turn", "inline_data", "mime_type"]
        } else {
            ["serverContent", "modelTurn", "inlineData", "mimeType"]
        };
        let [content, turn, blob, kind] = names;
        let quick = format!(
            r#"{{"{content}":{{"{turn}":{{{role}"parts":[{{"{blob}":{{"{kind}":"{mime}","data":"{data}"}}}}]}}}}}}"#
        );
        // A member more makes the frame unusual.
        let mut slow: Value = serde_json::from_str(&quick).unwrap();
        slow["usageMetadata"] = Value::Null;
        let quick = events(&Talk::ready(NATIVE_AUDIO).heard(&quick));
        let slow: Vec<Event> = events(&Talk::ready(NATIVE_AUDIO).heard(&slow.to_string()))
            .into_iter()
            .filter(|event| !matches!(event, Event::Other(_)))
            .collect();
        let told = |events: &[Event]| -> Vec<Event> { events.iter().cloned().map(unsized_by).collect() };
        prop_assert_eq!(told(&quick), told(&slow));
        // Half a sample at the end is let go.
        let whole = &audio[..audio.len() / 2 * 2];
        prop_assert!(quick.iter().any(|event| matches!(event, Event::Audio(chunk) if chunk.data == whole)));
    }

    #[test]
    fn what_goes_out_is_what_was_given(audio in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut talk = Talk::ready(NEWEST);
        let mut made: Vec<Effect> = Vec::new();
        let command = Command::Audio(Bytes::from(audio.clone()));
        talk.codec.encode(CommandId::new(1), &command, &mut made).unwrap();
        let mut sent = Vec::new();
        for effect in &made {
            let Effect::Send(frame) = effect else { continue };
            let frame: Value = serde_json::from_slice(&frame.data).unwrap();
            let data = frame["realtimeInput"]["audio"]["data"].as_str().unwrap();
            sent.extend(base64_simd::STANDARD.decode_to_vec(data).unwrap());
        }
        prop_assert_eq!(sent, audio);
    }
}

/// Sound in the other alphabet of base64, which protobuf's JSON form takes as well.
#[test]
fn both_alphabets_of_base64_are_read() {
    for data in ["+/+/+w==", "-_-_-w", "-_-_-w=="] {
        let frame = format!(
            r#"{{"serverContent":{{"modelTurn":{{"parts":[{{"inlineData":{{"mimeType":"audio/pcm","data":"{data}"}}}}]}}}}}}"#
        );
        let made = events(&Talk::ready(NATIVE_AUDIO).heard(&frame));
        let audio = made.iter().find_map(|event| match event {
            Event::Audio(chunk) => Some(chunk.data.to_vec()),
            _ => None,
        });
        assert_eq!(audio, Some(vec![0xfb, 0xff, 0xbf, 0xfb]), "{data}");
    }
}

/// One member that does not fit must not cost the end of a turn beside it.
#[test]
fn what_fits_is_read_beside_what_does_not() {
    let mut talk = Talk::ready(NEWEST);
    talk.heard(r#"{"serverContent":{"modelTurn":{"parts":[{"text":"Yes"}]}}}"#);
    let made = talk.heard(
        r#"{"serverContent":{"turnComplete":true,"modelTurn":{"parts":7}},
            "usageMetadata":{"promptTokenCount":"many"},"goAway":{"timeLeft":7}}"#,
    );
    let told = events(&made);
    assert!(
        matches!(told.first(), Some(Event::Malformed(_))),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|event| matches!(event, Event::ResponseDone(_))),
        "{told:?}"
    );
    assert!(matches!(told.last(), Some(Event::Other(_))), "{told:?}");
    let left = Some(std::time::Duration::from_secs(7));
    assert!(crate::common::signals(&made).contains(&Signal::GoAway { left }));
}
