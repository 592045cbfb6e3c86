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

    #[test]
    fn an_address_is_taken_apart() {
        let url = Uri::from_static("wss://api.example:8443/v1/live?model=m");
        let target = Target::of(&url, &[]).expect("a good address");
        assert_eq!(target.host, "api.example");
        assert_eq!(target.port, 8443);
        assert!(target.tls);
        assert_eq!(target.authority, "api.example:8443");
        assert_eq!(target.path, "/v1/live?model=m");
        assert!(!target.loopback_only);
    }
}
