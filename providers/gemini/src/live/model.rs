//! What the models of this wire can do, as data.

use std::{borrow::Cow, time::Duration};

use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, ContextKind, FollowUp, Receipts, Resume, SeedLimits,
    SessionLimits, ToolsDuringSpeech, Transcripts, TurnDetector,
};

use super::service::{Backend, bare};

/// Where the data below comes from, and when it was read.
const SOURCE: &str = "Gemini Live schema (google-genai 3.4.0), Live API guides and public reports, \
                      read 2026-11-21; seed limits estimated from the context";

/// How long the service keeps a connection. It says so some 60 s before.
const CONNECTION_LIFE: Duration = Duration::from_secs(10 * 60);
/// How long the service keeps a session of sound whose context is not compressed.
const UNCOMPRESSED_LIFE: Duration = Duration::from_secs(15 * 60);

// Any rate is taken, since each frame states its own; these are the usual ones.
const INPUT_FORMATS: &[AudioFormat] = &[
    AudioFormat::PCM16_16K,
    AudioFormat::pcm16(8_000),
    AudioFormat::PCM16_24K,
    AudioFormat::pcm16(44_100),
    AudioFormat::pcm16(48_000),
];
const OUTPUT_FORMATS: &[AudioFormat] = &[AudioFormat::PCM16_24K];
const DETECTORS: &[TurnDetector] = &[TurnDetector::ServerVad, TurnDetector::Manual];

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
            ConfigField::Tools,
            ConfigField::ToolChoice,
            ConfigField::ParallelToolCalls,
            ConfigField::MaxOutputTokens,
            ConfigField::Temperature,
            ConfigField::Native,
            $(ConfigField::$further,)*
        ]
    };
}

const FIELDS: &[ConfigField] = fields!();
const SPEECH_FIELDS: &[ConfigField] = fields!(Language);
const LIVE_FIELDS: &[ConfigField] = &[ConfigField::Instructions, ConfigField::Tools];

/// A line of models that can do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelFamily {
    /// `gemini-3.8-live`: instructions and tools can change live, tools run beside the talk.
    Live38,
    /// `gemini-3.8-live-extended-thinking`: the same, with turns that span several answers.
    Live38Thinking,
    /// `gemini-3.1-flash-live`: text only as the user's.
    Live31,
    /// `gemini-2.5-flash-native-audio` and its names on Vertex.
    NativeAudio25,
    /// `gemini-live-2.5-flash` and `gemini-2.0-flash-live`: speech from text, or text alone.
    Cascade,
}

/// The models that are known by how their names begin.
const MODELS: &[(&str, ModelFamily)] = &[
    (
        "gemini-3.8-live-extended-thinking",
        ModelFamily::Live38Thinking,
    ),
    ("gemini-3.8-live", ModelFamily::Live38),
    ("gemini-3.1-flash-live", ModelFamily::Live31),
    ("gemini-2.5-flash-native-audio", ModelFamily::NativeAudio25),
    (
        "gemini-2.5-flash-preview-native-audio",
        ModelFamily::NativeAudio25,
    ),
    (
        "gemini-live-2.5-flash-native-audio",
        ModelFamily::NativeAudio25,
    ),
    (
        "gemini-live-2.5-flash-preview-native-audio",
        ModelFamily::NativeAudio25,
    ),
    ("gemini-live-2.5-flash", ModelFamily::Cascade),
    ("gemini-2.0-flash-live", ModelFamily::Cascade),
];

impl ModelFamily {
    /// The family of `model`, if it is known by name; what it is filed under does not matter.
    pub fn of(model: &str) -> Option<Self> {
        let name = bare(model);
        let begins = |known: &str| {
            name.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        MODELS
            .iter()
            .find(|(known, _)| begins(known))
            .map(|&(_, family)| family)
    }
}

/// When a model takes `clientContent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientContent {
    /// At any time.
    Always,
    /// Only before it has spoken; later it closes the connection.
    Opening,
}

/// What a model thinks of tools that block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// Tools block unless declared otherwise.
    Default,
    /// Tools block when declared so.
    Declared,
    /// Tools always block.
    Only,
    /// Tools never block.
    Never,
}

/// How a model wants to be spoken to, beyond what [`Capabilities`] say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) client_content: ClientContent,
    /// Whether history can be marked as such in the setup (`historyConfig`).
    pub(crate) history_config: bool,
    /// Whether instructions and tools can change live (`contextUpdate`).
    pub(crate) context_update: bool,
    pub(crate) blocking: Blocking,
    /// Whether transcription takes languages and words to expect.
    pub(crate) hints: bool,
    /// Whether a level of thinking must be chosen.
    pub(crate) thinks: bool,
    pub(crate) backend: Backend,
}

impl Manner {
    pub(crate) fn of(model: &str, backend: Backend) -> Self {
        let family = ModelFamily::of(model);
        let is_38 = matches!(
            family,
            Some(ModelFamily::Live38 | ModelFamily::Live38Thinking)
        );
        Self {
            client_content: match family {
                Some(ModelFamily::NativeAudio25 | ModelFamily::Cascade) => ClientContent::Always,
                // What every model takes is the safe choice for one that is not known.
                _ => ClientContent::Opening,
            },
            history_config: backend == Backend::Developer
                && (is_38 || family == Some(ModelFamily::Live31)),
            context_update: is_38,
            blocking: match family {
                Some(ModelFamily::Live38) | None => Blocking::Declared,
                Some(ModelFamily::Live38Thinking) => Blocking::Never,
                Some(ModelFamily::Live31) => Blocking::Only,
                Some(ModelFamily::NativeAudio25 | ModelFamily::Cascade) => Blocking::Default,
            },
            hints: is_38,
            thinks: family == Some(ModelFamily::Live38Thinking),
            backend,
        }
    }

    /// The ways in which context can be given without speech.
    const fn contexts(self) -> &'static [ContextKind] {
        match (self.client_content, self.context_update, self.backend) {
            (ClientContent::Always, _, Backend::Vertex) => &[
                ContextKind::Instructions,
                ContextKind::Thinking,
                ContextKind::Commentary,
            ],
            (ClientContent::Always, _, Backend::Developer) => {
                &[ContextKind::Thinking, ContextKind::Commentary]
            }
            (ClientContent::Opening, true, _) => {
                &[ContextKind::Instructions, ContextKind::Commentary]
            }
            (ClientContent::Opening, false, _) => &[ContextKind::Commentary],
        }
    }
}

/// What `model` can do on `backend`, as sessions are opened by default: resumption is on, and the
/// context is not compressed.
///
/// A model that is not known by name is taken for one that does what all do.
pub fn capabilities(model: &str, backend: Backend) -> Capabilities {
    let family = ModelFamily::of(model);
    let manner = Manner::of(model, backend);
    let (items, bytes) = match family {
        Some(ModelFamily::Live38 | ModelFamily::Live38Thinking | ModelFamily::Live31) => {
            (512, 256 << 10)
        }
        _ => (256, 64 << 10),
    };
    let speaks_from_text = matches!(family, Some(ModelFamily::Cascade) | None);
    let mut can = Capabilities::minimal(SOURCE);
    can.fields = Cow::Borrowed(if speaks_from_text {
        SPEECH_FIELDS
    } else {
        FIELDS
    });
    can.live_fields = Cow::Borrowed(if manner.context_update {
        LIVE_FIELDS
    } else {
        &[]
    });
    can.input_formats = Cow::Borrowed(INPUT_FORMATS);
    can.output_formats = Cow::Borrowed(OUTPUT_FORMATS);
    can.create_response = manner.client_content == ClientContent::Always;
    can.server_interrupts = true;
    can.receipts = Receipts::Written;
    can.resume = Resume::Handle;
    can.follow_up = FollowUp::Automatic;
    can.turn_detectors = Cow::Borrowed(DETECTORS);
    can.input_transcripts = Transcripts::OnRequest;
    can.output_transcripts = Transcripts::OnRequest;
    can.tools_during_speech = match manner.blocking {
        Blocking::Only => ToolsDuringSpeech::Cancels,
        _ => ToolsDuringSpeech::NonBlocking,
    };
    can.contexts = Cow::Borrowed(manner.contexts());
    can.images = true;
    can.video = true;
    can.text_output = family == Some(ModelFamily::Cascade);
    can.seed_limits = SeedLimits { items, bytes };
    can.limits = SessionLimits {
        session: Some(UNCOMPRESSED_LIFE),
        connection: Some(CONNECTION_LIFE),
        message_bytes: None,
    };
    can
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_how_their_names_begin() {
        for (model, family) in [
            ("gemini-3.8-live", Some(ModelFamily::Live38)),
            ("models/gemini-3.8-live-001", Some(ModelFamily::Live38)),
            (
                "gemini-3.8-live-extended-thinking",
                Some(ModelFamily::Live38Thinking),
            ),
            ("gemini-3.1-flash-live-preview", Some(ModelFamily::Live31)),
            (
                "models/gemini-2.5-flash-native-audio-preview-09-2025",
                Some(ModelFamily::NativeAudio25),
            ),
            (
                "projects/p/locations/l/publishers/google/models/gemini-live-2.5-flash-native-audio",
                Some(ModelFamily::NativeAudio25),
            ),
            ("gemini-live-2.5-flash", Some(ModelFamily::Cascade)),
            ("gemini-2.0-flash-live-001", Some(ModelFamily::Cascade)),
            ("gemini-3.8-lively", None),
            ("gemini-9-live", None),
            ("", None),
        ] {
            assert_eq!(ModelFamily::of(model), family, "{model}");
        }
    }

    #[test]
    fn what_can_change_live_can_be_sent_at_all() {
        for (model, _) in MODELS {
            for backend in [Backend::Developer, Backend::Vertex] {
                let can = capabilities(model, backend);
                for field in can.live_fields.iter() {
                    assert!(can.fields.contains(field), "{model}: {field:?}");
                }
            }
        }
    }
}
