//! Calls of functions: which wait, what answers them, and what the model does about the answers.

use std::collections::BTreeMap;

use antiphon_gemini_live_types::{FunctionResponse, FunctionResponseScheduling, ToolResponse};
use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::{Connection, Service, refusal::Refusal, usage::Tokens};
use crate::script::Step;

/// Groups of calls that may wait; the oldest is given up when one more is made.
const MAX_GROUPS: usize = 256;
/// Ids of cancelled calls that are remembered.
const MAX_VOID: usize = 1_024;

/// Calls that were made together, and what follows once all are answered.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) calls: Vec<Pending>,
    /// Whether the model waits for the answers.
    pub(super) blocking: bool,
    /// Whether the turn that made the calls goes on with the answers.
    pub(super) in_turn: bool,
    scheduling: Scheduling,
    reaction: Reaction,
}

/// One call that waits.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: String,
    pub(super) tool: String,
    pub(super) arguments: Value,
    answered: bool,
}

/// What the model will do about the answers of a group.
#[derive(Debug)]
pub(super) struct Reaction {
    steps: Vec<Step>,
    arguments: BTreeMap<String, String>,
    output: Option<String>,
}

/// When the model reacts; of several answers of a group the most urgent counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scheduling {
    Silent,
    WhenIdle,
    Interrupt,
}

/// A call that the model has made, before it is on the wire.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) tool: String,
    /// As JSON.
    pub(super) arguments: String,
    /// As the script gave them.
    pub(super) given: Vec<(String, String)>,
}

impl Connection {
    /// Puts calls on the wire and waits for their answers.
    pub(super) fn issue(&mut self, made: Vec<Made>) {
        let blocks = |call: &Made| {
            self.config
                .tool(&call.tool)
                .is_none_or(|tool| tool.blocking)
        };
        let blocking = made.iter().any(blocks);
        let mut given = BTreeMap::new();
        let mut calls = Vec::new();
        for call in made {
            self.context += Tokens::of_text(&call.arguments);
            given = call.given.into_iter().collect();
            calls.push(Pending {
                id: format!("function-call-{}", self.ids.digits(19)),
                tool: call.tool,
                arguments: serde_json::from_str(&call.arguments).unwrap_or_default(),
                answered: false,
            });
        }
        let written: Vec<Value> = calls
            .iter()
            .map(|call| json!({"name": call.tool, "args": call.arguments, "id": call.id}))
            .collect();
        self.out
            .push(json!({"toolCall": {"functionCalls": written}}));
        if self.groups.len() >= MAX_GROUPS {
            self.groups.remove(0);
        }
        self.groups.push(Group {
            calls,
            blocking,
            in_turn: blocking && !self.config.model.ends_turn_with_calls(),
            scheduling: Scheduling::Silent,
            reaction: Reaction {
                steps: self.story.take_rest(),
                arguments: given,
                output: None,
            },
        });
    }

    /// Gives up the calls that the model waits for, and tells the client.
    pub(super) fn cancel_calls(&mut self) {
        let (void, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.groups)
            .into_iter()
            .partition(|group| group.blocking);
        self.groups = kept;
        let calls = void.into_iter().flat_map(|group| group.calls);
        let ids: Vec<String> = calls
            .filter(|call| !call.answered)
            .map(|call| call.id)
            .collect();
        if ids.is_empty() {
            return;
        }
        self.out.push(json!({"toolCallCancellation": {"ids": ids}}));
        self.void.extend(ids);
        let surplus = self.void.len().saturating_sub(MAX_VOID);
        self.void.drain(..surplus);
    }

    /// `toolResponse`.
    pub(super) fn take_answers(
        &mut self,
        now: Time,
        response: &ToolResponse,
    ) -> Result<(), Refusal> {
        let answers = response.function_responses.as_deref().unwrap_or_default();
        if answers.is_empty() {
            let reason = "'tool_response.function_responses' must not be empty.";
            return Err(Refusal::invalid(reason));
        }
        for (at, answer) in answers.iter().enumerate() {
            self.take_answer(now, answer, at)?;
        }
        Ok(())
    }

    fn take_answer(
        &mut self,
        now: Time,
        answer: &FunctionResponse,
        at: usize,
    ) -> Result<(), Refusal> {
        let id = answer.id.as_deref().unwrap_or_default();
        if id.is_empty() && self.settings.service == Service::Developer {
            return Err(Refusal::invalid(format!(
                "'tool_response.function_responses[{at}].id' is required."
            )));
        }
        if self.void.iter().any(|void| void == id) {
            return Ok(());
        }
        let name = answer.name.as_deref().unwrap_or_default();
        let meant = |call: &Pending| {
            let named = if id.is_empty() {
                call.tool == name
            } else {
                call.id == id
            };
            named && !call.answered
        };
        let found = self
            .groups
            .iter()
            .position(|group| group.calls.iter().any(meant));
        let Some(index) = found else {
            return Err(Refusal::policy(format!(
                "'tool_response.function_responses[{at}]' answers no pending function call."
            )));
        };
        let output = output_of(answer);
        self.context += Tokens::of_text(&output);
        let Some(group) = self.groups.get_mut(index) else {
            return Ok(());
        };
        group.reaction.output = Some(output);
        group.scheduling = group.scheduling.max(scheduling(answer, group.blocking));
        if answer.will_continue == Some(true) {
            return Ok(());
        }
        if let Some(call) = group.calls.iter_mut().find(|call| meant(call)) {
            call.answered = true;
        }
        if group.calls.iter().all(|call| call.answered) {
            let group = self.groups.remove(index);
            self.settle(now, group);
        }
        Ok(())
    }

    /// All calls of a group are answered.
    fn settle(&mut self, now: Time, group: Group) {
        if group.in_turn {
            let steps = self.steps_of(group.reaction);
            self.go_on(now, &steps);
            return;
        }
        if group.scheduling == Scheduling::Silent {
            return;
        }
        let caller_first = self.ear.is_in_turn() && self.config.model.waits_for_the_caller();
        if group.scheduling == Scheduling::Interrupt && !caller_first {
            self.interrupt(now);
            let steps = self.steps_of(group.reaction);
            self.begin_turn(now, &steps);
        } else {
            self.reactions.push_back(group.reaction);
            self.react(now);
        }
    }

    /// Starts the next reaction, if it is the model's turn.
    pub(super) fn react(&mut self, now: Time) {
        if self.turn.is_some() || self.response_due || self.ear.is_in_turn() {
            return;
        }
        if let Some(reaction) = self.reactions.pop_front() {
            let steps = self.steps_of(reaction);
            self.begin_turn(now, &steps);
        }
    }

    /// The steps of a reaction; what it leaves for later stays in the story.
    fn steps_of(&mut self, reaction: Reaction) -> Vec<Step> {
        if let Some(output) = &reaction.output {
            self.story.answered(output);
        }
        if reaction.steps.is_empty() {
            return Vec::new();
        }
        self.story.react(reaction.steps, reaction.arguments);
        self.next_steps()
    }
}

fn scheduling(answer: &FunctionResponse, blocking: bool) -> Scheduling {
    match &answer.scheduling {
        _ if blocking => Scheduling::WhenIdle,
        Some(FunctionResponseScheduling::Silent) => Scheduling::Silent,
        Some(FunctionResponseScheduling::Interrupt) => Scheduling::Interrupt,
        _ => Scheduling::WhenIdle,
    }
}

/// What a function returned, as placeholders of a script read it: `{"output": x}` and
/// `{"result": x}` are x.
pub(super) fn output_of(answer: &FunctionResponse) -> String {
    let response = serde_json::to_value(&answer.response).unwrap_or_default();
    let only = match response.as_object() {
        Some(members) if members.len() == 1 => members.get("output").or(members.get("result")),
        _ => None,
    };
    match only.unwrap_or(&response) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
