//! Counting what a run amounts to.

use std::time::Duration;

use antiphon_protocol::{Event, Losses, ResponseStatus, TurnTimes};

use crate::Responses;

/// Most void calls that are named in an outcome's losses.
const NAMED_CALLS: usize = 1024;
/// Most turns whose times are kept.
const TIMED_TURNS: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) user_turns: u64,
    pub(crate) responses: Responses,
    pub(crate) interruptions: u64,
    pub(crate) audio_out: Duration,
    pub(crate) losses: Losses,
    pub(crate) turns: Vec<TurnTimes>,
}

impl Tally {
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::SpeechStopped(_) => self.user_turns += 1,
            Event::Audio(chunk) => {
                self.audio_out = self.audio_out.saturating_add(chunk.duration());
            }
            Event::InterruptionSettled(_) => self.interruptions += 1,
            Event::TurnTimed(times) if self.turns.len() < TIMED_TURNS => {
                self.turns.push(times.clone());
            }
            Event::ResponseDone(done) => {
                match &done.status {
                    ResponseStatus::Completed => self.responses.completed += 1,
                    ResponseStatus::Cancelled { .. } => self.responses.cancelled += 1,
                    ResponseStatus::Failed { .. } => self.responses.failed += 1,
                    // Whatever else a provider may call it: the response is not whole.
                    _ => self.responses.incomplete += 1,
                }
            }
            Event::Rotated(rotation) => self.lose(&rotation.losses),
            _ => {}
        }
    }

    fn lose(&mut self, more: &Losses) {
        let sum = &mut self.losses;
        sum.items_kept = sum.items_kept.saturating_add(more.items_kept);
        sum.items_lost = sum.items_lost.saturating_add(more.items_lost);
        sum.response_lost |= more.response_lost;
        sum.response_asked_again |= more.response_asked_again;
        let room = NAMED_CALLS.saturating_sub(sum.calls_void.len());
        sum.calls_void
            .extend(more.calls_void.iter().take(room).cloned());
        sum.samples_replayed = sum.samples_replayed.saturating_add(more.samples_replayed);
        sum.samples_dropped = sum.samples_dropped.saturating_add(more.samples_dropped);
    }
}
