//! What the service says, in neutral words.

use std::time::Duration;

use crate::common::{Talk, events, lines};
use antiphon_protocol::{
    AudioFormat, Effect, Event, Fault, Frame, ItemStatus, ResponseStatus, SessionConfig, Signal,
};
use bytes::Bytes;
use expect_test::expect;

fn talk() -> Talk {
    Talk::ready(SessionConfig::new("gpt-realtime"))
}

/// The one event that a frame becomes.
fn event(frame: &str) -> Event {
    let made = talk().heard(frame);
    let [Effect::Event(event)] = &made[..] else {
        panic!("one event: {made:?}");
    };
    event.clone()
}

const AUDIO: &str = r#"{"type":"response.output_audio.delta","event_id":"e","response_id":"r1",
    "item_id":"i1","output_index":0,"content_index":2,"delta":"AAECAw=="}"#;

#[test]
fn audio_is_decoded_with_its_place_and_format() {
    let beta = AUDIO.replace("output_audio", "audio");
    // An escape takes the frame to the full parser, which finds the same.
    let unusual = AUDIO
        .replace("i1", "\\u00691")
        .replace("AAEC", "\\u0041AEC");
    let unpadded = AUDIO.replace("==", "");
    for frame in [AUDIO, &beta, &unusual, &unpadded] {
        let Event::Audio(chunk) = event(frame) else {
            panic!("audio: {frame}");
        };
        assert_eq!(chunk.data, Bytes::from_static(&[0, 1, 2, 3]));
        assert_eq!(chunk.format, AudioFormat::PCM16_24K);
        assert_eq!(chunk.item, Some("i1".into()));
        assert_eq!(chunk.response, Some("r1".into()));
        assert_eq!((chunk.content_index, chunk.offset), (2, 0));
    }
}

// faults: E7 by an event in a binary frame
#[test]
fn binary_frames_are_read_like_text() {
    let mut talk = talk();
    let mut made: Vec<Effect> = Vec::new();
    let frame = Frame::binary(Bytes::copy_from_slice(AUDIO.as_bytes()));
    talk.codec.decode(&frame, &mut made);
    assert!(matches!(events(&made)[..], [Event::Audio(_)]));
}

#[test]
fn audio_has_the_format_that_was_agreed() {
    let mut config = SessionConfig::new("gpt-realtime");
    config.output_format = Some(AudioFormat::ALAW_8K);
    let mut talk = Talk::ready(config);
    assert!(
        matches!(&events(&talk.heard(AUDIO))[..], [Event::Audio(chunk)]
        if chunk.format == AudioFormat::ALAW_8K)
    );
}

// faults: E22 by a star in the middle of the base64
#[test]
fn audio_that_is_no_base64_is_malformed() {
    let Event::Malformed(malformed) = event(&AUDIO.replace("AAEC", "A*EC")) else {
        panic!("malformed");
    };
    assert_eq!(malformed.error, "the audio is not base64");
    assert_eq!(
        malformed.name.unwrap().as_str(),
        "response.output_audio.delta"
    );
}

// faults: E5, E6 by frames that are null, a list, a string, no JSON and no UTF-8
#[test]
fn what_is_no_event_is_counted() {
    for (frame, error) in [
        ("", "the frame is not JSON at line 1 column 0"),
        ("null", "the frame is not a JSON object"),
        ("[{}]", "the frame is not a JSON object"),
        ("\"type\"", "the frame is not a JSON object"),
        ("{}", "the frame does not say which event it is"),
        (r#"{"type":7}"#, "the frame does not say which event it is"),
    ] {
        let Event::Malformed(malformed) = event(frame) else {
            panic!("malformed: {frame}");
        };
        assert_eq!(
            (malformed.error.as_str(), malformed.bytes),
            (error, frame.len())
        );
    }
    let mut made: Vec<Effect> = Vec::new();
    talk()
        .codec
        .decode(&Frame::binary(vec![0x7b, 0xff]), &mut made);
    assert!(matches!(&events(&made)[..], [Event::Malformed(malformed)]
        if malformed.error == "the frame is not UTF-8 after byte 1"));
}

// faults: E1 by an event of a type that nobody knows
#[test]
fn what_is_new_is_kept_as_it_came() {
    let frame = r#"{"type":"conversation.mood.changed", "mood" : "sunny"}"#;
    let Event::Other(raw) = event(frame) else {
        panic!("other");
    };
    assert_eq!(
        (raw.name(), raw.json()),
        ("conversation.mood.changed", frame)
    );
}

// faults: E2 by a known event with a member of another type
#[test]
fn a_known_event_that_does_not_fit_is_counted_and_readable() {
    let frame = r#"{"type":"response.output_text.delta","delta":7,"item_id":"i1"}"#;
    let made = events(&talk().heard(frame));
    let [Event::Malformed(malformed), Event::Other(raw)] = &made[..] else {
        panic!("{made:?}");
    };
    assert_eq!(
        malformed.name.as_ref().unwrap().as_str(),
        "response.output_text.delta"
    );
    assert_eq!(raw.json(), frame);
}

// faults: E15 by a transcription that failed
#[test]
fn speech_of_the_user() {
    let mut talk = talk();
    for frame in [
        r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":1460,"item_id":"i1"}"#,
        r#"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":4256,"item_id":"i1"}"#,
        r#"{"type":"input_audio_buffer.committed","previous_item_id":"i0","item_id":"i1"}"#,
        r#"{"type":"conversation.item.added","previous_item_id":"i0","item":{"id":"i1",
            "type":"message","status":"completed","role":"user",
            "content":[{"type":"input_audio","transcript":null}]}}"#,
        r#"{"type":"conversation.item.input_audio_transcription.delta","item_id":"i1",
            "content_index":0,"delta":"Hel"}"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"i1",
            "content_index":0,"transcript":"Hello.","usage":{"type":"tokens","input_tokens":9,
            "output_tokens":3,"total_tokens":12,"input_token_details":{"audio_tokens":8,
            "text_tokens":1}}}"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"i3",
            "content_index":0,"transcript":"Bye.","usage":{"type":"duration","seconds":2.5}}"#,
        r#"{"type":"conversation.item.input_audio_transcription.failed","item_id":"i2",
            "content_index":0,"error":{"type":"server_error","message":"no"}}"#,
    ] {
        talk.hear(frame);
    }
    expect![[r#"
        speech_started {"at":{"nanos":460000000,"secs":1},"derived":false,"item":"i1"}
        speech_stopped {"at":{"nanos":256000000,"secs":4},"derived":false,"item":"i1"}
        input_committed {"item":"i1","previous":"i0"}
        item_added {"item":{"id":"i1","kind":{"message":{"content":[{"audio":{"transcript":null}}],"role":"user"}},"status":"completed"},"previous":"i0"}
        input_transcript {"content_index":0,"done":false,"item":"i1","response":null,"text":"Hel"}
        input_transcript {"content_index":0,"done":true,"item":"i1","response":null,"text":"Hello."}
        usage {"context_used":null,"counting":"increment","usage":{"duration":{},"input":{"audio":8,"text":1,"total":9},"output":{"text":3,"total":3}}}
        input_transcript {"content_index":0,"done":true,"item":"i3","response":null,"text":"Bye."}
        usage {"context_used":null,"counting":"increment","usage":{"duration":{"nanos":500000000,"secs":2},"input":{},"output":{}}}
        input_transcript_failed {"error":{"benign":false,"code":null,"command":null,"fault":"server","kind":"server_error","message":"no","param":null},"item":"i2"}
    "#]]
    .assert_eq(&lines(&talk.made()));
}

/// The frames of a call, with and without its name where services differ.
const CALL_ADDED: &str = r#"{"type":"response.output_item.added","response_id":"r1","output_index":0,
    "item":{"id":"i1","type":"function_call","status":"in_progress","name":"look","call_id":"c1",
    "arguments":""}}"#;
const CALL_DONE: &str = r#"{"type":"response.function_call_arguments.done","response_id":"r1",
    "item_id":"i1","output_index":0,"call_id":"c1","name":"look","arguments":"{\"a\":1}"}"#;
const ITEM_DONE: &str = r#"{"type":"response.output_item.done","response_id":"r1","output_index":0,
    "item":{"id":"i1","type":"function_call","status":"completed","name":"look","call_id":"c1",
    "arguments":"{\"a\":1}"}}"#;
const RESPONSE_DONE: &str = r#"{"type":"response.done","response":{"id":"r1","status":"completed",
    "output":[{"id":"i1","type":"function_call","status":"completed","name":"look","call_id":"c1",
    "arguments":"{\"a\":1}"}]}}"#;

#[test]
fn a_call_is_announced_once_whichever_event_completes_it() {
    let nameless = CALL_DONE.replace(r#""name":"look","#, "");
    let rows: [&[&str]; 6] = [
        &[CALL_ADDED, CALL_DONE, ITEM_DONE, RESPONSE_DONE],
        &[CALL_DONE, CALL_DONE],
        &[CALL_ADDED, &nameless, ITEM_DONE],
        &[&nameless, ITEM_DONE, RESPONSE_DONE],
        &[ITEM_DONE, CALL_DONE],
        &[RESPONSE_DONE],
    ];
    for frames in rows {
        let mut talk = talk();
        for frame in frames {
            talk.hear(frame);
        }
        let calls: Vec<_> = events(&talk.made())
            .into_iter()
            .filter_map(|event| match event {
                Event::ToolCall(call) => Some(call),
                _ => None,
            })
            .collect();
        let [call] = &calls[..] else {
            panic!("one call: {calls:?} of {frames:?}");
        };
        assert_eq!((call.id.as_str(), call.name.as_str()), ("c1", "look"));
        assert_eq!(call.arguments, r#"{"a":1}"#);
        assert_eq!(call.item, Some("i1".into()));
        assert_eq!(call.response, Some("r1".into()));
    }
}

#[test]
fn a_call_that_was_cut_off_is_not_announced() {
    let mut talk = talk();
    for frame in [
        CALL_ADDED,
        &ITEM_DONE.replace("completed", "incomplete"),
        &RESPONSE_DONE.replace("completed", "incomplete"),
    ] {
        talk.hear(frame);
    }
    let made = talk.made();
    assert!(
        !events(&made)
            .iter()
            .any(|event| matches!(event, Event::ToolCall(_))),
        "{made:?}"
    );
}

#[test]
fn parallel_calls_are_told_apart() {
    let mut talk = talk();
    talk.hear(CALL_DONE);
    talk.hear(&CALL_DONE.replace("c1", "c2").replace("i1", "i2"));
    let made = events(&talk.made());
    assert!(
        matches!(&made[..], [Event::ToolCall(one), Event::ToolCall(two)]
        if one.id.as_str() == "c1" && two.id.as_str() == "c2")
    );
}

fn done(status: &str) -> Vec<Event> {
    events(&talk().heard(&format!(
        r#"{{"type":"response.done","response":{{"id":"r1","output":[],{status}}}}}"#
    )))
}

#[test]
fn responses_end_in_five_ways() {
    let status = |status: &str| match done(status).pop() {
        Some(Event::ResponseDone(done)) => done.status,
        event => panic!("{event:?}"),
    };
    assert_eq!(status(r#""status":"completed""#), ResponseStatus::Completed);
    // A compatible service has a string here.
    assert_eq!(
        status(r#""status":"completed","status_details":"unimplemented""#),
        ResponseStatus::Completed
    );
    let reason = |word: &str| Some(word.to_owned());
    assert_eq!(
        status(r#""status":"cancelled","status_details":{"reason":"client_cancelled"}"#),
        ResponseStatus::Cancelled {
            reason: reason("client_cancelled")
        }
    );
    assert_eq!(
        status(r#""status":"incomplete","status_details":{"reason":"max_output_tokens"}"#),
        ResponseStatus::Incomplete {
            reason: reason("max_output_tokens")
        }
    );
    assert_eq!(
        status(r#""status":"paused""#),
        ResponseStatus::Incomplete {
            reason: reason("paused")
        }
    );
    let failed = status(
        r#""status":"failed","status_details":{"type":"failed","error":{
           "type":"server_error","code":"rate_limit_exceeded","message":"slow down"}}"#,
    );
    let ResponseStatus::Failed { error: Some(error) } = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(error.fault, Fault::RateLimit);
    assert_eq!(error.message.as_str(), "slow down");
}

#[test]
fn a_response_stopped_by_speech_is_an_interruption() {
    let events = done(r#""status":"cancelled","status_details":{"reason":"turn_detected"}"#);
    let [Event::Interrupted { response }, Event::ResponseDone(done)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(
        (response, &done.response),
        (&Some("r1".into()), &Some("r1".into()))
    );
}

#[test]
fn usage_is_split_by_modality() {
    let events = done(
        r#""status":"completed","usage":{"total_tokens":205,"input_tokens":41,"output_tokens":164,
           "input_token_details":{"text_tokens":11,"audio_tokens":25,"image_tokens":5,
           "cached_tokens":3},"output_token_details":{"text_tokens":30,"audio_tokens":134}}"#,
    );
    let [Event::ResponseDone(done)] = &events[..] else {
        panic!("{events:?}");
    };
    let usage = done.usage.unwrap();
    assert_eq!(usage.total(), 205);
    assert_eq!(
        (
            usage.input.text,
            usage.input.audio,
            usage.input.image,
            usage.input.cached
        ),
        (11, 25, 5, 3)
    );
    assert_eq!((usage.output.text, usage.output.audio), (30, 134));
}

#[test]
fn items_are_told_once_by_services_of_either_shape() {
    let item = |status: &str| {
        format!(
            r#"{{"id":"i1","type":"message","status":"{status}","role":"assistant","content":[]}}"#
        )
    };
    let frame = |name: &str, status: &str| {
        format!(
            r#"{{"type":"{name}","response_id":"r1","output_index":0,"item":{}}}"#,
            item(status)
        )
    };
    let told = |frames: &[String]| {
        let mut talk = talk();
        for frame in frames {
            talk.hear(frame);
        }
        let mut told = Vec::new();
        for event in events(&talk.made()) {
            match event {
                Event::ItemAdded { item, .. } => told.push(("added", item.status)),
                Event::ItemDone { item } => told.push(("done", item.status)),
                _ => {}
            }
        }
        told
    };
    let both = vec![
        ("added", ItemStatus::InProgress),
        ("done", ItemStatus::Completed),
    ];
    let ga = [
        frame("response.output_item.added", "in_progress"),
        frame("conversation.item.added", "in_progress"),
        frame("conversation.item.done", "completed"),
        frame("response.output_item.done", "completed"),
    ];
    assert_eq!(told(&ga), both);
    let beta = [
        frame("response.output_item.added", "in_progress"),
        frame("conversation.item.created", "in_progress"),
        frame("response.output_item.done", "completed"),
    ];
    assert_eq!(told(&beta), both);
    let complete = [frame("conversation.item.created", "completed")];
    assert_eq!(
        told(&complete),
        [
            ("added", ItemStatus::Completed),
            ("done", ItemStatus::Completed)
        ]
    );
}

// faults: E20 by the names of the beta and those of today
#[test]
fn what_the_model_writes_and_says() {
    let mut talk = talk();
    for name in ["response.output_text", "response.text"] {
        talk.hear(&format!(
            r#"{{"type":"{name}.delta","response_id":"r","item_id":"i","delta":"He"}}"#
        ));
        talk.hear(&format!(
            r#"{{"type":"{name}.done","response_id":"r","item_id":"i","text":"Hello"}}"#
        ));
    }
    for name in [
        "response.output_audio_transcript",
        "response.audio_transcript",
    ] {
        talk.hear(&format!(
            r#"{{"type":"{name}.delta","response_id":"r","item_id":"i","delta":"He"}}"#
        ));
        talk.hear(&format!(
            r#"{{"type":"{name}.done","response_id":"r","item_id":"i","transcript":"Hello"}}"#
        ));
    }
    talk.hear(r#"{"type":"response.audio.done","response_id":"r","item_id":"i"}"#);
    expect![[r#"
        output_text {"content_index":0,"done":false,"item":"i","response":"r","text":"He"}
        output_text {"content_index":0,"done":true,"item":"i","response":"r","text":"Hello"}
        output_text {"content_index":0,"done":false,"item":"i","response":"r","text":"He"}
        output_text {"content_index":0,"done":true,"item":"i","response":"r","text":"Hello"}
        output_transcript {"content_index":0,"done":false,"item":"i","response":"r","text":"He"}
        output_transcript {"content_index":0,"done":true,"item":"i","response":"r","text":"Hello"}
        output_transcript {"content_index":0,"done":false,"item":"i","response":"r","text":"He"}
        output_transcript {"content_index":0,"done":true,"item":"i","response":"r","text":"Hello"}
        audio_done {"item":"i","response":"r"}
    "#]]
    .assert_eq(&lines(&talk.made()));
}

#[test]
fn truncation_is_told_in_time() {
    let event = event(
        r#"{"type":"conversation.item.truncated","item_id":"i1","content_index":0,
           "audio_end_ms":1500}"#,
    );
    assert_eq!(
        event,
        Event::ItemTruncated {
            item: "i1".into(),
            audio_end: Duration::from_millis(1500),
        }
    );
}

#[test]
fn a_codec_without_a_goodbye_is_finished_at_once() {
    let mut made: Vec<Effect> = Vec::new();
    talk().codec.finish(&mut made);
    assert_eq!(made, [Effect::Signal(Signal::Finished)]);
}
