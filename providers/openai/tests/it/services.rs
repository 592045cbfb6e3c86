//! Where sessions go and with which credential, and sessions that are not plain conversations.

use std::sync::Arc;

use crate::common::{CREATED, Talk, UPDATED, events, signals};
use antiphon_openai::{OpenAi, Realtime};
use antiphon_protocol::{
    AuthError, AuthShape, Command, End, Endpoint, Event, Fault, How, OpeningPlan, Provider,
    RawJson, ResponseOptions, Retry, Secret, SessionConfig, Stage, TokenSource, Why,
};
use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderName;
use serde_json::{json, value::RawValue};

fn plan(model: &str) -> OpeningPlan {
    OpeningPlan::fresh(Arc::new(SessionConfig::new(model)))
}

fn endpoint(provider: &Realtime, model: &str) -> Endpoint {
    provider.open(&plan(model)).unwrap().0
}

/// The credential that a connection would be made with.
fn token(endpoint: &Endpoint) -> Result<Secret, AuthError> {
    let (_, source) = endpoint.auth.as_ref().unwrap();
    let mut asked = source.token(Why::Connect);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match asked.as_mut().poll(&mut context) {
        std::task::Poll::Ready(token) => token,
        std::task::Poll::Pending => Err(AuthError("not at once".to_owned())),
    }
}

fn shape(endpoint: &Endpoint) -> AuthShape {
    endpoint.auth.as_ref().unwrap().0.clone()
}

struct Entra;

#[async_trait]
impl TokenSource for Entra {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        Ok(Secret::from("entra"))
    }
}

#[test]
fn openai_takes_a_bearer_key_and_accounting_headers() {
    let provider = OpenAi::realtime("key")
        .with_organization("org_1")
        .unwrap()
        .with_project("proj_1")
        .unwrap()
        .with_header("OpenAI-Safety-Identifier", "person_1")
        .unwrap();
    let endpoint = endpoint(&provider, "gpt-realtime");
    assert_eq!(shape(&endpoint), AuthShape::Bearer);
    assert_eq!(token(&endpoint), Ok(Secret::from("key")));
    for (name, value) in [
        ("openai-organization", "org_1"),
        ("openai-project", "proj_1"),
        ("openai-safety-identifier", "person_1"),
    ] {
        assert_eq!(endpoint.headers.get(name).unwrap(), value);
    }
    // The retired header would be refused.
    assert!(!endpoint.headers.contains_key("openai-beta"));
}

#[test]
fn an_empty_key_is_noticed_before_it_is_sent() {
    let endpoint = endpoint(&OpenAi::realtime(""), "gpt-realtime");
    let error = token(&endpoint).unwrap_err();
    assert!(error.to_string().contains("the key is empty"), "{error}");
}

#[test]
fn no_key_means_no_credential() {
    let provider = OpenAi::realtime("key").without_key();
    assert!(endpoint(&provider, "gpt-realtime").auth.is_none());
}

#[test]
fn azure_is_named_by_resource_or_address() {
    for resource in [
        "my-resource",
        "my-resource.openai.azure.com",
        "https://my-resource.openai.azure.com/",
        "wss://my-resource.openai.azure.com/openai/v1",
        "https://my-resource.openai.azure.com/openai/v1/realtime",
    ] {
        let provider = OpenAi::azure(resource, "key").unwrap();
        let endpoint = endpoint(&provider, "my deployment");
        assert_eq!(
            endpoint.url.to_string(),
            "wss://my-resource.openai.azure.com/openai/v1/realtime?model=my%20deployment",
            "{resource}"
        );
        assert_eq!(
            shape(&endpoint),
            AuthShape::Header(HeaderName::from_static("api-key"))
        );
        assert_eq!(token(&endpoint), Ok(Secret::from("key")));
        assert_eq!(provider.name(), "azure-openai-realtime");
    }
    assert!(OpenAi::azure("https://me:secret@host", "key").is_err());
    assert!(OpenAi::azure("", "key").is_err());
}

#[test]
fn azure_takes_entra_tokens() {
    let provider = OpenAi::azure("r", "")
        .unwrap()
        .token_source(Arc::new(Entra));
    let endpoint = endpoint(&provider, "deployment");
    assert_eq!(shape(&endpoint), AuthShape::Bearer);
    assert_eq!(token(&endpoint), Ok(Secret::from("entra")));
}

#[test]
fn refusals_name_the_service() {
    let mut config = SessionConfig::new("deployment");
    config.temperature = Some(1.0);
    let provider = OpenAi::azure("r", "key").unwrap();
    let refusal = provider
        .open(&OpeningPlan::fresh(Arc::new(config)))
        .err()
        .unwrap();
    assert_eq!(refusal.provider, "azure-openai-realtime");
    assert_eq!(refusal.model, "deployment");
}

#[test]
fn a_joined_call_needs_no_model() {
    let provider = OpenAi::realtime("key").joining_call("rtc 1");
    assert_eq!(
        endpoint(&provider, "").url.to_string(),
        "wss://api.openai.com/v1/realtime?call_id=rtc%201"
    );
}

#[test]
fn a_transcription_session_listens_and_does_not_talk() {
    let provider = OpenAi::realtime("key").transcribing();
    let mut talk = Talk::opened(&provider, &plan("gpt-4o-transcribe"));
    talk.hear(
        r#"{"type":"session.created","session":{"type":"transcription","id":"sess_1",
           "object":"realtime.transcription_session","expires_at":1785217650}}"#,
    );
    talk.hear(r#"{"type":"session.updated","session":{"type":"transcription"}}"#);
    assert_eq!(signals(&talk.made()).len(), 2);

    let audio = Command::Audio(Bytes::from_static(&[0, 0]));
    assert_eq!(talk.frame(1, &audio)["type"], "input_audio_buffer.append");
    assert_eq!(
        talk.frame(2, &Command::CommitAudio)["type"],
        "input_audio_buffer.commit"
    );
    let refusal = talk
        .asked(3, &Command::CreateResponse(ResponseOptions::default()))
        .unwrap_err();
    assert!(
        refusal.to_string().contains("only transcribes"),
        "{refusal}"
    );

    let mut seeded = plan("gpt-4o-transcribe");
    seeded.bridge = Some("We were cut off.".to_owned());
    assert!(provider.open(&seeded).is_err());
}

#[test]
fn responses_aside_are_left_as_they_came() {
    let mut talk = Talk::ready(SessionConfig::new("gpt-realtime"));
    let ask = r#"{"type":"response.create","response":{"conversation":"none",
        "metadata":{"topic":"mood"},"output_modalities":["text"]}}"#;
    let json = RawValue::from_string(ask.to_owned()).unwrap();
    let frame = talk.frame(1, &Command::Native(Box::new(RawJson(json))));
    assert_eq!(frame["response"]["conversation"], "none");

    let response = |id: &str, conversation: &str, status: &str| {
        format!(
            r#""response":{{"id":"{id}","conversation_id":{conversation},"status":"{status}",
               "metadata":{{"topic":"mood"}},"output":[{{"id":"i9","type":"function_call",
               "name":"look","call_id":"c9","arguments":"{{}}"}}],
               "usage":{{"input_tokens":3,"output_tokens":4}}}}"#
        )
    };
    let text = |id: &str| {
        format!(
            r#"{{"type":"response.output_text.delta","response_id":"{id}","item_id":"i","delta":"x"}}"#
        )
    };
    let audio = text("aside")
        .replace("output_text", "output_audio")
        .replace("\"x\"", "\"AAA=\"");
    for frame in [
        format!(
            r#"{{"type":"response.created",{}}}"#,
            response("aside", "null", "in_progress")
        ),
        text("aside"),
        audio,
        text("inside"),
        format!(
            r#"{{"type":"response.done",{}}}"#,
            response("aside", "null", "completed")
        ),
        format!(
            r#"{{"type":"response.created",{}}}"#,
            response("in2", "\"conv_1\"", "in_progress")
        ),
    ] {
        talk.hear(&frame);
    }
    let told: Vec<_> = events(&talk.made())
        .iter()
        .map(|event| match event {
            Event::Other(raw) => raw.name().to_owned(),
            Event::OutputText(text) => format!("text of {}", text.response.as_ref().unwrap()),
            Event::Usage(report) => format!("usage of {}", report.usage.total()),
            Event::ResponseStarted { response } => {
                format!("start of {}", response.as_ref().unwrap())
            }
            event => format!("{event:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "response.created",
            "response.output_text.delta",
            "response.output_audio.delta",
            "text of inside",
            "usage of 7",
            "response.done",
            "start of in2",
        ]
    );
}

// faults: E17, E21 by frames of a compatible service, with usage in another place and
// details of another type
/// Deviations that recorded frames of compatible services show.
#[test]
fn compatible_services_are_understood() {
    let provider = OpenAi::realtime("key")
        .with_base_url("wss://api.x.ai/v1")
        .unwrap();
    assert_eq!(
        endpoint(&provider, "grok-voice-latest").url.to_string(),
        "wss://api.x.ai/v1/realtime?model=grok-voice-latest"
    );
    let mut talk = Talk::opened(&provider, &plan("grok-voice-latest"));
    // No `session.type`; fields of its own.
    talk.hear(
        r#"{"type":"session.created","session":{"id":"s","object":"realtime.session",
           "voice":"ara","modalities":["audio"],"turn_detection":{"type":null},"tools":[]}}"#,
    );
    talk.hear(r#"{"session":{"instructions":"Hi."},"type":"session.updated","event_id":"e"}"#);
    assert_eq!(signals(&talk.made()).len(), 1);
    // A keep-alive of the application's own stays readable.
    assert!(
        matches!(&events(&talk.heard(r#"{"type":"ping","timestamp":1}"#))[..],
        [Event::Other(raw)] if raw.name() == "ping")
    );
    // Usage beside the response, details that are a string, and a part without its content.
    let made = talk.heard(
        r#"{"type":"response.done","response":{"id":"r","output":[],"status":"completed",
           "status_details":"unimplemented","usage":{}},"usage":{"input_tokens":8,
           "output_tokens":9,"output_token_details":{"audio_tokens":9,"grok_tokens":0}}}"#,
    );
    assert!(matches!(&events(&made)[..], [Event::ResponseDone(done)]
        if done.usage.unwrap().total() == 17));
    let made = talk.heard(
        r#"{"type":"response.content_part.done","item_id":"i","response_id":"r",
           "content_index":0,"output_index":0}"#,
    );
    assert!(matches!(&events(&made)[..], [Event::Other(_)]));
}

#[test]
fn the_end_of_a_session_by_its_limit_is_part_of_the_plan() {
    let end = End::new(Stage::Live, How::CloseFrame)
        .with_code(1001)
        .because("Your session hit the maximum duration of 60 minutes.");
    assert_eq!(
        OpenAi::realtime("key").classify(&end),
        (Fault::SessionLimit, Retry::Rotate)
    );
}

#[test]
fn an_expiry_of_zero_is_none() {
    let mut talk = Talk::opened(&OpenAi::realtime("key"), &plan("gpt-realtime"));
    talk.hear(&CREATED.replace("1785217650", "0"));
    assert_eq!(signals(&talk.made()), []);
    talk.hear(UPDATED);
    assert_eq!(signals(&talk.made()).len(), 1);
}

#[test]
fn an_address_that_cannot_be_used_is_one_clear_sentence() {
    let error = OpenAi::realtime("key")
        .with_base_url("localhost:8080")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the address \"localhost:8080\" cannot be used: it must begin with wss://, https://, \
         ws:// or http://"
    );
    assert_eq!(json!(error.address), json!("localhost:8080"));
}
