//! Figures, by the names that the crate's documentation lists. Without the `metrics` feature nothing is
//! measured.

use std::time::Duration;

use antiphon_protocol::{Event, ResponseStatus, Time};

use crate::{Lag, ResponseTimes, ToolEnd, ToolErrorKind, ToolOutcome};

/// Measures what events tell, and how long interruptions take to settle.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    /// When the model was stopped, until that is settled.
    since: Option<Time>,
}

impl Measures {
    /// The model is to be silent from here on.
    pub(crate) fn interrupted(&mut self, now: Time) {
        self.since.get_or_insert(now);
    }

    pub(crate) fn note(&mut self, now: Time, event: &Event, times: Option<&ResponseTimes>) {
        if let Some(wait) = times.and_then(|times| times.first_audio) {
            histogram("antiphon_first_audio_seconds", wait);
        }
        match event {
            Event::ResponseDone(done) => {
                let status = match &done.status {
                    ResponseStatus::Completed => "completed",
                    ResponseStatus::Cancelled { .. } => "cancelled",
                    ResponseStatus::Failed { .. } => "failed",
                    _ => "incomplete",
                };
                count("antiphon_responses_total", "status", status, 1);
                // Nothing was playing: there is no settlement to wait for.
                if !matches!(done.status, ResponseStatus::Cancelled { .. }) {
                    self.since = None;
                }
            }
            Event::InterruptionSettled(_) => {
                let took = self
                    .since
                    .take()
                    .map_or(Duration::ZERO, |since| now - since);
                histogram("antiphon_interruption_seconds", took);
            }
            Event::Rotated(rotation) => {
                count(
                    "antiphon_rotations_total",
                    "kept",
                    kept(rotation.recovery),
                    1,
                );
                let dropped = rotation.losses.samples_dropped;
                count(
                    "antiphon_audio_dropped_samples_total",
                    "side",
                    "input",
                    dropped,
                );
            }
            _ => {}
        }
    }
}

/// A call's work is over.
pub(crate) fn tool_ended(end: &ToolEnd) {
    let outcome = match end.outcome {
        ToolOutcome::Completed => "completed",
        ToolOutcome::Failed(kind) => kind.word(),
    };
    // A name the model made up is no label: labels are bounded by what the agent was given.
    let made_up = end.outcome == ToolOutcome::Failed(ToolErrorKind::UnknownTool);
    tool(
        if made_up { "unknown" } else { &end.call.name },
        outcome,
        end.took,
    );
}

/// A lane of handlers dropped notices.
pub(crate) fn missed(lag: Lag) {
    count(
        "antiphon_lane_missed_total",
        "lane",
        lag.lane.name(),
        lag.missed,
    );
}

const fn kept(recovery: antiphon_protocol::Recovery) -> &'static str {
    match recovery {
        antiphon_protocol::Recovery::Resumed => "resumed",
        antiphon_protocol::Recovery::Reseeded => "reseeded",
        antiphon_protocol::Recovery::Reverted => "reverted",
        _ => "nothing",
    }
}

#[cfg(feature = "metrics")]
fn count(name: &'static str, label: &'static str, value: &'static str, by: u64) {
    metrics::counter!(name, label => value).increment(by);
}

#[cfg(feature = "metrics")]
fn histogram(name: &'static str, value: Duration) {
    metrics::histogram!(name).record(value);
}

#[cfg(feature = "metrics")]
fn tool(name: &str, outcome: &'static str, took: Duration) {
    metrics::histogram!("antiphon_tool_seconds", "tool" => name.to_owned(), "outcome" => outcome)
        .record(took);
}

#[cfg(not(feature = "metrics"))]
fn count(_name: &'static str, _label: &'static str, _value: &'static str, _by: u64) {}

#[cfg(not(feature = "metrics"))]
fn histogram(_name: &'static str, _value: Duration) {}

#[cfg(not(feature = "metrics"))]
fn tool(_name: &str, _outcome: &'static str, _took: Duration) {}
