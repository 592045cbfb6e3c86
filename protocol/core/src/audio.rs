//! Audio as the session sees it: bytes with a format, a place and a count of samples.

use std::{fmt, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{ItemId, ResponseId};

/// How one mono sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// Signed 16-bit little-endian, two bytes a sample.
    Pcm16,
    /// G.711 mu-law, one byte a sample.
    MuLaw,
    /// G.711 A-law, one byte a sample.
    ALaw,
}

/// The format of a mono audio stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AudioFormat {
    /// How a sample is written.
    pub encoding: Encoding,
    /// Samples per second, in Hz.
    pub rate: u32,
}

impl AudioFormat {
    /// PCM16 at 24 kHz.
    pub const PCM16_24K: Self = Self::pcm16(24_000);
    /// PCM16 at 16 kHz.
    pub const PCM16_16K: Self = Self::pcm16(16_000);
    /// G.711 mu-law at 8 kHz.
    pub const MULAW_8K: Self = Self {
        encoding: Encoding::MuLaw,
        rate: 8_000,
    };
    /// G.711 A-law at 8 kHz.
    pub const ALAW_8K: Self = Self {
        encoding: Encoding::ALaw,
        rate: 8_000,
    };

    /// PCM16 at `rate` Hz.
    pub const fn pcm16(rate: u32) -> Self {
        Self {
            encoding: Encoding::Pcm16,
            rate,
        }
    }

    /// Bytes that one sample takes.
    pub const fn bytes_per_sample(self) -> u64 {
        match self.encoding {
            Encoding::Pcm16 => 2,
            Encoding::MuLaw | Encoding::ALaw => 1,
        }
    }

    /// Whole samples in `bytes` bytes.
    pub const fn samples_in_bytes(self, bytes: usize) -> u64 {
        bytes as u64 / self.bytes_per_sample()
    }

    /// Whether `bytes` bytes break off within a sample.
    pub const fn breaks_off(self, bytes: usize) -> bool {
        !(bytes as u64).is_multiple_of(self.bytes_per_sample())
    }

    /// Bytes that `samples` samples take.
    pub const fn bytes_of(self, samples: u64) -> u64 {
        samples.saturating_mul(self.bytes_per_sample())
    }

    /// How long `samples` samples last.
    pub fn duration_of(self, samples: u64) -> Duration {
        let rate = u64::from(self.rate.max(1));
        let seconds = samples / rate;
        let nanos = (samples % rate).saturating_mul(1_000_000_000) / rate;
        Duration::from_secs(seconds) + Duration::from_nanos(nanos)
    }

    /// Whole samples that fit into `duration`.
    pub fn samples_in(self, duration: Duration) -> u64 {
        let samples = duration.as_nanos().saturating_mul(u128::from(self.rate)) / 1_000_000_000;
        u64::try_from(samples).unwrap_or(u64::MAX)
    }

    /// Whole milliseconds that `samples` samples last, rounded down, as truncation needs it.
    pub fn millis_of(self, samples: u64) -> u64 {
        let rate = u128::from(self.rate.max(1));
        u64::try_from(u128::from(samples) * 1000 / rate).unwrap_or(u64::MAX)
    }

    /// The byte that stands for silence.
    pub const fn silence(self) -> u8 {
        match self.encoding {
            Encoding::Pcm16 => 0,
            Encoding::MuLaw => 0xff,
            Encoding::ALaw => 0xd5,
        }
    }
}

impl fmt::Debug for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = match self.encoding {
            Encoding::Pcm16 => "pcm16",
            Encoding::MuLaw => "mu-law",
            Encoding::ALaw => "A-law",
        };
        write!(f, "{encoding} {} Hz", self.rate)
    }
}

/// A piece of audio the model spoke.
///
/// It serialises with its audio in base64, so that a log of events can be played back.
#[derive(Clone, PartialEq, Eq)]
pub struct AudioChunk {
    /// The samples, in `format`.
    pub data: Bytes,
    /// What `data` holds.
    pub format: AudioFormat,
    /// The item that is spoken, where the provider names one; `None` on a continuous track.
    pub item: Option<ItemId>,
    /// Which content part of the item.
    pub content_index: u32,
    /// The response it belongs to, where the provider names one.
    pub response: Option<ResponseId>,
    /// Samples of this content part (or of the track) before this piece. A codec leaves it 0; the session
    /// fills it in.
    pub offset: u64,
}

impl AudioChunk {
    /// A piece of a continuous track. What is left of a sample that breaks off at its end is let go:
    /// carried on, it would shift every sample after it.
    pub fn new(mut data: Bytes, format: AudioFormat) -> Self {
        let whole = format.bytes_of(format.samples_in_bytes(data.len()));
        data.truncate(usize::try_from(whole).unwrap_or(usize::MAX));
        Self {
            data,
            format,
            item: None,
            content_index: 0,
            response: None,
            offset: 0,
        }
    }

    /// Whole samples in this piece.
    pub fn samples(&self) -> u64 {
        self.format.samples_in_bytes(self.data.len())
    }

    /// How long this piece lasts.
    pub fn duration(&self) -> Duration {
        self.format.duration_of(self.samples())
    }
}

impl fmt::Debug for AudioChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioChunk")
            .field("item", &self.item)
            .field("offset", &self.offset)
            .field("samples", &self.samples())
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Serialize for AudioChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut chunk = serializer.serialize_struct("AudioChunk", 7)?;
        chunk.serialize_field("item", &self.item)?;
        chunk.serialize_field("content_index", &self.content_index)?;
        chunk.serialize_field("response", &self.response)?;
        chunk.serialize_field("format", &self.format)?;
        chunk.serialize_field("offset", &self.offset)?;
        chunk.serialize_field("samples", &self.samples())?;
        chunk.serialize_field("data", &base64_simd::STANDARD.encode_to_string(&self.data))?;
        chunk.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_bytes_and_time_agree() {
        let rows: [(AudioFormat, u64, u64, u64); 4] = [
            (AudioFormat::PCM16_24K, 24_000, 48_000, 1000),
            (AudioFormat::PCM16_24K, 25, 50, 1),
            (AudioFormat::PCM16_16K, 15, 30, 0),
            (AudioFormat::MULAW_8K, 8, 8, 1),
        ];
        for (format, samples, bytes, millis) in rows {
            assert_eq!(format.bytes_of(samples), bytes, "{format}");
            assert_eq!(format.samples_in_bytes(bytes as usize), samples, "{format}");
            assert_eq!(format.millis_of(samples), millis, "{format}");
            assert_eq!(
                format.samples_in(format.duration_of(samples) + Duration::from_nanos(1)),
                samples
            );
        }
        assert_eq!(AudioFormat::PCM16_24K.millis_of(u64::MAX), u64::MAX / 24);
    }
}
