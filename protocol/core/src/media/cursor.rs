//! A reader of plain JSON that refuses whatever is not plain.
//!
//! Plain means: strings of printable ASCII without escapes, numbers without exponent and of
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

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// Takes `expected` or refuses.
    pub(super) fn take(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }

    /// Takes `wanted` if it comes next.
    pub(super) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    /// Passes over white space.
    pub(super) fn space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// A string without escapes, of printable ASCII, between its quotes.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let end = self
            .rest
            .iter()
            .position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        self.take(b'"')?;
        str::from_utf8(text).ok()
    }

    /// What stands before the next quote, unchecked: for payloads, whose decoder checks each byte
    /// and knows no backslash.
    pub(super) fn payload(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let (text, rest) = self.rest.split_at_checked(memchr(b'"', self.rest)?)?;
        self.rest = rest;
        self.take(b'"')?;
        Some(text)
    }

    /// A number without exponent, as it is spelled.
    pub(super) fn number(&mut self) -> Option<&'a str> {
        let end = self
            .rest
            .iter()
            .take(NUMBER_LIMIT + 1)
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'e' | b'E' | b'+'))?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        is_plain_number(text).then(|| str::from_utf8(text).ok())?
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

fn is_plain_number(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let mut parts = unsigned.splitn(2, |&byte| byte == b'.');
    let whole = parts.next().unwrap_or_default();
    let is_digits = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_digits(whole) && (whole.len() == 1 || !whole.starts_with(b"0")) && parts.all(is_digits)
}
