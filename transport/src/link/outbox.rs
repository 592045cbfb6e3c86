//! What was given to a wire and has not provably left yet.

use std::collections::VecDeque;

use antiphon_protocol::{Command, CommandId, WireSeq};

struct Written {
    seq: WireSeq,
    bytes: usize,
}

/// A command whose frames have not all left.
pub(super) struct Unsettled {
    pub(super) id: CommandId,
    pub(super) command: Command,
    last: WireSeq,
}

/// The frames of one wire, counted, and the commands they carry.
#[derive(Default)]
pub(super) struct Outbox {
    next: WireSeq,
    frames: VecDeque<Written>,
    commands: VecDeque<Unsettled>,
    bytes: usize,
}

impl Outbox {
    /// Bytes that have not left.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Names the next frame, of this size.
    pub(super) fn frame(&mut self, bytes: usize) -> WireSeq {
        let seq = self.skip();
        self.frames.push_back(Written { seq, bytes });
        self.bytes += bytes;
        seq
    }

    /// Names a frame that is not sent after all. The codec counts what it makes, so the place is
    /// used up.
    pub(super) fn skip(&mut self) -> WireSeq {
        let seq = self.next;
        self.next = seq.next();
        seq
    }

    /// Remembers a command whose last frame is `last`.
    pub(super) fn command(&mut self, id: CommandId, command: Command, last: WireSeq) {
        self.commands.push_back(Unsettled { id, command, last });
    }

    /// All frames up to `seq` have left. Returns whether that is news.
    pub(super) fn written(&mut self, seq: WireSeq) -> bool {
        let before = self.frames.len();
        while let Some(frame) = self.frames.front()
            && frame.seq <= seq
        {
            self.bytes -= frame.bytes;
            self.frames.pop_front();
        }
        self.frames.len() < before
    }

    /// The next command all of whose frames have left, oldest first.
    pub(super) fn settled(&mut self) -> Option<CommandId> {
        let left_to = self.frames.front().map(|frame| frame.seq);
        let command = self.commands.front()?;
        if left_to.is_some_and(|seq| command.last >= seq) {
            return None;
        }
        self.commands.pop_front().map(|command| command.id)
    }

    /// The provider spoke of this command, so it has left, whatever the wire has reported. Returns
    /// whether that is news.
    pub(super) fn proven(&mut self, id: CommandId) -> bool {
        let place = self.commands.iter().position(|command| command.id == id);
        place.is_some_and(|place| self.commands.remove(place).is_some())
    }

    /// Whether this command waits to be written.
    pub(super) fn holds(&self, id: CommandId) -> bool {
        self.commands.iter().any(|command| command.id == id)
    }

    /// The wire is gone: takes back what did not provably leave, oldest first.
    pub(super) fn take_back(&mut self) -> Option<Unsettled> {
        self.frames.clear();
        self.bytes = 0;
        self.commands.pop_front()
    }
}
