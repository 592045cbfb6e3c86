//! What decoding keeps, refuses and forgives on the Gemini wire.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

use std::time::Duration;

use antiphon_gemini_live_types::{
    ActivityEnd, AuthToken, ClientFrame, ClientMessage, ContextUpdate, ContextUpdateTools,
    ContextWindowCompressionConfig, CreateAuthTokenRequest, DecodeError, Int64, ProtoDuration,
    RealtimeInput, ServerFrame, ServerMessage, SessionResumptionConfig, Setup,
};
use serde_json::{Value, json};

fn message(frame: &Value) -> ServerMessage {
    match ServerFrame::from_json(&frame.to_string()).unwrap() {
        ServerFrame::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

fn again(message: ServerMessage) -> Value {
    serde_json::from_str(&ServerFrame::from(message).to_json()).unwrap()
}

// faults: E12 by one frame with seven members
#[test]
fn a_frame_with_several_members_loses_none() {
    let frame = json!({
        "serverContent": {"turnComplete": true, "interactionStatus": "IDLE"},
        "toolCall": {"functionCalls": [{"id": "c", "name": "f", "args": {"a": null}}]},
        "usageMetadata": {"totalTokenCount": 9},
        "goAway": {"timeLeft": "9.5s"},
        "sessionResumptionUpdate": {"newHandle": "h", "resumable": true},
        "voiceActivity": {"type": "ACTIVITY_START", "audioOffset": "1s"},
        "tomorrow": {"x": 1},
    });
    let message = message(&frame);
    assert!(message.server_content.is_some() && message.tool_call.is_some());
    assert!(message.go_away.is_some() && message.session_resumption_update.is_some());
    assert_eq!(again(message), frame);
}

#[test]
fn both_spellings_are_read_and_one_is_written() {
    let snake = json!({
        "server_content": {
            "model_turn": {"parts": [{"inline_data": {"mime_type": "audio/pcm", "data": "AA=="}}]},
        },
    });
    let camel = json!({
        "serverContent": {
            "modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "AA=="}}]},
        },
    });
    assert_eq!(message(&snake), message(&camel));
    assert_eq!(again(message(&snake)), camel);
}

#[test]
fn names_inside_of_arguments_are_not_respelled() {
    let frame = json!({"toolCall": {"functionCalls": [{"args": {"a_name": {"bName": 1}}}]}});
    assert_eq!(again(message(&frame)), frame);
}

// faults: E7 by frames in binary and in text
#[test]
fn text_and_binary_frames_are_the_same() {
    let frame = r#"{"setupComplete":{"sessionId":"s"}}"#;
    assert_eq!(
        ServerFrame::from_json(frame),
        ServerFrame::from_slice(frame.as_bytes())
    );
}

#[test]
fn a_frame_is_unknown_degraded_or_a_sign_of_life() {
    let unknown = r#"{ "tomorrow" : {} }"#;
    let ServerFrame::Unknown(event) = ServerFrame::from_json(unknown).unwrap() else {
        panic!()
    };
    assert_eq!((event.event_type(), event.json()), ("tomorrow", unknown));

    let misfit = r#"{"tomorrow":1,"goAway":{"timeLeft":12}}"#;
    let ServerFrame::Degraded(event) = ServerFrame::from_json(misfit).unwrap() else {
        panic!()
    };
    assert_eq!((event.event_type(), event.json()), ("goAway", misfit));

    assert_eq!(message(&json!({})), ServerMessage::default());
    assert_eq!(ServerFrame::from_json("[]"), Err(DecodeError::NotAnObject));
}

#[test]
fn a_64_bit_integer_comes_as_text_or_number_and_leaves_as_text() {
    for index in [json!("12"), json!(12)] {
        let frame = json!({"sessionResumptionUpdate": {"lastConsumedClientMessageIndex": index}});
        let message = message(&frame);
        let update = message.session_resumption_update.as_ref().unwrap();
        assert_eq!(
            update.last_consumed_client_message_index.map(Int64::value),
            Some(12)
        );
        assert_eq!(again(message), frame);
    }
    assert_eq!(serde_json::to_value(Int64::from(-3)).unwrap(), json!("-3"));
}

// faults: C4 by times that are negative, overlong and not numbers
#[test]
fn lengths_of_time_are_text_with_a_meaning() {
    for (text, time) in [
        ("9.5s", Some(Duration::from_millis(9500))),
        ("600s", Some(Duration::from_secs(600))),
        ("0.000000001s", Some(Duration::from_nanos(1))),
        ("-1s", None),
        ("9.5", None),
        ("1.0000000001s", None),
        ("1.+5s", None),
        ("s", None),
    ] {
        assert_eq!(ProtoDuration::from(text).to_duration(), time, "{text}");
    }
    assert_eq!(
        ProtoDuration::from(Duration::from_millis(9500)).as_str(),
        "9.5s"
    );
    assert_eq!(ProtoDuration::from(Duration::ZERO).as_str(), "0s");
    assert_eq!(
        ProtoDuration::from(Duration::from_secs(600)).as_str(),
        "600s"
    );
}

#[test]
fn an_update_tells_keeping_tools_from_taking_them_away() {
    for (update, sent) in [
        (ContextUpdate::default(), json!({"contextUpdate": {}})),
        (
            ContextUpdate::default().with_tools(ContextUpdateTools::default().with_tools(vec![])),
            json!({"contextUpdate": {"tools": {"tools": []}}}),
        ),
    ] {
        let message = ClientMessage::default().with_context_update(update);
        assert_eq!(serde_json::to_value(message).unwrap(), sent);
    }
}

#[test]
fn empty_objects_are_sent_as_such() {
    let input = RealtimeInput::default().with_activity_end(ActivityEnd::default());
    let frame = ClientFrame::from(ClientMessage::default().with_realtime_input(input));
    assert_eq!(frame.to_json(), r#"{"realtimeInput":{"activityEnd":{}}}"#);
}

#[test]
fn a_token_request_and_its_answer() {
    let setup = Setup::new("models/m");
    let request = CreateAuthTokenRequest::default()
        .with_uses(1)
        .with_expire_time("2026-11-21T12:00:00Z")
        .with_bidi_generate_content_setup(setup);
    assert_eq!(
        serde_json::to_value(request).unwrap(),
        json!({
            "uses": 1,
            "expireTime": "2026-11-21T12:00:00Z",
            "bidiGenerateContentSetup": {"model": "models/m"},
        })
    );
    let token: AuthToken = serde_json::from_value(json!({"name": "auth_tokens/t"})).unwrap();
    assert_eq!(token.name.as_ref().unwrap().expose(), "auth_tokens/t");
    assert!(!format!("{token:?}").contains("auth_tokens/t"));
}

#[test]
fn a_resume_handle_is_in_no_debug_form() {
    let config = SessionResumptionConfig::default().with_handle("the handle");
    assert!(!format!("{config:?}").contains("the handle"));
    let frame = json!({"sessionResumptionUpdate": {"newHandle": "the handle"}});
    assert!(!format!("{:?}", message(&frame)).contains("the handle"));
}

#[test]
fn a_type_that_holds_itself_is_read_to_the_limit() {
    let nested = |levels: usize| {
        let schema = format!("{}{{}}{}", "{\"items\":".repeat(levels), "}".repeat(levels));
        format!(
            "{{\"setup\":{{\"model\":\"m\",\"generationConfig\":{{\"responseSchema\":{schema}}}}}}}"
        )
    };
    let read = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || {
            let fits = ClientFrame::from_json(&nested(96)).unwrap();
            assert!(matches!(&fits, ClientFrame::Message(_)), "{fits:?}");
            assert_eq!(fits.to_json(), nested(96));
            assert_eq!(
                ClientFrame::from_json(&nested(97)),
                Err(DecodeError::TooDeep { limit: 100 })
            );
        });
    read.unwrap().join().unwrap();
}

#[test]
fn limits_of_the_context_are_read_as_strings_and_as_numbers() {
    for tokens in [json!("32000"), json!(32_000)] {
        let config = json!({"triggerTokens": tokens, "slidingWindow": {"targetTokens": tokens}});
        let read: ContextWindowCompressionConfig = serde_json::from_value(config.clone()).unwrap();
        let window = read.sliding_window.as_ref();
        for count in [read.trigger_tokens, window.and_then(|w| w.target_tokens)] {
            assert_eq!(count.map(Int64::value), Some(32_000));
        }
        assert_eq!(serde_json::to_value(&read).unwrap(), config);
    }
}
