//! Ways to break a session, to prove that the simulator would notice.
//!
//! Without the feature `simulation`, which only the simulator turns on, no session has one and the
//! questions cost nothing.

/// One way to break a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "simulation"),
    expect(unreachable_pub, reason = "public with the feature only")
)]
#[cfg_attr(
    feature = "simulation",
    expect(
        clippy::exhaustive_enums,
        reason = "only the simulator ever sees it, and runs each of them"
    )
)]
pub enum Defect {
    /// The gate lets creates through while a response runs.
    GateOpen,
    /// Calls of a lost connection stay open, and their answers go to the next one.
    LedgerUnfenced,
    /// What a player reports counts as heard, though it was never produced.
    PlayheadUnclamped,
    /// Answers that waited when the connection was lost leave on the next one.
    ResultsKept,
    /// The model is asked to go on at the first answer of a batch.
    FollowUpPerAnswer,
    /// The model is not asked to go on.
    FollowUpLost,
    /// Each batch asks for a follow-up of its own, though one waits that follows it.
    FollowUpPerBatch,
    /// Each answer to a call leaves twice.
    AnsweredTwice,
    /// Void calls are answered like any other.
    VoidAnswered,
    /// Some of the caller's audio vanishes.
    AudioLeaks,
    /// Commands that wait for a connection vanish when it comes.
    CommandsLost,
    /// Words that were not heard stay in the history.
    UnheardKept,
    /// Nobody is told of the end.
    EndUntold,
}

/// The defect of a part, where it has one.
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
