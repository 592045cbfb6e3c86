//! Commands out, frames in, and what the codec makes of both.

use antiphon_protocol::{
    Command, CommandClass, CommandId, Effect, End, Event, Frame, Generation, How, ServerError,
    Signal, Stage, Time, WireSeq,
};

use super::{Link, LinkOutput, Receipt, Undelivered, defect::Defect, schedule::Schedule};
use crate::WireAction;

/// What urgent commands may use beyond the write buffer, in bytes: a cancel must get through while
/// audio waits.
const URGENT_RESERVE: usize = 64 * 1024;

impl Link {
    pub(super) fn send(&mut self, now: Time, id: CommandId, command: Command) {
        let refusal = self.refusal(&command);
        if let Some(why) = refusal {
            return self.undelivered(id, command, why);
        }
        let mut effects = std::mem::take(&mut self.effects);
        let Some(current) = &mut self.current else {
            return self.undelivered(id, command, Undelivered::NotLive);
        };
        let generation = current.generation;
        if let Err(unsupported) = current.codec.encode(id, &command, &mut effects) {
            effects.clear();
            self.effects = effects;
            return self.receipt(id, Receipt::Unsupported(unsupported));
        }
        if self.is_too_large(&effects) {
            // The places of its frames are used up, because the codec has counted them.
            for effect in effects.drain(..) {
                if let (Effect::Send(_), Some(current)) = (effect, &mut self.current) {
                    current.outbox.skip();
                }
            }
            self.effects = effects;
            return self.undelivered(id, command, Undelivered::TooLarge);
        }
        match self.transmit_all(now, generation, &mut effects) {
            Some(last) => {
                if let Some(current) = &mut self.current {
                    current.outbox.command(id, command, last);
                }
            }
            // It had nothing to say on this wire, and that is said.
            None => self.receipt(id, Receipt::Written),
        }
        self.take_effects(now, generation, effects);
    }

    fn refusal(&self, command: &Command) -> Option<Undelivered> {
        if self.closed || self.closing.is_some() {
            return Some(Undelivered::Closing);
        }
        let Some(current) = self.current.as_ref().filter(|current| current.is_live()) else {
            return Some(Undelivered::NotLive);
        };
        let reserve = match command.class() {
            CommandClass::Urgent => URGENT_RESERVE,
            CommandClass::Ordered | CommandClass::Audio => 0,
        };
        let limit = self.config.write_buffer.saturating_add(reserve);
        (current.outbox.weight() >= limit).then_some(Undelivered::WriteBufferFull)
    }

    fn is_too_large(&self, effects: &[Effect]) -> bool {
        let stated = self.capabilities.limits.message_bytes;
        let limit = stated.map_or(self.config.max_frame, |bytes| {
            usize::try_from(bytes).map_or(self.config.max_frame, |bytes| {
                bytes.min(self.config.max_frame)
            })
        });
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Send(frame) if frame.len() > limit))
    }

    /// Transmits the frames among `effects`, leaving the rest. Returns the place of the last one.
    fn transmit_all(
        &mut self,
        now: Time,
        generation: Generation,
        effects: &mut Vec<Effect>,
    ) -> Option<WireSeq> {
        // Nearly every command is one frame.
        if matches!(effects.as_slice(), [Effect::Send(_)])
            && let Some(Effect::Send(frame)) = effects.pop()
        {
            return self.transmit(now, generation, frame);
        }
        let mut last = None;
        effects.retain_mut(|effect| {
            let Effect::Send(frame) = effect else {
                return true;
            };
            let frame = std::mem::replace(frame, Frame::binary(Vec::new()));
            last = self.transmit(now, generation, frame).or(last);
            false
        });
        last
    }

    fn transmit(&mut self, now: Time, generation: Generation, frame: Frame) -> Option<WireSeq> {
        let connection = self.connection(generation)?;
        if connection.is_hung_up() {
            // Its place is used up, because the codec has counted it.
            connection.outbox.skip();
            return None;
        }
        if connection.outbox.bytes() == 0 {
            connection.progress = now;
        }
        let seq = connection.outbox.frame(frame.len());
        self.act(WireAction::Transmit {
            generation,
            seq,
            frame,
        });
        Some(seq)
    }

    pub(super) fn frame(&mut self, now: Time, generation: Generation, frame: &Frame) {
        let mut effects = std::mem::take(&mut self.effects);
        if let Some(connection) = self.connection(generation) {
            connection.hear(now);
            connection.codec.decode(frame, &mut effects);
        }
        self.take_effects(now, generation, effects);
    }

    /// Carries out, in order, what a codec made. The emptied buffer is kept for the next time.
    pub(super) fn take_effects(
        &mut self,
        now: Time,
        generation: Generation,
        mut effects: Vec<Effect>,
    ) {
        if effects.is_empty() {
            self.effects = effects;
            return;
        }
        for effect in effects.drain(..) {
            match effect {
                Effect::Event(event) => self.event(now, generation, event),
                Effect::Send(frame) => {
                    self.transmit(now, generation, frame);
                }
                Effect::Signal(signal) => self.signal(now, generation, signal),
            }
        }
        self.effects = effects;
        let refused = self
            .connection(generation)
            .is_some_and(|connection| connection.refused.is_some() && !connection.is_draining());
        if refused {
            self.abandon(now, generation, End::new(Stage::Opening, How::Refused));
        }
        let babble = self
            .connection(generation)
            .filter(|connection| !connection.is_draining())
            .and_then(|connection| connection.is_babbling());
        if let Some(words) = babble {
            let end = End::new(Stage::Live, How::Protocol).because(words);
            self.abandon(now, generation, end);
        }
    }

    fn event(&mut self, now: Time, generation: Generation, event: Event) {
        let retired = self
            .retired
            .as_ref()
            .is_some_and(|retired| retired.generation == generation);
        let Some(connection) = self.connection(generation) else {
            return;
        };
        connection.note(&event);
        if let Event::Error(error) = &event {
            connection.blame(now, error);
        }
        self.rotate_if_failing(now, generation);
        // What the old connection still says belongs to a conversation that has moved on.
        if !retired || self.has(Defect::OldWireHeard) {
            self.up(LinkOutput::Event { generation, event });
        } else if tells_cost(&event) {
            self.up(LinkOutput::Spent { generation, event });
        }
    }

    fn signal(&mut self, now: Time, generation: Generation, signal: Signal) {
        match signal {
            Signal::Ready { resumed, seeded } => self.ready(now, generation, resumed, seeded),
            Signal::Refused(fault) => {
                if let Some(connection) = self.connection(generation) {
                    connection.refused.get_or_insert(fault);
                }
            }
            Signal::Resume(token) => {
                let newest = self.next_generation.get().checked_sub(1) == Some(generation.get());
                if newest || self.generation() == Some(generation) {
                    let given = token.is_some();
                    self.handle.update(now, generation, token);
                    self.up(LinkOutput::Resumable {
                        generation,
                        now: given,
                    });
                }
            }
            Signal::Expires(at) => {
                let in_ = at.saturating_since(self.config.wall_at_origin);
                if let Some(connection) = self.connection(generation) {
                    connection.expires = Some(Time::from_duration(in_));
                }
                self.schedule_limits(now);
            }
            Signal::GoAway { left } => self.go_away(now, generation, left),
            Signal::Consumed(seq) => self.up(LinkOutput::Consumed { generation, seq }),
            Signal::Ack(id) => self.acknowledged(generation, id),
            Signal::Reject(id, error) => self.rejected(now, generation, id, error),
            Signal::Finished => self.hang_up(generation),
            // A signal this link does not know asks nothing of it.
            _ => {}
        }
    }

    fn go_away(&mut self, now: Time, generation: Generation, left: Option<std::time::Duration>) {
        let margin = self.config.rotation_margin;
        // One that is still opening keeps it for the time when it is in use.
        let connection = self.connection(generation);
        if let Some(connection) = connection.filter(|connection| !connection.is_draining()) {
            Schedule::go_away(now, left, margin).merge(&mut connection.schedule);
        }
    }

    fn acknowledged(&mut self, generation: Generation, id: CommandId) {
        if self.proven(generation, id) {
            self.receipt(id, Receipt::Acknowledged);
        }
    }

    fn rejected(&mut self, now: Time, generation: Generation, id: CommandId, error: ServerError) {
        if let Some(connection) = self.connection(generation) {
            connection.blame(now, &error);
        }
        self.rotate_if_failing(now, generation);
        if self.proven(generation, id) {
            self.receipt(id, Receipt::Rejected(error));
        }
    }

    /// The provider spoke of a command, perhaps before the wire reported that it had left. Returns
    /// whether it can know of it: what waits on one wire is none of another's business.
    fn proven(&mut self, generation: Generation, id: CommandId) -> bool {
        let news = self
            .connection(generation)
            .is_some_and(|connection| connection.outbox.proven(id));
        if news {
            self.receipt(id, Receipt::Written);
        }
        ![&self.current, &self.retired]
            .into_iter()
            .flatten()
            .any(|connection| connection.outbox.holds(id))
    }

    pub(super) fn written(&mut self, now: Time, generation: Generation, seq: WireSeq) {
        let Some(connection) = self.connection(generation) else {
            return;
        };
        if connection.outbox.written(seq) {
            connection.progress = now;
        }
        while let Some(id) = self
            .connection(generation)
            .and_then(|connection| connection.outbox.settled())
        {
            self.receipt(id, Receipt::Written);
        }
    }

    fn undelivered(&mut self, id: CommandId, command: Command, why: Undelivered) {
        self.receipt(id, Receipt::Undelivered { command, why });
    }

    fn receipt(&mut self, id: CommandId, receipt: Receipt) {
        self.up(LinkOutput::Receipt { id, receipt });
    }
}

/// Whether an event says what something has cost.
const fn tells_cost(event: &Event) -> bool {
    match event {
        Event::Usage(_) => true,
        Event::ResponseDone(done) => done.usage.is_some(),
        _ => false,
    }
}
