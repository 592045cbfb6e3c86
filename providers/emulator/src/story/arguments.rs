//! Arguments of tool calls that fit the tool's schema.

use serde_json::{Map, Value, json};

/// Nesting of a schema that is followed; below it, values are empty.
const MAX_DEPTH: usize = 8;

/// An object that fits `schema`, with `given` where the schema has room for it, and something of
/// the right kind for what else is required.
pub(crate) fn fit(schema: &Value, given: &[(String, String)]) -> Value {
    let none = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let open = schema.get("additionalProperties") != Some(&Value::Bool(false));
    let mut arguments = Map::new();
    for (name, text) in given {
        match properties.get(name) {
            Some(property) => _ = arguments.insert(name.clone(), convert(property, text)),
            None if open => _ = arguments.insert(name.clone(), text.as_str().into()),
            None => {}
        }
    }
    for name in required(schema) {
        if !arguments.contains_key(name) {
            let property = properties.get(name).unwrap_or(&Value::Null);
            arguments.insert(name.to_owned(), example(property, 0));
        }
    }
    Value::Object(arguments)
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    names.filter_map(Value::as_str)
}

/// `text` as the kind of value that `property` asks for; an example where it cannot be one.
fn convert(property: &Value, text: &str) -> Value {
    if let Some(choices) = property.get("enum").and_then(Value::as_array) {
        let written: Option<Value> = serde_json::from_str(text).ok();
        let chosen = choices.iter().find(|choice| match choice {
            Value::String(word) => word.eq_ignore_ascii_case(text),
            other => written.as_ref() == Some(other),
        });
        return chosen.or(choices.first()).cloned().unwrap_or(Value::Null);
    }
    let parsed = match kind(property) {
        Some("string") | None => Some(text.into()),
        Some("integer") => text.trim().parse::<i64>().ok().map(Value::from),
        Some("number") => text.trim().parse::<f64>().ok().map(Value::from),
        Some("boolean") => text.trim().parse::<bool>().ok().map(Value::from),
        Some("array") => {
            let items = property.get("items").unwrap_or(&Value::Null);
            Some(
                text.split(',')
                    .map(|part| convert(items, part.trim()))
                    .collect(),
            )
        }
        Some(_) => serde_json::from_str(text).ok(),
    };
    parsed.unwrap_or_else(|| example(property, 0))
}

fn kind(property: &Value) -> Option<&str> {
    match property.get("type")? {
        Value::String(kind) => Some(kind),
        // `["string", "null"]`: the first that is not null.
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    }
}

/// A small value that fits `property`.
fn example(property: &Value, depth: usize) -> Value {
    for name in ["const", "default", "example"] {
        if let Some(value) = property.get(name) {
            return value.clone();
        }
    }
    for name in ["enum", "examples", "anyOf", "oneOf"] {
        match property
            .get(name)
            .and_then(Value::as_array)
            .and_then(|values| values.first())
        {
            Some(value) if name.ends_with("Of") && depth < MAX_DEPTH => {
                return example(value, depth + 1);
            }
            Some(value) if !name.ends_with("Of") => return value.clone(),
            _ => {}
        }
    }
    match kind(property) {
        Some("integer") => property
            .get("minimum")
            .filter(|least| least.is_i64())
            .cloned()
            .unwrap_or(json!(1)),
        Some("number") => property.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => match property.get("minItems").and_then(Value::as_u64) {
            Some(1..) if depth < MAX_DEPTH => {
                json!([example(
                    property.get("items").unwrap_or(&Value::Null),
                    depth + 1
                )])
            }
            _ => json!([]),
        },
        Some("object") if depth < MAX_DEPTH => {
            let members = required(property).map(|name| {
                let pointer = property.get("properties").and_then(|all| all.get(name));
                (
                    name.to_owned(),
                    example(pointer.unwrap_or(&Value::Null), depth + 1),
                )
            });
            Value::Object(members.collect())
        }
        Some("object") => json!({}),
        _ => json!("example"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_fit_their_schema() {
        let weather = json!({
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": false,
        });
        let trip = json!({
            "type": "object",
            "properties": {
                "days": {"type": "integer", "minimum": 2},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "stops": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "guide": {"type": ["boolean", "null"]},
                "who": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}},
                    "required": ["name"],
                },
            },
            "required": ["days", "unit", "stops", "guide", "who"],
        });
        let rows = [
            (&weather, vec![("city", "Oslo")], json!({"city": "Oslo"})),
            (
                &weather,
                vec![("city", "Oslo"), ("day", "today")],
                json!({"city": "Oslo"}),
            ),
            (&weather, vec![], json!({"city": "example"})),
            (
                &trip,
                vec![
                    ("days", "3"),
                    ("unit", "Celsius"),
                    ("stops", "Rome, Bari"),
                    ("note", "x"),
                ],
                json!({
                    "days": 3, "unit": "celsius", "stops": ["Rome", "Bari"], "note": "x",
                    "guide": true, "who": {"name": "example"},
                }),
            ),
            (
                &trip,
                vec![("days", "many"), ("unit", "kelvin")],
                json!({
                    "days": 2, "unit": "celsius", "stops": ["example"],
                    "guide": true, "who": {"name": "example"},
                }),
            ),
            (&Value::Null, vec![("a", "b")], json!({"a": "b"})),
        ];
        for (schema, given, expected) in rows {
            let given: Vec<_> = given
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect();
            let arguments = fit(schema, &given);
            assert_eq!(arguments, expected);
            if !schema.is_null() {
                assert!(jsonschema::is_valid(schema, &arguments), "{arguments}");
            }
        }
    }
}
