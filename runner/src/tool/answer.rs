//! What a tool gives back: an output, or an error the model can act on.

use std::fmt;

use antiphon_protocol::Scheduling;
use serde::Serialize;
use serde_json::{Value, json};

/// Most bytes of an error's message that the model is given.
const MESSAGE_BYTES: usize = 1024;

/// What a tool gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOutput {
    /// What the model reads: text, by custom JSON.
    pub text: String,
    /// When the model should take it up; wins over the tool's policy.
    pub scheduling: Option<Scheduling>,
}

impl ToolOutput {
    /// An output of `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            scheduling: None,
        }
    }

    /// An output of `value` as JSON.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, ToolError> {
        Ok(Self::new(serde_json::to_string(value)?))
    }

    /// The same output, to be taken up like this.
    #[must_use]
    pub fn scheduled(mut self, scheduling: Scheduling) -> Self {
        self.scheduling = Some(scheduling);
        self
    }
}

impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for ToolOutput {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<Value> for ToolOutput {
    fn from(value: Value) -> Self {
        Self::new(value.to_string())
    }
}

/// What kind of failure the model is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolErrorKind {
    /// There is no tool of that name.
    UnknownTool,
    /// The arguments are malformed, missing or of the wrong type.
    InvalidArguments,
    /// The tool says that it failed.
    Failed,
    /// The tool broke down.
    Crashed,
    /// The tool took too long.
    TimedOut,
    /// The work was stopped.
    Cancelled,
    /// The result is too long.
    ResultTooLarge,
    /// Too many calls at a time.
    Busy,
    /// Too many calls in too short a time.
    RateLimited,
    /// Somebody said no.
    Denied,
    /// Another process may have begun the work, and it is not begun again.
    Interrupted,
}

impl ToolErrorKind {
    /// The kind in the word that the model reads.
    pub const fn word(self) -> &'static str {
        match self {
            Self::UnknownTool => "unknown_tool",
            Self::InvalidArguments => "invalid_arguments",
            Self::Failed => "failed",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::ResultTooLarge => "result_too_large",
            Self::Busy => "busy",
            Self::RateLimited => "rate_limited",
            Self::Denied => "denied",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failed call, as the model is told of it: `{"error":{"kind":…,"message":…}}`.
///
/// `?` turns any error into one of kind [`ToolErrorKind::Failed`] with the error's own words, which
/// the model then reads and may say aloud: give [`ToolError::new`] words of your own where those
/// could hold what the user must not learn.
///
/// ```
/// use antiphon_runner::{ToolError, ToolErrorKind};
///
/// fn parse(text: &str) -> Result<u32, ToolError> {
///     Ok(text.parse::<u32>()?)
/// }
/// let error = parse("seven").unwrap_err();
/// assert_eq!(error.kind(), ToolErrorKind::Failed);
/// assert!(error.to_json().contains("invalid digit"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError {
    kind: ToolErrorKind,
    message: String,
}

impl ToolError {
    /// A failure in words for the model: what went wrong, and what it can do about it.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(ToolErrorKind::Failed, message)
    }

    /// Arguments that fit the schema and still make no sense.
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self::of(ToolErrorKind::InvalidArguments, message)
    }

    /// A refusal.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::of(ToolErrorKind::Denied, message)
    }

    pub(crate) fn of(kind: ToolErrorKind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE_BYTES {
            let end = (0..=MESSAGE_BYTES)
                .rev()
                .find(|end| message.is_char_boundary(*end));
            message.truncate(end.unwrap_or(0));
            message.push('…');
        }
        Self { kind, message }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ToolErrorKind {
        self.kind
    }

    /// The words for the model.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the model reads.
    pub fn to_json(&self) -> String {
        json!({ "error": { "kind": self.kind.word(), "message": self.message } }).to_string()
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// `ToolError` itself is no `std::error::Error`, so that this conversion can exist.
impl<E: std::error::Error> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_json_the_model_can_act_on() {
        let error = ToolError::invalid_arguments("`city` is missing");
        let value: Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(value["error"]["kind"], "invalid_arguments");
        assert_eq!(value["error"]["message"], "`city` is missing");
    }

    #[test]
    fn a_message_is_bounded_at_a_whole_character() {
        let error = ToolError::new("é".repeat(MESSAGE_BYTES));
        assert!(error.message().len() <= MESSAGE_BYTES + '…'.len_utf8());
        assert!(error.message().ends_with("é…"));
    }
}
