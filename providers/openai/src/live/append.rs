//! Context in pieces that the service takes.
//!
//! One append holds at most 500 tokens. How many a text has only the service knows, so the estimate
//! below is meant to be too high: a third of a token for a small letter, two thirds for a capital or
//! a digit, a whole one for a sign of punctuation or a letter beyond ASCII, three for all else. A
//! text beyond 450 of these is cut at the end of a sentence, else between words.

/// Most of a piece, in tenths of a token.
const PIECE: u32 = 4_500;
/// Most pieces of one text: together some 14,000 tokens, which is more than instructions may have.
const PIECES: usize = 32;

/// The pieces of `text`, in order.
///
/// # Errors
/// With the reason, when nothing is left to cut at or there are too many pieces.
pub(crate) fn pieces(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("there is nothing in it");
    }
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        if pieces.len() == PIECES {
            return Err("it is too long; tell the model what matters of it");
        }
        let (piece, after) = cut(rest).ok_or(
            "it holds a word of more than 450 tokens, and one append takes 500; tell it otherwise",
        )?;
        pieces.push(piece);
        rest = after;
    }
    Ok(pieces)
}

/// The first piece and the rest; `None` when there is no place to cut.
fn cut(text: &str) -> Option<(&str, &str)> {
    let mut weight = 0;
    let mut sentence = None;
    let mut word = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        weight += self::weight(c);
        if weight > PIECE {
            let (piece, rest) = text.split_at(sentence.or(word)?);
            return Some((piece.trim_end(), rest.trim_start()));
        }
        let end = at + c.len_utf8();
        let before_space = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if c == '\n' || is_wide_stop(c) || (matches!(c, '.' | '!' | '?' | '…') && before_space) {
            sentence = Some(end);
        }
        if c.is_whitespace() || matches!(c, '，' | '、' | '；' | '：') {
            word = Some(end);
        }
    }
    Some((text, ""))
}

/// The end of a sentence in scripts that put no space after it.
const fn is_wide_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '।' | '؟')
}

/// Tenths of a token, rather too many than too few.
const fn weight(c: char) -> u32 {
    match c {
        'a'..='z' | ' ' => 3,
        'A'..='Z' | '0'..='9' => 6,
        _ if c.is_ascii() => 10,
        _ if c as u32 <= 0xffff => 10,
        _ => 30,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weight_of(text: &str) -> u32 {
        text.chars().map(weight).sum()
    }

    #[test]
    fn a_short_text_is_one_piece() {
        assert_eq!(pieces(" Hello. World. "), Ok(vec!["Hello. World."]));
    }

    #[test]
    fn a_long_text_is_cut_after_sentences_before_words() {
        let sentence = "This is a sentence of a fair length that says nothing at all.";
        let text = [sentence; 60].join(" ");
        let cut = pieces(&text).expect("it can be cut");
        assert!(cut.len() > 1);
        for piece in &cut {
            assert!(piece.ends_with("at all."), "{piece}");
        }
        assert_eq!(cut.join(" "), text);

        let words = "word ".repeat(1_000);
        for piece in pieces(&words).expect("it can be cut") {
            assert!(piece.ends_with("word"), "{piece}");
        }
    }

    #[test]
    fn what_is_hopeless_is_refused() {
        assert!(pieces(" ").is_err());
        assert!(pieces(&"x".repeat(2_000)).is_err());
        assert!(pieces(&"word ".repeat(20_000)).is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_piece_is_too_large(text in "[a-zA-Z0-9 .!?\n。你好👋]{0,4000}") {
            if let Ok(cut) = pieces(&text) {
                let plain = |text: &str| text.split_whitespace().collect::<String>();
                prop_assert_eq!(plain(&cut.concat()), plain(&text));
                for piece in cut {
                    prop_assert!(weight_of(piece) <= PIECE && !piece.is_empty());
                }
            }
        }
    }
}
