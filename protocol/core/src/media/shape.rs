//! How a wire spells its audio frames, as constant data that a plug-in states.

/// One object of a frame: the keys that matter in it, and what to think of others.
///
/// At most 32 keys; a shape with more matches nothing.
#[derive(Debug)]
pub struct Shape {
    /// The keys that matter. Matching is quickest when they stand in the order the wire sends.
    pub keys: &'static [Key],
    /// What to do with all other keys.
    pub others: Others,
}

/// What a key means that a [`Shape`] does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Nothing: its value is checked and passed over.
    Skip,
    /// That there is more in the frame than audio: the full parser must read it.
    Unusual,
}

/// A key of an object, under all names the wire may use for it.
///
/// Names, kinds and media types are plain ASCII without quotes and backslashes.
#[derive(Debug)]
pub struct Key {
    /// Its spellings, the usual one first; a frame that holds two of them, or one twice, is unusual.
    pub names: &'static [&'static str],
    /// What its value is.
    pub role: Role,
    /// Whether a frame without it is unusual.
    pub required: bool,
}

impl Key {
    /// A key without which the frame is unusual.
    pub const fn required(names: &'static [&'static str], role: Role) -> Self {
        Self {
            names,
            role,
            required: true,
        }
    }

    /// A key that may be absent.
    pub const fn optional(names: &'static [&'static str], role: Role) -> Self {
        Self {
            names,
            role,
            required: false,
        }
    }
}

/// What the value of a [`Key`] is. A value of another JSON type, `null` included, is unusual.
#[derive(Debug)]
#[non_exhaustive]
pub enum Role {
    /// The frame's type: a string that must be one of these.
    Kind(&'static [&'static str]),
    /// The payload's media type: a string that must be one of these, parameters (`;…`) aside.
    MediaType(&'static [&'static str]),
    /// The audio: a base64 string.
    Payload,
    /// The event's id: a string.
    Event,
    /// The response's id: a string.
    Response,
    /// The item's id: a string.
    Item,
    /// The place of the item in the response: a whole number.
    OutputIndex,
    /// The place of the content part in the item: a whole number.
    ContentIndex,
    /// A value that must be spelled as one of these, quotes included, such as a sample rate (`24000`)
    /// or a format (`"pcm16"`) that a codec takes for granted.
    Only(&'static [&'static str]),
    /// Anything; it is checked and passed over.
    Ignored,
    /// An object.
    Object(&'static Shape),
    /// An array of exactly one object.
    Single(&'static Shape),
}
