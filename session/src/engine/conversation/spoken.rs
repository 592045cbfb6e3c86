//! Who speaks, on wires that do not say.
//!
//! The voice is an axis of its own there: what it says is told as a response without a name, which no
//! create asks for and no call belongs to. Responses that the wire itself tells of are work behind the
//! voice; gate and ledger know only those.

use antiphon_protocol::{
    AudioFormat, Event, ItemId, ResponseDone, ResponseStatus, Role, Speech, Time,
};

use super::{Conversation, Effect, Voices, level};

impl Conversation {
    /// The user's audio left for the provider.
    pub(crate) fn user_sound(&mut self, now: Time, format: AudioFormat, data: &[u8]) {
        let Some(voices) = &mut self.voices else {
            return;
        };
        let span = format.duration_of(format.samples_in_bytes(data.len()));
        if voices.user_sound(now, level(format, data), span) {
            self.event(now, Event::SpeechStarted(derived()));
        }
    }

    /// What an event says about who speaks, before it is taken in itself.
    pub(super) fn listen(&mut self, now: Time, event: &Event) {
        let Some(voices) = &mut self.voices else {
            return;
        };
        let (user, model) = match event {
            Event::Audio(chunk) => {
                let level = level(chunk.format, &chunk.data);
                let begins = voices.model_sound(now, level, chunk.duration());
                (false, begins)
            }
            Event::OutputTranscript(_) => (false, voices.model_words(now)),
            Event::InputTranscript(_) => (voices.user_words(now), false),
            _ => (false, false),
        };
        if user {
            self.event(now, Event::SpeechStarted(derived()));
        }
        if model {
            self.utterances += 1;
            self.expecting = None;
            self.deliver(Event::ResponseStarted { response: None });
        }
    }

    /// Whether the model speaks, on a wire that does not say.
    pub(super) fn speaks(&self) -> bool {
        self.voices.as_ref().is_some_and(Voices::model_speaks)
    }

    /// The model has fallen silent.
    fn spoke(&mut self, now: Time) {
        self.answering = false;
        self.history.complete(Role::Assistant);
        self.playhead.response_done(None);
        self.out.push_back(Effect::Healthy);
        self.utterance_done(ResponseStatus::Completed);
        self.pump(now);
    }

    /// Tells that what the model said is over.
    pub(super) fn utterance_done(&mut self, status: ResponseStatus) {
        self.deliver(Event::ResponseDone(ResponseDone {
            response: None,
            status,
            usage: None,
        }));
    }

    /// Gives what the model says the minted item of its utterance; such wires name none. Returns
    /// whether the event is silence of the track, which is part of nothing.
    pub(super) fn assign(&self, event: &mut Event) -> bool {
        let Some(voices) = &self.voices else {
            return false;
        };
        let speaks = voices.model_speaks();
        let item = match event {
            Event::Audio(chunk) => &mut chunk.item,
            Event::OutputTranscript(words) => &mut words.item,
            _ => return false,
        };
        if speaks && item.is_none() {
            *item = Some(ItemId::synthetic(self.utterances));
        }
        !speaks && item.is_none()
    }

    /// Ends what has been quiet for long enough.
    pub(super) fn fall_silent(&mut self, now: Time) {
        let Some(voices) = &mut self.voices else {
            return;
        };
        let fallen = voices.on_timeout(now);
        if fallen.user {
            self.history.complete(Role::User);
            self.event(now, Event::SpeechStopped(derived()));
        }
        if fallen.model {
            self.spoke(now);
        }
    }
}

const fn derived() -> Speech {
    Speech {
        item: None,
        at: None,
        derived: true,
    }
}
