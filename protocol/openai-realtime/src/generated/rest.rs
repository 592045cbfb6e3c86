//! Bodies of the REST calls around a session, and the webhook of an incoming call.
//!
//! Generated from `schema/rest.wire` by `cargo xtask codegen`; change that file.

use super::session::{RealtimeSession, Session};
use super::translation::TranslationSession;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// `POST /v1/realtime/client_secrets`: asks for a short-lived credential.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClientSecretRequest {
    /// When it is to expire.
    pub expires_after: Option<ExpiresAfter>,
    /// Configuration that the credential fixes.
    pub session: Option<Session>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ClientSecretRequest {
    opt expires_after = "expires_after";
    opt session = "session";
}}

setters! { ClientSecretRequest {
    into with_expires_after expires_after: ExpiresAfter;
    into with_session session: Session;
}}

/// When a credential is to expire.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExpiresAfter {
    /// `created_at`.
    pub anchor: Option<String>,
    /// Lifetime in seconds, 10 to 7200; 600 by default.
    pub seconds: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ExpiresAfter {
    opt anchor = "anchor";
    opt seconds = "seconds";
}}

setters! { ExpiresAfter {
    into with_anchor anchor: String;
    plain with_seconds seconds: u64;
}}

/// A short-lived credential.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSecretResponse {
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// What it is for.
    pub session: Session,
    /// The credential.
    pub value: Secret,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ClientSecretResponse {
    req expires_at = "expires_at";
    req session = "session";
    req value = "value";
}}

impl ClientSecretResponse {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(expires_at: u64, session: impl Into<Session>, value: impl Into<Secret>) -> Self {
        Self {
            expires_at,
            session: session.into(),
            value: value.into(),
            extra: Extra::new(),
        }
    }
}

/// A short-lived credential for a translation session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranslationClientSecretResponse {
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// What it is for.
    pub session: TranslationSession,
    /// The credential.
    pub value: Secret,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { TranslationClientSecretResponse {
    req expires_at = "expires_at";
    req session = "session";
    req value = "value";
}}

impl TranslationClientSecretResponse {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(
        expires_at: u64,
        session: impl Into<TranslationSession>,
        value: impl Into<Secret>,
    ) -> Self {
        Self {
            expires_at,
            session: session.into(),
            value: value.into(),
            extra: Extra::new(),
        }
    }
}

/// `POST /v1/realtime/calls`, as multipart form fields: opens a WebRTC call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallRequest {
    /// The client's offer.
    pub sdp: String,
    /// Configuration of the call.
    pub session: Option<RealtimeSession>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CallRequest {
    req sdp = "sdp";
    opt session = "session";
}}

impl CallRequest {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(sdp: impl Into<String>) -> Self {
        Self {
            sdp: sdp.into(),
            session: None,
            extra: Extra::new(),
        }
    }
}

setters! { CallRequest {
    into with_session session: RealtimeSession;
}}

/// `POST /v1/realtime/calls/{call_id}/refer`: transfers a SIP call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallRefer {
    /// Whereto, such as `tel:+1...`.
    pub target_uri: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CallRefer {
    req target_uri = "target_uri";
}}

impl CallRefer {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(target_uri: impl Into<String>) -> Self {
        Self {
            target_uri: target_uri.into(),
            extra: Extra::new(),
        }
    }
}

/// `POST /v1/realtime/calls/{call_id}/reject`: declines a SIP call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallReject {
    /// SIP status; 603 by default.
    pub status_code: Option<u64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CallReject {
    opt status_code = "status_code";
}}

setters! { CallReject {
    plain with_status_code status_code: u64;
}}

/// The webhook that announces a SIP call. Answer it with a `RealtimeSession` at `/v1/realtime/calls/{call_id}/accept`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallIncoming {
    /// The service's identifier.
    pub id: String,
    /// When, in seconds since 1970.
    pub created_at: u64,
    /// The call.
    pub data: CallData,
    /// `event`.
    pub object: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CallIncoming {
    tag "type" = "realtime.call.incoming";
    req id = "id";
    req created_at = "created_at";
    req data = "data";
    opt object = "object";
}}

impl CallIncoming {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(id: impl Into<String>, created_at: u64, data: impl Into<CallData>) -> Self {
        Self {
            id: id.into(),
            created_at,
            data: data.into(),
            object: None,
            extra: Extra::new(),
        }
    }
}

/// A SIP call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallData {
    /// The call, in the path of the REST calls.
    pub call_id: String,
    /// Headers of the INVITE.
    pub sip_headers: Vec<SipHeader>,
    /// Whether the media are encrypted.
    pub sip_media_security: Option<SipMediaSecurity>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CallData {
    req call_id = "call_id";
    req sip_headers = "sip_headers";
    opt sip_media_security = "sip_media_security";
}}

impl CallData {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(call_id: impl Into<String>, sip_headers: Vec<SipHeader>) -> Self {
        Self {
            call_id: call_id.into(),
            sip_headers,
            sip_media_security: None,
            extra: Extra::new(),
        }
    }
}

/// A header of the INVITE.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SipHeader {
    /// The name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SipHeader {
    req name = "name";
    req value = "value";
}}

impl SipHeader {
    /// With what the protocol requires; all else is not set.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            extra: Extra::new(),
        }
    }
}

/// Whether the media are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SipMediaSecurity {
    /// `rtp`.
    Rtp,
    /// `srtp`.
    Srtp,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { SipMediaSecurity {
    Rtp = "rtp",
    Srtp = "srtp",
}}
