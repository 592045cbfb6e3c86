//! Listening and speaking at the same time, on a clock that runs on the caller's audio.

use std::time::Duration;

use antiphon_emulator::{live::Hall, peer::Output};
use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::bench::{
    AUDIO, Bench, HEARD, SAID, is_loud, joined, of_type, outline, samples_of, settings, silence,
    speech, types,
};

const BOTTLES: &str = r#"
expect "How many bottles are there"
  say "Ninety nine bottles stand on the wall, and one bottle stands on the floor."
expect "And now"
  say "Just as many."
"#;

#[test]
fn a_session_starts_and_shows_its_configuration() {
    let mut bench = Bench::fresh(BOTTLES);
    assert!(
        bench.wait(Duration::from_secs(60)).is_empty(),
        "silent until it is started"
    );
    let started = bench.send(
        json!({"type": "session.start", "event_id": "evt_1", "session": {
            "model": "gpt-live-1", "instructions": " ", "audio": {"output": {"voice": "cedar"}},
        }}),
    );
    assert_eq!(types(&started), ["session.started"]);
    assert_eq!(started[0]["client_event_id"], "evt_1");
    let mut session = started[0]["session"].clone();
    let id = session["id"].take();
    assert!(id.as_str().unwrap().starts_with("live_"));
    let expected = json!({
        "id": null,
        "model": "gpt-live-1",
        "status": "active",
        "expires_at": 1_800_007_200_u64,
        "instructions": "",
        "input": [],
        "audio": {"format": {"type": "audio/pcm", "rate": 24_000}, "output": {"voice": "cedar"}},
        "delegation": {"type": "client"},
    });
    assert_eq!(session, expected);
}

#[test]
fn a_hundred_milliseconds_of_audio_bring_as_much() {
    let mut bench = Bench::started(BOTTLES);
    assert!(
        bench.wait(Duration::from_secs(5)).is_empty(),
        "no audio, no clock"
    );
    assert!(bench.run(80).is_empty());
    let first = bench.run(20);
    assert_eq!(types(&first), [AUDIO]);
    assert_eq!(samples_of(&first[0]), vec![0; 2_400], "silence is zeros");
    assert_eq!(types(&bench.run(1_000)), [AUDIO; 10]);
}

#[test]
fn a_burst_is_played_no_faster_than_the_script_allows() {
    let mut bench = Bench::started("pace 2x\nexpect \"a\"\n say \"b\"");
    let at_once = bench.append(&silence(1_000));
    assert_eq!(at_once.len(), 1);
    assert_eq!(bench.wait(Duration::from_millis(200)).len(), 4);
    assert_eq!(bench.wait(Duration::from_millis(1_000)).len(), 5);
}

#[test]
fn a_turn_is_transcribed_on_the_grid_and_answered_aloud() {
    let mut bench = Bench::started(BOTTLES);
    bench.run(400);
    bench.ask();
    bench.run(8_000);
    let events = bench.all();
    assert_eq!(joined(&events, HEARD), "How many bottles are there");
    assert_eq!(
        joined(&events, SAID),
        "Ninety nine bottles stand on the wall, and one bottle stands on the floor."
    );
    for kind in [HEARD, SAID] {
        let pieces = of_type(&events, kind);
        assert!(pieces.len() > 2, "{kind} comes in pieces");
        let mut last = 0;
        for piece in pieces {
            let (start, end) = (
                piece["start_ms"].as_u64().unwrap(),
                piece["end_ms"].as_u64().unwrap(),
            );
            assert!(
                start % 200 == 0 && end == start + 200 && start >= last,
                "{piece}"
            );
            last = start;
        }
    }
    let heard_last = of_type(&events, HEARD).last().unwrap()["end_ms"]
        .as_u64()
        .unwrap();
    let said_first = of_type(&events, SAID)[0]["start_ms"].as_u64().unwrap();
    assert!(said_first + 200 >= heard_last);
    let loud = of_type(&events, AUDIO)
        .iter()
        .filter(|event| is_loud(event))
        .count();
    assert!(loud > 20, "{loud} loud frames");
    let forbidden = [
        "response.created",
        "input_audio_buffer.speech_started",
        "session.created",
    ];
    assert!(
        forbidden
            .iter()
            .all(|name| of_type(&events, name).is_empty())
    );
}

#[test]
fn the_model_falls_silent_when_the_caller_speaks_and_no_event_says_so() {
    let mut bench = Bench::started(BOTTLES);
    bench.ask();
    bench.run_until(SAID);
    bench.run(1_000);
    let before = bench.all();
    assert!(is_loud(of_type(&before, AUDIO).last().unwrap()));
    let during = bench.speak(&speech(800));
    let audio = of_type(&during, AUDIO);
    assert!(
        audio[1..].iter().all(|event| !is_loud(event)),
        "it is quiet at once"
    );
    let after = bench.run(6_000);
    assert_eq!(joined(&after, SAID), "Just as many.");
    let said = joined(&bench.all(), SAID);
    assert!(
        said.starts_with("Ninety nine") && !said.contains("floor"),
        "{said}"
    );
}

#[test]
fn context_is_acknowledged_once_the_clock_is_there() {
    let mut bench = Bench::started(BOTTLES);
    bench.run(300);
    let sent = bench.send(json!({
        "type": "session.thinking.append", "event_id": "evt_9", "delegation_id": null,
        "content": "The caller is a guest.",
    }));
    assert!(sent.is_empty());
    assert!(
        bench.wait(Duration::from_secs(20)).is_empty(),
        "a starved clock places nothing"
    );
    let appended = bench.run_until("session.thinking.appended");
    assert_eq!(appended["client_event_id"], "evt_9");
    assert_eq!(
        (&appended["start_ms"], &appended["end_ms"]),
        (&json!(800), &json!(1_000))
    );
    let rest = bench.run(2_000);
    assert!(of_type(&rest, SAID).is_empty(), "thoughts are not spoken");

    bench.tell("commentary", Value::Null, "Good evening, dear guest.");
    bench.tell("commentary", Value::Null, "Please come in.");
    let events = bench.run(6_000);
    let acks = of_type(&events, "session.commentary.appended");
    assert_eq!(acks.len(), 2);
    assert!(acks[0].get("client_event_id").is_none(), "none was given");
    assert_eq!(
        joined(&events, SAID),
        "Good evening, dear guest.Please come in."
    );
}

#[test]
fn an_instruction_greets_stops_or_does_what_the_script_says() {
    let mut greeting = Bench::started("unprompted\n say \"Welcome.\"");
    greeting.tell("instructions", Value::Null, "Greet the caller.");
    assert_eq!(joined(&greeting.run(3_000), SAID), "Welcome.");
    greeting.tell("instructions", Value::Null, "Be brief.");
    assert_eq!(joined(&greeting.run(3_000), SAID), "", "once");

    let mut stopped = Bench::started(BOTTLES);
    stopped.ask();
    stopped.run_until(SAID);
    stopped.tell("instructions", Value::Null, "Stop speaking and wait.");
    stopped.run(1_000);
    assert!(stopped.run(1_000).iter().all(|event| !is_loud(event)));

    let mut told = Bench::started("instructed\n say \"You said: {heard}\"");
    told.tell("instructions", Value::Null, "nothing");
    assert_eq!(joined(&told.run(4_000), SAID), "You said: nothing");
}

#[test]
fn a_muted_caller_is_not_heard_and_the_clock_goes_on() {
    let mut bench = Bench::started(BOTTLES);
    let muted = bench.send(json!({"type": "session.input_audio.mute", "event_id": "m"}));
    assert_eq!(types(&muted), ["session.input_audio.muted"]);
    assert_eq!(muted[0]["client_event_id"], "m");
    let events = bench.ask();
    assert_eq!(types(&events), [AUDIO; 17]);
    let unmuted = bench.send(json!({"type": "session.input_audio.unmute"}));
    assert_eq!(types(&unmuted), ["session.input_audio.unmuted"]);
    assert!(!joined(&bench.ask(), HEARD).is_empty());
}

#[test]
fn a_fixture_takes_the_place_of_speech() {
    let mut bench = Bench::started(BOTTLES);
    bench.ask();
    bench.run_until(SAID);
    let clip: Vec<u8> = std::iter::repeat_n(1_000_i16.to_le_bytes(), 24_000)
        .flatten()
        .collect();
    let audio = base64_simd::STANDARD.encode_to_string(clip);
    let play =
        json!({"type": "session.output_audio.fixture.play", "event_id": "f", "audio": audio});
    let playing = bench.send(play);
    assert_eq!(types(&playing), ["session.output_audio.fixture.playing"]);
    let refused = bench.tell("commentary", Value::Null, "Wait!");
    assert_eq!(types(&refused), ["error"], "no context meanwhile");
    let events = bench.speak(&speech(1_000));
    let audio = of_type(&events, AUDIO);
    assert!(
        audio
            .iter()
            .all(|event| samples_of(event) == vec![1_000; 2_400])
    );
    assert_eq!(
        outline(&events),
        ["session.output_audio.fixture.played"],
        "the caller was not heard"
    );
    assert_eq!(events.last().unwrap()["client_event_id"], "f");
}

#[test]
fn other_formats_carry_the_same_in_both_directions() {
    for (format, rate, bytes_per_sample) in [
        (json!({"type": "audio/pcm", "rate": 16_000}), 16, 2),
        (json!({"type": "audio/pcmu", "rate": 8_000}), 8, 1),
        (json!({"type": "audio/pcma", "rate": 8_000}), 8, 1),
    ] {
        let mut bench = Bench::configured(BOTTLES, json!({"audio": {"format": format}}));
        let silent = match format["type"].as_str().unwrap() {
            "audio/pcmu" => 0xff_u8,
            "audio/pcma" => 0xd5,
            _ => 0,
        };
        let events = bench.append_bytes(&vec![silent; 100 * rate * bytes_per_sample]);
        assert_eq!(types(&events), [AUDIO], "{format}");
        let delta = events[0]["delta"].as_str().unwrap();
        let audio = base64_simd::STANDARD.decode_to_vec(delta).unwrap();
        assert_eq!(
            audio,
            vec![silent; 100 * rate * bytes_per_sample],
            "{format}"
        );
    }
}

#[test]
fn a_session_that_is_closed_drains_and_says_so() {
    let mut bench = Bench::started(BOTTLES);
    bench.run(2_000);
    bench.send(
        json!({"type": "session.commentary.append", "event_id": "late",
        "delegation_id": null, "content": "Too late."}),
    );
    assert!(
        bench
            .send(json!({"type": "session.close", "event_id": "bye"}))
            .is_empty()
    );
    assert!(
        bench.append(&silence(100)).is_empty(),
        "audio on its way is no fault"
    );
    let refused = bench.tell("thinking", Value::Null, "More");
    assert_eq!(types(&refused), ["error"]);
    let events = bench.wait(Duration::from_secs(20));
    assert_eq!(types(&events), ["error", "session.closed"]);
    assert_eq!(events[0]["error"]["code"], "context_injection_incomplete");
    assert_eq!(events[0]["error"]["type"], "server_error");
    assert_eq!(events[0]["error"]["client_event_id"], "late");
    assert_eq!(events[1]["reason"], "close_requested");
    assert_eq!(events[1]["client_event_id"], "bye");
    assert_eq!(events[1]["usage"], json!({"seconds": 2.0}));
    let close = Output::Close {
        code: 1000,
        reason: String::new(),
    };
    assert_eq!(bench.others, [close]);
    assert!(bench.connection.is_closed());
}

#[test]
fn a_session_without_audio_expires() {
    let mut bench = Bench::started(BOTTLES);
    bench.run(1_000);
    assert!(bench.wait(Duration::from_millis(30_900)).is_empty());
    let events = bench.wait(Duration::from_millis(100));
    assert_eq!(types(&events), ["session.closed"]);
    assert_eq!(events[0]["reason"], "expired");
}

#[test]
fn a_session_ends_at_its_limit() {
    let mut settings = settings(BOTTLES);
    settings.session_limit = Duration::from_secs(40);
    let mut bench = Bench::with(settings, &Hall::new());
    bench.start(json!({}));
    let events = bench.run(41_000);
    let closed = of_type(&events, "session.closed");
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0]["reason"], "expired");
    let (at, _) = bench.events.last().unwrap();
    assert_eq!(*at, Time::from_millis(40_000));
    let usage = of_type(&events, "session.usage.updated");
    let seconds: Vec<f64> = usage
        .iter()
        .map(|u| u["usage"]["seconds"].as_f64().unwrap())
        .collect();
    assert_eq!(seconds, [15.0, 30.0], "cumulative");
    assert!(usage[1]["context_window"]["usage_ratio"].as_f64() > Some(0.0));
}

#[test]
fn history_moves_the_script_on_and_is_not_answered() {
    let message = |role: &str, kind: &str, text: &str| json!({"type": "message", "role": role, "content": [{"type": kind, "text": text}]});
    let input = json!([
        message("developer", "input_text", "The caller is a guest."),
        message("user", "input_text", "How many bottles are there"),
        message("assistant", "output_text", "Ninety nine."),
    ]);
    let mut bench = Bench::configured(BOTTLES, json!({"input": input}));
    assert!(outline(&bench.run(3_000)).is_empty());
    bench.ask();
    assert_eq!(joined(&bench.run(4_000), SAID), "Just as many.");
}
