//! A dial that plays recordings back.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_protocol::{End, Frame, How, Stage};
use async_trait::async_trait;
use tokio::time::sleep;

use super::pipe::{self, PeerWire};
use crate::{Dial, DialRequest, Recorded, RecordedEnd, RecordedLine, WirePair};

/// A line of a recording that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecording {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for BadRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the recording: {}", self.line, self.why)
    }
}

impl std::error::Error for BadRecording {}

/// A [`Dial`] without a network that plays a recording: the n-th dial meets its n-th connection.
///
/// What the peer said comes again in the same order and with the same pauses, each message not
/// before this side has said as much as it had when the message was recorded. When the recording
/// is used up, further dials are refused.
///
/// ```
/// use antiphon_transport::testing::ReplayDial;
///
/// let recording = r#"{"connection":0,"at_us":0,"what":"open","host":"h","path":"/"}
/// {"connection":0,"at_us":900,"what":"heard_text","text":"{}"}
/// {"connection":0,"at_us":950,"what":"end","how":"close_frame","code":1000}"#;
/// let dial = ReplayDial::new(recording)?;
/// assert_eq!(dial.connections_left(), 1);
/// # Ok::<(), antiphon_transport::testing::BadRecording>(())
/// ```
#[derive(Clone)]
pub struct ReplayDial {
    connections: Arc<Mutex<VecDeque<Vec<RecordedLine>>>>,
    paced: bool,
}

impl fmt::Debug for ReplayDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayDial")
            .field("connections_left", &self.connections_left())
            .field("paced", &self.paced)
            .finish()
    }
}

impl ReplayDial {
    /// Plays the recording that `lines` holds, one JSON object a line.
    ///
    /// # Errors
    /// When a line is not one of a recording.
    pub fn new(lines: &str) -> Result<Self, BadRecording> {
        let mut connections: BTreeMap<u32, Vec<RecordedLine>> = BTreeMap::new();
        for (place, text) in lines.lines().enumerate() {
            if text.trim().is_empty() {
                continue;
            }
            let line: RecordedLine = serde_json::from_str(text).map_err(|error| BadRecording {
                line: place + 1,
                why: error.to_string(),
            })?;
            if let Recorded::HeardBinary { base64 } = &line.what
                && bytes(base64).is_none()
            {
                return Err(BadRecording {
                    line: place + 1,
                    why: "a binary message is not base64".to_owned(),
                });
            }
            // Notes are for others; the pauses are counted without them.
            if !matches!(line.what, Recorded::Note { .. }) {
                connections.entry(line.connection).or_default().push(line);
            }
        }
        Ok(Self {
            connections: Arc::new(Mutex::new(connections.into_values().collect())),
            paced: true,
        })
    }

    /// Leaves the pauses out.
    #[must_use]
    pub fn without_pauses(mut self) -> Self {
        self.paced = false;
        self
    }

    /// How many connections of the recording have not been dialed yet.
    pub fn connections_left(&self) -> usize {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

#[async_trait]
impl Dial for ReplayDial {
    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        let lines = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some(lines) = lines else {
            return Err(End::new(Stage::Connect, How::Io).because("the recording is used up"));
        };
        for line in &lines {
            if let Recorded::Refused { end } = &line.what {
                return Err(ended(Stage::Upgrade, end));
            }
        }
        let (halves, wire) = pipe::open(request);
        tokio::spawn(play(lines, wire, self.paced));
        Ok(halves)
    }
}

async fn play(lines: Vec<RecordedLine>, wire: PeerWire, paced: bool) {
    let mut last = lines.first().map_or(0, |line| line.at_us);
    for line in lines {
        let pause = Duration::from_micros(line.at_us.saturating_sub(last));
        last = line.at_us;
        match line.what {
            Recorded::SentText { .. } | Recorded::SentBinary { .. } => {
                if wire.recv().await.is_none() {
                    return;
                }
                continue;
            }
            Recorded::HungUp { .. } => {
                wire.hangup().await;
                continue;
            }
            _ if paced => sleep(pause).await,
            _ => {}
        }
        match line.what {
            Recorded::HeardText { text } => wire.send_text(text),
            Recorded::HeardBinary { base64 } => {
                // What is none was refused when the recording was read.
                wire.send(Frame::binary(bytes(&base64).unwrap_or_default()));
            }
            Recorded::End { end } => wire.end(ended(Stage::Live, &end)),
            _ => {}
        }
    }
    // A recording that stops without an end leaves a peer that says nothing more.
    wire.hangup().await;
}

fn bytes(base64: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(base64).ok()
}

fn ended(stage: Stage, recorded: &RecordedEnd) -> End {
    let how = match recorded.how.as_str() {
        "close_frame" => How::CloseFrame,
        "eof" => How::Eof,
        "status" => How::Status,
        "tls" => How::Tls,
        "protocol" => How::Protocol,
        "too_large" => How::TooLarge,
        "resolve" => How::Resolve,
        "token" => How::Token,
        "address" => How::Address,
        _ => How::Io,
    };
    let mut end = End::new(stage, how).because(&recorded.reason);
    end.code = recorded.code;
    end.status = recorded.status;
    end
}
