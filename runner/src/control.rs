//! The handle for use while an agent runs.

use std::{ops::Deref, sync::Arc};

use antiphon_protocol::{
    CallId, Context, ContextKind, Interruption, PeerText, RawJson, ServerError, SessionConfig,
    ToolCall, ToolResult, UpdateOutcome,
};
use antiphon_session::{
    CallError, Delivery, ModelTurn, Session, SessionError, Snapshot, Update, UserTurn,
};

use serde_json::value::RawValue;

use crate::{ExecuteError, ToolEnd, UpdateError, board::Input, desk::Desk, handler::Notice};

/// Speaks to a running agent; clones speak to the same one.
///
/// It is a [`Session`] with the runner's share added: everything a session can do is called on it
/// directly, mute, history, playback and the state among it. What is defined here takes the place of the
/// session's own method of that name, so that tools and players are told too.
#[derive(Clone, Debug)]
pub struct Control {
    desk: Arc<Desk>,
}

/// What an agent is doing. Of several things at a time, the later in this list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// Nothing.
    Idle,
    /// The user speaks.
    Listening,
    /// The model was asked to respond, or does.
    Generating,
    /// Tools work.
    ExecutingTools,
    /// A change of the configuration is on its way or held.
    UpdatePending {
        /// How many times it was sent, or a connection opened for it; 0 while it is held.
        attempts: u32,
        /// Whether it needs a new connection.
        rotates: bool,
    },
}

/// What became of a frame of the provider's own; see [`Control::send_native`].
#[derive(Clone, Debug, PartialEq)]
pub enum NativeSent {
    /// It left as it was.
    Verbatim(Delivery),
    /// It configures the session, and this became of the change.
    Update(UpdateOutcome),
}

impl Control {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// The session itself.
    pub fn session(&self) -> &Session {
        self.desk.session()
    }

    /// Whether the user's audio is silenced; see [`Session::mute`].
    pub fn is_muted(&self) -> bool {
        self.session().state().borrow().muted
    }

    /// Interrupts the model: audio that waits for handlers is dropped, players are told to drop theirs,
    /// tools follow their policy, and the session settles the rest as one transaction.
    ///
    /// # Errors
    /// See [`Session::interrupt`].
    pub async fn interrupt(&self) -> Result<Interruption, SessionError> {
        self.desk.lanes().flush();
        self.desk.tell(Input::Interrupted);
        self.session().interrupt().await
    }

    /// Answers calls by hand. Work that still runs for them is told to stop.
    ///
    /// # Errors
    /// See [`Session::send_tool_results`].
    pub async fn send_tool_results(
        &self,
        results: Vec<ToolResult>,
    ) -> Result<Delivery, SessionError> {
        let calls = results.iter().map(|result| result.call.clone()).collect();
        let delivery = self.session().send_tool_results(results).await?;
        self.desk.tell(Input::AnsweredByHand(calls));
        Ok(delivery)
    }

    /// Runs the tool of a call where execution is not automatic, and waits for its end: at most its
    /// deadlines. Each call runs at most once.
    ///
    /// The call is answered too, unless answering is not automatic either: then
    /// [`ToolEnd::result`] is for [`Control::send_tool_results`].
    ///
    /// Cancel safe: the work goes on, and its end is told to handlers.
    ///
    /// # Errors
    /// When there is nothing to run, or the session ended first.
    pub async fn execute(&self, call: &CallId) -> Result<ToolEnd, ExecuteError> {
        let end = self.desk.execute(call)?;
        end.await.map_err(|_| ExecuteError::Ended)
    }

    /// Gives the model words that are not the user's. Commentary on a delegation that a tool serves is
    /// its answer: work that still runs for it is told to stop, and its result is not sent. Thinking
    /// is progress, and there may be any number of it.
    ///
    /// # Errors
    /// [`CallError::Answered`] when the tool's own answer is on its way; else see
    /// [`Session::send_context`].
    pub async fn send_context(&self, context: Context) -> Result<Delivery, SessionError> {
        let answers = context.kind == ContextKind::Commentary;
        if let Some(delegation) = context.delegation.as_ref().filter(|_| answers) {
            let call = CallId::from(delegation.as_str());
            if !self.desk.take_over(&call) {
                return Err(CallError::Answered(call).into());
            }
        }
        self.session().send_context(context).await
    }

    /// Changes what the session is: `patch` turns what is desired so far into what is desired now.
    ///
    /// Safe at any moment. The change is made on the live connection where that can take it up. Any
    /// other is held until the model is idle and no call is open, at most 20 s, and then made by a new
    /// connection that goes on with the conversation; three such connections may fail before it is
    /// given up. Changes that come meanwhile are merged into it, the last word winning, and share its
    /// outcome. Later connections keep it.
    ///
    /// Resolves within 50 s; [`UpdateOutcome::Pending`] when it is not known by then, and
    /// [`Handler::on_update`](crate::Handler::on_update) tells the rest. See [`Session::update`], which
    /// [`Control::session`] gives access to, for another patience. Tools that a change declares
    /// beside those of the builder are answered by hand.
    ///
    /// Cancel safe: a change that was taken is made even if nobody waits for it.
    ///
    /// # Errors
    /// When it was refused or cannot be sent, or `patch` panics; the session is as it was then.
    pub async fn update(
        &self,
        patch: impl FnOnce(SessionConfig) -> SessionConfig + Send + 'static,
    ) -> Result<UpdateOutcome, UpdateError> {
        self.change(Update::change(patch)).await
    }

    /// As [`Control::update`], and tells the model of it once, when it has happened, whichever way it
    /// happens. Of changes that are merged the last message is told.
    ///
    /// # Errors
    /// See [`Control::update`]; nothing is told then.
    pub async fn update_with_bridge(
        &self,
        patch: impl FnOnce(SessionConfig) -> SessionConfig + Send + 'static,
        message: impl Into<String>,
    ) -> Result<UpdateOutcome, UpdateError> {
        self.change(Update::change(patch).bridge(message)).await
    }

    async fn change(&self, update: Update) -> Result<UpdateOutcome, UpdateError> {
        match self.session().update(update).await {
            Ok(UpdateOutcome::Failed { reason }) => Err(UpdateError::Failed(reason)),
            Ok(outcome) => Ok(outcome),
            Err(SessionError::Unsupported(unsupported)) => {
                let reason = PeerText::new(&unsupported.to_string());
                Err(UpdateError::Failed(reason))
            }
            Err(_) => Err(UpdateError::Ended),
        }
    }

    /// Sends a frame of the provider's own. One that configures the session is a change like any other,
    /// and goes the way of [`Control::update`]; all others leave verbatim.
    ///
    /// # Errors
    /// [`SessionError::Rejected`] when the change was not made; else see [`Session::send_native`].
    pub async fn send_native(&self, frame: Box<RawValue>) -> Result<NativeSent, SessionError> {
        let provider = Arc::clone(self.desk.provider());
        let frame = RawJson(frame);
        let configures = provider.merge_native(&SessionConfig::default(), &frame);
        if configures.is_none() {
            let delivery = self.session().send_native(frame.0).await?;
            return Ok(NativeSent::Verbatim(delivery));
        }
        let patch = move |config| provider.merge_native(&config, &frame).unwrap_or(config);
        match self.session().update(Update::change(patch)).await? {
            UpdateOutcome::Failed { reason } => {
                let error = ServerError {
                    message: reason,
                    ..ServerError::default()
                };
                Err(SessionError::Rejected(Box::new(error)))
            }
            outcome => Ok(NativeSent::Update(outcome)),
        }
    }

    /// The session as another process can go on with it, which then knows what of its calls may run.
    ///
    /// From here on this runner begins no work; work that runs goes on, and is answered while the session
    /// is open. So take it right before the session is closed. Calls that had not begun run in the other
    /// process; the model is told of any other that it was cut off, unless its tool may run again
    /// ([`ToolPolicy::rerun_after_restore`](crate::ToolPolicy)). A [`Session::snapshot`], which may be
    /// taken at any time, does not know what has begun: of its calls none runs again by itself.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn hand_over(&self) -> Result<Snapshot, SessionError> {
        let untouched = self.desk.hand_over();
        Ok(self.session().snapshot().await?.with_untouched(untouched))
    }

    /// Whether a connection is live. Between two of them the session goes on, and what it is given
    /// waits; [`Session::state`] tells more.
    pub fn is_connected(&self) -> bool {
        let state = self.session().state();
        let state = state.borrow();
        state.generation.is_some() && state.ended.is_none()
    }

    /// What the agent is doing at this moment.
    pub fn activity(&self) -> Activity {
        let working = self.desk.is_working();
        let state = self.session().state();
        let state = state.borrow();
        match (state.update, state.turn.model, state.turn.user) {
            (Some(update), ..) => Activity::UpdatePending {
                attempts: update.attempts,
                rotates: update.rotates,
            },
            _ if working => Activity::ExecutingTools,
            (_, ModelTurn::Thinking | ModelTurn::Answering, _) => Activity::Generating,
            (_, _, UserTurn::Speaking) => Activity::Listening,
            _ => Activity::Idle,
        }
    }

    pub(crate) fn report_progress(&self, call: &Arc<ToolCall>, message: String) {
        self.desk
            .lanes()
            .push(Notice::ToolProgress(Arc::clone(call), message));
    }
}

impl Deref for Control {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session()
    }
}
