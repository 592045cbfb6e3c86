//! The link: one pure machine across all connections of a session.
//!
//! It decides from facts, time and a seed alone: when to dial, how long to wait, when to change the
//! connection and when to give up. It keeps the provider's codec for each wire and does not know
//! what an event means.
//!
//! | from | to | when |
//! |---|---|---|
//! | `Idle` | `Dialing` | the first plan is there |
//! | `Idle` | `Closed` | closed, or the plan cannot be opened, or none came |
//! | `Dialing` | `Opening` | the wire is open |
//! | `Dialing` | `Waiting` | the dial failed and another may follow |
//! | `Dialing` | `Closed` | closed, or the dial failed for good |
//! | `Opening` | `Live` | the provider is ready |
//! | `Opening` | `Waiting` | the wire was lost and another may follow |
//! | `Opening` | `Closed` | closed, or lost for good |
//! | `Live` | `Draining` | closing, or changing to another connection where two may not be open |
//! | `Live` | `Dialing` | lost while the next one was being dialed |
//! | `Live` | `Opening` | lost while the next one was being opened |
//! | `Live` | `Waiting` | lost and another may follow |
//! | `Live` | `Closed` | lost for good |
//! | `Draining` | `Dialing` | the old wire is gone, the next plan is ready |
//! | `Draining` | `Closed` | closed |
//! | `Waiting` | `Dialing` | the wait is over and the next plan is there |
//! | `Waiting` | `Closed` | closed, or the plan cannot be opened, or none came |
//!
//! `Waiting` includes the moment in which the layer above makes the next plan. Where two
//! connections may be open, the next one is dialed and opened while the phase stays `Live`.

mod closing;
mod config;
mod connection;
mod defect;
mod handle;
mod opening;
mod outbox;
mod outputs;
mod recovery;
mod rotation;
mod schedule;
mod sending;
mod state;
mod timing;
mod words;

#[cfg(feature = "defects")]
#[doc(hidden)]
pub use self::defect::Defect;
pub use self::{
    config::LinkConfig,
    state::Link,
    words::{LinkCommand, LinkOutput, Receipt, Undelivered},
};
