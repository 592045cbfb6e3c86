//! Each command is the message the wire wants, or is refused with advice.

use std::sync::Arc;

use crate::common::{
    CASCADE, NATIVE_AUDIO, NEWEST, RESTRICTED, Talk, UNKNOWN, developer, native, sent, signals,
    vertex,
};
use antiphon_protocol::{
    CallId, Command, CommandId, ConfigField, Content, Context, ContextKind, Item, ItemKind,
    Provider, ResponseOptions, Role, Scheduling, SessionConfig, Signal, ToolCall, ToolResult,
    ToolSpec, TurnDetection, VideoFrame,
};
use bytes::Bytes;
use serde_json::{Value, json};

fn manual(model: &str) -> Talk {
    Talk::of(
        &developer(),
        SessionConfig::new(model).turn_detection(TurnDetection::Manual),
    )
}

fn refusal(talk: &mut Talk, command: &Command) -> String {
    match talk.asked(1, command) {
        Ok(frames) => format!("sent {frames:?}"),
        Err(refusal) => refusal.to_string(),
    }
}

fn told(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

#[test]
fn audio_states_its_rate() {
    let config =
        SessionConfig::new(NEWEST).input_format(antiphon_protocol::AudioFormat::pcm16(48_000));
    for (mut talk, rate) in [
        (Talk::ready(NEWEST), 16_000),
        (Talk::of(&developer(), config), 48_000),
    ] {
        assert_eq!(
            talk.frame(&Command::Audio(Bytes::from_static(&[0, 1, 2, 3]))),
            json!({"realtimeInput": {"audio":
                {"data": "AAECAw==", "mimeType": format!("audio/pcm;rate={rate}")}}})
        );
    }
    let frames = Talk::ready(NEWEST).asked(1, &Command::Audio(vec![0; 3_000_000].into()));
    assert_eq!(frames.map(|frames| frames.len()), Ok(3));
}

#[test]
fn video() {
    let frame = VideoFrame {
        mime: "image/jpeg".to_owned(),
        data: Bytes::from_static(&[0, 1, 2]),
    };
    assert_eq!(
        Talk::ready(RESTRICTED).frame(&Command::Video(frame)),
        json!({"realtimeInput": {"video": {"data": "AAEC", "mimeType": "image/jpeg"}}})
    );
}

#[test]
fn activity_is_marked_only_where_the_caller_detects_it() {
    for (command, member) in [
        (Command::ActivityStart, "activityStart"),
        (Command::ActivityEnd, "activityEnd"),
    ] {
        assert_eq!(
            manual(NEWEST).frame(&command),
            json!({"realtimeInput": {member: {}}})
        );
        let why = refusal(&mut Talk::ready(NEWEST), &command);
        assert!(why.contains("configure manual turn detection"), "{why}");
    }
    assert_eq!(
        Talk::ready(NEWEST).frame(&Command::AudioStreamEnd),
        json!({"realtimeInput": {"audioStreamEnd": true}})
    );
    let why = refusal(&mut manual(NEWEST), &Command::AudioStreamEnd);
    assert!(why.contains("mark its end"), "{why}");
    let mut vertex = Talk::of(&vertex(), SessionConfig::new(NEWEST));
    let why = refusal(&mut vertex, &Command::AudioStreamEnd);
    assert!(why.contains("Vertex does not take it"), "{why}");
}

#[test]
fn native_detection_counts_as_well() {
    let detection = json!({"automaticActivityDetection": {"disabled": true}});
    let config = SessionConfig::new(NEWEST).native("realtimeInputConfig", detection);
    let mut talk = Talk::of(&developer(), config);
    assert!(talk.asked(1, &Command::ActivityStart).is_ok());
}

#[test]
fn what_the_wire_cannot_do_is_refused_with_advice() {
    let item: antiphon_protocol::ItemId = "~1".into();
    for (command, words) in [
        (Command::CommitAudio, "mark the end of the activity"),
        (Command::ClearAudio, "stop sending"),
        (Command::CancelResponse(None), "stop playing"),
        (
            Command::Truncate {
                item: item.clone(),
                content_index: 0,
                heard: 1,
            },
            "keeps what was heard",
        ),
        (Command::DeleteItem(item), "cannot be edited"),
    ] {
        for model in [NEWEST, NATIVE_AUDIO] {
            let why = refusal(&mut Talk::ready(model), &command);
            assert!(why.contains(words), "{why}");
            assert!(why.contains(model), "{why}");
        }
    }
}

#[test]
fn items_are_turns_where_a_model_takes_them() {
    let image = Content::Image {
        mime: "image/png".to_owned(),
        data: Bytes::from_static(&[0, 1, 2]),
    };
    let items = Command::AddItems(vec![
        Item::text(Role::User, "Hello!"),
        Item::text(Role::Assistant, "Yes?"),
        Item::new(ItemKind::Message {
            role: Role::User,
            content: vec![Content::Text("What is this?".to_owned()), image],
        }),
    ]);
    for model in [NATIVE_AUDIO, CASCADE] {
        assert_eq!(
            Talk::ready(model).frame(&items),
            json!({"clientContent": {"turnComplete": false, "turns": [
                told("Hello!"),
                {"role": "model", "parts": [{"text": "Yes?"}]},
                {"role": "user", "parts": [
                    {"text": "What is this?"},
                    {"inlineData": {"mimeType": "image/png", "data": "AAEC"}},
                ]},
            ]}})
        );
    }
    for model in [NEWEST, RESTRICTED, UNKNOWN] {
        let why = refusal(&mut Talk::ready(model), &items);
        assert!(why.contains("only the user's words"), "{why}");
    }
}

#[test]
fn the_users_words_are_said_where_a_model_takes_no_turns() {
    let image = Content::Image {
        mime: "image/png".to_owned(),
        data: Bytes::from_static(&[0, 1, 2]),
    };
    let items = Command::AddItems(vec![Item::new(ItemKind::Message {
        role: Role::User,
        content: vec![image, Content::Text("What is this?".to_owned())],
    })]);
    for model in [NEWEST, RESTRICTED, UNKNOWN] {
        assert_eq!(
            Talk::ready(model).asked(1, &items),
            Ok(vec![
                json!({"realtimeInput": {"video": {"mimeType": "image/png", "data": "AAEC"}}}),
                json!({"realtimeInput": {"text": "What is this?"}}),
            ])
        );
    }
}

#[test]
fn items_that_are_no_messages_are_refused() {
    let call = Item::new(ItemKind::ToolCall(ToolCall {
        id: "c".into(),
        name: "look".to_owned(),
        arguments: "{}".to_owned(),
        item: None,
        response: None,
    }));
    for (item, words) in [
        (call, "answer a call with its result"),
        (Item::text(Role::System, "Be brief."), "as context"),
    ] {
        let why = refusal(
            &mut Talk::ready(NATIVE_AUDIO),
            &Command::AddItems(vec![item]),
        );
        assert!(why.contains(words), "{why}");
    }
    let nothing = Command::AddItems(vec![Item::text(Role::User, "")]);
    assert_eq!(Talk::ready(NEWEST).asked(1, &nothing), Ok(vec![]));
}

#[test]
fn a_response_is_asked_for_where_a_model_can_be_asked() {
    let plain = Command::CreateResponse(ResponseOptions::default());
    let greeting = Command::CreateResponse(ResponseOptions::instructed("Greet the caller."));
    let mut asked = Talk::ready(NATIVE_AUDIO);
    assert_eq!(
        asked.frame(&plain),
        json!({"clientContent": {"turnComplete": true}})
    );
    assert_eq!(
        asked.frame(&greeting),
        json!({"clientContent": {"turnComplete": true, "turns": [told("Greet the caller.")]}})
    );
    for model in [NEWEST, RESTRICTED, UNKNOWN] {
        assert!(!developer().capabilities(model).create_response);
        let mut talk = Talk::ready(model);
        assert_eq!(
            talk.frame(&greeting),
            json!({"realtimeInput": {"text": "Greet the caller."}})
        );
        let why = refusal(&mut talk, &plain);
        assert!(why.contains("answers by itself"), "{why}");
    }
    let mut options = ResponseOptions::default();
    options.max_output_tokens = Some(5);
    let why = refusal(&mut asked, &Command::CreateResponse(options));
    assert!(why.contains("only instructions"), "{why}");
}

#[test]
fn tool_results() {
    let result = |output: &str| ToolResult::new(CallId::from("c1"), "look", output);
    let answer = |response: Value| {
        json!({"toolResponse": {"functionResponses":
            [{"id": "c1", "name": "look", "response": response}]}})
    };
    let mut failed = result(r#"{"reason":"rain"}"#);
    failed.is_error = true;
    for (result, response) in [
        (result("It rains."), json!({"output": "It rains."})),
        (result("5"), json!({"output": "5"})),
        (
            result(r#"{"degrees":5}"#),
            json!({"output": {"degrees": 5}}),
        ),
        (result("[1]"), json!({"output": [1]})),
        (failed, json!({"error": {"reason": "rain"}})),
    ] {
        let frame = Talk::ready(NEWEST).frame(&Command::ToolResults(vec![result]));
        assert_eq!(frame, answer(response));
    }
    let two = Command::ToolResults(vec![result("a"), ToolResult::new("c2".into(), "", "b")]);
    assert_eq!(
        Talk::ready(NEWEST).frame(&two)["toolResponse"]["functionResponses"],
        json!([
            {"id": "c1", "name": "look", "response": {"output": "a"}},
            {"id": "c2", "response": {"output": "b"}},
        ])
    );
}

#[test]
fn answers_are_scheduled_where_tools_run_beside_the_talk() {
    for (scheduling, word) in [
        (Scheduling::Interrupt, "INTERRUPT"),
        (Scheduling::WhenIdle, "WHEN_IDLE"),
        (Scheduling::Silent, "SILENT"),
    ] {
        let mut result = ToolResult::new(CallId::from("c1"), "look", "rain");
        result.scheduling = Some(scheduling);
        let command = Command::ToolResults(vec![result]);
        for (model, expected) in [(NEWEST, json!(word)), (RESTRICTED, Value::Null)] {
            let frame = Talk::ready(model).frame(&command);
            assert_eq!(
                frame["toolResponse"]["functionResponses"][0]["scheduling"],
                expected
            );
        }
    }
}

fn context(kind: ContextKind) -> Command {
    Command::Context(Context {
        kind,
        text: "It rains.".to_owned(),
        delegation: None,
    })
}

#[test]
fn context_goes_the_way_a_model_has_for_it() {
    use ContextKind::{Commentary, Instructions, Thinking};
    let quiet = json!({"clientContent": {"turnComplete": false, "turns": [told("It rains.")]}});
    let loud = json!({"clientContent": {"turnComplete": true, "turns": [told("It rains.")]}});
    let said = json!({"realtimeInput": {"text": "It rains."}});
    let update = json!({"contextUpdate": {"systemInstruction": told("It rains.")}});
    let order = json!({"clientContent": {"turnComplete": false, "turns":
        [{"role": "system", "parts": [{"text": "It rains."}]}]}});
    for (provider, model, kind, frame) in [
        (developer(), NATIVE_AUDIO, Thinking, Some(&quiet)),
        (developer(), NATIVE_AUDIO, Commentary, Some(&loud)),
        (developer(), NATIVE_AUDIO, Instructions, None),
        (vertex(), NATIVE_AUDIO, Instructions, Some(&order)),
        (developer(), RESTRICTED, Thinking, None),
        (developer(), RESTRICTED, Commentary, Some(&said)),
        (developer(), RESTRICTED, Instructions, None),
        (developer(), NEWEST, Thinking, None),
        (vertex(), NEWEST, Commentary, Some(&said)),
        (vertex(), NEWEST, Instructions, Some(&update)),
    ] {
        let mut talk = Talk::of(&provider, SessionConfig::new(model));
        let made = talk.asked(1, &context(kind)).ok();
        let frame = frame.map(|frame| vec![frame.clone()]);
        assert_eq!(made, frame, "{model} {kind:?}");
        let listed = provider.capabilities(model).contexts.contains(&kind);
        assert_eq!(listed, frame.is_some(), "{model} {kind:?}");
    }
    let delegated = Command::Context(Context {
        kind: Commentary,
        text: "x".to_owned(),
        delegation: Some("d".into()),
    });
    let why = refusal(&mut Talk::ready(NEWEST), &delegated);
    assert!(why.contains("no delegations"), "{why}");
}

#[test]
fn orders_stand_below_the_instructions_and_stay_there() {
    let base = SessionConfig::new(NEWEST).instructions("Be brief.");
    let mut talk = Talk::of(&developer(), base.clone());
    let text =
        |frame: Value| frame["contextUpdate"]["systemInstruction"]["parts"][0]["text"].clone();
    assert_eq!(
        text(talk.frame(&context(ContextKind::Instructions))),
        "Be brief.\n\nIt rains."
    );
    assert_eq!(
        text(talk.frame(&context(ContextKind::Instructions))),
        "Be brief.\n\nIt rains.\n\nIt rains."
    );
    let changed = Command::Configure(Arc::new(base.instructions("Sing.")));
    assert_eq!(
        text(talk.frame(&changed)),
        "Sing.\n\nIt rains.\n\nIt rains."
    );
    let long = Command::Context(Context {
        kind: ContextKind::Instructions,
        text: "x".repeat(70_000),
        delegation: None,
    });
    let why = refusal(&mut talk, &long);
    assert!(why.contains("too many orders"), "{why}");
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec::new(name, "Looks.", json!({"type": "object"}))
}

#[test]
fn instructions_and_tools_change_live_on_the_newest_models() {
    let base = SessionConfig::new(NEWEST)
        .instructions("Be brief.")
        .tool(tool("look"));
    for provider in [developer(), vertex()] {
        let mut talk = Talk::of(&provider, base.clone());
        let sung = base.clone().instructions("Sing.");
        assert_eq!(
            talk.frame(&Command::Configure(Arc::new(sung.clone()))),
            json!({"contextUpdate": {"systemInstruction": told("Sing.")}})
        );
        let mut idle = sung;
        idle.tools.clear();
        assert_eq!(
            talk.frame(&Command::Configure(Arc::new(idle.clone()))),
            json!({"contextUpdate": {"tools": {"tools": []}}})
        );
        let busy = idle.clone().tool(tool("find")).instructions("Find.");
        let update = talk.frame(&Command::Configure(Arc::new(busy)));
        let update = &update["contextUpdate"];
        assert_eq!(
            update["tools"]["tools"][0]["functionDeclarations"][0]["name"],
            "find"
        );
        assert_eq!(update["systemInstruction"], told("Find."));
    }
}

#[test]
fn what_cannot_change_live_is_refused_by_its_field() {
    let base = SessionConfig::new(NEWEST).instructions("Be brief.");
    let mut silent = base.clone();
    silent.instructions = None;
    for (model, changed, field, words) in [
        (
            NEWEST,
            base.clone().voice("Puck"),
            ConfigField::Voice,
            "new connection",
        ),
        (NEWEST, silent, ConfigField::Instructions, "not taken back"),
        (
            NEWEST,
            base.clone().native("proactivity", json!({})),
            ConfigField::Native,
            "new connection",
        ),
        (
            RESTRICTED,
            base.clone().instructions("Sing."),
            ConfigField::Model,
            "new connection",
        ),
    ] {
        let mut opened = base.clone();
        opened.model = model.to_owned();
        let mut talk = Talk::of(&developer(), opened);
        let refusal = talk
            .asked(1, &Command::Configure(Arc::new(changed)))
            .expect_err("a refusal");
        assert_eq!(refusal.field, Some(field));
        assert!(refusal.why.contains(words), "{refusal}");
        // What was refused has changed nothing.
        let mut same = base.clone();
        same.model = model.to_owned();
        assert_eq!(
            talk.asked(2, &Command::Configure(Arc::new(same))),
            Ok(vec![])
        );
    }
}

#[test]
fn older_models_keep_their_instructions_and_tools() {
    for model in [RESTRICTED, NATIVE_AUDIO, UNKNOWN] {
        let base = SessionConfig::new(model);
        let mut talk = Talk::of(&developer(), base.clone());
        for (changed, field) in [
            (
                base.clone().instructions("Sing."),
                ConfigField::Instructions,
            ),
            (base.clone().tool(tool("look")), ConfigField::Tools),
        ] {
            let refusal = talk.asked(1, &Command::Configure(Arc::new(changed)));
            assert_eq!(refusal.expect_err("a refusal").field, Some(field));
        }
        assert!(developer().capabilities(model).live_fields.is_empty());
    }
}

#[test]
fn a_session_that_is_as_wanted_is_told_nothing() {
    let config = Arc::new(SessionConfig::new(NEWEST));
    let mut talk = Talk::of(&developer(), SessionConfig::new(NEWEST));
    let mut made = Vec::new();
    let outcome = talk
        .codec
        .encode(CommandId::new(7), &Command::Configure(config), &mut made);
    assert_eq!(outcome, Ok(()));
    assert_eq!(sent(&made), Vec::<Value>::new());
    assert_eq!(signals(&made), [Signal::Ack(CommandId::new(7))]);
}

#[test]
fn native_messages_go_out_letter_by_letter() {
    let text = r#"{ "toolResponse" : {"functionResponses":[{"id":"c","response":{},"willContinue":true}]} }"#;
    let mut talk = Talk::ready(NEWEST);
    let mut made: Vec<antiphon_protocol::Effect> = Vec::new();
    let command = Command::Native(Box::new(native(text)));
    let outcome = talk.codec.encode(CommandId::new(1), &command, &mut made);
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        made,
        [antiphon_protocol::Effect::Send(
            antiphon_protocol::Frame::text(text)
        )]
    );
    for (text, words) in [
        ("[1]", "JSON object"),
        (r#"{"setup":{"model":"models/m"}}"#, "second setup"),
    ] {
        let why = refusal(&mut talk, &Command::Native(Box::new(native(text))));
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn a_native_update_is_remembered() {
    let base = SessionConfig::new(NEWEST)
        .instructions("Be brief.")
        .tool(tool("look"));
    let mut talk = Talk::of(&developer(), base.clone());
    let update = native(
        r#"{"contextUpdate":{"systemInstruction":{"parts":[{"text":"Sing."}],"role":"user"}}}"#,
    );
    let merged = developer().merge_native(&base, &update);
    let merged = merged.expect("a change");
    assert_eq!(merged.instructions.as_deref(), Some("Sing."));
    assert_eq!(merged.tools, base.tools);
    assert_eq!(
        talk.asked(1, &Command::Native(Box::new(update)))
            .map(|sent| sent.len()),
        Ok(1)
    );
    assert_eq!(
        talk.asked(2, &Command::Configure(Arc::new(merged))),
        Ok(vec![])
    );
}

#[test]
fn native_changes_are_kept_for_the_next_connection() {
    let base = SessionConfig::new(NEWEST)
        .instructions("Be brief.")
        .tool(tool("look"));
    let merged = |frame: &str| developer().merge_native(&base, &native(frame));
    for nothing in [
        r#"{"realtimeInput":{"text":"x"}}"#,
        r#"{"clientContent":{"turnComplete":true}}"#,
        "7",
        "[]",
    ] {
        assert_eq!(merged(nothing), None, "{nothing}");
    }
    let tools = merged(r#"{"context_update":{"tools":{"tools":[{"googleSearch":{}}]}}}"#);
    let tools = tools.expect("a change");
    assert!(tools.tools.is_empty());
    assert_eq!(tools.native["tools"], json!([{"googleSearch": {}}]));
    let none = merged(r#"{"contextUpdate":{"tools":{}}}"#).expect("a change");
    assert_eq!((none.tools.len(), &none.native["tools"]), (0, &json!([])));
    let parts =
        merged(r#"{"contextUpdate":{"systemInstruction":{"parts":[{"text":"a"},{"text":"b"}]}}}"#);
    let parts = parts.expect("a change");
    assert_eq!(parts.instructions, None);
    assert!(parts.native.contains_key("systemInstruction"));
    let setup = merged(r#"{"setup":{"model":"models/m","generationConfig":{"topP":0.5}}}"#);
    let setup = setup.expect("a change");
    assert_eq!(setup.model, "models/m");
    assert_eq!(setup.native["generationConfig"], json!({"topP": 0.5}));
    assert_eq!(setup.instructions, base.instructions);
}

/// The wire has no goodbye of its own: the close frame is enough, and more would be answered.
#[test]
fn a_session_ends_without_a_word() {
    let mut talk = Talk::ready(NEWEST);
    let mut made: Vec<antiphon_protocol::Effect> = Vec::new();
    talk.codec.finish(&mut made);
    assert_eq!(made, [antiphon_protocol::Effect::Signal(Signal::Finished)]);
}
