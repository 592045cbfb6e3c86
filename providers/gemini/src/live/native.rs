//! Members of the setup that a caller states as the wire has them.

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{RawJson, SessionConfig};
use serde_json::{Map, Value};

/// Puts native members into a setup. They win over the neutral fields they name; objects are merged,
/// so that a voice and a level of thinking can stand in one `generationConfig`, and tools are added
/// to those of the configuration.
pub(super) fn merge(setup: &mut Map<String, Value>, native: &Map<String, Value>) {
    for (name, value) in native {
        let known = camel(name);
        match (setup.get_mut(&known), value) {
            (Some(Value::Object(inner)), Value::Object(native)) => merge(inner, native),
            (Some(Value::Array(tools)), Value::Array(native)) if known == "tools" => {
                tools.extend(native.iter().cloned());
            }
            (Some(place), value) => *place = value.clone(),
            // What nothing stands in the way of goes out letter by letter.
            (None, value) => {
                setup.insert(name.clone(), value.clone());
            }
        }
    }
}

/// `config` with what a native frame changes in it: a `contextUpdate`, or a `setup`, which cannot be
/// sent again but says what the next connection should be. `None` when it is neither.
pub(super) fn merged(config: &SessionConfig, frame: &RawJson) -> Option<SessionConfig> {
    let Ok(Value::Object(frame)) = serde_json::from_str(frame.0.get()) else {
        return None;
    };
    let mut config = config.clone();
    let mut changes = false;
    for (name, value) in frame {
        match (camel(&name).as_str(), value) {
            ("contextUpdate", Value::Object(update)) => {
                context_update(&mut config, update);
                changes = true;
            }
            ("setup", Value::Object(setup)) => {
                for (name, value) in setup {
                    one(&mut config, &name, value);
                }
                changes = true;
            }
            _ => {}
        }
    }
    changes.then_some(config)
}

fn context_update(config: &mut SessionConfig, update: Map<String, Value>) {
    for (name, value) in update {
        match (camel(&name).as_str(), value) {
            ("tools", Value::Object(mut wrapper)) => {
                let tools = wrapper
                    .remove("tools")
                    .unwrap_or_else(|| Value::Array(Vec::new()));
                one(config, "tools", tools);
            }
            (_, value) => one(config, &name, value),
        }
    }
}

/// One member of a setup. What a neutral field says stays neutral, so that it can change again.
fn one(config: &mut SessionConfig, name: &str, value: Value) {
    match camel(name).as_str() {
        "model" => {
            if let Value::String(model) = value {
                config.model = model;
            }
        }
        "systemInstruction" => {
            config.native.remove("systemInstruction");
            match plain_text(&value) {
                Some(text) => config.instructions = Some(text),
                None => {
                    config.instructions = None;
                    config.native.insert("systemInstruction".to_owned(), value);
                }
            }
        }
        // The new tools take the place of all others.
        "tools" => {
            config.tools.clear();
            config.native.insert("tools".to_owned(), value);
        }
        known => {
            let mut change = Map::new();
            change.insert(known.to_owned(), value);
            merge(&mut config.native, &change);
        }
    }
}

/// The text of a content that is nothing but one text.
fn plain_text(content: &Value) -> Option<String> {
    let content: wire::Content = serde_json::from_value(content.clone()).ok()?;
    let parts = content.parts?;
    let [part] = parts.as_slice() else {
        return None;
    };
    let bare = wire::Part {
        text: part.text.clone(),
        ..wire::Part::default()
    };
    (*part == bare).then(|| part.text.clone()).flatten()
}

/// The member of that name, in either spelling.
pub(super) fn find<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members
        .iter()
        .find(|(known, _)| camel(known) == name)
        .map(|(_, value)| value)
}

/// A member's name as the wire prefers it; it takes `snake_case` as well.
pub(super) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raised = false;
    for c in name.chars() {
        if c == '_' {
            raised = true;
        } else if std::mem::take(&mut raised) {
            camel.extend(c.to_uppercase());
        } else {
            camel.push(c);
        }
    }
    camel
}
