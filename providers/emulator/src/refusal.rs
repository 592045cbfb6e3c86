//! Why a client event was refused, in the service's terms.

/// The body of an `error` event of type `invalid_request_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            message: message.into(),
            param: None,
        }
    }

    /// A refusal that the service gives no code.
    pub(crate) fn uncoded(message: impl Into<String>) -> Self {
        Self {
            code: None,
            message: message.into(),
            param: None,
        }
    }

    pub(crate) fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::new(
            "missing_required_parameter",
            format!("Missing required parameter: '{param}'."),
        )
        .at(param)
    }

    pub(crate) fn unknown(param: &str) -> Self {
        Self::new(
            "unknown_parameter",
            format!("Unknown parameter: '{param}'."),
        )
        .at(param)
    }

    pub(crate) fn value(param: &str, value: &str, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|value| format!("'{value}'")).collect();
        let supported = match supported.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{}, and {last}", rest.join(", ")),
            None => String::new(),
        };
        // A peer's text in an error stays short, whatever was sent.
        let value: String = value.chars().take(100).collect();
        let message = format!("Invalid value: '{value}'. Supported values are: {supported}.");
        Self::new("invalid_value", message).at(param)
    }
}

/// The type of an error that the service sends of its own accord, by its code.
pub(crate) fn kind_of(code: &str) -> &str {
    match code {
        "server_error" | "overloaded" => "server_error",
        "rate_limit_exceeded" => "rate_limit_error",
        "insufficient_quota" => "insufficient_quota",
        _ => "invalid_request_error",
    }
}
