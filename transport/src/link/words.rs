//! What is said between a link and the layer above.

use antiphon_protocol::{
    Command, CommandId, End, Ended, Event, Fault, Generation, OpeningPlan, PeerText, Phase,
    ResumeToken, RotationCause, Seeded, ServerError, Time, Unsupported, WireSeq,
};

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
        /// Whether history may be told. `false` when the provider has refused a connection that was told
        /// it: the next one had better bring nothing.
        history: bool,
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
    /// What a connection that was let go still tells of its cost: an event whose usage counts, and of
    /// which nothing else matters.
    Spent {
        /// Which connection said it.
        generation: Generation,
        /// What.
        event: Event,
    },
    /// A rotation is due. Answer with [`LinkCommand::Rotate`] at a quiet moment; at the deadline it
    /// happens anyway. Where the peer lets no connection prove its health it is made at the pace of lost
    /// connections, and not at all once the budget is spent: [`LinkOutput::RotationFailed`] says so.
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
    /// The provider spoke of its handle.
    Resumable {
        /// On which connection.
        generation: Generation,
        /// Whether it gave a new one, for this very moment; else the one before leads to an earlier
        /// moment, and what has been asked since then is not known there.
        now: bool,
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
        /// What was taken in of the plan's seed.
        seeded: Seeded,
    },
    /// The live connection is gone, or is let go for the next one. Everything of its generation that
    /// was still open is void. Exactly one follows each [`LinkOutput::Ready`], before the next
    /// `Ready`; when the link ends with its connection, [`LinkOutput::Closed`] may stand for it.
    Lost {
        /// Which one.
        generation: Generation,
        /// How it ended.
        end: End,
        /// What that means.
        fault: Fault,
    },
    /// The next connection could not be had, or may not be asked for; the live one is kept. Another
    /// attempt may follow.
    RotationFailed {
        /// Why there was to be a new connection.
        cause: RotationCause,
        /// What that means.
        fault: Fault,
        /// The words for it.
        reason: PeerText,
    },
    /// The link is over; exactly once, and last but for commands that come back because they were
    /// given later.
    Closed(Ended),
}

/// What became of a command.
///
/// Each command gets exactly one of `Written`, `Unsupported` and `Undelivered`. After `Written`, and
/// never before, the provider's own word may follow: `Acknowledged` or `Rejected`.
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
