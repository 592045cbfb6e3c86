//! From the state a caller desires to a connection that has it.
//!
//! What the live connection can take up is sent there; everything else waits for a quiet moment and
//! comes with a new connection. Wishes that wait are merged, and the last one wins. A refusal keeps
//! what was in force. A bridge message is handed out exactly once: with the plan of the connection
//! that came to life, or after the live connection has taken the wish up.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use antiphon_protocol::{
    CommandId, ConfigField, Fault, PeerText, Recovery, ServerError, SessionConfig, Time,
    UpdateOutcome,
};
use serde::Serialize;

/// How long a provider may take to say that it has taken a configuration up.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(10);
/// How long a caller waits beyond the time it gave the session to find a quiet moment.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections that may fail to come about, and times that the provider may refuse for the moment,
/// before a wish is given up.
const ATTEMPTS: u32 = 3;
/// How long a wish rests that the provider refuses for the moment; longer each time.
const REST: Duration = Duration::from_secs(2);
/// Where the numbers of these commands begin, apart from all others.
const OWN: u64 = 1 << 52;
/// Configurations that callers have sent by hand and that are not answered yet.
const BY_HAND: usize = 64;

/// A wish that is being fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateProgress {
    /// How many times it was sent, or a connection opened for it.
    pub attempts: u32,
    /// Whether it needs a new connection.
    pub rotates: bool,
}

/// What a caller wishes.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) config: Arc<SessionConfig>,
    pub(crate) bridge: Option<String>,
    /// How long a quiet moment may be waited for.
    pub(crate) quiet_within: Duration,
}

#[derive(Debug)]
enum Step {
    /// Sent on the live connection.
    Live {
        command: CommandId,
        sent: Arc<SessionConfig>,
        answer_by: Option<Time>,
    },
    /// Refused for the moment, and sent again then.
    Resting { until: Time },
    /// Needs a new connection, at a quiet moment; `asked` says that the link was told so.
    Waiting { asked: bool },
    /// A new connection is on its way with it.
    Rotating {
        planned: Arc<SessionConfig>,
        bridge: Option<String>,
    },
}

#[derive(Debug)]
struct Pending {
    config: Arc<SessionConfig>,
    bridge: Option<String>,
    callers: Vec<(CommandId, Time)>,
    attempts: u32,
    /// When a rotation is made without a quiet moment.
    rotate_by: Time,
    step: Step,
}

/// What is to be done, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum UpdateOut {
    /// Send this on the live connection.
    Configure(CommandId, Arc<SessionConfig>),
    /// The live connection is like this.
    InForce(Arc<SessionConfig>),
    /// Tell the model this, on the live connection.
    Bridge(String),
    /// Answer these callers.
    Answer(Vec<CommandId>, UpdateOutcome),
    /// Tell the reader.
    Tell(UpdateOutcome),
}

/// What a session is configured as, and what it shall be.
#[derive(Debug)]
pub(crate) struct Updates {
    live_fields: Vec<ConfigField>,
    /// Whether the provider says that it has carried something out.
    acknowledges: bool,
    in_force: Arc<SessionConfig>,
    pending: Option<Pending>,
    /// What callers have sent by hand, until it is answered; oldest first.
    by_hand: VecDeque<(CommandId, Arc<SessionConfig>)>,
    /// Native frames that count as accepted because they were written, with what they replaced.
    presumed: VecDeque<(CommandId, Arc<SessionConfig>, Arc<SessionConfig>)>,
    next_own: u64,
    out: VecDeque<UpdateOut>,
}

impl Updates {
    pub(crate) fn new(
        config: Arc<SessionConfig>,
        live_fields: &[ConfigField],
        acknowledges: bool,
    ) -> Self {
        Self {
            live_fields: live_fields.to_vec(),
            acknowledges,
            in_force: config,
            pending: None,
            by_hand: VecDeque::new(),
            presumed: VecDeque::new(),
            next_own: OWN,
            out: VecDeque::new(),
        }
    }

    /// What the session shall be, as far as it is known.
    pub(crate) fn desired(&self) -> &Arc<SessionConfig> {
        self.pending
            .as_ref()
            .map_or(&self.in_force, |pending| &pending.config)
    }

    pub(crate) fn progress(&self) -> Option<UpdateProgress> {
        self.pending.as_ref().map(|pending| UpdateProgress {
            attempts: pending.attempts,
            rotates: !matches!(pending.step, Step::Live { .. } | Step::Resting { .. }),
        })
    }

    /// What changes cannot be taken up by the live connection.
    pub(crate) fn needs_rotation(&self, config: &SessionConfig) -> bool {
        ConfigField::differing(&self.in_force, config)
            .iter()
            .any(|field| !self.live_fields.contains(field))
    }

    /// Takes in a wish. `live` says whether a connection could take it up.
    pub(crate) fn wish(&mut self, now: Time, caller: CommandId, wish: Wish, live: bool) {
        let rotate_by = now + wish.quiet_within;
        let answer_by = rotate_by + PATIENCE;
        if let Some(pending) = &mut self.pending {
            pending.config = wish.config;
            pending.bridge = wish.bridge.or(pending.bridge.take());
            pending.callers.push((caller, answer_by));
            pending.rotate_by = pending.rotate_by.min(rotate_by);
            if matches!(pending.step, Step::Waiting { .. }) {
                self.begin(live);
            }
            return;
        }
        self.pending = Some(Pending {
            config: wish.config,
            bridge: wish.bridge,
            callers: vec![(caller, answer_by)],
            attempts: 0,
            rotate_by,
            step: Step::Waiting { asked: false },
        });
        self.begin(live);
    }

    /// Sends the pending wish if the live connection can take it up; else it waits.
    fn begin(&mut self, live: bool) {
        let Some(config) = self.pending.as_ref().map(|pending| &pending.config) else {
            return;
        };
        if *config == self.in_force {
            return self.applied(true);
        }
        if !live || self.needs_rotation(config) {
            return;
        }
        self.next_own += 1;
        let command = CommandId::new(self.next_own);
        if let Some(pending) = &mut self.pending {
            pending.attempts = pending.attempts.saturating_add(1);
            pending.step = Step::Live {
                command,
                sent: Arc::clone(&pending.config),
                answer_by: None,
            };
            let config = Arc::clone(&pending.config);
            self.out.push_back(UpdateOut::Configure(command, config));
        }
    }

    /// The live connection has what is pending.
    fn applied(&mut self, confirmed: bool) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        self.in_force = Arc::clone(&pending.config);
        self.out
            .push_back(UpdateOut::InForce(Arc::clone(&self.in_force)));
        self.out.extend(pending.bridge.map(UpdateOut::Bridge));
        self.finish(pending.callers, UpdateOutcome::AppliedLive { confirmed });
    }

    fn failed(&mut self, reason: &str) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let reason = PeerText::new(reason);
        self.finish(pending.callers, UpdateOutcome::Failed { reason });
    }

    fn finish(&mut self, callers: Vec<(CommandId, Time)>, outcome: UpdateOutcome) {
        let callers = callers.into_iter().map(|(caller, _)| caller).collect();
        self.out.push_back(UpdateOut::Tell(outcome.clone()));
        self.out.push_back(UpdateOut::Answer(callers, outcome));
    }

    fn is_sent_as(&self, id: CommandId) -> bool {
        matches!(&self.pending, Some(Pending { step: Step::Live { command, .. }, .. })
            if *command == id)
    }

    /// A command was written. Returns whether it was one of these.
    pub(crate) fn written(&mut self, now: Time, id: CommandId) -> bool {
        if !self.is_sent_as(id) {
            return self.owns(id);
        }
        if !self.acknowledges {
            return self.accepted(id, false);
        }
        if let Some(Pending {
            step: Step::Live { answer_by, .. },
            ..
        }) = &mut self.pending
        {
            *answer_by = Some(now + ACKNOWLEDGEMENT);
        }
        true
    }

    /// A command was carried out; `confirmed` says whether by the provider's word. Returns whether it
    /// was one of these.
    pub(crate) fn accepted(&mut self, id: CommandId, confirmed: bool) -> bool {
        let Some(Pending {
            step: Step::Live { command, sent, .. },
            config,
            ..
        }) = &self.pending
        else {
            return false;
        };
        if *command != id {
            return false;
        }
        if sent == config {
            self.applied(confirmed);
        } else {
            // Another wish came meanwhile: this much of it is done.
            self.in_force = Arc::clone(sent);
            if let Some(pending) = &mut self.pending {
                pending.step = Step::Waiting { asked: false };
            }
            self.begin(true);
        }
        true
    }

    /// A command was refused. Returns whether it was one of these.
    pub(crate) fn refused(&mut self, now: Time, id: CommandId, error: &ServerError) -> bool {
        if !self.is_sent_as(id) {
            return false;
        }
        let superseded = matches!(&self.pending, Some(Pending { step: Step::Live { sent, .. }, config, .. })
            if sent != config);
        if superseded {
            if let Some(pending) = &mut self.pending {
                pending.step = Step::Waiting { asked: false };
            }
            self.begin(true);
        } else if let Some(pending) = &mut self.pending
            && is_momentary(error.fault)
            && pending.attempts < ATTEMPTS
        {
            pending.step = Step::Resting {
                until: now + REST * pending.attempts,
            };
        } else {
            self.failed(error.message.as_str());
        }
        true
    }

    /// The wire cannot say it, or it came back: a new connection will have it. Returns whether it
    /// was one of these.
    pub(crate) fn returned(&mut self, id: CommandId) -> bool {
        let ours = self.is_sent_as(id);
        if let Some(pending) = self.pending.as_mut().filter(|_| ours) {
            pending.step = Step::Waiting { asked: false };
        }
        ours
    }

    /// The connection is gone; the next one is opened with what is pending.
    pub(crate) fn lost(&mut self) {
        self.returned_all();
    }

    /// What was sent or asked for on a connection that no longer matters is still to be done.
    fn returned_all(&mut self) {
        if let Some(pending) = &mut self.pending
            && !matches!(pending.step, Step::Rotating { .. })
        {
            pending.step = Step::Waiting { asked: false };
        }
    }

    /// A provider whose model has other abilities.
    pub(crate) fn able(&mut self, live_fields: &[ConfigField]) {
        self.live_fields = live_fields.to_vec();
    }

    /// Whether a rotation should be made now.
    pub(crate) fn wants_rotation(&self, now: Time, quiet: bool) -> bool {
        self.pending.as_ref().is_some_and(|pending| {
            matches!(pending.step, Step::Waiting { asked: false })
                && (quiet || pending.rotate_by <= now)
        })
    }

    /// The link was told to rotate. It may have another connection on its way, and then it does not:
    /// what becomes of that one decides how to go on.
    pub(crate) fn rotation_asked(&mut self) {
        if let Some(pending) = &mut self.pending
            && matches!(pending.step, Step::Waiting { .. })
        {
            pending.step = Step::Waiting { asked: true };
        }
    }

    /// Whether a command is one of these.
    pub(crate) fn owns(&self, id: CommandId) -> bool {
        id.get() > OWN && id.get() <= self.next_own
    }

    /// What the next connection is opened with.
    pub(crate) fn plan(&mut self) -> (Arc<SessionConfig>, Option<String>) {
        let Some(pending) = &mut self.pending else {
            return (Arc::clone(&self.in_force), None);
        };
        // What an attempt in vain would have brought is brought by this one.
        if let Step::Rotating { bridge, .. } = &mut pending.step
            && pending.bridge.is_none()
        {
            pending.bridge = bridge.take();
        }
        let bridge = pending.bridge.take();
        pending.attempts = pending.attempts.saturating_add(1);
        pending.step = Step::Rotating {
            planned: Arc::clone(&pending.config),
            bridge: bridge.clone(),
        };
        (Arc::clone(&pending.config), bridge)
    }

    /// A connection is ready that was opened with what was planned.
    pub(crate) fn ready(&mut self, recovery: Recovery) {
        let Some(Pending {
            step: Step::Rotating { planned, .. },
            config,
            ..
        }) = &self.pending
        else {
            self.returned_all();
            return self.begin(true);
        };
        self.in_force = Arc::clone(planned);
        let complete = planned == config;
        self.out
            .push_back(UpdateOut::InForce(Arc::clone(&self.in_force)));
        if complete {
            if let Some(pending) = self.pending.take() {
                self.out.extend(pending.bridge.map(UpdateOut::Bridge));
                self.finish(pending.callers, UpdateOutcome::Rotated { recovery });
            }
        } else {
            if let Some(pending) = &mut self.pending {
                pending.step = Step::Waiting { asked: false };
            }
            self.begin(true);
        }
    }

    /// The new connection could not be had; the old one lives.
    pub(crate) fn rotation_failed(&mut self, fault: Fault, reason: &str) {
        let Some(pending) = self.pending.as_ref() else {
            return;
        };
        let refused = !matches!(
            fault,
            Fault::Network
                | Fault::Timeout
                | Fault::RateLimit
                | Fault::Overloaded
                | Fault::Server
                | Fault::Closed
                | Fault::Unknown
        );
        if matches!(pending.step, Step::Waiting { .. }) {
            return self.returned_all();
        }
        if matches!(pending.step, Step::Rotating { .. })
            && (refused || pending.attempts >= ATTEMPTS)
        {
            self.failed(reason);
        }
    }

    /// A caller configures by hand.
    pub(crate) fn by_hand(&mut self, id: CommandId, config: Arc<SessionConfig>) {
        if self.by_hand.len() >= BY_HAND {
            self.by_hand.pop_front();
        }
        self.by_hand.push_back((id, config));
    }

    /// What was configured by hand is in force; what was asked for before it is overruled.
    pub(crate) fn by_hand_accepted(&mut self, id: CommandId, native: bool) {
        let Some(place) = self.by_hand.iter().position(|(wanted, _)| *wanted == id) else {
            return;
        };
        let config = self.by_hand.drain(..=place).next_back();
        if let Some((_, config)) = config {
            if native {
                if self.presumed.len() >= BY_HAND {
                    self.presumed.pop_front();
                }
                let before = Arc::clone(&self.in_force);
                self.presumed.push_back((id, before, Arc::clone(&config)));
            }
            self.in_force = config;
            self.out
                .push_back(UpdateOut::InForce(Arc::clone(&self.in_force)));
        }
    }

    /// What was configured by hand did not come to be.
    pub(crate) fn by_hand_failed(&mut self, id: CommandId) {
        self.by_hand.retain(|(wanted, _)| *wanted != id);
        let presumed = self.presumed.iter().position(|(told, ..)| *told == id);
        if let Some((_, before, after)) = presumed.and_then(|place| self.presumed.remove(place))
            && Arc::ptr_eq(&after, &self.in_force)
        {
            self.in_force = before;
            self.out
                .push_back(UpdateOut::InForce(Arc::clone(&self.in_force)));
        }
    }

    /// A native frame changes what is pending, too.
    pub(crate) fn merge_pending(
        &mut self,
        merge: impl FnOnce(&SessionConfig) -> Option<SessionConfig>,
    ) {
        if let Some(pending) = &mut self.pending
            && let Some(config) = merge(&pending.config)
        {
            pending.config = Arc::new(config);
        }
    }

    pub(crate) fn in_force(&self) -> &Arc<SessionConfig> {
        &self.in_force
    }

    pub(crate) fn poll_output(&mut self) -> Option<UpdateOut> {
        self.out.pop_front()
    }

    pub(crate) fn poll_timeout(&self, live: bool) -> Option<Time> {
        let pending = self.pending.as_ref()?;
        let callers = pending.callers.iter().map(|(_, by)| *by).min();
        let step = match &pending.step {
            Step::Live { answer_by, .. } => *answer_by,
            Step::Resting { until } => Some(*until),
            Step::Waiting { asked } => (live && !asked).then_some(pending.rotate_by),
            Step::Rotating { .. } => None,
        };
        [callers, step].into_iter().flatten().min()
    }

    pub(crate) fn on_timeout(&mut self, now: Time) {
        let unanswered = match &self.pending {
            Some(Pending {
                step:
                    Step::Live {
                        command,
                        answer_by: Some(by),
                        ..
                    },
                ..
            }) if *by <= now => Some(*command),
            _ => None,
        };
        if let Some(command) = unanswered {
            self.accepted(command, false);
        }
        if let Some(Pending { step, .. }) = &mut self.pending
            && matches!(step, Step::Resting { until } if *until <= now)
        {
            *step = Step::Waiting { asked: false };
            self.begin(true);
        }
        if let Some(pending) = &mut self.pending {
            let (late, rest) = pending.callers.drain(..).partition(|(_, by)| *by <= now);
            pending.callers = rest;
            let late: Vec<_> = late;
            if !late.is_empty() {
                let late = late.into_iter().map(|(caller, _)| caller).collect();
                self.out
                    .push_back(UpdateOut::Answer(late, UpdateOutcome::Pending));
            }
        }
    }
}

/// Whether a provider that refuses for this may soon accept the same.
const fn is_momentary(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Timeout | Fault::RateLimit | Fault::Overloaded | Fault::Server
    )
}

#[cfg(test)]
mod tests;
