//! The Gemini Live wire, spoken by the pure machine: conversations, refusals, the life of sessions,
//! recorded sessions, and whatever else a client may send.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "tests state what they expect by panicking, and say what they skipped"
)]

mod bench;
mod conversation;
mod recorded;
mod refusals;
mod robustness;
#[cfg(feature = "server")]
mod server;
mod sessions;
