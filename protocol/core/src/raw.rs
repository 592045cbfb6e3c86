//! What a provider said that the neutral language has no word for.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeStruct},
};
use serde_json::value::RawValue;

use crate::PeerText;

/// A wire event kept as it came: its type name and its JSON, byte for byte.
///
/// Decode it with the provider's `-types` crate where it matters.
#[derive(Clone)]
pub struct RawEvent {
    name: String,
    json: Box<RawValue>,
}

impl RawEvent {
    /// An event called `name` on its wire, with its whole frame.
    pub fn new(name: impl Into<String>, json: Box<RawValue>) -> Self {
        Self {
            name: name.into(),
            json,
        }
    }

    /// The wire's type name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The frame's JSON text.
    pub fn json(&self) -> &str {
        self.json.get()
    }

    /// The frame as it can be spliced into other JSON.
    pub fn raw(&self) -> &RawValue {
        &self.json
    }
}

impl PartialEq for RawEvent {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.json.get() == other.json.get()
    }
}

/// Content stays out of debug output: only the name and the size are shown.
impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent")
            .field("name", &PeerText::new(&self.name))
            .field("bytes", &self.json.get().len())
            .finish()
    }
}

/// Its JSON stays on one line, as logs of events need it. Line breaks in JSON stand only between
/// values, never inside a string, so that spaces can take their place.
impl Serialize for RawEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut raw = serializer.serialize_struct("RawEvent", 2)?;
        raw.serialize_field("name", &self.name)?;
        if self.json().contains(['\n', '\r']) {
            let line = self.json().replace(['\n', '\r'], " ");
            raw.serialize_field(
                "json",
                &RawValue::from_string(line).map_err(S::Error::custom)?,
            )?;
        } else {
            raw.serialize_field("json", &self.json)?;
        }
        raw.end()
    }
}
