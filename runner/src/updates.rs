//! Changing what the session is, while it talks.
//!
//! One task owns the desired state. Changes that come while another one is on its way are merged into
//! it, the last word winning. A change is sent at once; one that the provider refuses for now is held
//! until the model is idle and no call is open, and tried again a few times.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use antiphon_protocol::{Item, Phase, Role, SessionConfig, Unsupported};
use antiphon_session::{Session, SessionError};
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::{Problem, board::Input, desk::Desk};

/// How often a change is tried.
const ATTEMPTS: u32 = 3;
/// How long a change is held for a quiet moment before it is tried all the same.
const PATIENCE: Duration = Duration::from_secs(30);
/// Changes that may wait to be merged.
const WAITING: usize = 16;

/// The configuration was not changed; the session goes on as it was.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// It cannot change while the connection lives.
    #[error(transparent)]
    NotLive(Box<Unsupported>),
    /// It was tried several times; this is what came of the last one.
    #[error("the configuration could not be changed: {0}")]
    Failed(SessionError),
    /// The configuration was changed, but the bridge message was not delivered.
    #[error("the configuration was changed, but the message about it was not delivered: {0}")]
    Bridge(SessionError),
    /// The closure that describes the change panicked.
    #[error("the description of the change panicked")]
    Panicked,
    /// The session is over.
    #[error("the session is over")]
    Ended,
}

type Patch = Box<dyn FnOnce(SessionConfig) -> SessionConfig + Send>;
type Reply = oneshot::Sender<Result<(), UpdateError>>;

struct Change {
    patch: Patch,
    bridge: Option<String>,
    reply: Reply,
}

/// Where changes are asked for.
#[derive(Debug)]
pub(crate) struct Updates {
    changes: mpsc::Sender<Change>,
    rotated: Arc<Notify>,
    attempts: watch::Receiver<u32>,
}

impl Updates {
    /// Both ends: where changes are asked for, and what makes them once it is served.
    pub(crate) fn new(session: Session, opening: SessionConfig) -> (Self, Updater) {
        let (changes, inbox) = mpsc::channel(WAITING);
        let (attempt, attempts) = watch::channel(0);
        let rotated = Arc::new(Notify::new());
        let updater = Updater {
            session,
            desired: opening.clone(),
            applied: opening.clone(),
            opening,
            inbox,
            rotated: Arc::clone(&rotated),
            attempt,
            bridges: Vec::new(),
            replies: Vec::new(),
        };
        (
            Self {
                changes,
                rotated,
                attempts,
            },
            updater,
        )
    }

    pub(crate) async fn change(
        &self,
        patch: Patch,
        bridge: Option<String>,
    ) -> Result<(), UpdateError> {
        let (reply, outcome) = oneshot::channel();
        let change = Change {
            patch,
            bridge,
            reply,
        };
        self.changes
            .send(change)
            .await
            .map_err(|_| UpdateError::Ended)?;
        outcome.await.unwrap_or(Err(UpdateError::Ended))
    }

    /// A new connection took over that may not know of changes.
    pub(crate) fn rotated(&self) {
        self.rotated.notify_one();
    }

    /// Which attempt at a change is being made; 0 when none is pending.
    pub(crate) fn attempts(&self) -> u32 {
        *self.attempts.borrow()
    }
}

/// Makes changes, one at a time.
pub(crate) struct Updater {
    session: Session,
    /// What connections are opened with.
    opening: SessionConfig,
    /// What the provider has accepted.
    applied: SessionConfig,
    desired: SessionConfig,
    inbox: mpsc::Receiver<Change>,
    rotated: Arc<Notify>,
    attempt: watch::Sender<u32>,
    bridges: Vec<String>,
    replies: Vec<Reply>,
}

impl Updater {
    /// Serves until nobody can ask any more.
    pub(crate) async fn serve(mut self, desk: Arc<Desk>) {
        loop {
            tokio::select! {
                biased;
                // Both are cancel safe: a change stays in the channel, a rotation is stored.
                () = self.rotated.notified() => {
                    if self.applied != self.opening
                        && let Err(error) = self.carry_through().await
                    {
                        desk.lanes().report(Problem::Update(error));
                    }
                }
                change = self.inbox.recv() => {
                    let Some(change) = change else { return };
                    self.merge(change);
                    // Those who asked are told how it ended.
                    let _ = self.carry_through().await;
                }
            }
            let tools = self.applied.tools.iter().map(|tool| tool.name.clone());
            desk.tell(Input::Declared(tools.collect()));
        }
    }

    fn merge(&mut self, change: Change) {
        let (patch, base) = (change.patch, self.desired.clone());
        match std::panic::catch_unwind(AssertUnwindSafe(|| patch(base))) {
            Ok(desired) => {
                self.desired = desired;
                self.bridges.extend(change.bridge);
                self.replies.push(change.reply);
            }
            // Who asked may have lost interest; here and below.
            Err(_) => drop(change.reply.send(Err(UpdateError::Panicked))),
        }
    }

    async fn carry_through(&mut self) -> Result<(), UpdateError> {
        let mut outcome = Ok(());
        for attempt in 1..=ATTEMPTS {
            while let Ok(change) = self.inbox.try_recv() {
                self.merge(change);
            }
            self.attempt.send_replace(attempt);
            outcome = match self.session.configure(self.desired.clone()).await {
                Ok(_) => {
                    self.applied = self.desired.clone();
                    self.bridge().await
                }
                Err(SessionError::Unsupported(why)) => Err(UpdateError::NotLive(why)),
                Err(SessionError::Ended) => Err(UpdateError::Ended),
                Err(error) if attempt < ATTEMPTS => {
                    self.quiet().await;
                    outcome = Err(UpdateError::Failed(error));
                    continue;
                }
                Err(error) => Err(UpdateError::Failed(error)),
            };
            break;
        }
        self.desired = self.applied.clone();
        self.bridges.clear();
        self.attempt.send_replace(0);
        for reply in self.replies.drain(..) {
            let _ = reply.send(outcome.clone());
        }
        outcome
    }

    /// Tells the model of the change. At most once: a message that may have arrived is not repeated.
    async fn bridge(&mut self) -> Result<(), UpdateError> {
        let items: Vec<Item> = self
            .bridges
            .drain(..)
            .map(|message| Item::text(Role::System, message))
            .collect();
        if items.is_empty() {
            return Ok(());
        }
        let added = self.session.add_items(items).await;
        added.map(drop).map_err(UpdateError::Bridge)
    }

    /// Waits until the model is idle and no call is open, but not for ever.
    async fn quiet(&self) {
        let mut state = self.session.state();
        let quiet = state.wait_for(|state| {
            state.ended.is_some() || (state.phase == Phase::Live && state.turn.is_idle())
        });
        let _ = tokio::time::timeout(PATIENCE, quiet).await;
    }
}
