//! One violation each, and look-alikes that are none.

/// A violation, and what the finding must say of it.
pub(super) struct Plant {
    pub(super) what: &'static str,
    pub(super) rule: &'static str,
    pub(super) files: &'static [(&'static str, &'static str)],
    /// The `path:line` of the finding.
    pub(super) place: &'static str,
    /// Words of the advice.
    pub(super) mend: &'static str,
}

/// Lines as macros, because a plant of a size is too long to write out.
macro_rules! ten {
    ($line:literal) => {
        concat!(
            $line, $line, $line, $line, $line, $line, $line, $line, $line, $line
        )
    };
}
macro_rules! hundred {
    ($line:literal) => {
        concat!(
            ten!($line),
            ten!($line),
            ten!($line),
            ten!($line),
            ten!($line),
            ten!($line),
            ten!($line),
            ten!($line),
            ten!($line),
            ten!($line)
        )
    };
}
macro_rules! six_hundred {
    ($line:literal) => {
        concat!(
            hundred!($line),
            hundred!($line),
            hundred!($line),
            hundred!($line),
            hundred!($line),
            hundred!($line)
        )
    };
}

const EIGHTY_ONE: &str = concat!(
    "//! Long.\n\nfn long() {\n    // Not counted.\n\n",
    ten!("    step();\n"),
    ten!("    step();\n"),
    ten!("    step();\n"),
    ten!("    step();\n"),
    ten!("    step();\n"),
    ten!("    step();\n"),
    ten!("    step();\n"),
    ten!("    step();\n"),
    "    step();\n}\n"
);

/// A manifest of the plug-in that gains one line among its dependencies.
const PLUGIN: &str = "providers/openai/Cargo.toml";
const RUNNER: &str = "runner/Cargo.toml";

pub(super) const PLANTS: &[Plant] = &[
    Plant {
        what: "a file that does not parse",
        rule: "syntax",
        files: &[("session/src/half.rs", "//! Half.\n\nfn half( {\n")],
        place: "session/src/half.rs:3",
        mend: "cargo check",
    },
    Plant {
        what: "a crate whose name does not follow from its folder",
        rule: "naming",
        files: &[(
            "protocol/gemini-live/Cargo.toml",
            "[package]\nname = \"gemini-wire\"\nversion = \"0.1.0\"\n[lints]\nworkspace = true\n",
        )],
        place: "protocol/gemini-live/Cargo.toml:1",
        mend: "antiphon-gemini-live-types",
    },
    Plant {
        what: "the runner reaches past the session",
        rule: "layering",
        files: &[(RUNNER, "+antiphon-transport.workspace = true\n")],
        place: "runner/Cargo.toml:10",
        mend: "behind a trait of the lower room",
    },
    Plant {
        what: "a plug-in sees the types of another provider",
        rule: "layering",
        files: &[(PLUGIN, "+antiphon-gemini-live-types.workspace = true\n")],
        place: "providers/openai/Cargo.toml:10",
        mend: "behind a trait of the lower room",
    },
    Plant {
        what: "the neutral language is tested with the room above it",
        rule: "layering",
        files: &[(
            "protocol/core/Cargo.toml",
            "+[dev-dependencies]\nantiphon-transport.workspace = true\n",
        )],
        place: "protocol/core/Cargo.toml:9",
        mend: "behind a trait of the lower room",
    },
    Plant {
        what: "a build script that needs one of our crates",
        rule: "layering",
        files: &[
            (
                RUNNER,
                "+[build-dependencies]\nantiphon-protocol.workspace = true\n",
            ),
            ("runner/build.rs", "//! Builds.\n\nfn main() {}\n"),
        ],
        place: "runner/Cargo.toml:11",
        mend: "move what is needed down",
    },
    Plant {
        what: "wire types with a dependency of behaviour",
        rule: "lean-types",
        files: &[
            (
                "protocol/openai-realtime/Cargo.toml",
                "+carrier = { path = \"../../vendor/clean\" }\n",
            ),
            (
                "vendor/clean/Cargo.toml",
                "[package]\nname = \"carrier\"\nversion = \"0.2.0\"\n",
            ),
            ("vendor/clean/src/lib.rs", "//! Theirs.\n"),
        ],
        place: "protocol/openai-realtime/Cargo.toml:8",
        mend: "bytes, serde, serde_json",
    },
    Plant {
        what: "a plug-in that writes log lines",
        rule: "pure-crates",
        files: &[(PLUGIN, "+tracing = { path = \"../../vendor/tracing\" }\n")],
        place: "providers/openai/Cargo.toml:10",
        mend: "report as data",
    },
    Plant {
        what: "tokio by way of another crate",
        rule: "pure-trees",
        files: &[(PLUGIN, "+carrier = { path = \"../../vendor/carrier\" }\n")],
        place: "providers/openai/Cargo.toml:1",
        mend: "behind a feature",
    },
    Plant {
        what: "tokio in the transport without its features",
        rule: "pure-trees",
        files: &[(
            "transport/Cargo.toml",
            "+[dependencies.carrier]\npath = \"../vendor/carrier\"\n",
        )],
        place: "transport/Cargo.toml:1",
        mend: "behind a feature",
    },
    Plant {
        what: "a file over 600 lines",
        rule: "file-size",
        files: &[(
            "session/src/long.rs",
            concat!("//! Long.\n", six_hundred!("\n")),
        )],
        place: "session/src/long.rs:601",
        mend: "// tidy: long file: REASON",
    },
    Plant {
        what: "a long file with no more than a word as its reason",
        rule: "file-size",
        files: &[(
            "session/src/long.rs",
            concat!("//! Long.\n// tidy: long file: big\n", six_hundred!("\n")),
        )],
        place: "session/src/long.rs:601",
        mend: "split it by subject",
    },
    Plant {
        what: "a function over 80 lines of code",
        rule: "function-size",
        files: &[("session/src/long.rs", EIGHTY_ONE)],
        place: "session/src/long.rs:3",
        mend: "clippy::too_many_lines",
    },
    Plant {
        what: "a lint that the workspace no longer demands",
        rule: "lint-table",
        files: &[("Cargo.toml", "-unwrap_used = \"warn\"\n")],
        place: "Cargo.toml:1",
        mend: "write `unwrap_used = \"warn\"`",
    },
    Plant {
        what: "unsafe code that is merely warned of",
        rule: "lint-table",
        files: &[
            ("Cargo.toml", "-unsafe_code = \"forbid\"\n"),
            (
                "Cargo.toml",
                "+[workspace.lints.rust.unsafe_code]\nlevel = \"warn\"\n",
            ),
        ],
        place: "Cargo.toml:1",
        mend: "write `unsafe_code = \"forbid\"`",
    },
    Plant {
        what: "a crate without the workspace lints",
        rule: "lint-table",
        files: &[("protocol/core/Cargo.toml", "-[lints]\nworkspace = true\n")],
        place: "protocol/core/Cargo.toml:1",
        mend: "workspace = true",
    },
    Plant {
        what: "an allowed panic",
        rule: "lint-exceptions",
        files: &[(
            "session/src/lax.rs",
            "//! Lax.\n\n#[allow(clippy::unwrap_used, reason = \"it is fine\")]\nfn lax() {}\n",
        )],
        place: "session/src/lax.rs:3",
        mend: "`expect` with the invariant",
    },
    Plant {
        what: "an expectation without a reason",
        rule: "lint-exceptions",
        files: &[(
            "session/src/lax.rs",
            "//! Lax.\n\n#[expect(dead_code)]\nfn lax() {}\n",
        )],
        place: "session/src/lax.rs:3",
        mend: "reason = ",
    },
    Plant {
        what: "a conditional exception without a reason",
        rule: "lint-exceptions",
        files: &[(
            "session/src/lax.rs",
            "//! Lax.\n\n#[cfg_attr(unix, allow(dead_code))]\nfn lax() {}\n",
        )],
        place: "session/src/lax.rs:3",
        mend: "reason = ",
    },
    Plant {
        what: "a library file excused as a whole",
        rule: "lint-exceptions",
        files: &[(
            "session/src/lax.rs",
            "//! Lax.\n#![expect(clippy::indexing_slicing, reason = \"indices are checked\")]\n",
        )],
        place: "session/src/lax.rs:2",
        mend: "on the expression or function",
    },
    Plant {
        what: "unsafe code",
        rule: "no-unsafe",
        files: &[("runner/tests/bold.rs", "//! Bold.\n\nunsafe fn bold() {}\n")],
        place: "runner/tests/bold.rs:3",
        mend: "a crate that is known",
    },
    Plant {
        what: "a map without order in a plug-in",
        rule: "ordered-maps",
        files: &[(
            "providers/openai/src/calls.rs",
            "//! Calls.\n\ntype Calls = HashMap<u8, u8>;\n",
        )],
        place: "providers/openai/src/calls.rs:3",
        mend: "BTreeMap",
    },
    Plant {
        what: "a clock in a pure machine",
        rule: "given-time",
        files: &[(
            "session/src/engine.rs",
            "//! Pure.\n\nfn now() {\n    let _ = std::time::Instant::now();\n}\n",
        )],
        place: "session/src/engine.rs:4",
        mend: "pass time and seeds in",
    },
    Plant {
        what: "chance in a plug-in",
        rule: "given-time",
        files: &[(
            "providers/openai/src/ids.rs",
            "//! Ids.\n\nfn id() -> u64 {\n    RandomState::new().build_hasher().finish()\n}\n",
        )],
        place: "providers/openai/src/ids.rs:4",
        mend: "pass time and seeds in",
    },
    Plant {
        what: "a select in random order",
        rule: "biased-select",
        files: &[(
            "runner/src/run.rs",
            "//! Runs.\n\nasync fn run() {\n    tokio::select! {\n        () = a() => {}\n    }\n}\n",
        )],
        place: "runner/src/run.rs:4",
        mend: "biased;",
    },
    Plant {
        what: "a documentation example that is not compiled",
        rule: "tests-run",
        files: &[(
            "session/src/shown.rs",
            "//! Shown.\n//!\n//! ```rust,ignore\n//! x\n//! ```\n",
        )],
        place: "session/src/shown.rs:3",
        mend: "no_run",
    },
    Plant {
        what: "a README example that is not compiled",
        rule: "tests-run",
        files: &[("session/README.md", "# Session\n\n```ignore\nx\n```\n")],
        place: "session/README.md:3",
        mend: "no_run",
    },
    Plant {
        what: "a test that is ignored without a reason",
        rule: "tests-run",
        files: &[(
            "session/tests/off.rs",
            "//! Off.\n\n#[test]\n#[ignore]\nfn off() {}\n",
        )],
        place: "session/tests/off.rs:4",
        mend: "#[ignore = ",
    },
    Plant {
        what: "a file that does not say why it exists",
        rule: "module-docs",
        files: &[(
            "session/tests/mute.rs",
            "/// A doc of something else.\nfn mute() {}\n",
        )],
        place: "session/tests/mute.rs:1",
        mend: "`//!`",
    },
    Plant {
        what: "a crate without a README",
        rule: "crate-readme",
        files: &[("runner/README.md", "\n")],
        place: "runner/Cargo.toml:1",
        mend: "the smallest example",
    },
    Plant {
        what: "a library that documents itself elsewhere",
        rule: "crate-readme",
        files: &[("runner/src/lib.rs", "//! Runs.\n")],
        place: "runner/src/lib.rs:1",
        mend: "include_str!",
    },
    Plant {
        what: "a provider's name in a string of the session",
        rule: "neutral-words",
        files: &[(
            "session/src/names.rs",
            "//! Names.\n\nconst HOST: &str = \"api.OpenAI.com\";\n",
        )],
        place: "session/src/names.rs:3",
        mend: "neutrally",
    },
    Plant {
        what: "a provider's name in a type of the neutral language",
        rule: "neutral-words",
        files: &[(
            "protocol/core/src/names.rs",
            "//! Names.\n\nstruct GeminiPart;\n",
        )],
        place: "protocol/core/src/names.rs:3",
        mend: "neutrally",
    },
    Plant {
        what: "a generated file that does not say so",
        rule: "generated-head",
        files: &[(
            "protocol/openai-realtime/src/generated/types.rs",
            "pub struct A;\n",
        )],
        place: "protocol/openai-realtime/src/generated/types.rs:1",
        mend: "never edit it",
    },
    Plant {
        what: "a folder of one machine",
        rule: "portable-text",
        files: &[("notes.md", "# Notes\n\nSee /home/someone/notes.\n")],
        place: "notes.md:3",
        mend: "relative to the workspace",
    },
    Plant {
        what: "the host of a registry",
        rule: "portable-text",
        files: &[(
            "deny.toml",
            "[sources]\nallow-registry = [\"https://index.crates.io/\"]\n",
        )],
        place: "deny.toml:2",
        mend: "the machine that builds",
    },
    Plant {
        what: "a locked crate from a repository",
        rule: "lock-sources",
        files: &[(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"fork\"\nversion = \"0.1.0\"\n\
             source = \"git+https://example.org/fork#0123456789012345678901234567890123456789\"\n",
        )],
        place: "Cargo.lock:6",
        mend: "a published version",
    },
];

/// What, where and the content.
pub(super) const INNOCENT: &[(&str, &str, &str)] = &[
    (
        "a provider's name in comments, docs and tests",
        "session/src/talk.rs",
        "//! Unlike openai.\n\n/// As Gemini does.\nstruct Talk; // azure\n\n\
         #[cfg(test)]\nmod tests {\n    const HOST: &str = \"openai\";\n}\n",
    ),
    (
        "a map without order and a clock in a file of tests",
        "session/src/engine/tests.rs",
        "//! Tests.\n\nfn now(_: HashMap<u8, u8>) {\n    Instant::now();\n}\n",
    ),
    (
        "a clock in a shell",
        "transport/src/clock.rs",
        "//! Shell.\n\nfn now() {\n    Instant::now();\n}\n",
    ),
    (
        "a select in a stated order",
        "runner/src/run.rs",
        "//! Runs.\n\nasync fn run() {\n    select! { biased; () = a() => {} }\n}\n",
    ),
    (
        "an exception for one place, with its invariant",
        "session/src/sure.rs",
        "//! Sure.\n\n#[expect(clippy::indexing_slicing, reason = \"the index was just found\")]\n\
         fn sure() {}\n",
    ),
    (
        "a file of tests excused as a whole",
        "session/tests/sure.rs",
        "//! Sure.\n#![expect(clippy::unwrap_used, reason = \"a test states by panicking\")]\n",
    ),
    (
        "a long file that says why",
        "session/src/long.rs",
        concat!(
            "//! Long.\n// tidy: long file: one table of all codes\n",
            six_hundred!("\n")
        ),
    ),
    (
        "a long generated file that begins with its head",
        "protocol/openai-realtime/src/generated/types.rs",
        concat!("// Generated by cargo xtask codegen.\n", six_hundred!("\n")),
    ),
    (
        "a large test that says when it runs",
        "session/tests/large.rs",
        "//! Large.\n\n#[test]\n#[ignore = \"nightly: two million cases\"]\nfn large() {}\n",
    ),
    (
        "tokio behind a feature of a plug-in",
        PLUGIN,
        "+tokio = { path = \"../../vendor/tokio\", optional = true }\n",
    ),
    (
        "a plug-in proven with the session and the emulator",
        PLUGIN,
        "+[dev-dependencies]\nantiphon-session.workspace = true\n\
         antiphon-emulator.workspace = true\n",
    ),
];
