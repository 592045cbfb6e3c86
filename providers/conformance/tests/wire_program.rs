//! The `wire` program as a person calls it.

#![expect(
    clippy::unwrap_used,
    reason = "a test states what it expects by panicking"
)]

use std::{fs, process::Command};

fn wire(args: &[&str], frames: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames.jsonl");
    fs::write(&file, frames).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wire"))
        .args(args)
        .arg(file)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn frames_are_counted_and_problems_told() {
    let frames = concat!(
        "{\"type\":\"session.input_audio.mute\"}\n",
        "{\"direction\":\"server\",\"frame\":{\"type\":\"tomorrow\"}}\n",
        "{\"direction\":\"server\",\"frame\":{\"type\":\"error\",\"error\":[]}}\n",
    );
    let (code, out, _) = wire(&["check", "--protocol", "openai-live"], frames);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.ends_with("frames=3 decoded=1 equal=3 unknown=1 degraded=1 failed=0\n"),
        "{out}"
    );
    assert!(out.contains("line 2: unknown \"tomorrow\""), "{out}");
    assert!(
        out.contains("line 3: degraded \"error\": /error: invalid type: sequence"),
        "{out}"
    );
}

#[test]
fn a_frame_that_cannot_be_read_is_a_failure() {
    let args = [
        "check",
        "--protocol",
        "gemini-live",
        "--direction",
        "server",
    ];
    let (code, out, _) = wire(&args, "{\"setupComplete\":{}}\n{\"a\":\n");
    assert_eq!(code, 1, "{out}");
    assert!(
        out.ends_with("frames=2 decoded=1 equal=1 unknown=0 degraded=0 failed=1\n"),
        "{out}"
    );
}

#[test]
fn a_wrong_call_says_how_to_call() {
    for (args, said) in [
        (&["check"][..], "name a protocol"),
        (
            &["check", "--protocol", "smoke-signals"],
            "there is no protocol \"smoke-signals\"",
        ),
        (
            &["check", "--protocol", "openai-live", "--loud"],
            "there is no option --loud",
        ),
        (&["taste"], "the only command is check"),
    ] {
        let (code, _, error) = wire(args, "");
        assert_eq!(code, 2, "{args:?}");
        assert!(
            error.contains(said) && error.contains("usage: wire check"),
            "{error}"
        );
    }
}
