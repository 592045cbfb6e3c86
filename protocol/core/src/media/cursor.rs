//! A reader of plain JSON that refuses whatever is not plain.
//!
//! Plain means: strings of ASCII without escapes, numbers without exponent and of
//! bounded length, nesting of bounded depth. The refusal is always `None`, and all steps go forward
//! only, so reading takes time linear in the frame.

use memchr::memchr;

/// Longest number that is read, in bytes; longer ones may mean different things to different
/// parsers.
const NUMBER_LIMIT: usize = 17;

/// What is left of a frame.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(frame: &'a [u8]) -> Self {
        Self { rest: frame }
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// Takes `expected` or refuses.
    #[inline]
    pub(super) fn take(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }

    /// Takes `wanted` if it comes next.
    #[inline]
    pub(super) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    /// Passes over white space.
    #[inline]
    pub(super) fn space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
            // Indentation is mostly long runs of blanks.
            while let Some(rest) = self.rest.strip_prefix(&[b' '; 4]) {
                self.rest = rest;
            }
        }
    }

    /// A string without escapes, of ASCII, between its quotes.
    #[inline]
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let (text, rest) = self.rest.split_at_checked(plain_len(self.rest))?;
        self.rest = rest;
        self.take(b'"')?;
        Some(text)
    }

    /// Takes the string that says `wanted`, which is plain, if it comes next.
    #[inline]
    pub(super) fn eat_string(&mut self, wanted: &str) -> bool {
        let rest = self.rest.strip_prefix(b"\"");
        let rest = rest.and_then(|rest| rest.strip_prefix(wanted.as_bytes()));
        match rest.and_then(|rest| rest.strip_prefix(b"\"")) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The same as text.
    #[inline]
    pub(super) fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.string()?).ok()
    }

    /// What stands before the next quote, unchecked: for payloads, whose decoder checks each byte
    /// and knows no backslash.
    #[inline]
    pub(super) fn payload(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let (text, rest) = self.rest.split_at_checked(memchr(b'"', self.rest)?)?;
        self.rest = rest.get(1..)?;
        Some(text)
    }

    /// A whole number that is not negative.
    #[inline]
    pub(super) fn index(&mut self) -> Option<u32> {
        self.number()?.iter().try_fold(0_u32, |number, byte| {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
            number.checked_mul(10)?.checked_add(u32::from(digit))
        })
    }

    /// A number without exponent, as it is spelled.
    #[inline]
    pub(super) fn number(&mut self) -> Option<&'a [u8]> {
        let end = self
            .rest
            .iter()
            .take(NUMBER_LIMIT + 1)
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'e' | b'E' | b'+'))?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        is_plain_number(text).then_some(text)
    }

    /// Any plain value as it is spelled, quotes included.
    pub(super) fn spelled(&mut self, depth: usize) -> Option<&'a [u8]> {
        let start = self.rest;
        self.skip(depth)?;
        start.get(..start.len() - self.rest.len())
    }

    /// Passes over any plain value that nests at most `depth` deep.
    pub(super) fn skip(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => self.skip_list(b'}', depth.checked_sub(1)?, true),
            b'[' => self.skip_list(b']', depth.checked_sub(1)?, false),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number().map(drop),
        }
    }

    fn skip_list(&mut self, close: u8, depth: usize, named: bool) -> Option<()> {
        self.next();
        self.space();
        if self.eat(close) {
            return Some(());
        }
        loop {
            if named {
                self.string()?;
                self.space();
                self.take(b':')?;
                self.space();
            }
            self.skip(depth)?;
            self.space();
            if self.eat(close) {
                return Some(());
            }
            self.take(b',')?;
            self.space();
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }
}

/// How many bytes come before the first that is a quote, a backslash, a control character or beyond
/// ASCII.
///
/// Keys and ids are short, so eight bytes are looked at in one word; a search that has to be set up
/// costs more than it saves here.
#[inline]
fn plain_len(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((eight, after)) = rest.split_first_chunk() {
        let special = special_bytes(u64::from_le_bytes(*eight));
        if special != 0 {
            return text.len() - rest.len() + special.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    let is_special = |byte: &u8| !byte.is_ascii() || matches!(byte, ..b' ' | b'"' | b'\\');
    text.len() - rest.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// The top bit of each special byte in `word`, right up to and including the lowest of them; a
/// borrow may set further bits above it.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    let quotes = word ^ (ONES * b'"' as u64);
    let backslashes = word ^ (ONES * b'\\' as u64);
    let below = word.wrapping_sub(ONES * b' ' as u64) & !word
        | quotes.wrapping_sub(ONES) & !quotes
        | backslashes.wrapping_sub(ONES) & !backslashes;
    (below | word) & TOPS
}

fn is_plain_number(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let mut parts = unsigned.splitn(2, |&byte| byte == b'.');
    let whole = parts.next().unwrap_or_default();
    let is_digits = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_digits(whole) && (whole.len() == 1 || !whole.starts_with(b"0")) && parts.all(is_digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_string_ends_where_looking_byte_by_byte_ends_it(
            text in prop::collection::vec(
                prop_oneof![6 => b' '..0x80, 1 => any::<u8>()],
                0..40,
            ),
        ) {
            let is_plain = |byte: &u8| (b' '..0x80).contains(byte) && !b"\"\\".contains(byte);
            prop_assert_eq!(plain_len(&text), text.iter().take_while(|byte| is_plain(byte)).count());
        }
    }

    #[test]
    fn only_plain_numbers_are_read() {
        for (text, is_plain) in [
            ("0", true),
            ("-0", true),
            ("907", true),
            ("-1.50", true),
            ("00", false),
            ("01", false),
            ("-", false),
            (".5", false),
            ("5.", false),
            ("1.2.3", false),
            ("1e3", false),
            ("+1", false),
            ("--1", false),
            ("12345678901234567", true),
            ("123456789012345678", false),
        ] {
            let frame = format!("{text}]");
            let read = Cursor::new(frame.as_bytes()).number();
            assert_eq!(read, is_plain.then_some(text.as_bytes()), "{text}");
        }
    }
}
