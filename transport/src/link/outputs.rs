//! What a link has said and nobody has taken yet, in order.
//!
//! Most of what is said is small: a frame to transmit, a receipt. An output is as large as the largest
//! event, and to move that for each frame in and out of a queue would cost as much as the frame. So
//! the queue holds small entries; events wait beside it, and what is rare and large in boxes.

use std::collections::VecDeque;

use antiphon_protocol::{CommandId, Event, Frame, Generation, WireSeq};

use super::{LinkOutput, Receipt};
use crate::{Output, WireAction};

/// Places above which an empty queue is too large to be kept, and those it keeps then.
const PLACES: (usize, usize) = (128, 64);

enum Entry {
    Transmit {
        generation: Generation,
        seq: WireSeq,
        frame: Frame,
    },
    Written(CommandId),
    Acknowledged(CommandId),
    Consumed {
        generation: Generation,
        seq: WireSeq,
    },
    /// The next of the events.
    Event(Generation),
    Rare(Box<Output<LinkOutput>>),
}

#[derive(Default)]
pub(super) struct Outputs {
    entries: VecDeque<Entry>,
    events: VecDeque<Event>,
}

impl Outputs {
    pub(super) fn up(&mut self, output: LinkOutput) {
        let entry = match output {
            LinkOutput::Event { generation, event } => {
                self.events.push_back(event);
                Entry::Event(generation)
            }
            LinkOutput::Receipt {
                id,
                receipt: Receipt::Written,
            } => Entry::Written(id),
            LinkOutput::Receipt {
                id,
                receipt: Receipt::Acknowledged,
            } => Entry::Acknowledged(id),
            LinkOutput::Consumed { generation, seq } => Entry::Consumed { generation, seq },
            other => Entry::Rare(Box::new(Output::Up(other))),
        };
        self.entries.push_back(entry);
    }

    pub(super) fn act(&mut self, action: WireAction) {
        self.entries.push_back(match action {
            WireAction::Transmit {
                generation,
                seq,
                frame,
            } => Entry::Transmit {
                generation,
                seq,
                frame,
            },
            other => Entry::Rare(Box::new(Output::Wire(other))),
        });
    }

    pub(super) fn pop(&mut self) -> Option<Output<LinkOutput>> {
        let Some(entry) = self.entries.pop_front() else {
            self.shrink();
            return None;
        };
        Some(match entry {
            Entry::Transmit {
                generation,
                seq,
                frame,
            } => Output::Wire(WireAction::Transmit {
                generation,
                seq,
                frame,
            }),
            Entry::Written(id) => receipt(id, Receipt::Written),
            Entry::Acknowledged(id) => receipt(id, Receipt::Acknowledged),
            Entry::Consumed { generation, seq } => {
                Output::Up(LinkOutput::Consumed { generation, seq })
            }
            Entry::Event(generation) => {
                let event = self.events.pop_front()?;
                Output::Up(LinkOutput::Event { generation, event })
            }
            Entry::Rare(output) => *output,
        })
    }

    /// Gives back what a burst needed.
    fn shrink(&mut self) {
        if self.entries.capacity() > PLACES.0 {
            self.entries.shrink_to(PLACES.1);
        }
        if self.events.capacity() > PLACES.0 {
            self.events.shrink_to(PLACES.1);
        }
    }
}

const fn receipt(id: CommandId, receipt: Receipt) -> Output<LinkOutput> {
    Output::Up(LinkOutput::Receipt { id, receipt })
}
