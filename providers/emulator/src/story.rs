//! Where a connection stands in its script, and how the next steps of it are played.

pub(crate) mod arguments;
pub(crate) mod plan;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    Script,
    script::{Facts, Step},
};

/// The script and how far it has been played.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    script: Arc<Script>,
    next_turn: usize,
    steps: VecDeque<Step>,
    facts: Facts,
}

impl Story {
    pub(crate) fn new(script: Arc<Script>) -> Self {
        Self {
            script,
            next_turn: 0,
            steps: VecDeque::new(),
            facts: Facts::default(),
        }
    }

    pub(crate) fn script(&self) -> &Script {
        &self.script
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The caller has said something: in text, or in audio whose words the script knows. Returns
    /// the words.
    pub(crate) fn hear(&mut self, text: Option<String>) -> String {
        let turn = self.script.turn(self.next_turn);
        self.next_turn += 1;
        self.steps = turn.steps.into();
        self.facts.heard = text.unwrap_or(turn.heard);
        self.facts.call.clear();
        self.facts.output = None;
        self.facts.heard.clone()
    }

    /// The model has called a tool.
    pub(crate) fn called(&mut self, arguments: BTreeMap<String, String>) {
        self.facts.call = arguments;
    }

    /// The client put an earlier call of the model into the conversation: it is not made again.
    pub(crate) fn recall(&mut self, arguments: &str) {
        if let Some(last) = self
            .steps
            .iter()
            .rposition(|step| matches!(step, Step::Call { .. }))
        {
            self.steps.drain(..=last);
        }
        let arguments: BTreeMap<String, Value> =
            serde_json::from_str(arguments).unwrap_or_default();
        let spoken = |value: Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        self.called(
            arguments
                .into_iter()
                .map(|(name, value)| (name, spoken(value)))
                .collect(),
        );
    }

    /// The client put an earlier answer of the model into the conversation: it is not given again.
    pub(crate) fn skip_answer(&mut self) {
        self.steps.clear();
    }

    /// A tool has answered.
    pub(crate) fn answered(&mut self, output: &str) {
        self.facts.output = Some(output.to_owned());
    }

    /// The steps of the next response: up to and with a group of calls, else all that are left.
    /// Calls that `can_call` denies are left out. `forced` is a tool that must be called now.
    pub(crate) fn next_steps(
        &mut self,
        can_call: impl Fn(&str) -> bool,
        forced: Option<&str>,
    ) -> Vec<Step> {
        if self.steps.is_empty() {
            self.steps = self.unasked().into();
        }
        if let Some(forced) = forced {
            let scripted = |step: &Step| matches!(step, Step::Call { tool, .. } if can_call(tool));
            if !self.steps.iter().any(scripted) {
                let call = Step::Call {
                    tool: forced.to_owned(),
                    arguments: Vec::new(),
                };
                self.steps.push_front(call);
            }
        }
        let mut steps = Vec::new();
        let mut called = false;
        while let Some(step) = self.steps.pop_front() {
            match &step {
                Step::Call { tool, .. } if can_call(tool) => called = true,
                Step::Call { .. } => continue,
                _ if called => {
                    self.steps.push_front(step);
                    break;
                }
                _ => {}
            }
            steps.push(step);
        }
        steps
    }

    /// Takes what would follow, for a model that goes on with it after a tool has answered, whatever is
    /// said in between.
    pub(crate) fn take_rest(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps).into()
    }

    /// Has `steps` done before all others, with the arguments of the call that they react to.
    pub(crate) fn react(&mut self, steps: Vec<Step>, arguments: BTreeMap<String, String>) {
        for step in steps.into_iter().rev() {
            self.steps.push_front(step);
        }
        self.called(arguments);
    }

    /// The same place in another script.
    pub(crate) fn in_script(self, script: Arc<Script>) -> Self {
        Self { script, ..self }
    }

    /// What to do when a response is asked for and the caller has said nothing new.
    fn unasked(&mut self) -> Vec<Step> {
        let greeting = &self.script.unprompted;
        if self.next_turn == 0 && !greeting.is_empty() {
            return greeting.clone();
        }
        self.script.turn(self.script.turns.len()).steps
    }
}
