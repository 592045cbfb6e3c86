//! Where a credential may travel: which channels are trusted, which addresses are dialed, and what the
//! request says of it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_protocol::{
    AuthShape, End, Ended, EndedCause, Endpoint, Fault, Frame, How, Retry, Secret, Stage, classify,
};
use antiphon_transport::{
    Connect, Destination, Dial, DialProgress, DialRequest, Incoming, LinkOutput, Socket, WirePair,
    WsDial,
};
use async_trait::async_trait;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;

use crate::support::{
    Words,
    bench::config,
    dice::Suite,
    loopback::{answer, each_wire, listen, recv},
    rig::audited,
};

const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        server_config(certificate.der().clone(), &key)
    }
}

fn server_config(certificate: CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

pub(crate) fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

/// Serves one WebSocket over TLS that says one word.
pub(crate) async fn serve(config: ServerConfig) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return;
        };
        let mut socket = accept_async(stream).await.unwrap();
        futures_util::SinkExt::send(&mut socket, "hello".into())
            .await
            .unwrap();
        while let Some(Ok(_)) = futures_util::StreamExt::next(&mut socket).await {}
    });
    address
}

pub(crate) async fn dial(
    dial: &WsDial,
    url: &str,
    progress: &DialProgress,
) -> Result<WirePair, End> {
    let token = Secret::from("sk-canary-3");
    let request = DialRequest {
        endpoint: Endpoint {
            url: url.parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: Some((AuthShape::Bearer, Arc::new(token.clone()))),
        },
        token: Some(token),
        progress: progress.clone(),
    };
    tokio::time::timeout(PATIENCE, dial.dial(request))
        .await
        .expect("the dial ends")
}

// faults: A4 by a server whose certificate only a private authority vouches for
#[tokio::test]
async fn a_certificate_of_a_root_that_was_given_is_trusted() {
    let authority = Authority::new();
    let address = serve(authority.issue(&params("localhost"))).await;
    let url = format!("wss://localhost:{}/", address.port());
    let mine = WsDial::new().only_roots(vec![authority.root()]);
    let (_tx, mut rx) = dial(&mine, &url, &DialProgress::default()).await.unwrap();
    assert!(
        matches!(recv(&mut rx).await, Ok(Incoming::Frame(frame)) if frame == Frame::text("hello"))
    );

    let address = serve(authority.issue(&params("localhost"))).await;
    let url = format!("wss://localhost:{}/", address.port());
    let system = WsDial::new().extra_roots(vec![authority.root()]);
    assert!(dial(&system, &url, &DialProgress::default()).await.is_ok());
}

/// What a dial over TLS meets that must not be trusted: a certificate, or bytes that are none.
enum Impostor {
    Certificate(Box<ServerConfig>),
    /// After the client's greeting: these bytes, and the end of the stream.
    Says(&'static [u8]),
    /// After the client's greeting: nothing.
    Silent,
}

/// A ServerHello of TLS 1.1, as a server says it that knows no later version.
const TLS_1_1: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
    0123456789abcdef0123456789abcdef\x00\xc0\x13\x00";

fn impostors(authority: &Authority) -> Vec<(&'static str, Impostor)> {
    let issued = |change: fn(&mut CertificateParams)| {
        let mut params = params("localhost");
        change(&mut params);
        Impostor::Certificate(Box::new(authority.issue(&params)))
    };
    let key = KeyPair::generate().unwrap();
    let own = params("localhost").self_signed(&key).unwrap();
    let stranger = Authority::new().issue(&params("localhost"));
    vec![
        (
            "another name",
            Impostor::Certificate(Box::new(authority.issue(&params("elsewhere.example")))),
        ),
        (
            "expired",
            issued(|it| it.not_after = date_time_ymd(2020, 1, 1)),
        ),
        (
            "not valid yet",
            issued(|it| {
                it.not_before = date_time_ymd(2999, 1, 1);
                it.not_after = date_time_ymd(3000, 1, 1);
            }),
        ),
        (
            "an unknown authority",
            Impostor::Certificate(Box::new(stranger)),
        ),
        (
            "signed by itself",
            Impostor::Certificate(Box::new(server_config(own.der().clone(), &key))),
        ),
        (
            "for clients, not for servers",
            issued(|it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        ),
        (
            "an authority's own certificate",
            issued(|it| it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        ),
        (
            "plaintext on the port",
            Impostor::Says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
        ("TLS 1.1 only", Impostor::Says(TLS_1_1)),
        (
            "an alert that the version is too new",
            Impostor::Says(b"\x15\x03\x02\x00\x02\x02\x46"),
        ),
        ("garbage", Impostor::Says(b"\x00\x00\x00\x00\x00\x00\x00")),
        ("nothing", Impostor::Says(b"")),
        ("silence", Impostor::Silent),
    ]
}

/// A network of one stream, whose other end is an impostor.
struct Ambush(Mutex<Option<DuplexStream>>);

#[async_trait]
impl Connect for Ambush {
    async fn connect(
        &self,
        _destination: &Destination,
        _progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        match self.0.lock().unwrap().take() {
            Some(stream) => Ok(Box::new(stream)),
            None => Err(End::new(Stage::Connect, How::Io).because("asked twice")),
        }
    }
}

async fn ambush(impostor: Impostor, mut stream: DuplexStream) {
    match impostor {
        Impostor::Certificate(config) => {
            // Whether it notices the refusal is its own business.
            let _ = TlsAcceptor::from(Arc::new(*config)).accept(stream).await;
        }
        Impostor::Says(bytes) => {
            let mut greeting = [0; 5];
            stream.read_exact(&mut greeting).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        Impostor::Silent => {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }
}

/// A whole session towards an impostor: how it ends, and how long that takes.
async fn meets(trust: &WsDial, impostor: Impostor) -> (Ended, Duration) {
    let (mine, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(ambush(impostor, theirs));
    let dial = trust.clone().connect_with(Ambush(Mutex::new(Some(mine))));
    let words = Words {
        auth: Some((AuthShape::Bearer, Arc::new(Secret::from("sk-canary-3")))),
        url: "wss://localhost/".to_owned(),
        ..Words::default()
    };
    let begun = Instant::now();
    let (above, task, _) = audited(words, config().connect_attempts(1), dial, 7);
    task.await.unwrap();
    let heard = &above.desk.lock().unwrap().heard;
    match heard.last() {
        Some((_, LinkOutput::Closed(ended))) => (ended.clone(), begun.elapsed()),
        other => panic!("not closed: {other:?}"),
    }
}

// faults: A7 by a certificate for another name, and twelve more channels that do not hold
/// In virtual time, so that the silent one takes no longer than the others; the network is in memory.
#[tokio::test(start_paused = true)]
async fn channels_that_cannot_be_trusted_are_refused_in_time_and_named() {
    let mut suite = Suite::new("bad_tls");
    let authority = Authority::new();
    let given = WsDial::new().only_roots(vec![authority.root()]);
    for (whom, trust) in [
        ("given roots", given),
        ("the system's roots", WsDial::new()),
    ] {
        for (what, impostor) in impostors(&authority) {
            let torn = matches!(what, "nothing" | "silence");
            let (ended, took) = meets(&trust, impostor).await;
            let final_cause = ended.cause == EndedCause::Fault(Fault::Tls);
            let ok = ended.stage == Some(Stage::Tls)
                && took <= Duration::from_secs(15)
                && (final_cause || torn)
                && ended.retry_could_help == torn;
            suite.case(if ok {
                Ok(())
            } else {
                Err(format!("{whom}, {what}: {ended:?} after {took:?}"))
            });
        }
    }
    suite.end();
}

#[tokio::test]
async fn the_systems_trust_does_not_cover_a_stranger() {
    let address = serve(Authority::new().issue(&params("localhost"))).await;
    let url = format!("wss://localhost:{}/", address.port());
    let Err(end) = dial(&WsDial::new(), &url, &DialProgress::default()).await else {
        panic!("the dial succeeded");
    };
    assert_eq!((end.stage, end.how), (Stage::Tls, How::Tls), "{end:?}");
    assert_eq!(classify(&end), (Fault::Tls, Retry::Never));
}

/// Addresses that a credential may travel to, with `gateway.example` allowed by name.
const GOOD: &[&str] = &[
    "ws://127.0.0.1/x",
    "ws://127.0.0.1:8080",
    "ws://127.255.255.254/",
    "ws://localhost:9/",
    "ws://LOCALHOST/",
    "WS://localhost/",
    "ws://[::1]/",
    "ws://[::1]:8080/a?b=c",
    "ws://gateway.example/",
    "ws://GATEWAY.example:81/",
    "wss://anything.example/",
    "wss://[2001:db8::1]:444/",
    "wss://xn--bcher-kva.example/",
    "WSS://api.example/v1?model=m",
];

/// Addresses that it may not, or that are none.
const HOSTILE: &[&str] = &[
    "ws://127.0.0.1.evil.test/",
    "ws://localhost.evil.test/",
    "ws://evil.test/localhost",
    "ws://evil.test/?host=127.0.0.1",
    "ws://evil.test#127.0.0.1",
    "ws://127.1/",
    "ws://127.0.1/",
    "ws://0x7f.0.0.1/",
    "ws://0177.0.0.1/",
    "ws://2130706433/",
    "ws://0.0.0.0/",
    "ws://[::]/",
    "ws://[::ffff:127.0.0.1]/",
    "ws://[::ffff:7f00:1]/",
    "ws://[fe80::1%25lo]/",
    "ws://[0:0:0:0:0:0:0:2]/",
    "ws://localhost./",
    "ws://127.0.0.1./",
    "ws://128.0.0.1/",
    "ws://126.255.255.255/",
    "ws://10.0.0.1/",
    "ws://192.168.0.1/",
    "ws://169.254.169.254/",
    "ws://user@localhost/",
    "ws://user:pass@127.0.0.1/",
    "ws://127.0.0.1@evil.test/",
    "wss://key@api.example/",
    "wss://user:key@api.example/",
    "ws://api.example/",
    "WS://api.example/",
    "ws://api.example:443/",
    "ws://xn--lcalhost-54a.test/",
    "ws://gateway.example.evil.test/",
    "ws://evil-gateway.example/",
    "ws://sub.gateway.example/",
    "ws://gateway.example./",
    "http://127.0.0.1/",
    "https://api.example/",
    "ftp://localhost/",
    "wsx://localhost/",
    "file:///etc/passwd",
    "localhost",
    "/path",
    "ws:///path",
    "ws://localhost:port/",
    "ws://localhost:70000/",
    "ws://:80/",
    "wss://",
    "ws:localhost",
    "ws://127.0.0.1%00.evil.test/",
    "ws://127.0.0.1\\@evil.test/",
    "ws://127.0.0.1 .evil.test/",
    "ws://\u{ff11}27.0.0.1/",
    "ws://l\u{1d0f}calhost/",
    "ws://[::1%25eth0]/",
    "ws://[::1].evil.test/",
    "ws:\\\\localhost/",
    "ws://local\thost/",
    "javascript:alert(1)",
    "data:text/plain,localhost",
    "wss+unix:///tmp/x",
];

/// Fails the test's case when the network is asked for anything.
#[derive(Clone, Default)]
struct Untouched(Arc<AtomicUsize>);

#[async_trait]
impl Connect for Untouched {
    async fn connect(
        &self,
        _destination: &Destination,
        _progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(End::new(Stage::Connect, How::Io).because("no network here"))
    }
}

async fn refused_offline(wire: &WsDial, url: &str) -> Result<(), String> {
    let Ok(uri) = url.parse::<http::Uri>() else {
        return Ok(());
    };
    let network = Untouched::default();
    let wire = wire.clone().connect_with(network.clone());
    let key = Secret::from("sk-canary-3");
    let endpoint = Endpoint {
        url: uri,
        headers: http::HeaderMap::new(),
        auth: Some((AuthShape::Bearer, Arc::new(key.clone()))),
    };
    let asked = wire.check(&endpoint).err().map(|end| (end.stage, end.how));
    let request = DialRequest {
        endpoint,
        token: Some(key),
        progress: DialProgress::default(),
    };
    let dialed = match wire.dial(request).await {
        Ok(_) => None,
        Err(end) => Some((end.stage, end.how)),
    };
    let refused = Some((Stage::Resolve, How::Address));
    match network.0.load(Ordering::Relaxed) {
        0 if (asked, dialed) == (refused, refused) => Ok(()),
        visits => Err(format!("{url}: {asked:?} {dialed:?}, {visits} connections")),
    }
}

// faults: I8, I9 by sixty addresses that look like this machine's or hide another
#[tokio::test]
async fn hostile_addresses_are_refused_before_the_network_is_touched() {
    let mut suite = Suite::new("hostile_urls");
    for (name, wire) in each_wire() {
        let wire = wire.allow_plaintext_host("gateway.example");
        for url in HOSTILE {
            let outcome = refused_offline(&wire, url).await;
            suite.case(outcome.map_err(|why| format!("{name}: {why}")));
        }
        for url in GOOD {
            // The other way round: a good address does reach for the network.
            let outcome = refused_offline(&wire, url).await;
            suite.case(match outcome {
                Ok(()) => Err(format!("{name}: {url} was refused")),
                Err(why) if why.ends_with(" 1 connections") => Ok(()),
                Err(why) => Err(format!("{name}: {why}")),
            });
        }
    }
    suite.end();
}

/// One upgrade; the head of the request as the server read it.
async fn heads(wire: &WsDial, shape: AuthShape, key: &str) -> String {
    let (listener, address) = listen().await;
    let server = tokio::spawn(answer(listener, b"HTTP/1.1 403 No\r\n\r\n".to_vec()));
    let request = DialRequest {
        endpoint: Endpoint {
            url: format!("ws://{address}/v1/live?model=m").parse().unwrap(),
            headers: http::HeaderMap::new(),
            auth: Some((shape, Arc::new(Secret::from(key)))),
        },
        token: Some(Secret::from(key)),
        progress: DialProgress::default(),
    };
    assert!(wire.dial(request).await.is_err());
    server.await.unwrap()
}

// faults: I1 by a key in each of four shapes, read from the raw request
#[tokio::test]
async fn the_request_line_holds_no_secret() {
    let mut suite = Suite::new("request_line");
    let key = "sk-canary/5+x=";
    let shapes = [
        (AuthShape::Bearer, "authorization: Bearer "),
        (AuthShape::Token, "authorization: Token "),
        (AuthShape::Header("api-key".parse().unwrap()), "api-key: "),
        (
            AuthShape::Header("x-goog-api-key".parse().unwrap()),
            "x-goog-api-key: ",
        ),
    ];
    for (name, wire) in each_wire() {
        for (shape, header) in &shapes {
            let head = heads(&wire, shape.clone(), key).await;
            let mut lines = head.lines();
            let line = lines.next().unwrap_or_default();
            let holding: Vec<&str> = lines.filter(|line| line.contains("canary")).collect();
            let ok = line == "GET /v1/live?model=m HTTP/1.1"
                && holding == [format!("{header}{key}").as_str()];
            suite.case(if ok {
                Ok(())
            } else {
                Err(format!("{name}: {head}"))
            });
        }
    }
    suite.end();
}
