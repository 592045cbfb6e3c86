//! What errors mean, in whichever shape they come.

use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;

fn meaning(kind: &str, code: Option<&str>, message: &str) -> (Fault, bool) {
    let report = Report {
        kind: Some(kind),
        code,
        message: Some(message),
        ..Report::default()
    };
    let error = report.neutral();
    (error.fault, error.benign)
}

type Row = (
    &'static str,
    Option<&'static str>,
    &'static str,
    (Fault, bool),
);

const INVALID: &str = "invalid_request_error";

/// Type, code, message, and what they mean.
const MEANINGS: &[Row] = &[
    (
        INVALID,
        Some("session_expired"),
        "",
        (Fault::SessionLimit, false),
    ),
    (
        "requests",
        Some("rate_limit_exceeded"),
        "",
        (Fault::RateLimit, false),
    ),
    ("tokens", None, "", (Fault::RateLimit, false)),
    ("insufficient_quota", None, "", (Fault::Quota, false)),
    (
        INVALID,
        Some("insufficient_quota"),
        "",
        (Fault::Quota, false),
    ),
    (INVALID, Some("invalid_api_key"), "", (Fault::Auth, false)),
    ("authentication_error", None, "", (Fault::Auth, false)),
    (
        INVALID,
        Some("model_not_found"),
        "",
        (Fault::NotFound, false),
    ),
    ("server_error", None, "", (Fault::Server, false)),
    (
        INVALID,
        Some("response_cancel_not_active"),
        "",
        (Fault::Invalid, true),
    ),
    (
        INVALID,
        Some("conversation_already_has_active_response"),
        "",
        (Fault::Invalid, true),
    ),
    (
        INVALID,
        Some("input_audio_buffer_commit_empty"),
        "",
        (Fault::Invalid, true),
    ),
    (INVALID, Some("item_not_found"), "", (Fault::Invalid, true)),
    (
        INVALID,
        Some("item_truncate_invalid_item_id"),
        "",
        (Fault::Invalid, true),
    ),
    (
        INVALID,
        Some("invalid_value"),
        "Audio content of 3200ms is already shorter than 4000ms",
        (Fault::Invalid, true),
    ),
    (
        INVALID,
        None,
        "Conversation already has an active response in progress",
        (Fault::Invalid, true),
    ),
    (
        INVALID,
        None,
        "Cancellation failed: no active response found",
        (Fault::Invalid, true),
    ),
    (
        INVALID,
        None,
        "Error committing input audio buffer: buffer too small",
        (Fault::Invalid, true),
    ),
    (
        INVALID,
        Some("invalid_value"),
        "no such voice",
        (Fault::Invalid, false),
    ),
    // Words alone do not make the service's own fault benign.
    (
        "server_error",
        None,
        "buffer too small",
        (Fault::Server, false),
    ),
    (
        "something_new",
        Some("something_new"),
        "",
        (Fault::Unknown, false),
    ),
];

#[test]
fn errors_mean_what_the_table_says() {
    for &(kind, code, message, expected) in MEANINGS {
        assert_eq!(
            meaning(kind, code, message),
            expected,
            "{kind} {code:?} {message}"
        );
    }
}

#[test]
fn peer_text_is_bounded_in_every_field() {
    let long = "x".repeat(10_000) + "\n";
    let report = Report {
        kind: Some(&long),
        code: Some(&long),
        message: Some(&long),
        param: Some(&long),
        event: Some(&long),
    };
    let error = report.neutral();
    for text in [error.kind, error.code, error.param] {
        assert!(text.is_some_and(|text| text.len() < 300));
    }
}

/// The error that `said` reads as, in the shape `T` of one wire.
fn told<T: DeserializeOwned>(said: &Value) -> ServerError
where
    for<'a> Report<'a>: From<&'a T>,
{
    let error: T = serde_json::from_value(said.clone()).unwrap();
    Report::from(&error).neutral()
}

#[test]
fn every_shape_of_an_error_is_read_whole() {
    let said = json!({
        "type": INVALID,
        "code": "invalid_audio",
        "message": "no such rate",
        "param": "audio.format",
        "event_id": "ap_7_0",
        "client_event_id": "ap_7_0",
    });
    let whole = ServerError {
        kind: Some(INVALID.to_owned()),
        code: Some("invalid_audio".to_owned()),
        message: PeerText::new("no such rate"),
        param: Some("audio.format".to_owned()),
        command: Some(CommandId::new(7)),
        fault: Fault::Invalid,
        benign: false,
    };
    assert_eq!(told::<wire::ErrorDetails>(&said), whole);
    assert_eq!(told::<live::ErrorDetails>(&said), whole);
    assert_eq!(Report::lenient(&said).neutral(), whole);
    // These belong to no command.
    let of_input = ServerError {
        command: None,
        ..whole
    };
    assert_eq!(told::<wire::TranscriptionError>(&said), of_input);
    let of_response = ServerError {
        param: None,
        ..of_input
    };
    assert_eq!(told::<wire::StatusError>(&said), of_response);
    let of_delegate = ServerError {
        kind: None,
        ..of_response
    };
    assert_eq!(told::<live::BackendError>(&said), of_delegate);
}

#[test]
fn the_client_event_at_fault_is_found_under_either_name() {
    for name in ["event_id", "client_event_id"] {
        let said = json!({ "type": INVALID, "message": "", name: "ap_7_0" });
        let command = Some(CommandId::new(7));
        assert_eq!(told::<wire::ErrorDetails>(&said).command, command, "{name}");
        assert_eq!(Report::lenient(&said).neutral().command, command, "{name}");
    }
}

#[test]
fn what_this_side_made_is_told_from_what_others_made() {
    for (event, origin, command) in [
        (Some(names::OPENING), Some(Origin::Opening), None),
        (Some("ap_seed_3"), Some(Origin::Seed(3)), None),
        (
            Some("ap_7_0"),
            Some(Origin::Command(CommandId::new(7))),
            Some(CommandId::new(7)),
        ),
        (Some("event_1"), None, None),
        (None, None, None),
    ] {
        let report = Report {
            event,
            ..Report::default()
        };
        assert_eq!(report.origin(), origin, "{event:?}");
        assert_eq!(report.neutral().command, command, "{event:?}");
    }
}

#[test]
fn errors_of_compatible_services_are_read_as_far_as_they_go() {
    let message = |said: Value| Report::lenient(&said).neutral().message;
    for said in [
        json!({ "type": "error", "error": { "message": "full" } }),
        json!({ "type": "error", "error": "full" }),
        json!({ "type": "error", "message": "full" }),
        json!("full"),
    ] {
        assert_eq!(message(said.clone()), PeerText::new("full"), "{said}");
    }
    assert_eq!(message(json!({ "error": 3 })), PeerText::default());
    let kind = |said: &Value| Report::lenient(said).neutral().kind;
    let overload = json!({ "error": { "type": "service_unavailable_error" } });
    let unavailable = Some("service_unavailable_error".to_owned());
    assert_eq!(kind(&overload), unavailable);
    // The event's own type is none of the error.
    assert_eq!(kind(&json!({ "type": "error", "message": "full" })), None);
}

#[test]
fn nothing_is_left_of_a_session_whose_credential_model_or_means_are_gone() {
    for (fault, fatal) in [
        (Fault::Auth, true),
        (Fault::Forbidden, true),
        (Fault::NotFound, true),
        (Fault::Quota, true),
        (Fault::Invalid, false),
        (Fault::RateLimit, false),
        (Fault::Server, false),
        (Fault::Overloaded, false),
        (Fault::SessionLimit, false),
        (Fault::ContextFull, false),
        (Fault::Unknown, false),
    ] {
        assert_eq!(is_fatal(fault), fatal, "{fault:?}");
    }
}
