//! What the runner promises, each promise by a test that reads like it. Two programs stand beside this one:
//! the storms, which silence panics for the whole process, and the telemetry, which decides about spans for it.

mod approval;
mod bounds;
mod control;
mod conversation;
mod delegations;
mod examples;
mod figures;
mod handlers;
mod lanes;
mod listening;
mod policies;
mod restored;
mod running;
mod scheduling;
mod support;
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what it expects by panicking"
)]
#[path = "../../../transport/tests/support/surface.rs"]
mod surface;
mod tools;
mod updates;
mod whole;
