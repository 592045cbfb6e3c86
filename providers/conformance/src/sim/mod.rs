//! The simulator: the whole stack in virtual time from one seed.
//!
//! A caller who asks, speaks, interrupts and changes their mind; a speaker that plays in real time; a
//! runner with tools and an approver; session, link and driver; a wire that breaks about every two
//! minutes; and an emulated server with limits, strict where the services are strict. Everything runs
//! in one thread under one paused clock, so the same seed makes the same conversation, byte for byte.

mod agent;
mod audit;
mod caller;
mod faults;
mod range;
mod report;
mod speaker;
mod witness;

use std::{
    hash::{DefaultHasher, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_emulator::{
    Moment,
    peer::{Input, Output},
};
use antiphon_protocol::{Frame, Receipts, Time};
use antiphon_runner::Outcome;
pub use antiphon_session::simulation::Defect;
use antiphon_transport::Clock;
use fastrand::Rng;
use tokio::time::Instant;

use self::{
    audit::{Audit, Closing, Dialect},
    caller::Caller,
    witness::Witness,
};
pub use self::{
    range::{Heap, Plan, Tally, run},
    report::{Counts, Report},
};
use crate::{
    suite::subjects::{self, Wire},
    tap::{Seen, Tap},
};

/// How long a conversation lasts.
const LENGTH: Duration = Duration::from_secs(6 * 60 + 30);
/// How long a conversation must last that nothing ended early.
const LEAST: Duration = Duration::from_secs(6 * 60);
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

/// The deliberate defects, by the number that switches each on, from 1.
pub const DEFECTS: [Defect; 10] = [
    Defect::GateOpen,
    Defect::LedgerUnfenced,
    Defect::PlayheadUnclamped,
    Defect::ResultsKept,
    Defect::FollowUpPerAnswer,
    Defect::AnsweredTwice,
    Defect::AudioLeaks,
    Defect::CommandsLost,
    Defect::UnheardKept,
    Defect::EndUntold,
];

/// Plays the conversation of one seed, with a defect if there is one. `tell` hears what the caller does
/// and what is said on the wire, but for audio.
///
/// Makes a current-thread runtime with a paused clock: call it outside of any runtime.
///
/// # Errors
/// When a runtime cannot be made.
pub fn play(seed: u64, defect: Option<Defect>, tell: Option<Tell>) -> std::io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let report = runtime.block_on(async {
        let conversation = converse(seed, defect, tell);
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

async fn converse(seed: u64, defect: Option<Defect>, tell: Option<Tell>) -> Report {
    let mut dice = Rng::with_seed(seed);
    let wires = subjects::wires();
    let place = usize::try_from(seed % wires.len().max(1) as u64).unwrap_or_default();
    let Some(wire) = wires.get(place) else {
        return Report::failed(seed, "there are no wires");
    };
    let mut report = Report::new(seed, wire.name);
    let server = Arc::<Mutex<DefaultHasher>>::default();
    let dialect = Dialect::of(wire.name);
    let tap = wiretap(wire, dialect, &mut dice, &server);
    let stage = agent::Stage::new(wire, &tap, seed, &mut dice, defect);
    let audit = audit_of(wire, dialect, &stage);
    let begun = Instant::now();
    let tap = listen(tap, &audit, begun, tell.clone());
    let runner = match stage.builder().connect().await {
        Ok(runner) => runner,
        Err(error) => {
            report.fail(format!("no session was opened: {error}"));
            return report;
        }
    };
    let control = runner.control();
    let speaker = stage.speaker(&control);
    let witness = Witness::new(control.session(), stage.reporting());
    let run = tokio::spawn(runner.run());
    let mut caller = Caller {
        control: control.clone(),
        can: stage.capabilities(),
        dice: dice.fork(),
        report: &mut report,
        audit: audit.clone(),
        witness: &witness,
        wishes: 0,
        given: 0,
        changes: 0,
    };
    caller.talk(LENGTH, tell.as_ref()).await;
    let (wishes, given) = (caller.wishes, caller.given);
    let at = Instant::now();
    audit.hang_up();
    control.close().await;
    drop(control);
    let outcome = match run.await {
        Ok(Ok(outcome)) => Some(outcome),
        Ok(Err(error)) => Some(error.into_outcome()),
        Err(_) => None,
    };
    drop(speaker);
    witness.close(&mut report).await;
    report.counts.virtual_time = begun.elapsed();
    count(&tap, &mut report);
    report.hash = hash_of(&[tap.hash(), stage.digest(), finish(&server)]);
    stage.account(&audit, &mut report);
    match outcome {
        Some(outcome) => {
            let closing = Closing {
                calls: &outcome.tool_calls,
                usage: &outcome.usage,
                audio: outcome.audio_in,
                at,
                wishes,
                given,
            };
            for failure in audit.close(&closing) {
                report.fail(failure);
            }
            judge(&outcome, &mut report);
        }
        None => report.fail("the run panicked".to_owned()),
    }
    report
}

/// Wires to an emulated server that break, and on which somebody listens in.
fn wiretap(
    wire: &Wire,
    dialect: Dialect,
    dice: &mut Rng,
    server: &Arc<Mutex<DefaultHasher>>,
) -> Tap {
    let names = dice.u64(..);
    let dial = wire.simulated(names, &agent::script(), Clock::start(), watcher(server));
    Tap::new(dial)
        .faults(faults::schedule(dice, dialect, LENGTH))
        .provoked(faults::provoked(dice.fork(), dialect))
        .latency(faults::latency(dice.fork()))
}

fn audit_of(wire: &Wire, dialect: Dialect, stage: &agent::Stage<'_>) -> Audit {
    let can = stage.capabilities();
    let rate = can
        .output_format(&antiphon_protocol::SessionConfig::new(wire.model))
        .rate;
    let acknowledges = can.receipts == Receipts::Each;
    Audit::new(dialect, rate, can.single_response, acknowledges)
}

/// Has the audit, and whoever wants to be told, see what is on the wires.
fn listen(tap: Tap, audit: &Audit, begun: Instant, tell: Option<Tell>) -> Tap {
    let audit = audit.clone();
    tap.listener(move |sight| {
        let facts = audit.see(sight);
        let (Some(tell), at) = (&tell, (sight.at - begun).as_secs_f64()) else {
            return;
        };
        let wire = sight.wire;
        for fact in facts {
            tell(format!("{at:>9.3} s   {wire} means {fact}"));
        }
        match sight.what {
            Seen::Opened => tell(format!("{at:>9.3} s   {wire} opened")),
            Seen::Left => tell(format!("{at:>9.3} s   {wire} left")),
            Seen::Frame(_, frame) | Seen::Swallowed(frame) if frame.data.len() >= TOLD => {}
            Seen::Frame(way, frame) => {
                tell(format!("{at:>9.3} s   {wire} {way:?} {}", head(frame)));
            }
            Seen::Swallowed(frame) => {
                tell(format!("{at:>9.3} s   {wire} swallowed {}", head(frame)));
            }
        }
    })
}

fn head(frame: &Frame) -> String {
    let text = String::from_utf8_lossy(&frame.data);
    text.chars().take(HEAD).collect()
}

/// Hashes what goes into the emulated machines and comes out of them.
fn watcher(
    server: &Arc<Mutex<DefaultHasher>>,
) -> impl Fn(u64, Time, &Moment<'_>) + Send + Sync + 'static {
    let server = Arc::clone(server);
    move |connection, now, moment| {
        let mut hasher = server.lock().unwrap_or_else(PoisonError::into_inner);
        let nanos = now.since_origin().as_nanos();
        hasher.write_u64(u64::try_from(nanos).unwrap_or(u64::MAX));
        hasher.write_u64(connection);
        match moment {
            Moment::In(Input::Frame(frame)) | Moment::Out(Output::Frame(frame)) => {
                hasher.write(&frame.data);
            }
            Moment::In(input) => hasher.write(format!("{input:?}").as_bytes()),
            Moment::Out(output) => hasher.write(format!("{output:?}").as_bytes()),
        }
    }
}

fn finish(hasher: &Mutex<DefaultHasher>) -> u64 {
    hasher
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .finish()
}

fn hash_of(parts: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        hasher.write_u64(*part);
    }
    hasher.finish()
}

/// What happened on the wires.
fn count(tap: &Tap, report: &mut Report) {
    let counts = &mut report.counts;
    *counts.wires.entry(report.wire).or_default() += 1;
    counts.frames = tap.frames();
    for fault in tap.struck() {
        *counts.faults.entry(faults::name(&fault)).or_default() += 1;
    }
}

/// What must hold of a conversation that is over.
fn judge(outcome: &Outcome, report: &mut Report) {
    report.counts.rotations += u64::from(outcome.rotations);
    report.counts.interruptions += outcome.interruptions;
    report.counts.tools += outcome.tool_calls.len() as u64;
    let void = |call: &&antiphon_runner::ToolRecord| {
        use antiphon_runner::ToolAnswer::{ByHand, Sent};
        !matches!(call.answer, Sent | ByHand)
    };
    report.counts.void_calls += outcome.tool_calls.iter().filter(void).count() as u64;
    let lasted = report.counts.virtual_time;
    let whole = lasted >= LEAST || !report.failures.is_empty();
    report.fail_unless(whole, || format!("the call was over after {lasted:?}"));
    report.fail_unless(outcome.ended.is_orderly(), || {
        format!("the session ended with {:?}", outcome.ended)
    });
}
