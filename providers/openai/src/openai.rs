//! Where a user of this crate begins.

use antiphon_protocol::Secret;

use crate::{InvalidUrl, Live, Realtime};

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

    /// Azure Voice Live, with `key` in its `api-key` header; see [`Self::azure`] for the rest.
    ///
    /// It speaks the shape of OpenAI's beta ([`Dialect::Beta`](crate::Dialect::Beta)). Its own
    /// settings, such as avatars or voices by object, are native members of the configuration.
    ///
    /// # Errors
    /// When the address cannot be read, or holds a credential.
    pub fn azure_voice_live(
        resource: &str,
        key: impl Into<Secret>,
    ) -> Result<Realtime, InvalidUrl> {
        Realtime::azure_voice_live(resource, key.into())
    }

    /// A service that speaks this wire at an address of its own, with `key` as a bearer token.
    ///
    /// See [`Realtime::with_base_url`] for what an address may look like,
    /// [`Realtime::with_dialect`] for services that want other words, and
    /// [`Realtime::with_capabilities`] for models that can do other things than OpenAI's.
    ///
    /// ```
    /// use antiphon_openai::{Dialect, OpenAi};
    ///
    /// let xai = OpenAi::compatible("https://api.x.ai/v1", "key")?.with_dialect(Dialect::Xai);
    /// # Ok::<(), antiphon_openai::InvalidUrl>(())
    /// ```
    ///
    /// # Errors
    /// When the address cannot be read, or holds a credential.
    pub fn compatible(url: &str, key: impl Into<Secret>) -> Result<Realtime, InvalidUrl> {
        Realtime::compatible(url, key.into())
    }

    /// GPT-Live at `api.openai.com`, with `key` as its credential.
    ///
    /// The key is sent as a bearer token in a header of the upgrade request, and nowhere else. See
    /// [`Live`] for who does the work, and for other addresses and credentials.
    pub fn live(key: impl Into<Secret>) -> Live {
        Live::new(key.into())
    }

    /// GPT-Live of an Azure OpenAI resource, with `key` in its `api-key` header; see
    /// [`Self::azure`] for the rest. A backend model is named by its deployment too.
    ///
    /// # Errors
    /// When the address cannot be read, or holds a credential.
    pub fn azure_live(resource: &str, key: impl Into<Secret>) -> Result<Live, InvalidUrl> {
        Live::azure(resource, key.into())
    }

    /// A service that speaks the wire of GPT-Live at an address of its own, with `key` as a bearer
    /// token; see [`Live::with_base_url`].
    ///
    /// # Errors
    /// When the address cannot be read, or holds a credential.
    pub fn compatible_live(url: &str, key: impl Into<Secret>) -> Result<Live, InvalidUrl> {
        Live::compatible(url, key.into())
    }
}
