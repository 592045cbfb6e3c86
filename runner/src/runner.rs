//! A running agent: takes events, applies their effects, and counts.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{Ended, Event, ItemId, Provider, Recovery, Rotation, UpdateOutcome};
use antiphon_session::Events;
use tokio::task::JoinSet;

use crate::{
    Control, Lane, Outcome, Problem, RunError, RunnerBuilder, StartError, UpdateError,
    board::Input,
    desk::Desk,
    handler::{Lanes, Notice},
    tally::Tally,
    telemetry::{Spans, measure},
};

/// What a builder has put together for a run.
pub(crate) struct Parts {
    pub(crate) builder: RunnerBuilder,
    pub(crate) desk: Arc<Desk>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) events: Events,
    pub(crate) spans: Spans,
    /// Whether the user's speech alone stops the model.
    pub(crate) stops_on_speech: bool,
}

/// An agent in a live session.
///
/// Drive it with [`Runner::run`], or step by step with [`Runner::next`]. Dropping it stops its tools
/// and handlers at once, and closes the session unless a [`Control`] is kept.
#[derive(Debug)]
pub struct Runner {
    builder: RunnerBuilder,
    control: Control,
    desk: Arc<Desk>,
    lanes: Arc<Lanes>,
    events: Events,
    /// One task per lane that somebody listens on.
    handlers: JoinSet<()>,
    /// The keeper of deadlines.
    attendants: JoinSet<()>,
    tally: Tally,
    spans: Spans,
    ended: Option<Ended>,
    /// Whether the user's speech alone stops the model.
    stops_on_speech: bool,
    /// Whose audio was given to handlers last.
    last_spoken: Option<Option<ItemId>>,
    drain: Duration,
}

impl Runner {
    /// Describes an agent with `provider`.
    pub fn builder(provider: impl Provider + 'static) -> RunnerBuilder {
        RunnerBuilder::new(Arc::new(provider))
    }

    pub(crate) fn start(parts: Parts) -> Self {
        let Parts {
            builder,
            desk,
            lanes,
            events,
            spans,
            stops_on_speech,
        } = parts;
        let control = Control::new(Arc::clone(&desk));
        let routes = Arc::new(builder.routes.clone());
        let mut handlers = JoinSet::new();
        for lane in Lane::ALL {
            let routes = Arc::clone(&routes);
            handlers.spawn(Arc::clone(&lanes).serve(lane, routes, control.clone()));
        }
        let mut attendants = JoinSet::new();
        attendants.spawn(Arc::clone(&desk).keep_time());
        Self {
            drain: builder.lane_limits.drain,
            builder,
            control,
            desk,
            lanes,
            events,
            handlers,
            attendants,
            tally: Tally::default(),
            spans,
            ended: None,
            stops_on_speech,
            last_spoken: None,
        }
    }

    /// A handle for use while the agent runs.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Opens another session of the same description.
    ///
    /// # Errors
    /// See [`RunnerBuilder::connect`].
    pub async fn connect_again(&self) -> Result<Self, StartError> {
        self.builder.connect().await
    }

    /// The next event, after its effects were applied: tools are started or stopped, handlers are
    /// told, audio that must not be heard is dropped. `None` after the end.
    ///
    /// The agent is the session's primary reader: while nobody asks for the next event, tools go on and
    /// are answered, but no new call is taken up, and a full inbox pauses the socket.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.events.next().await?;
        self.apply(&event);
        Some(event)
    }

    /// Runs the agent until its session is over.
    ///
    /// Someone else ends it: a [`Control::close`](antiphon_session::Session::close) by a clone of the
    /// handle, or the provider. Afterwards tools and handlers have [`LaneLimits::drain`] each to come
    /// to rest before they are dropped. Dropping the future is dropping the runner.
    ///
    /// [`LaneLimits::drain`]: crate::LaneLimits::drain
    ///
    /// # Errors
    /// When the session ended otherwise than by this side's wish; the error holds the outcome too.
    pub async fn run(mut self) -> Result<Outcome, RunError> {
        while self.next().await.is_some() {}
        let outcome = self.finish().await;
        if outcome.ended.is_orderly() {
            Ok(outcome)
        } else {
            Err(RunError::new(outcome))
        }
    }

    /// Closes the session if it is still open, lets tools and handlers come to rest, and tells what the
    /// run amounts to. For those who run step by step.
    pub async fn finish(mut self) -> Outcome {
        let session = self.control.session().clone();
        let rest = async { while self.next().await.is_some() {} };
        let (closed, ()) = tokio::join!(session.close(), rest);
        let ended = self.ended.take().unwrap_or(closed);
        let (tool_calls, tool_calls_unlisted) = self.desk.close(self.drain).await;
        self.lanes.close();
        let handlers = async { while self.handlers.join_next().await.is_some() {} };
        if tokio::time::timeout(self.drain, handlers).await.is_err() {
            self.handlers.abort_all();
            self.lanes.abandon();
        }
        let state = session.state();
        let state = state.borrow().clone();
        let tally = std::mem::take(&mut self.tally);
        self.spans.used(&state.usage.total);
        Outcome {
            ended,
            user_turns: tally.user_turns,
            responses: tally.responses,
            turns: tally.turns,
            latency: state.latency,
            interruptions: tally.interruptions,
            tool_calls,
            tool_calls_unlisted,
            usage: state.usage.total,
            cost: state.usage.cost,
            audio_in: state.uplink,
            audio_out: tally.audio_out,
            rotations: state.rotations,
            losses: tally.losses,
            lag: self.lanes.lag(),
            problems: self.lanes.problems(),
        }
    }

    fn apply(&mut self, event: &Event) {
        self.tally.note(event);
        measure(event, self.lanes.silence());
        if let Some(delegate) = self.desk.delegate() {
            delegate.hear(event);
        }
        // A response's calls belong to its span, and its end closes it.
        let span = self.spans.current().clone();
        self.spans.note(event);
        match event {
            Event::Audio(chunk) => self.last_spoken = Some(chunk.item.clone()),
            Event::SpeechStarted(_) if self.stops_on_speech => self.cut(),
            Event::Interrupted { .. } => self.cut(),
            Event::InterruptionSettled(settled) => {
                let newest = self.last_spoken.as_ref();
                let newer = newest
                    .is_some_and(|newest| settled.items.iter().all(|heard| heard.item != *newest));
                self.lanes.drop_audio_of(settled);
                // What a player holds of a newer item is to be heard.
                if !newer {
                    self.lanes.flush();
                }
            }
            _ => {}
        }
        if let Some(notice) = Notice::of(event) {
            self.lanes.push(notice);
        }
        match event {
            Event::ToolCall(call) => {
                span.in_scope(|| self.desk.tell(Input::Called(call.clone())));
            }
            Event::ToolCallRestored { call, begun } => {
                span.in_scope(|| self.desk.tell(Input::Restored(call.clone(), *begun)));
            }
            Event::ToolCallsCancelled { calls } => self.desk.tell(Input::Withdrawn(calls.clone())),
            Event::Delegation(delegation) => self.desk.delegated(delegation.clone()),
            Event::Rotated(rotation) => self.rotated(rotation),
            Event::ConfigUpdated(UpdateOutcome::Failed { reason }) => {
                let failed = UpdateError::Failed(reason.clone());
                self.lanes.report(Problem::Update(failed));
            }
            Event::Error(error) if !error.benign => {
                self.lanes.report(Problem::Provider(error.clone()));
            }
            Event::InputTranscriptFailed { error, .. } => {
                self.lanes.report(Problem::Transcription(error.clone()));
            }
            Event::Malformed(malformed) => self.lanes.report(Problem::Malformed(malformed.clone())),
            Event::Ended(ended) => {
                self.ended = Some(ended.clone());
                self.desk.tell(Input::Ended);
            }
            _ => {}
        }
    }

    /// What the old connection asked for can be answered no more, but for what the new one knows of.
    fn rotated(&self, rotation: &Rotation) {
        let void = rotation.losses.calls_void.clone();
        self.desk.tell(Input::Lost(void));
        if !matches!(rotation.recovery, Recovery::Resumed | Recovery::Reverted) {
            if let Some(delegate) = self.desk.delegate() {
                delegate.lost();
            }
            self.desk.tell(Input::DelegationsLost);
        }
    }

    /// The model was stopped: nothing of what it said so far is to be heard any more.
    fn cut(&mut self) {
        self.lanes.flush();
        self.desk.tell(Input::Interrupted);
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.desk.abort();
        self.handlers.abort_all();
        self.attendants.abort_all();
    }
}
