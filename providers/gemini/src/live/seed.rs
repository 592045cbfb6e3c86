//! History as turns of the wire, for a connection that must be told, and for items of the caller's.
//!
//! The wire knows two roles. What it cannot say as it was is told in words: an answer of a tool with
//! its call, and what the application said, as the user's. Calls without an answer, sound without
//! words and parts of other providers cannot be told at all.

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{Content, Item, ItemKind, Role, Seeded, ToolCall, ToolResult};
use base64_simd::STANDARD;

pub(super) const USER: &str = "user";
pub(super) const MODEL: &str = "model";

/// History, oldest first, and what of it is told: what cannot be is left out.
pub(super) fn turns(history: &[Item]) -> (Vec<wire::Content>, Seeded) {
    let mut calls: Vec<(usize, &ToolCall)> = Vec::new();
    let mut turns = Vec::new();
    let mut left_out = Vec::new();
    for (place, item) in history.iter().enumerate() {
        let told = turns.len();
        match &item.kind {
            ItemKind::Message { role, content } => {
                let role = match role {
                    Role::Assistant => MODEL,
                    _ => USER,
                };
                turns.extend(turn(role, content));
            }
            ItemKind::ToolCall(call) => calls.push((place, call)),
            ItemKind::ToolResult(result) => {
                let call = calls.iter().find(|(_, call)| call.id == result.call);
                turns.push(self::told(&told_result(
                    result,
                    call.map(|(_, call)| *call),
                )));
                // It was told with its answer.
                left_out.retain(|place| call.is_none_or(|(its, _)| its != place));
            }
            ItemKind::Other(_) => {}
            _ => {}
        }
        if turns.len() == told {
            left_out.push(place);
        }
    }
    (turns, Seeded::but(history.len(), left_out))
}

/// A turn that is one text of the user's side.
pub(super) fn told(text: &str) -> wire::Content {
    said(USER, text)
}

/// A turn that is one text.
pub(super) fn said(role: &str, text: &str) -> wire::Content {
    wire::Content::default()
        .with_role(role)
        .with_parts(vec![wire::Part::default().with_text(text)])
}

/// A turn of these parts, unless there is nothing in them to tell.
pub(super) fn turn(role: &str, content: &[Content]) -> Option<wire::Content> {
    let parts: Vec<wire::Part> = content.iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| wire::Content::default().with_role(role).with_parts(parts))
}

fn part(content: &Content) -> Option<wire::Part> {
    match content {
        Content::Text(text)
        | Content::Audio {
            transcript: Some(text),
        } if !text.is_empty() => Some(wire::Part::default().with_text(text.as_str())),
        Content::Image { mime, data } => {
            Some(wire::Part::default().with_inline_data(blob(mime, data)))
        }
        _ => None,
    }
}

/// Bytes with their type.
pub(super) fn blob(mime: &str, data: &[u8]) -> wire::Blob {
    wire::Blob::default()
        .with_mime_type(mime)
        .with_data(STANDARD.encode_to_string(data))
}

fn told_result(result: &ToolResult, call: Option<&ToolCall>) -> String {
    let arguments = call.map_or("", |call| call.arguments.as_str());
    let outcome = if result.is_error {
        "failed"
    } else {
        "answered"
    };
    let ToolResult { name, output, .. } = result;
    format!("The tool {name}({arguments}) {outcome}: {output}")
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::CallId;

    use super::*;

    fn texts(turns: &[wire::Content]) -> Vec<(String, String)> {
        turns
            .iter()
            .map(|turn| {
                let parts = turn.parts.iter().flatten();
                let text: Vec<_> = parts.filter_map(|part| part.text.clone()).collect();
                (turn.role.clone().unwrap_or_default(), text.join("|"))
            })
            .collect()
    }

    #[test]
    fn what_the_wire_has_no_turn_for_is_told_in_words() {
        let call = |id: &str| {
            Item::new(ItemKind::ToolCall(ToolCall {
                id: id.into(),
                name: "look".to_owned(),
                arguments: r#"{"at":1}"#.to_owned(),
                item: None,
                response: None,
            }))
        };
        let mut failed = ToolResult::new(CallId::from("c2"), "find", "no");
        failed.is_error = true;
        let history = [
            Item::text(Role::System, "Be brief."),
            Item::text(Role::User, "Look!"),
            call("c1"),
            call("unanswered"),
            Item::new(ItemKind::ToolResult(ToolResult::new(
                CallId::from("c1"),
                "look",
                "rain",
            ))),
            Item::new(ItemKind::ToolResult(failed)),
            Item::new(ItemKind::Message {
                role: Role::Assistant,
                content: vec![
                    Content::Audio {
                        transcript: Some("It rains.".to_owned()),
                    },
                    Content::Audio { transcript: None },
                ],
            }),
            Item::text(Role::User, ""),
        ];
        let (turns, seeded) = turns(&history);
        assert_eq!(seeded, Seeded::But(vec![3, 7]));
        let told: Vec<_> = texts(&turns);
        let rows: Vec<_> = told.iter().map(|(r, t)| (r.as_str(), t.as_str())).collect();
        assert_eq!(
            rows,
            [
                ("user", "Be brief."),
                ("user", "Look!"),
                ("user", r#"The tool look({"at":1}) answered: rain"#),
                ("user", "The tool find() failed: no"),
                ("model", "It rains."),
            ]
        );
    }
}
