//! What flows: effects to where they belong, waiting commands to the link, events to readers.

use antiphon_protocol::{Command, CommandId, Event, RotationCause, Time};
use antiphon_transport::{Input, LinkCommand, Output};

use super::{Departure, Effect, Engine, EngineOutput, WINDOW};

impl Engine {
    pub(super) fn on_effect(&mut self, now: Time, effect: Effect) {
        match effect {
            Effect::Deliver(event) => self.deliver(now, event),
            Effect::Ordered(id, command) => {
                if let Err(command) = self.uplink.push(now, id, command) {
                    self.conversation.undelivered(now, id, &command, false);
                    self.full(id);
                }
            }
            Effect::Recall(id) => self.uplink.withdraw(|waits| waits == id),
            Effect::Urgent(id, command) => self.send(now, id, command),
            Effect::Resolve(id, outcome) => self.resolve(id, outcome),
            Effect::VoidUnread => {
                let conversation = &self.conversation;
                let bytes = self.inbox.void(now, |chunk| conversation.is_void(chunk));
                self.conversation.voided(now, bytes);
            }
            Effect::Committed => self.uplink.committed(),
            Effect::Healthy => self.tell_link(now, Input::Command(LinkCommand::Healthy)),
        }
    }

    pub(super) fn send_waiting(&mut self, now: Time) -> bool {
        if !self.is_open() || self.link.pending_bytes() >= WINDOW {
            return false;
        }
        match self.uplink.depart(now) {
            None => false,
            Some(Departure::Silence(data)) => {
                self.next_audio += 1;
                self.send(now, CommandId::new(self.next_audio), Command::Audio(data));
                true
            }
            Some(Departure::Audio(data)) => {
                self.conversation
                    .user_sound(now, self.uplink.format(), &data);
                self.next_audio += 1;
                self.send(now, CommandId::new(self.next_audio), Command::Audio(data));
                true
            }
            Some(Departure::Ordered(id, command)) => {
                self.conversation.sent(now, id);
                self.send(now, id, command);
                true
            }
        }
    }

    /// Whether a connection takes commands. One that is being let go does not, and what is given
    /// meanwhile waits for the next one.
    pub(super) fn is_open(&self) -> bool {
        self.link.generation().is_some() && !self.closing
    }

    /// When the uplink has something to do by the clock alone; a full window waits for the wire.
    pub(super) fn uplink_timeout(&self) -> Option<Time> {
        if self.closing {
            return None;
        }
        let live = self.is_open();
        let held = live && self.link.pending_bytes() >= WINDOW;
        (!held).then(|| self.uplink.poll_timeout(live)).flatten()
    }

    pub(super) fn rotate_if_quiet(&mut self, now: Time) -> bool {
        let quiet = self.conversation.turn().is_idle();
        let due = self.rotation.take_if(|_| quiet);
        let live = self.state.generation.is_some() && !self.closing;
        let update =
            || (live && self.updates.wants_rotation(now, quiet)).then_some(RotationCause::Update);
        match due.or_else(update) {
            None => false,
            Some(cause) => {
                self.updates.rotation_asked();
                self.tell_link(now, Input::Command(LinkCommand::Rotate(cause)));
                true
            }
        }
    }

    pub(super) fn pause(&mut self, now: Time) -> bool {
        let paused = !self.inbox.has_room();
        if paused == self.read_paused {
            return false;
        }
        self.read_paused = paused;
        self.tell_link(now, Input::Command(LinkCommand::ReadPaused(paused)));
        true
    }

    pub(super) fn send(&mut self, now: Time, id: CommandId, command: Command) {
        self.tell_link(now, Input::Command(LinkCommand::Send { id, command }));
    }

    pub(super) fn deliver(&mut self, now: Time, event: Event) {
        if self.state.ended.is_some() {
            return;
        }
        if self.observed.passes(&event) {
            self.out
                .push_back(Output::Up(EngineOutput::Show(event.clone())));
        }
        if let (Event::Audio(chunk), false) = (&event, self.inbox.is_open()) {
            // Nobody will take it, so it counts as taken.
            self.conversation.taken(now, chunk);
        }
        self.inbox.push(now, event);
    }
}
