//! What is told at the end, in words or as one JSON object.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use antiphon_protocol::{AudioFormat, Ended, Usage};
use serde::Serialize;
use serde_json::Value;

use super::{
    account::{Account, Call, Outcome, Turn},
    cli::Options,
    exit::{Exit, Failure},
};

/// A conversation in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The provider asked for.
    pub provider: String,
    /// Where it was, without its query; `None` when it was never chosen.
    pub url: Option<String>,
    /// Each turn and its answer.
    pub turns: Vec<TurnReport>,
    /// Tokens of all responses.
    pub usage: Usage,
    /// Connections after the first.
    pub reconnects: u32,
    /// What was lost, by class.
    pub lost: Lost,
    /// How it ended.
    pub ended: EndReport,
}

/// One turn.
#[derive(Clone, Debug, Serialize)]
pub struct TurnReport {
    /// What the caller said, where known.
    pub user: Option<String>,
    /// What the model said, as far as it was heard.
    pub assistant: Option<String>,
    /// `completed`, `interrupted` or `failed`.
    pub status: &'static str,
    /// Whether the caller cut the answer short.
    pub interrupted: bool,
    /// The tools that were called.
    pub tool_calls: Vec<CallReport>,
    /// How long the caller's recording is, in milliseconds.
    pub audio_in_ms: u64,
    /// How much of the answer was heard, in milliseconds.
    pub audio_out_ms: u64,
    /// From the caller's last sound to the first audio of the answer, in milliseconds.
    pub first_audio_ms: Option<u64>,
}

/// One tool call.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    /// The tool.
    pub name: String,
    /// Its arguments: JSON, or text where the model wrote something else.
    pub arguments: Value,
    /// Its output, likewise; null where there is none.
    pub output: Value,
    /// How long it took, in milliseconds.
    pub ms: Option<u64>,
}

/// What was lost. All zero in a good conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Milliseconds of the caller's audio that no connection took.
    pub input_audio_ms: u64,
    /// Items of history that a new connection was not given.
    pub items: u64,
    /// Answers cut off by the loss of a connection and not asked for again.
    pub responses: u64,
    /// Tool calls with no one left to take their answer.
    pub tool_calls: u64,
    /// Frames that could not be understood.
    pub malformed_frames: u64,
}

impl Lost {
    fn classes(&self) -> [(u64, &'static str); 5] {
        [
            (self.input_audio_ms, "ms of your audio"),
            (self.items, "items of history"),
            (self.responses, "answers"),
            (self.tool_calls, "tool calls"),
            (self.malformed_frames, "frames that could not be understood"),
        ]
    }
}

/// How the conversation ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EndReport {
    /// `closed` when all went well; else what ended it.
    pub cause: String,
    /// The exit code.
    pub exit: u8,
    /// The sentence on standard error; `None` when all went well.
    pub message: Option<String>,
    /// What the session says about its end; `None` when there was no session.
    pub session: Option<Ended>,
}

impl EndReport {
    /// An end without a fault.
    pub fn orderly(session: Option<Ended>) -> Self {
        Self {
            cause: Exit::Success.cause().to_owned(),
            exit: 0,
            message: None,
            session,
        }
    }

    /// An end with a fault.
    pub fn failed(failure: &Failure, session: Option<Ended>) -> Self {
        Self {
            cause: failure.exit.cause().to_owned(),
            exit: failure.exit.code(),
            message: Some(failure.sentence.clone()),
            session,
        }
    }
}

impl TurnReport {
    fn new(turn: &Turn, format: AudioFormat) -> Self {
        let (status, interrupted) = match turn.outcome() {
            Outcome::Completed => ("completed", false),
            Outcome::Interrupted => ("interrupted", true),
            Outcome::Failed => ("failed", turn.cut.is_some()),
        };
        Self {
            user: turn.user.as_ref().map(|user| user.trim().to_owned()),
            assistant: turn.assistant(),
            status,
            interrupted,
            tool_calls: turn.calls.iter().map(CallReport::new).collect(),
            audio_in_ms: millis(turn.audio_in),
            audio_out_ms: format.millis_of(turn.heard),
            first_audio_ms: turn.first_audio_after().map(millis),
        }
    }
}

impl CallReport {
    fn new(call: &Call) -> Self {
        let answered = call.answered.as_ref();
        Self {
            name: call.name.clone(),
            arguments: json_or_text(&call.arguments),
            output: answered.map_or(Value::Null, |(_, output)| json_or_text(output)),
            ms: answered.map(|(at, _)| millis(at.saturating_sub(call.asked))),
        }
    }
}

/// The turns of an account as the summary tells them.
pub fn turns(account: &Account, format: AudioFormat) -> Vec<TurnReport> {
    account
        .turns
        .iter()
        .map(|turn| TurnReport::new(turn, format))
        .collect()
}

fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(millis: u64) -> String {
    format!("{:.2} s", millis as f64 / 1000.0)
}

impl Summary {
    /// Of a conversation that was never begun.
    pub fn failed(options: &Options, failure: &Failure) -> Self {
        Self {
            provider: options.provider.clone(),
            ended: EndReport::failed(failure, None),
            ..Self::default()
        }
    }

    fn figures(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let count = |status| {
            self.turns
                .iter()
                .filter(|turn| turn.status == status)
                .count()
        };
        let sum = |part: fn(&TurnReport) -> u64| self.turns.iter().map(part).sum::<u64>();
        let calls: Vec<&str> = self
            .turns
            .iter()
            .flat_map(|turn| &turn.tool_calls)
            .map(|call| call.name.as_str())
            .collect();
        let first: Vec<String> = self
            .turns
            .iter()
            .map(|turn| turn.first_audio_ms.map_or("-".to_owned(), seconds))
            .collect();
        let (input, output) = (&self.usage.input, &self.usage.output);
        writeln!(
            text,
            "turns        {} ({} completed, {} interrupted, {} failed)",
            self.turns.len(),
            count("completed"),
            count("interrupted"),
            count("failed")
        )?;
        writeln!(
            text,
            "audio        {} said, {} heard",
            seconds(sum(|t| t.audio_in_ms)),
            seconds(sum(|t| t.audio_out_ms))
        )?;
        writeln!(
            text,
            "first audio  {}",
            if first.is_empty() {
                "-".to_owned()
            } else {
                first.join(", ")
            }
        )?;
        writeln!(
            text,
            "tool calls   {}",
            if calls.is_empty() {
                "none".to_owned()
            } else {
                calls.join(", ")
            }
        )?;
        writeln!(
            text,
            "tokens       {} in, {} out",
            input.total, output.total
        )?;
        writeln!(text, "reconnects   {}", self.reconnects)?;
        let lost: Vec<String> = self
            .lost
            .classes()
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        writeln!(
            text,
            "lost         {}",
            if lost.is_empty() {
                "nothing".to_owned()
            } else {
                lost.join(", ")
            }
        )?;
        write!(text, "ended        {}", self.ended.cause)?;
        Ok(text)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.figures()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_has_the_promised_members() {
        let call = Call {
            id: "c1".into(),
            name: "get_weather".to_owned(),
            arguments: r#"{"city":"Oslo"}"#.to_owned(),
            asked: Duration::from_millis(10),
            answered: Some((Duration::from_millis(14), "cold".to_owned())),
        };
        let mut account = Account::default();
        account.begin_recording(Duration::ZERO, Duration::from_millis(700), Duration::ZERO);
        account.turns[0].calls.push(call);
        account.turns[0].heard = 24_000;
        let failure = Failure::new(Exit::Timeout, "too slow");
        let summary = Summary {
            provider: "openai-realtime".to_owned(),
            turns: turns(&account, AudioFormat::PCM16_24K),
            ended: EndReport::failed(&failure, None),
            ..Summary::default()
        };
        let value = serde_json::to_value(&summary).unwrap();
        let names: Vec<_> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut expected = [
            "provider",
            "url",
            "turns",
            "usage",
            "reconnects",
            "lost",
            "ended",
        ];
        expected.sort_unstable();
        let mut names = names;
        names.sort_unstable();
        assert_eq!(names, expected);
        let turn = &value["turns"][0];
        assert_eq!(turn["user"], Value::Null);
        assert_eq!(turn["status"], "failed");
        assert_eq!(
            (&turn["audio_in_ms"], &turn["audio_out_ms"]),
            (&700.into(), &1000.into())
        );
        assert_eq!(turn["tool_calls"][0]["arguments"]["city"], "Oslo");
        assert_eq!(turn["tool_calls"][0]["output"], "cold");
        assert_eq!(turn["tool_calls"][0]["ms"], 4);
        assert_eq!(value["ended"]["cause"], "timeout");
        assert_eq!(value["ended"]["exit"], 7);
    }

    #[test]
    fn in_words_it_names_every_figure() {
        let text = Summary {
            ended: EndReport::orderly(None),
            ..Summary::default()
        }
        .to_string();
        for figure in [
            "turns",
            "audio",
            "first audio",
            "tool calls",
            "tokens",
            "reconnects",
            "lost",
            "ended",
        ] {
            assert!(
                text.lines().any(|line| line.starts_with(figure)),
                "{figure}"
            );
        }
    }
}
