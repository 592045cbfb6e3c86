//! The handle for use while an agent runs.

use std::{ops::Deref, sync::Arc};

use antiphon_protocol::{CallId, Interruption, ToolCall, ToolResult};
use antiphon_session::{Delivery, Session, SessionError};

use crate::{ExecuteError, ToolEnd, board::Input, desk::Desk, handler::Notice};

/// Speaks to a running agent; clones speak to the same one.
///
/// It is a [`Session`] with the runner's share added: everything a session can do is called on it
/// directly. What is defined here takes the place of the session's own method of that name, so that
/// tools and players are told too.
#[derive(Clone, Debug)]
pub struct Control {
    desk: Arc<Desk>,
}

impl Control {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// The session itself.
    pub fn session(&self) -> &Session {
        self.desk.session()
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
