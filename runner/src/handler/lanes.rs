//! The tasks that carry notices to handlers.

use std::{
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_protocol::{AudioChunk, Interruption};
use futures::FutureExt;
use tokio::time::Instant;

use super::{Closures, Handler, HandlerResult, Lane, LaneLimits, Notice, queue::Queue};
use crate::{Control, HandlerFault, Lag, Problem, telemetry::Silence};

/// Who is told.
#[derive(Clone, Default)]
pub(crate) struct Routes {
    pub(crate) closures: Closures,
    pub(crate) handlers: Vec<Arc<dyn Handler>>,
}

impl Routes {
    /// Whether anybody listens on `lane`.
    fn serves(&self, lane: Lane) -> bool {
        !self.handlers.is_empty() || self.closures.of(lane).next().is_some()
    }
}

/// The queues of all lanes.
#[derive(Debug)]
pub(crate) struct Lanes {
    queues: [Queue; Lane::ALL.len()],
    served: [bool; Lane::ALL.len()],
    slow_after: Duration,
    problems: AtomicU64,
    /// Whether the model was given to handlers to be played since the last interruption.
    speaking: AtomicBool,
    silence: Silence,
}

impl Lanes {
    pub(crate) fn new(routes: &Routes, limits: &LaneLimits) -> Self {
        let queue = |lane| match lane {
            Lane::Audio => Queue::new(limits.audio_bytes),
            _ => Queue::new(limits.bytes),
        };
        Self {
            queues: Lane::ALL.map(queue),
            served: Lane::ALL.map(|lane| routes.serves(lane)),
            slow_after: limits.slow_after,
            problems: AtomicU64::new(0),
            speaking: AtomicBool::new(false),
            silence: Silence::default(),
        }
    }

    /// Puts a notice on its lane. Never waits.
    pub(crate) fn push(&self, notice: Notice) {
        let lane = notice.lane();
        let Some(queue) = self.queue(lane) else {
            return;
        };
        if matches!(notice, Notice::Audio(_)) {
            self.speaking.store(true, Ordering::Relaxed);
        }
        let missed = queue.push(notice);
        // What the session lane itself misses is only counted.
        if missed > 0
            && lane != Lane::Session
            && let Some(session) = self.queue(Lane::Session)
        {
            let lag = Lag { lane, missed };
            crate::telemetry::missed(lag);
            session.push(Notice::Lag(lag));
        }
    }

    pub(crate) fn report(&self, problem: Problem) {
        self.problems.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(target: "antiphon::runner", kind = problem.kind(), "a problem was reported");
        self.push(Notice::Error(Arc::new(problem)));
    }

    /// Drops all audio that waits, and tells players to drop what they hold.
    pub(crate) fn flush(&self) {
        self.drop_audio(|_| true);
        let first = self.speaking.swap(false, Ordering::Relaxed);
        self.push(Notice::Flush(first.then(Instant::now)));
    }

    /// Where it is measured how soon players fall silent.
    pub(crate) fn silence(&self) -> &Silence {
        &self.silence
    }

    /// Drops the waiting audio of the items that were interrupted.
    pub(crate) fn drop_audio_of(&self, interruption: &Interruption) {
        self.drop_audio(|chunk| {
            interruption
                .items
                .iter()
                .any(|heard| heard.item == chunk.item)
        });
    }

    fn drop_audio(&self, voided: impl Fn(&AudioChunk) -> bool) {
        if let Some(queue) = self.queue(Lane::Audio) {
            queue.remove(|notice| matches!(notice, Notice::Audio(chunk) if voided(chunk)));
        }
    }

    pub(crate) fn close(&self) {
        for queue in &self.queues {
            queue.close();
        }
    }

    pub(crate) fn abandon(&self) {
        for queue in &self.queues {
            queue.abandon();
        }
    }

    pub(crate) fn lag(&self) -> Vec<Lag> {
        let lags = Lane::ALL.iter().zip(&self.queues);
        lags.map(|(lane, queue)| Lag {
            lane: *lane,
            missed: queue.missed(),
        })
        .filter(|lag| lag.missed > 0)
        .collect()
    }

    pub(crate) fn problems(&self) -> u64 {
        self.problems.load(Ordering::Relaxed)
    }

    /// The queue of a lane, if anybody listens there.
    fn queue(&self, lane: Lane) -> Option<&Queue> {
        let mut lanes = Lane::ALL.iter().zip(&self.queues).zip(&self.served);
        lanes.find_map(|((its, queue), served)| (*its == lane && *served).then_some(queue))
    }

    /// Carries the notices of `lane` to its handlers until the lane is closed and empty.
    pub(crate) async fn serve(self: Arc<Self>, lane: Lane, routes: Arc<Routes>, control: Control) {
        let Some(queue) = self.queue(lane) else {
            return;
        };
        while let Some((notice, missed)) = queue.next().await {
            if missed > 0 && lane != Lane::Session {
                let lag = Lag { lane, missed };
                crate::telemetry::missed(lag);
                self.push(Notice::Lag(lag));
            }
            for closure in routes.closures.of(lane) {
                let called = async { closure(&notice).unwrap_or(Ok(())) };
                self.watch(lane, called).await;
            }
            for handler in &routes.handlers {
                self.watch(lane, notice.clone().tell(&**handler, &control))
                    .await;
            }
            if let Notice::Flush(Some(since)) = notice {
                self.silence.fell(since.elapsed());
            }
        }
    }

    /// Awaits one handler, and reports it if it is slow, fails or panics.
    async fn watch(&self, lane: Lane, handler: impl Future<Output = HandlerResult>) {
        let begun = Instant::now();
        let mut handler = pin!(AssertUnwindSafe(handler).catch_unwind());
        let mut told = false;
        let result = tokio::select! {
            biased;
            // The handler is polled on in place after the report: nothing of it is lost.
            result = &mut handler => result,
            () = tokio::time::sleep(self.slow_after) => {
                told = true;
                self.accuse(lane, HandlerFault::Slow(self.slow_after));
                handler.await
            }
        };
        let took = begun.elapsed();
        if took >= self.slow_after && !told {
            self.accuse(lane, HandlerFault::Slow(took));
        }
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.accuse(lane, HandlerFault::Failed(error.to_string())),
            Err(payload) => {
                self.accuse(
                    lane,
                    HandlerFault::Panicked(crate::problem::words_of(&*payload)),
                );
            }
        }
    }

    fn accuse(&self, lane: Lane, fault: HandlerFault) {
        let problem = Problem::Handler { lane, fault };
        // An error handler that fails is not told of itself: that would never end.
        if lane == Lane::Error {
            self.problems.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(target: "antiphon::runner", "an error handler failed");
        } else {
            self.report(problem);
        }
    }
}
