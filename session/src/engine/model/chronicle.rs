//! What was said, as a test keeps it: every word in its place, and of what was interrupted only what
//! the player has played.

use std::collections::BTreeSet;

use antiphon_protocol::{Heard, Item, ItemKind, Role};

use super::wire::spoken;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    User,
    Model,
    Tool,
}

#[derive(Clone, Debug)]
struct Entry {
    who: Who,
    item: Option<String>,
    words: String,
    /// The same, with what was not heard.
    whole: String,
    open: bool,
    /// The caller's command that brought it.
    by: Option<u64>,
    /// Whether the provider may not have got it.
    doubtful: bool,
}

#[derive(Default)]
pub(super) struct Chronicle {
    entries: Vec<Entry>,
    /// Items and responses that were stopped: what still comes of them was not said.
    void: BTreeSet<String>,
}

impl Chronicle {
    fn push(&mut self, who: Who, item: Option<&str>, words: &str, by: Option<u64>) {
        self.entries.push(Entry {
            who,
            item: item.map(str::to_owned),
            words: words.to_owned(),
            whole: words.to_owned(),
            open: by.is_none() && who != Who::Tool,
            by,
            doubtful: false,
        });
    }

    /// The caller adds words or an answer.
    pub(super) fn command(&mut self, id: u64, who: Who, words: &str) {
        self.push(who, None, words, Some(id));
    }

    /// What a command brought did not reach the provider.
    pub(super) fn returned(&mut self, id: u64) {
        self.entries.retain(|entry| entry.by != Some(id));
    }

    /// The provider may not have got what a command brought, and was perhaps told it by the next
    /// connection.
    pub(super) fn doubt(&mut self, id: u64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.by == Some(id)) {
            entry.doubtful = true;
        }
    }

    /// A connection took over that was told what commands had brought, but for those that wait.
    pub(super) fn retold(&mut self, waits: impl Fn(u64) -> bool) {
        for entry in &mut self.entries {
            entry.by = entry.by.filter(|id| waits(*id));
        }
    }

    pub(super) fn call(&mut self, call: &str) {
        self.push(Who::Tool, None, &format!("call:{call}"), None);
    }

    /// Words of somebody arrive.
    pub(super) fn say(&mut self, who: Who, item: Option<&str>, words: &str) {
        let mut entries = self.entries.iter_mut().rev();
        let place = match item {
            Some(_) => entries.find(|entry| entry.item.as_deref() == item),
            None => entries.find(|entry| entry.open && entry.who == who),
        };
        match place {
            Some(entry) => {
                entry.words.push_str(words);
                entry.whole.push_str(words);
            }
            None => self.push(who, item, words, None),
        }
    }

    /// What somebody said so far is whole.
    pub(super) fn complete(&mut self, who: Option<Who>) {
        for entry in &mut self.entries {
            entry.open &= who.is_some_and(|who| entry.who != who);
        }
    }

    /// The model was stopped in the middle of these, and nothing of `responses` is said any more.
    pub(super) fn stop(&mut self, heard: &[Heard], responses: &[&str]) {
        for heard in heard {
            let item = heard.item.as_ref().map(AsRef::<str>::as_ref);
            self.void.extend(item.map(str::to_owned));
            self.cut(heard);
        }
        self.void.extend(responses.iter().map(ToString::to_string));
    }

    /// Of an item only what was heard of it was said.
    pub(super) fn cut(&mut self, heard: &Heard) {
        let item = heard.item.as_ref().map(AsRef::<str>::as_ref);
        let said = self.entries.iter_mut().rev();
        let mut said = said.filter(|entry| entry.who == Who::Model);
        let Some(entry) = said.find(|entry| entry.item.as_deref() == item) else {
            return;
        };
        entry.open = false;
        if heard.heard >= heard.produced {
            return;
        }
        let share =
            u128::from(heard.heard) * entry.words.len() as u128 / u128::from(heard.produced);
        let mut kept = String::new();
        for word in entry.words.split(' ').filter(|word| !word.is_empty()) {
            let with = if kept.is_empty() {
                word.to_owned()
            } else {
                format!("{kept} {word}")
            };
            if with.len() as u128 > share {
                break;
            }
            kept = with;
        }
        entry.words = kept;
    }

    pub(super) fn is_void(&self, item: Option<&str>, response: Option<&str>) -> bool {
        [item, response]
            .into_iter()
            .flatten()
            .any(|name| self.void.contains(name))
    }

    /// Whether these were words of it at some time, in the same order, with some left out.
    pub(super) fn holds(&self, words: &[&str]) -> bool {
        let mut entries = self.entries.iter();
        words.iter().all(|words| {
            entries.any(|entry| entry.words == *words || entry.whole.starts_with(words))
        })
    }

    /// Another process goes on, to which names that this one has minted mean nothing.
    pub(super) fn restored(&mut self) {
        let minted = |name: &str| name.starts_with('~');
        for entry in &mut self.entries {
            entry.item = entry.item.take().filter(|item| !minted(item));
        }
        self.void.retain(|name| !minted(name));
    }

    pub(super) fn check(&mut self, history: &[Item]) {
        let told: Vec<String> = history.iter().map(spoken).collect();
        self.entries
            .retain(|entry| !entry.doubtful || told.contains(&entry.words));
        let theirs = history.iter().map(|item| {
            let who = match &item.kind {
                ItemKind::Message {
                    role: Role::User, ..
                } => Who::User,
                ItemKind::Message { .. } => Who::Model,
                _ => Who::Tool,
            };
            (who, spoken(item))
        });
        let ours = self.entries.iter();
        let ours = ours.map(|entry| (entry.who, entry.words.clone()));
        let said = |(_, words): &(Who, String)| !words.is_empty();
        let (theirs, ours): (Vec<_>, Vec<_>) =
            (theirs.filter(said).collect(), ours.filter(said).collect());
        assert_eq!(theirs, ours, "history is not what was said and heard");
    }
}
