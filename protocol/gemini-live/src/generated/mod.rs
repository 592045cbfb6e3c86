//! Written by `cargo xtask codegen` from `schema/`; never edited.

pub(crate) mod macros;
pub(crate) mod proto;
#[allow(dead_code, reason = "each wire tells frames apart its own way")]
pub(crate) mod scan;
pub(crate) mod wire;

pub(crate) mod client;
pub(crate) mod content;
pub(crate) mod rest;
pub(crate) mod server;
pub(crate) mod setup;
pub(crate) mod tools;
