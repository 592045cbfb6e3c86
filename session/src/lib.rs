#![doc = include_str!("../README.md")]

mod answer;
mod builder;
mod changes;
mod content;
mod engine;
mod error;
mod events;
mod halves;
mod handle;
mod port;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;
mod snapshot;
mod state;
#[cfg(feature = "recording")]
mod tape;
#[cfg(feature = "testing")]
pub mod testing;
mod update;

pub use self::{
    answer::Answer,
    builder::SessionBuilder,
    engine::{
        Budget, LateResults, LatencyTotals, Limits, Prices, TurnDerivation, UpdateProgress,
        UplinkPacing, UsageAccount, UsageTotals,
    },
    error::{CallError, ConnectError, SessionError},
    events::{ClassCounts, EventFilter, Events, Observed, Observer},
    halves::{Reading, Writing},
    handle::{Delivery, Playback, Session},
    snapshot::{ExposedSnapshot, Snapshot},
    state::{HistoryMarks, ModelTurn, SessionState, Turn, UplinkMarks, UserTurn},
    update::Update,
};

#[cfg(feature = "recording")]
pub use self::tape::Tape;

/// What replaces the network under a session; see [`SessionBuilder::dial`].
pub use antiphon_transport::Dial;
/// Why a command was not delivered; see [`SessionError::Undelivered`].
pub use antiphon_transport::Undelivered;
/// What is told the counts of a session's wires; see [`SessionBuilder::meter`].
pub use antiphon_transport::{Count, Meter};
