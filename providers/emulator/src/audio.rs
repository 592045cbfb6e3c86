//! Audio between the voice's samples and the bytes of a wire format.

use antiphon_protocol::{AudioFormat, Encoding};
use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// Samples at 24 kHz as the bytes of `format`, which is at 24 kHz or at 8 kHz.
pub(crate) fn encode(samples: &[i16], format: AudioFormat) -> Vec<u8> {
    let samples = if format.rate == 8_000 {
        &third(samples)[..]
    } else {
        samples
    };
    match format.encoding {
        Encoding::MuLaw => samples.iter().map(|&sample| encode_ulaw(sample)).collect(),
        Encoding::ALaw => samples.iter().map(|&sample| encode_alaw(sample)).collect(),
        _ => samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect(),
    }
}

/// The samples in `bytes`, at the rate of `format`. An odd last byte of PCM16 is left out.
pub(crate) fn decode(bytes: &[u8], format: AudioFormat) -> Vec<i16> {
    match format.encoding {
        Encoding::MuLaw => bytes.iter().map(|&byte| decode_ulaw(byte)).collect(),
        Encoding::ALaw => bytes.iter().map(|&byte| decode_alaw(byte)).collect(),
        _ => {
            let (pairs, _) = bytes.as_chunks::<2>();
            pairs.iter().map(|&pair| i16::from_le_bytes(pair)).collect()
        }
    }
}

/// Every third sample after a low-pass at a third of the band, which keeps speech free of aliases.
fn third(samples: &[i16]) -> Vec<i16> {
    // A Hann-windowed sinc with its corner at 3.6 kHz of 24 kHz, 25 taps, gain one.
    let taps: Vec<f32> = (-12..=12).map(tap).collect();
    let gain: f32 = taps.iter().sum();
    let at = |index: usize| samples.get(index).copied().map_or(0.0, f32::from);
    (0..samples.len() / 3)
        .map(|out| {
            let sum: f32 = taps
                .iter()
                .enumerate()
                .map(|(tap, weight)| match (out * 3 + tap).checked_sub(12) {
                    Some(index) => at(index) * weight,
                    None => 0.0,
                })
                .sum();
            (sum / gain) as i16
        })
        .collect()
}

fn tap(n: i32) -> f32 {
    let n = n as f32;
    let window = 0.5 + 0.5 * (std::f32::consts::PI * n / 13.0).cos();
    let x = std::f32::consts::TAU * 3_600.0 / 24_000.0 * n;
    window * if n == 0.0 { 1.0 } else { x.sin() / x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, samples: usize) -> Vec<i16> {
        let step = std::f32::consts::TAU * hertz / 24_000.0;
        (0..samples)
            .map(|at| ((step * at as f32).sin() * 10_000.0) as i16)
            .collect()
    }

    fn level(samples: &[i16]) -> f64 {
        let sum: f64 = samples
            .iter()
            .map(|&sample| f64::from(sample).powi(2))
            .sum();
        (sum / samples.len() as f64).sqrt()
    }

    #[test]
    fn speech_passes_and_aliases_do_not() {
        for (hertz, least, most) in [(400.0, 6_500.0, 7_300.0), (9_000.0, 0.0, 300.0)] {
            let encoded = encode(&tone(hertz, 24_000), AudioFormat::pcm16(8_000));
            let level = level(&decode(&encoded, AudioFormat::pcm16(8_000))[100..7_900]);
            assert!((least..=most).contains(&level), "{hertz} Hz: {level}");
        }
    }

    #[test]
    fn each_format_carries_the_same_sound() {
        let sound = tone(300.0, 4_800);
        for (format, bytes) in [
            (AudioFormat::PCM16_24K, 9_600),
            (AudioFormat::MULAW_8K, 1_600),
            (AudioFormat::ALAW_8K, 1_600),
        ] {
            let encoded = encode(&sound, format);
            assert_eq!(encoded.len(), bytes, "{format}");
            let decoded = decode(&encoded, format);
            assert!((6_500.0..7_400.0).contains(&level(&decoded)), "{format}");
        }
        assert_eq!(decode(&[1, 0, 9], AudioFormat::PCM16_24K), [1]);
    }
}
