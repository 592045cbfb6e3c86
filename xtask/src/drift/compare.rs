//! Walks a description and a bundle side by side, from the entry points down.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::schema::{Bundle, Node, Shape};
use crate::codegen::model::{
    Branch, Description, Events, Field, Kind, Object, Presence, Type, Union, When,
};

/// Collects one line per difference, each naming both sides.
pub(super) struct Comparison<'a> {
    description: &'a Description,
    bundle: &'a Bundle,
    seen: BTreeSet<(String, String, String)>,
    pub(super) differences: BTreeSet<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(description: &'a Description, bundle: &'a Bundle) -> Self {
        Self {
            description,
            bundle,
            seen: BTreeSet::new(),
            differences: BTreeSet::new(),
        }
    }

    /// Compares everything reachable from one entry point on either side.
    pub(super) fn root(&mut self, file: &str, name: &str, definition: &str) -> Result<()> {
        let node = self.bundle.definition(definition)?;
        self.named(file, name, &node)
    }

    fn differ(&mut self, ours: &str, theirs: &str, what: &str) {
        self.differences
            .insert(format!("{ours} / {theirs}: {what}"));
    }

    fn ty(&mut self, file: &str, place: &str, ty: &Type, node: &Node<'_>) -> Result<()> {
        let fits = match (ty, &node.shape) {
            (Type::Raw, _) => {
                self.differ(place, &node.name, "kept raw");
                return Ok(());
            }
            (Type::Named(name) | Type::Boxed(name), _) => return self.named(file, name, node),
            (Type::List(inner), Shape::Array(items)) => {
                let items = self.bundle.node(items, &format!("{}[]", node.name))?;
                return self.ty(file, &format!("{place}[]"), inner, &items);
            }
            (Type::Map(inner), Shape::Map(values)) => {
                let values = self.bundle.node(values, &format!("{}{{}}", node.name))?;
                return self.ty(file, &format!("{place}{{}}"), inner, &values);
            }
            (Type::Str | Type::Secret, Shape::String { members }) => {
                members.is_none() && !node.notes.duration
            }
            (Type::Int | Type::Uint, Shape::Integer { constant }) => constant.is_none(),
            (Type::Int64, _) => node.notes.int64,
            (Type::Duration, _) => node.notes.duration,
            (Type::Float, Shape::Number) | (Type::Bool, Shape::Bool) | (Type::Any, Shape::Any) => {
                true
            }
            _ => false,
        };
        if !fits {
            let theirs = node.shape.label();
            self.differ(
                place,
                &node.name,
                &format!("{} against {theirs}", label(ty)),
            );
        }
        Ok(())
    }

    fn named(&mut self, file: &str, name: &str, node: &Node<'_>) -> Result<()> {
        let description = self.description;
        let (home, item) = description
            .find(file, name)
            .with_context(|| format!("the description has no {name}"))?;
        if !self
            .seen
            .insert((home.name.clone(), name.to_owned(), node.name.clone()))
        {
            return Ok(());
        }
        match &item.kind {
            Kind::Object(object) => self.object(&home.name, name, object, node),
            Kind::Union(union) => self.union(&home.name, name, union, node),
            Kind::Events(events) => self.events(&home.name, name, events, node),
            Kind::Frames(message) => self.named(&home.name, message, node),
            Kind::Enum(variants) => {
                let Shape::String {
                    members: Some(members),
                } = &node.shape
                else {
                    self.differ(
                        name,
                        &node.name,
                        &format!("enum against {}", node.shape.label()),
                    );
                    return Ok(());
                };
                let ours: BTreeSet<&str> = variants
                    .iter()
                    .map(|variant| variant.wire.as_str())
                    .collect();
                let theirs: BTreeSet<&str> = members.iter().copied().collect();
                for value in ours.difference(&theirs) {
                    self.differ(name, &node.name, &format!("value {value} is ours only"));
                }
                for value in theirs.difference(&ours) {
                    self.differ(name, &node.name, &format!("value {value} is theirs only"));
                }
                Ok(())
            }
        }
    }

    fn object(&mut self, file: &str, name: &str, object: &Object, node: &Node<'_>) -> Result<()> {
        if let Shape::Union(branches) = &node.shape {
            return branches
                .iter()
                .try_for_each(|branch| self.named(file, name, branch));
        }
        let Shape::Object {
            properties,
            required,
        } = &node.shape
        else {
            self.differ(
                name,
                &node.name,
                &format!("object against {}", node.shape.label()),
            );
            return Ok(());
        };
        for (tag, value) in &object.tags {
            match properties.get(tag) {
                None => self.differ(name, &node.name, &format!("tag {tag} is ours only")),
                Some(schema) => {
                    let found = self.bundle.node(schema, &node.name)?;
                    if !matches!(&found.shape, Shape::String { members: Some(members) } if members.as_slice() == [value.as_str()])
                    {
                        self.differ(name, &node.name, &format!("tag {tag} is not only {value}"));
                    }
                    if !required.contains(&tag.as_str()) {
                        self.differ(name, &node.name, &format!("tag {tag} is not required"));
                    }
                }
            }
        }
        for field in &object.fields {
            match properties.get(&field.wire) {
                None => {
                    self.differ(
                        name,
                        &node.name,
                        &format!("field {} is ours only", field.wire),
                    );
                }
                Some(schema) => self.field(file, name, field, schema, node, required)?,
            }
        }
        for wire in properties.keys() {
            let tagged = object.tags.iter().any(|(tag, _)| tag == wire);
            if !tagged && !object.fields.iter().any(|field| field.wire == *wire) {
                self.differ(name, &node.name, &format!("field {wire} is theirs only"));
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        file: &str,
        name: &str,
        field: &Field,
        schema: &Value,
        node: &Node<'_>,
        required: &[&str],
    ) -> Result<()> {
        let theirs = self
            .bundle
            .node(schema, &format!("{}.{}", node.name, field.wire))?;
        let ours = format!("{name}.{}", field.wire);
        let promised = matches!(
            field.presence,
            Presence::Required | Presence::Nulled | Presence::Promised
        );
        if promised != required.contains(&field.wire.as_str()) {
            let word = if promised { "ours" } else { "theirs" };
            self.differ(&ours, &theirs.name, &format!("required is {word} only"));
        }
        if (field.presence == Presence::Nullable) != theirs.notes.null_meaningful {
            let word = if theirs.notes.null_meaningful {
                "theirs"
            } else {
                "ours"
            };
            self.differ(
                &ours,
                &theirs.name,
                &format!("meaning of null is {word} only"),
            );
        }
        let constant = match &theirs.shape {
            Shape::String {
                members: Some(members),
            } => match members.as_slice() {
                [member] => Some((*member).to_owned()),
                _ => None,
            },
            Shape::Integer { constant } => constant.clone(),
            _ => None,
        };
        if field.constant.is_some() || (constant.is_some() && !matches!(field.ty, Type::Named(_))) {
            if field.constant != constant {
                let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
                let (ours_is, theirs_is) = (text(&field.constant), text(&constant));
                self.differ(
                    &ours,
                    &theirs.name,
                    &format!("constant {ours_is} against {theirs_is}"),
                );
            }
            return Ok(());
        }
        self.ty(file, &ours, &field.ty, &theirs)
    }

    fn union(&mut self, file: &str, name: &str, union: &Union, node: &Node<'_>) -> Result<()> {
        let single = std::slice::from_ref(node);
        let theirs = match &node.shape {
            Shape::Union(nodes) => nodes.as_slice(),
            _ => single,
        };
        let mut used = vec![false; theirs.len()];
        for branch in &union.branches {
            let mut found = false;
            for (used, candidate) in used.iter_mut().zip(theirs) {
                if self.matches(union, branch, candidate)? {
                    (found, *used) = (true, true);
                    let place = format!("{name}.{}", branch.name);
                    self.ty(file, &place, &branch.ty, candidate)?;
                }
            }
            if !found {
                self.differ(
                    name,
                    &node.name,
                    &format!("branch {} is ours only", branch.name),
                );
            }
        }
        for (used, candidate) in used.iter().zip(theirs) {
            if !used {
                let what = format!("branch {} is theirs only", candidate.name);
                self.differ(name, &node.name, &what);
            }
        }
        Ok(())
    }

    fn matches(&self, union: &Union, branch: &Branch, node: &Node<'_>) -> Result<bool> {
        Ok(match (&branch.when, &node.shape) {
            (When::String, Shape::String { .. })
            | (When::Number, Shape::Integer { .. } | Shape::Number)
            | (When::Bool, Shape::Bool)
            | (When::Array, Shape::Array(_))
            | (When::Object, Shape::Object { .. } | Shape::Map(_)) => true,
            (When::Tag(value), Shape::Object { properties, .. }) => {
                let tag = union.tag.as_ref().and_then(|tag| properties.get(tag));
                match tag {
                    Some(schema) => {
                        let tag = self.bundle.node(schema, "")?;
                        matches!(tag.shape, Shape::String { members: Some(members) } if members.contains(&value.as_str()))
                    }
                    None => false,
                }
            }
            _ => false,
        })
    }

    fn events(&mut self, file: &str, name: &str, events: &Events, node: &Node<'_>) -> Result<()> {
        let branch = |wire: &String, object: &String| Branch {
            name: wire.clone(),
            ty: Type::Named(object.clone()),
            when: When::Tag(wire.clone()),
        };
        let branches = events
            .events
            .iter()
            .map(|event| branch(&event.wire, &event.object));
        let union = Union {
            branches: branches.collect(),
            tag: Some("type".to_owned()),
            untagged: None,
        };
        self.union(file, name, &union, node)
    }
}

fn label(ty: &Type) -> &'static str {
    match ty {
        Type::Str | Type::Secret => "string",
        Type::Bool => "bool",
        Type::Int | Type::Uint => "integer",
        Type::Float => "number",
        Type::Int64 => "int64",
        Type::Duration => "duration",
        Type::Any => "any",
        Type::Raw => "raw",
        Type::List(_) => "array",
        Type::Map(_) => "map",
        Type::Named(_) | Type::Boxed(_) => "a named type",
    }
}
