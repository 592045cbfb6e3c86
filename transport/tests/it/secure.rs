//! TLS and proxies: what may be trusted, and what may not.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use antiphon_protocol::{
    AuthShape, End, Endpoint, Fault, Frame, How, Retry, Secret, Stage, classify,
};
use antiphon_transport::{Dial, DialProgress, DialRequest, HttpProxy, Incoming, WirePair, WsDial};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;

use crate::support::loopback::{listen, read_head, recv};

const PATIENCE: Duration = Duration::from_secs(5);

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    fn issue(&self, params: &CertificateParams) -> ServerConfig {
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

fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

/// Serves one WebSocket over TLS that says one word.
async fn serve(config: ServerConfig) -> SocketAddr {
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

async fn dial(dial: &WsDial, url: &str, progress: &DialProgress) -> Result<WirePair, End> {
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

async fn meets(trust: &WsDial, port: u16) -> End {
    let url = format!("wss://localhost:{port}/");
    match dial(trust, &url, &DialProgress::default()).await {
        Ok(_) => panic!("the dial succeeded"),
        Err(end) => end,
    }
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

// faults: A7 by a certificate for another name among five that do not hold
#[tokio::test]
async fn certificates_that_do_not_hold_are_refused_for_good() {
    let authority = Authority::new();
    let mut expired = params("localhost");
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut unborn = params("localhost");
    unborn.not_before = date_time_ymd(2999, 1, 1);
    unborn.not_after = date_time_ymd(3000, 1, 1);
    let key = KeyPair::generate().unwrap();
    let own = params("localhost").self_signed(&key).unwrap();
    let rows = [
        (
            "another name",
            authority.issue(&params("elsewhere.example")),
        ),
        ("expired", authority.issue(&expired)),
        ("not valid yet", authority.issue(&unborn)),
        (
            "an unknown authority",
            Authority::new().issue(&params("localhost")),
        ),
        ("signed by itself", server_config(own.der().clone(), &key)),
    ];
    let mine = WsDial::new().only_roots(vec![authority.root()]);
    for (what, config) in rows {
        let address = serve(config).await;
        let end = meets(&mine, address.port()).await;
        assert_eq!(
            (end.stage, end.how),
            (Stage::Tls, How::Tls),
            "{what}: {end:?}"
        );
        assert_eq!(classify(&end), (Fault::Tls, Retry::Never), "{what}");
    }
}

#[tokio::test]
async fn the_systems_trust_does_not_cover_a_stranger() {
    let address = serve(Authority::new().issue(&params("localhost"))).await;
    let end = meets(&WsDial::new(), address.port()).await;
    assert_eq!((end.stage, end.how), (Stage::Tls, How::Tls), "{end:?}");
}

/// Reads the greeting and answers it with these bytes.
async fn answer_tls(bytes: &'static [u8]) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut greeting = [0; 5];
        stream.read_exact(&mut greeting).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    address
}

#[tokio::test]
async fn what_is_not_tls_is_refused() {
    let rows: [(&str, &'static [u8], How); 4] = [
        (
            "plaintext on the port",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            How::Tls,
        ),
        (
            "an alert that the version is too new",
            b"\x15\x03\x02\x00\x02\x02\x46",
            How::Tls,
        ),
        ("garbage", b"\x00\x00\x00\x00\x00\x00\x00", How::Tls),
        ("nothing", b"", How::Io),
    ];
    for (what, bytes, how) in rows {
        let address = answer_tls(bytes).await;
        let end = meets(&WsDial::new(), address.port()).await;
        assert_eq!((end.stage, end.how), (Stage::Tls, how), "{what}: {end:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_silent_before_tls_is_seen_there() {
    let (_listener, address) = listen().await;
    let progress = DialProgress::default();
    let url = format!("wss://localhost:{}/", address.port());
    let trust = WsDial::new();
    let silent = dial(&trust, &url, &progress);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), silent)
            .await
            .is_err()
    );
    assert_eq!(progress.stage(), Stage::Tls);
}

/// A proxy for one tunnel. Yields the head of the request it got.
fn proxy(listener: TcpListener, upstream: SocketAddr, status: &'static str) -> JoinHandle<String> {
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let head = read_head(&mut client).await;
        let answer = format!("HTTP/1.1 {status}\r\n\r\n");
        client.write_all(answer.as_bytes()).await.unwrap();
        if status.starts_with("200") {
            let mut server = TcpStream::connect(upstream).await.unwrap();
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
        head
    })
}

// faults: A6 by a name that only the proxy can resolve
#[tokio::test]
async fn a_tunnel_through_a_proxy_is_as_secure_as_without() {
    let authority = Authority::new();
    let upstream = serve(authority.issue(&params("voice.example"))).await;
    let (listener, address) = listen().await;
    let seen = proxy(listener, upstream, "200 Connection established");
    let through = HttpProxy::new(&format!("http://user:canary-4@{address}")).unwrap();
    let mine = WsDial::new()
        .only_roots(vec![authority.root()])
        .proxy(through);
    // The name is resolved by the proxy: this side cannot.
    let pair = dial(&mine, "wss://voice.example/v1", &DialProgress::default()).await;
    let (tx, mut rx) = pair.unwrap();
    assert!(matches!(recv(&mut rx).await, Ok(Incoming::Frame(_))));
    drop((tx, rx));
    let head = seen.await.unwrap().to_ascii_lowercase();
    assert!(
        head.starts_with("connect voice.example:443 http/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("proxy-authorization: basic dxnlcjpjyw5hcnktna==\r\n"),
        "{head}"
    );
    assert!(
        !head.contains("sk-canary-3"),
        "the credential is not the proxy's business"
    );
}

// faults: A6 by a proxy that answers 407, 502 or garbage
#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let rows: [(&str, How, Option<u16>); 3] = [
        ("407 Proxy Authentication Required", How::Status, Some(407)),
        ("502 Bad Gateway", How::Status, Some(502)),
        ("garbage", How::Io, None),
    ];
    for (status, how, code) in rows {
        let (listener, address) = listen().await;
        let _seen = proxy(listener, address, status);
        let through = HttpProxy::new(&format!("http://{address}")).unwrap();
        let mine = WsDial::new().proxy(through);
        let Err(end) = dial(&mine, "wss://voice.example/", &DialProgress::default()).await else {
            panic!("the dial succeeded");
        };
        assert_eq!(
            (end.stage, end.how, end.status),
            (Stage::Proxy, how, code),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_hangs_is_seen_there() {
    let (_listener, address) = listen().await;
    let mine = WsDial::new().proxy(HttpProxy::new(&format!("http://{address}")).unwrap());
    let progress = DialProgress::default();
    let silent = dial(&mine, "wss://voice.example/", &progress);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), silent)
            .await
            .is_err()
    );
    assert_eq!(progress.stage(), Stage::Proxy);
}
