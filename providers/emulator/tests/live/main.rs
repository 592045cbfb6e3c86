//! The emulator's side of GPT-Live: whole conversations in virtual time, what is refused, and what
//! holds whatever a client does.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "tests state what they expect by panicking"
)]

mod bench;
mod conversation;
mod delegation;
mod refusals;
mod robustness;
mod shared;
