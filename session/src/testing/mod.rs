//! What tests of a voice application need: a provider small enough to read, its server's end in the
//! test's hands, and checks of the session's accounts.
//!
//! Everything runs over the in-memory wire and obeys tokio's paused time, so that a wait of half a
//! minute takes no time at all: put `start_paused = true` on the test.
//!
//! ```
//! use antiphon_protocol::Event;
//! use antiphon_session::testing::{Toy, assert_accounted};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::time::pause();
//! // A live session, its reader, the hold on its dials, and the server's end of its connection.
//! let (session, mut events, _peer, server) = Toy::new().live().await?;
//!
//! session.send_text("hello?").await?;
//! assert_eq!(server.expect("items").await.1, "hello?");
//! server.expect("create").await;
//! for line in ["started r1", "text r1 good morning", "done r1 completed"] {
//!     server.say(line);
//! }
//! while !matches!(events.next().await, Some(Event::ResponseDone(_))) {}
//!
//! session.close().await;
//! assert_accounted(&session.state().borrow());
//! # Ok(())
//! # }
//! ```

mod account;
mod moment;
mod server;
mod toy;
mod travel;
mod wire;

pub use self::{
    account::{CallBook, assert_accounted},
    moment::{CallAt, GateAt, Moment, PlayheadAt, WaitingAt},
    server::{ToyServer, settle, until},
    toy::Toy,
    travel::{TimeTravel, recorded_provider},
};
