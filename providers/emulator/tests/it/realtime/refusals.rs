//! What the machine refuses, and how it says so. Each refusal names the client event and changes
//! nothing.

use std::time::Duration;

use antiphon_emulator::{
    Script,
    openai::{Output, Settings},
};
use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::bench::{Bench, error_of, of_type, silence, speech, types, weather_tool};

#[test]
#[expect(clippy::too_many_lines, reason = "a flat table, one row a rule")]
fn an_event_that_breaks_the_protocol_is_refused_with_its_parameter() {
    let session = |session: Value| json!({"type": "session.update", "session": session});
    let item = |item: Value| json!({"type": "conversation.item.create", "item": item});
    let user = |part: Value| item(json!({"type": "message", "role": "user", "content": [part]}));
    let response = |response: Value| json!({"type": "response.create", "response": response});
    let rows = [
        (
            json!({"type": "response.make"}),
            "invalid_value",
            json!("type"),
        ),
        (
            json!({"type": "session.created"}),
            "invalid_value",
            json!("type"),
        ),
        (
            json!({"type": "response.cancel", "why": 1}),
            "unknown_parameter",
            json!("why"),
        ),
        (
            json!({"type": "session.update"}),
            "missing_required_parameter",
            json!("session"),
        ),
        (
            session(json!({})),
            "missing_required_parameter",
            json!("session.type"),
        ),
        (
            session(json!({"type": "live"})),
            "invalid_value",
            json!("session.type"),
        ),
        (
            session(json!({"type": "realtime", "voice": "alloy"})),
            "unknown_parameter",
            json!("session.voice"),
        ),
        (
            session(json!({"type": "realtime", "instructions": 7})),
            "invalid_type",
            json!("session.instructions"),
        ),
        (
            session(json!({"type": "realtime", "model": "another"})),
            "cannot_update_model",
            json!("session.model"),
        ),
        (
            session(json!({"type": "realtime", "output_modalities": ["text", "audio"]})),
            "invalid_value",
            json!("session.output_modalities"),
        ),
        (
            session(json!({"type": "realtime", "audio": {"output": {"speed": 9}}})),
            "decimal_above_max_value",
            json!("session.audio.output.speed"),
        ),
        (
            session(
                json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}),
            ),
            "integer_below_min_value",
            json!("session.audio.input.format.rate"),
        ),
        (
            session(
                json!({"type": "realtime", "audio": {"input": {"turn_detection": {"type": "vad"}}}}),
            ),
            "invalid_value",
            json!("session.audio.input.turn_detection.type"),
        ),
        (
            session(json!({"type": "realtime", "tools": [{"type": "function"}]})),
            "missing_required_parameter",
            json!("session.tools[0].name"),
        ),
        (
            json!({"type": "input_audio_buffer.append", "audio": "*not base64*"}),
            "invalid_value",
            json!("audio"),
        ),
        (
            json!({"type": "input_audio_buffer.append"}),
            "missing_required_parameter",
            json!("audio"),
        ),
        (
            user(json!({"type": "output_text", "text": "a"})),
            "invalid_value",
            json!("item.content[0].type"),
        ),
        (
            user(json!({"type": "text", "text": "a"})),
            "invalid_value",
            json!("item.content[0].type"),
        ),
        (
            user(json!({"type": "input_text"})),
            "missing_required_parameter",
            json!("item.content[0].text"),
        ),
        (
            item(json!({"type": "function_call_output", "call_id": "call_none", "output": ""})),
            "invalid_tool_call_id",
            json!("item.call_id"),
        ),
        (
            json!({"type": "conversation.item.create", "previous_item_id": "item_none",
                "item": {"type": "message", "role": "user", "content": []}}),
            "item_create_invalid_previous_item_id",
            json!("previous_item_id"),
        ),
        (
            json!({"type": "conversation.item.delete", "item_id": "item_none"}),
            "item_delete_invalid_item_id",
            json!("item_id"),
        ),
        (
            json!({"type": "conversation.item.retrieve", "item_id": "item_none"}),
            "item_retrieve_invalid_item_id",
            json!("item_id"),
        ),
        (
            json!({"type": "conversation.item.truncate", "item_id": "item_none",
                "content_index": 0, "audio_end_ms": 1}),
            "item_truncate_invalid_item_id",
            json!("item_id"),
        ),
        (
            json!({"type": "conversation.item.truncate", "item_id": "a", "content_index": 0,
                "audio_end_ms": -1}),
            "integer_below_min_value",
            json!("audio_end_ms"),
        ),
        (
            json!({"type": "input_audio_buffer.commit"}),
            "input_audio_buffer_commit_empty",
            Value::Null,
        ),
        (
            json!({"type": "output_audio_buffer.clear"}),
            "invalid_event",
            json!("type"),
        ),
        (
            json!({"type": "response.cancel"}),
            "response_cancel_not_active",
            Value::Null,
        ),
        (
            response(json!({"output_modalities": ["text", "audio"]})),
            "invalid_value",
            json!("response.output_modalities"),
        ),
        (
            response(json!({"conversation": "other"})),
            "invalid_value",
            json!("response.conversation"),
        ),
        (
            response(json!({"conversation": "none",
                "input": [{"type": "item_reference", "id": "item_none"}]})),
            "item_reference_not_found",
            json!("response.input"),
        ),
    ];
    let mut settings = Settings::new(Script::weather());
    settings.model = Some("gpt-realtime".to_owned());
    let mut bench = Bench::with(settings);
    for (index, (mut event, code, param)) in rows.into_iter().enumerate() {
        let id = format!("event_{index}");
        event["event_id"] = id.as_str().into();
        let answer = bench.send(event.clone());
        assert_eq!(types(&answer), ["error"], "{event}");
        let error = error_of(&answer);
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!(code), &param),
            "{event}: {error}"
        );
        assert_eq!(error["event_id"], id, "{event}");
    }
    assert!(
        bench.run(Duration::from_secs(60)).is_empty(),
        "nothing was started"
    );
}

#[test]
fn frames_that_are_no_events_are_refused() {
    let mut bench = Bench::weather();
    let rows = [
        ("{", "invalid_json"),
        ("", "invalid_json"),
        ("[]", "invalid_event"),
        ("{}", "invalid_event"),
        (r#"{"type": 3}"#, "invalid_event"),
        (r#"{"event_id": "event_567"}"#, "invalid_event"),
    ];
    for (text, code) in rows {
        let error = error_of(&bench.send_text(text));
        assert_eq!(error["code"], code, "{text}");
    }
    let deep = "[".repeat(200_000);
    error_of(&bench.send_text(&format!(r#"{{"type":"session.update","session":{deep}"#)));
}

#[test]
fn a_commit_needs_a_tenth_of_a_second() {
    let mut bench = Bench::weather();
    bench.update(json!({"audio": {"input": {"turn_detection": null}}}));
    bench.append(&speech(99));
    let error = error_of(&bench.send(json!({"type": "input_audio_buffer.commit"})));
    assert_eq!(
        error["message"],
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, \
         but buffer only has 99.00ms of audio."
    );
    bench.append(&speech(1));
    let committed = bench.send(json!({"type": "input_audio_buffer.commit"}));
    let expected = [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ];
    assert_eq!(
        types(&committed),
        expected,
        "and no response: the client asks for it"
    );
    bench.append(&speech(500));
    assert_eq!(
        types(&bench.send(json!({"type": "input_audio_buffer.clear"}))),
        ["input_audio_buffer.cleared"]
    );
    error_of(&bench.send(json!({"type": "input_audio_buffer.commit"})));
}

#[test]
fn transcription_of_turns_in_a_flood_is_refused_not_hoarded() {
    let mut bench = Bench::new("otherwise \"one two three four five\"\n say \"x\"");
    bench.update(json!({"audio": {"input": {
        "turn_detection": null, "transcription": {"model": "gpt-realtime-whisper"},
    }}}));
    let mut failed = 0;
    for _ in 0..1_000 {
        bench.append(&silence(100));
        let events = bench.send(json!({"type": "input_audio_buffer.commit"}));
        failed += of_type(
            &events,
            "conversation.item.input_audio_transcription.failed",
        )
        .len();
    }
    let rest = bench.run(Duration::from_secs(600));
    let completed = of_type(
        &rest,
        "conversation.item.input_audio_transcription.completed",
    )
    .len();
    assert!(
        failed > 0 && completed > 500,
        "{failed} failed, {completed} completed"
    );
    assert_eq!(failed + completed, 1_000);
}

#[test]
fn one_response_at_a_time() {
    let mut bench = Bench::weather();
    let created = bench.respond();
    let id = created[0]["response"]["id"].as_str().unwrap().to_owned();
    let error = error_of(&bench.respond());
    assert_eq!(error["code"], "conversation_already_has_active_response");
    assert!(error["message"].as_str().unwrap().contains(&id));
    let wrong = bench.send(json!({"type": "response.cancel", "response_id": "resp_other"}));
    assert_eq!(error_of(&wrong)["code"], "response_cancel_not_active");
    bench.run(Duration::from_millis(200));
    let cancelled = bench.send(json!({"type": "response.cancel", "response_id": id}));
    let done = of_type(&cancelled, "response.done")[0];
    let details = json!({"type": "cancelled", "reason": "client_cancelled"});
    assert_eq!(done["response"]["status_details"], details);
    assert!(
        bench.run(Duration::from_secs(60)).is_empty(),
        "nothing follows a cancelled response"
    );
    assert_eq!(bench.respond()[0]["type"], "response.created");
}

#[test]
fn the_voice_is_fixed_once_it_was_heard() {
    let mut bench = Bench::weather();
    let voice = |voice: &str| json!({"audio": {"output": {"voice": voice}}});
    assert_eq!(types(&bench.update(voice("marin"))), ["session.updated"]);
    bench.respond();
    bench.run_until("response.done");
    assert_eq!(
        error_of(&bench.update(voice("cedar")))["code"],
        "cannot_update_voice"
    );
    let same = bench.update(voice("marin"));
    assert_eq!(same[0]["session"]["audio"]["output"]["voice"], "marin");
}

#[test]
fn only_audio_of_the_model_is_truncated() {
    let mut bench = Bench::weather();
    let user = bench.user_text("Hello")[0]["item"]["id"].clone();
    bench.update(json!({"output_modalities": ["text"]}));
    bench.respond();
    let done = bench.run_until("response.done");
    for id in [user, done["response"]["output"][0]["id"].clone()] {
        let error = error_of(&bench.send(json!({
            "type": "conversation.item.truncate", "item_id": id, "content_index": 0,
            "audio_end_ms": 0,
        })));
        assert_eq!(
            error["message"],
            "Only model output audio messages can be truncated"
        );
    }
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let mut bench = Bench::weather();
    let before = bench.events[0].1["session"].clone();
    assert_eq!(
        before["audio"]["input"]["turn_detection"]["silence_duration_ms"],
        200
    );
    let rows = [
        (
            json!({"instructions": "Be brief."}),
            "/instructions",
            json!("Be brief."),
        ),
        (
            json!({"tools": [weather_tool()]}),
            "/tools/0/name",
            json!("get_weather"),
        ),
        (
            json!({"audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 700}}}}),
            "/audio/input/turn_detection/silence_duration_ms",
            json!(700),
        ),
        (
            json!({"audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}}}),
            "/audio/input/transcription/language",
            Value::Null,
        ),
        (
            json!({"audio": {"output": {"format": {"type": "audio/pcmu"}}}}),
            "/audio/output/format",
            json!({"type": "audio/pcmu"}),
        ),
        (
            json!({"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}}}),
            "/audio/input/turn_detection",
            json!({"type": "semantic_vad", "eagerness": "low", "create_response": true, "interrupt_response": true}),
        ),
        (
            json!({"audio": {"input": {"turn_detection": null}}}),
            "/audio/input/turn_detection",
            Value::Null,
        ),
    ];
    let mut session = before;
    for (update, pointer, value) in rows {
        let updated = bench.update(update.clone())[0]["session"].clone();
        assert_eq!(updated.pointer(pointer), Some(&value), "{update}");
        let top = update.as_object().unwrap().keys().next().unwrap();
        for (name, was) in session.as_object().unwrap() {
            assert!(
                name == top || updated[name] == *was,
                "{update} changed {name}"
            );
        }
        session = updated;
    }
    assert_eq!(
        session["audio"]["input"]["transcription"]["model"],
        "gpt-realtime-whisper"
    );
}

#[test]
fn turn_detection_does_what_it_is_told() {
    let script = "pace 1x\nexpect \"a\"\n say \"This is a rather long answer, is it not?\"";
    let detection = |settings: Value| {
        let mut bench = Bench::new(script);
        bench.update(json!({"audio": {"input": {"turn_detection": settings}}}));
        bench
    };
    let turn = || [silence(300), speech(400), silence(400)].concat();

    let mut quiet = detection(json!({"type": "server_vad", "create_response": false}));
    let events = quiet.speak(&turn());
    assert_eq!(of_type(&events, "input_audio_buffer.committed").len(), 1);
    assert!(of_type(&events, "response.created").is_empty());

    let mut patient = detection(json!({"type": "server_vad", "interrupt_response": false}));
    patient.speak(&turn());
    let events = patient.speak(&turn());
    assert_eq!(of_type(&events, "input_audio_buffer.committed").len(), 1);
    assert!(
        of_type(&events, "response.done").is_empty(),
        "the answer goes on"
    );
    let rest = patient.run(Duration::from_secs(20));
    assert_eq!(
        of_type(&rest, "response.done").len(),
        2,
        "and the next one follows it"
    );
    assert_eq!(
        of_type(&rest, "response.done")[0]["response"]["status"],
        "completed"
    );

    for (eagerness, ends) in [("high", 300), ("auto", 600), ("low", 1_200)] {
        let mut bench = detection(json!({"type": "semantic_vad", "eagerness": eagerness}));
        let events = bench.speak(&[speech(400), silence(2_000)].concat());
        let stopped = of_type(&events, "input_audio_buffer.speech_stopped")[0];
        assert_eq!(stopped["audio_end_ms"], 400 + ends, "{eagerness}");
    }
}

#[test]
fn a_forbidden_tool_is_not_called_and_a_required_one_is() {
    let rows = [
        (
            json!({"tools": [weather_tool()], "tool_choice": "none"}),
            false,
        ),
        (json!({"tools": []}), false),
        (json!({"tools": [weather_tool()]}), true),
    ];
    for (update, called) in rows {
        let mut bench = Bench::weather();
        bench.update(update.clone());
        bench.user_text("How is the weather in Rome?");
        bench.respond();
        let output = bench.run_until("response.done")["response"]["output"].clone();
        let is_call = output[0]["type"] == "function_call";
        assert_eq!(is_call, called, "{update}: {output}");
    }
    let mut bench = Bench::new("expect \"a\"\n say \"b\"");
    let choice = json!({"type": "function", "name": "get_weather"});
    bench.update(json!({"tools": [weather_tool()], "tool_choice": choice}));
    bench.user_text("Hello");
    bench.respond();
    let done = bench.run_until("response.done");
    assert_eq!(done["response"]["output"][0]["name"], "get_weather");
}

#[test]
fn replayed_history_is_not_played_again() {
    let mut bench = Bench::weather();
    bench.update(json!({"tools": [weather_tool()], "output_modalities": ["text"]}));
    bench.user_text("What's the weather like in Oslo today?");
    let call = json!({"type": "function_call", "call_id": "call_1", "name": "get_weather",
        "arguments": r#"{"city":"Oslo"}"#});
    bench.send(json!({"type": "conversation.item.create", "item": call}));
    bench.tool_output("call_1", r#"{"temperature": 4, "conditions": "wet"}"#);
    bench.respond();
    let done = bench.run_until("response.done");
    let said = done["response"]["output"][0]["content"][0]["text"]
        .as_str()
        .unwrap();
    assert!(
        said.starts_with("Right now it is 4 degrees and wet in Oslo."),
        "{said}"
    );

    bench.send(
        json!({"type": "conversation.item.create", "item": {"type": "message",
        "role": "assistant", "content": [{"type": "output_text", "text": "It is wet."}]}}),
    );
    bench.user_text("What about Lisbon?");
    bench.respond();
    let done = bench.run_until("response.done");
    let said = done["response"]["output"][0]["content"][0]["text"]
        .as_str()
        .unwrap();
    assert!(
        said.starts_with("Tomorrow it will be sunny in Lisbon"),
        "{said}"
    );
}

#[test]
fn a_session_ends_at_its_limit() {
    let mut settings = Settings::new(Script::weather());
    settings.session_limit = Duration::from_secs(120);
    let mut bench = Bench::with(settings);
    assert_eq!(
        bench.events[0].1["session"]["expires_at"],
        1_800_000_120_u64
    );
    assert!(bench.run(Duration::from_millis(119_999)).is_empty());
    let error = error_of(&bench.run(Duration::from_millis(1)));
    assert_eq!(error["code"], "session_expired");
    assert_eq!(
        error["message"],
        "Your session hit the maximum duration of 2 minutes."
    );
    assert_eq!(
        bench.others,
        [Output::Close {
            code: 1001,
            reason: String::new()
        }]
    );
    assert!(bench.connection.is_closed());
    assert!(bench.respond().is_empty());
}

#[test]
fn scripts_break_things_where_they_say() {
    let mut slow = Bench::new("wait 300ms\nunprompted\n say \"Hi.\"");
    slow.respond();
    assert!(slow.events.is_empty());
    slow.run(Duration::from_millis(300));
    let first: Vec<Value> = slow.events.iter().map(|(_, event)| event.clone()).collect();
    assert_eq!(
        types(&first)[..2],
        ["session.created", "response.created"],
        "frames were held"
    );
    assert_eq!(slow.events[0].0, Time::from_millis(300));

    let mut failed =
        Bench::new("unprompted\n say \"Well\"\n fail response \"overloaded\"\n say \"x\"");
    failed.respond();
    let done = failed.run_until("response.done");
    assert_eq!(done["response"]["status"], "failed");
    assert_eq!(done["response"]["output"][0]["status"], "incomplete");
    assert_eq!(
        failed.respond()[0]["type"],
        "response.created",
        "the session goes on"
    );

    let mut silent = Bench::new("unprompted\n say \"Well\"\n fail silence");
    silent.respond();
    silent.run(Duration::from_secs(7_200));
    let (_, last) = silent.events.last().unwrap();
    assert_ne!(last["type"], "response.done");
    assert!(silent.user_text("Hello?").is_empty() && silent.others.is_empty());

    let mut text = Bench::new("text only\nunprompted\n say \"In writing.\"");
    text.respond();
    let done = text.run_until("response.done");
    assert_eq!(done["response"]["output_modalities"], json!(["text"]));
    assert_eq!(
        done["response"]["output"][0]["content"][0]["text"],
        "In writing."
    );
}
