//! Scalars that protobuf's JSON form writes as strings.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A 64-bit integer: a string on the wire, though a number is read as well and given back as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Int64 {
    value: i64,
    quoted: bool,
}

impl Int64 {
    /// The number.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.value
    }
}

impl From<i64> for Int64 {
    fn from(value: i64) -> Self {
        Self {
            value,
            quoted: true,
        }
    }
}

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Int64Visitor;
        impl Visitor<'_> for Int64Visitor {
            type Value = Int64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a 64-bit integer, as a string or a number")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Int64, E> {
                Ok(Int64 {
                    value,
                    quoted: false,
                })
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Int64, E> {
                let value = value.try_into().map_err(|_| E::custom("beyond 64 bits"))?;
                Ok(Int64 {
                    value,
                    quoted: false,
                })
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Int64, E> {
                let value = text
                    .parse()
                    .map_err(|_| E::custom("a string that is no integer"))?;
                Ok(Int64 {
                    value,
                    quoted: true,
                })
            }
        }
        deserializer.deserialize_any(Int64Visitor)
    }
}

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.quoted {
            serializer.collect_str(&self.value)
        } else {
            serializer.serialize_i64(self.value)
        }
    }
}

/// A length of time as the wire writes it, such as `9.5s`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProtoDuration(String);

impl ProtoDuration {
    /// The text on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The length of time, unless the text is not one or is negative.
    #[must_use]
    pub fn to_duration(&self) -> Option<Duration> {
        let seconds = self.0.strip_suffix('s')?;
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        if fraction.len() > 9 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let nanos = format!("{fraction:0<9}").parse().ok()?;
        Some(Duration::new(whole.parse().ok()?, nanos))
    }
}

impl From<Duration> for ProtoDuration {
    fn from(duration: Duration) -> Self {
        let text = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
        Self(format!(
            "{}s",
            text.trim_end_matches('0').trim_end_matches('.')
        ))
    }
}

impl From<&str> for ProtoDuration {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
