//! Decodes recorded frames, encodes them again, and tells what was not the same.

mod compare;
mod decode;

use std::{fmt, str::FromStr};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

pub use decode::{Outcome, READERS, Reader, decode};

/// A protocol that has wire types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OpenAI Realtime: conversation, transcription and translation sessions, and the beta shape.
    OpenAiRealtime,
    /// OpenAI GPT-Live: primary, sideband and fork connections.
    OpenAiLive,
    /// Gemini Live.
    GeminiLive,
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "openai-realtime" => Ok(Self::OpenAiRealtime),
            "openai-live" => Ok(Self::OpenAiLive),
            "gemini-live" => Ok(Self::GeminiLive),
            other => Err(format!(
                "there is no protocol {other:?}; there are openai-realtime, openai-live, gemini-live"
            )),
        }
    }
}

/// Who sends a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    Client,
    /// The service.
    Server,
}

impl FromStr for Direction {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "client" => Ok(Self::Client),
            "server" => Ok(Self::Server),
            other => Err(format!("a direction is client or server, not {other:?}")),
        }
    }
}

/// Counts over all frames; its `Display` form is the last line of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames read.
    pub frames: usize,
    /// Frames of a described type that fit.
    pub decoded: usize,
    /// Frames that came back equal.
    pub equal: usize,
    /// Frames of a type that is not described.
    pub unknown: usize,
    /// Frames of a described type that do not fit.
    pub degraded: usize,
    /// Frames that could not be read at all.
    pub failed: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            frames,
            decoded,
            equal,
            unknown,
            degraded,
            failed,
        } = self;
        write!(
            f,
            "frames={frames} decoded={decoded} equal={equal} unknown={unknown} \
             degraded={degraded} failed={failed}"
        )
    }
}

/// A line of a file of samples.
#[derive(Deserialize)]
struct Line<'a> {
    direction: Option<String>,
    #[serde(borrow)]
    frame: &'a RawValue,
}

/// Checks every line of a text, and hands one line per problem to `problem`.
pub fn check(
    protocol: Protocol,
    direction: Option<Direction>,
    text: &str,
    counts: &mut Counts,
    mut problem: impl FnMut(String),
) {
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let number = index + 1;
        let (own, frame) = unwrap(line);
        let frame = frame.as_deref().unwrap_or(line);
        let outcome = decode(protocol, own.or(direction), frame);
        counts.frames += 1;
        match &outcome {
            Outcome::Known { .. } => counts.decoded += 1,
            Outcome::Unknown { event_type, .. } => {
                counts.unknown += 1;
                problem(format!("line {number}: unknown {event_type:?}"));
            }
            Outcome::Degraded {
                event_type, misfit, ..
            } => {
                counts.degraded += 1;
                problem(format!("line {number}: degraded {event_type:?}: {misfit}"));
            }
            Outcome::Failed(error) => {
                counts.failed += 1;
                problem(format!("line {number}: failed: {error}"));
            }
        }
        let json = match &outcome {
            Outcome::Failed(_) => continue,
            Outcome::Known { json }
            | Outcome::Unknown { json, .. }
            | Outcome::Degraded { json, .. } => json,
        };
        match difference(protocol, frame, json) {
            None => counts.equal += 1,
            Some(difference) => problem(format!("line {number}: not equal: {difference}")),
        }
    }
}

/// The direction and the frame of a wrapped line; nothing for a raw frame.
fn unwrap(line: &str) -> (Option<Direction>, Option<String>) {
    let Ok(wrapped) = serde_json::from_str::<Line<'_>>(line) else {
        return (None, None);
    };
    let direction = wrapped
        .direction
        .and_then(|direction| direction.parse().ok());
    let frame = wrapped.frame.get();
    let quoted = serde_json::from_str::<String>(frame);
    (direction, Some(quoted.unwrap_or_else(|_| frame.to_owned())))
}

/// Where two frames of a protocol first differ as JSON values, its normalisations aside; nothing
/// when one of them is no JSON.
#[must_use]
pub fn difference(protocol: Protocol, before: &str, after: &str) -> Option<String> {
    let before = serde_json::from_str::<Value>(before).ok()?;
    let after = serde_json::from_str::<Value>(after).ok()?;
    compare::first_difference(&before, &after, protocol == Protocol::GeminiLive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> (Counts, Vec<String>) {
        let (mut counts, mut problems) = (Counts::default(), Vec::new());
        check(Protocol::OpenAiRealtime, None, text, &mut counts, |line| {
            problems.push(line);
        });
        (counts, problems)
    }

    #[test]
    fn each_kind_of_frame_is_counted_once() {
        let (counts, problems) = run(concat!(
            "{\"type\":\"input_audio_buffer.clear\"}\n",
            "{\"direction\":\"server\",\"frame\":{\"type\":\"tomorrow\"}}\n",
            "\n",
            "{\"direction\":\"server\",\"frame\":{\"type\":\"error\",\"error\":7}}\n",
            "{\"frame\":\"garbage\"}\n",
            "[]\n",
        ));
        assert_eq!(
            counts.to_string(),
            "frames=5 decoded=1 equal=3 unknown=1 degraded=1 failed=2"
        );
        assert_eq!(problems.len(), 4, "{problems:?}");
    }
}
