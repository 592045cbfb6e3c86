//! The emulator as a WebSocket server on the loopback interface.

mod connection;
mod upgrade;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use antiphon_transport::Clock;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};

use crate::Builder;

/// How long connections may take to say goodbye when the emulator stops.
const GOODBYE: Duration = Duration::from_secs(1);

/// A running emulator. It stops when it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use antiphon_emulator::Emulator;
///
/// let emulator = Emulator::builder().start().await?;
/// assert!(emulator.url().starts_with("ws://127.0.0.1:"));
/// emulator.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    addr: SocketAddr,
    secure: bool,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Emulator {
    /// An emulator with the weather script, to be configured further.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address for clients of the Realtime protocol: `ws://127.0.0.1:PORT/v1/realtime`.
    pub fn url(&self) -> String {
        self.at("/v1/realtime")
    }

    /// The address for clients of GPT-Live: `ws://127.0.0.1:PORT/v1/live/sessions`.
    pub fn live_url(&self) -> String {
        self.at("/v1/live/sessions")
    }

    /// The address for clients of Gemini Live on the Developer API.
    pub fn gemini_url(&self) -> String {
        self.at("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")
    }

    /// The address for clients of Gemini Live on Vertex.
    pub fn vertex_url(&self) -> String {
        self.at("/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent")
    }

    /// The address without its last part, for clients that add `/realtime` themselves:
    /// `ws://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        self.at("/v1")
    }

    /// `wss:` where it was given a certificate.
    fn at(&self, path: &str) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{path}", self.addr)
    }

    /// Closes all connections with code 1001 and waits until they are closed, a second at most.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // The task bounds its own end; a panic in it is not this caller's.
            _ = task.await;
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The listening task sees this, says goodbye to its connections, and ends within bounds.
        self.stop.send_replace(true);
    }
}

impl Builder {
    /// Listens on a free port of 127.0.0.1 and serves connections in tasks of this runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(self) -> io::Result<Emulator> {
        self.start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Like [`start`](Self::start), on an address of the caller's choice.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start_at(self, addr: SocketAddr) -> io::Result<Emulator> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        #[cfg(feature = "tls")]
        let secure = self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let secure = false;
        let task = tokio::spawn(listen(listener, Arc::new(self), stopped));
        Ok(Emulator {
            addr,
            secure,
            stop,
            task: Some(task),
        })
    }
}

async fn listen(listener: TcpListener, builder: Arc<Builder>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(builder.max_connections));
    let mut connections = JoinSet::new();
    let told = stopped.clone();
    // One clock for all connections: those of one session share its time.
    let clock = Clock::start();
    let mut number = 0;
    loop {
        // Each arm is cancel safe: watch, accept and join_next lose nothing when dropped.
        tokio::select! {
            biased;
            () = told_to_stop(&mut stopped) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let place = Arc::clone(&places).try_acquire_owned().ok();
                    let builder = Arc::clone(&builder);
                    let accepted = Accepted {
                        number,
                        has_place: place.is_some(),
                        clock,
                        stopped: told.clone(),
                    };
                    connections.spawn(async move {
                        serve(stream, &builder, accepted).await;
                        drop(place);
                    });
                    number += 1;
                }
                // Out of descriptors, or a peer that was gone at once: a moment later is better.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    let all = async { while connections.join_next().await.is_some() {} };
    _ = tokio::time::timeout(GOODBYE, all).await;
}

/// Waits for the order to stop; an emulator that is gone has given it.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    _ = stopped.wait_for(|stop| *stop).await;
}

/// What a WebSocket is spoken over.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One connection that was accepted.
struct Accepted {
    number: u64,
    has_place: bool,
    clock: Clock,
    stopped: watch::Receiver<bool>,
}

async fn serve(stream: TcpStream, builder: &Builder, accepted: Accepted) {
    // Without it the kernel would hold small frames back; a connection works either way.
    _ = stream.set_nodelay(true);
    #[cfg(feature = "tls")]
    if let Some(config) = &builder.tls {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(config));
        let secured = tokio::time::timeout(upgrade::HANDSHAKE, acceptor.accept(stream)).await;
        if let Ok(Ok(stream)) = secured {
            speak(stream, builder, accepted).await;
        }
        return;
    }
    speak(stream, builder, accepted).await;
}

async fn speak<S: Stream>(stream: S, builder: &Builder, accepted: Accepted) {
    let Accepted {
        number,
        has_place,
        clock,
        stopped,
    } = accepted;
    if let Some((socket, route)) = upgrade::accept(stream, builder, number, has_place).await {
        connection::run(socket, builder, number, route, clock, stopped).await;
    }
}
