//! What follows from a description: sizes, defaults, and who writes what.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};

use super::model::{Description, Field, Item, Kind, Presence, Type};

/// Events and branches above this many bytes are boxed, so that an enum stays the size of the
/// small frames that make up most of the traffic.
pub(super) const UNBOXED: usize = 176;

/// Files and names of the objects that a client writes: requests, what `Client...` events hold,
/// and what these reach.
pub(super) fn written(description: &Description) -> BTreeSet<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut open = Vec::new();
    for file in &description.files {
        for item in &file.items {
            match &item.kind {
                Kind::Object(object) if object.written => {
                    open.push((file.name.clone(), item.name.clone()));
                }
                Kind::Events(events) if item.name.contains("Client") => {
                    let objects = events.events.iter().map(|event| event.object.clone());
                    open.extend(objects.map(|object| (file.name.clone(), object)));
                }
                _ => {}
            }
        }
    }
    while let Some((file, name)) = open.pop() {
        let Some((home, item)) = description.find(&file, &name) else {
            continue;
        };
        if !seen.insert((home.name.clone(), name)) {
            continue;
        }
        let types: Vec<&Type> = match &item.kind {
            Kind::Object(object) => object.fields.iter().map(|field| &field.ty).collect(),
            Kind::Union(union) => union.branches.iter().map(|branch| &branch.ty).collect(),
            Kind::Enum(_) | Kind::Events(_) | Kind::Frames(_) => Vec::new(),
        };
        let names = types.into_iter().filter_map(|ty| ty.name());
        open.extend(names.map(|name| (home.name.clone(), name.to_owned())));
    }
    seen
}

/// Whether a field can be left to `Default`.
pub(super) fn field_defaults(description: &Description, file: &str, field: &Field) -> bool {
    field.presence != Presence::Required || defaults(description, file, &field.ty)
}

fn defaults(description: &Description, file: &str, ty: &Type) -> bool {
    let name = match ty {
        Type::Named(name) | Type::Boxed(name) => name,
        Type::Int64 | Type::Duration | Type::Raw => return false,
        _ => return true,
    };
    match description.find(file, name) {
        Some((
            home,
            Item {
                kind: Kind::Object(object),
                ..
            },
        )) => {
            let mut fields = object.fields.iter();
            fields.all(|field| field_defaults(description, &home.name, field))
        }
        _ => false,
    }
}

/// Roughly the bytes that a value takes in place.
pub(super) fn size(
    description: &Description,
    file: &str,
    ty: &Type,
    depth: usize,
) -> Result<usize> {
    if depth > 16 {
        bail!("a type holds itself without a list or a `^` between");
    }
    let Type::Named(name) = ty else {
        return Ok(match ty {
            Type::Bool | Type::Int | Type::Uint | Type::Float | Type::Boxed(_) => 8,
            Type::Int64 => 16,
            Type::Any => 32,
            _ => 24,
        });
    };
    let (home, item) = description
        .find(file, name)
        .with_context(|| format!("no type is named `{name}`"))?;
    Ok(match &item.kind {
        Kind::Enum(_) => 24,
        Kind::Union(union) => {
            let mut largest = 16;
            for branch in &union.branches {
                let size = size(description, &home.name, &branch.ty, depth + 1)?;
                largest = largest.max(if size > UNBOXED { 8 } else { size });
            }
            largest + 8
        }
        Kind::Object(object) => {
            let mut total = 8;
            for field in &object.fields {
                let number = matches!(field.ty, Type::Bool | Type::Int | Type::Uint | Type::Float);
                let tagged = field.presence != Presence::Required && number;
                let size = size(description, &home.name, &field.ty, depth + 1)?;
                total += size + if tagged { 8 } else { 0 };
            }
            total
        }
        Kind::Events(_) | Kind::Frames(_) => UNBOXED + 8,
    })
}
