//! Text a peer wrote, made safe to print.

use std::fmt;

use serde::{Serialize, Serializer};

/// Most bytes of peer text that are kept as a rule.
const LIMIT: usize = 256;
/// Says that there was more.
const MORE: char = '…';

/// Text from the other side of the wire: bounded, to 256 bytes as a rule, with control and bidirectional
/// formatting characters escaped, so that it can stand in a log line or an error.
///
/// ```
/// use antiphon_protocol::PeerText;
///
/// assert_eq!(PeerText::new("bye\n\u{1b}[31m").as_str(), "bye\\n\\u{1b}[31m");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PeerText(Box<str>);

impl PeerText {
    /// Keeps `text` in its safe form.
    pub fn new(text: &str) -> Self {
        Self::bounded(text, LIMIT)
    }

    /// Keeps up to `limit` bytes of `text` in their safe form: for words that are read for what
    /// they mean, such as the body of a refusal, and shown in part.
    pub fn bounded(text: &str, limit: usize) -> Self {
        let mut safe = String::with_capacity(text.len().min(limit));
        let room = limit.saturating_sub(MORE.len_utf8());
        // Where the text is cut if there is more of it than fits.
        let mut cut = 0;
        for c in text.chars() {
            if is_unsafe(c) {
                safe.extend(c.escape_default());
            } else {
                safe.push(c);
            }
            if safe.len() <= room {
                cut = safe.len();
            } else if safe.len() > limit {
                safe.truncate(cut);
                safe.push(MORE);
                break;
            }
        }
        Self(safe.into())
    }

    /// The safe form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the peer said nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for PeerText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl Serialize for PeerText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Stands for content in debug output: only its size is shown.
pub(crate) struct Hidden(pub(crate) usize);

impl Hidden {
    /// Stands for `text`, if there is any.
    pub(crate) fn text(text: Option<&String>) -> Option<Self> {
        text.map(|text| Self(text.len()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B", self.0)
    }
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    // faults: D18, I11 by line breaks, escapes and marks of direction in a peer's words
    #[test]
    fn hostile_text_is_escaped_and_bounded() {
        for (given, kept) in [
            ("plain", "plain"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{202e}gnp", "\\u{202e}gnp"),
            ("\u{61c}1", "\\u{61c}1"),
            ("a\u{e0041}", "a\\u{e0041}"),
            ("\u{7f}", "\\u{7f}"),
            ("grüße", "grüße"),
        ] {
            assert_eq!(PeerText::new(given).as_str(), kept);
        }
    }

    #[test]
    fn text_at_the_limit_is_kept_and_one_byte_more_is_cut() {
        let kept = PeerText::new(&"x".repeat(LIMIT));
        assert_eq!(kept.as_str().len(), LIMIT);
        for longer in ["x".repeat(LIMIT + 1), "ü".repeat(4000), "\0".repeat(4000)] {
            let cut = PeerText::new(&longer);
            assert!(cut.as_str().len() <= LIMIT, "{cut}");
            assert!(cut.as_str().len() > LIMIT - 16, "{cut}");
            assert!(cut.as_str().ends_with(MORE), "{cut}");
        }
        assert_eq!(PeerText::bounded("four", 3).as_str(), "…");
    }
}
