//! Writing down what the engine is fed.

use antiphon_protocol::Time;
use antiphon_transport::Input;

use super::{Engine, EngineCommand, Verb};
use crate::tape::{Begun, Fed, Line, Tape};

/// A tape, and what the reader has taken since the last line.
pub(super) struct Taping {
    tape: Box<dyn Tape>,
    taken: usize,
}

impl Taping {
    fn note(&mut self, at: Time, fed: Fed) {
        // What holds no map with other keys than text can always be written.
        if let Ok(json) = serde_json::to_string(&Line { at, fed }) {
            self.tape.note(&json);
        }
    }

    pub(super) fn took(&mut self) {
        self.taken += 1;
    }
}

impl Engine {
    /// Writes down all it is fed from here on, which must be from its beginning.
    pub(crate) fn record(&mut self, now: Time, tape: Box<dyn Tape>, begun: Begun) {
        let mut taping = Taping { tape, taken: 0 };
        taping.note(now, Fed::Begun(Box::new(begun)));
        self.taping = Some(taping);
    }

    /// Writes an input down and gives it back, its closures carried out.
    pub(super) fn taped(&mut self, now: Time, input: Input<EngineCommand>) -> Input<EngineCommand> {
        let Some(taping) = &mut self.taping else {
            return input;
        };
        let input = match input {
            Input::Command(EngineCommand::Do {
                id,
                verb: Verb::Update(update),
            }) => {
                // A description that panics leads to the same refusal twice; it is written down not at all.
                let update = match update.plain(self.updates.desired()) {
                    Some(update) => update,
                    None => crate::Update::panicking(),
                };
                let verb = Verb::Update(update);
                Input::Command(EngineCommand::Do { id, verb })
            }
            input => input,
        };
        if let Some(fed) = Fed::of(&input) {
            taping.note(now, fed);
        }
        input
    }

    /// Writes down what the last input cost beyond `before`: prices are code, which nobody who reads the
    /// recording has.
    pub(super) fn tape_charge(&mut self, now: Time, before: u64) {
        let charged = self.usage.totals().cost.saturating_sub(before);
        if let Some(taping) = &mut self.taping
            && charged > 0
        {
            taping.note(now, Fed::Charged(charged));
        }
    }

    /// Writes down how much the reader took.
    pub(super) fn tape_taken(&mut self, now: Time) {
        if let Some(taping) = &mut self.taping
            && taping.taken > 0
        {
            let taken = std::mem::take(&mut taping.taken);
            taping.note(now, Fed::Taken(taken));
        }
    }
}
