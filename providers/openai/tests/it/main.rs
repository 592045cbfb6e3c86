//! The plug-in as a session meets it: commands in, frames out; frames in, events out. Nothing is sent.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states what it expects by panicking"
)]

mod answers;
mod authored;
mod commands;
mod common;
mod configuration;
mod context;
mod dialects;
mod drift;
mod golden;
mod interruption;
mod live;
mod live_commands;
mod live_configuration;
mod opening;
mod readme;
mod recordings;
mod rest;
mod robustness;
mod services;
mod translation;
