//! How the caller's audio arrives and is understood.

use std::time::Duration;

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    AudioFormat, ConfigField, Eagerness, Encoding, InputTranscription, NoiseReduction,
    SessionConfig, Subject, TurnDetection, Unsupported,
};

use super::config::{Purpose, Rules};

/// What the silence before the server speaks up may be, in ms.
const IDLE_TIMEOUT: std::ops::RangeInclusive<u64> = 5_000..=30_000;

/// The caller's audio as `config` wants it heard.
pub(crate) fn audio(
    config: &SessionConfig,
    rules: &Rules,
    subject: &Subject,
) -> Result<wire::AudioInput, Unsupported> {
    let (purpose, can) = (rules.purpose, &rules.can);
    let mut input = wire::AudioInput::default();
    if let Some(format) = config.input_format {
        let field = ConfigField::InputFormat;
        input.format = Some(self::format(format, &can.input_formats, field, subject)?);
    }
    if let Some(detection) = &config.turn_detection {
        input.turn_detection = turn_detection(detection, subject)?;
    }
    match (&config.input_transcription, purpose) {
        (Some(asked), _) => {
            let default = match purpose {
                Purpose::Conversation | Purpose::Translation => rules.dialect.transcriber(),
                Purpose::Transcription => &config.model,
            };
            input.transcription = transcription(asked, default).into();
        }
        (None, Purpose::Transcription) => {
            let asked = InputTranscription::default();
            input.transcription = transcription(&asked, &config.model).into();
        }
        (None, Purpose::Conversation | Purpose::Translation) => {}
    }
    if let Some(noise) = config.noise_reduction {
        let kind = match noise {
            NoiseReduction::NearField => wire::NoiseReductionType::NearField,
            NoiseReduction::FarField => wire::NoiseReductionType::FarField,
            _ => return Err(subject.field(ConfigField::NoiseReduction, "near or far field only")),
        };
        input.noise_reduction = wire::NoiseReduction::default().with_kind(kind).into();
    }
    Ok(input)
}

fn transcription(asked: &InputTranscription, default: &str) -> wire::Transcription {
    let model = asked.model.as_deref().unwrap_or(default);
    wire::Transcription {
        language: asked.language.clone(),
        prompt: asked.prompt.clone(),
        ..wire::Transcription::default().with_model(model)
    }
}

/// A format as the wire names it, if it is one of `formats`.
pub(crate) fn format(
    format: AudioFormat,
    formats: &[AudioFormat],
    field: ConfigField,
    subject: &Subject,
) -> Result<wire::AudioFormat, Unsupported> {
    if formats.contains(&format) {
        match format.encoding {
            Encoding::Pcm16 => {
                let rate = u64::from(format.rate);
                return Ok(wire::AudioPcm::default().with_rate(rate).into());
            }
            Encoding::MuLaw => return Ok(wire::AudioPcmu::default().into()),
            Encoding::ALaw => return Ok(wire::AudioPcma::default().into()),
            _ => {}
        }
    }
    let known: Vec<_> = formats.iter().map(ToString::to_string).collect();
    Err(subject.field(
        field,
        format!("{format} is none of {}; resample", known.join(", ")),
    ))
}

/// A format as the service reports it; `None` when it is none of ours.
pub(crate) fn reported_format(format: &wire::AudioFormat) -> Option<AudioFormat> {
    match format {
        wire::AudioFormat::Pcm(pcm) => match pcm.rate {
            None => Some(AudioFormat::PCM16_24K),
            Some(rate) => u32::try_from(rate)
                .ok()
                .filter(|rate| *rate > 0)
                .map(AudioFormat::pcm16),
        },
        wire::AudioFormat::Pcmu(_) => Some(AudioFormat::MULAW_8K),
        wire::AudioFormat::Pcma(_) => Some(AudioFormat::ALAW_8K),
        _ => None,
    }
}

fn turn_detection(
    detection: &TurnDetection,
    subject: &Subject,
) -> Result<wire::Nullable<wire::TurnDetection>, Unsupported> {
    let refuse = |why: &str| subject.field(ConfigField::TurnDetection, why);
    let detection: wire::TurnDetection = match detection {
        TurnDetection::Manual => return Ok(wire::Nullable::Null),
        TurnDetection::ServerVad {
            threshold,
            prefix_padding,
            silence,
            create_response,
            interrupt_response,
            idle_timeout,
        } => {
            if threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
                return Err(refuse("the threshold lies between 0 and 1"));
            }
            let idle_timeout = idle_timeout.map(millis);
            if idle_timeout.is_some_and(|timeout| !IDLE_TIMEOUT.contains(&timeout)) {
                return Err(refuse("the idle timeout lies between 5 and 30 seconds"));
            }
            wire::ServerVad {
                threshold: *threshold,
                prefix_padding_ms: prefix_padding.map(millis),
                silence_duration_ms: silence.map(millis),
                create_response: *create_response,
                interrupt_response: *interrupt_response,
                idle_timeout_ms: idle_timeout.map_or(wire::Nullable::Absent, Into::into),
                extra: wire::Extra::new(),
            }
            .into()
        }
        TurnDetection::SemanticVad {
            eagerness,
            create_response,
            interrupt_response,
        } => wire::SemanticVad {
            eagerness: match eagerness {
                None => None,
                Some(Eagerness::Low) => Some(wire::Eagerness::Low),
                Some(Eagerness::Medium) => Some(wire::Eagerness::Medium),
                Some(Eagerness::High) => Some(wire::Eagerness::High),
                Some(Eagerness::Auto) => Some(wire::Eagerness::Auto),
                Some(_) => return Err(refuse("eagerness is low, medium, high or auto")),
            },
            create_response: *create_response,
            interrupt_response: *interrupt_response,
            extra: wire::Extra::new(),
        }
        .into(),
        _ => return Err(refuse("by the caller, by energy or by meaning only")),
    };
    Ok(detection.into())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
