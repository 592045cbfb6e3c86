//! The caller: when they speak, and the words that the script puts into their mouth.

use std::collections::VecDeque;

use serde_json::json;

use super::{Session, timeline::SLOT_MS};
use crate::{
    script::{Facts, Turn},
    vad::{Heard, Vad, VadSettings},
};

/// The grid of transcripts, in milliseconds.
pub(super) const CELL_MS: u64 = 200;

const SETTINGS: VadSettings = VadSettings {
    threshold: 0.5,
    prefix_ms: 300,
    silence_ms: 500,
};

#[derive(Debug)]
pub(super) struct Caller {
    pub(super) muted: bool,
    /// The turn of the script that comes next.
    pub(super) next_turn: usize,
    vad: Vad,
    speaking: Option<Speaking>,
}

/// A turn that is being spoken.
#[derive(Debug)]
struct Speaking {
    turn: Turn,
    words: VecDeque<String>,
}

impl Caller {
    pub(super) fn new(next_turn: usize) -> Self {
        Self {
            muted: false,
            next_turn,
            vad: Vad::new(SETTINGS, 24_000, 0),
            speaking: None,
        }
    }

    pub(super) fn listen_at(&mut self, rate: u32) {
        self.vad = Vad::new(SETTINGS, rate, 0);
    }

    pub(super) fn is_speaking(&self) -> bool {
        self.speaking.is_some()
    }
}

impl Session {
    /// The next turn of the script; `said` replaces its words.
    pub(super) fn next_turn(&mut self, said: Option<String>) -> Turn {
        let mut turn = self.settings.script.turn(self.caller.next_turn);
        self.caller.next_turn += 1;
        if let Some(said) = said {
            turn.heard = said;
        }
        turn
    }

    /// Listens to the caller's audio from `start` on.
    pub(super) fn hear(&mut self, samples: &[i16], start: u64) {
        let silence = vec![0; samples.len()];
        let deaf = self.caller.muted || self.speech.is_fixture();
        let samples = if deaf { &silence } else { samples };
        let mut heard = Vec::new();
        self.caller.vad.listen(samples, |event| heard.push(event));
        for event in heard {
            match event {
                Heard::Started { .. } => self.caller_starts(),
                Heard::Stopped { .. } => self.caller_stops(start),
            }
        }
        // Words come when the cell they stand in is over.
        if (start + SLOT_MS).is_multiple_of(CELL_MS)
            && let Some(speaking) = &mut self.caller.speaking
            && let Some(word) = speaking.words.pop_front()
        {
            self.transcribe("session.input_transcript.delta", &word, start);
        }
    }

    /// The model falls silent; no event says so.
    fn caller_starts(&mut self) {
        self.speech.hush();
        let turn = self.next_turn(None);
        let words = turn.heard.split_whitespace().enumerate();
        let words = words.map(|(at, word)| spaced(at == 0, word)).collect();
        self.caller.speaking = Some(Speaking { turn, words });
    }

    fn caller_stops(&mut self, start: u64) {
        let Some(speaking) = self.caller.speaking.take() else {
            return;
        };
        if !speaking.words.is_empty() {
            let rest: String = speaking.words.into_iter().collect();
            self.transcribe("session.input_transcript.delta", &rest, start);
        }
        let after = u64::try_from(self.settings.thinking.as_millis()).unwrap_or(u64::MAX);
        self.answer(speaking.turn, start + SLOT_MS + after);
    }

    /// The model does what the script says about a turn.
    pub(super) fn answer(&mut self, turn: Turn, not_before: u64) {
        let facts = Facts {
            heard: turn.heard,
            ..Facts::default()
        };
        self.speech.begin(turn.steps, facts, not_before);
    }

    /// Queues a piece of a transcript that stands in the cell around `at`.
    pub(super) fn transcribe(&mut self, event_type: &str, words: &str, at: u64) {
        let start = at / CELL_MS * CELL_MS;
        let fields = json!({"start_ms": start, "end_ms": start + CELL_MS, "delta": words});
        let id = self.emit(event_type, fields, None);
        self.trigger_decisions(event_type, &id);
    }
}

/// A word with the space before it that a transcript puts there.
pub(super) fn spaced(first: bool, word: &str) -> String {
    if first {
        word.to_owned()
    } else {
        format!(" {word}")
    }
}
