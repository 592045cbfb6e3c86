//! The toy of the testing kit, as these tests take it.

use antiphon_protocol::AudioFormat;
pub(crate) use antiphon_session::testing::{Toy, ToyServer as Server, settle, until};
use antiphon_session::{Events, Session, SessionBuilder};
use antiphon_transport::testing::{ScriptedDial, ScriptedPeer};

pub(crate) const FORMAT: AudioFormat = AudioFormat::PCM16_24K;

pub(crate) fn builder(dial: ScriptedDial) -> SessionBuilder {
    Session::builder(Toy::new()).dial(dial).seed(7)
}

/// A live session and both its ends.
pub(crate) async fn live() -> (Session, Events, ScriptedPeer, Server) {
    live_with(|builder| builder).await
}

pub(crate) async fn live_with(
    adjust: impl FnOnce(SessionBuilder) -> SessionBuilder,
) -> (Session, Events, ScriptedPeer, Server) {
    Toy::new().live_with(adjust).await.unwrap()
}

/// A live session with a toy of other abilities.
pub(crate) async fn live_toy(toy: &Toy) -> (Session, Events, ScriptedPeer, Server) {
    toy.live().await.unwrap()
}
