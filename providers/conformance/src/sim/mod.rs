//! The simulator: the whole stack in virtual time from one seed.
//!
//! A caller who asks, speaks, interrupts and changes their mind; a speaker that plays in real time; a
//! runner with tools and an approver; session, link and driver; a wire that breaks about every two
//! minutes; and an emulated server with limits, strict where the services are strict. Everything runs
//! in one thread under one paused clock, so the same seed makes the same conversation, byte for byte.

mod agent;
mod caller;
mod report;
mod speaker;

use std::{sync::Arc, time::Duration};

use antiphon_runner::{Outcome, ToolAnswer};
use antiphon_transport::Clock;
use fastrand::Rng;
use tokio::time::Instant;

pub use self::report::{Counts, Report};
use crate::{
    suite::subjects,
    tap::{Tap, WireFault},
};

/// How long a conversation lasts.
const LENGTH: Duration = Duration::from_secs(6 * 60 + 30);
/// The mean time between two faults of the wire.
const FAULTS: f64 = 110.0;
/// How long the closing of a session, and the tasks behind it, may take.
const GOODBYE: Duration = Duration::from_secs(30);
/// How long a conversation may last that does not end by itself.
const STUCK: Duration = Duration::from_secs(60 * 60);

/// Who is told what happens, line by line.
pub type Tell = Arc<dyn Fn(String) + Send + Sync>;

/// The longest frame that is told; longer ones are audio.
const TOLD: usize = 2_000;
/// How much of a frame is told.
const HEAD: usize = 160;

/// Plays the conversation of one seed. `tell` hears what the caller does and what is said on the wire,
/// but for audio.
///
/// Makes a current-thread runtime with a paused clock: call it outside of any runtime.
///
/// # Errors
/// When a runtime cannot be made.
pub fn play(seed: u64, tell: Option<Tell>) -> std::io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let report = runtime.block_on(async {
        let conversation = converse(seed, tell);
        match tokio::time::timeout(STUCK, conversation).await {
            Ok(mut report) => {
                let left = leftover().await;
                report.fail_unless(left == 0, || format!("{left} tasks were left behind"));
                report
            }
            Err(_) => Report::failed(seed, "the conversation is stuck"),
        }
    });
    Ok(report)
}

/// Waits until every task has ended, and counts those that have not.
async fn leftover() -> usize {
    let metrics = tokio::runtime::Handle::current().metrics();
    let begun = Instant::now();
    while metrics.num_alive_tasks() > 0 && begun.elapsed() < GOODBYE {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    metrics.num_alive_tasks()
}

async fn converse(seed: u64, tell: Option<Tell>) -> Report {
    let mut dice = Rng::with_seed(seed);
    let wires = subjects::wires();
    let place = usize::try_from(seed % wires.len().max(1) as u64).unwrap_or_default();
    let Some(wire) = wires.get(place) else {
        return Report::failed(seed, "there are no wires");
    };
    let mut report = Report::new(seed, wire.name);
    let clock = Clock::start();
    let dial = wire.simulated(seed, &agent::script(), clock);
    let mut tap = Tap::new(dial).faults(faults(&mut dice));
    let begun = Instant::now();
    if let Some(tell) = tell.clone() {
        tap = tap.listener(move |now, way, frame| {
            if frame.data.len() < TOLD {
                let text = String::from_utf8_lossy(&frame.data);
                let head: String = text.chars().take(HEAD).collect();
                tell(format!(
                    "{:>9.3} s   {way:?} {head}",
                    (now - begun).as_secs_f64()
                ));
            }
        });
    }
    let stage = agent::Stage::new(wire, &tap, seed, &mut dice);
    let runner = match stage.builder().connect().await {
        Ok(runner) => runner,
        Err(error) => {
            report.fail(format!("no session was opened: {error}"));
            return report;
        }
    };
    let control = runner.control();
    let speaker = stage.speaker(&control);
    let run = tokio::spawn(runner.run());
    let mut caller = caller::Caller::new(
        control.clone(),
        stage.capabilities(),
        dice.fork(),
        &mut report,
    );
    caller.talk(LENGTH, tell.as_ref()).await;
    control.close().await;
    let outcome = match run.await {
        Ok(Ok(outcome)) => Some(outcome),
        Ok(Err(error)) => Some(error.into_outcome()),
        Err(_) => None,
    };
    drop(speaker);
    report.counts.virtual_time = begun.elapsed();
    report.counts.frames = tap.frames();
    report.counts.faults = tap.struck().len() as u64;
    report.hash = tap.hash();
    stage.account(&mut report);
    match outcome {
        Some(outcome) => judge(&outcome, &mut report),
        None => report.fail("the run panicked".to_owned()),
    }
    report
}

/// What must hold of a conversation that is over.
fn judge(outcome: &Outcome, report: &mut Report) {
    report.counts.rotations += u64::from(outcome.rotations);
    report.counts.interruptions += outcome.interruptions;
    report.counts.tools += outcome.tool_calls.len() as u64;
    report.fail_unless(outcome.ended.is_orderly(), || {
        format!("the session ended with {:?}", outcome.ended)
    });
    let audio = outcome.audio_in;
    report.fail_unless(audio.accepted == audio.sent + audio.dropped, || {
        format!("samples are unaccounted for: {audio:?}")
    });
    for call in &outcome.tool_calls {
        let void = !matches!(call.answer, ToolAnswer::Sent | ToolAnswer::ByHand);
        if void {
            report.counts.void_calls += 1;
        }
        report.fail_unless(!matches!(call.answer, ToolAnswer::Unsent), || {
            format!("a call was never answered: {call:?}")
        });
    }
}

/// When the wire breaks, and how.
fn faults(dice: &mut Rng) -> Vec<(Duration, WireFault)> {
    let mut at = 0.0;
    let mut faults = Vec::new();
    loop {
        // Exponential: the time to the next fault does not depend on the last one.
        at += -FAULTS * (1.0 - dice.f64()).ln();
        if at > LENGTH.as_secs_f64() {
            return faults;
        }
        let fault = match dice.u8(0..11) {
            0 => WireFault::Eof,
            1 => WireFault::Reset,
            2 => WireFault::Close(1000),
            3 => WireFault::Close(1001),
            4 => WireFault::Close(1011),
            5 => WireFault::Close(1012),
            6 => WireFault::HalfOpen,
            7 => WireFault::Garbage,
            8 => WireFault::Repeat,
            9 => WireFault::Refused(503),
            _ => WireFault::SlowDial(Duration::from_secs(dice.u64(1..10))),
        };
        faults.push((Duration::from_secs_f64(at), fault));
    }
}
