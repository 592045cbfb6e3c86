//! Which addresses may be used, decided before the network is touched.

use antiphon_protocol::{End, How, Stage};
use http::Uri;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Where a URL leads, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Name or address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// As the `Host` header spells it.
    pub(super) authority: String,
    pub(super) path: String,
    /// Whether the host must resolve to this machine.
    pub(super) loopback_only: bool,
}

impl Target {
    /// Takes `url` apart. Plaintext is refused unless it stays on this machine or the host is one of
    /// `plaintext_hosts`.
    pub(super) fn of(url: &Uri, plaintext_hosts: &[String]) -> Result<Self, End> {
        let scheme = url.scheme_str().unwrap_or_default().to_ascii_lowercase();
        let tls = match scheme.as_str() {
            "wss" => true,
            "ws" => false,
            _ => return Err(refused("the address must begin with wss:// (or ws://)")),
        };
        let authority = url
            .authority()
            .ok_or_else(|| refused("the address names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused(
                "the address holds user information; credentials belong in headers",
            ));
        }
        let host = bare(authority.host()).to_ascii_lowercase();
        if host.is_empty() {
            return Err(refused("the address names no host"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str().len() > authority.host().len() => {
                return Err(refused("the port of the address is not a number"));
            }
            None if tls => 443,
            None => 80,
        };
        let named = plaintext_hosts
            .iter()
            .any(|named| bare(named).eq_ignore_ascii_case(&host));
        if !tls && !named && !is_loopback(&host) {
            return Err(refused(
                "plaintext (ws://) is refused beyond this machine; use wss:// or allow the host by name",
            ));
        }
        Ok(Self {
            loopback_only: !tls && !named,
            port,
            tls,
            authority: authority.as_str().to_owned(),
            path: url
                .path_and_query()
                .map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
            host,
        })
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// Only the plain spellings count: what merely looks like this machine may lead elsewhere.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || host
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
}

fn refused(why: &str) -> End {
    End::new(Stage::Resolve, How::Address).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, End> {
        let url: Uri = url
            .parse()
            .map_err(|_| refused("the address cannot be read"))?;
        Target::of(&url, &["gateway.example".to_owned()])
    }

    // faults: I8 by plaintext addresses that are this machine's or named
    #[test]
    fn plaintext_stays_on_this_machine_or_goes_to_a_named_host() {
        for url in [
            "ws://127.0.0.1/x",
            "ws://127.0.0.1:8080",
            "ws://127.255.255.254/",
            "ws://localhost:9/",
            "ws://LOCALHOST/",
            "WS://localhost/",
            "ws://[::1]/",
            "ws://[::1]:8080/a?b=c",
            "ws://gateway.example/",
            "ws://GATEWAY.example:81/",
            "wss://anything.example/",
            "wss://[2001:db8::1]:444/",
            "wss://xn--bcher-kva.example/",
            "WSS://api.example/v1?model=m",
        ] {
            assert!(target(url).is_ok(), "{url}: {:?}", target(url));
        }
    }

    // faults: I8, I9 by forty-nine addresses that look like this machine's or hide another
    #[test]
    fn hostile_addresses_are_refused_without_touching_the_network() {
        for url in [
            "ws://127.0.0.1.evil.test/",
            "ws://localhost.evil.test/",
            "ws://evil.test/localhost",
            "ws://evil.test/?host=127.0.0.1",
            "ws://evil.test#127.0.0.1",
            "ws://127.1/",
            "ws://127.0.1/",
            "ws://0x7f.0.0.1/",
            "ws://0177.0.0.1/",
            "ws://2130706433/",
            "ws://0.0.0.0/",
            "ws://[::]/",
            "ws://[::ffff:127.0.0.1]/",
            "ws://[::ffff:7f00:1]/",
            "ws://[fe80::1%25lo]/",
            "ws://[0:0:0:0:0:0:0:2]/",
            "ws://localhost./",
            "ws://127.0.0.1./",
            "ws://128.0.0.1/",
            "ws://126.255.255.255/",
            "ws://10.0.0.1/",
            "ws://192.168.0.1/",
            "ws://169.254.169.254/",
            "ws://user@localhost/",
            "ws://user:pass@127.0.0.1/",
            "ws://127.0.0.1@evil.test/",
            "wss://key@api.example/",
            "wss://user:key@api.example/",
            "ws://api.example/",
            "WS://api.example/",
            "ws://api.example:443/",
            "ws://xn--lcalhost-54a.test/",
            "ws://gateway.example.evil.test/",
            "ws://evil-gateway.example/",
            "ws://sub.gateway.example/",
            "ws://gateway.example./",
            "http://127.0.0.1/",
            "https://api.example/",
            "ftp://localhost/",
            "wsx://localhost/",
            "file:///etc/passwd",
            "localhost",
            "/path",
            "ws:///path",
            "ws://localhost:port/",
            "ws://localhost:70000/",
            "ws://:80/",
            "wss://",
            "ws:localhost",
        ] {
            let end = target(url).expect_err(url);
            assert_eq!(
                (end.stage, end.how),
                (Stage::Resolve, How::Address),
                "{url}"
            );
        }
    }

    #[test]
    fn an_address_is_taken_apart() {
        let target = target("wss://api.example:8443/v1/live?model=m").expect("a good address");
        assert_eq!(target.host, "api.example");
        assert_eq!(target.port, 8443);
        assert!(target.tls);
        assert_eq!(target.authority, "api.example:8443");
        assert_eq!(target.path, "/v1/live?model=m");
        assert!(!target.loopback_only);
    }
}
