//! Addresses of Azure's resources; the rest is common to all plug-ins.

use antiphon_protocol::AuthShape;
use http::HeaderName;

/// The address of a resource that is given by its name, host or address.
pub(crate) fn of_resource(resource: &str, domain: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match resource.trim() {
        "" => "wss://".to_owned(),
        name if name.chars().all(is_plain) => format!("wss://{name}.{domain}"),
        host if !host.contains("://") => format!("wss://{host}"),
        url => url.to_owned(),
    }
}

/// How a credential travels in a field of that name.
pub(crate) const fn api_key_header(name: &'static str) -> AuthShape {
    AuthShape::Header(HeaderName::from_static(name))
}
