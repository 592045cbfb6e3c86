//! Every field of the configuration on every service: the exact opening, or the exact refusal.
//!
//! A new field of the configuration has no row and fails here.

use std::{fmt::Write, sync::Arc};

use antiphon_openai::{
    OpenAi,
    live_types::{DecisionsConfig, DecisionsDelegation},
};
use antiphon_protocol::{
    AudioFormat, ConfigField, Effect, InputTranscription, NoiseReduction, OpeningPlan,
    OutputModality, Provider, SessionConfig, ToolChoice, ToolSpec, TurnDetection,
};
use expect_test::expect_file;
use serde_json::{Value, json};

/// A service, and a model that it has.
fn services() -> Vec<(&'static str, Box<dyn Provider>, &'static str)> {
    let decisions = DecisionsDelegation::default()
        .with_decisions(DecisionsConfig::default().with_model("gpt-decide"));
    let realtime = || OpenAi::realtime("key");
    let live = || OpenAi::live("key");
    vec![
        ("realtime", Box::new(realtime()), "gpt-realtime"),
        (
            "realtime, reasoning",
            Box::new(realtime()),
            "gpt-realtime-2.1",
        ),
        (
            "azure",
            Box::new(OpenAi::azure("resource", "key").unwrap()),
            "my-deployment",
        ),
        (
            "voice live",
            Box::new(OpenAi::azure_voice_live("resource", "key").unwrap()),
            "gpt-4o",
        ),
        (
            "compatible",
            Box::new(
                OpenAi::compatible("wss://host.example/v1", "key")
                    .unwrap()
                    .with_dialect(antiphon_openai::Dialect::Xai),
            ),
            "grok-voice",
        ),
        (
            "transcribing",
            Box::new(realtime().transcribing()),
            "gpt-realtime-whisper",
        ),
        (
            "translating",
            Box::new(realtime().translating()),
            "gpt-realtime-translate",
        ),
        (
            "joined call",
            Box::new(realtime().joining_call("rtc_1")),
            "",
        ),
        ("live, client", Box::new(live()), "gpt-live-1"),
        (
            "live, backend",
            Box::new(live().with_backend("gpt-5.5")),
            "gpt-live-1",
        ),
        (
            "live, decisions",
            Box::new(live().with_delegation(decisions)),
            "gpt-live-1",
        ),
        ("live, attached", Box::new(live().attach("live_1")), ""),
        ("live, fork", Box::new(live().fork("live_1")), ""),
        (
            "azure live",
            Box::new(OpenAi::azure_live("resource", "key").unwrap()),
            "my-deployment",
        ),
    ]
}

type Change = fn(&mut SessionConfig);

/// A field, what is tried of it, and how it is set. Values that only some services take stand beside
/// those that all who know the field take.
const ROWS: &[(ConfigField, &str, Change)] = &[
    (ConfigField::Model, "as it is", |_| {}),
    (ConfigField::Instructions, "set", |config| {
        config.instructions = Some("Be brief.".to_owned());
    }),
    (ConfigField::Voice, "set", |config| {
        config.voice = Some("marin".to_owned());
    }),
    (ConfigField::Output, "audio", |config| {
        config.output = Some(OutputModality::Audio);
    }),
    (ConfigField::Output, "text", |config| {
        config.output = Some(OutputModality::Text);
    }),
    (ConfigField::InputFormat, "pcm16 24 kHz", |config| {
        config.input_format = Some(AudioFormat::PCM16_24K);
    }),
    (ConfigField::InputFormat, "mu-law, one way", |config| {
        config.input_format = Some(AudioFormat::MULAW_8K);
    }),
    (ConfigField::OutputFormat, "A-law, one way", |config| {
        config.output_format = Some(AudioFormat::ALAW_8K);
    }),
    (ConfigField::OutputFormat, "pcm16 24 kHz", |config| {
        config.output_format = Some(AudioFormat::PCM16_24K);
    }),
    (ConfigField::OutputFormat, "mu-law, both ways", |config| {
        config.input_format = Some(AudioFormat::MULAW_8K);
        config.output_format = Some(AudioFormat::MULAW_8K);
    }),
    (
        ConfigField::OutputFormat,
        "pcm16 16 kHz, both ways",
        |config| {
            config.input_format = Some(AudioFormat::PCM16_16K);
            config.output_format = Some(AudioFormat::PCM16_16K);
        },
    ),
    (ConfigField::TurnDetection, "manual", |config| {
        config.turn_detection = Some(TurnDetection::Manual);
    }),
    (ConfigField::TurnDetection, "by energy", |config| {
        config.turn_detection = Some(TurnDetection::server_vad());
    }),
    (ConfigField::InputTranscription, "as usual", |config| {
        config.input_transcription = Some(InputTranscription::default());
    }),
    (ConfigField::InputTranscription, "in a language", |config| {
        config.input_transcription = Some(InputTranscription {
            language: Some("de".to_owned()),
            ..InputTranscription::default()
        });
    }),
    (ConfigField::OutputTranscription, "on", |config| {
        config.output_transcription = Some(true);
    }),
    (ConfigField::OutputTranscription, "off", |config| {
        config.output_transcription = Some(false);
    }),
    (ConfigField::NoiseReduction, "near", |config| {
        config.noise_reduction = Some(NoiseReduction::NearField);
    }),
    (ConfigField::Tools, "one", |config| {
        let schema = json!({"type": "object"});
        config.tools = vec![ToolSpec::new("look", "Looks.", schema)];
    }),
    (ConfigField::ToolChoice, "function", |config| {
        config.tool_choice = Some(ToolChoice::Function("look".to_owned()));
    }),
    (ConfigField::ParallelToolCalls, "off", |config| {
        config.parallel_tool_calls = Some(false);
    }),
    (ConfigField::MaxOutputTokens, "100", |config| {
        config.max_output_tokens = Some(100);
    }),
    (ConfigField::MaxOutputTokens, "8", |config| {
        config.max_output_tokens = Some(8);
    }),
    (ConfigField::Temperature, "0.7", |config| {
        config.temperature = Some(0.7);
    }),
    (ConfigField::Speed, "1.5", |config| config.speed = Some(1.5)),
    (ConfigField::Language, "es", |config| {
        config.language = Some("es".to_owned());
    }),
    (ConfigField::Native, "set", |config| {
        config.native.insert("x_custom".to_owned(), json!({"a": 1}));
    }),
];

/// What becomes of a configuration, in a line.
fn outcome(provider: &dyn Provider, config: SessionConfig) -> String {
    let plan = OpeningPlan::fresh(Arc::new(config));
    match provider.open(&plan) {
        Err(refusal) => {
            assert_eq!(refusal.provider, provider.name());
            assert_eq!(refusal.model, plan.config.model);
            let field = refusal.field.map(|field| json!(field));
            let field = field.as_ref().and_then(Value::as_str).unwrap_or("-");
            format!("refused {field}: {}", refusal.why)
        }
        Ok((endpoint, mut codec)) => {
            let mut made: Vec<Effect> = Vec::new();
            codec.start(&mut made);
            let sent: Vec<String> = made
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Send(frame) => Some(String::from_utf8(frame.data.to_vec()).unwrap()),
                    _ => None,
                })
                .collect();
            let query = endpoint
                .url
                .query()
                .map_or_else(String::new, |query| format!("?{query} "));
            if sent.is_empty() {
                format!("{query}nothing")
            } else {
                format!("{query}{}", sent.join(" "))
            }
        }
    }
}

#[test]
fn every_field_on_every_service() {
    let mut table = String::new();
    for (name, provider, model) in services() {
        writeln!(table, "## {name}: {}, model {model:?}", provider.name()).unwrap();
        for (field, value, change) in ROWS {
            let mut config = SessionConfig::new(model);
            change(&mut config);
            let field = json!(field);
            let outcome = outcome(&*provider, config);
            writeln!(table, "{} {value} -> {outcome}", field.as_str().unwrap()).unwrap();
        }
        table.push('\n');
    }
    expect_file!["golden/fields.txt"].assert_eq(&table);
}

/// Each row sets the field it stands for, and each field there is has a row.
#[test]
fn every_field_has_a_row() {
    for (field, value, change) in ROWS {
        let mut config = SessionConfig::new("m");
        change(&mut config);
        assert!(
            ConfigField::set_in(&config).contains(field),
            "{field:?} {value}"
        );
    }
    // What sets everything sets each field, so that a new one shows here.
    let mut all = SessionConfig::new("m");
    for (_, _, change) in ROWS {
        change(&mut all);
    }
    let declared = format!("{all:?}");
    for field in all_names(&declared) {
        let named = |row: &ConfigField| json!(row).as_str() == Some(field.as_str());
        assert!(
            ROWS.iter().any(|(row, ..)| named(row)),
            "no row for {field}"
        );
    }
}

/// The names of the members of a configuration, from the form that must name each of them.
fn all_names(debug: &str) -> Vec<String> {
    let value = debug
        .strip_prefix("SessionConfig { ")
        .unwrap_or_else(|| panic!("{debug}"));
    let mut names = Vec::new();
    let (mut depth, mut word, mut quoted) = (0_i32, String::new(), false);
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ':' if depth == 0 => names.push(std::mem::take(&mut word).trim().to_owned()),
            ',' if depth == 0 => word.clear(),
            _ if depth == 0 => word.push(c),
            _ => {}
        }
    }
    names
}

/// What a service lists it takes in at least one row, and what it does not list it always refuses.
#[test]
fn capabilities_and_outcomes_agree() {
    for (name, provider, model) in services() {
        let can = provider.capabilities(model).into_owned();
        for (field, ..) in ROWS {
            let taken = ROWS
                .iter()
                .filter(|(row, ..)| row == field)
                .any(|(_, _, change)| {
                    let mut config = SessionConfig::new(model);
                    change(&mut config);
                    !outcome(&*provider, config).starts_with("refused")
                });
            assert_eq!(taken, can.fields.contains(field), "{name}: {field:?}");
        }
    }
}
