//! Live progress for the person who watches: who speaks, what tools do, how long answers take.

use std::{
    collections::BTreeMap,
    fmt::Display,
    io::{self, Write},
    time::Duration,
};

use antiphon_protocol::{Event, ItemId, Phase, ResponseStatus};

/// Writes progress to standard error. What cannot be written is not worth failing for.
#[derive(Debug, Default)]
pub struct Progress {
    verbose: bool,
    /// The text of each answer so far.
    answers: BTreeMap<Option<ItemId>, String>,
}

impl Progress {
    /// Tells what matters; with `verbose`, every event.
    pub fn new(verbose: bool) -> Self {
        Self {
            verbose,
            answers: BTreeMap::new(),
        }
    }

    /// A line without a time.
    pub fn say(&self, line: impl Display) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// A line about something that happened `at` this time.
    pub fn at(&self, at: Duration, who: &str, line: impl Display) {
        self.say(format_args!("{:7.2} s  {who:<6} {line}", at.as_secs_f64()));
    }

    /// Tells of an event that arrived `at` this time.
    pub fn event(&mut self, at: Duration, event: &Event) {
        if self.verbose {
            self.at(at, "event", name(event));
        }
        match event {
            Event::InputTranscript(text) if text.done => {
                self.at(at, "you", format_args!("“{}”", text.text.trim()));
            }
            Event::OutputTranscript(text) | Event::OutputText(text) => {
                let answer = self.answers.entry(text.item.clone()).or_default();
                if !text.done {
                    answer.push_str(&text.text);
                    return;
                }
                let whole = if text.text.is_empty() {
                    answer.clone()
                } else {
                    text.text.clone()
                };
                answer.clear();
                self.at(at, "model", format_args!("“{}”", whole.trim()));
            }
            Event::ToolCall(call) => {
                self.at(at, "tool", format_args!("{} {}", call.name, call.arguments));
            }
            Event::ResponseDone(done) => match &done.status {
                ResponseStatus::Failed { error } => {
                    let words = error
                        .as_ref()
                        .map_or("no reason given", |e| e.message.as_str());
                    self.at(at, "model", format_args!("failed: {words}"));
                }
                ResponseStatus::Incomplete { reason } => {
                    let words = reason.as_deref().unwrap_or("no reason given");
                    self.at(at, "model", format_args!("was cut off: {words}"));
                }
                _ => {}
            },
            Event::Error(error) if !error.benign => {
                self.at(at, "error", &error.message);
            }
            Event::Malformed(frame) => self.at(
                at,
                "error",
                format_args!("a frame was not understood: {}", frame.error),
            ),
            Event::Phase(Phase::Waiting { delay, .. }) => {
                let line = format_args!(
                    "connection lost, next attempt in {:.1} s",
                    delay.as_secs_f64()
                );
                self.at(at, "link", line);
            }
            Event::Rotated(rotation) => {
                self.at(
                    at,
                    "link",
                    format_args!("connected again: {:?}", rotation.recovery),
                );
            }
            _ => {}
        }
    }
}

/// An event's name, as the events file spells it.
fn name(event: &Event) -> String {
    match event {
        Event::Other(raw) => raw.name().to_owned(),
        Event::Phase(phase) => format!("phase {phase:?}"),
        // Not worth spelling its audio out for a name.
        Event::Audio(chunk) => format!("audio, {} samples", chunk.samples()),
        event => {
            let value = serde_json::to_value(event).ok();
            let name = value
                .as_ref()
                .and_then(|value| value.get("event")?.as_str());
            name.unwrap_or("event").to_owned()
        }
    }
}
