//! What one conversation amounted to, and whether everything held.

use std::{collections::BTreeMap, fmt, time::Duration};

use antiphon_protocol::RotationCause;

use super::faults;

/// How much happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Faults that struck the wire, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Calls, by the wire they were held over.
    pub wires: BTreeMap<&'static str, u64>,
    /// New connections.
    pub rotations: u64,
    /// What made those necessary, and what was made in vain.
    pub causes: BTreeMap<&'static str, u64>,
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
        add(&mut self.faults, &other.faults);
        add(&mut self.wires, &other.wires);
        add(&mut self.causes, &other.causes);
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
        let none = |kinds: &BTreeMap<&'static str, u64>, kind: &'static str| {
            (!kinds.contains_key(kind)).then_some(kind)
        };
        let zero = counted.into_iter().filter(|(_, count)| *count == 0);
        let faults = faults::KINDS.iter();
        let causes = CAUSES.iter();
        zero.map(|(name, _)| name)
            .chain(faults.filter_map(|kind| none(&self.faults, kind)))
            .chain(causes.filter_map(|cause| none(&self.causes, cause)))
            .collect()
    }

    /// The mean time between two faults; `None` without any.
    pub fn between_faults(&self) -> Option<Duration> {
        let faults = u32::try_from(self.faults.values().sum::<u64>()).ok()?;
        self.virtual_time.checked_div(faults)
    }
}

/// What new connections must have been made for, in a range of calls.
const CAUSES: &[&str] = &["limit", "go-away", "drop", "dead-peer", "update"];

/// A word for each cause of a new connection.
pub(super) const fn cause(cause: RotationCause) -> &'static str {
    match cause {
        RotationCause::Limit => "limit",
        RotationCause::GoAway => "go-away",
        RotationCause::Drop => "drop",
        RotationCause::DeadPeer => "dead-peer",
        RotationCause::Update => "update",
        RotationCause::Failures => "failures",
        _ => "other",
    }
}

fn add(sum: &mut BTreeMap<&'static str, u64>, more: &BTreeMap<&'static str, u64>) {
    for (kind, count) in more {
        *sum.entry(kind).or_default() += count;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        write!(
            f,
            "faults={faults} one_in={:.0}s rotations={} tools={} void={} interruptions={} updates={} bridges={} \
             approvals={}+{}+{} questions={} frames={}",
            self.between_faults().unwrap_or_default().as_secs_f64(),
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
        )?;
        for (name, kinds) in [
            ("faults", &self.faults),
            ("rotations", &self.causes),
            ("calls", &self.wires),
        ] {
            let kinds: Vec<_> = kinds
                .iter()
                .map(|(kind, n)| format!("{kind}={n}"))
                .collect();
            write!(f, "\n{name}: {}", kinds.join(" "))?;
        }
        Ok(())
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
