//! Whole conversations with the pure machine, in virtual time, against the order of recorded
//! sessions of the service.

use std::{path::Path, time::Duration};

use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::bench::{Bench, audio_of, of_type, silence, speech, types, weather_tool};

/// Types with runs of the same delta written once, without what some recorded sessions lack.
fn outline(events: &[Value]) -> Vec<String> {
    let mut outline = types(events);
    outline.retain(|name| name != "rate_limits.updated");
    outline.dedup();
    outline
}

const CALL: [&str; 9] = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "",
];

#[test]
fn a_text_turn_calls_the_tool_and_answers_with_its_output() {
    let mut bench = Bench::weather();
    bench.update(json!({"output_modalities": ["text"], "tools": [weather_tool()]}));
    let item = bench.user_text("What is the weather in London?");
    assert_eq!(
        types(&item),
        ["conversation.item.added", "conversation.item.done"]
    );
    assert_eq!(item[0]["previous_item_id"], Value::Null);
    let user = item[0]["item"]["id"].clone();

    let mut call = bench.respond();
    call.extend(bench.run(Duration::from_secs(5)));
    assert_eq!(outline(&call), CALL[..8]);
    let added = of_type(&call, "conversation.item.added")[0];
    assert_eq!(added["previous_item_id"], user);
    let done = of_type(&call, "response.function_call_arguments.done")[0];
    assert_eq!(done["name"], "get_weather");
    assert_eq!(done["arguments"], r#"{"city":"London"}"#);
    let deltas = of_type(&call, "response.function_call_arguments.delta");
    let joined: String = deltas
        .iter()
        .map(|delta| delta["delta"].as_str().unwrap())
        .collect();
    assert_eq!(joined, r#"{"city":"London"}"#);

    let call_id = done["call_id"].as_str().unwrap().to_owned();
    bench.tool_output(&call_id, r#"{"temperature": 12, "conditions": "foggy"}"#);
    let mut answer = bench.respond();
    answer.extend(bench.run(Duration::from_secs(5)));
    let text = of_type(&answer, "response.output_text.done")[0]["text"]
        .as_str()
        .unwrap();
    assert!(
        text.starts_with("Right now it is 12 degrees and foggy in London."),
        "{text}"
    );
    let response = &of_type(&answer, "response.done")[0]["response"];
    assert_eq!(response["status"], "completed");
    assert_eq!(response["output"][0]["content"][0]["text"], text);
    let usage = &response["usage"];
    assert_eq!(usage["output_token_details"]["audio_tokens"], 0);
    assert!(
        usage["input_token_details"]["cached_tokens"].as_u64() > Some(0),
        "{usage}"
    );
    assert!(audio_of(&answer).is_empty());
}

#[test]
fn a_spoken_turn_is_heard_transcribed_and_answered_aloud() {
    let mut bench =
        Bench::new("expect \"Hello, my name is Marcelo.\"\n say \"Hello! Happy to help.\"");
    bench.update(json!({"audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}}}));
    let mut events = bench.speak(&[silence(500), speech(1_000), silence(400)].concat());
    events.extend(bench.run(Duration::from_secs(3)));

    assert_eq!(events[0]["type"], "input_audio_buffer.speech_started");
    assert_eq!(events[0]["audio_start_ms"], 200);
    assert_eq!(events[1]["audio_end_ms"], 1_700);
    let item = &events[0]["item_id"];
    assert_eq!(events[2]["type"], "input_audio_buffer.committed");
    assert_eq!(&events[2]["item_id"], item);
    assert_eq!(&events[3]["item"]["id"], item);

    let completed = "conversation.item.input_audio_transcription.completed";
    let transcript = of_type(&events, completed)[0];
    assert_eq!(transcript["transcript"], "Hello, my name is Marcelo.");
    assert_eq!(
        transcript["usage"],
        json!({"type": "duration", "seconds": 2})
    );
    let words = of_type(&events, "conversation.item.input_audio_transcription.delta");
    let joined: String = words
        .iter()
        .map(|word| word["delta"].as_str().unwrap())
        .collect();
    assert_eq!(joined, "Hello, my name is Marcelo.");

    let said = of_type(&events, "response.output_audio_transcript.done")[0];
    assert_eq!(said["transcript"], "Hello! Happy to help.");
    let seconds = audio_of(&events).len() as f64 / 48_000.0;
    assert!((1.0..4.0).contains(&seconds), "{seconds}");
    let done = of_type(&events, "response.done")[0];
    let usage = &done["response"]["usage"];
    assert_eq!(
        usage["output_token_details"]["audio_tokens"],
        (seconds * 20.0).ceil() as u64
    );
    assert!(usage["input_token_details"]["audio_tokens"].as_u64() >= Some(15));
}

/// The samples of a PCM16 WAV of the examples, which has the usual header of 44 bytes.
fn recording(name: &str) -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/assets")
        .join(name);
    let file = std::fs::read(path).unwrap();
    assert_eq!(&file[36..40], b"data");
    let (samples, _) = file[44..].as_chunks::<2>();
    samples
        .iter()
        .map(|&pair| i16::from_le_bytes(pair))
        .collect()
}

#[test]
fn each_recording_of_the_caller_is_heard_as_one_turn() {
    for (name, seconds) in [
        ("question.wav", 1.5),
        ("interruption.wav", 2.5),
        ("thanks.wav", 1.0),
    ] {
        let samples = recording(name);
        let mut bench = Bench::weather();
        let events = bench.speak(&[silence(300), samples, silence(300)].concat());
        let started = of_type(&events, "input_audio_buffer.speech_started");
        let stopped = of_type(&events, "input_audio_buffer.speech_stopped");
        assert_eq!(
            (started.len(), stopped.len()),
            (1, 1),
            "{name}: {started:?} {stopped:?}"
        );
        let ms = stopped[0]["audio_end_ms"].as_f64().unwrap()
            - started[0]["audio_start_ms"].as_f64().unwrap();
        assert!(ms > seconds * 1_000.0, "{name}: {ms}");
    }
}

/// The recorded order with interchangeable neighbours made equal: transcription of the caller may
/// fall anywhere, and audio and its transcript interleave freely.
fn landmarks(types: &[String]) -> Vec<String> {
    let free = [
        "transcription",
        "output_audio.delta",
        "output_audio_transcript.delta",
        "rate_limits",
    ];
    let mut marks = types.to_vec();
    marks.retain(|name| !free.iter().any(|free| name.contains(free)));
    marks.dedup();
    marks
}

#[test]
fn events_come_in_the_order_of_recorded_sessions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/traces.jsonl");
    let Ok(traces) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return;
    };
    let lines: Vec<Value> = traces
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut compared = 0;
    for name in ["test_audio_in_server_vad_turn", "test_tool_call_round"] {
        let of = |line: &&Value| {
            let session = line["session"].as_str().unwrap();
            session.contains("/test_openai_ws/") && session.contains(name)
        };
        let recorded: Vec<&Value> = lines.iter().filter(of).collect();
        assert!(!recorded.is_empty(), "{name}");
        let ours = replay(&recorded);
        let theirs: Vec<String> = recorded
            .iter()
            .filter(|line| line["direction"] == "server")
            .map(|line| line["frame"]["type"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(landmarks(&ours), landmarks(&theirs), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 2);
}

/// Plays the client's side of a recorded session against the machine.
fn replay(recorded: &[&Value]) -> Vec<String> {
    let mut bench = Bench::new(
        r#"
        expect "What is the weather in London?"
          call get_weather city="{place}"
          say "{output}" or "Hello, Marcelo! Great to meet you."
        "#,
    );
    let frames = recorded.iter().filter(|line| line["direction"] == "client");
    let mut spoken = false;
    for line in frames {
        let mut frame = line["frame"].clone();
        match frame["type"].as_str().unwrap() {
            // The recording's audio was cut short; the caller speaks instead.
            "input_audio_buffer.append" => {
                if !std::mem::replace(&mut spoken, true) {
                    bench.speak(&[silence(400), speech(1_500), silence(300)].concat());
                }
                continue;
            }
            "conversation.item.create" if frame["item"]["call_id"].is_string() => {
                let done = bench.run_until("response.done");
                frame["item"]["call_id"] = done["response"]["output"][0]["call_id"].clone();
            }
            _ => {}
        }
        bench.send(frame);
    }
    bench.run(Duration::from_secs(10));
    types(
        &bench
            .events
            .iter()
            .map(|(_, event)| event.clone())
            .collect::<Vec<_>>(),
    )
}

#[test]
fn a_caller_who_speaks_interrupts_the_answer() {
    let mut bench = Bench::new(
        r#"
        pace 1x
        expect "Tell me a story."
          say "Once upon a time there was a little cloud that would not rain on anyone."
        expect "Stop."
          say "Okay."
        "#,
    );
    bench.speak(&[speech(400), silence(300)].concat());
    bench.run(Duration::from_millis(1_000));
    let before = bench.events.len();
    let events = bench.speak(&[speech(400), silence(300)].concat());

    let expected = [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "input_audio_buffer.speech_stopped",
    ];
    let outline = outline(&events);
    let from = outline.iter().position(|name| name == expected[0]).unwrap();
    assert_eq!(outline[from..from + expected.len()], expected);
    let done = of_type(&events, "response.done")[0];
    assert_eq!(done["response"]["status"], "cancelled");
    assert_eq!(
        done["response"]["status_details"],
        json!({"type": "cancelled", "reason": "turn_detected"})
    );
    let item = &done["response"]["output"][0];
    assert_eq!(item["status"], "incomplete");
    let said = item["content"][0]["transcript"].as_str().unwrap();
    assert!(
        said.starts_with("Once") && !said.ends_with("anyone."),
        "{said}"
    );

    let sent: Vec<Value> = bench
        .events
        .iter()
        .map(|(_, event)| event.clone())
        .collect();
    let of_item: Vec<Value> = sent
        .iter()
        .filter(|event| event["item_id"] == item["id"])
        .cloned()
        .collect();
    let sent_ms = audio_of(&of_item).len() as u64 / 48;
    let id = item["id"].clone();
    let truncate = |ms: u64| json!({"type": "conversation.item.truncate", "item_id": id, "content_index": 0, "audio_end_ms": ms});
    let refused = super::bench::error_of(&bench.send(truncate(sent_ms + 1)));
    assert_eq!(
        refused["message"],
        format!(
            "Audio content of {sent_ms}ms is already shorter than {}ms",
            sent_ms + 1
        )
    );
    let truncated = bench.send(truncate(300));
    assert_eq!(types(&truncated), ["conversation.item.truncated"]);
    assert_eq!(truncated[0]["audio_end_ms"], 300);
    let again = super::bench::error_of(&bench.send(truncate(301)));
    assert!(
        again["message"]
            .as_str()
            .unwrap()
            .contains("300ms is already shorter")
    );
    assert!(bench.events.len() > before);

    let rest = bench.run(Duration::from_secs(3));
    assert_eq!(
        of_type(&rest, "response.done")[0]["response"]["status"],
        "completed"
    );
}

#[test]
fn audio_arrives_faster_than_it_plays_in_any_format() {
    let rows = [
        (json!({"type": "audio/pcm", "rate": 24_000}), 48_000.0),
        (json!({"type": "audio/pcmu"}), 8_000.0),
        (json!({"type": "audio/pcma"}), 8_000.0),
    ];
    let mut seconds = Vec::new();
    for (format, bytes_per_second) in rows {
        let mut bench =
            Bench::new("unprompted\n say \"If you are going out, take a warm coat with you.\"");
        bench.update(json!({"audio": {"output": {"format": format}}}));
        bench.respond();
        let started = bench.now;
        bench.run_until("response.done");
        let events: Vec<Value> = bench
            .events
            .iter()
            .map(|(_, event)| event.clone())
            .collect();
        let plays = audio_of(&events).len() as f64 / bytes_per_second;
        let took = (bench.now - started).as_secs_f64();
        assert!(plays / took > 5.0, "{format}: {plays} s took {took} s");
        let longest = of_type(&events, "response.output_audio.delta")
            .iter()
            .map(|delta| delta["delta"].as_str().unwrap().len() * 3 / 4)
            .max();
        assert!(
            longest <= Some((bytes_per_second / 10.0) as usize + 2),
            "{longest:?}"
        );
        seconds.push(plays);
    }
    assert!((seconds[0] - seconds[1]).abs() < 0.01 && (seconds[1] - seconds[2]).abs() < 0.01);
}

#[test]
fn telephone_audio_is_heard_at_its_own_rate() {
    let mut bench = Bench::new("expect \"Hi\"\n say \"Hello.\"");
    bench.update(json!({"audio": {"input": {"format": {"type": "audio/pcmu"}}}}));
    let mut events = Vec::new();
    // 0x00 and 0x80 are the loudest values of mu-law, 0xff is silence.
    let loud: Vec<u8> = (0..4_000)
        .map(|at| if at / 20 % 2 == 0 { 0x10 } else { 0x90 })
        .collect();
    for bytes in [vec![0xff; 4_000], loud, vec![0xff; 4_000]] {
        events.extend(bench.append_bytes(&bytes));
    }
    assert_eq!(events[0]["audio_start_ms"], 200);
    assert_eq!(events[1]["audio_end_ms"], 1_200);
}

#[test]
fn the_same_seed_gives_the_same_session() {
    let frames = || {
        let mut bench = Bench::weather();
        bench.user_text("Hello");
        bench.respond();
        bench.run(Duration::from_secs(2));
        bench.events
    };
    let first = frames();
    assert!(first.len() > 20 && first.iter().any(|(at, _)| *at > Time::ZERO));
    assert_eq!(first, frames());
}

#[test]
fn many_turns_are_all_answered() {
    let mut bench = Bench::weather();
    for turn in 0..20 {
        bench.user_text("And now?");
        bench.respond();
        let done = bench.run_until("response.done");
        assert_eq!(done["response"]["status"], "completed", "turn {turn}");
        assert_eq!(
            done["response"]["output"][0]["type"], "message",
            "no tool was offered"
        );
    }
}

#[test]
fn a_response_outside_the_conversation_leaves_it_alone() {
    let mut bench = Bench::weather();
    bench.user_text("Hello");
    bench.respond();
    let created = bench.send(json!({"type": "response.create", "response": {
        "conversation": "none", "metadata": {"topic": "aside"}, "output_modalities": ["text"],
        "input": [{"type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "Sum up."}]}],
    }}));
    assert_eq!(
        created[0]["response"]["metadata"],
        json!({"topic": "aside"})
    );
    assert_eq!(created[0]["response"]["conversation_id"], Value::Null);
    let events = bench.run(Duration::from_secs(5));
    let done = of_type(&events, "response.done");
    assert_eq!(done.len(), 2);
    let aside = done
        .iter()
        .find(|done| done["response"]["metadata"].is_object())
        .unwrap();
    let item = &aside["response"]["output"][0]["id"];
    let missing = bench.send(json!({"type": "conversation.item.retrieve", "item_id": item}));
    assert_eq!(
        super::bench::error_of(&missing)["code"],
        "item_retrieve_invalid_item_id"
    );
}
