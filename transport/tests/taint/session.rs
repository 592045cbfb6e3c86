//! Sessions that carry every secret, over any dial, with each thing they say looked at.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use antiphon_protocol::{
    AuthError, AuthShape, Capabilities, Codec, Command, CommandId, Ended, Endpoint, Event, Frame,
    OpeningPlan, Provider, ResumeToken, Seeded, SessionConfig, Signal, Sink, TokenSource,
    Unsupported, WallTime,
};
use antiphon_transport::{
    Clock, CloseRequest, Dial, FreshToken, Input, Link, LinkCommand, LinkConfig, LinkOutput, Port,
    TokenCache, drive,
};

use crate::canaries::{EPHEMERAL, HANDLE, KEY, OAUTH, clean, secret};

/// A credential's kind: where it comes from and how it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A key that lasts, in a header of its own.
    Key,
    /// Fetched and kept for a while.
    Ephemeral,
    /// Fetched anew once it is refused.
    OAuth,
}

impl Credential {
    pub(crate) const ALL: [Self; 3] = [Self::Key, Self::Ephemeral, Self::OAuth];

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Key => KEY,
            Self::Ephemeral => EPHEMERAL,
            Self::OAuth => OAUTH,
        }
    }

    pub(crate) fn auth(self) -> (AuthShape, Arc<dyn TokenSource>) {
        let cache = |text: &'static str| {
            Arc::new(TokenCache::new(move || async move {
                Ok::<_, AuthError>(FreshToken {
                    token: secret(text),
                    valid_for: Some(Duration::from_secs(600)),
                })
            }))
        };
        match self {
            Self::Key => {
                let name = "x-api-key".parse().unwrap();
                (AuthShape::Header(name), Arc::new(secret(KEY)))
            }
            Self::Ephemeral => (AuthShape::Token, cache(EPHEMERAL)),
            Self::OAuth => (AuthShape::Bearer, cache(OAUTH)),
        }
    }
}

/// Speaks the handle in its opening and hears it in updates; every other frame is an event.
pub(crate) struct Tainted {
    pub(crate) url: String,
    pub(crate) credential: Credential,
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
        Ok((endpoint(&self.url, self.credential), Box::new(TaintedCodec)))
    }
}

impl Codec for TaintedCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        out.send(Frame::text(format!(
            "{{\"setup\":{{\"handle\":\"{HANDLE}\"}}}}"
        )));
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        let text = String::from_utf8_lossy(&frame.data);
        if text.contains("session.created")
            || text.contains("session.updated")
            || text.contains("setupComplete")
        {
            out.signal(Signal::Ready {
                resumed: true,
                seeded: Seeded::Nothing,
            });
        }
        if text.contains("newHandle") {
            out.signal(Signal::Resume(Some(handle())));
        }
        out.event(Event::InputCleared);
    }

    fn encode(
        &mut self,
        _id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if let Command::Audio(frame) = command {
            out.send(Frame::text_bytes(frame.clone()));
        }
        Ok(())
    }
}

pub(crate) fn handle() -> ResumeToken {
    ResumeToken(secret(HANDLE))
}

pub(crate) fn endpoint(url: &str, credential: Credential) -> Endpoint {
    Endpoint {
        url: url.parse().unwrap(),
        headers: http::HeaderMap::new(),
        auth: Some(credential.auth()),
    }
}

pub(crate) fn plan() -> OpeningPlan {
    OpeningPlan {
        resume: Some(handle()),
        ..OpeningPlan::fresh(Arc::new(SessionConfig::new("m")))
    }
}

/// What came of a session.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) ended: Option<Ended>,
    pub(crate) events: usize,
    /// What was not clean.
    pub(crate) stained: Option<String>,
}

/// Answers wishes for plans, says what there is to say once it is live, and looks at everything.
struct Watcher {
    inputs: Vec<Input<LinkCommand>>,
    /// Frames of this side, the last first.
    lines: Vec<String>,
    /// Server frames until it closes.
    until: usize,
    said: u64,
    outcome: Arc<Mutex<Outcome>>,
    done: bool,
}

impl Watcher {
    fn look(&self, what: &str, text: &str) {
        if let Err(stained) = clean(what, text) {
            self.outcome.lock().unwrap().stained.get_or_insert(stained);
        }
    }
}

impl Port<Link> for Watcher {
    fn poll_input(&mut self, _cx: &mut Context<'_>) -> Poll<Input<LinkCommand>> {
        self.inputs.pop().map_or(Poll::Pending, Poll::Ready)
    }

    fn output(&mut self, output: LinkOutput) {
        self.look("an output", &format!("{output:?} {output:#?}"));
        match output {
            LinkOutput::NeedPlan { .. } => {
                self.inputs.push(Input::Command(LinkCommand::Plan(plan())));
            }
            LinkOutput::Ready { .. } => {
                while let Some(line) = self.lines.pop() {
                    self.said += 1;
                    let send = LinkCommand::Send {
                        id: CommandId::new(self.said),
                        command: Command::Audio(line.into()),
                    };
                    self.inputs.insert(0, Input::Command(send));
                }
            }
            LinkOutput::Event { .. } => {
                let mut outcome = self.outcome.lock().unwrap();
                outcome.events += 1;
                if outcome.events == self.until {
                    let close = CloseRequest {
                        deadline: None,
                        dropped: false,
                    };
                    self.inputs.insert(0, Input::Close(close));
                }
            }
            LinkOutput::Closed(ended) => {
                self.outcome.lock().unwrap().ended = Some(ended);
                self.done = true;
            }
            _ => {}
        }
    }

    fn poll_deliver(&mut self, machine: &mut Link, _cx: &mut Context<'_>) -> bool {
        self.look("the link", &format!("{machine:?} {machine:#?}"));
        false
    }

    fn is_finished(&self, _machine: &Link) -> bool {
        self.done
    }
}

/// Runs one session to its end: it says `lines` once it is live, and closes after `until` frames.
pub(crate) async fn run(
    provider: impl Provider + 'static,
    dial: impl Dial + 'static,
    lines: Vec<String>,
    until: usize,
) -> Outcome {
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let config = LinkConfig::new(WallTime::default()).connect_attempts(1);
    let link = Link::new(Arc::new(provider), config, 1);
    let watcher = Watcher {
        inputs: vec![Input::Command(LinkCommand::Start)],
        lines: lines.into_iter().rev().collect(),
        until,
        said: 0,
        outcome: Arc::clone(&outcome),
        done: false,
    };
    let session = drive(link, watcher, Arc::new(dial), Clock::start());
    tokio::time::timeout(Duration::from_secs(120), session)
        .await
        .expect("the session ends");
    let mut outcome = outcome.lock().unwrap();
    std::mem::take(&mut outcome)
}
