//! Entries of the conversation, for a model that has no items.
//!
//! A backend model takes them as they are. Where the caller does the work, words are appended to the
//! live model's context: the user's as an order to answer them, the model's own as a memory, and the
//! application's as instructions.

use antiphon_openai_live_types as wire;
use antiphon_protocol::{Content, ContextKind, Item, ItemKind, Role, ToolCall, ToolResult};
use serde_json::{Map, Value, json};

use super::history::words;

/// An item for the backend model.
pub(crate) fn for_backend(item: &Item) -> Result<wire::Item, &'static str> {
    Ok(match &item.kind {
        ItemKind::Message { role, content } => message(*role, content)?.into(),
        ItemKind::ToolCall(call) => self::call(call).into(),
        ItemKind::ToolResult(result) => self::result(result).into(),
        ItemKind::Other(raw) => {
            let raw = wire::Raw::from_json(raw.json());
            wire::Item::Unknown(raw.map_err(|_| "a raw item must be JSON")?)
        }
        _ => return Err("the wire has no such item"),
    })
}

fn call(call: &ToolCall) -> wire::FunctionCall {
    wire::FunctionCall::new(
        call.arguments.as_str(),
        call.id.as_str(),
        call.name.as_str(),
    )
}

/// The answer to a call. The wire has one kind of answer, so a failure is put in words of its own.
pub(crate) fn result(result: &ToolResult) -> wire::FunctionCallOutput {
    let says_error = |output: &str| {
        serde_json::from_str::<Map<String, Value>>(output)
            .is_ok_and(|object| object.contains_key("error"))
    };
    let output = if result.is_error && !says_error(&result.output) {
        json!({ "error": result.output }).to_string()
    } else {
        result.output.clone()
    };
    wire::FunctionCallOutput::new(output.as_str()).with_call_id(result.call.as_str())
}

fn message(role: Role, content: &[Content]) -> Result<wire::InputMessage, &'static str> {
    let (role, kind) = match role {
        Role::User => (wire::Role::User, wire::ContentType::InputText),
        Role::Assistant => (wire::Role::Assistant, wire::ContentType::OutputText),
        _ => (wire::Role::Developer, wire::ContentType::InputText),
    };
    let mut parts = Vec::new();
    for part in content {
        let text = |text: &str| {
            wire::ContentPart::default()
                .with_kind(kind.clone())
                .with_text(text)
        };
        parts.push(match part {
            Content::Text(words) => text(words),
            Content::Audio {
                transcript: Some(words),
            } => text(words),
            Content::Audio { transcript: None } => {
                return Err("speech without a transcript is not kept; send it as audio");
            }
            Content::Image { mime, data } if role == wire::Role::User => {
                let mut url = format!("data:{mime};base64,");
                base64_simd::STANDARD.encode_append(data, &mut url);
                wire::ContentPart::default()
                    .with_kind(wire::ContentType::InputImage)
                    .with_image_url(url)
            }
            Content::Image { .. } => return Err("only the user can show an image"),
            Content::Other(raw) => serde_json::from_str(raw.json())
                .map_err(|_| "a raw content part must be an object")?,
            _ => return Err("the wire has no such content"),
        });
    }
    if parts.is_empty() {
        return Err("a message needs content");
    }
    Ok(wire::InputMessage::new(role, parts))
}

/// An item as words for the live model's context, and how it should take them.
pub(crate) fn as_context(item: &Item) -> Result<(ContextKind, String), &'static str> {
    let ItemKind::Message { role, content } = &item.kind else {
        return Err(
            "the live model has no calls; tell it as context, or name a backend model with \
             Live::with_backend",
        );
    };
    let is_words = |part: &Content| {
        matches!(
            part,
            Content::Text(_)
                | Content::Audio {
                    transcript: Some(_)
                }
        )
    };
    if !content.iter().all(is_words) {
        return Err(
            "the live model takes words only; describe it, or name a backend model with \
             Live::with_backend",
        );
    }
    let words = words(content);
    Ok(match role {
        Role::User => (
            ContextKind::Instructions,
            format!("The user has written this to you; answer it now: {words}"),
        ),
        Role::Assistant => (ContextKind::Thinking, format!("You have said: {words}")),
        _ => (ContextKind::Instructions, words),
    })
}
