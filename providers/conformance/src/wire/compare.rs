//! Where two frames differ as JSON values.

use serde_json::{Map, Value};

/// Path of the first difference, numbers taken by their value. With `spellings`, a member in
/// snake_case may have become one in camelCase, as protobuf's JSON form allows.
pub(super) fn first_difference(before: &Value, after: &Value, spellings: bool) -> Option<String> {
    Comparison { spellings }.values(before, after, &mut String::new())
}

struct Comparison {
    spellings: bool,
}

impl Comparison {
    fn values(&self, before: &Value, after: &Value, path: &mut String) -> Option<String> {
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => self.objects(before, after, path),
            (Value::Array(before), Value::Array(after)) => {
                if before.len() != after.len() {
                    return Some(format!("{path} has another length"));
                }
                let mut pairs = before.iter().zip(after).enumerate();
                pairs.find_map(|(index, (before, after))| {
                    self.below(path, &index.to_string(), before, after)
                })
            }
            (Value::Number(before), Value::Number(after)) => {
                let same = before == after || before.as_f64() == after.as_f64();
                (!same).then(|| format!("{path} is another number"))
            }
            _ => (before != after).then(|| format!("{path} is another value")),
        }
    }

    fn objects(
        &self,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        path: &mut String,
    ) -> Option<String> {
        let mut met = Vec::with_capacity(before.len());
        for (name, value) in before {
            let camel = camel_case(name);
            let found = match after.get_key_value(name) {
                None if self.spellings => after.get_key_value(&camel),
                found => found,
            };
            let Some((found, other)) = found else {
                return Some(format!("{path}/{name} is lost"));
            };
            let difference = self.below(path, name, value, other);
            if difference.is_some() {
                return difference;
            }
            met.push(found);
        }
        let new = after.keys().find(|name| !met.contains(name));
        new.map(|name| format!("{path}/{name} is new"))
    }

    fn below(
        &self,
        path: &mut String,
        name: &str,
        before: &Value,
        after: &Value,
    ) -> Option<String> {
        let length = path.len();
        path.push('/');
        path.push_str(name);
        let found = self.values(before, after, path);
        path.truncate(length);
        found
    }
}

fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            letter => camel.push(letter),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_is_told_by_its_path() {
        let before = json!({"a": [1, {"b": 2}]});
        for (after, told) in [
            (json!({"a": [1.0, {"b": 2.0}]}), None),
            (json!({"a": [1, {}]}), Some("/a/1/b is lost")),
            (json!({"a": [1, {"b": 2, "c": 0}]}), Some("/a/1/c is new")),
            (json!({"a": [1]}), Some("/a has another length")),
            (
                json!({"a": [1, {"b": 3}]}),
                Some("/a/1/b is another number"),
            ),
            (
                json!({"a": [1, {"b": "2"}]}),
                Some("/a/1/b is another value"),
            ),
        ] {
            assert_eq!(first_difference(&before, &after, false).as_deref(), told);
        }
    }

    #[test]
    fn a_spelling_may_change_only_where_it_is_allowed() {
        let (before, after) = (
            json!({"turn_complete": true}),
            json!({"turnComplete": true}),
        );
        assert_eq!(first_difference(&before, &after, true), None);
        assert!(first_difference(&before, &after, false).is_some());
        assert!(first_difference(&after, &before, true).is_some());
    }
}
