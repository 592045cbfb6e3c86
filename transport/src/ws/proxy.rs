//! Tunnels through an HTTP proxy (CONNECT), named by the caller or by the environment.

use std::{fmt, net::IpAddr};

use antiphon_protocol::{End, How, Secret, Stage};
use async_trait::async_trait;
use http::{HeaderValue, Method, Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;

use super::{
    bypass::Bypass,
    connect::{Connect, Destination, Socket, TcpConnect},
    refusal::refused,
    upgrade::{HEAD_LIMIT, LINE_LIMIT, MAX_HEADERS, NoBody, beside, measure},
};
use crate::{DialProgress, clock::wall, scrub::Scrub};

/// An HTTP proxy that makes tunnels with CONNECT. The way to the proxy itself is plain HTTP; what
/// travels in the tunnel is as secure as the address dialed through it. It is never asked for a
/// destination on this machine.
///
/// ```
/// use antiphon_transport::{HttpProxy, WsDial};
///
/// let proxy = HttpProxy::new("http://user:password@proxy.internal:3128")?
///     .except(["metadata.internal", "10.0.0.0/8"]);
/// let dial = WsDial::new().proxy(proxy);
/// # let _ = dial;
/// # Ok::<(), antiphon_transport::BadProxy>(())
/// ```
#[derive(Clone)]
pub struct HttpProxy {
    host: String,
    port: u16,
    /// User and password as they are spoken: decoded, with a colon between them.
    user: Option<Secret>,
    bypass: Bypass,
    /// Whether plaintext goes directly.
    encrypted_only: bool,
}

/// The credential stays out.
impl fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpProxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("bypass", &self.bypass)
            .finish_non_exhaustive()
    }
}

/// What was named as a proxy is none that can be used. The address is not repeated: it may hold a
/// password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadProxy {
    /// The environment variable that names it, where one does.
    pub variable: Option<&'static str>,
    /// What is wrong.
    pub why: &'static str,
}

impl fmt::Display for BadProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.variable.unwrap_or("the address of the proxy");
        write!(f, "{who} cannot be used: {}", self.why)
    }
}

impl std::error::Error for BadProxy {}

const fn bad(why: &'static str) -> BadProxy {
    BadProxy {
        variable: None,
        why,
    }
}

/// Where a proxy for what is encrypted is looked for, in this order. `http_proxy` is left alone:
/// what is not encrypted leads to hosts that were named as trusted, on the inside.
const NAMES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

impl HttpProxy {
    /// The proxy at `url`, such as `http://proxy.internal:3128`, with user and password in front of
    /// the host where it wants them (percent-encoded where they hold what a URL cannot).
    ///
    /// # Errors
    /// When that is not the address of an HTTP proxy.
    pub fn new(url: &str) -> Result<Self, BadProxy> {
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(bad("only http:// proxies are spoken to"));
        }
        // Read apart here, so that no parser's error and no copy of it holds the password.
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let uri: Uri = format!("http://{place}/")
            .parse()
            .map_err(|_| bad("it is malformed"))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(bad("it names no host"));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if uri.port_u16().is_none() && authority.len() > uri.host().unwrap_or_default().len() {
            return Err(bad("its port is not a number"));
        }
        Ok(Self {
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(80),
            user: user.map(decoded),
            bypass: Bypass::default(),
            encrypted_only: false,
        })
    }

    /// The proxy that the process's environment names, as [`HttpProxy::from_variables`] reads it.
    ///
    /// # Errors
    /// When it names one that cannot be used.
    pub fn from_env() -> Result<Option<Self>, BadProxy> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The proxy that these variables name for what is encrypted: the first of `https_proxy`,
    /// `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY` that is not empty, except for the destinations that
    /// `no_proxy`, else `NO_PROXY`, lists: names with the names below them, addresses, networks, each
    /// with a port if it wants one, or `*` for all. `None` when none is named.
    ///
    /// # Errors
    /// When the one that is named cannot be used. It is not passed over: what was meant to go through
    /// a proxy should not go around it.
    ///
    /// ```
    /// use antiphon_transport::HttpProxy;
    ///
    /// let variables = |name: &str| (name == "HTTPS_PROXY").then(|| "proxy.internal:3128".to_owned());
    /// assert!(HttpProxy::from_variables(variables)?.is_some());
    /// # Ok::<(), antiphon_transport::BadProxy>(())
    /// ```
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, BadProxy> {
        let said = |name| variable(name).filter(|value| !value.trim().is_empty());
        let named = NAMES
            .into_iter()
            .find_map(|name| said(name).map(|url| (name, Secret::from(url))));
        let Some((name, url)) = named else {
            return Ok(None);
        };
        let mut proxy = Self::new(url.expose()).map_err(|bad| BadProxy {
            variable: Some(name),
            ..bad
        })?;
        proxy.encrypted_only = true;
        let except = said("no_proxy").or_else(|| said("NO_PROXY"));
        let except = except.unwrap_or_default();
        Ok(Some(proxy.except(
            except.split(|c: char| c == ',' || c.is_whitespace()),
        )))
    }

    /// Reaches these directly: names, with the names below them, addresses, networks such as
    /// `10.0.0.0/8`; `*` stands for all.
    #[must_use]
    pub fn except<I>(mut self, hosts: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for host in hosts {
            self.bypass.add(host.as_ref());
        }
        self
    }

    fn covers(&self, destination: &Destination) -> bool {
        let plain = self.encrypted_only && !destination.encrypted;
        let excepted = self.bypass.covers(&destination.host, destination.port);
        !plain && !excepted && !stays_here(destination)
    }

    async fn tunnel(
        &self,
        socket: Box<dyn Socket>,
        destination: &Destination,
    ) -> Result<Box<dyn Socket>, End> {
        let authorization = self.user.as_ref().map(basic);
        let request = request(destination, authorization.as_ref())?;
        let (mut sender, connection) = http1::Builder::new()
            .max_headers(MAX_HEADERS)
            .max_buf_size(HEAD_LIMIT + LINE_LIMIT)
            .handshake::<_, NoBody>(TokioIo::new(socket))
            .await
            .map_err(|error| failed(&error.to_string()))?;
        let exchange = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| failed(&error.to_string()))?;
            measure(response.headers(), Stage::Proxy)?;
            if !response.status().is_success() {
                let scrub = self.scrub(authorization.as_ref());
                return Err(refused(Stage::Proxy, response, &scrub, wall()).await);
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

    fn scrub(&self, authorization: Option<&Secret>) -> Scrub {
        let mut scrub = Scrub::of(self.user.iter().chain(authorization));
        let password = self.user.as_ref().and_then(|user| {
            let (_, password) = user.expose().split_once(':')?;
            Some(Secret::from(password))
        });
        scrub.add(password.unwrap_or_else(|| Secret::from("")));
        scrub
    }
}

fn request(
    destination: &Destination,
    authorization: Option<&Secret>,
) -> Result<Request<NoBody>, End> {
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
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::from_str(authorization.expose())
            .map_err(|_| failed("the proxy's credential cannot be sent"))?;
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(header::PROXY_AUTHORIZATION, value);
    }
    Ok(request)
}

/// Whether the destination is this machine, which no proxy leads back to.
fn stays_here(destination: &Destination) -> bool {
    let host = destination.host.as_str().trim_end_matches('.');
    destination.loopback_only
        || host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn decoded(user: &str) -> Secret {
    Secret::from(percent_decode_str(user).decode_utf8_lossy().into_owned())
}

fn basic(user: &Secret) -> Secret {
    let encoded = base64_simd::STANDARD.encode_to_string(user.expose());
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
            encrypted: false,
            loopback_only: false,
        };
        let socket = TcpConnect.connect(&proxy, progress).await;
        let socket = socket.map_err(|end| {
            let words = format!("the proxy: {}", end.reason);
            end.because(&words)
        })?;
        progress.enter(Stage::Proxy);
        self.tunnel(socket, destination).await
    }
}

/// Stands where a proxy was named that cannot be used: nothing goes around it but what would not
/// have gone through it.
#[async_trait]
impl Connect for BadProxy {
    async fn connect(
        &self,
        destination: &Destination,
        progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        if stays_here(destination) || !destination.encrypted {
            return TcpConnect.connect(destination, progress).await;
        }
        Err(End::new(Stage::Proxy, How::Address).because(&self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(host: &str) -> Destination {
        Destination {
            host: host.to_owned(),
            port: 443,
            encrypted: true,
            loopback_only: false,
        }
    }

    type Variables = &'static [(&'static str, &'static str)];

    fn from(variables: &[(&str, &str)]) -> Result<Option<HttpProxy>, BadProxy> {
        HttpProxy::from_variables(|name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn the_first_variable_that_says_anything_names_the_proxy() {
        let rows: [(Variables, Option<(&str, u16)>); 10] = [
            (&[], None),
            (&[("HTTPS_PROXY", "http://a:1")], Some(("a", 1))),
            (
                &[("https_proxy", "b:2"), ("HTTPS_PROXY", "a:1")],
                Some(("b", 2)),
            ),
            (
                &[("https_proxy", " "), ("HTTPS_PROXY", "a:1")],
                Some(("a", 1)),
            ),
            (
                &[("ALL_PROXY", "c"), ("HTTPS_PROXY", "a:1")],
                Some(("a", 1)),
            ),
            (&[("all_proxy", "d"), ("ALL_PROXY", "c")], Some(("d", 80))),
            (&[("ALL_PROXY", "HTTP://[::1]:3128/")], Some(("::1", 3128))),
            (&[("http_proxy", "a:1")], None),
            (&[("HTTP_PROXY", "a:1")], None),
            (&[("Https_Proxy", "a:1")], None),
        ];
        for (variables, expected) in rows {
            let proxy = from(variables).unwrap();
            let place = proxy
                .as_ref()
                .map(|proxy| (proxy.host.as_str(), proxy.port));
            assert_eq!(place, expected, "{variables:?}");
        }
    }

    #[test]
    fn exceptions_come_from_the_environment_in_either_case() {
        let proxy = ("https_proxy", "proxy.internal:3128");
        for name in ["no_proxy", "NO_PROXY"] {
            let proxy = from(&[proxy, (name, "a.example, .b.example 10.0.0.0/8")]).unwrap();
            let proxy = proxy.unwrap();
            for (host, covered) in [
                ("voice.example", true),
                ("a.example", false),
                ("x.b.example", false),
                ("10.9.8.7", false),
            ] {
                assert_eq!(proxy.covers(&to(host)), covered, "{name} {host}");
            }
        }
        let both = [proxy, ("no_proxy", "a.example"), ("NO_PROXY", "*")];
        assert!(from(&both).unwrap().unwrap().covers(&to("voice.example")));
    }

    #[test]
    fn this_machine_is_never_reached_through_a_proxy() {
        let proxy = from(&[("https_proxy", "proxy.internal")]).unwrap().unwrap();
        for host in [
            "localhost",
            "localhost.",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(!proxy.covers(&to(host)), "{host}");
        }
        let named = Destination {
            loopback_only: true,
            ..to("this.machine")
        };
        assert!(!proxy.covers(&named));
    }

    #[test]
    fn the_environments_proxy_is_for_what_is_encrypted() {
        let plain = Destination {
            encrypted: false,
            ..to("gateway.internal")
        };
        let proxy = from(&[("all_proxy", "proxy.internal")]).unwrap().unwrap();
        assert!(!proxy.covers(&plain));
        assert!(HttpProxy::new("proxy.internal").unwrap().covers(&plain));
    }

    #[test]
    fn what_is_no_http_proxy_is_an_error_that_does_not_repeat_it() {
        for url in [
            "socks5://u:canary@a",
            "https://u:canary@a",
            "",
            "http://",
            "http://:3128",
            "http://u:canary@",
            "http://u:canary@a:port",
            "u:canary@a:70000",
            "http://u:canary@a b",
            "http://u:can/ary@a",
        ] {
            let error = HttpProxy::new(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
        let error = from(&[("ALL_PROXY", "socks5://a")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ALL_PROXY cannot be used: only http:// proxies are spoken to"
        );
    }

    #[test]
    fn the_password_is_decoded_and_stays_hidden() {
        let proxy = HttpProxy::new("http://user:p%40ss@proxy:1").unwrap();
        let user = proxy.user.as_ref().unwrap();
        assert_eq!(basic(user).expose(), "Basic dXNlcjpwQHNz");
        let debug = format!("{proxy:?} {proxy:#?}");
        assert!(
            !debug.contains("p%40ss") && !debug.contains("p@ss"),
            "{debug}"
        );
    }

    #[tokio::test]
    async fn a_proxy_that_cannot_be_used_is_not_gone_around() {
        let bad = from(&[("HTTPS_PROXY", "socks5://a")]).unwrap_err();
        let Err(end) = bad
            .connect(&to("voice.example"), &DialProgress::default())
            .await
        else {
            panic!("it went around");
        };
        assert_eq!((end.stage, end.how), (Stage::Proxy, How::Address));
        assert!(end.reason.as_str().contains("HTTPS_PROXY"), "{end:?}");
    }
}
