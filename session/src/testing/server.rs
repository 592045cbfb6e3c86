//! The server's end of a toy's connection, in a test's hands.

use antiphon_protocol::Event;
use antiphon_transport::testing::{PeerWire, ScriptedPeer};

use crate::Events;

/// The server's end of one connection, in words.
///
/// Its methods panic when the client does what the test does not expect.
pub struct ToyServer {
    /// The wire itself, to stall, cut or close.
    pub wire: PeerWire,
}

impl std::fmt::Debug for ToyServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ToyServer")
    }
}

impl ToyServer {
    /// The next connection, whose greeting brings nothing, opened as far as ready.
    pub async fn ready(peer: &ScriptedPeer) -> Self {
        let (server, brought) = Self::opened(peer).await;
        assert_eq!(brought, "hello", "the connection brings something");
        server
    }

    /// The next connection, opened as far as ready, and its greeting.
    pub async fn opened(peer: &ScriptedPeer) -> (Self, String) {
        let (server, greeting) = Self::greeted(peer).await;
        server.say("ready");
        (server, greeting)
    }

    /// The next connection and its greeting, which is not answered yet.
    pub async fn greeted(peer: &ScriptedPeer) -> (Self, String) {
        let server = Self {
            wire: peer.accept().await,
        };
        let greeting = server.hear().await;
        (server, greeting)
    }

    /// Says a line.
    pub fn say(&self, line: &str) {
        self.wire.send_text(line);
    }

    /// The client's next line.
    #[expect(clippy::panic, reason = "a test states what it expects by panicking")]
    pub async fn hear(&self) -> String {
        let Some(frame) = self.wire.recv().await else {
            panic!("the client is gone");
        };
        String::from_utf8_lossy(&frame.data).into_owned()
    }

    /// The client's next line that is not audio.
    pub async fn hear_words(&self) -> String {
        loop {
            let line = self.hear().await;
            if !line.starts_with("audio ") {
                return line;
            }
        }
    }

    /// The next command, which must be called `name`; returns its number and the rest.
    pub async fn expect(&self, name: &str) -> (u64, String) {
        let line = self.hear().await;
        let mut words = line.splitn(3, ' ');
        assert_eq!(words.next(), Some(name), "in {line:?}");
        let number = words.next().and_then(|word| word.parse().ok());
        (
            number.unwrap_or_default(),
            words.next().unwrap_or_default().to_owned(),
        )
    }

    /// Takes the next command, which must be called `name`, and says that it was carried out.
    pub async fn grant(&self, name: &str) -> String {
        let (number, rest) = self.expect(name).await;
        self.say(&format!("ack {number}"));
        rest
    }

    /// Whether the client has said nothing more; takes what it has.
    pub fn is_quiet(&self) -> bool {
        self.wire.try_recv().is_none()
    }
}

/// Reads until an event passes `want`.
///
/// # Panics
/// When the session ends before.
#[expect(clippy::panic, reason = "a test states what it expects by panicking")]
pub async fn until<T>(events: &mut Events, want: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let Some(event) = events.next().await else {
            panic!("the session is over");
        };
        if let Some(found) = want(&event) {
            return found;
        }
    }
}

/// Lets every task run until all wait for something other than time.
pub async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
