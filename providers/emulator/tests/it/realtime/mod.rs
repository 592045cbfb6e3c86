//! The emulator's side of OpenAI Realtime: conversations, the other kinds of sessions, what is refused,
//! and what holds whatever a client does.

mod bench;
mod conversation;
mod kinds;
mod refusals;
mod robustness;
#[cfg(feature = "server")]
mod server;
