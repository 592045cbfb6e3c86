//! Work that the model delegates to the client: what was asked for, and what follows the answers.

use std::collections::{BTreeMap, VecDeque};

use antiphon_protocol::Time;
use serde_json::json;

use super::{Session, config::Mode};
use crate::script::{Facts, Step, Template};

/// Delegations that are remembered; the oldest is forgotten when one more is made.
const MAX_KNOWN: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Works {
    open: VecDeque<Work>,
    known: VecDeque<String>,
    /// Where on the timeline the model says by itself that it is at work.
    acknowledge: Option<u64>,
}

/// Calls that were made together, and what is done when all are answered.
#[derive(Debug)]
struct Work {
    /// Ids, and whether they were answered.
    delegations: BTreeMap<String, bool>,
    steps: Vec<Step>,
    facts: Facts,
}

impl Works {
    pub(super) fn knows(&self, id: &str) -> bool {
        self.known.iter().any(|known| known == id)
    }

    fn remember(&mut self, id: &str) {
        if self.known.len() >= MAX_KNOWN {
            self.known.pop_front();
        }
        self.known.push_back(id.to_owned());
    }

    fn open(&mut self, work: Work) {
        if self.open.len() >= MAX_KNOWN {
            self.open.pop_front();
        }
        self.open.push_back(work);
    }

    /// Takes note of what is not to be said.
    pub(super) fn note(&mut self, id: &str, content: &str) {
        let work = self
            .open
            .iter_mut()
            .find(|work| work.delegations.contains_key(id));
        if let Some(work) = work {
            work.facts.output = Some(content.to_owned());
        }
    }

    /// What the model does about an answer: nothing while others are missing, else what the script
    /// says, else it says the answer. A second answer is said as it is.
    pub(super) fn answered(&mut self, id: &str, content: &str) -> Option<(Vec<Step>, Facts)> {
        let say = |facts| {
            let steps = vec![Step::Say(vec![Template::literal(content)])];
            Some((steps, facts))
        };
        let open = &mut self.open;
        let Some(at) = open
            .iter()
            .position(|work| work.delegations.get(id) == Some(&false))
        else {
            return say(Facts::default());
        };
        let work = open.get_mut(at)?;
        work.delegations.insert(id.to_owned(), true);
        work.facts.output = Some(content.to_owned());
        if work.delegations.values().any(|answered| !answered) {
            return None;
        }
        let work = open.remove(at)?;
        if work.steps.is_empty() {
            return say(work.facts);
        }
        Some((work.steps, work.facts))
    }

    /// What the client says takes the place of what the model would say by itself.
    pub(super) fn forget_acknowledgement(&mut self) {
        self.acknowledge = None;
    }
}

impl Session {
    /// Has calls of the script done by whom the session delegates to.
    pub(super) fn delegate(&mut self, call: Step, at: Time, start: u64) {
        let calls = self.take_calls(call);
        let (rest, mut facts) = self.take_rest();
        if self.config.mode() == Mode::Responses {
            return self.delegate_to_backend(calls, rest, facts, at, start);
        }
        let mut delegations = BTreeMap::new();
        for call in &calls {
            if let Step::Call { arguments, .. } = call {
                let filled = arguments
                    .iter()
                    .map(|(name, value)| (name.clone(), value.fill_or_omit(&facts)));
                facts.call = filled.collect();
            }
            let id = self.ids.id("item");
            let target = match self.config.mode() {
                Mode::Decisions => "decisions",
                _ => "client",
            };
            let fields = json!({
                "offset_ms": start,
                "delegation": {"id": id, "type": "delegation", "target": target},
            });
            self.emit("session.delegation.created", fields, None);
            if target == "decisions" {
                self.decide_for(&id);
            } else {
                self.works.remember(&id);
                delegations.insert(id, false);
            }
        }
        if delegations.is_empty() {
            return self.speech.queue(rest, facts);
        }
        let delay = self.config.delegation().get("acknowledgement_delay_ms");
        let delay = delay.and_then(serde_json::Value::as_u64);
        self.works.acknowledge = delay.map(|delay| start + delay);
        self.works.open(Work {
            delegations,
            steps: rest,
            facts,
        });
    }

    /// Says that work is being done, when the time for it has come.
    pub(super) fn acknowledge(&mut self, start: u64) {
        if self.works.acknowledge.is_some_and(|at| at <= start) {
            self.works.acknowledge = None;
            let steps = vec![Step::Say(vec![Template::literal("One moment, please.")])];
            self.speech.queue(steps, Facts::default());
        }
    }
}
