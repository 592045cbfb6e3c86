//! What commands become on the wire, and how the service's word about them comes back.

use std::sync::Arc;

use crate::common::{Talk, events, signals};
use antiphon_openai::OpenAi;
use antiphon_protocol::{
    AudioFormat, Command, CommandId, ConfigField, Content, Effect, Event, Fault, Item, ItemId,
    ItemKind, OpeningPlan, OutputModality, RawJson, ResponseOptions, Role, SessionConfig, Signal,
    ToolChoice, ToolResult, TurnDetection,
};
use bytes::Bytes;
use serde_json::{Value, json, value::RawValue};

fn config() -> SessionConfig {
    SessionConfig::new("gpt-realtime")
}

fn talk() -> Talk {
    Talk::ready(config())
}

fn ack(id: u64) -> Vec<Signal> {
    vec![Signal::Ack(CommandId::new(id))]
}

fn native(json: &str) -> Command {
    let json = RawValue::from_string(json.to_owned()).unwrap();
    Command::Native(Box::new(RawJson(json)))
}

#[test]
fn audio_is_appended() {
    let mut talk = talk();
    assert_eq!(
        talk.frame(1, &Command::Audio(Bytes::from_static(&[0, 1, 2, 3]))),
        json!({"type": "input_audio_buffer.append", "audio": "AAECAw=="})
    );
    assert_eq!(talk.asked(2, &Command::Audio(Bytes::new())), Ok(vec![]));
}

#[test]
fn audio_beyond_what_one_append_may_hold_is_divided() {
    let audio = Bytes::from(vec![7; (6 << 20) + 3]);
    let frames = talk().asked(1, &Command::Audio(audio.clone())).unwrap();
    let mut heard = Vec::new();
    for frame in &frames {
        let text = frame["audio"].as_str().unwrap();
        assert!(text.len() < 15 << 20);
        antiphon_protocol::media::decode_base64_into(text.as_bytes(), &mut heard).unwrap();
    }
    assert_eq!(frames.len(), 2);
    assert!(heard == audio);
}

#[test]
fn a_commit_is_acknowledged_by_its_item() {
    let mut talk = talk();
    assert_eq!(
        talk.frame(3, &Command::CommitAudio),
        json!({"type": "input_audio_buffer.commit", "event_id": "ap_3_0"})
    );
    let committed =
        r#"{"type":"input_audio_buffer.committed","item_id":"i1","previous_item_id":null}"#;
    let made = talk.heard(committed);
    assert_eq!(
        events(&made),
        [Event::InputCommitted {
            item: "i1".into(),
            previous: None
        }]
    );
    assert_eq!(signals(&made), ack(3));
    assert_eq!(signals(&talk.heard(committed)), []);
}

#[test]
fn a_commit_of_the_servers_own_acknowledges_nothing() {
    let mut talk = talk();
    talk.frame(3, &Command::CommitAudio);
    talk.hear(r#"{"type":"input_audio_buffer.speech_stopped","item_id":"i1","audio_end_ms":900}"#);
    talk.hear(r#"{"type":"input_audio_buffer.committed","item_id":"i1"}"#);
    assert_eq!(signals(&talk.made()), []);
    let made = talk.heard(
        r#"{"type":"error","error":{"type":"invalid_request_error",
           "code":"input_audio_buffer_commit_empty","message":"empty","event_id":"ap_3_0"}}"#,
    );
    let [
        Effect::Event(Event::Error(error)),
        Effect::Signal(Signal::Reject(id, same)),
    ] = &made[..]
    else {
        panic!("{made:?}");
    };
    assert_eq!(*id, CommandId::new(3));
    assert_eq!(error, same);
    assert!(error.benign);
    assert_eq!(error.command, Some(*id));
    // What was refused is not acknowledged later.
    let later = talk.heard(r#"{"type":"input_audio_buffer.committed","item_id":"i2"}"#);
    assert_eq!(signals(&later), []);
}

#[test]
fn a_clear_is_acknowledged() {
    let mut talk = talk();
    assert_eq!(
        talk.frame(4, &Command::ClearAudio),
        json!({"type": "input_audio_buffer.clear", "event_id": "ap_4_0"})
    );
    let made = talk.heard(r#"{"type":"input_audio_buffer.cleared"}"#);
    assert_eq!(events(&made), [Event::InputCleared]);
    assert_eq!(signals(&made), ack(4));
}

#[test]
fn items_are_created_and_the_last_acknowledges() {
    let mut talk = talk();
    let image = Content::Image {
        mime: "image/png".to_owned(),
        data: Bytes::from_static(&[0, 1, 2]),
    };
    let seen = ItemKind::Message {
        role: Role::User,
        content: vec![Content::Text("Look:".to_owned()), image],
    };
    let items = vec![
        Item::text(Role::System, "Be kind.").with_id(ItemId::synthetic(1)),
        Item::new(seen).with_id("mine".into()),
    ];
    let frames = talk.asked(5, &Command::AddItems(items)).unwrap();
    assert_eq!(
        frames,
        [
            json!({"type": "conversation.item.create", "event_id": "ap_5_0", "item": {
                "id": "ap_5_0", "type": "message", "role": "system",
                "content": [{"type": "input_text", "text": "Be kind."}],
            }}),
            json!({"type": "conversation.item.create", "event_id": "ap_5_1", "item": {
                "id": "mine", "type": "message", "role": "user", "content": [
                    {"type": "input_text", "text": "Look:"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAEC"},
                ],
            }}),
        ]
    );
    let added = |item: &Value| json!({"type": "conversation.item.added", "item": item}).to_string();
    assert_eq!(signals(&talk.heard(&added(&frames[0]["item"]))), []);
    let made = talk.heard(&added(&frames[1]["item"]));
    assert_eq!(signals(&made), ack(5));
    assert!(matches!(&events(&made)[..], [Event::ItemAdded { item, .. }]
        if item.id == Some("mine".into())));
}

#[test]
fn an_item_that_cannot_be_said_sends_nothing() {
    let mut talk = talk();
    let unsaid = Item::new(ItemKind::Message {
        role: Role::User,
        content: vec![Content::Audio { transcript: None }],
    });
    let items = vec![Item::text(Role::User, "hello"), unsaid];
    let refusal = talk.asked(5, &Command::AddItems(items)).unwrap_err();
    assert!(refusal.to_string().contains("transcript"), "{refusal}");
    assert_eq!(talk.made(), []);
}

#[test]
fn tools_are_answered_and_a_failure_says_so() {
    let mut talk = talk();
    let failed = ToolResult {
        is_error: true,
        ..ToolResult::new("c2".into(), "look", "no such city")
    };
    let worded = ToolResult {
        is_error: true,
        ..ToolResult::new("c3".into(), "look", r#"{"error":{"kind":"timeout"}}"#)
    };
    let results = vec![ToolResult::new("c1".into(), "look", "fog"), failed, worded];
    let frames = talk.asked(6, &Command::ToolResults(results)).unwrap();
    let answer = |index: usize, call: &str, output: &str| {
        let id = format!("ap_6_{index}");
        json!({"type": "conversation.item.create", "event_id": id, "item": {
            "id": id, "type": "function_call_output", "call_id": call, "output": output,
        }})
    };
    assert_eq!(
        frames,
        [
            answer(0, "c1", "fog"),
            answer(1, "c2", r#"{"error":"no such city"}"#),
            answer(2, "c3", r#"{"error":{"kind":"timeout"}}"#),
        ]
    );
}

#[test]
fn a_response_is_asked_for() {
    let mut talk = talk();
    assert_eq!(
        talk.frame(7, &Command::CreateResponse(ResponseOptions::default())),
        json!({"type": "response.create", "event_id": "ap_7_0"})
    );
    let mut options = ResponseOptions::instructed("Say hello.");
    options.output = Some(OutputModality::Text);
    options.tool_choice = Some(ToolChoice::None);
    options.max_output_tokens = Some(50);
    assert_eq!(
        talk.frame(8, &Command::CreateResponse(options)),
        json!({"type": "response.create", "event_id": "ap_8_0", "response": {
            "instructions": "Say hello.", "output_modalities": ["text"], "tool_choice": "none",
            "max_output_tokens": 50,
        }})
    );
}

const CANCELLED: &str = r#"{"type":"response.done","response":{"id":"r1","status":"cancelled",
    "status_details":{"type":"cancelled","reason":"client_cancelled"},"output":[]}}"#;

#[test]
fn a_cancel_is_acknowledged_by_the_end_it_brought() {
    for response in [None, Some("r1".into())] {
        let mut talk = talk();
        let frame = talk.frame(9, &Command::CancelResponse(response.clone()));
        let mut expected = json!({"type": "response.cancel", "event_id": "ap_9_0"});
        if response.is_some() {
            expected["response_id"] = "r1".into();
        }
        assert_eq!(frame, expected);
        assert_eq!(signals(&talk.heard(CANCELLED)), ack(9));
    }
    let mut talk = talk();
    talk.frame(9, &Command::CancelResponse(Some("r2".into())));
    assert_eq!(signals(&talk.heard(CANCELLED)), []);
    let by_speech = CANCELLED
        .replace("client_cancelled", "turn_detected")
        .replace("r1", "r2");
    assert_eq!(signals(&talk.heard(&by_speech)), []);
}

#[test]
fn what_was_heard_is_told_in_whole_milliseconds() {
    for (format, heard, millis) in [
        (AudioFormat::PCM16_24K, 24_000, 1000),
        (AudioFormat::PCM16_24K, 47, 1),
        (AudioFormat::MULAW_8K, 8_007, 1000),
    ] {
        let mut config = config();
        config.output_format = Some(format);
        let mut talk = Talk::opened(
            &OpenAi::realtime("key"),
            &OpeningPlan::fresh(Arc::new(config)),
        );
        talk.made();
        let truncate = Command::Truncate {
            item: "i1".into(),
            content_index: 0,
            heard,
        };
        assert_eq!(
            talk.frame(10, &truncate),
            json!({"type": "conversation.item.truncate", "event_id": "ap_10_0",
                "item_id": "i1", "content_index": 0, "audio_end_ms": millis}),
            "{format}"
        );
        let made = talk.heard(
            r#"{"type":"conversation.item.truncated","item_id":"i1","content_index":0,
               "audio_end_ms":5}"#,
        );
        assert_eq!(signals(&made), ack(10));
    }
}

#[test]
fn the_format_the_service_reports_is_the_one_that_counts() {
    let mut talk = talk();
    talk.hear(
        r#"{"type":"session.updated","session":{"type":"realtime",
           "audio":{"output":{"format":{"type":"audio/pcmu"}}}}}"#,
    );
    talk.made();
    let truncate = Command::Truncate {
        item: "i1".into(),
        content_index: 0,
        heard: 8_000,
    };
    assert_eq!(talk.frame(1, &truncate)["audio_end_ms"], 1000);
}

#[test]
fn items_are_deleted() {
    let mut talk = talk();
    assert_eq!(
        talk.frame(11, &Command::DeleteItem("i1".into())),
        json!({"type": "conversation.item.delete", "event_id": "ap_11_0", "item_id": "i1"})
    );
    let made = talk.heard(r#"{"type":"conversation.item.deleted","item_id":"i1"}"#);
    assert_eq!(events(&made), [Event::ItemDeleted { item: "i1".into() }]);
    assert_eq!(signals(&made), ack(11));
}

#[test]
fn items_the_service_does_not_know_are_not_named_to_it() {
    let mut talk = talk();
    let item = ItemId::synthetic(4);
    let truncate = Command::Truncate {
        item: item.clone(),
        content_index: 0,
        heard: 1,
    };
    for command in [truncate, Command::DeleteItem(item)] {
        assert!(talk.asked(1, &command).is_err(), "{command:?}");
    }
}

#[test]
fn what_the_wire_cannot_say_is_refused_with_a_remedy() {
    let mut talk = talk();
    for (command, remedy) in [
        (Command::ActivityStart, "commit the audio"),
        (Command::ActivityEnd, "commit the audio"),
        (Command::AudioStreamEnd, "stop sending"),
        (native("[1]"), "JSON object"),
    ] {
        let refusal = talk.asked(1, &command).unwrap_err();
        assert!(refusal.to_string().contains(remedy), "{refusal}");
        assert_eq!(talk.made(), []);
    }
}

#[test]
fn native_frames_go_as_they_are_and_can_be_refused() {
    let mut talk = talk();
    let retrieve = r#"{ "type": "conversation.item.retrieve", "item_id": "i1" }"#;
    assert_eq!(
        talk.frame(12, &native(retrieve)),
        json!({"type": "conversation.item.retrieve", "item_id": "i1", "event_id": "ap_12_0"})
    );
    let named = r#"{"type":"output_audio_buffer.clear","event_id":"mine"}"#;
    assert_eq!(
        talk.frame(13, &native(named)),
        serde_json::from_str::<Value>(named).unwrap()
    );
    for (event, id) in [("ap_12_0", 12), ("mine", 13)] {
        let made = talk.heard(&format!(
            r#"{{"type":"error","error":{{"type":"invalid_request_error","message":"no",
               "event_id":"{event}"}}}}"#
        ));
        assert!(matches!(signals(&made)[..], [Signal::Reject(named, _)]
            if named == CommandId::new(id)));
    }
}

fn configure(change: impl FnOnce(&mut SessionConfig)) -> Command {
    let mut config = config();
    change(&mut config);
    Command::Configure(Arc::new(config))
}

const UPDATED: &str = crate::common::UPDATED;

// faults: B13 by changes of one member of a nested object
#[test]
fn a_change_sends_what_changed_in_whole_objects() {
    let mut first = config();
    first.instructions = Some("Be brief.".to_owned());
    first.voice = Some("marin".to_owned());
    first.turn_detection = Some(TurnDetection::server_vad());
    let mut talk = Talk::ready(first.clone());

    let mut second = first.clone();
    second.instructions = Some("Be kind.".to_owned());
    assert_eq!(
        talk.frame(20, &Command::Configure(Arc::new(second.clone()))),
        json!({"type": "session.update", "event_id": "ap_20_0",
            "session": {"type": "realtime", "instructions": "Be kind."}})
    );
    let made = talk.heard(UPDATED);
    assert_eq!(events(&made), [Event::Configured]);
    assert_eq!(signals(&made), ack(20));

    let mut third = second.clone();
    third.speed = Some(1.25);
    third.input_format = Some(AudioFormat::MULAW_8K);
    assert_eq!(
        talk.frame(21, &Command::Configure(Arc::new(third)))["session"],
        json!({"type": "realtime", "audio": {
            "output": {"voice": "marin", "speed": 1.25},
            "input": {"format": {"type": "audio/pcmu"}, "turn_detection": {"type": "server_vad"}},
        }})
    );
}

#[test]
fn a_change_to_what_is_already_so_is_acknowledged_at_once() {
    let mut talk = talk();
    let id = CommandId::new(22);
    let mut made: Vec<Effect> = Vec::new();
    talk.codec
        .encode(id, &configure(|_| {}), &mut made)
        .unwrap();
    assert_eq!(made, [Effect::Signal(Signal::Ack(id))]);
}

#[test]
fn what_is_unset_goes_back_to_what_the_service_reported() {
    let mut first = config();
    first.instructions = Some("Be brief.".to_owned());
    first.turn_detection = Some(TurnDetection::Manual);
    let mut talk = Talk::ready(first);
    assert_eq!(
        talk.frame(23, &configure(|_| {}))["session"],
        json!({"type": "realtime", "instructions": "Be yourself.",
            "audio": {"input": {"turn_detection": {"type": "server_vad"}}}})
    );
}

#[test]
fn what_was_never_reported_cannot_be_unset() {
    let mut first = config();
    first.instructions = Some("Be brief.".to_owned());
    let mut talk = Talk::opened(
        &OpenAi::realtime("key").joining_call("c"),
        &OpeningPlan::fresh(Arc::new(first)),
    );
    talk.hear(UPDATED);
    talk.made();
    let refusal = talk.asked(1, &configure(|_| {})).unwrap_err();
    assert!(refusal.to_string().contains("instructions"), "{refusal}");
}

#[test]
fn a_refused_change_leaves_the_session_as_it_was() {
    let mut talk = talk();
    let brief = configure(|config| config.instructions = Some("Be brief.".to_owned()));
    talk.frame(24, &brief);
    let made = talk.heard(
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"no",
           "event_id":"ap_24_0"}}"#,
    );
    assert!(matches!(signals(&made)[..], [Signal::Reject(..)]));
    // Asking again sends it again.
    assert_eq!(
        talk.frame(25, &brief)["session"]["instructions"],
        "Be brief."
    );
    assert_eq!(signals(&talk.heard(UPDATED)), ack(25));
}

#[test]
fn a_change_is_made_against_those_still_on_their_way() {
    let mut talk = talk();
    talk.frame(
        26,
        &configure(|config| config.instructions = Some("One.".to_owned())),
    );
    // Back to the start while the first change may or may not succeed.
    assert_eq!(
        talk.frame(27, &configure(|_| {}))["session"]["instructions"],
        "Be yourself."
    );
}

#[test]
fn native_updates_are_known_to_later_changes() {
    let mut talk = talk();
    talk.frame(
        28,
        &native(r#"{"type":"session.update","session":{"instructions":"Native."}}"#),
    );
    assert_eq!(signals(&talk.heard(UPDATED)), ack(28));
    let neutral = configure(|config| config.instructions = Some("Neutral.".to_owned()));
    assert_eq!(
        talk.frame(29, &neutral)["session"]["instructions"],
        "Neutral."
    );
}

#[test]
fn model_and_used_voice_are_settled() {
    let mut talk = talk();
    let other_model = Command::Configure(Arc::new(SessionConfig::new("gpt-realtime-2.1")));
    let refusal = talk.asked(30, &other_model).unwrap_err();
    assert_eq!(refusal.field, Some(ConfigField::Model));

    let voice = |name: &str| configure(|config| config.voice = Some(name.to_owned()));
    assert!(talk.asked(31, &voice("cedar")).is_ok());
    talk.hear(UPDATED);
    talk.hear(
        r#"{"type":"response.output_audio.delta","response_id":"r1","item_id":"i1",
           "output_index":0,"content_index":0,"delta":"AAA="}"#,
    );
    talk.made();
    let refusal = talk.asked(32, &voice("marin")).unwrap_err();
    assert_eq!(refusal.field, Some(ConfigField::Voice));
    // A settled voice is not sent again with its neighbours.
    let faster = configure(|config| {
        config.voice = Some("cedar".to_owned());
        config.speed = Some(1.5);
    });
    assert_eq!(
        talk.frame(33, &faster)["session"],
        json!({"type": "realtime", "audio": {"output": {"speed": 1.5}}})
    );
}

#[test]
fn an_expired_session_asks_for_a_new_connection() {
    let mut talk = talk();
    let made = talk.heard(
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"session_expired",
           "message":"Your session hit the maximum duration of 60 minutes.","event_id":null}}"#,
    );
    assert!(matches!(&events(&made)[..], [Event::Error(error)]
        if error.fault == Fault::SessionLimit));
    let gone = Signal::GoAway {
        left: Some(std::time::Duration::ZERO),
    };
    assert_eq!(signals(&made), [gone]);
}

#[test]
fn benign_and_passing_errors_leave_the_session_open() {
    let mut talk = talk();
    for code in [
        "response_cancel_not_active",
        "server_error",
        "rate_limit_exceeded",
        "new_code",
    ] {
        let made = talk.heard(&format!(
            r#"{{"type":"error","error":{{"type":"x","code":"{code}","message":"m"}}}}"#
        ));
        assert!(matches!(events(&made)[..], [Event::Error(_)]), "{code}");
        assert_eq!(signals(&made), [], "{code}");
    }
    let made = talk.heard(
        r#"{"type":"error","error":{"type":"x","code":"insufficient_quota","message":"m"}}"#,
    );
    assert_eq!(signals(&made), [Signal::Refused(Fault::Quota)]);
}
