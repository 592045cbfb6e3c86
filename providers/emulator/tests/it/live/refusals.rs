//! What the machine refuses, and how it says so. Each refusal names the client event and changes
//! nothing.

use antiphon_protocol::Frame;
use serde_json::{Value, json};

use super::bench::{Bench, error_of, types, with_backend};

const SCRIPT: &str = "otherwise \"a\"\n call tool\n say \"b\"";

fn message(role: &str, kind: &str) -> Value {
    json!({"type": "message", "role": role, "content": [{"type": kind, "text": "x"}]})
}

#[test]
#[expect(clippy::too_many_lines, reason = "a flat table, one row a rule")]
fn a_start_that_breaks_the_protocol_is_refused_and_nothing_follows() {
    let start = |session: Value| json!({"type": "session.start", "session": session});
    let with = |name: &str, value: Value| {
        let mut session = json!({"model": "gpt-live-1"});
        session[name] = value;
        start(session)
    };
    let rows = [
        (
            json!({"type": "session.input_audio.append", "audio": ""}),
            "invalid_event",
            Value::Null,
        ),
        (
            json!({"type": "session.close"}),
            "invalid_event",
            Value::Null,
        ),
        (
            json!({"type": "session.update", "session": {}}),
            "invalid_event",
            Value::Null,
        ),
        (
            json!({"type": "session.begin"}),
            "invalid_value",
            json!("type"),
        ),
        (
            json!({"type": "session.start"}),
            "missing_required_parameter",
            json!("session"),
        ),
        (
            start(json!({})),
            "missing_required_parameter",
            json!("session.model"),
        ),
        (
            start(json!({"model": ""})),
            "model_not_found",
            json!("session.model"),
        ),
        (
            with("voice", json!("marin")),
            "unknown_parameter",
            json!("session.voice"),
        ),
        (
            with("tools", json!([])),
            "unknown_parameter",
            json!("session.tools"),
        ),
        (
            with("turn_detection", Value::Null),
            "unknown_parameter",
            json!("session.turn_detection"),
        ),
        (
            with("instructions", json!(7)),
            "invalid_value",
            json!("session.instructions"),
        ),
        (
            with("instructions", json!("a".repeat(65_540))),
            "invalid_value",
            json!("session.instructions"),
        ),
        (
            with("audio", json!({"input": {}})),
            "unknown_parameter",
            json!("session.audio.input"),
        ),
        (
            with("audio", json!({"output": {"voice": "hal"}})),
            "forbidden",
            json!("session.audio.output.voice"),
        ),
        (
            with("audio", json!({"format": {"type": "audio/pcm"}})),
            "missing_required_parameter",
            json!("session.audio.format.rate"),
        ),
        (
            with(
                "audio",
                json!({"format": {"type": "audio/pcm", "rate": 22_050}}),
            ),
            "invalid_value",
            json!("session.audio.format.rate"),
        ),
        (
            with("audio", json!({"format": {"type": "audio/opus"}})),
            "invalid_value",
            json!("session.audio.format.type"),
        ),
        (
            with("delegation", json!({"type": "team"})),
            "invalid_value",
            json!("session.delegation.type"),
        ),
        (
            with("delegation", json!({"type": "responses"})),
            "missing_required_parameter",
            json!("session.delegation.responses"),
        ),
        (
            with("delegation", json!({"type": "responses", "responses": {}})),
            "missing_required_parameter",
            json!("session.delegation.responses.model"),
        ),
        (
            with(
                "delegation",
                json!({"type": "responses", "responses": {"model": "m", "max_output_tokens": 8}}),
            ),
            "invalid_value",
            json!("session.delegation.responses.max_output_tokens"),
        ),
        (
            with("input", json!([message("system", "input_text")])),
            "invalid_value",
            json!("session.input[0].role"),
        ),
        (
            with("input", json!([message("user", "output_text")])),
            "invalid_value",
            json!("session.input[0].content[0].type"),
        ),
        (
            with("input", json!([{"role": "user", "content": []}])),
            "invalid_value",
            json!("session.input[0].content"),
        ),
        (
            with("input", json!(vec![message("user", "input_text"); 129])),
            "invalid_value",
            json!("session.input"),
        ),
    ];
    for (mut event, code, param) in rows {
        event["event_id"] = "evt".into();
        let mut bench = Bench::fresh(SCRIPT);
        let answer = bench.send(event.clone());
        assert_eq!(types(&answer), ["error"], "{event}");
        let error = error_of(&answer);
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!(code), &param),
            "{error}"
        );
        assert_eq!(error["client_event_id"], "evt");
        assert!(
            bench.start(json!({})).is_empty(),
            "the connection is dead: {event}"
        );
        assert!(bench.run(1_000).is_empty());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a flat table, one row a rule")]
fn a_command_that_breaks_the_protocol_is_refused_and_the_session_goes_on() {
    let append = |content: &str| json!({"type": "session.commentary.append", "delegation_id": null, "content": content});
    let update = |session: Value| json!({"type": "session.update", "session": session});
    let long = "a".repeat(2_001);
    let rows = [
        (
            json!({"type": "session.start", "session": {"model": "m"}}),
            json!("invalid_event"),
            Value::Null,
        ),
        (
            json!({"type": "response.cancel"}),
            json!("invalid_value"),
            json!("type"),
        ),
        (
            json!({"type": "session.close", "why": 1}),
            json!("unknown_parameter"),
            json!("why"),
        ),
        (
            json!({"type": "session.input_audio.append", "audio": "AAAA"}),
            json!("invalid_audio"),
            json!("audio"),
        ),
        (
            json!({"type": "session.input_audio.append", "audio": "*"}),
            json!("invalid_audio"),
            json!("audio"),
        ),
        (
            json!({"type": "session.input_audio.append"}),
            json!("missing_required_parameter"),
            json!("audio"),
        ),
        (append(&long), json!("invalid_value"), json!("content")),
        (
            json!({"type": "session.thinking.append", "content": "a"}),
            json!("missing_required_parameter"),
            json!("delegation_id"),
        ),
        (
            json!({"type": "session.thinking.append", "content": "a", "delegation_id": "item_none"}),
            json!("invalid_value"),
            json!("delegation_id"),
        ),
        (
            update(json!({"instructions": "a"})),
            json!("immutable_field_update"),
            json!("session.instructions"),
        ),
        (
            update(json!({"model": "a"})),
            json!("immutable_field_update"),
            json!("session.model"),
        ),
        (
            update(json!({"audio": {}})),
            json!("immutable_field_update"),
            json!("session.audio"),
        ),
        (
            update(json!({"delegation": {"type": "responses"}})),
            json!("immutable_field_update"),
            json!("session.delegation.type"),
        ),
        (
            update(json!({"tools": []})),
            json!("unknown_parameter"),
            json!("session.tools"),
        ),
        (json!({"type": "response.create"}), Value::Null, Value::Null),
        (
            json!({"type": "response.item.create", "item": {}}),
            Value::Null,
            Value::Null,
        ),
        (
            json!({"type": "decision.create", "event_id": "d"}),
            Value::Null,
            Value::Null,
        ),
        (
            json!({"type": "transport.dtmf.send", "event": "1"}),
            json!("invalid_value"),
            json!("type"),
        ),
        (
            json!({"type": "session.output_audio.fixture.play", "audio": "AAAA"}),
            json!("invalid_audio"),
            json!("audio"),
        ),
    ];
    let mut bench = Bench::started(SCRIPT);
    for (index, (mut event, code, param)) in rows.into_iter().enumerate() {
        let id = format!("evt_{index}");
        event["event_id"] = id.as_str().into();
        let answer = bench.send(event.clone());
        let error = error_of(&answer);
        assert_eq!(
            (&error["code"], &error["param"]),
            (&code, &param),
            "{event}: {error}"
        );
        assert_eq!(error["client_event_id"], id, "{event}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert_eq!(
        types(&bench.run(1_000)),
        [super::bench::AUDIO; 10],
        "nothing has happened"
    );
}

#[test]
fn appends_for_a_delegation_belong_to_client_delegation() {
    let mut bench = Bench::configured(SCRIPT, with_backend());
    let error = error_of(&bench.tell("commentary", json!("item_1"), "a"));
    assert_eq!(
        (&error["code"], &error["param"]),
        (&json!("invalid_value"), &json!("delegation_id"))
    );
    assert!(
        bench.tell("commentary", Value::Null, "a").is_empty(),
        "without one they are welcome"
    );
    let error =
        error_of(&bench.send(json!({"type": "response.create", "delegation_id": "item_1"})));
    assert_eq!(error["code"], "unknown_parameter");
    let error =
        error_of(&bench.send(json!({"type": "session.update", "session": {"delegation": null}})));
    assert_eq!(error["code"], "immutable_field_update");
}

#[test]
fn frames_that_are_no_events_are_refused() {
    for (text, code) in [
        ("{", "invalid_json"),
        ("", "invalid_json"),
        ("[]", "invalid_event"),
        ("{}", "invalid_event"),
        (r#"{"type": 3}"#, "invalid_event"),
    ] {
        let mut bench = Bench::started(SCRIPT);
        assert_eq!(error_of(&bench.send_text(text))["code"], code, "{text}");
    }
    let mut bench = Bench::started(SCRIPT);
    let error = error_of(&bench.send_frame(Frame::binary(vec![1, 2])));
    assert_eq!(error["code"], "invalid_event");
    let deep = "[".repeat(200_000);
    error_of(&bench.send_text(&format!(r#"{{"type":"session.update","session":{deep}"#)));
}

#[test]
fn audio_far_ahead_of_its_time_is_refused_not_hoarded() {
    let mut bench = Bench::started(SCRIPT);
    let minute = vec![0; 60 * 48_000];
    bench.append_bytes(&minute);
    let error = error_of(&bench.append_bytes(&minute));
    assert_eq!(
        (&error["code"], &error["param"]),
        (&json!("invalid_value"), &json!("audio"))
    );
}
