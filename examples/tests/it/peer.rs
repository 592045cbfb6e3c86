//! The other ends: an emulator with a script, and sockets that behave badly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};

use antiphon_emulator::{Builder, Emulator, Script};
use tokio::runtime::{self, Runtime};

/// An emulator on a thread of its own, for as long as this lives.
pub(crate) struct Peer {
    emulator: Emulator,
    _runtime: Runtime,
}

impl Peer {
    pub(crate) fn new(adjust: impl FnOnce(Builder) -> Builder) -> Self {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let emulator = runtime
            .block_on(adjust(Emulator::builder()).start())
            .unwrap();
        Self {
            emulator,
            _runtime: runtime,
        }
    }

    pub(crate) fn playing(script: &str) -> Self {
        let script: Script = script.parse().unwrap();
        Self::new(|builder| builder.script(script))
    }

    pub(crate) fn url(&self) -> String {
        self.emulator.url()
    }
}

/// Serves every connection with `serve` and answers with the address.
pub(crate) fn socket(serve: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/v1/realtime", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream);
        }
    });
    url
}

/// An address where nobody listens.
pub(crate) fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("ws://{}/v1/realtime", listener.local_addr().unwrap())
}

/// Takes every connection and never says a word.
pub(crate) fn silent() -> String {
    let kept = std::sync::Mutex::new(Vec::new());
    socket(move |stream| kept.lock().unwrap().push(stream))
}

/// Answers every request with these bytes and hangs up.
pub(crate) fn answering(bytes: &'static [u8]) -> String {
    socket(move |mut stream| {
        // The peer may hang up first; that is its business.
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Both);
    })
}
