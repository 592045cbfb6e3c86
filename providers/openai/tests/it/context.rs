//! Context for the model, and frames of the caller's own that later connections keep.

use std::sync::Arc;

use crate::common::{Talk, sent, signals};
use antiphon_openai::OpenAi;
use antiphon_protocol::{
    Command, CommandId, Context, ContextKind, OpeningPlan, Provider, RawJson, SessionConfig, Signal,
};
use serde_json::{json, value::RawValue};

fn config() -> SessionConfig {
    SessionConfig::new("gpt-realtime")
}

fn talk() -> Talk {
    Talk::ready(config())
}

#[test]
fn context_is_told_by_the_application_and_commentary_needs_a_response() {
    let context = |kind, delegation| {
        Command::Context(Context {
            kind,
            text: "The user is a pilot.".to_owned(),
            delegation,
        })
    };
    for kind in [ContextKind::Instructions, ContextKind::Thinking] {
        let mut talk = talk();
        let frame = talk.frame(1, &context(kind, None));
        assert_eq!(frame["item"]["role"], "system");
        assert_eq!(frame["item"]["content"][0]["text"], "The user is a pilot.");
        let added = r#"{"type":"conversation.item.added","item":{"id":"ap_1_0","type":"message",
            "role":"system","status":"completed","content":[]}}"#;
        assert_eq!(
            signals(&talk.heard(added)),
            [Signal::Ack(CommandId::new(1))]
        );
    }
    for (kind, delegation, advice) in [
        (ContextKind::Commentary, None, "create a response"),
        (
            ContextKind::Thinking,
            Some("d1".into()),
            "name no delegation",
        ),
    ] {
        let refusal = talk().asked(1, &context(kind, delegation)).unwrap_err();
        assert!(refusal.why.contains(advice), "{refusal}");
    }
}

#[test]
fn an_update_of_the_callers_own_is_kept_for_the_next_connection() {
    let provider = OpenAi::realtime("key");
    let frame = |json: &str| RawJson(RawValue::from_string(json.to_owned()).unwrap());
    let update = r#"{"type":"session.update","session":{"type":"realtime","instructions":"Two.",
        "audio":{"output":{"speed":1.2}}}}"#;
    let config = config().instructions("One.").voice("marin");
    let merged = provider.merge_native(&config, &frame(update)).unwrap();
    let plan = OpeningPlan::fresh(Arc::new(merged));
    assert_eq!(
        sent(&Talk::opened(&provider, &plan).made())[0]["session"],
        json!({"type": "realtime", "instructions": "Two.",
            "audio": {"output": {"voice": "marin", "speed": 1.2}}})
    );
    for other in [
        r#"{"type":"response.create"}"#,
        r#"{"type":"session.update"}"#,
        "[]",
    ] {
        assert_eq!(
            provider.merge_native(&config, &frame(other)),
            None,
            "{other}"
        );
    }
}
