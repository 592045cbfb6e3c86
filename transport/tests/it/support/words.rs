//! The provider: each text frame is one word or two that the codec turns into one signal or event.

use std::{borrow::Cow, sync::Arc, time::Duration};

use antiphon_protocol::{
    AuthShape, Capabilities, Codec, Command, CommandId, End, Endpoint, Event, Fault, Frame,
    FrameKind, Malformed, OpeningPlan, PeerText, Provider, ResponseOptions, ResumeToken, Retry,
    Secret, Seeded, ServerError, SessionConfig, Signal, Sink, TokenSource, Unsupported, WallTime,
    WireSeq,
};

/// A provider whose wire is words.
#[derive(Clone)]
pub(crate) struct Words {
    pub(crate) capabilities: Capabilities,
    /// Says "bye" when it closes and waits for "finished".
    pub(crate) goodbye: bool,
    /// Refuses every plan.
    pub(crate) refuses: bool,
    pub(crate) auth: Option<(AuthShape, Arc<dyn TokenSource>)>,
    pub(crate) url: String,
    /// Overrides the classification of every end.
    pub(crate) verdict: Option<(Fault, Retry)>,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            capabilities: Capabilities::minimal("made for tests"),
            goodbye: false,
            refuses: false,
            auth: None,
            url: "wss://words.example/v1".to_owned(),
            verdict: None,
        }
    }
}

impl Words {
    pub(crate) fn overlapping() -> Self {
        let mut words = Self::default();
        words.capabilities.overlap = true;
        words
    }

    pub(crate) fn with_verdict(fault: Fault, retry: Retry) -> Self {
        Self {
            verdict: Some((fault, retry)),
            ..Self::default()
        }
    }

    pub(crate) fn plan() -> OpeningPlan {
        OpeningPlan::fresh(Arc::new(SessionConfig::new("words-1")))
    }

    pub(crate) fn resuming(token: &str) -> OpeningPlan {
        OpeningPlan {
            resume: Some(ResumeToken(Secret::from(token))),
            ..Self::plan()
        }
    }
}

impl Provider for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Borrowed(&self.capabilities)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        if self.refuses {
            return Err(unsupported("this plan"));
        }
        let endpoint = Endpoint {
            url: self.url.parse().expect("a URL"),
            headers: http::HeaderMap::new(),
            auth: self.auth.clone(),
        };
        let codec = WordsCodec {
            resuming: plan.resume.is_some(),
            goodbye: self.goodbye,
        };
        Ok((endpoint, Box::new(codec)))
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        self.verdict
            .unwrap_or_else(|| antiphon_protocol::classify(end))
    }
}

fn unsupported(what: &str) -> Unsupported {
    Unsupported {
        provider: "words",
        model: "words-1".to_owned(),
        field: None,
        what: what.to_owned(),
        why: "made for tests".to_owned(),
    }
}

struct WordsCodec {
    resuming: bool,
    goodbye: bool,
}

impl Codec for WordsCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        out.send(Frame::text(if self.resuming {
            "hello again"
        } else {
            "hello"
        }));
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let Some(text) = (frame.kind == FrameKind::Text)
            .then(|| std::str::from_utf8(&frame.data).ok())
            .flatten()
        else {
            return malformed(frame, out);
        };
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default();
        let second = words.next();
        let number = second.and_then(|word| word.parse::<u64>().ok());
        match (first, number) {
            ("ready", _) => out.signal(Signal::Ready {
                resumed: second == Some("resumed"),
                seeded: Seeded::Nothing,
            }),
            ("refused", _) => out.signal(Signal::Refused(Fault::Invalid)),
            ("token", _) => out.signal(Signal::Resume(
                second.map(|token| ResumeToken(Secret::from(token))),
            )),
            ("expires", Some(at)) => {
                out.signal(Signal::Expires(WallTime::from_unix_seconds(at)));
            }
            ("goaway", left) => out.signal(Signal::GoAway {
                left: left.map(Duration::from_secs),
            }),
            ("consumed", Some(seq)) => out.signal(Signal::Consumed(WireSeq::new(seq))),
            ("ack", Some(id)) => out.signal(Signal::Ack(CommandId::new(id))),
            ("reject", Some(id)) => out.signal(Signal::Reject(CommandId::new(id), error(second))),
            ("finished", _) => out.signal(Signal::Finished),
            ("say", _) => out.event(Event::Configured),
            ("ask", _) => out.send(Frame::text("answer")),
            ("error", _) => out.event(Event::Error(error(second))),
            _ => malformed(frame, out),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        match command {
            Command::Audio(data) => out.send(Frame::binary(data.clone())),
            Command::CommitAudio => out.send(Frame::text(format!("commit {id}"))),
            // Two frames for one command.
            Command::CreateResponse(_) => {
                out.send(Frame::text("item"));
                out.send(Frame::text(format!("create {id}")));
            }
            Command::CancelResponse(_) => out.send(Frame::text("cancel")),
            // Nothing at all to say.
            Command::AudioStreamEnd => {}
            _ => return Err(unsupported(command.name())),
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Sink) {
        if self.goodbye {
            out.send(Frame::text("bye"));
        } else {
            out.signal(Signal::Finished);
        }
    }
}

fn malformed(frame: &Frame, out: &mut dyn Sink) {
    out.event(Event::Malformed(Malformed {
        error: "no such word".to_owned(),
        name: None,
        bytes: frame.len(),
    }));
}

fn error(word: Option<&str>) -> ServerError {
    ServerError {
        message: PeerText::new(word.unwrap_or_default()),
        fault: match word {
            Some("auth") => Fault::Auth,
            Some("quota") => Fault::Quota,
            Some("expired") => Fault::SessionLimit,
            Some("server") => Fault::Server,
            _ => Fault::Unknown,
        },
        benign: word == Some("benign"),
        ..ServerError::default()
    }
}

/// Commands of each kind that the wire knows, and one that it does not.
pub(crate) fn command(kind: usize) -> Command {
    match kind % 6 {
        0 => Command::Audio(vec![7; 320].into()),
        1 => Command::CommitAudio,
        2 => Command::CreateResponse(ResponseOptions::default()),
        3 => Command::CancelResponse(None),
        4 => Command::AudioStreamEnd,
        _ => Command::ClearAudio,
    }
}
