//! How the suites went, and how that is said.

use std::fmt;
use std::time::Duration;

use super::output::TestOutput;
use super::plan::Suite;

/// How one suite ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Failed,
    /// It did not run, and why.
    Skipped(String),
}

impl Verdict {
    pub(super) fn of(success: bool) -> Self {
        if success { Self::Ok } else { Self::Failed }
    }
}

/// The sums over all suites.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) tests: TestOutput,
    failed: Vec<&'static str>,
    passed: usize,
    skipped: usize,
    wall: Duration,
}

impl Tally {
    /// Counts a suite, and gives the line about it.
    pub(super) fn record(&mut self, suite: &Suite, verdict: Verdict, wall: Duration) -> String {
        self.wall += wall;
        let word = match verdict {
            Verdict::Ok => {
                self.passed += 1;
                "ok".to_owned()
            }
            Verdict::Failed => {
                self.failed.push(suite.name);
                "failed".to_owned()
            }
            Verdict::Skipped(why) => {
                self.skipped += 1;
                format!("skipped({why})")
            }
        };
        let budget = suite.budget;
        let over = if wall > Duration::from_secs(budget) {
            " over-budget"
        } else {
            ""
        };
        let wall = wall.as_secs_f64();
        format!(
            "suite {} {word} wall={wall:.1}s budget={budget}s{over}",
            suite.name
        )
    }

    pub(super) fn is_green(&self) -> bool {
        self.failed.is_empty()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TestOutput {
            passed,
            failed,
            ignored,
            skipped,
            ..
        } = &self.tests;
        for reason in skipped {
            writeln!(f, "skipped: {reason}")?;
        }
        for name in &self.failed {
            writeln!(f, "failed: {name}; again: cargo xtask test --only {name}")?;
        }
        if passed + failed + ignored > 0 {
            let left_out = skipped.len();
            writeln!(
                f,
                "tests left to the nightly tier: {ignored}; left out parts: {left_out}"
            )?;
            writeln!(
                f,
                "tests: {passed} passed, {failed} failed, {ignored} skipped"
            )?;
        }
        let suites = self.passed + self.failed.len() + self.skipped;
        let (passed, failed, skipped) = (self.passed, self.failed.len(), self.skipped);
        let wall = self.wall.as_secs_f64();
        write!(
            f,
            "suites={suites} passed={passed} failed={failed} skipped={skipped} wall={wall:.1}s"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suites::plan::SUITES;

    #[test]
    fn the_last_line_counts_every_suite_once() {
        let mut tally = Tally::default();
        let [first, second, third, ..] = SUITES else {
            panic!("three suites")
        };
        let line = tally.record(first, Verdict::Ok, Duration::from_millis(1_250));
        assert!(
            line.starts_with(&format!("suite {} ok wall=1.2s", first.name)),
            "{line}"
        );
        let line = tally.record(second, Verdict::Failed, Duration::from_secs(9_999));
        assert!(
            line.contains(" failed ") && line.ends_with(" over-budget"),
            "{line}"
        );
        let line = tally.record(
            third,
            Verdict::Skipped("no moon".to_owned()),
            Duration::ZERO,
        );
        assert!(line.contains(" skipped(no moon) "), "{line}");
        let text = tally.to_string();
        let last = text.lines().last();
        assert_eq!(
            last,
            Some("suites=3 passed=1 failed=1 skipped=1 wall=10000.2s")
        );
        assert!(!tally.is_green());
    }

    #[test]
    fn a_failed_suite_is_named_with_the_way_to_run_it_again() {
        let mut tally = Tally::default();
        let [first, ..] = SUITES else {
            panic!("a suite")
        };
        tally.record(first, Verdict::Failed, Duration::ZERO);
        assert!(
            tally
                .to_string()
                .contains(&format!("--only {}", first.name))
        );
    }
}
