//! Work that a full-duplex model delegates, brought before a tool.
//!
//! Such a model names no tool and states no arguments: what it wants is in what was said. The delegate
//! keeps what was said since the last delegation and makes a call of it.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
};

use antiphon_protocol::{Delegation, DelegationId, Event, ItemId, TextDelta, ToolCall};
use serde::{Deserialize, Serialize};

/// Most of the transcript that is kept for the next delegation, in bytes; the oldest goes first.
const TRANSCRIPT: usize = 32 * 1024;
/// Most delegations whose sentence is still being waited for.
const GATHERING: usize = 64;

/// What a delegated call is given as its arguments; see
/// [`RunnerBuilder::delegate_to`](crate::RunnerBuilder::delegate_to).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Errand {
    /// The task in words, where the provider states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// What was said since the last delegation, a line for each who spoke: `User: …`, `Agent: …`. The
    /// last 32 KiB of it.
    pub transcript: String,
}

/// Content stays out of debug output.
impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errand")
            .field("task_bytes", &self.task.as_ref().map(String::len))
            .field("transcript_bytes", &self.transcript.len())
            .finish()
    }
}

/// Turns delegations into calls of one tool.
pub(crate) struct Delegate {
    tool: String,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    transcript: Transcript,
    /// Delegations that wait until the user has finished the sentence.
    gathering: BTreeSet<DelegationId>,
}

impl Delegate {
    pub(crate) fn new(tool: String) -> Self {
        Self {
            tool,
            inner: Mutex::default(),
        }
    }

    /// Takes in what is said.
    pub(crate) fn hear(&self, event: &Event) {
        match event {
            Event::InputTranscript(delta) => self.lock().transcript.add(Speaker::User, delta),
            Event::OutputTranscript(delta) | Event::OutputText(delta) => {
                self.lock().transcript.add(Speaker::Agent, delta);
            }
            Event::SpeechStopped(_) => self.lock().transcript.finish(Speaker::User),
            Event::ResponseDone(_) => self.lock().transcript.finish(Speaker::Agent),
            _ => {}
        }
    }

    /// Takes up a delegation, once.
    pub(crate) fn take_up(&self, id: &DelegationId) -> bool {
        let gathering = &mut self.lock().gathering;
        gathering.len() < GATHERING && gathering.insert(id.clone())
    }

    /// The call that a delegation comes to; `None` when the delegation was lost meanwhile.
    pub(crate) fn call(&self, delegation: Delegation) -> Option<ToolCall> {
        let inner = &mut *self.lock();
        if !inner.gathering.remove(&delegation.id) {
            return None;
        }
        let errand = Errand {
            task: delegation.task,
            transcript: inner.transcript.take(),
        };
        Some(ToolCall {
            id: delegation.id.as_str().into(),
            name: self.tool.clone(),
            arguments: serde_json::to_string(&errand).ok()?,
            item: None,
            response: None,
        })
    }

    /// The connection that delegated is gone.
    pub(crate) fn lost(&self) {
        self.lock().gathering.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    User,
    Agent,
}

struct Line {
    speaker: Speaker,
    item: Option<ItemId>,
    text: String,
    /// Whether what comes next begins another line.
    finished: bool,
}

/// What was said, line by line.
#[derive(Default)]
struct Transcript {
    lines: VecDeque<Line>,
    bytes: usize,
}

impl Transcript {
    fn add(&mut self, speaker: Speaker, delta: &TextDelta) {
        // Both may speak at a time: a line goes on after one of the other side.
        let mut newest = self.lines.iter_mut().rev().take(2);
        let open = newest
            .find(|line| line.speaker == speaker && line.item == delta.item && !line.finished);
        match open {
            Some(line) if delta.done => {
                line.finished = true;
                // The whole takes the place of its pieces, where it is told.
                if !delta.text.is_empty() {
                    self.bytes = self.bytes.saturating_sub(line.text.len());
                    line.text.clone_from(&delta.text);
                    self.bytes = self.bytes.saturating_add(line.text.len());
                }
            }
            Some(line) => {
                line.text.push_str(&delta.text);
                self.bytes = self.bytes.saturating_add(delta.text.len());
            }
            None if delta.text.is_empty() => {}
            None => {
                self.bytes = self.bytes.saturating_add(delta.text.len());
                self.lines.push_back(Line {
                    speaker,
                    item: delta.item.clone(),
                    text: delta.text.clone(),
                    finished: delta.done,
                });
            }
        }
        self.shorten();
    }

    fn finish(&mut self, speaker: Speaker) {
        for line in &mut self.lines {
            line.finished |= line.speaker == speaker;
        }
    }

    fn shorten(&mut self) {
        while self.bytes > TRANSCRIPT {
            let Some(oldest) = self.lines.front_mut() else {
                return;
            };
            let excess = self.bytes - TRANSCRIPT;
            if oldest.text.len() <= excess {
                self.bytes = self.bytes.saturating_sub(oldest.text.len());
                self.lines.pop_front();
                continue;
            }
            let cut = (excess..=oldest.text.len()).find(|at| oldest.text.is_char_boundary(*at));
            let cut = cut.unwrap_or(oldest.text.len());
            oldest.text.drain(..cut);
            self.bytes = self.bytes.saturating_sub(cut);
        }
    }

    fn take(&mut self) -> String {
        self.bytes = 0;
        let lines = std::mem::take(&mut self.lines);
        let lines = lines.iter().map(|line| {
            let who = match line.speaker {
                Speaker::User => "User",
                Speaker::Agent => "Agent",
            };
            format!("{who}: {}", line.text.trim())
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(text: &str, done: bool) -> TextDelta {
        TextDelta {
            item: None,
            response: None,
            content_index: 0,
            text: text.to_owned(),
            done,
        }
    }

    #[test]
    fn what_is_said_at_a_time_keeps_its_lines_and_a_whole_takes_the_place_of_its_pieces() {
        let mut transcript = Transcript::default();
        transcript.add(Speaker::User, &delta(" Book me", false));
        transcript.add(Speaker::Agent, &delta("Mm-hm.", false));
        transcript.add(Speaker::User, &delta(" a table.", false));
        transcript.finish(Speaker::User);
        transcript.finish(Speaker::Agent);
        transcript.add(Speaker::User, &delta("For tow", false));
        transcript.add(Speaker::User, &delta("For two.", true));
        transcript.add(Speaker::User, &delta("", true));
        assert_eq!(
            transcript.take(),
            "User: Book me a table.\nAgent: Mm-hm.\nUser: For two."
        );
        assert_eq!(transcript.take(), "", "each word is given once");
    }

    #[test]
    fn what_is_kept_is_bounded_at_a_whole_character() {
        let mut transcript = Transcript::default();
        transcript.add(Speaker::User, &delta("an old line", true));
        for _ in 0..TRANSCRIPT {
            transcript.add(Speaker::Agent, &delta("é", false));
        }
        assert_eq!(transcript.bytes, TRANSCRIPT);
        let kept = transcript.take();
        assert!(kept.starts_with("Agent: é") && !kept.contains("old"));
        assert_eq!(kept.len(), "Agent: ".len() + TRANSCRIPT);
    }

    #[test]
    fn a_delegation_is_taken_up_once_and_not_after_it_was_lost() {
        let delegate = Delegate::new("desk".to_owned());
        let delegation = || Delegation {
            id: "d".into(),
            task: None,
            at: None,
        };
        assert!(delegate.take_up(&"d".into()));
        assert!(!delegate.take_up(&"d".into()), "a duplicate");
        delegate.lost();
        assert_eq!(delegate.call(delegation()), None);
        assert!(delegate.take_up(&"d".into()));
        assert!(delegate.call(delegation()).is_some());
    }
}
