//! Gemini Live. One message may say several things.

use serde_json::Value;

use super::{Fact, number, owned, text};

pub(super) fn server(message: &Value, facts: &mut Vec<Fact>) {
    let list = |path: &str| {
        let list = message.pointer(path).and_then(Value::as_array);
        list.map_or(&[][..], Vec::as_slice)
    };
    if message.get("setupComplete").is_some() {
        facts.push(Fact::Started);
    }
    let handle = text(message, "/sessionResumptionUpdate/newHandle");
    facts.extend(handle.map(|handle| Fact::Handle(handle.to_owned())));
    let withdrawn = list("/toolCallCancellation/ids");
    if !withdrawn.is_empty() {
        let ids = withdrawn.iter().filter_map(Value::as_str);
        facts.push(Fact::Withdrawn(ids.map(str::to_owned).collect()));
    }
    for call in list("/toolCall/functionCalls") {
        facts.push(Fact::Called(owned(call, "/id")));
    }
    let usage = |name: &str| number(message, &format!("/usageMetadata/{name}"));
    let read = usage("promptTokenCount") + usage("toolUsePromptTokenCount");
    // Vertex names what was written otherwise.
    let written = usage("responseTokenCount") + usage("candidatesTokenCount");
    let spent = read + written + usage("thoughtsTokenCount");
    if spent > 0 {
        facts.push(Fact::Spent(spent));
    }
}

pub(super) fn client(message: &Value, facts: &mut Vec<Fact>) {
    if message.get("setup").is_some() {
        let handle = text(message, "/setup/sessionResumption/handle");
        let handle = handle.filter(|handle| !handle.is_empty());
        let resumes = handle.map(str::to_owned);
        facts.push(Fact::Opened { resumes });
    }
    let answers = message.pointer("/toolResponse/functionResponses");
    for answer in answers.and_then(Value::as_array).into_iter().flatten() {
        facts.push(Fact::Answered(owned(answer, "/id")));
    }
}

/// Whether a message gives instructions, which take the place of those before.
pub(super) fn instructs(message: &Value) -> bool {
    let given = [
        "/setup/systemInstruction",
        "/contextUpdate/systemInstruction",
    ];
    given.iter().any(|path| message.pointer(path).is_some())
}
