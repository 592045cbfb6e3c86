//! OpenAI Realtime.

use serde_json::Value;

use super::{Fact, decoded, number, owned, text};

pub(super) fn server(event: &Value, facts: &mut Vec<Fact>) {
    let item = || owned(event, "/item_id");
    match text(event, "/type").unwrap_or_default() {
        "session.created" => facts.push(Fact::Started),
        "response.created" => facts.push(Fact::Began(owned(event, "/response/id"))),
        "response.done" => facts.push(Fact::Done {
            response: owned(event, "/response/id"),
            tokens: number(event, "/response/usage/total_tokens"),
        }),
        "response.function_call_arguments.done" => {
            facts.push(Fact::Called(owned(event, "/call_id")));
        }
        "response.output_audio.delta" => facts.push(Fact::Spoken {
            item: item(),
            bytes: decoded(text(event, "/delta").unwrap_or_default().as_bytes())
                .unwrap_or_default(),
        }),
        "error" => facts.push(Fact::Refused(owned(event, "/error/message"))),
        _ => {}
    }
}

pub(super) fn client(event: &Value, facts: &mut Vec<Fact>) {
    match text(event, "/type").unwrap_or_default() {
        "session.update" if text(event, "/event_id") == Some("ap_open") => {
            facts.push(Fact::Opened { resumes: None });
        }
        "conversation.item.create"
            if text(event, "/item/type") == Some("function_call_output")
                // History is given again to each new conversation.
                && !owned(event, "/item/id").starts_with("ap_seed_") =>
        {
            facts.push(Fact::Answered(owned(event, "/item/call_id")));
        }
        "response.create" => facts.push(Fact::Asked),
        "conversation.item.truncate" => facts.push(Fact::Shortened {
            item: owned(event, "/item_id"),
            millis: number(event, "/audio_end_ms"),
        }),
        _ => {}
    }
}
