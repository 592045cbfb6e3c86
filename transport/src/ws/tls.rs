//! The secure channel: rustls with a provider named here, never the process default, which panics
//! where two are compiled in or none.

use std::sync::Arc;

use antiphon_protocol::{End, How, Stage};
use rustls::{
    ClientConfig, ConfigBuilder, WantsVerifier,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Whom to trust.
#[derive(Clone)]
pub(super) enum Trust {
    /// The operating system's rules, with further roots.
    #[cfg(feature = "platform-verifier")]
    Platform(Vec<CertificateDer<'static>>),
    /// Mozilla's roots as compiled in, with further roots.
    #[cfg(feature = "webpki-roots")]
    Compiled(Vec<CertificateDer<'static>>),
    /// Only these roots.
    Only(Vec<CertificateDer<'static>>),
    /// As the caller configured it.
    Config(Arc<ClientConfig>),
}

impl Trust {
    /// The safest choice that was compiled in.
    pub(super) const fn default_choice() -> Self {
        #[cfg(feature = "platform-verifier")]
        return Self::Platform(Vec::new());
        #[cfg(all(not(feature = "platform-verifier"), feature = "webpki-roots"))]
        return Self::Compiled(Vec::new());
        #[cfg(not(any(feature = "platform-verifier", feature = "webpki-roots")))]
        return Self::Only(Vec::new());
    }

    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, End> {
        let provider = Arc::new(ring::default_provider());
        let config = match self {
            Self::Config(config) => return Ok(Arc::clone(config)),
            #[cfg(feature = "platform-verifier")]
            Self::Platform(extra) => platform(provider, extra)?,
            #[cfg(feature = "webpki-roots")]
            Self::Compiled(extra) => {
                let mut roots = rustls::RootCertStore {
                    roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
                };
                add(&mut roots, extra)?;
                builder(provider)?
                    .with_root_certificates(roots)
                    .with_no_client_auth()
            }
            Self::Only(only) => {
                let mut roots = rustls::RootCertStore::empty();
                add(&mut roots, only)?;
                builder(provider)?
                    .with_root_certificates(roots)
                    .with_no_client_auth()
            }
        };
        let mut config = config;
        // A server that would answer in HTTP/2 cannot be upgraded.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

#[cfg(feature = "platform-verifier")]
fn platform(
    provider: Arc<CryptoProvider>,
    extra: &[CertificateDer<'static>],
) -> Result<ClientConfig, End> {
    use rustls_platform_verifier::Verifier;

    #[cfg(not(target_os = "android"))]
    let verifier = Verifier::new_with_extra_roots(extra.iter().cloned(), Arc::clone(&provider));
    #[cfg(target_os = "android")]
    let verifier = {
        let _ = extra;
        Verifier::new(Arc::clone(&provider))
    };
    let verifier = verifier.map_err(|error| failed(&error.to_string()))?;
    Ok(builder(provider)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, End> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error.to_string()))
}

fn add(roots: &mut rustls::RootCertStore, extra: &[CertificateDer<'static>]) -> Result<(), End> {
    for certificate in extra {
        roots
            .add(certificate.clone())
            .map_err(|error| failed(&error.to_string()))?;
    }
    Ok(())
}

/// Secures `io` towards `host`.
pub(super) async fn secure<IO>(
    config: Arc<ClientConfig>,
    host: &str,
    io: IO,
) -> Result<TlsStream<IO>, End>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| failed("the host is not a name that a certificate can hold"))?;
    TlsConnector::from(config)
        .connect(name, io)
        .await
        .map_err(|error| {
            // A certificate that does not hold will not hold next time; a torn connection may.
            let how = match error.get_ref() {
                Some(inner) if inner.is::<rustls::Error>() => How::Tls,
                _ => How::Io,
            };
            End::new(Stage::Tls, how).because(&error.to_string())
        })
}

fn failed(why: &str) -> End {
    End::new(Stage::Tls, How::Tls).because(why)
}
