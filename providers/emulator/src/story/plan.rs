//! From the steps of a script to the acts of a response, each with its time.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{AudioFormat, Time};
use bytes::Bytes;

use super::arguments;
use crate::{
    audio,
    script::{Facts, Failure, Step, Template},
    voice::{self, Speech},
};

/// Audio in one delta.
const DELTA: Duration = Duration::from_millis(100);
/// How far the transcript runs ahead of the audio.
const TRANSCRIPT_LEAD: Duration = Duration::from_millis(300);
/// Between two pieces of text or arguments.
const TEXT_PACE: Duration = Duration::from_millis(10);
/// Letters in one piece of arguments.
const ARGUMENTS_PIECE: usize = 4;

/// One thing a response does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    BeginMessage,
    /// A word that is spoken; part of the transcript.
    Word(String),
    Audio(Bytes),
    /// A word that is written.
    Text(String),
    EndMessage,
    BeginCall {
        tool: String,
        arguments: String,
        given: Vec<(String, String)>,
    },
    Arguments(String),
    EndCall,
    Fail(Failure),
    Finish,
}

/// How a response is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// When its first output is due.
    pub(crate) start: Time,
    /// The format of its audio; nothing when it answers in text.
    pub(crate) audio: Option<AudioFormat>,
    /// Audio is delivered this many times faster than real time.
    pub(crate) pace: f64,
}

/// The acts of `steps`, in order of time. `schema_of` knows the parameters of the tools.
pub(crate) fn plan(
    steps: &[Step],
    facts: &Facts,
    manner: Manner,
    schema_of: impl Fn(&str) -> serde_json::Value,
) -> VecDeque<(Time, Act)> {
    let mut plan = Plan {
        acts: VecDeque::new(),
        at: manner.start,
        manner,
    };
    let mut open = false;
    for (index, step) in steps.iter().enumerate() {
        let mut next = steps.iter().skip(index + 1);
        let next = next.find(|step| !matches!(step, Step::Wait(_)));
        let breaks = matches!(next, Some(Step::Fail(_)));
        match step {
            Step::Say(texts) => {
                plan.say(&words(texts, facts));
                open = true;
            }
            Step::Call { tool, arguments } => {
                let given: Vec<_> = arguments
                    .iter()
                    .map(|(name, value)| (name.clone(), value.fill_or_omit(facts)))
                    .collect();
                plan.call(tool, &schema_of(tool), given);
            }
            Step::Wait(pause) => plan.at = plan.at + *pause,
            Step::Fail(failure) => plan.push(Act::Fail(failure.clone())),
        }
        // A failure strikes while the message is still open.
        if open && !breaks && !matches!(step, Step::Wait(_)) {
            open = false;
            plan.push(Act::EndMessage);
        }
    }
    plan.push(Act::Finish);
    plan.acts
}

/// The first text that can be filled in, else the last as far as it can be.
fn words(texts: &[Template], facts: &Facts) -> String {
    let filled = texts.iter().find_map(|text| text.fill(facts));
    filled.unwrap_or_else(|| {
        texts
            .last()
            .map(|text| text.fill_or_omit(facts))
            .unwrap_or_default()
    })
}

struct Plan {
    acts: VecDeque<(Time, Act)>,
    at: Time,
    manner: Manner,
}

impl Plan {
    fn push(&mut self, act: Act) {
        self.acts.push_back((self.at, act));
    }

    fn say(&mut self, text: &str) {
        self.push(Act::BeginMessage);
        match self.manner.audio {
            Some(format) => self.speak(&voice::speak(text), format),
            None => {
                for (index, word) in text.split_whitespace().enumerate() {
                    self.push(Act::Text(spaced(index, word)));
                    self.at = self.at + TEXT_PACE;
                }
            }
        }
    }

    fn speak(&mut self, speech: &Speech, format: AudioFormat) {
        let bytes = Bytes::from(audio::encode(&speech.samples, format));
        let piece = usize::try_from(format.bytes_of(format.samples_in(DELTA)))
            .unwrap_or(1)
            .max(1);
        let heard = AudioFormat::pcm16(voice::RATE);
        let mut words = speech.words.iter().enumerate().peekable();
        let mut spoken = Duration::ZERO;
        let start = self.at;
        for from in (0..bytes.len()).step_by(piece) {
            let lead = heard.samples_in(spoken + TRANSCRIPT_LEAD);
            while let Some((index, word)) = words.next_if(|(_, word)| word.start as u64 <= lead) {
                self.push(Act::Word(spaced(index, &word.text)));
            }
            self.push(Act::Audio(bytes.slice(from..bytes.len().min(from + piece))));
            spoken += DELTA;
            self.at = start + spoken.div_f64(self.manner.pace);
        }
        for (index, word) in words {
            self.push(Act::Word(spaced(index, &word.text)));
        }
    }

    fn call(&mut self, tool: &str, schema: &serde_json::Value, given: Vec<(String, String)>) {
        let arguments = arguments::fit(schema, &given).to_string();
        self.push(Act::BeginCall {
            tool: tool.to_owned(),
            arguments: arguments.clone(),
            given,
        });
        let letters: Vec<char> = arguments.chars().collect();
        for piece in letters.chunks(ARGUMENTS_PIECE) {
            self.push(Act::Arguments(piece.iter().collect()));
            self.at = self.at + TEXT_PACE;
        }
        self.push(Act::EndCall);
    }
}

fn spaced(index: usize, word: &str) -> String {
    if index == 0 {
        word.to_owned()
    } else {
        format!(" {word}")
    }
}
