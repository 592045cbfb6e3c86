//! A link under the real driver, with a desk for the layer above and a scripted peer.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use antiphon_protocol::{CommandId, Ended, EndedCause, Fault, Frame, Phase, Provider, Time};
use antiphon_transport::{
    Clock, CloseRequest, Dial, Input, Link, LinkCommand, LinkConfig, LinkOutput, Machine, Output,
    Port, drive,
    testing::{PeerWire, ScriptedDial, ScriptedPeer},
};
use tokio::{task::JoinHandle, time::Instant};

use super::{Words, bench::word_of, ledger::Ledger, words::command};

/// The layer above: answers each wish for a plan, and keeps what it is told.
#[derive(Default)]
pub(crate) struct Desk {
    inputs: VecDeque<Input<LinkCommand>>,
    pub(crate) heard: Vec<(Time, LinkOutput)>,
    finished: bool,
    waker: Option<Waker>,
}

#[derive(Clone)]
pub(crate) struct Above {
    pub(crate) desk: Arc<Mutex<Desk>>,
    pub(crate) clock: Clock,
}

impl<M> Port<M> for Above
where
    M: Machine<Command = LinkCommand, Output = LinkOutput>,
{
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input<LinkCommand>> {
        let mut desk = self.desk.lock().unwrap();
        match desk.inputs.pop_front() {
            Some(input) => Poll::Ready(input),
            None => {
                desk.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn output(&mut self, output: LinkOutput) {
        let mut desk = self.desk.lock().unwrap();
        match &output {
            LinkOutput::NeedPlan { .. } => {
                let plan = Input::Command(LinkCommand::Plan(Words::plan()));
                desk.inputs.push_back(plan);
            }
            LinkOutput::Closed(_) => desk.finished = true,
            _ => {}
        }
        desk.heard.push((self.clock.now(), output));
    }

    fn poll_deliver(&mut self, _machine: &mut M, _cx: &mut Context<'_>) -> bool {
        false
    }

    fn is_finished(&self, _machine: &M) -> bool {
        self.desk.lock().unwrap().finished
    }
}

impl Above {
    pub(crate) fn put(&self, input: Input<LinkCommand>) {
        let mut desk = self.desk.lock().unwrap();
        desk.inputs.push_back(input);
        if let Some(waker) = desk.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn command(&self, command: LinkCommand) {
        self.put(Input::Command(command));
    }

    pub(crate) fn send(&self, id: u64, kind: usize) {
        self.command(LinkCommand::Send {
            id: CommandId::new(id),
            command: command(kind),
        });
    }

    pub(crate) fn close(&self) {
        self.put(Input::Close(CloseRequest {
            deadline: None,
            dropped: false,
        }));
    }

    pub(crate) fn receipts(&self) -> Vec<(u64, &'static str)> {
        let desk = self.desk.lock().unwrap();
        desk.heard
            .iter()
            .filter_map(|(_, output)| match output {
                LinkOutput::Receipt { id, receipt } => Some((id.get(), word_of(receipt))),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn phases(&self) -> Vec<(Time, Phase)> {
        let desk = self.desk.lock().unwrap();
        desk.heard
            .iter()
            .filter_map(|(at, output)| match output {
                LinkOutput::Phase(phase) => Some((*at, *phase)),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn lost(&self) -> Vec<(Time, Fault)> {
        let desk = self.desk.lock().unwrap();
        desk.heard
            .iter()
            .filter_map(|(at, output)| match output {
                LinkOutput::Lost { fault, .. } => Some((*at, *fault)),
                _ => None,
            })
            .collect()
    }

    /// How many events came.
    pub(crate) fn heard(&self) -> usize {
        let desk = self.desk.lock().unwrap();
        desk.heard
            .iter()
            .filter(|(_, output)| matches!(output, LinkOutput::Event { .. }))
            .count()
    }

    pub(crate) fn end(&self) -> Ended {
        let desk = self.desk.lock().unwrap();
        match desk.heard.last() {
            Some((_, LinkOutput::Closed(ended))) => ended.clone(),
            other => panic!("not closed: {other:?}"),
        }
    }

    pub(crate) fn ended(&self) -> EndedCause {
        self.end().cause
    }
}

pub(crate) struct Rig {
    pub(crate) above: Above,
    pub(crate) peer: ScriptedPeer,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) fn rig(words: Words, config: LinkConfig) -> Rig {
    let (dial, peer) = ScriptedDial::new();
    let clock = Clock::start();
    let above = Above {
        desk: Arc::default(),
        clock,
    };
    let link = Link::new(Arc::new(words), config, 7);
    let task = tokio::spawn(drive(link, above.clone(), Arc::new(dial), clock));
    above.command(LinkCommand::Start);
    Rig { above, peer, task }
}

/// A link under the driver over any dial, with a bookkeeper that watches every input and output.
pub(crate) fn audited(
    provider: impl Provider + 'static,
    config: LinkConfig,
    dial: impl Dial + 'static,
    seed: u64,
) -> (Above, JoinHandle<()>, Arc<Mutex<Audit>>) {
    let clock = Clock::start();
    let above = Above {
        desk: Arc::default(),
        clock,
    };
    let audit = Arc::new(Mutex::new(Audit::default()));
    let machine = Audited {
        link: Link::new(Arc::new(provider), config, seed),
        audit: Arc::clone(&audit),
    };
    let task = tokio::spawn(drive(machine, above.clone(), Arc::new(dial), clock));
    above.command(LinkCommand::Start);
    (above, task, audit)
}

/// What the bookkeeper found.
#[derive(Default)]
pub(crate) struct Audit {
    pub(crate) ledger: Ledger,
    pub(crate) broken: Option<String>,
}

struct Audited {
    link: Link,
    audit: Arc<Mutex<Audit>>,
}

impl Machine for Audited {
    type Command = LinkCommand;
    type Output = LinkOutput;

    fn handle(&mut self, now: Time, input: Input<LinkCommand>) {
        self.audit.lock().unwrap().ledger.input(&input);
        self.link.handle(now, input);
    }

    fn poll_output(&mut self) -> Option<Output<LinkOutput>> {
        let output = self.link.poll_output()?;
        let mut audit = self.audit.lock().unwrap();
        if let Err(broken) = audit.ledger.output(&output) {
            audit.broken.get_or_insert(broken);
        }
        Some(output)
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.link.poll_timeout()
    }

    fn wants_read(&self) -> bool {
        self.link.wants_read()
    }
}

impl Rig {
    pub(crate) async fn accept(&self) -> PeerWire {
        let wire = self.peer.accept().await;
        assert_eq!(wire.recv().await, Some(Frame::text("hello")));
        wire.send_text("ready");
        settle().await;
        wire
    }

    /// Waits until it has ended by itself, and says how and after what time.
    pub(crate) async fn until_end(self) -> (Ended, Duration) {
        let begun = Instant::now();
        self.task.await.unwrap();
        (self.above.end(), begun.elapsed())
    }

    /// Closes, and returns how long it took.
    pub(crate) async fn close(self) -> Duration {
        let start = Instant::now();
        self.above.close();
        self.task.await.unwrap();
        assert_eq!(self.above.ended(), EndedCause::Closed);
        start.elapsed()
    }
}

/// Lets every task run until all of them wait.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Runs a future in a runtime of its own whose time is virtual.
pub(crate) fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}
