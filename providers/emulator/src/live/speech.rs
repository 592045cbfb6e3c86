//! The model: it plays the steps of the script onto one continuous track, silence included.

use std::collections::VecDeque;

use antiphon_protocol::{AudioFormat, Time};

use super::{
    Phase, Session,
    caller::{CELL_MS, spaced},
    config::tokens,
    timeline::SLOT_MS,
};
use crate::{
    audio,
    joint::{Seat, To},
    script::{Facts, Step, Template},
    voice::{self, SpokenWord},
};

/// Samples of the voice in one step of the clock.
const SLOT: usize = 2_400;
/// Answers that may wait for the model to be quiet.
const MAX_READY: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Speech {
    track: Option<Track>,
    steps: VecDeque<Step>,
    facts: Facts,
    /// The next step is not taken before this place of the timeline, in milliseconds.
    not_before: u64,
    /// What else there is to do when the model is quiet, such as results of delegated work.
    ready: VecDeque<(Vec<Step>, Facts)>,
}

/// What is being said.
#[derive(Debug)]
struct Track {
    /// At 24 kHz.
    samples: Vec<i16>,
    /// The same in the session's format.
    encoded: Vec<u8>,
    words: VecDeque<SpokenWord>,
    /// Samples that have been sent.
    sent: usize,
    /// Where on the timeline it began, in milliseconds.
    start: u64,
    /// A clip that the client plays instead of the model's speech.
    fixture: Option<Option<String>>,
}

impl Track {
    /// The words that begin before `end`, as one piece of a transcript.
    fn words_before(&mut self, end: u64) -> String {
        let (start, ends) = (self.start, self.sent >= self.samples.len());
        let mut piece = String::new();
        let due = |word: &SpokenWord| ends || start + word.start as u64 / 24 < end;
        while self.words.front().is_some_and(due)
            && let Some(word) = self.words.pop_front()
        {
            piece.push_str(&word.text);
        }
        piece
    }
}

impl Speech {
    /// Takes up the steps of a turn in place of what else was to be said.
    pub(super) fn begin(&mut self, steps: Vec<Step>, facts: Facts, not_before: u64) {
        self.steps = steps.into();
        self.facts = facts;
        self.not_before = not_before;
    }

    /// Does this when all else is done.
    pub(super) fn queue(&mut self, steps: Vec<Step>, facts: Facts) {
        if self.ready.len() < MAX_READY {
            self.ready.push_back((steps, facts));
        }
    }

    /// Says nothing more of what was begun.
    pub(super) fn hush(&mut self) {
        self.steps.clear();
        if !self.is_fixture() {
            self.track = None;
        }
    }

    pub(super) fn is_fixture(&self) -> bool {
        self.track
            .as_ref()
            .is_some_and(|track| track.fixture.is_some())
    }

    /// Plays a clip, and nothing else until it is over.
    pub(super) fn play_clip(
        &mut self,
        samples: Vec<i16>,
        format: AudioFormat,
        event: Option<&str>,
        start: u64,
    ) {
        self.steps.clear();
        self.track = Some(Track {
            encoded: audio::encode(&samples, format),
            samples,
            words: VecDeque::new(),
            sent: 0,
            start,
            fixture: Some(event.map(str::to_owned)),
        });
    }
}

impl Session {
    /// Takes the steps that are due at `start`.
    pub(super) fn play(&mut self, at: Time, start: u64) {
        while self.phase == Phase::Running
            && self.speech.track.is_none()
            && !self.caller.is_speaking()
            && self.speech.not_before <= start
        {
            match self.speech.steps.pop_front() {
                Some(Step::Say(texts)) => self.say(&texts, start),
                Some(Step::Wait(pause)) => {
                    let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    self.speech.not_before = start.saturating_add(pause);
                }
                Some(call @ Step::Call { .. }) => self.delegate(call, at, start),
                Some(Step::Fail(failure)) => self.fail(&failure),
                None => match self.speech.ready.pop_front() {
                    Some((steps, facts)) => self.speech.begin(steps, facts, start),
                    None => return,
                },
            }
        }
    }

    /// The steps after those that were taken, to be done later; and what is known by then.
    pub(super) fn take_rest(&mut self) -> (Vec<Step>, Facts) {
        let steps = std::mem::take(&mut self.speech.steps).into();
        (steps, self.speech.facts.clone())
    }

    /// The call at hand and those that follow it at once.
    pub(super) fn take_calls(&mut self, first: Step) -> Vec<Step> {
        let mut calls = vec![first];
        while let Some(Step::Call { .. }) = self.speech.steps.front()
            && let Some(call) = self.speech.steps.pop_front()
        {
            calls.push(call);
        }
        calls
    }

    fn say(&mut self, texts: &[Template], start: u64) {
        let text = words(texts, &self.speech.facts);
        let speech = voice::speak(&text);
        let words = speech.words.into_iter().enumerate();
        let words = words.map(|(at, word)| SpokenWord {
            text: spaced(at == 0, &word.text),
            start: word.start,
        });
        self.context_tokens += tokens(&text);
        self.speech.track = Some(Track {
            encoded: audio::encode(&speech.samples, self.config.format()),
            samples: speech.samples,
            words: words.collect(),
            sent: 0,
            start,
            fixture: None,
        });
    }

    /// Sends the model's track from `start` to the next step of the clock.
    pub(super) fn voice(&mut self, start: u64) {
        let format = self.config.format();
        let bytes = usize::try_from(format.bytes_of(u64::from(format.rate / 10))).unwrap_or(0);
        let mut audio = Vec::with_capacity(bytes);
        let mut wide = Vec::with_capacity(SLOT);
        let mut piece = String::new();
        let mut played = None;
        if let Some(track) = &mut self.speech.track {
            let slot = track.sent / SLOT;
            let encoded = track.encoded.iter().skip(slot * bytes).take(bytes);
            audio.extend(encoded);
            wide.extend(track.samples.iter().skip(track.sent).take(SLOT));
            track.sent += SLOT;
            piece = track.words_before(start / CELL_MS * CELL_MS + CELL_MS);
            if track.sent >= track.samples.len() {
                played = self.speech.track.take().and_then(|track| track.fixture);
            }
        }
        if !piece.is_empty() {
            self.transcribe("session.output_transcript.delta", &piece, start);
        }
        audio.resize(bytes, format.silence());
        let head = r#"{"type":"session.output_audio.delta","delta":""#;
        self.send_audio(To::Only(Seat::OWN), head, &audio, "\"}");
        if self.joined {
            wide.resize(SLOT, 0);
            let wide = audio::encode(&wide, AudioFormat::PCM16_24K);
            let end = start + SLOT_MS;
            let tail = format!(r#"","start_ms":{start},"end_ms":{end}}}"#);
            self.send_audio(To::Joined, head, &wide, &tail);
        }
        if let Some(event) = played {
            self.fixture_played(event.as_deref());
        }
    }
}

/// The first text that can be filled in, else the last as far as it can be.
pub(super) fn words(texts: &[Template], facts: &Facts) -> String {
    let filled = texts.iter().find_map(|text| text.fill(facts));
    let rest = || texts.last().map(|text| text.fill_or_omit(facts));
    filled.or_else(rest).unwrap_or_default()
}
