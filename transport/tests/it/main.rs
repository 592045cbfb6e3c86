//! The transport's promises, one module each. One binary, so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by panicking"
)]

mod driver;
mod faults;
mod link;
mod link_random;
mod secure;
mod support;
mod token;
mod websocket;
