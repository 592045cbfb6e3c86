//! What things cost.
//!
//! Each report counts one generation: its prompt is the whole context again, which is billed again,
//! and what it wrote. So reports add up, and one does not take the place of the one before.

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{ModalityTokens, Usage};
use wire::{MediaModality, ModalityTokenCount};

/// The figures of a report, unless there are none by direction.
///
/// Vertex names what was written otherwise. Thoughts are billed as output, but are not in its count
/// on this wire, and so are added to it; so are answers of tools to what was read.
pub(super) fn of(report: &wire::UsageMetadata) -> Option<Usage> {
    let written_details = details(report.response_tokens_details.as_ref())
        .or_else(|| details(report.candidates_tokens_details.as_ref()));
    let read_details = details(report.prompt_tokens_details.as_ref());
    let read = report.prompt_token_count.or_else(|| sum(read_details));
    let written = report
        .response_token_count
        .or(report.candidates_token_count)
        .or_else(|| sum(written_details));
    if read.is_none() && written.is_none() {
        return None;
    }
    let thoughts = count(report.thoughts_token_count);
    let tools = count(report.tool_use_prompt_token_count);
    let mut input = by_modality(read_details);
    merge(
        &mut input,
        by_modality(details(report.tool_use_prompt_tokens_details.as_ref())),
    );
    input.total = count(read).saturating_add(tools);
    input.cached = count(report.cached_content_token_count);
    let mut output = by_modality(written_details);
    output.total = count(written).saturating_add(thoughts);
    output.reasoning = thoughts;
    Some(Usage {
        input,
        output,
        ..Usage::default()
    })
}

fn details(list: Option<&Vec<ModalityTokenCount>>) -> Option<&[ModalityTokenCount]> {
    list.map(Vec::as_slice).filter(|list| !list.is_empty())
}

fn sum(list: Option<&[ModalityTokenCount]>) -> Option<i64> {
    let counts = list?.iter().filter_map(|entry| entry.token_count);
    Some(counts.fold(0, i64::saturating_add))
}

fn by_modality(list: Option<&[ModalityTokenCount]>) -> ModalityTokens {
    let mut tokens = ModalityTokens::default();
    for entry in list.unwrap_or_default() {
        let place = match &entry.modality {
            Some(MediaModality::Audio) => &mut tokens.audio,
            Some(MediaModality::Image) => &mut tokens.image,
            Some(MediaModality::Video) => &mut tokens.video,
            Some(MediaModality::Text | MediaModality::Document) => &mut tokens.text,
            // What it is, nobody knows; the total has it.
            _ => continue,
        };
        *place = place.saturating_add(count(entry.token_count));
    }
    tokens
}

fn merge(tokens: &mut ModalityTokens, more: ModalityTokens) {
    tokens.text = tokens.text.saturating_add(more.text);
    tokens.audio = tokens.audio.saturating_add(more.audio);
    tokens.image = tokens.image.saturating_add(more.image);
    tokens.video = tokens.video.saturating_add(more.video);
}

fn count(tokens: Option<i64>) -> u64 {
    u64::try_from(tokens.unwrap_or(0)).unwrap_or(0)
}
