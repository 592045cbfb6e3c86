//! The engine's way to callers and readers: channels on one side, the driver on the other.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use antiphon_protocol::{CommandId, Event};
use antiphon_transport::{Clock, CloseRequest, Input, Port};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::{
    EventFilter, SessionState,
    changes::Changes,
    engine::{Engine, EngineCommand, EngineOutput, Outcome, Reports},
    events::{Parcel, Tap},
    handle::{Ending, Request},
};

/// Room on the way to the reader, in bytes: enough for a burst, too little to matter.
pub(crate) const TRANSIT: usize = 64 * 1024;

type Gone = Pin<Box<dyn Future<Output = ()> + Send>>;
type Room = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// The receiving ends of a handle's channels.
pub(crate) struct Inlets {
    pub(crate) urgent: mpsc::Receiver<Request>,
    pub(crate) ordered: mpsc::Receiver<Request>,
    pub(crate) close: Changes<Option<Ending>>,
    pub(crate) played: Changes<Reports>,
}

/// The sending ends towards readers and watchers.
pub(crate) struct Outlets {
    pub(crate) state: watch::Sender<SessionState>,
    pub(crate) parcels: mpsc::UnboundedSender<Parcel>,
    pub(crate) tap: Tap,
}

pub(crate) struct SessionPort {
    inlets: Inlets,
    outlets: Outlets,
    clock: Clock,
    replies: BTreeMap<CommandId, oneshot::Sender<Outcome>>,
    /// Answers that go out after the state they follow from was published.
    answers: Vec<(CommandId, Outcome)>,
    next: CommandId,
    transit: Arc<Semaphore>,
    room: Option<Room>,
    observed: EventFilter,
    /// Whether the engine takes ordered commands.
    takes_commands: bool,
    handles_gone: bool,
    /// Resolves when the primary reader is gone; `None` afterwards.
    reader_gone: Option<Gone>,
    dropped_said: bool,
    /// Silences and flushes that the player has reported.
    silences: u64,
    flushes: u64,
    /// One that is still to be taken in.
    silent: Option<EngineCommand>,
}

impl SessionPort {
    pub(crate) fn new(inlets: Inlets, outlets: Outlets, clock: Clock) -> Self {
        let parcels = outlets.parcels.clone();
        let reader_gone: Gone = Box::pin(async move { parcels.closed().await });
        Self {
            inlets,
            outlets,
            clock,
            replies: BTreeMap::new(),
            answers: Vec::new(),
            next: CommandId::new(1),
            transit: Arc::new(Semaphore::new(TRANSIT)),
            room: None,
            observed: EventFilter::NONE,
            takes_commands: true,
            handles_gone: false,
            reader_gone: Some(reader_gone),
            dropped_said: false,
            silences: 0,
            flushes: 0,
            silent: None,
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Option<CloseRequest> {
        match self.inlets.close.poll(cx) {
            Poll::Ready(Some(order)) => {
                let deadline = order.within.map(|within| self.clock.now() + within);
                Some(CloseRequest {
                    deadline,
                    dropped: false,
                })
            }
            Poll::Ready(None) | Poll::Pending => None,
        }
    }

    /// Notices, once, that nobody is left who could read or ask.
    fn poll_dropped(&mut self) -> Option<CloseRequest> {
        let dropped = self.handles_gone && self.reader_gone.is_none() && !self.dropped_said;
        self.dropped_said |= dropped;
        dropped.then_some(CloseRequest {
            deadline: None,
            dropped: true,
        })
    }

    fn poll_reader(&mut self, cx: &mut Context<'_>) -> Option<EngineCommand> {
        let gone = self.reader_gone.as_mut()?.as_mut().poll(cx).is_ready();
        if gone {
            self.reader_gone = None;
        }
        gone.then_some(EngineCommand::ReaderGone)
    }

    fn poll_played(&mut self, cx: &mut Context<'_>) -> Option<EngineCommand> {
        if let Some(silent) = self.silent.take() {
            return Some(silent);
        }
        let Poll::Ready(reports) = self.inlets.played.poll(cx) else {
            return None;
        };
        let flushed = reports.flushes > self.flushes;
        let silent = flushed || reports.silences > self.silences;
        (self.silences, self.flushes) = (reports.silences, reports.flushes);
        self.silent = silent.then_some(EngineCommand::Silent { flushed });
        match reports.played {
            // What was played is taken in before the silence that follows it.
            Some(played) => Some(EngineCommand::Played(played)),
            None => self.silent.take(),
        }
    }

    fn poll_requests(&mut self, cx: &mut Context<'_>) -> Option<EngineCommand> {
        if let Poll::Ready(request) = self.inlets.urgent.poll_recv(cx) {
            match request {
                Some(request) => return Some(self.take(request)),
                None => self.handles_gone = true,
            }
        }
        if self.takes_commands
            && let Poll::Ready(Some(request)) = self.inlets.ordered.poll_recv(cx)
        {
            return Some(self.take(request));
        }
        None
    }

    fn take(&mut self, request: Request) -> EngineCommand {
        let id = self.next;
        self.next = id.next();
        if let Some(reply) = request.reply {
            self.replies.insert(id, reply);
        }
        EngineCommand::Do {
            id,
            verb: request.verb,
        }
    }

    fn publish(&mut self, engine: &Engine) {
        let state = engine.state();
        self.outlets.state.send_if_modified(|published| {
            let marks_only = SessionState {
                uplink: state.uplink,
                history: state.history,
                ..published.clone()
            } == *state;
            if marks_only {
                published.uplink = state.uplink;
                published.history = state.history;
                return false;
            }
            published.clone_from(state);
            true
        });
        for (id, outcome) in self.answers.drain(..) {
            if let Some(reply) = self.replies.remove(&id) {
                // A caller that no longer waits needs no answer.
                let _ = reply.send(outcome);
            }
        }
    }

    /// Room for `weight` bytes on the way to the reader.
    fn poll_room(
        &mut self,
        cx: &mut Context<'_>,
        weight: usize,
    ) -> Poll<Option<OwnedSemaphorePermit>> {
        let permits = u32::try_from(weight.min(TRANSIT)).unwrap_or(u32::MAX);
        let transit = &self.transit;
        let room = self
            .room
            .get_or_insert_with(|| Box::pin(Arc::clone(transit).acquire_many_owned(permits)));
        let acquired = std::task::ready!(room.as_mut().poll(cx));
        self.room = None;
        // The semaphore is never closed; without a permit the event still goes out.
        Poll::Ready(acquired.ok())
    }

    fn send(&mut self, event: Event, room: Option<OwnedSemaphorePermit>) {
        // A reader that has just gone is noticed by `poll_reader`.
        let _ = self.outlets.parcels.send(Parcel { event, _room: room });
    }
}

impl Port<Engine> for SessionPort {
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input<EngineCommand>> {
        if let Some(request) = self.poll_close(cx) {
            return Poll::Ready(Input::Close(request));
        }
        let wanted = self.outlets.tap.wanted();
        if wanted != self.observed {
            self.observed = wanted;
            return Poll::Ready(Input::Command(EngineCommand::Observe(wanted)));
        }
        let command = self
            .poll_reader(cx)
            .or_else(|| self.poll_played(cx))
            .or_else(|| self.poll_requests(cx));
        match command {
            Some(command) => Poll::Ready(Input::Command(command)),
            // The last handle may have been noticed just now.
            // Last, because the polls above may just have noticed it.
            None => self
                .poll_dropped()
                .map_or(Poll::Pending, |request| Poll::Ready(Input::Close(request))),
        }
    }

    fn output(&mut self, output: EngineOutput) {
        match output {
            EngineOutput::Resolve { id, outcome } => self.answers.push((id, outcome)),
            EngineOutput::Show(event) => self.outlets.tap.show(event),
        }
    }

    fn poll_deliver(&mut self, engine: &mut Engine, cx: &mut Context<'_>) -> bool {
        let now = self.clock.now();
        let ended = engine.state().ended.is_some();
        let mut taken = false;
        while let Some(weight) = engine.next_weight() {
            // After the end everything goes at once, so that the task need not wait for a reader.
            let room = if ended {
                Poll::Ready(None)
            } else {
                self.poll_room(cx, weight)
            };
            let Poll::Ready(room) = room else { break };
            if let Some(event) = engine.take_event(now) {
                self.send(event, room);
                taken = true;
            }
        }
        if taken {
            engine.after_taking(now);
        }
        self.publish(engine);
        self.takes_commands = engine.takes_commands();
        taken
    }

    fn is_finished(&self, engine: &Engine) -> bool {
        engine.state().ended.is_some() && engine.next_weight().is_none() && self.answers.is_empty()
    }
}

/// Commands of one kind that may wait for the session's task.
pub(crate) const COMMANDS: usize = 64;
