//! The transport's promises, one module each. One binary, so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test says what it expects by panicking, and plainly when it skips"
)]

mod bounds;
mod byte_cut;
mod cancel;
mod cancel_wires;
mod dependencies;
mod driver;
mod faults;
mod limits;
mod link;
mod link_random;
mod link_rotation;
mod liveness;
mod mishaps_dial;
mod mishaps_life;
mod mishaps_opening;
mod mishaps_wire;
mod netsim;
mod proxy;
mod races;
mod record;
mod refusal;
mod secure;
mod spans;
mod storm;
mod support;
#[path = "../support/surface.rs"]
mod surface;
mod token;
mod websocket;
