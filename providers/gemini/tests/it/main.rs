//! The plug-in as a session meets it: commands in, frames out; frames in, events out. Nothing is sent.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states what it expects by panicking"
)]

mod commands;
mod common;
mod configuration;
mod mishaps;
mod opening;
mod readme;
mod recordings;
mod robustness;
mod services;
mod traces;
