//! What a response or a session cost, by modality.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Tokens of one direction, split by modality. Providers' splits need not add up to the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModalityTokens {
    /// All tokens, as the provider counts them.
    pub total: u64,
    /// Text tokens.
    pub text: u64,
    /// Audio tokens.
    pub audio: u64,
    /// Image tokens.
    pub image: u64,
    /// Video tokens.
    pub video: u64,
    /// Tokens spent on thinking; part of `total`.
    pub reasoning: u64,
    /// Tokens served from a cache; part of `total`.
    pub cached: u64,
}

impl ModalityTokens {
    /// Each count changed by `change(mine, other's)`.
    fn zip(&self, other: &Self, change: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            total: change(self.total, other.total),
            text: change(self.text, other.text),
            audio: change(self.audio, other.audio),
            image: change(self.image, other.image),
            video: change(self.video, other.video),
            reasoning: change(self.reasoning, other.reasoning),
            cached: change(self.cached, other.cached),
        }
    }
}

/// Usage of one response, or the sum of several.
///
/// Sources: `response.done` of OpenAI Realtime, `usageMetadata` of Gemini Live,
/// `session.usage.updated` of GPT-Live, which is billed by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// What the model read.
    pub input: ModalityTokens,
    /// What the model wrote and spoke.
    pub output: ModalityTokens,
    /// Time that is billed, on services that bill time.
    pub duration: Duration,
}

impl Usage {
    /// Adds another response's usage; saturates.
    pub fn add(&mut self, other: &Self) {
        *self = Self {
            input: self.input.zip(&other.input, u64::saturating_add),
            output: self.output.zip(&other.output, u64::saturating_add),
            duration: self.duration.saturating_add(other.duration),
        };
    }

    /// What has been added since `earlier`, count by count; a count that shrank gives 0.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            input: self.input.zip(&earlier.input, u64::saturating_sub),
            output: self.output.zip(&earlier.output, u64::saturating_sub),
            duration: self.duration.saturating_sub(earlier.duration),
        }
    }

    /// Input and output tokens together.
    pub fn total(&self) -> u64 {
        self.input.total.saturating_add(self.output.total)
    }
}

/// How a provider counts in a [`UsageReport`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// What was used since the last report.
    #[default]
    Increment,
    /// All that was used on this connection so far; a later report takes the place of this one.
    Cumulative,
}

/// Usage that belongs to no response's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct UsageReport {
    /// The figures.
    pub usage: Usage,
    /// What they count.
    pub counting: Counting,
    /// How much of the context window is in use, 0 to 1, where the provider says so.
    pub context_used: Option<f64>,
}

impl From<Usage> for UsageReport {
    /// Usage since the last report.
    fn from(usage: Usage) -> Self {
        Self {
            usage,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_since_is_what_add_brings_back() {
        let tokens = |n| ModalityTokens {
            total: 7 * n,
            text: n,
            audio: 2 * n,
            image: 3 * n,
            video: 4 * n,
            reasoning: 5 * n,
            cached: 6 * n,
        };
        let usage = |n: u64| Usage {
            input: tokens(n),
            output: tokens(n + 1),
            duration: Duration::from_secs(n),
        };
        let mut sum = usage(1);
        sum.add(&usage(3).since(&usage(1)));
        assert_eq!(sum, usage(3));
        assert_eq!(usage(1).since(&usage(3)), Usage::default());
    }
}
