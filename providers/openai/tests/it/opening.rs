//! How a session opens, and how an opening fails.

use std::sync::Arc;

use crate::common::{CREATED, Talk, UPDATED, events, sent, signals};
use antiphon_openai::OpenAi;
use antiphon_protocol::{
    Content, Effect, Event, Fault, Item, ItemKind, OpeningPlan, Provider, ResumeToken, Role,
    Secret, Seeded, SessionConfig, Signal, ToolCall, ToolResult, WallTime,
};
use serde_json::{Value, json};

fn plan() -> OpeningPlan {
    OpeningPlan::fresh(Arc::new(SessionConfig::new("gpt-realtime")))
}

fn open(plan: &OpeningPlan) -> Talk {
    Talk::opened(&OpenAi::realtime("key"), plan)
}

const READY: Signal = Signal::Ready {
    resumed: false,
    seeded: Seeded::Nothing,
};

#[test]
fn a_session_is_ready_when_its_configuration_is_accepted() {
    let mut talk = open(&plan());
    assert_eq!(sent(&talk.made()).len(), 1);

    let made = talk.heard(CREATED);
    let [
        Effect::Event(Event::SessionStarted(started)),
        Effect::Signal(expires),
    ] = &made[..]
    else {
        panic!("{made:?}");
    };
    assert_eq!(started.id.as_deref(), Some("sess_1"));
    assert_eq!(started.model.as_deref(), Some("gpt-realtime"));
    let end = WallTime::from_unix_seconds(1_785_217_650);
    assert_eq!(started.expires, Some(end));
    assert_eq!(*expires, Signal::Expires(end));

    assert_eq!(
        talk.heard(UPDATED),
        [Effect::Event(Event::Configured), Effect::Signal(READY)]
    );
}

#[test]
fn a_joined_call_says_nothing_before_the_configuration() {
    let provider = OpenAi::realtime("key").joining_call("rtc_1");
    let (endpoint, _) = provider.open(&plan()).unwrap();
    assert_eq!(
        endpoint.url.to_string(),
        "wss://api.openai.com/v1/realtime?call_id=rtc_1"
    );
    let mut talk = Talk::opened(&provider, &plan());
    let made = talk.heard(UPDATED);
    assert!(matches!(
        events(&made)[..],
        [Event::SessionStarted(_), Event::Configured]
    ));
    assert_eq!(signals(&made), [READY]);
}

// faults: B4, B12 by an error event that refuses a field of the configuration
#[test]
fn a_refused_configuration_refuses_the_session() {
    let mut talk = open(&plan());
    talk.hear(CREATED);
    talk.made();
    let made = talk.heard(
        r#"{"type":"error","event_id":"e3","error":{"type":"invalid_request_error",
           "code":"unknown_parameter","message":"Unknown parameter","param":"session.voice",
           "event_id":"ap_open"}}"#,
    );
    let [Effect::Event(Event::Error(error)), Effect::Signal(signal)] = &made[..] else {
        panic!("{made:?}");
    };
    assert_eq!(error.param.as_deref(), Some("session.voice"));
    assert_eq!(*signal, Signal::Refused(Fault::Invalid));
    // It stays refused.
    assert_eq!(signals(&talk.heard(UPDATED)), []);
}

// faults: A8 by an error event about the key after the upgrade succeeded
#[test]
fn a_wrong_key_is_noticed_although_the_socket_is_up() {
    let mut talk = open(&plan());
    let made = talk.heard(
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_api_key",
           "message":"Incorrect API key provided"}}"#,
    );
    assert_eq!(signals(&made), [Signal::Refused(Fault::Auth)]);
}

#[test]
fn an_error_without_a_type_is_read_none_the_less() {
    let mut talk = open(&plan());
    let made = talk.heard(r#"{"type":"error","error":{"message":"no","code":"model_not_found"}}"#);
    assert_eq!(signals(&made), [Signal::Refused(Fault::NotFound)]);
}

#[test]
fn a_handle_to_resume_by_is_refused() {
    let mut plan = plan();
    plan.resume = Some(ResumeToken(Secret::from("handle")));
    let refusal = OpenAi::realtime("key").open(&plan).err().unwrap();
    assert!(refusal.to_string().contains("replay"), "{refusal}");
}

fn history() -> Vec<Item> {
    let call = |id: &str| {
        ItemKind::ToolCall(ToolCall {
            id: id.into(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
            item: Some("item_old".into()),
            response: Some("resp_old".into()),
        })
    };
    let spoken = |role, words: Option<&str>| {
        Item::new(ItemKind::Message {
            role,
            content: vec![Content::Audio {
                transcript: words.map(str::to_owned),
            }],
        })
    };
    vec![
        spoken(Role::User, Some("What is there?")).with_id("item_old_1".into()),
        spoken(Role::User, None).with_id("item_old_2".into()),
        Item::new(call("call_1")),
        Item::new(ItemKind::ToolResult(ToolResult::new(
            "call_1".into(),
            "look",
            "fog",
        ))),
        Item::new(ItemKind::ToolResult(ToolResult::new(
            "call_0".into(),
            "look",
            "sun",
        ))),
        spoken(Role::Assistant, Some("There is fog.")),
        Item::new(call("call_2")),
    ]
}

/// The frames that replay [`history`] with a bridge message.
fn replayed() -> (Talk, Vec<Value>) {
    let mut plan = plan();
    plan.seed = history();
    plan.bridge = Some("The line was cut for a moment.".to_owned());
    let mut talk = open(&plan);
    talk.hear(CREATED);
    talk.made();
    let made = talk.heard(UPDATED);
    assert_eq!(signals(&made), []);
    let frames = sent(&made);
    (talk, frames)
}

// faults: C16 by history whose items carry ids of the old conversation
#[test]
fn history_is_replayed_under_new_ids_with_calls_paired() {
    let (_, frames) = replayed();
    let told = |role: &str, kind: &str, text: &str| json!({"type": "message", "role": role, "content": [{"type": kind, "text": text}]});
    let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "look", "arguments": "{}"});
    let expected = [
        told("user", "input_text", "What is there?"),
        call("call_1"),
        json!({"type": "function_call_output", "call_id": "call_1", "output": "fog"}),
        told("system", "input_text", "Result of look: sun"),
        told("assistant", "output_text", "There is fog."),
        call("call_2"),
        told("system", "input_text", "The line was cut for a moment."),
    ];
    assert_eq!(frames.len(), expected.len(), "{frames:#?}");
    for (index, (frame, mut item)) in frames.iter().zip(expected).enumerate() {
        let id = format!("ap_seed_{index}");
        item["id"] = id.clone().into();
        assert_eq!(
            *frame,
            json!({"type": "conversation.item.create", "event_id": id, "item": item})
        );
    }
}

fn added(id: &str) -> String {
    format!(
        r#"{{"type":"conversation.item.added","item":{{"id":"{id}","type":"message","role":"user",
           "content":[]}}}}"#
    )
}

#[test]
fn a_session_is_ready_when_its_history_is_taken_in() {
    let (mut talk, frames) = replayed();
    for index in 0..frames.len() {
        assert_eq!(talk.made(), [], "not before item {index}");
        talk.hear(&added(&format!("ap_seed_{index}")));
    }
    let seeded = Signal::Ready {
        resumed: false,
        // Speech without words cannot be told.
        seeded: Seeded::But(vec![1]),
    };
    // Replayed items are no news.
    assert_eq!(talk.made(), [Effect::Signal(seeded)]);
    let done = added("ap_seed_6").replace("added", "done");
    assert_eq!(talk.heard(&done), []);
}

#[test]
fn servers_may_give_replayed_items_ids_of_their_own() {
    let (mut talk, frames) = replayed();
    for index in 0..frames.len() {
        talk.hear(&added(&format!("item_{index}")));
    }
    assert_eq!(signals(&talk.made()).len(), 1);
}

#[test]
fn what_is_refused_of_a_history_is_told_apart() {
    let (mut talk, frames) = replayed();
    talk.hear(
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"no",
           "event_id":"ap_seed_3"}}"#,
    );
    for index in (0..frames.len()).filter(|index| *index != 3) {
        talk.hear(&added(&format!("ap_seed_{index}")));
    }
    let made = talk.made();
    assert!(matches!(events(&made)[..], [Event::Error(_)]));
    let seeded = Signal::Ready {
        resumed: false,
        seeded: Seeded::But(vec![1, 4]),
    };
    assert_eq!(signals(&made), [seeded]);
}

#[test]
fn a_bridge_message_alone_is_no_history() {
    let mut plan = plan();
    plan.bridge = Some("The line was cut.".to_owned());
    let mut talk = open(&plan);
    talk.hear(UPDATED);
    talk.made();
    assert_eq!(talk.heard(&added("ap_seed_0")), [Effect::Signal(READY)]);
}

#[test]
fn an_item_of_the_services_own_is_told_whatever_its_id() {
    let mut talk = open(&plan());
    talk.hear(UPDATED);
    talk.made();
    let made = talk.heard(&added("ap_seed_0"));
    assert!(matches!(events(&made)[..], [Event::ItemAdded { .. }]));
}
