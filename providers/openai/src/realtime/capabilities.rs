//! What the models of this wire can do, as data.

use std::{borrow::Cow, time::Duration};

use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, ContextKind, FollowUp, Receipts, SeedLimits,
    SessionLimits, ToolsDuringSpeech, Transcripts, TurnDetector,
};

/// Where the data below comes from, and when it was read.
const SOURCE: &str = "OpenAI Realtime GA schema (SDK 3.52.0, OpenAPI 2.3.0), model pages and \
                      recorded sessions, read 2026-11-21; seed limits estimated from the context";

/// What a transcription session takes.
const TRANSCRIPTION_SOURCE: &str = "OpenAI Realtime GA schema (SDK 3.52.0, OpenAPI 2.3.0), \
                                    transcription session, read 2026-11-21";

/// What a translation session takes.
const TRANSLATION_SOURCE: &str = "OpenAI Realtime GA schema (SDK 3.52.0), translation session, read \
                                  2026-11-21; drain estimated, session limit not stated";

/// What the beta took.
const BETA_SOURCE: &str = "OpenAI Realtime beta schema (SDK 1.109.1) and recorded sessions of Azure \
                           Voice Live, read 2026-11-21; limits as in the GA";

/// What the service gives a session.
const SESSION_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long a translation may go on after the last of the speech.
const TRANSLATION_DRAIN: Duration = Duration::from_secs(10);
/// Largest append the service takes.
const MESSAGE_BYTES: u64 = 15 << 20;

const FORMATS: &[AudioFormat] = &[
    AudioFormat::PCM16_24K,
    AudioFormat::MULAW_8K,
    AudioFormat::ALAW_8K,
];

const DETECTORS: &[TurnDetector] = &[
    TurnDetector::ServerVad,
    TurnDetector::SemanticVad,
    TurnDetector::Manual,
];

macro_rules! fields {
    ($($further:ident),*) => {
        &[
            ConfigField::Model,
            ConfigField::Instructions,
            ConfigField::Voice,
            ConfigField::Output,
            ConfigField::InputFormat,
            ConfigField::OutputFormat,
            ConfigField::TurnDetection,
            ConfigField::InputTranscription,
            ConfigField::OutputTranscription,
            ConfigField::NoiseReduction,
            ConfigField::Tools,
            ConfigField::ToolChoice,
            ConfigField::MaxOutputTokens,
            ConfigField::Speed,
            ConfigField::Native,
            $(ConfigField::$further,)*
        ]
    };
}

const FIELDS: &[ConfigField] = fields!();
const REASONING_FIELDS: &[ConfigField] = fields!(ParallelToolCalls);
const BETA_FIELDS: &[ConfigField] = fields!(Temperature);

// The voice can change only before the first audio, and a change of format would leave it open
// which format audio on its way has: both are left to a new connection.
const LIVE_FIELDS: &[ConfigField] = &[
    ConfigField::Instructions,
    ConfigField::Output,
    ConfigField::TurnDetection,
    ConfigField::InputTranscription,
    ConfigField::OutputTranscription,
    ConfigField::NoiseReduction,
    ConfigField::Tools,
    ConfigField::ToolChoice,
    ConfigField::ParallelToolCalls,
    ConfigField::MaxOutputTokens,
    ConfigField::Temperature,
    ConfigField::Speed,
    ConfigField::Native,
];

const TRANSCRIPTION_FIELDS: &[ConfigField] = &[
    ConfigField::Model,
    ConfigField::InputFormat,
    ConfigField::TurnDetection,
    ConfigField::InputTranscription,
    ConfigField::NoiseReduction,
    ConfigField::Native,
];

const TRANSCRIPTION_LIVE_FIELDS: &[ConfigField] = &[
    ConfigField::TurnDetection,
    ConfigField::InputTranscription,
    ConfigField::NoiseReduction,
    ConfigField::Native,
];

const TRANSLATION_FIELDS: &[ConfigField] = &[
    ConfigField::Model,
    ConfigField::Output,
    ConfigField::InputFormat,
    ConfigField::OutputFormat,
    ConfigField::InputTranscription,
    ConfigField::OutputTranscription,
    ConfigField::NoiseReduction,
    ConfigField::Language,
    ConfigField::Native,
];

const TRANSLATION_LIVE_FIELDS: &[ConfigField] = &[
    ConfigField::InputTranscription,
    ConfigField::NoiseReduction,
    ConfigField::Language,
    ConfigField::Native,
];

/// A line of models that can do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelFamily {
    /// `gpt-realtime`, `gpt-realtime-mini`, `gpt-realtime-1.5`: 32k tokens of context.
    Standard,
    /// `gpt-realtime-2`, `-2.1`, `-2.1-mini`: 128k tokens of context, thinking, parallel calls.
    Reasoning,
}

/// The models that are known by name; dated snapshots belong to their model.
const MODELS: &[(&str, ModelFamily)] = &[
    ("gpt-realtime", ModelFamily::Standard),
    ("gpt-realtime-mini", ModelFamily::Standard),
    ("gpt-realtime-1.5", ModelFamily::Standard),
    ("gpt-realtime-2", ModelFamily::Reasoning),
    ("gpt-realtime-2.1", ModelFamily::Reasoning),
    ("gpt-realtime-2.1-mini", ModelFamily::Reasoning),
];

impl ModelFamily {
    /// The family of `model`, if it is known by name.
    pub fn of(model: &str) -> Option<Self> {
        let name = without_date(model);
        MODELS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, family)| family)
    }
}

/// What `model` can do. A model that is not known by name is taken for a [`ModelFamily::Standard`]
/// one that takes all fields: a newer model, or a deployment under a name of its own.
pub fn capabilities(model: &str) -> Capabilities {
    let family = ModelFamily::of(model);
    let (items, bytes) = match family {
        Some(ModelFamily::Reasoning) => (512, 256 << 10),
        Some(ModelFamily::Standard) | None => (256, 64 << 10),
    };
    let mut can = Capabilities::minimal(SOURCE);
    can.fields = Cow::Borrowed(match family {
        Some(ModelFamily::Standard) => FIELDS,
        Some(ModelFamily::Reasoning) | None => REASONING_FIELDS,
    });
    can.live_fields = live(&can.fields);
    can.input_formats = Cow::Borrowed(FORMATS);
    can.output_formats = Cow::Borrowed(FORMATS);
    can.truncate = true;
    can.cancel = true;
    can.delete_items = true;
    can.server_interrupts = true;
    can.receipts = Receipts::Refusals;
    can.overlap = true;
    can.follow_up = FollowUp::Explicit;
    can.turn_detectors = Cow::Borrowed(DETECTORS);
    can.input_transcripts = Transcripts::OnRequest;
    can.output_transcripts = Transcripts::Always;
    can.tools_during_speech = ToolsDuringSpeech::Waits;
    can.contexts = Cow::Borrowed(&[ContextKind::Instructions, ContextKind::Thinking]);
    can.images = true;
    can.text_output = true;
    can.min_commit = Duration::from_millis(100);
    can.seed_limits = SeedLimits { items, bytes };
    can.seed_open_calls = true;
    can.limits = SessionLimits {
        session: Some(SESSION_LIFE),
        connection: None,
        message_bytes: Some(MESSAGE_BYTES),
    };
    can
}

/// Those of `fields` that can change while the connection lives.
fn live(fields: &[ConfigField]) -> Cow<'static, [ConfigField]> {
    let is_sent = |field: &&ConfigField| fields.contains(field);
    LIVE_FIELDS.iter().filter(is_sent).copied().collect()
}

/// What services can do that speak the shape of the beta.
pub(crate) fn beta() -> Capabilities {
    let mut can = capabilities("");
    can.source = Cow::Borrowed(BETA_SOURCE);
    can.fields = Cow::Borrowed(BETA_FIELDS);
    can.live_fields = live(BETA_FIELDS);
    can.images = false;
    can
}

/// What a session can do that only transcribes, whatever its transcriber.
pub(crate) fn transcription() -> Capabilities {
    let mut can = capabilities("");
    can.source = Cow::Borrowed(TRANSCRIPTION_SOURCE);
    can.fields = Cow::Borrowed(TRANSCRIPTION_FIELDS);
    can.live_fields = Cow::Borrowed(TRANSCRIPTION_LIVE_FIELDS);
    can.truncate = false;
    can.create_response = false;
    can.cancel = false;
    can.delete_items = false;
    can.single_response = false;
    can.server_interrupts = false;
    can.follow_up = FollowUp::Automatic;
    can.input_transcripts = Transcripts::Always;
    can.output_transcripts = Transcripts::Never;
    can.tools_during_speech = ToolsDuringSpeech::Waits;
    can.contexts = Cow::Borrowed(&[]);
    can.images = false;
    can.text_output = false;
    can.seed_limits = SeedLimits::default();
    can
}

/// What a session can do that translates speech as it is spoken.
pub(crate) fn translation() -> Capabilities {
    let mut can = Capabilities::minimal(TRANSLATION_SOURCE);
    can.fields = Cow::Borrowed(TRANSLATION_FIELDS);
    can.live_fields = Cow::Borrowed(TRANSLATION_LIVE_FIELDS);
    can.create_response = false;
    can.single_response = false;
    can.server_turns = false;
    can.full_duplex = true;
    can.receipts = Receipts::Refusals;
    can.overlap = true;
    can.turn_detectors = Cow::Borrowed(&[TurnDetector::Model]);
    can.input_transcripts = Transcripts::OnRequest;
    can.output_transcripts = Transcripts::Always;
    can.close_drain = TRANSLATION_DRAIN;
    can.limits.message_bytes = Some(MESSAGE_BYTES);
    can
}

/// `model` without the `-YYYY-MM-DD` of a snapshot.
fn without_date(model: &str) -> &str {
    let is_date = |tail: &str| {
        tail.len() == 11
            && tail.bytes().enumerate().all(|(place, byte)| match place {
                0 | 5 | 8 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    model
        .len()
        .checked_sub(11)
        .and_then(|at| model.split_at_checked(at))
        .filter(|(_, tail)| is_date(tail))
        .map_or(model, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_name_and_snapshot() {
        for (model, family) in [
            ("gpt-realtime", Some(ModelFamily::Standard)),
            ("gpt-realtime-2025-08-28", Some(ModelFamily::Standard)),
            ("gpt-realtime-mini-2025-12-15", Some(ModelFamily::Standard)),
            ("gpt-realtime-1.5", Some(ModelFamily::Standard)),
            ("gpt-realtime-2", Some(ModelFamily::Reasoning)),
            ("gpt-realtime-2.1-mini", Some(ModelFamily::Reasoning)),
            ("gpt-realtime-9", None),
            ("my-deployment", None),
            ("", None),
            ("é-2025-08-28", None),
        ] {
            assert_eq!(ModelFamily::of(model), family, "{model}");
        }
    }

    #[test]
    fn only_reasoning_models_are_known_to_call_in_parallel() {
        let takes = |model| {
            capabilities(model)
                .fields
                .contains(&ConfigField::ParallelToolCalls)
        };
        assert!(!takes("gpt-realtime"));
        assert!(takes("gpt-realtime-2.1"));
        assert!(takes("my-deployment"));
    }

    #[test]
    fn what_can_change_live_can_be_sent_at_all() {
        let models = ["gpt-realtime", "gpt-realtime-2.1", "unheard-of"];
        let sessions = models.map(capabilities).into_iter();
        for can in sessions.chain([beta(), transcription(), translation()]) {
            for field in can.live_fields.iter() {
                assert!(can.fields.contains(field), "{field:?}");
            }
        }
    }
}
