//! Short-lived credentials.
//!
//! Generated from `schema/rest.wire` by `cargo xtask codegen`; change that file.

use super::setup::Setup;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// A short-lived credential; its name is the credential.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthToken {
    /// The credential, as `auth_tokens/...`.
    pub name: Option<Secret>,
    /// When it ends, in RFC 3339.
    pub expire_time: Option<String>,
    /// Until when a session may be opened with it, in RFC 3339.
    pub new_session_expire_time: Option<String>,
    /// How many sessions it may open.
    pub uses: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AuthToken {
    opt name = "name";
    opt expire_time = "expireTime" | "expire_time";
    opt new_session_expire_time = "newSessionExpireTime" | "new_session_expire_time";
    opt uses = "uses";
}}

/// `POST /v1alpha/auth_tokens`: asks for a short-lived credential.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreateAuthTokenRequest {
    /// When it ends, in RFC 3339.
    pub expire_time: Option<String>,
    /// Until when a session may be opened with it, in RFC 3339.
    pub new_session_expire_time: Option<String>,
    /// How many sessions it may open.
    pub uses: Option<i64>,
    /// Setup that the token fixes.
    pub bidi_generate_content_setup: Option<Setup>,
    /// Which fields of the setup are fixed.
    pub field_mask: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { CreateAuthTokenRequest {
    opt expire_time = "expireTime" | "expire_time";
    opt new_session_expire_time = "newSessionExpireTime" | "new_session_expire_time";
    opt uses = "uses";
    opt bidi_generate_content_setup = "bidiGenerateContentSetup" | "bidi_generate_content_setup";
    opt field_mask = "fieldMask" | "field_mask";
}}

setters! { CreateAuthTokenRequest {
    into with_expire_time expire_time: String;
    into with_new_session_expire_time new_session_expire_time: String;
    into with_bidi_generate_content_setup bidi_generate_content_setup: Setup;
    into with_field_mask field_mask: String;
    plain with_uses uses: i64;
}}
