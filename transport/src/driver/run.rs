//! The loop. One poll function, so that the order in which sources are asked is plain to see:
//! orders from above, write progress, the clock, dials, reads.
//!
//! Nothing here is awaited in turn: a dial that hangs and a write that is stuck are futures beside
//! the others, so neither keeps a close waiting, and dropping the loop drops all of them.

use std::{
    borrow::Borrow,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use antiphon_protocol::{End, Endpoint, Generation, How, PeerText, Secret, Stage, Time, Why};
use tokio::time::Sleep;

use super::{
    Count, Meter, Port,
    lane::{Lane, Progress},
    watch::{Counter, Trace},
};
use crate::{
    Clock, Dial, DialProgress, DialRequest, Incoming, Input, Machine, Output, WireAction,
    WireEvent, WirePair, scrub::Scrub,
};

/// Rounds in one poll before other tasks get a turn.
const ROUNDS: usize = 8;
/// Inputs from above, and frames of one wire, taken in one round.
const BURST: usize = 32;

/// Runs `machine` over wires that `dial` opens, until `port` is finished.
///
/// The returned future owns every socket: dropping it aborts them at once and leaves nothing
/// behind. It awaits nothing that the machine did not ask for, and every wait of the machine has a
/// deadline, so it ends when the machine does.
pub async fn drive<M: Machine, P: Port<M>>(machine: M, port: P, dial: Arc<dyn Dial>, clock: Clock) {
    drive_metered(machine, port, dial, clock, Arc::new(())).await;
}

/// Like [`drive`], and tells `meter` what there is to count.
pub async fn drive_metered<M: Machine, P: Port<M>>(
    machine: M,
    port: P,
    dial: Arc<dyn Dial>,
    clock: Clock,
    meter: Arc<dyn Meter>,
) {
    let mut shell = Shell {
        counter: Counter::new(meter),
        now: clock.now(),
        timer: Box::pin(tokio::time::sleep_until(clock.instant(Time::MAX))),
        armed: None,
        slots: Vec::with_capacity(2),
        machine,
        port,
        dial,
        clock,
    };
    poll_fn(|cx| shell.poll(cx)).await;
}

struct Shell<M, P> {
    machine: M,
    port: P,
    dial: Arc<dyn Dial>,
    clock: Clock,
    now: Time,
    timer: Pin<Box<Sleep>>,
    /// When the timer fires; not after the machine's timeout, but perhaps before it.
    armed: Option<Time>,
    slots: Vec<Slot>,
    counter: Counter,
}

struct Slot {
    generation: Generation,
    trace: Trace,
    /// The credential that the wire was opened with.
    token: Option<Secret>,
    wire: Wire,
}

enum Wire {
    Dialing(Dialing),
    Open(Box<Lane>),
}

/// An open wire, and the credential that opened it.
type Opened = (WirePair, Option<Secret>);

struct Dialing {
    future: Pin<Box<dyn Future<Output = Result<Opened, End>> + Send>>,
    progress: DialProgress,
    reported: Stage,
}

impl<M: Machine, P: Port<M>> Shell<M, P> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS {
            self.now = self.clock.now();
            let mut moved = self.poll_above(cx);
            moved |= self.poll_writes(cx);
            moved |= self.poll_clock(cx);
            moved |= self.poll_dials(cx);
            moved |= self.poll_reads(cx);
            if self.port.poll_deliver(&mut self.machine, cx) {
                self.drain();
                moved = true;
            }
            if self.port.is_finished(&self.machine) {
                return Poll::Ready(());
            }
            if !moved {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn handle(&mut self, input: Input<M::Command>) {
        self.machine.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Up(output) => self.port.output(output),
                Output::Wire(action) => self.act(action),
            }
        }
        self.trace();
    }

    /// Tells in each wire's span how far it is.
    fn trace(&mut self) {
        #[cfg(feature = "tracing")]
        for slot in &mut self.slots {
            if let Some(stage) = self.machine.stage(slot.generation) {
                slot.trace.stage(stage);
            }
        }
    }

    fn act(&mut self, action: WireAction) {
        match action {
            WireAction::Dial {
                generation,
                endpoint,
                why,
            } => {
                self.counter.one(Count::Dials);
                let trace = Trace::dialing(generation, endpoint.url.host());
                let dialing = dialing(Arc::clone(&self.dial), endpoint, why);
                self.slots.push(Slot {
                    generation,
                    trace,
                    token: None,
                    wire: Wire::Dialing(dialing),
                });
            }
            WireAction::Transmit {
                generation,
                seq,
                frame,
            } => {
                let len = frame.len();
                if let Some(lane) = self.lane(generation) {
                    lane.transmit(seq, frame);
                    self.counter.frame(Count::FramesOut, Count::BytesOut, len);
                }
            }
            WireAction::Ping { generation } => {
                if let Some(lane) = self.lane(generation) {
                    lane.ping();
                    self.counter.one(Count::Pings);
                }
            }
            WireAction::Hangup { generation, code } => {
                if let Some(lane) = self.lane(generation) {
                    lane.hang_up(code);
                }
            }
            WireAction::Abort { generation } => {
                if let Some(slot) = self.remove(generation) {
                    self.counter.one(Count::Aborted);
                    slot.trace.dropped();
                }
            }
        }
    }

    /// The end without the secrets that this side has spoken on the wire.
    fn quiet(&self, generation: Generation, end: End) -> End {
        let spoken = |slot: &&Slot| slot.generation == generation;
        let token = self
            .slots
            .iter()
            .find(spoken)
            .and_then(|slot| slot.token.clone());
        let secrets: Vec<Secret> = self.machine.handles().into_iter().chain(token).collect();
        quiet(end, &secrets)
    }

    fn lane(&mut self, generation: Generation) -> Option<&mut Lane> {
        self.slots
            .iter_mut()
            .find(|slot| slot.generation == generation)
            .and_then(|slot| match &mut slot.wire {
                Wire::Open(lane) => Some(&mut **lane),
                Wire::Dialing(_) => None,
            })
    }

    fn remove(&mut self, generation: Generation) -> Option<Slot> {
        let place = self
            .slots
            .iter()
            .position(|slot| slot.generation == generation)?;
        Some(self.slots.remove(place))
    }

    fn poll_above(&mut self, cx: &mut Context<'_>) -> bool {
        for taken in 0..BURST {
            match self.port.poll_input(cx) {
                Poll::Ready(input) => self.handle(input),
                Poll::Pending => return taken > 0,
            }
        }
        true
    }

    fn poll_writes(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        // Handling an event can remove a slot; one that is skipped by this gets its turn in the
        // next round, which follows because something moved.
        let mut place = 0;
        while let Some(slot) = self.slots.get_mut(place) {
            let generation = slot.generation;
            if let Wire::Open(lane) = &mut slot.wire
                && let Poll::Ready(progress) = lane.poll_write(cx)
            {
                let event = match progress {
                    Progress::Written(seq) => WireEvent::Written { generation, seq },
                    Progress::Writing => WireEvent::Writing { generation },
                };
                self.handle(Input::Wire(event));
                moved = true;
            }
            place += 1;
        }
        moved
    }

    fn poll_clock(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.machine.poll_timeout() else {
            return false;
        };
        if at <= self.now {
            self.handle(Input::Timeout);
            return true;
        }
        // Most timeouts only move further away. Letting the timer fire too early once in a while
        // is cheaper than setting it anew for each frame.
        if self.armed.is_none_or(|armed| at < armed) {
            self.timer.as_mut().reset(self.clock.instant(at));
            self.armed = Some(at);
        }
        let fired = self.timer.as_mut().poll(cx).is_ready();
        if fired {
            self.armed = None;
        }
        fired
    }

    fn poll_dials(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        let mut place = 0;
        while let Some(slot) = self.slots.get_mut(place) {
            if let Some(event) = slot.poll_dial(cx) {
                self.watch(&event);
                self.handle(Input::Wire(event));
                moved = true;
            }
            place += 1;
        }
        moved
    }

    /// Counts and tells what has happened to a wire, and lets go of one that is gone.
    fn watch(&mut self, event: &WireEvent) {
        match event {
            WireEvent::Frame { frame, .. } => {
                self.counter
                    .frame(Count::FramesIn, Count::BytesIn, frame.len());
            }
            WireEvent::DialFailed { generation, end } => {
                self.counter.one(Count::DialsFailed);
                if let Some(slot) = self.remove(*generation) {
                    slot.trace.ended("the dial failed", end);
                }
            }
            WireEvent::Lost { generation, end } => {
                self.counter.one(Count::Lost);
                if let Some(slot) = self.remove(*generation) {
                    slot.trace.ended("over", end);
                }
            }
            WireEvent::Dialed { .. } => self.counter.one(Count::Opened),
            _ => {}
        }
    }

    fn poll_reads(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        let mut place = 0;
        while let Some(slot) = self.slots.get(place) {
            let generation = slot.generation;
            moved |= self.poll_lane_reads(generation, cx);
            place += 1;
        }
        moved
    }

    /// Whether anything was read from the wire, or it was found lost.
    fn poll_lane_reads(&mut self, generation: Generation, cx: &mut Context<'_>) -> bool {
        for taken in 0..BURST {
            let wanted = self.machine.wants_read();
            let Some(lane) = self.lane(generation) else {
                return taken > 0;
            };
            let read = if wanted || lane.is_hanging_up() {
                lane.poll_read(cx)
            } else {
                Poll::Pending
            };
            let event = match read {
                Poll::Ready(Ok(Incoming::Frame(frame))) => WireEvent::Frame { generation, frame },
                Poll::Ready(Ok(Incoming::Alive)) => WireEvent::Alive { generation },
                Poll::Ready(Err(end)) => {
                    // What the peer said about the end explains more than a failed write.
                    let end = match lane.take_broken() {
                        Some(broken) if end.how != How::CloseFrame => broken,
                        _ => end,
                    };
                    let end = self.quiet(generation, end);
                    WireEvent::Lost { generation, end }
                }
                Poll::Pending => match lane.take_broken() {
                    Some(end) => {
                        let end = self.quiet(generation, end);
                        WireEvent::Lost { generation, end }
                    }
                    None => return taken > 0,
                },
            };
            self.watch(&event);
            self.handle(Input::Wire(event));
        }
        true
    }
}

impl Slot {
    fn poll_dial(&mut self, cx: &mut Context<'_>) -> Option<WireEvent> {
        let generation = self.generation;
        let Wire::Dialing(dialing) = &mut self.wire else {
            return None;
        };
        match dialing.future.as_mut().poll(cx) {
            Poll::Ready(Ok((pair, token))) => {
                self.token = token;
                self.wire = Wire::Open(Box::new(Lane::new(pair)));
                self.trace.opened();
                Some(WireEvent::Dialed { generation })
            }
            Poll::Ready(Err(end)) => Some(WireEvent::DialFailed { generation, end }),
            Poll::Pending => {
                let stage = dialing.progress.stage();
                (stage != dialing.reported).then(|| {
                    dialing.reported = stage;
                    self.trace.stage(stage);
                    WireEvent::Stage { generation, stage }
                })
            }
        }
    }
}

fn dialing(dial: Arc<dyn Dial>, endpoint: Endpoint, why: Why) -> Dialing {
    let progress = DialProgress::default();
    let reported = progress.stage();
    let seen = progress.clone();
    let future = Box::pin(async move { open(&*dial, endpoint, why, progress).await });
    Dialing {
        future,
        progress: seen,
        reported,
    }
}

/// Asks for the credential and dials. A credential that is refused is asked for once more, because
/// the one that was kept may have run out; the same one is not offered twice.
async fn open(
    dial: &dyn Dial,
    endpoint: Endpoint,
    why: Why,
    progress: DialProgress,
) -> Result<Opened, End> {
    dial.check(&endpoint)?;
    let token = token(&endpoint, why).await?;
    let request = |token| DialRequest {
        endpoint: endpoint.clone(),
        token,
        progress: progress.clone(),
    };
    let end = match dial.dial(request(token.clone())).await {
        Ok(pair) => return Ok((pair, token)),
        Err(end) => quiet(end, token.as_ref()),
    };
    if end.status != Some(401) || endpoint.auth.is_none() {
        return Err(end);
    }
    progress.enter(Stage::Token);
    match self::token(&endpoint, Why::Refused).await {
        Ok(another) if another != token => match dial.dial(request(another.clone())).await {
            Ok(pair) => Ok((pair, another)),
            Err(end) => Err(quiet(end, another.as_ref())),
        },
        _ => Err(end),
    }
}

/// The end without these secrets, which some peers repeat in their last words.
fn quiet(mut end: End, secrets: impl IntoIterator<Item = impl Borrow<Secret>>) -> End {
    let words = Scrub::of(secrets).clean_marked(end.reason.as_str());
    if let Some(words) = words {
        end.reason = PeerText::bounded(&words, usize::MAX);
    }
    end
}

async fn token(endpoint: &Endpoint, why: Why) -> Result<Option<Secret>, End> {
    let Some((_, source)) = &endpoint.auth else {
        return Ok(None);
    };
    match source.token(why).await {
        Ok(token) => Ok(Some(token)),
        Err(error) => Err(End::new(Stage::Token, How::Token).because(&error.to_string())),
    }
}
