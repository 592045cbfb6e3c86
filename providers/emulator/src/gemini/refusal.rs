//! Why a connection is ended, in the service's terms.

/// A close code and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) reason: String,
}

/// Letters of a peer's text that a reason repeats.
const QUOTED: usize = 60;

impl Refusal {
    /// An argument that is not valid: code 1007.
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self {
            code: 1007,
            reason: reason.into(),
        }
    }

    /// Something that is not offered: code 1008.
    pub(super) fn policy(reason: impl Into<String>) -> Self {
        Self {
            code: 1008,
            reason: reason.into(),
        }
    }

    /// A member that the object at `path` does not have.
    pub(super) fn unknown(name: &str, path: &str) -> Self {
        let name = quoted(name);
        let place = if path.is_empty() {
            String::new()
        } else {
            format!(" at '{path}'")
        };
        Self::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
        ))
    }

    /// A value at `path` that is not of this kind.
    pub(super) fn value(path: &str, kind: &str, value: &str) -> Self {
        let value = quoted(value);
        Self::invalid(format!("Invalid value at '{path}' ({kind}), {value}"))
    }

    /// A model that is not there, or not for this protocol.
    pub(super) fn no_model(model: &str, version: &str) -> Self {
        let model = quoted(model);
        Self::policy(format!(
            "{model} is not found for API version {version}, or is not supported for \
             bidiGenerateContent."
        ))
    }
}

/// A peer's text in an error stays short, whatever was sent.
fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}
