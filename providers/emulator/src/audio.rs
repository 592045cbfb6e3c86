//! Audio between the voice's samples and the bytes of a wire format.

use antiphon_protocol::{AudioFormat, Encoding};
use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// Samples at 24 kHz as the bytes of `format`, which is at 24, 16 or 8 kHz.
pub(crate) fn encode(samples: &[i16], format: AudioFormat) -> Vec<u8> {
    let samples = if format.rate < 24_000 {
        &down(samples, format.rate)[..]
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

/// Samples at `rate`, 16 or 8 kHz, after a low-pass that keeps speech free of aliases.
fn down(samples: &[i16], rate: u32) -> Vec<i16> {
    // A Hann-windowed sinc with its corner at 0.45 of the rate: 3.6 kHz for 8 kHz.
    let step =
        f64::from(24_000 / rate.max(1)) + f64::from(24_000 % rate.max(1)) / f64::from(rate.max(1));
    let corner = 0.45 * f64::from(rate);
    let at = |index: i64| {
        let sample = usize::try_from(index).ok().and_then(|at| samples.get(at));
        sample.copied().map_or(0.0, f64::from)
    };
    // At 8 kHz every sample falls on one of 24 kHz, at 16 kHz every other one falls between two.
    let taps = |between: f64| -> Vec<f64> {
        let taps: Vec<f64> = (-12..=13)
            .map(|n| tap(f64::from(n) - between, corner))
            .collect();
        let gain: f64 = taps.iter().sum();
        taps.iter().map(|weight| weight / gain).collect()
    };
    let (whole, half) = (taps(0.0), taps(0.5));
    let count = (samples.len() as f64 / step) as usize;
    (0..count)
        .map(|out| {
            let place = out as f64 * step;
            let first = place as i64;
            let taps = if place.fract() > 0.25 { &half } else { &whole };
            let sum: f64 = (-12..)
                .zip(taps)
                .map(|(n, weight)| at(first + n) * weight)
                .sum();
            sum as i16
        })
        .collect()
}

fn tap(n: f64, corner: f64) -> f64 {
    if n.abs() >= 13.0 {
        return 0.0;
    }
    let window = 0.5 + 0.5 * (std::f64::consts::PI * n / 13.0).cos();
    let x = std::f64::consts::TAU * corner / 24_000.0 * n;
    window * if x == 0.0 { 1.0 } else { x.sin() / x }
}

/// Samples at `rate` as samples at 24 kHz, with straight lines between them.
pub(crate) fn up(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate >= 24_000 {
        return samples.to_vec();
    }
    let at = |index: usize| {
        let sample = samples.get(index).or(samples.last());
        i64::from(sample.copied().unwrap_or_default())
    };
    let rate = rate.max(1) as usize;
    (0..samples.len() * 24_000 / rate)
        .map(|out| {
            let (first, rest) = (out * rate / 24_000, (out * rate % 24_000) as i64);
            let value = (at(first) * (24_000 - rest) + at(first + 1) * rest) / 24_000;
            i16::try_from(value).unwrap_or_default()
        })
        .collect()
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
        let rows = [
            (8_000, 400.0, 6_500.0, 7_300.0),
            (8_000, 9_000.0, 0.0, 300.0),
            (16_000, 400.0, 6_500.0, 7_300.0),
            (16_000, 11_500.0, 0.0, 300.0),
        ];
        for (rate, hertz, least, most) in rows {
            let format = AudioFormat::pcm16(rate);
            let decoded = decode(&encode(&tone(hertz, 24_000), format), format);
            assert_eq!(decoded.len(), rate as usize);
            let level = level(&decoded[100..rate as usize - 100]);
            assert!(
                (least..=most).contains(&level),
                "{rate}, {hertz} Hz: {level}"
            );
        }
    }

    #[test]
    fn a_sound_comes_back_up() {
        for rate in [8_000, 16_000] {
            let format = AudioFormat::pcm16(rate);
            let sound = decode(&encode(&tone(300.0, 24_000), format), format);
            let back = up(&sound, rate);
            assert_eq!(back.len(), 24_000);
            assert!((6_500.0..7_400.0).contains(&level(&back)), "{rate}");
        }
        assert!(up(&[], 8_000).is_empty());
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
