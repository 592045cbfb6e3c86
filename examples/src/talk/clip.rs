//! A recording as the caller's voice: any ordinary WAV file, read into mono samples.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    time::Duration,
};

use hound::{SampleFormat, WavReader, WavSpec};

use super::exit::{Exit, Failure};

/// Recordings longer than this are taken for a mistake; it also bounds memory.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Peaks below this, some 80 dB under full scale, are silence to every voice detector.
const FAINTEST: f32 = 1e-4;

/// Mono audio with samples from -1 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// What it is called in reports.
    pub name: String,
    /// The samples.
    pub samples: Vec<f32>,
    /// Samples per second, in Hz.
    pub rate: u32,
}

impl Clip {
    /// Reads a WAV file; several channels are mixed into one.
    ///
    /// # Errors
    /// When the file is missing, unreadable, not a WAV, of a kind that cannot be read, or without
    /// sound.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let name = path.file_stem().map_or_else(
            || shown.to_string(),
            |stem| stem.to_string_lossy().into_owned(),
        );
        Self::read(name, BufReader::new(file), &format!("input file '{shown}'"))
    }

    /// Reads WAV data; `shown` names it in failures.
    ///
    /// # Errors
    /// As [`Clip::open`].
    pub fn read(name: String, data: impl Read, shown: &str) -> Result<Self, Failure> {
        let fail = |rest: String| Failure::new(Exit::Input, format!("{shown} {rest}"));
        let reader = WavReader::new(data).map_err(|error| fail(not_a_wav(&error)))?;
        let spec = reader.spec();
        if spec.channels == 0 || !(1_000..=384_000).contains(&spec.sample_rate) {
            return Err(fail(format!(
                "claims {} channels at {} Hz, which no microphone makes: record it again at 8 to 48 kHz",
                spec.channels, spec.sample_rate
            )));
        }
        let most = LONGEST
            .as_secs()
            .saturating_mul(u64::from(spec.sample_rate));
        if u64::from(reader.len()) / u64::from(spec.channels) > most && reader.len() != u32::MAX {
            return Err(fail(
                "is longer than 30 minutes: cut it into turns".to_owned(),
            ));
        }
        let samples = mono(
            samples(reader).map_err(|error| fail(not_a_wav(&error)))?,
            spec.channels,
        );
        if samples.is_empty() {
            return Err(fail(
                "is a WAV without audio: record something into it".to_owned(),
            ));
        }
        if !samples.iter().any(|sample| sample.abs() >= FAINTEST) {
            return Err(fail(
                "holds nothing but silence, which no one answers: record it again, louder"
                    .to_owned(),
            ));
        }
        Ok(Self {
            name,
            samples,
            rate: spec.sample_rate,
        })
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        self.place(self.samples.len())
    }

    /// Where its last sound ends: what follows is quieter than a fiftieth of its peak.
    pub fn last_sound(&self) -> Duration {
        let peak = self
            .samples
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let last = self
            .samples
            .iter()
            .rposition(|sample| sample.abs() >= peak / 50.0);
        self.place(last.map_or(0, |last| last + 1))
    }

    fn place(&self, sample: usize) -> Duration {
        Duration::from_secs_f64(sample as f64 / f64::from(self.rate.max(1)))
    }
}

/// All samples, interleaved. A file that ends early, as streams cut short do, yields what it has.
fn samples<R: Read>(reader: WavReader<R>) -> Result<Vec<f32>, hound::Error> {
    let WavSpec {
        bits_per_sample,
        sample_format,
        ..
    } = reader.spec();
    let scale = (f64::from(bits_per_sample.saturating_sub(1))).exp2() as f32;
    match sample_format {
        SampleFormat::Float => whole(reader.into_samples::<f32>(), |sample| {
            if sample.is_finite() {
                sample.clamp(-1.0, 1.0)
            } else {
                0.0
            }
        }),
        SampleFormat::Int => whole(reader.into_samples::<i32>(), |sample| sample as f32 / scale),
    }
}

fn whole<S>(
    samples: impl Iterator<Item = Result<S, hound::Error>>,
    scaled: impl Fn(S) -> f32,
) -> Result<Vec<f32>, hound::Error> {
    let mut read = Vec::new();
    for sample in samples {
        match sample {
            Ok(sample) => read.push(scaled(sample)),
            Err(hound::Error::IoError(error)) if ended_early(&error) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn ended_early(error: &io::Error) -> bool {
    // hound reports a short read as `Other`, with these words.
    error.kind() == io::ErrorKind::UnexpectedEof || error.to_string().contains("enough bytes")
}

fn mono(samples: Vec<f32>, channels: u16) -> Vec<f32> {
    if channels == 1 {
        return samples;
    }
    let share = 1.0 / f32::from(channels);
    let frames = samples.chunks_exact(usize::from(channels));
    frames
        .map(|frame| frame.iter().sum::<f32>() * share)
        .collect()
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    let sentence = match error.kind() {
        io::ErrorKind::NotFound => {
            format!("input file '{shown}' does not exist: check the path given to --input")
        }
        io::ErrorKind::PermissionDenied => {
            format!("input file '{shown}' may not be read: allow it, for instance with chmod u+r")
        }
        _ => format!("input file '{shown}' cannot be read ({error}): give a WAV file to --input"),
    };
    Failure::new(Exit::Input, sentence)
}

fn not_a_wav(error: &hound::Error) -> String {
    match error {
        hound::Error::Unsupported | hound::Error::InvalidSampleFormat | hound::Error::TooWide => {
            "is a WAV of a kind that cannot be read here: convert it to 16-bit PCM".to_owned()
        }
        hound::Error::IoError(error) if !ended_early(error) => {
            format!("cannot be read ({error}): give a WAV file to --input")
        }
        _ => "is not a WAV file: convert it to one, for instance with ffmpeg or sox".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use hound::WavWriter;

    use super::*;

    fn wav(spec: WavSpec, write: impl Fn(&mut WavWriter<&mut Cursor<Vec<u8>>>)) -> Vec<u8> {
        let mut data = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut data, spec).unwrap();
        write(&mut writer);
        writer.finalize().unwrap();
        data.into_inner()
    }

    fn int(channels: u16, bits_per_sample: u16) -> WavSpec {
        WavSpec {
            channels,
            sample_rate: 8_000,
            bits_per_sample,
            sample_format: SampleFormat::Int,
        }
    }

    fn read(data: &[u8]) -> Result<Clip, Failure> {
        Clip::read("clip".to_owned(), data, "input file 'clip.wav'")
    }

    #[test]
    fn every_ordinary_sample_format_is_scaled_to_one() {
        for bits in [8, 16, 24, 32] {
            let half = 1_i32 << (bits - 2);
            let data = wav(int(1, bits), |w| {
                w.write_sample(half).unwrap();
                w.write_sample(-half).unwrap();
            });
            assert_eq!(read(&data).unwrap().samples, [0.5, -0.5], "{bits} bits");
        }
        let float = WavSpec {
            sample_format: SampleFormat::Float,
            ..int(1, 32)
        };
        let data = wav(float, |w| {
            for sample in [0.5_f32, -0.5, 7.0, f32::NAN] {
                w.write_sample(sample).unwrap();
            }
        });
        assert_eq!(read(&data).unwrap().samples, [0.5, -0.5, 1.0, 0.0]);
    }

    #[test]
    fn channels_are_mixed() {
        let data = wav(int(2, 16), |w| {
            for sample in [16_384_i16, 0, 8_192, -8_192] {
                w.write_sample(sample).unwrap();
            }
        });
        assert_eq!(read(&data).unwrap().samples, [0.25, 0.0]);
    }

    #[test]
    fn the_last_sound_is_before_the_silence_at_the_end() {
        let clip = Clip {
            name: "clip".to_owned(),
            samples: vec![0.1, 0.5, 0.0, 0.2, 0.009, 0.0],
            rate: 2,
        };
        assert_eq!(clip.last_sound(), Duration::from_secs(2));
        assert_eq!(clip.duration(), Duration::from_secs(3));
    }

    #[test]
    fn a_file_cut_short_yields_what_it_has() {
        let mut data = wav(int(1, 16), |w| {
            for _ in 0..100 {
                w.write_sample(16_384_i16).unwrap();
            }
        });
        data.truncate(data.len() - 51);
        assert_eq!(read(&data).unwrap().samples.len(), 74);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_a_remedy() {
        let empty = wav(int(1, 16), |_| {});
        let silent = wav(int(1, 16), |w| w.write_sample(0_i16).unwrap());
        let rows: [(&[u8], &str); 4] = [
            (&empty, "without audio"),
            (&silent, "nothing but silence"),
            (b"", "not a WAV"),
            (b"RIFF but then something else entirely", "not a WAV"),
        ];
        for (data, words) in rows {
            let failure = read(data).unwrap_err();
            assert_eq!(failure.exit, Exit::Input);
            assert!(failure.sentence.contains("'clip.wav'"), "{failure}");
            assert!(failure.sentence.contains(words), "{failure}");
        }
    }

    #[test]
    fn a_missing_file_and_a_folder_are_named() {
        let missing = Clip::open(Path::new("no/such/file.wav")).unwrap_err();
        assert!(
            missing
                .sentence
                .contains("'no/such/file.wav' does not exist"),
            "{missing}"
        );
        let folder = Clip::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
        assert!(folder.sentence.contains("cannot be read"), "{folder}");
    }
}
