//! The voice of the emulated model: recorded phrases, words and syllables, joined to speak any text.
//!
//! The longest recorded phrase wins, so the sentences of the weather script sound as they were
//! recorded; other text is built from single words, and unknown words from syllables.

mod inventory;
mod spelling;

use std::sync::LazyLock;

use self::inventory::Inventory;

/// Samples per second of everything the voice says, in Hz.
pub(crate) const RATE: u32 = 24_000;

/// Silence after a comma and after a sentence, in samples.
const SHORT_PAUSE: usize = 3_600;
const LONG_PAUSE: usize = 7_200;
/// Silence between clips that were not recorded together, in samples.
const WORD_GAP: usize = 720;
/// Words of one utterance that are spoken; a longer text is spoken up to here.
const MAX_WORDS: usize = 2_000;

static INVENTORY: LazyLock<Inventory> = LazyLock::new(Inventory::embedded);

/// A text as audio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    /// Mono PCM16 at 24 kHz.
    pub samples: Vec<i16>,
    /// The words of the text with the sample at which each begins, in order.
    pub words: Vec<SpokenWord>,
}

/// A word of a [`Speech`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenWord {
    /// The word as written, with its punctuation.
    pub text: String,
    /// The sample, at 24 kHz, at which it begins.
    pub start: usize,
}

/// Speaks `text`. Its duration follows the text's; text without a letter or digit is a short silence.
pub fn speak(text: &str) -> Speech {
    let written: Vec<&str> = text.split_whitespace().take(MAX_WORDS).collect();
    let units = units(&written);
    let mut speech = Speech::default();
    let mut next_word = 0;
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        let (taken, clip) = clip_at(&units, at);
        let spoken = units.get(at..at + taken).unwrap_or_default();
        let last = spoken.last().unwrap_or(unit);
        place_words(&mut speech, &written, &mut next_word, last.word, clip.len());
        speech.samples.extend_from_slice(&clip);
        let pause = match last.pause {
            Pause::None => WORD_GAP,
            Pause::Short => SHORT_PAUSE,
            Pause::Long => LONG_PAUSE,
        };
        speech.samples.resize(speech.samples.len() + pause, 0);
        at += taken;
    }
    place_words(
        &mut speech,
        &written,
        &mut next_word,
        written.len().saturating_sub(1),
        0,
    );
    if speech.samples.is_empty() {
        speech.samples.resize(LONG_PAUSE, 0);
    }
    speech
}

/// Notes where the written words up to `last` begin, spread over a clip that is about to be added.
fn place_words(speech: &mut Speech, written: &[&str], next: &mut usize, last: usize, clip: usize) {
    let words = written.get(*next..=last).unwrap_or_default();
    let letters: usize = words.iter().map(|word| word.len() + 1).sum();
    let mut before = 0;
    for word in words {
        let start = speech.samples.len() + clip * before / letters.max(1);
        speech.words.push(SpokenWord {
            text: (*word).to_owned(),
            start,
        });
        before += word.len() + 1;
    }
    *next = (*next).max(last + 1);
}

/// One word as it is looked up.
struct Unit {
    key: String,
    /// Which written word it belongs to: "22" is two units of one word.
    word: usize,
    pause: Pause,
}

#[derive(Clone, Copy, PartialEq)]
enum Pause {
    None,
    Short,
    Long,
}

fn units(written: &[&str]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (word, text) in written.iter().enumerate() {
        let keys = spelling::keys(text);
        let after = match text.trim_end_matches(['"', ')', '\'']).chars().last() {
            Some('.' | '!' | '?') => Pause::Long,
            Some(',' | ';' | ':') => Pause::Short,
            _ => Pause::None,
        };
        let count = keys.len();
        for (at, key) in keys.into_iter().enumerate() {
            let pause = if at + 1 == count { after } else { Pause::None };
            units.push(Unit { key, word, pause });
        }
    }
    units
}

/// The longest recorded phrase at `at`, else the word from its syllables; and how many units it took.
fn clip_at(units: &[Unit], at: usize) -> (usize, Vec<i16>) {
    let rest = units.get(at..).unwrap_or_default();
    for count in (1..=rest.len().min(INVENTORY.longest())).rev() {
        let phrase = rest.get(..count).unwrap_or_default();
        let sentence_ends = phrase
            .iter()
            .rev()
            .skip(1)
            .any(|unit| unit.pause == Pause::Long);
        if sentence_ends {
            continue;
        }
        let keys: Vec<&str> = phrase.iter().map(|unit| unit.key.as_str()).collect();
        if let Some(clip) = INVENTORY.phrase(&keys.join(" ")) {
            return (count, clip);
        }
    }
    let key = rest.first().map_or("", |unit| unit.key.as_str());
    let syllables = spelling::syllables(key);
    (
        1,
        syllables
            .iter()
            .filter_map(|syllable| INVENTORY.syllable(syllable))
            .flatten()
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> f64 {
        speak(text).samples.len() as f64 / f64::from(RATE)
    }

    fn level(samples: &[i16]) -> f64 {
        let sum: f64 = samples
            .iter()
            .map(|&sample| f64::from(sample).powi(2))
            .sum();
        (sum / samples.len().max(1) as f64).sqrt()
    }

    #[test]
    fn speech_is_audible_and_lasts_as_long_as_its_text() {
        let rows = [
            ("Right now it is 8 degrees and cloudy in Oslo.", 2.0, 5.0),
            ("Hello!", 0.3, 1.5),
            ("minus 12.5 degrees", 1.5, 5.0),
            ("Zanzibar Krakatau", 1.0, 4.0),
            ("\u{1f600} \u{6771}\u{4eac}", 0.1, 3.0),
            ("", 0.1, 0.5),
        ];
        for (text, least, most) in rows {
            let lasts = seconds(text);
            assert!((least..most).contains(&lasts), "{text}: {lasts} s");
        }
        assert!(level(&speak("Zanzibar").samples) > 500.0);
        let one = seconds("The green bottle stands on the wall.");
        let three = seconds(&"The green bottle stands on the wall. ".repeat(3));
        assert!((three / one - 3.0).abs() < 0.01, "{three} / {one}");
    }

    #[test]
    fn recorded_sentences_are_used_whole() {
        let whole = speak("A light jacket will do.").samples;
        let clip = INVENTORY.phrase("a light jacket will do").unwrap();
        assert_eq!(whole[..clip.len()], clip[..]);
    }

    #[test]
    fn every_word_is_placed_in_order() {
        let text = "It is 22 degrees, and (almost) dry: bring \u{1f600} nothing.";
        let speech = speak(text);
        let words: Vec<&str> = speech.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words.join(" "), text);
        assert!(speech.words.is_sorted_by_key(|word| word.start));
        assert!(
            speech
                .words
                .iter()
                .all(|word| word.start <= speech.samples.len())
        );
    }
}
