//! Refusals that name provider and model, made in one place so that they read alike.

use crate::{Command, ConfigField, Unsupported};

/// Whom a refusal speaks for; plug-ins make their [`Unsupported`] with it.
///
/// ```
/// use antiphon_protocol::{ConfigField, Subject};
///
/// let subject = Subject { provider: "acme", model: "m1".to_owned() };
/// let refusal = subject.field(ConfigField::NoiseReduction, "clean the audio before sending it");
/// assert_eq!(refusal.what, "noise_reduction");
/// ```
#[derive(Clone, Debug)]
pub struct Subject {
    /// The provider's name.
    pub provider: &'static str,
    /// The model, as the caller names it.
    pub model: String,
}

impl Subject {
    /// A field of the configuration cannot be sent.
    pub fn field(&self, field: ConfigField, why: impl Into<String>) -> Unsupported {
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
    pub fn command(&self, command: &Command, why: impl Into<String>) -> Unsupported {
        self.thing(command.name(), why)
    }

    /// Something else cannot be said.
    pub fn thing(&self, what: impl Into<String>, why: impl Into<String>) -> Unsupported {
        Unsupported {
            provider: self.provider,
            model: self.model.clone(),
            field: None,
            what: what.into(),
            why: why.into(),
        }
    }
}
