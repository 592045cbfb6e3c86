//! What one conversation amounted to, and whether everything held.

use std::{fmt, time::Duration};

/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Faults that struck the wire.
    pub faults: u64,
    /// New connections.
    pub rotations: u64,
    /// Tool calls.
    pub tools: u64,
    /// Of those, calls that became void.
    pub void_calls: u64,
    /// Settled interruptions.
    pub interruptions: u64,
    /// Changes of the configuration.
    pub updates: u64,
    /// Decisions about calls that need approval.
    pub approvals: u64,
    /// Questions of the caller.
    pub questions: u64,
    /// Samples that the speaker played.
    pub played: u64,
    /// Frames, both ways.
    pub frames: u64,
    /// How long it all took, in virtual time.
    pub virtual_time: Duration,
}

impl Counts {
    /// Adds another conversation's.
    pub fn add(&mut self, other: &Self) {
        self.faults += other.faults;
        self.rotations += other.rotations;
        self.tools += other.tools;
        self.void_calls += other.void_calls;
        self.interruptions += other.interruptions;
        self.updates += other.updates;
        self.approvals += other.approvals;
        self.questions += other.questions;
        self.played += other.played;
        self.frames += other.frames;
        self.virtual_time += other.virtual_time;
    }

    /// The kinds of things of which none happened, though each should.
    pub fn missing(&self) -> Vec<&'static str> {
        [
            ("faults", self.faults),
            ("rotations", self.rotations),
            ("tools", self.tools),
            ("interruptions", self.interruptions),
            ("updates", self.updates),
            ("approvals", self.approvals),
            ("questions", self.questions),
            ("played samples", self.played),
        ]
        .into_iter()
        .filter_map(|(name, count)| (count == 0).then_some(name))
        .collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "faults={} rotations={} tools={} void={} interruptions={} updates={} approvals={} \
             questions={} frames={}",
            self.faults,
            self.rotations,
            self.tools,
            self.void_calls,
            self.interruptions,
            self.updates,
            self.approvals,
            self.questions,
            self.frames
        )
    }
}

/// One conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// The wire it was held over.
    pub wire: &'static str,
    /// How much happened.
    pub counts: Counts,
    /// Over every frame, its direction and its time.
    pub hash: u64,
    /// What did not hold.
    pub failures: Vec<String>,
}

impl Report {
    pub(super) fn new(seed: u64, wire: &'static str) -> Self {
        Self {
            seed,
            wire,
            counts: Counts::default(),
            hash: 0,
            failures: Vec::new(),
        }
    }

    pub(super) fn failed(seed: u64, why: &str) -> Self {
        let mut report = Self::new(seed, "?");
        report.fail(why.to_owned());
        report
    }

    pub(super) fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    pub(super) fn fail_unless(&mut self, holds: bool, why: impl FnOnce() -> String) {
        if !holds {
            self.fail(why());
        }
    }
}
