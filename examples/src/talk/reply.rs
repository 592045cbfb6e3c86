//! The reply as a file: what was heard, as PCM16 at the wire's rate.

use std::{fs::File, io::BufWriter, path::Path};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::{
    exit::{Exit, Failure},
    speaker::Stretch,
};

/// Writes everything that was heard, without the pauses between answers.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, rate: u32, heard: &[Stretch]) -> Result<(), Failure> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let written = || -> Result<(), hound::Error> {
        let mut writer = WavWriter::new(BufWriter::new(File::create(path)?), spec)?;
        for sample in heard.iter().flat_map(|stretch| &stretch.samples) {
            writer.write_sample(*sample)?;
        }
        writer.finalize()
    };
    written().map_err(|error| unwritable("--output", path, &error.to_string()))
}

/// A file that cannot be written.
pub fn unwritable(option: &str, path: &Path, why: &str) -> Failure {
    let shown = path.display();
    let sentence = format!("'{shown}' cannot be written ({why}): give another path to {option}");
    Failure::new(Exit::Configuration, sentence)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_was_heard_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reply.wav");
        let stretch = |samples: &[i16]| Stretch {
            at: Duration::ZERO,
            turn: 0,
            samples: samples.to_vec(),
        };
        write(&path, 16_000, &[stretch(&[1, 2]), stretch(&[3])]).unwrap();
        let reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(
            (reader.spec().channels, reader.spec().sample_rate),
            (1, 16_000)
        );
        assert_eq!(
            reader
                .into_samples::<i16>()
                .map(Result::unwrap)
                .collect::<Vec<_>>(),
            [1, 2, 3]
        );
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let failure = write(Path::new("no/such/folder/reply.wav"), 16_000, &[]).unwrap_err();
        assert!(
            failure.sentence.contains("'no/such/folder/reply.wav'"),
            "{failure}"
        );
    }
}
