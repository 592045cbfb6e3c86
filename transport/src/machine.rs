//! The shape of every state machine that the driver can run.
//!
//! A machine is synchronous: facts and commands go in with the time at which they happened, effects
//! come out. After any [`Machine::handle`], drain [`Machine::poll_output`] until it is `None`, then
//! wait for the next input or for [`Machine::poll_timeout`].
//!
//! Wires are named by [`Generation`]. The machine owns every deadline; the driver owns every socket.

use antiphon_protocol::{End, Endpoint, Frame, Generation, Secret, Stage, Time, Why, WireSeq};

/// A synchronous state machine that talks over wires.
pub trait Machine: Send {
    /// What the layer above asks.
    type Command: Send;
    /// What the layer above is told.
    type Output: Send;

    /// Takes in one input. A [`Input::Timeout`] that comes too early is harmless.
    fn handle(&mut self, now: Time, input: Input<Self::Command>);

    /// The next effect, in order; `None` when there is nothing left to do for now.
    fn poll_output(&mut self) -> Option<Output<Self::Output>>;

    /// When [`Input::Timeout`] is wanted at the latest. May change after any `handle`.
    fn poll_timeout(&self) -> Option<Time>;

    /// Whether frames may be read now. While this is `false` the driver leaves the socket alone, and
    /// the network's own flow control holds the peer back.
    fn wants_read(&self) -> bool {
        true
    }

    /// How far an open wire is, which only the machine knows: opening, in use, or saying goodbye. The
    /// driver tells it in the wire's span. `None` while the wire is dialed, and when it is gone.
    fn stage(&self, generation: Generation) -> Option<Stage> {
        let _ = generation;
        None
    }

    /// Handles that a peer's last words may repeat. The driver takes them out of an end, as it does
    /// with the credential, before it tells anybody.
    fn handles(&self) -> Vec<Secret> {
        Vec::new()
    }
}

/// What goes into a machine.
#[derive(Debug)]
pub enum Input<C> {
    /// From above.
    Command(C),
    /// From a wire.
    Wire(WireEvent),
    /// From above, and stronger than everything else: end by then.
    Close(CloseRequest),
    /// The time of [`Machine::poll_timeout`] has come.
    Timeout,
}

/// An order to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseRequest {
    /// By when everything must be over; `None` leaves it to the provider's drain time and 2 s more.
    pub deadline: Option<Time>,
    /// Whether nobody is left who could ask: the last handle and reader are gone.
    pub dropped: bool,
}

/// A fact about one wire.
#[derive(Debug)]
pub enum WireEvent {
    /// The dial has come to this stage.
    Stage {
        /// Which wire.
        generation: Generation,
        /// How far.
        stage: Stage,
    },
    /// The wire is open.
    Dialed {
        /// Which wire.
        generation: Generation,
    },
    /// The wire could not be opened; it is gone.
    DialFailed {
        /// Which wire.
        generation: Generation,
        /// Why.
        end: End,
    },
    /// A data frame has arrived.
    Frame {
        /// On which wire.
        generation: Generation,
        /// The frame.
        frame: Frame,
    },
    /// Something other than a data frame has arrived: a ping or a pong, or part of a large message.
    Alive {
        /// On which wire.
        generation: Generation,
    },
    /// All frames up to this one have been handed to the operating system.
    Written {
        /// On which wire.
        generation: Generation,
        /// The last frame written.
        seq: WireSeq,
    },
    /// A good part of a frame that has not left as a whole was handed to the operating system.
    Writing {
        /// On which wire.
        generation: Generation,
    },
    /// The wire is gone, by the peer, the network, or at the end of a hangup.
    Lost {
        /// Which wire.
        generation: Generation,
        /// Why.
        end: End,
    },
}

/// What comes out of a machine.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved once from a reused queue; a box would allocate for each frame"
)]
pub enum Output<O> {
    /// For the driver.
    Wire(WireAction),
    /// For the layer above.
    Up(O),
}

/// What the driver shall do with a wire.
#[derive(Debug)]
pub enum WireAction {
    /// Open one. Asks the endpoint's token source first.
    Dial {
        /// The name of the new wire.
        generation: Generation,
        /// Where to.
        endpoint: Endpoint,
        /// What to tell the token source.
        why: Why,
    },
    /// Write a frame. Frames of one wire leave in the order given.
    Transmit {
        /// On which wire.
        generation: Generation,
        /// Its place on that wire.
        seq: WireSeq,
        /// The frame.
        frame: Frame,
    },
    /// Write a ping.
    Ping {
        /// On which wire.
        generation: Generation,
    },
    /// Finish what was given to transmit, say goodbye with this close code, and wait for the peer's
    /// close frame. [`WireEvent::Lost`] follows; the machine sends [`WireAction::Abort`] when it
    /// has waited long enough.
    Hangup {
        /// Which wire.
        generation: Generation,
        /// The close code.
        code: u16,
    },
    /// Drop the wire, or the dial, at once. Nothing follows.
    Abort {
        /// Which wire.
        generation: Generation,
    },
}
