//! Telephone calls and recordings: `/v1/live/sessions/{id}/…`.

use antiphon_openai_live_types as wire;
use antiphon_protocol::{SessionConfig, Subject, Unsupported};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Live, config::Rules, opening::Target};
use crate::rest::{RestCall, plain};

/// SIP statuses with which a call can be declined.
const DECLINES: std::ops::RangeInclusive<u16> = 300..=699;

impl Live {
    /// Takes an incoming call with `config`. `POST /v1/live/sessions/{id}/accept`.
    ///
    /// The call carries its own audio, so that a format has no place in the configuration; join it
    /// with [`Self::attach`].
    ///
    /// # Errors
    /// When the configuration cannot be sent, or the id cannot stand in an address.
    pub fn accept(
        &self,
        session: &str,
        config: &SessionConfig,
    ) -> Result<RestCall<()>, Unsupported> {
        let subject = self.subject(&config.model);
        let rules = Rules {
            target: Target::Session,
            settings: self.settings.clone(),
            can: self.can(&config.model).into_owned(),
        };
        let mut accepted = rules.session(config, &subject)?;
        accepted.insert("type".to_owned(), "live".into());
        self.about(session, "accept", Some(&json!({ "session": accepted })))
    }

    /// Declines an incoming call with a SIP status of 300 to 699.
    /// `POST /v1/live/sessions/{id}/reject`.
    ///
    /// # Errors
    /// When the status is out of bounds, or the id cannot stand in an address.
    pub fn reject(&self, session: &str, status: u16) -> Result<RestCall<()>, Unsupported> {
        if !DECLINES.contains(&status) {
            let subject = self.subject("");
            return Err(subject.thing("the status", "it lies between 300 and 699"));
        }
        let body = json!(wire::RejectRequest::new(u64::from(status)));
        self.about(session, "reject", Some(&body))
    }

    /// Transfers a call, for instance to `tel:+15551234`. `POST /v1/live/sessions/{id}/refer`.
    ///
    /// # Errors
    /// When the id cannot stand in an address.
    pub fn refer(&self, session: &str, target: &str) -> Result<RestCall<()>, Unsupported> {
        let body = json!(wire::ReferRequest::new(target));
        self.about(session, "refer", Some(&body))
    }

    /// Ends a session. `POST /v1/live/sessions/{id}/hangup`.
    ///
    /// # Errors
    /// When the id cannot stand in an address.
    pub fn hang_up(&self, session: &str) -> Result<RestCall<()>, Unsupported> {
        self.about(session, "hangup", None)
    }

    /// The recording of a session that was stored: a WAV file, the caller left, the model right.
    /// `GET /v1/live/sessions/{id}/content`.
    ///
    /// # Errors
    /// When the id cannot stand in an address.
    pub fn recording(&self, session: &str) -> Result<RestCall<Bytes>, Unsupported> {
        let subject = self.subject("");
        let path = format!("/live/sessions/{}/content", plain(session, &subject)?);
        self.service.call(Method::GET, &path, None, &subject)
    }

    fn about(
        &self,
        session: &str,
        verb: &str,
        body: Option<&Value>,
    ) -> Result<RestCall<()>, Unsupported> {
        let subject = self.subject("");
        let path = format!("/live/sessions/{}/{verb}", plain(session, &subject)?);
        self.service.call(Method::POST, &path, body, &subject)
    }

    fn subject(&self, model: &str) -> Subject {
        Subject {
            provider: self.service.name,
            model: model.to_owned(),
        }
    }
}
