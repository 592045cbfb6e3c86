//! Secrets stay secret: canaries go through everything that can log, and must not come out.
//!
//! A binary of its own, because loggers are set once per process. The server is written by hand:
//! a WebSocket library's server side would log the request itself.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what it expects by panicking"
)]

use std::{
    borrow::Cow,
    fmt::Write as _,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use antiphon_protocol::{
    AuthShape, Capabilities, Codec, Command, CommandId, Effect, Endpoint, Frame, OpeningPlan,
    Provider, ResumeToken, Secret, SessionConfig, Signal, Sink, Unsupported, WallTime,
};
use antiphon_transport::{
    Clock, CloseRequest, DialProgress, DialRequest, Input, Link, LinkCommand, LinkConfig,
    LinkOutput, Port, WsDial, drive,
    testing::{ScriptedDial, ScriptedPeer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const KEY: &str = "sk-canary/key+4711=";
const HANDLE: &str = "canary-resume-handle-0815";

/// Everything that any crate logged: where it came from, and what it said.
static RECORDS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

struct LogCapture;

impl log::Log for LogCapture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let target = record.target().to_owned();
        RECORDS
            .lock()
            .unwrap()
            .push((target, record.args().to_string()));
    }

    fn flush(&self) {}
}

#[derive(Clone, Copy)]
struct TracingCapture;

impl io::Write for TracingCapture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        RECORDS.lock().unwrap().push(("tracing".to_owned(), text));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn capture() {
    log::set_logger(&LogCapture).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| TracingCapture)
        .init();
    log::trace!("canary of the log capture");
    tracing::trace!("canary of the tracing capture");
}

/// A secret as it may show up.
fn disguises(secret: &str) -> Vec<String> {
    let encoded = secret.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(byte.into());
        } else {
            write!(text, "%{byte:02X}").unwrap();
        }
        text
    });
    let base64 = base64_simd::STANDARD.encode_to_string(secret);
    let bytes = format!("{:?}", secret.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']).to_owned();
    vec![secret.to_owned(), encoded, base64, bytes]
}

fn assert_clean(what: &str, text: &str) {
    for secret in [KEY, HANDLE] {
        for disguise in disguises(secret) {
            assert!(!text.contains(&disguise), "{what} shows a secret: {text}");
        }
    }
}

/// Speaks the handle in its opening, as the Gemini wire does.
struct Tainted {
    address: SocketAddr,
}

struct TaintedCodec;

impl Provider for Tainted {
    fn name(&self) -> &'static str {
        "tainted"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Owned(Capabilities::minimal("made for tests"))
    }

    fn open(&self, _plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        Ok((endpoint(self.address), Box::new(TaintedCodec)))
    }
}

impl Codec for TaintedCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        out.send(Frame::text(HANDLE));
    }

    fn decode(&mut self, _frame: &Frame, out: &mut dyn Sink) {
        out.signal(Signal::Resume(Some(handle())));
        out.signal(Signal::Ready {
            resumed: true,
            seeded: false,
        });
    }

    fn encode(
        &mut self,
        _id: CommandId,
        _command: &Command,
        _out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        Ok(())
    }
}

fn handle() -> ResumeToken {
    ResumeToken(Secret::from(HANDLE))
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint {
        url: format!("ws://{address}/v1").parse().unwrap(),
        headers: http::HeaderMap::new(),
        auth: Some((AuthShape::Bearer, Arc::new(Secret::from(KEY)))),
    }
}

fn plan() -> OpeningPlan {
    OpeningPlan {
        resume: Some(handle()),
        ..OpeningPlan::fresh(Arc::new(SessionConfig::new("m")))
    }
}

/// Starts the link, prints everything it says in its debug form, and closes it once it is live.
struct Printer {
    inputs: Vec<Input<LinkCommand>>,
    done: bool,
}

impl Port<Link> for Printer {
    fn poll_input(&mut self, _cx: &mut Context<'_>) -> Poll<Input<LinkCommand>> {
        self.inputs.pop().map_or(Poll::Pending, Poll::Ready)
    }

    fn output(&mut self, output: LinkOutput) {
        assert_clean("an output", &format!("{output:?} {output:#?}"));
        match output {
            LinkOutput::NeedPlan { .. } => {
                self.inputs.push(Input::Command(LinkCommand::Plan(plan())));
            }
            LinkOutput::Ready { .. } => {
                self.inputs.push(Input::Close(CloseRequest {
                    deadline: None,
                    dropped: false,
                }));
            }
            LinkOutput::Closed(ended) => {
                assert_clean("the end", &ended.reason.to_string());
                self.done = true;
            }
            _ => {}
        }
    }

    fn poll_deliver(&mut self, machine: &mut Link, _cx: &mut Context<'_>) -> bool {
        assert_clean("the link", &format!("{machine:?}"));
        false
    }

    fn is_finished(&self, _machine: &Link) -> bool {
        self.done
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn accepting(head: &str) -> String {
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "))
        .expect("a key");
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Answers every connection with what `answer` makes of its request.
async fn serve(answer: fn(&str) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = read_head(&mut stream).await;
            assert!(head.contains(KEY), "the credential has to arrive");
            stream.write_all(&answer(&head)).await.unwrap();
            let mut rest = Vec::new();
            let _ =
                tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut rest)).await;
        }
    });
    address
}

async fn run(answer: fn(&str) -> Vec<u8>) {
    let address = serve(answer).await;
    let clock = Clock::start();
    let config = LinkConfig::new(WallTime::default()).connect_attempts(1);
    let link = Link::new(Arc::new(Tainted { address }), config, 1);
    let port = Printer {
        inputs: vec![Input::Command(LinkCommand::Start)],
        done: false,
    };
    let session = drive(link, port, Arc::new(WsDial::new()), clock);
    tokio::time::timeout(Duration::from_secs(10), session)
        .await
        .expect("the session ends");
}

fn public_values_are_clean() {
    let endpoint = endpoint("127.0.0.1:1".parse().unwrap());
    let request = DialRequest {
        endpoint: endpoint.clone(),
        token: Some(Secret::from(KEY)),
        progress: DialProgress::default(),
    };
    let (dial, peer): (ScriptedDial, ScriptedPeer) = ScriptedDial::new();
    let effects = [Effect::Signal(Signal::Resume(Some(handle())))];
    for text in [
        format!("{endpoint:?} {endpoint:#?}"),
        format!("{request:?} {request:#?}"),
        format!("{dial:?} {peer:?} {:?}", WsDial::new()),
        format!("{:?} {:#?}", handle(), handle()),
        format!("{effects:?}"),
        format!("{:?}", plan()),
        format!("{:?}", LinkCommand::Plan(plan())),
    ] {
        assert_clean("a value", &text);
    }
}

/// Text that means to forge log lines and to paint terminals.
const HOSTILE: &str = "bye\r\nlevel=ERROR forged\u{1b}[2J\u{202e}txt";

fn hostile_close() -> Vec<u8> {
    let reason = HOSTILE.as_bytes();
    let length = u8::try_from(reason.len() + 2).unwrap();
    [&[0x88, length, 0x03, 0xf3], reason].concat()
}

// faults: I2, I3 by canary secrets through handshakes of every kind with all crates at
// trace level
#[tokio::test]
async fn no_secret_is_logged_by_any_crate_at_any_level() {
    capture();
    let answers: [fn(&str) -> Vec<u8>; 6] = [
        |head| [accepting(head).as_bytes(), &hostile_close()].concat(),
        |head| [accepting(head).as_bytes(), b"\x81\x02hi"].concat(),
        |head| format!("HTTP/1.1 401 Unauthorized\r\n\r\nyou sent {head}").into_bytes(),
        |_| b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\n\r\n".to_vec(),
        |head| format!("garbage {head}").into_bytes(),
        |head| [accepting(head).as_bytes(), b"\x83\x00"].concat(),
    ];
    for answer in answers {
        run(answer).await;
    }
    public_values_are_clean();

    let records = RECORDS.lock().unwrap();
    for capture in ["the log capture", "the tracing capture"] {
        assert!(
            records.iter().any(|(_, text)| text.contains(capture)),
            "{capture} does not work"
        );
    }
    assert!(
        records
            .iter()
            .any(|(target, _)| target.starts_with("tungstenite")),
        "the WebSocket library logs, so a clean result means something"
    );
    assert!(
        records
            .iter()
            .any(|(target, text)| target == "tracing" && text.contains("connection{generation=0")),
        "each connection has a span"
    );
    let told: Vec<_> = records
        .iter()
        .filter(|(target, text)| target == "tracing" && text.contains("forged"))
        .collect();
    assert!(!told.is_empty(), "the reason is told");
    for (_, text) in told {
        let line = text.trim_end_matches('\n');
        assert!(!line.contains(['\n', '\r', '\u{202e}']), "{line:?}");
        assert!(!line.contains("\u{1b}[2J"), "{line:?}");
    }
    for (target, text) in records.iter() {
        for disguise in disguises(KEY) {
            assert!(!text.contains(&disguise), "{target} logged the key: {text}");
        }
        // What tungstenite traces of its own frames is the documented exception for content.
        if !target.starts_with("tungstenite") {
            assert_clean(target, text);
        }
    }
}
