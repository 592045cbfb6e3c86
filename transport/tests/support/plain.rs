//! A link under the driver, with a codec that makes nothing of frames and a layer above that counts:
//! what such a session costs is the transport's own cost.
//!
//! Each test binary that measures includes this file.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    borrow::Cow,
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use antiphon_protocol::{
    AuthShape, Capabilities, Codec, Command, CommandId, Endpoint, Event, Frame, Malformed,
    OpeningPlan, Provider, Seeded, SessionConfig, Signal, Sink, TokenSource, Unsupported, WallTime,
};
use antiphon_transport::{
    Clock, CloseRequest, Dial, Input, Link, LinkCommand, LinkConfig, LinkOutput, Machine, Port,
    Receipt, drive,
};
use bytes::Bytes;

pub(crate) struct Plain {
    pub(crate) url: String,
    pub(crate) auth: Option<Arc<dyn TokenSource>>,
}

struct PlainCodec;

impl Provider for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Owned(Capabilities::minimal("made for tests"))
    }

    fn open(&self, _plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        let endpoint = Endpoint {
            url: self.url.parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: self.auth.clone().map(|source| (AuthShape::Bearer, source)),
        };
        Ok((endpoint, Box::new(PlainCodec)))
    }
}

impl Codec for PlainCodec {
    fn start(&mut self, _out: &mut dyn Sink) {}

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        if frame.len() == 5 {
            out.signal(Signal::Ready {
                resumed: false,
                seeded: Seeded::Nothing,
            });
        } else if frame.data.first() == Some(&b'?') {
            out.event(Event::Malformed(Malformed {
                error: "no event".to_owned(),
                name: None,
                bytes: frame.len(),
            }));
        } else {
            out.event(Event::InputCleared);
        }
    }

    fn encode(
        &mut self,
        _id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if let Command::Audio(data) = command {
            out.send(Frame::binary(data.clone()));
        }
        Ok(())
    }
}

/// A layer above that counts, and allocates nothing once it is warm.
#[derive(Default)]
pub(crate) struct Counts {
    inputs: Mutex<VecDeque<Input<LinkCommand>>>,
    waker: Mutex<Option<Waker>>,
    pub(crate) ready: AtomicBool,
    pub(crate) written: AtomicU64,
    pub(crate) returned: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) done: AtomicBool,
}

impl Counts {
    pub(crate) fn put(&self, input: Input<LinkCommand>) {
        self.inputs.lock().unwrap().push_back(input);
        if let Some(waker) = self.waker.lock().unwrap().take() {
            waker.wake();
        }
    }

    pub(crate) fn close(&self) {
        self.put(Input::Close(CloseRequest {
            deadline: None,
            dropped: false,
        }));
    }

    pub(crate) fn send(&self, number: u64, data: Bytes) {
        self.put(Input::Command(LinkCommand::Send {
            id: CommandId::new(number),
            command: Command::Audio(data),
        }));
    }

    /// Whether everything that was put was taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.inputs.lock().unwrap().is_empty()
    }

    pub(crate) async fn until(&self, reached: impl Fn(&Self) -> bool) {
        while !reached(self) {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) struct Above(Arc<Counts>);

impl<M: Machine<Command = LinkCommand, Output = LinkOutput>> Port<M> for Above {
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input<LinkCommand>> {
        let input = self.0.inputs.lock().unwrap().pop_front();
        if input.is_none() {
            *self.0.waker.lock().unwrap() = Some(cx.waker().clone());
        }
        input.map_or(Poll::Pending, Poll::Ready)
    }

    fn output(&mut self, output: LinkOutput) {
        let counts = &self.0;
        match output {
            LinkOutput::NeedPlan { .. } => {
                let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("m")));
                let plan = Input::Command(LinkCommand::Plan(plan));
                counts.inputs.lock().unwrap().push_back(plan);
            }
            LinkOutput::Ready { .. } => counts.ready.store(true, Ordering::Relaxed),
            LinkOutput::Receipt {
                receipt: Receipt::Written,
                ..
            } => {
                counts.written.fetch_add(1, Ordering::Relaxed);
            }
            LinkOutput::Receipt {
                receipt: Receipt::Undelivered { .. },
                ..
            } => {
                counts.returned.fetch_add(1, Ordering::Relaxed);
            }
            LinkOutput::Event { .. } => {
                counts.events.fetch_add(1, Ordering::Relaxed);
            }
            LinkOutput::Closed(_) => counts.done.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    fn poll_deliver(&mut self, _machine: &mut M, _cx: &mut Context<'_>) -> bool {
        false
    }

    fn is_finished(&self, _machine: &M) -> bool {
        self.0.done.load(Ordering::Relaxed)
    }
}

pub(crate) fn session(
    address: SocketAddr,
    dial: impl Dial + 'static,
) -> (Arc<Counts>, tokio::task::JoinHandle<()>) {
    let provider = Plain {
        url: format!("ws://{address}/"),
        auth: None,
    };
    session_with(provider, LinkConfig::new(WallTime::default()), dial)
}

pub(crate) fn session_with(
    provider: Plain,
    config: LinkConfig,
    dial: impl Dial + 'static,
) -> (Arc<Counts>, tokio::task::JoinHandle<()>) {
    let link = Link::new(Arc::new(provider), config, 1);
    let counts = Arc::new(Counts::default());
    counts.put(Input::Command(LinkCommand::Start));
    let port = Above(Arc::clone(&counts));
    let task = tokio::spawn(drive(link, port, Arc::new(dial), Clock::start()));
    (counts, task)
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Whether the large figures are wanted.
pub(crate) fn nightly() -> bool {
    std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly")
}
