//! What GPT-Live can do, as data.

use std::{borrow::Cow, time::Duration};

use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, ContextKind, FollowUp, InputClock, Receipts, Resume,
    SeedLimits, SessionLimits, ToolsDuringSpeech, Transcripts, TurnDetector,
};

use super::{config::Work, opening::Target};

/// Where the data below comes from, and when it was read.
const SOURCE: &str = "GPT-Live declarations (SDK Node 7.55.0, Python 3.52.0), guides and captures of \
                      October 2026, read 2026-11-21; seed bytes estimated from 8,192 tokens";

/// What the captures give a session.
const SESSION_LIFE: Duration = Duration::from_secs(7_200);
/// How long the service may drain after `session.close`.
const CLOSE_DRAIN: Duration = Duration::from_secs(10);
/// The track comes ten times a second, whether anyone speaks or not.
const LIVENESS: Duration = Duration::from_secs(30);
/// Messages a session may begin with; one is kept for the bridge.
const SEED_ITEMS: usize = 127;
/// Some 8,000 tokens at three bytes each, which ordinary text stays below.
const SEED_BYTES: usize = 24 << 10;

const FORMATS: &[AudioFormat] = &[
    AudioFormat::PCM16_24K,
    AudioFormat::PCM16_16K,
    AudioFormat::MULAW_8K,
    AudioFormat::ALAW_8K,
];

const CONTEXTS: &[ContextKind] = &[
    ContextKind::Instructions,
    ContextKind::Thinking,
    ContextKind::Commentary,
];

/// What a session of its own takes.
const SESSION: &[ConfigField] = &[
    ConfigField::Model,
    ConfigField::Instructions,
    ConfigField::Voice,
    ConfigField::Output,
    ConfigField::InputFormat,
    ConfigField::OutputFormat,
    ConfigField::InputTranscription,
    ConfigField::OutputTranscription,
    ConfigField::Native,
];

/// What a fork takes: the rest is its source's.
const FORK: &[ConfigField] = &[
    ConfigField::Model,
    ConfigField::Output,
    ConfigField::InputFormat,
    ConfigField::OutputFormat,
    ConfigField::InputTranscription,
    ConfigField::OutputTranscription,
    ConfigField::Native,
];

/// What a running session takes from beside.
const ATTACHED: &[ConfigField] = &[
    ConfigField::Model,
    ConfigField::Output,
    ConfigField::InputTranscription,
    ConfigField::OutputTranscription,
    ConfigField::Native,
];

/// What a backend model takes besides, at any time.
const BACKEND: &[ConfigField] = &[
    ConfigField::Tools,
    ConfigField::ToolChoice,
    ConfigField::ParallelToolCalls,
    ConfigField::MaxOutputTokens,
];

/// What a session of `work` at `target` can do. All models that are known can do the same.
pub(crate) fn of(_model: &str, target: &Target, work: Work) -> Capabilities {
    let has_backend = work == Work::Responses;
    let mut can = Capabilities::minimal(SOURCE);
    let base = match target {
        Target::Session => SESSION,
        Target::Fork(_) => FORK,
        Target::Attached(_) => ATTACHED,
    };
    let backend = if has_backend { BACKEND } else { &[] };
    can.fields = base.iter().chain(backend).copied().collect();
    let native = &[ConfigField::Native];
    can.live_fields = backend.iter().chain(native).copied().collect();
    let formats = match target {
        // A sideband has one format, whatever the session's.
        Target::Attached(_) => &[AudioFormat::PCM16_24K],
        Target::Session | Target::Fork(_) => FORMATS,
    };
    can.input_formats = Cow::Borrowed(formats);
    can.output_formats = Cow::Borrowed(formats);
    can.create_response = has_backend;
    can.single_response = has_backend;
    can.answers_first = has_backend;
    can.server_interrupts = true;
    can.server_turns = false;
    can.full_duplex = true;
    can.receipts = Receipts::Refusals;
    can.resume = Resume::None;
    can.overlap = true;
    can.follow_up = match work {
        Work::Responses => FollowUp::Explicit,
        Work::Client | Work::Decisions => FollowUp::Automatic,
    };
    if !target.is_attached() {
        can.input_clock = InputClock::Continuous;
        can.close_drain = CLOSE_DRAIN;
        can.liveness = LIVENESS;
    }
    can.turn_detectors = Cow::Borrowed(&[TurnDetector::Model]);
    can.input_transcripts = Transcripts::Always;
    can.output_transcripts = Transcripts::Always;
    can.tools_during_speech = ToolsDuringSpeech::Waits;
    can.contexts = Cow::Borrowed(CONTEXTS);
    can.delegations = work == Work::Client;
    can.images = has_backend;
    if *target == Target::Session {
        can.seed_limits = SeedLimits {
            items: SEED_ITEMS,
            bytes: SEED_BYTES,
        };
    }
    can.limits = SessionLimits {
        session: Some(SESSION_LIFE),
        connection: None,
        message_bytes: None,
    };
    can
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_change_live_can_be_sent_at_all() {
        let id = || "live_1".to_owned();
        for target in [Target::Session, Target::Attached(id()), Target::Fork(id())] {
            for work in [Work::Client, Work::Responses, Work::Decisions] {
                let can = of("gpt-live-1", &target, work);
                for field in can.live_fields.iter() {
                    assert!(can.fields.contains(field), "{target:?} {work:?} {field:?}");
                }
            }
        }
    }
}
