//! A description of one protocol, as read from `protocol/<x>/schema/*.wire`.

use std::collections::{BTreeMap, BTreeSet};

/// All files of one protocol; names may refer across files.
#[derive(Debug, Default)]
pub(crate) struct Description {
    pub(crate) files: Vec<File>,
    /// Documentation of fields that recur, by field name.
    pub(crate) glossary: BTreeMap<String, String>,
}

/// One `.wire` file, which becomes one module.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Whether other files do not see its names.
    pub(crate) scoped: bool,
    pub(crate) items: Vec<Item>,
}

/// One named thing of the wire.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Object(Object),
    Enum(Vec<Variant>),
    Union(Union),
    Events(Events),
    /// An enum over the messages of a wire that tells them by their members: the object's name.
    Frames(String),
}

#[derive(Debug, Default)]
pub(crate) struct Object {
    /// Constant members that tell this object apart in a union.
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) fields: Vec<Field>,
    /// Whether a client writes it, so that it deserves setters.
    pub(crate) written: bool,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) wire: String,
    pub(crate) presence: Presence,
    pub(crate) ty: Type,
    /// Its only value on the wire.
    pub(crate) constant: Option<String>,
    /// Whether the constant is set unless the caller takes it away.
    pub(crate) preset: bool,
    pub(crate) doc: String,
}

impl Field {
    pub(crate) fn preset(&self) -> Option<&str> {
        self.constant.as_deref().filter(|_| self.preset)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// `name`: always there.
    Required,
    /// `name~`: always there, perhaps null.
    Nulled,
    /// `name*`: the protocol promises it, but its absence is forgiven.
    Promised,
    /// `name?`: absent and null mean the same.
    Optional,
    /// `name??`: absent, null and a value are three things.
    Nullable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Str,
    Secret,
    Bool,
    Int,
    Uint,
    Float,
    /// A string on the wire, or a number.
    Int64,
    /// A string such as `9.5s`.
    Duration,
    Any,
    /// Any value, kept as text.
    Raw,
    List(Box<Self>),
    Map(Box<Self>),
    Named(String),
    /// `^Name`: a field of an object's own type.
    Boxed(String),
}

impl Type {
    /// The type of that name that this one is, or holds.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) | Self::Boxed(name) => Some(name),
            Self::List(inner) | Self::Map(inner) => inner.name(),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) wire: String,
}

/// Branches by kind of JSON value; objects may be told apart further by a tag.
#[derive(Debug, Default)]
pub(crate) struct Union {
    pub(crate) branches: Vec<Branch>,
    pub(crate) tag: Option<String>,
    /// The branch that an object without a tag takes.
    pub(crate) untagged: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) when: When,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    String,
    Number,
    Bool,
    Array,
    Object,
    Tag(String),
}

/// An event enum: wire type, and the object that holds it.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) events: Vec<Event>,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) wire: String,
    pub(crate) variant: String,
    pub(crate) object: String,
    pub(crate) doc: String,
}

impl Description {
    /// Whether any field has one of protobuf's scalars.
    pub(crate) fn uses_protobuf(&self) -> bool {
        self.files
            .iter()
            .flat_map(|file| &file.items)
            .any(|item| match &item.kind {
                Kind::Object(object) => {
                    let mut fields = object.fields.iter();
                    fields.any(|field| matches!(field.ty, Type::Int64 | Type::Duration))
                }
                _ => false,
            })
    }

    /// Every name that stands on the wire: members, types and values.
    pub(crate) fn words(&self) -> BTreeSet<&str> {
        let mut words = BTreeSet::new();
        for item in self.files.iter().flat_map(|file| &file.items) {
            match &item.kind {
                Kind::Object(object) => {
                    words.extend(object.fields.iter().map(|field| field.wire.as_str()));
                    words.extend(object.tags.iter().map(|(_, value)| value.as_str()));
                }
                Kind::Enum(variants) => {
                    words.extend(variants.iter().map(|variant| variant.wire.as_str()));
                }
                Kind::Union(_) | Kind::Events(_) | Kind::Frames(_) => {}
            }
        }
        words
    }

    /// The item of that name, as seen from `file`: its own names come first.
    pub(crate) fn find(&self, file: &str, name: &str) -> Option<(&File, &Item)> {
        let home = self.files.iter().filter(|candidate| candidate.name == file);
        let rest = self
            .files
            .iter()
            .filter(|candidate| candidate.name != file && !candidate.scoped);
        home.chain(rest)
            .find_map(|file| Some((file, file.items.iter().find(|item| item.name == name)?)))
    }
}
