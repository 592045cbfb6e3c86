//! The wire types against frames of every shape, and against damaged ones.
//!
//! Everyday 20,000 damaged frames; with `ANTIPHON_TIER=nightly` two million. `ANTIPHON_SEED`
//! replays a run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test states what it expects by panicking, and says what it did"
)]

mod corpus;
mod damaged;
mod fixtures;
mod generate;
mod random;
mod recorded;
mod shapes;
mod whole;
