//! Reads what a server says when it does not open: status, words, headers, and how long to wait.

use std::{future::poll_fn, pin::Pin, time::Duration};

use antiphon_protocol::{End, How, PeerText, Stage, WallTime};
use http::{HeaderMap, HeaderName, Response, header};
use hyper::body::{Body, Incoming};

use crate::scrub::Scrub;

/// Most bytes of a body that are kept.
pub(super) const BODY_LIMIT: usize = 8 * 1024;
/// How long a body may take. The status is worth more than the rest of the body.
const BODY_TIME: Duration = Duration::from_secs(2);
/// Most headers that are kept.
const HEADERS_LIMIT: usize = 32;
/// The longest wait that is believed. The layers above cap it further.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Headers that are kept. Whatever is not named here or below is not: cookies, redirections and
/// tokens come in headers too.
const KEPT: &[&str] = &[
    "retry-after",
    "content-type",
    "date",
    "server",
    "via",
    "allow",
    "upgrade",
    "www-authenticate",
    "proxy-authenticate",
    "cf-ray",
    "sec-websocket-version",
];
/// Families of headers that are kept: they name the request, the limits and the version.
const KEPT_BEGINNINGS: &[&str] = &["x-ratelimit-", "ratelimit-"];
const KEPT_ENDINGS: &[&str] = &[
    "request-id",
    "correlation-id",
    "trace-id",
    "processing-ms",
    "error-code",
    "-version",
    "-organization",
    "-region",
];

/// The end that `response` is, met in `stage` at `now`.
pub(super) async fn refused(
    stage: Stage,
    response: Response<Incoming>,
    scrub: &Scrub,
    now: WallTime,
) -> End {
    let mut end = End::new(stage, How::Status).with_status(response.status().as_u16());
    end.headers = headers(response.headers(), scrub);
    end.retry_after = retry_after(response.headers(), now);
    end.reason = words(response.into_body(), scrub).await;
    end
}

fn headers(headers: &HeaderMap, scrub: &Scrub) -> Vec<(String, PeerText)> {
    headers
        .iter()
        .filter(|(name, _)| is_kept(name))
        .take(HEADERS_LIMIT)
        .map(|(name, value)| {
            let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if *name == header::WWW_AUTHENTICATE || *name == header::PROXY_AUTHENTICATE {
                // The scheme tells what is wanted; parameters may hold anything.
                value = value
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
            }
            (name.as_str().to_owned(), PeerText::new(&scrub.clean(value)))
        })
        .collect()
}

fn is_kept(name: &HeaderName) -> bool {
    let name = name.as_str();
    KEPT.contains(&name)
        || KEPT_BEGINNINGS.iter().any(|begin| name.starts_with(begin))
        || KEPT_ENDINGS.iter().any(|end| name.ends_with(end))
}

/// How long the server asks to wait: a number of seconds, or a date. A date is measured by the
/// server's own clock where the answer tells it, because the two clocks may disagree.
fn retry_after(headers: &HeaderMap, now: WallTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long wait.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let now = headers
            .get(header::DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(date)
            .unwrap_or(now);
        let wait = date(text)?
            .as_unix_millis()
            .saturating_sub(now.as_unix_millis());
        Duration::from_millis(wait)
    };
    Some(wait.min(LONGEST_WAIT))
}

fn date(text: &str) -> Option<WallTime> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(WallTime::from_unix_millis(
        u64::try_from(since.as_millis()).ok()?,
    ))
}

/// The body as text that can be shown: without the credential, which some gateways echo.
async fn words(mut body: Incoming, scrub: &Scrub) -> PeerText {
    // Far enough that a credential at the limit is seen whole, and that there was more.
    let limit = BODY_LIMIT + scrub.longest() + 1;
    let mut kept = Vec::new();
    let mut whole = false;
    let read = async {
        loop {
            match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        kept.extend(data.iter().take(limit - kept.len()));
                    }
                }
                ended => {
                    whole = ended.is_none();
                    return;
                }
            }
            if kept.len() >= limit {
                return;
            }
        }
    };
    // What has come until then is kept either way.
    let _ = tokio::time::timeout(BODY_TIME, read).await;
    let text = String::from_utf8_lossy(&kept).trim().to_owned();
    let text = if whole {
        scrub.clean(text)
    } else {
        scrub.clean_cut(text)
    };
    PeerText::bounded(&text, BODY_LIMIT)
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::Secret;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: WallTime = WallTime::from_unix_seconds(784_111_777);

    fn map(rows: &[(&'static str, &str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_wait_is_read_as_seconds_or_as_a_date() {
        let day = Some(86_400);
        for (text, seconds) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("86400", day),
            ("86401", day),
            ("99999999999999999999999", day),
            ("Sun, 06 Nov 1994 08:49:57 GMT", Some(20)),
            ("Sunday, 06-Nov-94 08:49:57 GMT", Some(20)),
            ("Sun Nov  6 08:49:57 1994", Some(20)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("Sat, 06 Nov 2094 08:49:37 GMT", day),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("Sun, 99 Nov 1994 08:49:57 GMT", None),
        ] {
            let wait = retry_after(&map(&[("retry-after", text)]), NOW);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), NOW), None);
    }

    #[test]
    fn a_date_is_measured_by_the_servers_own_clock() {
        let headers = map(&[
            ("date", "Mon, 07 Nov 1994 08:49:37 GMT"),
            ("retry-after", "Mon, 07 Nov 1994 08:49:40 GMT"),
        ]);
        assert_eq!(retry_after(&headers, NOW), Some(Duration::from_secs(3)));
    }

    #[test]
    fn only_headers_that_explain_are_kept_and_none_shows_the_credential() {
        let scrub = Scrub::of([&Secret::from("sk-canary/1")]);
        let given = map(&[
            ("x-request-id", "req_1\tsk-canary/1"),
            ("retry-after", "7"),
            ("x-ratelimit-remaining-requests", "0"),
            ("some-processing-ms", "12"),
            ("www-authenticate", "Bearer realm=\"x\", token=\"y\""),
            ("set-cookie", "session=1"),
            ("location", "https://elsewhere/?code=1"),
            ("x-auth-token", "t"),
            ("authorization", "Bearer t"),
            ("link", "<x>"),
        ]);
        let kept = headers(&given, &scrub);
        let mut names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "retry-after",
                "some-processing-ms",
                "www-authenticate",
                "x-ratelimit-remaining-requests",
                "x-request-id"
            ]
        );
        let value = |name| {
            kept.iter()
                .find(|(known, _)| known == name)
                .unwrap()
                .1
                .as_str()
        };
        assert_eq!(value("x-request-id"), "req_1\\t[redacted]");
        assert_eq!(value("www-authenticate"), "Bearer");
    }

    #[test]
    fn headers_are_bounded_in_number_and_length() {
        let mut many = HeaderMap::new();
        for number in 0..60 {
            let name = HeaderName::try_from(format!("x-ratelimit-{number}")).unwrap();
            many.insert(name, "y".repeat(5000).parse().unwrap());
        }
        let kept = headers(&many, &Scrub::default());
        assert_eq!(kept.len(), HEADERS_LIMIT);
        assert!(kept.iter().all(|(_, value)| value.as_str().len() <= 256));
    }
}
