//! Secrets stay secret: canaries go through everything that can log, fail, panic or be printed, and
//! must not come out.
//!
//! A binary of its own, because loggers and panic hooks are set once per process.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test says what it expects by panicking, and plainly when it skips"
)]

mod canaries;
mod capture;
mod conversations;
#[path = "../it/support/dice.rs"]
#[expect(dead_code, reason = "made for the other tests")]
mod dice;
mod hostile;
mod panics;
#[path = "../it/support/recorded.rs"]
#[expect(dead_code, reason = "made for the other tests")]
mod recorded;
mod refusals;
mod server;
mod session;
mod values;

/// Runs a future in a runtime of its own.
fn in_real_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Runs a future in a runtime of its own whose time is virtual.
fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}
