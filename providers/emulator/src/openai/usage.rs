//! How many tokens things cost, near enough to the service to test accounting with.

use std::ops::Add;

use serde_json::{Value, json};

/// Tokens by modality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) text: u64,
    pub(super) audio: u64,
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            text: self.text + other.text,
            audio: self.audio + other.audio,
        }
    }
}

impl Tokens {
    /// Text, at four letters a token.
    pub(super) fn of_text(text: &str) -> Self {
        Self {
            text: text.chars().count().div_ceil(4) as u64,
            audio: 0,
        }
    }

    /// The caller's audio, at one token for 100 ms.
    pub(super) fn of_caller(ms: u64) -> Self {
        Self {
            text: 0,
            audio: ms.div_ceil(100),
        }
    }

    /// The model's audio, at one token for 50 ms, with its transcript.
    pub(super) fn of_model(ms: u64, transcript: &str) -> Self {
        Self {
            text: Self::of_text(transcript).text,
            audio: ms.div_ceil(50),
        }
    }

    fn sum(self) -> u64 {
        self.text + self.audio
    }
}

/// The `usage` of a response that read `input`, of which `cached` had been read before, and made
/// `output`.
pub(super) fn report(input: Tokens, cached: Tokens, output: Tokens) -> Value {
    // The cache works in blocks of 64 tokens.
    let text = (cached.text / 64 * 64).min(input.text);
    let audio = (cached.audio / 64 * 64).min(input.audio);
    json!({
        "total_tokens": input.sum() + output.sum(),
        "input_tokens": input.sum(),
        "output_tokens": output.sum(),
        "input_token_details": {
            "text_tokens": input.text,
            "audio_tokens": input.audio,
            "image_tokens": 0,
            "cached_tokens": text + audio,
            "cached_tokens_details": {
                "text_tokens": text,
                "audio_tokens": audio,
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": output.text, "audio_tokens": output.audio},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up() {
        let input = Tokens {
            text: 100,
            audio: 70,
        };
        let cached = Tokens {
            text: 90,
            audio: 200,
        };
        let usage = report(input, cached, Tokens::of_model(1_000, "Hello there"));
        assert_eq!(usage["input_tokens"], 170);
        assert_eq!(usage["input_token_details"]["cached_tokens"], 64 + 70);
        assert_eq!(
            usage["output_token_details"],
            json!({"text_tokens": 3, "audio_tokens": 20})
        );
        assert_eq!(usage["total_tokens"], 193);
    }
}
