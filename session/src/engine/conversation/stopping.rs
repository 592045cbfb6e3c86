//! Interruption: flush, cancel, shorten to what was heard.

use super::*;
use crate::engine::playhead::Stopped;

/// Who stops the model.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// A caller, who also takes back what was asked for.
    Caller(CommandId),
    /// The provider, because the user spoke.
    Provider,
    /// The answer of a tool that is to be taken up at once.
    Answer,
}

impl Conversation {
    /// Stops the model.
    pub(super) fn interrupt(&mut self, now: Time, by: By) {
        let caller = match by {
            By::Caller(caller) => Some(caller),
            By::Provider | By::Answer => None,
        };
        let cancels = !matches!(by, By::Provider);
        if caller.is_some() {
            for voided in self.gate.void_waiting() {
                self.follow_ups.retain(|(create, _)| *create != voided);
                self.fail(voided, SessionError::Interrupted);
            }
        }
        if let Some(pending) = &mut self.interruption {
            pending.callers.extend(caller);
            if cancels {
                self.cancel();
            }
            return;
        }
        // By the caller's word a response that was only asked for is stopped too.
        let responding = if caller.is_some() {
            self.gate.is_open()
        } else {
            self.gate.is_active()
        } || self.speaks();
        let stopped = self.playhead.interrupt(now, responding);
        if stopped.is_empty() && !responding {
            if let Some(caller) = caller {
                let nothing = Outcome::Interrupted(Interruption {
                    confirmed: true,
                    ..Interruption::default()
                });
                self.out.push_back(Effect::Resolve(caller, nothing));
            }
            return;
        }
        let reports = !self.playhead.is_imagined() && !stopped.is_empty();
        self.timeline.interrupted(now, reports);
        self.playhead.void_response(self.gate.response().cloned());
        self.out.push_back(Effect::VoidUnread);
        if cancels {
            self.cancel();
        }
        let items = stopped
            .iter()
            .map(|stopped| stopped.heard.clone())
            .collect();
        for stopped in &stopped {
            self.history.on_interrupted(&stopped.heard);
        }
        let report = Interruption {
            items,
            estimated: self.playhead.is_imagined(),
            ..Interruption::default()
        };
        // Without a cancel nothing tells when the model has stopped: what can be done is done here.
        let stoppable = !cancels || self.manner.cancel;
        let mut pending = Pending::new(now, report, responding && stoppable);
        if responding && !stoppable {
            pending.leave_running();
        }
        pending.callers.extend(caller);
        for stopped in stopped {
            if let Some(command) = self.shortening(stopped) {
                let id = self.own();
                pending.wait_for(id);
                self.out.push_back(Effect::Urgent(id, command));
            }
        }
        self.interruption = Some(pending);
    }

    /// What tells the provider how much of an item was heard, where its wire has a word for that.
    fn shortening(&self, stopped: Stopped) -> Option<Command> {
        let item = stopped
            .heard
            .item
            .filter(|item| !item.is_synthetic() && !stopped.orphan)?;
        let heard = stopped.heard.heard;
        // The wire counts in whole milliseconds; less than one was not heard.
        if self.manner.format.millis_of(heard) == 0 {
            return self.manner.delete.then_some(Command::DeleteItem(item));
        }
        let content_index = stopped.content_index;
        self.manner.truncate.then_some(Command::Truncate {
            item,
            content_index,
            heard,
        })
    }

    /// The player has fallen silent; with `flushed` it has thrown away what it was given and had not
    /// played, and that will not be heard.
    pub(crate) fn silent(&mut self, now: Time, flushed: bool) {
        self.timeline.silent(now);
        if flushed {
            for stopped in self.playhead.flushed() {
                self.history.on_interrupted(&stopped.heard);
                if let Some(command) = self.shortening(stopped) {
                    let id = self.own();
                    self.out.push_back(Effect::Urgent(id, command));
                }
            }
        }
        self.pump(now);
    }

    pub(super) fn cancel(&mut self) {
        if !self.manner.cancel {
            return;
        }
        let id = self.own();
        self.gate.cancel(id);
        self.pump_gate();
    }

    /// How many bytes of unread audio the interruption removed.
    pub(crate) fn voided(&mut self, now: Time, bytes: usize) {
        if let Some(pending) = &mut self.interruption {
            pending.voided(bytes);
        }
        self.pump(now);
    }

    /// The calls of `interrupt()` that nobody will answer, when the session is over.
    pub(crate) fn abandon(&mut self) {
        if let Some(pending) = &mut self.interruption {
            pending.abandon();
        }
    }

    /// The interruption that is not settled yet.
    #[cfg(test)]
    pub(crate) fn interrupting(&self) -> Option<&Interruption> {
        self.interruption.as_ref().map(Pending::report)
    }

    /// Whether these words belong to something that was interrupted.
    #[cfg(test)]
    pub(crate) fn is_unsaid(&self, words: &TextDelta) -> bool {
        self.is_void_text(words)
    }
}
