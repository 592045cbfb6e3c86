//! Requests around a session, as data.

use std::time::Duration;

use antiphon_openai::{OpenAi, RestCall, RestError};
use antiphon_protocol::{Fault, Retry, Secret, SessionConfig, WallTime};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

fn shown<T>(call: &RestCall<T>) -> (String, Value) {
    let body = if call.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&call.body).unwrap()
    };
    (format!("{} {}", call.method, call.uri), body)
}

fn row(line: &str, body: Value) -> (String, Value) {
    (line.to_owned(), body)
}

#[test]
fn calls_of_realtime() {
    let openai = OpenAi::realtime("key");
    let config = SessionConfig::new("gpt-realtime").voice("marin");
    let session = json!({"type": "realtime", "model": "gpt-realtime", "audio": {"output": {"voice": "marin"}}});
    let at = "POST https://api.openai.com/v1/realtime";
    assert_eq!(
        shown(&openai.accept("rtc_1", &config).unwrap()),
        row(&format!("{at}/calls/rtc_1/accept"), session.clone())
    );
    assert_eq!(
        shown(&openai.reject("rtc_1", Some(486)).unwrap()),
        row(
            &format!("{at}/calls/rtc_1/reject"),
            json!({"status_code": 486})
        )
    );
    assert_eq!(
        shown(&openai.reject("rtc_1", None).unwrap()),
        row(&format!("{at}/calls/rtc_1/reject"), json!({}))
    );
    assert_eq!(
        shown(&openai.refer("rtc_1", "tel:+15551234").unwrap()),
        row(
            &format!("{at}/calls/rtc_1/refer"),
            json!({"target_uri": "tel:+15551234"})
        )
    );
    assert_eq!(
        shown(&openai.hang_up("rtc_1").unwrap()),
        row(&format!("{at}/calls/rtc_1/hangup"), Value::Null)
    );
    let minute = Some(Duration::from_secs(60));
    assert_eq!(
        shown(&openai.client_secret(&config, minute).unwrap()),
        row(
            &format!("{at}/client_secrets"),
            json!({"expires_after": {"anchor": "created_at", "seconds": 60}, "session": session})
        )
    );
    let mut spanish = SessionConfig::new("gpt-realtime-translate");
    spanish.language = Some("es".to_owned());
    assert_eq!(
        shown(
            &openai
                .clone()
                .translating()
                .client_secret(&spanish, None)
                .unwrap()
        ),
        row(
            &format!("{at}/translations/client_secrets"),
            json!({"session": {"model": "gpt-realtime-translate", "audio": {"output": {"language": "es"}}}})
        )
    );
}

#[test]
fn calls_of_live() {
    let openai = OpenAi::live("key");
    let config = SessionConfig::new("gpt-live-1");
    let at = "https://api.openai.com/v1/live/sessions/live_1";
    assert_eq!(
        shown(&openai.accept("live_1", &config).unwrap()),
        row(
            &format!("POST {at}/accept"),
            json!({"session": {"type": "live", "model": "gpt-live-1"}})
        )
    );
    assert_eq!(
        shown(&openai.reject("live_1", 603).unwrap()),
        row(&format!("POST {at}/reject"), json!({"status_code": 603}))
    );
    assert_eq!(
        shown(&openai.refer("live_1", "sip:a@b").unwrap()),
        row(
            &format!("POST {at}/refer"),
            json!({"target_uri": "sip:a@b"})
        )
    );
    assert_eq!(
        shown(&openai.hang_up("live_1").unwrap()),
        row(&format!("POST {at}/hangup"), Value::Null)
    );
    let recording = openai.recording("live_1").unwrap();
    assert_eq!(
        shown(&recording),
        row(&format!("GET {at}/content"), Value::Null)
    );
    assert_eq!(
        recording.read(200, b"RIFF"),
        Ok(Bytes::from_static(b"RIFF"))
    );
}

#[test]
fn what_cannot_be_sent_is_refused_before() {
    let realtime = OpenAi::realtime("key");
    let config = SessionConfig::new("gpt-realtime");
    let mut warm = config.clone();
    warm.temperature = Some(1.0);
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert!(realtime.client_secret(&config, seconds(9)).is_err());
    assert!(realtime.client_secret(&config, seconds(7_201)).is_err());
    assert!(realtime.client_secret(&warm, None).is_err());
    assert!(realtime.accept("rtc_1", &warm).is_err());
    assert!(realtime.hang_up("a/../b").is_err());
    assert!(OpenAi::live("key").reject("live_1", 200).is_err());
    assert!(OpenAi::live("key").hang_up("").is_err());
}

#[test]
fn a_minted_secret_takes_the_keys_place_and_is_never_shown() {
    let call = OpenAi::realtime("key")
        .client_secret(&SessionConfig::new("gpt-realtime"), None)
        .unwrap();
    let body = br#"{"value":"ek_canary","expires_at":1791373550,"session":{"type":"realtime"}}"#;
    let secret = call.read(200, body).unwrap();
    assert_eq!(secret.expires, WallTime::from_unix_seconds(1_791_373_550));
    assert_eq!(secret.value, Secret::from("ek_canary"));
    assert!(!format!("{secret:?}").contains("canary"));
    assert!(matches!(
        call.read(200, b"{}"),
        Err(RestError::Unreadable(_))
    ));
    assert!(matches!(
        call.read(200, b"\xff"),
        Err(RestError::Unreadable(_))
    ));
}

#[test]
fn the_credential_travels_in_its_header_only() {
    let key = Secret::from("sk-canary");
    let azure = OpenAi::azure("resource", "sk-canary").unwrap();
    for (call, name) in [
        (
            OpenAi::realtime("sk-canary").hang_up("c").unwrap(),
            "authorization",
        ),
        (azure.hang_up("c").unwrap(), "api-key"),
    ] {
        assert!(!format!("{call:?}").contains("canary"));
        let request = call.request(Some(&key));
        let value = request.headers().get(name).unwrap();
        assert!(value.is_sensitive() && value.to_str().unwrap().ends_with("sk-canary"));
        assert!(!format!("{request:?}").contains("canary"));
        assert!(!call.request(None).headers().contains_key(name));
    }
    let local = OpenAi::realtime("")
        .without_key()
        .with_base_url("http://127.0.0.1:80/v1")
        .unwrap();
    let request = local.hang_up("c").unwrap().request(Some(&key));
    assert_eq!(
        request.uri().to_string(),
        "http://127.0.0.1:80/v1/realtime/calls/c/hangup"
    );
    assert!(request.headers().is_empty());
    assert_eq!(request.method(), Method::POST);
}

#[test]
fn a_refusal_says_what_it_means() {
    let call = OpenAi::realtime("key").hang_up("c").unwrap();
    let rows: [(u16, &[u8], Fault, Retry); 6] = [
        (
            401,
            br#"{"error":{"type":"invalid_request_error","code":"invalid_api_key","message":"m"}}"#,
            Fault::Auth,
            Retry::Never,
        ),
        (404, b"", Fault::NotFound, Retry::Never),
        (403, b"<html>", Fault::Forbidden, Retry::Never),
        (
            429,
            br#"{"error":{"code":"insufficient_quota","message":"m"}}"#,
            Fault::Quota,
            Retry::Never,
        ),
        (429, b"{}", Fault::RateLimit, Retry::Backoff),
        (500, b"[]", Fault::Server, Retry::Backoff),
    ];
    for (status, body, fault, retry) in rows {
        match call.read(status, body) {
            Err(RestError::Refused {
                status: said,
                error,
                retry: again,
            }) => {
                assert_eq!((said, error.fault, again), (status, fault, retry));
            }
            other => panic!("{other:?}"),
        }
    }
}
