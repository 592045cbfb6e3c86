//! Refusals that name provider and model, made in one place so that they read alike.

use antiphon_protocol::{Command, ConfigField, Unsupported};

/// Whom a refusal speaks for.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) provider: &'static str,
    pub(crate) model: String,
}

impl Subject {
    /// A field of the configuration cannot be sent.
    pub(crate) fn field(&self, field: ConfigField, why: impl Into<String>) -> Unsupported {
        let what = match serde_json::to_value(field) {
            Ok(serde_json::Value::String(name)) => name,
            _ => format!("{field:?}"),
        };
        Unsupported {
            field: Some(field),
            ..self.thing(what, why)
        }
    }

    /// A command cannot be sent.
    pub(crate) fn command(&self, command: &Command, why: impl Into<String>) -> Unsupported {
        self.thing(command.name(), why)
    }

    /// Something else cannot be said.
    pub(crate) fn thing(&self, what: impl Into<String>, why: impl Into<String>) -> Unsupported {
        Unsupported {
            provider: self.provider,
            model: self.model.clone(),
            field: None,
            what: what.into(),
            why: why.into(),
        }
    }
}
