//! The items of a conversation: their order, what was said in them, and what refers to what.

use serde_json::{Value, json};

use super::usage::Tokens;
use crate::refusal::Refusal;

/// Items kept; the oldest goes when one more arrives, as the service drops what no longer fits.
const MAX_ITEMS: usize = 4_096;

/// The conversation.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    id: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    id: String,
    item: Value,
    tokens: Tokens,
    /// What was sent of the model's audio.
    sent: Option<Sent>,
}

/// The model's audio of one item, as far as it was sent.
#[derive(Clone, Debug, Default)]
struct Sent {
    /// Milliseconds, rounded down; less after a truncation.
    ms: u64,
}

impl Conversation {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            entries: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn last_id(&self) -> Option<&str> {
        self.entries.last().map(|entry| entry.id.as_str())
    }

    /// All tokens of the conversation.
    pub(super) fn tokens(&self) -> Tokens {
        self.entries
            .iter()
            .fold(Tokens::default(), |sum, entry| sum + entry.tokens)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.position(id).is_some()
    }

    fn position(&self, id: &str) -> Option<usize> {
        // The items asked for are nearly always the latest.
        self.entries.iter().rposition(|entry| entry.id == id)
    }

    fn entry(&mut self, id: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| entry.id == id)
    }

    /// The id of the item before `id`, and the item.
    pub(super) fn with_previous(&self, id: &str) -> Option<(Value, Value)> {
        let at = self.position(id)?;
        let previous = at
            .checked_sub(1)
            .and_then(|before| self.entries.get(before));
        let previous = previous.map_or(Value::Null, |entry| entry.id.as_str().into());
        self.entries
            .get(at)
            .map(|entry| (previous, entry.item.clone()))
    }

    pub(super) fn item(&self, id: &str) -> Option<&Value> {
        self.position(id)
            .and_then(|at| self.entries.get(at))
            .map(|entry| &entry.item)
    }

    /// Whether a `function_call` with this call id is in the conversation.
    pub(super) fn has_call(&self, call_id: &str) -> bool {
        self.entries.iter().any(|entry| {
            entry.item.get("type").and_then(Value::as_str) == Some("function_call")
                && entry.item.get("call_id").and_then(Value::as_str) == Some(call_id)
        })
    }

    /// Adds an item at the end.
    pub(super) fn push(&mut self, id: &str, item: Value, tokens: Tokens) {
        self.insert(self.entries.len(), id, item, tokens);
    }

    /// Adds an item behind `previous`: an id, `root` for the front, or nothing for the end.
    ///
    /// # Errors
    /// When there is no such item.
    pub(super) fn insert_after(
        &mut self,
        previous: Option<&str>,
        id: &str,
        item: Value,
        tokens: Tokens,
    ) -> Result<(), Refusal> {
        let at = match previous {
            None => self.entries.len(),
            Some("root") => 0,
            Some(previous) => match self.position(previous) {
                Some(at) => at + 1,
                None => {
                    let message = format!(
                        "Error creating item: the previous item with id '{previous}' does not exist."
                    );
                    return Err(
                        Refusal::new("item_create_invalid_previous_item_id", message)
                            .at("previous_item_id"),
                    );
                }
            },
        };
        self.insert(at, id, item, tokens);
        Ok(())
    }

    fn insert(&mut self, at: usize, id: &str, item: Value, tokens: Tokens) {
        let entry = Entry {
            id: id.to_owned(),
            item,
            tokens,
            sent: None,
        };
        self.entries.insert(at.min(self.entries.len()), entry);
        if self.entries.len() > MAX_ITEMS {
            self.entries.remove(0);
        }
    }

    /// Replaces an item, if it is still there.
    pub(super) fn update(&mut self, id: &str, item: Value, tokens: Tokens) {
        if let Some(entry) = self.entry(id) {
            entry.item = item;
            entry.tokens = tokens;
        }
    }

    /// Completes an item of the caller with the words of its audio.
    pub(super) fn set_transcript(&mut self, id: &str, text: &str) {
        let part = self
            .entry(id)
            .and_then(|entry| entry.item.pointer_mut("/content/0"));
        if let Some(part) = part.and_then(Value::as_object_mut) {
            part.insert("transcript".to_owned(), text.into());
        }
    }

    /// Notes that the first `ms` milliseconds of an item's audio have been sent.
    pub(super) fn sent(&mut self, id: &str, ms: u64) {
        if let Some(entry) = self.entry(id) {
            entry.sent = Some(Sent { ms });
        }
    }

    /// # Errors
    /// When there is no such item.
    pub(super) fn delete(&mut self, id: &str) -> Result<(), Refusal> {
        let at = self.position(id).ok_or_else(|| {
            let message = format!("Error deleting item: the item with id '{id}' does not exist.");
            Refusal::new("item_delete_invalid_item_id", message).at("item_id")
        })?;
        self.entries.remove(at);
        Ok(())
    }

    /// Cuts the audio of an item to what was heard, and drops its transcript.
    ///
    /// # Errors
    /// When there is no such item, it holds no audio of the model, or less than `end_ms`.
    pub(super) fn truncate(&mut self, id: &str, index: u64, end_ms: u64) -> Result<(), Refusal> {
        let entry = self.entry(id).ok_or_else(|| {
            let message = format!("Error truncating item: the item with id '{id}' does not exist.");
            Refusal::new("item_truncate_invalid_item_id", message).at("item_id")
        })?;
        let sent = entry.sent.as_mut().filter(|_| index == 0).ok_or_else(|| {
            Refusal::new(
                "invalid_value",
                "Only model output audio messages can be truncated",
            )
        })?;
        if end_ms > sent.ms {
            let message = format!(
                "Audio content of {}ms is already shorter than {end_ms}ms",
                sent.ms
            );
            return Err(Refusal::uncoded(message));
        }
        sent.ms = end_ms;
        entry.tokens = Tokens {
            text: 0,
            audio: end_ms / 50,
        };
        if let Some(part) = entry.item.pointer_mut("/content/0") {
            *part = json!({"type": "output_audio", "transcript": null});
        }
        Ok(())
    }
}

/// Checks that the content of a message fits its role.
///
/// # Errors
/// Names the first part that does not.
pub(super) fn check_content(item: &Value) -> Result<(), Refusal> {
    let supported: &[&str] = match item.get("role").and_then(Value::as_str) {
        Some("user") => &["input_text", "input_audio", "input_image"],
        Some("assistant") => &["output_text", "output_audio"],
        Some("system") => &["input_text"],
        _ => return Ok(()),
    };
    let parts = item
        .get("content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for (at, part) in parts.enumerate() {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        if !supported.contains(&kind) {
            return Err(Refusal::value(
                &format!("item.content[{at}].type"),
                kind,
                supported,
            ));
        }
    }
    Ok(())
}

/// The words of a message, of all its parts.
pub(super) fn words_of(item: &Value) -> String {
    let parts = item
        .get("content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let words = parts.filter_map(|part| {
        part.get("text")
            .or_else(|| part.get("transcript"))
            .and_then(Value::as_str)
    });
    words.collect::<Vec<_>>().join(" ")
}
