//! Sessions of OpenAI Realtime that are not plain conversations, and what else a caller can bring.

use std::time::Duration;

use antiphon_emulator::{
    Script,
    openai::{Input, Output, Settings, Translation},
    peer::Peer,
};
use antiphon_protocol::{Frame, Time};
use serde_json::{Value, json};

use super::bench::{Bench, error_of, of_type, silence, speech, types};

const SCRIPT: &str =
    "expect \"what I said\"\n say \"Yes.\"\nexpect \"more\"\n say \"Still there?\"";

fn transcriber() -> Bench {
    let script: Result<Script, _> = SCRIPT.parse();
    let mut settings = Settings::new(script.unwrap_or_default());
    settings.transcription = true;
    Bench::with(settings)
}

fn configure(bench: &mut Bench, input: &Value) -> Vec<Value> {
    let session = json!({"type": "transcription", "audio": {"input": input}});
    bench.send(json!({"type": "session.update", "session": session}))
}

#[test]
fn a_transcription_session_writes_down_and_answers_nothing() {
    let mut bench = transcriber();
    let created = bench.events[0].1.clone();
    assert_eq!(created["session"]["type"], "transcription");
    assert_eq!(
        created["session"]["object"],
        "realtime.transcription_session"
    );
    let updated = configure(
        &mut bench,
        &json!({"transcription": {"model": "gpt-4o-transcribe"}}),
    );
    assert_eq!(types(&updated), ["session.updated"]);
    let mut events = bench.speak(&[speech(600), silence(500)].concat());
    events.extend(bench.run(Duration::from_secs(10)));
    let completed = of_type(
        &events,
        "conversation.item.input_audio_transcription.completed",
    );
    assert_eq!(completed.len(), 1);
    assert_eq!(completed[0]["transcript"], "what I said");
    assert!(of_type(&events, "response.created").is_empty());
}

#[test]
fn a_transcription_session_refuses_what_belongs_to_conversations() {
    let mut bench = transcriber();
    let refused = error_of(&bench.respond());
    assert_eq!(refused["code"], "invalid_event");
    let refused = error_of(&bench.update(json!({"instructions": "a"})));
    assert_eq!(
        (&refused["code"], &refused["param"]),
        (&json!("invalid_value"), &json!("session.type"))
    );
    let session = json!({"type": "transcription", "instructions": "a"});
    let refused = error_of(&bench.send(json!({"type": "session.update", "session": session})));
    assert_eq!(refused["code"], "unknown_parameter");
    let whisper = json!({"transcription": {"model": "gpt-realtime-whisper"}});
    let refused = error_of(&configure(&mut bench, &whisper));
    assert_eq!(refused["param"], "session.audio.input.turn_detection");
    let manual =
        json!({"transcription": {"model": "gpt-realtime-whisper"}, "turn_detection": null});
    assert_eq!(types(&configure(&mut bench, &manual)), ["session.updated"]);

    let mut talker = Bench::new(SCRIPT);
    let refused = error_of(&configure(&mut talker, &json!({})));
    assert_eq!(refused["param"], "session.type");
}

#[test]
fn a_silent_caller_is_asked_after_the_idle_timeout() {
    let mut bench = Bench::new(SCRIPT);
    let detection = json!({"type": "server_vad", "idle_timeout_ms": 5_000});
    bench.update(json!({"audio": {"input": {"turn_detection": detection}}}));
    assert!(
        bench.run(Duration::from_secs(60)).is_empty(),
        "only after an answer"
    );
    bench.user_text("Hello");
    bench.respond();
    let done = bench.run_until("response.done");
    let played = done["response"]["usage"]["output_token_details"]["audio_tokens"].as_u64();
    let after = Duration::from_millis(played.unwrap_or_default() * 50 + 5_000);
    assert!(bench.run(after - Duration::from_millis(1)).is_empty());
    let events = bench.run(Duration::from_millis(1));
    assert_eq!(
        types(&events)[..5],
        [
            "input_audio_buffer.timeout_triggered",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
        ]
    );
    assert_eq!(events[0]["item_id"], events[1]["item_id"]);
    bench.run_until("response.done");
    bench.speak(&speech(400));
    assert!(
        of_type(
            &bench.run(Duration::from_secs(60)),
            "input_audio_buffer.timeout_triggered"
        )
        .is_empty(),
        "a caller who speaks is there"
    );
}

#[test]
fn audio_in_an_item_is_a_turn_whose_words_the_script_knows() {
    let mut bench = Bench::new(SCRIPT);
    bench.update(json!({"audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}}));
    let audio = base64_simd::STANDARD.encode_to_string(vec![0; 48_000]);
    let item = |audio: &str| {
        json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user",
            "content": [{"type": "input_audio", "audio": audio}]}})
    };
    let refused = error_of(&bench.send(item("%%%")));
    assert_eq!(refused["param"], "item.content[0].audio");
    let added = bench.send(item(&audio));
    assert_eq!(
        types(&added),
        ["conversation.item.added", "conversation.item.done"]
    );
    let content = added[0]["item"]["content"][0].clone();
    assert_eq!(
        content,
        json!({"type": "input_audio", "transcript": null}),
        "audio is not shown again"
    );
    bench.respond();
    let done = bench.run_until("response.done");
    assert_eq!(
        done["response"]["usage"]["input_token_details"]["audio_tokens"],
        10
    );
    bench.run(Duration::from_secs(5));
    let all: Vec<Value> = bench
        .events
        .iter()
        .map(|(_, event)| event.clone())
        .collect();
    let words = of_type(
        &all,
        "conversation.item.input_audio_transcription.completed",
    );
    assert_eq!(words[0]["transcript"], "what I said");
}

/// Sends an event and lets `span` pass; returns what came.
fn translate(
    machine: &mut Translation,
    now: &mut Time,
    event: &Value,
    span: Duration,
) -> Vec<Value> {
    machine.handle(*now, Input::Frame(Frame::text(event.to_string())));
    *now = *now + span;
    machine.handle(*now, Input::Timeout);
    let mut events = Vec::new();
    while let Some(output) = machine.poll_output() {
        match output {
            Output::Frame(frame) => {
                let event: Value = serde_json::from_slice(&frame.data).unwrap_or_default();
                super::bench::check_translation(&event);
                events.push(event);
            }
            other => assert_eq!(
                other,
                Output::Close {
                    code: 1000,
                    reason: "closed".to_owned()
                }
            ),
        }
    }
    events
}

#[test]
fn a_translation_speaks_when_the_caller_has_spoken() {
    let script: Result<Script, _> = "expect \"ja\"\n say \"Yes it is.\"".parse();
    let mut machine = Translation::new(Settings::new(script.unwrap_or_default()), Time::ZERO);
    machine.handle(Time::ZERO, Input::Timeout);
    let mut now = Time::ZERO;
    let update = json!({"type": "session.update", "session": {"audio": {
        "input": {"transcription": {"model": "gpt-realtime-whisper"}}, "output": {"language": "fr"},
    }}});
    let events = translate(&mut machine, &mut now, &update, Duration::ZERO);
    assert_eq!(types(&events), ["session.created", "session.updated"]);
    assert_eq!(events[0]["session"]["type"], "translation");
    assert_eq!(events[1]["session"]["audio"]["output"]["language"], "fr");
    let sound: Vec<u8> = [speech(600), silence(500)]
        .concat()
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let audio = base64_simd::STANDARD.encode_to_string(sound);
    let append = json!({"type": "session.input_audio_buffer.append", "audio": audio});
    let events = translate(&mut machine, &mut now, &append, Duration::from_secs(20));
    let words = |kind: &str| -> String {
        of_type(&events, kind)
            .iter()
            .filter_map(|event| event["delta"].as_str())
            .collect()
    };
    assert_eq!(words("session.input_transcript.delta"), "ja");
    assert_eq!(words("session.output_transcript.delta"), "Yes it is.");
    assert!(of_type(&events, "session.output_audio.delta").len() > 3);
    let rows = [
        (json!({"type": "response.create"}), "invalid_value"),
        (
            json!({"type": "session.update", "session": {"model": "m"}}),
            "unknown_parameter",
        ),
        (
            json!({"type": "session.input_audio_buffer.append"}),
            "missing_required_parameter",
        ),
    ];
    for (event, code) in rows {
        let refused = translate(&mut machine, &mut now, &event, Duration::ZERO);
        assert_eq!(error_of(&refused)["code"], code, "{event}");
    }
    let closed = translate(
        &mut machine,
        &mut now,
        &json!({"type": "session.close"}),
        Duration::ZERO,
    );
    assert_eq!(types(&closed), ["session.closed"]);
}
