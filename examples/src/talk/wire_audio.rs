//! Samples to and from the form a wire wants: its rate, and PCM16 or G.711.

use antiphon_protocol::{AudioFormat, Encoding};
use rubato::{Fft, FixedSync, Resampler, audioadapter_buffers::direct::SequentialSliceOfVecs};

use super::{
    clip::Clip,
    exit::{Exit, Failure},
};

/// The clip's samples at `rate` Hz.
///
/// # Errors
/// When there is no way from the clip's rate to that one.
pub fn resample(clip: &Clip, rate: u32) -> Result<Vec<f32>, Failure> {
    if clip.rate == rate {
        return Ok(clip.samples.clone());
    }
    let refused = |error: String| {
        let sentence = format!(
            "'{}' cannot be brought from {} Hz to the wire's {rate} Hz ({error}): record it at 24 kHz",
            clip.name, clip.rate
        );
        Failure::new(Exit::Input, sentence)
    };
    let (from, to) = (clip.rate as usize, rate as usize);
    let mut resampler = Fft::<f32>::new(from, to, 1024, 1, FixedSync::Input)
        .map_err(|error| refused(error.to_string()))?;
    let channels = [clip.samples.clone()];
    let input = SequentialSliceOfVecs::new(&channels, 1, clip.samples.len())
        .map_err(|error| refused(error.to_string()))?;
    let output = resampler
        .process_all(&input, clip.samples.len(), None)
        .map_err(|error| refused(error.to_string()))?;
    Ok(output.take_data())
}

/// Samples as the wire writes them, little-endian where that matters. What exceeds full scale is
/// clipped.
pub fn encode(samples: &[f32], encoding: Encoding) -> Vec<u8> {
    let whole = samples
        .iter()
        .map(|sample| (sample * 32_768.0).clamp(-32_768.0, 32_767.0) as i16);
    match encoding {
        Encoding::MuLaw => whole.map(mu_law).collect(),
        Encoding::ALaw => whole.map(a_law).collect(),
        _ => whole.flat_map(i16::to_le_bytes).collect(),
    }
}

/// What the wire wrote, as PCM16 samples.
pub fn decode(data: &[u8], format: AudioFormat) -> Vec<i16> {
    match format.encoding {
        Encoding::MuLaw => data.iter().map(|byte| from_mu_law(*byte)).collect(),
        Encoding::ALaw => data.iter().map(|byte| from_a_law(*byte)).collect(),
        _ => {
            let pairs = data.as_chunks::<2>().0;
            pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
        }
    }
}

/// G.711 companding adds this before it looks for the exponent.
const BIAS: i32 = 0x84;

fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + BIAS;
    // The bias puts the highest bit between 7 and 14.
    let exponent = (24_u32).saturating_sub(magnitude.leading_zeros()).min(7);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | ((exponent as u8) << 4) | mantissa as u8)
}

fn from_mu_law(byte: u8) -> i16 {
    let bits = !byte;
    let exponent = (bits >> 4) & 7;
    let magnitude = (((i32::from(bits & 0x0f)) << 3) + BIAS) << exponent;
    let magnitude = (magnitude - BIAS) as i16;
    if bits & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

fn a_law(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 {
        (0, !i32::from(sample))
    } else {
        (0x80, i32::from(sample))
    };
    let bits = if magnitude < 256 {
        magnitude >> 4
    } else {
        let exponent = 24_u32.saturating_sub(magnitude.leading_zeros());
        let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
        ((exponent as i32) << 4) | mantissa
    };
    (sign | bits as u8) ^ 0x55
}

fn from_a_law(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let exponent = (bits >> 4) & 7;
    let mantissa = i32::from(bits & 0x0f) << 4;
    let magnitude = match exponent {
        0 => mantissa + 8,
        _ => (mantissa + 0x108) << (exponent - 1),
    };
    if bits & 0x80 == 0 {
        -(magnitude as i16)
    } else {
        magnitude as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hertz: f32, seconds: f32) -> Clip {
        let count = (rate as f32 * seconds) as usize;
        let step = std::f32::consts::TAU * hertz / rate as f32;
        let samples = (0..count).map(|n| 0.5 * (step * n as f32).sin()).collect();
        Clip {
            name: "sine".to_owned(),
            samples,
            rate,
        }
    }

    #[test]
    fn resampling_keeps_length_pitch_and_level() {
        for rate in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000] {
            let samples = resample(&sine(rate, 440.0, 1.0), 24_000).unwrap();
            assert!(
                samples.len().abs_diff(24_000) <= 1,
                "{rate}: {}",
                samples.len()
            );
            let middle = &samples[6_000..18_000];
            let crossings = middle
                .windows(2)
                .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
                .count();
            assert!(crossings.abs_diff(220) <= 1, "{rate}: {crossings}");
            let peak = middle.iter().copied().fold(0.0, f32::max);
            assert!((peak - 0.5).abs() < 0.01, "{rate}: {peak}");
        }
    }

    #[test]
    fn the_same_rate_is_passed_through() {
        let clip = sine(24_000, 440.0, 0.1);
        assert_eq!(resample(&clip, 24_000).unwrap(), clip.samples);
    }

    #[test]
    fn pcm16_clips_what_is_too_loud() {
        let bytes = encode(&[0.0, 0.5, 2.0, -2.0], Encoding::Pcm16);
        assert_eq!(
            decode(&bytes, AudioFormat::PCM16_24K),
            [0, 16_384, 32_767, -32_768]
        );
    }

    #[test]
    fn g711_matches_the_recommendation_at_its_corners() {
        let rows = [
            (0_i16, 0xff_u8, 0xd5_u8),
            (32_767, 0x80, 0xaa),
            (-32_768, 0x00, 0x2a),
        ];
        for (sample, mu, a) in rows {
            assert_eq!((mu_law(sample), a_law(sample)), (mu, a), "{sample}");
        }
        assert_eq!(from_mu_law(0x80), 32_124);
        assert_eq!(from_a_law(0xaa), 32_256);
    }

    #[test]
    fn g711_survives_a_round_trip_for_every_sample() {
        for sample in i16::MIN..=i16::MAX {
            let allowed = (i32::from(sample).abs() / 16).max(16);
            for (form, back) in [
                ("mu-law", from_mu_law(mu_law(sample))),
                ("A-law", from_a_law(a_law(sample))),
            ] {
                let error = (i32::from(sample) - i32::from(back)).abs();
                assert!(
                    error <= allowed.max(644),
                    "{form} {sample} came back as {back}"
                );
            }
        }
        for byte in 0..=u8::MAX {
            assert_eq!(a_law(from_a_law(byte)), byte, "A-law {byte:#x}");
            // Mu-law has two zeros.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(mu_law(from_mu_law(byte)), expected, "mu-law {byte:#x}");
        }
    }
}
