//! Written by `cargo xtask codegen` from `schema/`; never edited.

pub(crate) mod macros;
#[allow(dead_code, reason = "each wire tells frames apart its own way")]
pub(crate) mod scan;
pub(crate) mod wire;

pub(crate) mod client;
pub(crate) mod items;
pub(crate) mod response;
pub(crate) mod rest;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod translation;
