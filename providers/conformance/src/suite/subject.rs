//! What the suite is run against: a plug-in, and a peer that speaks the other side of its wire.

use std::sync::Arc;

use antiphon_protocol::{Provider, SessionConfig};
use antiphon_transport::{Clock, testing::MemoryDial};

use super::scene::Scene;

/// What a peer is told before a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// What the first connection plays.
    pub scene: Scene,
    /// What later connections play, where it is another.
    pub then: Option<Scene>,
    /// Whether the key of [`Subject::provider`] is refused.
    pub refuse: bool,
}

/// A plug-in under test, and the server it is tested against.
///
/// Each scenario asks for a fresh peer. The peer is a synchronous machine behind a [`MemoryDial`]:
/// scenarios run under virtual time, so an hour of call takes no time.
pub trait Subject: Send + Sync {
    /// The name that the suite prints.
    fn name(&self) -> &str;

    /// The plug-in, with a key.
    fn provider(&self) -> Arc<dyn Provider>;

    /// A configuration that the wire takes; scenarios change what they are about.
    fn config(&self) -> SessionConfig;

    /// A peer that plays `stage`. Where it tells times by the calendar, the origin of `clock` is
    /// [`antiphon_emulator::DAY`].
    fn peer(&self, stage: &Stage, clock: Clock) -> MemoryDial;

    /// Scenarios that cannot be played here, each with the reason that is printed. A scenario that
    /// the capabilities rule out is skipped by the suite itself and need not stand here.
    fn skips(&self) -> &[(&'static str, &'static str)] {
        &[]
    }
}
