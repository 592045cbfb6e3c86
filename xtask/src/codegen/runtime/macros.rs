//! Codecs of the generated types, one macro per kind of type.
//!
//! They are macros and not derives because an object keeps unknown members without the buffering
//! that `#[serde(flatten)]` costs, and because a union is told apart without building a tree.

/// Codec of an object: its tags, then required, optional and nullable fields, then the rest.
macro_rules! object {
    ($name:ident {
        $(tag $tk:literal = $tv:literal;)*
        $(req $rf:ident = $rk:literal $(| $ra:literal)*;)*
        $(opt $of:ident = $ok:literal $(| $oa:literal)*;)*
        $(nul $nf:ident = $nk:literal $(| $na:literal)*;)*
    }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;
                impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object ", stringify!($name)))
                    }

                    #[allow(unused_mut, reason = "some objects have no tag")]
                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        $(let mut $rf = None;)*
                        $(let mut $of = None;)*
                        $(let mut $nf = Nullable::Absent;)*
                        let mut extra = Extra::new();
                        let mut untagged: &[&'static str] = &[$($tk),*];
                        let mut member = "";
                        let mut read = || {
                            while let Some(Key(key)) = map.next_key()? {
                                match &*key {
                                    $($tk => {
                                        member = $tk;
                                        $crate::generated::scan::expect_tag(&mut map, $tv)?;
                                        untagged = untagged.get(1..).unwrap_or_default();
                                    })*
                                    $($rk $(| $ra)* => {
                                        member = $rk;
                                        $rf = Some(map.next_value()?);
                                    })*
                                    $($ok $(| $oa)* => {
                                        member = $ok;
                                        $of = map.next_value()?;
                                        if $of.is_none() {
                                            extra.insert($ok, serde_json::Value::Null);
                                        }
                                    })*
                                    $($nk $(| $na)* => {
                                        member = $nk;
                                        $nf = map.next_value()?;
                                    })*
                                    _ => extra.insert(key, map.next_value::<serde_json::Value>()?),
                                }
                            }
                            Ok(())
                        };
                        read().map_err(|error| $crate::generated::scan::below(member, &error))?;
                        if let Some(tag) = untagged.first() {
                            return Err(serde::de::Error::missing_field(tag));
                        }
                        Ok($name {
                            $($rf: $rf.ok_or_else(|| serde::de::Error::missing_field($rk))?,)*
                            $($of,)*
                            $($nf,)*
                            extra,
                        })
                    }
                }
                deserializer.deserialize_map(ObjectVisitor)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(map.serialize_entry($tk, $tv)?;)*
                $(map.serialize_entry($rk, &self.$rf)?;)*
                $(if let Some(value) = &self.$of {
                    map.serialize_entry($ok, value)?;
                } else if let Some(value) = self.extra.get($ok) {
                    map.serialize_entry($ok, value)?;
                })*
                $(if !self.$nf.is_absent() {
                    map.serialize_entry($nk, &self.$nf)?;
                } else if let Some(value) = self.extra.get($nk) {
                    map.serialize_entry($nk, value)?;
                })*
                for (name, value) in self.extra.iter() {
                    if !matches!(name, "" $(| $tk)* $(| $rk)* $(| $ok)* $(| $nk)*) || name.is_empty() {
                        map.serialize_entry(name, value)?;
                    }
                }
                map.end()
            }
        }
    };
}

/// Codec of a union, told apart by the kind of JSON value and, among objects, by a tag.
#[allow(unused_macros, reason = "some wires have no union")]
macro_rules! union {
    ($name:ident {
        $(string $string:ident;)?
        $(number $number:ident;)?
        $(bool $bool:ident;)?
        $(array $array:ident;)?
        $(object $object:ident;)?
        $(by $key:literal { $($tag:literal => $variant:ident,)* $(absent => $absent:ident,)? })?
    }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[allow(unused_imports, reason = "some unions have no tag")]
                use $crate::generated::scan::{Shape, shape, tag};
                let raw = Raw::deserialize(deserializer)?;
                // A value of the right kind that still does not fit is a shape of tomorrow; only a
                // tag promises what follows.
                let branch: Result<Self, $crate::generated::wire::Misfit> = match shape(&raw) {
                    $(Shape::String => Ok(raw.read().map_or(Self::Unknown(raw), Self::$string)),)?
                    $(Shape::Number => Ok(raw.read().map_or(Self::Unknown(raw), Self::$number)),)?
                    $(Shape::Bool => Ok(raw.read().map_or(Self::Unknown(raw), Self::$bool)),)?
                    $(Shape::Array => Ok(raw.read().map_or(Self::Unknown(raw), Self::$array)),)?
                    $(Shape::Object => Ok(raw.read().map_or(Self::Unknown(raw), Self::$object)),)?
                    $(Shape::Object => match tag(&raw, $key).as_deref() {
                        $(Some($tag) => raw.read().map(Self::$variant),)*
                        $(None => raw.read().map(Self::$absent),)?
                        _ => return Ok(Self::Unknown(raw)),
                    },)?
                    #[allow(unreachable_patterns, reason = "some unions name every kind")]
                    _ => Ok(Self::Unknown(raw)),
                };
                branch.map_err(serde::de::Error::custom)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$string(value) => value.serialize(serializer),)?
                    $(Self::$number(value) => value.serialize(serializer),)?
                    $(Self::$bool(value) => value.serialize(serializer),)?
                    $(Self::$array(value) => value.serialize(serializer),)?
                    $(Self::$object(value) => value.serialize(serializer),)?
                    $($(Self::$variant(value) => value.serialize(serializer),)*)?
                    Self::Unknown(raw) => raw.serialize(serializer),
                }
            }
        }
    };
}

/// Codec of a string enum that keeps strings it does not know.
macro_rules! open_enum {
    ($name:ident { $($variant:ident = $text:literal,)* }) => {
        impl $name {
            /// Every string that this enum names.
            pub const KNOWN: &'static [&'static str] = &[$($text),*];

            /// The string on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }

            fn known(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or(Self::Unknown(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Key::deserialize(deserializer).map(|Key(text)| Self::from(&*text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

/// Codec of an event enum.
#[allow(unused_macros, reason = "some wires tell their messages by a member")]
macro_rules! events {
    ($name:ident { $($tag:literal => $variant:ident($object:ty),)* }) => {
        impl $name {
            /// Every event type that this enum names.
            pub const EVENT_TYPES: &'static [&'static str] = &[$($tag),*];

            /// Reads one frame. A type that is not named here, or a frame that does not fit its
            /// type, is kept as it arrived.
            ///
            /// # Errors
            /// [`DecodeError`] when the frame is not a JSON object with a `type`, or exceeds the
            /// default [`Limits`].
            pub fn from_json(text: &str) -> Result<Self, DecodeError> {
                Self::from_json_within(text, &Limits::default())
            }

            /// [`Self::from_json`] of bytes.
            ///
            /// # Errors
            /// As [`Self::from_json`]; [`DecodeError::NotUtf8`] besides.
            pub fn from_slice(frame: &[u8]) -> Result<Self, DecodeError> {
                Self::from_json($crate::generated::wire::utf8(frame)?)
            }

            /// [`Self::from_json`] within other bounds.
            ///
            /// # Errors
            /// As [`Self::from_json`].
            pub fn from_json_within(text: &str, limits: &Limits) -> Result<Self, DecodeError> {
                let event_type = $crate::generated::scan::event_type(text, limits)?;
                let typed = match &*event_type {
                    $($tag => serde_json::from_str(text).map(Self::$variant),)*
                    _ => return RawEvent::new(event_type, text).map(Self::Unknown),
                };
                typed.or_else(|error| {
                    Degraded::new(event_type, &error, text).map(|event| Self::Degraded(event.into()))
                })
            }

            /// The event's type on the wire.
            #[must_use]
            pub fn event_type(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $tag,)*
                    Self::Unknown(event) => event.event_type(),
                    Self::Degraded(event) => event.event_type(),
                }
            }

            /// The frame. What was kept raw comes back byte for byte.
            #[must_use]
            pub fn to_json(&self) -> String {
                let mut out = Vec::with_capacity(256);
                self.write_json(&mut out);
                String::from_utf8(out).unwrap_or_default()
            }

            /// Appends the frame to a buffer, which may be reused.
            pub fn write_json(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(event) => $crate::generated::wire::write_json(event, out),)*
                    Self::Unknown(event) => out.extend_from_slice(event.json().as_bytes()),
                    Self::Degraded(event) => out.extend_from_slice(event.json().as_bytes()),
                }
            }
        }

        $(impl From<$object> for $name {
            fn from(event: $object) -> Self {
                Self::$variant(event.into())
            }
        })*

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = Raw::deserialize(deserializer)?;
                Self::from_json(raw.json()).map_err(serde::de::Error::custom)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(event) => event.serialize(serializer),)*
                    Self::Unknown(event) => {
                        $crate::generated::scan::serialize_text(event.json(), serializer)
                    }
                    Self::Degraded(event) => {
                        $crate::generated::scan::serialize_text(event.json(), serializer)
                    }
                }
            }
        }
    };
}

/// Codec of a frame enum, for a wire whose messages are told by their members.
#[allow(unused_macros, reason = "some wires tell their events by a type")]
macro_rules! frames {
    ($name:ident($message:ty) { $($member:literal,)* }) => {
        impl $name {
            /// Every member that this wire's messages may have, in each accepted spelling.
            pub const MEMBERS: &'static [&'static str] = &[$($member),*];

            /// Reads one frame. A frame of which no member is named here, or that does not fit,
            /// is kept as it arrived.
            ///
            /// # Errors
            /// [`DecodeError`] when the frame is not a JSON object, or exceeds the default
            /// [`Limits`].
            pub fn from_json(text: &str) -> Result<Self, DecodeError> {
                Self::from_json_within(text, &Limits::default())
            }

            /// [`Self::from_json`] of bytes: this wire uses text and binary frames alike.
            ///
            /// # Errors
            /// As [`Self::from_json`]; [`DecodeError::NotUtf8`] besides.
            pub fn from_slice(frame: &[u8]) -> Result<Self, DecodeError> {
                Self::from_json($crate::generated::wire::utf8(frame)?)
            }

            /// [`Self::from_json`] within other bounds.
            ///
            /// # Errors
            /// As [`Self::from_json`].
            pub fn from_json_within(text: &str, limits: &Limits) -> Result<Self, DecodeError> {
                use $crate::generated::scan::{Members, members};
                match members(text, Self::MEMBERS, limits)? {
                    Members::Unknown(member) => RawEvent::new(member, text).map(Self::Unknown),
                    Members::Known(member) => match serde_json::from_str(text) {
                        Ok(message) => Ok(Self::Message(message)),
                        Err(error) => Degraded::new(member, &error, text)
                            .map(|event| Self::Degraded(event.into())),
                    },
                }
            }

            /// The frame. What was kept raw comes back byte for byte.
            #[must_use]
            pub fn to_json(&self) -> String {
                let mut out = Vec::with_capacity(256);
                self.write_json(&mut out);
                String::from_utf8(out).unwrap_or_default()
            }

            /// Appends the frame to a buffer, which may be reused.
            pub fn write_json(&self, out: &mut Vec<u8>) {
                match self {
                    Self::Message(message) => $crate::generated::wire::write_json(message, out),
                    Self::Unknown(event) => out.extend_from_slice(event.json().as_bytes()),
                    Self::Degraded(event) => out.extend_from_slice(event.json().as_bytes()),
                }
            }
        }

        impl From<$message> for $name {
            fn from(message: $message) -> Self {
                Self::Message(message.into())
            }
        }
    };
}

/// Setters of optional fields, for building in one expression.
macro_rules! setters {
    ($name:ident {
        $(into $is:ident $if:ident: $it:ty;)*
        $(plain $ps:ident $pf:ident: $pt:ty;)*
    }) => {
        impl $name {
            $(
                #[doc = concat!("Sets `", stringify!($if), "`.")]
                #[must_use]
                pub fn $is(mut self, value: impl Into<$it>) -> Self {
                    let value: $it = value.into();
                    self.$if = value.into();
                    self
                }
            )*
            $(
                #[doc = concat!("Sets `", stringify!($pf), "`.")]
                #[must_use]
                pub fn $ps(mut self, value: $pt) -> Self {
                    self.$pf = value.into();
                    self
                }
            )*
        }
    };
}

/// Conversions into a union from what its branches hold.
#[allow(unused_macros, reason = "some wires have no union")]
macro_rules! from_branch {
    ($name:ident { $(from $variant:ident($type:ty);)* $(str $string:ident($text:ty);)? }) => {
        $(impl From<$type> for $name {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
        $(impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self::$string(<$text>::from(value))
            }
        })?
    };
}

#[allow(unused_imports, reason = "each wire uses some of them")]
pub(crate) use {events, frames, from_branch, object, open_enum, setters, union};
