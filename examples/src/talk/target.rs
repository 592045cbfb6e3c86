//! Whom to talk with: provider, address and key, checked before anything is resolved or dialled.

use std::net::IpAddr;

use antiphon_protocol::Secret;
use http::Uri;

use super::{
    cli::Options,
    exit::{Exit, Failure},
    service::Service,
};

/// The other end of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The model emulated on this machine.
    Emulator,
    /// The provider's own address.
    Service(Secret),
    /// Another address; the key goes with it where there is one.
    Address(Uri, Option<Secret>),
}

impl Target {
    /// Chooses by the command line and by `environment`, which looks up a variable.
    ///
    /// # Errors
    /// When the address or the key cannot be used, or something would travel unencrypted that must not.
    pub fn choose(
        service: Service,
        options: &Options,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let variable = service.key_variable();
        let key = environment(variable).map(|key| key.trim().to_owned());
        let key = key.filter(|key| !key.is_empty()).map(Secret::from);
        if key
            .as_ref()
            .is_some_and(|key| !key.expose().bytes().all(|byte| byte.is_ascii_graphic()))
        {
            let sentence =
                format!("{variable} holds characters that no key has: copy the key again");
            return Err(Failure::new(Exit::Configuration, sentence));
        }
        match (&options.url, key) {
            // A recording takes whatever it is told; the address is only shown.
            _ if options.replay.is_some() => {
                let nowhere = Uri::from_static("wss://recording.invalid/v1");
                Ok(Self::Address(nowhere, None))
            }
            (None, None) => Ok(Self::Emulator),
            (None, Some(key)) => Ok(Self::Service(key)),
            (Some(url), key) => {
                let url = address(url, variable)?;
                let named = options.insecure_plaintext_host.as_deref();
                check_plaintext(&url, named, key.is_some())?;
                Ok(Self::Address(url, key))
            }
        }
    }
}

fn address(text: &str, variable: &str) -> Result<Uri, Failure> {
    let refuse = |why: &str| {
        // Whatever stands before an @ may be a credential, and must not be repeated.
        let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
        let remedy = "give something like wss://host/v1/realtime";
        let sentence = format!("the address '{shown}' given to --url {why}: {remedy}");
        Failure::new(Exit::Configuration, sentence)
    };
    let url: Uri = text
        .parse()
        .map_err(|error| refuse(&format!("is malformed ({error})")))?;
    match url.scheme_str() {
        Some("ws" | "wss" | "http" | "https") => {}
        Some(scheme) => return Err(refuse(&format!("is {scheme}:, not a WebSocket"))),
        None => return Err(refuse("has no ws:// or wss:// in front")),
    }
    let authority = url.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        let why = format!("carries a credential, which belongs into {variable}");
        return Err(refuse(&why));
    }
    let has_port = !authority.ends_with(url.host().unwrap_or_default());
    if has_port && url.port_u16().is_none() {
        return Err(refuse("is malformed (its port is not a number)"));
    }
    match url.host() {
        None | Some("") => Err(refuse("names no host")),
        Some(_) => Ok(url),
    }
}

fn check_plaintext(url: &Uri, named: Option<&str>, key: bool) -> Result<(), Failure> {
    let host = url.host().unwrap_or_default();
    let allowed = named.is_some_and(|named| named.eq_ignore_ascii_case(host));
    let encrypted = matches!(url.scheme_str(), Some("wss" | "https"));
    if encrypted || allowed || is_loopback(host) {
        return Ok(());
    }
    let what = if key { "the key" } else { "the conversation" };
    let sentence = format!(
        "{what} would travel unencrypted to '{host}': use wss://, or allow it with \
         --insecure-plaintext-host {host}"
    );
    Err(Failure::new(Exit::Configuration, sentence))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// An address as reports show it: without its query, which may hold anything.
pub fn shown(url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    format!(
        "{}://{authority}{}",
        url.scheme_str().unwrap_or("wss"),
        url.path()
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn choose(line: &str, key: Option<&str>) -> Result<Target, Failure> {
        let line = ["talk"]
            .into_iter()
            .chain(line.split_whitespace())
            .map(OsString::from);
        let options = Options::read(line).unwrap();
        Target::choose(Service::OpenAiRealtime, &options, |name| {
            (name == "OPENAI_API_KEY").then_some(key?.to_owned())
        })
    }

    #[test]
    fn key_and_address_decide_whom_to_talk_with() {
        let url = Uri::from_static("ws://127.0.0.1:9/v1/realtime");
        let key = Secret::from("sk-1");
        let rows = [
            ("", None, Target::Emulator),
            ("", Some("  "), Target::Emulator),
            ("", Some("sk-1\n"), Target::Service(key.clone())),
            (
                "--url ws://127.0.0.1:9/v1/realtime",
                None,
                Target::Address(url.clone(), None),
            ),
            (
                "--url ws://127.0.0.1:9/v1/realtime",
                Some("sk-1"),
                Target::Address(url, Some(key)),
            ),
        ];
        for (line, key, expected) in rows {
            assert_eq!(choose(line, key), Ok(expected), "{line} {key:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        let rows = [
            ("--url ws://[::1", "malformed"),
            (
                "--url ws://host:port/",
                "malformed (its port is not a number)",
            ),
            ("--url ftp://localhost/", "is ftp:, not a WebSocket"),
            ("--url localhost", "has no ws://"),
            ("--url /v1/realtime", "has no ws://"),
            ("--url wss://user:word@host/", "belongs into OPENAI_API_KEY"),
        ];
        for (line, words) in rows {
            let failure = choose(line, Some("sk-1")).unwrap_err();
            assert_eq!(failure.exit, Exit::Configuration, "{line}");
            assert!(failure.sentence.contains(words), "{line}: {failure}");
            assert!(!failure.sentence.contains("word@"), "{failure}");
        }
    }

    #[test]
    fn plaintext_stays_on_this_machine_or_at_the_named_host() {
        let rows = [
            ("--url ws://localhost:1/", true),
            ("--url ws://127.8.8.8/", true),
            ("--url ws://[::1]:5/", true),
            ("--url wss://example.invalid/", true),
            ("--url ws://example.invalid/", false),
            ("--url ws://127.0.0.1.example.invalid/", false),
            ("--url ws://10.0.0.1/", false),
            ("--url http://10.0.0.1/", false),
            (
                "--url ws://10.0.0.1/ --insecure-plaintext-host 10.0.0.1",
                true,
            ),
            (
                "--url ws://10.0.0.1/ --insecure-plaintext-host 10.0.0.2",
                false,
            ),
        ];
        for (line, allowed) in rows {
            for key in [None, Some("sk-1")] {
                let chosen = choose(line, key);
                assert_eq!(chosen.is_ok(), allowed, "{line} {key:?}: {chosen:?}");
                if let Err(failure) = chosen {
                    assert!(
                        failure.sentence.contains("--insecure-plaintext-host"),
                        "{failure}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_shown_address_has_no_query() {
        let url = Uri::from_static("wss://host:1/v1/realtime?api-key=secret");
        assert_eq!(shown(&url), "wss://host:1/v1/realtime");
    }
}
