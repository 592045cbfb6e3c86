//! An authored conversation: the user speaks over the model, and history is made to end at what was
//! heard. The frames are written after the protocol, not recorded.

use crate::common::{Talk, lines};
use antiphon_protocol::{Command, SessionConfig};
use expect_test::expect;

#[test]
fn the_user_speaks_over_the_model() {
    let mut talk = Talk::ready(SessionConfig::new("gpt-realtime"));
    for frame in [
        r#"{"type":"response.created","response":{"id":"r1","status":"in_progress","output":[],
            "conversation_id":"conv_1"}}"#,
        r#"{"type":"conversation.item.added","previous_item_id":"i0","item":{"id":"i1",
            "type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
        r#"{"type":"response.output_audio_transcript.delta","response_id":"r1","item_id":"i1",
            "output_index":0,"content_index":0,"delta":"The weather today"}"#,
        r#"{"type":"response.output_audio.delta","response_id":"r1","item_id":"i1",
            "output_index":0,"content_index":0,"delta":"AAAAAAAAAAA="}"#,
        r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":2100,"item_id":"i2"}"#,
        r#"{"type":"response.output_audio.done","response_id":"r1","item_id":"i1",
            "output_index":0,"content_index":0}"#,
        r#"{"type":"conversation.item.done","item":{"id":"i1","type":"message",
            "status":"incomplete","role":"assistant","content":[{"type":"output_audio",
            "transcript":"The weather today"}]}}"#,
        r#"{"type":"response.done","response":{"id":"r1","status":"cancelled","status_details":{
            "type":"cancelled","reason":"turn_detected"},"output":[],"conversation_id":"conv_1",
            "usage":{"input_tokens":10,"output_tokens":5}}}"#,
    ] {
        talk.hear(frame);
    }
    // The session has seen all of it, and acts.
    let truncate = Command::Truncate {
        item: "i1".into(),
        content_index: 0,
        heard: 3,
    };
    let mut told = lines(&talk.made());
    told.push_str(&format!("ask {}\n", talk.frame(1, &truncate)));
    told.push_str(&format!(
        "ask {}\n",
        talk.frame(2, &Command::CancelResponse(None))
    ));
    for frame in [
        r#"{"type":"conversation.item.truncated","item_id":"i1","content_index":0,
            "audio_end_ms":0}"#,
        r#"{"type":"error","error":{"type":"invalid_request_error",
            "code":"response_cancel_not_active","message":"Cancellation failed: no active response found",
            "event_id":"ap_2_0"}}"#,
        r#"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":3000,"item_id":"i2"}"#,
        r#"{"type":"input_audio_buffer.committed","previous_item_id":"i1","item_id":"i2"}"#,
    ] {
        talk.hear(frame);
    }
    told.push_str(&lines(&talk.made()));
    expect![[r#"
        response_started {"response":"r1"}
        item_added {"item":{"id":"i1","kind":{"message":{"content":[],"role":"assistant"}},"status":"in_progress"},"previous":"i0"}
        output_transcript {"content_index":0,"done":false,"item":"i1","response":"r1","text":"The weather today"}
        audio 4 samples, item i1
        speech_started {"at":{"nanos":100000000,"secs":2},"derived":false,"item":"i2"}
        audio_done {"item":"i1","response":"r1"}
        item_done {"item":{"id":"i1","kind":{"message":{"content":[{"audio":{"transcript":"The weather today"}}],"role":"assistant"}},"status":"incomplete"}}
        interrupted {"response":"r1"}
        response_done {"reason":"turn_detected","response":"r1","status":"cancelled","usage":{"duration":{},"input":{"total":10},"output":{"total":5}}}
        ask {"audio_end_ms":0,"content_index":0,"event_id":"ap_1_0","item_id":"i1","type":"conversation.item.truncate"}
        ask {"event_id":"ap_2_0","type":"response.cancel"}
        item_truncated {"audio_end":{"nanos":0,"secs":0},"item":"i1"}
        signal Ack(CommandId(1))
        error {"benign":true,"code":"response_cancel_not_active","command":2,"fault":"invalid","kind":"invalid_request_error","message":"Cancellation failed: no active response found","param":null}
        signal Reject(CommandId(2), ServerError { kind: Some("invalid_request_error"), code: Some("response_cancel_not_active"), message: "Cancellation failed: no active response found", param: None, command: Some(CommandId(2)), fault: Invalid, benign: true })
        speech_stopped {"at":{"nanos":0,"secs":3},"derived":false,"item":"i2"}
        input_committed {"item":"i2","previous":"i1"}
    "#]].assert_eq(&told);
}
