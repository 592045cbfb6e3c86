//! The WebSocket wire: name, socket, TLS, upgrade, frames.

mod address;
mod bypass;
mod connect;
mod envelopes;
mod halves;
mod head;
mod inflow;
mod outflow;
mod proxy;
mod refusal;
mod tls;
#[cfg(feature = "tungstenite")]
mod tungstenite;
mod upgrade;
#[cfg(feature = "tokio-websockets")]
mod websockets;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use antiphon_protocol::{End, Endpoint, How, Stage};
use async_trait::async_trait;
use rustls::{ClientConfig, pki_types::CertificateDer};

use self::{address::Target, tls::Trust, upgrade::Ask};
pub use self::{
    connect::{Connect, Destination, Socket, TcpConnect},
    proxy::{BadProxy, HttpProxy},
};
use crate::{Dial, DialRequest, WirePair};

/// What a wire takes, in bytes.
#[derive(Clone, Copy, Debug)]
struct Limits {
    frame: usize,
    message: usize,
    read_buffer: usize,
    write_buffer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: 4 << 20,
            message: 8 << 20,
            // A large buffer would stay resident for each idle session.
            read_buffer: 16 * 1024,
            write_buffer: 32 * 1024,
        }
    }
}

/// Which library frames messages.
#[derive(Clone, Copy, Debug)]
enum Framing {
    #[cfg(feature = "tungstenite")]
    Tungstenite,
    #[cfg(feature = "tokio-websockets")]
    TokioWebsockets,
}

impl Framing {
    const fn default_choice() -> Self {
        #[cfg(feature = "tungstenite")]
        return Self::Tungstenite;
        #[cfg(not(feature = "tungstenite"))]
        return Self::TokioWebsockets;
    }
}

/// Dials WebSockets over TCP and TLS.
///
/// The upgrade is done so that no credential passes code that logs it, redirects are not followed,
/// and plaintext is refused before the name is even resolved, unless it stays on this machine or
/// the host was allowed by name.
///
/// ```
/// use antiphon_transport::WsDial;
///
/// let dial = WsDial::new().allow_plaintext_host("gateway.internal").max_message(16 << 20);
/// # let _ = dial;
/// ```
#[derive(Clone)]
pub struct WsDial {
    trust: Trust,
    /// Made once, at the first dial, because reading the system's roots takes time.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
    plaintext_hosts: Vec<String>,
    limits: Limits,
    connect: Arc<dyn Connect>,
    framing: Framing,
}

impl fmt::Debug for WsDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsDial")
            .field("plaintext_hosts", &self.plaintext_hosts)
            .field("limits", &self.limits)
            .field("framing", &self.framing)
            .finish_non_exhaustive()
    }
}

impl Default for WsDial {
    fn default() -> Self {
        Self::new()
    }
}

impl WsDial {
    /// A dial with the defaults: the operating system's trust (with the `platform-verifier`
    /// feature; else the roots compiled in, if any), frames up to 4 MiB, messages up to 8 MiB.
    pub fn new() -> Self {
        Self {
            trust: Trust::default_choice(),
            config: Arc::default(),
            plaintext_hosts: Vec::new(),
            limits: Limits::default(),
            connect: Arc::new(TcpConnect),
            framing: Framing::default_choice(),
        }
    }

    /// Like [`WsDial::new`], through the proxy that the process's environment names, if it names one:
    /// see [`HttpProxy::from_env`]. Where what it names cannot be used, what would have gone through
    /// it is refused and the variable is named, because a proxy should not be gone around unnoticed.
    pub fn from_env() -> Self {
        match HttpProxy::from_env() {
            Ok(Some(proxy)) => Self::new().proxy(proxy),
            Ok(None) => Self::new(),
            Err(bad) => Self::new().connect_with(bad),
        }
    }

    fn trusting(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self.config = Arc::default();
        self
    }

    /// Lets `ws:` lead to this host, for a gateway on a network that is trusted. Everything sent
    /// there can be read on the way, the credential included.
    #[must_use]
    pub fn allow_plaintext_host(mut self, host: impl Into<String>) -> Self {
        self.plaintext_hosts.push(host.into());
        self
    }

    /// Frames messages with tokio-websockets in place of tungstenite. It writes nothing into any log;
    /// all else is the same.
    #[cfg(feature = "tokio-websockets")]
    #[must_use]
    pub fn tokio_websockets(mut self) -> Self {
        self.framing = Framing::TokioWebsockets;
        self
    }

    /// Takes byte streams from `connect` in place of TCP: a proxy, a tunnel, a simulated network.
    #[must_use]
    pub fn connect_with(mut self, connect: impl Connect + 'static) -> Self {
        self.connect = Arc::new(connect);
        self
    }

    /// Goes through this proxy, but for destinations that must not leave this machine.
    #[must_use]
    pub fn proxy(self, proxy: HttpProxy) -> Self {
        self.connect_with(proxy)
    }

    /// Uses this TLS configuration as it is.
    #[must_use]
    pub fn tls_config(self, config: Arc<ClientConfig>) -> Self {
        self.trusting(Trust::Config(config))
    }

    /// Trusts these root certificates and no others, such as those of a company.
    #[must_use]
    pub fn only_roots(self, roots: Vec<CertificateDer<'static>>) -> Self {
        self.trusting(Trust::Only(roots))
    }

    /// Trusts what the operating system trusts, and these root certificates too.
    #[cfg(feature = "platform-verifier")]
    #[must_use]
    pub fn extra_roots(self, roots: Vec<CertificateDer<'static>>) -> Self {
        self.trusting(Trust::Platform(roots))
    }

    /// Trusts Mozilla's roots as compiled in, whatever the operating system says.
    #[cfg(feature = "webpki-roots")]
    #[must_use]
    pub fn webpki_roots(self) -> Self {
        self.trusting(Trust::Compiled(Vec::new()))
    }

    /// Sets the largest frame that is taken from the peer, in bytes. Default 4 MiB.
    #[must_use]
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.limits.frame = bytes;
        self
    }

    /// Sets the largest message either way, in bytes. Default 8 MiB.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// Sets the size of the buffer that is read into, in bytes. Default 16 KiB.
    #[must_use]
    pub fn read_buffer(mut self, bytes: usize) -> Self {
        self.limits.read_buffer = bytes;
        self
    }

    fn client_config(&self) -> Result<Arc<ClientConfig>, End> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = self.trust.config()?;
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

#[async_trait]
impl Dial for WsDial {
    fn check(&self, endpoint: &Endpoint) -> Result<(), End> {
        Target::of(&endpoint.url, &self.plaintext_hosts).map(drop)
    }

    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let DialRequest {
            endpoint,
            token,
            progress,
        } = request;
        let target = Target::of(&endpoint.url, &self.plaintext_hosts)?;
        let auth = match (&endpoint.auth, &token) {
            (Some((shape, _)), Some(token)) => Some((shape, token)),
            (None, None) => None,
            _ => {
                return Err(End::new(Stage::Token, How::Token)
                    .because("the address and the credential do not belong together"));
            }
        };
        let ask = Ask {
            authority: &target.authority,
            path: &target.path,
            headers: &endpoint.headers,
            auth,
        };
        let destination = Destination {
            host: target.host,
            port: target.port,
            encrypted: target.tls,
            loopback_only: target.loopback_only,
        };
        let mut stream = self.connect.connect(&destination, &progress).await?;
        if target.tls {
            progress.enter(Stage::Tls);
            let config = self.client_config()?;
            stream = Box::new(tls::secure(config, &destination.host, stream).await?);
        }
        progress.enter(Stage::Upgrade);
        let (stream, read) = upgrade::upgrade(stream, &ask).await?;
        Ok(match self.framing {
            #[cfg(feature = "tungstenite")]
            Framing::Tungstenite => tungstenite::open(stream, read, &self.limits).await,
            #[cfg(feature = "tokio-websockets")]
            Framing::TokioWebsockets => websockets::open(stream, &read, &self.limits),
        })
    }
}
