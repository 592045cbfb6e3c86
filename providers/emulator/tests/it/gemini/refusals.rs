//! What the machine refuses. The protocol has no error events: each refusal is a close frame whose
//! reason names the field.

use std::time::Duration;

use antiphon_emulator::gemini::{Service, Settings};
use antiphon_protocol::Frame;
use serde_json::{Value, json};

use super::bench::*;

const SCRIPT: &str = r#"
    expect "Weather?"
      call get_weather city="Oslo"
      say "It is cold."
    otherwise
      say "Yes."
"#;

/// The close frame after a message in an open session.
fn refused(bench: &mut Bench, message: Value) -> (u16, String) {
    bench.send(message);
    assert!(bench.connection.is_closed());
    bench.close_frame()
}

#[track_caller]
fn check(row: &str, (code, reason): (u16, String), expected: (u16, &str)) {
    assert_eq!(code, expected.0, "{row}: {reason}");
    assert!(reason.contains(expected.1), "{row}: {reason}");
    assert!(reason.len() <= 123, "{row}: {reason}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a flat table, one row a rule")]
fn a_setup_that_the_service_would_not_open_is_refused_with_its_field() {
    let with = |model: &str, more: Value| setup_with(model, more);
    let generation = |config: Value| json!({ "generationConfig": config });
    let detection =
        |config: Value| json!({"realtimeInputConfig": {"automaticActivityDetection": config}});
    let function = |function: Value| json!({"tools": [{"functionDeclarations": [function]}]});
    let rows = [
        ("no model", json!({}), 1007, "model"),
        (
            "a model of another service",
            setup("models/gpt-realtime"),
            1008,
            "not found",
        ),
        (
            "a model that is not live",
            setup("models/gemini-3.8-pro"),
            1008,
            "bidiGenerateContent",
        ),
        (
            "a bare model",
            setup("gemini-3.8-live"),
            1007,
            "setup.model",
        ),
        (
            "a number as model",
            json!({"model": 7}),
            1007,
            "'setup.model' (TYPE_STRING), 7",
        ),
        (
            "an unknown member",
            with(MODEL_3_8, json!({"voice": "Puck"})),
            1007,
            "Unknown name \"voice\" at 'setup'",
        ),
        (
            "an unknown member further in",
            with(
                MODEL_3_8,
                generation(json!({"speech_config": {"voice_name": "Puck"}})),
            ),
            1007,
            "Unknown name \"voice_name\" at 'setup.generation_config.speech_config'",
        ),
        (
            "an unknown enum value",
            with(
                MODEL_3_8,
                generation(json!({"responseModalities": ["SONG"]})),
            ),
            1007,
            "setup.generation_config.response_modalities[0]",
        ),
        (
            "two modalities",
            with(
                MODEL_3_8,
                generation(json!({"responseModalities": ["AUDIO", "TEXT"]})),
            ),
            1007,
            "response_modalities",
        ),
        (
            "text from a model that only speaks",
            with(
                MODEL_2_5,
                generation(json!({"responseModalities": ["TEXT"]})),
            ),
            1007,
            "response_modalities",
        ),
        (
            "a Vertex member on the Developer API",
            with(MODEL_3_8, json!({"explicitVadSignal": true})),
            1007,
            "explicitVadSignal",
        ),
        (
            "transparent resumption on the Developer API",
            with(
                MODEL_3_8,
                json!({"sessionResumption": {"transparent": true}}),
            ),
            1007,
            "transparent",
        ),
        (
            "a negative duration",
            with(MODEL_3_8, detection(json!({"silenceDurationMs": -5}))),
            1007,
            "automatic_activity_detection.silence_duration_ms",
        ),
        (
            "a word as duration",
            with(MODEL_3_8, detection(json!({"prefixPaddingMs": "long"}))),
            1007,
            "automatic_activity_detection.prefix_padding_ms",
        ),
        (
            "a function without a name",
            with(MODEL_3_8, function(json!({"description": "x"}))),
            1007,
            "setup.tools[0].function_declarations[0].name",
        ),
        (
            "a function name with a blank",
            with(MODEL_3_8, function(json!({"name": "get weather"}))),
            1007,
            "function_declarations[0].name",
        ),
        (
            "a function twice",
            with(
                MODEL_3_8,
                json!({"tools": [weather_tool(), weather_tool()]}),
            ),
            1007,
            "Duplicate function declaration",
        ),
        (
            "extended thinking without a level",
            setup(MODEL_EXTENDED),
            1007,
            "thinking_level",
        ),
        (
            "minimal extended thinking",
            with(
                MODEL_EXTENDED,
                generation(json!({"thinkingConfig": {"thinkingLevel": "MINIMAL"}})),
            ),
            1007,
            "MINIMAL",
        ),
        (
            "a level for plain 3.8",
            with(
                MODEL_3_8,
                generation(json!({"thinkingConfig": {"thinkingLevel": "LOW"}})),
            ),
            1007,
            "thinking_level",
        ),
        (
            "a blocking tool with extended thinking",
            with(
                MODEL_EXTENDED,
                json!({
                    "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}},
                    "tools": [weather_tool_that_is("BLOCKING")],
                }),
            ),
            1007,
            "NON_BLOCKING",
        ),
        (
            "a handle that nobody gave",
            with(
                MODEL_3_8,
                json!({"sessionResumption": {"handle": "made-up"}}),
            ),
            1007,
            "setup.session_resumption.handle",
        ),
    ];
    for (row, setup, code, reason) in rows {
        let mut bench = Bench::connect(settings(SCRIPT));
        bench.send(json!({ "setup": setup }));
        bench.run(Duration::from_secs(1));
        assert!(bench.messages.is_empty(), "{row}");
        check(row, bench.close_frame(), (code, reason));
    }
}

#[test]
fn vertex_takes_its_own_names_and_not_the_others() {
    let open = |setup: Value| {
        let mut settings = settings(SCRIPT);
        settings.service = Service::Vertex;
        let mut bench = Bench::connect(settings);
        bench.send(json!({ "setup": setup }));
        bench
    };
    let rows = [
        (setup(MODEL_3_8), "setup.model"),
        (
            setup_with(VERTEX_2_5, json!({"labels": {"a": "b"}})),
            "labels",
        ),
    ];
    for (setup, reason) in rows {
        check(reason, open(setup).close_frame(), (1007, reason));
    }
    let mut bench = open(setup_with(
        VERTEX_2_5,
        json!({"explicitVadSignal": true, "sessionResumption": {"transparent": true}}),
    ));
    bench.run_until(&["setupComplete"]);
    let end = json!({"realtimeInput": {"audioStreamEnd": true}});
    check(
        "stream end",
        refused(&mut bench, end),
        (1007, "audioStreamEnd"),
    );
}

#[test]
fn fields_that_the_service_accepts_and_does_not_need_are_taken() {
    let more = json!({
        "system_instruction": {"role": "user", "parts": [{"text": "Be brief."}]},
        "generation_config": {"temperature": 0.5, "seed": 7, "speechConfig": {
            "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Puck"}}, "languageCode": "en-US",
        }},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        "proactivity": {"proactiveAudio": true},
        "labels": {"team": "voice"},
        "avatarConfig": {"avatarName": "Robin"},
        "tools": [{"googleSearch": {}}, {"functionDeclarations": []}],
        "realtimeInputConfig": {"turnCoverage": "TURN_INCLUDES_ALL_INPUT"},
        "contextWindowCompression": null,
    });
    let mut setup = setup_with(MODEL_3_8, more);
    setup.as_object_mut().unwrap().remove("generationConfig");
    let bench = Bench::with(settings(SCRIPT), setup);
    assert!(bench.others.is_empty());
}

/// A message that is refused once the session is open, with the code and a part of the reason.
type Row = (&'static str, &'static str, Value, u16, &'static str);

#[expect(clippy::too_many_lines, reason = "a flat table, one row a rule")]
fn messages() -> Vec<Row> {
    let audio = |blob: Value| json!({"realtimeInput": {"audio": blob}});
    let content = |turn: Value| json!({"clientContent": {"turns": [turn], "turnComplete": true}});
    let update = json!({"contextUpdate": {"tools": {"tools": []}}});
    let both = json!({"realtimeInput": {"text": "a"}, "clientContent": {"turnComplete": true}});
    let answer = |answer: Value| json!({"toolResponse": {"functionResponses": [answer]}});
    let unknown = answer(json!({"id": "function-call-1", "name": "get_weather", "response": {}}));
    vec![
        (
            "a second setup",
            MODEL_3_8,
            json!({"setup": setup(MODEL_3_8)}),
            1007,
            "setup",
        ),
        ("two members", MODEL_3_8, both, 1007, "oneof field"),
        ("no member", MODEL_3_8, json!({}), 1007, "invalid argument"),
        (
            "an unknown member",
            MODEL_3_8,
            json!({"hello": 1}),
            1007,
            "Unknown name \"hello\"",
        ),
        (
            "an unknown input",
            MODEL_3_8,
            json!({"realtimeInput": {"speech": {}}}),
            1007,
            "Unknown name \"speech\" at 'realtime_input'",
        ),
        (
            "another type",
            MODEL_3_8,
            json!({"clientContent": 5}),
            1007,
            "'client_content'",
        ),
        (
            "no MIME type",
            MODEL_3_8,
            audio(json!({"data": "AAAA"})),
            1007,
            "audio.mime_type",
        ),
        (
            "another format",
            MODEL_3_8,
            audio(json!({"data": "AAAA", "mimeType": "audio/mpeg"})),
            1007,
            "audio.mime_type",
        ),
        (
            "no base64",
            MODEL_3_8,
            audio(json!({"data": "*", "mimeType": "audio/pcm"})),
            1007,
            "realtime_input.audio.data",
        ),
        (
            "video that is no picture",
            MODEL_3_8,
            json!({"realtimeInput": {"video": {"data": "AAAA", "mimeType": "video/mp4"}}}),
            1007,
            "realtime_input.video.mime_type",
        ),
        (
            "activity of the client's while it is detected",
            MODEL_3_8,
            json!({"realtimeInput": {"activityStart": {}}}),
            1007,
            "activity_start",
        ),
        (
            "the end of it",
            MODEL_3_8,
            json!({"realtimeInput": {"activityEnd": {}}}),
            1007,
            "activity_end",
        ),
        (
            "a role that is none",
            MODEL_2_5,
            content(json!({"role": "assistant", "parts": []})),
            1007,
            "valid role",
        ),
        (
            "no role on newer models",
            MODEL_3_8,
            content(json!({"parts": [{"text": "a"}]})),
            1007,
            "turns[0].role",
        ),
        (
            "an update of an older model",
            MODEL_2_5,
            update.clone(),
            1007,
            "contextUpdate",
        ),
        ("an update of 3.1", MODEL_3_1, update, 1007, "contextUpdate"),
        (
            "an update of nothing",
            MODEL_3_8,
            json!({"contextUpdate": {}}),
            1007,
            "context_update",
        ),
        (
            "an update of the voice",
            MODEL_3_8,
            json!({"contextUpdate": {"generationConfig": {}}}),
            1007,
            "generationConfig",
        ),
        (
            "an answer to no call",
            MODEL_3_8,
            unknown,
            1008,
            "no pending function call",
        ),
        (
            "an answer without an id",
            MODEL_3_8,
            answer(json!({"name": "get_weather", "response": {}})),
            1007,
            "function_responses[0].id",
        ),
        (
            "no answers",
            MODEL_3_8,
            json!({"toolResponse": {"functionResponses": []}}),
            1007,
            "function_responses",
        ),
    ]
}

#[test]
fn a_message_that_breaks_a_rule_ends_the_session_with_its_field() {
    for (row, model, message, code, reason) in messages() {
        let mut bench = Bench::open(model, SCRIPT);
        check(row, refused(&mut bench, message), (code, reason));
        assert!(
            bench
                .send(json!({"realtimeInput": {"text": "a"}}))
                .is_empty(),
            "{row}"
        );
    }
    for bytes in [&b"no JSON"[..], b"[]", b"\xff\xfe", b"{\"setup\":"] {
        let mut bench = Bench::open(MODEL_3_8, SCRIPT);
        bench.send_frame(Frame::binary(bytes));
        check("bytes", bench.close_frame(), (1007, "Invalid JSON payload"));
    }
}

#[test]
fn messages_in_either_spelling_and_both_kinds_of_frame_are_read() {
    let message = json!({"client_content": {
        "turns": [{"parts": [{"text": "a"}], "role": "user"}], "turn_complete": true,
    }});
    for frame in [
        Frame::text(message.to_string()),
        Frame::binary(message.to_string().into_bytes()),
    ] {
        let mut bench = Bench::open(MODEL_3_8, SCRIPT);
        bench.send_frame(frame);
        assert!(!bench.turn().is_empty());
    }
}

#[test]
fn everything_waits_for_the_setup_and_for_its_completion() {
    let audio = json!({"realtimeInput": {"audio": {"data": "AAAA", "mimeType": "audio/pcm"}}});
    let text = json!({"clientContent": {"turnComplete": true}});
    for message in [audio, text] {
        let mut bench = Bench::connect(settings(SCRIPT));
        let early = refused(&mut bench, message.clone());
        check(
            "before setup",
            early,
            (1007, "The first message must be 'setup'"),
        );

        let mut bench = Bench::connect(settings(SCRIPT));
        bench.send(json!({"setup": setup(MODEL_3_8)}));
        check(
            "before setupComplete",
            refused(&mut bench, message),
            (1007, "setupComplete"),
        );
    }
    let mut bench = Bench::connect(settings(SCRIPT));
    bench.send(json!({"setup": setup(MODEL_3_8)}));
    let twice = refused(&mut bench, json!({"setup": setup(MODEL_3_8)}));
    check(
        "setup twice",
        twice,
        (1007, "'setup' must be the first message"),
    );
}

#[test]
fn a_client_that_detects_activity_sends_no_end_of_stream() {
    let config = json!({"realtimeInputConfig": {"automaticActivityDetection": {"disabled": true}}});
    let mut bench = Bench::with(settings(SCRIPT), setup_with(MODEL_3_8, config));
    let end = json!({"realtimeInput": {"audioStreamEnd": true}});
    check(
        "stream end",
        refused(&mut bench, end),
        (1007, "audio_stream_end"),
    );
}

#[test]
fn content_after_the_first_turn_is_refused_by_3_1_alone() {
    for (model, accepted) in [(MODEL_2_5, true), (MODEL_3_1, false), (MODEL_3_8, true)] {
        let mut bench = Bench::open(model, SCRIPT);
        bench.ask("Hello");
        bench.turn();
        bench.ask("And now?");
        assert_eq!(bench.others.is_empty(), accepted, "{model}");
        if !accepted {
            check(model, bench.close_frame(), (1007, "client_content"));
        }
    }
}

#[test]
fn a_call_is_answered_once() {
    let tools = json!({"tools": [weather_tool()]});
    let mut bench = Bench::with(settings(SCRIPT), setup_with(MODEL_2_5, tools));
    bench.ask("Weather?");
    let id = ids_of(&calls(&bench.run_until(&["toolCall"])))[0].clone();
    bench.answer(&id, json!({"temperature": 8}));
    assert!(bench.others.is_empty());
    bench.answer(&id, json!({"temperature": 8}));
    check(
        "twice",
        bench.close_frame(),
        (1008, "no pending function call"),
    );
}

#[test]
fn audio_while_a_tool_is_pending_ends_a_3_1_session_where_that_is_asked_for() {
    let tools = json!({"tools": [weather_tool()]});
    for (strict, closed) in [(false, false), (true, true)] {
        let mut settings: Settings = settings(SCRIPT);
        settings.strict_tools = strict;
        let mut bench = Bench::with(settings, setup_with(MODEL_3_1, tools.clone()));
        bench.ask("Weather?");
        bench.run_until(&["toolCall"]);
        bench.append(&silence(20), "audio/pcm;rate=16000");
        assert_eq!(bench.connection.is_closed(), closed);
        if closed {
            check("audio", bench.close_frame(), (1008, "not implemented"));
        }
    }
}

#[test]
fn scripted_faults_strike_where_the_script_says() {
    let mut bench = Bench::open(
        MODEL_2_5,
        "expect \"a\"\n say \"Half an answer\"\n fail close 1011 \"internal\"",
    );
    bench.ask("a");
    bench.run(Duration::from_secs(20));
    assert_eq!(bench.close_frame(), (1011, "internal".to_owned()));
    assert!(!audio_of(&bench.all()).is_empty());
    assert!(
        contents(&bench.all(), "generationComplete").is_empty(),
        "in the middle of the turn"
    );

    let mut bench = Bench::open(
        MODEL_2_5,
        "expect \"a\"\n say \"No.\"\n fail response \"overloaded\"",
    );
    bench.ask("a");
    let turn = bench.turn();
    assert_eq!(
        contents(&turn, "turnCompleteReason"),
        [&json!("RESPONSE_REJECTED")]
    );

    let mut bench = Bench::connect(settings("wait 100ms\nfail garbage\nfail silence"));
    bench.garbage = true;
    bench.send(json!({"setup": setup(MODEL_2_5)}));
    assert!(bench.others.is_empty());
    bench.run(Duration::from_secs(3_600));
    assert_eq!(bench.others.len(), 7, "then silence");
}
