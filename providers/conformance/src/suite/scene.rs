//! What a peer plays in a scenario: data for peers of any wire, and a script for the emulator.

use std::{fmt::Write as _, time::Duration};

/// One thing the emulated model does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// Says or writes this.
    Say(String),
    /// Says or writes this, followed by the member [`ANSWER`] of the last tool output and a full stop.
    SayAnswer(String),
    /// Calls a tool with one argument, [`QUESTION`]. Calls that follow each other are made at once;
    /// what follows them waits for their outputs.
    Call {
        /// The tool's name.
        tool: String,
        /// The value of its argument.
        question: String,
    },
    /// Lets time pass.
    Wait(Duration),
    /// Cuts the connection without a close frame.
    Drop,
    /// Sends frames that are no events, then goes on.
    Garbage,
}

/// The argument of the tools in scenarios.
pub const QUESTION: &str = "question";
/// The member of their outputs.
pub const ANSWER: &str = "answer";

/// What the caller is taken to have said, and what the model does about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The caller's words, for the transcription of what is only sound to the peer.
    pub heard: String,
    /// What the model does, in order.
    pub acts: Vec<Act>,
}

/// What one connection plays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// The turns of the caller, in order. Beyond the last one, the last one is played again.
    pub turns: Vec<Turn>,
    /// What is done when a response is asked for before the caller said anything.
    pub unprompted: Vec<Act>,
}

impl Scene {
    /// A scene in which the first turn is answered like this.
    pub fn answering(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::default().then("What do you say?", acts)
    }

    /// Adds a turn.
    #[must_use]
    pub fn then(mut self, heard: &str, acts: impl IntoIterator<Item = Act>) -> Self {
        self.turns.push(Turn {
            heard: heard.to_owned(),
            acts: acts.into_iter().collect(),
        });
        self
    }

    /// Sets what is said unasked.
    #[must_use]
    pub fn unprompted(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.unprompted = acts.into_iter().collect();
        self
    }

    /// The same as a script of `antiphon-emulator`.
    pub fn script(&self) -> String {
        let mut script = String::new();
        for turn in &self.turns {
            block(&mut script, &format!("expect {:?}", turn.heard), &turn.acts);
        }
        if let Some(last) = self.turns.last() {
            block(
                &mut script,
                &format!("otherwise {:?}", last.heard),
                &last.acts,
            );
        }
        if !self.unprompted.is_empty() {
            block(&mut script, "unprompted", &self.unprompted);
        }
        script
    }
}

impl Act {
    /// Says `text`.
    pub fn say(text: &str) -> Self {
        Self::Say(text.to_owned())
    }

    /// Calls `tool` with `question`.
    pub fn call(tool: &str, question: &str) -> Self {
        Self::Call {
            tool: tool.to_owned(),
            question: question.to_owned(),
        }
    }
}

fn block(script: &mut String, head: &str, acts: &[Act]) {
    _ = writeln!(script, "{head}");
    for act in acts {
        _ = match act {
            Act::Say(text) => writeln!(script, "  say {text:?}"),
            Act::SayAnswer(text) => writeln!(script, "  say \"{text} {{output.{ANSWER}}}.\""),
            Act::Call { tool, question } => {
                writeln!(script, "  call {tool} {QUESTION}={question:?}")
            }
            Act::Wait(pause) => writeln!(script, "  wait {}ms", pause.as_millis()),
            Act::Drop => writeln!(script, "  drop"),
            Act::Garbage => writeln!(script, "  fail garbage"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_a_script_that_the_emulator_reads() {
        let scene = Scene::answering([
            Act::call("look", "Oslo"),
            Act::SayAnswer("It is".to_owned()),
            Act::Wait(Duration::from_millis(200)),
            Act::Garbage,
            Act::Drop,
        ])
        .unprompted([Act::say("Hello.")]);
        let script = scene.script();
        assert!(
            script.contains("say \"It is {output.answer}.\""),
            "{script}"
        );
        script.parse::<antiphon_emulator::Script>().unwrap();
    }
}
