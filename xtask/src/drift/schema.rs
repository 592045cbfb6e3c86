//! An official JSON Schema bundle, read just as far as a comparison needs.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

pub(super) struct Bundle {
    root: Value,
}

/// A schema with references followed and `null` branches taken out.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    /// Name of the definition it came from, or where it stands.
    pub(super) name: String,
    pub(super) shape: Shape<'a>,
    /// Members that say more about it than its shape.
    pub(super) notes: Notes,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Notes {
    pub(super) null_meaningful: bool,
    pub(super) int64: bool,
    pub(super) duration: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Shape<'a> {
    Any,
    Bool,
    Integer {
        constant: Option<String>,
    },
    Number,
    /// A string; its members when it is an enum, open or closed.
    String {
        members: Option<Vec<&'a str>>,
    },
    Array(&'a Value),
    Map(&'a Value),
    Object {
        properties: &'a Map<String, Value>,
        required: Vec<&'a str>,
    },
    Union(Vec<Node<'a>>),
}

impl Shape<'_> {
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Integer { .. } => "integer",
            Self::Number => "number",
            Self::String { members: None } => "string",
            Self::String { .. } => "enum",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Object { .. } => "object",
            Self::Union(_) => "union",
        }
    }
}

impl Bundle {
    pub(super) fn parse(text: &str) -> Result<Self> {
        Ok(Self {
            root: serde_json::from_str(text)?,
        })
    }

    pub(super) fn definition(&self, name: &str) -> Result<Node<'_>> {
        let found = self.root.get("$defs").and_then(|defs| defs.get(name));
        self.node(
            found.with_context(|| format!("the bundle defines no {name}"))?,
            name,
        )
    }

    pub(super) fn node<'a>(&'a self, schema: &'a Value, place: &str) -> Result<Node<'a>> {
        let mut notes = Notes::default();
        let node = self.follow(schema, place, &mut notes)?;
        Ok(Node { notes, ..node })
    }

    fn follow<'a>(&'a self, schema: &'a Value, place: &str, notes: &mut Notes) -> Result<Node<'a>> {
        notes.null_meaningful |= schema.get("x-null-meaningful").is_some();
        notes.int64 |= schema.get("x-int64").is_some();
        notes.duration |= schema.get("x-duration").is_some();
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            let target = self.root.pointer(reference.trim_start_matches('#'));
            let target = target.with_context(|| format!("{reference} leads nowhere"))?;
            return self.follow(target, name, notes);
        }
        // An object may list alternatives among its own members, which its members show already.
        let alternatives: &[&str] = match schema.get("properties") {
            Some(_) => &[],
            None => &["oneOf", "anyOf"],
        };
        for keyword in alternatives {
            if let Some(branches) = schema.get(*keyword).and_then(Value::as_array) {
                return self.union(branches, place, notes);
            }
        }
        let shape = shape(schema);
        Ok(Node {
            name: place.to_owned(),
            shape,
            notes: *notes,
        })
    }

    /// A union without its `null`; unions inside are part of it.
    fn union<'a>(
        &'a self,
        branches: &'a [Value],
        place: &str,
        notes: &mut Notes,
    ) -> Result<Node<'a>> {
        let mut nodes = Vec::new();
        for branch in branches {
            if branch.get("type").and_then(Value::as_str) == Some("null") {
                continue;
            }
            let node = self.follow(branch, place, notes)?;
            match node.shape {
                Shape::Union(inner) => nodes.extend(inner),
                _ => nodes.push(node),
            }
        }
        let mut nodes = merge_strings(nodes);
        match nodes.len() {
            1 => nodes.pop().context("one branch"),
            _ => Ok(Node {
                name: place.to_owned(),
                shape: Shape::Union(nodes),
                notes: *notes,
            }),
        }
    }
}

/// Several string branches are one open string: any of them may hold what another does not name.
fn merge_strings(nodes: Vec<Node<'_>>) -> Vec<Node<'_>> {
    let mut merged: Vec<Node<'_>> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Shape::String { members } = &node.shape else {
            merged.push(node);
            continue;
        };
        let known = merged.iter_mut().find_map(|node| match &mut node.shape {
            Shape::String { members } => Some(members),
            _ => None,
        });
        match (known, members) {
            (None, _) => merged.push(node),
            (Some(Some(known)), Some(members)) => known.extend(members),
            (Some(known @ None), Some(members)) => *known = Some(members.clone()),
            (Some(_), None) => {}
        }
    }
    merged
}

fn shape(schema: &Value) -> Shape<'_> {
    let constant = schema.get("const");
    let members = ["enum", "x-known-values"]
        .into_iter()
        .find_map(|keyword| schema.get(keyword)?.as_array())
        .map(|members| members.iter().filter_map(Value::as_str).collect::<Vec<_>>())
        .filter(|members| !members.is_empty())
        .or_else(|| Some(vec![constant?.as_str()?]));
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Shape::String { members },
        Some("integer") => Shape::Integer {
            constant: constant.map(ToString::to_string),
        },
        Some("number") => Shape::Number,
        Some("boolean") => Shape::Bool,
        Some("array") => Shape::Array(schema.get("items").unwrap_or(&Value::Null)),
        Some("object") => object(schema),
        _ if schema.get("properties").is_some() => object(schema),
        _ if members.is_some() => Shape::String { members },
        _ if schema.get("enum").is_some() => Shape::Integer { constant: None },
        _ => Shape::Any,
    }
}

fn object(schema: &Value) -> Shape<'_> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Shape::Map(schema.get("additionalProperties").unwrap_or(&Value::Null));
    };
    let required = schema.get("required").and_then(Value::as_array);
    let required = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    Shape::Object {
        properties,
        required,
    }
}
