//! A waveform as bars: the loudest sample of each slice of time.

use super::Sound;

/// The peak from 0 to 1 of each of `count` slices of `slice` seconds, over all sounds of a lane.
pub(super) fn peaks(sounds: &[Sound], slice: f64, count: usize) -> Vec<f32> {
    let mut peaks = vec![0.0_f32; count];
    for sound in sounds {
        let rate = f64::from(sound.rate.max(1));
        let start = sound.at.as_secs_f64();
        for (index, sample) in sound.samples.iter().enumerate() {
            let at = ((start + index as f64 / rate) / slice) as usize;
            if let Some(peak) = peaks.get_mut(at) {
                *peak = peak.max(sample.abs().min(1.0));
            }
        }
    }
    peaks
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sounds_lie_where_they_were_heard() {
        let sound = Sound {
            at: Duration::from_secs(1),
            rate: 4,
            samples: vec![0.1, -0.9, 0.2, 0.3, 0.4],
        };
        assert_eq!(peaks(&[sound], 0.5, 5), [0.0, 0.0, 0.9, 0.3, 0.4]);
    }
}
