//! What of a running session of GPT-Live can change, and what is settled.

use std::sync::Arc;

use crate::common::{STARTED, Talk, events, sent, signals};
use antiphon_openai::{Live, OpenAi};
use antiphon_protocol::{
    AudioFormat, Command, CommandId, ConfigField, Effect, Event, OpeningPlan, Provider, RawJson,
    SessionConfig, Signal, ToolChoice, ToolSpec, Unsupported,
};
use serde_json::{json, value::RawValue};

fn backed() -> Live {
    OpenAi::live("key").with_backend("gpt-5.5")
}

fn config() -> SessionConfig {
    SessionConfig::new("gpt-live-1")
}

fn native(json: &str) -> Command {
    let json = RawValue::from_string(json.to_owned()).unwrap();
    Command::Native(Box::new(RawJson(json)))
}

fn refusal(talk: &mut Talk, command: &Command) -> Unsupported {
    let refusal = talk.asked(99, command).unwrap_err();
    assert_eq!(
        (refusal.provider, &*refusal.model),
        ("openai-live", "gpt-live-1")
    );
    refusal
}

/// The settled commands among what was made.
fn acks(made: &[Effect]) -> Vec<u64> {
    signals(made)
        .into_iter()
        .filter_map(|signal| match signal {
            Signal::Ack(id) => Some(id.get()),
            _ => None,
        })
        .collect()
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec::new(name, "", json!({"type": "object"}))
}

/// A session that is ready, opened with `config`.
fn talk(provider: &Live, config: SessionConfig) -> Talk {
    let mut talk = Talk::opened(provider, &OpeningPlan::fresh(Arc::new(config)));
    talk.hear(STARTED);
    talk.made();
    talk
}

fn configure(config: SessionConfig) -> Command {
    Command::Configure(Arc::new(config))
}

#[test]
fn tools_can_change_and_the_update_says_only_that() {
    let mut talk = talk(&backed(), config().tool(tool("a")));
    let update = talk.frame(1, &configure(config().tool(tool("b"))));
    assert_eq!(
        (&update["type"], &update["event_id"]),
        (&json!("session.update"), &json!("ap_1_0"))
    );
    let session = update["session"].as_object().unwrap();
    assert_eq!(session.keys().collect::<Vec<_>>(), ["delegation"]);
    assert_eq!(session["delegation"]["responses"]["tools"][0]["name"], "b");
    let made = talk.heard(r#"{"type":"session.updated","session":{"id":"live_1"}}"#);
    assert_eq!(acks(&made), [1]);
    assert!(matches!(events(&made)[..], [Event::Configured]));
    // It is like that already.
    let mut made: Vec<Effect> = Vec::new();
    talk.codec
        .encode(
            CommandId::new(2),
            &configure(config().tool(tool("b"))),
            &mut made,
        )
        .unwrap();
    assert_eq!(made, [Effect::Signal(Signal::Ack(CommandId::new(2)))]);
    // Without tools there are none.
    let update = talk.frame(3, &configure(config()));
    assert_eq!(
        update["session"]["delegation"]["responses"]["tools"],
        json!([])
    );
}

#[test]
fn a_refused_update_leaves_the_session_as_it_was() {
    let mut talk = talk(&backed(), config().tool(tool("a")));
    talk.frame(1, &configure(config().tool(tool("b"))));
    talk.hear(r#"{"type":"error","error":{"type":"invalid_request_error","message":"m","client_event_id":"ap_1_0"}}"#);
    talk.made();
    assert_eq!(
        talk.asked(2, &configure(config().tool(tool("a")))),
        Ok(vec![])
    );
}

#[test]
fn what_is_settled_is_refused_by_its_field() {
    let mut talk = talk(&backed(), config().instructions("One.").voice("marin"));
    let kept = || config().instructions("One.").voice("marin");
    let rows = [
        (kept().instructions("Two."), ConfigField::Instructions),
        (kept().voice("cedar"), ConfigField::Voice),
        (SessionConfig::new("gpt-live-1.1"), ConfigField::Model),
        (
            kept()
                .input_format(AudioFormat::MULAW_8K)
                .output_format(AudioFormat::MULAW_8K),
            ConfigField::OutputFormat,
        ),
        (kept().native("store", json!(true)), ConfigField::Native),
        (
            kept().native("delegation", json!({"type": "client"})),
            ConfigField::Native,
        ),
    ];
    for (config, field) in rows {
        let refusal = refusal(&mut talk, &configure(config));
        assert_eq!(refusal.field, Some(field), "{refusal}");
    }
    let mut bounded = kept();
    bounded.max_output_tokens = Some(100);
    assert_eq!(talk.asked(1, &configure(bounded)).unwrap().len(), 1);
    talk.hear(r#"{"type":"session.updated","session":{"id":"live_1"}}"#);
    talk.made();
    assert_eq!(
        refusal(&mut talk, &configure(kept())).field,
        Some(ConfigField::MaxOutputTokens)
    );
}

#[test]
fn an_update_of_the_callers_own_is_kept_for_the_next_connection() {
    let provider = backed();
    let frame = |json: &str| RawJson(RawValue::from_string(json.to_owned()).unwrap());
    let update = r#"{"type":"session.update","session":{"delegation":{"type":"responses","responses":{"tool_choice":"required"}},"triggers":[]}}"#;
    let merged = provider
        .merge_native(&config().tool(tool("a")), &frame(update))
        .unwrap();
    let mut again = Talk::opened(&provider, &OpeningPlan::fresh(Arc::new(merged)));
    let session = sent(&again.made())[0]["session"].clone();
    assert_eq!(
        session["delegation"]["responses"]["tool_choice"],
        "required"
    );
    assert_eq!(session["delegation"]["responses"]["model"], "gpt-5.5");
    assert_eq!(session["delegation"]["responses"]["tools"][0]["name"], "a");
    assert_eq!(session["triggers"], json!([]));
    for other in [
        r#"{"type":"session.close"}"#,
        r#"{"type":"session.update"}"#,
        "1",
        "{}",
    ] {
        assert_eq!(
            provider.merge_native(&config(), &frame(other)),
            None,
            "{other}"
        );
    }
    // The codec knows of it too: what it asked for is no change.
    let mut talk = talk(&provider, config().tool(tool("a")));
    talk.asked(1, &native(update)).unwrap();
    assert_eq!(
        acks(&talk.heard(
            r#"{"type":"session.updated","session":{"id":"live_1"},"client_event_id":"ap_1_0"}"#
        )),
        [1]
    );
    let mut wanted = config().tool(tool("a")).native("triggers", json!([]));
    wanted.tool_choice = Some(ToolChoice::Required);
    assert_eq!(talk.asked(2, &configure(wanted)), Ok(vec![]));
}
