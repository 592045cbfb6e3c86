//! Written by `cargo xtask codegen` from `schema/`; never edited.

mod macros;
pub(crate) mod wire;

pub(crate) mod client;
pub(crate) mod items;
pub(crate) mod response;
pub(crate) mod rest;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod translation;
