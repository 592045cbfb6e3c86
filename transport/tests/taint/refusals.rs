//! Refusals that repeat what they were sent, in every form, from servers and from proxies.

use std::sync::Arc;

use antiphon_transport::{HttpProxy, WsDial};

use crate::{
    canaries::{PASSWORD, echoes},
    capture::{capture, judge, take},
    dice::Suite,
    in_real_time,
    server::{Answer, accepting, close, serve},
    session::{Credential, Outcome, Tainted, run},
};

/// An answer that repeats `secret` in each of its forms, in its status line, headers and body.
fn echo(status: &str, secret: &str, head: &str) -> Vec<u8> {
    let echoes = echoes(secret).join(" ");
    let body = format!("you sent {head}: {echoes}");
    format!(
        "HTTP/1.1 {status} {secret}\r\nX-Request-Id: {echoes}\r\nWWW-Authenticate: Bearer \
         realm=\"{secret}\"\r\nLocation: ws://127.0.0.1:9/?key={secret}\r\nSet-Cookie: {secret}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn answers(credential: Credential) -> Vec<(String, Answer)> {
    let secret = credential.text();
    let mut answers: Vec<(String, Answer)> = [
        "200", "301", "302", "303", "307", "308", "400", "401", "403", "404", "426", "429", "500",
        "503",
    ]
    .into_iter()
    .map(|status| {
        let answer: Answer = Arc::new(move |_, head: &str| echo(status, secret, head));
        (status.to_owned(), answer)
    })
    .collect();
    let more: [(&str, Answer); 5] = [
        (
            "garbage",
            Arc::new(|_, head: &str| format!("garbage {head}").into_bytes()),
        ),
        (
            "a refusal cut off inside the credential",
            Arc::new(move |_, _: &str| {
                let begun = secret.get(..secret.len() - 4).unwrap();
                format!("HTTP/1.1 403 No\r\nContent-Length: 9999\r\n\r\nnot {begun}").into_bytes()
            }),
        ),
        (
            "a close frame at once",
            Arc::new(move |_, head: &str| {
                let reason = format!("{secret} {}", echoes(secret)[1]);
                [accepting(head), close(1008, &reason)].concat()
            }),
        ),
        (
            "a frame that breaks the protocol",
            Arc::new(|_, head: &str| [accepting(head), b"\x83\x00".to_vec()].concat()),
        ),
        (
            "another upgrade",
            Arc::new(|_, head: &str| {
                format!("HTTP/1.1 101 Go\r\nUpgrade: {head}\r\n\r\n").into_bytes()
            }),
        ),
    ];
    answers.extend(more.map(|(what, answer)| (what.to_owned(), answer)));
    answers
}

fn verdict(outcome: &Outcome) -> Result<(), String> {
    judge(&take())?;
    match (&outcome.stained, &outcome.ended) {
        (Some(stained), _) => Err(stained.clone()),
        (None, Some(ended)) if ended.is_orderly() => Err(format!("{ended:?}")),
        (None, Some(_)) => Ok(()),
        (None, None) => Err("it did not end".to_owned()),
    }
}

// faults: I2, I5, I14 by refusals that repeat the credential in each of its forms
#[test]
fn no_refusal_shows_a_secret() {
    let _alone = capture();
    let mut suite = Suite::new("taint_refusals");
    for credential in Credential::ALL {
        for (name, wire) in [
            ("tungstenite", WsDial::new()),
            ("tokio-websockets", WsDial::new().tokio_websockets()),
        ] {
            for (what, answer) in answers(credential) {
                let outcome = in_real_time(async {
                    let address = serve(answer).await;
                    let provider = Tainted {
                        url: format!("ws://{address}/v1"),
                        credential,
                    };
                    run(provider, wire.clone(), Vec::new(), usize::MAX).await
                });
                suite.case(
                    verdict(&outcome).map_err(|why| format!("{name} {credential:?} {what}: {why}")),
                );
            }
        }
    }
    suite.end();
}

// faults: A6, I2 by proxies that repeat the password they were given
#[test]
fn no_proxy_shows_its_password() {
    let _alone = capture();
    let mut suite = Suite::new("taint_proxies");
    for status in ["302", "403", "407", "500", "502"] {
        let outcome = in_real_time(async {
            let address = serve(Arc::new(move |_, head: &str| {
                assert!(head.starts_with("CONNECT voice.example:443 "), "{head}");
                echo(status, PASSWORD, head)
            }))
            .await;
            let password = PASSWORD
                .replace(':', "%3A")
                .replace('/', "%2F")
                .replace('@', "%40");
            let proxy = HttpProxy::new(&format!("http://user:{password}@{address}")).unwrap();
            let provider = Tainted {
                url: "wss://voice.example/v1".to_owned(),
                credential: Credential::Key,
            };
            run(provider, WsDial::new().proxy(proxy), Vec::new(), usize::MAX).await
        });
        let told = outcome.ended.as_ref().and_then(|ended| ended.status);
        let outcome = verdict(&outcome).and_then(|()| match told {
            Some(_) => Ok(()),
            None => Err("the proxy's status is not told".to_owned()),
        });
        suite.case(outcome.map_err(|why| format!("{status}: {why}")));
    }
    suite.end();
}
