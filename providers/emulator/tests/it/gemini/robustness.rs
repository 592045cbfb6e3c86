//! Whatever a client sends, and whenever: no panic, only valid messages, each turn ends once, and
//! nothing follows a close frame.

use std::time::Duration;

use antiphon_emulator::{Script, gemini::Settings, peer::Output};
use antiphon_protocol::Frame;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bench::*;

#[derive(Clone, Debug)]
enum Step {
    Send(Value),
    /// A valid message with one byte changed.
    Damaged(Value, usize, u8),
    Bytes(Vec<u8>),
    Speak(u16),
    Pause(u16),
    Wait(u16),
    /// Answers one of the calls, with a scheduling, perhaps not for the last time.
    Answer(usize, u8, bool),
    /// Hangs up and resumes with the newest handle.
    Resume,
}

fn message() -> impl Strategy<Value = Value> {
    let content = |role: &str, complete: bool| {
        json!({"clientContent": {
            "turns": [{"role": role, "parts": [{"text": "And in Rome?"}]}], "turnComplete": complete,
        }})
    };
    let audio =
        |mime: &str| json!({"realtimeInput": {"audio": {"data": "AAAAAAAA", "mimeType": mime}}});
    prop::sample::select(vec![
        content("user", true),
        content("user", false),
        content("model", false),
        content("model", true),
        json!({"realtimeInput": {"text": "And now?"}}),
        json!({"realtimeInput": {"video": {"data": "AAAA", "mimeType": "image/png"}}}),
        audio("audio/pcm;rate=16000"),
        audio("audio/pcm;rate=24000"),
        json!({"contextUpdate": {"tools": {"tools": [weather_tool()]}}}),
        json!({"contextUpdate": {"tools": {"tools": []}}}),
    ])
}

/// What is allowed only to some sessions, or to none.
fn doubtful() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({"realtimeInput": {"audioStreamEnd": true}}),
        json!({"realtimeInput": {"activityStart": {}}}),
        json!({"realtimeInput": {"activityEnd": {}}}),
        json!({"setup": setup(MODEL_3_8)}),
        json!({"toolResponse": {"functionResponses": [{"id": "x", "name": "y"}]}}),
        json!({}),
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => message().prop_map(Step::Send),
        1 => doubtful().prop_map(Step::Send),
        1 => (message(), any::<usize>(), any::<u8>())
            .prop_map(|(message, at, byte)| Step::Damaged(message, at, byte)),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Bytes),
        6 => (0_u16..700).prop_map(Step::Speak),
        6 => (0_u16..900).prop_map(Step::Pause),
        6 => (0_u16..3_000).prop_map(Step::Wait),
        6 => (any::<usize>(), 0_u8..4, any::<bool>())
            .prop_map(|(at, scheduling, last)| Step::Answer(at, scheduling, last)),
        2 => Just(Step::Resume),
    ]
}

fn setups() -> impl Strategy<Value = Value> {
    let tools = |behavior: &str| json!([weather_tool_that_is(behavior)]);
    let detection = |config: Value| json!({"automaticActivityDetection": config});
    let quiet = json!({"activityHandling": "NO_INTERRUPTION"});
    let base = json!({"sessionResumption": {}});
    let with = move |model: &str, name: &str, value: Value| {
        let mut more = base.clone();
        more["tools"] = tools("UNSPECIFIED");
        more[name] = value;
        setup_with(model, more)
    };
    prop::sample::select(vec![
        with(MODEL_2_5, "labels", json!({})),
        with(MODEL_2_5, "realtimeInputConfig", quiet.clone()),
        with(MODEL_2_5, "tools", tools("NON_BLOCKING")),
        with(
            MODEL_3_1,
            "realtimeInputConfig",
            detection(json!({"disabled": true})),
        ),
        with(MODEL_3_8, "tools", tools("BLOCKING")),
        with(MODEL_3_8, "realtimeInputConfig", quiet),
        with(
            MODEL_3_8,
            "historyConfig",
            json!({"initialHistoryInClientContent": true}),
        ),
        with(
            MODEL_3_8,
            "realtimeInputConfig",
            detection(json!({"prefixPaddingMs": 100, "silenceDurationMs": 0})),
        ),
        with(
            MODEL_EXTENDED,
            "generationConfig",
            json!({"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": true}}),
        ),
    ])
}

/// One client over all its connections.
struct Client {
    settings: Settings,
    setup: Value,
    bench: Bench,
    /// What earlier connections did.
    earlier: Vec<Vec<Value>>,
}

impl Client {
    fn perform(&mut self, step: Step) {
        let bench = &mut self.bench;
        match step {
            Step::Send(message) => _ = bench.send(message),
            Step::Damaged(message, at, byte) => {
                let mut bytes = message.to_string().into_bytes();
                let at = at % bytes.len();
                bytes[at] = byte;
                bench.send_frame(Frame::binary(bytes));
            }
            Step::Bytes(bytes) => _ = bench.send_frame(Frame::binary(bytes)),
            Step::Speak(ms) => _ = bench.append(&speech(usize::from(ms)), "audio/pcm;rate=16000"),
            Step::Pause(ms) => _ = bench.append(&silence(usize::from(ms)), "audio/pcm;rate=16000"),
            Step::Wait(ms) => _ = bench.run(Duration::from_millis(u64::from(ms))),
            Step::Answer(at, scheduling, last) => {
                let ids = ids_of(&calls(&bench.all()));
                if let Some(id) = ids.get(at % ids.len().max(1)) {
                    let scheduling = ["SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT"]
                        [usize::from(scheduling)];
                    bench.send(json!({"toolResponse": {"functionResponses": [{"id": id,
                        "name": "get_weather", "response": {"temperature": 3},
                        "scheduling": scheduling, "willContinue": !last}]}}));
                }
            }
            Step::Resume => self.resume(),
        }
    }

    fn resume(&mut self) {
        self.bench.hang_up();
        let all = self.bench.all();
        let handle = all
            .iter()
            .rev()
            .find_map(|message| message["sessionResumptionUpdate"]["newHandle"].as_str());
        let mut setup = self.setup.clone();
        if let Some(handle) = handle {
            setup["sessionResumption"] = json!({ "handle": handle });
        }
        self.earlier.push(all);
        let mut settings = self.settings.clone();
        settings.seed = self.earlier.len() as u64;
        let now = self.bench.now;
        self.bench = Bench::connect_at(settings, now);
        self.bench.send(json!({ "setup": setup }));
        self.bench.run(Duration::from_secs(1));
    }
}

/// Turns end once: each that began has one end, unless the connection ended first.
fn check_turns(messages: &[Value]) -> Result<(), TestCaseError> {
    let mut open = false;
    let mut interrupted = false;
    for message in messages {
        let content = &message["serverContent"];
        prop_assert!(
            !(interrupted && content.get("modelTurn").is_some()),
            "{message}"
        );
        open |= content.get("modelTurn").is_some() || content.get("generationComplete").is_some();
        interrupted |= content.get("interrupted").is_some();
        if content["turnComplete"] == true {
            open = false;
            interrupted = false;
            prop_assert!(message["usageMetadata"]["totalTokenCount"].is_u64());
        }
        if message["sessionResumptionUpdate"]["resumable"] == true {
            prop_assert!(!open, "a handle in the middle of a turn");
        }
    }
    prop_assert!(!open && !interrupted, "a turn has no end");
    Ok(())
}

/// Calls are cancelled at most once, and only if they were made.
fn check_calls(messages: &[Value]) -> Result<(), TestCaseError> {
    let mut pending: Vec<String> = Vec::new();
    for message in messages {
        pending.extend(ids_of(&calls(std::slice::from_ref(message))));
        for id in message["toolCallCancellation"]["ids"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let at = pending
                .iter()
                .position(|pending| pending.as_str() == id.as_str().unwrap());
            prop_assert!(at.is_some(), "{id} was not pending");
            pending.remove(at.unwrap());
        }
    }
    Ok(())
}

fn cases() -> u32 {
    match std::env::var("ANTIPHON_TIER").as_deref() {
        Ok("nightly") => 5_000,
        _ => 150,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_a_client_sends_breaks_the_machine(
        steps in prop::collection::vec(step(), 0..40),
        setup in setups(),
        pace in prop::sample::select(vec!["1x", "10x", "1000x"]),
    ) {
        let text = format!("pace {pace}\n{}", include_str!("../../../assets/weather.script"));
        let script: Script = text.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let settings = Settings::new(script);
        let bench = Bench::with(settings.clone(), setup.clone());
        let mut client = Client { settings, setup, bench, earlier: Vec::new() };
        for step in steps {
            client.perform(step);
        }
        client.bench.run(Duration::from_secs(400));
        let closes = &client.bench.others;
        prop_assert!(closes.len() <= 1, "nothing follows a close frame");
        let is_close = |output: &Output| matches!(output, Output::Close { .. });
        prop_assert!(closes.iter().all(is_close), "only close frames are no messages");
        let all = client.bench.all();
        check_calls(&all)?;
        if client.bench.others.is_empty() {
            check_turns(&all)?;
        }
        for all in &client.earlier {
            check_calls(all)?;
        }
    }
}
