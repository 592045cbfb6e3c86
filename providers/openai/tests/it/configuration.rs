//! Each field of the configuration is sent, or refused with field, provider and model named.

use std::{sync::Arc, time::Duration};

use antiphon_openai::{OpenAi, Realtime};
use antiphon_protocol::{
    AudioFormat, ConfigField, Eagerness, Effect, InputTranscription, NoiseReduction, OpeningPlan,
    OutputModality, Provider, SessionConfig, ToolChoice, ToolSpec, TurnDetection, Unsupported,
};
use serde_json::{Value, json};

/// The session object that opens a session with this configuration.
fn opened(provider: &Realtime, config: SessionConfig) -> Result<Value, Unsupported> {
    let (_, mut codec) = provider.open(&OpeningPlan::fresh(Arc::new(config)))?;
    let mut made: Vec<Effect> = Vec::new();
    codec.start(&mut made);
    let [Effect::Send(frame)] = made.as_slice() else {
        panic!("one frame opens a session: {made:?}");
    };
    let mut frame: Value = serde_json::from_slice(&frame.data).unwrap();
    assert_eq!(frame["type"], "session.update");
    assert_eq!(frame["event_id"], "ap_open");
    Ok(frame["session"].take())
}

fn session(change: impl FnOnce(&mut SessionConfig)) -> Result<Value, Unsupported> {
    let mut config = SessionConfig::new("gpt-realtime");
    change(&mut config);
    opened(&OpenAi::realtime("key"), config)
}

/// What is sent beside `type`.
fn sent(change: impl FnOnce(&mut SessionConfig)) -> Value {
    let mut session = session(change).unwrap();
    assert_eq!(session["type"], "realtime");
    session.as_object_mut().unwrap().remove("type");
    session
}

fn refused(change: impl FnOnce(&mut SessionConfig)) -> (ConfigField, String) {
    let refusal = session(change).unwrap_err();
    assert_eq!(refusal.provider, "openai-realtime");
    (refusal.field.unwrap(), refusal.to_string())
}

fn server_vad(change: impl FnOnce(&mut Vad)) -> TurnDetection {
    let mut vad = Vad::default();
    change(&mut vad);
    TurnDetection::ServerVad {
        threshold: vad.threshold,
        prefix_padding: vad.prefix_padding,
        silence: vad.silence,
        create_response: vad.create_response,
        interrupt_response: vad.interrupt_response,
        idle_timeout: vad.idle_timeout,
    }
}

#[derive(Default)]
struct Vad {
    threshold: Option<f64>,
    prefix_padding: Option<Duration>,
    silence: Option<Duration>,
    create_response: Option<bool>,
    interrupt_response: Option<bool>,
    idle_timeout: Option<Duration>,
}

#[test]
fn what_is_not_set_is_not_sent() {
    assert_eq!(sent(|_| {}), json!({}));
}

#[test]
fn the_model_is_in_the_address() {
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("gpt-realtime-2.1")));
    let (endpoint, _) = OpenAi::realtime("key").open(&plan).unwrap();
    assert_eq!(
        endpoint.url.to_string(),
        "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1"
    );
    let (field, why) = refused(|config| config.model.clear());
    assert_eq!(field, ConfigField::Model);
    assert!(why.contains("gpt-realtime"), "{why}");
}

#[test]
fn instructions() {
    assert_eq!(
        sent(|config| config.instructions = Some("Be brief.".to_owned())),
        json!({"instructions": "Be brief."})
    );
}

#[test]
fn voice() {
    assert_eq!(
        sent(|config| config.voice = Some("marin".to_owned())),
        json!({"audio": {"output": {"voice": "marin"}}})
    );
}

#[test]
fn output() {
    for (output, word) in [
        (OutputModality::Audio, "audio"),
        (OutputModality::Text, "text"),
    ] {
        assert_eq!(
            sent(|config| config.output = Some(output)),
            json!({"output_modalities": [word]})
        );
    }
}

#[test]
fn formats() {
    for (format, wire) in [
        (
            AudioFormat::PCM16_24K,
            json!({"type": "audio/pcm", "rate": 24000}),
        ),
        (AudioFormat::MULAW_8K, json!({"type": "audio/pcmu"})),
        (AudioFormat::ALAW_8K, json!({"type": "audio/pcma"})),
    ] {
        assert_eq!(
            sent(|config| config.input_format = Some(format)),
            json!({"audio": {"input": {"format": wire}}})
        );
        assert_eq!(
            sent(|config| config.output_format = Some(format)),
            json!({"audio": {"output": {"format": wire}}})
        );
    }
    let (field, why) = refused(|config| config.input_format = Some(AudioFormat::PCM16_16K));
    assert_eq!(field, ConfigField::InputFormat);
    assert!(
        why.contains("pcm16 16000 Hz is none of pcm16 24000 Hz"),
        "{why}"
    );
    let (field, _) = refused(|config| config.output_format = Some(AudioFormat::pcm16(48_000)));
    assert_eq!(field, ConfigField::OutputFormat);
}

#[test]
fn turn_detection() {
    let detection = |detection| {
        sent(|config| config.turn_detection = Some(detection))["audio"]["input"]["turn_detection"]
            .take()
    };
    assert_eq!(
        sent(|config| config.turn_detection = Some(TurnDetection::Manual)),
        json!({"audio": {"input": {"turn_detection": null}}})
    );
    assert_eq!(
        detection(TurnDetection::server_vad()),
        json!({"type": "server_vad"})
    );
    let all = server_vad(|vad| {
        *vad = Vad {
            threshold: Some(0.25),
            prefix_padding: Some(Duration::from_millis(300)),
            silence: Some(Duration::from_millis(700)),
            create_response: Some(false),
            interrupt_response: Some(true),
            idle_timeout: Some(Duration::from_secs(6)),
        }
    });
    assert_eq!(
        detection(all),
        json!({
            "type": "server_vad", "threshold": 0.25, "prefix_padding_ms": 300,
            "silence_duration_ms": 700, "create_response": false, "interrupt_response": true,
            "idle_timeout_ms": 6000,
        })
    );
    for (eagerness, word) in [
        (Eagerness::Low, "low"),
        (Eagerness::Medium, "medium"),
        (Eagerness::High, "high"),
        (Eagerness::Auto, "auto"),
    ] {
        assert_eq!(
            detection(TurnDetection::SemanticVad {
                eagerness: Some(eagerness),
                create_response: Some(true),
                interrupt_response: None,
            }),
            json!({"type": "semantic_vad", "eagerness": word, "create_response": true})
        );
    }
}

#[test]
fn impossible_turn_detection_is_refused() {
    let rows = [
        (
            server_vad(|vad| vad.threshold = Some(1.5)),
            "between 0 and 1",
        ),
        (
            server_vad(|vad| vad.threshold = Some(f64::NAN)),
            "between 0 and 1",
        ),
        (
            server_vad(|vad| vad.idle_timeout = Some(Duration::from_secs(4))),
            "5 and 30 seconds",
        ),
        (
            server_vad(|vad| vad.idle_timeout = Some(Duration::from_secs(31))),
            "5 and 30 seconds",
        ),
    ];
    for (detection, words) in rows {
        let (field, why) = refused(|config| config.turn_detection = Some(detection));
        assert_eq!(field, ConfigField::TurnDetection);
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn input_transcription() {
    let transcription = |asked| {
        sent(|config| config.input_transcription = Some(asked))["audio"]["input"]["transcription"]
            .take()
    };
    assert_eq!(
        transcription(InputTranscription::default()),
        json!({"model": "gpt-realtime-whisper"})
    );
    assert_eq!(
        transcription(InputTranscription {
            model: Some("gpt-4o-transcribe".to_owned()),
            language: Some("de".to_owned()),
            prompt: Some("Antiphon".to_owned()),
        }),
        json!({"model": "gpt-4o-transcribe", "language": "de", "prompt": "Antiphon"})
    );
}

#[test]
fn output_transcription() {
    assert_eq!(
        sent(|config| config.output_transcription = Some(true)),
        json!({})
    );
    let (field, _) = refused(|config| config.output_transcription = Some(false));
    assert_eq!(field, ConfigField::OutputTranscription);
}

#[test]
fn noise_reduction() {
    for (noise, word) in [
        (NoiseReduction::NearField, "near_field"),
        (NoiseReduction::FarField, "far_field"),
    ] {
        assert_eq!(
            sent(|config| config.noise_reduction = Some(noise)),
            json!({"audio": {"input": {"noise_reduction": {"type": word}}}})
        );
    }
}

#[test]
fn tools() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tool = |name: &str| ToolSpec::new(name, "Looks.", schema.clone());
    assert_eq!(
        sent(|config| config.tools = vec![tool("look_up")]),
        json!({"tools": [{
            "type": "function", "name": "look_up", "description": "Looks.", "parameters": schema,
        }]})
    );
    for (tools, words) in [
        (vec![tool("look up")], "letters, digits"),
        (vec![tool("")], "letters, digits"),
        (vec![tool(&"x".repeat(65))], "letters, digits"),
        (vec![tool("a"), tool("a")], "another tool of that name"),
        (
            vec![ToolSpec::new("a", "", json!("city"))],
            "JSON Schema object",
        ),
    ] {
        let (field, why) = refused(|config| config.tools = tools);
        assert_eq!(field, ConfigField::Tools);
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn tool_choice() {
    for (choice, wire) in [
        (ToolChoice::Auto, json!("auto")),
        (ToolChoice::None, json!("none")),
        (ToolChoice::Required, json!("required")),
        (
            ToolChoice::Function("look".to_owned()),
            json!({"type": "function", "name": "look"}),
        ),
    ] {
        assert_eq!(
            sent(|config| config.tool_choice = Some(choice)),
            json!({"tool_choice": wire})
        );
    }
}

#[test]
fn parallel_tool_calls_are_for_reasoning_models() {
    let mut config = SessionConfig::new("gpt-realtime-2.1");
    config.parallel_tool_calls = Some(false);
    assert_eq!(
        opened(&OpenAi::realtime("key"), config.clone()).unwrap(),
        json!({"type": "realtime", "parallel_tool_calls": false})
    );
    let (field, why) = refused(|config| config.parallel_tool_calls = Some(true));
    assert_eq!(field, ConfigField::ParallelToolCalls);
    assert!(why.contains("gpt-realtime\""), "{why}");

    // The caller knows better.
    let provider = OpenAi::realtime("key");
    let can = provider.capabilities("gpt-realtime-2.1").into_owned();
    config.model = "gpt-realtime".to_owned();
    assert!(opened(&provider.with_capabilities(can), config).is_ok());
}

#[test]
fn max_output_tokens() {
    assert_eq!(
        sent(|config| config.max_output_tokens = Some(500)),
        json!({"max_output_tokens": 500})
    );
    let (field, _) = refused(|config| config.max_output_tokens = Some(0));
    assert_eq!(field, ConfigField::MaxOutputTokens);
}

#[test]
fn speed() {
    assert_eq!(
        sent(|config| config.speed = Some(1.25)),
        json!({"audio": {"output": {"speed": 1.25}}})
    );
    for speed in [0.2, 1.6, f64::NAN, f64::INFINITY] {
        let (field, _) = refused(|config| config.speed = Some(speed));
        assert_eq!(field, ConfigField::Speed);
    }
}

#[test]
fn what_the_wire_has_no_word_for_is_refused() {
    let (field, why) = refused(|config| config.temperature = Some(0.8));
    assert_eq!(field, ConfigField::Temperature);
    assert_eq!(
        why,
        "openai-realtime cannot do this with model \"gpt-realtime\": temperature: this API has no \
         temperature; leave it unset and steer by instructions"
    );
    let (field, _) = refused(|config| config.language = Some("de-DE".to_owned()));
    assert_eq!(field, ConfigField::Language);
}

#[test]
fn native_members_pass_through_and_win() {
    let session = sent(|config| {
        config.voice = Some("marin".to_owned());
        config.speed = Some(1.0);
        config.instructions = Some("neutral".to_owned());
        config.turn_detection = Some(TurnDetection::server_vad());
        let native = [
            ("instructions", json!("native")),
            ("tracing", json!(null)),
            (
                "truncation",
                json!({"type": "retention_ratio", "retention_ratio": 0.5}),
            ),
            (
                "audio",
                json!({
                    "input": {"turn_detection": {"type": "semantic_vad"}},
                    "output": {"voice": {"id": "voice_1"}},
                }),
            ),
        ];
        config.native = native
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
    });
    assert_eq!(
        session,
        json!({
            "instructions": "native",
            "tracing": null,
            "truncation": {"type": "retention_ratio", "retention_ratio": 0.5},
            "audio": {
                "input": {"turn_detection": {"type": "semantic_vad"}},
                "output": {"voice": {"id": "voice_1"}, "speed": 1.0},
            },
        })
    );
}

#[test]
fn every_field_is_listed_or_refused() {
    // One configuration with everything set: each field on its own is either listed, and so sent,
    // or refused by name. A field that is added to the neutral configuration shows here.
    let mut config = SessionConfig::new("gpt-realtime");
    config.temperature = Some(1.0);
    config.language = Some("de".to_owned());
    config.parallel_tool_calls = Some(true);
    let can = OpenAi::realtime("key")
        .capabilities("gpt-realtime")
        .into_owned();
    let unlisted: Vec<_> = ConfigField::set_in(&config)
        .into_iter()
        .filter(|field| !can.fields.contains(field))
        .collect();
    assert_eq!(
        unlisted,
        [
            ConfigField::ParallelToolCalls,
            ConfigField::Temperature,
            ConfigField::Language
        ]
    );
}

#[test]
fn a_transcription_session_is_of_its_own_kind() {
    let provider = OpenAi::realtime("key").transcribing();
    let mut config = SessionConfig::new("gpt-4o-transcribe");
    config.turn_detection = Some(TurnDetection::Manual);
    let plan = OpeningPlan::fresh(Arc::new(config.clone()));
    let (endpoint, _) = provider.open(&plan).unwrap();
    assert_eq!(
        endpoint.url.to_string(),
        "wss://api.openai.com/v1/realtime?intent=transcription"
    );
    assert_eq!(
        opened(&provider, config.clone()).unwrap(),
        json!({"type": "transcription", "audio": {"input": {
            "transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": null,
        }}})
    );
    config.voice = Some("marin".to_owned());
    let refusal = opened(&provider, config).unwrap_err();
    assert_eq!(refusal.field, Some(ConfigField::Voice));
}
