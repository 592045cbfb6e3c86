//! Each value of each field, and what becomes of it.

use std::time::Duration;

use antiphon_protocol::{
    AudioFormat, ConfigField, InputTranscription, NoiseReduction, OutputModality, SessionConfig,
    ToolBehavior, ToolChoice, ToolSpec, TurnDetection,
};
use serde_json::{Value, json};

use super::merge;
use crate::common::{CASCADE, NATIVE_AUDIO, NEWEST, RESTRICTED, THINKING, UNKNOWN};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = speech_rows();
    rows.extend(detection_rows());
    rows.extend(transcription_rows());
    rows.extend(tool_rows());
    rows.extend(other_rows());
    rows
}

pub(crate) type Change = fn(&mut SessionConfig);

/// A value of a field, and what becomes of it on the Developer API and on Vertex alike.
pub(crate) struct Row {
    pub(crate) field: ConfigField,
    pub(crate) model: &'static str,
    pub(crate) change: Change,
    pub(crate) outcome: Outcome,
}

pub(crate) enum Outcome {
    /// These members are in the setup.
    Sent(Value),
    /// The field is refused with these words.
    Refused(&'static str),
}

fn row(field: ConfigField, model: &'static str, change: Change, outcome: Outcome) -> Row {
    Row {
        field,
        model,
        change,
        outcome,
    }
}

fn sent(members: Value) -> Outcome {
    Outcome::Sent(members)
}

fn refused(words: &'static str) -> Outcome {
    Outcome::Refused(words)
}

fn vad(change: impl FnOnce(&mut Vad)) -> TurnDetection {
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

fn detection(automatic: &Value) -> Outcome {
    sent(json!({"realtimeInputConfig": {"automaticActivityDetection": automatic}}))
}

fn generation(members: &Value) -> Outcome {
    sent(json!({"generationConfig": members}))
}

pub(crate) fn tool(name: &str, behavior: ToolBehavior) -> ToolSpec {
    let mut tool = ToolSpec::new(name, "Looks.", json!({"type": "object"}));
    tool.behavior = behavior;
    tool
}

/// A function of the wire, with these members besides.
fn declared(more: &Value) -> Outcome {
    let mut function = json!({
        "name": "look", "description": "Looks.", "parametersJsonSchema": {"type": "object"},
    });
    merge(&mut function, more);
    sent(json!({"tools": [{"functionDeclarations": [function]}]}))
}

#[expect(clippy::too_many_lines, reason = "a flat table")]
fn speech_rows() -> Vec<Row> {
    use ConfigField::*;
    vec![
        row(Model, NEWEST, |_| {}, sent(json!({}))),
        row(
            Model,
            NEWEST,
            |config| config.model.clear(),
            refused("name one"),
        ),
        row(
            Instructions,
            NEWEST,
            |config| config.instructions = Some("Be brief.".to_owned()),
            sent(json!({"systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]}})),
        ),
        row(
            Voice,
            NEWEST,
            |config| config.voice = Some("Puck".to_owned()),
            generation(&json!({"speechConfig":
                {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Puck"}}}})),
        ),
        row(
            Output,
            NEWEST,
            |config| config.output = Some(OutputModality::Audio),
            sent(json!({})),
        ),
        row(
            Output,
            NEWEST,
            |config| config.output = Some(OutputModality::Text),
            refused("always speaks"),
        ),
        row(
            Output,
            CASCADE,
            |config| config.output = Some(OutputModality::Text),
            generation(&json!({"responseModalities": ["TEXT"]})),
        ),
        // Each frame of audio states it; nothing in the setup does.
        row(
            InputFormat,
            NEWEST,
            |config| config.input_format = Some(AudioFormat::pcm16(48_000)),
            sent(json!({})),
        ),
        row(
            InputFormat,
            NEWEST,
            |config| config.input_format = Some(AudioFormat::MULAW_8K),
            refused("mu-law 8000 Hz is none of pcm16 16000 Hz"),
        ),
        // The only one there is.
        row(
            OutputFormat,
            NEWEST,
            |config| config.output_format = Some(AudioFormat::PCM16_24K),
            sent(json!({})),
        ),
        row(
            OutputFormat,
            NEWEST,
            |config| config.output_format = Some(AudioFormat::PCM16_16K),
            refused("pcm16 16000 Hz is none of pcm16 24000 Hz"),
        ),
        row(
            Language,
            CASCADE,
            |config| config.language = Some("de-DE".to_owned()),
            generation(&json!({"speechConfig": {"languageCode": "de-DE"}})),
        ),
        row(
            Language,
            NEWEST,
            |config| config.language = Some("de-DE".to_owned()),
            refused("name one in the instructions"),
        ),
        row(
            Speed,
            NEWEST,
            |config| config.speed = Some(1.0),
            refused("ask for it in the instructions"),
        ),
        row(
            NoiseReduction,
            NEWEST,
            |config| config.noise_reduction = Some(self::NoiseReduction::NearField),
            refused("clean the audio"),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a flat table")]
fn detection_rows() -> Vec<Row> {
    let field = ConfigField::TurnDetection;
    vec![
        row(
            field,
            NEWEST,
            |config| config.turn_detection = Some(TurnDetection::Manual),
            detection(&json!({"disabled": true})),
        ),
        row(
            field,
            NEWEST,
            |config| config.turn_detection = Some(TurnDetection::server_vad()),
            detection(&json!({"disabled": false})),
        ),
        row(
            field,
            NEWEST,
            |config| {
                config.turn_detection = Some(vad(|vad| {
                    vad.prefix_padding = Some(Duration::from_millis(300));
                    vad.silence = Some(Duration::from_millis(700));
                    vad.create_response = Some(true);
                    vad.interrupt_response = Some(false);
                }));
            },
            sent(json!({"realtimeInputConfig": {
                "automaticActivityDetection":
                    {"disabled": false, "prefixPaddingMs": 300, "silenceDurationMs": 700},
                "activityHandling": "NO_INTERRUPTION",
            }})),
        ),
        row(
            field,
            NEWEST,
            |config| {
                config.turn_detection = Some(vad(|vad| vad.interrupt_response = Some(true)));
            },
            sent(json!({"realtimeInputConfig": {
                "automaticActivityDetection": {"disabled": false},
                "activityHandling": "START_OF_ACTIVITY_INTERRUPTS",
            }})),
        ),
        row(
            field,
            NEWEST,
            |config| config.turn_detection = Some(vad(|vad| vad.threshold = Some(0.5))),
            refused("startOfSpeechSensitivity"),
        ),
        row(
            field,
            NEWEST,
            |config| config.turn_detection = Some(vad(|vad| vad.create_response = Some(false))),
            refused("always answers"),
        ),
        row(
            field,
            NEWEST,
            |config| {
                config.turn_detection =
                    Some(vad(|vad| vad.idle_timeout = Some(Duration::from_secs(6))));
            },
            refused("never speaks up"),
        ),
        row(
            field,
            NEWEST,
            |config| config.turn_detection = Some(vad(|vad| vad.silence = Some(Duration::MAX))),
            refused("longer than the wire can say"),
        ),
        row(
            field,
            NEWEST,
            |config| {
                config.turn_detection = Some(TurnDetection::SemanticVad {
                    eagerness: None,
                    create_response: None,
                    interrupt_response: None,
                });
            },
            refused("by energy"),
        ),
    ]
}

fn transcription_rows() -> Vec<Row> {
    let field = ConfigField::InputTranscription;
    vec![
        row(
            field,
            NATIVE_AUDIO,
            |config| config.input_transcription = Some(InputTranscription::default()),
            sent(json!({"inputAudioTranscription": {}})),
        ),
        row(
            field,
            NEWEST,
            |config| {
                config.input_transcription = Some(InputTranscription {
                    language: Some("de".to_owned()),
                    prompt: Some("Antiphon, Kyrie\nGloria".to_owned()),
                    ..InputTranscription::default()
                });
            },
            sent(json!({"inputAudioTranscription": {
                "languageCodes": ["de"], "customVocabulary": ["Antiphon", "Kyrie", "Gloria"],
            }})),
        ),
        row(
            field,
            RESTRICTED,
            |config| {
                config.input_transcription = Some(InputTranscription {
                    language: Some("de".to_owned()),
                    ..InputTranscription::default()
                });
            },
            refused("takes no language"),
        ),
        row(
            field,
            RESTRICTED,
            |config| {
                config.input_transcription = Some(InputTranscription {
                    prompt: Some("Antiphon".to_owned()),
                    ..InputTranscription::default()
                });
            },
            refused("takes no words"),
        ),
        row(
            field,
            NEWEST,
            |config| {
                config.input_transcription = Some(InputTranscription {
                    model: Some("m".to_owned()),
                    ..InputTranscription::default()
                });
            },
            refused("chooses the transcriber"),
        ),
        row(
            ConfigField::OutputTranscription,
            NEWEST,
            |config| config.output_transcription = Some(true),
            sent(json!({"outputAudioTranscription": {}})),
        ),
        row(
            ConfigField::OutputTranscription,
            NEWEST,
            |config| config.output_transcription = Some(false),
            sent(json!({})),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a flat table")]
fn tool_rows() -> Vec<Row> {
    use ConfigField::{ParallelToolCalls, ToolChoice as Choice, Tools};
    let blocking: Change = |config| config.tools = vec![tool("look", ToolBehavior::Blocking)];
    let beside: Change = |config| config.tools = vec![tool("look", ToolBehavior::NonBlocking)];
    vec![
        row(Tools, NATIVE_AUDIO, blocking, declared(&json!({}))),
        row(
            Tools,
            NATIVE_AUDIO,
            beside,
            declared(&json!({"behavior": "NON_BLOCKING"})),
        ),
        row(
            Tools,
            NEWEST,
            blocking,
            declared(&json!({"behavior": "BLOCKING"})),
        ),
        row(
            Tools,
            NEWEST,
            beside,
            declared(&json!({"behavior": "NON_BLOCKING"})),
        ),
        row(
            Tools,
            UNKNOWN,
            blocking,
            declared(&json!({"behavior": "BLOCKING"})),
        ),
        row(Tools, RESTRICTED, blocking, declared(&json!({}))),
        row(Tools, RESTRICTED, beside, refused("waits for every tool")),
        row(
            Tools,
            THINKING,
            blocking,
            refused("does not wait for tools"),
        ),
        row(
            Tools,
            NEWEST,
            |config| config.tools = vec![tool("2look", ToolBehavior::Blocking)],
            refused("begins with a letter"),
        ),
        row(
            Tools,
            NEWEST,
            |config| config.tools = vec![tool("a", ToolBehavior::Blocking); 2],
            refused("another tool of that name"),
        ),
        row(
            Tools,
            NEWEST,
            |config| config.tools = vec![ToolSpec::new("a", "", json!("city"))],
            refused("JSON Schema object"),
        ),
        // As it is anyway.
        row(
            Choice,
            NEWEST,
            |config| config.tool_choice = Some(ToolChoice::Auto),
            sent(json!({})),
        ),
        row(
            Choice,
            NEWEST,
            |config| config.tool_choice = Some(ToolChoice::None),
            refused("always chooses"),
        ),
        row(
            Choice,
            NEWEST,
            |config| config.tool_choice = Some(ToolChoice::Function("look".to_owned())),
            refused("always chooses"),
        ),
        row(
            ParallelToolCalls,
            NEWEST,
            |config| config.parallel_tool_calls = Some(true),
            sent(json!({})),
        ),
        row(
            ParallelToolCalls,
            NEWEST,
            |config| config.parallel_tool_calls = Some(false),
            refused("several tools at once"),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a flat table")]
fn other_rows() -> Vec<Row> {
    use ConfigField::{MaxOutputTokens, Native, Temperature};
    vec![
        row(
            MaxOutputTokens,
            NEWEST,
            |config| config.max_output_tokens = Some(256),
            generation(&json!({"maxOutputTokens": 256})),
        ),
        row(
            MaxOutputTokens,
            NEWEST,
            |config| config.max_output_tokens = Some(0),
            refused("at least 1"),
        ),
        row(
            Temperature,
            NEWEST,
            |config| config.temperature = Some(0.5),
            generation(&json!({"temperature": 0.5})),
        ),
        row(
            Temperature,
            NEWEST,
            |config| config.temperature = Some(f64::NAN),
            refused("between 0 and 2"),
        ),
        row(
            Native,
            NEWEST,
            |config| {
                config.voice = Some("Puck".to_owned());
                config.tools = vec![tool("look", ToolBehavior::NonBlocking)];
                for (name, value) in [
                    (
                        "generation_config",
                        json!({"topP": 0.5, "speechConfig": {"languageCode": "de"}}),
                    ),
                    ("proactivity", json!({"proactiveAudio": true})),
                    (
                        "realtimeInputConfig",
                        json!({"turnCoverage": "TURN_INCLUDES_ALL_INPUT"}),
                    ),
                    ("tools", json!([{"googleSearch": {}}])),
                    ("somethingNew", json!(null)),
                ] {
                    config.native.insert(name.to_owned(), value);
                }
            },
            sent(json!({
                "generationConfig": {"topP": 0.5, "speechConfig": {
                    "languageCode": "de",
                    "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Puck"}},
                }},
                "proactivity": {"proactiveAudio": true},
                "realtimeInputConfig": {"turnCoverage": "TURN_INCLUDES_ALL_INPUT"},
                "tools": [
                    {"functionDeclarations": [{
                        "name": "look", "description": "Looks.", "behavior": "NON_BLOCKING",
                        "parametersJsonSchema": {"type": "object"},
                    }]},
                    {"googleSearch": {}},
                ],
                "somethingNew": null,
            })),
        ),
        row(
            Native,
            THINKING,
            |_| {},
            refused("a level of thinking above MINIMAL"),
        ),
        row(
            Native,
            THINKING,
            |config| thinking(config, "MINIMAL"),
            refused("a level of thinking above MINIMAL"),
        ),
        row(
            Native,
            THINKING,
            |config| thinking(config, "LOW"),
            generation(&json!({"thinkingConfig": {"thinkingLevel": "LOW"}})),
        ),
    ]
}

fn thinking(config: &mut SessionConfig, level: &str) {
    let generation = json!({"thinkingConfig": {"thinkingLevel": level}});
    config
        .native
        .insert("generationConfig".to_owned(), generation);
}
