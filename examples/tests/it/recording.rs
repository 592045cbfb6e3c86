//! What travels can be recorded without its secrets, played back with the same events, and secured by
//! roots of one's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path, sync::Arc, time::Duration};

use antiphon_emulator::Emulator;
use antiphon_openai::OpenAi;
use antiphon_session::testing::TimeTravel;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::program::Talk;

const KEY: &str = "sk-canary-0815+4711";

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The events of a run without their times, from the first to the last. Those that tell nothing but
/// times are left out.
fn events(path: &Path) -> Vec<Value> {
    let mut events = lines(path);
    events.retain(|event| event["event"] != "turn_timed");
    for event in &mut events {
        event.as_object_mut().unwrap().remove("t_ms");
    }
    events
}

#[test]
fn a_recording_holds_no_key_and_plays_back_with_the_same_events() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(Emulator::builder().start()).unwrap();
    let url = emulator.url();
    let usual = [
        "--text",
        "Hello there.",
        "--pace",
        "fast",
        "--json",
        "--events",
        "events.jsonl",
    ];
    let ran = Talk::with(&[&usual[..], &["--url", &url, "--record", "wire.jsonl"]].concat())
        .key(KEY)
        .run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let recording = fs::read_to_string(ran.path("wire.jsonl")).unwrap();
    assert!(!recording.contains("canary"), "{recording}");
    let recorded = lines(&ran.path("wire.jsonl"));
    let first = recorded.iter().find(|line| line["what"] != "note");
    assert_eq!(first.unwrap()["what"], "open");
    for what in ["sent_text", "heard_text", "hung_up"] {
        assert!(recorded.iter().any(|line| line["what"] == what), "{what}");
    }

    let mut travel = TimeTravel::new(OpenAi::realtime(KEY), &recording).unwrap();
    let end = travel.to(usize::MAX);
    assert!(end.state.ended.is_some_and(|ended| ended.is_orderly()));
    assert_eq!(
        end.history.len(),
        4,
        "a question, a call, its result, an answer: {:?}",
        end.history
    );
    let begun = travel.to(1);
    assert!(begun.state.ended.is_none() && begun.history.is_empty());
    assert!(end.state.usage.responses > 0);

    // No server is left to talk with.
    drop((emulator, runtime));
    let again = Talk::with(&[&usual[..], &["--replay", "wire.jsonl"]].concat());
    fs::write(again.folder().join("wire.jsonl"), &recording).unwrap();
    let again = again.run();
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(
        events(&again.path("events.jsonl")),
        events(&ran.path("events.jsonl"))
    );
    assert_eq!(again.reply(), ran.reply());
}

#[test]
fn a_recording_that_cannot_be_used_is_named() {
    let talk = Talk::with(&["--replay", "bad.jsonl", "--text", "Hi.", "--json"]);
    fs::write(talk.folder().join("bad.jsonl"), "{}\n").unwrap();
    let soon = Duration::from_secs(3);
    talk.run().failed(3, &["'bad.jsonl'", "line 1"], soon);
    Talk::with(&["--record", "no/such/wire.jsonl", "--text", "Hi.", "--json"])
        .run()
        .failed(4, &["'no/such/wire.jsonl'", "--record"], soon);
}

/// TLS in front of `upstream` for the name localhost. Gives the address and the root's PEM.
async fn secured(upstream: String) -> (u16, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &root).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(stream).await else {
                    return;
                };
                let mut server = TcpStream::connect(upstream).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, root.pem())
}

#[test]
fn roots_of_ones_own_are_trusted_when_they_are_given_and_only_then() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(Emulator::builder().start()).unwrap();
    let place = emulator.url();
    let place = place.trim_start_matches("ws://").split('/').next().unwrap();
    let (port, pem) = runtime.block_on(secured(place.to_owned()));
    let url = format!("wss://localhost:{port}/v1/realtime");
    let usual = [
        "--url",
        &url,
        "--text",
        "Hello there.",
        "--pace",
        "fast",
        "--json",
    ];

    let talk = Talk::with(&[&usual[..], &["--ca", "root.pem"]].concat());
    fs::write(talk.folder().join("root.pem"), &pem).unwrap();
    let ran = talk.key(KEY).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let soon = Duration::from_secs(10);
    Talk::with(&usual)
        .key(KEY)
        .run()
        .failed(5, &["localhost"], soon);
    for (content, words) in [
        ("", "holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n",
            "is damaged",
        ),
    ] {
        let talk = Talk::with(&[&usual[..], &["--ca", "root.pem"]].concat());
        fs::write(talk.folder().join("root.pem"), content).unwrap();
        talk.run().failed(3, &["'root.pem'", words], soon);
    }
}
