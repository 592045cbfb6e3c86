//! Every class of notices has a lane of its own: whatever its handler does, the others and the
//! conversation go on, and it is bounded.
#![expect(
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use antiphon_protocol::{AudioChunk, Delegation, Speech, TextDelta, UpdateOutcome};
use antiphon_runner::{Control, Handler, HandlerResult, Lane, LaneLimits, Problem};
use async_trait::async_trait;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{Notes, Server, agent, run, settle};

const LANES: [Lane; 6] = [
    Lane::Audio,
    Lane::Text,
    Lane::Turn,
    Lane::Tool,
    Lane::Session,
    Lane::Error,
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mischief {
    Sleeps,
    Panics,
    Fails,
}

/// Does mischief at the first notice of one lane, and writes down all of that lane.
struct Moody {
    lane: Lane,
    mischief: Mischief,
    told: AtomicUsize,
    notes: Notes,
}

impl Moody {
    async fn hear(&self, lane: Lane) -> HandlerResult {
        if lane != self.lane {
            return Ok(());
        }
        let first = self.told.fetch_add(1, Ordering::Relaxed) == 0;
        match self.mischief {
            Mischief::Sleeps if first => sleep(Duration::from_secs(10)).await,
            Mischief::Panics => assert!(!first, "in a bad mood"),
            Mischief::Fails if first => return Err("in a bad mood".into()),
            _ => {}
        }
        self.notes.add("told");
        Ok(())
    }
}

#[async_trait]
impl Handler for Moody {
    async fn on_audio(&self, _: &Control, _: AudioChunk) -> HandlerResult {
        self.hear(Lane::Audio).await
    }

    async fn on_text(&self, _: &Control, _: TextDelta) -> HandlerResult {
        self.hear(Lane::Text).await
    }

    async fn on_speech_stopped(&self, _: &Control, _: Speech) -> HandlerResult {
        self.hear(Lane::Turn).await
    }

    async fn on_delegation(&self, _: &Control, _: Delegation) -> HandlerResult {
        self.hear(Lane::Tool).await
    }

    async fn on_update(&self, _: &Control, _: &UpdateOutcome) -> HandlerResult {
        self.hear(Lane::Session).await
    }

    async fn on_error(&self, _: &Control, problem: &Problem) -> HandlerResult {
        match problem {
            Problem::Provider(_) => self.hear(Lane::Error).await,
            _ => Ok(()),
        }
    }
}

/// Lets one notice come on `lane`.
async fn notice(lane: Lane, control: &Control, server: &Server) {
    match lane {
        Lane::Audio => server.audio("a", 20),
        Lane::Text => server.send(&json!({ "t": "text", "text": "words" })),
        Lane::Turn => server.send(&json!({ "t": "silence" })),
        Lane::Tool => server.send(&json!({ "t": "delegation", "id": "d" })),
        Lane::Session => {
            let change =
                control.update(|config| config.instructions(format!("{:?}", Instant::now())));
            let (outcome, ()) = tokio::join!(change, async {
                while server.recv().await["t"] != "configure" {}
                server.send(&json!({ "t": "configured" }));
            });
            assert!(outcome.is_ok());
        }
        Lane::Error => server.send(&json!({ "t": "error", "message": "overloaded" })),
    }
    settle().await;
}

async fn mischief_on(lane: Lane, mischief: Mischief) {
    let case = format!("{mischief:?} on the {} lane", lane.name());
    let notes = Notes::default();
    let (audio, problems) = (Notes::default(), Notes::default());
    let (heard, reported) = (audio.clone(), problems.clone());
    let moody = Moody {
        lane,
        mischief,
        told: AtomicUsize::new(0),
        notes: notes.clone(),
    };
    let agent = agent()
        .on_audio(move |_| heard.add("audio"))
        .on_error(move |problem| reported.add(problem.to_string()))
        .handler(moody);
    let (run, server) = run(agent).await;
    let begun = Instant::now();
    notice(lane, &run.control, &server).await;
    if lane != Lane::Audio {
        for _ in 0..10 {
            server.audio("a", 20);
        }
        settle().await;
        assert_eq!(audio.count("audio"), 10, "{case}: audio goes on");
        assert!(begun.elapsed() < Duration::from_secs(1), "{case}");
    }
    notice(lane, &run.control, &server).await;
    sleep(Duration::from_secs(11)).await;
    let expected = if mischief == Mischief::Sleeps { 2 } else { 1 };
    assert_eq!(
        notes.count("told"),
        expected,
        "{case}: told of what follows"
    );
    let fault = match mischief {
        Mischief::Sleeps => "is slow: it has taken 1s",
        Mischief::Panics => "panicked: in a bad mood",
        Mischief::Fails => "failed: in a bad mood",
    };
    let report = format!("a handler of the {} lane {fault}", lane.name());
    let outcome = run.close().await;
    if lane == Lane::Error {
        // It cannot be told of itself: two problems of the provider, and its own.
        assert_eq!(outcome.problems, 3, "{case}");
    } else {
        assert_eq!(problems.count(&report), 1, "{case}: {:?}", problems.all());
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_any_class_that_sleeps_panics_or_fails_is_reported_and_stalls_none_of_the_others()
 {
    for lane in LANES {
        for mischief in [Mischief::Sleeps, Mischief::Panics, Mischief::Fails] {
            mischief_on(lane, mischief).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_lane_of_every_class_is_bounded_and_what_it_drops_is_counted_as_its_own() {
    for lane in LANES {
        let notes = Notes::default();
        let moody = Moody {
            lane,
            mischief: Mischief::Sleeps,
            told: AtomicUsize::new(0),
            notes: notes.clone(),
        };
        let mut limits = LaneLimits::default();
        (limits.bytes, limits.audio_bytes) = (8 * 1024, 8 * 1024);
        let (run, server) = run(agent().handler(moody).lane_limits(limits)).await;
        for _ in 0..200 {
            notice(lane, &run.control, &server).await;
        }
        sleep(Duration::from_secs(30)).await;
        let told = notes.count("told");
        assert!((1..200).contains(&told), "{lane:?}: {told} of 200");
        let outcome = run.close().await;
        let lagging: BTreeSet<Lane> = outcome.lag.iter().map(|lag| lag.lane).collect();
        assert!(lagging.contains(&lane), "{lane:?}: {:?}", outcome.lag);
        let missed = outcome.lag.iter().find(|lag| lag.lane == lane);
        let missed = missed.map_or(0, |lag| lag.missed);
        assert!(
            missed >= 200 - told as u64,
            "{lane:?}: {missed} missed, {told} told"
        );
    }
}
