//! Names of things: what the provider calls them, and what this side counts.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as the wire spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

text_id! {
    /// One entry of the conversation.
    ///
    /// Providers without item ids get synthetic ones, see [`ItemId::synthetic`].
    ItemId
}
text_id! {
    /// One answer of the model.
    ResponseId
}
text_id! {
    /// One tool invocation.
    CallId
}
text_id! {
    /// One piece of work that a full-duplex model asks for.
    DelegationId
}

/// What a minted item id starts with; no provider's ids do.
const SYNTHETIC: &str = "~";

impl ItemId {
    /// An id minted on this side for a provider that names no items.
    pub fn synthetic(number: u64) -> Self {
        Self(format!("{SYNTHETIC}{number}").into())
    }

    /// Whether the id was minted on this side and means nothing to the provider.
    pub fn is_synthetic(&self) -> bool {
        self.0.starts_with(SYNTHETIC)
    }
}

impl ResponseId {
    /// An id minted on this side for a provider that names no responses.
    pub fn synthetic(number: u64) -> Self {
        Self(format!("{SYNTHETIC}{number}").into())
    }

    /// Whether the id was minted on this side and means nothing to the provider.
    pub fn is_synthetic(&self) -> bool {
        self.0.starts_with(SYNTHETIC)
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// The number's wrapper.
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// The bare number.
            pub const fn get(self) -> $inner {
                self.0
            }

            /// The one that follows; saturates.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number_id! {
    /// One command of the caller's, unique within a session.
    CommandId(u64)
}
number_id! {
    /// The place of a sent frame on its connection, counted from 0.
    WireSeq(u64)
}
number_id! {
    /// Which connection of a session something belongs to; it only grows.
    ///
    /// Whatever carries an older generation than the live one must not touch newer state.
    Generation(u32)
}
