//! GPT-Live, with and without a backend model.

use serde_json::Value;

use super::{Fact, number, owned, text};

pub(super) fn server(event: &Value, facts: &mut Vec<Fact>) {
    match text(event, "/type").unwrap_or_default() {
        "response.event" => nested(event, facts),
        "session.started" => facts.push(Fact::Started),
        "session.delegation.created" if text(event, "/delegation/target") == Some("client") => {
            facts.push(Fact::Called(owned(event, "/delegation/id")));
        }
        "session.usage.updated" | "session.closed" => {
            let seconds = event.pointer("/usage/seconds").and_then(Value::as_f64);
            facts.extend(seconds.map(Fact::Used));
        }
        "error" => facts.push(Fact::Refused(owned(event, "/error/message"))),
        _ => {}
    }
}

fn nested(event: &Value, facts: &mut Vec<Fact>) {
    let id = || owned(event, "/event/response/id");
    let usage = |name: &str| number(event, &format!("/event/response/usage/{name}"));
    match text(event, "/event/type").unwrap_or_default() {
        "response.created" => facts.push(Fact::Began(id())),
        "response.completed" | "response.failed" | "response.incomplete" => {
            facts.push(Fact::Done {
                response: id(),
                tokens: usage("input_tokens") + usage("output_tokens"),
            });
        }
        "response.output_item.done" if text(event, "/event/item/type") == Some("function_call") => {
            facts.push(Fact::Called(owned(event, "/event/item/call_id")));
        }
        _ => {}
    }
}

pub(super) fn client(event: &Value, facts: &mut Vec<Fact>) {
    match text(event, "/type").unwrap_or_default() {
        "session.start" => facts.push(Fact::Opened { resumes: None }),
        "response.item.create" if text(event, "/item/type") == Some("function_call_output") => {
            facts.push(Fact::Answered(owned(event, "/item/call_id")));
        }
        "response.create" => facts.push(Fact::Asked),
        // Thinking is progress; commentary is the answer.
        "session.commentary.append" => {
            let delegation = text(event, "/delegation_id").map(str::to_owned);
            facts.extend(delegation.map(Fact::Answered));
        }
        _ => {}
    }
}
