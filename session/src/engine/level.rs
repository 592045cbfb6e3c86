//! How loud audio is.

use antiphon_protocol::{AudioFormat, Encoding};

/// The root mean square of `data`, 0 for silence to 1 for full scale.
pub(crate) fn level(format: AudioFormat, data: &[u8]) -> f64 {
    let (sum, count) = samples(format, data).fold((0.0, 0_u32), |(sum, count), sample| {
        (sum + f64::from(sample) * f64::from(sample), count + 1)
    });
    if count == 0 {
        return 0.0;
    }
    (sum / f64::from(count)).sqrt() / f64::from(i16::MAX)
}

/// How many samples come before the first whose amplitude is above `threshold` of full scale.
pub(crate) fn silent_lead(format: AudioFormat, data: &[u8], threshold: f64) -> Option<u64> {
    let threshold = threshold * f64::from(i16::MAX);
    samples(format, data)
        .position(|sample| f64::from(sample).abs() > threshold)
        .map(|place| place as u64)
}

fn samples(format: AudioFormat, data: &[u8]) -> impl Iterator<Item = i16> {
    let width = if format.encoding == Encoding::Pcm16 {
        2
    } else {
        1
    };
    data.chunks_exact(width)
        .map(move |sample| match (format.encoding, sample) {
            (_, [low, high]) => i16::from_le_bytes([*low, *high]),
            (Encoding::ALaw, [byte]) => a_law(*byte),
            (_, [byte]) => mu_law(*byte),
            _ => 0,
        })
}

/// ITU-T G.711, mu-law.
fn mu_law(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = (byte >> 4) & 7;
    let mantissa = i16::from(byte & 0x0f);
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// ITU-T G.711, A-law.
fn a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let exponent = (byte >> 4) & 7;
    let mantissa = i16::from(byte & 0x0f) << 4;
    let magnitude = if exponent == 0 {
        mantissa + 8
    } else {
        (mantissa + 0x108) << (exponent - 1)
    };
    if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_silent_in_every_format_and_full_scale_is_loud() {
        for format in [
            AudioFormat::PCM16_24K,
            AudioFormat::MULAW_8K,
            AudioFormat::ALAW_8K,
        ] {
            let silence = vec![format.silence(); 960];
            assert!(level(format, &silence) < 0.001, "{format}");
        }
        let loud: Vec<u8> = i16::MAX.to_le_bytes().repeat(480);
        assert!((level(AudioFormat::PCM16_24K, &loud) - 1.0).abs() < 0.001);
        for (format, byte) in [(AudioFormat::MULAW_8K, 0x80), (AudioFormat::ALAW_8K, 0xaa)] {
            let loudest = level(format, &[byte; 80]);
            assert!(loudest > 0.9, "{format}: {loudest}");
        }
        assert_eq!(level(AudioFormat::PCM16_24K, &[]), 0.0);
    }

    #[test]
    fn the_first_sound_is_found_behind_its_silence() {
        let mut data = vec![0; 200];
        data.extend(1000_i16.to_le_bytes());
        let format = AudioFormat::PCM16_24K;
        assert_eq!(silent_lead(format, &data, 0.002), Some(100));
        assert_eq!(silent_lead(format, &[0; 200], 0.002), None);
    }
}
