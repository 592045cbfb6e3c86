//! The session as its users meet it: over the scripted wire, under paused time.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod bounds;
mod close;
mod content;
mod continuous;
mod delivery;
mod duplex;
mod fence;
mod interruption;
mod ladder;
mod late;
mod mishaps;
mod order;
mod recovery;
mod restore;
mod resumption;
#[path = "../../../transport/tests/support/surface.rs"]
mod surface;
mod sweep;
mod timing;
mod tools;
mod toy;
mod travel;
mod update;
mod usage;
