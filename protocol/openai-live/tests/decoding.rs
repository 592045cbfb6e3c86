//! What decoding keeps, refuses and forgives on the GPT-Live wire.

#![expect(
    clippy::unwrap_used,
    reason = "a test states what it expects by panicking"
)]

use antiphon_openai_live_types::{
    Answer, ClientEvent, CreateRequest, CreateResponse, DecisionOutcome, Delegation,
    ForkClientEvent, Item, ResponsesEvent, ServerEvent, SessionCommentaryAppend, SessionConfig,
    SidebandClientEvent, WebRtc,
};
use serde_json::{Value, json};

fn server(frame: &Value) -> ServerEvent {
    ServerEvent::from_json(&frame.to_string()).unwrap()
}

fn again(event: &ServerEvent) -> Value {
    serde_json::from_str(&event.to_json()).unwrap()
}

#[test]
fn a_required_null_is_sent() {
    for (append, id) in [
        (SessionCommentaryAppend::new("x"), json!(null)),
        (
            SessionCommentaryAppend::new("x").with_delegation_id("d"),
            json!("d"),
        ),
    ] {
        let sent: Value = serde_json::from_str(&ClientEvent::from(append).to_json()).unwrap();
        assert_eq!(sent["delegation_id"], id);
        assert!(sent.as_object().unwrap().contains_key("delegation_id"));
    }
}

#[test]
fn one_type_in_two_directions_is_told_by_direction() {
    let frame = r#"{"type":"session.input_audio.append","audio":"AAA="}"#;
    let client = ClientEvent::from_json(frame).unwrap();
    let server = ServerEvent::from_json(frame).unwrap();
    assert!(matches!(client, ClientEvent::SessionInputAudioAppend(_)));
    assert!(matches!(server, ServerEvent::SessionInputAudioAppend(_)));
    assert_eq!(
        (client.to_json().as_str(), server.to_json().as_str()),
        (frame, frame)
    );

    let dtmf = r##"{"type":"transport.dtmf.send","event":"#"}"##;
    let sideband = SidebandClientEvent::from_json(dtmf).unwrap();
    assert!(matches!(
        sideband,
        SidebandClientEvent::TransportDtmfSend(_)
    ));
    assert!(matches!(
        ClientEvent::from_json(dtmf).unwrap(),
        ClientEvent::Unknown(_)
    ));
}

#[test]
fn a_fork_starts_without_a_model() {
    let frame = r#"{"type":"session.start","session":{"store":true}}"#;
    let event = ForkClientEvent::from_json(frame).unwrap();
    assert!(
        matches!(event, ForkClientEvent::SessionStart(_)),
        "{event:?}"
    );
}

#[test]
fn a_nested_call_is_typed_and_other_nested_things_are_raw() {
    let item = json!({
        "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "caller": {},
    });
    let frame = json!({
        "type": "response.event",
        "delegation_id": null,
        "event": {"type": "response.output_item.done", "item": item},
    });
    let event = server(&frame);
    let ServerEvent::ResponseEvent(outer) = &event else {
        panic!("{event:?}")
    };
    let ResponsesEvent::ResponseOutputItemDone(done) = &outer.event else {
        panic!("{event:?}")
    };
    assert!(matches!(&done.item, Item::FunctionCall(call) if call.call_id == "c"));
    assert_eq!(again(&event), frame);

    let frame = json!({
        "type": "response.event",
        "event": {"type": "response.reasoning_text.delta", "delta": "x"},
    });
    let event = server(&frame);
    let ServerEvent::ResponseEvent(outer) = &event else {
        panic!("{event:?}")
    };
    assert!(matches!(&outer.event, ResponsesEvent::Unknown(raw)
        if raw.tag("type").as_deref() == Some("response.reasoning_text.delta")));
    assert_eq!(again(&event), frame);
}

#[test]
fn a_reduced_snapshot_of_a_response_is_understood() {
    let frame = json!({
        "type": "response.event",
        "event": {"type": "response.completed", "response": {"id": "r", "output": [], "tools": [],
            "instructions": null, "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}},
    });
    let event = server(&frame);
    let ServerEvent::ResponseEvent(outer) = &event else {
        panic!("{event:?}")
    };
    let ResponsesEvent::ResponseCompleted(completed) = &outer.event else {
        panic!("{event:?}")
    };
    assert_eq!(
        completed
            .response
            .usage
            .as_ref()
            .and_then(|usage| usage.total_tokens),
        Some(3)
    );
    assert_eq!(again(&event), frame);
}

#[test]
fn what_guides_and_azure_leave_out_is_forgiven() {
    for frame in [
        json!({"type": "session.started", "session": {"id": "s"}}),
        json!({"type": "session.thinking.appended"}),
        json!({"type": "error", "error": {"type": "t", "message": "m", "code": null}}),
        json!({"type": "session.output_audio.delta", "delta": ""}),
    ] {
        let event = server(&frame);
        assert!(!matches!(event, ServerEvent::Degraded(_)), "{event:?}");
        assert_eq!(again(&event), frame);
    }
}

#[test]
fn a_decision_tells_its_answers() {
    let frame = json!({
        "type": "decision.event",
        "delegation_id": null,
        "event": {"type": "decision.completed", "decision": {
            "model": "m",
            "answers": [
                {"type": "choice", "choice": true, "confidence": 0.5, "probabilities": []},
                {"type": "an answer of tomorrow"},
            ],
        }},
    });
    let event = server(&frame);
    let ServerEvent::DecisionEvent(outer) = &event else {
        panic!("{event:?}")
    };
    let DecisionOutcome::DecisionCompleted(completed) = &outer.event else {
        panic!("{event:?}")
    };
    assert!(matches!(
        completed.decision.answers.as_slice(),
        [Answer::Choice(_), Answer::Unknown(_)]
    ));
    assert_eq!(again(&event), frame);
}

#[test]
fn a_session_over_webrtc_is_asked_for_and_answered() {
    let config = SessionConfig::default()
        .with_model("gpt-live-1")
        .with_delegation(Delegation::Client(Default::default()));
    let request = CreateRequest::new(config, WebRtc::new("offer"));
    assert_eq!(
        serde_json::to_value(request).unwrap(),
        json!({
            "session": {"model": "gpt-live-1", "delegation": {"type": "client"}},
            "transport": {"type": "webrtc", "sdp": "offer"},
        })
    );
    let answer = json!({"session": {"id": "s"}, "transport": {"type": "webrtc", "sdp": "answer"}});
    let response: CreateResponse = serde_json::from_value(answer).unwrap();
    assert_eq!(
        (
            response.session.id.as_str(),
            response.transport.sdp.as_str()
        ),
        ("s", "answer")
    );
}
