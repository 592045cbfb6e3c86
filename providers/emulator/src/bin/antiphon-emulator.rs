//! The emulator as a program, for applications in any language; see `antiphon-emulator serve --help`.

use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use antiphon_emulator::{Builder, Emulator, Refusal, Script};
use clap::{Parser, Subcommand, ValueEnum};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::io::AsyncReadExt;

/// A strict local server that speaks realtime voice protocols.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Listens, prints one line per protocol with its address and then `ready`, and serves.
    Serve(Serve),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// What is heard, said and done; given again, for the next connection. Default: the weather.
    #[arg(long, value_name = "FILE")]
    script: Vec<PathBuf>,
    /// Serves TLS, with a chain of certificates and a private key in PEM.
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"])]
    tls: Vec<PathBuf>,
    /// The one key that is accepted. Default: any, and none.
    #[arg(long)]
    key: Option<String>,
    /// How a wrong key is refused: by an HTTP status, or over the WebSocket.
    #[arg(long, value_enum, default_value_t = Refuse::Status)]
    refuse: Refuse,
    /// How long a session may last, in seconds.
    #[arg(long, value_name = "SECONDS")]
    session_limit: Option<u64>,
    /// How many connections are served at once.
    #[arg(long, value_name = "COUNT")]
    max_connections: Option<usize>,
    /// Where all ids follow from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Stops when standard input ends, as it does when the program that started this one is gone.
    #[arg(long)]
    until_eof: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Refuse {
    Status,
    Event,
}

fn main() -> ExitCode {
    let Command::Serve(serve) = Arguments::parse().command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(serve.run());
            // A thread that reads standard input does not hold up the end.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(format!("no runtime: {error}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // Nobody is left to be told when this fails.
            _ = writeln!(io::stderr(), "antiphon-emulator: {sentence}");
            ExitCode::FAILURE
        }
    }
}

impl Serve {
    async fn run(self) -> Result<(), String> {
        let address = SocketAddr::new(self.host, self.port);
        let stopped = told_to_stop(self.until_eof)?;
        let emulator = self
            .builder()?
            .start_at(address)
            .await
            .map_err(|error| format!("cannot listen on {address}: {error}"))?;
        announce(&emulator).map_err(|error| format!("cannot write the addresses: {error}"))?;
        stopped.await;
        emulator.stop().await;
        Ok(())
    }

    fn builder(&self) -> Result<Builder, String> {
        let mut builder = Emulator::builder()
            .key(self.key.as_deref())
            .refusal(match self.refuse {
                Refuse::Status => Refusal::Status,
                Refuse::Event => Refusal::Event,
            })
            .seed(self.seed);
        for (at, path) in self.script.iter().enumerate() {
            let script = read_script(path)?;
            builder = match at {
                0 => builder.script(script),
                _ => builder.then_script(script),
            };
        }
        if let Some(seconds) = self.session_limit {
            builder = builder.session_limit(Duration::from_secs(seconds));
        }
        if let Some(most) = self.max_connections {
            builder = builder.max_connections(most);
        }
        if let [certificates, key] = self.tls.as_slice() {
            builder = builder.tls(tls(certificates, key)?);
        }
        Ok(builder)
    }
}

fn read_script(path: &Path) -> Result<Script, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    text.parse()
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn tls(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let unusable = |path: &Path, error: &dyn std::fmt::Display| {
        format!("{} cannot be used: {error}", path.display())
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(certificates, &error))?;
    if chain.is_empty() {
        return Err(unusable(certificates, &"it holds no certificate"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private)
        })
        .map_err(|error| unusable(key, &error))?;
    Ok(Arc::new(config))
}

/// One line per protocol, then `ready`; whoever started the program reads until there.
fn announce(emulator: &Emulator) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "realtime {}", emulator.url())?;
    writeln!(out, "live {}", emulator.live_url())?;
    writeln!(out, "gemini {}", emulator.gemini_url())?;
    writeln!(out, "vertex {}", emulator.vertex_url())?;
    writeln!(out, "ready")?;
    out.flush()
}

/// Ends with an order to stop: SIGINT, SIGTERM, or the end of standard input.
fn told_to_stop(until_eof: bool) -> Result<impl Future<Output = ()>, String> {
    let terminated = terminated().map_err(|error| format!("cannot wait for signals: {error}"))?;
    Ok(async move {
        // Each arm is cancel safe: only the first that ends counts, and nothing is waited for after.
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
            () = end_of_input(), if until_eof => {}
        }
    })
}

#[cfg(unix)]
fn terminated() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = signal(SignalKind::terminate())?;
    Ok(async move { _ = signals.recv().await })
}

#[cfg(not(unix))]
fn terminated() -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}

async fn end_of_input() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 1_024];
    while let Ok(1..) = input.read(&mut ignored).await {}
}
