//! Nothing that carries a credential or content shows it by being printed.

#![expect(
    clippy::unwrap_used,
    reason = "what the helpers put together is known to be well formed"
)]

use std::{fmt::Debug, sync::Arc};

use antiphon_protocol::{
    AudioChunk, AudioFormat, AuthShape, CallId, Command, Content, Context, ContextKind, Delegation,
    Effect, Endpoint, Event, Frame, InputTranscription, Item, ItemKind, OpeningPlan, RawEvent,
    RawJson, ResponseOptions, ResumeToken, Role, Secret, SessionConfig, Signal, TextDelta,
    ToolCall, ToolResult, ToolSpec, VideoFrame, media,
};
use bytes::Bytes;
use serde_json::{json, value::RawValue};

/// The text that must not be seen.
const CANARY: &str = "canary-6f1e2d";

fn text() -> String {
    format!("before {CANARY} after")
}

fn raw() -> Box<RawValue> {
    RawValue::from_string(json!({ "type": "x", "said": text() }).to_string()).unwrap()
}

/// Fails if the canary shows in `value`, written on one line or many, plain, as bytes or in base64.
#[track_caller]
fn hides(value: &impl Debug) {
    let bytes = format!("{:?}", CANARY.as_bytes());
    let base64 = data_encoding::BASE64.encode(CANARY.as_bytes());
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        let flat: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for sign in [
            CANARY,
            bytes.trim_matches(['[', ']']),
            base64.trim_end_matches('='),
        ] {
            assert!(!shown.contains(sign) && !flat.contains(sign), "{shown}");
        }
    }
}

fn items() -> Vec<Item> {
    let call = ToolCall {
        id: CallId::from("c1"),
        name: "look_up".to_owned(),
        arguments: text(),
        item: None,
        response: None,
    };
    let content = vec![
        Content::Text(text()),
        Content::Audio {
            transcript: Some(text()),
        },
        Content::Image {
            mime: "image/png".to_owned(),
            data: Bytes::from(text()),
        },
        Content::Other(RawEvent::new("x", raw())),
    ];
    vec![
        Item::new(ItemKind::Message {
            role: Role::User,
            content,
        }),
        Item::new(ItemKind::ToolCall(call)),
        Item::new(ItemKind::ToolResult(answer())),
        Item::new(ItemKind::Other(RawEvent::new("x", raw()))),
    ]
}

fn answer() -> ToolResult {
    ToolResult::new(CallId::from("c1"), "look_up", text())
}

fn config() -> SessionConfig {
    SessionConfig::new("a-model")
        .instructions(text())
        .input_transcription(InputTranscription {
            prompt: Some(text()),
            ..InputTranscription::default()
        })
        .tool(ToolSpec::new("look_up", text(), json!({ "title": text() })))
        .native("prompt", json!(text()))
}

// faults: I5, I6 by canaries in keys, headers, addresses and handles that are printed
#[test]
fn credentials_and_handles_are_not_shown() {
    let secret = Secret::from(CANARY);
    let token = ResumeToken(secret.clone());
    hides(&secret);
    hides(&token);
    hides(&Signal::Resume(Some(token.clone())));
    hides(&Effect::Signal(Signal::Resume(Some(token.clone()))));

    let mut headers = http::HeaderMap::new();
    headers.insert("x-note", http::HeaderValue::from_static(CANARY));
    let mut endpoint = Endpoint {
        url: format!("wss://host.example/path?key={CANARY}")
            .parse()
            .unwrap(),
        headers,
        auth: Some((AuthShape::Bearer, Arc::new(secret))),
    };
    hides(&endpoint);
    endpoint.url = format!("wss://{CANARY}@host.example/path").parse().unwrap();
    hides(&endpoint);
}

// faults: I4, I7 by canaries in frames, words and audio that are printed
#[test]
fn what_is_said_is_not_shown() {
    let words = TextDelta {
        item: None,
        response: None,
        content_index: 0,
        text: text(),
        done: true,
    };
    let frames = [
        Frame::text(text()),
        Frame::binary(text()),
        Frame::text_bytes(text()),
    ];
    let chunk = AudioChunk::new(Bytes::from(text()), AudioFormat::PCM16_24K);
    let delegation = Delegation {
        id: "d1".into(),
        task: Some(text()),
        at: None,
    };
    hides(&frames);
    hides(&Effect::Send(frames[0].clone()));
    for event in [
        Event::InputTranscript(words.clone()),
        Event::OutputTranscript(words.clone()),
        Event::OutputText(words.clone()),
        Event::Thought(words),
        Event::Audio(chunk),
        Event::Delegation(delegation),
        Event::Other(RawEvent::new("x", raw())),
    ] {
        hides(&event);
        hides(&Effect::Event(event));
    }
    for item in items() {
        hides(&item);
        hides(&Event::ItemDone { item: item.clone() });
        if let ItemKind::ToolCall(call) = item.kind {
            hides(&Event::ToolCall(call));
        }
    }
}

// faults: I7 by canaries in configurations and commands that are printed
#[test]
fn what_is_asked_is_not_shown() {
    let plan = OpeningPlan {
        config: Arc::new(config()),
        seed: items(),
        bridge: Some(text()),
        resume: Some(ResumeToken(Secret::from(CANARY))),
        ordinal: 0,
    };
    hides(&plan);
    hides(&plan.config);
    hides(&plan.config.tools);
    for command in [
        Command::Audio(Bytes::from(text())),
        Command::AddItems(items()),
        Command::Context(Context {
            kind: ContextKind::Thinking,
            text: text(),
            delegation: None,
        }),
        Command::Video(VideoFrame {
            mime: "image/jpeg".to_owned(),
            data: Bytes::from(text()),
        }),
        Command::ToolResults(vec![answer()]),
        Command::CreateResponse(ResponseOptions::instructed(text())),
        Command::Configure(Arc::new(config())),
        Command::Native(Box::new(RawJson(raw()))),
    ] {
        hides(&command);
    }
}

#[test]
fn a_found_payload_is_not_shown() {
    use antiphon_protocol::media::{Key, Others, Role, Shape};
    static SHAPE: Shape = Shape {
        keys: &[Key::required(&["audio"], Role::Payload)],
        others: Others::Skip,
    };
    let audio = data_encoding::BASE64.encode(CANARY.as_bytes());
    for payload in [audio.as_str(), CANARY] {
        let frame = format!(r#"{{"audio":"{payload}"}}"#);
        hides(&media::scan(frame.as_bytes(), &SHAPE).unwrap());
    }
    let error = media::decode_base64(CANARY.as_bytes()).unwrap_err();
    assert_eq!(format!("{error}, {error:?}"), "not base64, Base64Error");
}

#[test]
fn names_and_sizes_are_shown() {
    let shown = format!("{:?}", config());
    for part in ["a-model", "look_up", "\"prompt\"", "26 B"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(
        format!("{:?}", Command::Audio(Bytes::from_static(&[0; 960]))),
        "audio(960 B)"
    );
    assert_eq!(format!("{:?}", Command::CommitAudio), "commit audio");
    assert_eq!(format!("{:?}", Content::Text(text())), "Text(26 B)");
}

#[test]
fn what_serialises_keeps_its_content() {
    let item = Item::text(Role::User, text());
    assert!(serde_json::to_string(&item).unwrap().contains(CANARY));
    assert!(serde_json::to_string(&config()).unwrap().contains(CANARY));
    assert!(serde_json::to_string(&answer()).unwrap().contains(CANARY));
}
