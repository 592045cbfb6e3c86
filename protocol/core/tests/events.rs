//! How events look as JSON, which programs outside this workspace read.

#![expect(
    clippy::unwrap_used,
    reason = "what the helpers put together is known to be well formed"
)]

use std::time::Duration;

use antiphon_protocol::{
    AudioChunk, AudioFormat, CallId, Closer, Content, Delegation, Ended, EndedCause, Event, Fault,
    Generation, Heard, Interruption, Item, ItemId, ItemKind, Losses, Malformed, PeerText, Phase,
    RawEvent, Recovery, ResponseDone, ResponseId, ResponseStatus, Role, Rotation, RotationCause,
    ServerError, SessionStarted, Speech, Stage, TextDelta, ToolCall, ToolResult, UsageReport,
    WallTime,
};
use bytes::Bytes;
use expect_test::{Expect, expect};
use serde_json::value::RawValue;

fn item_id() -> Option<ItemId> {
    Some(ItemId::from("i1"))
}

fn response_id() -> Option<ResponseId> {
    Some(ResponseId::from("r1"))
}

fn words(text: &str) -> TextDelta {
    TextDelta {
        item: item_id(),
        response: response_id(),
        content_index: 0,
        text: text.to_owned(),
        done: false,
    }
}

fn speech() -> Speech {
    Speech {
        item: item_id(),
        at: Some(Duration::from_millis(1250)),
        derived: false,
    }
}

fn error() -> ServerError {
    ServerError {
        kind: Some("invalid_request_error".to_owned()),
        message: PeerText::new("no\n"),
        fault: Fault::Invalid,
        ..ServerError::default()
    }
}

fn raw() -> RawEvent {
    let json = RawValue::from_string(r#"{"type":"x.y", "n":1.0}"#.to_owned()).unwrap();
    RawEvent::new("x.y", json)
}

fn call() -> ToolCall {
    ToolCall {
        id: CallId::from("c1"),
        name: "look".to_owned(),
        arguments: r#"{"at":"#.to_owned(),
        item: item_id(),
        response: response_id(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as the macro gives it")]
fn check(events: impl IntoIterator<Item = Event>, expected: Expect) {
    let lines: Vec<String> = events
        .into_iter()
        .map(|event| serde_json::to_string(&event).unwrap() + "\n")
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn media_and_text() {
    let chunk = AudioChunk {
        item: item_id(),
        response: response_id(),
        offset: 480,
        ..AudioChunk::new(Bytes::from_static(&[0, 0, 1, 0]), AudioFormat::PCM16_24K)
    };
    check(
        [
            Event::Audio(chunk),
            Event::AudioDone {
                item: item_id(),
                response: response_id(),
            },
            Event::InputTranscript(words("a")),
            Event::InputTranscriptFailed {
                item: item_id(),
                error: error(),
            },
            Event::OutputTranscript(words("b")),
            Event::OutputText(words("c")),
            Event::Thought(words("d")),
        ],
        expect![[r#"
            {"event":"audio","data":{"item":"i1","content_index":0,"response":"r1","format":{"encoding":"pcm16","rate":24000},"offset":480,"samples":2,"data":"AAABAA=="}}
            {"event":"audio_done","data":{"item":"i1","response":"r1"}}
            {"event":"input_transcript","data":{"item":"i1","response":"r1","content_index":0,"text":"a","done":false}}
            {"event":"input_transcript_failed","data":{"item":"i1","error":{"kind":"invalid_request_error","code":null,"message":"no\\n","param":null,"command":null,"fault":"invalid","benign":false}}}
            {"event":"output_transcript","data":{"item":"i1","response":"r1","content_index":0,"text":"b","done":false}}
            {"event":"output_text","data":{"item":"i1","response":"r1","content_index":0,"text":"c","done":false}}
            {"event":"thought","data":{"item":"i1","response":"r1","content_index":0,"text":"d","done":false}}
        "#]],
    );
}

#[test]
fn turns_and_items() {
    let item = Item::new(ItemKind::Message {
        role: Role::Assistant,
        content: vec![
            Content::Text("hi".to_owned()),
            Content::Audio { transcript: None },
            Content::Image {
                mime: "image/png".to_owned(),
                data: Bytes::from_static(b"png"),
            },
            Content::Other(raw()),
        ],
    });
    let answer = ToolResult::new(CallId::from("c1"), "look", "seen");
    let done = |status| {
        Event::ResponseDone(ResponseDone {
            response: response_id(),
            status,
            usage: None,
        })
    };
    check(
        [
            Event::SpeechStarted(speech()),
            Event::SpeechStopped(speech()),
            Event::InputCommitted {
                item: ItemId::from("i1"),
                previous: None,
            },
            Event::InputCleared,
            Event::ItemAdded {
                item: item.with_id(ItemId::synthetic(7)),
                previous: item_id(),
            },
            Event::ItemDone {
                item: Item::new(ItemKind::ToolResult(answer)),
            },
            Event::ItemDeleted {
                item: ItemId::from("i1"),
            },
            Event::ItemTruncated {
                item: ItemId::from("i1"),
                audio_end: Duration::from_millis(1500),
            },
            Event::ResponseStarted {
                response: response_id(),
            },
            Event::Interrupted { response: None },
            done(ResponseStatus::Completed),
            done(ResponseStatus::Cancelled {
                reason: Some("turn_detected".to_owned()),
            }),
            done(ResponseStatus::Incomplete { reason: None }),
            done(ResponseStatus::Failed {
                error: Some(error()),
            }),
            Event::Usage(UsageReport::default()),
        ],
        expect![[r#"
            {"event":"speech_started","data":{"item":"i1","at":{"secs":1,"nanos":250000000},"derived":false}}
            {"event":"speech_stopped","data":{"item":"i1","at":{"secs":1,"nanos":250000000},"derived":false}}
            {"event":"input_committed","data":{"item":"i1","previous":null}}
            {"event":"input_cleared"}
            {"event":"item_added","data":{"item":{"id":"~7","kind":{"message":{"role":"assistant","content":[{"text":"hi"},{"audio":{"transcript":null}},{"image":{"mime":"image/png","data":3}},{"other":{"name":"x.y","json":{"type":"x.y", "n":1.0}}}]}},"status":"completed"},"previous":"i1"}}
            {"event":"item_done","data":{"item":{"id":null,"kind":{"tool_result":{"call":"c1","name":"look","output":"seen","is_error":false,"scheduling":null}},"status":"completed"}}}
            {"event":"item_deleted","data":{"item":"i1"}}
            {"event":"item_truncated","data":{"item":"i1","audio_end":{"secs":1,"nanos":500000000}}}
            {"event":"response_started","data":{"response":"r1"}}
            {"event":"interrupted","data":{"response":null}}
            {"event":"response_done","data":{"response":"r1","status":"completed","usage":null}}
            {"event":"response_done","data":{"response":"r1","status":"cancelled","reason":"turn_detected","usage":null}}
            {"event":"response_done","data":{"response":"r1","status":"incomplete","reason":null,"usage":null}}
            {"event":"response_done","data":{"response":"r1","status":"failed","error":{"kind":"invalid_request_error","code":null,"message":"no\\n","param":null,"command":null,"fault":"invalid","benign":false},"usage":null}}
            {"event":"usage","data":{"usage":{"input":{"total":0,"text":0,"audio":0,"image":0,"video":0,"reasoning":0,"cached":0},"output":{"total":0,"text":0,"audio":0,"image":0,"video":0,"reasoning":0,"cached":0},"duration":{"secs":0,"nanos":0}},"counting":"increment","context_used":null}}
        "#]],
    );
}

#[test]
fn tools() {
    check(
        [
            Event::ToolCall(call()),
            Event::ToolCallsCancelled {
                calls: vec![CallId::from("c1")],
            },
            Event::Delegation(Delegation {
                id: "d1".into(),
                task: Some("look it up".to_owned()),
                at: None,
            }),
        ],
        expect![[r#"
            {"event":"tool_call","data":{"id":"c1","name":"look","arguments":"{\"at\":","item":"i1","response":"r1"}}
            {"event":"tool_calls_cancelled","data":{"calls":["c1"]}}
            {"event":"delegation","data":{"id":"d1","task":"look it up","at":null}}
        "#]],
    );
}

#[test]
fn faults_and_others() {
    check(
        [
            Event::Error(error()),
            Event::Malformed(Malformed {
                error: "expected value at column 3".to_owned(),
                name: None,
                bytes: 17,
            }),
            Event::Other(raw()),
        ],
        expect![[r#"
            {"event":"error","data":{"kind":"invalid_request_error","code":null,"message":"no\\n","param":null,"command":null,"fault":"invalid","benign":false}}
            {"event":"malformed","data":{"error":"expected value at column 3","name":null,"bytes":17}}
            {"event":"other","data":{"name":"x.y","json":{"type":"x.y", "n":1.0}}}
        "#]],
    );
}

#[test]
fn the_life_of_a_session() {
    check(
        [
            Event::SessionStarted(SessionStarted {
                id: Some("s1".to_owned()),
                model: None,
                expires: Some(WallTime::from_unix_seconds(1_800_000_000)),
            }),
            Event::Configured,
            Event::Phase(Phase::Dialing { attempt: 1 }),
            Event::Phase(Phase::Waiting {
                attempt: 2,
                delay: Duration::from_millis(500),
            }),
            Event::Phase(Phase::Live),
            Event::Rotated(Rotation {
                generation: Generation::new(2),
                cause: RotationCause::GoAway,
                recovery: Recovery::Resumed,
                losses: Losses::default(),
            }),
            Event::InterruptionSettled(Interruption {
                items: vec![Heard {
                    item: item_id(),
                    heard: 480,
                    produced: 960,
                }],
                estimated: false,
                unread_bytes: 0,
                confirmed: true,
            }),
            Event::Ended(Ended {
                stage: Some(Stage::Live),
                code: Some(1011),
                by: Closer::Peer,
                ..Ended::local(EndedCause::BudgetSpent(Fault::Server))
            }),
            Event::Ended(Ended::local(EndedCause::Closed)),
        ],
        expect![[r#"
            {"event":"session_started","data":{"id":"s1","model":null,"expires":1800000000000}}
            {"event":"configured"}
            {"event":"phase","data":{"phase":"dialing","attempt":1}}
            {"event":"phase","data":{"phase":"waiting","attempt":2,"delay":{"secs":0,"nanos":500000000}}}
            {"event":"phase","data":{"phase":"live"}}
            {"event":"rotated","data":{"generation":2,"cause":"go_away","recovery":"resumed","losses":{"items_kept":0,"items_lost":0,"response_lost":false,"response_asked_again":false,"calls_void":[],"samples_replayed":0,"samples_dropped":0}}}
            {"event":"interruption_settled","data":{"items":[{"item":"i1","heard":480,"produced":960}],"estimated":false,"unread_bytes":0,"confirmed":true}}
            {"event":"ended","data":{"cause":{"budget_spent":"server"},"by":"peer","stage":"live","code":1011,"status":null,"reason":"","retry_could_help":false,"state_kept":false,"response_cut":false}}
            {"event":"ended","data":{"cause":"closed","by":"local","stage":null,"code":null,"status":null,"reason":"","retry_could_help":false,"state_kept":false,"response_cut":false}}
        "#]],
    );
}

#[test]
fn an_event_is_one_line_however_its_frame_was_laid_out() {
    for line_break in ["\n", "\r", "\r\n"] {
        let frame = "{| \"said\": \"one\\ntwo\",| \"n\": 1.0|}".replace('|', line_break);
        let json = RawValue::from_string(frame.clone()).unwrap();
        let event = Event::Other(RawEvent::new("x", json));
        let line = serde_json::to_string(&event).unwrap();
        assert!(!line.contains(['\n', '\r']), "{line}");

        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(read["data"]["json"], said);
    }
}
