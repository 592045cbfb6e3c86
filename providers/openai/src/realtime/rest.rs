//! Short-lived credentials, and calls by telephone or WebRTC: `/v1/realtime/client_secrets` and
//! `/v1/realtime/calls`.

use std::time::Duration;

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{Secret, SessionConfig, Subject, Unsupported, WallTime};
use http::Method;
use serde_json::{Map, Value, json};

use super::{
    Realtime,
    config::{Purpose, Rules},
};
use crate::rest::{Answer, RestCall, plain};

/// How long a short-lived credential may last.
const LIFETIME: std::ops::RangeInclusive<u64> = 10..=7_200;

/// A short-lived credential, for a browser or a device that must not hold the key.
///
/// It takes the key's place: `OpenAi::realtime(secret.value)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// The credential.
    pub value: Secret,
    /// Until when a session can be opened with it.
    pub expires: WallTime,
}

impl Answer for ClientSecret {
    fn read(body: &[u8]) -> Result<Self, String> {
        // Only these members are needed, so that what the session looks like does not matter.
        let answer: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let value = answer.get("value").and_then(Value::as_str);
        let expires = answer.get("expires_at").and_then(Value::as_u64);
        match (value, expires) {
            (Some(value), Some(expires)) => Ok(Self {
                value: Secret::from(value),
                expires: WallTime::from_unix_seconds(expires),
            }),
            _ => Err("it names no credential and time".to_owned()),
        }
    }
}

impl Realtime {
    /// Asks for a short-lived credential that opens sessions of `config`, for `lifetime`, 10 s to
    /// 2 h; without one the service gives 10 min. `POST /v1/realtime/client_secrets`, for translation
    /// `POST /v1/realtime/translations/client_secrets`.
    ///
    /// # Errors
    /// When the configuration cannot be sent, or the lifetime is out of bounds.
    pub fn client_secret(
        &self,
        config: &SessionConfig,
        lifetime: Option<Duration>,
    ) -> Result<RestCall<ClientSecret>, Unsupported> {
        let subject = self.subject(&config.model);
        let mut request = wire::ClientSecretRequest::default();
        if let Some(lifetime) = lifetime {
            let seconds = lifetime.as_secs();
            if !LIFETIME.contains(&seconds) {
                return Err(subject.thing("the lifetime", "it lies between 10 s and 2 h"));
            }
            let expires = wire::ExpiresAfter::default().with_anchor("created_at");
            request.expires_after = Some(expires.with_seconds(seconds));
        }
        let mut body = json!(request);
        if let Value::Object(body) = &mut body {
            let session = self.rest_session(config, &subject)?;
            body.insert("session".to_owned(), session);
        }
        let path = match self.target.purpose() {
            Purpose::Translation => "/realtime/translations/client_secrets",
            Purpose::Conversation | Purpose::Transcription => "/realtime/client_secrets",
        };
        self.service.call(Method::POST, path, Some(&body), &subject)
    }

    /// Takes an incoming call with `config`. `POST /v1/realtime/calls/{call_id}/accept`.
    ///
    /// # Errors
    /// When the configuration cannot be sent, or the id cannot stand in an address.
    pub fn accept(&self, call: &str, config: &SessionConfig) -> Result<RestCall<()>, Unsupported> {
        let subject = self.subject(&config.model);
        let session = self.rest_session(config, &subject)?;
        self.about_call(call, "accept", Some(&session))
    }

    /// Declines an incoming call with a SIP status; without one the service gives 603.
    /// `POST /v1/realtime/calls/{call_id}/reject`.
    ///
    /// # Errors
    /// When the id cannot stand in an address.
    pub fn reject(&self, call: &str, status: Option<u16>) -> Result<RestCall<()>, Unsupported> {
        let body = wire::CallReject {
            status_code: status.map(u64::from),
            ..wire::CallReject::default()
        };
        self.about_call(call, "reject", Some(&json!(body)))
    }

    /// Transfers a call, for instance to `tel:+15551234`.
    /// `POST /v1/realtime/calls/{call_id}/refer`.
    ///
    /// # Errors
    /// When the id cannot stand in an address.
    pub fn refer(&self, call: &str, target: &str) -> Result<RestCall<()>, Unsupported> {
        let body = json!(wire::CallRefer::new(target));
        self.about_call(call, "refer", Some(&body))
    }

    /// Ends a call. `POST /v1/realtime/calls/{call_id}/hangup`.
    ///
    /// # Errors
    /// When the id cannot stand in an address.
    pub fn hang_up(&self, call: &str) -> Result<RestCall<()>, Unsupported> {
        self.about_call(call, "hangup", None)
    }

    fn about_call(
        &self,
        call: &str,
        verb: &str,
        body: Option<&Value>,
    ) -> Result<RestCall<()>, Unsupported> {
        let subject = self.subject("");
        let path = format!("/realtime/calls/{}/{verb}", plain(call, &subject)?);
        self.service.call(Method::POST, &path, body, &subject)
    }

    /// The session object, which names its model where no address does.
    fn rest_session(
        &self,
        config: &SessionConfig,
        subject: &Subject,
    ) -> Result<Value, Unsupported> {
        let rules = Rules {
            purpose: self.target.purpose(),
            dialect: self.dialect,
            can: self.can(&config.model).into_owned(),
        };
        let mut session = rules.session(config, subject)?;
        if rules.purpose != Purpose::Transcription {
            session.insert("model".to_owned(), config.model.as_str().into());
        }
        Ok(Value::Object(session))
    }

    fn subject(&self, model: &str) -> Subject {
        Subject {
            provider: self.service.name,
            model: model.to_owned(),
        }
    }
}
