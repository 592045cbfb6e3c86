//! How large an entry is: its bytes, and its tokens as far as they can be told from here.
//!
//! Only the provider's tokenizer knows the tokens, and none of the three publishes a count before the
//! fact. The estimate takes four letters of ASCII, or one character of any other script, for a token,
//! [`ENTRY`] tokens for what frames an entry, and [`IMAGE`] for a picture. It errs on the large side for
//! all but code and digits.

use std::ops::{Add, Sub};

use antiphon_protocol::{Content, Item, ItemKind};

/// Tokens that frame one entry.
const ENTRY: u64 = 4;
/// Tokens of a picture, whatever its size.
const IMAGE: u64 = 1_000;

/// The size of one or more entries; it adds up exactly, piece by piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: usize,
    /// Quarters of a token.
    quarters: u64,
}

impl Size {
    pub(super) fn of(item: &Item) -> Self {
        let content = match &item.kind {
            ItemKind::Message { content, .. } => content
                .iter()
                .map(Self::of_part)
                .fold(Self::default(), |sum, part| sum + part),
            ItemKind::ToolCall(call) => Self::of_text(&call.name) + Self::of_text(&call.arguments),
            ItemKind::ToolResult(result) => Self::of_text(&result.output),
            ItemKind::Other(raw) => Self::of_text(raw.json()),
            _ => Self::default(),
        };
        let frame = Self {
            bytes: 0,
            quarters: 4 * ENTRY,
        };
        content + frame
    }

    pub(super) fn of_text(text: &str) -> Self {
        let quarters = text.bytes().map(|byte| match byte {
            0..=0x7F => 1,
            // The bytes of a character after its first.
            0x80..=0xBF => 0,
            _ => 4,
        });
        Self {
            bytes: text.len(),
            quarters: quarters.sum(),
        }
    }

    fn of_part(part: &Content) -> Self {
        match part {
            Content::Text(text) => Self::of_text(text),
            Content::Audio { transcript } => {
                transcript.as_deref().map(Self::of_text).unwrap_or_default()
            }
            Content::Image { data, .. } => Self {
                bytes: data.len(),
                quarters: 4 * IMAGE,
            },
            Content::Other(raw) => Self::of_text(raw.json()),
            _ => Self::default(),
        }
    }

    /// Whole tokens, rounded up.
    pub(super) const fn tokens(self) -> u64 {
        self.quarters.div_ceil(4)
    }
}

impl Add for Size {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(more.bytes),
            quarters: self.quarters.saturating_add(more.quarters),
        }
    }
}

impl Sub for Size {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(less.bytes),
            quarters: self.quarters.saturating_sub(less.quarters),
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::Role;

    use super::*;

    #[test]
    fn four_letters_or_one_other_character_are_a_token() {
        for (text, tokens) in [
            ("", 0),
            ("word", 1),
            ("words", 2),
            ("Привет", 6),
            ("你好", 2),
        ] {
            assert_eq!(Size::of_text(text).tokens(), tokens, "{text:?}");
        }
        let item = Item::text(Role::User, "hello, who is there?");
        assert_eq!(Size::of(&item).tokens(), 5 + ENTRY);
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        let whole = "It rains in Осло, as it did yesterday.";
        let pieces = whole.split_inclusive(' ').map(Size::of_text);
        let sum = pieces.fold(Size::default(), |sum, piece| sum + piece);
        assert_eq!(sum, Size::of_text(whole));
        assert_eq!(sum - Size::of_text(whole), Size::default());
    }
}
