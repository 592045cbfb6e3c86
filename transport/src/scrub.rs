//! Takes secrets out of text, in whatever form they were echoed.

use antiphon_protocol::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a secret's place.
pub(crate) const REDACTED: &str = "[redacted]";

/// Shorter secrets are only looked for as they are: their encoded forms would be found by chance.
const ENCODED: usize = 6;

/// What a URL may hold as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Secrets in every form in which they are looked for: as they are, as JSON and URLs write them, and
/// inside base64 at any place.
#[derive(Default)]
pub(crate) struct Scrub {
    /// The longest first, so that no form hides the rest of a longer one.
    forms: Vec<Secret>,
}

impl Scrub {
    /// Looks for these.
    pub(crate) fn of(secrets: impl IntoIterator<Item = impl std::borrow::Borrow<Secret>>) -> Self {
        let mut scrub = Self::default();
        for secret in secrets {
            scrub.add(secret.borrow().clone());
        }
        scrub
    }

    /// Looks for this one, too.
    pub(crate) fn add(&mut self, secret: Secret) {
        if secret.is_empty() || self.forms.contains(&secret) {
            return;
        }
        if secret.expose().len() >= ENCODED {
            self.forms.extend(encoded(secret.expose()));
        }
        self.forms.push(secret);
        self.forms
            .sort_by_key(|form| std::cmp::Reverse(form.expose().len()));
        self.forms.dedup();
    }

    /// What is left of text that may have been cut short and marked so; `None` when it holds nothing
    /// to take out.
    pub(crate) fn clean_marked(&self, text: &str) -> Option<String> {
        let (whole, mark) = match text.strip_suffix(MORE) {
            Some(cut) => (self.clean_cut(cut.to_owned()), Some(MORE)),
            None => (self.clean(text.to_owned()), None),
        };
        let clean: String = whole.chars().chain(mark).collect();
        (clean != text).then_some(clean)
    }

    /// The length of the longest form, in bytes.
    #[cfg(any(feature = "tungstenite", feature = "tokio-websockets"))]
    pub(crate) fn longest(&self) -> usize {
        self.forms.first().map_or(0, |form| form.expose().len())
    }

    /// The text without the secrets.
    pub(crate) fn clean(&self, mut text: String) -> String {
        for form in &self.forms {
            if text.contains(form.expose()) {
                text = text.replace(form.expose(), REDACTED);
            }
        }
        text
    }

    /// Like [`Scrub::clean`], for text that was cut off at its end, perhaps inside a secret.
    pub(crate) fn clean_cut(&self, text: String) -> String {
        let mut text = self.clean(text);
        let begun = self.forms.iter().filter_map(|form| {
            let form = form.expose();
            (1..form.len())
                .rev()
                .filter_map(|length| form.get(..length))
                .find(|begun| text.ends_with(begun))
                .map(str::len)
        });
        let begun = begun.max().unwrap_or(0);
        text.truncate(text.len().saturating_sub(begun));
        text
    }
}

/// How text says that there was more.
const MORE: char = '…';

fn encoded(secret: &str) -> Vec<Secret> {
    let percent = utf8_percent_encode(secret, UNRESERVED).to_string();
    let eager = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let json = secret.replace('\\', "\\\\").replace('"', "\\\"");
    let slashes = json.replace('/', "\\/");
    let whole = base64_simd::STANDARD.encode_to_string(secret);
    let mut forms: Vec<Secret> = [
        lower_escapes(&percent),
        percent,
        lower_escapes(&eager),
        eager,
        json,
        slashes,
        whole,
    ]
    .into_iter()
    .map(Secret::from)
    .collect();
    for shift in 0..3 {
        let core = base64_core(secret, shift);
        forms.push(Secret::from(core.replace('+', "-").replace('/', "_")));
        forms.push(Secret::from(core));
    }
    forms
}

/// The same with the hexadecimal digits of its escapes in lower case.
fn lower_escapes(percent: &str) -> String {
    let mut left = 0;
    percent
        .chars()
        .map(|c| {
            if c == '%' {
                left = 2;
                c
            } else if left > 0 {
                left -= 1;
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}

/// What base64 makes of the secret where `shift` bytes stand before it: the characters that do not
/// depend on its neighbours.
fn base64_core(secret: &str, shift: usize) -> String {
    let padded: Vec<u8> = std::iter::repeat_n(0, shift)
        .chain(secret.bytes())
        .collect();
    let whole = padded.len() * 8 / 6;
    base64_simd::STANDARD
        .encode_to_string(&padded)
        .chars()
        .take(whole)
        .skip((shift * 8).div_ceil(6))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-can\"ary/key+4711=";

    fn scrub() -> Scrub {
        Scrub::of([&Secret::from(KEY)])
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let encode = |text: String| base64_simd::STANDARD.encode_to_string(text);
        for text in [
            KEY.to_owned(),
            "sk-can\\\"ary/key+4711=".to_owned(),
            "sk-can\\\"ary\\/key+4711=".to_owned(),
            "sk-can%22ary%2Fkey%2B4711%3D".to_owned(),
            "sk-can%22ary%2fkey%2b4711%3d".to_owned(),
            "sk%2Dcan%22ary%2Fkey%2B4711%3D".to_owned(),
            encode(KEY.to_owned()),
            encode(format!("u:{KEY}")),
            encode(format!("us:{KEY}&x")),
            encode(format!("use:{KEY}....")),
        ] {
            let clean = scrub().clean(format!("<{text}>"));
            assert!(clean.contains(REDACTED), "{text}: {clean}");
            assert!(clean.len() < 30, "{text}: {clean}");
        }
        assert_eq!(scrub().clean("nothing here".to_owned()), "nothing here");
    }

    #[test]
    fn a_secret_that_was_cut_off_is_not_half_kept() {
        for cut in 1..KEY.len() {
            let text = format!("your key {}", KEY.get(..cut).unwrap_or_default());
            assert_eq!(scrub().clean_cut(text), "your key ", "{cut}");
        }
        assert_eq!(scrub().clean_cut(KEY.to_owned()), REDACTED);
        assert_eq!(scrub().clean_cut("all".to_owned()), "all");
    }

    #[test]
    fn what_was_marked_as_cut_keeps_its_mark() {
        let marked = |text: &str| scrub().clean_marked(text);
        assert_eq!(
            marked("closed for sk-can…").as_deref(),
            Some("closed for …")
        );
        assert_eq!(marked("closed for sk-can"), None);
        assert_eq!(marked("plain…"), None);
    }

    #[test]
    fn nothing_is_looked_for_where_there_is_no_secret() {
        let scrub = Scrub::of([&Secret::from("")]);
        assert_eq!(
            (scrub.clean("text".to_owned()), scrub.longest()),
            ("text".to_owned(), 0)
        );
    }
}
