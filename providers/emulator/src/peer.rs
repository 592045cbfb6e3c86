//! The server's side of one connection, whichever protocol it speaks: a pure machine that a socket or
//! a wire in memory drives.

use antiphon_protocol::{Frame, Time};

use crate::FrameFault;

/// What happens to a connection.
#[derive(Debug)]
pub enum Input {
    /// The client sent a frame.
    Frame(Frame),
    /// The time of [`Peer::poll_timeout`] has come.
    Timeout,
    /// The client is gone.
    Closed,
}

/// What a connection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a frame.
    Frame(Frame),
    /// Send a close frame; nothing follows.
    Close {
        /// The close code.
        code: u16,
        /// The reason.
        reason: String,
    },
    /// Cut the connection without a close frame; nothing follows.
    Drop,
    /// Do something to single frames that the protocol does not allow. Connections of a
    /// [`Builder`](crate::Builder) carry it out before it comes here.
    Fault(FrameFault),
}

/// The server's side of one connection.
///
/// After any [`handle`](Self::handle), drain [`poll_output`](Self::poll_output), then wait for a
/// frame or for [`poll_timeout`](Self::poll_timeout). A new one is given [`Input::Timeout`] first.
pub trait Peer: Send {
    /// Takes in what happened at `now`. What is due by then happens first.
    fn handle(&mut self, now: Time, input: Input);

    /// The next thing to do, in order.
    fn poll_output(&mut self) -> Option<Output>;

    /// When [`Input::Timeout`] is wanted, if no frame comes before.
    fn poll_timeout(&self) -> Option<Time>;
}

/// What a client meets that comes too late: what it asked for ended while the connection opened.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    told: bool,
}

impl Peer for Gone {
    fn handle(&mut self, _now: Time, _input: Input) {}

    fn poll_output(&mut self) -> Option<Output> {
        (!std::mem::replace(&mut self.told, true)).then(|| Output::Close {
            code: 1008,
            reason: "There is no such session.".to_owned(),
        })
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }
}
