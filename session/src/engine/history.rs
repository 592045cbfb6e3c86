//! What was said, as far as it was heard: for the reader, and for a connection that must be told.
//!
//! Entries stand in the order in which they began. What the model said beyond the playhead is cut off
//! again: the wire gives no time to a word, so the cut is in proportion to the samples heard, at the
//! end of a word. What is too much goes by the policy of [`prune`]; what a new connection is told of
//! the rest is planned by [`seed`].

mod prune;
mod seed;
mod size;

pub(super) use self::seed::open_calls;

use std::collections::VecDeque;

use antiphon_protocol::{
    CallId, CommandId, Content, Context, ContextKind, Heard, Item, ItemId, ItemKind, ItemStatus,
    Role, TextDelta, ToolCall, ToolResult,
};

use self::size::Size;
use super::{
    Limits,
    flaw::{Defect, Flaw},
};
use crate::HistoryMarks;

#[derive(Clone, Debug)]
struct Entry {
    item: Item,
    /// The caller's command that added it, until the provider reports it as an item.
    command: Option<CommandId>,
    /// What a connection that is gone called it, by which it may still be heard.
    former: Option<ItemId>,
    size: Size,
    /// Whether a provider has refused to be told it.
    withheld: bool,
    /// Whether it is an order of the application's.
    order: bool,
}

/// An entry as another process is given it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) item: Item,
    /// Whether it is an order of the application's.
    pub(crate) order: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct History {
    entries: VecDeque<Entry>,
    size: Size,
    /// Most entries, and most tokens of them as they are estimated.
    most: (usize, u64),
    pruned: usize,
    pruned_size: Size,
    pub(super) flaw: Flaw,
}

impl History {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            entries: VecDeque::new(),
            size: Size::default(),
            most: (limits.history_items, limits.history_tokens),
            pruned: 0,
            pruned_size: Size::default(),
            flaw: Flaw::default(),
        }
    }

    /// The caller adds items.
    pub(crate) fn on_command(&mut self, id: CommandId, items: &[Item]) {
        for item in items {
            self.push(item.clone(), Some(id));
        }
    }

    /// A provider has refused to be told this: later connections are told only what follows.
    pub(crate) fn withhold(&mut self) {
        for entry in &mut self.entries {
            entry.withheld = true;
        }
    }

    /// The application gives the model words that are not the user's.
    pub(crate) fn on_context(&mut self, id: CommandId, context: &Context) {
        self.push(Item::text(Role::System, context.text.clone()), Some(id));
        if let Some(entry) = self.entries.back_mut() {
            entry.order = context.kind == ContextKind::Instructions;
        }
    }

    /// The application's orders, oldest first, but for those that still wait to be sent.
    pub(crate) fn orders(&self, waits: impl Fn(CommandId) -> bool) -> Vec<String> {
        let orders = self.entries.iter().filter(|entry| entry.order);
        let sent = orders.filter(|entry| !entry.command.is_some_and(&waits));
        sent.filter_map(|entry| match &entry.item.kind {
            ItemKind::Message { content, .. } => content.first(),
            _ => None,
        })
        .filter_map(|part| match part {
            Content::Text(text) => Some(text.clone()),
            _ => None,
        })
        .collect()
    }

    /// How much is kept, and how much had to go.
    pub(crate) fn marks(&self) -> HistoryMarks {
        HistoryMarks {
            items: self.entries.len(),
            estimated_tokens: self.size.tokens(),
            pruned_items: self.pruned as u64,
            pruned_tokens: self.pruned_size.tokens(),
        }
    }

    /// The caller's items or answers did not reach the provider, or were refused by it.
    pub(crate) fn on_undelivered(&mut self, id: CommandId) {
        self.retain(|entry| entry.command != Some(id));
    }

    /// The caller answers calls.
    pub(crate) fn on_results(&mut self, id: CommandId, results: &[ToolResult]) {
        for result in results {
            let item = Item::new(ItemKind::ToolResult(result.clone()));
            self.push(item, Some(id));
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
                self.push(blank(*role).with_id(id.clone()), None);
            }
            // Calls come as events of their own, answers as commands.
            (None, _) => {}
        }
    }

    /// The user's audio became an item.
    pub(crate) fn on_committed(&mut self, id: &ItemId) {
        if self.place(Some(id)).is_none() {
            self.push(blank(Role::User).with_id(id.clone()), None);
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
        let Some(text) = content.get_mut(index).and_then(text_of) else {
            return;
        };
        let (mut gone, come) = (Size::default(), Size::of_text(&delta.text));
        if delta.done {
            gone = Size::of_text(text);
            text.clone_from(&delta.text);
        } else {
            text.push_str(&delta.text);
        }
        entry.size = entry.size - gone + come;
        self.size = self.size - gone + come;
        self.prune();
    }

    /// The model called a tool.
    pub(crate) fn on_call(&mut self, call: &ToolCall) {
        let item = Item {
            id: call.item.clone(),
            ..Item::new(ItemKind::ToolCall(call.clone()))
        };
        self.push(item, None);
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
            let before = Size::of_text(text);
            cut(text, heard.heard, heard.produced);
            let after = Size::of_text(text);
            entry.size = entry.size - before + after;
            self.size = self.size - before + after;
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
    pub(crate) fn restore(&mut self, kept: Vec<Kept>) {
        for Kept { mut item, order } in kept {
            item.id = item.id.filter(|id| !id.is_synthetic());
            self.push(item, None);
            if let Some(entry) = self.entries.back_mut() {
                entry.order = order;
            }
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

    /// The same for another process.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let spoken = self.entries.iter().filter(|entry| is_spoken(&entry.item));
        spoken
            .map(|entry| Kept {
                item: entry.item.clone(),
                order: entry.order,
            })
            .collect()
    }

    /// How many entries there were, with those that had to go.
    pub(crate) fn total(&self) -> usize {
        self.pruned + self.spoken().count()
    }

    /// Whether the user, or a tool, has had the last word.
    pub(crate) fn awaits_answer(&self) -> bool {
        let mut turns = self.spoken().filter(|item| !is_instruction(item));
        turns.next_back().is_some_and(|item| match &item.kind {
            ItemKind::Message { role, .. } => *role == Role::User,
            ItemKind::ToolResult(_) => true,
            _ => false,
        })
    }

    fn spoken(&self) -> impl DoubleEndedIterator<Item = &Item> {
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
        self.push(item, None);
        self.entries.len().checked_sub(1)
    }

    fn push(&mut self, item: Item, command: Option<CommandId>) {
        let size = Size::of(&item);
        self.size = self.size + size;
        self.entries.push_back(Entry {
            item,
            command,
            former: None,
            size,
            withheld: false,
            order: false,
        });
        self.prune();
    }

    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.entries.retain(keep);
        let sizes = self.entries.iter().map(|entry| entry.size);
        self.size = sizes.fold(Size::default(), |sum, size| sum + size);
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

/// Whether it is the application's own: orders and knowledge for the model.
fn is_instruction(item: &Item) -> bool {
    matches!(
        item.kind,
        ItemKind::Message {
            role: Role::System,
            ..
        }
    )
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
