#![doc = include_str!("../README.md")]

mod builder;
mod changes;
mod engine;
mod error;
mod events;
mod handle;
mod port;
mod state;
#[cfg(feature = "testing")]
pub mod testing;

pub use self::{
    builder::SessionBuilder,
    engine::{Limits, UplinkPacing},
    error::{CallError, ConnectError, SessionError},
    events::{ClassCounts, EventFilter, Events, Observed, Observer},
    handle::{Delivery, Playback, Session},
    state::{ModelTurn, SessionState, Turn, UplinkMarks, UserTurn},
};

/// What replaces the network under a session; see [`SessionBuilder::dial`].
pub use antiphon_transport::Dial;
