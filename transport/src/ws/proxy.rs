//! Tunnels through an HTTP proxy (CONNECT), named by the caller or by the environment.

use std::fmt;

use antiphon_protocol::{End, How, PeerText, Secret, Stage};
use async_trait::async_trait;
use http::{HeaderValue, Method, Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;

use super::{
    connect::{Connect, Destination, Socket, TcpConnect},
    upgrade::{NoBody, beside},
};
use crate::DialProgress;

/// An HTTP proxy that makes tunnels with CONNECT. The way to the proxy itself is plain HTTP; what
/// travels in the tunnel is as secure as the address dialed through it.
///
/// ```
/// use antiphon_transport::{HttpProxy, WsDial};
///
/// let proxy = HttpProxy::new("http://user:password@proxy.internal:3128")
///     .ok_or("not the address of a proxy")?
///     .except(["metadata.internal"]);
/// let dial = WsDial::new().proxy(proxy);
/// # let _ = dial;
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone)]
pub struct HttpProxy {
    host: String,
    port: u16,
    /// The value of `Proxy-Authorization`.
    credential: Option<Secret>,
    /// Hosts, and with a leading dot domains, that are reached directly. `*` stands for all.
    except: Vec<String>,
}

/// The credential stays out.
impl fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpProxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("except", &self.except)
            .finish_non_exhaustive()
    }
}

impl HttpProxy {
    /// The proxy at `url`, such as `http://proxy.internal:3128`, with user and password in front of
    /// the host where it wants them. `None` when that is not the address of an HTTP proxy.
    pub fn new(url: &str) -> Option<Self> {
        let url = if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        };
        let uri: Uri = url.parse().ok()?;
        if !uri.scheme_str()?.eq_ignore_ascii_case("http") {
            return None;
        }
        let authority = uri.authority()?;
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() {
            return None;
        }
        let credential = authority
            .as_str()
            .rsplit_once('@')
            .map(|(user_info, _)| basic(user_info));
        Some(Self {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            credential,
            except: Vec::new(),
        })
    }

    /// The proxy that the environment names: `HTTPS_PROXY` or `ALL_PROXY`, except for what
    /// `NO_PROXY` lists, each in upper or lower case. `None` when there is none.
    pub fn from_env() -> Option<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let either = |upper: &str| {
            variable(&upper.to_ascii_lowercase())
                .or_else(|| variable(upper))
                .filter(|value| !value.is_empty())
        };
        let url = either("HTTPS_PROXY").or_else(|| either("ALL_PROXY"))?;
        let except = either("NO_PROXY").unwrap_or_default();
        Some(Self::new(&url)?.except(except.split(',').map(str::trim)))
    }

    /// Reaches these hosts directly. An entry also covers the names below it; `*` covers all.
    #[must_use]
    pub fn except<I>(mut self, hosts: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.except.extend(
            hosts
                .into_iter()
                .map(|host| host.as_ref().to_ascii_lowercase())
                .filter(|host| !host.is_empty()),
        );
        self
    }

    fn covers(&self, destination: &Destination) -> bool {
        let host = destination.host.as_str();
        let excepted = self.except.iter().any(|except| {
            let domain = except.trim_start_matches('.');
            except == "*"
                || host == domain
                || host
                    .strip_suffix(domain)
                    .is_some_and(|below| below.ends_with('.'))
        });
        // What must not leave this machine must not leave it through a proxy either.
        !destination.loopback_only && !excepted
    }

    async fn tunnel(
        &self,
        socket: Box<dyn Socket>,
        destination: &Destination,
    ) -> Result<Box<dyn Socket>, End> {
        let request = self.request(destination)?;
        let (mut sender, connection) = http1::Builder::new()
            .handshake::<_, NoBody>(TokioIo::new(socket))
            .await
            .map_err(|error| failed(&error.to_string()))?;
        let exchange = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| failed(&error.to_string()))?;
            let status = response.status();
            if !status.is_success() {
                let mut end = End::new(Stage::Proxy, How::Status).with_status(status.as_u16());
                end.reason = PeerText::new("the proxy refused the tunnel");
                return Err(end);
            }
            hyper::upgrade::on(response)
                .await
                .map_err(|error| failed(&error.to_string()))
        };
        let upgraded = beside(connection.with_upgrades(), exchange).await?;
        let parts = upgraded
            .downcast::<TokioIo<Box<dyn Socket>>>()
            .map_err(|_| failed("the tunnel is of another kind"))?;
        if !parts.read_buf.is_empty() {
            // The server speaks only after it was spoken to, through TLS or HTTP.
            return Err(failed("the proxy spoke into the tunnel"));
        }
        Ok(parts.io.into_inner())
    }

    fn request(&self, destination: &Destination) -> Result<Request<NoBody>, End> {
        let host = if destination.host.contains(':') {
            format!("[{}]:{}", destination.host, destination.port)
        } else {
            format!("{}:{}", destination.host, destination.port)
        };
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(&host)
            .header(header::HOST, &host)
            .body(NoBody)
            .map_err(|_| failed("the host cannot be named to the proxy"))?;
        if let Some(credential) = &self.credential {
            let mut value = HeaderValue::from_str(credential.expose())
                .map_err(|_| failed("the proxy's credential cannot be sent"))?;
            value.set_sensitive(true);
            request
                .headers_mut()
                .insert(header::PROXY_AUTHORIZATION, value);
        }
        Ok(request)
    }
}

fn basic(user_info: &str) -> Secret {
    let decoded: Vec<u8> = percent_decode_str(user_info).collect();
    let encoded = base64_simd::STANDARD.encode_to_string(decoded);
    Secret::from(format!("Basic {encoded}"))
}

fn failed(why: &str) -> End {
    End::new(Stage::Proxy, How::Io).because(why)
}

#[async_trait]
impl Connect for HttpProxy {
    async fn connect(
        &self,
        destination: &Destination,
        progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        if !self.covers(destination) {
            return TcpConnect.connect(destination, progress).await;
        }
        let proxy = Destination {
            host: self.host.clone(),
            port: self.port,
            loopback_only: false,
        };
        let socket = TcpConnect.connect(&proxy, progress).await?;
        progress.enter(Stage::Proxy);
        self.tunnel(socket, destination).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(host: &str) -> Destination {
        Destination {
            host: host.to_owned(),
            port: 443,
            loopback_only: false,
        }
    }

    #[test]
    fn the_environment_names_a_proxy_and_its_exceptions() {
        let variables = |name: &str| match name {
            "https_proxy" => Some("proxy.internal:3128".to_owned()),
            "NO_PROXY" => Some("localhost, .corp.example,api.example".to_owned()),
            _ => None,
        };
        let proxy = HttpProxy::from_variables(variables).expect("a proxy");
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.internal", 3128));
        for (host, covered) in [
            ("voice.example", true),
            ("api.example", false),
            ("eu.api.example", false),
            ("notapi.example", true),
            ("corp.example", false),
            ("a.corp.example", false),
            ("localhost", false),
        ] {
            assert_eq!(proxy.covers(&to(host)), covered, "{host}");
        }
        assert!(HttpProxy::from_variables(|_| None).is_none());
        assert!(!proxy.except(["*"]).covers(&to("voice.example")));
    }

    #[test]
    fn plaintext_for_this_machine_does_not_go_through_a_proxy() {
        let proxy = HttpProxy::new("http://proxy.internal").expect("a proxy");
        let destination = Destination {
            loopback_only: true,
            ..to("localhost")
        };
        assert!(!proxy.covers(&destination));
    }

    #[test]
    fn only_http_proxies_are_known_and_credentials_stay_hidden() {
        for url in ["socks5://a", "https://a", "", "http://", "http://:3128"] {
            assert!(HttpProxy::new(url).is_none(), "{url:?}");
        }
        let proxy = HttpProxy::new("http://user:p%40ss@proxy:1").expect("a proxy");
        let credential = proxy.credential.as_ref().expect("a credential");
        assert_eq!(credential.expose(), "Basic dXNlcjpwQHNz");
        let debug = format!("{proxy:?}");
        assert!(!debug.contains("p%40ss") && !debug.contains("dXNlcjpwQHNz"));
    }
}
