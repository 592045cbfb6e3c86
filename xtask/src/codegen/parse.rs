//! Reads the description language.
//!
//! ```text
//! ## What the module is about.
//! about item_id : The conversation item.
//!
//! enum Role : Who speaks.
//!   system user assistant
//!
//! object Message : A message.
//!   tag type message
//!   id? str
//!   content* [ContentPart]
//!
//! union Voice : A built-in voice or one's own.
//!   string Name VoiceName
//!   object Custom VoiceId
//!
//! union Item : An entry of the conversation. The tag of one branch may be missing.
//!   by type
//!   message? Message
//!   function_call FunctionCall
//!
//! events ServerEvent : What the service sends.
//!
//! event conversation.item.added : An item joined the conversation.
//!   item Item
//! same error ErrorEvent : Described elsewhere.
//! ```
//!
//! A field is `name` (required), `name~` (required, perhaps null), `name*` (promised, absence
//! forgiven), `name?` (optional) or `name??` (optional, and `null` has a meaning of its own); then its type (`str`, `secret`,
//! `bool`, `int`, `uint`, `float`, `int64`, `duration`, `any`, `raw`, `[T]`, `{T}`, a name, or `^Name` for
//! an object that holds itself), its only value (`== value`, or `= value` when it is set by
//! default), and documentation after ` : `. `request` is an object that a client writes outside of
//! any event; `scoped` hides the names of a file from all others. `frames ServerFrame ServerMessage` is the enum over messages that are told by their
//! members. A name in camelCase is also read in snake_case.

use anyhow::{Context as _, Result, bail};

use super::{
    model::{
        Branch, Description, Event, Events, Field, File, Item, Kind, Object, Presence, Type, Union,
        Variant, When,
    },
    names,
};

/// Adds one file to the description.
pub(crate) fn file(into: &mut Description, name: &str, text: &str) -> Result<()> {
    let mut file = File {
        name: name.to_owned(),
        doc: String::new(),
        scoped: false,
        items: Vec::new(),
    };
    for (index, line) in text.lines().enumerate() {
        parse_line(into, &mut file, line).with_context(|| format!("{name}.wire:{}", index + 1))?;
    }
    for item in &mut file.items {
        if let Kind::Enum(variants) = &mut item.kind {
            shorten(variants);
        }
    }
    into.files.push(file);
    Ok(())
}

fn parse_line(into: &mut Description, file: &mut File, line: &str) -> Result<()> {
    if let Some(doc) = line.strip_prefix("##") {
        if !file.doc.is_empty() {
            file.doc.push('\n');
        }
        file.doc.push_str(doc.trim());
        return Ok(());
    }
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return Ok(());
    }
    let (body, doc) = match line.split_once(" : ") {
        Some((body, doc)) => (body, doc.trim().to_owned()),
        None => (line, String::new()),
    };
    let words: Vec<&str> = body.split_whitespace().collect();
    if line.starts_with(' ') {
        let item = file
            .items
            .iter_mut()
            .rev()
            .find(|item| !matches!(item.kind, Kind::Events(_) | Kind::Frames(_)));
        let item = item.context("an indented line before any header")?;
        return member(&mut item.kind, &words, doc);
    }
    header(into, file, &words, doc)
}

fn header(into: &mut Description, file: &mut File, words: &[&str], doc: String) -> Result<()> {
    let (name, kind) = match words {
        ["scoped"] => {
            file.scoped = true;
            return Ok(());
        }
        ["about", field] => {
            into.glossary.insert((*field).to_owned(), doc);
            return Ok(());
        }
        ["same", wire, object] => return event(file, wire, object, doc),
        ["event", wire, rest @ ..] => {
            let object = match rest {
                [] => names::variant(wire),
                ["as", name] => (*name).to_owned(),
                _ => bail!("expected `event <type> [as <Name>]`"),
            };
            event(file, wire, &object, doc.clone())?;
            let tags = vec![("type".to_owned(), (*wire).to_owned())];
            (
                object,
                Kind::Object(Object {
                    tags,
                    ..Object::default()
                }),
            )
        }
        ["frames", name, message] => ((*name).to_owned(), Kind::Frames((*message).to_owned())),
        [header, name] => ((*name).to_owned(), kind(header)?),
        _ => bail!("expected a header of two words, or an indented line"),
    };
    file.items.push(Item { name, doc, kind });
    Ok(())
}

fn kind(header: &str) -> Result<Kind> {
    Ok(match header {
        "object" => Kind::Object(Object::default()),
        "request" => Kind::Object(Object {
            written: true,
            ..Object::default()
        }),
        "enum" => Kind::Enum(Vec::new()),
        "union" => Kind::Union(Union::default()),
        "events" => Kind::Events(Events::default()),
        other => bail!("unknown header `{other}`"),
    })
}

/// Adds an event to the latest event enum.
fn event(file: &mut File, wire: &str, object: &str, doc: String) -> Result<()> {
    let mut enums = file
        .items
        .iter_mut()
        .rev()
        .filter_map(|item| match &mut item.kind {
            Kind::Events(events) => Some(events),
            _ => None,
        });
    let events = enums
        .next()
        .context("an event before any `events` header")?;
    let (wire, object) = (wire.to_owned(), object.to_owned());
    events.events.push(Event {
        variant: names::variant(&wire),
        wire,
        object,
        doc,
    });
    Ok(())
}

fn member(kind: &mut Kind, words: &[&str], doc: String) -> Result<()> {
    match kind {
        Kind::Object(object) => match words {
            ["tag", name, value] => object.tags.push(((*name).into(), (*value).into())),
            _ => object.fields.push(field(words, doc)?),
        },
        Kind::Enum(variants) => variants.extend(words.iter().map(|word| variant(word))),
        Kind::Union(union) => match words {
            ["by", tag] => union.tag = Some((*tag).to_owned()),
            _ => {
                let branch = branch(union, words)?;
                union.branches.push(branch);
            }
        },
        Kind::Events(_) | Kind::Frames(_) => bail!("an event enum has no members of its own"),
    }
    Ok(())
}

fn field(words: &[&str], doc: String) -> Result<Field> {
    let (name, ty, constant, preset) = match words {
        [name, ty] => (*name, *ty, None, false),
        [name, ty, "=", constant] => (*name, *ty, Some((*constant).to_owned()), true),
        [name, ty, "==", constant] => (*name, *ty, Some((*constant).to_owned()), false),
        _ => bail!("expected `name type [= constant]`"),
    };
    let (wire, presence) = if let Some(wire) = name.strip_suffix("??") {
        (wire, Presence::Nullable)
    } else if let Some(wire) = name.strip_suffix('?') {
        (wire, Presence::Optional)
    } else if let Some(wire) = name.strip_suffix('~') {
        (wire, Presence::Nulled)
    } else if let Some(wire) = name.strip_suffix('*') {
        (wire, Presence::Promised)
    } else {
        (name, Presence::Required)
    };
    Ok(Field {
        wire: wire.to_owned(),
        presence,
        ty: parse_type(ty)?,
        constant,
        preset,
        doc,
    })
}

fn parse_type(text: &str) -> Result<Type> {
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return Ok(Type::List(Box::new(parse_type(inner)?)));
    }
    if let Some(inner) = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        return Ok(Type::Map(Box::new(parse_type(inner)?)));
    }
    if let Some(name) = text.strip_prefix('^') {
        return Ok(Type::Boxed(name.to_owned()));
    }
    Ok(match text {
        "str" => Type::Str,
        "secret" => Type::Secret,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "float" => Type::Float,
        "int64" => Type::Int64,
        "duration" => Type::Duration,
        "any" => Type::Any,
        "raw" => Type::Raw,
        name if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
            Type::Named(name.to_owned())
        }
        other => bail!("unknown type `{other}`"),
    })
}

fn variant(word: &str) -> Variant {
    let (wire, name) = word.split_once('=').map_or_else(
        || (word, names::variant(word)),
        |(wire, name)| (wire, name.to_owned()),
    );
    Variant {
        name,
        wire: wire.to_owned(),
    }
}

/// `END_SENSITIVITY_HIGH` of `EndSensitivity` is `High`.
fn shorten(variants: &mut [Variant]) {
    let wires: Vec<&str> = variants
        .iter()
        .map(|variant| variant.wire.as_str())
        .collect();
    let length = names::shared_prefix(&wires).len();
    for variant in variants {
        if let Some(rest) = variant.wire.get(length..).filter(|_| length > 0) {
            variant.name = names::variant(rest);
        }
    }
}

fn branch(union: &mut Union, words: &[&str]) -> Result<Branch> {
    if union.tag.is_some() {
        let (tag, name, ty) = match words {
            [tag, ty] => (*tag, names::variant(tag), *ty),
            [tag, name, ty] => (*tag, (*name).to_owned(), *ty),
            _ => bail!("expected `tag [Variant] Type`"),
        };
        let value = tag.trim_end_matches('?');
        if value != tag {
            union.untagged = Some(name.clone());
        }
        let when = When::Tag(value.to_owned());
        return Ok(Branch {
            name,
            ty: parse_type(ty)?,
            when,
        });
    }
    let [kind, name, ty] = words else {
        bail!("expected `kind Variant Type`");
    };
    let when = match *kind {
        "string" => When::String,
        "number" => When::Number,
        "bool" => When::Bool,
        "array" => When::Array,
        "object" => When::Object,
        other => bail!("unknown kind `{other}`"),
    };
    Ok(Branch {
        name: (*name).to_owned(),
        ty: parse_type(ty)?,
        when,
    })
}
