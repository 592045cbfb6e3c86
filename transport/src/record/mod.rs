//! Recording of what travels on the wires, one JSON object a line, with secrets taken out.

mod line;
mod members;

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use antiphon_protocol::{End, Endpoint, Frame, FrameKind, Secret};
use async_trait::async_trait;

pub use self::line::{Recorded, RecordedEnd, RecordedLine};
use crate::{
    Clock, Dial, DialRequest, Incoming, WirePair, WireRx, WireTx,
    scrub::{REDACTED, Scrub},
};

/// Secrets learned from what was said that are looked for everywhere else: the newest of them.
const LEARNED: usize = 32;
/// Shorter ones are not looked for elsewhere: they would be found by chance.
const LEARNABLE: usize = 8;

/// A [`Dial`] that writes down what travels on the wires of another.
///
/// Audio and words are written as they are: a recording is as private as the conversation.
/// Secrets are taken out: the credential of each dial, what was named with [`RecordingDial::redact`],
/// and the text of JSON members that hold tokens and handles, there and wherever else it stands.
///
/// ```
/// use antiphon_transport::{RecordingDial, testing::ScriptedDial};
///
/// # fn main() -> std::io::Result<()> {
/// let (dial, _peer) = ScriptedDial::new();
/// let file = std::io::sink(); // or a file, best inside a `BufWriter`
/// let dial = RecordingDial::new(dial, file);
/// assert!(dial.error().is_none());
/// # Ok(())
/// # }
/// ```
pub struct RecordingDial {
    inner: Arc<dyn Dial>,
    tape: Tape,
}

#[derive(Clone)]
struct Tape(Arc<Mutex<TapeState>>);

struct TapeState {
    sink: Box<dyn io::Write + Send>,
    clock: Clock,
    connections: u32,
    /// What was named, and the credentials.
    named: Scrub,
    /// What was learned from secret members.
    learned: VecDeque<Secret>,
    error: Option<String>,
}

impl fmt::Debug for RecordingDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingDial").finish_non_exhaustive()
    }
}

impl RecordingDial {
    /// Writes what travels on the wires that `inner` opens into `sink`. It is written from the
    /// session's task, so the sink should not block for long.
    pub fn new(inner: impl Dial + 'static, sink: impl io::Write + Send + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            tape: Tape(Arc::new(Mutex::new(TapeState {
                sink: Box::new(sink),
                clock: Clock::start(),
                connections: 0,
                named: Scrub::default(),
                learned: VecDeque::new(),
                error: None,
            }))),
        }
    }

    /// Takes this text out of everything that is written, too.
    #[must_use]
    pub fn redact(self, secret: Secret) -> Self {
        self.tape.lock().named.add(secret);
        self
    }

    /// Writes down what somebody above the wires has to say, in its place among what travels; secrets
    /// are taken out of it, too. What is not JSON is left out.
    pub fn note(&self, json: &str) {
        let mut tape = self.tape.lock();
        let text = tape.clean(json);
        if let Ok(note) = serde_json::from_str(&text) {
            let connection = tape.connections.saturating_sub(1);
            tape.write(connection, Recorded::Note { note });
        }
    }

    /// Writes out what the sink still holds back.
    ///
    /// # Errors
    /// Why the recording is incomplete, if it is.
    pub fn flush(&self) -> Result<(), String> {
        let mut tape = self.tape.lock();
        if let Some(error) = &tape.error {
            return Err(error.clone());
        }
        tape.sink.flush().map_err(|error| error.to_string())
    }

    /// Why the recording is incomplete, if it is: the sink failed, and nothing was written since.
    pub fn error(&self) -> Option<String> {
        self.tape.lock().error.clone()
    }
}

impl Tape {
    fn lock(&self) -> MutexGuard<'_, TapeState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, endpoint: &Endpoint, token: Option<&Secret>) -> u32 {
        let mut tape = self.lock();
        if let Some(token) = token {
            tape.named.add(token.clone());
        }
        let connection = tape.connections;
        tape.connections = connection.saturating_add(1);
        let what = Recorded::Open {
            host: endpoint.url.host().unwrap_or_default().to_owned(),
            path: endpoint.url.path().to_owned(),
        };
        tape.write(connection, what);
        connection
    }

    fn write(&self, connection: u32, what: Recorded) {
        self.lock().write(connection, what);
    }

    fn frame(&self, connection: u32, frame: &Frame, sent: bool) {
        let mut tape = self.lock();
        let what = tape.message(frame, sent);
        tape.write(connection, what);
    }
}

impl TapeState {
    fn write(&mut self, connection: u32, what: Recorded) {
        if self.error.is_some() {
            return;
        }
        let line = RecordedLine {
            connection,
            at_us: u64::try_from(self.clock.now().since_origin().as_micros()).unwrap_or(u64::MAX),
            what: self.scrub(what),
        };
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|text| writeln!(self.sink, "{text}"));
        if let Err(error) = written {
            self.error = Some(error.to_string());
        }
    }

    fn scrub(&mut self, mut what: Recorded) -> Recorded {
        match &mut what {
            Recorded::SentText { text } | Recorded::HeardText { text } => {
                *text = self.clean(text);
            }
            Recorded::Refused { end } | Recorded::End { end } => {
                end.reason = self.clean(&end.reason);
            }
            Recorded::Open { host, path } => {
                *host = self.clean(host);
                *path = self.clean(path);
            }
            // Its text was cleaned before it became base64.
            Recorded::SentBinary { .. } | Recorded::HeardBinary { .. } => {}
            // So was this.
            Recorded::Note { .. } => {}
            Recorded::HungUp { .. } => {}
        }
        what
    }

    fn clean(&mut self, text: &str) -> String {
        let learned = &mut self.learned;
        let mut text = members::without_secrets(text, |secret| {
            if secret.len() >= LEARNABLE && learned.iter().all(|known| known.expose() != secret) {
                learned.truncate(LEARNED - 1);
                learned.push_front(Secret::from(secret));
            }
        });
        for secret in &self.learned {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), REDACTED);
            }
        }
        self.named.clean(text)
    }

    fn message(&mut self, frame: &Frame, sent: bool) -> Recorded {
        let text = std::str::from_utf8(&frame.data).ok();
        match (frame.kind, text) {
            (FrameKind::Text, Some(text)) => {
                let text = text.to_owned();
                if sent {
                    Recorded::SentText { text }
                } else {
                    Recorded::HeardText { text }
                }
            }
            // Some services send JSON in binary frames.
            (_, Some(text)) => binary(self.clean(text).as_bytes(), sent),
            (_, None) => binary(&frame.data, sent),
        }
    }
}

fn binary(data: &[u8], sent: bool) -> Recorded {
    let base64 = base64_simd::STANDARD.encode_to_string(data);
    if sent {
        Recorded::SentBinary { base64 }
    } else {
        Recorded::HeardBinary { base64 }
    }
}

#[async_trait]
impl Dial for RecordingDial {
    fn check(&self, endpoint: &Endpoint) -> Result<(), End> {
        self.inner.check(endpoint)
    }

    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let connection = self.tape.open(&request.endpoint, request.token.as_ref());
        let (tx, rx) = self.inner.dial(request).await.inspect_err(|end| {
            let end = RecordedEnd::of(end);
            self.tape.write(connection, Recorded::Refused { end });
        })?;
        let tape = self.tape.clone();
        let tx = Tx {
            inner: tx,
            tape: tape.clone(),
            connection,
            hung_up: false,
        };
        let rx = Rx {
            inner: rx,
            tape,
            connection,
        };
        Ok((Box::new(tx), Box::new(rx)))
    }
}

struct Tx {
    inner: Box<dyn WireTx>,
    tape: Tape,
    connection: u32,
    hung_up: bool,
}

impl WireTx for Tx {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), End> {
        self.tape.frame(self.connection, &frame, true);
        self.inner.start_send(frame)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        self.inner.start_ping()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.inner.poll_flush(cx)
    }

    fn handed_over(&self) -> u64 {
        self.inner.handed_over()
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<Result<(), End>> {
        if !std::mem::replace(&mut self.hung_up, true) {
            self.tape.write(self.connection, Recorded::HungUp { code });
        }
        self.inner.poll_close(cx, code)
    }
}

struct Rx {
    inner: Box<dyn WireRx>,
    tape: Tape,
    connection: u32,
}

impl WireRx for Rx {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, End>> {
        let received = self.inner.poll_recv(cx);
        match &received {
            Poll::Ready(Ok(Incoming::Frame(frame))) => {
                self.tape.frame(self.connection, frame, false);
            }
            Poll::Ready(Err(end)) => {
                let end = RecordedEnd::of(end);
                self.tape.write(self.connection, Recorded::End { end });
            }
            _ => {}
        }
        received
    }
}
