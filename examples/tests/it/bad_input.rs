//! Whatever goes wrong: one sentence that names the thing and the remedy, its exit code, in time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use antiphon_emulator::Refusal;
use hound::{SampleFormat, WavSpec, WavWriter};

use crate::{
    peer::{self, Peer},
    program::{Ran, Talk},
};

/// For what is found out before anything is dialled.
const AT_ONCE: Duration = Duration::from_secs(3);

fn before_dialling(arguments: &[&str], code: u8, words: &[&str]) {
    let ran = Talk::with(&[arguments, &["--json"]].concat())
        .key("sk-test")
        .run();
    ran.failed(code, words, AT_ONCE);
    assert!(
        !ran.path("talk-reply.wav").exists(),
        "nothing was dialled, so nothing is written"
    );
}

fn with_file(name: &str, content: &[u8], words: &[&str]) {
    let talk = Talk::with(&["--input", name, "--json"]);
    std::fs::write(talk.folder().join(name), content).unwrap();
    talk.run().failed(3, words, AT_ONCE);
}

/// A text turn with the peer at `url`, in [`TIMEOUT`] at most.
fn with_peer(url: &str, arguments: &[&str]) -> Ran {
    let timeout = TIMEOUT.as_secs().to_string();
    let usual = [
        "--url",
        url,
        "--text",
        "Hello?",
        "--pace",
        "fast",
        "--json",
        "--timeout",
        &timeout,
    ];
    Talk::with(&[&usual, arguments].concat()).run()
}

const TIMEOUT: Duration = Duration::from_secs(4);

fn files_are_written(ran: &Ran) {
    ran.reply();
    assert!(ran.timeline().ends_with("</svg>\n"));
}

#[test]
fn a_missing_recording() {
    before_dialling(
        &["--input", "no-such.wav"],
        3,
        &["'no-such.wav' does not exist", "check the path"],
    );
}

#[test]
fn an_unreadable_recording() {
    before_dialling(
        &["--input", "."],
        3,
        &["'.' cannot be read", "give a WAV file"],
    );
}

#[test]
fn a_file_that_is_no_wav() {
    with_file(
        "song.mp3",
        b"ID3 and so on",
        &["'song.mp3' is not a WAV file", "convert it"],
    );
    with_file("empty.wav", b"", &["'empty.wav' is not a WAV file"]);
}

#[test]
fn a_wav_without_audio() {
    let spec = WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    for (samples, words) in [(0, "without audio"), (8_000, "nothing but silence")] {
        let mut data = std::io::Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut data, spec).unwrap();
        for _ in 0..samples {
            writer.write_sample(0_i16).unwrap();
        }
        writer.finalize().unwrap();
        with_file("hush.wav", data.get_ref(), &["'hush.wav'", words, "record"]);
    }
}

#[test]
fn an_unknown_provider() {
    before_dialling(
        &["--provider", "acme"],
        4,
        &[
            "'acme' is unknown",
            "openai-realtime",
            "openai-live",
            "gemini-live",
        ],
    );
}

#[test]
fn a_malformed_address() {
    for url in [
        "ws://[::1",
        "ws://host:port/",
        "not an address",
        "ftp://host/",
        "wss://",
    ] {
        before_dialling(
            &["--url", url],
            4,
            &[url, "--url", "wss://host/v1/realtime"],
        );
    }
}

#[test]
fn a_key_over_plaintext_to_another_host() {
    // The name does not resolve: had it been looked up, the sentence would be another.
    let url = "ws://host.invalid/v1/realtime";
    before_dialling(
        &["--url", url],
        4,
        &[
            "the key",
            "'host.invalid'",
            "wss://",
            "--insecure-plaintext-host",
        ],
    );
}

#[test]
fn a_plaintext_host_that_is_named_is_dialled() {
    let url = "ws://host.invalid/v1/realtime";
    let ran = with_peer(url, &["--insecure-plaintext-host", "host.invalid"]);
    ran.failed(5, &["no connection to ws://host.invalid"], TIMEOUT);
}

#[test]
fn a_file_that_cannot_be_written() {
    before_dialling(
        &["--output", "no/such/reply.wav"],
        4,
        &["'no/such/reply.wav'", "--output"],
    );
    before_dialling(&["--timeline", "."], 4, &["'.'", "folder", "--timeline"]);
    before_dialling(
        &["--events", "no/such/events"],
        4,
        &["'no/such/events'", "--events"],
    );
}

#[test]
fn wrong_usage() {
    let ran = Talk::with(&["--pace", "slow", "--json"]).run();
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("'slow'") && ran.stderr.contains("fast"),
        "{}",
        ran.stderr
    );
    let summary = ran.summary();
    assert_eq!(
        (&summary["ended"]["cause"], &summary["ended"]["exit"]),
        (&"usage".into(), &2.into())
    );
}

#[test]
fn a_refused_connection() {
    let url = peer::nowhere();
    let ran = with_peer(&url, &[]);
    ran.failed(5, &["no connection to", &url, "--url"], TIMEOUT);
    files_are_written(&ran);
}

#[test]
fn a_wrong_key_and_a_missing_one() {
    for refusal in [Refusal::Status, Refusal::Event] {
        let peer = Peer::new(|builder| builder.key(Some("sk-right")).refusal(refusal));
        let url = peer.url();
        let arguments = [
            "--url",
            &url,
            "--text",
            "Hello?",
            "--json",
            "--timeout",
            "4",
            "-vv",
        ];
        let ran = Talk::with(&arguments).key("sk-wrong").run();
        ran.failed(6, &["refuses the key", &url, "OPENAI_API_KEY"], TIMEOUT);
        assert!(!ran.stderr.contains("sk-wrong") && !ran.stdout.contains("sk-wrong"));
        files_are_written(&ran);
        let ran = Talk::with(&arguments).run();
        ran.failed(6, &["wants a key", &url, "OPENAI_API_KEY"], TIMEOUT);
    }
}

#[test]
fn a_server_that_never_speaks() {
    let opened = Peer::playing("fail silence\nexpect \"Hello?\"\n  say \"Hello.\"");
    for url in [peer::silent(), opened.url()] {
        let ran = with_peer(&url, &[]);
        ran.failed(
            7,
            &[&url, "did not answer within 4 s", "--timeout"],
            TIMEOUT,
        );
        files_are_written(&ran);
    }
}

#[test]
fn a_server_that_falls_silent_in_mid_turn() {
    let peer = Peer::playing("expect \"Hello?\"\n  say \"Hello there.\"\n  fail silence");
    let ran = with_peer(&peer.url(), &[]);
    ran.failed(7, &["turn 1", "4 s", "--timeout"], TIMEOUT);
    assert!(!ran.reply().is_empty(), "what was received is kept");
    assert_eq!(ran.summary()["turns"][0]["status"], "failed");
    files_are_written(&ran);
}

#[test]
fn a_server_that_closes_in_mid_turn() {
    for end in [
        "fail close 1000 \"bye\"",
        "fail close 1011 \"oops\"",
        "drop",
    ] {
        let peer = Peer::playing(&format!(
            "expect \"Hello?\"\n  say \"Hello there.\"\n  {end}"
        ));
        let ran = with_peer(&peer.url(), &[]);
        ran.failed(
            8,
            &[&peer.url(), "closed the connection", "run it again"],
            TIMEOUT,
        );
        assert!(!ran.reply().is_empty(), "what was received is kept");
        assert_eq!(ran.summary()["turns"][0]["status"], "failed", "{end}");
        files_are_written(&ran);
    }
}

#[test]
fn a_server_that_drops_each_answer_before_it_begins() {
    let peer = Peer::playing("expect \"Hello?\"\n  drop\n  say \"Hello there.\"");
    let ran = with_peer(&peer.url(), &[]);
    ran.failed(8, &[&peer.url(), "closed the connection"], TIMEOUT);
    assert!(
        ran.summary()["reconnects"].as_u64() > Some(0),
        "it was asked again: {}",
        ran.stdout
    );
    files_are_written(&ran);
}

#[test]
fn a_server_that_closes_at_once_and_for_good() {
    let peer = Peer::playing("fail close 1000 \"not today\"\nexpect \"Hello?\"\n  say \"Hello.\"");
    let ran = with_peer(&peer.url(), &[]);
    ran.failed(
        8,
        &[
            "closed the connection before the conversation began",
            "not today",
        ],
        TIMEOUT,
    );
    files_are_written(&ran);
}

#[test]
fn garbage_frames() {
    let midway = Peer::playing("expect \"Hello?\"\n  fail garbage\n  say \"Hello there.\"");
    let ran = with_peer(&midway.url(), &[]);
    ran.failed(
        9,
        &[&midway.url(), "not of the Realtime protocol", "--url"],
        TIMEOUT,
    );
    let summary = ran.summary();
    assert!(
        summary["lost"]["malformed_frames"].as_u64().unwrap() > 0,
        "{summary}"
    );
    assert_eq!(
        summary["turns"][0]["status"], "completed",
        "the answer itself was understood"
    );
    files_are_written(&ran);
}

#[test]
fn garbage_from_the_start() {
    for bytes in [
        &b"220 mail.example ESMTP\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    ] {
        let url = peer::answering(bytes);
        let ran = with_peer(&url, &[]);
        ran.failed(
            9,
            &[&url, "does not speak the Realtime protocol", "--url"],
            TIMEOUT,
        );
        files_are_written(&ran);
    }
}

#[test]
fn an_answer_that_fails() {
    let peer = Peer::playing("expect \"Hello?\"\n  fail response \"the model is unwell\"");
    let ran = with_peer(&peer.url(), &[]);
    ran.failed(10, &["turn 1 failed", "the model is unwell"], TIMEOUT);
    files_are_written(&ran);
}

#[test]
fn garbage_in_place_of_an_opening() {
    let peer = Peer::playing("fail garbage\nfail silence\nexpect \"Hello?\"\n  say \"Hello.\"");
    let ran = with_peer(&peer.url(), &[]);
    ran.failed(9, &[&peer.url(), "Realtime protocol", "--url"], TIMEOUT);
    files_are_written(&ran);
}
