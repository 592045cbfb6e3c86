//! The Gemini Live wire, spoken by the pure machine: conversations, refusals, the life of sessions,
//! recorded sessions, and whatever else a client may send.

mod bench;
mod conversation;
mod recorded;
mod refusals;
mod robustness;
#[cfg(feature = "server")]
mod server;
mod sessions;
