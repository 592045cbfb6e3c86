//! Checks of what a session must have accounted for.

use std::collections::BTreeMap;

use antiphon_protocol::{CallId, Event, ToolResult};

use crate::SessionState;

/// Checks, after the end, that every sample the caller gave was sent or is counted as dropped.
///
/// # Panics
/// When a sample is missing, or the session is not over.
pub fn assert_accounted(state: &SessionState) {
    assert!(state.ended.is_some(), "the session is not over");
    let marks = state.uplink;
    assert_eq!(
        marks.sent + marks.dropped,
        marks.accepted,
        "the caller's audio is not accounted for: {marks:?}"
    );
}

/// What became of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    announced: u32,
    answered: u32,
    void: u32,
}

/// A second account of the tool calls, kept by the test: show it every event that the reader gets,
/// and every result that the session took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallBook {
    calls: BTreeMap<CallId, Entry>,
}

impl CallBook {
    /// Notes what an event says about calls.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::ToolCall(call) | Event::ToolCallRestored { call, .. } => {
                self.entry(&call.id).announced += 1;
            }
            Event::ToolCallsCancelled { calls } => {
                for call in calls {
                    self.entry(call).void += 1;
                }
            }
            Event::Rotated(rotation) => {
                for call in &rotation.losses.calls_void {
                    self.entry(call).void += 1;
                }
            }
            _ => {}
        }
    }

    /// Notes results that the session took.
    pub fn answered(&mut self, results: &[ToolResult]) {
        for result in results {
            self.entry(&result.call).answered += 1;
        }
    }

    /// Checks that each call was announced once, and answered once or void.
    ///
    /// # Panics
    /// When one was not.
    pub fn assert_settled(&self) {
        for (call, entry) in &self.calls {
            assert_eq!(entry.announced, 1, "{call} was not announced once");
            assert!(
                entry.answered <= 1,
                "{call} was answered {}x",
                entry.answered
            );
            assert!(
                entry.answered + entry.void > 0,
                "{call} was neither answered nor void"
            );
        }
    }

    fn entry(&mut self, call: &CallId) -> &mut Entry {
        self.calls.entry(call.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::ToolCall;

    use super::*;

    fn call(id: &str) -> Event {
        Event::ToolCall(ToolCall {
            id: id.into(),
            name: "tool".into(),
            arguments: "{}".into(),
            item: None,
            response: None,
        })
    }

    #[test]
    fn an_answered_or_void_call_is_settled() {
        let mut book = CallBook::default();
        book.note(&call("a"));
        book.note(&call("b"));
        book.answered(&[ToolResult::new("a".into(), "tool", "ok")]);
        book.note(&Event::ToolCallsCancelled {
            calls: vec!["b".into()],
        });
        book.assert_settled();
    }

    #[test]
    #[should_panic = "neither answered nor void"]
    fn an_open_call_is_noticed() {
        let mut book = CallBook::default();
        book.note(&call("a"));
        book.assert_settled();
    }

    #[test]
    #[should_panic = "not announced once"]
    fn a_call_that_was_announced_twice_is_noticed() {
        let mut book = CallBook::default();
        book.note(&call("a"));
        book.note(&call("a"));
        book.answered(&[ToolResult::new("a".into(), "tool", "ok")]);
        book.assert_settled();
    }
}
