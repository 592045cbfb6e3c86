//! Reads what test programs print: how many tests ran, and what they say they left out.
//!
//! A test that lacks something prints a line that begins with `skipped:` and returns. Such a test
//! counts as passed for the harness, which would also swallow the line, so it is asked to show the
//! output of passed tests, and that output is looked through here.

/// The sums over all test programs so far.
#[derive(Debug, Default)]
pub(super) struct TestOutput {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// Tests that this tier leaves to another.
    pub(super) ignored: u64,
    /// What tests said they left out.
    pub(super) skipped: Vec<String>,
    /// Whether the output of passed tests is being read.
    in_successes: bool,
}

impl TestOutput {
    /// Takes one line in, and gives back what a person wants to see of it.
    pub(super) fn read(&mut self, line: &str) -> Option<String> {
        if let Some(reason) = line.trim().strip_prefix("skipped:") {
            self.skipped.push(reason.trim().to_owned());
            return Some(line.to_owned());
        }
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ => {}
        }
        if let Some(result) = line.strip_prefix("test result: ") {
            self.in_successes = false;
            return (self.add(result) > 0).then(|| line.to_owned());
        }
        let dull = line.is_empty()
            || line == "running 0 tests"
            || line.starts_with("test ") && line.ends_with(" ... ok");
        let shown = !self.in_successes && !dull;
        shown.then(|| line.to_owned())
    }

    /// Adds the counts of a line like `ok. 3 passed; 0 failed; 1 ignored; …` and gives their sum.
    fn add(&mut self, result: &str) -> u64 {
        let before = self.passed + self.failed + self.ignored;
        let (_, counts) = result.split_once(". ").unwrap_or_default();
        for count in counts.split("; ") {
            let Some((number, word)) = count.split_once(' ') else {
                continue;
            };
            let number = number.parse().unwrap_or(0);
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
        self.passed + self.failed + self.ignored - before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "
running 4 tests
test a::large ... ignored, nightly: two million cases
test a::one ... ok
test a::two ... ok

successes:

---- a::two stdout ----
a word of its own
skipped: the samples are not here


successes:
    a::one
    a::two

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    const FAILED: &str = "
running 1 test
test b::three ... FAILED

failures:

---- b::three stdout ----
the reason

failures:
    b::three

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    fn read(texts: &[&str]) -> (TestOutput, Vec<String>) {
        let mut output = TestOutput::default();
        let lines = texts.iter().flat_map(|text| text.lines());
        let shown = lines.filter_map(|line| output.read(line)).collect();
        (output, shown)
    }

    #[test]
    fn counts_add_up_over_programs() {
        let (output, _) = read(&[RUN, FAILED, RUN]);
        assert_eq!((output.passed, output.failed, output.ignored), (4, 1, 2));
    }

    #[test]
    fn what_a_passed_test_left_out_is_shown_and_counted() {
        let (output, shown) = read(&[RUN]);
        assert_eq!(output.skipped, ["the samples are not here"]);
        assert!(shown.iter().any(|line| line.starts_with("skipped:")));
        assert!(!shown.iter().any(|line| line.contains("a word of its own")));
    }

    #[test]
    fn a_program_without_tests_is_passed_over() {
        let empty = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; \
                     0 measured; 0 filtered out; finished in 0.00s\n";
        let (_, shown) = read(&[empty]);
        assert!(shown.is_empty(), "{shown:?}");
    }

    #[test]
    fn what_a_failed_test_said_is_shown() {
        let (_, shown) = read(&[RUN, FAILED]);
        assert!(shown.iter().any(|line| line == "the reason"));
    }
}
