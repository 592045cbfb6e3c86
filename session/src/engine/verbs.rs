//! What callers ask, and what is due by the clock.

use std::sync::Arc;

use antiphon_protocol::{AudioChunk, Command, EndedCause, Time};
use antiphon_transport::{CloseRequest, Input, Output, Undelivered};

use super::{Caller, Engine, EngineCommand, EngineOutput, Outcome, Verb};
use crate::{Delivery, SessionError};

impl Engine {
    pub(super) fn command(&mut self, now: Time, command: EngineCommand) {
        match command {
            EngineCommand::Do {
                verb: Verb::Audio(data),
                ..
            } => {
                self.uplink.push_audio(now, data);
                if self.closing {
                    self.uplink.clear();
                }
            }
            EngineCommand::Do { id, verb } if self.closing => {
                drop(verb);
                let outcome = Outcome::Failed(SessionError::Ended);
                self.out
                    .push_back(Output::Up(EngineOutput::Resolve { id, outcome }));
            }
            EngineCommand::Do {
                id,
                verb: Verb::Mute(muted),
            } => {
                self.uplink.mute(muted);
                self.state.muted = muted;
                let delivery = Delivery {
                    command: id,
                    acknowledged: true,
                };
                let outcome = Outcome::Delivered(delivery);
                self.out
                    .push_back(Output::Up(EngineOutput::Resolve { id, outcome }));
            }
            EngineCommand::Do { id, verb } => {
                if let Some(unsupported) = self.reformats(&verb) {
                    let error = SessionError::Unsupported(Box::new(unsupported));
                    let outcome = Outcome::Failed(error);
                    return self
                        .out
                        .push_back(Output::Up(EngineOutput::Resolve { id, outcome }));
                }
                let wants_ack = match &verb {
                    Verb::Say(Command::Configure(config)) => {
                        self.updates.by_hand(id, Arc::clone(config));
                        self.acknowledges
                    }
                    Verb::Say(Command::Native(frame)) => {
                        self.merge_native(id, frame);
                        false
                    }
                    _ => false,
                };
                self.callers.insert(
                    id,
                    Caller {
                        wants_ack,
                        deadline: None,
                    },
                );
                match verb {
                    Verb::Update(update) => self.update(now, id, update),
                    Verb::Usage => {
                        let account = Box::new(self.usage.account());
                        self.resolve(id, Outcome::Usage(account));
                    }
                    Verb::Snapshot => {
                        let snapshot = Box::new(self.snapshot(now));
                        self.resolve(id, Outcome::Snapshot(snapshot));
                    }
                    verb => self.conversation.command(now, id, verb),
                }
            }
            EngineCommand::Played(played) => self.conversation.played(now, &played),
            EngineCommand::Silent { flushed } => self.conversation.silent(now, flushed),
            EngineCommand::Observe(filter) => self.observed = filter,
            EngineCommand::ReaderGone => self.inbox.shut(),
        }
    }

    pub(super) fn on_timeout(&mut self, now: Time) {
        self.conversation.on_timeout(now);
        self.updates.on_timeout(now);
        self.check_budget(now);
        if !self.is_open() {
            self.expire(now);
        }
        let late: Vec<_> = self
            .callers
            .iter()
            .filter(|(_, caller)| caller.deadline.is_some_and(|deadline| deadline <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.fail(id, SessionError::Deadline);
        }
        if self
            .inbox
            .full_since()
            .is_some_and(|since| since + self.limits.reader_stall <= now)
        {
            if self.limits.drop_media {
                let conversation = &mut self.conversation;
                let lost = |chunk: &AudioChunk| conversation.dropped(now, chunk);
                self.state.media_dropped += self.inbox.drop_media(now, lost) as u64;
            }
            // What is left is control, which is never dropped.
            if !self.inbox.has_room() && self.verdict.is_none() {
                self.verdict = Some(EndedCause::ReaderStalled);
                self.close(
                    now,
                    CloseRequest {
                        deadline: None,
                        dropped: false,
                    },
                );
            }
        }
    }

    /// Gives up what has waited too long, and says so.
    pub(super) fn expire(&mut self, now: Time) {
        for id in self.uplink.expire(now) {
            self.conversation.expired(now, id);
            self.fail(id, SessionError::Undelivered(Undelivered::NotLive));
        }
    }

    /// Ends the session, in order, when it has used up what it may.
    pub(super) fn check_budget(&mut self, now: Time) {
        if self.closing || self.verdict.is_some() {
            return;
        }
        if let Some(allowance) = self.usage.spent(now) {
            self.verdict = Some(EndedCause::OverBudget(allowance));
            self.close(
                now,
                CloseRequest {
                    deadline: None,
                    dropped: false,
                },
            );
        }
    }

    pub(super) fn close(&mut self, now: Time, request: CloseRequest) {
        if !self.closing {
            self.closing = true;
            for id in self.uplink.clear() {
                self.conversation.expired(now, id);
                self.fail(id, SessionError::Undelivered(Undelivered::Closing));
            }
        }
        self.tell_link(now, Input::Close(request));
    }
}
