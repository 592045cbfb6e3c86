//! What the provider says: who said what, and what follows.

use super::{stopping::By, *};

impl Conversation {
    pub(crate) fn event(&mut self, now: Time, mut event: Event) {
        self.listen(now, &event);
        if self.assign(&mut event) {
            self.deliver(event);
            return self.pump(now);
        }
        match event {
            Event::Audio(mut chunk) => {
                self.gate.on_progress(now);
                if let Some(offset) = self.playhead.produced(now, &chunk) {
                    self.answering = self.voices.is_none() || self.speaks();
                    chunk.offset = offset;
                    self.timeline.speech(now, &chunk, offset);
                    self.deliver(Event::Audio(chunk));
                }
            }
            Event::ToolCall(call) => {
                self.gate.on_progress(now);
                if self.ledger.announce(&call, self.gate.response()) {
                    self.hold(now);
                    self.timeline.tool_called(now, &call.id);
                    self.history.on_call(&call);
                    self.deliver(Event::ToolCall(call));
                }
            }
            Event::Error(error) if error.benign => self.benign += 1,
            event => {
                self.remember(&event);
                self.note(now, &event);
                let speech = matches!(event, Event::SpeechStarted(_));
                let interrupts = matches!(event, Event::Interrupted { .. })
                    || (speech && self.manner.auto_interrupt);
                self.deliver(event);
                if interrupts {
                    self.interrupt(now, By::Provider);
                }
            }
        }
        self.pump(now);
    }

    /// Follows what an event says about who said what.
    pub(super) fn remember(&mut self, event: &Event) {
        match event {
            Event::ItemAdded { item, .. } | Event::ItemDone { item } => self.history.on_item(item),
            Event::ItemDeleted { item } => self.history.on_deleted(item),
            Event::InputCommitted { item, .. } => self.history.on_committed(item),
            Event::InputTranscript(words) => self.history.on_text(Role::User, words, true),
            Event::OutputTranscript(words) if !self.is_void_text(words) => {
                self.history.on_text(Role::Assistant, words, true);
            }
            Event::OutputText(words) if !self.is_void_text(words) => {
                self.history.on_text(Role::Assistant, words, false);
            }
            Event::ResponseDone(_) if self.voices.is_none() => self.history.on_response_done(),
            _ => {}
        }
    }

    /// Whether words belong to an answer that was interrupted before they came.
    pub(super) fn is_void_text(&self, words: &TextDelta) -> bool {
        self.playhead
            .is_void_item(words.item.as_ref(), words.response.as_ref())
    }

    /// Follows what an event says about turns, responses and items.
    pub(super) fn note(&mut self, now: Time, event: &Event) {
        match event {
            Event::SpeechStarted(_) => {
                self.user = UserTurn::Speaking;
                self.expecting = None;
            }
            Event::SpeechStopped(_) => {
                let before = self.timeline.speech_ended(now);
                self.timed(before);
                self.user_done(now);
            }
            Event::InputCommitted { .. } => {
                let before = self.timeline.committed(now);
                self.timed(before);
                self.user_done(now);
                self.out.push_back(Effect::Committed);
            }
            Event::ResponseStarted { response } => {
                self.expecting = None;
                self.answering = self.speaks();
                if self.gate.is_cancelling() {
                    self.playhead.void_response(response.clone());
                }
                self.gate.on_started(now, response.clone());
            }
            Event::OutputTranscript(_) | Event::OutputText(_) => {
                self.gate.on_progress(now);
                self.timeline.first_byte(now);
                self.answering = self.speaks() || (self.voices.is_none() && self.gate.is_active());
            }
            Event::AudioDone { item, .. } => self.playhead.complete(item.as_ref()),
            Event::ToolCallsCancelled { calls } => {
                self.ledger.cancel(calls);
            }
            Event::Delegation(delegation) => self.delegations.delegated(now, &delegation.id),
            Event::ResponseDone(done) => self.response_done(now, done),
            _ => {}
        }
    }

    pub(super) fn user_done(&mut self, now: Time) {
        self.user = UserTurn::Idle;
        if self.manner.auto_response && self.voices.is_none() && !self.gate.is_active() {
            self.expecting = Some(now + EXPECTATION);
        }
    }

    pub(super) fn response_done(&mut self, now: Time, done: &ResponseDone) {
        let response = done.response.as_ref();
        let cancelled = matches!(done.status, ResponseStatus::Cancelled { .. });
        self.answering = self.speaks();
        self.ledger.on_response_done(response, cancelled);
        // On wires without turns a response is work behind the voice, which goes on.
        if self.voices.is_none() {
            self.playhead.response_done(response);
        }
        if let Some(pending) = &mut self.interruption
            && !self.answering
        {
            pending.response_ended();
        }
        if done.status == ResponseStatus::Completed {
            self.out.push_back(Effect::Healthy);
        }
        // The follow-up takes its place before creates that wait: it belongs to this answer.
        self.follow_up();
        self.hold(now);
        self.gate.on_done(response);
    }
}
