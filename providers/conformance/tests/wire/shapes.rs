//! The descriptions, as `schema/shapes.json` holds them.

use std::{collections::BTreeMap, fs, path::Path};

use antiphon_conformance::wire::{Direction, Protocol};
use serde_json::Value;

pub(crate) const PROTOCOLS: [(Protocol, &str); 3] = [
    (Protocol::OpenAiRealtime, "openai-realtime"),
    (Protocol::OpenAiLive, "openai-live"),
    (Protocol::GeminiLive, "gemini-live"),
];

/// All types of one protocol.
pub(crate) struct Shapes(BTreeMap<String, Value>);

/// An event, or a message of a wire without event types.
pub(crate) struct Root {
    pub(crate) direction: Direction,
    /// The enum that reads it, by file and name.
    pub(crate) events: String,
    /// The event, or the enum again.
    pub(crate) event: String,
    pub(crate) object: String,
}

impl Shapes {
    pub(crate) fn of(folder: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../protocol")
            .join(folder)
            .join("schema/shapes.json");
        Self(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    pub(crate) fn get(&self, name: &str) -> &Value {
        &self.0[name]
    }

    pub(crate) fn roots(&self) -> Vec<Root> {
        let mut roots = Vec::new();
        for (name, shape) in &self.0 {
            let direction = if name.contains("Client") {
                Direction::Client
            } else {
                Direction::Server
            };
            if let Some(events) = shape["events"].as_object() {
                roots.extend(events.iter().map(|(event, object)| Root {
                    direction,
                    events: name.clone(),
                    event: event.clone(),
                    object: object.as_str().unwrap().to_owned(),
                }));
            }
            if let Some(message) = shape["message"].as_str() {
                roots.push(Root {
                    direction,
                    events: name.clone(),
                    event: name.clone(),
                    object: message.to_owned(),
                });
            }
        }
        assert!(roots.len() >= 2, "a description without events");
        roots
    }
}
