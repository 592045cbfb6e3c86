//! Where a user of this crate begins.

use antiphon_protocol::Secret;

use crate::{InvalidUrl, Realtime};

/// OpenAI's services for live voice.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OpenAi;

impl OpenAi {
    /// The Realtime API at `api.openai.com`, with `key` as its credential.
    ///
    /// The key is sent as a bearer token in a header of the upgrade request, and nowhere else. See
    /// [`Realtime`] for other addresses and credentials.
    pub fn realtime(key: impl Into<Secret>) -> Realtime {
        Realtime::new(key.into())
    }

    /// The Realtime API of an Azure OpenAI resource, with `key` in its `api-key` header.
    ///
    /// `resource` is its name or its whole address. The model of a session is the name of the
    /// deployment. For Entra, give a source of bearer tokens with [`Realtime::token_source`].
    ///
    /// ```
    /// use antiphon_openai::OpenAi;
    ///
    /// let by_name = OpenAi::azure("my-resource", "key")?;
    /// let by_address = OpenAi::azure("https://my-resource.openai.azure.com", "key")?;
    /// # Ok::<(), antiphon_openai::InvalidUrl>(())
    /// ```
    ///
    /// # Errors
    /// When the address cannot be read, or holds a credential.
    pub fn azure(resource: &str, key: impl Into<Secret>) -> Result<Realtime, InvalidUrl> {
        Realtime::azure(resource, key.into())
    }
}
