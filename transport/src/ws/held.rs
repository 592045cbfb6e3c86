//! What a peer could make a wire hold, and how the wire lets go of it.

use std::task::{Context, Poll, Waker};

use antiphon_protocol::{Frame, FrameKind};
use bytes::Bytes;

use crate::Incoming;

/// Pongs that may wait for a peer to take them in; some 30 KiB.
const MOST: u32 = 256;

/// Bytes of a message whose memory the library shall not keep for the next ones.
const LARGE: usize = 64 * 1024;

/// The pongs that have been queued since all that was queued has left. A peer that pings without end
/// and takes no answer in would have them pile up, so beyond a number of them it is not read either.
#[derive(Default)]
pub(super) struct Pongs {
    owed: u32,
    /// Who waits for them to leave.
    reader: Option<Waker>,
}

impl Pongs {
    pub(super) const fn one_more(&mut self) {
        self.owed = self.owed.saturating_add(1);
    }

    pub(super) const fn are_many(&self) -> bool {
        self.owed >= MOST
    }

    /// Ready when the reading half may go on: its own flush has ended. The sending half may take that
    /// flush over, and its waker with it.
    pub(super) fn wait_for(&mut self, flushed: Poll<()>, cx: &Context<'_>) -> Poll<()> {
        match flushed {
            Poll::Ready(()) => self.have_left(),
            Poll::Pending => self.reader = Some(cx.waker().clone()),
        }
        flushed
    }

    /// All that was queued has left.
    pub(super) fn have_left(&mut self) {
        self.owed = 0;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// The data of the last large message. As long as it is held here, the library cannot take the memory
/// for its next reads, and so keep megabytes for a connection that has little to say.
pub(super) struct Large {
    held: Option<Bytes>,
    /// The largest frame there may be. A message beyond it has memory of its own.
    frame: usize,
    /// Bytes that the library may have room for behind the message, in the same memory.
    behind: usize,
    /// Bytes that have come since.
    since: usize,
}

impl Large {
    /// Knows the largest frame, and how many bytes the library reads ahead.
    pub(super) const fn new(frame: usize, behind: usize) -> Self {
        Self {
            held: None,
            frame,
            behind,
            since: 0,
        }
    }

    /// The data, once the library needs other memory for its next read; to be dropped after that.
    pub(super) fn outlived(&mut self) -> Option<Bytes> {
        self.held.take_if(|_| self.since >= self.behind)
    }

    /// A message as the driver knows it.
    pub(super) fn frame(&mut self, kind: FrameKind, data: Bytes) -> Incoming {
        if (LARGE..=self.frame).contains(&data.len()) {
            self.held = Some(data.clone());
            self.since = 0;
        } else {
            self.since = self.since.saturating_add(data.len());
        }
        Incoming::Frame(Frame { kind, data })
    }
}
