//! What a server says in place of opening: kept as far as it explains, bounded, without secrets, and
//! never followed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_protocol::{AuthShape, Ended, Fault, How, Retry, Secret, Stage, classify};
use antiphon_transport::{LinkOutput, WsDial};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::support::{
    Words,
    bench::config,
    dice::Suite,
    loopback::{answer, each_wire, listen, on_each_wire, read_head, refusal},
    rig::audited,
};

/// An answer with this status line, these headers and this body.
fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

// faults: A9, A10, A22 by refusals of six kinds with a body, a page with status 200 among
// them
async fn a_refused_upgrade_keeps_status_words_and_wait(wire: WsDial) {
    let rows: &[(&str, u16, &str, Option<u64>, Fault)] = &[
        ("401 Unauthorized", 401, "", None, Fault::Auth),
        ("403 Forbidden", 403, "", None, Fault::Forbidden),
        ("404 Not Found", 404, "", None, Fault::NotFound),
        (
            "429 Too Many Requests",
            429,
            "Retry-After: 7\r\n",
            Some(7),
            Fault::RateLimit,
        ),
        (
            "503 Service Unavailable",
            503,
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n",
            Some(30),
            Fault::Overloaded,
        ),
        (
            "503 Service Unavailable",
            503,
            "Retry-After: soon\r\n",
            None,
            Fault::Overloaded,
        ),
        ("200 OK", 200, "", None, Fault::Protocol),
    ];
    for (line, status, extra, wait, fault) in rows {
        let (listener, address) = listen().await;
        let text = response(line, extra, "no access to\u{1b}[2J sk-canary-1");
        let server = tokio::spawn(answer(listener, text));
        let end = refusal(&wire, address, Some("sk-canary-1")).await;
        assert_eq!(
            (end.stage, end.how),
            (Stage::Upgrade, How::Status),
            "{line}"
        );
        assert_eq!(end.status, Some(*status));
        assert_eq!(end.retry_after, wait.map(Duration::from_secs), "{line}");
        assert_eq!(end.reason.as_str(), "no access to\\u{1b}[2J [redacted]");
        assert_eq!(classify(&end).0, *fault, "{line}");
        let head = server.await.unwrap();
        assert!(
            head.to_ascii_lowercase()
                .contains("authorization: bearer sk-canary-1\r\n"),
            "{head}"
        );
    }
}

async fn a_date_to_wait_for_is_measured_by_the_clock_where_the_server_tells_none(wire: WsDial) {
    let (listener, address) = listen().await;
    let later = std::time::SystemTime::now() + Duration::from_secs(40);
    let wait = format!("Retry-After: {}\r\n", httpdate::fmt_http_date(later));
    tokio::spawn(answer(listener, response("503 Busy", &wait, "")));
    let wait = refusal(&wire, address, None).await.retry_after.unwrap();
    assert!((38..=40).contains(&wait.as_secs()), "{wait:?}");
}

// faults: I2 by a refusal that repeats the key in a header and in its body
async fn the_end_of_a_session_tells_headers_and_body_of_the_refusal(wire: WsDial) {
    let (listener, address) = listen().await;
    let headers = "X-Request-Id: req-1 sk-canary-1\r\nSet-Cookie: canary=1\r\n\
                   WWW-Authenticate: Bearer realm=\"canary\"\r\n";
    let body = format!("{{\"error\":\"{} sk-canary-1\"}}", "long ".repeat(100));
    tokio::spawn(answer(listener, response("403 Forbidden", headers, &body)));
    let words = Words {
        auth: Some((AuthShape::Bearer, Arc::new(Secret::from("sk-canary-1")))),
        url: format!("ws://{address}/"),
        ..Words::default()
    };
    let (above, task, _) = audited(words, config(), wire, 7);
    task.await.unwrap();
    let heard = &above.desk.lock().unwrap().heard;
    let Some((_, LinkOutput::Closed(ended))) = heard.last() else {
        panic!("not closed");
    };
    let Ended {
        stage,
        status,
        refusal,
        reason,
        ..
    } = ended;
    assert_eq!((*stage, *status), (Some(Stage::Upgrade), Some(403)));
    assert!(reason.as_str().len() <= 256);
    let refusal = refusal.as_ref().expect("what was said");
    assert_eq!(refusal.header("x-request-id"), Some("req-1 [redacted]"));
    assert_eq!(refusal.header("www-authenticate"), Some("Bearer"));
    assert_eq!(refusal.header("set-cookie"), None);
    assert!(refusal.body.as_str().ends_with("long  [redacted]\"}"));
    assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
}

// faults: A9 by a refusal with a body of a megabyte and more
async fn an_endless_refusal_is_cut_off(wire: WsDial) {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        let head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 1048576\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let end = refusal(&wire, address, None).await;
    assert_eq!(end.status, Some(403));
    assert!(end.reason.as_str().len() <= 8 * 1024);
}

async fn a_refusal_that_stops_in_the_middle_is_told_as_far_as_it_came(wire: WsDial) {
    let (listener, address) = listen().await;
    let text = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nnot with sk-can".to_vec();
    tokio::spawn(answer(listener, text));
    let end = refusal(&wire, address, Some("sk-canary-1")).await;
    assert_eq!((end.status, end.reason.as_str()), (Some(403), "not with "));
}

async fn what_a_refusal_says_far_down_still_counts(wire: WsDial) {
    let (listener, address) = listen().await;
    let body = format!(
        "{{\"error\":{{\"message\":\"{}\",\"type\":\"insufficient_quota\"}}}}",
        "x".repeat(2000)
    );
    tokio::spawn(answer(
        listener,
        response("429 Too Many Requests", "", &body),
    ));
    let end = refusal(&wire, address, None).await;
    assert_eq!(classify(&end), (Fault::Quota, Retry::Never));
}

on_each_wire![
    a_refused_upgrade_keeps_status_words_and_wait,
    a_date_to_wait_for_is_measured_by_the_clock_where_the_server_tells_none,
    the_end_of_a_session_tells_headers_and_body_of_the_refusal,
    an_endless_refusal_is_cut_off,
    a_refusal_that_stops_in_the_middle_is_told_as_far_as_it_came,
    what_a_refusal_says_far_down_still_counts,
];

/// Counts who comes.
fn count_visits(listener: TcpListener) -> Arc<AtomicUsize> {
    let visits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&visits);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    visits
}

/// One session against a server that sends it elsewhere, in two ways to say where.
async fn sent_elsewhere(wire: &WsDial, status: u16, scheme: &str) -> Result<(), String> {
    let (listener, address) = listen().await;
    let (elsewhere, other) = listen().await;
    let visits = count_visits(elsewhere);
    let location = format!("Location: {scheme}://{other}/next?sk-canary-2\r\n");
    let asked = tokio::spawn(answer(
        listener,
        response(&format!("{status} Elsewhere"), &location, "moved"),
    ));
    let words = Words {
        auth: Some((AuthShape::Bearer, Arc::new(Secret::from("sk-canary-2")))),
        url: format!("ws://{address}/"),
        ..Words::default()
    };
    let (above, task, _) = audited(words, config(), wire.clone(), 7);
    task.await.map_err(|panic| panic.to_string())?;
    asked.await.map_err(|panic| panic.to_string())?;
    // A visitor would have been let in by now: everything here runs on one thread.
    crate::support::rig::settle().await;
    let heard = &above.desk.lock().unwrap().heard;
    let Some((_, LinkOutput::Closed(ended))) = heard.last() else {
        return Err("not closed".to_owned());
    };
    if ended.status != Some(status) || ended.retry_could_help {
        return Err(format!("{ended:?}"));
    }
    match visits.load(Ordering::Relaxed) {
        0 if !format!("{ended:?}").contains(&other.port().to_string()) => Ok(()),
        0 => Err("where it leads is repeated".to_owned()),
        visits => Err(format!("{visits} connections to the other server")),
    }
}

// faults: A21 by six kinds of redirect to a listening stranger
#[tokio::test]
async fn redirects_are_not_followed() {
    let mut suite = Suite::new("redirects");
    for (name, wire) in each_wire() {
        for status in [300, 301, 302, 303, 307, 308] {
            for scheme in ["ws", "http"] {
                let outcome = sent_elsewhere(&wire, status, scheme).await;
                suite.case(outcome.map_err(|why| format!("{name} {status} {scheme}: {why}")));
            }
        }
    }
    suite.end();
}
