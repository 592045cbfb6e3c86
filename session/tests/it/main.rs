//! The session as its users meet it: over the scripted wire, under paused time.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states what it expects by panicking"
)]

mod bounds;
mod close;
mod continuous;
mod delivery;
mod interruption;
mod mishaps;
mod order;
mod recovery;
#[path = "../../../transport/tests/support/surface.rs"]
mod surface;
mod tools;
mod toy;
