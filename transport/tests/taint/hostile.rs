//! Text that means to forge log lines, to paint terminals or to turn the reading around: escaped and
//! bounded wherever a peer's words are logged.

use std::sync::Arc;

use antiphon_transport::WsDial;

use crate::{
    capture::{capture, take},
    dice::Suite,
    in_real_time,
    server::{Answer, accepting, close, serve},
    session::{Credential, Tainted, run},
};

const HOSTILE: [&str; 34] = [
    "bye\r\nlevel=ERROR forged",
    "bye\nforged",
    "bye\rforged",
    "bye\u{b}forged\u{c}",
    "bye\u{85}forged",
    "bye\u{2028}forged",
    "bye\u{2029}forged",
    "\u{1b}[2J",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;http://evil.test\u{1b}\\link",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{9b}2J",
    "\u{9d}0;title\u{9c}",
    "\u{90}x\u{9c}",
    "bell\u{7}",
    "back\u{8}\u{8}\u{8}space",
    "nul\0byte",
    "del\u{7f}",
    "\u{202e}gnp.exe",
    "\u{202a}a\u{202c}",
    "\u{202d}b\u{202c}",
    "\u{2066}c\u{2069}",
    "\u{2067}d\u{2069}",
    "\u{2068}e\u{2069}",
    "\u{61c}f",
    "\u{200e}g\u{200f}",
    "zero\u{200b}width\u{200d}joined",
    "\u{feff}mark",
    "\u{2060}word\u{2064}",
    "tag\u{e0041}\u{e007f}",
    "tab\tseparated",
    "${jndi:ldap://evil.test/}\u{1b}",
    "%s%n\u{0}{}{:?}\u{1b}",
];

/// Characters that must not reach a log: the same as no log line may hold, but for the line's own end.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The records of one session towards a server that answers so.
fn told(answer: Answer) -> Vec<String> {
    take();
    in_real_time(async {
        let address = serve(answer).await;
        let provider = Tainted {
            url: format!("ws://{address}/v1"),
            credential: Credential::Key,
        };
        let outcome = run(
            provider,
            WsDial::new().tokio_websockets(),
            Vec::new(),
            usize::MAX,
        )
        .await;
        assert!(outcome.ended.is_some());
    });
    let records = take().into_iter();
    records
        .filter(|(target, _)| target == "tracing")
        .map(|(_, text)| text)
        .collect()
}

/// Each line is one line, holds nothing that steers, and tells at most 256 bytes of the peer's words.
fn verdict(records: &[String], marker: &str) -> Result<(), String> {
    let mut told = false;
    for record in records {
        let line = record.strip_suffix('\n').unwrap_or(record);
        if let Some(c) = line.chars().find(|c| is_hostile(*c)) {
            return Err(format!("{c:?} is in {line:?}"));
        }
        let Some((_, reason)) = line.split_once("reason=") else {
            continue;
        };
        told |= reason.contains(marker);
        // The subscriber writes the text between quotes and escapes backslashes once more.
        let reason = reason.replace("\\\\", "\\");
        let words = reason.trim_matches('"');
        if words.len() > 256 {
            return Err(format!("{} bytes: {words}", words.len()));
        }
    }
    told.then_some(())
        .ok_or_else(|| format!("nothing was told: {records:?}"))
}

// faults: I11 by thirty-four strings as close reasons and as bodies of refusals
#[test]
fn hostile_words_are_escaped_and_bounded_in_logs() {
    let _alone = capture();
    let mut suite = Suite::new("hostile_words");
    for words in HOSTILE {
        let reason = format!("mark {words}");
        let body = format!("mark {}", words.repeat(200));
        let closing = reason.clone();
        let answers: [(&str, Answer); 2] = [
            (
                "a close reason",
                Arc::new(move |_, head: &str| [accepting(head), close(1002, &closing)].concat()),
            ),
            (
                "a body and headers",
                Arc::new(move |_, _: &str| {
                    let head = "HTTP/1.1 403 No\r\nX-Request-Id: \u{9b}2J\u{202e}\r\n";
                    let length = body.len();
                    format!("{head}Content-Length: {length}\r\n\r\n{body}").into_bytes()
                }),
            ),
        ];
        for (what, answer) in answers {
            let outcome = verdict(&told(answer), "mark ");
            suite.case(outcome.map_err(|why| format!("{what}, {words:?}: {why}")));
        }
    }
    suite.end();
}
