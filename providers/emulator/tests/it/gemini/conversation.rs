//! Whole conversations with the pure Gemini machine, in virtual time, against the order of recorded
//! sessions of the service.
use std::time::Duration;

use antiphon_emulator::gemini::{Service, Settings};
use antiphon_protocol::FrameKind;
use serde_json::{Value, json};

use super::bench::*;

const WEATHER: &str = r#"
    expect "What's the weather like in Oslo?"
      call get_weather city="{place|Oslo}"
      say "It is {output.temperature} degrees in {call.city}." or "I could not find out."
    expect "Thank you."
      say "You are welcome."
    unprompted
      say "Hello! Ask me something."
"#;

#[test]
fn a_session_opens_and_greets_when_it_is_asked_to() {
    let mut bench = Bench::open(MODEL_2_5, WEATHER);
    assert_eq!(bench.all(), [json!({"setupComplete": {}})]);
    bench.send(json!({"clientContent": {"turnComplete": true}}));
    let turn = bench.turn();
    assert_eq!(
        words(&turn, "outputTranscription"),
        "Hello! Ask me something."
    );
}

#[test]
fn a_text_turn_is_answered_aloud_in_the_recorded_order() {
    let mut bench = Bench::open(MODEL_2_5, "expect \"Hi\"\n say \"Hello there, my friend.\"");
    bench.ask("Hi");
    let turn = bench.turn();
    let mut outline = outline(&turn);
    outline.retain(|names| names != "outputTranscription");
    outline.dedup();
    assert_eq!(
        outline,
        [
            "modelTurn",
            "generationComplete",
            "turnComplete+usageMetadata"
        ]
    );
    assert_eq!(
        words(&turn, "outputTranscription"),
        "Hello there, my friend."
    );
    assert_eq!(
        parts(&turn)[0]["inlineData"]["mimeType"],
        "audio/pcm;rate=24000"
    );
    let ms = audio_of(&turn).len() as u64 / 48;
    let usage = &turn.last().unwrap()["usageMetadata"];
    let made = usage["responseTokensDetails"][0]["tokenCount"]
        .as_u64()
        .unwrap();
    assert_eq!(usage["responseTokensDetails"][0]["modality"], "AUDIO");
    assert!(
        (ms / 40..=ms / 40 + 40).contains(&made),
        "{ms} ms are {made} tokens"
    );
    assert_eq!(
        usage["totalTokenCount"].as_u64().unwrap(),
        usage["promptTokenCount"].as_u64().unwrap() + made
    );
}

#[test]
fn audio_comes_faster_than_it_plays_and_the_turn_is_complete_when_it_has_played() {
    for playback in [true, false] {
        let mut settings =
            settings("expect \"a\"\n say \"If you are going out, take a warm coat with you.\"");
        settings.playback = playback;
        let mut bench = Bench::with(settings, setup(MODEL_2_5));
        bench.ask("a");
        let start = bench.now;
        bench.turn();
        let plays = Duration::from_millis(audio_of(&bench.all()).len() as u64 / 48);
        let when = |member: &str| {
            let found = bench
                .messages
                .iter()
                .find(|(_, m)| names_of(m).iter().any(|name| name == member));
            found.unwrap().0 - start
        };
        let took = when("generationComplete");
        assert!(took * 5 < plays, "{plays:?} of audio took {took:?}");
        let complete = when("turnComplete");
        assert_eq!(complete >= plays, playback, "{complete:?} of {plays:?}");
    }
}

#[test]
fn a_spoken_turn_is_transcribed_and_answered() {
    let mut bench = Bench::open(
        MODEL_2_5,
        "expect \"Hello, my name is Marcelo.\"\n say \"Hello, Marcelo.\"",
    );
    let mut events = bench.speak(&[silence(500), speech(1_000), silence(700)].concat());
    events.extend(bench.turn());
    let mut order = outline(&events);
    order.retain(|names| names != "outputTranscription");
    order.dedup();
    assert_eq!(
        order,
        [
            "inputTranscription",
            "modelTurn",
            "generationComplete",
            "turnComplete+usageMetadata",
        ]
    );
    let heard = words(&events, "inputTranscription");
    assert_eq!(heard, " Hello, my name is Marcelo.");
    assert_eq!(words(&events, "outputTranscription"), "Hello, Marcelo.");
}

#[test]
fn the_rate_of_the_callers_audio_may_change() {
    let mut bench = Bench::open(
        MODEL_2_5,
        "expect \"a\"\n say \"b\"\nexpect \"c\"\n say \"d\"",
    );
    for rate in [16, 24, 8] {
        let loud: Vec<i16> = (0..rate * 600)
            .map(|at| if at / 40 % 2 == 0 { 4_000 } else { -4_000 })
            .collect();
        let mime = format!("audio/pcm;rate={}", rate * 1_000);
        bench.append(&loud, &mime);
        bench.append(&vec![0; rate * 700], &mime);
        let turn = bench.turn();
        assert!(!audio_of(&turn).is_empty(), "{mime}");
    }
}

#[test]
fn realtime_text_is_a_turn_of_its_own() {
    let mut bench = Bench::open(MODEL_3_1, WEATHER);
    bench.send(json!({"realtime_input": {"text": "What about Rome?"}}));
    let turn = bench.turn();
    assert_eq!(
        words(&turn, "outputTranscription"),
        "I could not find out.",
        "the tool was not declared"
    );
    assert_eq!(words(&turn, "inputTranscription"), "");
}

#[test]
fn a_tool_is_called_and_the_turn_goes_on_with_its_answer() {
    let mut bench = Bench::with(
        settings(WEATHER),
        setup_with(MODEL_2_5, json!({"tools": [weather_tool()]})),
    );
    bench.ask("What's the weather like in Bergen?");
    let before = bench.run_until(&["toolCall"]);
    let calls = calls(&before);
    assert_eq!(calls[0]["name"], "get_weather");
    assert_eq!(calls[0]["args"], json!({"city": "Bergen"}));
    let id = ids_of(&calls)[0].clone();
    assert!(id.starts_with("function-call-"));
    assert_eq!(bench.run(Duration::from_secs(20)), [] as [Value; 0]);
    bench.answer(&id, json!({"temperature": 8}));
    let turn = bench.turn();
    assert_eq!(
        words(&turn, "outputTranscription"),
        "It is 8 degrees in Bergen."
    );
    assert_eq!(contents(&bench.all(), "turnComplete").len(), 1);
}

const THREE: &str = r#"
    expect "Compare three cities."
      call get_weather city="Oslo"
      call get_weather city="Rome"
      call get_weather city="Bonn"
      say "The last one has {output.temperature} degrees."
"#;

#[test]
fn three_parallel_calls_come_in_one_message_and_are_answered_in_any_order() {
    let tools = json!({"tools": [weather_tool()]});
    let mut bench = Bench::with(settings(THREE), setup_with(MODEL_2_5, tools));
    bench.ask("Compare three cities.");
    let calls = calls(&bench.run_until(&["toolCall"]));
    let cities: Vec<_> = calls
        .iter()
        .map(|call| call["args"]["city"].clone())
        .collect();
    assert_eq!(cities, ["Oslo", "Rome", "Bonn"]);
    let ids = ids_of(&calls);
    bench.answer(&ids[2], json!({"temperature": 3}));
    bench.answer(&ids[0], json!({"temperature": 1}));
    assert_eq!(bench.run(Duration::from_secs(5)), [] as [Value; 0]);
    bench.answer(&ids[1], json!({"output": {"temperature": 2}}));
    let turn = bench.turn();
    let said = words(&turn, "outputTranscription");
    assert_eq!(said, "The last one has 2 degrees.");
}

#[test]
fn on_newer_models_the_turn_that_calls_ends_and_the_reaction_is_a_turn_of_its_own() {
    let tools = json!({"tools": [weather_tool()]});
    let mut bench = Bench::with(settings(WEATHER), setup_with(MODEL_3_8, tools));
    bench.ask("What's the weather like in Oslo?");
    let first = bench.turn();
    assert_eq!(outline(&first), ["toolCall", "turnComplete+usageMetadata"]);
    let id = ids_of(&calls(&first))[0].clone();
    // The call waits while the caller says something else.
    bench.ask("Thank you.");
    let second = bench.turn();
    assert_eq!(words(&second, "outputTranscription"), "You are welcome.");
    assert_eq!(
        second
            .iter()
            .filter(|m| m.get("toolCallCancellation").is_some())
            .count(),
        0
    );
    bench.answer(&id, json!({"temperature": 8}));
    let third = bench.turn();
    let said = words(&third, "outputTranscription");
    assert_eq!(said, "It is 8 degrees in Oslo.");
}

#[test]
fn an_answer_is_scheduled_as_it_asks() {
    let answer = |id: &str, scheduling: &str| {
        json!({"toolResponse": {"functionResponses": [{"id": id, "name": "get_weather",
            "response": {"temperature": 8}, "scheduling": scheduling}]}})
    };
    let long = r#"
        pace 1x
        expect "Weather?"
          call get_weather city="Oslo"
          say "It is {output.temperature} degrees."
        expect "A story."
          say "Once upon a time there was a little cloud that would not rain on anyone."
    "#;
    for (scheduling, interrupts, reacts) in [
        ("SILENT", false, false),
        ("WHEN_IDLE", false, true),
        ("INTERRUPT", true, true),
    ] {
        let tools = json!({"tools": [weather_tool_that_is("NON_BLOCKING")]});
        let mut bench = Bench::with(settings(long), setup_with(MODEL_2_5, tools));
        bench.ask("Weather?");
        let id = ids_of(&calls(&bench.turn()))[0].clone();
        bench.ask("A story.");
        bench.run(Duration::from_secs(1));
        let mut events = bench.send(answer(&id, scheduling));
        events.extend(bench.run(Duration::from_secs(60)));
        let interrupted = contents(&events, "interrupted").len();
        assert_eq!(interrupted, usize::from(interrupts), "{scheduling}");
        let said = words(&events, "outputTranscription");
        assert_eq!(said.contains("8 degrees"), reacts, "{scheduling}: {said}");
        let turns = contents(&events, "turnComplete").len();
        assert_eq!(turns, 1 + usize::from(reacts), "{scheduling}");
    }
}

#[test]
fn an_answer_in_pieces_settles_with_the_last() {
    let tools = json!({"tools": [weather_tool()]});
    let mut bench = Bench::with(settings(WEATHER), setup_with(MODEL_3_8, tools));
    bench.ask("What's the weather like in Oslo?");
    let id = ids_of(&calls(&bench.turn()))[0].clone();
    let piece = |degrees: i32, more: bool| {
        json!({"toolResponse": {"functionResponses": [{"id": id, "name": "get_weather",
            "response": {"temperature": degrees}, "willContinue": more}]}})
    };
    bench.send(piece(7, true));
    assert_eq!(bench.run(Duration::from_secs(5)), [] as [Value; 0]);
    bench.send(piece(9, false));
    let said = words(&bench.turn(), "outputTranscription");
    assert_eq!(said, "It is 9 degrees in Oslo.");
}

#[test]
fn new_input_cancels_a_call_that_the_model_waits_for() {
    let tools = json!({"tools": [weather_tool_that_is("BLOCKING")]});
    for model in [MODEL_2_5, MODEL_3_8] {
        let mut bench = Bench::with(settings(THREE), setup_with(model, tools.clone()));
        bench.ask("Compare three cities.");
        let ids = ids_of(&calls(&bench.run_until(&["toolCall"])));
        bench.answer(&ids[1], json!({"temperature": 2}));
        let events = bench.speak(&speech(300));
        let cancelled: Vec<&Value> = events
            .iter()
            .filter_map(|message| message.get("toolCallCancellation"))
            .collect();
        assert_eq!(cancelled, [&json!({"ids": [ids[0], ids[2]]})], "{model}");
        // An answer that was on its way does no harm.
        bench.answer(&ids[0], json!({"temperature": 1}));
        assert!(bench.others.is_empty());
        bench.speak(&silence(700));
        assert!(!audio_of(&bench.turn()).is_empty());
    }
}

const STORY: &str = r#"
    pace 4x
    expect "Tell me a story."
      say "Once upon a time there was a little cloud that would not rain on anyone."
    expect "Stop."
      say "Okay."
"#;

#[test]
fn a_caller_who_speaks_interrupts_the_answer() {
    let mut bench = Bench::open(MODEL_2_5, STORY);
    bench.ask("Tell me a story.");
    bench.run(Duration::from_millis(600));
    let mut events = bench.speak(&[speech(400), silence(450)].concat());
    let order = outline(&events);
    let from = order
        .iter()
        .position(|names| names == "interrupted")
        .unwrap();
    assert_eq!(order[from + 1], "turnComplete+usageMetadata");
    assert!(contents(&bench.all(), "generationComplete").is_empty());
    let spoken = words(&bench.all(), "outputTranscription");
    assert!(
        spoken.starts_with("Once") && !spoken.contains("anyone"),
        "{spoken}"
    );
    events = bench.speak(&silence(100));
    events.extend(bench.turn());
    assert_eq!(words(&events, "outputTranscription"), "Okay.");
}

#[test]
fn what_is_still_played_is_interrupted_too() {
    let mut bench = Bench::open(MODEL_2_5, STORY);
    bench.ask("Tell me a story.");
    bench.run_until(&["generationComplete"]);
    let events = bench.speak(&speech(300));
    assert_eq!(contents(&events, "interrupted").len(), 1);
    assert_eq!(contents(&events, "turnComplete").len(), 1);
}

#[test]
fn a_model_that_is_not_to_be_interrupted_answers_afterwards() {
    let config = json!({"realtimeInputConfig": {"activityHandling": "NO_INTERRUPTION"}});
    let mut bench = Bench::with(settings(STORY), setup_with(MODEL_2_5, config));
    bench.ask("Tell me a story.");
    bench.run(Duration::from_millis(600));
    bench.speak(&[speech(400), silence(600)].concat());
    let events = bench.run(Duration::from_secs(60));
    assert!(contents(&bench.all(), "interrupted").is_empty());
    let said = words(&bench.all(), "outputTranscription");
    assert!(said.ends_with("anyone.Okay."), "{said}");
    assert_eq!(contents(&events, "turnComplete").len(), 2);
}

#[test]
fn a_client_that_detects_activity_says_when_turns_begin_and_end() {
    let config = json!({"realtimeInputConfig": {"automaticActivityDetection": {"disabled": true}}});
    let mut bench = Bench::with(settings(STORY), setup_with(MODEL_2_5, config));
    bench.speak(&[speech(500), silence(900)].concat());
    assert_eq!(bench.messages.len(), 1, "nothing but setupComplete");
    bench.send(json!({"realtimeInput": {"activityStart": {}}}));
    bench.speak(&silence(300));
    bench.send(json!({"realtimeInput": {"activityEnd": {}}}));
    bench.run(Duration::from_millis(700));
    assert!(!audio_of(&bench.all()).is_empty());
    let events = bench.send(json!({"realtimeInput": {"activityStart": {}}}));
    assert_eq!(
        outline(&events),
        ["interrupted", "turnComplete+usageMetadata"]
    );
    bench.send(json!({"realtimeInput": {"text": "In writing."}}));
    assert_eq!(bench.run(Duration::from_secs(5)), [] as [Value; 0]);
    bench.send(json!({"realtimeInput": {"activityEnd": {}}}));
    assert_eq!(words(&bench.turn(), "outputTranscription"), "Okay.");
}

#[test]
fn the_end_of_the_stream_ends_the_callers_turn() {
    let mut bench = Bench::open(MODEL_2_5, STORY);
    bench.speak(&speech(500));
    bench.send(json!({"realtimeInput": {"audioStreamEnd": true}}));
    assert!(words(&bench.turn(), "outputTranscription").starts_with("Once"));
}

#[test]
fn speech_counts_once_it_lasts_as_long_as_the_prefix() {
    let config = json!({"realtimeInputConfig": {"automaticActivityDetection": {
        "prefixPaddingMs": 400, "silenceDurationMs": 200,
    }}});
    for (ms, heard) in [(200, false), (600, true)] {
        let setup = setup_with(MODEL_2_5, config.clone());
        let mut bench = Bench::with(settings(STORY), setup);
        bench.speak(&[silence(200), speech(ms), silence(500)].concat());
        let words = words(&bench.run(Duration::from_secs(2)), "inputTranscription");
        assert_eq!(
            !words.is_empty() || !audio_of(&bench.all()).is_empty(),
            heard,
            "{ms} ms"
        );
    }
}

#[test]
fn text_answers_and_thoughts_come_as_parts() {
    let config = json!({"generationConfig": {
        "responseModalities": ["TEXT"],
        "thinkingConfig": {"includeThoughts": true},
    }});
    let setup = setup_with("models/gemini-live-2.5-flash-preview", config);
    let mut bench = Bench::with(settings("expect \"Hi\"\n say \"Hello there.\""), setup);
    bench.ask("Hi");
    let turn = bench.turn();
    assert_eq!(texts(&turn, false), "Hello there.");
    assert!(texts(&turn, true).starts_with("**"));
    assert_eq!(parts(&turn)[0]["thought"], true, "thoughts come first");
    assert!(audio_of(&turn).is_empty());
    let usage = &turn.last().unwrap()["usageMetadata"];
    assert!(usage["thoughtsTokenCount"].as_u64() > Some(0));
    assert_eq!(usage["responseTokensDetails"][0]["modality"], "TEXT");
}

#[test]
fn extended_thinking_says_which_turn_ends_the_request() {
    let config = json!({
        "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}},
        "tools": [weather_tool()],
    });
    let mut bench = Bench::with(settings(WEATHER), setup_with(MODEL_EXTENDED, config));
    bench.ask("What's the weather like in Oslo?");
    let first = bench.turn();
    assert_eq!(
        contents(&first, "interactionStatus"),
        [&json!("IN_PROGRESS")]
    );
    bench.answer(&ids_of(&calls(&first))[0], json!({"temperature": 8}));
    let second = bench.turn();
    assert_eq!(contents(&second, "interactionStatus"), [&json!("IDLE")]);
}

#[test]
fn history_is_taken_in_and_not_answered() {
    let config = json!({"historyConfig": {"initialHistoryInClientContent": true}});
    let mut bench = Bench::with(settings(WEATHER), setup_with(MODEL_3_8, config));
    bench.send(json!({"clientContent": {"turns": [
        {"role": "user", "parts": [{"text": "What's the weather like in Oslo?"}]},
        {"role": "model", "parts": [{"text": "Cold."}]},
    ]}}));
    bench.send(json!({"client_content": {"turn_complete": true}}));
    assert_eq!(bench.run(Duration::from_secs(5)), [] as [Value; 0]);
    bench.ask("Thank you.");
    assert_eq!(
        words(&bench.turn(), "outputTranscription"),
        "You are welcome."
    );
}

#[test]
fn a_context_update_replaces_the_tools() {
    let tools = json!({"tools": [weather_tool()]});
    let mut bench = Bench::with(settings(WEATHER), setup_with(MODEL_3_8, tools));
    let none = bench.send(json!({"contextUpdate": {"tools": {"tools": []}}}));
    assert_eq!(none, [] as [Value; 0], "an update is not acknowledged");
    bench.ask("What's the weather like in Oslo?");
    let turn = bench.turn();
    assert_eq!(calls(&turn), [] as [Value; 0]);
    let with_tools = json!({"context_update": {
        "tools": {"tools": [weather_tool()]},
        "system_instruction": {"parts": [{"text": "Be brief. ".repeat(100)}]},
    }});
    let few = turn.last().unwrap()["usageMetadata"]["promptTokenCount"].as_u64();
    bench.send(with_tools);
    bench.ask("Thank you.");
    let turn = bench.turn();
    let many = turn.last().unwrap()["usageMetadata"]["promptTokenCount"].as_u64();
    assert!(many.unwrap() > few.unwrap() + 200, "{few:?} {many:?}");
}

#[test]
fn vertex_has_its_own_members() {
    let mut settings = settings(STORY);
    settings.service = Service::Vertex;
    let more = json!({"explicitVadSignal": true});
    let mut bench = Bench::with(settings, setup_with(VERTEX_2_5, more));
    assert!(bench.all()[0]["setupComplete"]["sessionId"].is_string());
    let mut events = bench.speak(&[silence(200), speech(500), silence(900)].concat());
    events.extend(bench.turn());
    let activity: Vec<&Value> = events
        .iter()
        .filter_map(|m| m.get("voiceActivity"))
        .collect();
    assert_eq!(
        activity[0],
        &json!({"type": "ACTIVITY_START", "audioOffset": "0.200s"})
    );
    assert_eq!(activity[1]["type"], "ACTIVITY_END");
    assert_eq!(contents(&events, "modelTurn")[0]["role"], "model");
    let finished = contents(&events, "outputTranscription");
    assert_eq!(finished.last(), Some(&&json!({"finished": true})));
    assert!(events.last().unwrap()["usageMetadata"]["candidatesTokenCount"].is_u64());
}

#[test]
fn compression_keeps_the_context_small() {
    for config in [
        json!({"triggerTokens": 500, "slidingWindow": {"targetTokens": 200}}),
        json!({"triggerTokens": "500", "slidingWindow": {"targetTokens": "200"}}),
    ] {
        let config = json!({"contextWindowCompression": config});
        let mut bench = Bench::with(settings(STORY), setup_with(MODEL_2_5, config));
        bench.ask(&"word ".repeat(1_000));
        let turn = bench.turn();
        let prompt = turn.last().unwrap()["usageMetadata"]["promptTokenCount"].as_u64();
        assert!(prompt.unwrap() <= 200, "{prompt:?}");
    }
}

#[test]
fn frames_are_binary_unless_text_is_asked_for_and_bundled_if_asked_for() {
    let frames = |change: fn(&mut Settings)| {
        let mut settings = settings(STORY);
        change(&mut settings);
        let mut bench = Bench::connect(settings);
        bench.garbage = true;
        bench.send(json!({"setup": setup(MODEL_2_5)}));
        bench.run(Duration::from_millis(100));
        bench.ask("a");
        bench.run(Duration::from_secs(30));
        bench.others
    };
    let kinds = |outputs: &[antiphon_emulator::peer::Output], kind: FrameKind| {
        outputs.iter().all(|output| {
            matches!(output, antiphon_emulator::peer::Output::Frame(frame) if frame.kind == kind)
        })
    };
    let plain = frames(|_| {});
    assert!(kinds(&plain, FrameKind::Binary));
    let text = frames(|settings| settings.text_frames = true);
    assert!(kinds(&text, FrameKind::Text));
    let bundled = frames(|settings| settings.bundled = true);
    assert!(bundled.len() < plain.len());
}

#[test]
fn the_same_seed_and_inputs_give_the_same_bytes() {
    let outputs = |seed: u64| {
        let mut settings = settings(WEATHER);
        settings.seed = seed;
        let mut bench = Bench::connect(settings);
        bench.garbage = true;
        let more = json!({"tools": [weather_tool()], "sessionResumption": {}});
        bench.send(json!({"setup": setup_with(MODEL_3_8, more)}));
        bench.run(Duration::from_secs(1));
        bench.ask("What's the weather like in Oslo?");
        bench.speak(&[speech(500), silence(800)].concat());
        bench.run(Duration::from_secs(30));
        bench.others
    };
    let first = outputs(7);
    assert!(first.len() > 20);
    assert_eq!(first, outputs(7));
    assert_ne!(first, outputs(8), "ids follow from the seed");
}
