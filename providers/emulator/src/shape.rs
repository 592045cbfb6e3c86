//! What a client event may hold: a strict reading that names the parameter at fault.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The shape of a JSON value.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Truth,
    /// An integer in a range.
    Whole(i64, i64),
    /// A number in a range.
    Number(f64, f64),
    /// One of these strings.
    Word(&'static [&'static str]),
    /// An object with these members and no others.
    Object(&'static [Field]),
    /// An object whose `type` says which members it has.
    Tagged(&'static [(&'static str, &'static [Field])]),
    List(&'static Self),
    /// The first that fits; the first one's refusal when none does.
    Either(&'static [Self]),
    Anything,
}

/// A member of an object.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) need: Need,
    pub(crate) shape: Shape,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Need {
    Required,
    /// May be absent or null.
    Optional,
    /// Must be there, and may be null.
    Nullable,
}

/// A member that must be there.
pub(crate) const fn req(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        need: Need::Required,
        shape,
    }
}

/// A member that must be there and may be null.
pub(crate) const fn nul(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        need: Need::Nullable,
        shape,
    }
}

/// A member that may be absent or null.
pub(crate) const fn opt(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        need: Need::Optional,
        shape,
    }
}

impl Shape {
    /// Checks `value`, which stands at `path` in the event.
    ///
    /// # Errors
    /// The refusal that the service answers with.
    pub(crate) fn check(&self, value: &Value, path: &str) -> Result<(), Refusal> {
        match (self, value) {
            (Self::Anything, _)
            | (Self::Text, Value::String(_))
            | (Self::Truth, Value::Bool(_)) => Ok(()),
            (Self::Whole(least, most), Value::Number(number))
                if number.is_i64() || number.is_u64() =>
            {
                let whole = number.as_i64().unwrap_or(i64::MAX);
                in_range("integer", whole, *least, *most, path)
            }
            (Self::Number(least, most), Value::Number(number)) => in_range(
                "decimal",
                number.as_f64().unwrap_or(f64::NAN),
                *least,
                *most,
                path,
            ),
            (Self::Word(words), Value::String(word)) if words.contains(&word.as_str()) => Ok(()),
            (Self::Word(words), Value::String(word)) => Err(Refusal::value(path, word, words)),
            (Self::Object(fields), Value::Object(members)) => check_members(members, fields, path),
            (Self::Tagged(branches), Value::Object(members)) => {
                check_members(members, branch(members, branches, path)?, path)
            }
            (Self::List(shape), Value::Array(values)) => {
                let mut values = values.iter().enumerate();
                values.try_for_each(|(at, value)| shape.check(value, &format!("{path}[{at}]")))
            }
            (Self::Either(shapes), _) => {
                let mut refusals = shapes.iter().map(|shape| shape.check(value, path));
                let first = refusals.next().unwrap_or(Ok(()));
                if first.is_ok() || refusals.any(|result| result.is_ok()) {
                    Ok(())
                } else {
                    first
                }
            }
            _ => Err(Refusal::new(
                "invalid_type",
                format!(
                    "Invalid type for '{path}': expected {}, but got {} instead.",
                    self.name(),
                    name_of(value)
                ),
            )
            .at(path)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Text | Self::Word(_) => "a string",
            Self::Truth => "a boolean",
            Self::Whole(..) => "an integer",
            Self::Number(..) => "a decimal",
            Self::Object(_) | Self::Tagged(_) => "an object",
            Self::List(_) => "an array",
            Self::Either(shapes) => shapes.first().map_or("a value", Self::name),
            Self::Anything => "a value",
        }
    }
}

/// Checks the members of an object at `path`, which is empty for the event itself.
pub(crate) fn check_members(
    members: &Map<String, Value>,
    fields: &[Field],
    path: &str,
) -> Result<(), Refusal> {
    for field in fields {
        let path = join(path, field.name);
        match (members.get(field.name), field.need) {
            (None, Need::Required | Need::Nullable) => return Err(Refusal::missing(&path)),
            (None, Need::Optional) | (Some(Value::Null), Need::Optional | Need::Nullable) => {}
            (Some(value), _) => field.shape.check(value, &path)?,
        }
    }
    let unknown = members
        .keys()
        .find(|name| fields.iter().all(|field| field.name != *name));
    unknown.map_or(Ok(()), |name| Err(Refusal::unknown(&join(path, name))))
}

fn branch(
    members: &Map<String, Value>,
    branches: &'static [(&'static str, &'static [Field])],
    path: &str,
) -> Result<&'static [Field], Refusal> {
    let path = join(path, "type");
    let Some(tag) = members.get("type") else {
        return Err(Refusal::missing(&path));
    };
    let tag = tag.as_str().unwrap_or_default();
    let found = branches
        .iter()
        .find(|(name, _)| *name == tag)
        .map(|(_, fields)| *fields);
    found.ok_or_else(|| {
        let names: Vec<&str> = branches.iter().map(|(name, _)| *name).collect();
        Refusal::value(&path, tag, &names)
    })
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn in_range<T: PartialOrd + Copy + std::fmt::Display>(
    kind: &str,
    value: T,
    least: T,
    most: T,
    path: &str,
) -> Result<(), Refusal> {
    let (side, relation, bound) = if value < least {
        (
            "below_min",
            "below minimum value. Expected a value >=",
            least,
        )
    } else if value > most {
        (
            "above_max",
            "above maximum value. Expected a value <=",
            most,
        )
    } else {
        return Ok(());
    };
    let code = match (kind, side) {
        ("integer", "below_min") => "integer_below_min_value",
        ("integer", _) => "integer_above_max_value",
        (_, "below_min") => "decimal_below_min_value",
        _ => "decimal_above_max_value",
    };
    let message = format!("Invalid '{path}': {kind} {relation} {bound}, but got {value} instead.");
    Err(Refusal::new(code, message).at(path))
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
