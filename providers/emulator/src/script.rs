//! What the emulated model hears, says and does: a small text file, read into turns of steps.
//!
//! The crate's README documents the language. A script is data; the protocol machines play it.

mod parse;
mod template;

use std::{fmt, str::FromStr, time::Duration};

use crate::FrameFault;

pub(crate) use self::template::{Facts, Template};

/// A conversation for an emulated model to play.
///
/// ```
/// use antiphon_emulator::Script;
///
/// let script: Script = r#"
///     expect "Is it cold outside?"
///       say "Yes. Take a coat."
/// "#
/// .parse()?;
/// # let _ = script;
/// # Ok::<(), antiphon_emulator::ScriptError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Steps taken before the server says its first word.
    pub(crate) opening: Vec<Step>,
    /// The turns of the caller, in order.
    pub(crate) turns: Vec<Turn>,
    /// Turns used in rotation when `turns` are used up.
    pub(crate) otherwise: Vec<Turn>,
    /// The answer to a request for a response before the caller said anything.
    pub(crate) unprompted: Vec<Step>,
    /// The answer to an instruction that a client appends while the session runs.
    pub(crate) instructed: Vec<Step>,
    /// What comes before the WebSocket opens.
    pub(crate) upgrade: Upgrade,
    /// Whether the model answers in text even where audio was asked for.
    pub(crate) text_only: bool,
    /// How many times faster than real time audio is delivered.
    pub(crate) pace: f64,
}

impl Script {
    /// The conversation about the weather that an emulator holds when it is given no script.
    pub fn weather() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the committed script is parsed by a test"
        )]
        include_str!("../assets/weather.script")
            .parse()
            .expect("the weather script parses")
    }

    /// A script in which the model says `text` whatever it hears.
    pub fn saying(text: &str) -> Self {
        let steps = vec![Step::Say(vec![Template::literal(text)])];
        let turn = Turn {
            heard: "...".to_owned(),
            steps: steps.clone(),
        };
        Self {
            otherwise: vec![turn],
            unprompted: steps,
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            opening: Vec::new(),
            turns: Vec::new(),
            otherwise: Vec::new(),
            unprompted: Vec::new(),
            instructed: Vec::new(),
            upgrade: Upgrade::default(),
            text_only: false,
            pace: 10.0,
        }
    }

    /// The `index`th turn of the caller, counted from 0. There is one for any index.
    pub(crate) fn turn(&self, index: usize) -> Turn {
        if let Some(turn) = self.turns.get(index) {
            return turn.clone();
        }
        let beyond = index - self.turns.len();
        let turn = beyond
            .checked_rem(self.otherwise.len())
            .and_then(|at| self.otherwise.get(at));
        turn.cloned().unwrap_or_else(|| Turn {
            heard: "...".to_owned(),
            steps: vec![Step::Say(vec![Template::literal(
                "I have nothing more to say.",
            )])],
        })
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::weather()
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        parse::script(text)
    }
}

/// One turn: what the caller is taken to have said, and what the model does about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turn {
    /// The words of the caller, given out as transcription of audio.
    pub(crate) heard: String,
    /// What the model does, in order.
    pub(crate) steps: Vec<Step>,
}

/// One thing the model does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Speak the first of these texts that can be filled in.
    Say(Vec<Template>),
    /// Call a tool.
    Call {
        tool: String,
        arguments: Vec<(String, Template)>,
    },
    /// Let time pass.
    Wait(Duration),
    /// Break something.
    Fail(Failure),
}

/// How a script breaks the connection or the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Close the WebSocket with a code and a reason.
    Close { code: u16, reason: String },
    /// Cut the connection without a close frame.
    Drop,
    /// Never send another frame.
    Silence,
    /// Send frames that are not events of the protocol, then go on.
    Garbage,
    /// End the response with status `failed` and this message.
    Response { message: String },
    /// Send an `error` event; where the protocol has none, close.
    Error { code: String, message: String },
    /// End the session as if its limit were reached.
    Expire,
    /// Do something to single frames.
    Frame(FrameFault),
}

/// How the request for a WebSocket is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Upgrade {
    /// The answer comes this late.
    pub(crate) after: Duration,
    /// The answer is no.
    pub(crate) refused: Option<Refused>,
}

/// An HTTP answer in place of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// The `Retry-After` header, in seconds.
    pub(crate) retry_after: Option<u64>,
}

/// A script that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    line: usize,
    message: String,
}

impl ScriptError {
    /// The line at fault, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "script line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ScriptError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weather_script_reads_and_serves_any_number_of_turns() {
        let script = Script::weather();
        assert!(
            matches!(script.turn(0).steps.first(), Some(Step::Call { tool, .. }) if tool == "get_weather")
        );
        assert!(script.turn(1).heard.contains("Lisbon"));
        assert_eq!(script.turn(2), script.turn(2 + script.otherwise.len()));
        assert!(!script.turn(usize::MAX).steps.is_empty());
    }

    #[test]
    fn a_script_without_turns_still_answers() {
        let script: Script = "pace 2x".parse().unwrap();
        assert!(!script.turn(0).steps.is_empty());
    }
}
