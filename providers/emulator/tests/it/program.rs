//! The program, started as anybody would: its addresses, TLS, its end, and what it says of bad input.

use std::{collections::BTreeMap, future::poll_fn, process::Stdio, time::Duration};

use antiphon_protocol::{Endpoint, Frame};
use antiphon_transport::{Dial, DialProgress, DialRequest, Incoming, WirePair, WsDial};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);

struct Program {
    child: Child,
    addresses: BTreeMap<String, String>,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon-emulator"));
    command
        .arg("serve")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Program {
    /// Starts it and reads until it is ready.
    async fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut addresses = BTreeMap::new();
        loop {
            let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            match line.unwrap().split_once(' ') {
                Some((name, url)) => addresses.insert(name.to_owned(), url.to_owned()),
                None => return Self { child, addresses },
            };
        }
    }

    async fn ended(&mut self) -> bool {
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap();
        status.unwrap().success()
    }
}

async fn dial(dial: &WsDial, url: &str) -> WirePair {
    let request = DialRequest {
        endpoint: Endpoint {
            url: url.parse().unwrap(),
            headers: Default::default(),
            auth: None,
        },
        token: None,
        progress: DialProgress::default(),
    };
    timeout(PATIENCE, dial.dial(request))
        .await
        .unwrap()
        .unwrap()
}

async fn event(wire: &mut WirePair) -> Value {
    let read = poll_fn(|cx| wire.1.poll_recv(cx));
    match timeout(PATIENCE, read).await.unwrap().unwrap() {
        Incoming::Frame(frame) => serde_json::from_slice(&frame.data).unwrap(),
        other => panic!("expected an event, got {other:?}"),
    }
}

async fn send(wire: &mut WirePair, event: Value) {
    poll_fn(|cx| wire.0.poll_ready(cx)).await.unwrap();
    wire.0.start_send(Frame::text(event.to_string())).unwrap();
    poll_fn(|cx| wire.0.poll_flush(cx)).await.unwrap();
}

/// Opens a session over each wire that the program names.
async fn meets_every_wire(program: &Program, trusting: &WsDial) {
    let mut realtime = dial(trusting, &program.addresses["realtime"]).await;
    assert_eq!(event(&mut realtime).await["type"], "session.created");
    let mut live = dial(trusting, &program.addresses["live"]).await;
    send(
        &mut live,
        json!({"type": "session.start", "session": {"model": "gpt-live-1"}}),
    )
    .await;
    assert_eq!(event(&mut live).await["type"], "session.started");
    for name in ["gemini", "vertex"] {
        let mut gemini = dial(trusting, &program.addresses[name]).await;
        let model = match name {
            "gemini" => "models/gemini-3.8-live",
            _ => "projects/p/locations/l/publishers/google/models/gemini-3.8-live",
        };
        send(&mut gemini, json!({"setup": {"model": model}})).await;
        let complete = event(&mut gemini).await;
        assert!(complete.get("setupComplete").is_some(), "{complete}");
    }
}

#[tokio::test]
async fn it_serves_every_wire_until_its_input_ends() {
    let mut program = Program::start(&["--until-eof"]).await;
    assert!(
        program
            .addresses
            .values()
            .all(|url| url.starts_with("ws://127.0.0.1:"))
    );
    meets_every_wire(&program, &WsDial::new()).await;
    drop(program.child.stdin.take());
    assert!(program.ended().await);
}

#[cfg(unix)]
#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    for signal in ["-INT", "-TERM"] {
        let mut program = Program::start(&[]).await;
        let id = program.child.id().unwrap().to_string();
        let kill = Command::new("kill").args([signal, &id]).status().await;
        assert!(kill.unwrap().success());
        assert!(program.ended().await, "{signal}");
    }
}

#[tokio::test]
async fn it_serves_tls_to_who_trusts_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = ["--tls", cert.to_str().unwrap(), key.to_str().unwrap()];
    let program = Program::start(&tls).await;
    assert!(
        program
            .addresses
            .values()
            .all(|url| url.starts_with("wss://127.0.0.1:"))
    );
    let root: CertificateDer<'static> = made.cert.der().clone();
    meets_every_wire(&program, &WsDial::new().only_roots(vec![root])).await;
}

#[tokio::test]
async fn what_it_cannot_use_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("bad.script");
    std::fs::write(&script, "expect \"a\"\n shout \"b\"").unwrap();
    let script = script.to_str().unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let rows = [
        (
            vec!["--script", script],
            "script line 2: unknown keyword `shout`",
        ),
        (vec!["--script", "no-such-file"], "cannot read no-such-file"),
        (vec!["--tls", script, script], "it holds no certificate"),
        (vec!["--tls", "no-cert", "no-key"], "no-cert cannot be used"),
        (vec!["--port", &port], "cannot listen on 127.0.0.1:"),
        (vec!["--port", "70000"], "invalid value '70000'"),
        (vec!["--host", "nowhere"], "invalid value 'nowhere'"),
    ];
    for (arguments, said) in rows {
        let output = timeout(PATIENCE, command(&arguments).output()).await;
        let output = output.unwrap().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(error.contains(said), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
