//! What commands become on the wire of GPT-Live, and how the service's word about them comes back.

use crate::common::{Talk, events, signals};
use antiphon_openai::{Live, OpenAi, live_types as wire};
use antiphon_protocol::{
    Command, CommandId, Content, Context, ContextKind, Effect, Event, Fault, Item, ItemId,
    ItemKind, RawJson, ResponseOptions, ResponseStatus, Role, Signal, ToolResult, Unsupported,
    VideoFrame,
};
use bytes::Bytes;
use serde_json::{Value, json, value::RawValue};

fn client() -> Live {
    OpenAi::live("key")
}

fn backed() -> Live {
    client().with_backend("gpt-5.5")
}

fn context(kind: ContextKind, text: &str) -> Command {
    Command::Context(Context {
        kind,
        text: text.to_owned(),
        delegation: None,
    })
}

fn answering(text: &str) -> Command {
    Command::Context(Context {
        kind: ContextKind::Commentary,
        text: text.to_owned(),
        delegation: Some("item_1".into()),
    })
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

#[test]
fn audio_is_appended_whole_samples_only() {
    let mut talk = Talk::live(&client());
    assert_eq!(
        talk.frame(1, &Command::Audio(Bytes::from_static(&[0, 1, 2, 3]))),
        json!({"type": "session.input_audio.append", "audio": "AAECAw=="})
    );
    let odd = Command::Audio(Bytes::from_static(&[0, 1, 2]));
    assert!(refusal(&mut talk, &odd).why.contains("within a sample"));
    let why = Talk::live(&client().attach("live_1"))
        .asked(1, &odd)
        .unwrap_err()
        .why;
    assert!(why.contains("another connection"), "{why}");
}

#[test]
fn context_goes_by_its_kind_and_names_its_delegation() {
    let mut talk = Talk::live(&client());
    for (id, kind, word) in [
        (1, ContextKind::Instructions, "instructions"),
        (2, ContextKind::Thinking, "thinking"),
        (3, ContextKind::Commentary, "commentary"),
    ] {
        assert_eq!(
            talk.frame(id, &context(kind, "Mind the gap.")),
            json!({"type": format!("session.{word}.append"), "event_id": format!("ap_{id}_0"),
                "content": "Mind the gap.", "delegation_id": null})
        );
    }
    assert_eq!(
        talk.frame(4, &answering("Sunny."))["delegation_id"],
        "item_1"
    );
    let why = refusal(&mut Talk::live(&backed()), &answering("Sunny.")).why;
    assert!(why.contains("name none"), "{why}");
}

#[test]
fn appends_are_acknowledged_by_name_else_in_order() {
    let mut talk = Talk::live(&client());
    for id in 1..=3 {
        talk.asked(id, &context(ContextKind::Thinking, "x"))
            .unwrap();
    }
    talk.asked(4, &context(ContextKind::Commentary, "y"))
        .unwrap();
    let appended = |kind: &str, name: &str| {
        format!(r#"{{"type":"session.{kind}.appended","start_ms":1,"end_ms":2{name}}}"#)
    };
    let mut heard = |frame: String| acks(&talk.heard(&frame));
    assert_eq!(
        heard(appended("thinking", r#","client_event_id":"ap_2_0""#)),
        [2]
    );
    assert_eq!(heard(appended("thinking", "")), [1]);
    assert_eq!(heard(appended("commentary", "")), [4]);
    assert_eq!(
        heard(appended("thinking", r#","client_event_id":"somebody""#)),
        [0; 0]
    );
    assert_eq!(
        heard(appended("thinking", r#","client_event_id":null"#)),
        [3]
    );
    assert_eq!(heard(appended("thinking", "")), [0; 0]);
}

#[test]
fn a_long_context_is_one_command_in_pieces() {
    let mut talk = Talk::live(&client());
    let text = "A sentence of some length that says little. ".repeat(60);
    let frames = talk
        .asked(7, &context(ContextKind::Thinking, &text))
        .unwrap();
    assert!(frames.len() > 1);
    let said: Vec<_> = frames
        .iter()
        .map(|frame| frame["content"].as_str().unwrap())
        .collect();
    assert_eq!(said.join(" "), text.trim());
    for (index, _) in frames.iter().enumerate() {
        let made = talk.heard(&format!(
            r#"{{"type":"session.thinking.appended","client_event_id":"ap_7_{index}"}}"#
        ));
        let expected: &[u64] = if index + 1 == frames.len() { &[7] } else { &[] };
        assert_eq!(acks(&made), expected, "{index}");
    }
    let hopeless = context(ContextKind::Thinking, &"x".repeat(10_000));
    assert!(refusal(&mut talk, &hopeless).why.contains("450 tokens"));
}

#[test]
fn a_refused_piece_refuses_the_command() {
    let mut talk = Talk::live(&client());
    let text = "A sentence of some length that says little. ".repeat(60);
    talk.asked(7, &context(ContextKind::Thinking, &text))
        .unwrap();
    let made = talk.heard(
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_value",
        "message":"m","param":"content","client_event_id":"ap_7_1"}}"#,
    );
    let [Signal::Reject(id, error)] = &signals(&made)[..] else {
        panic!("{made:?}");
    };
    assert_eq!(
        (id.get(), error.fault, error.command),
        (7, Fault::Invalid, Some(CommandId::new(7)))
    );
    assert_eq!(
        acks(&talk.heard(r#"{"type":"session.thinking.appended","client_event_id":"ap_7_0"}"#)),
        [0; 0]
    );
}

#[test]
fn words_become_context_where_the_caller_works() {
    let items = |role| Command::AddItems(vec![Item::text(role, "Hello there.")]);
    for (role, kind, content) in [
        (
            Role::User,
            "instructions",
            "The user has written this to you; answer it now: Hello there.",
        ),
        (Role::Assistant, "thinking", "You have said: Hello there."),
        (Role::System, "instructions", "Hello there."),
    ] {
        let mut talk = Talk::live(&client());
        assert_eq!(
            talk.frame(1, &items(role)),
            json!({"type": format!("session.{kind}.append"), "event_id": "ap_1_0",
                "content": content, "delegation_id": null})
        );
        assert_eq!(
            acks(&talk.heard(&format!(r#"{{"type":"session.{kind}.appended"}}"#))),
            [1]
        );
    }
    let image = Content::Image {
        mime: "image/png".to_owned(),
        data: Bytes::from_static(b"png"),
    };
    let shown = Item::new(ItemKind::Message {
        role: Role::User,
        content: vec![image],
    });
    let result = Item::new(ItemKind::ToolResult(ToolResult::new(
        "c1".into(),
        "look",
        "42",
    )));
    for item in [shown, result] {
        let why = refusal(&mut Talk::live(&client()), &Command::AddItems(vec![item])).why;
        assert!(why.contains("with_backend"), "{why}");
    }
}

#[test]
fn items_go_to_a_backend_model_as_they_are() {
    let image = Content::Image {
        mime: "image/png".to_owned(),
        data: Bytes::from_static(&[0, 1, 2]),
    };
    let items = vec![
        Item::new(ItemKind::Message {
            role: Role::User,
            content: vec![Content::Text("See.".to_owned()), image],
        }),
        Item::text(Role::System, "Be exact."),
        Item::text(Role::Assistant, "Yes."),
    ];
    let frames = Talk::live(&backed())
        .asked(1, &Command::AddItems(items))
        .unwrap();
    let message = |n, role, content: Value| {
        json!({"type": "response.item.create", "event_id": format!("ap_1_{n}"),
        "item": {"type": "message", "role": role, "content": content}})
    };
    assert_eq!(
        frames,
        [
            message(
                0,
                "user",
                json!([{"type": "input_text", "text": "See."},
                {"type": "input_image", "image_url": "data:image/png;base64,AAEC"}])
            ),
            message(
                1,
                "developer",
                json!([{"type": "input_text", "text": "Be exact."}])
            ),
            message(
                2,
                "assistant",
                json!([{"type": "output_text", "text": "Yes."}])
            ),
        ]
    );
}

/// A nested event of the backend model, within a delegation.
fn nested(event: &Value) -> String {
    json!({"type": "response.event", "delegation_id": "item_d", "event": event}).to_string()
}

fn call(id: &str, status: &str) -> String {
    nested(
        &json!({"type": "response.output_item.done", "item": {"type": "function_call", "id": "fc_1",
        "call_id": id, "name": "look", "arguments": "{\"a\":1}", "status": status}}),
    )
}

#[test]
fn a_backend_model_calls_tools_and_goes_on_when_all_are_answered() {
    let mut talk = Talk::live(&backed());
    talk.hear(&nested(
        &json!({"type": "response.created", "response": {"id": "resp_1"}}),
    ));
    talk.hear(&call("c1", "completed"));
    talk.hear(&call("c1", "completed"));
    talk.hear(&call("c2", "incomplete"));
    talk.hear(&nested(&json!({"type": "response.completed", "response": {"id": "resp_1", "usage": {
        "input_tokens": 9, "output_tokens": 4, "total_tokens": 13,
        "input_tokens_details": {"cached_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 3}}}})));
    let made = events(&talk.made());
    let [
        Event::ResponseStarted { response },
        Event::ToolCall(call),
        Event::Other(_),
        Event::Other(_),
        Event::ResponseDone(done),
    ] = &made[..]
    else {
        panic!("{made:?}");
    };
    assert_eq!(response.as_ref().unwrap().as_str(), "resp_1");
    assert_eq!(
        (call.id.as_str(), &*call.name, &*call.arguments),
        ("c1", "look", "{\"a\":1}")
    );
    assert_eq!(
        (&call.response, call.item.as_ref().unwrap().as_str()),
        (response, "fc_1")
    );
    assert_eq!(
        (&done.response, &done.status),
        (response, &ResponseStatus::Completed)
    );
    let usage = done.usage.unwrap();
    assert_eq!((usage.input.total, usage.input.cached), (9, 2));
    assert_eq!((usage.output.total, usage.output.reasoning), (4, 3));

    let results = Command::ToolResults(vec![ToolResult::new("c1".into(), "look", "42")]);
    assert_eq!(
        talk.frame(1, &results),
        json!({"type": "response.item.create", "event_id": "ap_1_0",
            "item": {"type": "function_call_output", "call_id": "c1", "output": "42"}})
    );
    assert_eq!(
        talk.frame(2, &Command::CreateResponse(ResponseOptions::default())),
        json!({"type": "response.create", "event_id": "ap_2_0"})
    );
}

#[test]
fn who_is_to_speak_depends_on_who_has_something_to_say() {
    let create = || Command::CreateResponse(ResponseOptions::default());
    let instructed = Command::CreateResponse(ResponseOptions::instructed("Greet the caller."));
    let hello = Command::AddItems(vec![Item::text(Role::User, "Hello.")]);
    let mut talk = Talk::live(&backed());
    // Nothing waits for the backend model: the live one speaks.
    for (id, command, words) in [
        (1, create(), "Speak to the user now."),
        (2, instructed.clone(), "Greet the caller."),
    ] {
        assert_eq!(
            talk.frame(id, &command),
            json!({"type": "session.instructions.append", "event_id": format!("ap_{id}_0"),
                "content": words, "delegation_id": null})
        );
        assert_eq!(
            acks(&talk.heard(r#"{"type":"session.instructions.appended"}"#)),
            [id]
        );
    }
    talk.asked(3, &hello).unwrap();
    assert!(
        refusal(&mut talk, &instructed)
            .why
            .contains("takes no options")
    );
    assert_eq!(talk.frame(4, &create())["type"], "response.create");
    assert_eq!(
        talk.frame(5, &create())["type"],
        "session.instructions.append"
    );
}

#[test]
fn calls_of_a_response_that_failed_are_void() {
    for (kind, status) in [
        ("response.failed", "failed"),
        ("response.incomplete", "incomplete"),
    ] {
        let mut talk = Talk::live(&backed());
        talk.hear(&nested(
            &json!({"type": "response.created", "response": {"id": "resp_1"}}),
        ));
        talk.hear(&call("c1", "completed"));
        talk.hear(&call("c2", "completed"));
        talk.asked(
            1,
            &Command::ToolResults(vec![ToolResult::new("c1".into(), "look", "42")]),
        )
        .unwrap();
        let made = events(&talk.heard(&nested(
            &json!({"type": kind, "response": {"id": "resp_1", "status": status,
            "error": {"code": "server_error", "message": "m"},
            "incomplete_details": {"reason": "max_output_tokens"}}}),
        )));
        let [
            Event::ToolCallsCancelled { calls },
            Event::ResponseDone(done),
        ] = &made[..]
        else {
            panic!("{made:?}");
        };
        assert_eq!(calls, &["c2".into()]);
        match &done.status {
            ResponseStatus::Failed { error } => {
                assert_eq!(
                    (kind, error.as_ref().unwrap().fault),
                    ("response.failed", Fault::Server)
                );
            }
            ResponseStatus::Incomplete { reason } => {
                assert_eq!(
                    (kind, reason.as_deref()),
                    ("response.incomplete", Some("max_output_tokens"))
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_failed_tool_says_so_in_words() {
    let result = ToolResult {
        is_error: true,
        ..ToolResult::new("c1".into(), "look", "no \"city\"")
    };
    let frame = Talk::live(&backed()).frame(1, &Command::ToolResults(vec![result]));
    assert_eq!(frame["item"]["output"], r#"{"error":"no \"city\""}"#);
}

#[test]
fn what_the_wire_cannot_say_is_refused_with_what_to_do_instead() {
    let rows = [
        (Command::CommitAudio, "no turns"),
        (Command::ActivityStart, "no turns"),
        (Command::ActivityEnd, "no turns"),
        (Command::ClearAudio, "no audio back"),
        (Command::AudioStreamEnd, "send silence"),
        (
            Command::Video(VideoFrame {
                mime: "image/jpeg".to_owned(),
                data: Bytes::new(),
            }),
            "images to a backend",
        ),
        (Command::CancelResponse(None), "stop the playback"),
        (
            Command::Truncate {
                item: ItemId::from("i"),
                content_index: 0,
                heard: 1,
            },
            "thinking in context",
        ),
        (Command::DeleteItem(ItemId::from("i")), "no items"),
        (
            Command::CreateResponse(ResponseOptions::default()),
            "commentary",
        ),
        (
            Command::ToolResults(vec![ToolResult::new("c".into(), "n", "o")]),
            "answer a delegation",
        ),
        (
            native(r#"{"type":"session.start","session":{}}"#),
            "has started",
        ),
        (native("[]"), "JSON object"),
        (context(ContextKind::Thinking, "  "), "nothing in it"),
    ];
    let mut talk = Talk::live(&client());
    for (command, why) in rows {
        let refusal = refusal(&mut talk, &command);
        assert_eq!(refusal.what, command.name());
        assert!(refusal.why.contains(why), "{refusal}");
    }
}

#[test]
fn muting_is_a_command_of_this_wire_and_is_acknowledged() {
    let mut talk = Talk::live(&client());
    assert_eq!(
        talk.frame(1, &Live::mute().unwrap()),
        json!({"type": "session.input_audio.mute", "event_id": "ap_1_0"})
    );
    assert_eq!(
        acks(&talk.heard(r#"{"type":"session.input_audio.muted","client_event_id":"ap_1_0"}"#)),
        [1]
    );
    assert_eq!(
        talk.frame(2, &Live::unmute().unwrap())["type"],
        "session.input_audio.unmute"
    );
    assert_eq!(
        acks(&talk.heard(r#"{"type":"session.input_audio.unmuted"}"#)),
        [2]
    );
    let chime =
        Live::command(wire::SessionOutputAudioFixturePlay::new("AAAA").with_event_id("mine"))
            .unwrap();
    assert_eq!(talk.frame(3, &chime)["event_id"], "mine");
    assert_eq!(
        acks(
            &talk.heard(
                r#"{"type":"session.output_audio.fixture.playing","client_event_id":"mine"}"#
            )
        ),
        [3]
    );
    let key = Live::sideband_command(wire::TransportDtmfSend::new("5")).unwrap();
    assert_eq!(talk.frame(4, &key)["type"], "transport.dtmf.send");
    assert_eq!(
        acks(&talk.heard(r#"{"type":"transport.dtmf.sent","event":"5"}"#)),
        [4]
    );
}

#[test]
fn a_refusal_finds_a_command_under_the_callers_own_name() {
    let mut talk = Talk::live(&backed());
    talk.asked(
        5,
        &native(r#"{"type":"response.create","event_id":"mine"}"#),
    )
    .unwrap();
    let made = talk.heard(r#"{"type":"error","error":{"type":"invalid_request_error","message":"m","client_event_id":"mine"}}"#);
    assert!(
        matches!(&signals(&made)[..], [Signal::Reject(id, _)] if id.get() == 5),
        "{made:?}"
    );
}
