//! What was given to a wire and has not provably left yet.

use std::collections::VecDeque;

use antiphon_protocol::{Command, CommandId, WireSeq};

/// What a frame takes beside its bytes while it waits: its places in the queues on its way, and its
/// command's. Uncounted, tiny frames by the million would fit a buffer of a megabyte.
const PLACE: usize = 512;

/// Places above which an empty queue is too large to be kept, and those it keeps then.
const PLACES: (usize, usize) = (128, 64);

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

    /// The same, with what the frames take beside their bytes.
    pub(super) fn weight(&self) -> usize {
        self.frames.len().saturating_mul(PLACE) + self.bytes
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
        let settled = self.commands.pop_front().map(|command| command.id);
        if self.commands.is_empty() && self.commands.capacity() > PLACES.0 {
            self.commands.shrink_to(PLACES.1);
            self.frames.shrink_to(PLACES.1);
        }
        settled
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
