//! Where sessions go, with which credential, and that no secret shows.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::common::{NEWEST, Talk, UNKNOWN, developer, native, vertex};
use antiphon_gemini::{Backend, ContextCompression, Gemini, Live, UrlProblem, capabilities};
use antiphon_protocol::{
    AuthShape, Capabilities, Endpoint, OpeningPlan, Provider, Resume, ResumeToken, Secret,
    SessionConfig, Signal, TokenSource, Why,
};

const CANARY: &str = "canary-5f3a";

fn plan() -> OpeningPlan {
    OpeningPlan::fresh(Arc::new(SessionConfig::new(NEWEST)))
}

fn endpoint(live: &Live) -> Endpoint {
    live.open(&plan()).unwrap().0
}

/// What a source gives that needs no waiting.
fn token(source: &dyn TokenSource) -> Result<Secret, antiphon_protocol::AuthError> {
    let mut future = pin!(source.token(Why::Connect));
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(token) => token,
        Poll::Pending => Err(antiphon_protocol::AuthError("it waits".to_owned())),
    }
}

#[test]
fn each_service_has_its_address_and_its_credential() {
    let source = || Arc::new(Secret::from("token"));
    let developer_api = "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.";
    for (live, url, shape) in [
        (
            developer(),
            format!("{developer_api}v1beta.GenerativeService.BidiGenerateContent"),
            "Header(\"x-goog-api-key\")",
        ),
        (
            developer().with_api_version("v1alpha"),
            format!("{developer_api}v1alpha.GenerativeService.BidiGenerateContent"),
            "Header(\"x-goog-api-key\")",
        ),
        (
            Gemini::with_ephemeral_tokens(source()),
            format!("{developer_api}v1alpha.GenerativeService.BidiGenerateContentConstrained"),
            "Token",
        ),
        (
            Gemini::with_ephemeral_tokens(source()).with_api_version("v1beta"),
            format!("{developer_api}v1beta.GenerativeService.BidiGenerateContentConstrained"),
            "Token",
        ),
        (
            vertex(),
            "wss://us-central1-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.\
             LlmBidiService/BidiGenerateContent"
                .to_owned(),
            "Bearer",
        ),
        (
            Gemini::vertex("p", "global", source()).unwrap(),
            "wss://aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.\
             LlmBidiService/BidiGenerateContent"
                .to_owned(),
            "Bearer",
        ),
        (
            developer().with_base_url("ws://127.0.0.1:8080").unwrap(),
            "ws://127.0.0.1:8080/ws/google.ai.generativelanguage.v1beta.GenerativeService.\
             BidiGenerateContent"
                .to_owned(),
            "Header(\"x-goog-api-key\")",
        ),
        (
            vertex().with_base_url("https://gate.test/google/").unwrap(),
            "wss://gate.test/google/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/\
             BidiGenerateContent"
                .to_owned(),
            "Bearer",
        ),
    ] {
        let endpoint = endpoint(&live);
        assert_eq!(endpoint.url.to_string(), url);
        let (auth, source) = endpoint.auth.unwrap();
        assert_eq!(format!("{auth:?}"), shape, "{url}");
        assert!(token(&*source).is_ok());
    }
}

#[test]
fn a_credential_can_be_another_one_or_none() {
    assert!(endpoint(&developer().without_key()).auth.is_none());
    let source = Arc::new(Secret::from("token"));
    let endpoint = endpoint(&developer().token_source(source));
    assert!(matches!(endpoint.auth, Some((AuthShape::Bearer, _))));
    let (_, source) = self::endpoint(&Gemini::live("")).auth.unwrap();
    let error = token(&*source).unwrap_err().to_string();
    assert!(error.contains("the key is empty"), "{error}");
}

#[test]
fn credentials_in_addresses_and_headers_are_refused() {
    for (url, problem) in [
        ("wss://host/?key=canary-5f3a", UrlProblem::SecretParameter),
        (
            "wss://host/?access_token=canary-5f3a",
            UrlProblem::SecretParameter,
        ),
        ("wss://canary-5f3a@host/", UrlProblem::UserInfo),
    ] {
        let error = developer().with_base_url(url).unwrap_err();
        assert_eq!(error.problem, problem);
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    }
    let error = developer()
        .with_header("x-goog-api-key", CANARY)
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    let live = developer().with_header("x-goog-user-project", "p").unwrap();
    assert_eq!(endpoint(&live).headers.len(), 1);
}

#[test]
fn an_address_is_made_of_plain_words() {
    for location in ["us-central1.evil.test/", "a b", ""] {
        let source = Arc::new(Secret::from("token"));
        assert!(Gemini::vertex("p", location, source).is_err(), "{location}");
    }
    let refusal = developer().with_api_version("v1/../x").open(&plan());
    assert!(refusal.is_err());
}

#[test]
fn no_secret_shows() {
    let secret = Secret::from(CANARY);
    let lives = [
        Gemini::live(CANARY),
        Gemini::with_ephemeral_tokens(Arc::new(secret.clone())),
        Gemini::vertex("p", "l", Arc::new(secret.clone())).unwrap(),
    ];
    for live in lives {
        let plan = OpeningPlan {
            resume: Some(ResumeToken(secret.clone())),
            ..plan()
        };
        let mut seen = format!("{live:?} {live:#?} {plan:?}");
        let (endpoint, _) = live.open(&plan).unwrap();
        seen += &format!("{endpoint:?} {}", endpoint.url);
        let mut talk = Talk::opened(&live, &plan);
        // The setup holds the handle, and so does what the service says.
        talk.hear(crate::common::COMPLETE);
        talk.hear(&format!(
            r#"{{"sessionResumptionUpdate":{{"newHandle":"{CANARY}","resumable":true}}}}"#
        ));
        talk.hear(&format!(
            r#"{{"sessionResumptionUpdate":{{"newHandle":"{CANARY}","resumable":"{CANARY}"}}}}"#
        ));
        seen += &format!("{:?}", talk.made());
        for refusal in [
            live.clone().without_resumption().open(&plan).err(),
            live.clone().with_api_version("?").open(&plan).err(),
        ] {
            seen += &format!("{refusal:?}");
        }
        assert!(!seen.contains(CANARY), "{seen}");
    }
}

#[test]
fn a_handle_that_cannot_be_used_is_none() {
    let mut talk = Talk::ready(NEWEST);
    for frame in [
        r#"{"sessionResumptionUpdate":{"newHandle":"h"}}"#,
        r#"{"sessionResumptionUpdate":{"newHandle":"h","resumable":false}}"#,
        r#"{"sessionResumptionUpdate":{"newHandle":"","resumable":true}}"#,
        r#"{"sessionResumptionUpdate":{"resumable":true}}"#,
    ] {
        assert_eq!(talk.heard(frame), [], "{frame}");
    }
    let made = talk.heard(r#"{"sessionResumptionUpdate":{"newHandle":"h","resumable":true}}"#);
    let token = ResumeToken(Secret::from("h"));
    assert_eq!(crate::common::signals(&made), [Signal::Resume(Some(token))]);
}

#[test]
fn what_a_session_can_do_follows_from_how_it_is_opened() {
    let can = |live: &Live| live.capabilities(NEWEST).into_owned();
    assert_eq!(can(&developer()), capabilities(NEWEST, Backend::Developer));
    assert_eq!(can(&developer()).resume, Resume::Handle);
    assert_eq!(can(&developer().without_resumption()).resume, Resume::None);
    assert_eq!(
        can(&vertex().with_transparent_resumption()).resume,
        Resume::TransparentHandle
    );
    assert!(can(&developer()).limits.session.is_some());
    let compressed = developer().with_context_compression(ContextCompression::default());
    assert_eq!(can(&compressed).limits.session, None);
    let own = Capabilities::minimal("mine");
    assert_eq!(can(&developer().with_capabilities(own.clone())), own);
    assert_eq!(vertex().backend(), Backend::Vertex);
}

#[test]
fn a_model_that_is_not_known_is_taken_for_a_plain_one() {
    let can = capabilities(UNKNOWN, Backend::Developer);
    assert!(can.live_fields.is_empty() && !can.text_output && !can.create_response);
    assert!(!can.overlap && !can.truncate && !can.cancel);
}

#[test]
fn a_frame_of_the_callers_that_is_no_configuration_changes_none() {
    let config = SessionConfig::new(NEWEST);
    assert_eq!(developer().merge_native(&config, &native("{}")), None);
}
