//! Tells a frame, or a branch, apart by its text: one pass that builds nothing.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::wire::{DecodeError, Limits, Raw, check_syntax};

/// What kind of JSON value a text is, told by its first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    String,
    Number,
    Bool,
    Null,
    Array,
    Object,
}

/// The kind of a value that was parsed before.
pub(crate) fn shape(raw: &Raw) -> Shape {
    match raw.json().as_bytes().first() {
        Some(b'"') => Shape::String,
        Some(b'{') => Shape::Object,
        Some(b'[') => Shape::Array,
        Some(b't' | b'f') => Shape::Bool,
        Some(b'n') | None => Shape::Null,
        Some(_) => Shape::Number,
    }
}

/// A string member of an object that was parsed before, and so within limits.
pub(crate) fn tag<'a>(raw: &'a Raw, name: &str) -> Option<Cow<'a, str>> {
    string_member(raw.json(), name, &UNBOUNDED).ok().flatten()
}

const UNBOUNDED: Limits =
    Limits { max_bytes: usize::MAX, max_depth: usize::MAX, max_string: usize::MAX };

/// The top-level string member `name`, found in the one pass that keeps the limits. It tells the
/// type of an event before its typed parse; grammar is that parse's to check.
pub(crate) fn string_member<'a>(
    text: &'a str,
    name: &str,
    limits: &Limits,
) -> Result<Option<Cow<'a, str>>, DecodeError> {
    let (mut wanted, mut found) = (false, None);
    walk(text, limits, |part| match part {
        Part::Key(token) => wanted = unquote(token).is_some_and(|key| key == name),
        Part::Text(token) if wanted => found = unquote(token),
        Part::Text(_) => {}
    })?;
    Ok(found)
}

/// A string token at the top level of an object, with its quotes.
enum Part<'a> {
    Key(&'a str),
    Text(&'a str),
}

/// Reports the string tokens at the top level of an object, and keeps the limits throughout.
fn walk<'a>(
    text: &'a str,
    limits: &Limits,
    mut report: impl FnMut(Part<'a>),
) -> Result<(), DecodeError> {
    let bytes = text.as_bytes();
    if bytes.len() > limits.max_bytes {
        return Err(DecodeError::TooLarge { bytes: bytes.len(), limit: limits.max_bytes });
    }
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        check_syntax(text)?;
        return Err(DecodeError::NotAnObject);
    }
    let (mut at, mut depth, mut key_next) = (0, 0_usize, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at + 1);
                if end - at > limits.max_string {
                    return Err(DecodeError::StringTooLong { limit: limits.max_string });
                }
                if let Some(token) = text.get(at..=end).filter(|_| depth == 1) {
                    report(if key_next { Part::Key(token) } else { Part::Text(token) });
                }
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                key_next = depth == 1;
                if depth > limits.max_depth {
                    return Err(DecodeError::TooDeep { limit: limits.max_depth });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => key_next = true,
            b':' if depth == 1 => key_next = false,
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// What the members of a frame say about it.
pub(crate) enum Members<'a> {
    /// One of them is known, or there is none at all.
    Known(Cow<'a, str>),
    /// There are members, none of them known; this is the first.
    Unknown(Cow<'a, str>),
}

/// Whether a frame that is told by its members has one that is known.
pub(crate) fn members<'a>(
    text: &'a str,
    known: &[&str],
    limits: &Limits,
) -> Result<Members<'a>, DecodeError> {
    let (mut first, mut found) = (None, None);
    walk(text, limits, |part| {
        if let (Part::Key(token), None) = (part, &found) {
            match unquote(token) {
                Some(key) if known.contains(&&*key) => found = Some(key),
                key => first = first.take().or(key),
            }
        }
    })?;
    Ok(match (found, first) {
        (Some(member), _) => Members::Known(member),
        (None, Some(member)) => Members::Unknown(member),
        (None, None) => Members::Known(Cow::Borrowed("")),
    })
}

/// The type of an event frame.
pub(crate) fn event_type<'a>(text: &'a str, limits: &Limits) -> Result<Cow<'a, str>, DecodeError> {
    let found = string_member(text, "type", limits)?;
    found.ok_or_else(|| check_syntax(text).err().unwrap_or(DecodeError::NoType))
}

/// Index of the quote that ends the string whose content starts at `at`, or of the last byte.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    const STEP: usize = 32;
    loop {
        // Without an early exit the compiler compares a whole step at once.
        while let Some(step) = bytes.get(at..at + STEP) {
            let special = |found, byte: &u8| found | (*byte == b'"') | (*byte == b'\\');
            if step.iter().fold(false, special) {
                break;
            }
            at += STEP;
        }
        let next = bytes.get(at..).unwrap_or_default().iter();
        match next.enumerate().find(|(_, byte)| matches!(byte, b'"' | b'\\')) {
            Some((ahead, b'"')) => return at + ahead,
            Some((ahead, _)) => at += ahead + 2,
            None => return bytes.len().saturating_sub(1),
        }
    }
}

fn unquote(token: &str) -> Option<Cow<'_, str>> {
    let inner = token.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(token).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// An object key, borrowed from the frame unless it holds escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Reads a member whose value chose this type.
pub(crate) fn expect_tag<'de, A: MapAccess<'de>>(
    map: &mut A,
    expected: &'static str,
) -> Result<(), A::Error> {
    let Key(found) = map.next_value()?;
    if found == expected {
        Ok(())
    } else {
        Err(de::Error::custom(format_args!("not {expected}")))
    }
}

/// An error with the member under which it arose, so that a misfit tells its path.
pub(crate) fn below<E: de::Error>(member: &str, error: &E) -> E {
    let error = error.to_string();
    let separator = if error.starts_with('/') { "" } else { ": " };
    E::custom(format_args!("/{member}{separator}{error}"))
}

/// Serializes a frame that is kept as text into a larger document.
pub(crate) fn serialize_text<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<&RawValue>(json)
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
}
