//! What one conversation amounted to, and whether everything held.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::faults;

/// How much happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Faults that struck the wire, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// New connections.
    pub rotations: u64,
    /// Tool calls.
    pub tools: u64,
    /// Of those, calls that became void.
    pub void_calls: u64,
    /// Settled interruptions.
    pub interruptions: u64,
    /// Changes of the configuration that were made.
    pub updates: u64,
    /// Of those, changes with words for the model.
    pub bridges: u64,
    /// Calls that were approved.
    pub approved: u64,
    /// Calls that were denied.
    pub denied: u64,
    /// Calls about which nothing was decided in time.
    pub undecided: u64,
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
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        self.rotations += other.rotations;
        self.tools += other.tools;
        self.void_calls += other.void_calls;
        self.interruptions += other.interruptions;
        self.updates += other.updates;
        self.bridges += other.bridges;
        self.approved += other.approved;
        self.denied += other.denied;
        self.undecided += other.undecided;
        self.questions += other.questions;
        self.played += other.played;
        self.frames += other.frames;
        self.virtual_time += other.virtual_time;
    }

    /// The kinds of things of which none happened, though each should.
    pub fn missing(&self) -> Vec<&'static str> {
        let counted = [
            ("rotations", self.rotations),
            ("tools", self.tools),
            ("interruptions", self.interruptions),
            ("updates", self.updates),
            ("bridges", self.bridges),
            ("approved", self.approved),
            ("denied", self.denied),
            ("undecided", self.undecided),
            ("questions", self.questions),
            ("played samples", self.played),
        ];
        let faults = faults::KINDS
            .iter()
            .map(|kind| (*kind, self.faults.get(kind).copied().unwrap_or_default()));
        let all = counted.into_iter().chain(faults);
        all.filter_map(|(name, count)| (count == 0).then_some(name))
            .collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        write!(
            f,
            "faults={faults} rotations={} tools={} void={} interruptions={} updates={} bridges={} \
             approvals={}+{}+{} questions={} frames={}",
            self.rotations,
            self.tools,
            self.void_calls,
            self.interruptions,
            self.updates,
            self.bridges,
            self.approved,
            self.denied,
            self.undecided,
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
    /// Over every input and output of the machines: the session's engine, the link in it, the
    /// emulated server; and every frame between them.
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
