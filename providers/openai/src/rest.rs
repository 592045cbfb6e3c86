//! Requests around a session, as data: what to ask, and how to read the answer.
//!
//! There is no HTTP client here. A [`RestCall`] says what to send; whoever has a client sends it, and
//! hands status and body back.

use std::{fmt, marker::PhantomData, sync::Arc};

use antiphon_protocol::{
    AuthShape, End, How, Retry, Secret, ServerError, Stage, Subject, TokenSource, Unsupported,
    classify,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header, uri};
use serde_json::Value;
use thiserror::Error;

use crate::{error::Report, service::Service};

/// A request, and what its answer means.
///
/// ```
/// use antiphon_openai::OpenAi;
/// use antiphon_protocol::Secret;
///
/// let hangup = OpenAi::realtime("key").hang_up("rtc_1")?;
/// let request = hangup.request(Some(&Secret::from("key")));
/// assert_eq!(request.uri().path(), "/v1/realtime/calls/rtc_1/hangup");
/// // … sent by whatever client there is …
/// assert_eq!(hangup.read(200, b""), Ok(()));
/// # Ok::<(), antiphon_protocol::Unsupported>(())
/// ```
pub struct RestCall<T> {
    /// The method.
    pub method: Method,
    /// `https:` or `http:`, without any credential.
    pub uri: Uri,
    /// Header fields, without any credential.
    pub headers: HeaderMap,
    /// JSON, or nothing.
    pub body: Bytes,
    /// Where the credential comes from and how it travels; `None` sends none.
    pub auth: Option<(AuthShape, Arc<dyn TokenSource>)>,
    answer: PhantomData<fn() -> T>,
}

/// What an answer of a [`RestCall`] is read as.
pub trait Answer: Sized {
    /// Reads the body of a successful answer.
    ///
    /// # Errors
    /// With what is wrong with it; never with its content.
    fn read(body: &[u8]) -> Result<Self, String>;
}

/// Nothing but success.
impl Answer for () {
    fn read(_body: &[u8]) -> Result<Self, String> {
        Ok(())
    }
}

/// The body as it is, such as a recording.
impl Answer for Bytes {
    fn read(body: &[u8]) -> Result<Self, String> {
        Ok(Self::copy_from_slice(body))
    }
}

/// Why a [`RestCall`] came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RestError {
    /// The service refused.
    #[error("refused with status {status}: {}", error.message)]
    Refused {
        /// HTTP status.
        status: u16,
        /// What the service says, and what it means.
        error: ServerError,
        /// Whether to try again.
        retry: Retry,
    },
    /// The service agreed in words that cannot be read.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

impl<T> RestCall<T> {
    /// The request with `credential` in the header field where it belongs, marked as sensitive.
    pub fn request(&self, credential: Option<&Secret>) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        if let (Some(credential), Some((shape, _))) = (credential, &self.auth) {
            let (name, text) = match shape {
                AuthShape::Bearer => (
                    header::AUTHORIZATION,
                    Secret::from(format!("Bearer {}", credential.expose())),
                ),
                AuthShape::Token => (
                    header::AUTHORIZATION,
                    Secret::from(format!("Token {}", credential.expose())),
                ),
                AuthShape::Header(name) => (name.clone(), credential.clone()),
            };
            // What cannot stand in a header field is not sent, and the service will say so.
            if let Ok(mut value) = HeaderValue::from_str(text.expose()) {
                value.set_sensitive(true);
                request.headers_mut().insert(name, value);
            }
        }
        request
    }
}

impl<T: Answer> RestCall<T> {
    /// What an answer of this status and body means.
    ///
    /// # Errors
    /// When the service refused, or its answer cannot be read.
    pub fn read(&self, status: u16, body: &[u8]) -> Result<T, RestError> {
        if (200..300).contains(&status) {
            return T::read(body).map_err(RestError::Unreadable);
        }
        let said: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let mut error = Report::lenient(&said).neutral();
        let end = End {
            last_error: Some(error.clone()),
            ..End::new(Stage::Upgrade, How::Status).with_status(status)
        };
        let (fault, retry) = classify(&end);
        error.fault = fault;
        Err(RestError::Refused {
            status,
            error,
            retry,
        })
    }
}

/// Content stays out of debug output: of the body only the size is shown.
impl<T> fmt::Debug for RestCall<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestCall")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Service {
    /// A call of `method` at `path` below the base; the parts of the path that come from elsewhere
    /// are checked by [`plain`].
    pub(crate) fn call<T>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        subject: &Subject,
    ) -> Result<RestCall<T>, Unsupported> {
        let refuse = || subject.thing(path, "the address is too long");
        let endpoint = self.endpoint(path, &[], subject)?;
        let mut parts = endpoint.url.into_parts();
        let is_plaintext = parts.scheme.is_some_and(|scheme| scheme.as_str() == "ws");
        parts.scheme = Some(if is_plaintext {
            uri::Scheme::HTTP
        } else {
            uri::Scheme::HTTPS
        });
        let mut headers = endpoint.headers;
        let body = match body {
            Some(body) => {
                let json = HeaderValue::from_static("application/json");
                headers.insert(header::CONTENT_TYPE, json);
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        Ok(RestCall {
            method,
            uri: Uri::from_parts(parts).map_err(|_| refuse())?,
            headers,
            body,
            auth: endpoint.auth,
            answer: PhantomData,
        })
    }
}

/// An id that can stand in a path.
pub(crate) fn plain<'a>(id: &'a str, subject: &Subject) -> Result<&'a str, Unsupported> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.is_empty() || !id.chars().all(is_plain) {
        return Err(subject.thing(
            "the id",
            "an id holds letters, digits, _ and - only; give it as the service does",
        ));
    }
    Ok(id)
}
