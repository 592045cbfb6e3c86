//! Sessions that outlive their connection or have more than one: sidebands and forks.

use std::time::Duration;

use antiphon_emulator::{
    live::{Connection, Hall},
    peer::Output,
};
use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::bench::{
    AUDIO, Bench, HEARD, SAID, error_of, joined, of_type, outline, samples_of, settings, silence,
    speech, types,
};

const SCRIPT: &str = "expect \"one\"\n say \"First.\"\nexpect \"two\"\n say \"Second.\"";

/// A running session with a sideband.
fn attached(session: Value) -> (Bench, Bench) {
    let hall = Hall::new();
    let mut own = Bench::with(settings(SCRIPT), &hall);
    assert!(Connection::attach("live_none", &hall, Time::ZERO).is_none());
    let started = own.start(session);
    let id = started[0]["session"]["id"].as_str().unwrap();
    let sideband = Connection::attach(id, &hall, own.now).unwrap();
    let sideband = Bench::of(sideband, own.now);
    (own, sideband)
}

/// Brings the sideband to the time of the session.
fn catch_up(own: &Bench, sideband: &mut Bench) -> Vec<Value> {
    let behind = own.now.as_nanos() - sideband.now.as_nanos();
    sideband.wait(Duration::from_nanos(behind))
}

#[test]
fn a_sideband_sees_both_tracks_in_wide_audio_and_with_times() {
    let format = json!({"audio": {"format": {"type": "audio/pcm", "rate": 16_000}}});
    let (mut own, mut sideband) = attached(format);
    own.append_bytes(&[1, 0].repeat(1_600));
    let seen = catch_up(&own, &mut sideband);
    let seen = if seen.is_empty() {
        sideband.wait(Duration::from_millis(10))
    } else {
        seen
    };
    assert_eq!(types(&seen), ["session.input_audio.append", AUDIO]);
    assert_eq!(samples_of(&seen[0]), vec![1; 2_400]);
    assert_eq!(samples_of(&seen[1]), vec![0; 2_400]);
    assert_eq!(
        (&seen[1]["start_ms"], &seen[1]["end_ms"]),
        (&json!(0), &json!(100))
    );
    assert!(own.all().last().unwrap().get("start_ms").is_none());
}

#[test]
fn a_sideband_commands_the_session_and_its_errors_are_its_own() {
    let (mut own, mut sideband) = attached(json!({}));
    sideband.send(json!({"type": "session.input_audio.mute"}));
    own.wait(Duration::from_millis(10));
    assert_eq!(
        outline(&own.all()),
        ["session.started", "session.input_audio.muted"]
    );
    own.speak(&[speech(600), silence(900)].concat());
    assert_eq!(joined(&own.all(), HEARD), "", "muted by the sideband");
    for refused in [
        json!({"type": "session.start", "session": {"model": "m"}}),
        json!({"type": "session.input_audio.append", "audio": ""}),
    ] {
        assert_eq!(error_of(&sideband.send(refused))["param"], "type");
    }
    sideband.tell("commentary", Value::Null, "Hello from aside.");
    own.run(4_000);
    assert_eq!(joined(&own.all(), SAID), "Hello from aside.");
    assert!(of_type(&own.all(), "error").is_empty());
    catch_up(&own, &mut sideband);
    assert_eq!(joined(&sideband.all(), SAID), "Hello from aside.");
}

#[test]
fn a_sideband_ends_with_the_session_and_not_the_other_way_round() {
    let (mut own, sideband) = attached(json!({}));
    drop(sideband);
    assert_eq!(own.run(200).len(), 2);

    let (own, mut sideband) = attached(json!({}));
    drop(own);
    let events = sideband.wait(Duration::from_millis(20));
    assert_eq!(types(&events), ["session.closed"]);
    assert_eq!(events[0]["reason"], "connection_lost");
    let close = Output::Close {
        code: 1005,
        reason: String::new(),
    };
    assert_eq!(sideband.others, [close]);
}

#[test]
fn a_stored_session_is_forked_once_it_has_ended() {
    for (stored, forks) in [(true, true), (false, false)] {
        let hall = Hall::new();
        let mut first = Bench::with(settings(SCRIPT), &hall);
        let started = first.start(json!({"store": stored, "instructions": "Be kind."}));
        let id = started[0]["session"]["id"].as_str().unwrap().to_owned();
        first.ask();
        first.run(2_000);
        assert!(
            Connection::fork(&id, settings(SCRIPT), &hall, first.now).is_none(),
            "it runs"
        );
        first.send(json!({"type": "session.close"}));
        first.wait(Duration::from_secs(1));
        let mut other = settings(SCRIPT);
        other.seed = 8;
        let fork = Connection::fork(&id, other, &hall, first.now);
        assert_eq!(fork.is_some(), forks, "store: {stored}");
        let Some(fork) = fork else {
            continue;
        };
        let mut fork = Bench::of(fork, first.now);
        let started = fork.send(json!({"type": "session.start", "session": {}}));
        let session = &started[0]["session"];
        assert_ne!(session["id"], json!(id));
        assert_eq!(session["instructions"], "Be kind.");
        assert!(
            session.get("store").is_none(),
            "a recording is asked for anew"
        );
        fork.ask();
        fork.run(3_000);
        assert_eq!(
            joined(&fork.all(), SAID),
            "Second.",
            "the conversation goes on"
        );
    }
}

#[test]
fn a_fork_changes_little() {
    let hall = Hall::new();
    let mut first = Bench::with(settings(SCRIPT), &hall);
    let started = first.start(json!({"store": true}));
    let id = started[0]["session"]["id"].as_str().unwrap().to_owned();
    first.send(json!({"type": "session.close"}));
    first.wait(Duration::from_secs(1));
    let rows = [
        (json!({"model": "m"}), "unknown_parameter"),
        (json!({"instructions": "a"}), "unknown_parameter"),
        (
            json!({"delegation": {"type": "responses"}}),
            "immutable_field_update",
        ),
    ];
    for (session, code) in rows {
        let fork = Connection::fork(&id, settings(SCRIPT), &hall, first.now).unwrap();
        let mut fork = Bench::of(fork, first.now);
        let answer = fork.send(json!({"type": "session.start", "session": session}));
        assert_eq!(error_of(&answer)["code"], code, "{session}");
    }
    let fork = Connection::fork(&id, settings(SCRIPT), &hall, first.now).unwrap();
    let mut fork = Bench::of(fork, first.now);
    let format = json!({"type": "audio/pcmu", "rate": 8_000});
    let started =
        fork.send(json!({"type": "session.start", "session": {"audio": {"format": format}}}));
    assert_eq!(started[0]["session"]["audio"]["format"], format);
    assert_eq!(started[0]["session"]["audio"]["output"]["voice"], "marin");
}
