//! The emulator's side of GPT-Live: whole conversations in virtual time, what is refused, and what
//! holds whatever a client does.

mod bench;
mod conversation;
mod delegation;
mod refusals;
mod robustness;
mod shared;
