//! What things cost.

use std::time::Duration;

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{ModalityTokens, Usage};
use serde_json::Value;

/// Usage of a response. One compatible service reports it beside the response.
pub(crate) fn response(event: &wire::ResponseDone) -> Option<Usage> {
    let within = event
        .response
        .usage
        .as_ref()
        .filter(|usage| is_counted(usage));
    match within {
        Some(usage) => Some(of(usage)),
        None => {
            let beside: &Value = event.extra.get("usage")?;
            let usage: wire::ResponseUsage = serde_json::from_value(beside.clone()).ok()?;
            is_counted(&usage).then(|| of(&usage))
        }
    }
}

fn is_counted(usage: &wire::ResponseUsage) -> bool {
    usage.input_tokens.is_some() || usage.output_tokens.is_some()
}

fn of(usage: &wire::ResponseUsage) -> Usage {
    let input = usage.input_token_details.clone().unwrap_or_default();
    let output = usage.output_token_details.clone().unwrap_or_default();
    Usage {
        input: ModalityTokens {
            total: usage.input_tokens.unwrap_or(0),
            text: input.text_tokens.unwrap_or(0),
            audio: input.audio_tokens.unwrap_or(0),
            image: input.image_tokens.unwrap_or(0),
            cached: input.cached_tokens.unwrap_or(0),
            ..ModalityTokens::default()
        },
        output: ModalityTokens {
            total: usage.output_tokens.unwrap_or(0),
            text: output.text_tokens.unwrap_or(0),
            audio: output.audio_tokens.unwrap_or(0),
            reasoning: output.reasoning_tokens.unwrap_or(0),
            ..ModalityTokens::default()
        },
        duration: Duration::ZERO,
    }
}

/// Usage of a transcription, which is billed by token or by time.
pub(crate) fn transcription(usage: &wire::TranscriptionUsage) -> Option<Usage> {
    match usage {
        wire::TranscriptionUsage::Tokens(tokens) => Some(of_tokens(tokens)),
        wire::TranscriptionUsage::Duration(time) => Some(Usage {
            duration: Duration::try_from_secs_f64(time.seconds).unwrap_or_default(),
            ..Usage::default()
        }),
        _ => None,
    }
}

fn of_tokens(tokens: &wire::TranscriptionTokens) -> Usage {
    let read = tokens.input_token_details.clone().unwrap_or_default();
    Usage {
        input: ModalityTokens {
            total: tokens.input_tokens,
            text: read.text_tokens.unwrap_or(0),
            audio: read.audio_tokens.unwrap_or(0),
            ..ModalityTokens::default()
        },
        output: ModalityTokens {
            total: tokens.output_tokens,
            text: tokens.output_tokens,
            ..ModalityTokens::default()
        },
        duration: Duration::ZERO,
    }
}
