//! The link: one pure machine across all connections of a session.

mod config;

use std::sync::Arc;

use antiphon_protocol::{
    Command, CommandId, End, Ended, Event, Fault, Generation, OpeningPlan, Phase, Provider,
    ResumeToken, RotationCause, ServerError, Time, Unsupported, WireSeq,
};

pub use self::config::LinkConfig;
use crate::{Input, Machine, Output};

/// What the layer above asks of a link.
#[derive(Debug)]
pub enum LinkCommand {
    /// Begin. Answered by [`LinkOutput::NeedPlan`].
    Start,
    /// What the next connection shall be opened with; the answer to [`LinkOutput::NeedPlan`].
    Plan(OpeningPlan),
    /// Say this to the provider.
    Send {
        /// The command's name in receipts.
        id: CommandId,
        /// The command.
        command: Command,
    },
    /// Change to a new connection now: the answer to [`LinkOutput::RotationDue`], or on request.
    Rotate(RotationCause),
    /// A turn was completed: the connection has proven its health.
    Healthy,
    /// Whether reading is paused because the reader is slow; liveness is suspended meanwhile.
    ReadPaused(bool),
}

/// What a link tells the layer above.
#[derive(Debug)]
#[non_exhaustive]
pub enum LinkOutput {
    /// A connection is due; answer with [`LinkCommand::Plan`] by the deadline, after which a fresh
    /// session under the last plan's configuration is opened.
    NeedPlan {
        /// Why there will be a new connection.
        cause: RotationCause,
        /// The newest handle to continue by, if the provider gave one and it is still good.
        resume: Option<ResumeToken>,
        /// By when.
        deadline: Time,
    },
    /// Something for the reader, from the connection of this generation.
    Event {
        /// Which connection said it.
        generation: Generation,
        /// What.
        event: Event,
    },
    /// A rotation is due. Answer with [`LinkCommand::Rotate`] at a quiet moment; at the deadline it
    /// happens anyway.
    RotationDue {
        /// Why.
        cause: RotationCause,
        /// By when.
        deadline: Time,
    },
    /// What became of a command.
    Receipt {
        /// Which command.
        id: CommandId,
        /// What became of it.
        receipt: Receipt,
    },
    /// The provider has taken in all frames up to this one.
    Consumed {
        /// On which connection.
        generation: Generation,
        /// The last one taken in.
        seq: WireSeq,
    },
    /// The link is in another phase.
    Phase(Phase),
    /// A connection is ready: commands flow on it from here on.
    Ready {
        /// Which one.
        generation: Generation,
        /// Why it was opened.
        cause: RotationCause,
        /// Whether the old conversation continues by handle.
        resumed: bool,
        /// Whether the plan's seed was taken in.
        seeded: bool,
    },
    /// The live connection is gone. Everything of its generation that was still open is void.
    Lost {
        /// Which one.
        generation: Generation,
        /// How it ended.
        end: End,
        /// What that means.
        fault: Fault,
    },
    /// The link is over; exactly once, and last.
    Closed(Ended),
}

/// What became of a command.
#[derive(Debug)]
#[non_exhaustive]
pub enum Receipt {
    /// All its frames were handed to the operating system.
    Written,
    /// The provider has carried it out.
    Acknowledged,
    /// The provider has refused it.
    Rejected(ServerError),
    /// The wire cannot say it; nothing was sent.
    Unsupported(Unsupported),
    /// It was not sent, or not provably: here it is again.
    Undelivered {
        /// The command as it was given.
        command: Command,
        /// Why.
        why: Undelivered,
    },
}

/// Why a command comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// No connection is live.
    NotLive,
    /// The connection was lost while the command was being written; the peer may have it.
    Lost,
    /// More bytes wait to be written than the limit allows.
    WriteBufferFull,
    /// The link is closing.
    Closing,
    /// It makes a frame larger than the peer or the configuration allows.
    TooLarge,
}

/// The connection machine.
pub struct Link {
    provider: Arc<dyn Provider>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// A link that has not begun. The seed decides the random part of delays.
    pub fn new(provider: Arc<dyn Provider>, config: LinkConfig, seed: u64) -> Self {
        let _ = (config, seed);
        Self { provider }
    }

    /// Where the link is.
    pub fn phase(&self) -> Phase {
        let _ = &self.provider;
        Phase::Idle
    }

    /// The live connection.
    pub fn generation(&self) -> Option<Generation> {
        None
    }

    /// Bytes given to the wire and not yet handed to the operating system.
    pub fn pending_bytes(&self) -> usize {
        0
    }
}

impl Machine for Link {
    type Command = LinkCommand;
    type Output = LinkOutput;

    fn handle(&mut self, now: Time, input: Input<LinkCommand>) {
        let _ = (now, input);
    }

    fn poll_output(&mut self) -> Option<Output<LinkOutput>> {
        None
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }
}
