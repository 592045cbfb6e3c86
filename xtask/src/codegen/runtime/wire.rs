//! What every generated type stands on: decoding without loss, and within bounds.
//!
//! An object keeps the fields that its description does not name ([`Extra`]); a union keeps a
//! branch it does not know ([`Raw`]); an event enum keeps a frame of unknown type ([`RawEvent`])
//! and a frame of known type that does not fit ([`Degraded`]).

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::IgnoredAny,
};
use serde_json::{Value, value::RawValue};

use super::scan;

/// Bounds that a frame must keep before any tree is built from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest frame, in bytes.
    pub max_bytes: usize,
    /// Deepest nesting of objects and arrays.
    pub max_depth: usize,
    /// Longest string as it stands in the frame, escapes included, in bytes.
    pub max_string: usize,
}

impl Default for Limits {
    /// 32 MiB, 100 levels, strings of 24 MiB: base64 of the largest audio a protocol allows fits.
    fn default() -> Self {
        Self { max_bytes: 32 << 20, max_depth: 100, max_string: 24 << 20 }
    }
}

/// Why a frame could not be read at all. The frame itself stays with the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame is larger than [`Limits::max_bytes`].
    TooLarge {
        /// Size of the frame.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// The frame nests deeper than [`Limits::max_depth`].
    TooDeep {
        /// The bound.
        limit: usize,
    },
    /// A string is longer than [`Limits::max_string`].
    StringTooLong {
        /// The bound.
        limit: usize,
    },
    /// The frame is not UTF-8.
    NotUtf8 {
        /// How many bytes are valid.
        valid_up_to: usize,
    },
    /// The frame is not JSON.
    Syntax {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// The frame is JSON, but no object.
    NotAnObject,
    /// The object has no string member that says which event it is.
    NoType,
}

impl DecodeError {
    fn syntax(error: &serde_json::Error) -> Self {
        Self::Syntax { line: error.line(), column: error.column() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => {
                write!(f, "the frame has {bytes} bytes, more than {limit}")
            }
            Self::TooDeep { limit } => write!(f, "the frame nests deeper than {limit} levels"),
            Self::StringTooLong { limit } => write!(f, "a string has more than {limit} bytes"),
            Self::NotUtf8 { valid_up_to } => {
                write!(f, "the frame is not UTF-8 after byte {valid_up_to}")
            }
            Self::Syntax { line, column } => {
                write!(f, "the frame is not JSON at line {line} column {column}")
            }
            Self::NotAnObject => f.write_str("the frame is not a JSON object"),
            Self::NoType => f.write_str("the frame does not say which event it is"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Why a known event did not fit its description: the path of the misfit and what was expected.
/// Never quotes a value of the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    message: String,
}

impl Misfit {
    pub(crate) fn new(error: &serde_json::Error) -> Self {
        Self { message: without_values(&error.to_string()) }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

/// Cuts the offending value out of serde's `invalid type: string "secret", expected u64`, and the
/// position, which counts from wherever the innermost branch begins.
fn without_values(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    for prefix in ["invalid type: ", "invalid value: "] {
        if let Some((path, rest)) = message.split_once(prefix) {
            let kind = rest.split([' ', ',']).next().unwrap_or_default();
            let expected = rest.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
            return format!("{path}{prefix}{kind}, expected {expected}");
        }
    }
    message.to_owned()
}

/// Members of an object that its type does not name, so that nothing a server adds is lost.
///
/// It also holds a named optional member that arrived as an explicit `null` where `null` means
/// the same as absence: the field is `None`, and encoding gives the `null` back. A member named
/// here and set as a field is taken from the field.
#[derive(Clone, Default, PartialEq)]
#[expect(clippy::box_collection, reason = "a word instead of three in every object")]
pub struct Extra(Option<Box<BTreeMap<String, Value>>>);

impl Extra {
    /// No members; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|members| members.is_empty())
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }

    /// Adds or replaces a member, to send what this crate does not model.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.get_or_insert_default().insert(name.into(), value.into());
    }

    /// All members by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().flat_map(|members| members.iter()).map(|(name, value)| (name.as_str(), value))
    }
}

/// Names only: a member may hold anything.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// A field in which absent, `null` and a value have three meanings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Nullable<T> {
    /// Not sent: leaves things as they are.
    #[default]
    Absent,
    /// Sent as `null`: usually switches the thing off.
    Null,
    /// Sent with a value.
    Value(T),
}

impl<T> Nullable<T> {
    /// The value, if there is one.
    pub const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value, if there is one.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the field was not sent.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the field was sent as `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// `null` is [`Nullable::Null`]; absence never reaches a deserializer.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

/// A credential. Its `Debug` form does not show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The credential itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A JSON value kept as text because its shape is not known.
#[derive(Clone)]
pub struct Raw(Box<RawValue>);

impl Raw {
    /// Keeps a JSON text.
    ///
    /// # Errors
    /// [`DecodeError::Syntax`] when it is not JSON.
    pub fn from_json(text: impl Into<String>) -> Result<Self, DecodeError> {
        RawValue::from_string(text.into()).map(Self).map_err(|error| DecodeError::syntax(&error))
    }

    /// The JSON text as it arrived.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// Reads the text as another type.
    ///
    /// # Errors
    /// [`Misfit`] when it has another shape.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Misfit> {
        serde_json::from_str(self.json()).map_err(|error| Misfit::new(&error))
    }

    /// A string member at the top level, such as the `type` of an event.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        scan::tag(self, name)
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

/// The length only: the text may hold anything.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.json().len())
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A frame of unknown type, kept byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct RawEvent {
    event_type: String,
    json: String,
}

impl RawEvent {
    pub(crate) fn new(event_type: Cow<'_, str>, json: &str) -> Result<Self, DecodeError> {
        check_syntax(json)?;
        Ok(Self { event_type: event_type.into_owned(), json: json.to_owned() })
    }

    /// The type that the frame names.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The frame as it arrived.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// The type and the length only: the frame may hold anything.
impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawEvent({:?}, {} bytes)", self.event_type, self.json.len())
    }
}

/// A frame of known type that does not fit its description, kept byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    event: RawEvent,
    misfit: Misfit,
}

impl Degraded {
    pub(crate) fn new(
        event_type: Cow<'_, str>,
        error: &serde_json::Error,
        json: &str,
    ) -> Result<Self, DecodeError> {
        Ok(Self { event: RawEvent::new(event_type, json)?, misfit: Misfit::new(error) })
    }

    /// The type that the frame names.
    #[must_use]
    pub fn event_type(&self) -> &str {
        self.event.event_type()
    }

    /// The frame as it arrived.
    #[must_use]
    pub fn json(&self) -> &str {
        self.event.json()
    }

    /// What did not fit.
    #[must_use]
    pub const fn misfit(&self) -> &Misfit {
        &self.misfit
    }
}

pub(crate) fn check_syntax(json: &str) -> Result<(), DecodeError> {
    serde_json::from_str::<IgnoredAny>(json)
        .map(drop)
        .map_err(|error| DecodeError::syntax(&error))
}

pub(crate) fn utf8(frame: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(frame)
        .map_err(|error| DecodeError::NotUtf8 { valid_up_to: error.valid_up_to() })
}

/// Serializes to memory, where writing cannot fail.
#[expect(clippy::expect_used, reason = "wire types have string keys and write to memory")]
pub(crate) fn write_json(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("a wire type is JSON");
}
