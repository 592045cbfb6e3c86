//! Commands that are binaries of our other crates, built and started through cargo.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace;

/// One binary that `cargo xtask NAME` starts with the arguments it was given.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    package: &'static str,
    /// Features of the package that the binary needs.
    features: &'static str,
    about: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "capabilities",
        package: "antiphon-conformance",
        features: "",
        about: "what every provider and model can do, as a table",
    },
    Program {
        name: "replay",
        package: "antiphon-conformance",
        features: "",
        about: "a recorded session at any frame",
    },
    Program {
        name: "sim",
        package: "antiphon-conformance",
        features: "simulation",
        about: "whole calls in virtual time, from seeds",
    },
    Program {
        name: "suite",
        package: "antiphon-conformance",
        features: "",
        about: "every conversation with every plug-in",
    },
    Program {
        name: "wire",
        package: "antiphon-conformance",
        features: "",
        about: "decode, encode and compare recorded frames",
    },
];

/// The program that answers to `name`.
pub(crate) fn find(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

/// The lines of the usage text about these programs.
pub(crate) fn usage() -> String {
    PROGRAMS
        .iter()
        .map(|program| {
            format!(
                "  {:<36}{}\n",
                format!("{} [ARG]...", program.name),
                program.about
            )
        })
        .collect()
}

impl Program {
    /// Builds the binary, runs it in the folder where xtask was called, and hands its exit code on.
    pub(crate) fn run(&self, args: &[String]) -> Result<ExitCode> {
        let here = std::env::current_dir().context("the current folder cannot be read")?;
        let manifest = workspace::root().join("Cargo.toml");
        let status = workspace::cargo(&here)
            .args([
                "run",
                "--quiet",
                "--package",
                self.package,
                "--bin",
                self.name,
                "--features",
                self.features,
            ])
            .arg("--manifest-path")
            .arg(manifest)
            .arg("--")
            .args(args)
            .status()
            .context("cargo cannot be started")?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_only() {
        assert_eq!(
            find("wire").map(|program| program.package),
            Some("antiphon-conformance")
        );
        assert!(find("wir").is_none());
        assert!(find("").is_none());
    }

    #[test]
    fn the_usage_names_every_program() {
        for program in PROGRAMS {
            assert!(
                usage().contains(program.name),
                "{} is missing",
                program.name
            );
        }
    }
}
