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
        "conversation.item.create" => {
            let call = owned(event, "/item/call_id");
            let is_told_again = owned(event, "/item/id").starts_with("ap_seed_");
            match text(event, "/item/type").unwrap_or_default() {
                "function_call" => facts.push(Fact::AskedBefore(call)),
                "function_call_output" if is_told_again => facts.push(Fact::AnsweredBefore(call)),
                "function_call_output" => facts.push(Fact::Answered(call)),
                _ => {}
            }
        }
        "response.create" => facts.push(Fact::Asked),
        "conversation.item.truncate" => facts.push(Fact::Shortened {
            item: owned(event, "/item_id"),
            millis: number(event, "/audio_end_ms"),
        }),
        _ => {}
    }
}
