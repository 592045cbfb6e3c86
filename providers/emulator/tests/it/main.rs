//! The services' side as clients meet it: the pure machines under a virtual clock, the same over the
//! loopback and in memory, and the program.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests state what they expect by panicking, and say what they skipped"
)]

mod gemini;
mod live;
mod memory;
#[cfg(feature = "cli")]
mod program;
mod realtime;
