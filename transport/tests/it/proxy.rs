//! Tunnels through HTTP proxies: as secure as without, named when they fail, and quiet about passwords.

use std::{net::SocketAddr, time::Duration};

use antiphon_protocol::{How, Stage};
use antiphon_transport::{Dial, DialProgress, HttpProxy, Incoming, WsDial};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    secure::{Authority, dial, params, serve},
    support::loopback::{endpoint, listen, read_head, recv},
};

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

#[tokio::test]
async fn what_a_proxy_says_is_kept_without_its_password() {
    let (listener, address) = listen().await;
    let answer = "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\
                  X-Request-Id: canary-4 canary%2D4\r\nContent-Length: 48\r\n\r\n\
                  canary-4 dXNlcjpjYW5hcnktNA== user:canary-4 done";
    let _seen = proxy(listener, address, answer);
    let through = HttpProxy::new(&format!("http://user:canary-4@{address}")).unwrap();
    let mine = WsDial::new().proxy(through);
    let Err(end) = dial(&mine, "wss://voice.example/", &DialProgress::default()).await else {
        panic!("the dial succeeded");
    };
    assert_eq!((end.stage, end.status), (Stage::Proxy, Some(407)));
    assert!(
        end.headers
            .iter()
            .any(|(name, value)| name == "proxy-authenticate" && value.as_str() == "Basic")
    );
    assert!(end.reason.as_str().ends_with("done"), "{end:?}");
    let told = format!("{end:?}");
    for form in ["canary", "dXNlcjpj", "Y2FuYXJ5"] {
        assert!(!told.contains(form), "{told}");
    }
}

#[tokio::test]
async fn the_environments_proxy_is_used_and_its_exceptions_are_not() {
    let authority = Authority::new();
    let upstream = serve(authority.issue(&params("voice.example"))).await;
    let (listener, address) = listen().await;
    let seen = proxy(listener, upstream, "200 Connection established");
    let through = HttpProxy::from_variables(|name| match name {
        "ALL_PROXY" => Some(format!("http://{address}")),
        "no_proxy" => Some("else.invalid".to_owned()),
        _ => None,
    });
    let mine = WsDial::new()
        .only_roots(vec![authority.root()])
        .proxy(through.unwrap().unwrap());
    let (_tx, mut rx) = dial(&mine, "wss://voice.example/", &DialProgress::default())
        .await
        .unwrap();
    assert!(matches!(recv(&mut rx).await, Ok(Incoming::Frame(_))));
    drop((_tx, rx));
    assert!(
        seen.await
            .unwrap()
            .starts_with("CONNECT voice.example:443 ")
    );
    // An exception is looked up here, and is not known.
    let Err(end) = dial(&mine, "wss://else.invalid/", &DialProgress::default()).await else {
        panic!("the dial succeeded");
    };
    assert_eq!((end.stage, end.how), (Stage::Resolve, How::Resolve));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_from_a_server_that_is_not() {
    let (listener, address) = listen().await;
    drop(listener);
    let mine = WsDial::new().proxy(HttpProxy::new(&format!("http://{address}")).unwrap());
    let (request, _) = endpoint(address, None);
    assert_eq!(mine.check(&request), Ok(()));
    let Err(end) = dial(&mine, "wss://voice.example/", &DialProgress::default()).await else {
        panic!("the dial succeeded");
    };
    assert_eq!((end.stage, end.how), (Stage::Connect, How::Io));
    assert!(end.reason.as_str().starts_with("the proxy: "), "{end:?}");
}
