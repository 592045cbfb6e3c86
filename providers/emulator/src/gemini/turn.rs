//! The model's turns: how they begin, what they send, and how they end.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{AudioFormat, Time};
use serde_json::{Value, json};

use super::{
    Connection, Service,
    tools::Made,
    usage::{self, Tokens},
};
use crate::{
    script::{Failure, Step},
    story::plan::{self, Act, Manner},
    voice,
};

/// The format of the model's audio.
const FORMAT: AudioFormat = AudioFormat::pcm16(voice::RATE);

/// A turn of the model under way.
#[derive(Debug)]
pub(super) struct Turn {
    stage: Stage,
    acts: VecDeque<(Time, Act)>,
    /// What the model thinks before it says something.
    thought: Option<String>,
    calls: Vec<Made>,
    /// When the audio sent so far will have been played in real time.
    played: Time,
    /// Whether something was said.
    said: bool,
    /// What the model had read when the turn began.
    read: Tokens,
    made: Tokens,
    thoughts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Generating,
    /// Waits for the answers of calls.
    Calling,
    /// Generated, and played until then.
    Playing(Time),
}

impl Turn {
    /// When its next act is due.
    pub(super) fn due(&self) -> Option<Time> {
        match self.stage {
            Stage::Generating => self.acts.front().map(|(at, _)| *at),
            Stage::Calling => None,
            Stage::Playing(until) => Some(until),
        }
    }
}

impl Connection {
    /// Whether nothing is under way that a handle could not restore.
    pub(super) fn is_idle(&self) -> bool {
        self.turn.is_none()
            && self.groups.is_empty()
            && self.reactions.is_empty()
            && !self.response_due
    }

    /// It is the model's turn, now or after the one under way.
    pub(super) fn respond(&mut self, now: Time) {
        if self.turn.is_some() {
            self.response_due = true;
            return;
        }
        let steps = self.next_steps();
        self.begin_turn(now, &steps);
    }

    /// The steps of the next turn, given the tools that the model may call.
    pub(super) fn next_steps(&mut self) -> Vec<Step> {
        let config = &self.config;
        self.story
            .next_steps(|tool| config.tool(tool).is_some(), None)
    }

    /// Begins a turn.
    pub(super) fn begin_turn(&mut self, now: Time, steps: &[Step]) {
        self.compress();
        let thought = (self.config.thoughts && !steps.is_empty()).then(|| {
            let heard = &self.story.facts().heard;
            format!(
                "**Considering the answer**\n\nThe caller said: \"{heard}\". I reply to that.\n\n\n"
            )
        });
        let transcribed = self.transcripts.back().map_or(Time::ZERO, |(at, _)| *at);
        let start = transcribed.max(now + self.settings.thinking);
        let acts = self.plan(start, steps);
        self.turn = Some(Turn {
            stage: Stage::Generating,
            acts,
            thought,
            calls: Vec::new(),
            played: start,
            said: false,
            read: self.config.tokens() + self.context,
            made: Tokens::default(),
            thoughts: 0,
        });
    }

    /// Goes on with the turn that waited for answers.
    pub(super) fn go_on(&mut self, now: Time, steps: &[Step]) {
        let start = now + self.settings.thinking;
        let acts = self.plan(start, steps);
        if let Some(turn) = &mut self.turn {
            turn.stage = Stage::Generating;
            turn.acts = acts;
            turn.played = turn.played.max(start);
        }
    }

    fn plan(&self, start: Time, steps: &[Step]) -> VecDeque<(Time, Act)> {
        let script = self.story.script();
        let manner = Manner {
            start,
            audio: (!self.config.text && !script.text_only).then_some(FORMAT),
            pace: script.pace,
        };
        let schema = |tool: &str| {
            let tool = self.config.tool(tool);
            tool.map(|tool| tool.schema.clone()).unwrap_or_default()
        };
        plan::plan(steps, self.story.facts(), manner, schema)
    }

    /// Performs what was due of the turn `at` that time.
    pub(super) fn turn_further(&mut self, at: Time) {
        let Some(turn) = &mut self.turn else {
            return;
        };
        if let Stage::Playing(_) = turn.stage {
            return self.end_turn(at, &json!({"turnComplete": true}));
        }
        if let Some(thought) = turn.thought.take() {
            let tokens = Tokens::of_text(&thought);
            turn.thoughts += tokens.text;
            self.emit_part(&json!({"text": thought, "thought": true}));
            return;
        }
        let Some((_, act)) = turn.acts.pop_front() else {
            return;
        };
        match act {
            Act::BeginMessage | Act::Arguments(_) | Act::EndCall => {}
            Act::Word(word) => {
                if self.config.transcribes_output {
                    self.emit_content(&json!({"outputTranscription": {"text": word}}));
                }
            }
            Act::Audio(audio) => self.say(at, &audio),
            Act::Text(word) => {
                turn.said = true;
                turn.made += Tokens::of_text(&word);
                self.emit_part(&json!({ "text": word }));
            }
            Act::EndMessage => {
                // Recorded on Vertex only.
                let vertex = self.settings.service == Service::Vertex;
                if vertex && self.config.transcribes_output && !self.config.text {
                    self.emit_content(&json!({"outputTranscription": {"finished": true}}));
                }
            }
            Act::BeginCall {
                tool,
                arguments,
                given,
            } => turn.calls.push(Made {
                tool,
                arguments,
                given,
            }),
            Act::Fail(Failure::Response { message: _ }) => {
                let content = json!({
                    "turnComplete": true,
                    "turnCompleteReason": "RESPONSE_REJECTED",
                });
                self.end_turn(at, &content);
            }
            Act::Fail(failure) => self.fail(&failure),
            Act::Finish => self.finish(at),
        }
    }

    fn say(&mut self, at: Time, audio: &[u8]) {
        let samples = FORMAT.samples_in_bytes(audio.len());
        let ms = FORMAT.millis_of(samples);
        if let Some(turn) = &mut self.turn {
            turn.said = true;
            turn.made += Tokens::of_audio(ms);
            turn.played = turn.played.max(at) + Duration::from_millis(ms);
        }
        self.emit_audio(audio);
    }

    /// Everything of the turn is generated, or it waits for its calls.
    fn finish(&mut self, at: Time) {
        let Some(turn) = &mut self.turn else {
            return;
        };
        let calls = std::mem::take(&mut turn.calls);
        if !calls.is_empty() {
            for call in &calls {
                turn.made += Tokens::of_text(&call.arguments);
            }
            turn.stage = Stage::Calling;
            self.issue(calls);
            if self.groups.last().is_some_and(|group| group.in_turn) {
                return;
            }
            return self.end_turn(at, &json!({"turnComplete": true}));
        }
        let until = if self.settings.playback && turn.said {
            turn.played.max(at)
        } else {
            at
        };
        turn.stage = Stage::Playing(until);
        self.emit_content(&json!({"generationComplete": true}));
    }

    /// Ends the turn with this content, and begins what has waited for that.
    fn end_turn(&mut self, at: Time, content: &Value) {
        self.complete_turn(content);
        if std::mem::take(&mut self.response_due) {
            self.respond(at);
        } else {
            self.react(at);
        }
    }

    fn complete_turn(&mut self, content: &Value) {
        let Some(turn) = self.turn.take() else {
            return;
        };
        self.turns += 1;
        self.context += turn.made;
        let mut content = content.clone();
        if self.config.model.thinks_at_length()
            && let Some(members) = content.as_object_mut()
        {
            let more = !self.groups.is_empty() || !self.reactions.is_empty();
            let status = if more { "IN_PROGRESS" } else { "IDLE" };
            members.insert("interactionStatus".to_owned(), status.into());
        }
        let usage = usage::report(self.settings.service, turn.read, turn.made, turn.thoughts);
        self.out
            .push(json!({"serverContent": content, "usageMetadata": usage}));
    }

    /// The caller has the floor: what the model says or waits for is given up.
    pub(super) fn yield_to_caller(&mut self, now: Time) {
        self.interrupt(now);
        self.cancel_calls();
        self.response_due = false;
    }

    /// Breaks the turn off, if one is under way.
    pub(super) fn interrupt(&mut self, _now: Time) {
        if self.turn.is_none() {
            return;
        }
        self.emit_content(&json!({"interrupted": true}));
        if self.groups.iter().any(|group| group.in_turn) {
            self.cancel_calls();
        }
        self.complete_turn(&json!({"turnComplete": true}));
    }

    /// Forgets the oldest of the context when it has grown too large.
    fn compress(&mut self) {
        if let Some(compression) = self.config.compression
            && self.context.sum() > compression.trigger
        {
            self.context = self.context.cut(compression.target);
        }
    }
}
