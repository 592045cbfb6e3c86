//! The replaceable seam to the network: how a wire is opened, and its two halves.
//!
//! A wire knows frames and close codes, and nothing of what they mean. Both halves are poll-based,
//! so that nothing is allocated per frame and a blocked write never stops reads.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use antiphon_protocol::{End, Endpoint, Frame, Secret, Stage};
use async_trait::async_trait;

/// How far a dial has come, written by the dial and read by the driver.
#[derive(Clone, Debug)]
pub struct DialProgress(Arc<AtomicU8>);

const STAGES: [Stage; 7] = [
    Stage::Token,
    Stage::Resolve,
    Stage::Connect,
    Stage::Proxy,
    Stage::Tls,
    Stage::Upgrade,
    Stage::Opening,
];

impl Default for DialProgress {
    fn default() -> Self {
        Self(Arc::new(AtomicU8::new(0)))
    }
}

impl DialProgress {
    /// Says that `stage` has begun.
    pub fn enter(&self, stage: Stage) {
        let place = STAGES.iter().position(|s| *s == stage).unwrap_or(0);
        self.0
            .store(u8::try_from(place).unwrap_or(0), Ordering::Relaxed);
    }

    /// The stage that has begun last.
    pub fn stage(&self) -> Stage {
        STAGES
            .get(usize::from(self.0.load(Ordering::Relaxed)))
            .copied()
            .unwrap_or(Stage::Token)
    }
}

/// All that a dial is given.
pub struct DialRequest {
    /// Where to connect and what to say in the upgrade.
    pub endpoint: Endpoint,
    /// The credential, if the endpoint wants one; it travels as `endpoint.auth` shapes it.
    pub token: Option<Secret>,
    /// Where to report how far it has come.
    pub progress: DialProgress,
}

impl fmt::Debug for DialRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialRequest")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// The two halves of an open wire.
pub type WirePair = (Box<dyn WireTx>, Box<dyn WireRx>);

/// Opens wires. Implement it to replace the network, for tests or for another WebSocket library.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Opens one wire.
    ///
    /// The driver drops the future when its deadline passes or the session closes: implementations
    /// must be cancel safe and leave nothing behind.
    ///
    /// # Errors
    /// The end names the stage that failed.
    async fn dial(&self, request: DialRequest) -> Result<WirePair, End>;

    /// Checks an address without touching the network; called before the credential is asked for.
    ///
    /// # Errors
    /// When the address may not be used: malformed, or not safe for a credential.
    fn check(&self, endpoint: &Endpoint) -> Result<(), End> {
        let _ = endpoint;
        Ok(())
    }
}

#[async_trait]
impl<D: Dial + ?Sized> Dial for Arc<D> {
    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        (**self).dial(request).await
    }

    fn check(&self, endpoint: &Endpoint) -> Result<(), End> {
        (**self).check(endpoint)
    }
}

/// The sending half of a wire.
pub trait WireTx: Send {
    /// Ready when one more frame may be given.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>>;

    /// Takes a frame. Only after `poll_ready` was ready.
    ///
    /// # Errors
    /// When the wire is gone or the frame exceeds its limits; the frame was not sent then.
    fn start_send(&mut self, frame: Frame) -> Result<(), End>;

    /// Takes a ping. Only after `poll_ready` was ready.
    ///
    /// # Errors
    /// When the wire is gone.
    fn start_ping(&mut self) -> Result<(), End>;

    /// Ready when all that was taken has been handed to the operating system.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>>;

    /// Bytes handed to the operating system so far. By them a peer that takes in a large frame slowly is
    /// told from one that takes in nothing; of a wire that does not count them, and says 0, whole
    /// frames are looked at.
    fn handed_over(&self) -> u64 {
        0
    }

    /// Sends a close frame with `code` after all that was taken. Ready when it is on its way; the
    /// receiving half ends when the peer has answered.
    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>>;
}

/// What the receiving half yields.
#[derive(Debug)]
pub enum Incoming {
    /// A whole data message.
    Frame(Frame),
    /// A ping or pong, or a good part of a message that has not come as a whole. Pings are answered by
    /// the wire itself.
    Alive,
}

/// The receiving half of a wire.
pub trait WireRx: Send {
    /// The next thing from the peer. After an error the wire is over.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>>;
}
