//! The description as JSON, for tests that make frames of every shape.
//!
//! Product code never reads it: the generated types carry all that decoding needs.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::model::{Branch, Description, Field, Kind, Presence, Type, When};

/// All types of a description, by `file.Name`.
pub(super) fn json(description: &Description) -> Result<String> {
    let mut types = Map::new();
    for file in &description.files {
        let shapes = Shapes {
            description,
            file: &file.name,
        };
        for item in &file.items {
            types.insert(
                format!("{}.{}", file.name, item.name),
                shapes.kind(&item.kind)?,
            );
        }
    }
    let mut text = serde_json::to_string_pretty(&Value::Object(types))?;
    text.push('\n');
    Ok(text)
}

struct Shapes<'a> {
    description: &'a Description,
    file: &'a str,
}

impl Shapes<'_> {
    fn kind(&self, kind: &Kind) -> Result<Value> {
        Ok(match kind {
            Kind::Object(object) => {
                let fields: Result<Vec<_>> = object
                    .fields
                    .iter()
                    .map(|field| self.field(field))
                    .collect();
                json!({ "tags": object.tags, "fields": fields? })
            }
            Kind::Enum(variants) => {
                let members: Vec<_> = variants.iter().map(|variant| &variant.wire).collect();
                json!({ "members": members })
            }
            Kind::Union(union) => {
                let branches: Result<Vec<_>> = union
                    .branches
                    .iter()
                    .map(|branch| self.branch(branch))
                    .collect();
                json!({ "branches": branches? })
            }
            Kind::Events(events) => {
                let mut map = Map::new();
                for event in &events.events {
                    map.insert(event.wire.clone(), self.name(&event.object)?);
                }
                json!({ "events": map })
            }
            Kind::Frames(message) => json!({ "message": self.name(message)? }),
        })
    }

    fn field(&self, field: &Field) -> Result<Value> {
        let presence = match field.presence {
            Presence::Required => "required",
            Presence::Nulled => "nulled",
            Presence::Promised => "promised",
            Presence::Optional => "optional",
            Presence::Nullable => "nullable",
        };
        let mut shape = json!({
            "name": field.wire,
            "presence": presence,
            "type": self.ty(&field.ty)?,
        });
        if let (Some(constant), Some(map)) = (&field.constant, shape.as_object_mut()) {
            map.insert("constant".to_owned(), json!(constant));
        }
        Ok(shape)
    }

    fn branch(&self, branch: &Branch) -> Result<Value> {
        let when = match &branch.when {
            When::Tag(tag) => tag.as_str(),
            When::String => "string",
            When::Number => "number",
            When::Bool => "bool",
            When::Array => "array",
            When::Object => "object",
        };
        Ok(json!({ "when": when, "type": self.ty(&branch.ty)? }))
    }

    fn ty(&self, ty: &Type) -> Result<Value> {
        Ok(match ty {
            Type::Str | Type::Secret => json!("str"),
            Type::Bool => json!("bool"),
            Type::Int => json!("int"),
            Type::Uint => json!("uint"),
            Type::Float => json!("float"),
            Type::Int64 => json!("int64"),
            Type::Duration => json!("duration"),
            Type::Any | Type::Raw => json!("any"),
            Type::List(inner) => json!({ "list": self.ty(inner)? }),
            Type::Map(inner) => json!({ "map": self.ty(inner)? }),
            Type::Named(name) | Type::Boxed(name) => json!({ "name": self.name(name)? }),
        })
    }

    fn name(&self, name: &str) -> Result<Value> {
        let found = self.description.find(self.file, name);
        let (home, _) = found.with_context(|| format!("no type is named `{name}`"))?;
        Ok(json!(format!("{}.{name}", home.name)))
    }
}
