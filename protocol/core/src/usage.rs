//! What a response cost, by modality.

use serde::{Deserialize, Serialize};

/// Tokens of one direction, split by modality. Providers' splits need not add up to the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModalityTokens {
    /// All tokens, as the provider counts them.
    pub total: u64,
    /// Text tokens.
    pub text: u64,
    /// Audio tokens.
    pub audio: u64,
    /// Image tokens.
    pub image: u64,
    /// Tokens served from a cache; part of `total`.
    pub cached: u64,
}

impl ModalityTokens {
    fn add(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        self.text = self.text.saturating_add(other.text);
        self.audio = self.audio.saturating_add(other.audio);
        self.image = self.image.saturating_add(other.image);
        self.cached = self.cached.saturating_add(other.cached);
    }
}

/// Usage of one response, or the sum of several.
///
/// Sources: `response.done` of OpenAI Realtime, `usageMetadata` of Gemini Live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// What the model read.
    pub input: ModalityTokens,
    /// What the model wrote and spoke.
    pub output: ModalityTokens,
}

impl Usage {
    /// Adds another response's usage; saturates.
    pub fn add(&mut self, other: &Self) {
        self.input.add(&other.input);
        self.output.add(&other.output);
    }

    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input.total.saturating_add(self.output.total)
    }
}
