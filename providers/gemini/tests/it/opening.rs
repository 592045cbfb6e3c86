//! How a connection opens: setup, history, ready; and by a handle.

use std::sync::Arc;

use crate::common::{
    COMPLETE, NATIVE_AUDIO, NEWEST, RESTRICTED, Talk, developer, events, sent, signals, vertex,
};
use antiphon_gemini::Live;
use antiphon_protocol::{
    CallId, Effect, Event, Frame, Item, ItemKind, OpeningPlan, Provider, ResumeToken, Role, Secret,
    Seeded, SessionConfig, SessionStarted, Signal, ToolCall, ToolResult, ToolSpec,
};
use serde_json::{Value, json};

fn plan(model: &str) -> OpeningPlan {
    OpeningPlan::fresh(Arc::new(SessionConfig::new(model)))
}

fn resuming(model: &str) -> OpeningPlan {
    let config = SessionConfig::new(model)
        .instructions("Be brief.")
        .tool(ToolSpec::new("look", "Looks.", json!({"type": "object"})));
    OpeningPlan {
        resume: Some(ResumeToken(Secret::from("handle-1"))),
        ..OpeningPlan::fresh(Arc::new(config))
    }
}

fn with_history(model: &str) -> OpeningPlan {
    OpeningPlan {
        seed: vec![
            Item::text(Role::User, "Hello!"),
            Item::new(ItemKind::ToolCall(ToolCall {
                id: "c1".into(),
                name: "look".to_owned(),
                arguments: "{}".to_owned(),
                item: None,
                response: None,
            })),
            Item::new(ItemKind::ToolResult(ToolResult::new(
                CallId::from("c1"),
                "look",
                "rain",
            ))),
            Item::text(Role::Assistant, "It rains."),
        ],
        bridge: Some("The line was cut.".to_owned()),
        ..plan(model)
    }
}

/// The setup, and what the answer to it leads to.
fn opened(provider: &Live, plan: &OpeningPlan) -> (Value, Vec<Effect>) {
    let mut talk = Talk::opened(provider, plan);
    let setup = sent(&talk.made()).remove(0);
    (setup["setup"].clone(), talk.heard(COMPLETE))
}

fn ready(resumed: bool, seeded: Seeded) -> Signal {
    Signal::Ready { resumed, seeded }
}

#[test]
fn a_session_is_ready_when_its_setup_is_complete() {
    let mut talk = Talk::opened(&developer(), &plan(NEWEST));
    talk.made();
    assert_eq!(talk.heard("{}"), []);
    assert_eq!(
        talk.heard(r#"{"setupComplete":{"sessionId":"s1"}}"#),
        [
            Effect::Event(Event::SessionStarted(SessionStarted {
                id: Some("s1".to_owned()),
                ..SessionStarted::default()
            })),
            Effect::Event(Event::Configured),
            Effect::Signal(ready(false, Seeded::Nothing)),
        ]
    );
    // Once is enough.
    let again = talk.heard(COMPLETE);
    assert!(
        matches!(again.as_slice(), [Effect::Event(Event::Other(_))]),
        "{again:?}"
    );
}

#[test]
fn text_and_binary_frames_are_read_alike() {
    for frame in [
        Frame::text(COMPLETE),
        Frame::binary(COMPLETE.as_bytes().to_vec()),
    ] {
        let (_, mut codec) = developer().open(&plan(NEWEST)).unwrap();
        let mut made: Vec<Effect> = Vec::new();
        codec.decode(&frame, &mut made);
        assert_eq!(signals(&made), [ready(false, Seeded::Nothing)]);
    }
}

#[test]
fn history_is_marked_where_the_wire_has_a_mark_for_it() {
    let turns = json!([
        {"role": "user", "parts": [{"text": "Hello!"}]},
        {"role": "user", "parts": [{"text": "The tool look({}) answered: rain"}]},
        {"role": "model", "parts": [{"text": "It rains."}]},
        {"role": "user", "parts": [{"text": "The line was cut."}]},
    ]);
    for (provider, model, marked) in [
        (developer(), NEWEST, true),
        (developer(), RESTRICTED, true),
        (developer(), NATIVE_AUDIO, false),
        (vertex(), NEWEST, false),
    ] {
        let (setup, made) = opened(&provider, &with_history(model));
        let mark = json!({"initialHistoryInClientContent": true});
        let mark = if marked { mark } else { Value::Null };
        assert_eq!(setup["historyConfig"], mark, "{model}");
        // Without the mark a complete turn would be answered.
        assert_eq!(
            sent(&made),
            [json!({"clientContent": {"turns": turns, "turnComplete": marked}})],
            "{model}"
        );
        assert_eq!(signals(&made), [ready(false, Seeded::Whole)]);
        // The history is on its way before anything else can be.
        assert!(matches!(made.last(), Some(Effect::Signal(_))));
    }
}

#[test]
fn without_history_there_is_no_mark() {
    let (setup, made) = opened(&developer(), &plan(NEWEST));
    assert_eq!(setup["historyConfig"], Value::Null);
    assert_eq!(sent(&made), Vec::<Value>::new());
    // A bridge alone is no history.
    let bridge = OpeningPlan {
        bridge: Some("The line was cut.".to_owned()),
        ..plan(NEWEST)
    };
    let (_, made) = opened(&developer(), &bridge);
    assert_eq!(sent(&made).len(), 1);
    assert_eq!(signals(&made), [ready(false, Seeded::Nothing)]);
}

#[test]
fn history_that_cannot_be_told_is_no_history() {
    let mute = OpeningPlan {
        seed: vec![Item::text(Role::User, "")],
        ..plan(NEWEST)
    };
    let (setup, made) = opened(&developer(), &mute);
    assert_eq!(setup["historyConfig"], Value::Null);
    assert_eq!(signals(&made), [ready(false, Seeded::Nothing)]);
}

#[test]
fn a_handle_resumes() {
    for provider in [developer(), vertex()] {
        let (setup, made) = opened(&provider, &resuming(RESTRICTED));
        assert_eq!(setup["sessionResumption"], json!({"handle": "handle-1"}));
        assert_eq!(sent(&made), Vec::<Value>::new());
        assert_eq!(signals(&made), [ready(true, Seeded::Nothing)]);
    }
    let (setup, _) = opened(
        &vertex().with_transparent_resumption(),
        &resuming(RESTRICTED),
    );
    assert_eq!(
        setup["sessionResumption"],
        json!({"handle": "handle-1", "transparent": true})
    );
    let refusal = developer().without_resumption().open(&resuming(NEWEST));
    let refusal = refusal.err().unwrap().to_string();
    assert!(refusal.contains("switched off"), "{refusal}");
    assert!(!refusal.contains("handle-1"), "{refusal}");
}

#[test]
fn a_resumed_session_that_can_be_updated_is_told_again_what_it_is() {
    let (setup, made) = opened(&developer(), &resuming(NEWEST));
    assert_eq!(
        sent(&made),
        [json!({"contextUpdate": {
            "systemInstruction": setup["systemInstruction"],
            "tools": {"tools": setup["tools"]},
        }})]
    );
    assert_eq!(signals(&made), [ready(true, Seeded::Nothing)]);
}

#[test]
fn what_was_said_is_not_told_twice() {
    let both = OpeningPlan {
        resume: Some(ResumeToken(Secret::from("handle-1"))),
        bridge: None,
        ..with_history(NATIVE_AUDIO)
    };
    let (_, made) = opened(&developer(), &both);
    assert_eq!(sent(&made), Vec::<Value>::new());
    assert_eq!(signals(&made), [ready(true, Seeded::Nothing)]);
}

#[test]
fn a_bridge_is_told_once_also_after_a_resume() {
    let bridged = |model| OpeningPlan {
        bridge: Some("The line was cut.".to_owned()),
        ..resuming(model)
    };
    let (setup, made) = opened(&developer(), &bridged(NATIVE_AUDIO));
    assert!(!setup.to_string().contains("The line was cut."));
    assert_eq!(
        sent(&made),
        [json!({"clientContent": {"turnComplete": false, "turns":
            [{"role": "user", "parts": [{"text": "The line was cut."}]}]}})]
    );
    // Where a text of its own would be answered, it stands below the instructions.
    let (setup, made) = opened(&developer(), &bridged(RESTRICTED));
    assert_eq!(
        setup["systemInstruction"]["parts"],
        json!([{"text": "Be brief."}, {"text": "The line was cut."}])
    );
    assert_eq!(sent(&made), Vec::<Value>::new());
}

#[test]
fn ids_of_one_connection_mean_nothing_on_another() {
    let named = |ordinal| {
        let plan = OpeningPlan {
            ordinal,
            ..plan(NEWEST)
        };
        let mut talk = Talk::opened(&developer(), &plan);
        talk.made();
        let made = talk.heard(r#"{"serverContent":{"outputTranscription":{"text":"Hello"}}}"#);
        events(&made)
            .into_iter()
            .find_map(|event| match event {
                Event::OutputTranscript(words) => {
                    Some((words.item.unwrap(), words.response.unwrap()))
                }
                _ => None,
            })
            .unwrap()
    };
    let (first, second) = (named(0), named(1));
    assert!(first.0.is_synthetic() && first.1.is_synthetic());
    assert_ne!(first.0, second.0);
    assert_ne!(first.1, second.1);
}
