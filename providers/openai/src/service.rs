//! Where a service is and with which credential it is asked: what both wires have in common.

use std::{fmt, sync::Arc};

use antiphon_protocol::{
    AuthError, AuthShape, ConfigField, Endpoint, Secret, Subject, TokenSource, Unsupported, Why,
    address::{BaseUrl, InvalidUrl},
};
use async_trait::async_trait;
use http::HeaderMap;

use crate::address;

const HOST: &str = "api.openai.com";
const PATH: &str = "/v1";
const AZURE_KEY: &str = "api-key";

/// A service's address, credential and header fields.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// The same as OpenTelemetry's conventions list it.
    telemetry_name: &'static str,
    pub(crate) base: BaseUrl,
    default_path: &'static str,
    pub(crate) auth: Option<(AuthShape, Arc<dyn TokenSource>)>,
    pub(crate) headers: HeaderMap,
}

impl Service {
    /// OpenAI's own.
    pub(crate) fn openai(name: &'static str, key: Secret) -> Self {
        Self {
            name,
            telemetry_name: "openai",
            base: BaseUrl::known(HOST, PATH),
            default_path: PATH,
            auth: Some((AuthShape::Bearer, Arc::new(Key(key)))),
            headers: HeaderMap::new(),
        }
    }

    /// One of Azure's, at a resource of `domain`.
    pub(crate) fn azure(
        name: &'static str,
        (resource, domain, path): (&str, &str, &'static str),
        key: Secret,
    ) -> Result<Self, InvalidUrl> {
        let url = address::of_resource(resource, domain);
        Ok(Self {
            name,
            telemetry_name: "azure.ai.openai",
            base: BaseUrl::parse(&url, path)?,
            default_path: path,
            auth: Some((address::api_key_header(AZURE_KEY), Arc::new(Key(key)))),
            headers: HeaderMap::new(),
        })
    }

    pub(crate) const fn telemetry_name(&self) -> &'static str {
        self.telemetry_name
    }

    /// The same service elsewhere.
    pub(crate) fn at(mut self, url: &str) -> Result<Self, InvalidUrl> {
        self.base = BaseUrl::parse(url, self.default_path)?;
        Ok(self)
    }

    /// What a connection to `endpoint` below the base is made with.
    pub(crate) fn endpoint(
        &self,
        endpoint: &str,
        parameters: &[(&str, &str)],
        subject: &Subject,
    ) -> Result<Endpoint, Unsupported> {
        let url = self.base.endpoint(endpoint, parameters);
        let url = url.ok_or_else(|| {
            subject.field(ConfigField::Model, "the name is too long for an address")
        })?;
        Ok(Endpoint {
            url,
            headers: self.headers.clone(),
            auth: self.auth.clone(),
        })
    }
}

/// Where it is, never with what credential.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("base", &self.base)
            .field("auth", &self.auth.as_ref().map(|(shape, _)| shape))
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// A key that does not change.
struct Key(Secret);

#[async_trait]
impl TokenSource for Key {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        if self.0.is_empty() {
            return Err(AuthError(
                "the key is empty; set one, or say that none is to be sent".to_owned(),
            ));
        }
        Ok(self.0.clone())
    }
}

/// The part of a provider's builder that says where it goes.
macro_rules! service_builder {
    ($provider:ty, $path:literal) => {
        impl $provider {
            /// Goes to a service at another address, such as `https://host/v1` or
            /// `ws://127.0.0.1:8080`.
            ///
            /// `http` and `https` mean `ws` and `wss`; an absent path means the service's usual
            #[doc = concat!("one; `", $path, "` is added where it is missing.")]
            /// The credential goes to that address too, so that another host needs a key of its
            /// own, or [`Self::without_key`].
            ///
            /// # Errors
            /// When the address cannot be read, or holds a credential.
            pub fn with_base_url(
                mut self,
                url: &str,
            ) -> Result<Self, antiphon_protocol::address::InvalidUrl> {
                self.service = self.service.at(url)?;
                Ok(self)
            }

            /// Asks `source` for a bearer token before each connection, instead of using the key.
            #[must_use]
            pub fn token_source(
                mut self,
                source: std::sync::Arc<dyn antiphon_protocol::TokenSource>,
            ) -> Self {
                self.service.auth = Some((antiphon_protocol::AuthShape::Bearer, source));
                self
            }

            /// Sends no credential.
            #[must_use]
            pub fn without_key(mut self) -> Self {
                self.service.auth = None;
                self
            }

            /// Bills this organization (`OpenAI-Organization`).
            ///
            /// # Errors
            /// When the text cannot stand in a header field.
            pub fn with_organization(
                self,
                organization: &str,
            ) -> Result<Self, antiphon_protocol::address::InvalidHeader> {
                self.with_header("OpenAI-Organization", organization)
            }

            /// Bills this project (`OpenAI-Project`).
            ///
            /// # Errors
            /// When the text cannot stand in a header field.
            pub fn with_project(
                self,
                project: &str,
            ) -> Result<Self, antiphon_protocol::address::InvalidHeader> {
                self.with_header("OpenAI-Project", project)
            }

            /// Adds a header field to the upgrade request, such as `OpenAI-Safety-Identifier`.
            ///
            /// # Errors
            /// When it cannot be sent, or carries a credential: that is what keys and token
            /// sources are for.
            pub fn with_header(
                mut self,
                name: &str,
                value: &str,
            ) -> Result<Self, antiphon_protocol::address::InvalidHeader> {
                let (name, value) = antiphon_protocol::address::header(name, value)?;
                self.service.headers.insert(name, value);
                Ok(self)
            }

            /// States what the models behind this address can do, instead of what is known of
            /// OpenAI's.
            #[must_use]
            pub fn with_capabilities(
                mut self,
                capabilities: antiphon_protocol::Capabilities,
            ) -> Self {
                self.capabilities = Some(capabilities);
                self
            }
        }
    };
}

pub(crate) use service_builder;
