//! What a client appends to the model's mind: taken at once, placed a little later on the timeline,
//! acknowledged when the clock is there.

use serde_json::{Value, json};

use super::{
    Phase, Session,
    caller::CELL_MS,
    config::{Mode, invalid, tokens},
    text,
};
use crate::{
    refusal::Refusal,
    script::{Facts, Step, Template},
};

const MAX_TOKENS: usize = 500;
/// From an append to its place on the timeline, in milliseconds, before it is rounded up to the grid.
const PLACEMENT_MS: u64 = 500;
/// Appends that may wait for the clock.
const MAX_WAITING: usize = 256;

/// An append that waits for its place.
#[derive(Debug)]
pub(super) struct Append {
    kind: Kind,
    content: String,
    delegation: Option<String>,
    /// The client event.
    pub(super) event: Option<String>,
    start: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Instructions,
    Thinking,
    Commentary,
}

impl Session {
    /// `session.instructions.append`, `session.thinking.append` or `session.commentary.append`.
    pub(super) fn append_context(
        &mut self,
        event_type: &str,
        event: &Value,
        id: Option<&str>,
    ) -> Result<(), Refusal> {
        let content = text(event, "content").unwrap_or_default().to_owned();
        let delegation = text(event, "delegation_id").map(str::to_owned);
        if tokens(&content) > MAX_TOKENS {
            let message = format!("Context append text must not exceed {MAX_TOKENS} tokens.");
            return Err(invalid("content", message));
        }
        if self.speech.is_fixture() {
            let message = "Context cannot be appended while a fixture is playing.";
            return Err(Refusal::uncoded(message));
        }
        if let Some(delegation) = &delegation {
            if self.config.mode() == Mode::Responses {
                let message = "Appends carry no delegation in a session with Responses delegation.";
                return Err(invalid("delegation_id", message));
            }
            if !self.works.knows(delegation) {
                let shown: String = delegation.chars().take(100).collect();
                let message = format!("Delegation with id '{shown}' not found.");
                return Err(invalid("delegation_id", message));
            }
        }
        if self.appends.len() >= MAX_WAITING {
            let message = "Too many appends wait for the session's clock.";
            return Err(Refusal::new("rate_limit_exceeded", message));
        }
        let earliest = (self.timeline.ms + PLACEMENT_MS).next_multiple_of(CELL_MS);
        let last = self.appends.back().map_or(0, |append| append.start);
        if event_type == "session.commentary.append" || event_type == "session.thinking.append" {
            self.works.forget_acknowledgement();
        }
        self.appends.push_back(Append {
            kind: match event_type {
                "session.thinking.append" => Kind::Thinking,
                "session.commentary.append" => Kind::Commentary,
                _ => Kind::Instructions,
            },
            content,
            delegation,
            event: id.map(str::to_owned),
            start: earliest.max(last),
        });
        Ok(())
    }

    /// Places what is due: acknowledges it, and lets the model take it in.
    pub(super) fn place_appends(&mut self, start: u64) {
        while self.phase == Phase::Running
            && self
                .appends
                .front()
                .is_some_and(|append| append.start <= start)
            && let Some(append) = self.appends.pop_front()
        {
            let event_type = match append.kind {
                Kind::Instructions => "session.instructions.appended",
                Kind::Thinking => "session.thinking.appended",
                Kind::Commentary => "session.commentary.appended",
            };
            let fields = json!({"start_ms": append.start, "end_ms": append.start + CELL_MS});
            self.emit(event_type, fields, append.event.as_deref());
            self.context_tokens += tokens(&append.content);
            self.take_in(append, start);
        }
    }

    fn take_in(&mut self, append: Append, start: u64) {
        let Append {
            kind,
            content,
            delegation,
            ..
        } = append;
        match (kind, delegation) {
            (Kind::Thinking, Some(id)) => self.works.note(&id, &content),
            (Kind::Thinking, None) => {}
            (Kind::Commentary | Kind::Instructions, Some(id)) => {
                if let Some((steps, facts)) = self.works.answered(&id, &content) {
                    self.speech.queue(steps, facts);
                }
            }
            (Kind::Commentary, None) => {
                let steps = vec![Step::Say(vec![Template::literal(&content)])];
                self.speech.queue(steps, Facts::default());
            }
            (Kind::Instructions, None) => self.obey(content, start),
        }
    }

    /// What an instruction does: the emulator knows one word of it.
    fn obey(&mut self, content: String, start: u64) {
        let script = &self.settings.script;
        let first = content.split_whitespace().next().unwrap_or_default();
        if first.eq_ignore_ascii_case("stop") {
            self.speech.hush();
        } else if !script.instructed.is_empty() {
            let steps = script.instructed.clone();
            let facts = Facts {
                heard: content,
                ..Facts::default()
            };
            self.speech.hush();
            self.speech.begin(steps, facts, start);
        } else {
            self.greet(start);
        }
    }

    /// Says what the script says unprompted, once, if the caller has not spoken yet.
    fn greet(&mut self, start: u64) {
        if self.caller.next_turn == 0 && !std::mem::replace(&mut self.greeted, true) {
            let steps = self.settings.script.unprompted.clone();
            self.speech.begin(steps, Facts::default(), start);
        }
    }
}
