//! Each tool call is announced once, whichever of several events completes it.

use std::collections::VecDeque;

use antiphon_protocol::{CallId, ToolCall};

/// Most calls that are remembered, begun or announced.
const LIMIT: usize = 1024;

/// The calls of one connection.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Names of calls whose arguments are still being written.
    begun: VecDeque<(CallId, String)>,
    announced: VecDeque<(CallId, String)>,
}

impl Calls {
    /// An item named a call before its arguments were complete.
    pub(crate) fn begin(&mut self, id: CallId, name: &str) {
        if self.begun.iter().any(|(begun, _)| *begun == id) || name.is_empty() {
            return;
        }
        if self.begun.len() >= LIMIT {
            self.begun.pop_front();
        }
        self.begun.push_back((id, name.to_owned()));
    }

    /// The name of a call, begun or announced.
    pub(crate) fn name(&self, id: &CallId) -> Option<&str> {
        let mut named = self.begun.iter().chain(&self.announced);
        let named = named.find(|(known, _)| known == id);
        named.map(|(_, name)| name.as_str())
    }

    /// The call, unless it has been announced before.
    pub(crate) fn announce(&mut self, call: ToolCall) -> Option<ToolCall> {
        if self.announced.iter().any(|(id, _)| *id == call.id) {
            return None;
        }
        self.begun.retain(|(begun, _)| *begun != call.id);
        if self.announced.len() >= LIMIT {
            self.announced.pop_front();
        }
        self.announced
            .push_back((call.id.clone(), call.name.clone()));
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str) -> ToolCall {
        ToolCall {
            id: id.into(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
            item: None,
            response: None,
        }
    }

    #[test]
    fn a_call_is_announced_once() {
        let mut calls = Calls::default();
        calls.begin("c1".into(), "look");
        assert_eq!(calls.name(&"c1".into()), Some("look"));
        assert_eq!(calls.announce(call("c1")), Some(call("c1")));
        assert_eq!(calls.announce(call("c1")), None);
        assert_eq!(calls.name(&"c1".into()), Some("look"));
        assert_eq!(calls.announce(call("c2")), Some(call("c2")));
    }

    #[test]
    fn memory_is_bounded() {
        let mut calls = Calls::default();
        for n in 0..3 * LIMIT {
            calls.begin(format!("b{n}").into(), "look");
            calls.announce(call(&format!("c{n}")));
        }
        assert_eq!((calls.begun.len(), calls.announced.len()), (LIMIT, LIMIT));
    }
}
