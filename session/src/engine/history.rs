//! What was said, as far as it was heard: for the reader, and for a connection that must be told.
//!
//! Entries stand in the order in which they began. What the model said beyond the playhead is cut off
//! again: the wire gives no time to a word, so the cut is in proportion to the samples heard, at the
//! end of a word. Bounded; the oldest entries go first.

use std::collections::VecDeque;

use antiphon_protocol::{
    CallId, CommandId, Content, Heard, Item, ItemId, ItemKind, ItemStatus, Role, SeedLimits,
    TextDelta, ToolCall, ToolResult,
};

use super::flaw::{Defect, Flaw};

/// Entries that are kept.
const ENTRIES: usize = 1024;
/// Text that is kept, in bytes.
const BYTES: usize = 1 << 20;

#[derive(Clone, Debug)]
struct Entry {
    item: Item,
    /// The caller's command that added it, until the provider reports it as an item.
    command: Option<CommandId>,
    /// What a connection that is gone called it, by which it may still be heard.
    former: Option<ItemId>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    entries: VecDeque<Entry>,
    bytes: usize,
    pruned: usize,
    pub(super) flaw: Flaw,
}

impl History {
    /// The caller adds items.
    pub(crate) fn on_command(&mut self, id: CommandId, items: &[Item]) {
        for item in items {
            self.push(Entry {
                item: item.clone(),
                command: Some(id),
                former: None,
            });
        }
    }

    /// The caller's items or answers did not reach the provider.
    pub(crate) fn on_undelivered(&mut self, id: CommandId) {
        self.retain(|entry| entry.command != Some(id));
    }

    /// The caller answers calls.
    pub(crate) fn on_results(&mut self, id: CommandId, results: &[ToolResult]) {
        for result in results {
            let item = Item::new(ItemKind::ToolResult(result.clone()));
            self.push(Entry {
                item,
                command: Some(id),
                former: None,
            });
        }
    }

    /// The provider reports an item: one of the caller's, or the place of something new.
    pub(crate) fn on_item(&mut self, reported: &Item) {
        let Some(id) = &reported.id else { return };
        if self.place(Some(id)).is_some() {
            return;
        }
        let own = self.entries.iter_mut().find(|entry| {
            entry.command.is_some() && entry.item.id.is_none() && same(&entry.item, reported)
        });
        match (own, &reported.kind) {
            (Some(own), _) => {
                own.item.id = Some(id.clone());
                own.command = None;
            }
            (None, ItemKind::Message { role, .. }) => {
                let item = blank(*role).with_id(id.clone());
                self.push(Entry {
                    item,
                    command: None,
                    former: None,
                });
            }
            // Calls come as events of their own, answers as commands.
            (None, _) => {}
        }
    }

    /// The user's audio became an item.
    pub(crate) fn on_committed(&mut self, id: &ItemId) {
        if self.place(Some(id)).is_none() {
            let item = blank(Role::User).with_id(id.clone());
            self.push(Entry {
                item,
                command: None,
                former: None,
            });
        }
    }

    /// Words of the user or the model; `spoken` tells a transcript from written text.
    pub(crate) fn on_text(&mut self, role: Role, delta: &TextDelta, spoken: bool) {
        let place = self
            .place(delta.item.as_ref())
            .or_else(|| self.open(role, delta));
        let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) else {
            return;
        };
        let ItemKind::Message { content, .. } = &mut entry.item.kind else {
            return;
        };
        let before = content.iter().map(length).sum::<usize>();
        let index = usize::try_from(delta.content_index)
            .unwrap_or(usize::MAX)
            .min(content.len());
        if index == content.len() {
            content.push(if spoken {
                Content::Audio { transcript: None }
            } else {
                Content::Text(String::new())
            });
        }
        if let Some(text) = content.get_mut(index).and_then(text_of) {
            if delta.done {
                text.clone_from(&delta.text);
            } else {
                text.push_str(&delta.text);
            }
        }
        self.bytes = self.bytes + content.iter().map(length).sum::<usize>() - before;
        self.prune();
    }

    /// The model called a tool.
    pub(crate) fn on_call(&mut self, call: &ToolCall) {
        let item = Item {
            id: call.item.clone(),
            ..Item::new(ItemKind::ToolCall(call.clone()))
        };
        self.push(Entry {
            item,
            command: None,
            former: None,
        });
    }

    pub(crate) fn on_deleted(&mut self, id: &ItemId) {
        self.retain(|entry| entry.item.id.as_ref() != Some(id));
    }

    /// An item was interrupted: what was not heard was not said.
    pub(crate) fn on_interrupted(&mut self, heard: &Heard) {
        let place = match &heard.item {
            Some(id) => self.place(Some(id)),
            None => self
                .entries
                .iter()
                .rposition(|entry| is_open(entry, Role::Assistant)),
        };
        let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) else {
            return;
        };
        entry.item.status = ItemStatus::Incomplete;
        if self.flaw.is(Defect::UnheardKept) {
            return;
        }
        let ItemKind::Message { content, .. } = &mut entry.item.kind else {
            return;
        };
        for text in content.iter_mut().filter_map(text_of) {
            let before = text.len();
            cut(text, heard.heard, heard.produced);
            self.bytes -= before - text.len();
        }
    }

    /// What `speaker` has said so far is whole; later words without an id belong to another entry.
    pub(crate) fn complete(&mut self, speaker: Role) {
        for entry in &mut self.entries {
            if is_open(entry, speaker) {
                entry.item.status = ItemStatus::Completed;
            }
        }
    }

    /// Answers that wait to be sent have not been given.
    pub(crate) fn forget_answers(&mut self, waits: impl Fn(CommandId) -> bool) {
        self.retain(|entry| answer_to(&entry.item).is_none() || !entry.command.is_some_and(&waits));
    }

    /// What another process has kept. Names that it has minted mean nothing here.
    pub(crate) fn restore(&mut self, items: Vec<Item>) {
        for mut item in items {
            item.id = item.id.filter(|id| !id.is_synthetic());
            self.push(Entry {
                item,
                command: None,
                former: None,
            });
        }
    }

    /// An item is whole; later words without an id belong to another one.
    pub(crate) fn on_response_done(&mut self) {
        for entry in &mut self.entries {
            if entry.item.status == ItemStatus::InProgress {
                entry.item.status = ItemStatus::Completed;
            }
        }
    }

    /// A connection that was given the seed, and knows nothing of these ids, has taken over. What
    /// `waits` is still to be sent there.
    pub(crate) fn forget_ids(&mut self, waits: impl Fn(CommandId) -> bool) {
        for entry in &mut self.entries {
            entry.former = entry.item.id.take().or(entry.former.take());
            entry.command = entry.command.filter(|id| waits(*id));
        }
    }

    /// What was said so far, oldest first.
    pub(crate) fn items(&self) -> Vec<Item> {
        self.spoken().cloned().collect()
    }

    /// The newest of it that fits, oldest first: calls with their answers or not at all, and nothing
    /// of what `waits` to be sent by itself.
    pub(crate) fn seed(&self, limits: SeedLimits, waits: impl Fn(CommandId) -> bool) -> Vec<Item> {
        let known: Vec<&Item> = self
            .entries
            .iter()
            .filter(|entry| is_spoken(&entry.item) && !entry.command.is_some_and(&waits))
            .map(|entry| &entry.item)
            .collect();
        let answered: Vec<&CallId> = known.iter().filter_map(|item| answer_to(item)).collect();
        let mut seed: Vec<Item> = Vec::new();
        let mut bytes = 0;
        for item in known.into_iter().rev() {
            if call_of(item).is_some_and(|call| !answered.contains(&call)) {
                continue;
            }
            bytes += item.payload_bytes();
            if seed.len() >= limits.items || bytes > limits.bytes {
                break;
            }
            seed.push(Item {
                id: None,
                ..item.clone()
            });
        }
        seed.reverse();
        // The cut may have separated an answer from its call.
        let calls: Vec<CallId> = seed.iter().filter_map(call_of).cloned().collect();
        seed.retain(|item| answer_to(item).is_none_or(|call| calls.contains(call)));
        seed
    }

    /// How many entries there were, with those that had to go.
    pub(crate) fn total(&self) -> usize {
        self.pruned + self.spoken().count()
    }

    /// Whether the user, or a tool, has had the last word.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.spoken().last().is_some_and(|item| match &item.kind {
            ItemKind::Message { role, .. } => *role == Role::User,
            ItemKind::ToolResult(_) => true,
            _ => false,
        })
    }

    fn spoken(&self) -> impl Iterator<Item = &Item> {
        self.entries
            .iter()
            .map(|entry| &entry.item)
            .filter(|item| is_spoken(item))
    }

    fn place(&self, id: Option<&ItemId>) -> Option<usize> {
        let id = id?;
        self.entries
            .iter()
            .rposition(|entry| entry.item.id.as_ref().or(entry.former.as_ref()) == Some(id))
    }

    /// The entry that words without a known item belong to; a new one if there is none.
    fn open(&mut self, role: Role, delta: &TextDelta) -> Option<usize> {
        let running = self.entries.iter().rposition(|entry| is_open(entry, role));
        if delta.item.is_none() && running.is_some() {
            return running;
        }
        let item = Item {
            id: delta.item.clone(),
            ..blank(role)
        };
        self.push(Entry {
            item,
            command: None,
            former: None,
        });
        self.entries.len().checked_sub(1)
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.item.payload_bytes();
        self.entries.push_back(entry);
        self.prune();
    }

    fn prune(&mut self) {
        while self.entries.len() > ENTRIES || (self.bytes > BYTES && self.entries.len() > 1) {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes = self.bytes.saturating_sub(oldest.item.payload_bytes());
                self.pruned += 1;
            }
        }
    }

    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.entries.retain(keep);
        self.bytes = self
            .entries
            .iter()
            .map(|entry| entry.item.payload_bytes())
            .sum();
    }
}

fn blank(role: Role) -> Item {
    let kind = ItemKind::Message {
        role,
        content: Vec::new(),
    };
    Item {
        status: ItemStatus::InProgress,
        ..Item::new(kind)
    }
}

/// Whether there are words in it.
fn is_spoken(item: &Item) -> bool {
    match &item.kind {
        ItemKind::Message { content, .. } => content.iter().any(|part| length(part) > 0),
        _ => true,
    }
}

fn is_open(entry: &Entry, wanted: Role) -> bool {
    entry.item.status == ItemStatus::InProgress
        && matches!(entry.item.kind, ItemKind::Message { role, .. } if role == wanted)
}

fn same(own: &Item, reported: &Item) -> bool {
    match (&own.kind, &reported.kind) {
        (ItemKind::Message { role: own, .. }, ItemKind::Message { role, .. }) => own == role,
        (ItemKind::ToolResult(own), ItemKind::ToolResult(result)) => own.call == result.call,
        _ => false,
    }
}

fn answer_to(item: &Item) -> Option<&CallId> {
    match &item.kind {
        ItemKind::ToolResult(result) => Some(&result.call),
        _ => None,
    }
}

fn call_of(item: &Item) -> Option<&CallId> {
    match &item.kind {
        ItemKind::ToolCall(call) => Some(&call.id),
        _ => None,
    }
}

fn text_of(part: &mut Content) -> Option<&mut String> {
    match part {
        Content::Text(text) => Some(text),
        Content::Audio { transcript } => Some(transcript.get_or_insert_default()),
        _ => None,
    }
}

fn length(part: &Content) -> usize {
    match part {
        Content::Text(text) => text.len(),
        Content::Audio { transcript } => transcript.as_ref().map_or(0, String::len),
        Content::Image { data, .. } => data.len(),
        _ => 1,
    }
}

/// Keeps the share of `text` that `heard` is of `produced`, up to the end of a word.
fn cut(text: &mut String, heard: u64, produced: u64) {
    if heard >= produced {
        return;
    }
    let share = u128::from(heard) * text.len() as u128 / u128::from(produced.max(1));
    let share = usize::try_from(share).unwrap_or(0);
    let end = text
        .char_indices()
        .filter(|(place, c)| c.is_whitespace() && *place <= share)
        .map(|(place, _)| place)
        .next_back()
        .unwrap_or(0);
    text.truncate(end);
}

#[cfg(test)]
mod tests;
