//! Where a user of this crate begins.

use std::sync::Arc;

use antiphon_protocol::{Secret, TokenSource, address::InvalidUrl};

use crate::Live;

/// Google's services for live voice.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Gemini;

impl Gemini {
    /// The Live API of the Gemini Developer API, with `key` in its `x-goog-api-key` header.
    ///
    /// The key is sent in that header of the upgrade request, and nowhere else. See [`Live`] for
    /// other addresses and credentials.
    pub fn live(key: impl Into<Secret>) -> Live {
        Live::developer(key.into())
    }

    /// The Live API of the Gemini Developer API, with short-lived tokens as credentials.
    ///
    /// `source` is asked before each connection, since a token as a rule opens one. It is sent as
    /// `Authorization: Token …` to the method that takes such tokens, of version `v1alpha` unless
    /// another is chosen with [`Live::with_api_version`].
    pub fn with_ephemeral_tokens(source: Arc<dyn TokenSource>) -> Live {
        Live::constrained(source)
    }

    /// The Live API on Vertex AI, with OAuth tokens from `source`.
    ///
    /// `location` is a region such as `us-central1`, or `global`. The model of a session is its bare
    /// name, or a full resource name.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use antiphon_gemini::Gemini;
    /// use antiphon_protocol::Secret;
    ///
    /// let token = Arc::new(Secret::from("a token of OAuth"));
    /// let vertex = Gemini::vertex("my-project", "us-central1", token)?;
    /// # Ok::<(), antiphon_gemini::InvalidUrl>(())
    /// ```
    ///
    /// # Errors
    /// When project or location have characters that an address cannot have.
    pub fn vertex(
        project: &str,
        location: &str,
        source: Arc<dyn TokenSource>,
    ) -> Result<Live, InvalidUrl> {
        Live::vertex(project, location, source)
    }

    /// [`Self::vertex`] with the credentials that this machine has for Google's cloud (feature
    /// `adc`).
    ///
    /// They are looked for when the first connection is made, see
    /// [`DefaultCredentials`](crate::DefaultCredentials).
    ///
    /// # Errors
    /// When project or location have characters that an address cannot have.
    #[cfg(feature = "adc")]
    pub fn vertex_with_default_credentials(
        project: &str,
        location: &str,
    ) -> Result<Live, InvalidUrl> {
        Live::vertex(
            project,
            location,
            Arc::new(crate::DefaultCredentials::new()),
        )
    }
}
