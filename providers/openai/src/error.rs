//! What the service's errors mean.

use antiphon_openai_live_types as live;
use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{CommandId, Fault, PeerText, ServerError};
use serde_json::Value;

use crate::names::{self, Origin};

/// Codes with what they mean, and whether ordinary races produce them.
const CODES: &[(&str, Fault, bool)] = &[
    ("session_expired", Fault::SessionLimit, false),
    ("rate_limit_exceeded", Fault::RateLimit, false),
    ("inference_rate_limit_exceeded", Fault::RateLimit, false),
    ("insufficient_quota", Fault::Quota, false),
    ("credit_balance_exhausted", Fault::Quota, false),
    ("billing_hard_limit_reached", Fault::Quota, false),
    ("invalid_api_key", Fault::Auth, false),
    ("missing_api_key", Fault::Auth, false),
    ("token_expired", Fault::Auth, false),
    ("account_deactivated", Fault::Auth, false),
    ("missing_scope", Fault::Forbidden, false),
    ("forbidden", Fault::Forbidden, false),
    (
        "unsupported_country_region_territory",
        Fault::Forbidden,
        false,
    ),
    ("model_not_found", Fault::NotFound, false),
    ("invalid_model", Fault::NotFound, false),
    ("context_length_exceeded", Fault::ContextFull, false),
    ("beta_api_shape_disabled", Fault::Invalid, false),
    ("server_error", Fault::Server, false),
    ("internal_error", Fault::Server, false),
    ("server_overloaded", Fault::Overloaded, false),
    // What was appended last had no place on the timeline when the session closed.
    ("context_injection_incomplete", Fault::Server, true),
    ("immutable_field_update", Fault::Invalid, false),
    ("invalid_audio", Fault::Invalid, false),
    ("unknown_parameter", Fault::Invalid, false),
    ("response_cancel_not_active", Fault::Invalid, true),
    (
        "conversation_already_has_active_response",
        Fault::Invalid,
        true,
    ),
    ("input_audio_buffer_commit_empty", Fault::Invalid, true),
    // Not `NotFound`: that is about address and model, and would end the session.
    ("item_not_found", Fault::Invalid, true),
    ("item_truncate_invalid_item_id", Fault::Invalid, true),
    ("item_delete_invalid_item_id", Fault::Invalid, true),
    ("item_retrieve_invalid_item_id", Fault::Invalid, true),
];

/// What a type means when its code says nothing.
const KINDS: &[(&str, Fault)] = &[
    ("authentication_error", Fault::Auth),
    ("permission_error", Fault::Forbidden),
    ("insufficient_quota", Fault::Quota),
    ("rate_limit_error", Fault::RateLimit),
    ("requests", Fault::RateLimit),
    ("tokens", Fault::RateLimit),
    ("server_error", Fault::Server),
    ("internal_server_error", Fault::Server),
    ("service_unavailable_error", Fault::Overloaded),
    ("invalid_request_error", Fault::Invalid),
];

/// Words of refusals that ordinary races produce, from services that give them no code of their
/// own.
const BENIGN: &[&str] = &[
    "already shorter than",
    "already has an active response",
    "no active response found",
    "buffer too small",
];

/// An error in the service's own terms.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
    pub(crate) param: Option<&'a str>,
    /// The client event at fault.
    pub(crate) event: Option<&'a str>,
}

impl<'a> From<&'a wire::ErrorDetails> for Report<'a> {
    fn from(error: &'a wire::ErrorDetails) -> Self {
        // Documentation names it either way.
        let event = error.extra.get("client_event_id").and_then(Value::as_str);
        Self {
            kind: Some(&error.kind),
            code: error.code.as_deref(),
            message: Some(&error.message),
            param: error.param.as_deref(),
            event: error.event_id.as_deref().or(event),
        }
    }
}

impl<'a> From<&'a live::ErrorDetails> for Report<'a> {
    fn from(error: &'a live::ErrorDetails) -> Self {
        Self {
            kind: Some(&error.kind),
            code: error.code.as_deref(),
            message: Some(&error.message),
            param: error.param.as_deref(),
            event: error.client_event_id.as_deref(),
        }
    }
}

impl<'a> From<&'a live::BackendError> for Report<'a> {
    fn from(error: &'a live::BackendError) -> Self {
        Self {
            code: error.code.as_deref(),
            message: error.message.as_deref(),
            ..Self::default()
        }
    }
}

impl<'a> From<&'a wire::StatusError> for Report<'a> {
    fn from(error: &'a wire::StatusError) -> Self {
        Self {
            kind: error.kind.as_deref(),
            code: error.code.as_deref(),
            message: error.message.as_deref(),
            ..Self::default()
        }
    }
}

impl<'a> From<&'a wire::TranscriptionError> for Report<'a> {
    fn from(error: &'a wire::TranscriptionError) -> Self {
        Self {
            kind: error.kind.as_deref(),
            code: error.code.as_deref(),
            message: error.message.as_deref(),
            param: error.param.as_deref(),
            event: None,
        }
    }
}

impl<'a> Report<'a> {
    /// Reads an error whose shape is not quite the wire's, as compatible services send it.
    pub(crate) fn lenient(event: &'a Value) -> Self {
        let error = event.get("error").unwrap_or(event);
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        Self {
            kind: text("type").filter(|kind| *kind != "error"),
            code: text("code"),
            message: text("message").or_else(|| error.as_str()),
            param: text("param"),
            event: text("client_event_id").or_else(|| text("event_id")),
        }
    }

    /// What the error belongs to, if it is of this side's making.
    pub(crate) fn origin(&self) -> Option<Origin> {
        self.event.and_then(names::origin)
    }

    /// The error in neutral words.
    pub(crate) fn neutral(&self) -> ServerError {
        let (fault, benign) = self.meaning();
        let bounded = |text: &str| PeerText::new(text).as_str().to_owned();
        ServerError {
            kind: self.kind.map(bounded),
            code: self.code.map(bounded),
            message: PeerText::new(self.message.unwrap_or_default()),
            param: self.param.map(bounded),
            command: self.command(),
            fault,
            benign,
        }
    }

    fn command(&self) -> Option<CommandId> {
        match self.origin() {
            Some(Origin::Command(id)) => Some(id),
            _ => None,
        }
    }

    fn meaning(&self) -> (Fault, bool) {
        if let Some(meaning) = self.code.and_then(by_code) {
            return meaning;
        }
        let fault = self
            .kind
            .and_then(|kind| KINDS.iter().find(|(known, _)| *known == kind))
            .map_or(Fault::Unknown, |&(_, fault)| fault);
        let message = self.message.unwrap_or_default().to_ascii_lowercase();
        let benign = matches!(fault, Fault::Invalid | Fault::Unknown)
            && BENIGN.iter().any(|words| message.contains(words));
        (if benign { Fault::Invalid } else { fault }, benign)
    }
}

/// What a code means, and whether ordinary races produce it.
pub(super) fn by_code(code: &str) -> Option<(Fault, bool)> {
    CODES
        .iter()
        .find(|(known, ..)| *known == code)
        .map(|&(_, fault, benign)| (fault, benign))
}

/// Whether an error that belongs to no command leaves nothing of the session.
pub(crate) const fn is_fatal(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Auth | Fault::Forbidden | Fault::NotFound | Fault::Quota
    )
}

#[cfg(test)]
mod tests;
