//! The handle for use while an agent runs.

use std::{
    ops::Deref,
    sync::{Arc, atomic::Ordering},
};

use antiphon_protocol::{CallId, Interruption, SessionConfig, ToolCall, ToolResult};
use antiphon_session::{Delivery, Session, SessionError};
use bytes::Bytes;

use crate::{ExecuteError, ToolEnd, UpdateError, board::Input, desk::Desk, handler::Notice};

/// Speaks to a running agent; clones speak to the same one.
///
/// It is a [`Session`] with the runner's share added: everything a session can do is called on it
/// directly. What is defined here takes the place of the session's own method of that name, so that
/// tools and players are told too.
#[derive(Clone, Debug)]
pub struct Control {
    desk: Arc<Desk>,
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// Nothing: it listens.
    Idle,
    /// The user speaks, or the model answers.
    Talking,
    /// Tools work.
    ExecutingTools,
    /// A change of the configuration is on its way or held.
    Updating {
        /// Which attempt it is, from 1.
        attempt: u32,
    },
}

impl Control {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// The session itself.
    pub fn session(&self) -> &Session {
        self.desk.session()
    }

    /// Sends the user's audio, or while muted as much silence, so that the provider's clock and its ear
    /// for pauses go on.
    ///
    /// # Errors
    /// See [`Session::send_audio`].
    pub async fn send_audio(&self, chunk: impl Into<Bytes>) -> Result<(), SessionError> {
        let mut chunk = chunk.into();
        if self.is_muted() {
            chunk = vec![self.session().input_format().silence(); chunk.len()].into();
        }
        self.session().send_audio(chunk).await
    }

    /// Makes the user's audio silence from here on, or lets it through again; for all clones.
    pub fn mute(&self, muted: bool) {
        self.desk.muted().store(muted, Ordering::Relaxed);
    }

    /// Whether the user's audio is silenced.
    pub fn is_muted(&self) -> bool {
        self.desk.muted().load(Ordering::Relaxed)
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

    /// Changes what the session is: `patch` turns what is desired so far into what is desired now.
    ///
    /// Safe at any moment. The change is made while the connection lives, at once where the provider
    /// takes it; a change that is refused for now, or meets a connection that is being replaced, is held
    /// until the model is idle and no call is open, and is tried three times. Changes that come
    /// meanwhile are merged into it, the last word winning, and share its outcome. A new connection is
    /// brought to the same state. Resolves within two minutes.
    ///
    /// Tools that a change declares beside those of the builder are answered by hand.
    ///
    /// Cancel safe: a change that was taken is made even if nobody waits for it.
    ///
    /// # Errors
    /// When the provider cannot change it while the connection lives, or would not; the session is as it
    /// was then.
    pub async fn update(
        &self,
        patch: impl FnOnce(SessionConfig) -> SessionConfig + Send + 'static,
    ) -> Result<(), UpdateError> {
        self.desk.updates().change(Box::new(patch), None).await
    }

    /// As [`Control::update`], and then tells the model of it in a message of the application; at most
    /// once.
    ///
    /// # Errors
    /// See [`Control::update`]; [`UpdateError::Bridge`] when only the message failed.
    pub async fn update_with_bridge(
        &self,
        patch: impl FnOnce(SessionConfig) -> SessionConfig + Send + 'static,
        message: impl Into<String>,
    ) -> Result<(), UpdateError> {
        self.desk
            .updates()
            .change(Box::new(patch), Some(message.into()))
            .await
    }

    /// What the agent is doing at this moment.
    pub fn activity(&self) -> Activity {
        let attempt = self.desk.updates().attempts();
        if attempt > 0 {
            Activity::Updating { attempt }
        } else if self.desk.is_working() {
            Activity::ExecutingTools
        } else if self.session().state().borrow().turn.is_idle() {
            Activity::Idle
        } else {
            Activity::Talking
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
