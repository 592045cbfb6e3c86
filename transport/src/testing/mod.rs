//! Doubles for tests: wires without sockets, for this crate's tests and for yours.
//!
//! [`ScriptedDial`] opens wires whose other side a test holds in its hands, step by step.
//! [`MemoryDial`] opens wires whose other side is a pure state machine, such as a whole server.
//! [`MemoryNetwork`] carries bytes, so that a real WebSocket and a real server meet without a socket,
//! and [`Faulty`] breaks such a stream at a given byte. [`FaultyDial`] repeats, swaps, loses and adds
//! whole frames on any wire, and leaves it half open.
//! All of them obey tokio's paused time, so a test of a 30 s wait takes no time at all.
//!
//! ```
//! use antiphon_protocol::{Endpoint, Frame};
//! use antiphon_transport::{Dial, DialProgress, DialRequest, Incoming, testing::ScriptedDial};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (dial, peer) = ScriptedDial::new();
//! let endpoint = Endpoint {
//!     url: "wss://voice.example/v1".parse()?,
//!     headers: Default::default(),
//!     auth: None,
//! };
//! let request = DialRequest { endpoint, token: None, progress: DialProgress::default() };
//! let (_tx, mut rx) = dial.dial(request).await.map_err(|end| format!("{end:?}"))?;
//!
//! let wire = peer.accept().await;
//! wire.send(Frame::text("hello"));
//! let heard = std::future::poll_fn(|cx| rx.poll_recv(cx)).await;
//! assert!(matches!(heard, Ok(Incoming::Frame(frame)) if frame.data == "hello"));
//! assert_eq!(peer.dials(), 1);
//! # Ok(())
//! # }
//! ```

mod faulty;
mod frames;
mod memory;
#[cfg(any(feature = "tungstenite", feature = "tokio-websockets"))]
mod network;
mod pipe;
#[cfg(feature = "recording")]
mod replay;
mod scripted;

#[cfg(any(feature = "tungstenite", feature = "tokio-websockets"))]
pub use self::network::{Faults, MemoryListener, MemoryNetwork};
#[cfg(feature = "recording")]
pub use self::replay::{BadRecording, ReplayDial};
pub use self::{
    faulty::{ByteFault, Faulty},
    frames::{FaultyDial, FrameFault, FrameFaults},
    memory::{MemoryDial, Peer, PeerOutput},
    pipe::PeerWire,
    scripted::{ScriptedDial, ScriptedPeer},
};
