//! Who waits for what: each caller is answered once, from receipts or when time is up.

use std::time::Duration;

use antiphon_protocol::{CommandId, Time};
use antiphon_transport::{Output, Receipt, Undelivered};

use super::{AUDIO, Engine, EngineOutput, Outcome};
use crate::{Delivery, SessionError};

/// How long a provider may take to acknowledge a new configuration.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(10);
/// A caller whose command is not answered yet.
#[derive(Debug)]
pub(super) struct Caller {
    /// Whether only the provider's word is an answer.
    pub(super) wants_ack: bool,
    pub(super) deadline: Option<Time>,
}

impl Engine {
    pub(super) fn on_receipt(&mut self, now: Time, id: CommandId, receipt: Receipt) {
        if id.get() >= AUDIO {
            if let Receipt::Undelivered {
                why: Undelivered::WriteBufferFull,
                ..
            } = receipt
            {
                self.uplink.take_back(now);
            }
            return;
        }
        if self.on_update_receipt(now, id, &receipt) {
            return;
        }
        match receipt {
            Receipt::Written => self.written(now, id),
            Receipt::Acknowledged => {
                self.conversation.confirmed(now, id);
                self.delivered(id, true);
            }
            Receipt::Rejected(error) => {
                let absorbed = self.conversation.refused(now, id, error.benign);
                let outcome = Outcome::Failed(SessionError::Rejected(Box::new(error)));
                self.updates.by_hand_failed(id);
                (!absorbed).then(|| self.resolve(id, outcome));
            }
            Receipt::Unsupported(unsupported) => {
                self.conversation.expired(now, id);
                self.fail(id, SessionError::Unsupported(Box::new(unsupported)));
            }
            Receipt::Undelivered { command, why } => {
                let lost = why == Undelivered::Lost;
                self.conversation.undelivered(now, id, &command, lost);
                self.fail(id, SessionError::Undelivered(why));
            }
            _ => {}
        }
    }

    fn written(&mut self, now: Time, id: CommandId) {
        if !self.acknowledges {
            self.conversation.confirmed(now, id);
        }
        match self.callers.get_mut(&id) {
            Some(caller) if caller.wants_ack => caller.deadline = Some(now + ACKNOWLEDGEMENT),
            Some(_) => self.delivered(id, false),
            None => {}
        }
    }

    pub(super) fn delivered(&mut self, id: CommandId, acknowledged: bool) {
        self.updates.by_hand_accepted(id, !acknowledged);
        self.resolve(
            id,
            Outcome::Delivered(Delivery {
                command: id,
                acknowledged,
            }),
        );
    }

    pub(super) fn fail(&mut self, id: CommandId, error: SessionError) {
        self.updates.by_hand_failed(id);
        self.resolve(id, Outcome::Failed(error));
    }

    /// Answers a caller, once.
    pub(super) fn resolve(&mut self, id: CommandId, outcome: Outcome) {
        if self.callers.remove(&id).is_some() {
            self.out
                .push_back(Output::Up(EngineOutput::Resolve { id, outcome }));
        }
    }
}
