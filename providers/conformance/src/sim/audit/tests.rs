//! Each rule of the account, broken by hand: a rule that nothing can break proves nothing.

use antiphon_runner::{ToolAnswer, ToolOutcome};

use super::*;

/// What a line of words says on a wire: which way it goes, and as what frame.
fn frame(dialect: Dialect, words: &[&str]) -> (Way, String) {
    let name = words.get(1).copied().unwrap_or_default();
    if dialect == Dialect::Gemini {
        return gemini(words, name);
    }
    match words[0] {
        "opens" => {
            let opening = r#"{"type":"session.update","event_id":"ap_open"}"#;
            (Way::Out, opening.to_owned())
        }
        "begins" => (Way::In, r#"{"type":"session.created"}"#.to_owned()),
        "calls" => {
            let kind = "response.function_call_arguments.done";
            (
                Way::In,
                format!(r#"{{"type":"{kind}","call_id":"{name}"}}"#),
            )
        }
        "answers" => (Way::Out, item("ap_1", "function_call_output", name)),
        "retells-call" => (Way::Out, item("ap_seed_1", "function_call", name)),
        "retells-answer" => (Way::Out, item("ap_seed_2", "function_call_output", name)),
        "tells" => (Way::Out, item("ap_1", &format!("{BRIDGE}{name}."), "")),
        "creates" => (Way::Out, r#"{"type":"response.create"}"#.to_owned()),
        "responds" => {
            let began = format!(r#"{{"type":"response.created","response":{{"id":"{name}"}}}}"#);
            (Way::In, began)
        }
        "ends" => {
            let usage = r#""usage":{"total_tokens":7}"#;
            let response = format!(r#"{{"id":"{name}",{usage}}}"#);
            let done = format!(r#"{{"type":"response.done","response":{response}}}"#);
            (Way::In, done)
        }
        "refuses" => {
            let error = format!(r#"{{"message":"{}"}}"#, refusal(name));
            (Way::In, format!(r#"{{"type":"error","error":{error}}}"#))
        }
        // Sixty milliseconds of an item.
        "speaks" => {
            let audio = "A".repeat(2_560);
            let kind = "response.output_audio.delta";
            let spoken = format!(r#"{{"type":"{kind}","item_id":"{name}","delta":"{audio}"}}"#);
            (Way::In, spoken)
        }
        "shortens" => {
            let kind = "conversation.item.truncate";
            let millis = words[2];
            let cut = format!(r#"{{"type":"{kind}","item_id":"{name}","audio_end_ms":{millis}}}"#);
            (Way::Out, cut)
        }
        "hears" => {
            let kind = "input_audio_buffer.append";
            (
                Way::Out,
                format!(r#"{{"type":"{kind}","audio":"AAAAAAAA"}}"#),
            )
        }
        other => panic!("there is no {other}"),
    }
}

/// The same in the words of Gemini.
fn gemini(words: &[&str], name: &str) -> (Way, String) {
    match words[0] {
        "opens" => (Way::Out, r#"{"setup":{}}"#.to_owned()),
        "resumes" => {
            let setup = format!(r#"{{"setup":{{"sessionResumption":{{"handle":"{name}"}}}}}}"#);
            (Way::Out, setup)
        }
        "begins" => (Way::In, r#"{"setupComplete":{}}"#.to_owned()),
        "handle" => {
            let handle = format!(r#"{{"sessionResumptionUpdate":{{"newHandle":"{name}"}}}}"#);
            (Way::In, handle)
        }
        "calls" => {
            let call = format!(r#"{{"toolCall":{{"functionCalls":[{{"id":"{name}"}}]}}}}"#);
            (Way::In, call)
        }
        "withdraws" => {
            let ids = format!(r#"{{"toolCallCancellation":{{"ids":["{name}"]}}}}"#);
            (Way::In, ids)
        }
        "answers" => {
            let answer =
                format!(r#"{{"toolResponse":{{"functionResponses":[{{"id":"{name}"}}]}}}}"#);
            (Way::Out, answer)
        }
        "instructs" => {
            let words: Vec<_> = words[1..].iter().map(|n| format!("{BRIDGE}{n}.")).collect();
            let parts = format!(r#"{{"parts":[{{"text":"{}"}}]}}"#, words.join(" "));
            let update = format!(r#"{{"contextUpdate":{{"systemInstruction":{parts}}}}}"#);
            (Way::Out, update)
        }
        other => panic!("there is no {other}"),
    }
}

fn refusal(call: &str) -> String {
    format!("{call} has no output")
}

fn item(id: &str, kind: &str, call: &str) -> String {
    let item = format!(r#"{{"id":"{id}","type":"{kind}","call_id":"{call}"}}"#);
    format!(r#"{{"type":"conversation.item.create","item":{item}}}"#)
}

/// What the account says of a call that goes like this: `1 calls c` on the first wire, `+70` for
/// seconds that pass, `applied 3` for a change, `c: Sent` for what the runner says.
fn account(dialect: Dialect, script: &str) -> Vec<String> {
    let audit = Audit::new(dialect, 16_000, true, dialect == Dialect::OpenAi);
    let mut now = Instant::now();
    let mut calls = Vec::new();
    let (mut usage, mut wishes, mut sent) = (Usage::default(), 0, 0);
    for line in script.split(", ") {
        let words: Vec<&str> = line.split(' ').collect();
        if let Some(seconds) = line.strip_prefix('+') {
            now += Duration::from_secs_f64(seconds.parse().unwrap());
        } else if let Some((call, answer)) = line.split_once(": ") {
            calls.push(record(call, answer));
        } else if let ["applied", number] = words[..] {
            audit.bridged(number.parse().unwrap());
        } else if let ["used", tokens] = words[..] {
            usage.output.total = tokens.parse().unwrap();
        } else if let ["excused", call, excused] = words[..] {
            let told = audit.excuses(&refusal(call));
            assert_eq!(told.to_string(), excused, "{script}");
        } else if line == "wishes" {
            wishes += 1;
        } else if let ["sent", samples] = words[..] {
            sent = samples.parse().unwrap();
        } else {
            let wire = words[0].parse().unwrap();
            now += Duration::from_millis(100);
            see(&audit, dialect, wire, now, &words[1..]);
        }
    }
    audit.hang_up();
    let audio = UplinkMarks {
        accepted: sent,
        sent,
        ..UplinkMarks::default()
    };
    let closing = Closing {
        calls: &calls,
        usage: &usage,
        audio,
        at: now,
        wishes,
        given: sent,
    };
    audit.close(&closing)
}

fn see(audit: &Audit, dialect: Dialect, wire: u64, at: Instant, words: &[&str]) {
    let tell = |what: Seen<'_>| {
        audit.see(&Sight { at, wire, what });
    };
    match words {
        ["leaves"] => tell(Seen::Left),
        ["swallowed", rest @ ..] => {
            tell(Seen::Swallowed(&Frame::text(frame(dialect, rest).1)));
        }
        words => {
            let (way, text) = frame(dialect, words);
            tell(Seen::Frame(way, &Frame::text(text)));
        }
    }
}

fn record(call: &str, answer: &str) -> ToolRecord {
    let answers = [
        ToolAnswer::Sent,
        ToolAnswer::Withdrawn,
        ToolAnswer::Lost,
        ToolAnswer::SessionEnded,
        ToolAnswer::Refused,
    ];
    let named = |it: &ToolAnswer| format!("{it:?}") == answer;
    ToolRecord {
        call: call.into(),
        name: "tool".to_owned(),
        outcome: ToolOutcome::Completed,
        answer: answers.into_iter().find(named).unwrap(),
        ran: true,
        took: Duration::ZERO,
        settled_after: Duration::ZERO,
    }
}

/// Scripts, and the failure that each must lead to; none where the rules are kept.
fn hold(dialect: Dialect, rows: &[(&str, &str)]) {
    let opening = "1 opens, 1 begins, ";
    for (script, expected) in rows {
        let failures = account(dialect, &format!("{opening}{script}"));
        if expected.is_empty() {
            assert!(failures.is_empty(), "{script}: {failures:?}");
        } else {
            let told = failures.iter().any(|failure| failure.contains(expected));
            assert!(told, "{script}: {expected:?} is not in {failures:?}");
        }
    }
}

#[test]
fn a_call_is_answered_once_where_it_was_asked_for() {
    let never = "counts as Sent, and the wires show none of it";
    hold(
        Dialect::OpenAi,
        &[
            ("1 calls c, 1 answers c, +70, c: Sent", ""),
            (
                "1 calls c, 1 answers c, 1 answers c, c: Sent",
                "answered twice",
            ),
            ("1 calls c, +70, c: SessionEnded", "never answered"),
            (
                "1 calls c, +70, 1 leaves, 2 opens, 2 begins, c: Lost",
                "never answered",
            ),
            ("1 calls c, 1 answers c, +70", "never heard of"),
            ("1 calls c, 1 answers c, c: Sent, c: Sent", "twice"),
            ("c: Sent", "nobody asked for"),
            ("1 calls c, c: Sent", never),
            // An acknowledgement is needed here, and none can have come.
            ("1 calls c, 1 swallowed answers c, c: Sent", never),
            ("1 calls c, 1 swallowed answers c, 1 leaves, c: Lost", ""),
            ("1 calls c, c: Lost", "counts as Lost"),
            (
                "1 calls c, 1 leaves, 2 opens, 2 begins, 2 answers c",
                "did not ask",
            ),
            ("1 calls c, c: Withdrawn", "counts as Withdrawn"),
            ("1 calls c, c: Refused", "counts as Refused"),
            (
                "1 calls c, 1 leaves, +70, c: SessionEnded",
                "counts as SessionEnded",
            ),
        ],
    );
}

#[test]
fn a_conversation_that_begins_with_history_is_told_what_was_the_case() {
    let again = "1 leaves, 2 opens, 2 begins, 2 retells-call c";
    let rows = [
        ("2 answers c, c: Sent", ""),
        ("2 answers c, 2 answers c, c: Sent", "answered twice"),
        (
            "2 retells-answer c, c: Lost",
            "an answer to c that never left",
        ),
        // What a conversation is told as the past has not been sent to it.
        ("2 retells-answer c, c: Sent", "counts as Sent"),
        ("2 retells-answer d, c: Lost", "and not of the call"),
        ("2 retells-call d, c: Lost", "which nobody asked for"),
    ];
    for (rest, expected) in rows {
        let script = format!("1 calls c, {again}, {rest}");
        hold(Dialect::OpenAi, &[(&script, expected)]);
    }
    let answered = format!("1 calls c, 1 answers c, {again}, 2 retells-answer c");
    let twice = format!("{answered}, 2 answers c, c: Sent");
    let kept = format!("{answered}, c: Sent");
    hold(Dialect::OpenAi, &[(&kept, ""), (&twice, "answered twice")]);
}

#[test]
fn a_handle_leads_to_what_was_known_when_it_was_given() {
    hold(
        Dialect::Gemini,
        &[
            (
                "1 calls c, 1 handle h, 1 leaves, 2 resumes h, 2 begins, 2 answers c, c: Sent",
                "",
            ),
            (
                "1 handle h, 1 calls c, 1 leaves, 2 resumes h, 2 begins, 2 answers c, c: Sent",
                "went on from before it",
            ),
            (
                "1 handle h, 1 calls c, 1 leaves, 2 resumes h, 2 begins, c: Lost",
                "",
            ),
            ("1 leaves, 2 resumes h", "that nobody gave"),
            // A connection that opened in vain changes nothing about where the handle leads to.
            (
                "1 calls c, 1 handle h, 1 leaves, 2 opens, 2 leaves, 3 resumes h, 3 begins, \
                 3 answers c, c: Sent",
                "",
            ),
            ("1 calls c, 1 withdraws c, c: Withdrawn", ""),
            (
                "1 calls c, 1 withdraws c, 1 answers c, c: Sent",
                "after it was withdrawn",
            ),
            // Nothing is acknowledged here: more than that it left cannot be known.
            ("1 calls c, 1 swallowed answers c, c: Sent", ""),
        ],
    );
}

#[test]
fn the_words_of_a_change_are_heard_once() {
    hold(
        Dialect::OpenAi,
        &[
            ("1 tells 1, applied 1", ""),
            ("1 tells 1, 1 tells 1, applied 1", "told twice"),
            ("applied 1", "nobody told its words"),
            // An opening in vain was heard by nobody.
            (
                "1 leaves, 2 opens, 2 tells 1, 2 leaves, applied 1",
                "nobody told",
            ),
            (
                "1 tells 1, 1 leaves, 2 opens, 2 begins, 2 tells 1, applied 1",
                "",
            ),
        ],
    );
    hold(
        Dialect::Gemini,
        &[
            ("1 instructs 1, 1 instructs 1 2, applied 1, applied 2", ""),
            ("1 instructs 1 1", "hold words twice"),
            (
                "1 instructs 1 2, 1 instructs 1",
                "take back the words of the change 2",
            ),
            (
                "1 handle h, 1 instructs 1, 1 leaves, 2 resumes h, 2 begins, 2 instructs 1",
                "",
            ),
        ],
    );
}

#[test]
fn one_response_runs_at_a_time_and_has_a_reason() {
    let crossing = "1 creates, 1 responds r, 1 ends r, used 7, wishes";
    hold(
        Dialect::OpenAi,
        &[
            (crossing, ""),
            ("1 responds r, 1 creates, wishes", "while r was running"),
            ("1 creates, 1 creates, wishes, wishes", "asked for twice"),
            (
                "1 creates, 1 responds r, 1 ends r, 1 creates, used 7",
                "reason for 1",
            ),
            (
                "1 creates, 1 responds r, 1 ends r, 1 ends r, used 14, wishes",
                "7 tokens were told",
            ),
            (
                "1 responds r, 1 ends r, used 6",
                "7 tokens were told, and 6 counted",
            ),
        ],
    );
}

#[test]
fn a_refusal_is_excused_where_a_call_crossed_what_it_refuses() {
    let rest = "1 answers call-1, call-1: Sent, wishes";
    let crossed = "1 creates, 1 calls call-1, 1 refuses call-1, excused call-1 true";
    let blamed = "1 calls call-1, 1 creates, 1 refuses call-1, excused call-1 false";
    for script in [crossed, blamed] {
        hold(Dialect::OpenAi, &[(&format!("{script}, {rest}"), "")]);
    }
}

#[test]
fn what_is_shortened_and_what_is_sent_is_accounted_for() {
    hold(
        Dialect::OpenAi,
        &[
            ("1 speaks i, 1 shortens i 60", ""),
            ("1 speaks i, 1 shortens i 61", "shortened to 61 ms of 60 ms"),
            ("1 speaks i, 1 shortens i 0", "shortened to 0 ms"),
            ("1 hears, sent 3", ""),
            ("1 hears, sent 2", "3 samples left"),
        ],
    );
}
