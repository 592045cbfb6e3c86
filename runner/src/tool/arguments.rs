//! Reading what the model wrote as arguments, before any tool sees it.

use serde_json::{Map, Value};

use super::{ToolError, ToolPolicy};

/// Reads `text` as the arguments object that `schema` describes.
///
/// Checked are the object itself, the members it requires, and the plain type and choice of each
/// top-level member. What is deeper is the tool's own to check, as typed tools do.
pub(crate) fn parse(text: &str, schema: &Value, policy: &ToolPolicy) -> Result<Value, ToolError> {
    if text.len() > policy.argument_bytes {
        return Err(invalid(format!(
            "the arguments have {} bytes; at most {} are allowed",
            text.len(),
            policy.argument_bytes
        )));
    }
    let value = if text.trim().is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_str(text)
            .map_err(|error| invalid(format!("the arguments are not JSON: {error}")))?
    };
    let Value::Object(members) = &value else {
        return Err(invalid("the arguments must be a JSON object"));
    };
    let wrong = complaints(members, schema);
    if wrong.is_empty() {
        Ok(value)
    } else {
        Err(invalid(wrong.join("; ")))
    }
}

fn complaints(members: &Map<String, Value>, schema: &Value) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array);
    let missing = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| !members.contains_key(*name))
        .map(|name| format!("`{name}` is missing"));
    let properties = schema.get("properties").and_then(Value::as_object);
    let wrong = members.iter().filter_map(|(name, value)| {
        let property = properties?.get(name)?;
        mismatch(value, property).map(|expected| format!("`{name}` must be {expected}"))
    });
    missing.chain(wrong).collect()
}

/// What `property` wants instead of `value`, if it plainly wants something else.
fn mismatch(value: &Value, property: &Value) -> Option<String> {
    if let Some(choices) = property.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        return Some(format!("one of {}", Value::Array(choices.clone())));
    }
    let types: Vec<&str> = match property.get("type")? {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let fits = types.is_empty() || types.iter().any(|name| is_of_type(value, name));
    (!fits).then(|| format!("of type {}", types.join(" or ")))
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        // JSON Schema takes 1.0 for an integer.
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        _ => true,
    }
}

fn invalid(message: impl Into<String>) -> ToolError {
    ToolError::invalid_arguments(message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": { "type": "string" },
                "days": { "type": ["integer", "null"] },
                "unit": { "type": "string", "enum": ["C", "F"] },
                "deep": { "type": "object" },
            },
            "required": ["city"],
        });
        parse(text, &schema, &ToolPolicy::default()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn good_arguments_pass_as_they_are() {
        for text in [
            r#"{"city":"Rome"}"#,
            r#"{"city":"Rome","days":3,"unit":"C"}"#,
            r#"{"city":"Rome","days":null,"unknown":[1]}"#,
            r#" {"city":"Rome","days":3.0} "#,
        ] {
            assert_eq!(
                read(text),
                serde_json::from_str(text).map_err(|_| String::new()),
                "{text}"
            );
        }
    }

    #[test]
    fn bad_arguments_are_named_in_words() {
        for (text, words) in [
            ("", "`city` is missing"),
            ("{}", "`city` is missing"),
            (r#"{"city":1}"#, "`city` must be of type string"),
            (
                r#"{"city":"Rome","days":1.5}"#,
                "`days` must be of type integer or null",
            ),
            (
                r#"{"city":"Rome","unit":"K"}"#,
                r#"`unit` must be one of ["C","F"]"#,
            ),
            (
                r#"{"days":true}"#,
                "`city` is missing; `days` must be of type integer or null",
            ),
            ("[]", "the arguments must be a JSON object"),
            (r#"{"city":"Ro"#, "the arguments are not JSON"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn no_arguments_are_an_empty_object_where_none_are_required() {
        let schema = json!({ "type": "object", "properties": {} });
        for text in ["", "  ", "{}"] {
            assert_eq!(parse(text, &schema, &ToolPolicy::default()), Ok(json!({})));
        }
    }

    #[test]
    fn oversize_arguments_are_refused_unread() {
        let policy = ToolPolicy {
            argument_bytes: 8,
            ..ToolPolicy::default()
        };
        let error = parse("not even JSON", &json!({}), &policy).unwrap_err();
        assert!(error.message().contains("at most 8"));
    }

    proptest! {
        #[test]
        fn any_text_and_any_schema_are_read_without_panic(text in ".{0,64}", schema in ".{0,64}") {
            let schema = serde_json::from_str(&schema).unwrap_or(Value::Null);
            let _ = parse(&text, &schema, &ToolPolicy::default());
        }
    }
}
