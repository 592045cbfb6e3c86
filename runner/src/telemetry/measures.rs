//! Figures, by the names that the crate's documentation lists. Without the `metrics` feature nothing is
//! measured.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use antiphon_protocol::{Event, ResponseStatus, TurnTimes};

use crate::{Lag, ToolEnd, ToolErrorKind, ToolOutcome};

/// How soon the loudspeaker is silent after an interruption: when the handlers of the audio lane have
/// dropped what they held. Whether there was an interruption is for the session's timeline to say.
#[derive(Debug, Default)]
pub(crate) struct Silence(Mutex<Measured>);

#[derive(Debug, Default)]
struct Measured {
    fell_after: Option<Duration>,
    /// The timeline told of an interruption before the players were done.
    wanted: bool,
}

impl Silence {
    /// The players have dropped what they held, so long after they were to.
    pub(crate) fn fell(&self, after: Duration) {
        let mut measured = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut measured.wanted) {
            histogram("antiphon_silence_seconds", after);
        } else {
            measured.fell_after = Some(after);
        }
    }

    fn turn_over(&self, interrupted: bool) {
        let mut measured = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match measured.fell_after.take() {
            Some(after) if interrupted => histogram("antiphon_silence_seconds", after),
            _ => measured.wanted = interrupted,
        }
    }
}

/// Measures what an event tells.
pub(crate) fn measure(event: &Event, silence: &Silence) {
    match event {
        Event::TurnTimed(times) => turn(times, silence),
        Event::ResponseDone(done) => {
            let status = match &done.status {
                ResponseStatus::Completed => "completed",
                ResponseStatus::Cancelled { .. } => "cancelled",
                ResponseStatus::Failed { .. } => "failed",
                _ => "incomplete",
            };
            count("antiphon_responses_total", "status", status, 1);
        }
        Event::Rotated(rotation) => {
            let kept = kept(rotation.recovery);
            count("antiphon_rotations_total", "kept", kept, 1);
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

fn turn(times: &TurnTimes, silence: &Silence) {
    if let Some(wait) = times.to_first_sound() {
        histogram("antiphon_first_audio_seconds", wait);
    }
    if let Some(wait) = times.to_first_heard() {
        histogram("antiphon_first_heard_seconds", wait);
    }
    if let (Some(interrupted), Some(settled)) = (times.interrupted, times.settled) {
        histogram("antiphon_interruption_seconds", settled - interrupted);
    }
    silence.turn_over(times.interrupted.is_some());
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
