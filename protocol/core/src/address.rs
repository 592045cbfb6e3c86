//! Addresses as people write them, and the header fields that go with them, for plug-ins.
//!
//! A base address may be an HTTP or a WebSocket address, with or without a path. What could carry a
//! credential is refused here, so that none ever stands in an address that is kept or printed.

use http::{HeaderName, HeaderValue, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

use crate::PeerText;

/// Characters that need no escape in a query value.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Query members under which services take credentials.
const SECRET_PARAMETERS: &[&str] = &[
    "access_token",
    "api-key",
    "api_key",
    "authorization",
    "key",
    "token",
];

/// Header fields that carry credentials.
const SECRET_HEADERS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "ocp-apim-subscription-key",
    "proxy-authorization",
    "x-api-key",
    "x-goog-api-key",
];

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlProblem {
    /// It cannot be read.
    #[error("it is not a URL; write it like wss://host/v1")]
    Malformed,
    /// Its scheme is missing or not one of four.
    #[error("it must begin with wss://, https://, ws:// or http://")]
    Scheme,
    /// It names no host.
    #[error("it names no host; write it like wss://host/v1")]
    NoHost,
    /// It holds a user name or password.
    #[error("it holds a user name or password; give credentials as a key or a token source")]
    UserInfo,
    /// Its query holds a credential.
    #[error("its query holds a credential; give it as a key or a token source")]
    SecretParameter,
}

/// An address that cannot be used. What might be secret in it is left out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the address {address:?} cannot be used: {problem}")]
pub struct InvalidUrl {
    /// The address without user name, password and query.
    pub address: String,
    /// What is wrong with it.
    pub problem: UrlProblem,
}

/// A header field that cannot be sent. Its value is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the header field {name:?} cannot be sent: {problem}")]
pub struct InvalidHeader {
    /// The field's name.
    pub name: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A service's address without the last part of its path.
///
/// ```
/// use antiphon_protocol::address::BaseUrl;
///
/// let base = BaseUrl::parse("https://host", "/v1")?;
/// let url = base.endpoint("/live", &[("model", "a b")]);
/// assert_eq!(url.map(|url| url.to_string()).as_deref(), Some("wss://host/v1/live?model=a%20b"));
/// # Ok::<(), antiphon_protocol::address::InvalidUrl>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: &'static str,
    authority: String,
    path: String,
    query: String,
}

impl BaseUrl {
    /// `wss://{host}{path}`, both known to be plain.
    pub fn known(host: &str, path: &str) -> Self {
        Self {
            scheme: "wss",
            authority: host.to_owned(),
            path: path.to_owned(),
            query: String::new(),
        }
    }

    /// Reads an address; an absent path means `default_path`, `http` means `ws`.
    ///
    /// # Errors
    /// When the address cannot be read, or could hold a credential.
    pub fn parse(text: &str, default_path: &str) -> Result<Self, InvalidUrl> {
        let text = text.trim();
        Self::read(text, default_path).map_err(|problem| InvalidUrl {
            address: without_secrets(text),
            problem,
        })
    }

    fn read(text: &str, default_path: &str) -> Result<Self, UrlProblem> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlProblem::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "wss" | "https" => "wss",
            "ws" | "http" => "ws",
            _ => return Err(UrlProblem::Scheme),
        };
        if rest.is_empty() || rest.starts_with(['/', ':', '?', '#']) {
            return Err(UrlProblem::NoHost);
        }
        let uri: Uri = text.parse().map_err(|_| UrlProblem::Malformed)?;
        let authority = uri.authority().ok_or(UrlProblem::NoHost)?;
        if authority.as_str().contains('@') {
            return Err(UrlProblem::UserInfo);
        }
        let has_port = !authority.as_str().ends_with(authority.host());
        if has_port && authority.port_u16().is_none() {
            return Err(UrlProblem::Malformed);
        }
        let query = uri.query().unwrap_or_default();
        if query.split('&').any(is_secret) {
            return Err(UrlProblem::SecretParameter);
        }
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            scheme,
            authority: authority.as_str().to_owned(),
            path: if path.is_empty() { default_path } else { path }.to_owned(),
            query: query.to_owned(),
        })
    }

    /// The same base with a parameter, unless it states that itself.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        if !self.query.split('&').any(|member| names(member, name)) {
            if !self.query.is_empty() {
                self.query.push('&');
            }
            self.query.push_str(name);
            self.query.push('=');
            self.query.push_str(value);
        }
        self
    }

    /// The address of `endpoint` below this base, with `parameters` in its query. A base that ends
    /// with the endpoint already is kept, and so are parameters that it states itself. `None` when
    /// that makes no address.
    pub fn endpoint(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Option<Uri> {
        let mut url = format!("{}://{}{}", self.scheme, self.authority, self.path);
        if !self.path.ends_with(endpoint) {
            url.push_str(endpoint);
        }
        let mut separator = '?';
        if !self.query.is_empty() {
            url.push(separator);
            url.push_str(&self.query);
            separator = '&';
        }
        for (name, value) in parameters {
            if self.query.split('&').any(|member| names(member, name)) {
                continue;
            }
            url.push(separator);
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, PLAIN));
            separator = '&';
        }
        url.parse().ok()
    }
}

/// A header field for the upgrade request, unless it carries a credential.
///
/// # Errors
/// When it cannot be sent, or carries a credential.
pub fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), InvalidHeader> {
    let refuse = |problem| InvalidHeader {
        name: PeerText::new(name).as_str().to_owned(),
        problem,
    };
    let field: HeaderName = name
        .parse()
        .map_err(|_| refuse("its name is not that of a header field"))?;
    if SECRET_HEADERS.contains(&field.as_str()) {
        return Err(refuse(
            "it carries a credential; give that as a key or a token source",
        ));
    }
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| refuse("its value holds characters that cannot be sent"))?;
    value.set_sensitive(true);
    Ok((field, value))
}

fn names(member: &str, name: &str) -> bool {
    member.split('=').next() == Some(name)
}

fn is_secret(member: &str) -> bool {
    let name = member.split('=').next().unwrap_or_default();
    SECRET_PARAMETERS
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

fn without_secrets(text: &str) -> String {
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    let shown = match (shown.split_once("://"), shown.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => shown.to_owned(),
    };
    PeerText::new(&shown).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (given, endpoint) in [
            (
                "https://api.openai.com/v1",
                "wss://api.openai.com/v1/realtime?model=m",
            ),
            (
                "wss://api.openai.com/v1/",
                "wss://api.openai.com/v1/realtime?model=m",
            ),
            ("wss://host/v1/realtime", "wss://host/v1/realtime?model=m"),
            (
                "WS://127.0.0.1:8080",
                "ws://127.0.0.1:8080/v1/realtime?model=m",
            ),
            ("http://[::1]:80/", "ws://[::1]:80/v1/realtime?model=m"),
            (
                " https://host/a/b?x=1 ",
                "wss://host/a/b/realtime?x=1&model=m",
            ),
            (
                "wss://host/v1/realtime?model=own",
                "wss://host/v1/realtime?model=own",
            ),
        ] {
            let base = BaseUrl::parse(given, "/v1").expect(given);
            let url = base.endpoint("/realtime", &[("model", "m")]).expect(given);
            assert_eq!(url.to_string(), endpoint, "{given}");
        }
    }

    #[test]
    fn a_model_name_cannot_add_to_the_query() {
        let base = BaseUrl::known("host", "/v1");
        let url = base
            .endpoint("/realtime", &[("model", "a b&c=d#é")])
            .expect("a url");
        assert_eq!(
            url.to_string(),
            "wss://host/v1/realtime?model=a%20b%26c%3Dd%23%C3%A9"
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        for (given, shown, problem) in [
            ("api.openai.com/v1", "api.openai.com/v1", UrlProblem::Scheme),
            ("ftp://host/v1", "ftp://host/v1", UrlProblem::Scheme),
            ("", "", UrlProblem::Scheme),
            ("wss://", "wss://", UrlProblem::NoHost),
            ("wss:///v1", "wss:///v1", UrlProblem::NoHost),
            ("wss://:80/v1", "wss://:80/v1", UrlProblem::NoHost),
            ("wss://ho st/v1", "wss://ho st/v1", UrlProblem::Malformed),
            (
                "wss://host:99999/v1",
                "wss://host:99999/v1",
                UrlProblem::Malformed,
            ),
            ("wss://host:/v1", "wss://host:/v1", UrlProblem::Malformed),
            (
                "wss://me:hunter2@host/v1",
                "wss://host/v1",
                UrlProblem::UserInfo,
            ),
            (
                "wss://host/v1?API-Key=hunter2",
                "wss://host/v1",
                UrlProblem::SecretParameter,
            ),
        ] {
            let error = BaseUrl::parse(given, "/v1").expect_err(given);
            assert_eq!(
                (error.address.as_str(), error.problem),
                (shown, problem),
                "{given}"
            );
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn header_fields_with_credentials_are_refused() {
        assert!(header("OpenAI-Safety-Identifier", "user-1").is_ok());
        for (name, value) in [
            ("Authorization", "Bearer x"),
            ("api-key", "x"),
            ("bad name", "x"),
            ("x-note", "a\r\nb"),
        ] {
            let error = header(name, value).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
