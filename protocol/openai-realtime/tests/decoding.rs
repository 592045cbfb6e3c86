//! What decoding keeps, refuses and forgives.

#![expect(
    clippy::unwrap_used,
    reason = "a test states what it expects by panicking"
)]

use antiphon_openai_realtime_types::{
    AudioConfig, AudioInput, CallIncoming, ClientEvent, ClientSecretRequest, ClientSecretResponse,
    DecodeError, ExpiresAfter, FunctionTool, Item, Limits, McpTool, Nullable, RealtimeSession,
    ServerEvent, Session, SessionUpdate, Tool, VoiceName, beta,
};
use serde_json::{Value, json};

fn server(frame: &Value) -> ServerEvent {
    ServerEvent::from_json(&frame.to_string()).unwrap()
}

#[test]
fn an_unknown_type_is_kept_byte_for_byte() {
    let frame = " {\"x\": 1.50,\n\"type\":\"response.tomorrow\",\"a\":\"\\u00e9\"} ";
    let event = ServerEvent::from_json(frame).unwrap();
    assert!(matches!(&event, ServerEvent::Unknown(_)));
    assert_eq!(
        (event.event_type(), event.to_json().as_str()),
        ("response.tomorrow", frame)
    );
}

// faults: I14 by a secret in the place of an object
#[test]
fn a_known_type_that_does_not_fit_is_kept_with_the_misfit_and_without_its_values() {
    let frame = r#"{"type":"response.done","response":"a secret"}"#;
    let event = ServerEvent::from_json(frame).unwrap();
    let ServerEvent::Degraded(degraded) = &event else {
        panic!("{event:?}")
    };
    assert_eq!(
        (degraded.event_type(), degraded.json()),
        ("response.done", frame)
    );
    assert_eq!(event.to_json(), frame);
    let shown = format!("{event:?} {}", degraded.misfit());
    assert!(
        shown.contains("/response: invalid type: string, expected an object Response"),
        "{shown}"
    );
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn only_what_is_no_event_is_refused() {
    for (frame, error) in [
        ("", DecodeError::Syntax { line: 1, column: 0 }),
        ("{\"type\":", DecodeError::Syntax { line: 1, column: 8 }),
        ("[1]", DecodeError::NotAnObject),
        ("{}", DecodeError::NoType),
        ("{\"type\":7}", DecodeError::NoType),
        ("{\"a\":{\"type\":\"error\"}}", DecodeError::NoType),
    ] {
        assert_eq!(ServerEvent::from_json(frame), Err(error), "{frame}");
    }
    let not_text = b"{\"type\":\"\xff\"}";
    assert_eq!(
        ServerEvent::from_slice(not_text),
        Err(DecodeError::NotUtf8 { valid_up_to: 9 })
    );
}

// faults: E8 by frames beyond each limit on size, depth and strings
#[test]
fn each_limit_has_its_error() {
    let limits = Limits {
        max_bytes: 60,
        max_depth: 3,
        max_string: 20,
    };
    for (frame, error) in [
        (
            format!("{{\"type\":\"x\",\"a\":\"{}\"}}", "a".repeat(50)),
            "bytes, more than 60",
        ),
        (
            format!("{{\"type\":\"x\",\"a\":\"{}\"}}", "a".repeat(20)),
            "more than 20 bytes",
        ),
        (
            "{\"type\":\"x\",\"a\":[[[1]]]}".to_owned(),
            "deeper than 3 levels",
        ),
    ] {
        let refused = ServerEvent::from_json_within(&frame, &limits).unwrap_err();
        assert!(refused.to_string().contains(error), "{frame}: {refused}");
    }
    assert!(ServerEvent::from_json_within("{\"type\":\"x\",\"a\":[[1]]}", &limits).is_ok());
}

#[test]
fn the_type_is_found_wherever_it_stands() {
    for frame in [
        r#"{"item":{"type":"message"},"text":"\"type\":\"x\"","type":"error","error":{}}"#,
        "{\"t\\u0079pe\":\"error\",\"error\":{}}",
        "{\"type\" : \"err\\u006fr\", \"error\":{}}",
    ] {
        assert_eq!(
            ServerEvent::from_json(frame).unwrap().event_type(),
            "error",
            "{frame}"
        );
    }
}

// faults: E3, E4 by new members, values and branches, and nulls
#[test]
fn unknown_members_values_and_branches_come_back() {
    let frame = json!({
        "type": "session.updated",
        "event_id": "e",
        "session": {
            "type": "realtime",
            "tomorrow": [1, {"x": null}],
            "prompt": null,
            "instructions": null,
            "audio": {"output": {"voice": "a voice of tomorrow", "format": {"type": "audio/opus"}}},
            "tools": [{"type": "a tool of tomorrow"}],
            "max_output_tokens": "inf",
        },
    });
    let event = server(&frame);
    let ServerEvent::SessionUpdated(updated) = &event else {
        panic!("{event:?}")
    };
    let Session::Realtime(session) = &updated.session else {
        panic!("{event:?}")
    };
    assert_eq!(
        session.extra.get("tomorrow"),
        Some(&json!([1, {"x": null}]))
    );
    assert!(session.prompt.is_null() && session.instructions.is_none());
    assert!(matches!(session.tools.as_deref(), Some([Tool::Unknown(_)])));
    assert_eq!(
        serde_json::from_str::<Value>(&event.to_json()).unwrap(),
        frame
    );
}

#[test]
fn absent_null_and_a_value_are_three_things_where_that_matters() {
    for (turn_detection, json) in [
        (Nullable::Absent, json!({})),
        (Nullable::Null, json!({"turn_detection": null})),
    ] {
        let input = AudioInput {
            turn_detection,
            ..AudioInput::default()
        };
        let audio = AudioConfig::default().with_input(input);
        let update = SessionUpdate::new(RealtimeSession::default().with_audio(audio));
        let sent: Value = serde_json::from_str(&ClientEvent::from(update).to_json()).unwrap();
        assert_eq!(sent["session"]["audio"]["input"], json);
    }
}

#[test]
fn nothing_that_was_not_set_is_sent() {
    let tool = FunctionTool::default().with_name("weather");
    let session = RealtimeSession::default().with_tools(vec![tool.into()]);
    assert_eq!(
        serde_json::to_value(&session).unwrap(),
        json!({"type": "realtime", "tools": [{"type": "function", "name": "weather"}]})
    );
}

#[test]
fn a_server_that_leaves_out_what_it_promised_is_understood() {
    let event = server(&json!({"type": "session.created", "session": {"id": "s"}}));
    assert!(matches!(event, ServerEvent::SessionCreated(_)), "{event:?}");
    let event = server(&json!({
        "type": "response.output_item.done", "response_id": "r", "item": {"type": "message", "role": "assistant"},
    }));
    let ServerEvent::ResponseOutputItemDone(done) = &event else {
        panic!("{event:?}")
    };
    assert!(matches!(&done.item, Item::Message(message) if message.content.is_none()));
}

#[test]
fn a_credential_is_in_no_debug_form() {
    let tool = McpTool::new("server").with_authorization("a secret");
    assert!(!format!("{tool:?}").contains("a secret"));
    assert!(serde_json::to_string(&tool).unwrap().contains("a secret"));
}

#[test]
fn an_enum_is_read_from_its_string_and_keeps_others() {
    assert_eq!(VoiceName::from("marin"), VoiceName::Marin);
    assert_eq!(VoiceName::from("tomorrow").as_str(), "tomorrow");
    assert!(VoiceName::KNOWN.contains(&"marin"));
}

#[test]
fn a_short_lived_credential_is_asked_for_and_answered() {
    let request = ClientSecretRequest::default()
        .with_expires_after(ExpiresAfter::default().with_seconds(60))
        .with_session(RealtimeSession::default());
    assert_eq!(
        serde_json::to_value(request).unwrap(),
        json!({"expires_after": {"seconds": 60}, "session": {"type": "realtime"}})
    );
    let answer = json!({
        "value": "ek_1",
        "expires_at": 1_790_000_000,
        "session": {"type": "realtime", "id": "s", "object": "realtime.session"},
    });
    let response: ClientSecretResponse = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(response.value.expose(), "ek_1");
    assert!(!format!("{response:?}").contains("ek_1"));
    assert_eq!(serde_json::to_value(response).unwrap(), answer);
}

#[test]
fn an_incoming_call_is_announced() {
    let webhook = json!({
        "id": "evt_1", "object": "event", "created_at": 1, "type": "realtime.call.incoming",
        "data": {"call_id": "c", "sip_headers": [{"name": "From", "value": "sip:a"}]},
    });
    let call: CallIncoming = serde_json::from_value(webhook.clone()).unwrap();
    assert_eq!(call.data.call_id, "c");
    assert_eq!(serde_json::to_value(call).unwrap(), webhook);
}

#[test]
fn the_beta_shape_has_flat_sessions() {
    let frame = json!({
        "type": "session.created",
        "session": {
            "id": "s", "modalities": ["text", "audio"], "turn_detection": null,
            "voice": {"name": "alloy", "type": "openai"}, "input_audio_format": "pcm16",
        },
    });
    let event = beta::ServerEvent::from_json(&frame.to_string()).unwrap();
    let beta::ServerEvent::SessionCreated(created) = &event else {
        panic!("{event:?}")
    };
    assert_eq!(
        created.session.input_audio_format,
        Some(beta::AudioFormat::Pcm16)
    );
    assert!(created.session.turn_detection.is_null());
    assert_eq!(
        serde_json::from_str::<Value>(&event.to_json()).unwrap(),
        frame
    );
    for mixed in [
        "response.audio.done",
        "response.output_audio.done",
        "ping",
        "mcp_list_tools.failed",
    ] {
        assert!(beta::ServerEvent::EVENT_TYPES.contains(&mixed), "{mixed}");
    }
}
