//! Where tools run: the shell around the board.
//!
//! Facts come in from several sides (events, finished tools, the caller, the clock), each under one
//! short lock; what the board decides is begun before the lock is released, so that an event's effects
//! have happened when its reader sees it. Nothing is awaited under the lock.

mod replies;

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_protocol::{CallId, Delegation, Provider, Time, ToolCall};
use antiphon_session::{Session, UserTurn};
use futures::FutureExt;
use serde_json::Value;
use tokio::{
    runtime::Handle,
    sync::{Notify, oneshot, watch},
    task::{AbortHandle, JoinSet},
    time::Instant,
};
use tracing::{Instrument, Span};

use crate::{
    CancelReason, Cancellation, Control, Problem, Tool, ToolContext, ToolEnd, ToolRecord,
    approval::Guards,
    board::{Act, Board, ExecuteError, Input},
    delegation::Delegate,
    handler::{Lanes, Notice},
    problem::words_of,
    telemetry::{tool_ended, tool_failed, tool_span},
};

/// How long the clock sleeps when nothing is due.
const LONG: Duration = Duration::from_secs(86_400);
/// How long a delegation waits for the user to finish the sentence that it is about.
const SENTENCE: Duration = Duration::from_secs(3);

pub(crate) struct Desk {
    inner: Mutex<Inner>,
    tools: Vec<Arc<dyn Tool>>,
    guards: Guards,
    lanes: Arc<Lanes>,
    provider: Arc<dyn Provider>,
    session: Session,
    delegate: Option<Delegate>,
    home: Span,
    /// The deadline has changed, or work was dropped.
    changed: Notify,
    /// Calls whose work was dropped before it ended.
    dropped: Mutex<Vec<CallId>>,
    runtime: Handle,
    idle: watch::Sender<bool>,
    origin: Instant,
}

/// What the tools run beside.
pub(crate) struct Scene {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) session: Session,
    pub(crate) lanes: Arc<Lanes>,
    /// What the work of calls belongs to that did not begin with their announcement.
    pub(crate) home: Span,
}

struct Inner {
    board: Board,
    tasks: JoinSet<()>,
    works: BTreeMap<CallId, Work>,
    waiters: BTreeMap<CallId, oneshot::Sender<ToolEnd>>,
    closed: bool,
}

struct Work {
    span: Span,
    order: watch::Sender<Option<CancelReason>>,
    task: AbortHandle,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("tools", &self.tools.len())
            .finish_non_exhaustive()
    }
}

impl Desk {
    pub(crate) fn new(
        board: Board,
        tools: Vec<Arc<dyn Tool>>,
        guards: Guards,
        delegate: Option<Delegate>,
        scene: Scene,
    ) -> Arc<Self> {
        let inner = Inner {
            board,
            tasks: JoinSet::new(),
            works: BTreeMap::new(),
            waiters: BTreeMap::new(),
            closed: false,
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            tools,
            guards,
            lanes: scene.lanes,
            provider: scene.provider,
            session: scene.session,
            delegate,
            home: scene.home,
            changed: Notify::new(),
            dropped: Mutex::default(),
            runtime: Handle::current(),
            idle: watch::Sender::new(true),
            origin: Instant::now(),
        })
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// What the session speaks with.
    pub(crate) fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// Who turns delegations into calls, if anybody does.
    pub(crate) fn delegate(&self) -> Option<&Delegate> {
        self.delegate.as_ref()
    }

    /// Whether any call's work runs.
    pub(crate) fn is_working(&self) -> bool {
        self.lock().board.running() > 0
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Tells the board a fact and begins what it decides.
    pub(crate) fn tell(self: &Arc<Self>, input: Input) {
        let now = self.now();
        let mut inner = self.lock();
        inner.board.handle(now, input);
        self.carry_out(&mut inner);
    }

    /// Brings delegated work before its tool, as soon as the user has said what it is about.
    pub(crate) fn delegated(self: &Arc<Self>, delegation: Delegation) {
        if !self
            .delegate()
            .is_some_and(|delegate| delegate.take_up(&delegation.id))
        {
            return;
        }
        let desk = Arc::clone(self);
        let gather = async move {
            let mut state = desk.session.state();
            let said =
                state.wait_for(|state| state.turn.user == UserTurn::Idle || state.ended.is_some());
            // A sentence that does not end is cut.
            let _ = tokio::time::timeout(SENTENCE, said).await;
            let id = delegation.id.clone();
            let call = desk.delegate().and_then(|its| its.call(delegation));
            if let Some(call) = call {
                desk.tell(Input::Delegated(id, call));
            }
        };
        self.lock().tasks.spawn_on(gather, &self.runtime);
    }

    /// Runs an offered call; the receiver gets its end.
    pub(crate) fn execute(
        self: &Arc<Self>,
        call: &CallId,
    ) -> Result<oneshot::Receiver<ToolEnd>, ExecuteError> {
        let now = self.now();
        let mut inner = self.lock();
        if inner.closed {
            return Err(ExecuteError::Ended);
        }
        inner.board.execute(now, call)?;
        let (end, receiver) = oneshot::channel();
        inner.waiters.insert(call.clone(), end);
        self.carry_out(&mut inner);
        Ok(receiver)
    }

    /// Begins nothing more; gives the open calls whose work has not begun.
    pub(crate) fn hand_over(&self) -> Vec<CallId> {
        self.lock().board.hand_over()
    }

    /// Leaves the answer to a delegation to the caller; `false` when the tool's is on its way.
    pub(crate) fn take_over(self: &Arc<Self>, call: &CallId) -> bool {
        let now = self.now();
        let mut inner = self.lock();
        let taken = inner.board.take_over(now, call);
        self.carry_out(&mut inner);
        taken
    }

    /// Keeps the board's deadlines.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        loop {
            let dropped = std::mem::take(&mut *unpoisoned(&self.dropped));
            for call in dropped {
                self.tell(Input::Crashed(call));
            }
            let due = self.lock().board.poll_timeout();
            let due = due.map_or(LONG, |due| due - self.now());
            tokio::select! {
                biased;
                // A lost wake-up is stored by `Notify`; the sleep is made anew each time.
                () = self.changed.notified() => {}
                () = tokio::time::sleep(due) => self.tell(Input::Timeout),
            }
        }
    }

    /// Waits until no call has anything left to come, at most this long; then drops what still works.
    pub(crate) async fn close(self: &Arc<Self>, within: Duration) -> (Vec<ToolRecord>, u64) {
        self.tell(Input::Ended);
        let mut idle = self.idle.subscribe();
        // Either all calls have come to rest or they are dropped now.
        let _ = tokio::time::timeout(within, idle.wait_for(|idle| *idle)).await;
        let now = self.now();
        let mut inner = self.lock();
        let records = inner.board.close(now);
        self.carry_out(&mut inner);
        self.shut(&mut inner);
        records
    }

    /// Drops all work at once.
    pub(crate) fn abort(&self) {
        self.shut(&mut self.lock());
    }

    fn shut(&self, inner: &mut Inner) {
        inner.closed = true;
        inner.tasks.abort_all();
        inner.waiters.clear();
        inner.works.clear();
    }

    fn carry_out(self: &Arc<Self>, inner: &mut Inner) {
        while inner.tasks.try_join_next().is_some() {}
        while let Some(act) = inner.board.poll_act() {
            if inner.closed && act.begins() {
                continue;
            }
            match act {
                Act::Ask { call, arguments } => self.ask(inner, call, arguments),
                Act::Inquire(call) => self.inquire(inner, call),
                Act::Start {
                    call,
                    tool,
                    arguments,
                } => self.start(inner, call, tool, arguments),
                Act::Cancel { call, reason } => {
                    if let Some(work) = inner.works.get(&call) {
                        work.order.send_replace(Some(reason));
                    }
                }
                Act::Abort { call } => {
                    if let Some(work) = inner.works.get(&call) {
                        work.task.abort();
                    }
                }
                Act::Answer { result, delegation } => self.answer(inner, result, delegation),
                Act::Over(end) => self.over(inner, end),
                Act::Unanswered(record) => self.lanes.report(Problem::Unanswered {
                    call: record.call,
                    name: record.name,
                    answer: record.answer,
                }),
            }
        }
        self.idle.send_if_modified(|idle| {
            let changed = *idle != inner.board.is_idle();
            *idle = inner.board.is_idle();
            changed
        });
        self.changed.notify_one();
    }

    fn ask(self: &Arc<Self>, inner: &mut Inner, call: Arc<ToolCall>, arguments: Value) {
        let (order, _) = Cancellation::new();
        let id = call.id.clone();
        let mut bell = Bell::new(self, &id);
        let desk = Arc::clone(self);
        let work = async move {
            let asked = AssertUnwindSafe(desk.guards.approve(&call, &arguments)).catch_unwind();
            match asked.await {
                Ok(Ok(())) => bell.ring(Input::Approved(call.id.clone())),
                Ok(Err(why)) => bell.ring(Input::Denied(call.id.clone(), why)),
                Err(payload) => {
                    desk.panicked(&call, &*payload);
                    bell.ring(Input::Crashed(call.id.clone()));
                }
            }
        };
        let task = inner.tasks.spawn_on(work, &self.runtime);
        inner.works.insert(
            id,
            Work {
                span: Span::none(),
                order,
                task,
            },
        );
    }

    fn inquire(self: &Arc<Self>, inner: &mut Inner, call: Arc<ToolCall>) {
        let desk = Arc::clone(self);
        let inquiry = async move {
            // Without a session there is nobody to be answered either.
            if let Ok(snapshot) = desk.session.snapshot().await {
                let config = snapshot.config();
                let known = config.tools.iter().any(|tool| tool.name == call.name)
                    || config
                        .native
                        .values()
                        .any(|value| replies::names(value, &call.name));
                desk.tell(Input::Known(call.id.clone(), known));
            }
        };
        inner.tasks.spawn_on(inquiry, &self.runtime);
    }

    fn start(
        self: &Arc<Self>,
        inner: &mut Inner,
        call: Arc<ToolCall>,
        tool: usize,
        arguments: Value,
    ) {
        let Some(tool) = self.tools.get(tool).map(Arc::clone) else {
            return;
        };
        let (order, cancellation) = Cancellation::new();
        self.lanes.push(Notice::ToolStart(Arc::clone(&call)));
        let span = if Span::current().is_none() {
            self.home.in_scope(|| tool_span(&call))
        } else {
            tool_span(&call)
        };
        let id = call.id.clone();
        let mut bell = Bell::new(self, &id);
        let desk = Arc::clone(self);
        let cx = ToolContext {
            call: Arc::clone(&call),
            cancellation,
            control: Control::new(Arc::clone(self)),
        };
        let work = async move {
            let run = AssertUnwindSafe(desk.guards.run(&*tool, cx, arguments)).catch_unwind();
            match run.await {
                Ok(result) => bell.ring(Input::Done(call.id.clone(), result)),
                Err(payload) => {
                    desk.panicked(&call, &*payload);
                    bell.ring(Input::Crashed(call.id.clone()));
                }
            }
        };
        let task = inner
            .tasks
            .spawn_on(work.instrument(span.clone()), &self.runtime);
        inner.works.insert(id, Work { span, order, task });
    }

    fn over(&self, inner: &mut Inner, end: ToolEnd) {
        if let Some(work) = inner.works.remove(&end.call.id) {
            tool_failed(&work.span, &end);
        }
        tool_ended(&end);
        if let Some(waiter) = inner.waiters.remove(&end.call.id) {
            // The one who asked for the execution may have lost interest.
            let _ = waiter.send(end.clone());
        }
        self.lanes.push(Notice::ToolEnd(end));
    }

    fn panicked(&self, call: &ToolCall, payload: &(dyn std::any::Any + Send)) {
        self.lanes.report(Problem::ToolPanicked {
            call: call.id.clone(),
            name: call.name.clone(),
            words: words_of(payload),
        });
    }

    /// Time since the run began.
    pub(crate) fn now(&self) -> Time {
        Time::from_duration(self.origin.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        unpoisoned(&self.inner)
    }
}

/// Tells the board that a task is over, also when the task is dropped: no call stays unanswered because
/// its work vanished.
struct Bell {
    desk: Arc<Desk>,
    call: Option<CallId>,
}

impl Bell {
    fn new(desk: &Arc<Desk>, call: &CallId) -> Self {
        Self {
            desk: Arc::clone(desk),
            call: Some(call.clone()),
        }
    }

    fn ring(&mut self, input: Input) {
        self.call = None;
        self.desk.tell(input);
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        // A runtime that shuts down drops tasks wherever it stands, even under the desk's lock: the
        // news waits for the timekeeper.
        if let Some(call) = self.call.take() {
            unpoisoned(&self.desk.dropped).push(call);
            self.desk.changed.notify_one();
        }
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
