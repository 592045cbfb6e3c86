//! Ways to break the tool runner, to prove that its tests would notice.
//!
//! Without the feature `simulation`, which only this crate's own tests turn on, no runner has one and the
//! questions cost nothing.

/// One way to break the tool runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "simulation"),
    expect(unreachable_pub, reason = "public with the feature only")
)]
#[cfg_attr(
    feature = "simulation",
    expect(
        clippy::exhaustive_enums,
        reason = "only tests ever see it, and run each of them"
    )
)]
pub enum Defect {
    /// A hand that takes up a call which has begun begins it again.
    RunTwice,
    /// Work that takes too long is not stopped, and nobody is told.
    DeadlineUnheeded,
    /// Who breaks down over a question has said yes.
    FailsOpen,
    /// A call that will not run is not answered.
    RefusalUntold,
}

/// The defect of a board, where it has one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flaw(#[cfg(feature = "simulation")] pub(crate) Option<Defect>);

impl Flaw {
    #[cfg(feature = "simulation")]
    pub(crate) fn is(self, defect: Defect) -> bool {
        self.0 == Some(defect)
    }

    #[cfg(not(feature = "simulation"))]
    #[expect(
        clippy::unused_self,
        reason = "the same question with and without the feature"
    )]
    pub(crate) const fn is(self, _defect: Defect) -> bool {
        false
    }
}
