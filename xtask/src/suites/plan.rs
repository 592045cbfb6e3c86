//! The suites, in the order in which they run, each with what it may cost.

use std::process::ExitCode;

use anyhow::Result;

use super::tool::Tool;
use crate::{codegen, faults, tidy};

/// How often a suite runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// Before every change lands.
    Everyday,
    /// Once a night: the large figures.
    Nightly,
}

/// One suite.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) tier: Tier,
    /// Seconds that it may take on two cores, once the dependencies are built.
    pub(super) budget: u64,
    pub(super) env: &'static [(&'static str, &'static str)],
    pub(super) work: Work,
}

/// What a suite does.
#[derive(Debug)]
pub(super) enum Work {
    /// Calls another command of xtask.
    Own(fn(&[String]) -> Result<ExitCode>, &'static [&'static str]),
    /// Runs cargo.
    Cargo(&'static [&'static str]),
    /// Runs test programs through cargo.
    Tests(&'static [&'static str]),
    /// Runs cargo with a tool that is built where it is not installed, once the probe succeeds; else
    /// the suite is skipped.
    Tool {
        tool: &'static Tool,
        probe: Option<Probe>,
        args: &'static [&'static str],
    },
    /// Lets the official SDKs talk with the emulator, where they can be had.
    Interop,
    /// Runs cargo of the oldest Rust that we support; skipped where that is not installed.
    Toolchain(&'static [&'static str]),
}

/// A cargo command that tells whether a suite can run here, and what is missing if it fails.
pub(super) type Probe = (&'static [&'static str], &'static str);

const DENY: Tool = Tool {
    package: "cargo-deny",
    version: "0.20.2",
    subcommand: "deny",
};

const MUTANTS: Tool = Tool {
    package: "cargo-mutants",
    version: "27.1.0",
    subcommand: "mutants",
};

const DATABASE: Probe = (
    &["deny", "fetch", "db"],
    "the advisory database cannot be had",
);

/// Stands for the option that turns on every feature of ours which builds on a bare machine. The
/// suites that build tests and docs share it, so that each crate is built for them once.
pub(super) const FEATURES: &str = "{features}";

/// Every suite. The everyday tier adds up to less than ten minutes.
pub(super) const SUITES: &[Suite] = &[
    Suite {
        name: "fmt",
        about: "the sources are formatted",
        tier: Tier::Everyday,
        budget: 10,
        env: &[],
        work: Work::Cargo(&["fmt", "--all", "--check", "--", "--color=never"]),
    },
    Suite {
        name: "tidy",
        about: "the rules of the house",
        tier: Tier::Everyday,
        budget: 10,
        env: &[],
        work: Work::Own(tidy::run, &[]),
    },
    Suite {
        name: "faults",
        about: "every fault of the catalogue is injected by a test",
        tier: Tier::Everyday,
        budget: 5,
        env: &[],
        work: Work::Own(faults::run, &[]),
    },
    Suite {
        name: "codegen",
        about: "the generated wire types match their descriptions",
        tier: Tier::Everyday,
        budget: 10,
        env: &[],
        work: Work::Own(codegen::run, &["--check"]),
    },
    Suite {
        name: "clippy",
        about: "no warning with the default features",
        tier: Tier::Everyday,
        budget: 45,
        env: &[],
        work: Work::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Suite {
        name: "clippy-features",
        about: "no warning with every feature",
        tier: Tier::Everyday,
        budget: 45,
        env: &[],
        work: Work::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--keep-going",
            FEATURES,
            "--",
            "-D",
            "warnings",
        ]),
    },
    Suite {
        name: "transport-bare",
        about: "the transport without its features: the machine alone",
        tier: Tier::Everyday,
        budget: 15,
        env: &[],
        work: Work::Cargo(&[
            "clippy",
            "--package=antiphon-transport",
            "--no-default-features",
            "--lib",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Suite {
        name: "bare",
        about: "the rooms above the transport without their default features",
        tier: Tier::Everyday,
        budget: 15,
        env: &[],
        work: Work::Cargo(&[
            "clippy",
            "--package=antiphon-session",
            "--package=antiphon-runner",
            "--package=antiphon-emulator",
            "--no-default-features",
            "--lib",
            "--keep-going",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Suite {
        name: "examples",
        about: "the examples build; the runner's tests run them",
        tier: Tier::Everyday,
        budget: 20,
        env: &[],
        work: Work::Cargo(&["build", "--workspace", "--examples", FEATURES]),
    },
    Suite {
        name: "tests",
        about: "unit and integration tests",
        tier: Tier::Everyday,
        budget: 209,
        env: &[],
        work: Work::Tests(&[
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--no-fail-fast",
            FEATURES,
            "--",
            "--show-output",
        ]),
    },
    Suite {
        name: "doc-tests",
        about: "the examples in the documentation",
        tier: Tier::Everyday,
        budget: 45,
        env: &[],
        work: Work::Tests(&[
            "test",
            "--workspace",
            "--doc",
            "--no-fail-fast",
            FEATURES,
            "--",
            "--show-output",
        ]),
    },
    Suite {
        name: "docs",
        about: "the documentation builds, and no link in it is broken",
        tier: Tier::Everyday,
        budget: 40,
        env: &[("RUSTDOCFLAGS", "-D warnings")],
        work: Work::Cargo(&["doc", "--workspace", "--no-deps", "--keep-going", FEATURES]),
    },
    Suite {
        name: "deny",
        about: "licences, banned crates and sources of what we depend on",
        tier: Tier::Everyday,
        budget: 10,
        env: &[],
        work: Work::Tool {
            tool: &DENY,
            probe: None,
            args: &["deny", "check", "licenses", "bans", "sources"],
        },
    },
    Suite {
        name: "advisories",
        about: "known faults of what we depend on",
        tier: Tier::Everyday,
        budget: 15,
        env: &[],
        work: Work::Tool {
            tool: &DENY,
            probe: Some(DATABASE),
            args: &["deny", "check", "advisories"],
        },
    },
    Suite {
        name: "suite",
        about: "every plug-in holds every conversation that its wire can hold",
        tier: Tier::Everyday,
        budget: 45,
        env: &[],
        work: Work::Cargo(&[
            "run",
            "--quiet",
            "--package=antiphon-conformance",
            "--bin=suite",
        ]),
    },
    Suite {
        name: "interop",
        about: "the official Python SDKs talk with the emulator",
        tier: Tier::Everyday,
        budget: 60,
        env: &[],
        work: Work::Interop,
    },
    Suite {
        name: "large-examples",
        about: "the examples build, optimised; the runner's tests run them",
        tier: Tier::Nightly,
        budget: 600,
        env: &[],
        work: Work::Cargo(&["build", "--release", "--workspace", "--examples", FEATURES]),
    },
    Suite {
        name: "large-tests",
        about: "all tests at their nightly size, optimised",
        tier: Tier::Nightly,
        budget: 3600,
        env: &[("ANTIPHON_TIER", "nightly")],
        work: Work::Tests(&[
            "test",
            "--release",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--no-fail-fast",
            FEATURES,
            "--",
            "--include-ignored",
            "--show-output",
        ]),
    },
    Suite {
        name: "sim",
        about: "a thousand calls from seeds, in virtual time",
        tier: Tier::Nightly,
        budget: 900,
        env: &[],
        work: Work::Cargo(&[
            "run",
            "--quiet",
            "--package=antiphon-conformance",
            "--bin=sim",
            "--features=simulation",
            "--",
            "--seeds",
            "1000",
        ]),
    },
    Suite {
        name: "mutants",
        about: "the tests notice defects that are planted where races are decided",
        tier: Tier::Nightly,
        budget: 3600,
        env: &[],
        work: Work::Tool {
            tool: &MUTANTS,
            probe: None,
            args: &["xtask", "mutants"],
        },
    },
    Suite {
        name: "msrv",
        about: "the oldest Rust that we support",
        tier: Tier::Nightly,
        budget: 300,
        env: &[],
        work: Work::Toolchain(&["check", "--workspace", "--target-dir=target/msrv"]),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_everyday_budgets_add_up_to_less_than_ten_minutes() {
        let everyday = SUITES.iter().filter(|suite| suite.tier == Tier::Everyday);
        let seconds: u64 = everyday.map(|suite| suite.budget).sum();
        assert!(seconds < 600, "{seconds} s");
    }

    #[test]
    fn warnings_are_errors_without_flags_that_would_rebuild_the_dependencies() {
        for suite in SUITES {
            assert!(
                suite.env.iter().all(|(name, _)| *name != "RUSTFLAGS"),
                "{}",
                suite.name
            );
            if let Work::Cargo(args @ ["clippy", ..]) = suite.work {
                assert!(args.ends_with(&["--", "-D", "warnings"]), "{}", suite.name);
            }
        }
    }
}
