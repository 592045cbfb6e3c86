//! What was said before, as the text a session may begin with.
//!
//! The wire takes messages of one text each. Calls and their results have no place there and are
//! told in words; images and speech without a transcript are left out.

use antiphon_openai_live_types as wire;
use antiphon_protocol::{Content, Item, ItemKind, Role, Seeded};

/// Most messages that a session begins with.
const LIMIT: usize = 128;

/// History for `input`.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) messages: Vec<wire::InputMessage>,
    /// What of the history is among them.
    pub(crate) seeded: Seeded,
}

/// History, oldest first, and the message that explains the change of connection.
pub(crate) fn of(seed: &[Item], bridge: Option<&str>) -> History {
    let messages = seed.iter().map(message).enumerate();
    let mut told: Vec<_> = messages
        .filter_map(|(place, message)| Some((place, message?)))
        .collect();
    let room = LIMIT - usize::from(bridge.is_some());
    told.drain(..told.len().saturating_sub(room));
    let left_out = (0..seed.len()).filter(|place| !told.iter().any(|(kept, _)| kept == place));
    let seeded = Seeded::but(seed.len(), left_out.collect());
    let bridge = bridge.map(|text| self::text(Role::System, text.to_owned()));
    let told = told.into_iter().map(|(_, message)| message);
    History {
        messages: told.chain(bridge).collect(),
        seeded,
    }
}

fn message(item: &Item) -> Option<wire::InputMessage> {
    let (role, words) = match &item.kind {
        ItemKind::Message { role, content } => (*role, words(content)),
        ItemKind::ToolCall(call) => (
            Role::System,
            format!("{} was called with {}", call.name, call.arguments),
        ),
        ItemKind::ToolResult(result) => (
            Role::System,
            format!("Result of {}: {}", result.name, result.output),
        ),
        _ => return None,
    };
    (!words.trim().is_empty()).then(|| text(role, words))
}

/// The words of a message, its parts in order.
pub(crate) fn words(content: &[Content]) -> String {
    let parts: Vec<&str> = content
        .iter()
        .filter_map(|part| match part {
            Content::Text(text) => Some(text.as_str()),
            Content::Audio { transcript } => transcript.as_deref(),
            _ => None,
        })
        .collect();
    parts.join("\n")
}

fn text(role: Role, words: String) -> wire::InputMessage {
    let (role, kind) = match role {
        Role::User => (wire::Role::User, wire::ContentType::InputText),
        Role::Assistant => (wire::Role::Assistant, wire::ContentType::OutputText),
        _ => (wire::Role::Developer, wire::ContentType::InputText),
    };
    let part = wire::ContentPart::default()
        .with_kind(kind)
        .with_text(words);
    wire::InputMessage::new(role, vec![part])
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::{ToolCall, ToolResult};

    use super::*;

    #[test]
    fn each_item_is_one_text() {
        let call = ToolCall {
            id: "c1".into(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
            item: None,
            response: None,
        };
        let silent = Item::new(ItemKind::Message {
            role: Role::User,
            content: vec![Content::Audio { transcript: None }],
        });
        let history = of(
            &[
                Item::text(Role::User, "hello"),
                silent,
                Item::text(Role::Assistant, "hi"),
                Item::new(ItemKind::ToolCall(call)),
                Item::new(ItemKind::ToolResult(ToolResult::new(
                    "c1".into(),
                    "look",
                    "42",
                ))),
            ],
            Some("You were cut off."),
        );
        let told: Vec<_> = history
            .messages
            .iter()
            .map(|message| serde_json::to_value(message).expect("JSON"))
            .map(|message| {
                format!(
                    "{} {} {}",
                    message["role"], message["content"][0]["type"], message["content"][0]["text"]
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                r#""user" "input_text" "hello""#,
                r#""assistant" "output_text" "hi""#,
                r#""developer" "input_text" "look was called with {}""#,
                r#""developer" "input_text" "Result of look: 42""#,
                r#""developer" "input_text" "You were cut off.""#,
            ]
        );
        assert_eq!(history.seeded, Seeded::But(vec![1]));
    }

    #[test]
    fn the_oldest_gives_way_and_that_is_said() {
        let seed: Vec<_> = (0..200)
            .map(|n| Item::text(Role::User, n.to_string()))
            .collect();
        let history = of(&seed, Some("bridge"));
        assert_eq!(history.messages.len(), LIMIT);
        assert_eq!(history.seeded, Seeded::But((0..73).collect()));
        assert_eq!(of(&[], Some("bridge")).seeded, Seeded::Nothing);
    }
}
