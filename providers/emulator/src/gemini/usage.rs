//! How many tokens things cost, near enough to the service to test accounting with.

use std::ops::{Add, AddAssign};

use serde_json::{Value, json};

use super::Service;

/// Tokens by modality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) text: u64,
    pub(super) audio: u64,
    pub(super) video: u64,
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            text: self.text.saturating_add(other.text),
            audio: self.audio.saturating_add(other.audio),
            video: self.video.saturating_add(other.video),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Tokens {
    /// Text, at four letters a token.
    pub(super) fn of_text(text: &str) -> Self {
        Self {
            text: text.chars().count().div_ceil(4) as u64,
            ..Self::default()
        }
    }

    /// Audio of either side, at 25 tokens a second.
    pub(super) fn of_audio(ms: u64) -> Self {
        Self {
            audio: ms.div_ceil(40),
            ..Self::default()
        }
    }

    /// One frame of video.
    pub(super) const FRAME: Self = Self {
        text: 0,
        audio: 0,
        video: 258,
    };

    pub(super) fn sum(self) -> u64 {
        self.text
            .saturating_add(self.audio)
            .saturating_add(self.video)
    }

    /// As much as fits into `most`, in equal shares of what there is.
    pub(super) fn cut(self, most: u64) -> Self {
        let sum = self.sum().max(1);
        let share = |part: u64| (u128::from(part) * u128::from(most) / u128::from(sum)) as u64;
        Self {
            text: share(self.text),
            audio: share(self.audio),
            video: share(self.video),
        }
    }

    fn details(self) -> Value {
        let parts = [
            ("TEXT", self.text),
            ("AUDIO", self.audio),
            ("VIDEO", self.video),
        ];
        let parts = parts.into_iter().filter(|(_, count)| *count > 0);
        parts
            .map(|(modality, count)| json!({"modality": modality, "tokenCount": count}))
            .collect()
    }
}

/// The `usageMetadata` of a turn that read `prompt` and made `response` after `thoughts`.
pub(super) fn report(service: Service, prompt: Tokens, response: Tokens, thoughts: u64) -> Value {
    // The two services name what the model made differently.
    let (count, details) = match service {
        Service::Developer => ("responseTokenCount", "responseTokensDetails"),
        Service::Vertex => ("candidatesTokenCount", "candidatesTokensDetails"),
    };
    let mut usage = json!({
        "promptTokenCount": prompt.sum(),
        "totalTokenCount": prompt.sum() + response.sum(),
        "promptTokensDetails": prompt.details(),
    });
    if let Some(members) = usage.as_object_mut() {
        if response.sum() > 0 {
            members.insert(count.to_owned(), response.sum().into());
            members.insert(details.to_owned(), response.details());
        }
        if thoughts > 0 {
            members.insert("thoughtsTokenCount".to_owned(), thoughts.into());
        }
    }
    usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_what_each_service_names() {
        let prompt = Tokens::of_text("four letters each") + Tokens::of_audio(1_000);
        let response = Tokens::of_audio(2_000);
        let usage = report(Service::Developer, prompt, response, 7);
        assert_eq!(usage["promptTokenCount"], 30);
        assert_eq!(usage["responseTokenCount"], 50);
        assert_eq!(usage["totalTokenCount"], 80);
        assert_eq!(usage["thoughtsTokenCount"], 7);
        let usage = report(Service::Vertex, prompt, response, 0);
        let made = json!([{"modality": "AUDIO", "tokenCount": 50}]);
        assert_eq!(usage["candidatesTokensDetails"], made);
        assert!(usage.get("thoughtsTokenCount").is_none());
    }

    #[test]
    fn a_cut_keeps_the_shares() {
        let tokens = Tokens {
            text: 300,
            audio: 600,
            video: 100,
        };
        assert_eq!(
            tokens.cut(500),
            Tokens {
                text: 150,
                audio: 300,
                video: 50
            }
        );
        assert_eq!(Tokens::default().cut(10), Tokens::default());
    }
}
