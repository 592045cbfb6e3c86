//! The life of sessions: limits, warnings, handles, and what a resumed session remembers.

use std::time::Duration;

use antiphon_emulator::gemini::{Service, Settings};
use antiphon_protocol::Time;
use serde_json::{Value, json};

use super::bench::*;

const SCRIPT: &str = r#"
    expect "One"
      say "First."
    expect "Two"
      say "Second."
    expect "Three"
      say "Third."
"#;

fn resumable(handle: Option<&str>) -> Value {
    let resumption = handle.map_or(json!({}), |handle| json!({ "handle": handle }));
    setup_with(MODEL_3_8, json!({ "sessionResumption": resumption }))
}

/// Another connection of the same service, `number`th in all.
fn next(settings: &Settings, number: u64, now: Time) -> Bench {
    let mut settings = settings.clone();
    settings.seed = number;
    let opened = settings.opened_at.as_unix_millis() + now.as_millis();
    settings.opened_at = antiphon_protocol::WallTime::from_unix_millis(opened);
    Bench::connect_at(settings, now)
}

fn say(bench: &mut Bench) -> String {
    bench.ask("Next");
    words(&bench.turn(), "outputTranscription")
}

fn updates(messages: &[Value]) -> Vec<Value> {
    let updates = messages
        .iter()
        .filter_map(|message| message.get("sessionResumptionUpdate"));
    updates.cloned().collect()
}

#[test]
fn a_connection_is_warned_and_then_ended() {
    let mut bench = Bench::with(settings(SCRIPT), resumable(None));
    bench.run_until(&["goAway"]);
    assert_eq!(bench.now, Time::from_millis(540_000));
    assert_eq!(
        bench.all().last(),
        Some(&json!({"goAway": {"timeLeft": "60s"}}))
    );
    assert_eq!(bench.run(Duration::from_secs(59)), [] as [Value; 0]);
    assert_eq!(say(&mut bench), "First.");
    bench.run(Duration::from_secs(60));
    let (code, reason) = bench.close_frame();
    assert_eq!((code, reason.starts_with("Deadline expired")), (1011, true));
    let warnings = bench.all();
    assert_eq!(
        warnings
            .iter()
            .filter(|m| m.get("goAway").is_some())
            .count(),
        1
    );
}

#[test]
fn a_connection_without_setup_ends_too() {
    let mut bench = Bench::connect(settings(SCRIPT));
    bench.run(Duration::from_secs(601));
    assert_eq!(bench.close_frame().0, 1011);
}

#[test]
fn a_session_without_compression_ends_over_all_its_connections() {
    let settings = settings(SCRIPT);
    let mut first = next(&settings, 1, Time::ZERO);
    first.set_up(resumable(None));
    first.run(Duration::from_secs(500));
    say(&mut first);
    first.run(Duration::from_millis(10));
    let lived = first.now;
    let handle = first.handle();
    first.hang_up();

    let mut second = next(&settings, 2, lived);
    second.set_up(resumable(Some(&handle)));
    second.run(Duration::from_secs(390));
    assert!(second.others.is_empty());
    let warned = second
        .all()
        .iter()
        .any(|message| message.get("goAway").is_some());
    assert!(
        warned,
        "the end of the session is told like the end of a connection"
    );
    second.run(Duration::from_secs(20));
    assert_eq!(second.close_frame().0, 1008);

    let mut third = next(&settings, 3, second.now);
    third.send(json!({"setup": resumable(Some(&second.handle()))}));
    third.run(Duration::from_secs(1));
    assert_eq!(third.close_frame().0, 1007, "the session is gone");
}

#[test]
fn video_makes_a_session_short_and_its_handle_worthless() {
    let picture = json!({"realtimeInput": {"video": {"data": "AAAA", "mimeType": "image/jpeg"}}});
    for (compression, ends) in [(false, true), (true, false)] {
        let settings = settings(SCRIPT);
        let mut bench = next(&settings, 1, Time::ZERO);
        let mut setup = resumable(None);
        if compression {
            setup["contextWindowCompression"] = json!({"slidingWindow": {}});
        }
        bench.set_up(setup);
        bench.send(picture.clone());
        bench.run(Duration::from_secs(121));
        assert_eq!(
            bench.connection.is_closed(),
            ends,
            "compression {compression}"
        );
        if ends {
            assert_eq!(bench.close_frame().0, 1008);
            let handle = bench.handle();
            let mut again = next(&settings, 2, bench.now);
            again.send(json!({"setup": resumable(Some(&handle))}));
            again.run(Duration::from_secs(1));
            assert_eq!(again.close_frame().0, 1007);
        }
    }
}

#[test]
fn a_handle_is_given_when_the_session_can_be_resumed_and_withdrawn_while_not() {
    let mut bench = Bench::with(settings(SCRIPT), resumable(None));
    bench.run(Duration::from_millis(10));
    let first = updates(&bench.all());
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["resumable"], true);
    assert!(first[0].get("lastConsumedClientMessageIndex").is_none());
    let mut turn = bench.ask("One");
    turn.extend(bench.turn());
    let updates = updates(&turn);
    assert_eq!(updates[0], json!({}), "no handle while the model speaks");
    assert_eq!(updates.len(), 2);
    assert_eq!(updates[1]["resumable"], true);
    assert_ne!(updates[1]["newHandle"], first[0]["newHandle"]);
}

#[test]
fn no_handle_is_given_while_a_tool_is_pending() {
    let script = "expect \"a\"\n call get_weather city=\"Oslo\"\n say \"Cold.\"";
    for model in [MODEL_2_5, MODEL_3_8] {
        let more = json!({"tools": [weather_tool()], "sessionResumption": {}});
        let mut bench = Bench::with(settings(script), setup_with(model, more));
        bench.ask("a");
        let id = ids_of(&calls(&bench.run_until(&["toolCall"])))[0].clone();
        let pending = bench.run(Duration::from_secs(30));
        assert_eq!(updates(&pending), [] as [Value; 0], "{model}");
        bench.answer(&id, json!({"temperature": 1}));
        let after = bench.run(Duration::from_secs(30));
        assert_eq!(updates(&after)[0]["resumable"], true, "{model}");
    }
}

#[test]
fn a_session_without_resumption_gets_no_handle() {
    let mut bench = Bench::open(MODEL_3_8, SCRIPT);
    say(&mut bench);
    assert_eq!(updates(&bench.all()), [] as [Value; 0]);
}

#[test]
fn a_resumed_session_goes_on_where_its_handle_was_given() {
    let settings = settings(SCRIPT);
    let mut first = next(&settings, 1, Time::ZERO);
    first.set_up(resumable(None));
    assert_eq!(say(&mut first), "First.");
    first.run(Duration::from_secs(1));
    let handle = first.handle();
    first.ask("Two");
    first.run_until(&["modelTurn"]);
    first.hang_up();

    let mut second = next(&settings, 2, first.now);
    let opened = second.set_up(resumable(Some(&handle)));
    assert!(opened[0].get("setupComplete").is_some());
    assert_eq!(
        say(&mut second),
        "Second.",
        "the broken turn is played again"
    );
    let tokens = |bench: &Bench| {
        let all = bench.all();
        let usage = all
            .iter()
            .rev()
            .find_map(|message| message.get("usageMetadata").cloned());
        usage.unwrap()["promptTokenCount"].as_u64().unwrap()
    };
    assert!(tokens(&second) > 10, "what was said before is still known");
}

/// A session with one turn, hung up; the service, its handle, and the time.
fn one_turn() -> (Settings, Bench) {
    let settings = settings(SCRIPT);
    let mut first = next(&settings, 1, Time::ZERO);
    first.set_up(resumable(None));
    say(&mut first);
    first.run(Duration::from_millis(10));
    (settings, first)
}

#[test]
fn a_handle_is_good_for_one_resumption_and_only_while_it_is_the_newest() {
    let (settings, mut first) = one_turn();
    let all = first.all();
    let oldest = updates(&all)[0]["newHandle"].as_str().unwrap().to_owned();
    let newest = first.handle();
    first.hang_up();
    for (row, handle, accepted) in [
        ("replaced", &oldest, false),
        ("newest", &newest, true),
        ("used", &newest, false),
    ] {
        let mut next = next(&settings, 7, first.now);
        next.send(json!({"setup": resumable(Some(handle))}));
        next.run(Duration::from_secs(1));
        assert_eq!(next.others.is_empty(), accepted, "{row}");
        if !accepted {
            assert_eq!(next.close_frame().0, 1007, "{row}");
        }
        next.hang_up();
    }
}

#[test]
fn a_handle_grows_old() {
    for (hours, code) in [(1, None), (3, Some(1007))] {
        let (settings, mut first) = one_turn();
        let handle = first.handle();
        first.hang_up();
        let mut second = next(&settings, 2, first.now + Duration::from_secs(hours * 3_600));
        second.send(json!({"setup": resumable(Some(&handle))}));
        second.run(Duration::from_secs(1));
        let closed = second
            .connection
            .is_closed()
            .then(|| second.close_frame().0);
        assert_eq!(closed, code, "{hours} h");
    }
}

#[test]
fn a_session_is_not_resumed_while_the_old_connection_is_open() {
    let (settings, mut first) = one_turn();
    let handle = first.handle();
    let mut second = next(&settings, 2, first.now);
    second.send(json!({"setup": resumable(Some(&handle))}));
    second.run(Duration::from_secs(1));
    assert_eq!(second.close_frame().0, 1011);
    // The refusal does not use the handle up.
    first.hang_up();
    let mut third = next(&settings, 3, second.now);
    third.set_up(resumable(Some(&handle)));

    // An old connection that goes within a moment is waited for.
    third.run(Duration::from_millis(10));
    let handle = third.handle();
    let mut fourth = next(&settings, 4, third.now);
    fourth.send(json!({"setup": resumable(Some(&handle))}));
    fourth.run(Duration::from_millis(100));
    third.hang_up();
    fourth.run_until(&["setupComplete"]);
}

#[test]
fn transparent_resumption_says_which_messages_a_handle_covers() {
    let mut settings = settings(SCRIPT);
    settings.service = Service::Vertex;
    let resumption = json!({"sessionResumption": {"transparent": true}});
    let mut bench = Bench::with(settings, setup_with(VERTEX_2_5, resumption));
    bench.run(Duration::from_millis(10));
    let index = |update: &Value| update["lastConsumedClientMessageIndex"].clone();
    assert_eq!(
        index(&updates(&bench.all())[0]),
        "0",
        "setup is the message 0"
    );
    let quiet = bench.speak(&silence(2_400));
    let indices: Vec<Value> = updates(&quiet).iter().map(index).collect();
    assert_eq!(indices, ["50", "100"], "also while nothing is said");
    bench.ask("One");
    let turn = bench.run(Duration::from_secs(20));
    let updates = updates(&turn);
    assert_eq!(index(updates.last().unwrap()), "121");
}

#[test]
fn handles_are_in_no_debug_output() {
    let (settings, first) = one_turn();
    let handle = first.handle();
    for text in [
        format!("{:?}", first.connection),
        format!("{settings:?}"),
        format!("{:?}", settings.sessions),
    ] {
        assert!(!text.contains(&handle));
    }
}
