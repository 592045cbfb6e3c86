//! Application-default credentials of Google's cloud, as a source of tokens.

use std::{fmt, sync::Arc};

use antiphon_protocol::{AuthError, Secret, TokenSource, Why};
use async_trait::async_trait;
use gcp_auth::{Error, TokenProvider};
use tokio::sync::Mutex;

/// What a token must be good for to open a session.
const SCOPES: &[&str] = &["https://www.googleapis.com/auth/cloud-platform"];

/// The credentials that this machine has for Google's cloud (feature `adc`).
///
/// They are looked for in the usual places and order: the file that `GOOGLE_APPLICATION_CREDENTIALS`
/// names, those of `gcloud auth application-default login`, the metadata server of a machine in the
/// cloud, and the `gcloud` program. Tokens are kept until shortly before they expire.
///
/// It needs a tokio runtime, as the transport does.
pub struct DefaultCredentials {
    found: Mutex<Option<Arc<dyn TokenProvider>>>,
    /// Whether what was given is all there is.
    given: bool,
}

impl DefaultCredentials {
    /// Credentials that are looked for when the first token is asked for.
    pub fn new() -> Self {
        Self {
            found: Mutex::new(None),
            given: false,
        }
    }

    /// Credentials from a provider of the caller's choice, such as one service account.
    pub fn from_provider(provider: Arc<dyn TokenProvider>) -> Self {
        Self {
            found: Mutex::new(Some(provider)),
            given: true,
        }
    }

    /// The provider; another search when the token of the last one was refused, since it would
    /// offer that again until it expires.
    async fn provider(&self, why: Why) -> Result<Arc<dyn TokenProvider>, Error> {
        let mut found = self.found.lock().await;
        if why == Why::Refused && !self.given {
            *found = None;
        }
        if let Some(provider) = &*found {
            return Ok(Arc::clone(provider));
        }
        let provider = gcp_auth::provider().await?;
        Ok(Arc::clone(found.insert(provider)))
    }
}

impl Default for DefaultCredentials {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DefaultCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultCredentials").finish_non_exhaustive()
    }
}

/// Cancel safe: a search or request that is dropped is made anew the next time.
#[async_trait]
impl TokenSource for DefaultCredentials {
    async fn token(&self, why: Why) -> Result<Secret, AuthError> {
        let provider = self.provider(why).await.map_err(|error| refusal(&error))?;
        let token = provider
            .token(SCOPES)
            .await
            .map_err(|error| refusal(&error))?;
        Ok(Secret::from(token.as_str()))
    }
}

/// Only the fixed part of an error is told: what it stems from may quote a credential.
fn refusal(error: &Error) -> AuthError {
    let words = match error {
        Error::NoAuthMethod(..) => {
            "this machine has no application-default credentials; run \
             `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
        }
        Error::Http(words, _)
        | Error::Io(words, _)
        | Error::Json(words, _)
        | Error::Other(words, _)
        | Error::Str(words) => words,
    };
    AuthError(words.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use gcp_auth::Token;

    use super::*;

    const CANARY: &str = "canary-5f3a";

    /// Gives a token once, and fails from then on.
    #[derive(Default)]
    struct Once(AtomicUsize);

    #[async_trait]
    impl TokenProvider for Once {
        async fn token(&self, scopes: &[&str]) -> Result<Arc<Token>, Error> {
            assert_eq!(scopes, SCOPES);
            if self.0.fetch_add(1, Ordering::Relaxed) > 0 {
                let cause = format!("{CANARY} is refused");
                return Err(Error::Other("HTTP request failed", cause.into()));
            }
            let token = format!(r#"{{"access_token":"{CANARY}","expires_in":3600}}"#);
            let token = serde_json::from_str(&token);
            Ok(Arc::new(
                token.map_err(|error| Error::Json("token", error))?,
            ))
        }

        async fn project_id(&self) -> Result<Arc<str>, Error> {
            Err(Error::Str("none"))
        }
    }

    #[tokio::test]
    async fn a_token_is_handed_on_and_never_shown() {
        let source = DefaultCredentials::from_provider(Arc::new(Once::default()));
        let token = source.token(Why::Connect).await.expect("a token");
        assert_eq!(token.expose(), CANARY);
        let error = source.token(Why::Refused).await.expect_err("a refusal");
        assert_eq!(error, AuthError("HTTP request failed".to_owned()));
        assert!(!format!("{source:?} {error:?} {error}").contains(CANARY));
    }
}
