//! Services that want the configuration in other words get it in those.

use std::{sync::Arc, time::Duration};

use crate::common::{Talk, events, sent};
use antiphon_openai::{Dialect, OpenAi, Realtime};
use antiphon_protocol::{
    AudioFormat, Command, ConfigField, Event, InputTranscription, Item, NoiseReduction,
    OpeningPlan, OutputModality, Provider, ResponseOptions, Role, SessionConfig, ToolChoice,
    ToolSpec, TurnDetection,
};
use serde_json::{Value, json};

fn voice_live() -> Realtime {
    OpenAi::azure_voice_live("my-resource", "key").unwrap()
}

fn xai() -> Realtime {
    OpenAi::compatible("https://api.x.ai/v1", "key")
        .unwrap()
        .with_dialect(Dialect::Xai)
}

/// Everything that both dialects can say.
fn config() -> SessionConfig {
    let mut config = SessionConfig::new("model-1")
        .instructions("Be brief.")
        .voice("ara")
        .output(OutputModality::Audio)
        .input_format(AudioFormat::PCM16_24K)
        .output_format(AudioFormat::MULAW_8K)
        .turn_detection(TurnDetection::server_vad())
        .input_transcription(InputTranscription::default())
        .tool(ToolSpec::new("look", "Looks.", json!({"type": "object"})))
        .tool_choice(ToolChoice::Auto)
        .native("native", json!(1));
    config.noise_reduction = Some(NoiseReduction::FarField);
    config.max_output_tokens = Some(99);
    config.speed = Some(1.5);
    config
}

fn open(provider: &Realtime, config: SessionConfig) -> (Talk, Value) {
    let mut talk = Talk::opened(provider, &OpeningPlan::fresh(Arc::new(config)));
    let mut frames = sent(&talk.made());
    (talk, frames.remove(0)["session"].take())
}

#[test]
fn voice_live_has_an_address_of_its_own() {
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("gpt-realtime")));
    let (endpoint, _) = voice_live().open(&plan).unwrap();
    assert_eq!(
        endpoint.url.to_string(),
        "wss://my-resource.services.ai.azure.com/voice-live/realtime?api-version=2026-07-15\
         &model=gpt-realtime"
    );
    assert_eq!(voice_live().name(), "azure-voice-live");
}

#[test]
fn the_beta_is_flat_and_names_its_formats() {
    let mut config = config();
    config.temperature = Some(0.8);
    let (_, session) = open(&voice_live(), config);
    assert_eq!(
        session,
        json!({
            "instructions": "Be brief.", "voice": "ara", "modalities": ["text", "audio"],
            "input_audio_format": "pcm16", "output_audio_format": "g711_ulaw",
            "turn_detection": {"type": "server_vad"},
            "input_audio_transcription": {"model": "whisper-1"},
            "input_audio_noise_reduction": {"type": "far_field"},
            "tools": [{"type": "function", "name": "look", "description": "Looks.",
                "parameters": {"type": "object"}}],
            "tool_choice": "auto", "max_response_output_tokens": 99, "temperature": 0.8,
            "speed": 1.5, "native": 1,
        })
    );
}

#[test]
fn xai_mixes_both() {
    let (_, session) = open(&xai(), config());
    assert_eq!(
        session,
        json!({
            "instructions": "Be brief.", "voice": "ara", "modalities": ["audio"],
            "turn_detection": {"type": "server_vad"},
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "grok-transcribe"},
                    "noise_reduction": {"type": "far_field"},
                },
                "output": {"format": {"type": "audio/pcmu"}, "speed": 1.5},
            },
            "tools": [{"type": "function", "name": "look", "description": "Looks.",
                "parameters": {"type": "object"}}],
            "tool_choice": "auto", "max_response_output_tokens": 99, "native": 1,
        })
    );
}

#[test]
fn what_is_manual_is_null_in_any_shape() {
    for provider in [voice_live(), xai()] {
        let config = SessionConfig::new("m").turn_detection(TurnDetection::Manual);
        let (_, session) = open(&provider, config);
        assert_eq!(session, json!({"turn_detection": null}));
    }
}

#[test]
fn the_beta_refuses_what_came_later() {
    let refused = |change: fn(&mut SessionConfig)| {
        let mut config = SessionConfig::new("m");
        change(&mut config);
        let plan = OpeningPlan::fresh(Arc::new(config));
        voice_live().open(&plan).err().unwrap().field.unwrap()
    };
    assert_eq!(
        refused(|config| config.parallel_tool_calls = Some(true)),
        ConfigField::ParallelToolCalls
    );
    assert_eq!(
        refused(|config| config.temperature = Some(f64::NAN)),
        ConfigField::Temperature
    );
    let transcribing = voice_live().transcribing();
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("m")));
    assert!(transcribing.open(&plan).is_err());
}

#[test]
fn changes_and_responses_are_in_the_same_words() {
    let (mut talk, _) = open(&voice_live(), SessionConfig::new("m"));
    talk.hear(
        r#"{"type":"session.created","session":{"id":"s","voice":{"name":"alloy","type":"openai"},
           "turn_detection":{"type":"server_vad"},"modalities":["audio"]}}"#,
    );
    talk.hear(r#"{"type":"session.updated","session":{"output_audio_format":"g711_alaw"}}"#);
    talk.made();

    let changed = SessionConfig::new("m")
        .voice("ava")
        .turn_detection(TurnDetection::Manual);
    let frame = talk.frame(1, &Command::Configure(Arc::new(changed)));
    assert_eq!(
        frame["session"],
        json!({"voice": "ava", "turn_detection": null})
    );
    let frame = talk.frame(2, &Command::Configure(Arc::new(SessionConfig::new("m"))));
    assert_eq!(
        frame["session"],
        json!({"voice": {"name": "alloy", "type": "openai"},
            "turn_detection": {"type": "server_vad"}})
    );

    let mut options = ResponseOptions::instructed("Say hello.");
    options.output = Some(OutputModality::Text);
    options.max_output_tokens = Some(9);
    assert_eq!(
        talk.frame(3, &Command::CreateResponse(options)),
        json!({"type": "response.create", "event_id": "ap_3_0", "response": {
            "instructions": "Say hello.", "modalities": ["text"], "max_response_output_tokens": 9,
        }})
    );
    let said = Command::AddItems(vec![Item::text(Role::Assistant, "Hello.")]);
    assert_eq!(
        talk.frame(4, &said)["item"]["content"],
        json!([{"type": "text", "text": "Hello."}])
    );

    // The format that was reported is the one of audio, and of truncation.
    let made = talk
        .heard(r#"{"type":"response.audio.delta","response_id":"r","item_id":"i","delta":"AAA="}"#);
    assert!(matches!(&events(&made)[..], [Event::Audio(chunk)]
        if chunk.format == AudioFormat::ALAW_8K
            && chunk.duration() == Duration::from_micros(250)));
    // And the voice is settled now.
    let voice = Command::Configure(Arc::new(SessionConfig::new("m").voice("jenny")));
    let refusal = talk.asked(5, &voice).unwrap_err();
    assert_eq!(refusal.field, Some(ConfigField::Voice));
}

#[test]
fn a_response_without_a_conversation_is_ordinary_where_none_was_asked_for_aside() {
    let (mut talk, _) = open(&xai(), SessionConfig::new("m"));
    let made = talk.heard(
        r#"{"type":"response.created","response":{"id":"r","conversation_id":null,"output":[]}}"#,
    );
    assert!(matches!(events(&made)[..], [Event::ResponseStarted { .. }]));
}
