//! Work that a full-duplex model has delegated and nobody has answered yet.
//!
//! As with an open call, a rotation in the middle of it would lose what is being worked out. Unlike a
//! call, nothing obliges a caller to answer: so each counts as open for a bounded time only.

use std::{collections::BTreeMap, time::Duration};

use antiphon_protocol::{CommandId, Context, ContextKind, DelegationId, Time};

/// How long a delegation that nobody answers counts as work.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most delegations that are remembered; further ones do not count as work.
const REMEMBERED: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// By this command.
    Answered(CommandId),
    Released,
}

#[derive(Debug)]
struct Delegated {
    until: Time,
    state: State,
}

#[derive(Debug, Default)]
pub(crate) struct Delegations(BTreeMap<DelegationId, Delegated>);

impl Delegations {
    /// The model has delegated work.
    pub(crate) fn delegated(&mut self, now: Time, id: &DelegationId) {
        self.expire(now);
        if self.0.len() < REMEMBERED {
            self.0.entry(id.clone()).or_insert(Delegated {
                until: now + PATIENCE,
                state: State::Open,
            });
        }
    }

    /// A caller gives the model words: commentary on a delegation is its answer.
    pub(crate) fn told(&mut self, command: CommandId, context: &Context) {
        if context.kind == ContextKind::Commentary
            && let Some(id) = &context.delegation
            && let Some(delegated) = self.0.get_mut(id)
        {
            delegated.state = State::Answered(command);
        }
    }

    /// What was sent as `command` did not leave.
    pub(crate) fn returned(&mut self, command: CommandId) {
        for delegated in self.0.values_mut() {
            if delegated.state == State::Answered(command) {
                delegated.state = State::Open;
            }
        }
    }

    /// Nothing more will be said about it.
    pub(crate) fn release(&mut self, id: &DelegationId) {
        if let Some(delegated) = self.0.get_mut(id) {
            delegated.state = State::Released;
        }
    }

    /// The connection that delegated is gone.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many wait for an answer.
    pub(crate) fn open(&self) -> usize {
        self.waiting().count()
    }

    pub(crate) fn expire(&mut self, now: Time) {
        self.0.retain(|_, delegated| now < delegated.until);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.waiting().map(|delegated| delegated.until).min()
    }

    fn waiting(&self) -> impl Iterator<Item = &Delegated> {
        let all = self.0.values();
        all.filter(|delegated| delegated.state == State::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::ZERO;

    fn words(kind: ContextKind, about: &str) -> Context {
        Context {
            kind,
            text: "found".to_owned(),
            delegation: Some(about.into()),
        }
    }

    #[test]
    fn a_delegation_is_open_until_commentary_answers_it_and_again_when_that_comes_back() {
        let (mut delegations, answer) = (Delegations::default(), CommandId::new(1));
        delegations.delegated(NOW, &"d".into());
        delegations.delegated(NOW, &"d".into());
        delegations.told(answer, &words(ContextKind::Thinking, "d"));
        delegations.told(answer, &words(ContextKind::Commentary, "another"));
        assert_eq!(delegations.open(), 1);
        delegations.told(answer, &words(ContextKind::Commentary, "d"));
        assert_eq!((delegations.open(), delegations.poll_timeout()), (0, None));
        delegations.returned(CommandId::new(2));
        assert_eq!(delegations.open(), 0, "that was another command");
        delegations.returned(answer);
        assert_eq!(delegations.open(), 1);
        delegations.release(&"d".into());
        delegations.delegated(NOW, &"d".into());
        assert_eq!(delegations.open(), 0, "the same again is no more work");
    }

    #[test]
    fn what_nobody_answers_is_open_for_a_bounded_time_and_memory_is_bounded() {
        let mut delegations = Delegations::default();
        for n in 0..2 * REMEMBERED {
            delegations.delegated(NOW, &DelegationId::from(format!("{n}")));
        }
        assert_eq!(delegations.open(), REMEMBERED);
        assert_eq!(delegations.poll_timeout(), Some(NOW + PATIENCE));
        delegations.expire(NOW + PATIENCE);
        assert_eq!(delegations.open(), 0);
    }
}
