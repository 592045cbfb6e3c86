//! A network in memory: byte streams between a [`WsDial`](crate::WsDial) and a server in the same
//! process, with real HTTP, real WebSocket framing and, where wanted, real faults.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_protocol::{End, How, Stage};
use async_trait::async_trait;
use tokio::{io::DuplexStream, sync::Notify};

use super::{ByteFault, Faulty};
use crate::{Connect, Destination, DialProgress, Socket};

/// Bytes that a stream holds in each direction, like a socket's buffers.
const BUFFER: usize = 64 * 1024;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<DuplexStream>,
    faults: VecDeque<Faults>,
    refused: bool,
}

/// The faults of one connection, seen from the client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// After how many bytes what the client reads fails, and how.
    pub reading: Option<(u64, ByteFault)>,
    /// After how many bytes what the client writes fails, and how.
    pub writing: Option<(u64, ByteFault)>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client's side of the network: give it to
/// [`WsDial::connect_with`](crate::WsDial::connect_with).
///
/// ```
/// use antiphon_transport::{WsDial, testing::MemoryNetwork};
///
/// let (network, listener) = MemoryNetwork::new();
/// let dial = WsDial::new().connect_with(network);
/// // `listener.accept().await` yields the server's end of each connection: hand it to any
/// // WebSocket server, or speak bytes.
/// # let _ = (dial, listener);
/// ```
#[derive(Clone)]
pub struct MemoryNetwork(Arc<Shared>);

/// The server's side of the network.
#[derive(Clone)]
pub struct MemoryListener(Arc<Shared>);

impl fmt::Debug for MemoryNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNetwork").finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryListener").finish_non_exhaustive()
    }
}

impl MemoryNetwork {
    /// Both sides of a new network.
    pub fn new() -> (Self, MemoryListener) {
        let shared = Arc::new(Shared::default());
        (Self(Arc::clone(&shared)), MemoryListener(shared))
    }
}

impl MemoryListener {
    /// The server's end of the next connection. Cancel safe.
    pub async fn accept(&self) -> DuplexStream {
        loop {
            let arrived = self.0.arrived.notified();
            let waiting = self.0.lock().waiting.pop_front();
            if let Some(stream) = waiting {
                return stream;
            }
            arrived.await;
        }
    }

    /// Gives the next connection these faults; several calls for several connections, in order.
    pub fn fault_next(&self, faults: Faults) {
        self.0.lock().faults.push_back(faults);
    }

    /// Whether connections are refused, as when nobody listens.
    pub fn refuse(&self, refused: bool) {
        self.0.lock().refused = refused;
    }
}

#[async_trait]
impl Connect for MemoryNetwork {
    async fn connect(
        &self,
        _destination: &Destination,
        progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        progress.enter(Stage::Connect);
        let mut state = self.0.lock();
        if state.refused {
            return Err(End::new(Stage::Connect, How::Io).because("connection refused"));
        }
        let (client, server) = tokio::io::duplex(BUFFER);
        let faults = state.faults.pop_front().unwrap_or_default();
        state.waiting.push_back(server);
        drop(state);
        self.0.arrived.notify_one();
        let mut client = Faulty::new(client);
        if let Some((after, fault)) = faults.reading {
            client = client.reading(after, fault);
        }
        if let Some((after, fault)) = faults.writing {
            client = client.writing(after, fault);
        }
        Ok(Box::new(client))
    }
}
