//! The two halves of a session as traits, for code that works with either a session or a double.

use antiphon_protocol::{Ended, Event, Interruption, ToolResult};
use async_trait::async_trait;
use bytes::Bytes;

use crate::{Delivery, Events, Session, SessionError};

/// The half that listens; [`Events`] is one.
#[async_trait]
pub trait Reading: Send {
    /// The next event; `None` after the end. See [`Events::next`].
    async fn next_event(&mut self) -> Option<Event>;
}

/// The half that speaks; [`Session`] is one.
#[async_trait]
pub trait Writing: Send + Sync {
    /// See [`Session::send_audio`].
    async fn audio(&self, chunk: Bytes) -> Result<(), SessionError>;

    /// See [`Session::send_text`].
    async fn text(&self, text: String) -> Result<Delivery, SessionError>;

    /// See [`Session::send_tool_results`].
    async fn tool_results(&self, results: Vec<ToolResult>) -> Result<Delivery, SessionError>;

    /// See [`Session::interrupt`].
    async fn interruption(&self) -> Result<Interruption, SessionError>;

    /// See [`Session::close`].
    async fn end(&self) -> Ended;
}

#[async_trait]
impl Reading for Events {
    async fn next_event(&mut self) -> Option<Event> {
        self.next().await
    }
}

#[async_trait]
impl Writing for Session {
    async fn audio(&self, chunk: Bytes) -> Result<(), SessionError> {
        self.send_audio(chunk).await
    }

    async fn text(&self, text: String) -> Result<Delivery, SessionError> {
        self.send_text(text).await
    }

    async fn tool_results(&self, results: Vec<ToolResult>) -> Result<Delivery, SessionError> {
        self.send_tool_results(results).await
    }

    async fn interruption(&self) -> Result<Interruption, SessionError> {
        self.interrupt().await
    }

    async fn end(&self) -> Ended {
        self.close().await
    }
}
