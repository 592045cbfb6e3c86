//! Calls of tools: each is answered once, in a conversation that knows it, or was void for a reason
//! that the wires show.

use std::{collections::BTreeMap, time::Duration};

use antiphon_runner::{ToolAnswer, ToolRecord};
use tokio::time::Instant;

use super::{Books, Closing};

/// How long a call may stay open, whatever tools and approvers do.
const CALL: Duration = Duration::from_secs(60);
/// How long the runner may wait for the end of the sentence that delegated something.
const HEARING: Duration = Duration::from_secs(5);

/// What a conversation was given as the answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Nothing,
    /// It left, and a broken wire swallowed it.
    Swallowed,
    /// It left, and reached the service.
    Reached,
    /// The conversation began with it: another one had been given it.
    Before,
}

/// A call, as one conversation knows it.
#[derive(Clone, Copy, Debug)]
struct Call {
    at: Instant,
    /// The connection that asked for it, or told of it.
    wire: u64,
    answer: Answer,
    withdrawn: bool,
    /// Whether the conversation went on from a moment before it.
    forgotten: bool,
}

impl Call {
    const fn new(wire: u64, at: Instant) -> Self {
        Self {
            at,
            wire,
            answer: Answer::Nothing,
            withdrawn: false,
            forgotten: false,
        }
    }

    const fn is_owed(&self) -> bool {
        matches!(self.answer, Answer::Nothing) && !self.withdrawn && !self.forgotten
    }
}

/// All calls, by the conversation that knows them: it has asked, or was told that another one had.
pub(super) struct Calls {
    known: BTreeMap<(u64, String), Call>,
    /// Whether the server says of everything that it has come.
    acknowledges: bool,
}

/// What did not hold, if anything did not.
type Wrong = Option<String>;

impl Calls {
    pub(super) const fn new(acknowledges: bool) -> Self {
        Self {
            known: BTreeMap::new(),
            acknowledges,
        }
    }

    pub(super) fn asked(&mut self, conversation: u64, id: String, wire: u64, now: Instant) {
        self.known
            .entry((conversation, id))
            .or_insert(Call::new(wire, now));
    }

    pub(super) fn withdrawn(&mut self, conversation: u64, ids: Vec<String>) {
        for id in ids {
            if let Some(call) = self.known.get_mut(&(conversation, id)) {
                call.withdrawn = true;
            }
        }
    }

    /// What conversations know of a call.
    fn of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Call> {
        let known = self.known.iter();
        known.filter_map(move |((_, known), call)| (known == id).then_some(call))
    }

    /// A new conversation is told of a call that another one asked for.
    pub(super) fn asked_before(
        &mut self,
        conversation: u64,
        id: String,
        wire: u64,
        now: Instant,
    ) -> Wrong {
        let wrong =
            self.of(&id).next().is_none().then(|| {
                format!("a conversation was told of the call {id}, which nobody asked for")
            });
        self.asked(conversation, id, wire, now);
        wrong
    }

    /// A new conversation is told of an answer that another one was given.
    pub(super) fn answered_before(&mut self, conversation: u64, id: &str) -> Wrong {
        let given = self.of(id).any(|call| call.answer != Answer::Nothing);
        let Some(call) = self.known.get_mut(&(conversation, id.to_owned())) else {
            return Some(format!(
                "a conversation was told of an answer to {id}, and not of the call"
            ));
        };
        if call.answer != Answer::Nothing {
            return Some(format!("the call {id} was answered twice"));
        }
        call.answer = Answer::Before;
        (!given).then(|| format!("a conversation was told of an answer to {id} that never left"))
    }

    pub(super) fn answered(&mut self, conversation: u64, id: &str, reaches: bool) -> Wrong {
        let Some(call) = self.known.get_mut(&(conversation, id.to_owned())) else {
            return Some(format!(
                "an answer to {id} left for a conversation that did not ask"
            ));
        };
        let was = *call;
        call.answer = if reaches {
            Answer::Reached
        } else {
            Answer::Swallowed
        };
        if was.answer != Answer::Nothing {
            Some(format!("the call {id} was answered twice"))
        } else if was.forgotten {
            Some(format!(
                "the call {id} was answered in a conversation that went on from before it"
            ))
        } else if was.withdrawn {
            Some(format!("the call {id} was answered after it was withdrawn"))
        } else {
            None
        }
    }

    /// A conversation goes on from this moment, and knows of nothing after it.
    pub(super) fn rolled_back(&mut self, conversation: u64, moment: Instant) {
        for ((of, _), call) in &mut self.known {
            call.forgotten |= *of == conversation && call.at >= moment;
        }
    }

    /// Whether words name a call that was heard of after this moment.
    pub(super) fn came_after(&self, words: &str, moment: Instant) -> bool {
        let mut known = self.known.iter();
        known.any(|((_, id), call)| words.contains(id) && call.at > moment)
    }

    /// Whether an answer to a call has come to where it was asked for, as far as can be known here.
    fn has_left(&self, id: &str) -> bool {
        self.of(id).any(|call| match call.answer {
            Answer::Reached => true,
            Answer::Swallowed => !self.acknowledges,
            Answer::Nothing | Answer::Before => false,
        })
    }
}

impl Books {
    pub(super) fn calls_at_the_end(&mut self, closing: &Closing<'_>) {
        let mut failures = Vec::new();
        for ((conversation, id), call) in &self.calls.known {
            let end = self.end_of(*conversation).unwrap_or(closing.at);
            if call.is_owed() && call.at + CALL < end.min(closing.at) {
                failures.push(format!("the call {id} was never answered"));
            }
            let of_it = |record: &&ToolRecord| record.call.as_str() == id;
            match closing.calls.iter().filter(of_it).count() {
                0 if self.must_be_known(*conversation, call, closing) => {
                    failures.push(format!("the runner never heard of the call {id}"));
                }
                0 | 1 => {}
                _ => failures.push(format!("the runner tells of the call {id} twice")),
            }
        }
        for record in closing.calls {
            failures.extend(self.judge(record, closing));
        }
        for failure in failures {
            self.fail(failure);
        }
    }

    /// Whether a call is old, and the conversation went on for a while after it. Work that is delegated
    /// in its last seconds is void before anybody could hear of it.
    fn must_be_known(&self, conversation: u64, call: &Call, closing: &Closing<'_>) -> bool {
        let end = self.end_of(conversation);
        call.at + CALL < closing.at && end.is_none_or(|end| end > call.at + HEARING)
    }

    /// What the runner says became of a call, held against the wires.
    fn judge(&self, record: &ToolRecord, closing: &Closing<'_>) -> Option<String> {
        let id = record.call.as_str();
        let calls = &self.calls;
        let is_gone = |call: &Call| {
            let left = self.lines.get(&call.wire).and_then(|line| line.left);
            call.forgotten || left.is_some_and(|left| left <= closing.at)
        };
        let holds = match record.answer {
            _ if calls.of(id).next().is_none() => {
                return Some(format!("nobody asked for the call {id}"));
            }
            ToolAnswer::Sent => calls.has_left(id),
            ToolAnswer::Withdrawn => calls.of(id).any(|call| call.withdrawn),
            ToolAnswer::Lost => calls.of(id).any(is_gone),
            ToolAnswer::SessionEnded => calls.of(id).any(|call| call.at + CALL >= closing.at),
            // Nobody answers by hand here, and a strict server refuses no answer that was due.
            _ => false,
        };
        let answer = record.answer;
        (!holds).then(|| {
            format!("the answer to {id} counts as {answer:?}, and the wires show none of it")
        })
    }
}
