//! Entries of the conversation, from the wire and onto it.

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    CallId, Content, Item, ItemId, ItemKind, ItemStatus, RawEvent, Role, ToolCall, ToolResult,
    media,
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::dialect::Dialect;

/// An item as the wire tells it.
pub(crate) fn neutral(item: &wire::Item) -> Item {
    let (id, kind, status) = match item {
        wire::Item::Message(message) => (&message.id, self::message(message), &message.status),
        wire::Item::FunctionCall(call) => (
            &call.id,
            tool_call(call).map_or_else(|| unnamed(item), ItemKind::ToolCall),
            &call.status,
        ),
        wire::Item::FunctionCallOutput(output) => (
            &output.id,
            ItemKind::ToolResult(ToolResult::new(
                CallId::from(output.call_id.as_str()),
                "",
                output.output.as_str(),
            )),
            &output.status,
        ),
        other => {
            return Item {
                id: id(other).map(ItemId::from),
                kind: unnamed(other),
                status: ItemStatus::Completed,
            };
        }
    };
    Item {
        id: id.as_deref().map(ItemId::from),
        kind,
        status: match status {
            Some(wire::ItemStatus::InProgress) => ItemStatus::InProgress,
            Some(wire::ItemStatus::Incomplete) => ItemStatus::Incomplete,
            _ => ItemStatus::Completed,
        },
    }
}

/// The call an item asks for; `None` when it cannot be answered for want of an id.
pub(crate) fn tool_call(call: &wire::FunctionCall) -> Option<ToolCall> {
    Some(ToolCall {
        id: CallId::from(call.call_id.as_deref()?),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        item: call.id.as_deref().map(ItemId::from),
        response: None,
    })
}

/// An item's id on the wire.
pub(crate) fn id(item: &wire::Item) -> Option<&str> {
    match item {
        wire::Item::Message(item) => item.id.as_deref(),
        wire::Item::FunctionCall(item) => item.id.as_deref(),
        wire::Item::FunctionCallOutput(item) => item.id.as_deref(),
        wire::Item::McpApprovalRequest(item) => Some(&item.id),
        wire::Item::McpApprovalResponse(item) => Some(&item.id),
        wire::Item::McpListTools(item) => item.id.as_deref(),
        wire::Item::McpCall(item) => Some(&item.id),
        wire::Item::ItemReference(item) => Some(&item.id),
        _ => None,
    }
}

/// An item the neutral language has no word for, under its type on the wire.
fn unnamed(item: &wire::Item) -> ItemKind {
    let name = match item {
        wire::Item::Message(_) => "message",
        wire::Item::FunctionCall(_) => "function_call",
        wire::Item::FunctionCallOutput(_) => "function_call_output",
        wire::Item::McpApprovalRequest(_) => "mcp_approval_request",
        wire::Item::McpApprovalResponse(_) => "mcp_approval_response",
        wire::Item::McpListTools(_) => "mcp_list_tools",
        wire::Item::McpCall(_) => "mcp_call",
        wire::Item::ItemReference(_) => "item_reference",
        _ => "unknown",
    };
    raw(name, item).map_or_else(
        || ItemKind::Message {
            role: Role::System,
            content: Vec::new(),
        },
        ItemKind::Other,
    )
}

fn raw(name: &str, value: &impl Serialize) -> Option<RawEvent> {
    let json = serde_json::value::to_raw_value(value).ok()?;
    Some(RawEvent::new(name, json))
}

fn message(message: &wire::Message) -> ItemKind {
    let role = match message.role {
        wire::Role::System => Role::System,
        wire::Role::User => Role::User,
        wire::Role::Assistant => Role::Assistant,
        _ => return unnamed(&wire::Item::Message(message.clone())),
    };
    let parts = message.content.as_deref().unwrap_or_default();
    ItemKind::Message {
        role,
        content: parts.iter().filter_map(content).collect(),
    }
}

fn content(part: &wire::ContentPart) -> Option<Content> {
    use wire::ContentType as Kind;
    let text = || part.text.clone().unwrap_or_default();
    match part.kind.as_ref() {
        Some(Kind::InputText | Kind::OutputText | Kind::Text) => Some(Content::Text(text())),
        Some(Kind::InputAudio | Kind::OutputAudio | Kind::Audio) => Some(Content::Audio {
            transcript: part.transcript.clone(),
        }),
        Some(Kind::InputImage) => part
            .image_url
            .as_deref()
            .and_then(from_data_url)
            .or_else(|| raw("input_image", part).map(Content::Other)),
        kind => raw(kind.map_or("unknown", Kind::as_str), part).map(Content::Other),
    }
}

fn from_data_url(url: &str) -> Option<Content> {
    let (mime, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    Some(Content::Image {
        mime: mime.to_owned(),
        data: media::decode_base64(data.as_bytes()).ok()?,
    })
}

fn data_url(mime: &str, data: &Bytes) -> String {
    let mut url = format!("data:{mime};base64,");
    base64_simd::STANDARD.encode_append(data, &mut url);
    url
}

/// Whether what cannot be said is an error or is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsayable {
    /// The caller wants just this item.
    Refuse,
    /// The item is history, and the rest of it is better than nothing.
    LeaveOut,
}

/// An item for the wire, under `id`; `Ok(None)` when nothing of it can be said.
pub(crate) fn outgoing(
    item: &Item,
    id: String,
    dialect: Dialect,
    unsayable: Unsayable,
) -> Result<Option<wire::Item>, &'static str> {
    let item: wire::Item = match &item.kind {
        ItemKind::Message { role, content } => {
            let parts = outgoing_parts(*role, content, dialect, unsayable)?;
            if parts.is_empty() {
                return match unsayable {
                    Unsayable::Refuse => Err("a message needs content"),
                    Unsayable::LeaveOut => Ok(None),
                };
            }
            let role = match role {
                Role::System => wire::Role::System,
                Role::Assistant => wire::Role::Assistant,
                _ => wire::Role::User,
            };
            wire::Message::new(role)
                .with_id(id)
                .with_content(parts)
                .into()
        }
        ItemKind::ToolCall(call) => {
            wire::FunctionCall::new(call.arguments.as_str(), call.name.as_str())
                .with_id(id)
                .with_call_id(call.id.as_str())
                .into()
        }
        ItemKind::ToolResult(result) => tool_result(result, id).into(),
        ItemKind::Other(raw) if unsayable == Unsayable::Refuse => {
            return wire::Raw::from_json(raw.json())
                .map(|raw| Some(wire::Item::Unknown(raw)))
                .map_err(|_| "a raw item must be JSON");
        }
        // Hosted tools' items belong to the session that made them.
        _ => return Ok(None),
    };
    Ok(Some(item))
}

/// The answer to a call. The wire has one kind of answer, so a failure is put in words of its own.
pub(crate) fn tool_result(result: &ToolResult, id: String) -> wire::FunctionCallOutput {
    let output = if result.is_error && !says_error(&result.output) {
        json!({ "error": result.output }).to_string()
    } else {
        result.output.clone()
    };
    wire::FunctionCallOutput::new(result.call.as_str(), output).with_id(id)
}

/// Whether an output already reads as an error: an object with a member of that name.
fn says_error(output: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(output)
        .is_ok_and(|object| object.contains_key("error"))
}

fn outgoing_parts(
    role: Role,
    content: &[Content],
    dialect: Dialect,
    unsayable: Unsayable,
) -> Result<Vec<wire::ContentPart>, &'static str> {
    let mut parts = Vec::new();
    for content in content {
        match (outgoing_part(role, content, dialect), unsayable) {
            (Ok(part), _) => parts.push(part),
            (Err(why), Unsayable::Refuse) => return Err(why),
            (Err(_), Unsayable::LeaveOut) => {}
        }
    }
    Ok(parts)
}

fn outgoing_part(
    role: Role,
    content: &Content,
    dialect: Dialect,
) -> Result<wire::ContentPart, &'static str> {
    let text = |text: &str| {
        let kind = match role {
            Role::Assistant => dialect.assistant_text(),
            _ => wire::ContentType::InputText,
        };
        wire::ContentPart::default().with_kind(kind).with_text(text)
    };
    match content {
        Content::Text(words) => Ok(text(words)),
        Content::Audio {
            transcript: Some(words),
        } => Ok(text(words)),
        Content::Audio { transcript: None } => {
            Err("speech without a transcript is not kept; send it as audio")
        }
        Content::Image { mime, data } if role == Role::User => Ok(wire::ContentPart::default()
            .with_kind(wire::ContentType::InputImage)
            .with_image_url(data_url(mime, data))),
        Content::Image { .. } => Err("only the user can show an image"),
        Content::Other(raw) => {
            serde_json::from_str(raw.json()).map_err(|_| "a raw content part must be an object")
        }
        _ => Err("the wire has no such content"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(item: &Item) -> Item {
        let sent = outgoing(item, "i1".to_owned(), Dialect::Ga, Unsayable::Refuse)
            .expect("the wire can say it")
            .expect("something is said");
        neutral(&sent)
    }

    #[test]
    fn items_come_back_as_they_were_sent() {
        let image = Content::Image {
            mime: "image/png".to_owned(),
            data: Bytes::from_static(&[1, 2, 3, 4]),
        };
        let call = ToolCall {
            id: "c1".into(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
            item: Some("i1".into()),
            response: None,
        };
        for item in [
            Item::text(Role::User, "hello"),
            Item::text(Role::System, "be brief"),
            Item::text(Role::Assistant, "hi"),
            Item::new(ItemKind::Message {
                role: Role::User,
                content: vec![Content::Text("see".to_owned()), image],
            }),
            Item::new(ItemKind::ToolCall(call)),
            Item::new(ItemKind::ToolResult(ToolResult::new("c1".into(), "", "42"))),
        ] {
            assert_eq!(
                round_trip(&item),
                item.clone().with_id("i1".into()),
                "{item:?}"
            );
        }
    }

    #[test]
    fn speech_travels_as_its_transcript() {
        let spoken = Item::new(ItemKind::Message {
            role: Role::Assistant,
            content: vec![Content::Audio {
                transcript: Some("good day".to_owned()),
            }],
        });
        assert_eq!(
            round_trip(&spoken),
            Item::text(Role::Assistant, "good day").with_id("i1".into())
        );
    }

    #[test]
    fn what_cannot_be_said_is_refused_or_left_out() {
        let unsaid = Item::new(ItemKind::Message {
            role: Role::User,
            content: vec![Content::Audio { transcript: None }],
        });
        assert!(outgoing(&unsaid, String::new(), Dialect::Ga, Unsayable::Refuse).is_err());
        assert_eq!(
            outgoing(&unsaid, String::new(), Dialect::Ga, Unsayable::LeaveOut),
            Ok(None)
        );
    }

    #[test]
    fn a_failed_tool_says_so_in_words() {
        let result = ToolResult {
            is_error: true,
            ..ToolResult::new("c1".into(), "look", "no \"city\"")
        };
        assert_eq!(
            tool_result(&result, "i1".to_owned()).output,
            r#"{"error":"no \"city\""}"#
        );
    }
}
