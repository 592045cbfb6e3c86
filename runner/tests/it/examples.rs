//! The examples are short, and run as they are, without a key, against the emulator.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what it expects by panicking"
)]

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// An example, what the person at the terminal types, and what must be printed, in order.
struct Example {
    name: &'static str,
    typed: &'static str,
    prints: &'static [&'static str],
    /// Whether it takes half a minute, which is too long for every day.
    long: bool,
}

const EXAMPLES: [Example; 5] = [
    Example {
        name: "weather",
        typed: "",
        prints: &[
            "user:  What is the weather like in Oslo?",
            "[get_weather took ",
            "model: It is 16 degrees and clear in Oslo.",
            "model: In Lisbon it is 24 degrees.",
            "2 calls, ",
        ],
        long: false,
    },
    Example {
        name: "approval",
        typed: "y\n",
        prints: &[
            "May the agent pay {",
            "model: Alice has 10 euros now.",
            "pay: Completed",
        ],
        long: false,
    },
    Example {
        name: "approval",
        typed: "no\n",
        prints: &["May the agent pay {", "model: ", "pay: Failed(Denied)"],
        long: false,
    },
    Example {
        name: "persona",
        typed: "",
        prints: &[
            "model: I am your assistant.",
            "with new instructions]",
            "model: Ahoy! I am the captain of this ship.",
        ],
        long: false,
    },
    Example {
        name: "patience",
        typed: "",
        prints: &[
            "[search: 1 of 6 shelves]",
            "model: I am. The search goes on.",
            "[search: 6 of 6 shelves]",
            "model: I found three old songs.",
            "all is done after 3",
        ],
        long: true,
    },
];

/// How long an example may take.
const WITHIN: Duration = Duration::from_secs(90);

/// Where the examples are built beside this test.
fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let folder = this.parent().and_then(Path::parent).unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = folder.join("examples").join(file);
    assert!(
        path.exists(),
        "build them first: cargo build -p antiphon-runner --examples"
    );
    path
}

/// Runs an example to its end; gives what it printed.
fn printed(example: &Example) -> String {
    let mut running = Command::new(program(example.name))
        .env_remove("OPENAI_API_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut terminal = running.stdin.take().unwrap();
    // One that asks for nothing may have ended before.
    let _ = terminal.write_all(example.typed.as_bytes());
    let begun = Instant::now();
    while running.try_wait().unwrap().is_none() {
        if begun.elapsed() > WITHIN {
            running.kill().unwrap();
            panic!("{} does not end", example.name);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = running.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", example.name);
    assert_eq!(errors, "", "{} reports no problem", example.name);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_example_runs_against_the_emulator_and_prints_its_conversation() {
    let nightly = std::env::var("ANTIPHON_TIER").is_ok_and(|tier| tier == "nightly");
    for example in &EXAMPLES {
        if example.long && !nightly {
            println!("skipped: {} (ANTIPHON_TIER=nightly runs it)", example.name);
            continue;
        }
        let printed = printed(example);
        let mut rest = printed.as_str();
        for words in example.prints {
            let Some((_, after)) = rest.split_once(words) else {
                panic!(
                    "{}: {words:?} is not in {rest:?} of\n{printed}",
                    example.name
                );
            };
            rest = after;
        }
    }
}

#[test]
fn each_example_has_fewer_than_a_hundred_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(&folder).unwrap();
    let mut names = Vec::new();
    for file in files {
        let path = file.unwrap().path();
        if path.is_file() {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines < 100, "{} has {lines} lines", path.display());
            names.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let mut run: Vec<_> = EXAMPLES.iter().map(|example| example.name).collect();
    run.sort_unstable();
    run.dedup();
    assert_eq!(names, run, "and each of them is run");
}
