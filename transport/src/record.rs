//! Recording of what travels on the wires, one JSON object a line, with secrets taken out.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use antiphon_protocol::{End, Endpoint, Frame, FrameKind, Secret};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Clock, Dial, DialRequest, Incoming, WirePair, WireRx, WireTx};

/// Members of JSON objects whose text is taken out of recordings wherever they appear.
const SECRET_MEMBERS: &[&str] = &[
    "access_token",
    "api_key",
    "apiKey",
    "authorization",
    "client_secret",
    "handle",
    "newHandle",
    "password",
    "token",
];

const REDACTED: &str = "[redacted]";

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedLine {
    /// Which connection of the recording, counted from 0.
    pub connection: u32,
    /// When, in microseconds since the recording began.
    pub at_us: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: Recorded,
}

/// What a line of a recording tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Recorded {
    /// The connection is open.
    Open {
        /// The host it leads to.
        host: String,
        /// The path, without its query.
        path: String,
    },
    /// The dial failed.
    Refused {
        /// How it ended.
        #[serde(flatten)]
        end: RecordedEnd,
    },
    /// A text message of this side.
    SentText {
        /// The text.
        text: String,
    },
    /// A binary message of this side.
    SentBinary {
        /// The bytes, in base64.
        base64: String,
    },
    /// A text message of the peer.
    HeardText {
        /// The text.
        text: String,
    },
    /// A binary message of the peer.
    HeardBinary {
        /// The bytes, in base64.
        base64: String,
    },
    /// This side hung up.
    HungUp {
        /// The close code.
        code: u16,
    },
    /// The connection is over.
    End {
        /// How it ended.
        #[serde(flatten)]
        end: RecordedEnd,
    },
}

/// How a recorded connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedEnd {
    /// The kind of fact that ended it, as [`How`](antiphon_protocol::How) is spelled in JSON.
    pub how: String,
    /// The peer's close code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The status of a refused upgrade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The peer's or the system's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl RecordedEnd {
    fn of(end: &End) -> Self {
        let how = serde_json::to_value(end.how).ok();
        Self {
            how: how
                .as_ref()
                .and_then(|how| how.as_str())
                .unwrap_or_default()
                .to_owned(),
            code: end.code,
            status: end.status,
            reason: end.reason.as_str().to_owned(),
        }
    }
}

/// A [`Dial`] that writes down what travels on the wires of another.
///
/// Audio and words are written as they are: a recording is as private as the conversation.
/// Credentials are never part of it; the text of JSON members that hold tokens and handles is
/// replaced, as is any text that was named with [`RecordingDial::redact`].
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
    secrets: Vec<Secret>,
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
                secrets: Vec::new(),
                error: None,
            }))),
        }
    }

    /// Takes this text out of everything that is written, too.
    #[must_use]
    pub fn redact(self, secret: Secret) -> Self {
        if !secret.is_empty() {
            self.tape.lock().secrets.push(secret);
        }
        self
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
        if let Some(token) = token.filter(|token| !token.is_empty())
            && !tape.secrets.contains(token)
        {
            tape.secrets.push(token.clone());
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

    fn scrub(&self, mut what: Recorded) -> Recorded {
        match &mut what {
            Recorded::SentText { text } | Recorded::HeardText { text } => {
                *text = self.clean(std::mem::take(text));
            }
            Recorded::Refused { end } | Recorded::End { end } => {
                end.reason = self.clean(std::mem::take(&mut end.reason));
            }
            _ => {}
        }
        what
    }

    fn clean(&self, mut text: String) -> String {
        for secret in &self.secrets {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), REDACTED);
            }
        }
        without_secret_members(&text)
    }
}

/// The text with the string values of secret members replaced, wherever they stand. It needs no
/// well-formed JSON, because broken frames are recorded too.
fn without_secret_members(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, quoted)) = rest.split_once('"') {
        clean.push_str(before);
        clean.push('"');
        let (word, after) = quoted.split_at(end_of_string(quoted));
        clean.push_str(word);
        rest = after;
        if !SECRET_MEMBERS.contains(&word) {
            if let Some(after) = rest.strip_prefix('"') {
                clean.push('"');
                rest = after;
            }
            continue;
        }
        // From the closing quote of the name to the opening quote of its value.
        let value = rest
            .strip_prefix('"')
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix(':'))
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix('"'));
        if let Some(value) = value {
            clean.push_str("\":\"");
            clean.push_str(REDACTED);
            rest = value.split_at(end_of_string(value)).1;
        }
        if let Some(after) = rest.strip_prefix('"') {
            clean.push('"');
            rest = after;
        }
    }
    clean.push_str(rest);
    clean
}

/// The place of the quote that ends a JSON string, or the end of the text.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place,
            _ => {}
        }
    }
    text.len()
}

fn message(frame: &Frame, sent: bool) -> Recorded {
    match (frame.kind, std::str::from_utf8(&frame.data)) {
        // Some services send JSON in binary frames; as text its secrets can be found.
        (FrameKind::Text, Ok(text)) => {
            let text = text.to_owned();
            if sent {
                Recorded::SentText { text }
            } else {
                Recorded::HeardText { text }
            }
        }
        (_, Ok(text)) if text.trim_start().starts_with('{') => {
            binary(without_secret_members(text).as_bytes(), sent)
        }
        _ => binary(&frame.data, sent),
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
        self.tape.write(self.connection, message(&frame, true));
        self.inner.start_send(frame)
    }

    fn start_ping(&mut self) -> Result<(), End> {
        self.inner.start_ping()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.inner.poll_flush(cx)
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
                self.tape.write(self.connection, message(frame, false));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_members_are_taken_out_wherever_they_stand() {
        for (given, kept) in [
            (r#"{"type":"x","n":1}"#, r#"{"type":"x","n":1}"#),
            (
                r#"{"sessionResumptionUpdate":{"newHandle":"h-1","resumable":true}}"#,
                r#"{"sessionResumptionUpdate":{"newHandle":"[redacted]","resumable":true}}"#,
            ),
            (
                r#"{"token" : "a\"b", "x":2}"#,
                r#"{"token":"[redacted]", "x":2}"#,
            ),
            (r#"["token","y"]"#, r#"["token","y"]"#),
            (
                r#"{"token":null,"k":"token"}"#,
                r#"{"token":null,"k":"token"}"#,
            ),
            (r#"{"handle":"cut off"#, r#"{"handle":"[redacted]"#),
            (r#"not "json" at all"#, r#"not "json" at all"#),
        ] {
            assert_eq!(without_secret_members(given), kept);
        }
    }
}
