//! The recorded clips: one IMA ADPCM file and an index of what is where.

use std::collections::BTreeMap;

use audio_codec_algorithms::decode_adpcm_ima_ms;

use super::spelling;

static RECORDING: &[u8] = include_bytes!("../../assets/voice.wav");
static INDEX: &str = include_str!("../../assets/voice.tsv");

/// Where a clip lies in the recording, in samples.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    samples: usize,
}

/// The clips by what they say.
pub(super) struct Inventory {
    recording: Recording,
    phrases: BTreeMap<String, Place>,
    syllables: BTreeMap<String, Place>,
    longest: usize,
}

impl Inventory {
    /// The clips that this crate ships. A line of the index that cannot be read is left out; a test
    /// holds that there is none.
    pub(super) fn embedded() -> Self {
        let mut inventory = Self {
            recording: Recording::new(RECORDING),
            phrases: BTreeMap::new(),
            syllables: BTreeMap::new(),
            longest: 1,
        };
        for (kind, text, place) in INDEX.lines().filter_map(entry) {
            match kind {
                "phrase" => {
                    let keys: Vec<String> =
                        text.split_whitespace().flat_map(spelling::keys).collect();
                    inventory.longest = inventory.longest.max(keys.len());
                    inventory.phrases.entry(keys.join(" ")).or_insert(place);
                }
                "coda" => _ = inventory.syllables.insert(format!("-{text}"), place),
                _ => _ = inventory.syllables.insert(text.to_owned(), place),
            }
        }
        inventory
    }

    /// Words in the longest phrase.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The clip of a phrase, given as [`spelling::keys`] joined by blanks.
    pub(super) fn phrase(&self, key: &str) -> Option<Vec<i16>> {
        self.phrases
            .get(key)
            .map(|place| self.recording.clip(*place))
    }

    /// The clip of a syllable, or of a closing consonant written as `-t`.
    pub(super) fn syllable(&self, key: &str) -> Option<Vec<i16>> {
        self.syllables
            .get(key)
            .map(|place| self.recording.clip(*place))
    }
}

fn entry(line: &'static str) -> Option<(&'static str, &'static str, Place)> {
    let mut fields = line.splitn(4, '\t');
    let kind = fields.next()?;
    let start = fields.next()?.parse().ok()?;
    let samples = fields.next()?.parse().ok()?;
    Some((kind, fields.next()?, Place { start, samples }))
}

/// A mono IMA ADPCM WAV file, decoded a clip at a time.
struct Recording {
    blocks: &'static [u8],
    block_bytes: usize,
    block_samples: usize,
}

impl Recording {
    fn new(file: &'static [u8]) -> Self {
        let format = chunk(file, *b"fmt ").unwrap_or_default();
        let block_bytes = u16_at(format, 12).max(5);
        Self {
            blocks: chunk(file, *b"data").unwrap_or_default(),
            block_bytes,
            block_samples: (block_bytes - 4) * 2 + 1,
        }
    }

    /// The samples of a clip, which begins on a block.
    fn clip(&self, place: Place) -> Vec<i16> {
        let first = place.start / self.block_samples;
        let count = place.samples.div_ceil(self.block_samples);
        let blocks = self
            .blocks
            .chunks_exact(self.block_bytes)
            .skip(first)
            .take(count);
        let mut clip = Vec::with_capacity(count * self.block_samples);
        let mut decoded = vec![0; self.block_samples];
        for block in blocks {
            if decode_adpcm_ima_ms(block, false, &mut decoded).is_ok() {
                clip.extend_from_slice(&decoded);
            }
        }
        clip.truncate(place.samples);
        clip
    }
}

/// The body of the first chunk called `name` of a RIFF file.
fn chunk(file: &'static [u8], name: [u8; 4]) -> Option<&'static [u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let (head, body) = rest.split_at_checked(8)?;
        let size = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?) as usize;
        let size = size.min(body.len());
        if head.starts_with(&name) {
            return body.get(..size);
        }
        rest = body.get(size + size % 2..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..at + 2) {
        Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_index_is_readable_and_every_clip_is_there() {
        let inventory = Inventory::embedded();
        let entries: Vec<_> = INDEX.lines().filter_map(entry).collect();
        assert_eq!(entries.len(), INDEX.lines().count());
        assert!(entries.len() > 400, "{}", entries.len());
        for (_, text, place) in entries {
            assert_eq!(place.start % inventory.recording.block_samples, 0, "{text}");
            let clip = inventory.recording.clip(place);
            assert_eq!(clip.len(), place.samples, "{text}");
            let loudest = clip.iter().map(|sample| sample.unsigned_abs()).max();
            assert!(loudest > Some(1_000), "{text}: {loudest:?}");
        }
    }
}
