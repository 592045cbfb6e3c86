//! Nothing a peer sends can break a codec, and nothing it prints shows a secret.

use std::sync::Arc;

use crate::common::{CREATED, STARTED, Talk, UPDATED, events};
use antiphon_openai::OpenAi;
use antiphon_protocol::{
    Command, Context, ContextKind, Effect, Event, Frame, OpeningPlan, Provider, SessionConfig,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Frames of a conversation, to be bent.
const FRAMES: &[&str] = &[
    CREATED,
    UPDATED,
    r#"{"type":"conversation.item.added","previous_item_id":null,"item":{"id":"i1","type":"message",
       "status":"completed","role":"user","content":[{"type":"input_audio","transcript":null}]}}"#,
    r#"{"type":"conversation.item.created","item":{"id":"i1","type":"message","role":"user",
       "content":[{"type":"input_image","image_url":"data:image/png;base64,AAEC"}]}}"#,
    r#"{"type":"response.created","response":{"id":"r1","status":"in_progress","output":[]}}"#,
    r#"{"type":"response.output_item.added","response_id":"r1","output_index":0,"item":{"id":"i1",
       "type":"function_call","status":"in_progress","name":"look","call_id":"c1","arguments":""}}"#,
    r#"{"type":"response.function_call_arguments.done","response_id":"r1","item_id":"i1",
       "output_index":0,"call_id":"c1","name":"look","arguments":"{}"}"#,
    r#"{"type":"response.output_audio.delta","event_id":"e","response_id":"r1","item_id":"i1",
       "output_index":0,"content_index":0,"delta":"AAECAw=="}"#,
    r#"{"type":"response.audio_transcript.delta","response_id":"r1","item_id":"i1","delta":"He"}"#,
    r#"{"type":"response.done","response":{"id":"r1","status":"cancelled","status_details":{
       "type":"cancelled","reason":"turn_detected"},"output":[{"id":"i1","type":"function_call",
       "name":"look","call_id":"c1","arguments":"{}"}],"usage":{"input_tokens":1,
       "output_tokens":2,"input_token_details":{"text_tokens":1}}}}"#,
    r#"{"type":"error","error":{"type":"invalid_request_error","code":"x","message":"m",
       "event_id":"ap_1_0"}}"#,
    r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"i1",
       "content_index":0,"transcript":"Hi","usage":{"type":"duration","seconds":3}}"#,
];

/// Frames of GPT-Live and of a translation, to be bent.
const FULL_DUPLEX: &[&str] = &[
    STARTED,
    r#"{"type":"session.updated","client_event_id":"ap_1_0","session":{"id":"live_1"}}"#,
    r#"{"type":"session.output_audio.delta","delta":"AAECAw==","start_ms":0,"end_ms":100}"#,
    r#"{"type":"session.output_audio.delta","delta":"AAECAw==","sample_rate":24000,"channels":1}"#,
    r#"{"type":"session.input_transcript.delta","delta":" check","start_ms":800,"end_ms":1000}"#,
    r#"{"type":"session.output_transcript.delta","delta":"Okay,","elapsed_ms":800}"#,
    r#"{"type":"session.delegation.created","offset_ms":4600,"delegation":{"id":"item_1",
       "type":"delegation","target":"client","response_id":"resp_1"}}"#,
    r#"{"type":"response.event","delegation_id":"item_1","event":{"type":"response.created",
       "response":{"id":"resp_1"}}}"#,
    r#"{"type":"response.event","delegation_id":"item_1","event":{"type":"response.output_item.done",
       "item":{"type":"function_call","call_id":"c1","name":"look","arguments":"{}"}}}"#,
    r#"{"type":"response.event","delegation_id":"item_1","event":{"type":"response.failed","response":
       {"id":"resp_1","error":{"code":"x","message":"m"},"usage":{"input_tokens":1}}}}"#,
    r#"{"type":"decision.event","event":{"type":"decision.completed","decision":{"answers":[]}}}"#,
    r#"{"type":"session.usage.updated","usage":{"seconds":32.5},"context_window":{"usage_ratio":0.1}}"#,
    r#"{"type":"session.thinking.appended","client_event_id":"ap_1_0","start_ms":1,"end_ms":2}"#,
    r#"{"type":"error","error":{"type":"server_error","code":"context_injection_incomplete",
       "message":"m","client_event_id":"ap_1_0"}}"#,
    r#"{"type":"session.created","session":{"id":"s","type":"translation","expires_at":0,
       "model":"m","audio":{}}}"#,
    r#"{"type":"session.closed","reason":"expired","session":{"id":"live_1"},"usage":{"seconds":9}}"#,
];

/// What can stand in the place of any value.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(1e308)),
        Just(json!(u64::MAX)),
        ".{0,8}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"type": "message"})),
        Just(json!("ap_seed_0")),
    ]
}

/// Pointers to all values within `value`.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn bent(frames: &'static [&'static str]) -> impl Strategy<Value = String> {
    (0..frames.len(), any::<prop::sample::Index>(), any_value()).prop_map(
        |(frame, place, value)| {
            let mut frame: Value = serde_json::from_str(frames[frame]).unwrap();
            let mut found = Vec::new();
            places(&frame, "", &mut found);
            let place: &String = place.get(&found);
            *frame.pointer_mut(place).unwrap() = value;
            frame.to_string()
        },
    )
}

/// Every kind of session that hears while it speaks.
fn full_duplex() -> [Talk; 5] {
    let live = OpenAi::live("key");
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("m")));
    [
        Talk::opened(&live, &plan),
        Talk::live(&live.clone().with_backend("b")),
        Talk::live(&live.clone().attach("live_1")),
        Talk::live(&live.fork("live_1")),
        Talk::opened(&OpenAi::realtime("key").translating(), &plan),
    ]
}

fn opened() -> Talk {
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("gpt-realtime")));
    Talk::opened(&OpenAi::realtime("key"), &plan)
}

/// The same without the sizes of frames, which differ between two ways of writing one event.
fn unsized_by(mut made: Vec<Effect>) -> Vec<Effect> {
    for effect in &mut made {
        if let Effect::Event(Event::Malformed(malformed)) = effect {
            malformed.bytes = 0;
        }
    }
    made
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bytes_are_one_counted_event(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut made: Vec<Effect> = Vec::new();
        opened().codec.decode(&Frame::binary(bytes), &mut made);
        prop_assert!(made.is_empty() || matches!(events(&made)[..], [Event::Malformed(_)]) );
        prop_assert!(!made.is_empty());
    }

    #[test]
    fn bent_frames_in_any_order_break_nothing(frames in prop::collection::vec(bent(FRAMES), 1..12)) {
        let mut talk = opened();
        talk.made();
        for frame in &frames {
            let made = talk.heard(frame);
            // Only replayed history is swallowed, and there is none here.
            prop_assert!(!made.is_empty(), "{frame}");
        }
    }

    #[test]
    fn any_bytes_are_one_counted_event_in_every_kind_of_session(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        for mut talk in full_duplex() {
            talk.made();
            let mut made: Vec<Effect> = Vec::new();
            talk.codec.decode(&Frame::binary(bytes.clone()), &mut made);
            prop_assert!(matches!(events(&made)[..], [Event::Malformed(_)]));
        }
    }

    #[test]
    fn bent_frames_break_no_session_that_hears_while_it_speaks(
        frames in prop::collection::vec(bent(FULL_DUPLEX), 1..12),
    ) {
        for mut talk in full_duplex() {
            let thinking = Command::Context(Context {
                kind: ContextKind::Thinking,
                text: "x".to_owned(),
                delegation: None,
            });
            // Refused where there is no context, which is no matter here.
            let _ = talk.asked(1, &thinking);
            let mut silent = 0;
            for frame in &frames {
                silent += usize::from(talk.heard(frame).is_empty());
            }
            // What closes a session a second time has nothing to say.
            let closed = frames.iter().filter(|frame| frame.contains("session.closed")).count();
            prop_assert!(silent <= closed, "{frames:?}");
            let mut made: Vec<Effect> = Vec::new();
            talk.codec.finish(&mut made);
            prop_assert_eq!(made.len(), 1);
        }
    }

    #[test]
    fn the_quick_way_and_the_full_parser_agree(
        audio in prop::collection::vec(any::<u8>(), 0..64),
        item in "[a-z0-9_]{1,12}",
        index in 0_u32..9,
    ) {
        let mut delta = String::new();
        base64_simd::STANDARD.encode_append(&audio, &mut delta);
        let frame = json!({"type": "response.output_audio.delta", "response_id": "r1",
            "item_id": item, "content_index": index, "delta": delta}).to_string();
        // The quick way refuses escapes, so that one in a key takes the long way.
        let slow = frame.replace("\"response_id\"", "\"\\u0072esponse_id\"");
        prop_assert_eq!(unsized_by(opened().heard(&frame)), unsized_by(opened().heard(&slow)));
    }
}

#[test]
fn nothing_printed_shows_the_key() {
    let key = "sk-canary-5b1e";
    let provider = OpenAi::realtime(key)
        .with_header("OpenAI-Safety-Identifier", "person-canary-77")
        .unwrap();
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("gpt-realtime")));
    let (endpoint, _) = provider.open(&plan).unwrap();
    let mut config = SessionConfig::new("gpt-realtime");
    config.temperature = Some(1.0);
    let refusal = provider
        .open(&OpeningPlan::fresh(Arc::new(config)))
        .err()
        .unwrap();
    let azure = OpenAi::azure("resource", key).unwrap();
    let live = OpenAi::azure_live("resource", key).unwrap();
    for printed in [
        format!("{live:?}"),
        format!("{provider:?}"),
        format!("{provider:#?}"),
        format!("{azure:?}"),
        format!("{endpoint:?}"),
        format!("{refusal:?} {refusal}"),
        format!("{:?}", endpoint.headers),
        endpoint.url.to_string(),
    ] {
        assert!(!printed.contains("canary"), "{printed}");
    }
}
