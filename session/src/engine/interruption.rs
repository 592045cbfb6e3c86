//! One interruption on its way to being settled.
//!
//! It waits for the response to end and for each truncate and delete to be answered, but never past
//! its deadline.

use std::{collections::BTreeSet, time::Duration};

use antiphon_protocol::{CommandId, Interruption, Time};

/// How long a provider may take to confirm.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Pending {
    /// Calls of `interrupt()` that wait for it; none when the user's speech began it.
    pub(crate) callers: Vec<CommandId>,
    /// Truncates and deletes that are not answered yet.
    awaited: BTreeSet<CommandId>,
    /// Whether the response has still to end.
    response_open: bool,
    refused: bool,
    /// Whether it is known what of it nobody had read.
    counted: bool,
    report: Interruption,
    deadline: Time,
}

impl Pending {
    pub(crate) fn new(now: Time, report: Interruption, response_open: bool) -> Self {
        Self {
            callers: Vec::new(),
            awaited: BTreeSet::new(),
            response_open,
            refused: false,
            counted: false,
            report,
            deadline: now + PATIENCE,
        }
    }

    pub(crate) fn wait_for(&mut self, id: CommandId) {
        self.awaited.insert(id);
    }

    /// A truncate or delete was answered. Returns whether it was one of these.
    pub(crate) fn answered(&mut self, id: CommandId, carried_out: bool) -> bool {
        let ours = self.awaited.remove(&id);
        self.refused |= ours && !carried_out;
        ours
    }

    /// Bytes of unread audio that were removed; without that the report is not whole.
    pub(crate) fn voided(&mut self, bytes: usize) {
        self.counted = true;
        self.report.unread_bytes += bytes;
    }

    /// The wire has no word to stop the model with: only this side fell silent.
    pub(crate) fn leave_running(&mut self) {
        self.refused = true;
    }

    pub(crate) fn response_ended(&mut self) {
        self.response_open = false;
    }

    /// Nobody will answer any more: the connection is gone.
    pub(crate) fn abandon(&mut self) {
        self.refused |= !self.awaited.is_empty();
        self.awaited.clear();
        self.response_open = false;
    }

    #[cfg(test)]
    pub(crate) fn report(&self) -> &Interruption {
        &self.report
    }

    pub(crate) fn deadline(&self) -> Time {
        self.deadline
    }

    /// The report, once all is answered or the deadline has come.
    pub(crate) fn settle(&self, now: Time) -> Option<Interruption> {
        let answered = self.awaited.is_empty() && !self.response_open;
        let whole = answered && self.counted;
        if !whole && now < self.deadline {
            return None;
        }
        Some(Interruption {
            confirmed: answered && !self.refused,
            ..self.report.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_settles_when_all_is_answered_and_at_the_latest_at_its_deadline() {
        let one = CommandId::new(1);
        let mut pending = Pending::new(Time::ZERO, Interruption::default(), true);
        pending.voided(0);
        pending.wait_for(one);
        assert_eq!(pending.settle(Time::ZERO), None);
        assert!(pending.answered(one, true));
        assert!(!pending.answered(one, true));
        assert_eq!(pending.settle(Time::ZERO), None, "the response is open");
        let late = pending.settle(Time::ZERO + PATIENCE);
        assert_eq!(late.map(|report| report.confirmed), Some(false));
        pending.response_ended();
        assert_eq!(
            pending.settle(Time::ZERO).map(|report| report.confirmed),
            Some(true)
        );
    }

    #[test]
    fn it_does_not_settle_before_it_is_known_what_nobody_had_read() {
        let mut pending = Pending::new(Time::ZERO, Interruption::default(), false);
        assert_eq!(pending.settle(Time::ZERO), None);
        pending.voided(960);
        let report = pending.settle(Time::ZERO);
        assert_eq!(report.map(|report| report.unread_bytes), Some(960));
    }

    #[test]
    fn a_refusal_or_a_lost_connection_settles_without_confirmation() {
        let one = CommandId::new(1);
        let mut refused = Pending::new(Time::ZERO, Interruption::default(), false);
        refused.voided(0);
        refused.wait_for(one);
        refused.answered(one, false);
        assert_eq!(
            refused.settle(Time::ZERO).map(|report| report.confirmed),
            Some(false)
        );

        let mut lost = Pending::new(Time::ZERO, Interruption::default(), true);
        lost.voided(0);
        lost.wait_for(one);
        lost.abandon();
        assert_eq!(
            lost.settle(Time::ZERO).map(|report| report.confirmed),
            Some(false)
        );
    }
}
