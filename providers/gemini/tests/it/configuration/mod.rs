//! Each field of the configuration is sent, or refused with field, provider and model named: on the
//! Developer API and on Vertex.

mod rows;

use std::sync::Arc;

use crate::common::{NEWEST, developer, vertex};
use antiphon_gemini::{ContextCompression, Live};
use antiphon_protocol::{
    AudioFormat, ConfigField, Effect, InputTranscription, NoiseReduction, OpeningPlan,
    OutputModality, Provider, SessionConfig, ToolBehavior, ToolChoice, TurnDetection, Unsupported,
};
use rows::{Outcome, rows, tool};
use serde_json::{Value, json};

const FULL: &str = "projects/p/locations/us-central1/publishers/google/models/";

/// The setup that opens a session with this configuration.
fn opened(provider: &Live, config: SessionConfig) -> Result<Value, Unsupported> {
    let (_, mut codec) = provider.open(&OpeningPlan::fresh(Arc::new(config)))?;
    let mut made: Vec<Effect> = Vec::new();
    codec.start(&mut made);
    let [Effect::Send(frame)] = made.as_slice() else {
        panic!("one frame opens a session: {made:?}");
    };
    let mut frame: Value = serde_json::from_slice(&frame.data).unwrap();
    codec.start(&mut made);
    assert_eq!(made.len(), 1, "the setup is sent once");
    Ok(frame["setup"].take())
}

fn config(model: &str, change: impl FnOnce(&mut SessionConfig)) -> SessionConfig {
    let mut config = SessionConfig::new(model);
    change(&mut config);
    config
}

/// What every setup has, with `more` in it.
fn setup(model: &str, more: &Value) -> Value {
    let mut setup = json!({
        "model": model,
        "generationConfig": {"responseModalities": ["AUDIO"]},
        "sessionResumption": {},
    });
    merge(&mut setup, more);
    setup
}

fn merge(into: &mut Value, more: &Value) {
    for (name, value) in more.as_object().unwrap() {
        match into.get_mut(name) {
            Some(inner) if inner.is_object() && value.is_object() => merge(inner, value),
            _ => into[name] = value.clone(),
        }
    }
}

#[test]
fn each_value_is_sent_or_refused() {
    for provider in [developer(), vertex()] {
        let prefix = match provider.name() {
            "gemini-live" => "models/",
            _ => FULL,
        };
        for row in rows() {
            let field = row.field;
            let config = config(row.model, row.change);
            let named = config.model.clone();
            match (opened(&provider, config), row.outcome) {
                (Ok(sent), Outcome::Sent(members)) => {
                    let expected = setup(&format!("{prefix}{}", row.model), &members);
                    assert_eq!(sent, expected, "{field:?}");
                }
                (Err(refusal), Outcome::Refused(words)) => {
                    assert!(refusal.why.contains(words), "{field:?}: {refusal}");
                    assert_eq!(refusal.field, Some(field), "{refusal}");
                    assert_eq!(refusal.provider, provider.name());
                    assert_eq!(refusal.model, named);
                }
                (Ok(sent), Outcome::Refused(words)) => {
                    panic!("{field:?} is sent as {sent}, not refused with {words:?}")
                }
                (Err(refusal), Outcome::Sent(_)) => panic!("{field:?}: {refusal}"),
            }
        }
    }
}

/// A field that is new to the language must get a row above.
#[test]
fn no_field_is_forgotten() {
    let mut config = SessionConfig::new("m")
        .voice("v")
        .instructions("i")
        .tool(tool("t", ToolBehavior::Blocking));
    config.output = Some(OutputModality::Audio);
    config.input_format = Some(AudioFormat::PCM16_16K);
    config.output_format = Some(AudioFormat::PCM16_24K);
    config.turn_detection = Some(TurnDetection::Manual);
    config.input_transcription = Some(InputTranscription::default());
    config.output_transcription = Some(true);
    config.noise_reduction = Some(NoiseReduction::FarField);
    config.tool_choice = Some(ToolChoice::Auto);
    config.parallel_tool_calls = Some(true);
    config.max_output_tokens = Some(1);
    config.temperature = Some(1.0);
    config.speed = Some(1.0);
    config.language = Some("en".to_owned());
    config.native.insert("labels".to_owned(), json!({}));
    // Every member of the configuration is set, so that every field there is stands in the list.
    let members = serde_json::to_value(&config).unwrap();
    let fields = ConfigField::set_in(&config);
    assert_eq!(fields.len(), members.as_object().unwrap().len());
    let rows = rows();
    for field in fields {
        assert!(rows.iter().any(|row| row.field == field), "{field:?}");
    }
}

#[test]
fn the_rows_that_are_sent_are_what_the_capabilities_list() {
    for row in rows() {
        let can = developer().capabilities(row.model).into_owned();
        if matches!(row.outcome, Outcome::Sent(_)) {
            assert!(
                can.fields.contains(&row.field),
                "{:?} {}",
                row.field,
                row.model
            );
        }
    }
}

#[test]
fn choices_of_the_builder_are_in_the_setup() {
    let compression = ContextCompression {
        trigger_tokens: Some(100_000),
        target_tokens: Some(50_000),
    };
    let open = |live: &Live| opened(live, SessionConfig::new(NEWEST)).unwrap();
    assert_eq!(
        open(&developer().with_context_compression(compression))["contextWindowCompression"],
        json!({"triggerTokens": "100000", "slidingWindow": {"targetTokens": "50000"}})
    );
    assert_eq!(
        open(&developer().with_context_compression(ContextCompression::default()))["contextWindowCompression"],
        json!({"slidingWindow": {}})
    );
    assert_eq!(
        open(&vertex().with_transparent_resumption())["sessionResumption"],
        json!({"transparent": true})
    );
    assert_eq!(
        open(&developer().without_resumption()).get("sessionResumption"),
        None
    );
    let refusal = opened(
        &developer().with_transparent_resumption(),
        SessionConfig::new(NEWEST),
    )
    .unwrap_err();
    assert!(refusal.to_string().contains("only Vertex"), "{refusal}");
}

/// The caller's own options of resumption are never changed.
#[test]
fn native_resumption_is_kept() {
    let config = config(NEWEST, |config| {
        let resumption = json!({"transparent": true});
        config
            .native
            .insert("sessionResumption".to_owned(), resumption);
    });
    assert_eq!(
        opened(&vertex(), config).unwrap()["sessionResumption"],
        json!({"transparent": true})
    );
}
