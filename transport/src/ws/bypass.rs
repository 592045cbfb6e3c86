//! Which destinations a proxy is not asked for.

use std::net::IpAddr;

/// Destinations that are reached directly, as `NO_PROXY` lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bypass(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name, and the names below it.
    Name(String),
    /// The addresses that agree with this one in so many leading bits.
    Network(IpAddr, u32),
}

impl Bypass {
    /// Adds an entry: `*`, a name with or without a leading dot or `*.`, an address, a network such
    /// as `10.0.0.0/8`; each but the first and last with a port behind it, if it wants one. What is
    /// none of these names no host, and covers none.
    pub(super) fn add(&mut self, entry: &str) {
        let entry = entry.trim().to_ascii_lowercase();
        if !entry.is_empty() {
            self.0.push(Entry::read(&entry));
        }
    }

    /// Whether the destination is reached directly. The host comes in lower case, without brackets.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        self.0.iter().any(|entry| entry.covers(host, port))
    }
}

impl Entry {
    fn read(entry: &str) -> Self {
        if entry == "*" {
            let hosts = Hosts::All;
            return Self { hosts, port: None };
        }
        if let Some(hosts) = network(entry) {
            return Self { hosts, port: None };
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (entry, None),
        };
        let host = if port.is_some() { host } else { entry };
        let bare = host.trim_matches(['[', ']']);
        let hosts = match bare.parse() {
            Ok(address) => exactly(address),
            Err(_) => Hosts::Name(name(bare.trim_start_matches('*')).to_owned()),
        };
        Self { hosts, port }
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let at_port = self.port.is_none_or(|wanted| wanted == port);
        at_port
            && match &self.hosts {
                Hosts::All => true,
                Hosts::Name(domain) => is_at_or_below(name(host), domain),
                Hosts::Network(network, bits) => host
                    .parse()
                    .is_ok_and(|address| is_within(address, *network, *bits)),
            }
    }
}

fn network(entry: &str) -> Option<Hosts> {
    match entry.split_once('/') {
        Some((address, bits)) => {
            let (address, bits) = (address.parse().ok()?, bits.parse().ok()?);
            (bits <= width(address)).then_some(Hosts::Network(address, bits))
        }
        // An address without brackets is no host with a port.
        None => entry.parse().ok().map(exactly),
    }
}

fn exactly(address: IpAddr) -> Hosts {
    Hosts::Network(address, width(address))
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    if width(address) != width(network) {
        return false;
    }
    let ignored = width(network) - bits;
    let leading = |address| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()).checked_shr(ignored),
        IpAddr::V6(address) => address.to_bits().checked_shr(ignored),
    };
    leading(address) == leading(network)
}

/// A name without the dots around it.
fn name(host: &str) -> &str {
    host.trim_matches('.')
}

fn is_at_or_below(host: &str, domain: &str) -> bool {
    !domain.is_empty()
        && host
            .strip_suffix(domain)
            .is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_covers_what_it_names_and_what_lies_below() {
        let rows: [(&str, &[&str], &[&str]); 13] = [
            ("*", &["voice.example", "10.0.0.1"], &[]),
            (
                "api.example",
                &["api.example", "eu.api.example", "api.example."],
                &["notapi.example", "example", "api.example.evil.test"],
            ),
            (
                ".corp.example",
                &["corp.example", "a.corp.example"],
                &["xcorp.example"],
            ),
            ("*.corp.example", &["a.corp.example"], &["xcorp.example"]),
            ("Corp.Example", &["corp.example"], &[]),
            ("10.0.0.1", &["10.0.0.1"], &["10.0.0.10", "110.0.0.1"]),
            (
                "10.0.0.0/8",
                &["10.1.2.3"],
                &["11.0.0.1", "10.example", "::a00:1"],
            ),
            (
                "0.0.0.0/0",
                &["11.0.0.1"],
                &["2001:db8::1", "voice.example"],
            ),
            (
                "2001:db8::/32",
                &["2001:db8:1::1"],
                &["2001:db9::1", "10.0.0.1"],
            ),
            ("::1", &["::1"], &["::2"]),
            ("[2001:db8::1]", &["2001:db8::1"], &["2001:db8::2"]),
            ("10.0.0.0/33", &[], &["10.0.0.0", "voice.example"]),
            (".", &[], &["voice.example"]),
        ];
        for (entry, covered, others) in rows {
            let mut bypass = Bypass::default();
            bypass.add(entry);
            for host in covered {
                assert!(bypass.covers(host, 443), "{entry} {host}");
            }
            for host in others {
                assert!(!bypass.covers(host, 443), "{entry} {host}");
            }
        }
    }

    #[test]
    fn an_entry_with_a_port_covers_that_port_only() {
        for (entry, host) in [
            ("api.example:8443", "api.example"),
            ("10.0.0.1:8443", "10.0.0.1"),
            ("[2001:db8::1]:8443", "2001:db8::1"),
        ] {
            let mut bypass = Bypass::default();
            bypass.add(entry);
            assert!(bypass.covers(host, 8443), "{entry}");
            assert!(!bypass.covers(host, 443), "{entry}");
        }
    }
}
