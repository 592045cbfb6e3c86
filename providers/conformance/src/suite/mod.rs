//! One suite of scenarios that proves a plug-in: conversations against a peer of its wire, with
//! everything in between real (session, link, driver) and time virtual.
//!
//! Write a [`Subject`], then run [`run`] in a test. The suite reads the capabilities and skips what
//! the wire cannot do, saying so; a skip is not a pass. `cargo xtask suite` runs it for the plug-ins
//! of this workspace and for the [template](crate::template).

mod call;
mod scenario;
mod scene;
mod subject;
pub mod subjects;

use std::{fmt, panic::AssertUnwindSafe, time::Duration};

use antiphon_session::SessionError;
use futures::FutureExt;

pub use self::{
    scenario::{Scenario, scenarios},
    scene::{ANSWER, Act, QUESTION, Scene, Turn},
    subject::{Stage, Subject},
};

/// How long a scenario may last, in virtual time.
const LONGEST: Duration = Duration::from_secs(3 * 60 * 60);

/// Why a scenario failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    pub(crate) fn unless(holds: bool, why: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self(why())) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self(format!("a command was not carried out: {error}"))
    }
}

/// What became of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It held.
    Ok,
    /// It does not apply, for this reason.
    Skipped(String),
    /// It did not hold.
    Failed(Failure),
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The subject's name.
    pub subject: String,
    /// The scenario's name.
    pub scenario: &'static str,
    /// What became of it.
    pub verdict: Verdict,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.subject, self.scenario)?;
        match &self.verdict {
            Verdict::Ok => f.write_str("ok"),
            Verdict::Skipped(why) => write!(f, "skipped: {why}"),
            Verdict::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// Runs every scenario whose name contains `filter` against `subject`; `tell` hears of each.
///
/// Makes a current-thread runtime with a paused clock of its own for each scenario: call it outside
/// of any runtime.
///
/// # Errors
/// When a runtime cannot be made.
pub fn run(
    subject: &dyn Subject,
    filter: &str,
    mut tell: impl FnMut(&Line),
) -> std::io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for scenario in scenarios() {
        if !scenario.name.contains(filter) {
            continue;
        }
        let line = Line {
            subject: subject.name().to_owned(),
            scenario: scenario.name,
            verdict: play(subject, scenario)?,
        };
        tell(&line);
        lines.push(line);
    }
    Ok(lines)
}

fn play(subject: &dyn Subject, scenario: &Scenario) -> std::io::Result<Verdict> {
    let skips = subject.skips().iter();
    let mut own = skips.filter(|(name, _)| *name == scenario.name);
    if let Some((_, why)) = own.next() {
        return Ok(Verdict::Skipped((*why).to_owned()));
    }
    let config = subject.config();
    let provider = subject.provider();
    let can = provider.capabilities(&config.model);
    if let Some(why) = (scenario.skip)(&can) {
        return Ok(Verdict::Skipped(why.to_owned()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let played = runtime.block_on(async {
        let play = AssertUnwindSafe((scenario.play)(subject)).catch_unwind();
        tokio::time::timeout(LONGEST, play).await
    });
    Ok(match played {
        Ok(Ok(Ok(()))) => Verdict::Ok,
        Ok(Ok(Err(failure))) => Verdict::Failed(failure),
        Ok(Err(_)) => Verdict::Failed(Failure::new("it panicked")),
        Err(_) => Verdict::Failed(Failure::new("it did not end")),
    })
}
